#!/usr/bin/env bats
# create, start, run, state, kill, delete.

load ../lib/oci

setup() { oci_setup; need_root; }
teardown() { oci_teardown; }

@test "run ends with the program's status and leaves nothing" {
	make_bundle sh -c 'exit 3'
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 3 ]
	run tare state a
	[ "$status" = 1 ]
	[[ $output == *"container does not exist"* ]]
}

@test "run ends with 128 + signal" {
	make_bundle sh -c 'kill -TERM $$'
	config "c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid']"
	run tare run -b "$BUNDLE" a
	[ "$status" = 143 ]
}

@test "run hands through standard streams" {
	make_bundle sh -c 'cat; echo to-stderr >&2'
	out=$(echo from-stdin | tare run -b "$BUNDLE" a 2>"$BATS_TEST_TMPDIR/err")
	[ "$out" = from-stdin ]
	[ "$(cat "$BATS_TEST_TMPDIR/err")" = to-stderr ]
}

@test "the bundle is the working directory by default" {
	make_bundle echo here
	cd "$BUNDLE"
	[ "$(tare run a)" = here ]
}

@test "create, start, state, kill, delete" {
	start_sleeper a
	pid=$(cat "$BATS_TEST_TMPDIR/pid")
	[ "$(wc -l < "$BATS_TEST_TMPDIR/pid")" = 0 ]
	[ "$(status_of a)" = running ]
	[ "$(tare state a | json "['pid']")" = "$pid" ]
	[ "$(tare state a | json "['bundle']")" = "$BUNDLE" ]
	[ "$(tare state a | json "['rootfs']")" = "$BUNDLE/rootfs" ]
	[ "$(tare state a | json "['id']")" = a ]
	[[ $(tare state a | json "['ociVersion']") == 1.* ]]
	[[ $(tare state a | json "['created']") =~ ^[0-9-]+T[0-9:.]+Z$ ]]
	[ "$(tare state a | json "['owner']")" = root ]
	run tare delete a
	[ "$status" = 1 ]
	[[ $output == *"cannot delete container a that is not stopped: running"* ]]
	tare kill a KILL
	wait_gone "$pid"
	[ "$(status_of a)" = stopped ]
	[ "$(tare state a | json "['pid']")" = 0 ]
	run tare kill a
	[ "$status" = 1 ]
	[[ $output == *"container not running"* ]]
	tare delete a
	run tare delete a
	[ "$status" = 1 ]
	[[ $output == *"container does not exist"* ]]
}

@test "a created container waits; delete leaves it alone, delete --force and kill end it" {
	make_bundle sh -c 'echo started'
	tare create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" a > "$BATS_TEST_TMPDIR/out"
	[ "$(status_of a)" = created ]
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	run tare delete a
	[ "$status" = 1 ]
	[[ $output == *"cannot delete container a that is not stopped: created"*"--force"* ]]
	[ "$(status_of a)" = created ]
	tare delete --force a
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
	tare create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" a > "$BATS_TEST_TMPDIR/out"
	tare kill a KILL
	wait_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	tare delete a
	[ ! -s "$BATS_TEST_TMPDIR/out" ]
}

@test "running is what has executed its program, not what is about to" {
	make_bundle sleep 1000
	mkfifo "$BUNDLE/rootfs/tmp/reached" "$BUNDLE/rootfs/tmp/go"
	config "c['hooks'] = {'startContainer': [{'path': '/bin/sh', 'args':
    ['sh', '-c', 'echo > /tmp/reached; cat /tmp/go']}]}"
	tare create --bundle "$BUNDLE" a > /dev/null
	for how in start run; do
		if [ $how = start ]; then tare start a & else tare run --detach --bundle "$BUNDLE" a > /dev/null & fi
		cat "$BUNDLE/rootfs/tmp/reached"
		if [ $how = start ]; then
			[ "$(status_of a)" = created ]
		else
			run tare state a
			[ "$status" = 1 ]
			[[ $output == *"container a is being created"* ]]
		fi
		echo > "$BUNDLE/rootfs/tmp/go"
		wait $!
		[ "$(status_of a)" = running ]
		tare delete --force a
	done
}

@test "start is possible once" {
	start_sleeper a
	run tare start a
	[ "$status" = 1 ]
	[[ $output == *"cannot start an already running container"* ]]
	run tare start nosuch
	[[ $output == *"container does not exist"* ]]
}

@test "an id is taken once, and the first owner keeps it" {
	start_sleeper a
	run tare create --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[[ $output == *"container with given ID already exists"* ]]
	[ "$(status_of a)" = running ]
}

@test "bad ids are refused" {
	make_bundle
	for id in . .. a/b 'a b' $'a\nb' "$(printf 'x%.0s' $(seq 256))" ''; do
		run tare create --bundle "$BUNDLE" "$id"
		[ "$status" = 1 ]
		[[ $output == *"invalid container ID format"* ]]
	done
}

@test "delete --force of a process that somebody froze in a cgroup of his own" {
	[ -d /sys/fs/cgroup/freezer ] || skip "no v1 freezer here"
	start_sleeper a
	mkdir "/sys/fs/cgroup/freezer/$MARK-foreign"
	cat "$BATS_TEST_TMPDIR/pid" > "/sys/fs/cgroup/freezer/$MARK-foreign/cgroup.procs"
	echo FROZEN > "/sys/fs/cgroup/freezer/$MARK-foreign/freezer.state"
	run timeout 30 "$TARE_OCI" --root "$STATE" delete --force a
	echo "$output"
	echo THAWED > "/sys/fs/cgroup/freezer/$MARK-foreign/freezer.state"
	rmdir "/sys/fs/cgroup/freezer/$MARK-foreign"
	[ "$status" = 0 ]
}

@test "delete --force: running, absent, half-made" {
	start_sleeper a
	tare delete --force a
	tare delete --force a
	mkdir "$STATE/half"
	tare delete -f half
	[ ! -e "$STATE/half" ]
	run tare delete nosuch
	[ "$status" = 1 ]
}

@test "delete and kill by regular expression" {
	make_bundle sleep 1000
	config "del c['linux']['cgroupsPath']"
	for id in one two other; do
		tare create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/$id" $id
		tare start $id
	done
	tare kill --regex '^(one|two)$' KILL
	wait_gone "$(cat "$BATS_TEST_TMPDIR/one")"
	wait_gone "$(cat "$BATS_TEST_TMPDIR/two")"
	[ "$(status_of other)" = running ]
	tare delete -r '^(one|two)$'
	[ "$(tare list -q)" = other ]
	run tare kill --regex '(' KILL
	[ "$status" = 1 ]
	[[ $output == *"invalid regular expression"* ]]
}

@test "kill takes numbers and names in every spelling" {
	make_bundle sh -c 'for s in USR1 USR2 HUP 37; do trap "echo got $s" $s; done; echo ready; while :; do sleep 0.1; done'
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	tare create --bundle "$BUNDLE" a > "$BATS_TEST_TMPDIR/pipe" &
	exec 7< "$BATS_TEST_TMPDIR/pipe"
	wait $!
	tare start a
	read -r -t 20 line <&7
	[ "$line" = ready ]
	for s in USR1 SIGUSR1 sigusr1 usr1 10; do
		tare kill a "$s"
		read -r -t 20 line <&7
		[ "$line" = "got USR1" ]
	done
	tare kill a RTMIN+3
	read -r -t 20 line <&7
	[ "$line" = "got 37" ]
	run tare kill a NOSUCH
	[ "$status" = 1 ]
	[[ $output == *'unknown signal "NOSUCH"'* ]]
	run tare kill a 4096
	[ "$status" = 1 ]
	exec 7<&-
}

@test "kill --all of a stopped container is no error" {
	start_sleeper a
	tare kill a KILL
	wait_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	tare kill --all a KILL
}

@test "run --detach returns, --keep keeps" {
	make_bundle sleep 1000
	tare run --detach --pid-file "$BATS_TEST_TMPDIR/pid" --bundle "$BUNDLE" a > /dev/null
	[ "$(status_of a)" = running ]
	tare delete -f a
	program true
	tare run --keep --bundle "$BUNDLE" a
	[ "$(status_of a)" = stopped ]
	tare delete a
}

@test "run passes on the signals it gets" {
	make_bundle sh -c 'trap "exit 7" TERM; echo ready; while :; do sleep 0.1; done'
	mkfifo "$BATS_TEST_TMPDIR/pipe"
	"$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" a > "$BATS_TEST_TMPDIR/pipe" &
	runtime=$!
	exec 7< "$BATS_TEST_TMPDIR/pipe"
	read -r -t 20 line <&7
	[ "$line" = ready ]
	kill -TERM $runtime
	code=0
	wait $runtime || code=$?
	[ "$code" = 7 ]
	exec 7<&-
}

@test "a missing program is told in the words callers know, and nothing stays" {
	make_bundle nosuchprogram
	run tare create --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[[ $output == *'exec: "nosuchprogram": executable file not found in $PATH'* ]]
	program /nosuch/program
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[[ $output == *'/nosuch/program'*"no such file or directory"* ]]
	program /etc/passwd
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[[ $output == *"permission denied"* ]]
	[ -z "$(tare list -q)" ]
}

@test "a wrong configuration names the place, in stderr and in one log object" {
	make_bundle
	config "c['hostname'] = 'x' * 70"
	run tare --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[[ $output == *"/hostname"* ]]
	[[ $(json "['msg']" < "$BATS_TEST_TMPDIR/log") == *"/hostname"* ]]
	[ ! -e "$STATE/a" ]
}

@test "a warning does not make a second log object" {
	make_bundle nosuchprogram
	config "c['process']['capabilities']['bounding'].append('CAP_NOSUCH')"
	run tare --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[ "$(json "['level']" < "$BATS_TEST_TMPDIR/log")" = error ]
	program true
	run tare --log "$BATS_TEST_TMPDIR/log2" --log-format json run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[[ $(json "['msg']" < "$BATS_TEST_TMPDIR/log2") == *CAP_NOSUCH* ]]
}

@test "what is missing on the host is not mistaken for a missing program" {
	make_bundle
	config "c['mounts'].append({'destination': '/x', 'source': '/nonexistent/x', 'type': 'bind', 'options': ['rbind']})"
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 1 ]
	[[ $output == *"/nonexistent/x"* ]]
	[[ ${output,,} != *"no such file or directory"* ]]
	run tare create --bundle /nonexistent a
	[ "$status" = 1 ]
	[[ $output == *"/nonexistent"* ]]
}

@test "--config names another configuration" {
	make_bundle echo usual
	cp "$BUNDLE/config.json" "$BUNDLE/other.json"
	program echo unusual
	[ "$(tare run --bundle "$BUNDLE" --config "$BUNDLE/other.json" a)" = usual ]
	[ "$(tare run --bundle "$BUNDLE" a)" = unusual ]
}

@test "preserve-fds and LISTEN_FDS" {
	make_bundle sh -c 'ls /proc/self/fd; cat <&3; echo "LISTEN_FDS=$LISTEN_FDS"'
	echo three > "$BATS_TEST_TMPDIR/three"
	run tare run --preserve-fds 1 --bundle "$BUNDLE" a 3< "$BATS_TEST_TMPDIR/three" 4< /etc/passwd
	[ "$status" = 0 ]
	[[ $output == *three* ]]
	export LISTEN_FDS=1
	run tare run --bundle "$BUNDLE" a 3< "$BATS_TEST_TMPDIR/three"
	[[ $output == *three* && $output == *"LISTEN_FDS=1"* ]]
}

@test "the container gets only the standard streams" {
	make_bundle sh -c 'cd /proc/self/fd; echo *'
	run tare run --bundle "$BUNDLE" a 9< /etc 63< / 200< /proc
	[ "$status" = 0 ]
	[ "$(tr -d '\n' <<< "${output}" | sed 's/ *$//')" = "0 1 2" ] || [[ $output == "0 1 2 "? ]]
}

@test "the words of go-runc's and conmon's command lines" {
	make_bundle sleep 1000
	"$TARE_OCI" --root "$STATE" --log "$BATS_TEST_TMPDIR/log" --log-format json create --bundle "$BUNDLE" \
		--pid-file "$BATS_TEST_TMPDIR/pid" a
	tare start a
	tare kill --all a 9
	wait_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	tare delete a
	[ ! -s "$BATS_TEST_TMPDIR/log" ]
	"$TARE_OCI" --rootless=false --root="$STATE" run -no-subreaper -detach -bundle "$BUNDLE" \
		--no-new-keyring --no-pivot=false a
	tare delete --force a
}

@test "--trace writes phases with times and system calls" {
	make_bundle
	tare --trace "$BATS_TEST_TMPDIR/t" run --bundle "$BUNDLE" a
	[ "$(json "['command']" < "$BATS_TEST_TMPDIR/t")" = run ]
	[ "$(json "['status']" < "$BATS_TEST_TMPDIR/t")" = 0 ]
	python3 - "$BATS_TEST_TMPDIR/t" <<'PYTHON'
import json, sys
t = json.load(open(sys.argv[1]))
names = [p["name"] for p in t["phases"]]
assert "read config.json" in names and "spawn" in names and "delete" in names, names
assert sum(p["us"] for p in t["phases"]) <= t["us"]
if t["syscalls"] is None:
    assert t["not_counted"]
else:
    assert 20 < t["syscalls"] < 1000 and t["children_syscalls"] > 20
    assert abs(sum(p["syscalls"] for p in t["phases"]) - t["syscalls"]) <= len(names)
PYTHON
	run tare --trace /nonexistent/t list
	[ "$status" = 1 ]
	[[ $output == *"--trace"* ]]
}

@test "a program named relative to the working directory may lie above it" {
	make_bundle ../bin/echo found
	config "c['process']['cwd'] = '/tmp'"
	run tare run -b "$BUNDLE" a
	[ "$status" = 0 ]
	[ "$output" = found ]
}
