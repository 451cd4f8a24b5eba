#!/usr/bin/env bats
# system check finds and mends what crashes leave in the store; system prune frees what nothing needs.
bats_require_minimum_version 1.5.0
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

@test "a store that is whole: nothing is found, also where there never was an image" {
	run -0 tare system check
	[ -z "$output" ]
	TARE_ROOT=$BATS_TEST_TMPDIR/empty run -0 tare system check
	[ -z "$output" ]
}

@test "left by killed operations: found, mended, gone" {
	mkdir "$TARE_ROOT/tmp/99.1"
	echo part > "$TARE_ROOT/tmp/99.1/blob"
	ln -s "../id/$(printf %064d 7)" "$TARE_ROOT/images/ref/docker.io%library%ghost:1"
	layer=$(printf %064d 8)
	mkdir "$TARE_ROOT/layers/$layer"
	echo content > "$TARE_ROOT/layers/$layer/file"
	run -1 tare system check
	[[ "$output" == *"found: 1 operation(s) on images were interrupted"* ]] || { echo "$output"; false; }
	[[ "$output" == *"found: the name ghost:1 belongs to an image that is gone"* ]]
	[[ "$output" == *"found: 1 layer(s) and archives,"*"are used by no image and no container"* ]]
	[ -e "$TARE_ROOT/layers/$layer" ]
	run -0 tare system check --repair
	[ "$(grep -c ^mended: <<< "$output")" = 3 ]
	[ ! -e "$TARE_ROOT/layers/$layer" ]
	[ -z "$(ls "$TARE_ROOT/tmp")" ]
	run -0 tare system check
	[ -z "$output" ]
	run -0 tare run --rm box echo fine
}

@test "what is missing is told, and is not mended by removing more" {
	tare create --name web box true
	mv "$TARE_ROOT"/layers/* "$BATS_TEST_TMPDIR/"
	run -1 tare system check --repair
	[[ "$output" == *"found: image "*" is missing: remove the image and load it again"* ]] || { echo "$output"; false; }
	[[ "$output" == *"found: container web: layer "*" is missing"* ]]
	[ -n "$(tare images -q)" ]
	tare rm web
}

@test "an image without a name that lacks parts was never finished, and goes" {
	tare run --name cc box touch /x
	id=$(tare commit cc half)
	tare rm cc
	rm "$TARE_ROOT"/images/ref/*half*
	rm "$TARE_ROOT/blobs/sha256/${id#sha256:}"
	run -1 tare system check
	[[ "$output" == *"found: image "*": its making was interrupted"* ]] || { echo "$output"; false; }
	run -0 tare system check --repair
	[[ "$output" == *"mended: image "*": its making was interrupted"* ]]
	run -0 tare system check
	[ -z "$output" ]
	[ "$(tare images -aq | wc -l)" = 1 ]
}

@test "cgroups of containers that are gone are told and removed, those of others are not" {
	local top id other
	tare run -d --name lives box sleep 1000
	id=$(tare inspect --format '{{.Id}}' lives)
	top=$(find /sys/fs/cgroup -maxdepth 4 -type d -name "$id" | head -n 1)
	top=${top%/*}
	other=$(printf 'c%.0s' {1..60})$(printf '%04x' $((RANDOM % 65536)))
	mkdir "$top/$other"
	run -0 tare system check # perhaps somebody is just starting it
	[ -z "$output" ]
	touch -d '1 hour ago' "$top/$other" "$top/$id"
	run -1 tare system check
	[[ "$output" == *"found: 1 cgroup(s) of containers that are gone"* ]] || { echo "$output"; false; }
	run -0 tare system check --repair
	[ ! -e "$top/$other" ] && [ -e "$top/$id" ]
	[ "$(tare inspect --format '{{.State.Status}}' lives)" = running ]
	tare rm -f lives
}

@test "system prune: containers and images without a name; -a all images that no container uses" {
	tare tag box used
	tare import "$BATS_FILE_TMPDIR/box.tar" old > /dev/null
	tare import -c 'ENV A=1' "$BATS_FILE_TMPDIR/box.tar" old > /dev/null
	tare create --name dead box true
	[ "$(tare images -aq | sort -u | wc -l)" = 3 ]
	run -0 tare system prune < <(echo y)
	[[ "$output" == *"- all dangling images"* && "$output" == *"Deleted Containers:"* && "$output" == *"deleted: sha256:"* ]] || { echo "$output"; false; }
	[[ "$output" == *"Total reclaimed space: "* ]]
	[ "$(tare images -aq | sort -u | wc -l)" = 2 ]
	tare create --name keeps box true
	tare system prune -f -a --filter until=1h
	[ "$(tare images -aq | sort -u | wc -l)" = 2 ]
	tare rm keeps
	id=$(tare run -d box sleep 1000)
	tare system prune -f -a
	[ "$(tare images -aq | sort -u | wc -l)" = 1 ]
	tare rm -f "$id"
}
