#!/usr/bin/env bats
# Health checks, and restart policies that they and others lead to.

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

health()
{
	tare inspect --format '{{.State.Health.Status}}' "$1"
}

is()
{
	[ "$(health "$1")" = "$2" ]
}

@test "a probe that succeeds makes it healthy, failures make it unhealthy, and back" {
	tare run -d --name aa --health-cmd 'test -e /tmp/good || { echo bad; exit 3; }' --health-interval 100ms --health-retries 2 box sleep 1000 > /dev/null
	[ "$(health aa)" = starting ] || [ "$(health aa)" = unhealthy ]
	wait_until 10 is aa unhealthy
	tare exec aa touch /tmp/good
	wait_until 10 is aa healthy
	[ "$(tare inspect --format '{{.State.Health.FailingStreak}}' aa)" = 0 ]
	tare exec aa rm /tmp/good
	wait_until 10 is aa unhealthy
	[ "$(tare inspect --format '{{(index .State.Health.Log 4).ExitCode}} {{(index .State.Health.Log 4).Output}}' aa)" = "3 bad" ]
	[ "$(tare inspect --format '{{len .State.Health.Log}}' aa)" = 5 ]
}

@test "by hand" {
	tare run -d --name aa --health-cmd 'test -e /tmp/good' --health-interval 1h box sleep 1000 > /dev/null
	run -1 tare healthcheck run aa
	tare exec aa touch /tmp/good
	run -0 tare healthcheck run aa
	[ "$(health aa)" = healthy ]
	tare run -d --name bb box sleep 1000 > /dev/null
	run -125 tare healthcheck run bb
	[[ $output == *"container bb has no health check"* ]]
}

@test "failures of the start period do not count" {
	tare run -d --name aa --health-cmd false --health-interval 100ms --health-start-interval 50ms --health-start-period 1h --health-retries 1 \
		box sleep 1000 > /dev/null
	wait_until 10 sh -c "[ \"\$('$TARE' inspect --format '{{len .State.Health.Log}}' aa)\" = 5 ]"
	[ "$(health aa)" = starting ]
}

@test "a probe that takes too long is killed with what it started" {
	tare run -d --name aa --health-cmd 'sleep 555 & sleep 556' --health-interval 1h --health-timeout 300ms box sleep 1000 > /dev/null
	run -1 tare healthcheck run aa
	[ "$(tare inspect --format '{{(index .State.Health.Log 0).ExitCode}}' aa)" = -1 ]
	[[ $(tare inspect --format '{{(index .State.Health.Log 0).Output}}' aa) == "Health check exceeded timeout (300ms)" ]]
	[ "$(tare exec aa ps -o args | grep -c '^sleep 55')" = 0 ]
}

@test "unhealthy: kill, stop, restart" {
	tare run -d --name kk --on-unhealthy kill --health-cmd false --health-interval 50ms --health-retries 1 box sleep 1000 > /dev/null
	[ "$(tare wait kk)" = 137 ]
	tare run -d --name ss --on-unhealthy stop --stop-timeout 1 --health-cmd false --health-interval 50ms --health-retries 1 \
		box sh -c 'trap "exit 8" TERM; while :; do sleep 1 & wait $!; done' > /dev/null
	[ "$(tare wait ss)" = 8 ]
	tare run -d --name rr --on-unhealthy restart --stop-timeout 0 --health-cmd 'test -e /tmp/good' --health-interval 200ms --health-retries 1 \
		box sh -c 'echo begun; sleep 1000' > /dev/null
	wait_until 15 sh -c "[ \$('$TARE' logs rr | grep -c begun) -ge 2 ]"
	tare rm -f rr > /dev/null
}

@test "a container that ends is started again after a growing pause, on-failure only so often" {
	tare run -d --name aa --restart on-failure:3 box sh -c 'echo begun; exit 2' > /dev/null
	[ "$(tare wait aa)" = 2 ]
	[ "$(tare logs aa | grep -c begun)" = 4 ]
	[ "$(tare inspect --format '{{.RestartCount}}' aa)" = 3 ]
	tare run -d --name bb --restart on-failure:3 box true > /dev/null
	[ "$(tare wait bb)" = 0 ]
	[ "$(tare inspect --format '{{.RestartCount}}' bb)" = 0 ]
}
