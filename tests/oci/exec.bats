#!/usr/bin/env bats
# exec: another program in a running container.

load ../lib/oci

setup() { oci_setup; need_root; start_sleeper a; }
teardown() { oci_teardown; }

@test "status, streams and environment" {
	run tare exec a sh -c 'exit 5'
	[ "$status" = 5 ]
	[ "$(echo in | tare exec a cat)" = in ]
	[ "$(tare exec -e X=1 --env Y=2 -e=Z=3 a sh -c 'echo $X$Y$Z')" = 123 ]
	run tare exec a sh -c 'kill -9 $$'
	[ "$status" = 137 ]
}

@test "options end at the container" {
	[ "$(tare exec a echo --cwd -t -x)" = "--cwd -t -x" ]
}

@test "it is in the container's namespaces" {
	[ "$(tare exec a hostname)" = tare ]
	[ "$(tare exec a readlink /proc/self/ns/mnt)" = "$(readlink "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/ns/mnt")" ]
	[ "$(tare exec a readlink /proc/self/ns/pid)" = "$(readlink "/proc/$(cat "$BATS_TEST_TMPDIR/pid")/ns/pid")" ]
}

@test "user, groups and working directory" {
	[ "$(tare exec -u 1000:1000 a id -u)" = 1000 ]
	[ "$(tare exec --user 1000:1000 a id -g)" = 1000 ]
	[ "$(tare exec --cwd /tmp a sh -c pwd)" = /tmp ]
	run tare exec -u 1000:1000 -g 7 -g 8 a grep Groups /proc/self/status
	[[ $output == *"7 8"* ]]
	run tare exec -u -1 a true
	[ "$status" = 255 ]
}

@test "capabilities and no_new_privs" {
	[[ $(tare exec --no-new-privs a grep NoNewPrivs /proc/self/status) == *1 ]]
	before=$(tare exec a grep CapEff /proc/self/status | awk '{print $2}')
	after=$(tare exec --cap CAP_SYS_PTRACE a grep CapEff /proc/self/status | awk '{print $2}')
	[ $(((16#$after & ~16#$before) == 1 << 19)) = 1 ]
}

@test "a process document" {
	cat > "$BATS_TEST_TMPDIR/p.json" <<'JSON'
{"args": ["sh", "-c", "echo $A; pwd; exit 4"], "cwd": "/tmp", "env": ["A=b", "PATH=/bin"], "user": {"uid": 0, "gid": 0}}
JSON
	run tare exec --process "$BATS_TEST_TMPDIR/p.json" a
	[ "$status" = 4 ]
	[ "$output" = $'b\n/tmp' ]
	echo '{"args": []}' > "$BATS_TEST_TMPDIR/bad.json"
	run tare exec --process "$BATS_TEST_TMPDIR/bad.json" a
	[ "$status" = 255 ]
	[[ $output == *"args"* ]]
}

@test "detached, with a pid file" {
	tare exec --detach --pid-file "$BATS_TEST_TMPDIR/xpid" a sleep 1000 > /dev/null
	pid=$(cat "$BATS_TEST_TMPDIR/xpid")
	[ -d "/proc/$pid" ]
	[ "$(wc -l < "$BATS_TEST_TMPDIR/xpid")" = 0 ]
	[[ $(tare ps -f json a) == *"$pid"* ]]
}

@test "failures end with 255 and known words" {
	run tare exec a nosuchprogram
	[ "$status" = 255 ]
	[[ $output == *"exec failed: "*'exec: "nosuchprogram": executable file not found in $PATH'* ]]
	run tare exec a
	[ "$status" = 255 ]
	[[ $output == *"exec args cannot be empty"* ]]
	run tare exec nosuch true
	[ "$status" = 255 ]
	[[ $output == *"container does not exist"* ]]
	run tare exec --nosuchflag a true
	[ "$status" = 1 ]
}

@test "not in a paused or stopped container" {
	tare pause a
	run tare exec a true
	[ "$status" = 255 ]
	[[ $output == *"cannot exec in a paused container (use --ignore-paused to override)"* ]]
	tare resume a
	tare kill a KILL
	wait_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	run tare exec a true
	[ "$status" = 255 ]
	[[ $output == *"cannot exec in a stopped container"* ]]
}

@test "a terminal" {
	run script -qec "$TARE_OCI --root $STATE exec -t a tty" /dev/null
	[ "$status" = 0 ]
	[[ $output == *"/dev/"* ]]
}

@test "preserve-fds" {
	echo three > "$BATS_TEST_TMPDIR/three"
	[ "$(tare exec --preserve-fds 1 a sh -c 'cat <&3' 3< "$BATS_TEST_TMPDIR/three")" = three ]
}
