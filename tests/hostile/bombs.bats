#!/usr/bin/env bats
# What is small on the way in and huge afterwards: an error within 10 s under a memory limit of 256 MiB, and the disk as it
# was (SECURITY-REQUIREMENTS R2.6).

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	limit_setup
	make_box
	before=$(du -s --block-size=1 "$TARE_ROOT" | cut -f1)
}

teardown()
{
	limit_teardown
	if mountpoint -q "$TARE_ROOT"; then umount "$TARE_ROOT"; fi
	engine_teardown
}

# A cgroup with 256 MiB, by either version.
limit_setup()
{
	LIMIT=
	if [ -w /sys/fs/cgroup/memory/memory.limit_in_bytes ]; then
		LIMIT=/sys/fs/cgroup/memory/tare-bombs.$$
		mkdir "$LIMIT"
		echo $((256 << 20)) > "$LIMIT/memory.limit_in_bytes"
	elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2>/dev/null; then
		LIMIT=/sys/fs/cgroup/tare-bombs.$$
		mkdir "$LIMIT"
		echo $((256 << 20)) > "$LIMIT/memory.max"
	else
		skip "no memory cgroup to use"
	fi
}

limit_teardown()
{
	[ -z "$LIMIT" ] || wait_until 10 rmdir "$LIMIT"
}

# limited COMMAND…: as run, in the cgroup, and at most 10 s. Others may have the machine, too: then it is tried again, and never
# takes 10 s of processor time.
limited()
{
	local try last
	for try in 1 2 3; do
		run bash -c 'echo $$ > "$0/cgroup.procs" && TIMEFORMAT="took %R %U %S" && time "$@"' "$LIMIT" "$TARE" "$@"
		last=${lines[-1]}
		echo "$output"
		unset 'lines[-1]'
		awk '{ exit !($1 == "took" && $3 + $4 <= 10) }' <<< "$last"
		if awk '{ exit !($2 <= 10) }' <<< "$last"; then return 0; fi
	done
	return 1
}

# refused WORDS COMMAND…
refused()
{
	local words=$1
	shift
	limited "$@"
	[ "$status" = 1 ]
	[ "${#lines[@]}" = 1 ]
	[[ $output == *"$words"* ]]
	[ "$(du -s --block-size=1 "$TARE_ROOT" | cut -f1)" = "$before" ]
}

zeros() # MIB COMPRESSOR…: a tar with one file of zeros
{
	local mib=$1
	shift
	python3 -c '
import sys, tarfile
i = tarfile.TarInfo("zeros"); i.size = int(sys.argv[1]) << 20
sys.stdout.buffer.write(i.tobuf())
for _ in range(int(sys.argv[1])): sys.stdout.buffer.write(bytes(1 << 20))
sys.stdout.buffer.write(bytes(1024))' "$mib" | "$@"
}

@test "gzip, zstd and xz bombs, as layers" {
	zeros 300 gzip -9 > "$BATS_TEST_TMPDIR/bomb"
	refused "decompression bomb" import "$BATS_TEST_TMPDIR/bomb" bomb
	zeros 300 zstd -q -c > "$BATS_TEST_TMPDIR/bomb"
	refused "decompression bomb" import "$BATS_TEST_TMPDIR/bomb" bomb
	zeros 300 xz -0 > "$BATS_TEST_TMPDIR/bomb"
	refused "decompression bomb" import "$BATS_TEST_TMPDIR/bomb" bomb
}

@test "bombs as archives of images" {
	zeros 300 gzip -9 > "$BATS_TEST_TMPDIR/bomb"
	refused "decompression bomb" load -i "$BATS_TEST_TMPDIR/bomb"
	zeros 300 zstd -q -c > "$BATS_TEST_TMPDIR/bomb"
	refused "decompression bomb" load -q -i "$BATS_TEST_TMPDIR/bomb"
}

# A tar of ten million empty files with names of their own, as a stream. The letters of each directory have the same sum, so that
# the checksums of one block of 10,000 headers hold for all.
cat > "$BATS_RUN_TMPDIR/empty-files" <<'PY'
import sys, tarfile
block = bytearray(b"".join(tarfile.TarInfo("d@_@_/%04d" % i).tobuf() for i in range(10000)))
try:
    for k in range(int(sys.argv[1]) // 10000):
        a, b = divmod(k, 32)
        for at, letter in enumerate((64 + a, 95 - a, 64 + b, 95 - b), 1):
            block[at::512] = bytes([letter]) * 10000
        sys.stdout.buffer.write(block)
    sys.stdout.buffer.write(bytes(1024))
except BrokenPipeError:
    sys.stderr.close()
PY

@test "ten million empty files" {
	# Making and removing files is the file system's time, not ours (ext4 without a journal looks long for an inode that was
	# not deleted lately): a quick one.
	mount -t tmpfs -o mode=700,size=300m tmpfs "$TARE_ROOT"
	tare import -q "$BATS_FILE_TMPDIR/box.tar" box > /dev/null
	before=$(du -s --block-size=1 "$TARE_ROOT" | cut -f1)
	[ "$(python3 "$BATS_RUN_TMPDIR/empty-files" 60000 | tar -t | sort -u | wc -l)" = 60000 ]
	python3 "$BATS_RUN_TMPDIR/empty-files" 10000000 | zstd -q -1 -T2 -c > "$BATS_TEST_TMPDIR/bomb"
	refused "empty files" import "$BATS_TEST_TMPDIR/bomb" bomb
	refused "more than 20000 files" import --limit empty-files=20m,files=20000 "$BATS_TEST_TMPDIR/bomb" bomb
}

@test "a sparse file of 1 EiB" {
	python3 - "$BATS_TEST_TMPDIR/bomb" <<'PY'
import sys, tarfile
i = tarfile.TarInfo("big")
i.size = 512
i.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "big",
                 "GNU.sparse.realsize": str(1 << 60)}
with open(sys.argv[1], "wb") as f:
    f.write(i.tobuf(tarfile.PAX_FORMAT))
    f.write(b"0\n".ljust(512, b"\0") + bytes(1024))
PY
	refused "larger than" import "$BATS_TEST_TMPDIR/bomb" bomb
}

@test "a line of 80 MB in /etc/group, and in /etc/passwd" {
	mkdir "$BATS_TEST_TMPDIR/t"
	for file in group passwd; do
		cp -a "$BATS_FILE_TMPDIR/box/." "$BATS_TEST_TMPDIR/t"
		python3 -c 'import sys; sys.stdout.write("big:x:5:" + "user," * (16 << 20) + "\n")' > "$BATS_TEST_TMPDIR/t/etc/$file"
		tar -C "$BATS_TEST_TMPDIR/t" -cf "$BATS_TEST_TMPDIR/big.tar" .
		tare import -q "$BATS_TEST_TMPDIR/big.tar" big
		tare create --name probe big true > /dev/null
		tare rm probe > /dev/null
		limited run --rm -u user:user big true
		[ "$status" -gt 0 ]
		[ "${#lines[@]}" = 1 ]
		[[ $output == *"/etc/$file"* ]]
		tare rmi big > /dev/null
	done
}

@test "limits are set by option and by environment" {
	head -c 3000000 /dev/urandom > "$BATS_TEST_TMPDIR/f"
	tar -C "$BATS_TEST_TMPDIR" -cf "$BATS_TEST_TMPDIR/x.tar" f
	refused "larger than 2 MiB" import --limit bytes=2m "$BATS_TEST_TMPDIR/x.tar" x
	TARE_LIMITS=bytes=2m refused "larger than 2 MiB" import "$BATS_TEST_TMPDIR/x.tar" x
	TARE_LIMITS=bytes=2m tare import --limit bytes=4m "$BATS_TEST_TMPDIR/x.tar" x
	tare rmi x
	run -1 tare import --limit nonsense=1 "$BATS_TEST_TMPDIR/x.tar" x
	[[ $output == *"bytes, files, empty-files, ratio and time are known"* ]]
	# A reader of a pipe that nobody fills ends at the deadline, and so does what it started.
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	sleep 100 > "$BATS_TEST_TMPDIR/pipe" 3>&- &
	writer=$!
	refused "took longer than 1 s" load --limit time=1s -i "$BATS_TEST_TMPDIR/pipe"
	kill "$writer"
}

# The one inside, of the two processes of tare-fetch, when its filter is on.
jailed()
{
	outer=$(pgrep -P "$loader" -x tare-fetch) && inner=$(pgrep -P "$outer" -x tare-fetch) &&
		grep -q '^Seccomp:.2' "/proc/$inner/status"
}

@test "the reader of archives is jailed" {
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	sleep 100 > "$BATS_TEST_TMPDIR/pipe" 3>&- &
	writer=$!
	"$TARE" load -q -i "$BATS_TEST_TMPDIR/pipe" 3>&- &
	loader=$!
		wait_until 10 jailed
	grep -q '^NoNewPrivs:.1' "/proc/$inner/status"
	[ "$(grep ^NSpid "/proc/$inner/status" | wc -w)" = 3 ]
	for ns in mnt net ipc uts pid; do
		[ "$(readlink "/proc/$inner/ns/$ns")" != "$(readlink "/proc/self/ns/$ns")" ]
	done
	[ "$(stat -L -c %i "/proc/$inner/root")" = "$(stat -c %i "$TARE_ROOT")" ]
	[ $((0x$(awk '/^CapEff/ {print $2}' "/proc/$inner/status") & ~0x8820001f)) = 0 ]
	kill -KILL "$outer"
	gone() { ! [ -d "/proc/$inner" ]; }
	wait_until 10 gone
	rc=0
	wait "$loader" || rc=$?
	[ "$rc" = 1 ]
	kill "$writer"
}
