#!/usr/bin/env bats
# One more program in a running container.

load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
	tare run -d --name a -e FROM=image box sleep 1000 > /dev/null
}

teardown()
{
	engine_teardown
}

processes()
{
	tare exec a ps -o pid,args | grep -c "$1" || true
}

none_of()
{
	[ "$(tare exec a ps -o args | grep -c "^$1")" = 0 ]
}

@test "passes streams and exit status on" {
	run -0 --separate-stderr tare exec a sh -c 'echo out; echo err >&2'
	[ "$output" = out ] && [ "$stderr" = err ]
	run -7 tare exec a sh -c 'exit 7'
	run -137 tare exec a sh -c 'kill -KILL $$'
	[ "$(echo hello | tare exec -i a cat)" = hello ]
	[ -z "$(echo hello | tare exec a cat)" ]
}

@test "much output and much input arrive whole" {
	head -c 5000000 /dev/urandom > "$BATS_TEST_TMPDIR/data"
	tare exec -i a cat < "$BATS_TEST_TMPDIR/data" | cmp - "$BATS_TEST_TMPDIR/data"
}

@test "a program that is absent is 127, one that cannot be executed 126" {
	run -127 tare exec a nowhere
	[[ $output == *"executable file not found"* ]]
	run -126 tare exec a /etc/passwd
	run -1 tare exec nobody true
	[[ $output == *"o such container: nobody"* ]]
	tare create --name b box true > /dev/null
	run -1 tare exec b true
	[[ $output == *"container b is not running"* ]]
}

@test "environment, user and working directory" {
	[ "$(tare exec -e A=b -e FROM=exec a sh -c 'echo $A $FROM')" = "b exec" ]
	[ "$(tare exec a sh -c 'echo $FROM')" = image ]
	echo 'C=from file' > "$BATS_TEST_TMPDIR/env"
	[ "$(tare exec --env-file "$BATS_TEST_TMPDIR/env" a sh -c 'echo $C')" = "from file" ]
	[ "$(PASSED=on tare exec -e PASSED a sh -c 'echo $PASSED')" = on ]
	[ "$(tare exec -u user a sh -c 'id -u; id -g; id -G; echo $HOME')" = $'1000\n1000\n1000 2000\n/home/user' ]
	[ "$(tare exec -u 5:6 a sh -c 'id -u; id -g')" = $'5\n6' ]
	[ "$(tare exec -w /tmp a pwd)" = /tmp ]
	run -1 tare exec -u nobody-there a true
	[[ $output == *"no matching entries in passwd file"* ]]
}

@test "capabilities are the container's, or all with --privileged" {
	local few all
	few=$(tare exec a grep CapEff /proc/self/status)
	all=$(tare exec --privileged a grep CapEff /proc/self/status)
	[ "$few" = "$(tare exec a grep CapEff /proc/1/status)" ]
	[ "$few" != "$all" ]
	[ "$((16#${all##*[^0-9a-f]}))" -gt "$((16#${few##*[^0-9a-f]}))" ]
}

@test "no descriptor of the caller reaches the program" {
	run -0 tare exec a sh -c 'ls -l /proc/self/fd | grep -c "pts\|tty" || true' < /dev/null
	[ "$output" = 0 ]
	run -0 bash -c 'exec 7< /etc/hostname; "$TARE" exec a sh -c "ls /proc/self/fd"'
	[ "$output" = $'0\n1\n2\n3' ] # 3 is ls itself
}

@test "detached it stays, and is reaped" {
	tare exec -d a sh -c 'echo $$ > /tmp/pid; exec sleep 777'
	wait_until 5 sh -c "'$TARE' exec a ps -o args | grep -q '^sleep 777'"
	tare exec a sh -c 'kill $(cat /tmp/pid)'
	wait_until 5 none_of "sleep 777"
	[ "$(tare exec a ps -o stat | grep -c Z)" = 0 ]
}

@test "the tree of processes dies with its client, even when that is killed" {
	tare exec a sh -c 'sleep 778 & sh -c "sleep 779 & wait" & wait' &
	local client=$!
	wait_until 5 sh -c "'$TARE' exec a ps -o args | grep -q '^sleep 779'"
	kill -KILL $client
	wait_until 5 none_of "sleep 77[89]"
	[ "$(tare inspect --format '{{.State.Status}}' a)" = running ]
	[ "$(tare exec a ps -o stat | grep -c Z)" = 0 ]
}

@test "what a program leaves in the background when it ends by itself stays" {
	tare exec a sh -c 'sleep 776 > /dev/null 2>&1 &'
	tare exec a ps -o args | grep -q '^sleep 776'
}

@test "signals of the client reach the program" {
	tare exec a sh -c 'trap "echo got; exit 4" TERM; touch /tmp/ready; while :; do sleep 1 & wait $!; done' > "$BATS_TEST_TMPDIR/out" &
	local client=$! status=0
	wait_until 5 tare exec a test -e /tmp/ready
	kill -TERM $client
	wait $client || status=$?
	[ $status = 4 ]
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = got ]
}

@test "works in a container whose monitor was killed" {
	kill -KILL "$(pgrep -f "tare-mon.*--id $(ls "$TARE_ROOT/containers")")"
	[ "$(tare exec a echo still)" = still ]
}
