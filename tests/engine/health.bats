#!/usr/bin/env bats
# Health checks, and restart policies that they and others lead to.

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

health()
{
	tare inspect --format '{{.State.Health.Status}}' "$1"
}

is()
{
	[ "$(health "$1")" = "$2" ]
}

@test "a probe that succeeds makes it healthy, failures make it unhealthy, and back" {
	tare run -d --name a --health-cmd 'test -e /tmp/good || { echo bad; exit 3; }' --health-interval 100ms --health-retries 2 box sleep 1000 > /dev/null
	[ "$(health a)" = starting ] || [ "$(health a)" = unhealthy ]
	wait_until 10 is a unhealthy
	tare exec a touch /tmp/good
	wait_until 10 is a healthy
	[ "$(tare inspect --format '{{.State.Health.FailingStreak}}' a)" = 0 ]
	tare exec a rm /tmp/good
	wait_until 10 is a unhealthy
	[ "$(tare inspect --format '{{(index .State.Health.Log 4).ExitCode}} {{(index .State.Health.Log 4).Output}}' a)" = "3 bad" ]
	[ "$(tare inspect --format '{{len .State.Health.Log}}' a)" = 5 ]
}

@test "by hand" {
	tare run -d --name a --health-cmd 'test -e /tmp/good' --health-interval 1h box sleep 1000 > /dev/null
	run -1 tare healthcheck run a
	tare exec a touch /tmp/good
	run -0 tare healthcheck run a
	[ "$(health a)" = healthy ]
	tare run -d --name b box sleep 1000 > /dev/null
	run -125 tare healthcheck run b
	[[ $output == *"container b has no health check"* ]]
}

@test "failures of the start period do not count" {
	tare run -d --name a --health-cmd false --health-interval 100ms --health-start-interval 50ms --health-start-period 1h --health-retries 1 \
		box sleep 1000 > /dev/null
	wait_until 10 sh -c "[ \"\$('$TARE' inspect --format '{{len .State.Health.Log}}' a)\" = 5 ]"
	[ "$(health a)" = starting ]
}

@test "a probe that takes too long is killed with what it started" {
	tare run -d --name a --health-cmd 'sleep 555 & sleep 556' --health-interval 1h --health-timeout 300ms box sleep 1000 > /dev/null
	run -1 tare healthcheck run a
	[ "$(tare inspect --format '{{(index .State.Health.Log 0).ExitCode}}' a)" = -1 ]
	[[ $(tare inspect --format '{{(index .State.Health.Log 0).Output}}' a) == "Health check exceeded timeout (300ms)" ]]
	[ "$(tare exec a ps -o args | grep -c '^sleep 55')" = 0 ]
}

@test "unhealthy: kill, stop, restart" {
	tare run -d --name k --on-unhealthy kill --health-cmd false --health-interval 50ms --health-retries 1 box sleep 1000 > /dev/null
	[ "$(tare wait k)" = 137 ]
	tare run -d --name s --on-unhealthy stop --stop-timeout 1 --health-cmd false --health-interval 50ms --health-retries 1 \
		box sh -c 'trap "exit 8" TERM; while :; do sleep 1 & wait $!; done' > /dev/null
	[ "$(tare wait s)" = 8 ]
	tare run -d --name r --on-unhealthy restart --stop-timeout 0 --health-cmd 'test -e /tmp/good' --health-interval 200ms --health-retries 1 \
		box sh -c 'echo begun; sleep 1000' > /dev/null
	wait_until 15 sh -c "[ \$('$TARE' logs r | grep -c begun) -ge 2 ]"
	tare rm -f r > /dev/null
}

@test "a container that ends is started again after a growing pause, on-failure only so often" {
	tare run -d --name a --restart on-failure:3 box sh -c 'echo begun; exit 2' > /dev/null
	[ "$(tare wait a)" = 2 ]
	[ "$(tare logs a | grep -c begun)" = 4 ]
	[ "$(tare inspect --format '{{.RestartCount}}' a)" = 3 ]
	tare run -d --name b --restart on-failure:3 box true > /dev/null
	[ "$(tare wait b)" = 0 ]
	[ "$(tare inspect --format '{{.RestartCount}}' b)" = 0 ]
}
