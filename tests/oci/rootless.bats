#!/usr/bin/env bats
# As a plain user, with nothing but a map of the own id.

load ../lib/oci

setup()
{
	oci_setup
	need_root # to become somebody else
	command -v setpriv > /dev/null || skip "needs setpriv"
	make_bundle sh -c 'echo uid=$(id -u); cat /proc/self/uid_map'
	XDG=$BATS_TEST_TMPDIR/xdg
	mkdir -m 700 "$XDG"
	mkdir -m 755 "$BATS_TEST_TMPDIR/bin"
	cp "$TARE_OCI" "$BATS_TEST_TMPDIR/bin/tare-oci"
	rm "$BUNDLE/config.json"
	chmod -R a+rX "$BATS_TEST_TMPDIR" "$(dirname "$BATS_TEST_TMPDIR")" "$(dirname "$(dirname "$BATS_TEST_TMPDIR")")"
	chown -R 65534:65534 "$BUNDLE" "$XDG"
	user spec --rootless --bundle "$BUNDLE"
	config "c['process']['terminal'] = False; c['root']['readonly'] = False
c['process']['env'].append('MARK=$MARK')"
	chown 65534:65534 "$BUNDLE/config.json"
}
teardown()
{
	if [ -d "$XDG" ]; then user delete -f a; fi
	oci_teardown
}

user()
{
	XDG_RUNTIME_DIR=$XDG setpriv --reuid 65534 --regid 65534 --clear-groups "$BATS_TEST_TMPDIR/bin/tare-oci" "$@"
}

@test "the state is kept in XDG_RUNTIME_DIR, with the sticky bit" {
	user list
	[ "$(stat -c %a "$XDG/tare-oci")" = 1700 ]
}

@test "run" {
	program sh -c 'id -u; cat /proc/self/uid_map; hostname'
	run user run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} =~ ^\ +0\ +65534\ +1$ ]]
	[ "${lines[2]}" = tare ]
}

@test "create, start, exec, kill, delete" {
	program sleep 1000
	user create --pid-file "$XDG/pid" --bundle "$BUNDLE" a
	user start a
	[ "$(user state a | json "['status']")" = running ]
	[ "$(user exec a id -u)" = 0 ]
	user kill a KILL
	wait_gone "$(cat "$XDG/pid")"
	user delete a
}

@test "exec and create when the process in between is slow" {
	command -v strace > /dev/null || skip "needs strace"
	is_sanitized && skip "a sanitizer does not run under strace"
	slow()
	{
		XDG_RUNTIME_DIR=$XDG setpriv --reuid 65534 --regid 65534 --clear-groups strace -qq -f -o /dev/null \
			-e trace=clone3 -e inject=clone3:delay_exit=200000 "$BATS_TEST_TMPDIR/bin/tare-oci" "$@"
	}
	program sleep 1000
	user create --bundle "$BUNDLE" a
	user start a
	[ "$(slow exec a id -u)" = 0 ]
	user delete -f a
	program id -u
	[ "$(slow run --bundle "$BUNDLE" a)" = 0 ]
}

@test "another user sees none of it" {
	program sleep 1000
	user run --detach --bundle "$BUNDLE" a < /dev/null > /dev/null 2>&1
	run setpriv --reuid 65533 --regid 65533 --clear-groups "$BATS_TEST_TMPDIR/bin/tare-oci" --root "$XDG/tare-oci" state a
	[ "$status" = 1 ]
	user delete -f a
}
