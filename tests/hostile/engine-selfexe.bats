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
