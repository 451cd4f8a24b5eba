#!/usr/bin/env bats
# Fifteen seconds of tests/engine/churn; `make churn` takes ten minutes with fifty at once.
load ../lib/engine

setup()
{
	need_root
	engine_setup
	make_box
}

teardown()
{
	engine_teardown
}

@test "containers churned with SIGKILLs everywhere leave nothing" {
	mkdir "$BATS_TEST_TMPDIR/churn"
	run "$BATS_TEST_DIRNAME/churn" --tare "$TARE" --image "$BATS_FILE_TMPDIR/box.tar" --dir "$BATS_TEST_TMPDIR/churn" \
		--seconds "${CHURN_S:-15}" --workers "${CHURN_WORKERS:-8}" --verbose
	echo "$output"
	[ "$status" = 0 ]
}
