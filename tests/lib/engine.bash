# Helpers for tests of the engine. A test file has:
#   load ../lib/engine
#   setup() { engine_setup; }
#   teardown() { engine_teardown; }
# Each test has a data and a run directory of its own. TARE names the program (default: build/tare); `tare` in a test is
# that program. The image `box` is a static busybox; it is made once a file.

engine_setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	TARE=$(realpath "${TARE:-$TOP/build/tare}")
	TARE_ROOT=$BATS_TEST_TMPDIR/data
	TARE_RUN_ROOT=$BATS_TEST_TMPDIR/run
	unset LISTEN_FDS LISTEN_PID NOTIFY_SOCKET TARE_LIBEXEC
	export TARE TARE_ROOT TARE_RUN_ROOT
	MOUNTS_BEFORE=$(count_mounts)
}

# Those of other tests, two of which run at a time, and of virtual machines that start beside them are not ours.
count_mounts()
{
	awk -v own="$BATS_RUN_TMPDIR/" '!/\/tare-vm\// && (!/\/bats-run-/ || index($0, own)) { n++ } END { print n + 0 }' /proc/self/mountinfo
}

tare()
{
	"$TARE" "$@"
}

need_root()
{
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# A tree with a static busybox, at $1.
make_tree()
{
	local box name
	box=$(command -v busybox) || skip "needs busybox"
	if ldd "$box" >/dev/null 2>&1; then skip "busybox is not static"; fi
	mkdir -p "$1"/{bin,proc,sys,dev,tmp,etc,root,home/user,var}
	chmod 1777 "$1/tmp"
	cp "$box" "$1/bin/busybox"
	for name in $("$box" --list); do
		[ "$name" = busybox ] || ln -sf busybox "$1/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' > "$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nextra:x:2000:user\n' > "$1/etc/group"
	chown -R 0:0 "$1"
	chown 1000:1000 "$1/home/user"
}

# The image `box`, in this test's store.
make_box()
{
	local tree=$BATS_FILE_TMPDIR/box
	[ -d "$tree" ] || make_tree "$tree"
	[ -e "$BATS_FILE_TMPDIR/box.tar" ] || tar -C "$tree" --numeric-owner -cf "$BATS_FILE_TMPDIR/box.tar" .
	tare import "$BATS_FILE_TMPDIR/box.tar" box:latest > /dev/null
}

# wait_until SECONDS COMMAND…: ask again until it succeeds.
wait_until()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# Nothing of a test stays: no container, no monitor, no cgroup, no mount.
engine_teardown()
{
	local id ids left
	ids=$(ls "$TARE_ROOT/containers" 2>/dev/null)
	for id in $ids; do
		"$TARE" rm -f -v "$id" > /dev/null 2>&1 || echo "cannot remove $id"
	done
	left=$(pgrep -af "tare-mon.*$TARE_ROOT" || true)
	[ -z "$left" ] || { echo "left: $left"; return 1; }
	for id in $ids; do
		left=$(find /sys/fs/cgroup -maxdepth 4 -type d -name "$id" 2>/dev/null)
		[ -z "$left" ] || { echo "left: $left"; return 1; }
	done
	[ "$(count_mounts)" -le "${MOUNTS_BEFORE:-0}" ] || { echo "mounts are left"; return 1; }
}
