#!/usr/bin/env bats
# Containers of root in a user namespace.

load ../lib/oci

setup() { oci_setup; need_root; make_bundle true; }
teardown() { oci_teardown; }

with_userns() {
	config "c['linux']['namespaces'].append({'type': 'user'})"
}

@test "without maps, ids stay what they are" {
	with_userns
	program cat /proc/self/uid_map
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	read -r inside outside size <<< "$output"
	[ "$inside" = 0 ] && [ "$outside" = 0 ] && [ "$size" -gt 1000 ]
}

@test "a device that the host has no node of, with mode and owner" {
	with_userns
	config "c['linux']['uidMappings'] = c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 1000}]"
	config "c['linux']['devices'] = [{'path': '/dev/mine', 'type': 'c', 'major': 1, 'minor': 3, 'fileMode': 0o606, 'uid': 7, 'gid': 8}]"
	chown -R 100000:100000 "$BUNDLE/rootfs"
	# The container's root looks its root filesystem up by path.
	chmod a+x "$BUNDLE" "$BUNDLE/.." "$BUNDLE/../.." "$BUNDLE/../../.."
	program sh -c 'stat -c "%a %u %g %t:%T" /dev/mine; : > /dev/mine && echo written'
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[ "${lines[0]}" = "606 7 8 1:3" ]
	[ "${lines[1]}" = written ]
}

@test "devices bound from the host are nosuid and noexec" {
	with_userns
	config "c['linux']['devices'] = [{'path': '/dev/urandom', 'type': 'c', 'major': 1, 'minor': 9}]"
	program grep ' /dev/urandom ' /proc/self/mountinfo
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[[ $output == *nosuid*noexec* ]]
}

@test "the root is the first mount that mountinfo lists, /dev not before /proc" {
	[ "$(printf '%s\n' 6.15 "$(uname -r)" | sort -V | head -1)" = 6.15 ] || skip "detached mounts are copied since Linux 6.15"
	with_userns
	program sh -c 'while read -r _ _ _ _ at _; do case $at in / | /proc | /dev) echo $at ;; esac; done < /proc/self/mountinfo'
	run tare run --bundle "$BUNDLE" a
	[ "$output" = $'/\n/proc\n/dev' ]
}

@test "/dev is one mount, and its devices belong to the container's root" {
	[ "$(printf '%s\n' 6.3 "$(uname -r)" | sort -V | head -1)" = 6.3 ] || skip "idmapped tmpfs needs Linux 6.3"
	with_userns
	program sh -c 'stat -c "%n %a %u:%g %t:%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
		for link in fd stdin stdout stderr ptmx; do readlink /dev/$link; done
		grep -c " /dev/[nzfru]" /proc/self/mountinfo
		: > /dev/null && head -c 3 /dev/zero | wc -c && touch /dev/new && stat -c %u /dev/new'
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[ "$output" = "/dev/null 666 0:0 1:3
/dev/zero 666 0:0 1:5
/dev/full 666 0:0 1:7
/dev/random 666 0:0 1:8
/dev/urandom 666 0:0 1:9
/dev/tty 666 0:0 5:0
/proc/self/fd
/proc/self/fd/0
/proc/self/fd/1
/proc/self/fd/2
pts/ptmx
0
3
0" ]
}
