# With the systemd cgroup driver. Needs systemd as PID 1: tests/vm/run systemd.
load ../lib/oci

setup()
{
	need_root
	[ "$(cat /proc/1/comm)" = systemd ] || skip "needs systemd as PID 1"
	oci_setup
}

teardown()
{
	if [ -n "${MARK:-}" ]; then oci_teardown; fi
}

@test "the cgroup mount shows the container's cgroup, not the host's" {
	make_bundle sh -c 'cat /sys/fs/cgroup/cgroup.procs; echo "weight $(cat /sys/fs/cgroup/cpu.weight)"'
	[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "needs cgroup v2"
	config "c['linux']['cgroupsPath'] = 'system.slice:tare:$MARK'
c['linux']['resources']['unified'] = {'cpu.weight': '1234'}"
	run tare --systemd-cgroup run --bundle "$BUNDLE" a
	echo "$output"
	[ "$status" = 0 ]
	[ "${lines[0]}" = 1 ]
	[ "${lines[-1]}" = "weight 1234" ]
}

@test "systemd knows a weight that config.json or update has set" {
	make_bundle sleep 1000
	[ -e /sys/fs/cgroup/cgroup.controllers ] || skip "needs cgroup v2"
	config "c['linux']['cgroupsPath'] = 'system.slice:tare:$MARK'
c['linux']['resources']['unified'] = {'cpu.weight': '1234'}"
	tare --systemd-cgroup run --detach --bundle "$BUNDLE" a
	[ "$(systemctl show -P CPUWeight "tare-$MARK.scope")" = 1234 ]
	tare update --cpu-share 1024 a
	[ "$(systemctl show -P CPUWeight "tare-$MARK.scope")" = 100 ]
}
