#!/usr/bin/env bats
# After a boot: whose restart policy wants it is started, others are not.
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

# As a boot leaves them: nothing runs, the records say that it does, and the boot was another one.
pull_the_plug()
{
	local name pid
	for name in "$@"; do
		pid=$(tare inspect --format '{{.State.Pid}}' "$name")
		wait_until 5 pgrep -f "tare-mon --name $name .*$TARE_ROOT" > /dev/null
		kill -KILL "$(pgrep -f "tare-mon --name $name .*$TARE_ROOT")"
		kill -KILL "$pid"
	done
	sed -i 's/"Boot":"[0-9a-f]*/"Boot":"00000000/' "$TARE_ROOT"/containers/*/status.json
}

@test "system boot starts always and unless-stopped, not no" {
	tare run -d --name always --restart always box sleep 1000
	tare run -d --name unless --restart unless-stopped box sleep 1000
	tare run -d --name never box sleep 1000
	tare run -d --name stopped --restart unless-stopped box sleep 1000
	tare stop -t 0 stopped
	pull_the_plug always unless never
	run -0 --separate-stderr tare system boot
	run -0 tare ps --format '{{.Names}}'
	[ "$(sort <<< "$output" | paste -sd' ')" = "always unless" ]
}
