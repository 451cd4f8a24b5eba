#!/usr/bin/env bats
# The command line of tare itself: what needs no running container.

load ../lib/engine
bats_require_minimum_version 1.5.0

setup()
{
	need_root
	engine_setup
}

teardown()
{
	engine_teardown
}

@test "without arguments an overview, by groups" {
	run -0 tare
	[[ $output == *"Containers:"* ]]
	[[ $output == *"Groups:"* ]]
	[ "${#lines[@]}" -lt 70 ]
}

@test "help is the same by all ways" {
	run -0 tare run --help
	by_option=$output
	run -0 tare help run
	[ "$output" = "$by_option" ]
	run -0 tare container run --help
	[ "$output" = "$by_option" ]
	[[ $output == *"-m, --memory BYTES"* ]]
	run -0 tare volume
	[[ $output == *"Usage: tare volume COMMAND"* ]]
}

@test "mistakes name what was meant, on standard error, with status 125" {
	run -125 --separate-stderr tare psx
	[ -z "$output" ]
	[[ $stderr == "tare: unknown command: tare psx (did you mean tare ps?)" ]]
	run -125 tare ps --qiet
	[[ $output == "tare: unknown flag: --qiet (did you mean --quiet?)" ]]
	run -125 tare run -zt image
	[[ $output == "tare: unknown shorthand flag: 'z' in -zt" ]]
	run -125 tare container lss
	[[ $output == *"unknown command: tare container lss"* ]]
	run -125 tare ps --root /x
	[[ $output == *"global option: put it before the command"* ]]
	run -125 tare rename one
	[[ $output == *'"tare rename" requires exactly 2 arguments'* ]]
	run -125 tare run
	[[ $output == *'requires at least 1 argument'* ]]
}

@test "options of run: a wrong value is named before anything is made" {
	run -125 tare run -m 1m image
	[[ $output == *"Minimum memory limit allowed is 6MB"* ]]
	run -125 tare run -p 80:80 image
	[[ $output == *"this build has no bridge networks yet"* ]]
	run -125 tare run --network mynet image
	[[ $output == *"--network mynet: this build has no bridge networks yet"* ]]
	run -125 tare run --rm --restart always image
	[[ $output == *"Conflicting options: --restart and --rm"* ]]
	run -125 tare create -v relative/path:/x:zz image
	[ -z "$(ls "$TARE_ROOT/containers" 2>/dev/null)" ]
}

@test "a terminal has to be there, and processors" {
	run -1 tare run --rm -it box true < /dev/null
	[[ $output == *"the input device is not a TTY"* ]]
	run -125 tare run --rm --cpus 100000 box true
	[[ $output == *"Range of CPUs is from 0.01 to"* ]]
	run -1 --separate-stderr tare inspect nothing
	[ "$output" = "[]" ]
}

@test "an image that is not there" {
	run -125 tare run nothing:1 true
	[[ $output == *"Unable to find image 'nothing:1' locally"* ]]
	run -1 tare inspect nothing
	[[ $output == *"no such object: nothing"* ]]
}

@test "version, its template and its aliases" {
	run -0 tare version
	[[ $output == "tare version "* ]]
	version=$output
	run -0 tare --version
	[ "$output" = "$version" ]
	run -0 tare system version --format '{{.Server.Os}}/{{.Client.Arch}}'
	[[ $output == linux/* ]]
	run -0 tare version --format json
	echo "$output" | python3 -c 'import json,sys; d=json.load(sys.stdin); assert d["Server"]["Version"]'
	run -1 tare version --format '{{.Sevrer}}'
	[[ $output == *'template: 1:3: map has no entry for key "Sevrer" (did you mean .Server?)'* ]]
}

@test "completion comes out of the program and is good shell" {
	tare completion bash >"$BATS_TEST_TMPDIR/c"
	bash -n "$BATS_TEST_TMPDIR/c"
	run -0 bash -c ". '$BATS_TEST_TMPDIR/c'; COMP_WORDS=(tare ru); COMP_CWORD=1; _tare; echo \${COMPREPLY[*]}"
	[ "$output" = run ]
	run -0 bash -c ". '$BATS_TEST_TMPDIR/c'; COMP_WORDS=(tare run --cpuset-c); COMP_CWORD=2; _tare; echo \${COMPREPLY[*]}"
	[ "$output" = --cpuset-cpus ]
	run -0 bash -c ". '$BATS_TEST_TMPDIR/c'; COMP_WORDS=(tare container l); COMP_CWORD=2; _tare; echo \${COMPREPLY[*]}"
	[[ $output == *ls* ]]
	tare completion zsh | grep -q '^#compdef tare'
	tare completion fish | grep -q '^complete -c tare'
	run -1 tare completion tcsh
}

@test "man pages and completion are what the tables say" {
	run "$TOP/tools/gen-docs" "$TARE" --check
	[[ $output != *"not current"* && $output != *Error* ]]
}
