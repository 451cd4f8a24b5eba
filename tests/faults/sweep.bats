# SIGKILL and errors at the system calls of a command (SECURITY-REQUIREMENTS R4.1, R4.5). Every seventh place by
# default; SWEEP_EVERY=1 takes all of them (about ten minutes).
load ../lib/oci

setup()
{
	need_root
	is_sanitized && skip "a sanitizer does not run under strace"
	command -v strace >/dev/null || skip "needs strace"
	strace -o /dev/null true || skip "strace is not allowed here"
	oci_setup
	make_bundle sleep 1000
}

teardown()
{
	oci_teardown
}

sweep()
{
	run "$BATS_TEST_DIRNAME/sweep.py" --tare "$TARE_OCI" --bundle "$BUNDLE" --state "$STATE" --mark "$MARK" \
		--every "${SWEEP_EVERY:-7}" "$@"
	echo "$output"
	[ "$status" = 0 ]
}

# The same with the systemd driver: the container's cgroup is a scope that systemd makes and removes.
systemd_sweep()
{
	[ "$(cat /proc/1/comm)" = systemd ] || skip "needs systemd as PID 1"
	config "c['linux']['cgroupsPath'] = 'system.slice:tare:$MARK'"
	sweep --systemd "$@"
}

@test "create killed anywhere leaves what delete --force clears" { sweep create kill; }
@test "start killed anywhere leaves what delete --force clears" { sweep start kill; }
@test "run killed anywhere leaves what delete --force clears" { sweep run kill; }
@test "run or its child killed anywhere" { sweep --follow run-true kill; }
@test "exec killed anywhere" { sweep exec kill; }
@test "pause killed anywhere" { sweep pause kill; }
@test "delete killed anywhere is finished by delete --force" { sweep delete kill; }
@test "delete --force killed anywhere is finished by another" { sweep delete-force kill; }
@test "create without memory anywhere leaves nothing" { sweep create ENOMEM; }
@test "start without memory anywhere" { sweep start ENOMEM; }
@test "run and its child without memory anywhere" { sweep --follow run-true ENOMEM; }
@test "exec and its child without memory anywhere" { sweep --follow exec ENOMEM; }
@test "delete --force without memory anywhere is finished by another" { sweep delete-force ENOMEM; }
@test "create with a full disk anywhere leaves nothing" { sweep create ENOSPC; }
@test "create killed anywhere, with a unit of systemd" { systemd_sweep create kill; }
@test "start killed anywhere, with a unit of systemd" { systemd_sweep start kill; }
@test "run killed anywhere, with a unit of systemd" { systemd_sweep run kill; }
@test "delete killed anywhere, with a unit of systemd" { systemd_sweep delete kill; }
@test "delete --force killed anywhere, with a unit of systemd" { systemd_sweep delete-force kill; }
@test "create without memory anywhere, with a unit of systemd" { systemd_sweep create ENOMEM; }
