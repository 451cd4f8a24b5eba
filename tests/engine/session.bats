#!/usr/bin/env bats
# The engine of a plain user who is logged in under systemd: a session bus, delegated controllers, ranges of ids. Such a user is in
# the virtual machine `systemd` (tests/vm/README.md).
bats_require_minimum_version 1.5.0

load ../lib/engine

setup()
{
	need_root # to become that user
	command -v as-tester > /dev/null && [ "${TARE_VM:-}" = systemd ] || skip "needs the user of the systemd virtual machine"
	engine_setup
	unset TARE_RUN_ROOT # its own, below /run/user
	HERS=$(mktemp -d /tmp/tare-session-XXXXXX) # others may not enter the directories of bats
	cp "$TARE" "$(dirname "$TARE")"/tare-{mon,init,fetch} "$HERS"
	make_tree "$HERS/tree"
	tar -C "$HERS/tree" --numeric-owner -cf "$HERS/box.tar" .
	chown -R tester: "$HERS"
}

teardown()
{
	[ -n "${HERS:-}" ] || return 0
	her ps -aq | while read -r id; do her rm -f "$id"; done
	rm -rf --one-file-system "$HERS" || as-tester rm -rf "$HERS"
}

her()
{
	as-tester env TARE_ROOT="$HERS/data" "$HERS/tare" "$@"
}

@test "an image with a range of ids: owners, output, exit status, limits" {
	her import "$HERS/box.tar" box:latest > /dev/null
	run -0 her run --rm --network none --memory 64m --pids-limit 50 box \
		sh -c 'id -u; touch /f; chown 1000:1000 /f; stat -c %u:%g /f; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max'
	echo "$output"
	[ "$output" = $'0\n1000:1000\n67108864\n50' ]
	run -7 her run --rm --network none box sh -c 'exit 7'
	[ -z "$(her ps -aq)" ]
}

@test "a detached one outlives the command's scope: ps, logs, exec, stop, start, rm" {
	her import "$HERS/box.tar" box:latest > /dev/null
	her run -d --name web --network none box sh -c 'echo hello; exec sleep 1000' > /dev/null
	[ "$(her ps --format '{{.Names}} {{.State}}')" = "web running" ]
	wait_until 10 sh -c "grep -q hello $HERS/data/containers/*/log.json"
	[ "$(her logs web)" = hello ]
	[ "$(her exec web id -u)" = 0 ]
	run -9 her exec web sh -c 'exit 9'
	her stop -t 0 web
	her start web
	[ "$(her exec web echo again)" = again ]
	her rm -f web
	[ -z "$(her ps -aq)" ]
	! pgrep -u tester -f tare-mon
}
