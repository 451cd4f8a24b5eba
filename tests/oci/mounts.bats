#!/usr/bin/env bats
# Mount options, id maps, masks and the other kernel areas, seen from inside a container.

load ../lib/oci

setup() { oci_setup; }
teardown() { oci_teardown; }

# add_mount DESTINATION TYPE SOURCE OPTION…
add_mount()
{
	config "c['mounts'].append({'destination': '$1', 'type': '$2', 'source': '$3',
'options': $(shift 3; python3 -c 'import json, sys; print(json.dumps(sys.argv[1:]))' "$@")})"
}

# What the container prints when it runs this script.
inside()
{
	program sh -c "$1"
	run tare run --bundle "$BUNDLE" "$MARK"
}

@test "the options of a mount are those of its mount" {
	need_root
	make_bundle
	add_mount /m tmpfs tmpfs ro nosuid,nodev noexec noatime nosymfollow size=64k
	inside 'grep " /m " /proc/self/mountinfo; touch /m/x'
	[[ $output == *" /m ro,nosuid,nodev,noexec,noatime,nosymfollow"*"size=64k"* ]]
	[[ $output == *"Read-only file system"* ]]
}

@test "the last of contradicting options wins" {
	need_root
	make_bundle
	add_mount /m tmpfs tmpfs ro rw noexec exec
	inside 'touch /m/x && cp /bin/busybox /m/box 2>/dev/null || cat /bin/busybox > /m/box; grep " /m " /proc/self/mountinfo'
	[[ $output == *" /m rw,relatime"* ]]
}

@test "rro reaches the mounts below, ro does not" {
	need_root
	make_bundle
	mkdir -p "$BATS_TEST_TMPDIR/tree"
	cat > "$BATS_TEST_TMPDIR/go" <<-'SH'
		mount --make-rprivate /
		mount -t tmpfs top "$1/tree"
		mkdir "$1/tree/below"
		mount -t tmpfs below "$1/tree/below"
		shift
		exec "$@"
	SH
	add_mount /plain bind "$BATS_TEST_TMPDIR/tree" rbind ro
	add_mount /all bind "$BATS_TEST_TMPDIR/tree" rbind rro
	program sh -c 'touch /plain/x; touch /plain/below/x && echo below-is-writable; touch /all/below/y'
	run unshare -m sh "$BATS_TEST_TMPDIR/go" "$BATS_TEST_TMPDIR" "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" "$MARK"
	[[ $output == *"/plain/x: Read-only"* ]]
	[[ $output == *below-is-writable* ]]
	[[ $output == *"/all/below/y: Read-only"* ]]
}

@test "an option that a bind mount does not know is named" {
	need_root
	make_bundle
	add_mount /m bind /etc bind siize=3
	inside true
	[ "$status" != 0 ]
	[[ $output == *siize* ]]
}

@test "mountinfo lists the mounts in the order of config.json" {
	make_bundle cat /proc/self/mountinfo
	mkdir -p "$BATS_TEST_TMPDIR/one/deep" "$BATS_TEST_TMPDIR/two"
	config "m = c['mounts']
m.insert(0, dict(destination='/tmp', type='tmpfs', source='tmpfs'))
m.append(dict(destination='/tmp/one', type='bind', source='$BATS_TEST_TMPDIR/one', options=['bind']))
m.append(dict(destination='/tmp/two', type='bind', source='$BATS_TEST_TMPDIR/two', options=['rbind']))
m.append(dict(destination='/tmp/two/three', type='tmpfs', source='tmpfs'))
m.append(dict(destination='/tmp/two/three/four', type='bind', source='$BATS_TEST_TMPDIR/one', options=['bind']))"
	for hooks in '{}' '{"createRuntime": [{"path": "/bin/true"}]}'; do # two ways to a mount namespace
		config "c['hooks'] = $hooks"
		out=$(tare run --bundle "$BUNDLE" a | awk '{ print $5 }' | grep -E '^/(proc|tmp.*)$' | tr '\n' ' ')
		echo "$out"
		[ "$out" = "/tmp /proc /tmp/one /tmp/two /tmp/two/three /tmp/two/three/four " ]
	done
}

@test "a filesystem listed twice for one place is mounted twice" {
	make_bundle grep -c ' /dev/mqueue ' /proc/self/mountinfo
	config "c['mounts'].append(next(dict(m) for m in c['mounts'] if m['type'] == 'mqueue'))"
	[ "$(tare run --bundle "$BUNDLE" a)" = 2 ]
}

@test "a word that is no option of a cgroup mount is refused" {
	make_bundle true
	config "next(m for m in c['mounts'] if m['type'].startswith('cgroup'))['options'].append('no_such_option')"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *"/mounts/"*no_such_option* ]]
}

@test "tmpcopyup brings what the image has there" {
	need_root
	make_bundle
	mkdir -p "$BUNDLE/rootfs/data/sub"
	echo from-the-image > "$BUNDLE/rootfs/data/sub/file"
	chmod 604 "$BUNDLE/rootfs/data/sub/file"
	chown 5:6 "$BUNDLE/rootfs/data/sub/file"
	ln -s sub/file "$BUNDLE/rootfs/data/link"
	add_mount /data tmpfs tmpfs tmpcopyup
	inside 'cat /data/link; ls -ln /data/sub/file; echo changed > /data/sub/new; grep " /data " /proc/mounts'
	[[ ${lines[0]} == from-the-image ]]
	[[ ${lines[1]} == "-rw----r--"*" 5 "*" 6 "* ]]
	[[ ${lines[2]} == "tmpfs /data tmpfs"* ]]
	[ ! -e "$BUNDLE/rootfs/data/sub/new" ]
}

@test "idmap shows owners through the map of the option" {
	need_root
	make_bundle
	mkdir "$BATS_TEST_TMPDIR/files"
	touch "$BATS_TEST_TMPDIR/files/a"
	chown 7:8 "$BATS_TEST_TMPDIR/files/a"
	add_mount /m bind "$BATS_TEST_TMPDIR/files" bind "idmap=uids=0-1000-100;gids=0-2000-100"
	inside 'ls -ln /m/a'
	if [[ $output == *"cannot be idmapped"* ]]; then skip "the file system of the tests cannot be idmapped"; fi
	[[ $output == *" 1007 "*" 2008 "* ]]
}

@test "id maps of a mount are checked" {
	need_root
	make_bundle
	add_mount /m bind /etc bind "idmap=uids=0-1"
	inside true
	[ "$status" != 0 ]
	[[ $output == *"idmap=uids=0-1"*"range 1"* ]]
}

@test "propagation words are applied" {
	need_root
	make_bundle
	add_mount /shared bind "$BATS_TEST_TMPDIR" rbind rshared
	add_mount /private bind "$BATS_TEST_TMPDIR" rbind rprivate
	inside 'grep -E " /(shared|private) " /proc/self/mountinfo'
	[[ $(grep ' /shared ' <<<"$output") == *" shared:"* ]]
	[[ $(grep ' /private ' <<<"$output") != *" shared:"* ]]
}

@test "root cannot change the host's null device through a mask" {
	need_root
	make_bundle
	config "c['linux']['maskedPaths'] = ['/proc/timer_list', '/proc/keys', '/etc/passwd']
c['process']['capabilities'] = {k: ['CAP_FOWNER', 'CAP_CHOWN', 'CAP_DAC_OVERRIDE'] for k in ('bounding', 'effective', 'permitted')}"
	ln -sf busybox "$BUNDLE/rootfs/bin/chmod"
	ln -sf busybox "$BUNDLE/rootfs/bin/chown"
	before=$(stat -c '%a %u %g %y' /dev/null)
	inside 'for f in /proc/timer_list /etc/passwd; do chmod 600 $f; chown 5:5 $f; touch $f; done; cat /etc/passwd'
	[ "$(stat -c '%a %u %g %y' /dev/null)" = "$before" ]
	[[ $output == *"Read-only file system"* ]]
	[[ $output != *root:x* ]]
}

@test "masks and read-only paths: files, directories, links, what is absent, outside of /proc and /sys" {
	need_root
	make_bundle
	mkdir -p "$BUNDLE/rootfs/secret/dir" "$BUNDLE/rootfs/keep"
	echo hidden | tee "$BUNDLE/rootfs/secret/dir/file" > "$BUNDLE/rootfs/secret/file"
	ln -s secret "$BUNDLE/rootfs/link"
	ln -s /etc/shadow "$BUNDLE/rootfs/out"
	config "c['linux']['maskedPaths'] = ['/proc/nosuch', '/proc/tty', '/proc/keys', '/proc/version', '/proc/filesystems', '/proc/sysvipc',
	'/sys/nosuch', '/sys/class/mem/null', '/sys/kernel', '/sys/power/state', '/proc/../secret/file', '/link/dir', '/out']
c['linux']['readonlyPaths'] = ['/proc/sys', '/proc/nosuch', '/keep', '/proc/sys/kernel']"
	inside 'for f in /proc/version /proc/filesystems /proc/keys /secret/file; do [ -z "$(cat $f)" ] || echo "$f shows"; done
		for d in /proc/tty /proc/sysvipc /sys/class/mem/null /sys/kernel /secret/dir; do [ -z "$(ls $d)" ] || echo "$d shows"; done
		touch /keep/x 2> /dev/null && echo /keep
		echo x 2> /dev/null > /proc/sys/kernel/hostname && echo /proc/sys
		ls /proc/version; echo end'
	[ "$output" = $'/proc/version\nend' ]
	[ -s /etc/shadow ]
}

@test "a sysctl is set also where /proc is read-only, or something is mounted in it" {
	need_root
	make_bundle
	config "[m for m in c['mounts'] if m['destination'] == '/proc'][0]['options'] = ['ro']
c['linux']['sysctl'] = {'net.ipv4.ip_forward': '1'}"
	inside 'cat /proc/sys/net/ipv4/ip_forward'
	[ "$output" = 1 ]
	config "c['mounts'].append({'destination': '/proc/sys/kernel/ns_last_pid', 'type': 'bind', 'source': '/dev/null', 'options': ['bind']})
c['linux']['sysctl'] = {'kernel.shm_rmid_forced': '1'}"
	inside 'cat /proc/sys/kernel/shm_rmid_forced'
	[ "$output" = 1 ]
}

@test "a namespace path of another kind is refused by name" {
	need_root
	make_bundle
	config "[n for n in c['linux']['namespaces'] if n['type'] == 'network'][0]['path'] = '/proc/self/ns/uts'"
	inside true
	[ "$status" != 0 ]
	[[ $output == *"/proc/self/ns/uts is a uts namespace"* ]]
}

@test "time offsets move the clocks of the container" {
	need_root
	[ -e /proc/self/timens_offsets ] || skip "no time namespaces"
	make_bundle
	config "c['linux']['namespaces'].append({'type': 'time'})
c['linux']['timeOffsets'] = {'boottime': {'secs': 8640000}}"
	inside 'cat /proc/uptime'
	[ "$status" = 0 ]
	[ "${output%%.*}" -gt 8640000 ]
}

@test "a network device moves in with its address and its new name" {
	need_root
	make_bundle
	ln -sf busybox "$BUNDLE/rootfs/bin/ip"
	config "c['linux']['netDevices'] = {'tare-mv0': {'name': 'eth%d'}}"
	program ip addr show
	# In a network namespace of its own: the host's devices are left alone.
	run unshare -n sh -c 'ip link add tare-mv0 type veth peer name tare-mv1 && ip addr add 10.77.0.2/24 dev tare-mv0 &&
		exec "$@"' sh "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" "$MARK"
	[ "$status" = 0 ]
	[[ $output == *eth0*"UP"*"inet 10.77.0.2/24"* ]]
}

@test "a network device that is not there is named" {
	need_root
	make_bundle
	config "c['linux']['netDevices'] = {'nosuch0': {}}"
	inside true
	[ "$status" != 0 ]
	[[ $output == *"network device nosuch0"* ]]
}

@test "a map with overlapping entries names both" {
	need_root
	make_bundle
	config "c['linux']['namespaces'].append({'type': 'user'})
c['linux']['uidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 10}, {'containerID': 5, 'hostID': 200000, 'size': 1}]
c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 100000, 'size': 10}]"
	inside true
	[ "$status" != 0 ]
	[[ $output == *uidMappings*overlap* ]]
}

@test "Intel RDT is an error only where it was asked for and is not there" {
	need_root
	[ ! -e /sys/fs/resctrl/schemata ] || skip "this machine has resctrl"
	make_bundle
	config "c['linux']['intelRdt'] = {'l3CacheSchema': 'L3:0=1'}"
	inside true
	[ "$status" != 0 ]
	[[ $output == *"/linux/intelRdt"*resctrl* ]]
}
