#!/usr/bin/env bats
# Volumes at the command line, and what -v, --mount and --tmpfs make of a container.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	ROOT=$BATS_TEST_TMPDIR/rootfs
	make_tree "$ROOT"
}

teardown()
{
	engine_teardown
}

box()
{
	timeout 30 "$TARE" run --rm --rootfs "$ROOT" "$@"
}

@test "create, inspect, rm" {
	run -0 tare volume create --label a=b --label c db
	[ "$output" = db ]
	run -0 tare volume create db
	[ "$output" = db ]
	run -0 tare volume inspect db
	[ "$(python3 -c 'import json,sys; v=json.load(sys.stdin)[0]; print(v["Name"], v["Driver"], v["Labels"], v["Options"], v["Scope"])' <<< "$output")" \
		= "db local {'a': 'b', 'c': ''} None local" ]
	run -0 tare volume inspect -f '{{.Mountpoint}}' db
	[ -d "$output" ]
	run -0 tare volume create
	[ ${#output} = 64 ]
	anonymous=$output
	run -1 tare volume inspect nope
	[[ $output == *"no such volume"* ]]
	run -0 tare volume rm db "$anonymous"
	run -1 tare volume rm db
	run -0 tare volume rm -f db
	[ -z "$(ls -A "$TARE_ROOT/volumes")" ]
}

@test "ls and prune" {
	tare volume create --label a=b one
	tare volume create two
	anonymous=$(tare volume create)
	id=$(tare create --rootfs "$ROOT" -v two:/data true)
	run -0 tare volume ls -q
	[ "$(sort <<< "$output")" = "$(printf '%s\n' one two "$anonymous" | sort)" ]
	run -0 tare volume ls
	[[ ${lines[0]} == DRIVER*"VOLUME NAME" ]]
	run -0 tare volume ls --filter label=a --format '{{.Name}} {{.Labels}} {{.Links}}'
	[ "$output" = "one a=b 0" ]
	run -0 tare volume ls -f name=tw --format json
	[ "$(python3 -c 'import json,sys; v=json.load(sys.stdin); print(v["Name"], v["Driver"])' <<< "$output")" = "two local" ]
	run -0 tare volume ls -q -f dangling=false
	[ "$output" = two ]
	run -1 tare volume ls -f nonsense=1
	[[ $output == *accepted* ]]
	run -0 tare volume prune <<< n
	[ "$(ls "$TARE_ROOT/volumes" | wc -l)" = 3 ]
	run -0 tare volume prune -f
	[[ $output == *"Deleted Volumes:"*"$anonymous"*"Total reclaimed space: "* ]]
	[ "$(ls "$TARE_ROOT/volumes" | sort | tr '\n' ' ')" = "one two " ]
	mkdir "$TARE_ROOT/volumes/.tmp-x" "$TARE_ROOT/volumes/.del-y"
	run -0 tare volume prune -a --force --filter label!=a
	[ "$(ls -A "$TARE_ROOT/volumes" | sort | tr '\n' ' ')" = "one two " ]
	run -0 tare volume prune -a -f
	[ "$(ls -A "$TARE_ROOT/volumes")" = two ]
	tare rm "$id"
}

@test "what makes no sense is refused with the accepted form" {
	run -1 tare volume create ../x
	run -1 tare volume create -d nfs db
	[[ $output == *local* ]]
	run -1 tare volume create -o type=nfs -o o=addr=1.2.3.4 -o device=:/x db
	[[ $output == *accepted* ]]
	run -1 tare volume create -o nonsense=1 db
	[[ $output == *accepted* ]]
	run -1 tare volume create -o size db
	[ ! -e "$TARE_ROOT/volumes/db" ]
}

@test "data outlives containers, and a volume in use stays" {
	box -v db:/data sh -c 'echo kept > /data/x'
	run -0 box -v db:/data:ro cat /data/x
	[ "$output" = kept ]
	run -1 box -v db:/data:ro touch /data/y
	id=$(tare create --rootfs "$ROOT" -v db:/data true)
	run -1 tare volume rm db
	[[ $output == *"volume is in use - [${id:0:12}]"* ]]
	tare rm "$id"
	tare volume rm db
}

@test "owners in volumes and binds are those on the disk" {
	mkdir "$BATS_TEST_TMPDIR/host"
	run -0 box -v db:/data -v "$BATS_TEST_TMPDIR/host:/host" sh -c 'touch /data/a /host/a; chown 1000:2000 /data/a /host/a; stat -c %u:%g /data/a /host/a'
	[ "$output" = $'1000:2000\n1000:2000' ]
	[ "$(stat -c %u:%g "$TARE_ROOT/volumes/db/_data/a")" = 1000:2000 ]
	[ "$(stat -c %u:%g "$BATS_TEST_TMPDIR/host/a")" = 1000:2000 ]
}

@test "anonymous volumes go with --rm and rm -v, not with rm" {
	box -v /data sh -c 'echo x > /data/x'
	[ -z "$(ls -A "$TARE_ROOT/volumes")" ]
	id=$(tare create --rootfs "$ROOT" -v /data true)
	tare start "$id"
	tare wait "$id"
	tare rm "$id"
	[ "$(ls "$TARE_ROOT/volumes" | wc -l)" = 1 ]
	id=$(tare create --rootfs "$ROOT" -v /data true)
	tare start "$id"
	tare wait "$id"
	tare rm -v "$id"
	[ "$(ls "$TARE_ROOT/volumes" | wc -l)" = 1 ]
}

@test "bind and tmpfs volumes" {
	mkdir "$BATS_TEST_TMPDIR/host"
	tare volume create -o type=none -o o=bind -o device="$BATS_TEST_TMPDIR/host" bb
	box -v bb:/data sh -c 'echo x > /data/x'
	[ "$(cat "$BATS_TEST_TMPDIR/host/x")" = x ]
	tare volume rm bb
	[ "$(cat "$BATS_TEST_TMPDIR/host/x")" = x ]
	tare volume create -o type=tmpfs -o o=size=1m,mode=0700 tt
	run -0 box -v tt:/mem sh -c 'df -k /mem | tail -1 | awk "{print \$2}"; stat -c %a /mem; echo y > /mem/y'
	[ "$output" = $'1024\n700' ]
	run -0 box -v tt:/mem cat /mem/y
	[ "$output" = y ]
	tare volume rm tt
	run -1 grep "$TARE_ROOT" /proc/self/mountinfo
}

@test "--mount and --tmpfs" {
	run -0 box --tmpfs /t:size=64k,mode=0711,uid=5 sh -c 'stat -c %a:%u /t; dd if=/dev/zero of=/t/x bs=1k count=100 2>/dev/null; stat -c %s /t/x'
	[ "$output" = $'711:5\n65536' ]
	run -0 box --mount type=tmpfs,dst=/t,tmpfs-mode=0700,tmpfs-size=1m stat -c %a /t
	[ "$output" = 700 ]
	mkdir "$BATS_TEST_TMPDIR/host"
	run -0 box --mount "type=bind,src=$BATS_TEST_TMPDIR/host,dst=/h,readonly" sh -c 'touch /h/x 2>&1 || true'
	[[ $output == *"Read-only"* ]]
	run -0 box --mount type=volume,src=db,dst=/data,volume-nocopy touch /data/x
	[ -e "$TARE_ROOT/volumes/db/_data/x" ]
	run -0 box -v "$BATS_TEST_TMPDIR/made/here:/h" touch /h/x
	[ -e "$BATS_TEST_TMPDIR/made/here/x" ]
	cd "$BATS_TEST_TMPDIR"
	run -0 box -v ./made:/h ls /h
	[ "$output" = here ]
}

@test "a mount below another one's destination comes after it" {
	run -0 box --tmpfs /a/b --tmpfs /a sh -c 'touch /a/b/x; mount | grep -c " /a"'
	[ "$output" = 2 ]
}

@test "system seccomp prints what is in force" {
	run -0 tare system seccomp
	grep -qE '^keyctl +refused EPERM$' <<< "$output"
	grep -qE '^read +allowed$' <<< "$output"
	grep -qE '^ioctl .*TIOCSTI' <<< "$output"
	! grep -qE '^mount +allowed' <<< "$output"
	run -0 tare system seccomp --cap-add sys_admin
	grep -qE '^mount +allowed$' <<< "$output"
	tare system seccomp --format json > "$BATS_TEST_TMPDIR/p.json"
	run -0 box --security-opt seccomp="$BATS_TEST_TMPDIR/p.json" grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	run -1 box --security-opt seccomp="$BATS_TEST_TMPDIR/p.json" unshare -U true
	run -1 tare system seccomp --cap-add nonsense
}

@test "a plain user with one id has volumes, too" {
	local home
	home=$(mktemp -d /tmp/tare-plain-XXXXXX) # others may not enter the directories of bats
	cp "$TARE" "$(dirname "$TARE")"/tare-{mon,init} "$home"
	make_tree "$home/rootfs"
	chown -R 65534:65534 "$home"
	plain() { setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_DATA_HOME HOME="$home" TARE_ROOT="$home/data" \
		TARE_RUN_ROOT="$home/run" "$home/tare" "$@"; }
	run plain run --rm -v vol:/data --rootfs "$home/rootfs" sh -c 'echo mine > /data/x; id -u'
	local first=$output first_status=$status
	[ "$status" = 0 ] || { echo "$output"; rm -rf "$home"; false; }
	run plain run --rm -v vol:/data --rootfs "$home/rootfs" cat /data/x
	local owner
	owner=$(stat -c %u "$home/data/volumes/vol/_data/x")
	plain volume rm vol
	rm -rf "$home"
	[ "$first_status" = 0 ] && [ "$first" = 0 ] || { echo "$first"; false; }
	[ "$output" = mine ]
	[ "$owner" = 65534 ]
}

@test "an image's VOLUME on / is refused, and nothing is made" {
	make_box
	tare import -c 'VOLUME /' "$BATS_FILE_TMPDIR/box.tar" rooted > /dev/null
	run -125 tare run --rm rooted true
	[[ "$output" == *"image: Volumes: "*"destination can't be '/'"* ]] || { echo "$output"; false; }
	[ -z "$(tare volume ls -q)" ]
	[ -z "$(tare ps -aq)" ]
}

# Four bytes of zeros through a node that only its owner may use: block devices are not what a test should touch.
zeros()
{
	box "$@" sh -c 'stat -c "%a %u:%g" /dev/given; head -c 4 /dev/given | tr "\0" 0'
}

@test "--device: a node that is closed to others works in a range of ids of its own, with its owner" {
	mkdir "$BATS_TEST_TMPDIR/dev"
	mknod -m 600 "$BATS_TEST_TMPDIR/dev/zero" c 1 5
	run -0 zeros --device "$BATS_TEST_TMPDIR/dev/zero:/dev/given"
	[ "$output" = $'600 0:0\n0000' ]
	chown 1000:44 "$BATS_TEST_TMPDIR/dev/zero"
	chmod 660 "$BATS_TEST_TMPDIR/dev/zero"
	run -0 zeros --user 7 --group-add 44 --device "$BATS_TEST_TMPDIR/dev/zero:/dev/given"
	[ "$output" = $'660 1000:44\n0000' ]
	run zeros --user 7 --device "$BATS_TEST_TMPDIR/dev/zero:/dev/given"
	[[ "$output" == *"Permission denied"* ]]
	# Its owner is none of the container's ids: it is given to the container's root.
	chown 100000:100000 "$BATS_TEST_TMPDIR/dev/zero"
	run -0 zeros --device "$BATS_TEST_TMPDIR/dev/zero:/dev/given"
	[ "$output" = $'660 0:0\n0000' ]
	# A directory: all devices in it. What was not granted is refused by the cgroup, however it came.
	mkdir "$BATS_TEST_TMPDIR/dev/sub"
	mknod -m 600 "$BATS_TEST_TMPDIR/dev/sub/random" c 1 8
	run -0 box --device "$BATS_TEST_TMPDIR/dev:/dev/mine:r" sh -c 'cd /dev/mine; find . -type c | sort | tr "\n" " "; head -c 2 sub/random | wc -c'
	[ "$output" = "./sub/random ./zero 2" ]
	mknod -m 666 "$BATS_TEST_TMPDIR/kmsg" c 1 11
	run -0 box --device "$BATS_TEST_TMPDIR/kmsg:/dev/k:w" sh -c '(: < /dev/k) 2>&1 || true; : > /dev/k && echo written'
	[[ "$output" == *"Operation not permitted"*written ]] || { echo "$output"; false; }
	echo text > "$BATS_TEST_TMPDIR/file"
	run -125 box --device "$BATS_TEST_TMPDIR/file" true
	[[ "$output" == *"neither a device nor a directory of devices"* ]]
}
