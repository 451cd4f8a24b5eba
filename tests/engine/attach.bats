#!/usr/bin/env bats
# Sessions with a running container.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
}

teardown()
{
	engine_teardown
}

# on_terminal INPUT COMMAND…: the command on a terminal of its own, INPUT typed once "ready" was shown. Prints what was shown
# and the exit status.
on_terminal()
{
	command -v python3 > /dev/null || skip "needs python3"
	python3 - "$@" <<-'PY'
		import os, pty, sys, select
		keys = sys.argv[1].encode().decode("unicode_escape").encode("latin-1")
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(sys.argv[2], sys.argv[2:])
		shown = b""
		while True:
		    ready, _, _ = select.select([fd], [], [], 20)
		    if not ready:
		        print("nothing more comes"); os.kill(pid, 9); break
		    try:
		        data = os.read(fd, 4096)
		    except OSError:
		        break
		    if not data:
		        break
		    shown += data
		    if keys and b"ready" in shown:
		        os.write(fd, keys); keys = b""
		print(shown.decode(errors="replace").replace("\r", ""), end="")
		print("status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	PY
}

@test "brings output and the exit status" {
	tare run -d -i --name aa box sh -c 'read x; echo "got $x"; exit 6' > /dev/null
	run -6 tare attach aa <<< hello
	[ "$output" = "got hello" ]
	run -1 tare attach aa
	[[ $output == *"cannot attach to a stopped container"* ]]
}

@test "several clients get the output" {
	tare run -d -i --name aa box sh -c 'read x; seq 1 50000' > /dev/null
	local i
	for i in 1 2 3; do
		"$TARE" attach --no-stdin aa > "$BATS_TEST_TMPDIR/$i" &
	done
	wait_until 5 sh -c "[ \$(ss -xa 2>/dev/null | grep -c attach.sock) -ge 4 ] || [ \$(ls /proc/\$(pgrep -f 'tare-mon.*$(ls "$TARE_ROOT/containers")')/fd | wc -l) -ge 11 ]"
	echo | tare attach aa > "$BATS_TEST_TMPDIR/4"
	wait
	for i in 1 2 3 4; do
		seq 1 50000 | cmp - "$BATS_TEST_TMPDIR/$i"
	done
}

@test "the detach keys leave the container running" {
	tare run -d -it --name aa box sh -c 'while :; do echo ready; sleep 0.1; done' > /dev/null
	run -0 on_terminal '\x10\x11' "$TARE" attach aa
	[[ $output == *"read escape sequence"* ]]
	[ "$(tare inspect --format '{{.State.Status}}' aa)" = running ]
	run -0 on_terminal '' "$TARE" run --rm -it --detach-keys x box sh -c 'echo ready'
	[[ $output == *"status 0"* ]]
	run -1 tare attach --detach-keys nonsense aa
	[[ $output == *"is no key"* ]]
}

@test "a terminal has a size, and keys reach the program" {
	run -0 on_terminal 'typed\r' "$TARE" run --rm -it box sh -c 'stty size; echo ready; read x; echo "got $x"; exit 5'
	[[ $output == *"got typed"*"status 5" ]]
}

@test "signals are passed on" {
	tare run -d --name aa box sh -c 'trap "echo term; exit 9" TERM; echo ready; while :; do sleep 1 & wait $!; done' > /dev/null
	"$TARE" attach --no-stdin aa > "$BATS_TEST_TMPDIR/out" &
	local client=$! status=0
	wait_until 5 sh -c "grep -q SigBlk.*[1-9a-f] /proc/$client/status"
	kill -TERM $client
	wait $client || status=$?
	[ $status = 9 ]
}

@test "a program that is deaf to TERM is told" {
	tare run -d --name aa box sleep 1000 > /dev/null
	"$TARE" attach --no-stdin aa > "$BATS_TEST_TMPDIR/out" 2>&1 &
	local client=$! status=0
	wait_until 5 sh -c "grep -q SigBlk.*[1-9a-f] /proc/$client/status"
	kill -TERM $client
	wait_until 5 grep -q "has no handler for SIGTERM" "$BATS_TEST_TMPDIR/out"
	kill -TERM $client
	wait $client || status=$?
	[ $status = 143 ]
	[ "$(tare inspect --format '{{.State.Status}}' aa)" = running ]
}

@test "a monitor that is killed harms nobody" {
	tare run -d --name aa box sh -c 'echo one; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo two; exit 4' > /dev/null
	wait_until 5 sh -c "'$TARE' logs aa | grep -q one"
	kill -KILL "$(pgrep -f "tare-mon.*--id $(ls "$TARE_ROOT/containers")")"
	[ "$(tare inspect --format '{{.State.Status}}' aa)" = running ]
	tare exec aa touch /tmp/go
	tare wait aa > /dev/null
	[ "$(tare logs aa)" = $'one\ntwo' ]
}
