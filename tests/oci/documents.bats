#!/usr/bin/env bats
# spec, features, check: documents in and out. Needs no privilege.

load ../lib/oci

setup() { oci_setup; mkdir -p "$BUNDLE/rootfs/bin"; }
teardown() { oci_teardown; }

@test "spec writes config.json and does not overwrite it" {
	tare spec -b "$BUNDLE"
	[ "$(json "['ociVersion']" < "$BUNDLE/config.json")" = 1.3.0 ]
	[ "$(json "['process']['args']" < "$BUNDLE/config.json")" = "['sh']" ]
	run tare spec -b "$BUNDLE"
	[ "$status" = 1 ]
	[[ $output == *"config.json exists. Remove it first"* ]]
}

@test "spec in the working directory, and to another file" {
	cd "$BUNDLE"
	tare spec
	[ -f config.json ]
	tare spec --file other.json
	cmp config.json other.json
	run tare spec --bundle /nonexistent
	[ "$status" = 1 ]
}

@test "spec --rootless maps the caller and leaves out network and limits" {
	tare spec --rootless -b "$BUNDLE"
	[ "$(json "['linux']['uidMappings'][0]['hostID']" < "$BUNDLE/config.json")" = "$(id -u)" ]
	[ "$(json "['linux']['gidMappings'][0]['hostID']" < "$BUNDLE/config.json")" = "$(id -g)" ]
	run json "['linux']['namespaces']" < "$BUNDLE/config.json"
	[[ $output == *user* && $output != *network* ]]
	run json "['linux']['resources']" < "$BUNDLE/config.json"
	[ "$status" != 0 ]
	run grep -c gid=5 "$BUNDLE/config.json"
	[ "$output" = 0 ]
}

@test "what spec writes passes check" {
	tare spec -b "$BUNDLE"
	touch "$BUNDLE/rootfs/bin/sh"
	chmod +x "$BUNDLE/rootfs/bin/sh"
	run tare check "$BUNDLE"
	[ "$(id -u)" != 0 ] || [ "$status" = 0 ]
	[[ $(id -u) != 0 || $output == "0 errors, 0 warnings" ]]
}

@test "features has the keys by which engines decide" {
	tare features > "$BATS_TEST_TMPDIR/f"
	python3 - "$BATS_TEST_TMPDIR/f" <<'PYTHON'
import json, sys
f = json.load(open(sys.argv[1]))
assert f["ociVersionMin"] == "1.0.0" and f["ociVersionMax"] == "1.3.0"
assert len(f["hooks"]) == 6
assert "rro" in f["mountOptions"] and "idmap" in f["mountOptions"] and "rbind" in f["mountOptions"]
l = f["linux"]
assert sorted(l["namespaces"]) == ["cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"]
assert "CAP_CHECKPOINT_RESTORE" in l["capabilities"] and len(l["capabilities"]) == 41
assert all(l["cgroup"][k] for k in ("v1", "v2", "systemd", "systemdUser", "rdma"))
assert l["mountExtensions"]["idmap"]["enabled"] and l["netDevices"]["enabled"]
assert l["seccomp"]["enabled"] and "SCMP_ACT_NOTIFY" in l["seccomp"]["actions"]
assert len(l["seccomp"]["knownFlags"]) == 4
assert len(l["memoryPolicy"]["modes"]) == 7 and len(l["memoryPolicy"]["flags"]) == 3
assert l["intelRdt"]["enabled"] and l["apparmor"]["enabled"] and l["selinux"]["enabled"]
a = f["annotations"]
for key in ("org.opencontainers.runc.version", "org.opencontainers.runc.commit",
            "org.opencontainers.runc.checkpoint.enabled", "io.github.seccomp.libseccomp.version"):
    assert a[key]
assert "org.systemd.property." in f["potentiallyUnsafeConfigAnnotations"]
PYTHON
}

@test "check prints every problem of the document with its place" {
	echo '{"ociVersion":"1.0.0","hostname":5,"process":{"cwd":"x","args":[]},"root":{}}' > "$BUNDLE/config.json"
	run tare check "$BUNDLE"
	[ "$status" = 1 ]
	[[ $output == *"error    /hostname: "* ]]
	[[ $output == *"error    /process/cwd: "* ]]
	[[ $output == *"error    /process/args: "* ]]
	[[ $output == *"error    /root/path: "* ]]
}

@test "check looks at the host" {
	tare spec -b "$BUNDLE"
	config "c['mounts'].append({'destination': '/x', 'source': '/nonexistent/x', 'type': 'bind', 'options': ['rbind']})
c['hooks'] = {'prestart': [{'path': '/nonexistent/hook'}], 'poststop': [{'path': '/etc/passwd'}]}
c['linux']['namespaces'].append({'type': 'time', 'path': '/etc/passwd'})
c['linux']['netDevices'] = {'nosuch0': {}}
c['linux']['seccomp'] = {'defaultAction': 'SCMP_ACT_ALLOW',
	'syscalls': [{'names': ['frobnicate'], 'action': 'SCMP_ACT_ERRNO'}]}"
	run tare check --format json "$BUNDLE"
	[ "$status" = 1 ]
	python3 - "$output" <<'PYTHON'
import json, sys
found = {p["path"]: p for p in json.loads(sys.argv[1])}
for path in ("/mounts/7/source", "/hooks/prestart/0/path", "/hooks/poststop/0/path", "/linux/namespaces",
             "/linux/netDevices/nosuch0"):
    assert found[path]["severity"] == "error", path
    assert found[path]["cause"]
assert found["/linux/seccomp/syscalls"]["severity"] == "warning"
assert found["/process/args/0"]["severity"] == "warning"
PYTHON
}

@test "what is wrong in one place does not keep check from looking at others" {
	tare spec -b "$BUNDLE"
	config "c['hostname'] = 5
c['mounts'].append({'destination': '/x', 'source': '/nonexistent/x', 'type': 'bind', 'options': ['rbind']})
c['mounts'].append({'destination': '/y', 'source': '/nonexistent/y', 'type': 'bind', 'options': [3]})"
	run tare check "$BUNDLE"
	[[ $output == *"error    /hostname: "* ]]
	[[ $output == *"error    /mounts/7/source: /nonexistent/x: "* ]]
	[[ $output == *"error    /mounts/8/options/0: "* ]]
	[[ $output != *"/nonexistent/y"* ]]
}

@test "no document makes check end by a signal" {
	for f in "$TOP"/fuzz/corpus/spec-*/*; do
		run tare check --config "$f" "$BUNDLE"
		[ "$status" -le 1 ] || { echo "$f: $status"; false; }
	done
}

@test "check takes another configuration, and an unreadable one is an error" {
	tare spec -b "$BUNDLE" -f other.json
	run tare check --config "$BUNDLE/other.json" --format json "$BUNDLE"
	[[ $output == "["* ]]
	for text in '' '{' '[]' 'null' '{} x' '{"a":1,"a":2}'; do
		printf '%s' "$text" > "$BUNDLE/config.json"
		run tare check "$BUNDLE"
		[ "$status" = 1 ]
		[[ $output == *"error    "* ]]
	done
	run tare check /nonexistent
	[ "$status" = 1 ]
}

@test "check --format json prints an empty list when all is well" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	tare spec -b "$BUNDLE"
	touch "$BUNDLE/rootfs/bin/sh"
	chmod +x "$BUNDLE/rootfs/bin/sh"
	[ "$(tare check --format json "$BUNDLE")" = "[]" ]
}
