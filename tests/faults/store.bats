# The store when a command is killed at any system call, and when its disk is full (SECURITY-REQUIREMENTS R4.9, R4.11). Every
# STORE_EVERY-th place (60); 1 takes all of them, about 15 minutes.
bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
}

teardown()
{
	if mountpoint -q "$BATS_TEST_TMPDIR/small"; then umount -l "$BATS_TEST_TMPDIR/small"; fi
	engine_teardown
}

sweep()
{
	! grep -q __asan_init "$TARE" || skip "a sanitizer does not run under strace"
	command -v strace >/dev/null || skip "needs strace"
	strace -o /dev/null true || skip "strace is not allowed here"
	run "$BATS_TEST_DIRNAME/store.py" --tare "$TARE" --dir "$BATS_TEST_TMPDIR/sweep" --every "${STORE_EVERY:-60}" "$1"
	echo "$output"
	[ "$status" = 0 ]
}

@test "load killed anywhere" { sweep load; }
@test "import killed anywhere" { sweep import; }
@test "commit killed anywhere" { sweep commit; }
@test "tag killed anywhere" { STORE_EVERY=8 sweep tag; }
@test "rmi killed anywhere" { sweep rmi; }
@test "image prune killed anywhere" { sweep prune; }

@test "a full disk: named, the space comes back, other images go on" {
	mkdir "$BATS_TEST_TMPDIR/small"
	make_tree "$BATS_TEST_TMPDIR/tree"
	tar -C "$BATS_TEST_TMPDIR/tree" --mtime=@1 --sort=name -cf "$BATS_TEST_TMPDIR/box.tar" .
	tare import -q "$BATS_TEST_TMPDIR/box.tar" big
	tare save -o "$BATS_TEST_TMPDIR/big.tar" big
	gzip -k "$BATS_TEST_TMPDIR/big.tar"
	mkdir "$BATS_TEST_TMPDIR/t"
	echo small > "$BATS_TEST_TMPDIR/t/f"
	tar -C "$BATS_TEST_TMPDIR/t" -cf "$BATS_TEST_TMPDIR/keep.tar" .
	data=$TARE_ROOT
	# By bytes: 200 KiB, 1 MiB …; by inodes.
	for options in size=200k size=600k size=1m size=1536k size=2m nr_inodes=60 nr_inodes=120 nr_inodes=300; do
		for from in big.tar big.tar.gz; do
			mount -t tmpfs -o "mode=700,$options" tmpfs "$BATS_TEST_TMPDIR/small"
			export TARE_ROOT=$BATS_TEST_TMPDIR/small/data
			tare import -q "$BATS_TEST_TMPDIR/keep.tar" keep
			before=$(df --output=used,iused "$BATS_TEST_TMPDIR/small" | tail -1)
			run tare load -q -i "$BATS_TEST_TMPDIR/$from"
			echo "$options $from: $output"
			if [ "$status" != 0 ]; then
				[ "$status" = 1 ]
				[ "${#lines[@]}" = 1 ]
				[[ $output == *"No space left on device"* ]]
				[ "$(df --output=used,iused "$BATS_TEST_TMPDIR/small" | tail -1)" = "$before" ]
				echo refused >> "$BATS_TEST_TMPDIR/seen"
			fi
			run -0 tare images -q keep
			[ -n "$output" ]
			tare save keep | tar -tO > /dev/null
			run -0 tare system check
			umount "$BATS_TEST_TMPDIR/small"
		done
	done
	export TARE_ROOT=$data
	[ "$(wc -l < "$BATS_TEST_TMPDIR/seen")" -ge 8 ]
}

@test "system check names what is damaged and mends what nobody needs" {
	make_box
	run -0 tare system check
	[ -z "$output" ]
	mkdir "$TARE_ROOT/layers/$(printf 'a%.0s' {1..64})" "$TARE_ROOT/tmp/9.9"
	ln -s "../id/$(printf 'b%.0s' {1..64})" "$TARE_ROOT/images/ref/docker.io%library%gone:latest"
	run -1 tare system check
	[[ $output == *"the name gone:latest belongs to an image that is gone"* ]]
	[[ $output == *"1 operation(s) on images were interrupted"* ]]
	[[ $output == *"1 layer(s) and archives"* ]]
	run -0 tare system check --repair
	[ "${#lines[@]}" = 3 ]
	run -0 tare system check
	[ -z "$output" ]
	rm "$TARE_ROOT"/recipes/*
	run -1 tare system check --repair
	[[ $output == *"the archive of layer"*"is missing"* ]]
	tare rmi box
	make_box
	run -0 tare system check
}
