# SIGKILL of clients, monitors and programs of the engine at their system calls (SECURITY-REQUIREMENTS R4.7, R4.8). Every
# 40th place by default; SWEEP_EVERY=1 takes all of them (more than an hour).
load ../lib/engine

setup()
{
	need_root
	command -v strace >/dev/null || skip "needs strace"
	strace -o /dev/null true || skip "strace is not allowed here"
	engine_setup
	make_box
	mkdir -p "$BATS_TEST_TMPDIR/sweep"
}

teardown()
{
	engine_teardown
}

sweep()
{
	run "$BATS_TEST_DIRNAME/engine.py" --tare "$TARE" --image "$BATS_FILE_TMPDIR/box.tar" \
		--dir "$BATS_TEST_TMPDIR/sweep" --mark "$BATS_ROOT_PID-$BATS_TEST_NUMBER" --every "${SWEEP_EVERY:-40}" "$@"
	echo "$output"
	[ "$status" = 0 ]
}

@test "run -d killed anywhere" { sweep run; }
@test "run in front killed anywhere" { sweep run-in-front; }
@test "a detached life killed anywhere" { sweep run-to-end; }
@test "a life with --rm killed anywhere" { sweep run-rm; }
@test "a life with a restart policy killed anywhere" { sweep run-again; }
@test "start killed anywhere" { sweep start; }
@test "stop killed anywhere" { sweep stop; }
@test "exec killed anywhere" { sweep exec; }
@test "rm killed anywhere" { sweep rm; }
@test "rm --force killed anywhere" { sweep rm-force; }
