#!/usr/bin/env bats
# The engine of a plain user who has nothing but his own id (65534; no ranges in /etc/subuid).
bats_require_minimum_version 1.5.0

load ../lib/engine

setup()
{
	need_root # to become somebody else
	command -v setpriv > /dev/null || skip "needs setpriv"
	engine_setup
	PLAIN=$(mktemp -d /tmp/tare-plain-XXXXXX) # others may not enter the directories of bats
	cp "$TARE" "$(dirname "$TARE")"/tare-{mon,init} "$PLAIN"
	make_tree "$PLAIN/rootfs"
	chown -R 65534:65534 "$PLAIN"
}

teardown()
{
	local id
	[ -n "${PLAIN:-}" ] || return 0
	[ -z "${VAR:-}" ] || rm -rf "$VAR"
	for id in $(ls "$PLAIN/data/containers" 2> /dev/null); do
		plain rm -f "$id" > /dev/null
	done
	! pgrep -f "tare-mon.*$PLAIN"
	rm -rf --one-file-system "$PLAIN"
}

plain()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_DATA_HOME HOME="$PLAIN" TARE_ROOT="$PLAIN/data" \
		TARE_RUN_ROOT="$PLAIN/run" "$PLAIN/tare" "$@"
}

@test "run passes output and the exit status on" {
	run -0 plain run --rm --rootfs "$PLAIN/rootfs" sh -c 'id -u; hostname > /dev/null; ip link show lo'
	[ "${lines[0]}" = 0 ]
	[[ $output == *LOOPBACK* ]]
	run -5 plain run --rm --rootfs "$PLAIN/rootfs" sh -c 'exit 5'
	run -127 plain run --rm --rootfs "$PLAIN/rootfs" nowhere
}

@test "a detached one: ps, logs, exec, stop, start, rm" {
	plain run -d --name web --rootfs "$PLAIN/rootfs" sh -c 'echo hello; exec sleep 1000' > /dev/null
	[ "$(plain ps --format '{{.Names}} {{.State}}')" = "web running" ]
	wait_until 5 sh -c "grep -q hello $PLAIN/data/containers/*/log.json"
	[ "$(plain logs web)" = hello ]
	[ "$(plain exec web id -u)" = 0 ]
	run -9 plain exec web sh -c 'exit 9'
	plain stop -t 0 web
	plain start web
	[ "$(plain exec web echo again)" = again ]
	plain rm -f web
}

@test "a killed monitor: the next command takes the container over, and exec still gets in" {
	plain run -d --name orphan --rootfs "$PLAIN/rootfs" sleep 1000 > /dev/null
	wait_until 5 pgrep -f "tare-mon.*orphan.*$PLAIN" > /dev/null # `run` returns before the monitor has become small
	local monitor
	monitor=$(pgrep -f "tare-mon.*orphan.*$PLAIN")
	kill -KILL "$monitor"
	wait_until 5 sh -c "! kill -0 $monitor 2> /dev/null"
	[ "$(plain ps --format '{{.Names}}')" = orphan ]
	[ "$(plain exec orphan echo in)" = in ]
	plain rm -f orphan
}

@test "the image host: folders that belong to others can be read and not written" {
	run -0 plain run --rm host cat /etc/os-release
	[ "$output" = "$(cat /etc/os-release)" ]
	run plain run --rm host sh -c 'echo x > /etc/os-release'
	[ "$status" != 0 ]
}

@test "the image host: apply writes where the user may, and says where he may not" {
	# A folder without mounts in it, and not the one that the container's own layer lies in: the kernel refuses an
	# overlay over either.
	[ -d /home ] && [ "$(stat -c %u /home)" = 0 ] || skip "needs /home"
	VAR=$(mktemp -d /home/tare-plain-XXXXXX)
	chown 65534:65534 "$VAR"
	plain run --name try host sh -c "echo x > $VAR/new; chmod 640 $VAR/new; mkdir $VAR/d; echo y > /etc/tare-nope"
	run -0 plain diff try
	[ "$(grep -c . <<< "$output")" -lt 8 ] # folders in which nothing changed are not in it
	[[ "$output" == *"A $VAR/new"* && "$output" == *"A /etc/tare-nope"* ]]
	run -0 plain apply try "$VAR"
	[ "$output" = "Applied: 2 added, 0 changed, 0 deleted (2B)" ] || { echo "$output"; false; }
	[ "$(stat -c '%a %u:%g' "$VAR/new")" = "640 65534:65534" ]
	run -1 plain apply try /etc
	[[ "$output" == *"/etc/tare-nope: "*"Permission denied"* ]] || { echo "$output"; false; }
	[ ! -e /etc/tare-nope ]
	plain rm try
}

@test "a cgroup beside the caller's, where that is delegated" {
	local unified=/sys/fs/cgroup/unified name=tare-test-$$-delegated
	[ -e $unified/cgroup.procs ] || unified=/sys/fs/cgroup
	[ -e $unified/cgroup.controllers ] || skip "needs cgroup v2"
	mkdir -p "$unified/$name/session"
	chown -R 65534:65534 "$unified/$name"
	in_session() {
		echo "$BASHPID" > "$unified/$name/session/cgroup.procs"
		plain run --rm --cgroupns host --rootfs "$PLAIN/rootfs" grep ^0: /proc/self/cgroup
	}
	run in_session
	wait_until 5 rmdir "$unified/$name/session"
	rmdir "$unified/$name/tare" "$unified/$name" # else it had none: no such directory
	[[ $status = 0 && $output =~ ^0::/$name/tare/[0-9a-f]{64}$ ]]
}
