#!/usr/bin/env bats
# tare itself, seen from inside a container that shares ids with the host (CVE-2019-5736): every process of ours that is
# there for a moment is opened for writing as often as a loop can. The programs under test are copies.
bats_require_minimum_version 1.5.0

load ../lib/engine

setup()
{
	need_root
	engine_setup
	mkdir "$BATS_TEST_TMPDIR/bin"
	cp "$(dirname "$TARE")"/tare "$(dirname "$TARE")"/tare-mon "$(dirname "$TARE")"/tare-init "$(dirname "$TARE")"/tare-fetch "$BATS_TEST_TMPDIR/bin/"
	TARE=$BATS_TEST_TMPDIR/bin/tare
	make_box
	SUMS=$(cd "$BATS_TEST_TMPDIR/bin" && sha256sum ./*)
}

teardown()
{
	engine_teardown
}

@test "our programs cannot be written through /proc/PID/exe during 100 execs" {
	tare run -d --name attacker --userns host --privileged box sh -c '
		while :; do
			for p in /proc/[0-9]*; do
				case $(readlink "$p/exe") in */busybox | "") continue ;; esac
				grep -q "^tare" "$p/comm" 2> /dev/null || continue
				grep -qz "^exec$" "$p/cmdline" 2> /dev/null || continue
				{ echo overwritten >> "$p/exe"; } 2> /dev/null && echo WRITTEN
			done
		done' > /dev/null
	for i in $(seq 100); do
		tare exec attacker true || true
	done
	run -0 tare logs attacker
	[[ $output != *WRITTEN* ]]
	tare rm -f attacker
	[ "$(cd "$BATS_TEST_TMPDIR/bin" && sha256sum ./*)" = "$SUMS" ]
}

@test "our program is not what a container may run" {
	for how in /proc/self/exe /proc/1/exe /proc/thread-self/exe; do
		run -127 tare run --rm --userns host box "$how" version
	done
	[ "$(cd "$BATS_TEST_TMPDIR/bin" && sha256sum ./*)" = "$SUMS" ]
}

@test "the init that we bring cannot be written, nor after its mount was made writable" {
	for how in "--userns host --privileged" "--userns host --cap-add SYS_ADMIN" "--cap-add SYS_ADMIN" "--userns host --pid host --cap-add SYS_ADMIN"; do
		# shellcheck disable=SC2086
		run tare run --rm --init $how box sh -c 'trap "" TERM HUP
			mount -o remount,rw,bind /dev/tare-init && echo remounted
			for file in /dev/tare-init /proc/1/exe /proc/$PPID/exe; do
				{ echo overwritten >> "$file"; } 2> /dev/null && echo WRITTEN
			done
			exec 5< /dev/tare-init
			kill -KILL $PPID
			{ echo overwritten > /proc/self/fd/5; } 2> /dev/null && echo WRITTEN
			true'
		[[ $output == *remounted* && $output != *WRITTEN* ]] || { echo "$how: $output"; false; }
	done
	[ "$(cd "$BATS_TEST_TMPDIR/bin" && sha256sum ./*)" = "$SUMS" ]
}

@test "a plain user's programs, which its containers' root owns" {
	command -v setpriv > /dev/null || skip "needs setpriv"
	plain=$(mktemp -d /tmp/tare-plain-XXXXXX) # others may not enter the directories of bats
	cp "$BATS_TEST_TMPDIR"/bin/* "$plain"
	make_tree "$plain/rootfs"
	chown -R 65534:65534 "$plain"
	as_plain()
	{
		setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_DATA_HOME HOME="$plain" TARE_ROOT="$plain/data" \
			TARE_RUN_ROOT="$plain/run" "$plain/tare" "$@"
	}
	as_plain run -d --init --name attacker --rootfs "$plain/rootfs" sh -c '
		while :; do
			for p in /proc/[0-9]*; do
				[ "$p" != /proc/1 ] && grep -qs "^tare" "$p/comm" && echo SEEN
				case $(readlink "$p/exe") in */busybox) continue ;; esac
				{ echo overwritten >> "$p/exe"; } 2> /dev/null && echo WRITTEN
				{ echo overwritten >> /proc/self/fd/5; } 5< "$p/exe" 2> /dev/null && echo WRITTEN
			done
		done' > /dev/null
	# At least sixty, and until the loop has come upon one of them.
	for i in $(seq 1500); do
		as_plain exec attacker true
		[ "$i" -lt 60 ] || ! as_plain logs attacker | grep -q SEEN || break
	done
	run -0 as_plain logs attacker
	as_plain rm -f attacker
	sums=$(cd "$plain" && sha256sum ./tare*)
	rm -rf --one-file-system "$plain"
	[[ $output == *SEEN* && $output != *WRITTEN* ]] || { sort <<< "$output" | uniq -c; false; }
	[ "$sums" = "$SUMS" ]
}
