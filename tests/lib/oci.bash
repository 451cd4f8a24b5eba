# Helpers for tests of tare-oci. A test file has:
#   load ../lib/oci
#   setup() { oci_setup; }
#   teardown() { oci_teardown; }
# TARE_OCI names the program (default: build/tare-oci). Every container of a test has $MARK in its environment
# and its cgroup, so that teardown can tell whether anything of it is left.

oci_setup()
{
	TOP=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	TARE_OCI=$(realpath "${TARE_OCI:-$TOP/build/tare-oci}")
	MARK=tare-test-$$-$BATS_TEST_NUMBER
	STATE=$BATS_TEST_TMPDIR/state
	BUNDLE=$BATS_TEST_TMPDIR/bundle
	unset LISTEN_FDS LISTEN_PID NOTIFY_SOCKET
	export TARE_OCI MARK STATE BUNDLE
}

# The program with a state root of this test's own.
tare()
{
	"$TARE_OCI" --root "$STATE" "$@"
}

# Whether the program was built with AddressSanitizer.
is_sanitized()
{
	grep -q __asan_init "$TARE_OCI"
}

need_root()
{
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# A bundle with a static busybox; the arguments are the program to run (default: true).
make_bundle()
{
	local box name
	box=$(command -v busybox) || skip "needs busybox"
	if ldd "$box" >/dev/null 2>&1; then skip "busybox is not static"; fi
	mkdir -p "$BUNDLE"/rootfs/{bin,proc,sys,dev,tmp,etc}
	cp "$box" "$BUNDLE/rootfs/bin/busybox"
	for name in sh true false sleep cat echo id env ls mount hostname kill ps stat test tty grep readlink mkdir touch dd; do
		ln -sf busybox "$BUNDLE/rootfs/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' > "$BUNDLE/rootfs/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\n' > "$BUNDLE/rootfs/etc/group"
	rm -f "$BUNDLE/config.json"
	"$TARE_OCI" spec --bundle "$BUNDLE"
	[ $# = 0 ] && set -- true
	config "c['process']['terminal'] = False; c['root']['readonly'] = False
c['process']['env'].append('MARK=$MARK'); c['linux']['cgroupsPath'] = '/$MARK'
c['process']['args'] = sys.argv[3:]" "$@"
}

# Change config.json with a piece of Python; c is the document, sys.argv[3:] the further arguments. Each start of Python
# takes a second in a virtual machine without KVM, half of it without its site.
config()
{
	python3 -IS - "$BUNDLE/config.json" "$@" <<'PYTHON'
import json, sys
path, code = sys.argv[1:3]
with open(path) as f:
    c = json.load(f)
exec(code)
with open(path, "w") as f:
    json.dump(c, f)
PYTHON
}

program()
{
	config "c['process']['args'] = sys.argv[3:]" "$@"
}

# A member of a JSON document on standard input: json "['status']"
json()
{
	python3 -IS -c "import json, sys; print(json.load(sys.stdin)$1)"
}

status_of()
{
	tare state "$1" | json "['status']"
}

# Until the pid is gone, without a timer: tail follows the process.
wait_gone()
{
	timeout 20 tail --pid="$1" -f /dev/null
}

# A container with a sleeping program, created and started.
start_sleeper()
{
	make_bundle sleep 1000
	tare create --bundle "$BUNDLE" --pid-file "$BATS_TEST_TMPDIR/pid" "$1"
	tare start "$1"
}

leftovers()
{
	local f d
	# The processes of bats have the mark too, beside variables of bats; a container has not.
	for f in $(grep -lzx "MARK=$MARK" /proc/[0-9]*/environ 2>/dev/null); do
		grep -qz '^BATS_' "$f" 2>/dev/null || echo "process ${f%/environ}"
	done
	sed -n "\\|$BATS_TEST_TMPDIR|s/^/mount /p" /proc/self/mountinfo
	find /sys/fs/cgroup -maxdepth 4 -type d -name "*$MARK*" 2>/dev/null | sed 's/^/cgroup /'
	for d in "$STATE"/*/; do
		case $d in
		*/@*/ | *'*/') ;;
		*) echo "state $d" ;;
		esac
	done
	return 0
}

oci_teardown()
{
	local id left
	[ -n "$MARK" ] || return 0 # skipped before oci_setup: every name would match
	if [ -d "$STATE" ]; then
		for id in $(tare list -q 2>/dev/null); do tare delete --force "$id" || true; done
	fi
	left=$(leftovers)
	if [ -n "$left" ]; then
		echo "left behind:" >&2
		echo "$left" >&2
		return 1
	fi
}
