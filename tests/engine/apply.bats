#!/usr/bin/env bats
# tare apply. The host it writes to is a tree of this test: tare runs in a mount namespace in which that is the root.
bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	HOST=$BATS_TEST_TMPDIR/host
	make_tree "$HOST"
	mkdir -p "$HOST/etc/app" "$HOST/mnt" "$HOST/srv" "$HOST/data" "$HOST/run" "$HOST/usr/share/app/sub"
	echo old > "$HOST/etc/motd"
	echo gone > "$HOST/etc/issue"
	echo a > "$HOST/usr/share/app/a"
	echo b > "$HOST/usr/share/app/sub/b"
	cp "$TARE" "$(dirname "$TARE")"/tare-* "$HOST/" 2>/dev/null || true
	cat > "$BATS_TEST_TMPDIR/enter" <<-'X'
	#!/bin/sh
	# a mount namespace with $1 as its root; the kernel's file systems from the real one
	set -e
	root=$1; shift
	mount --bind "$root" "$root"
	cd "$root"
	for d in proc sys dev; do mount --rbind /$d $d; done
	[ -z "$EXTRA" ] || mount -t tmpfs extra "$root$EXTRA"
	pivot_root . mnt
	exec chroot . /bin/sh -c 'umount -l /mnt; exec "$@"' sh "$@"
	X
	chmod +x "$BATS_TEST_TMPDIR/enter"
}

# No container of a test survives its command: all are without a monitor at the end.
teardown()
{
	[ ! -d "$HOST" ] || ! ls "$HOST"/data/containers/* > /dev/null 2>&1 || on_host sh -c 'for c in /data/containers/*; do /tare rm -f ${c##*/}; done' > /dev/null
	TARE_ROOT=$BATS_TEST_TMPDIR/none engine_teardown
}

on_host()
{
	TARE_ROOT=/data TARE_RUN_ROOT=/run/tare TARE_LIBEXEC=/ EXTRA=$EXTRA \
		unshare -m --propagation private "$BATS_TEST_TMPDIR/enter" "$HOST" "$@"
}

# change NAME SCRIPT: a container that ran SCRIPT on a view of the host
change()
{
	on_host /tare run --name "$1" host sh -c "$2"
	sleep 0.02 # ctime has the grain of the kernel's tick
}

@test "what was added, changed and deleted is written back, and the rest is not touched" {
	echo stays > "$HOST/etc/other"
	before=$(stat -c %z "$HOST/etc/other")
	change one 'echo new > /etc/motd; chmod 640 /etc/motd; chown 1000:1000 /etc/motd; touch -d "2001-02-03 04:05:06" /etc/motd
		rm /etc/issue; mkdir -p /opt/x/y; echo f > /opt/x/y/f; ln -s ../x /opt/x/l; ln /opt/x/y/f /opt/x/second; mkfifo /opt/x/p
		touch -d "2002-02-03 00:00:00" /opt/x'
	run -0 on_host /tare apply one
	[ "$output" = "Applied: 7 added, 1 changed, 1 deleted (6B)" ] || { echo "$output"; false; }
	[ "$(cat "$HOST/etc/motd")" = new ]
	[ "$(stat -c '%a %u:%g %Y' "$HOST/etc/motd")" = "640 1000:1000 981173106" ]
	[ ! -e "$HOST/etc/issue" ]
	[ "$(cat "$HOST/opt/x/y/f")" = f ]
	[ "$(readlink "$HOST/opt/x/l")" = ../x ]
	[ "$HOST/opt/x/y/f" -ef "$HOST/opt/x/second" ]
	[ -p "$HOST/opt/x/p" ]
	[ "$(stat -c %y "$HOST/opt/x")" = "2002-02-03 00:00:00.000000000 +0000" ]
	[ "$(stat -c %z "$HOST/etc/other")" = "$before" ]
	[ -z "$(find "$HOST" -xdev -name '.tare-apply*')" ]
	# again: nothing to do, and nothing is taken for a change of the host
	run -0 on_host /tare apply one
	[ "$output" = "Applied: 0 added, 0 changed, 0 deleted (0B)" ] || { echo "$output"; false; }
}

@test "--dry-run lists and writes nothing; --format json has kind, path, verdict and reason" {
	change one 'echo new > /etc/motd; rm /etc/issue; echo x > /etc/app/x'
	run -0 on_host /tare apply -n one
	[ "$output" = "A /etc/app/x
D /etc/issue
C /etc/motd
To apply: 1 added, 1 changed, 1 deleted" ] || { echo "$output"; false; }
	[ "$(cat "$HOST/etc/motd")" = old ]
	[ -e "$HOST/etc/issue" ]
	run -0 on_host /tare apply -n --format json one /etc/motd
	[ "$output" = '{"Kind":"C","Path":"/etc/motd","Reason":"","Verdict":"write"}' ] || { echo "$output"; false; }
	run -0 on_host /tare apply --format '{{.Kind}} {{.Path}}' one /etc/motd
	[ "$output" = "C /etc/motd" ]
	[ "$(cat "$HOST/etc/motd")" = new ]
}

@test "only at or below the given paths; new directories on the way are made" {
	change one 'mkdir -m 750 /opt; mkdir /opt/a /opt/b; echo 1 > /opt/a/f; echo 2 > /opt/b/f; echo new > /etc/motd'
	run -0 on_host /tare apply -v one /opt/a/f
	[ "$output" = "A /opt
A /opt/a
A /opt/a/f
Applied: 3 added, 0 changed, 0 deleted (2B)" ] || { echo "$output"; false; }
	[ "$(stat -c %a "$HOST/opt")" = 750 ]
	[ ! -e "$HOST/opt/b" ]
	[ "$(cat "$HOST/etc/motd")" = old ]
	run -1 on_host /tare apply one /etc/nothing
	[[ "$output" == *"changed nothing at or below /etc/nothing"* ]]
	run -1 on_host /tare apply one /etc/mot
	run -1 on_host /tare apply one etc/motd
	[[ "$output" == *"begin with /"* ]]
}

@test "a directory that was made anew is emptied on the host; a tree that was deleted goes" {
	mkdir -p "$HOST/usr/share/tree/deep"; echo t > "$HOST/usr/share/tree/deep/t"
	change one 'rm -r /usr/share/app; mkdir -p /usr/share/app/sub; echo n > /usr/share/app/sub/n; rm -r /usr/share/tree'
	run -0 on_host /tare apply -n one
	[[ "$output" == *"D /usr/share/app/a"* && "$output" == *"D /usr/share/app/sub/b"* && "$output" == *"D /usr/share/tree"* ]]
	on_host /tare apply one
	[ "$(cd "$HOST/usr/share"; find app | sort | tr '\n' ' ')" = "app app/sub app/sub/n " ]
	[ ! -e "$HOST/usr/share/tree" ]
}

@test "a file in the place of a directory, and a directory in the place of a file or symlink" {
	ln -s /tmp "$HOST/etc/link"
	change one 'rm -r /usr/share/app; echo f > /usr/share/app; rm /etc/motd; mkdir /etc/motd; echo m > /etc/motd/m
		rm /etc/link; mkdir /etc/link; echo l > /etc/link/l'
	on_host /tare apply one
	[ "$(cat "$HOST/usr/share/app")" = f ]
	[ "$(cat "$HOST/etc/motd/m")" = m ]
	[ "$(cat "$HOST/etc/link/l")" = l ]
	[ ! -e "$HOST/tmp/l" ]
	[ -z "$(find "$HOST" -xdev -name '.tare-apply*')" ]
}

@test "what the host changed meanwhile is refused, and then nothing is written; --force writes it" {
	change one 'echo new > /etc/motd; echo x > /etc/app/x; rm -r /usr/share/app'
	echo mine > "$HOST/etc/motd"
	echo mine > "$HOST/usr/share/app/sub/b"
	run -1 on_host /tare apply one
	[[ "$output" == *"refused /etc/motd: the host changed it after the container was made"* ]] || { echo "$output"; false; }
	[[ "$output" == *"refused /usr/share/app: the host changed something in it"* ]]
	[[ "$output" == *"2 of its changes must not be written, so nothing was"* ]]
	[ "$(cat "$HOST/etc/motd")" = mine ]
	[ ! -e "$HOST/etc/app/x" ]
	run -1 on_host /tare apply -n one
	run -0 on_host /tare apply one /etc/app
	[ -e "$HOST/etc/app/x" ]
	on_host /tare apply --force one
	[ "$(cat "$HOST/etc/motd")" = new ]
	[ ! -e "$HOST/usr/share/app" ]
}

@test "set-user-ID, capabilities and devices only with --special" {
	change one 'cp /bin/busybox /etc/suid; chmod 4755 /etc/suid'
	run -1 on_host /tare apply one
	[[ "$output" == *"refused /etc/suid: it is set-user-ID"* ]] || { echo "$output"; false; }
	[ ! -e "$HOST/etc/suid" ]
	on_host /tare apply --special one
	[ "$(stat -c %a "$HOST/etc/suid")" = 4755 ]
	cmp "$HOST/etc/suid" "$HOST/bin/busybox"
	on_host /tare run --name two --userns host --cap-add MKNOD host sh -c 'mknod /etc/null c 1 3'
	run -1 on_host /tare apply two
	[[ "$output" == *"refused /etc/null: it is a device"* ]]
	on_host /tare apply --special two
	[ "$(stat -c '%t %T' "$HOST/etc/null")" = "1 3" ]
}

@test "a file's capabilities and attributes; sockets are left out" {
	command -v setcap > /dev/null || skip "needs setcap"
	command -v python3 > /dev/null || skip "needs python3"
	change one 'cp /bin/busybox /etc/cap; echo u > /etc/user'
	upper=$(echo "$HOST"/data/containers/*/upper)
	setcap cap_net_raw+ep "$upper/etc/cap"
	python3 -c 'import os,sys; os.setxattr(sys.argv[1], "user.colour", b"red")' "$upper/etc/user"
	(cd "$upper/etc" && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("sock")')
	run -1 on_host /tare apply one
	[[ "$output" == *"refused /etc/cap: it has capabilities"* ]]
	run -0 on_host /tare apply --special one
	[[ "$output" == *"left out /etc/sock: it is a socket"* ]]
	[[ "$(getcap "$HOST/etc/cap")" == *cap_net_raw=ep* ]]
	python3 -c 'import os,sys; assert os.getxattr(sys.argv[1], "user.colour") == b"red"' "$HOST/etc/user"
}

@test "nothing is written through a symlink that the host has in the way" {
	change one 'echo x > /etc/app/x'
	mv "$HOST/etc/app" "$HOST/etc/app.old"
	mkdir "$HOST/elsewhere"
	ln -s /elsewhere "$HOST/etc/app"
	run -1 on_host /tare apply one
	[[ "$output" == *"refused /etc/app: the host changed it"* ]] || { echo "$output"; false; }
	[ -z "$(ls "$HOST/elsewhere")" ]
	on_host /tare apply --force one
	[ -z "$(ls "$HOST/elsewhere")" ]
	[ "$(cat "$HOST/etc/app/x")" = x ]
}

@test "what lies below a mount point of the host is left out, and such a directory is never deleted" {
	EXTRA=/srv change one 'echo s > /srv/s; echo new > /etc/motd'
	EXTRA=/srv run -0 on_host /tare apply one
	[[ "$output" == *"left out /srv/s: it lies below a mount point"* ]] || { echo "$output"; false; }
	[[ "$output" == *"; 1 left out" ]]
	[ ! -e "$HOST/srv/s" ]
	mkdir -p "$HOST/var/lib/thing/mnt"
	change two 'rm -r /var/lib/thing'
	EXTRA=/var/lib/thing/mnt run -1 on_host /tare apply two
	[[ "$output" == *"refused /var/lib/thing: a mount point of the host is in it"* ]] || { echo "$output"; false; }
	[ -d "$HOST/var/lib/thing/mnt" ]
}

@test "tare's own directories are never written" {
	change one 'mkdir -p /data/images/ref; echo evil > /data/images/ref/x; rm -rf /run/tare'
	run -1 on_host /tare apply --force --special one
	[[ "$output" == *"refused /data/images"*"it belongs to tare"* ]] || { echo "$output"; false; }
	change two 'true'
	# As if it had got rid of all of it, which overlayfs itself does not let it do.
	mknod "$HOST/data/containers/$(on_host /tare inspect -f '{{.Id}}' two)/upper/data" c 0 0
	run -1 on_host /tare apply --force --special two
	[[ "$output" == *"refused /data: it belongs to tare"* ]] || { echo "$output"; false; }
	[ -d "$HOST/data/containers" ]
}

@test "a container that runs is refused, unless forced; what it mounted is no change" {
	change one 'true'
	on_host sh -c '
		/tare run -d --name two -v /srv:/newplace host sh -c "echo new > /etc/motd; sleep 1000"
		until [ -s /etc/motd ] && /tare exec two test -s /etc/motd && /tare diff two | grep -q motd; do sleep 0.05; done
		/tare apply two; echo "status $?"
		cat /etc/motd
		/tare apply --force two; echo "status $?"
		cat /etc/motd
		/tare rm -f two' > "$BATS_TEST_TMPDIR/out" 2>&1
	cat "$BATS_TEST_TMPDIR/out"
	grep -q "apply two: it is running" "$BATS_TEST_TMPDIR/out"
	[ ! -e "$HOST/newplace" ]
	[ "$(grep -x 'old\|new\|status .' "$BATS_TEST_TMPDIR/out" | tr '\n' ' ')" = "status 1 old status 0 new " ]
}

@test "a container of an image is told to be none of this machine's" {
	make_box
	tare create --name web box true
	run -1 tare apply web
	[[ "$output" == *"it does not stand on this machine"* ]]
	tare rm web
}

@test "SIGKILL in the middle: every file is old or new, the next apply finishes and cleans up" {
	change one 'for i in $(seq 300); do head -c 20000 /bin/busybox > /etc/app/f$i; done; echo new > /etc/motd'
	for ms in 5 15 30; do
		on_host sh -c "/tare apply one & p=\$!; sleep 0.0$ms; kill -9 \$p; wait \$p" || true
		for f in "$HOST"/etc/app/f*; do
			[ ! -e "$f" ] || [ "$(stat -c %s "$f")" = 20000 ]
		done
	done
	on_host /tare apply -q one
	[ "$(ls "$HOST/etc/app" | wc -l)" = 300 ]
	[ -z "$(find "$HOST" -xdev -name '.tare-apply*')" ]
}
