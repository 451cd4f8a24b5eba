#!/usr/bin/env bats
# SECURITY.md against the engine: what root inside a container and whoever made the image can do to the host, and what a
# command line gets that makes no sense. Sections 1, 2, 3 and 5 by their numbers.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	ROOT=$BATS_TEST_TMPDIR/rootfs
	HOST=$BATS_TEST_TMPDIR/host
	make_tree "$ROOT"
	mkdir "$HOST"
	echo host > "$HOST/secret"
}

teardown()
{
	engine_teardown
}

# A container of the tree, with limited time: nothing here may hang.
box()
{
	timeout 30 "$TARE" run --rm --rootfs "$ROOT" "$@"
}

# Refused: exit status 125 and one line on stderr that holds each of the words; nothing left behind.
refused()
{
	local words=() word
	while [ "$1" != -- ]; do words+=("$1"); shift; done
	shift
	run -125 --separate-stderr "$@"
	[ "$(wc -l <<< "$stderr")" = 1 ] || { echo "not one line: $stderr"; return 1; }
	for word in "${words[@]}"; do
		[[ $stderr == *"$word"* ]] || { echo "no \"$word\" in: $stderr"; return 1; }
	done
	[ -z "$(ls "$TARE_ROOT/containers" 2>/dev/null)" ] || { echo "a container is left"; return 1; }
}

probe()
{
	[ -x "${BUILD:-$TOP/build}/callprobe" ] || skip "callprobe is not built"
	cp "${BUILD:-$TOP/build}/callprobe" "$ROOT/bin/callprobe"
}

# --- 1: the container -----------------------------------------------------------------------------------------

@test "1.2: no descriptor of the caller reaches the container" {
	exec 9< "$HOST" 63< "$HOST" 200< "$HOST"
	run -0 box sh -c 'cd /proc/self/fd && echo *'
	[ "$output" = "0 1 2" ] || [ "$output" = "0 1 2 3" ] # 3 is the shell's own, reading the directory
	run box sh -c 'cat /proc/self/fd/9/secret /proc/self/fd/63/secret /proc/self/fd/200/secret'
	[ "$status" != 0 ]
	[[ $output != *host* ]]
}

@test "1.2: a working directory behind a descriptor is refused" {
	exec 9< "$HOST"
	for dir in /proc/self/fd/9 /proc/self/cwd /proc/1/fd/9 /proc/self/fd/../fd/9; do
		run -125 box -w "$dir" cat secret
		[[ $output != host ]]
	done
	ln -s /proc/self/fd/9 "$ROOT/dir"
	run box -w /dir cat secret
	[ "$status" != 0 ]
	[[ $output != host ]]
}

@test "0.3: what watches over a container keeps nothing of its caller" {
	exec 9< "$HOST" 63< "$HOST" 200< "$HOST"
	cd "$HOST"
	SECRET=hunter2 "$TARE" run -d --name web --rootfs "$ROOT" sleep 1000 > /dev/null
	cd /
	exec 9<&- 63<&- 200<&-
	wait_until 5 pgrep -f "tare-mon.*$TARE_ROOT" > /dev/null
	monitor=$(pgrep -f "tare-mon.*$TARE_ROOT")
	[ "$(readlink "/proc/$monitor/cwd")" = / ]
	run -1 grep -z SECRET "/proc/$monitor/environ"
	run -1 grep -F "$HOST" <<< "$(find "/proc/$monitor/fd" -printf '%l\n')"
	[ "$(stat -c %a "$(echo "$TARE_ROOT"/containers/*/attach.sock)")" = 600 ]
	[ "$(stat -c %a "$TARE_ROOT" "$TARE_RUN_ROOT" | sort -u)" = 700 ]
}

@test "1.2, 1.8, 1.9: the same of exec" {
	ln -s /proc/self/fd/9 "$ROOT/w"
	ln -s /proc/1/cwd "$ROOT/w2"
	"$TARE" run -d --name web --rootfs "$ROOT" sleep 1000 > /dev/null
	exec 9< "$HOST" 63< "$HOST" 200< "$HOST"
	run -0 tare exec web sh -c 'cd /proc/self/fd && echo *'
	[ "$output" = "0 1 2" ] || [ "$output" = "0 1 2 3" ]
	for dir in /w /w2 /proc/self/fd/9 /proc/self/cwd /proc/self/root; do
		run tare exec -w "$dir" web cat secret
		[ "$status" != 0 ]
		[[ $output != host ]]
	done
	exec 9<&- 63<&- 200<&-
	for user in 01 -1 +0 ' 0' 0x0 4294967295 4294967296 0:01 nobody root:nope; do
		run -126 tare exec --user="$user" web id
	done
	for how in "" "-u user" --privileged; do
		# shellcheck disable=SC2086
		run -0 tare exec $how web grep -E 'CapInh|CapAmb' /proc/self/status
		[ "$(grep -c 0000000000000000 <<< "$output")" = 2 ]
	done
}

@test "0.1: paths that change under exec, diff, export, cp of a volume and commit" {
	make_box
	tare run -d --name swap box sh -c "mkdir /d; echo inside > /d/secret; cp -r /etc /etc.real; while :; do
		mv /d /d.real; ln -s $HOST /d; rm /d; mv /d.real /d
		mv /etc/passwd /p; ln -s $HOST/secret /etc/passwd; rm /etc/passwd; mv /p /etc/passwd
		done" > /dev/null
	for i in $(seq 40); do
		[ "$(tare exec -w /d swap cat secret 2> /dev/null || echo inside)" = inside ]
		tare exec -u user swap true 2> /dev/null || true
		tare diff swap > /dev/null || true
	done
	for i in 1 2 3 4 5; do
		tare export -o "$BATS_TEST_TMPDIR/x.tar" swap || continue
		run grep -ax host "$BATS_TEST_TMPDIR/x.tar"
		[ "$status" = 1 ]
		tare commit swap "swapped:$i" > /dev/null || continue
		tare save "swapped:$i" > "$BATS_TEST_TMPDIR/x.tar"
		run grep -ax host "$BATS_TEST_TMPDIR/x.tar"
		[ "$status" = 1 ]
	done
	[ "$(ls -A "$HOST")" = secret ]
	[ "$(cat "$HOST/secret")" = host ]
}

@test "1.3: /dev/null of the root filesystem is not used for masks" {
	rm -rf "$ROOT/dev"
	mkdir "$ROOT/dev"
	ln -s /proc/sysrq-trigger "$ROOT/dev/null"
	run -0 box sh -c 'stat -c %t:%T /dev/null; cat /proc/keys /proc/interrupts | wc -c'
	[ "$output" = $'1:3\n0' ]
}

@test "1.6: /proc, /sys and /dev that lead elsewhere" {
	for dir in proc sys dev; do
		rm -rf "$ROOT/$dir"
		ln -s "$HOST" "$ROOT/$dir"
		run box true
		[ "$(ls -A "$HOST")" = secret ]
		rm -rf "$ROOT/$dir"
		ln -s ../../../../../../../../../../../.."$HOST" "$ROOT/$dir"
		run box true
		[ "$(ls -A "$HOST")" = secret ]
		rm -f "$ROOT/$dir"
		mkdir "$ROOT/$dir"
	done
}

@test "1.6: mount targets behind links stay in the root" {
	ln -s "$HOST" "$ROOT/out"
	ln -s ../../../../../../../../../../../.."$HOST" "$ROOT/up"
	for dst in /out/x /up/x /out /up; do
		box -v "$HOST:$dst" true || true
		box --tmpfs "$dst" true || true
		[ "$(ls -A "$HOST")" = secret ]
	done
}

@test "1.8: strange user ids never become root" {
	printf 'root:x:0:0::/root:/bin/sh\nempty:x:::/:/bin/sh\n1000:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n' \
		> "$ROOT/etc/passwd"
	for user in empty -1 +1 ' 1' 0x0 01 00 4294967295 4294967296 99999999999999999999 nobody root:nope user:-1; do
		refused -- box --user="$user" id -u
		[[ $stderr == *user* || $stderr == *group* ]]
	done
	run -0 box -u 1000 grep Uid: /proc/self/status
	[[ $output == *1000*1000*1000*1000 ]]
}

@test "1.9: neither inheritable nor ambient capabilities" {
	for how in "" "-u user" --privileged "--cap-add NET_ADMIN -u user"; do
		# shellcheck disable=SC2086
		run -0 box $how grep -E 'CapInh|CapAmb' /proc/self/status
		[ "$(grep -c 0000000000000000 <<< "$output")" = 2 ]
	done
	run -0 box -u user grep -E 'CapPrm|CapEff' /proc/self/status
	[ "$(grep -c 0000000000000000 <<< "$output")" = 2 ]
}

@test "1.10: groups are the image's and those asked for" {
	run -0 box -u user id -G
	[ "$output" = "1000 2000" ]
	run -0 box -u user --group-add 7 --group-add extra id -G
	[ "$output" = "1000 7 2000" ] # the kernel sorts them
	run -0 box -u user:extra id -G
	[ "$output" = 2000 ]
	run -0 box id -G
	[ "$output" = 0 ]
	# A group that may less than others.
	echo x > "$ROOT/less"
	chown 0:2000 "$ROOT/less"
	chmod 604 "$ROOT/less"
	run -1 box -u user cat /less
	run -0 box -u 1234 cat /less
}

@test "1.11: no user namespaces, no mounts, no writing of cgroup files" {
	for what in "unshare -U true" "unshare -m true" "mount -t tmpfs x /tmp" "mount --bind /bin /tmp" "umount /proc" \
		"mknod /tmp/x b 8 0" "sh -c 'echo 1 > /sys/fs/cgroup/cgroup.procs'" "sh -c 'mkdir /sys/fs/cgroup/x'" \
		"sh -c 'echo 1 > /proc/sys/kernel/panic'" "sh -c 'echo h > /proc/sysrq-trigger'" "hostname other"; do
		run box sh -c "$what"
		[ "$status" != 0 ] || { echo "worked: $what"; false; }
	done
}

@test "1.11: the calls behind it, by number" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"
	probe
	# clone(CLONE_NEWUSER), clone3, unshare, fsopen, open_tree, move_mount, mount_setattr, setns, bpf, keyctl, io_uring_setup,
	# perf_event_open, userfaultfd, kexec_load, init_module, open_by_handle_at, and two that nobody knows
	run -0 box sh -c 'callprobe 56 0x10000011; callprobe 435 0 0; callprobe 272 0x10000000; callprobe 430 0 0
		callprobe 428 -100 0 1; callprobe 429; callprobe 442; callprobe 308 0 0; callprobe 321 0 0 0; callprobe 250 0
		callprobe 425 1 0; callprobe 298 0; callprobe 323 0; callprobe 246; callprobe 175; callprobe 304
		callprobe 999; callprobe 5000'
	[ "$output" = "EPERM
ENOSYS
$(yes EPERM | head -14)
ENOSYS
ENOSYS" ]
}

@test "1.12: sysctls stay with the container" {
	run -0 box --sysctl net.ipv4.ip_forward=1 cat /proc/sys/net/ipv4/ip_forward
	[ "$output" = 1 ]
	run -0 box --sysctl kernel.msgmax=4096 cat /proc/sys/kernel/msgmax
	[ "$output" = 4096 ]
	before=$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/panic /proc/sys/net/ipv4/ip_forward)
	refused sysctl kernel.panic -- box --sysctl kernel.panic=1 true
	refused sysctl -- box --sysctl 'net.x+kernel.core_pattern=|/x' true
	refused sysctl -- box --sysctl $'net.ipv4.ip_forward=1\nkernel.panic=1' true
	refused sysctl -- box --sysctl net/../kernel/panic=1 true
	refused sysctl -- box --sysctl net.ipv4.ip_forward true
	refused sysctl host -- box --network host --sysctl net.ipv4.ip_forward=1 true
	[ "$(cat /proc/sys/kernel/core_pattern /proc/sys/kernel/panic /proc/sys/net/ipv4/ip_forward)" = "$before" ]
}

# --- 2: images and volumes --------------------------------------------------------------------------------------

@test "2.9: passwd and group that are no files" {
	for file in passwd group; do
		for kind in fifo device giant loop dir; do
			rm -rf "$ROOT/etc/$file"
			case $kind in
			fifo) mkfifo "$ROOT/etc/$file" ;;
			device) mknod "$ROOT/etc/$file" c 1 5 ;;
			giant) truncate -s 1T "$ROOT/etc/$file" ;;
			loop) ln -s "$file" "$ROOT/etc/$file" ;;
			dir) mkdir "$ROOT/etc/$file" ;;
			esac
			refused "etc/$file" -- box -u 5:nogroup true
		done
		rm -rf "$ROOT/etc/$file"
		[ $file = group ] || echo 'root:x:0:0::/:/bin/sh' > "$ROOT/etc/passwd"
	done
}

@test "2.9: a passwd that leads out of the image is not the host's" {
	rm "$ROOT/etc/passwd"
	ln -s ../../../../../../../../../etc/passwd.host "$ROOT/etc/passwd"
	refused "no matching entries" -- box -u daemon true
}

@test "2.9: a working directory through a link stays inside" {
	ln -s "$HOST" "$ROOT/dir"
	run box -w /dir cat secret
	[[ $output != host ]]
	[ "$(ls -A "$HOST")" = secret ]
}

@test "2.11: a volume is filled without following links, and only once" {
	mkdir "$ROOT/data"
	echo image > "$ROOT/data/conf"
	ln -s "$HOST/secret" "$ROOT/data/link"
	chown 1000:2000 "$ROOT/data"
	run -0 box -v vol:/data sh -c 'cat /data/conf; stat -c %u:%g /data; echo user > /data/conf; readlink /data/link'
	[ "$output" = "image
1000:2000
$HOST/secret" ]
	[ "$(stat -c %F "$TARE_ROOT/volumes/vol/_data/link")" = "symbolic link" ]
	run -0 box -v vol:/data cat /data/conf
	[ "$output" = user ]
	# The user's volume is a trap for the next filling: a link out where the image has a file.
	run -0 box -v vol:/data sh -c "rm /data/*; ln -s $HOST/secret /data/conf"
	run -0 box -v vol:/data true
	[ "$(cat "$HOST/secret")" = host ]
}

@test "2.11: the image's directory may be a link out" {
	ln -s "$HOST" "$ROOT/data"
	run box -v vol:/data true
	[ ! -e "$TARE_ROOT/volumes/vol/_data/secret" ]
	[ "$(ls -A "$HOST")" = secret ]
}

@test "2.11: many containers make and fill one volume" {
	mkdir "$ROOT/data"
	for i in $(seq 200); do echo "$i" > "$ROOT/data/$i"; done
	for i in 1 2 3 4 5 6; do
		box -v vol:/data sh -c 'ls /data | wc -l' > "$BATS_TEST_TMPDIR/n$i" &
	done
	wait
	[ "$(cat "$BATS_TEST_TMPDIR"/n? | sort -u)" = 200 ]
	[ "$(ls -A "$TARE_ROOT/volumes")" = vol ]
}

@test "2.12: :U, :z and :Z stop at directories of the system" {
	for option in U z Z; do
		for dir in / /etc /usr /home /var /root /tmp "$TARE_ROOT" "$(dirname "$TARE_ROOT")" "$TARE_ROOT/containers"; do
			refused ":$option" -- box -v "$dir:/x:$option" true
		done
	done
	ln -s /etc "$BATS_TEST_TMPDIR/etc"
	before=$(stat -c %u:%g:%Z /etc)
	refused ":U" -- box -u user -v "$BATS_TEST_TMPDIR/etc:/x:U" true
	[ "$(stat -c %u:%g:%Z /etc)" = "$before" ]
}

@test "2.12: :U follows no link, crosses no mount and heeds hard links" {
	mkdir -p "$BATS_TEST_TMPDIR/tree/sub" "$BATS_TEST_TMPDIR/tree/mnt"
	touch "$BATS_TEST_TMPDIR/tree/sub/file"
	ln -s "$HOST/secret" "$BATS_TEST_TMPDIR/tree/link"
	mount -t tmpfs tare-test "$BATS_TEST_TMPDIR/tree/mnt"
	touch "$BATS_TEST_TMPDIR/tree/mnt/other"
	run box -u user -v "$BATS_TEST_TMPDIR/tree:/x:U" stat -c %u /x/sub/file
	owner=$(stat -c %u "$BATS_TEST_TMPDIR/tree/mnt/other")
	umount "$BATS_TEST_TMPDIR/tree/mnt"
	[ "$status" = 0 ] && [ "$output" = 1000 ]
	[ "$owner" = 0 ]
	[ "$(stat -c %u "$HOST/secret")" = 0 ]
	ln "$HOST/secret" "$BATS_TEST_TMPDIR/tree/sub/evil"
	refused "hard link" -- box -u 5 -v "$BATS_TEST_TMPDIR/tree:/x:U" true
	[ "$(stat -c %u "$HOST/secret")" = 0 ]
}

# --- 3: terminal, kernel surface, defaults ----------------------------------------------------------------------

@test "3.1: nothing can be put into the input of a terminal" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"
	probe
	# ioctl(0, TIOCSTI), with something in the high half, TIOCLINUX, and one that is fine (FIONREAD)
	run -0 box sh -c 'callprobe 16 0 0x5412 0; callprobe 16 0 0x100005412 0; callprobe 16 0 0x541c 0
		callprobe 16 0 0xffffffff00005412 0; callprobe x86:54 0 0x5412 0'
	[ "$output" = "$(yes EPERM | head -5)" ]
	run -0 box callprobe 16 0 0x5401 0
	[ "$output" != EPERM ]
}

@test "3.2: socket families" {
	[ "$(uname -m)" = x86_64 ] || skip "the numbers are those of x86-64"
	probe
	for family in 1 2 10; do
		run -0 box callprobe 41 $family 1 0
		[ "$output" = ok ]
	done
	run -0 box callprobe 41 16 3 0
	[ "$output" = ok ]
	for family in 17 38 40 44 29 31 9 3 21 0x100000026; do
		run -0 box sh -c "callprobe 41 $family 3 0; callprobe x86:359 $family 3 0"
		[ "$(grep -cE '^(EPERM|EAFNOSUPPORT)$' <<< "$output")" = 2 ] || { echo "$family: $output"; false; }
	done
	run -0 box callprobe x86:102 1 0
	[ "$output" = EAFNOSUPPORT ]
	run -0 box --cap-add NET_RAW callprobe 41 17 3 0
	[ "$output" = ok ]
}

@test "3.4: masked and read-only paths" {
	run -0 box sh -c 'for p in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do [ -e $p ] && cat $p; done
		for p in /proc/acpi /proc/scsi /sys/firmware /sys/fs/bpf /sys/kernel/debug /sys/kernel/security /sys/kernel/tracing; do
		[ -d $p ] && ls -A $p; done; true'
	[ -z "$output" ]
	run -0 box sh -c 'for p in /proc/bus /proc/fs /proc/irq /proc/sys /proc/sysrq-trigger; do touch $p/x 2>/dev/null && echo $p; done
		touch /sys/x 2>/dev/null && echo sys; true'
	[ -z "$output" ]
	run -0 box --security-opt mask=/etc/passwd cat /etc/passwd
	[ -z "$output" ]
	run -0 box --security-opt unmask=/proc/interrupts cat /proc/interrupts
	[ -n "$output" ]
	# With the host's network the host's /sys shows.
	run -0 box --network host sh -c 'ls -A /sys/fs/bpf /sys/kernel/debug /sys/kernel/security /sys/kernel/tracing /sys/firmware 2>/dev/null |
		grep -v : | tr -d "\n"; touch /sys/x 2>/dev/null && echo sys; true'
	[ -z "$output" ]
}

@test "3.5: defaults" {
	run -0 box sh -c 'for name in cgroup ipc uts user net; do readlink /proc/self/ns/$name; done'
	for name in cgroup ipc uts user net; do
		[[ $output != *"$(readlink /proc/self/ns/$name)"* ]] || { echo "$name is shared"; false; }
	done
	run -0 box sh -c 'ulimit -Hc; cat /proc/self/uid_map'
	[ "${lines[0]}" = 0 ]
	[[ ${lines[1]} != *4294967295* ]]
	run -0 box grep -E 'CapPrm|NoNewPrivs|Seccomp:' /proc/self/status
	[[ $output == *"CapPrm:	00000000800405fb"* ]]
	[[ $output == *"NoNewPrivs:	0"* ]]
	[[ $output == *"Seccomp:	2"* ]]
	run -0 box --security-opt no-new-privileges grep NoNewPrivs /proc/self/status
	[[ $output == *1 ]]
}

@test "3.5: a fork bomb ends at the limit" {
	run box --pids-limit 20 sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25; do sleep 5 & done; kill $(jobs -p); true'
	[[ $output == *"an't fork"* ]]
}

@test "3.5: what was relaxed works and what was asked for is enforced" {
	run -0 box --security-opt seccomp=unconfined grep Seccomp: /proc/self/status
	[[ $output == *0 ]]
	run -0 box --privileged grep Seccomp: /proc/self/status
	[[ $output == *0 ]]
	run -0 box --cap-drop ALL grep CapBnd /proc/self/status
	[[ $output == *0000000000000000 ]]
	echo '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":95,
		"includes":{"minKernel":"4.8"}},{"name":"rmdir","action":"SCMP_ACT_ERRNO","excludes":{"caps":["CAP_CHOWN"]}}]}' \
		> "$BATS_TEST_TMPDIR/p.json"
	run -0 box --security-opt seccomp="$BATS_TEST_TMPDIR/p.json" sh -c 'mkdir /tmp/x 2>&1; mkdir /bin/../tmp/y 2>/dev/null; rmdir /tmp/none 2>&1; true'
	[[ $output == *"not supported"* ]]
	[[ $output == *"No such file"* ]]
	echo '{' > "$BATS_TEST_TMPDIR/p.json"
	refused p.json -- box --security-opt seccomp="$BATS_TEST_TMPDIR/p.json" true
	refused none.json -- box --security-opt seccomp="$BATS_TEST_TMPDIR/none.json" true
	refused apparmor -- box --security-opt apparmor=nosuchprofile true
}

# --- 5: the command line ------------------------------------------------------------------------------------------

@test "5.20: options that make no sense are refused with the accepted form" {
	refused "invalid mode: rox" accepted -- box -v /tmp:/x:rox true
	refused "must be absolute" accepted -- box -v /tmp:x true
	refused "can't be '/'" -- box -v /tmp:/ true
	refused "invalid characters" -- box -v a/b:/x true
	refused "Duplicate mount point" -- box -v /tmp:/x -v /var:/x true
	refused "unexpected key 'sauce'" accepted -- box --mount type=bind,sauce=1 true
	refused "does not exist" -- box --mount type=bind,src="$HOST/none",dst=/x true
	refused "volume-subpath" -- box --mount type=volume,src=vol,dst=/x,volume-subpath=y true
	refused "tmpfs option" accepted -- box --tmpfs /x:sizes=1 true
	refused "unknown capability" -- box --cap-add FOO true
	refused "unknown capability" -- box --cap-drop CAP_FOO true
	refused "nonsense" accepted -- box --security-opt nonsense=1 true
	refused "device" accepted -- box --device null true
	refused "device" -- box --device /dev/null:/dev/x:q true
	refused "device" -- box --device /dev/nothere true
	refused "device" accepted -- box --device-cgroup-rule "c 1 rwm" true
	refused "ulimit" -- box --ulimit nofile=many true
	refused "memory" -- box -m lots true
	refused "cpus" -- box --cpus many true
	refused "no-such-flag" -- box --no-such-flag true
	[ ! -e "$TARE_ROOT/volumes/a" ]
	printf 'A=1\0B=2\n' > "$BATS_TEST_TMPDIR/env"
	refused "env" -- box --env-file "$BATS_TEST_TMPDIR/env" true
}
