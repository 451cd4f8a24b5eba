#!/usr/bin/env bats
# From create to rm.

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

state()
{
	tare inspect --format "{{.State.$2}}" "$1"
}

@test "run passes output and the exit status on" {
	run -0 tare run --rm box echo hello
	[ "$output" = hello ]
	run -3 tare run --rm box sh -c 'exit 3'
	run -0 --separate-stderr tare run --rm box sh -c 'echo out; echo err >&2'
	[ "$output" = out ] && [ "$stderr" = err ]
}

@test "a program that is absent is 127, one that cannot be executed 126, an error of ours 125" {
	run -127 tare run --rm box /nowhere
	[[ $output == *"no such file or directory"* ]]
	run -127 tare run --rm box nowhere
	[[ $output == *"executable file not found"* ]]
	run -126 tare run --rm box /etc/passwd
	run -125 tare run --rm no-such-image true
	run -125 tare run --no-such-flag box true
	[ -z "$(ls "$TARE_ROOT/containers")" ]
}

@test "run -d tells the id also of a container whose program cannot be executed" {
	run -127 --separate-stderr tare run -d --name absent box nowhere
	[ "$output" = "$(tare inspect --format '{{.Id}}' absent)" ]
	[ "$(state absent Status)" = created ]
}

@test "input reaches the program and ends" {
	run -0 tare run --rm -i box cat <<< "through and back"
	[ "$output" = "through and back" ]
	run -0 tare run --rm box cat <<< "not wanted"
	[ -z "$output" ]
}

@test "all that was written arrives, in order" {
	tare run --rm box sh -c 'seq 1 200000' > "$BATS_TEST_TMPDIR/out"
	seq 1 200000 | cmp - "$BATS_TEST_TMPDIR/out"
}

@test "run ends when nobody reads its output any more, and says that the container goes on" {
	set +o pipefail
	timeout 20 "$TARE" run --name unread box yes 2> "$BATS_TEST_TMPDIR/err" | head -n 1
	[ "$(state unread Status)" = running ]
	grep -q "nobody reads the output any more; container unread goes on" "$BATS_TEST_TMPDIR/err"
	tare rm -f unread
	# Its monitor ends with it, though the client has not taken the last words.
	wait_until 5 sh -c "! pgrep -f '^$TARE run --name unread '"
}

@test "run --rm leaves nothing" {
	tare run --rm --name gone box true
	[ -z "$(ls "$TARE_ROOT/containers")" ]
	[ -z "$(ls "$TARE_ROOT/names")" ]
	[ -z "$(ls "$TARE_RUN_ROOT/ids" 2>/dev/null)" ]
	[ -z "$(ls "$TARE_RUN_ROOT/oci")" ] || [ "$(ls "$TARE_RUN_ROOT/oci")" = "@mntns" ] || ls -la "$TARE_RUN_ROOT/oci"
}

@test "a detached container runs, is seen, stops and starts again" {
	run -0 tare run -d --name web box sleep 1000
	id=$output
	[ ${#id} = 64 ]
	[ "$(state web Status)" = running ]
	[ "$(tare ps -q --no-trunc)" = "$id" ]
	tare stop -t 0 web
	[ "$(state web Status)" = exited ]
	[ "$(state web ExitCode)" = 137 ]
	[ -z "$(tare ps -q)" ]
	tare start web
	[ "$(state web Running)" = true ]
	tare kill web
	run -0 tare wait web
	[ "$output" = 137 ]
	tare rm web
	run -1 tare inspect web
}

@test "stop asks first, and waits for what the program does then" {
	tare run -d --name polite box sh -c 'trap "echo bye; exit 7" TERM; touch /tmp/ready; while :; do sleep 0.1; done'
	wait_until 5 tare exec polite test -e /tmp/ready
	tare stop polite
	[ "$(state polite ExitCode)" = 7 ]
	run -0 tare logs polite
	[[ $output == *bye* ]]
}

@test "names are claimed once and can be used again" {
	tare create --name one box true
	run -125 tare create --name one box true
	[[ $output == *"already in use"* ]]
	tare rm one
	tare create --name one box true
	tare rename one two
	run -0 tare inspect --format '{{.Name}}' two
	[ "$output" = /two ]
	run -1 tare inspect one
}

@test "ids may be shortened, names not" {
	id=$(tare create --name short box true)
	[ "$(tare inspect --format '{{.Id}}' "${id:0:6}")" = "$id" ]
	run -1 tare inspect shor
	tare rm "${id:0:12}"
}

@test "rm refuses a running container, rm -f does not" {
	tare run -d --name busy box sleep 1000
	run -1 tare rm busy
	[[ $output == *"running"* ]]
	tare rm -f busy
	run -1 tare inspect busy
	run -0 tare rm -f busy
}

@test "what a container writes stays until it is removed" {
	tare run --name keeps box sh -c 'echo data > /file'
	tare start keeps
	tare wait keeps
	[ "$(cat "$TARE_ROOT"/containers/*/upper/file)" = data ]
}

@test "a range of ids of its own does not show on disk" {
	mkdir "$BATS_TEST_TMPDIR/shared"
	echo mine > "$BATS_TEST_TMPDIR/shared/in"
	chown 1000:1000 "$BATS_TEST_TMPDIR/shared/in"
	run -0 tare run --rm -v "$BATS_TEST_TMPDIR/shared:/shared" box sh -c 'stat -c %u:%g /shared/in /bin/busybox; touch /shared/out; cat /proc/self/uid_map'
	[ "${lines[0]}" = 1000:1000 ] && [ "${lines[1]}" = 0:0 ]
	[[ ${lines[2]} =~ ^\ *0\ +[12][0-9]{9}\ +65536$ ]]
	[ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/shared/out")" = 0:0 ]
}

@test "an OOM kill is told" {
	grep -q memory /proc/cgroups || skip "needs the memory controller"
	run -137 tare run --name hungry -m 16m box sh -c 'x=$(head -c 100m /dev/zero | tr "\0" x); echo ${#x}'
	[ "$(state hungry OOMKilled)" = true ]
}

@test "a restart policy starts again, with a limit, until stop" {
	tare run -d --name again --restart on-failure:2 box sh -c 'exit 4'
	wait_until 10 sh -c "[ \"\$($TARE inspect --format '{{.RestartCount}} {{.State.Status}}' again)\" = '2 exited' ]"
	tare run -d --name always --restart always box sh -c 'sleep 0.2'
	wait_until 10 sh -c "[ \"\$($TARE inspect --format '{{.RestartCount}}' always)\" -ge 1 ]"
	tare stop -t 1 always
	[ "$(state always Status)" = exited ]
}

@test "a killed monitor: the container goes on, the next command takes it over" {
	tare run -d --name orphan box sh -c 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done'
	wait_until 5 sh -c "$TARE logs orphan | grep -q ^2"
	pid=$(state orphan Pid)
	wait_until 5 pgrep -f "tare-mon.*orphan.*$TARE_ROOT" > /dev/null
	monitor=$(pgrep -f "tare-mon.*orphan.*$TARE_ROOT")
	kill -KILL "$monitor"
	wait_until 5 sh -c "! kill -0 $monitor 2>/dev/null"
	kill -0 "$pid"
	[ "$(tare ps --format '{{.Names}}')" = orphan ]
	[ "$(state orphan Pid)" = "$pid" ]
	before=$(tare logs orphan | wc -l)
	wait_until 5 sh -c "[ \$($TARE logs orphan | wc -l) -gt $((before + 3)) ]"
	tare stop -t 1 orphan
	[ "$(state orphan Status)" = exited ]
}

@test "monitor and program killed: the end is told as unknown, never as 0" {
	tare run -d --name both box sleep 1000
	pid=$(state both Pid)
	wait_until 5 pgrep -f "tare-mon.*both.*$TARE_ROOT" > /dev/null # `run` returns before the monitor has become small
	kill -KILL "$(pgrep -f "tare-mon.*both.*$TARE_ROOT")"
	kill -KILL "$pid"
	wait_until 10 sh -c "! kill -0 $pid 2> /dev/null"
	run -0 --separate-stderr tare inspect --format '{{.State.Status}} {{.State.ExitCode}}' both
	[ "$output" = "exited 137" ]
	tare start both
	tare rm -f both
}

@test "a start whose monitor was killed before it was noted is undone by the next command" {
	tare run -d --name half box sleep 1000
	pid=$(state half Pid)
	id=$(tare inspect --format '{{.Id}}' half)
	wait_until 5 pgrep -f "tare-mon.*half.*$TARE_ROOT" > /dev/null
	kill -KILL "$(pgrep -f "tare-mon.*half.*$TARE_ROOT")"
	rm "$TARE_ROOT/containers/$id/status.json" # as if it had not come so far
	run -0 --separate-stderr tare ps -a --format '{{.Names}} {{.State}}'
	[ "$output" = "half created" ]
	wait_until 5 sh -c "! kill -0 $pid 2>/dev/null"
	[ -z "$(find "$TARE_RUN_ROOT/ids" -lname "$id")" ]
	tare start half
	[ "$(state half Status)" = running ]
	tare rm -f half
}

@test "a container that was renamed while it ran leaves no name" {
	tare run -d --rm --name old box sleep 1000
	tare rename old new
	tare stop -t 0 new
	[ -z "$(ls "$TARE_ROOT/names")" ]
	(sleep 1 | tare run --rm -i --name old box cat > /dev/null) 3>&- &
	wait_until 5 sh -c "$TARE rename old new"
	wait
	[ -z "$(ls "$TARE_ROOT/names")" ]
}

@test "stop of one whose program and monitor were killed lets it be started at once" {
	tare run -d --name both box sleep 1000
	wait_until 5 pgrep -f "tare-mon.*both.*$TARE_ROOT" > /dev/null
	pid=$(state both Pid)
	kill -KILL "$(pgrep -f "tare-mon.*both.*$TARE_ROOT")" "$pid"
	tare restart -t 0 both
	[ "$(state both Status)" = running ]
}

@test "a container whose removal was interrupted is not started again" {
	tare run -d --name torn --rm box sh -c 'trap "" TERM; sleep 1000'
	id=$(tare inspect --format '{{.Id}}' torn)
	wait_until 5 pgrep -f "tare-mon.*torn.*$TARE_ROOT" > /dev/null
	tare restart -t 1 torn > "$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	restart=$!
	# as a monitor leaves it that is killed while it removes the record
	wait_until 5 [ -e "$TARE_ROOT/containers/$id/stop" ]
	rm "$TARE_ROOT/containers/$id/config.json"
	kill -KILL "$(pgrep -f "tare-mon.*torn.*$TARE_ROOT")"
	code=0
	wait $restart || code=$?
	[ $code = 1 ]
	[[ $(< "$BATS_TEST_TMPDIR/out") == *"no such container"* ]]
	! pgrep -f "tare-mon.*torn.*$TARE_ROOT"
	touch -d '1 minute ago' "$TARE_ROOT/containers/$id"
	tare system check --repair
	[ -z "$(ls "$TARE_ROOT/containers")" ]
}

@test "system check names and mends volumes that were half made or half removed" {
	tare volume create whole
	mkdir "$TARE_ROOT/volumes/.tmp-1" "$TARE_ROOT/volumes/.del-2"
	run -1 tare system check
	[[ $output == *"2 volume(s) whose creation or removal was interrupted"* ]]
	tare system check --repair
	run -0 tare system check
	[ -z "$output" ]
	[ "$(ls -A "$TARE_ROOT/volumes")" = whole ]
}

@test "containers share namespaces when asked" {
	tare run -d --name first box sleep 1000
	[ "$(tare run --rm --network container:first box readlink /proc/self/ns/net)" = "$(tare exec first readlink /proc/self/ns/net)" ]
	run -0 tare run --rm --pid container:first box ps
	[[ $output == *"sleep 1000"* ]]
	[ "$(tare run --rm --pid host --sysctl net.ipv4.ip_default_ttl=65 box sh -c "cat /proc/$$/comm /proc/sys/net/ipv4/ip_default_ttl")" = $'bash\n65' ]
	[ "$(cat /proc/sys/net/ipv4/ip_default_ttl)" != 65 ]
	[ "$(tare run --rm --ipc host box readlink /proc/self/ns/ipc)" = "$(readlink /proc/self/ns/ipc)" ]
	tare stop -t 0 first
	run -125 tare run --rm --network container:first box true
	[[ $output == *"not running"* ]]
}

@test "N creates of one name: one wins, the others leave nothing" {
	for i in 1 2 3 4 5 6 7 8; do
		tare create --name race box true > /dev/null 2>&1 &
	done
	wait
	[ "$(ls "$TARE_ROOT/containers" | wc -l)" = 1 ]
}

@test "the exit status of a program that ends at once arrives, every time" {
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		run -7 tare run --rm box sh -c 'exit 7'
	done
}

@test "--init reaps, passes signals on and gives the exit status of its child" {
	run -7 tare run --rm --init box sh -c 'exit 7'
	tare run -d --name inited --init box sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	run -0 tare exec inited cat /proc/1/comm
	[ "$output" = tare-init ]
	tare stop inited
	[ "$(state inited ExitCode)" = 9 ]
}

@test "run --timeout kills in time, also when the monitor was killed meanwhile" {
	run -137 tare run --rm --timeout 1 box sleep 1000
	run -0 tare run --rm --timeout 1000 box true
	tare run -d --name timed --timeout 6 box sleep 1000
	[ "$(tare inspect --format '{{.State.Status}}' timed)" = running ]
	wait_until 4 pgrep -f "tare-mon.*timed.*$TARE_ROOT" > /dev/null
	kill -KILL "$(pgrep -f "tare-mon.*timed.*$TARE_ROOT")"
	tare ps > /dev/null # takes it over
	timeout 30 "$TARE" wait timed
	[ "$(state timed ExitCode)" = 137 ]
}

@test "wait tells the exit status of a container with --rm, however late it gets to it" {
	id=$(tare run -d --rm --name brief box sh -c 'sleep 0.5; exit 7')
	"$TARE" wait brief > "$BATS_TEST_TMPDIR/one" &
	"$TARE" wait brief > "$BATS_TEST_TMPDIR/two" &
	wait
	[ "$(cat "$BATS_TEST_TMPDIR/one" "$BATS_TEST_TMPDIR/two")" = $'7\n7' ]
	run -1 tare wait brief
	[[ "$output" == *"no such container"* ]]
	tare run -d --rm --name brief box sleep 1000 > /dev/null
	"$TARE" wait brief > "$BATS_TEST_TMPDIR/one" &
	sleep 0.2
	tare rm -f brief
	wait
	[ "$(cat "$BATS_TEST_TMPDIR/one")" = 137 ]
}

@test "stop of a container that is restarted all the time is done at once, whenever it comes" {
	tare run -d --name busy --restart always box true
	for i in $(seq 8); do
		begin=$(date +%s%N)
		tare stop -t 1 busy
		[ $((($(date +%s%N) - begin) / 1000000)) -lt 8000 ]
		[ "$(state busy Status)" = exited ]
		tare start busy
		sleep 0.0$i
	done
}

@test "a start of --rm that was killed after it mounted the root does not keep the next one from it" {
	id=$(tare create --rm --name cut box sh -c 'echo begun > /begun; sleep 1000')
	# What overlayfs leaves of a volatile mount, and refuses to take again.
	mkdir -p "$TARE_ROOT/containers/$id/upper" "$TARE_ROOT/containers/$id/work/work/incompat/volatile/dirty"
	tare start cut
	[ "$(state cut Status)" = running ]
	tare rm -f cut
}

@test "a start that was killed while it made the writable layer does not keep the next one from it" {
	for made in upper work; do
		id=$(tare create box true)
		mkdir "$TARE_ROOT/containers/$id/$made"
		tare start -a "$id"
	done
}

@test "create and whoever looks at all containers do not get in each other's way" {
	! grep -q __asan_init "$TARE" || skip "a sanitizer does not run under strace"
	command -v strace > /dev/null && strace -o /dev/null true || skip "needs strace"
	tare create --name other box true # and all directories are there
	python3 - "$TARE_ROOT/containers" <<- 'EOF' &
		import fcntl, os, sys, time
		seen = set(os.listdir(sys.argv[1]))
		while not (new := set(os.listdir(sys.argv[1])) - seen):
			pass
		fd = os.open(sys.argv[1] + "/" + new.pop(), os.O_RDONLY)
		fcntl.flock(fd, fcntl.LOCK_SH)
		time.sleep(0.4)
	EOF
	strace -o /dev/null -P "$TARE_ROOT/containers" -e inject=mkdirat:delay_exit=200000 "$TARE" create --name looked-at box true
	wait
	[ "$(state looked-at Status)" = created ]
}

@test "wait goes on waiting when the monitor is killed" {
	tare run -d --name long box sh -c 'sleep 1.5; exit 7' > /dev/null
	"$TARE" wait long > "$BATS_TEST_TMPDIR/code" &
	wait_until 5 pgrep -f "tare-mon.*long.*$TARE_ROOT" > /dev/null
	kill -KILL "$(tare inspect --format '{{.Tare.Monitor}}' long)"
	wait
	code=$(cat "$BATS_TEST_TMPDIR/code")
	[ "$code" = 7 ] || [ "$code" = 137 ] # before Linux 6.15 nobody may know
	[ "$(state long ExitCode)" = "$code" ]
}

@test "stop of one whose end is being settled just now, when the runtime's record of it is half gone" {
	id=$(tare run -d --name going box sleep 1000)
	python3 - "$TARE_RUN_ROOT/oci/$id" "$BATS_TEST_TMPDIR/ready" <<- 'EOF' &
		import fcntl, os, sys, time
		fd = os.open(sys.argv[1], os.O_RDONLY)
		fcntl.flock(fd, fcntl.LOCK_EX)
		os.unlink(sys.argv[1] + "/state.json")
		open(sys.argv[2], "w").close()
		time.sleep(1)
	EOF
	wait_until 5 test -e "$BATS_TEST_TMPDIR/ready"
	tare stop -t 0 going
	[ "$(state going Status)" = exited ]
	wait
}
