#!/usr/bin/env bats
# ps, inspect, info, df: what they print, in every form.

load ../lib/engine
bats_require_minimum_version 1.5.0

setup()
{
	need_root
	engine_setup
	[ -d "$BATS_FILE_TMPDIR/tree" ] || make_tree "$BATS_FILE_TMPDIR/tree"
	BOX="--rootfs $BATS_FILE_TMPDIR/tree"
}

teardown()
{
	engine_teardown
}

@test "ps of nothing is the heading alone" {
	run -0 tare ps
	[ "$output" = "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES" ]
	run -0 tare ps -q
	[ -z "$output" ]
	run -0 tare ps --format json
	[ -z "$output" ]
}

@test "ps shows what was made, in docker's members" {
	id=$(tare create --name web -l app=x -l tier=front $BOX sh -c 'echo a long command line')
	run -0 tare ps
	[ "${#lines[@]}" -eq 1 ]
	run -0 tare ps -a
	[[ ${lines[1]} == "${id:0:12}   $BATS_FILE_TMPDIR/tree   "* ]]
	[[ ${lines[1]} == *'"sh -c '*'…"'* ]]
	[[ ${lines[1]} == *Created*web ]]
	run -0 tare ps -aq --no-trunc
	[ "$output" = "$id" ]
	run -0 tare ps -a --format '{{.Names}}|{{.State}}|{{.Label "app"}}|{{.Labels}}'
	[ "$output" = 'web|created|x|app=x,tier=front' ]
	run -0 tare ps -a --format 'table {{.Names}}\t{{.Image}}'
	[ "${lines[0]}" = "NAMES     IMAGE" ]
	[ "${lines[1]}" = "web       $BATS_FILE_TMPDIR/tree" ]
	run -0 tare ps -a --format json
	echo "$output" | python3 -c '
import json, sys
row = json.load(sys.stdin)
assert list(row) == sorted(row), list(row)
assert row["Names"] == "web" and row["State"] == "created" and row["Networks"] == "default", row'
	run -0 tare ps -as
	[[ ${lines[1]} == *"0B (virtual "* ]]
}

@test "ps: filters, last and latest" {
	tare create --name one -l a=1 $BOX true >/dev/null
	tare create --name two -l a=2 -l b $BOX true >/dev/null
	tare run --name ended $BOX sh -c 'exit 4' || true
	names() { tare ps --format '{{.Names}}' "$@" | xargs; }
	[ "$(names -a)" = "ended two one" ]
	[ "$(names -a -f name=t)" = "two" ]
	[ "$(names -a -f label=a)" = "two one" ]
	[ "$(names -a -f label=a=1)" = "one" ]
	[ "$(names -a -f label=a -f label=b)" = "two" ]
	[ "$(names -f status=exited)" = "ended" ]
	[ "$(names -f exited=4)" = "ended" ]
	[ "$(names -f exited=0)" = "" ]
	[ "$(names -a -f name=one -f name=two)" = "two one" ]
	[ "$(names -f before=two)" = "one" ]
	[ "$(names -f since=two)" = "ended" ]
	[ "$(names -n 2)" = "ended two" ]
	[ "$(names -l)" = "ended" ]
	run -1 tare ps -f colour=red
	[[ $output == *"invalid filter 'colour=red'"* ]]
	run -1 tare ps -f status=flying
	[[ $output == *"invalid filter 'status=flying'"* ]]
}

@test "inspect is docker's schema" {
	id=$(tare create --name web -h box1 -m 64m -e A=1 -v data:/data -v /srv:/srv:ro --tmpfs /t:size=1m --restart on-failure:2 \
		--ulimit nofile=10 $BOX sleep 9)
	tare inspect web >"$BATS_TEST_TMPDIR/j"
	python3 - "$BATS_TEST_TMPDIR/j" "$id" <<-'P'
		import json, sys
		c, = json.load(open(sys.argv[1]))
		assert c["Id"] == sys.argv[2] and c["Name"] == "/web"
		assert c["Path"] == "sleep" and c["Args"] == ["9"], c["Args"]
		assert c["State"]["Status"] == "created" and c["State"]["Running"] is False and c["State"]["Pid"] == 0
		assert c["State"]["StartedAt"] == "0001-01-01T00:00:00Z"
		h = c["HostConfig"]
		assert h["Memory"] == 64 << 20 and h["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 2}
		assert h["Ulimits"] == [{"Name": "nofile", "Hard": 10, "Soft": 10}] and h["Binds"] == ["data:/data", "/srv:/srv:ro"], h["Binds"]
		assert h["PidsLimit"] is None and "/proc/kcore" in h["MaskedPaths"] and "/proc/sys" in h["ReadonlyPaths"]
		assert c["Config"]["Hostname"] == "box1" and "A=1" in c["Config"]["Env"] and c["Config"]["Cmd"] == ["sleep", "9"]
		m = {x["Destination"]: x for x in c["Mounts"]}
		assert m["/data"]["Type"] == "volume" and m["/data"]["Name"] == "data" and m["/data"]["RW"] is True
		assert m["/srv"]["Source"] == "/srv" and m["/srv"]["RW"] is False and m["/srv"]["Propagation"] == "rprivate"
		assert isinstance(c["NetworkSettings"]["Ports"], dict) and c["Platform"] == "linux"
	P
	run -0 tare inspect -f '{{.State.Status}} {{len .Mounts}} {{.HostConfig.Memory}} {{json .Config.Cmd}}' web
	[ "$output" = 'created 3 67108864 ["sleep","9"]' ]
	run -0 tare inspect -f '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}' web
	[ "$output" = none ]
	run tare inspect -f '{{.State.Statos}}' web
	[ "$status" -ne 0 ]
	[[ $output == *'template: 1:3: map has no entry for key "Statos" (did you mean .Status?)'* ]]
	run -0 tare container inspect --size web
	[[ $output == *'"SizeRw": 0'* ]]
	run tare inspect web nothing
	[ "$status" -eq 1 ]
	[[ $output == *'"Name": "/web"'* && $output == *'no such object: nothing'* ]]
}

@test "info, df and prune" {
	tare create --name old $BOX true >/dev/null
	run -0 tare info --format '{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}}'
	[ "$output" = "1 0 1" ]
	run -0 tare system df --format '{{.Type}}:{{.TotalCount}}:{{.Active}}'
	[[ $output == *"Containers:1:0"* ]]
	run -0 tare system df -v
	[[ $output == *old* ]]
	run -0 bash -c 'echo n | "$TARE" container prune'
	[ "$(tare ps -aq | wc -l)" -eq 1 ]
	run -0 tare container prune -f --filter until=24h
	[ "$(tare ps -aq | wc -l)" -eq 1 ]
	run -0 tare system prune -f
	[[ $output == *"Deleted Containers:"*"Total reclaimed space: 0B"* ]]
	[ -z "$(tare ps -aq)" ]
}
