#!/usr/bin/env bats
# checkpoint and restore, where criu works.

load ../lib/oci

setup()
{
	oci_setup
	need_root
}

need_criu()
{
	command -v criu > /dev/null || skip "needs criu"
	criu check > /dev/null 2>&1 || skip "criu does not work on this kernel"
}
teardown() { oci_teardown; }

@test "checkpoint and restore keep what the program counted" {
	need_criu
	make_bundle sh -c 'i=0; while :; do i=$((i + 1)); echo $i > /tmp/count; sleep 0.1; done'
	tare run --detach --bundle "$BUNDLE" a < /dev/null > /dev/null 2>&1
	until [ -s "$BUNDLE/rootfs/tmp/count" ]; do :; done
	tare checkpoint --image-path "$BATS_TEST_TMPDIR/images" --work-path "$BATS_TEST_TMPDIR" a
	before=$(cat "$BUNDLE/rootfs/tmp/count")
	[ -z "$(tare list -q)" ]
	tare restore --detach --image-path "$BATS_TEST_TMPDIR/images" --work-path "$BATS_TEST_TMPDIR" \
		--pid-file "$BATS_TEST_TMPDIR/pid" -no-subreaper --bundle "$BUNDLE" a < /dev/null > /dev/null 2>&1
	[ "$(status_of a)" = running ]
	[ "$(tare state a | json "['pid']")" = "$(cat "$BATS_TEST_TMPDIR/pid")" ]
	until [ "$(cat "$BUNDLE/rootfs/tmp/count")" -gt "$before" ]; do :; done
	[ "$(cat "$BUNDLE/rootfs/tmp/count")" -lt $((before + 1000)) ]
}

@test "--leave-running leaves it running" {
	need_criu
	start_sleeper a < /dev/null > /dev/null 2>&1
	tare checkpoint --leave-running --image-path "$BATS_TEST_TMPDIR/images" a
	[ "$(status_of a)" = running ]
}

@test "what cannot be checkpointed is refused" {
	run tare checkpoint nosuch
	[ "$status" = 1 ]
	[[ $output == *"container does not exist"* ]]
	run tare checkpoint --manage-cgroups-mode whatever a
	[ "$status" = 1 ]
	[[ $output == *"soft full strict ignore"* ]]
}

@test "a failing checkpoint leaves the container running" {
	start_sleeper c1 </dev/null >/dev/null
	run env PATH=/nowhere "$TARE_OCI" --root "$STATE" checkpoint --image-path "$BATS_TEST_TMPDIR/image" c1
	[ "$status" != 0 ]
	[ "$(status_of c1)" = running ]
}

@test "checkpoint of what is not running is refused" {
	make_bundle true
	tare create --bundle "$BUNDLE" c1 </dev/null >/dev/null
	run tare checkpoint --image-path "$BATS_TEST_TMPDIR/image" c1
	[ "$status" = 1 ]
	[[ "$output" == *"container not running"* ]]
	[ ! -e "$BATS_TEST_TMPDIR/image" ]
}

@test "restore without images leaves nothing" {
	make_bundle true
	run tare restore --image-path "$BATS_TEST_TMPDIR/nowhere" --bundle "$BUNDLE" c1
	[ "$status" = 1 ]
	[ -z "$(leftovers)" ]
}
