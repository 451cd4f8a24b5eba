#!/usr/bin/env bats
# Images that were loaded without a complaint and are meant to do harm when they run or are looked at: what their
# configuration says, and what lies where we put files. Requirements by their numbers.

bats_require_minimum_version 1.5.0
load ../lib/engine

setup()
{
	need_root
	engine_setup
	HOST=$BATS_TEST_TMPDIR/host
	mkdir "$HOST"
	echo host > "$HOST/secret"
}

teardown()
{
	[ "$(cat "$HOST/secret")" = host ]
	[ "$(ls -A "$HOST")" = secret ]
	engine_teardown
}

# image CONFIG [PYTHON]: loads evil:1, the busybox tree with CONFIG (members of the image configuration) and what PYTHON
# changes: e(name, **attributes) and s(name, target) replace what is there.
image()
{
	[ -d "$BATS_FILE_TMPDIR/box" ] || make_tree "$BATS_FILE_TMPDIR/box"
	OUT=$HOST TREE=$BATS_FILE_TMPDIR/box python3 - "$BATS_TEST_TMPDIR/evil.tar" "$1" "${2:-}" <<'PY'
import hashlib, io, json, os, sys, tarfile
archive, config, code = sys.argv[1:4]
out, replaced = os.environ["OUT"], {}
def e(name, data=None, **attributes):
    i = tarfile.TarInfo(name)
    i.mode = 0o755
    for key, value in attributes.items(): setattr(i, key, value)
    i.size = len(data or b"")
    replaced[name] = (i, data)
def s(name, target): e(name, type=tarfile.SYMTYPE, linkname=target)
exec(code)
layer = io.BytesIO()
with tarfile.open(fileobj=layer, mode="w") as t:
    def keep(i):
        i.name = i.name.removeprefix(".").lstrip("/")
        return None if any(i.name == n or i.name.startswith(n + "/") for n in replaced) else i
    t.add(os.environ["TREE"], "./", filter=keep)
    for i, data in replaced.values(): t.addfile(i, io.BytesIO(data) if data is not None else None)
layer = layer.getvalue()
whole = {"architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine], "os": "linux",
         "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}, **json.loads(config)}
whole = json.dumps(whole).encode()
name = hashlib.sha256(whole).hexdigest() + ".json"
with tarfile.open(archive, "w") as t:
    for path, data in ((name, whole), ("l/layer.tar", layer),
                       ("manifest.json", json.dumps([{"Config": name, "RepoTags": ["evil:1"], "Layers": ["l/layer.tar"]}]).encode())):
        i = tarfile.TarInfo(path)
        i.size = len(data)
        t.addfile(i, io.BytesIO(data))
PY
	tare load -q -i "$BATS_TEST_TMPDIR/evil.tar" > /dev/null
}

box()
{
	timeout 30 "$TARE" run --rm "$@"
}

# What COMMAND shows somebody at a terminal.
on_terminal()
{
	TERM=dumb script -qec "$(printf '%q ' "$TARE" "$@")" /dev/null < /dev/null | tr -d '\r'
}

# Nothing but printable characters, blanks and line ends, no C1 control.
harmless()
{
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' <<< "$1" || { cat -v <<< "$1"; return 1; }
}

@test "0.9: nothing of an image or container commands the terminal" {
	image '{"config":{"Cmd":["sh","-c","sleep 1000","\u001b[31m\u009b2J"],"Labels":{"k\u001b[2J":"v\u001b]0;t\u0007\u202e","x\nforged line":"\r"}},
		"author":"\u001b[31m","created":"2020-01-01T00:00:00Z",
		"history":[{"created":"2020-01-01T00:00:00Z","created_by":"RUN \u001b]52;c;AAAA\u0007\nforged line","comment":"\u009b1m"}]}'
	tare run -d --name web evil:1 > /dev/null
	tare exec web touch $'/tmp/a\e[2J\nforged line'
	for what in "ps --no-trunc" "ps --format {{.Labels}}" "ps --format json" "ps --format {{.Label\"k\"}}" "history --no-trunc evil:1" \
		"history --no-trunc --format {{.CreatedBy}}{{.Comment}} evil:1" "inspect web" "inspect -f {{.Config.Labels}} web" \
		"inspect -f {{.Config.Cmd}} web" "image inspect evil:1" "image inspect -f {{.Author}} evil:1" "diff web" "system df -v"; do
		# shellcheck disable=SC2086
		harmless "$(on_terminal $what)" || { echo "$what"; false; }
	done
	# A table has one line for each thing, on a terminal or not.
	run -0 tare history --no-trunc evil:1
	harmless "$output"
	[ "${#lines[@]}" = 2 ]
	run -0 tare ps --format 'table {{.Labels}}'
	harmless "$output"
	[ "${#lines[@]}" = 2 ]
	# What a program reads is exact.
	[ "$(tare inspect -f '{{index .Config.Cmd 3}}' web)" = $'\e[31m\xc2\x9b2J' ]
	tare rm -f web
	# Errors, too.
	run -127 --separate-stderr tare run --rm evil:1 $'/x\xc2\x9b2J\e[2J'
	harmless "$stderr"
}

@test "1.14, 0.5: variables and labels of an image are data" {
	image '{"config":{"Env":["TARE_ROOT=/evil","TARE_LIBEXEC=/evil","LD_PRELOAD=/evil.so","PATH=/evil:/bin","A*=1"],"Cmd":["/bin/env"],
		"Labels":{"org.systemd.property.ExecStart":"/evil","io.podman.annotations.seccomp":"unconfined","run.oci.seccomp_bpf_data":"AAAA",
		"run.oci.hooks.stderr":"'"$HOST"'/out","org.criu.config":"/evil"}}}'
	run -0 box evil:1
	[[ $output == *TARE_ROOT=/evil* && $output == *A\*=1* ]]
	run -0 box evil:1 grep Seccomp: /proc/self/status
	[[ $output == *2 ]]
	for env in FOO =x "A=1\\u0000B=2"; do
		run ! image '{"config":{"Env":["'"$env"'"]}}'
	done
}

@test "1.8: strange users of an image never become root" {
	for user in 01 -1 +0 " 0" 0x0 4294967295 4294967296 "root\\n" nobody "0:-1" "root:nope"; do
		image '{"config":{"User":"'"$user"'","Cmd":["id"]}}'
		run -125 box evil:1
		[ "${#lines[@]}" = 1 ]
	done
}

@test "2.9: volumes of an image in bad places" {
	image '{"config":{"Volumes":{"/":{}},"Cmd":["true"]}}'
	run -125 box evil:1
	[[ $output == *"destination can't be '/'"* ]]
	for place in /proc /proc/self/fd /etc/hosts; do
		image '{"config":{"Volumes":{"'$place'":{}},"Cmd":["true"]}}'
		run -125 box evil:1
	done
	for place in .. /../x a /a/../../b; do
		run ! image '{"config":{"Volumes":{"'$place'":{}},"Cmd":["true"]}}'
	done
	[ -z "$(tare volume ls -q)" ] # none is left of what failed
}

@test "a volume at /etc does not hide the container's own files" {
	image '{"config":{"Volumes":{"/etc":{}},"Cmd":["true"]}}'
	run -0 box --hostname box1 --dns 192.0.2.1 evil:1 cat /etc/hostname /etc/resolv.conf
	[[ $output == box1*192.0.2.1* ]]
	run -0 box -v etc:/etc/ --hostname box1 evil:1 cat /etc/hostname
	[ "$output" = box1 ]
	# It holds the image's files, not ours.
	run ! grep -r box1 "$TARE_ROOT/volumes"
}

@test "2.9: links, directories and pipes where our files belong" {
	for file in etc/resolv.conf etc/hosts etc/hostname; do
		for how in "s('$file', out + '/new')" "s('$file', '../../../../../../../..' + out + '/secret')" "s('$file', '/proc/1/root/etc/passwd')" \
			"s('$file', '$(basename $file)')" "s('$file', '/proc/self/environ')" "s('$file', '/sys/power/state')" \
			"e('$file', type=tarfile.DIRTYPE)" "e('$file', type=tarfile.FIFOTYPE)" "e('$file', type=tarfile.CHRTYPE, devmajor=1, devminor=5)"; do
			image '{"config":{}}' "$how"
			run box evil:1 cat "/$file"
			[[ $status = 0 || $status = 125 ]] || { echo "$how: $status $output"; false; }
			[ "$(grep -cx host <<< "$output")" = 0 ]
			[ ${#lines[@]} -lt 20 ]
			[ "$(ls -A "$HOST")" = secret ]
		done
	done
}

@test "1.6, 2.9: links out where directories belong" {
	for dir in etc dev dev/pts dev/shm sys sys/fs sys/fs/cgroup proc sbin tmp run root; do
		image '{"config":{"WorkingDir":"/root/a/b"}}' "s('$dir', out)"
		box --init evil:1 true || true
		box -t --tmpfs /run/x --shm-size 1m --tz local evil:1 true < /dev/null || true
		[ "$(ls -A "$HOST")" = secret ]
	done
	# A link to another place of the image moves what is mounted, and what hides parts of it.
	image '{"config":{}}' 's("proc", "/p"); s("sys", "/s")'
	run -0 box evil:1 sh -c 'cat /p/keys /p/timer_list; ls /s/firmware /s/fs/bpf | grep -v :; echo 1 > /p/sys/kernel/panic || true'
	[ "$(grep -v "Read-only" <<< "$output" | tr -d '\n')" = "" ]
	# /dev/console of a terminal.
	image '{"config":{}}' 's("dev/console", out + "/secret")'
	box -t evil:1 sh -c 'echo x > /dev/console' < /dev/null
}

@test "2.9, 1.2: the image's working directory" {
	for dir in /proc/self/fd/9 ../.. rel /proc/self/cwd; do
		run ! image '{"config":{"WorkingDir":"'$dir'"}}'
	done
	exec 9< "$HOST"
	image '{"config":{"WorkingDir":"/w"}}' 's("w", "/proc/self/fd/9")'
	run -125 box evil:1 cat secret
	image '{"config":{"WorkingDir":"/w/new"}}' 's("w", out)'
	run box evil:1 pwd
	[ "$(ls -A "$HOST")" = secret ]
}

@test "images without a name and a filter by name" {
	image '{"config":{}}'
	image '{"config":{"Env":["A=1"]}}'
	run -0 tare images -a --filter reference=evil --format '{{.Repository}}'
	[ "$output" = evil ]
}
