# What goes wrong around a container: races, full disks, small limits, processes that do not want to end
# (SECURITY-REQUIREMENTS R4.2 to R4.6).
bats_require_minimum_version 1.5.0
load ../lib/oci

setup()
{
	need_root
	oci_setup
}

teardown()
{
	oci_teardown
}

# N times the same command at once: statuses in $out/rc.*, output in $out/err.*
at_once()
{
	local n=$1 i
	shift
	out=$BATS_TEST_TMPDIR/out
	rm -rf "$out"
	mkdir "$out"
	for i in $(seq "$n"); do
		( tare "$@" >"$out/err.$i" 2>&1 </dev/null; echo $? > "$out/rc.$i" ) 3>&- &
	done
	wait
}

count_rc()
{
	cat "$out"/rc.* | grep -cx "$1" || true
}

@test "of many creates of one id one succeeds, and its container is whole" {
	make_bundle sleep 1000
	at_once 12 create --bundle "$BUNDLE" c1
	[ "$(count_rc 0)" = 1 ]
	[ "$(cat "$out"/err.* | grep -c 'container with given ID already exists')" = 11 ]
	[ "$(status_of c1)" = created ]
	tare start c1
	[ "$(tare exec c1 echo alive)" = alive ]
}

@test "of many starts one has an effect" {
	make_bundle sleep 1000
	tare create --bundle "$BUNDLE" c1 </dev/null >/dev/null
	at_once 8 start c1
	[ "$(count_rc 0)" = 1 ]
	[ "$(cat "$out"/err.* | grep -c 'cannot start an already running container')" = 7 ]
	[ "$(status_of c1)" = running ]
}

@test "all of many delete --force succeed" {
	start_sleeper c1 </dev/null >/dev/null
	at_once 8 delete --force c1
	[ "$(count_rc 0)" = 8 ]
	run tare state c1
	[[ "$output" == *"does not exist"* ]]
}

@test "create against delete --force leaves one or nothing" {
	local i
	make_bundle sleep 1000
	for i in 1 2 3 4 5; do
		( tare create --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1 || true ) 3>&- &
		( tare delete --force c1 >/dev/null 2>&1 || true ) 3>&- &
		wait
		run tare state c1
		[ "$status" = 0 ] || [[ "$output" == *"does not exist"* ]]
		tare delete --force c1
		[ -z "$(leftovers)" ]
	done
}

@test "a fork bomb is deleted, also a paused one" {
	local i
	make_bundle sh -c 'f() { f & f & wait; }; f & exec sleep 1000' # a shell that cannot fork ends
	config "c['linux'].setdefault('resources', {})['pids'] = {'limit': 200}"
	for i in running paused; do
		tare run --detach --bundle "$BUNDLE" c1 </dev/null >/dev/null 2>&1
		[ $i = running ] || tare pause c1
		timeout 5 "$TARE_OCI" --root "$STATE" delete --force c1
		[ -z "$(leftovers)" ]
	done
}

@test "cgroups made inside go with the container" {
	local d
	start_sleeper c1 </dev/null >/dev/null
	for d in /sys/fs/cgroup/*/"$MARK" /sys/fs/cgroup/"$MARK"; do
		[ ! -d "$d" ] || mkdir -p "$d/a/b"
	done
	timeout 5 "$TARE_OCI" --root "$STATE" delete --force c1
	[ -z "$(leftovers)" ]
}

@test "a reused pid is neither reported nor signalled" {
	local pid
	start_sleeper c1 </dev/null >/dev/null
	tare kill c1 KILL
	wait_gone "$(cat "$BATS_TEST_TMPDIR/pid")"
	sleep 1000 3>&- &
	pid=$!
	# As if the kernel had given the number out again.
	sed -i "s/\"pid\":[0-9]*/\"pid\":$pid/" "$STATE/c1/state.json"
	[ "$(status_of c1)" = stopped ]
	run tare kill c1 KILL
	[[ "$output" == *"container not running"* ]]
	tare delete --force c1
	kill -0 "$pid"
	kill "$pid"
}

@test "a broken state file is told, and delete --force clears" {
	local text
	make_bundle sleep 1000
	for text in '' '{' '[]' '{"version":1}' '{"version":99}' '\x00'; do
		tare create --bundle "$BUNDLE" c1 </dev/null >/dev/null
		printf "$text" > "$STATE/c1/state.json"
		run tare state c1
		[ "$status" = 1 ]
		[[ "$output" == *"delete --force c1"* ]]
		[ "${#lines[@]}" = 1 ]
		run tare delete c1
		[ "$status" = 1 ]
		tare delete --force c1
		[ ! -e "$STATE/c1" ]
	done
}

@test "a full state directory is named, and nothing stays" {
	make_bundle sleep 1000
	mkdir "$STATE"
	mount -t tmpfs -o size=4k,nr_inodes=64 tmpfs "$STATE" || skip "cannot make a tmpfs"
	dd if=/dev/zero of="$STATE/@full" bs=4096 count=2 2>/dev/null || true
	run tare create --bundle "$BUNDLE" c1
	echo "$output"
	[ "$status" = 1 ]
	[[ "$output" == *"No space left"* ]]
	[ ! -e "$STATE/c1" ]
	umount "$STATE"
	tare create --bundle "$BUNDLE" c1 </dev/null >/dev/null
}

@test "a state directory without inodes, and a read-only one" {
	make_bundle sleep 1000
	mkdir "$STATE"
	mount -t tmpfs -o nr_inodes=2 tmpfs "$STATE" || skip "cannot make a tmpfs"
	run tare create --bundle "$BUNDLE" c1
	[ "$status" = 1 ]
	[[ "$output" == *"No space left"* ]]
	[ ! -e "$STATE/c1" ]
	mount -o remount,ro "$STATE"
	run tare create --bundle "$BUNDLE" c1
	umount "$STATE"
	[ "$status" = 1 ]
	[[ "$output" == *"Read-only file system"* ]]
}

@test "few descriptors: it works or says so in one line" {
	local n
	make_bundle true
	for n in 8 12 16 24 32 64; do
		run --separate-stderr bash -c "ulimit -n $n; exec \"$TARE_OCI\" --root \"$STATE\" run --bundle \"$BUNDLE\" c1"
		[ "$status" = 0 ] || [ "${#stderr_lines[@]}" = 1 ]
		tare delete --force c1
		[ -z "$(leftovers)" ]
	done
}

@test "little memory: it works or says so in one line" {
	local n
	make_bundle true
	for n in 2000 4000 16384; do
		run --separate-stderr bash -c "ulimit -v $n; exec \"$TARE_OCI\" --root \"$STATE\" run --bundle \"$BUNDLE\" c1"
		[ "$status" = 0 ] || [ "${#stderr_lines[@]}" -le 1 ]
		tare delete --force c1
		[ -z "$(leftovers)" ]
	done
}

@test "a pids limit of 1 is enough to start" {
	make_bundle true
	config "c['linux'].setdefault('resources', {})['pids'] = {'limit': 1}"
	tare run --bundle "$BUNDLE" c1
}
