#!/usr/bin/env bats
# What a command has promised is there after a power cut (SECURITY-REQUIREMENTS R4.10). POWERCUTS rounds (14: twice after each
# command, or while the next one is at work); a hundred take some minutes.
bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
}

teardown()
{
	if mountpoint -q "$BATS_TEST_TMPDIR/cut/mnt"; then umount -l "$BATS_TEST_TMPDIR/cut/mnt"; fi
	engine_teardown
}

@test "what load, import, commit, tag, create, rename and volume create promise survives a power cut" {
	truncate -s 8M "$BATS_TEST_TMPDIR/probe"
	mkfs.ext4 -q -F "$BATS_TEST_TMPDIR/probe"
	mkdir "$BATS_TEST_TMPDIR/m"
	mount -o loop "$BATS_TEST_TMPDIR/probe" "$BATS_TEST_TMPDIR/m" || skip "no loop devices here"
	umount "$BATS_TEST_TMPDIR/m"
	run "$BATS_TEST_DIRNAME/powercut.py" --tare "$TARE" --dir "$BATS_TEST_TMPDIR/cut" --rounds "${POWERCUTS:-14}"
	echo "$output"
	[ "$status" = 0 ]
}
