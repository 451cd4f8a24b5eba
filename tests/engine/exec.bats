#!/usr/bin/env bats
# One more program in a running container.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
	tare run -d --name aa -e FROM=image box sleep 1000 > /dev/null
}

teardown()
{
	engine_teardown
}

none_of()
{
	[ "$(tare exec aa ps -o args | grep -c "^$1")" = 0 ]
}

# Zombies that came from outside; those that the container's first process leaves are its own.
no_zombies()
{
	[ "$(tare exec aa ps -o ppid,stat | grep -c '^ *0 Z')" = 0 ]
}

@test "passes streams and exit status on" {
	run -0 --separate-stderr tare exec aa sh -c 'echo out; echo err >&2'
	[ "$output" = out ] && [ "$stderr" = err ]
	run -7 tare exec aa sh -c 'exit 7'
	run -137 tare exec aa sh -c 'kill -KILL $$'
	[ "$(echo hello | tare exec -i aa cat)" = hello ]
	[ -z "$(echo hello | tare exec aa cat)" ]
}

@test "much output and much input arrive whole" {
	head -c 5000000 /dev/urandom > "$BATS_TEST_TMPDIR/bytes"
	tare exec -i aa cat < "$BATS_TEST_TMPDIR/bytes" | cmp - "$BATS_TEST_TMPDIR/bytes"
}

@test "a program whose output nobody reads any more is told so" {
	local status
	for tty in "" -t; do
		status=$(timeout 20 "$TARE" exec $tty aa yes | head -n 1 > /dev/null; echo "${PIPESTATUS[0]}")
		[ "$status" = 141 ]
	done
	wait_until 5 none_of yes
}

@test "a program that is absent is 127, one that cannot be executed 126" {
	run -127 tare exec aa nowhere
	[[ $output == *"executable file not found"* ]]
	run -126 tare exec aa /etc/passwd
	run -1 tare exec nobody true
	[[ $output == *"o such container: nobody"* ]]
	tare create --name bb box true > /dev/null
	run -1 tare exec bb true
	[[ $output == *"container bb is not running"* ]]
}

@test "environment, user and working directory" {
	[ "$(tare exec -e A=b -e FROM=exec aa sh -c 'echo $A $FROM')" = "b exec" ]
	[ "$(tare exec aa sh -c 'echo $FROM')" = image ]
	echo 'C=from file' > "$BATS_TEST_TMPDIR/env"
	[ "$(tare exec --env-file "$BATS_TEST_TMPDIR/env" aa sh -c 'echo $C')" = "from file" ]
	[ "$(PASSED=on tare exec -e PASSED aa sh -c 'echo $PASSED')" = on ]
	[ "$(tare exec -u user aa sh -c 'id -u; id -g; id -G; echo $HOME')" = $'1000\n1000\n1000 2000\n/home/user' ]
	[ "$(tare exec -u 5:6 aa sh -c 'id -u; id -g')" = $'5\n6' ]
	[ "$(tare exec -w /tmp aa pwd)" = /tmp ]
	run -126 tare exec -w /absent aa pwd
	[[ $output == *"/absent"* ]]
	run -1 tare exec aa test -e /absent
	run -126 tare exec -u nobody-there aa true
	[[ $output == *"no matching entries in passwd file"* ]]
}

@test "groups are those of the user that was asked for, and of --group-add" {
	tare run -d --name gg -u user --group-add 77 box sleep 1000 > /dev/null
	[ "$(tare exec gg grep Groups: /proc/self/status)" = $'Groups:\t77 1000 2000 ' ]
	[ "$(tare exec -u 0 gg grep Groups: /proc/self/status)" = $'Groups:\t0 77 ' ]
	[ "$(tare exec -u 5:6 gg grep Groups: /proc/self/status)" = $'Groups:\t6 77 ' ]
}

@test "capabilities are the container's, or all with --privileged" {
	local few all
	few=$(tare exec aa grep CapEff /proc/self/status)
	all=$(tare exec --privileged aa grep CapEff /proc/self/status)
	[ "$few" = "$(tare exec aa grep CapEff /proc/1/status)" ]
	[ "$few" != "$all" ]
	[ "$((16#${all##*[^0-9a-f]}))" -gt "$((16#${few##*[^0-9a-f]}))" ]
}

@test "no descriptor of the caller reaches the program" {
	run -0 tare exec aa sh -c 'ls -l /proc/self/fd 2> /dev/null | grep -c "pts\|tty" || true' < /dev/null
	[ "$output" = 0 ]
	run -0 bash -c 'exec 7< /etc/hostname; "$TARE" exec aa sh -c "ls /proc/self/fd"'
	[ "$output" = $'0\n1\n2\n3' ] # 3 is ls itself
}

@test "detached it stays, and is reaped" {
	tare exec -d aa sh -c 'echo $$ > /tmp/pid; exec sleep 777'
	wait_until 5 sh -c "'$TARE' exec aa ps -o args | grep -q '^sleep 777'"
	tare exec aa sh -c 'kill $(cat /tmp/pid)'
	wait_until 5 none_of "sleep 777"
	wait_until 10 no_zombies
}

@test "the tree of processes dies with its client, even when that is killed" {
	"$TARE" exec aa sh -c 'sleep 778 & sh -c "sleep 779 & wait" & wait' &
	local client=$!
	wait_until 5 sh -c "'$TARE' exec aa ps -o args | grep -q '^sleep 779'"
	kill -KILL $client
	wait_until 5 none_of "sleep 77[89]"
	[ "$(tare inspect --format '{{.State.Status}}' aa)" = running ]
	wait_until 10 no_zombies
}

@test "what a program leaves in the background when it ends by itself stays" {
	tare exec aa sh -c 'sleep 776 > /dev/null 2>&1 &'
	tare exec aa ps -o args | grep -q '^sleep 776'
}

@test "signals of the client reach the program" {
	"$TARE" exec aa sh -c 'trap "echo got; exit 4" TERM; touch /tmp/ready; while :; do sleep 1 & wait $!; done' > "$BATS_TEST_TMPDIR/out" &
	local client=$! status=0
	wait_until 5 tare exec aa test -e /tmp/ready
	kill -TERM $client
	wait $client || status=$?
	[ $status = 4 ]
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = got ]
}

@test "works in a container whose monitor was killed" {
	kill -KILL "$(pgrep -f "tare-mon.*--id $(ls "$TARE_ROOT/containers")")"
	[ "$(tare exec aa echo still)" = still ]
}

monitor()
{
	tare inspect --format '{{.Tare.Monitor}}' aa
}

adopted()
{
	[ "$(tare inspect --format '{{.Tare.Monitor}}' aa)" != "$1" ]
}

@test "a monitor that is killed while the program is started has a successor, which is none of the container's processes" {
	! grep -q __asan_init "$TARE" || skip "a sanitizer does not run under strace"
	command -v strace > /dev/null && strace -o /dev/null true || skip "needs strace"
	local old status
	for tty in "" -t; do
		old=$(monitor)
		strace -o /dev/null -e trace=clone3 -e inject=clone3:delay_exit=600000 "$TARE" exec $tty aa sh -c 'echo it; exit 6' > "$BATS_TEST_TMPDIR/out" &
		sleep 0.3
		kill -KILL "$old"
		status=0
		wait $! || status=$?
		[ $status = 6 ]
		[ "$(tr -d '\r' < "$BATS_TEST_TMPDIR/out")" = it ]
		[ "$(monitor)" != "$old" ]
		[ "$(readlink "/proc/$(monitor)/ns/pid")" = "$(readlink /proc/self/ns/pid)" ]
	done
}

@test "the tree of processes dies with its client, also when the monitor was killed before" {
	"$TARE" exec aa sh -c 'sleep 778 & sh -c "sleep 779 & wait" & wait' &
	local client=$! old
	old=$(monitor)
	wait_until 5 sh -c "'$TARE' exec aa ps -o args | grep -q '^sleep 779'"
	kill -KILL "$old"
	wait_until 5 adopted "$old" # by the client that is there
	kill -KILL $client
	wait_until 5 none_of "sleep 77[89]"
}
