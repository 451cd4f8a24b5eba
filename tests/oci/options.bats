#!/usr/bin/env bats
# The command line itself: notations, messages, logs. Needs no privilege.

load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

@test "without a command there is an error that says where help is" {
	run tare
	[ "$status" = 1 ]
	[[ $output == *"please specify a command"*"--help"* ]]
}

@test "unknown commands get a hint" {
	run tare crate
	[ "$status" = 1 ]
	[[ $output == *'unknown command "crate" (did you mean create?)'* ]]
}

@test "every command has --help, with status 0" {
	for c in check create delete events exec features help kill list pause ps resume run spec start state update \
		version checkpoint restore mounts; do
		run tare $c --help
		[ "$status" = 0 ]
		[[ ${lines[0]} == "Usage: tare-oci [OPTION...] $c"* ]]
	done
}

@test "podman's probes for checkpoint and for lsm-mount-context" {
	run tare checkpoint --help
	[ "$status" = 0 ]
	run tare restore --lsm-mount-context
	[ "$status" != 0 ]
	[[ $output == *"flag needs an argument"* ]]
	[[ $output == *"requires an argument"* ]]
}

@test "version has the lines that engines read" {
	run tare --version
	[ "$status" = 0 ]
	[[ ${lines[0]} =~ ^"tare-oci version "[0-9]+\.[0-9]+ ]]
	[[ ${lines[1]} == "commit: "?* ]]
	[[ ${lines[2]} == "spec: 1.3.0" ]]
	run tare -v
	[ "$status" = 0 ]
	run tare version
	[[ ${lines[0]} == "tare-oci version "* ]]
}

@test "the name decides about prefix, version line and list header" {
	for name in runc crun; do
		ln -s "$TARE_OCI" "$BATS_TEST_TMPDIR/$name"
		run "$BATS_TEST_TMPDIR/$name" --version
		[[ ${lines[0]} == "$name version "* ]]
		run "$BATS_TEST_TMPDIR/$name" --root "$STATE" nonsense
		[[ $output == "$name: "* ]]
	done
	[[ $("$BATS_TEST_TMPDIR/crun" --version) == *"+SECCOMP"* ]]
	run "$BATS_TEST_TMPDIR/runc" --root "$STATE" list
	[[ $output =~ ^ID\ +PID\ +STATUS\ +BUNDLE\ +CREATED\ +OWNER$ ]]
	run "$BATS_TEST_TMPDIR/crun" --root "$STATE" list
	[[ $output =~ ^NAME\ +PID\ +STATUS\ +BUNDLE\ PATH\ +CREATED\ +OWNER$ ]]
	run "$BATS_TEST_TMPDIR/runc" --root "$STATE" exec nosuch true
	[ "$status" = 255 ]
	run "$BATS_TEST_TMPDIR/crun" --root "$STATE" exec nosuch true
	[ "$status" = 1 ]
}

@test "unknown flags name the flag and the nearest one" {
	run tare create --bundel x id
	[ "$status" = 1 ]
	[[ $output == *"flag provided but not defined: --bundel (did you mean --bundle?)"* ]]
	run tare state --root /x id
	[[ $output == *"--root is a global option"* ]]
}

@test "operands are counted" {
	run tare create
	[ "$status" = 1 ]
	[[ $output == *'"create" requires exactly 1 argument(s)'* ]]
	run tare kill
	[[ $output == *'"kill" requires a minimum of 1 argument(s)'* ]]
	run tare kill a b c
	[[ $output == *'"kill" requires a maximum of 2 argument(s)'* ]]
}

@test "a failure with --log-format json writes exactly one object and the message to stderr" {
	run tare --log "$BATS_TEST_TMPDIR/log" --log-format json state nosuch
	[ "$status" = 1 ]
	[[ $output == *"container does not exist"* ]]
	[ "$(json "['level']" < "$BATS_TEST_TMPDIR/log")" = error ]
	[[ $(json "['msg']" < "$BATS_TEST_TMPDIR/log") == *"container does not exist"* ]]
	[[ $(json "['time']" < "$BATS_TEST_TMPDIR/log") =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$ ]]
}

@test "usage errors are logged too, one-dash options and = are taken" {
	run tare -log="$BATS_TEST_TMPDIR/log" -log-format=json delete -forc x
	[ "$status" = 1 ]
	[[ $(json "['msg']" < "$BATS_TEST_TMPDIR/log") == *"-forc"* ]]
}

@test "json without --log goes to stderr and is all of it" {
	run tare --log-format json state nosuch
	[ "${#lines[@]}" = 1 ]
	[ "$(json "['level']" <<< "$output")" = error ]
}

@test "--log takes file: and text" {
	run tare --log "file:$BATS_TEST_TMPDIR/log" state nosuch
	[ "$status" = 1 ]
	[[ $(cat "$BATS_TEST_TMPDIR/log") == *'level=error msg="'*'container does not exist"' ]]
	run tare --log /nonexistent/log state nosuch
	[ "$status" = 1 ]
	[[ $output == *"--log"*"/nonexistent/log"* ]]
}

@test "journald and syslog that are not there are named" {
	[ -S /dev/log ] && skip "this machine has a syslog"
	run tare --log syslog:test state nosuch
	[ "$status" = 1 ]
	[[ $output == *"/dev/log"* ]]
}

@test "journald gets fields" {
	need_root
	cat > "$BATS_TEST_TMPDIR/listen.py" <<'PYTHON'
import os, socket, subprocess, sys
os.makedirs("/run/systemd/journal")
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/systemd/journal/socket")
subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL)
s.settimeout(10)
print(s.recv(65536).decode())
PYTHON
	run unshare -m bash -c 'mount -t tmpfs none /run && python3 "$1" "$2" --root /run/x --log journald:web state nosuch' \
		- "$BATS_TEST_TMPDIR/listen.py" "$TARE_OCI"
	[ "$status" = 0 ]
	[ "${lines[0]}" = PRIORITY=3 ]
	[ "${lines[1]}" = SYSLOG_IDENTIFIER=web ]
	[[ ${lines[2]} == "MESSAGE="*"container does not exist" ]]
}

@test "values of global options are checked" {
	run tare --log-format xml list
	[[ $output == *'invalid value "xml" for --log-format: use one of text json'* ]]
	run tare --cgroup-manager foo list
	[[ $output == *"cgroupfs systemd disabled"* ]]
	run tare --rootless maybe list
	[[ $output == *"true, false or auto"* ]]
	for v in true false auto; do
		run tare --rootless=$v list
		[ "$status" = 0 ]
	done
	run "$TARE_OCI" --root / list
	[ "$status" = 1 ]
}

@test "control bytes of an argument do not reach the terminal" {
	run tare $'\e[2J'
	[ "$status" = 1 ]
	[[ $output != *$'\e'* ]]
}

@test "closed standard streams are no problem" {
	run bash -c '"$TARE_OCI" --root "$STATE" state nosuch <&- >&- 2>&-'
	[ "$status" = 1 ]
}

@test "man pages and completions are current" {
	"$TOP/tools/gen-docs" "$TARE_OCI" --check
}

@test "a sysctl may name the host, unless /hostname says something else" {
	make_bundle hostname
	config "c['linux']['sysctl'] = {'kernel.hostname': 'by-sysctl'}; c.pop('hostname', None)"
	[ "$(tare run --bundle "$BUNDLE" a)" = by-sysctl ]
	config "c['hostname'] = 'by-sysctl'"
	[ "$(tare run --bundle "$BUNDLE" a)" = by-sysctl ]
	config "c['hostname'] = 'other'"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *'kernel.hostname is "by-sysctl", but /hostname is "other"'* ]]
}

@test "NOTIFY_SOCKET to which nobody listens: the container has a socket, and the start does not wait" {
	make_bundle sh -c 'test -S "$NOTIFY_SOCKET" && echo there'
	export NOTIFY_SOCKET=$BATS_TEST_TMPDIR/nobody
	[ "$(timeout 20 "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" a)" = there ]
	timeout 20 "$TARE_OCI" --root "$STATE" run --detach --bundle "$BUNDLE" b > "$BATS_TEST_TMPDIR/out"
}

@test "an id with a dot in front: taken, but not under the name crun" {
	make_bundle true
	tare run --bundle "$BUNDLE" .a
	ln -s "$TARE_OCI" "$BATS_TEST_TMPDIR/crun"
	for command in create run; do
		run "$BATS_TEST_TMPDIR/crun" --root "$STATE" $command --bundle "$BUNDLE" .a
		[ "$status" != 0 ]
		[[ $output == *"invalid container ID format"* ]]
	done
}
