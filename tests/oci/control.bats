#!/usr/bin/env bats
# list, ps, pause, resume, update, events, mounts: looking at a running container and changing it.

load ../lib/oci

setup() { oci_setup; need_root; }
teardown() { oci_teardown; }

cgroup_file()
{
	local f
	for f in "/sys/fs/cgroup/$MARK/$2" "/sys/fs/cgroup/unified/$MARK/$2" "/sys/fs/cgroup/$1/$MARK/$3"; do
		[ -e "$f" ] && cat "$f" && return
	done
	return 1
}

@test "list: null, then table, json and ids" {
	[ "$(tare list --format json)" = null ]
	start_sleeper a
	run tare list
	[[ ${lines[0]} =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	[[ ${lines[1]} =~ ^a\ +[0-9]+\ +running\ +"$BUNDLE"\ +[0-9T:.Z-]+\ +root$ ]]
	[ "$(tare list -f json | json "[0]['id']")" = a ]
	[ "$(tare list -f json | json "[0]['status']")" = running ]
	[ "$(tare list -q)" = a ]
}

@test "ps: json and a table of ps" {
	start_sleeper a
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	[ "$(tare ps --format json a)" = "[$pid]" ]
	run tare ps a
	[[ ${lines[0]} == *PID* ]]
	[[ ${lines[1]} == *" $pid "*"sleep 1000"* ]]
	[ "${#lines[@]}" = 2 ]
	run tare ps a -o pid,comm
	[[ ${lines[1]} =~ ^\ *"$pid sleep" ]]
	run tare ps a -o comm
	[ "$status" = 1 ]
	[[ $output == *"PID"* ]]
	ln -s "$TARE_OCI" "$BATS_TEST_TMPDIR/crun"
	[ "$("$BATS_TEST_TMPDIR/crun" --root "$STATE" ps a)" = $'PID\n'"$pid" ]
}

@test "pause and resume" {
	start_sleeper a
	tare pause a
	[ "$(status_of a)" = paused ]
	tare resume a
	[ "$(status_of a)" = running ]
	run tare resume a
	[ "$status" = 1 ]
	[[ $output == *"container not paused"* ]]
}

@test "KILL ends a paused container, delete --force too" {
	start_sleeper a
	tare pause a
	tare kill a KILL
	wait_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	tare delete a
	start_sleeper a
	tare pause a
	tare delete -f a
}

@test "update by options and by document" {
	start_sleeper a
	cgroup_file pids pids.max pids.max > /dev/null || skip "no pids controller"
	tare update --pids-limit 77 a
	[ "$(cgroup_file pids pids.max pids.max)" = 77 ]
	echo '{"pids": {"limit": 78}}' | tare update --resources=- a
	[ "$(cgroup_file pids pids.max pids.max)" = 78 ]
	echo '{"pids": {"limit": 79}}' > "$BATS_TEST_TMPDIR/r"
	tare update -r "$BATS_TEST_TMPDIR/r" a
	[ "$(cgroup_file pids pids.max pids.max)" = 79 ]
	cgroup_file memory memory.max memory.limit_in_bytes > /dev/null || skip "no memory controller"
	tare update --memory 64m --memory-swap -1 a
	[ "$(cgroup_file memory memory.max memory.limit_in_bytes)" = $((64 << 20)) ]
}

@test "update: kernel memory is accepted and ignored, with a word" {
	start_sleeper a
	run tare update --kernel-memory 16m --pids-limit 50 a
	[ "$status" = 0 ]
	[[ $output == *"kernel memory"* ]]
}

@test "update refuses what is no value" {
	start_sleeper a
	run tare update --memory many a
	[ "$status" = 1 ]
	[[ $output == *'invalid value for memory: "many"'* ]]
	run tare update --cpu-quota 1.5 a
	[ "$status" = 1 ]
	run tare update --cpu-period -3 a
	[ "$status" = 1 ]
	echo '{"pids": 5}' > "$BATS_TEST_TMPDIR/r"
	run tare update -r "$BATS_TEST_TMPDIR/r" a
	[ "$status" = 1 ]
	[[ $output == *"pids"* ]]
	run tare update -r /nonexistent a
	[ "$status" = 1 ]
}

@test "events --stats is one object" {
	start_sleeper a
	tare events --stats a > "$BATS_TEST_TMPDIR/e"
	[ "$(wc -l < "$BATS_TEST_TMPDIR/e")" = 1 ]
	[ "$(json "['type']" < "$BATS_TEST_TMPDIR/e")" = stats ]
	[ "$(json "['id']" < "$BATS_TEST_TMPDIR/e")" = a ]
	[ "$(json "['data']['pids']['current']" < "$BATS_TEST_TMPDIR/e")" = 1 ]
	json "['data']['cpu']['usage']['total']" < "$BATS_TEST_TMPDIR/e"
	run tare events --interval 0s a
	[ "$status" = 1 ]
	run tare events --interval soon a
	[[ $output == *"--interval"*"such as"* ]]
	run tare events nosuch
	[[ $output == *"container does not exist"* ]]
}

@test "a process killed for want of memory is an event" {
	[ -d /sys/fs/cgroup/memory ] || grep -qw memory /sys/fs/cgroup/cgroup.controllers || skip "no memory controller here"
	make_bundle sleep 1000
	config "c['linux']['resources'] = dict(memory=dict(limit=20 << 20, swap=20 << 20))"
	tare create --bundle "$BUNDLE" a
	tare start a
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	"$TARE_OCI" --root "$STATE" events --interval 50ms a > "$BATS_TEST_TMPDIR/pipe" &
	exec 5< "$BATS_TEST_TMPDIR/pipe"
	read -r -t 20 line <&5 # it watches
	run tare exec a dd if=/dev/zero of=/dev/null bs=64M count=1
	echo "$output"
	[ "$status" = 137 ]
	while read -r -t 20 line <&5 && [[ $line != *'"oom"'* ]]; do :; done
	echo "$line"
	exec 5<&-
	[ "$line" = '{"type":"oom","id":"a"}' ]
	[ "$(status_of a)" = running ]
}

@test "events go on until the container ends" {
	start_sleeper a
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	"$TARE_OCI" --root "$STATE" events --interval 50ms a > "$BATS_TEST_TMPDIR/pipe" &
	events=$!
	exec 7< "$BATS_TEST_TMPDIR/pipe"
	read -r -t 20 line <&7
	read -r -t 20 line <&7
	[ "$(json "['type']" <<< "$line")" = stats ]
	tare kill a KILL
	cat <&7 > /dev/null
	wait $events
	exec 7<&-
}

@test "mounts add and remove" {
	start_sleeper a
	mkdir "$BATS_TEST_TMPDIR/src"
	echo content > "$BATS_TEST_TMPDIR/src/file"
	echo "[{\"destination\": \"/data\", \"source\": \"$BATS_TEST_TMPDIR/src\", \"type\": \"bind\", \"options\": [\"bind\", \"ro\"]}]" \
		> "$BATS_TEST_TMPDIR/m.json"
	tare mounts add a "$BATS_TEST_TMPDIR/m.json"
	[ "$(tare exec a cat /data/file)" = content ]
	run tare exec a touch /data/new
	[ "$status" != 0 ]
	tare mounts remove a "$BATS_TEST_TMPDIR/m.json"
	run tare exec a cat /data/file
	[ "$status" != 0 ]
	run tare mounts change a "$BATS_TEST_TMPDIR/m.json"
	[ "$status" = 1 ]
	[[ $output == *"use add or remove"* ]]
}
