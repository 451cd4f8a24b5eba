#!/usr/bin/env bats
# What the monitor keeps of a container's output, and how it is shown.

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

log_of()
{
	echo "$TARE_ROOT/containers/$1/log.json"
}

@test "output goes where the program wrote it" {
	tare run --name aa box sh -c 'echo out; echo err >&2; printf end' > /dev/null 2>&1
	run -0 --separate-stderr tare logs aa
	[ "$output" = $'out\nend' ]
	[ "$stderr" = err ]
}

@test "the file is docker's json-file" {
	tare run --name aa box sh -c 'printf "a\t<\"\\\\>&\n\377\n"; printf "%20000s\n" x' > /dev/null
	local id
	id=$(ls "$TARE_ROOT/containers")
	mapfile -t lines < "$(log_of "$id")"
	[[ ${lines[0]} == '{"log":"a\u0009\u003c\"\\\u003e\u0026\n","stream":"stdout","time":"20'*'Z"}' ]]
	[[ ${lines[1]} == '{"log":"\ufffd\n","stream":"stdout","time":"20'*'Z"}' ]]
	# 20,000 bytes: a piece of 16 KiB without a newline, and the rest.
	[ "${#lines[@]}" = 4 ]
	[[ ${lines[2]} == *' ","stream":"stdout",'* ]]
	[[ ${lines[3]} == *'x\n","stream":"stdout",'* ]]
	[ "$(tare logs aa | tail -1 | wc -c)" = 20001 ]
	[ "$(tare logs aa | sed -n 2p | od -An -tx1)" = " ef bf bd 0a" ]
}

@test "tail, since, until and timestamps" {
	tare run --name aa box sh -c 'seq 1 100' > /dev/null
	run -0 tare logs --tail 3 aa
	[ "$output" = $'98\n99\n100' ]
	run -0 tare logs -n 0 aa
	[ -z "$output" ]
	[ "$(tare logs -n all aa | wc -l)" = 100 ]
	[ "$(tare logs --since 10m aa | wc -l)" = 100 ]
	[ "$(tare logs --until 10m aa | wc -l)" = 0 ]
	[ "$(tare logs --since 2020-01-01 aa | wc -l)" = 100 ]
	[ "$(tare logs --since 4000000000 aa | wc -l)" = 0 ]
	run -0 tare logs -t -n 1 aa
	[[ $output =~ ^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{9}Z\ 100$ ]]
	run -1 tare logs --since yesterday aa
	[[ $output == *"--since yesterday: not a time"* ]]
	run -1 tare logs --tail few aa
	tare run --name bb box sh -c 'head -c 40000 /dev/zero | tr "\0" a; echo' > /dev/null
	[ "$(tare logs bb | wc -c)" = 40001 ]
	[ "$(tare logs -t bb | grep -o '20[0-9-]*T[0-9:.]*Z ' | wc -l)" = 3 ] # one for each record of the long line, as docker
}

@test "rotation keeps the size within its limit, and following misses nothing" {
	tare run -d --name aa --log-opt max-size=100k --log-opt max-file=3 box sh -c 'read x; seq 1 100000' > /dev/null
	tare rm -f aa
	tare run -d -i --name aa --log-opt max-size=200k --log-opt max-file=4 box sh -c 'read x; seq 1 8000' > /dev/null
	"$TARE" logs -f aa > "$BATS_TEST_TMPDIR/out" &
	local follower=$!
	echo | tare attach aa > /dev/null
	wait $follower
	seq 1 8000 | cmp - "$BATS_TEST_TMPDIR/out"
	local id f
	id=$(ls "$TARE_ROOT/containers")
	for f in "$(log_of "$id")" "$(log_of "$id")".{1,2}; do
		[ "$(stat -c %s "$f")" -le 201000 ]
	done
	[ ! -e "$(log_of "$id").4" ]
	[ "$(tare logs --tail 2 aa)" = $'7999\n8000' ]
	[ "$(tare logs aa | tail -1)" = 8000 ]
}

@test "follow shows what comes and ends with the container" {
	tare run -d -i --name aa box sh -c 'echo one; read x; echo two; exit 3' > /dev/null
	"$TARE" logs -f aa > "$BATS_TEST_TMPDIR/out" &
	local follower=$!
	wait_until 5 grep -q one "$BATS_TEST_TMPDIR/out"
	kill -0 $follower
	echo | tare attach aa > /dev/null || true
	wait $follower
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = $'one\ntwo' ]
}

@test "labels, variables and a tag are kept and shown" {
	tare run --name aa --label com.x=1 --label other=2 -e A=b -e C=d --log-opt labels=com.x --log-opt env=A,Z --log-opt tag='my tag' \
		box echo hi > /dev/null
	run -0 tare logs --details aa
	[ "$output" = "A=b,com.x=1,tag=my+tag hi" ]
	grep -q '"attrs":{"A":"b","com.x":"1","tag":"my tag"},"time"' "$TARE_ROOT"/containers/*/log.json
}

@test "an option that is not possible is refused when the container is made" {
	run -125 tare run --log-opt max-size=big box true
	[[ $output == *"--log-opt max-size=big: a size such as 10m is needed"* ]]
	run -125 tare create --log-opt compress=true box true
	run -125 tare create --log-opt nonsense=1 box true
	run -125 tare create --log-driver splunk box true
	[[ $output == *splunk*json-file* ]]
	[ -z "$(ls "$TARE_ROOT/containers")" ]
}

@test "log driver none keeps nothing and says so" {
	tare run --name aa --log-driver none box echo hi
	run -1 tare logs aa
	[[ $output == *"log driver none keeps nothing"* ]]
	[ ! -e "$TARE_ROOT"/containers/*/log.json ]
}

@test "a full disk loses records, counts them and stops nothing" {
	local small=$BATS_TEST_TMPDIR/small id
	cp -a "$BATS_FILE_TMPDIR/box" "$BATS_TEST_TMPDIR/tree" # a root of its own: an overlay would be on the small disk
	# --userns host: before Linux 6.3 the files on a tmpfs cannot be mapped
	tare create -i --name aa --userns host --rootfs "$BATS_TEST_TMPDIR/tree" sh -c 'read x; seq 1 5000; read x; echo after' > /dev/null
	id=$(ls "$TARE_ROOT/containers")
	mkdir "$small"
	mount -t tmpfs -o size=2m none "$small"
	mv "$TARE_ROOT/containers/$id"/* "$small"
	mount --bind "$small" "$TARE_ROOT/containers/$id"
	tare start aa > /dev/null
	dd if=/dev/zero of="$small/ballast" bs=1k count=4000 2> /dev/null || true
	echo | tare attach aa > /dev/null &
	local attached=$!
	wait_until 10 sh -c "'$TARE' logs -n 1 aa 2>&1 | grep -q 'could not be written'"
	[ "$(tare inspect --format '{{.State.Status}}' aa)" = running ]
	rm "$small/ballast"
	kill $attached || true
	echo | tare attach aa > /dev/null || true
	tare wait aa > /dev/null
	tare logs aa 2> "$BATS_TEST_TMPDIR/err" | tail -1 | grep -q after
	grep -q 'log record(s) were lost here: No space left on device' "$BATS_TEST_TMPDIR/err"
	mv "$small"/* "$BATS_TEST_TMPDIR" 2> /dev/null || true
	umount "$TARE_ROOT/containers/$id" "$small"
	mv "$BATS_TEST_TMPDIR"/*.json "$TARE_ROOT/containers/$id"
}

# COMMAND… beside a journald: the machine's, or else one in a /run of its own.
with_journal()
{
	local journald=/lib/systemd/systemd-journald
	export -f "$1" tare
	[ ! -S /run/systemd/journal/socket ] || { bash -ec '"$@"' - "$@"; return; }
	[ -x $journald ] && command -v journalctl > /dev/null && [ -s /etc/machine-id ] || skip "needs systemd-journald"
	unshare --mount bash -ec '
		mount -t tmpfs -o mode=755 run /run
		mkdir -p /run/systemd/journal /run/log/journal
		'$journald' > /dev/null 2>&1 3>&- &
		trap "kill $!; wait $! || true" EXIT
		for i in $(seq 100); do [ ! -S /run/systemd/journal/socket ] || break; sleep 0.1; done
		"$@"' - "$@"
}

# What container NAME wrote, once there are N records: priority and text.
journal_of() # NAME N
{
	local i
	for i in $(seq 100); do
		[ "$(journalctl --quiet --output cat --output-fields MESSAGE "CONTAINER_NAME=$1" | wc -l)" -lt "$2" ] || break
		sleep 0.1
	done
	for i in 6 3; do
		journalctl --quiet --output cat --output-fields MESSAGE "CONTAINER_NAME=$1" "PRIORITY=$i" | sed "s/^/$i /"
	done
}

journald_scenario() # NAME
{
	local id
	tare run --name "$1" --log-driver journald box sh -c 'echo out; echo err >&2' 2> /dev/null
	tare run -d --name "$1-behind" --log-driver journald box echo detached > /dev/null
	[ "$(journal_of "$1" 2)" = $'6 out\n3 err' ]
	[ "$(journal_of "$1-behind" 1)" = "6 detached" ]
	id=$(tare inspect --format '{{.Id}}' "$1")
	[ "$(journalctl --quiet --output cat "CONTAINER_ID_FULL=$id" | wc -l)" = 2 ]
	! tare logs "$1"
}

@test "the journal takes the output, and logs says how to read it there" {
	export -f journal_of
	run -0 with_journal journald_scenario "journal-$BATS_TEST_NUMBER-$$"
	[[ $output == *"log driver journald keeps nothing that could be shown (journalctl CONTAINER_ID_FULL="* ]]
}
