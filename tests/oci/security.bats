#!/usr/bin/env bats
# What the container's first process is left with: capabilities, limits, filter, keyring, scheduling.

load ../lib/oci

setup() { oci_setup; need_root; }
teardown() { oci_teardown; }

# A seccomp section: default action and rules, as Python.
seccomp()
{
	config "c['linux']['seccomp'] = dict(defaultAction='$1', syscalls=$2)"
}

@test "capabilities: as asked, none inheritable or ambient" {
	make_bundle grep Cap /proc/self/status
	config "
for s in 'bounding', 'effective', 'permitted':
    c['process']['capabilities'][s] = ['CAP_KILL', 'CAP_CHOWN']
c['process']['capabilities'].pop('ambient', None); c['process']['capabilities'].pop('inheritable', None)"
	out=$(tare run --bundle "$BUNDLE" a)
	[[ $out == *"CapBnd:"$'\t'"0000000000000021"* ]]
	[[ $out == *"CapEff:"$'\t'"0000000000000021"* ]]
	[[ $out == *"CapInh:"$'\t'"0000000000000000"* ]]
	[[ $out == *"CapAmb:"$'\t'"0000000000000000"* ]]
	config "c['process']['user'] = dict(uid=1000, gid=1000)"
	out=$(tare run --bundle "$BUNDLE" a)
	[[ $out == *"CapEff:"$'\t'"0000000000000000"* ]]
	[[ $out == *"CapBnd:"$'\t'"0000000000000021"* ]]
}

@test "ambient capabilities reach a plain user's program" {
	make_bundle grep Cap /proc/self/status
	config "
c['process']['user'] = dict(uid=1000, gid=1000)
c['process']['capabilities'] = {s: ['CAP_KILL'] for s in ('bounding', 'effective', 'permitted', 'inheritable', 'ambient')}"
	out=$(tare run --bundle "$BUNDLE" a)
	[[ $out == *"CapEff:"$'\t'"0000000000000020"* ]]
	[[ $out == *"CapAmb:"$'\t'"0000000000000020"* ]]
}

@test "unknown and unavailable capabilities are warnings that name them" {
	make_bundle true
	config "c['process']['capabilities']['bounding'].append('CAP_TELEPORT')"
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[[ $output == *CAP_TELEPORT* ]]
}

@test "limits, oom score, scheduler, affinity" {
	make_bundle sh -c 'ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; grep ^Cpus_allowed_list /proc/self/status; cat /proc/self/stat'
	config "
c['process']['rlimits'] = [dict(type='RLIMIT_NOFILE', soft=77, hard=88)]
c['process']['oomScoreAdj'] = 321
c['process']['scheduler'] = dict(policy='SCHED_BATCH', nice=7)"
	out=$(tare run --bundle "$BUNDLE" a)
	[ "$(sed -n 1p <<< "$out")" = 77 ]
	[ "$(sed -n 2p <<< "$out")" = 88 ]
	[ "$(sed -n 3p <<< "$out")" = 321 ]
	[ "$(sed -n 5p <<< "$out" | awk '{ print $19, $41 }')" = "7 3" ] # nice, policy SCHED_BATCH
}

@test "a limit that cannot be set is named with both values" {
	make_bundle true
	config "c['process']['rlimits'] = [dict(type='RLIMIT_NOFILE', soft=4611686018427387904, hard=4611686018427387904)]"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *RLIMIT_NOFILE*4611686018427387904* ]]
}

@test "a filter's errno, with and without no_new_privs" {
	make_bundle mkdir /tmp/x
	seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_ERRNO', errnoRet=28)]"
	for nnp in True False; do
		config "c['process']['noNewPrivileges'] = $nnp"
		run tare run --bundle "$BUNDLE" a
		[ "$status" = 1 ]
		[[ $output == *"No space left on device"* ]]
	done
	config "c['process']['user'] = dict(uid=1000, gid=1000)"
	run tare run --bundle "$BUNDLE" a
	[[ $output == *"No space left on device"* ]]
}

@test "exec is under the filter too, and the compiled one is kept" {
	start_sleeper a
	tare delete --force a
	seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_ERRNO', errnoRet=28)]"
	tare create --bundle "$BUNDLE" a
	tare start a
	run tare exec a mkdir /tmp/x
	[[ $output == *"No space left on device"* ]]
	[ "$(find "$STATE/@seccomp" -type f | wc -l)" = 1 ]
	[ "$(stat -c %a "$STATE/@seccomp")" = 700 ]
	tare delete --force a
}

@test "a filter that kills" {
	make_bundle mkdir /tmp/x
	seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_KILL_PROCESS')]"
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 159 ] # 128 + SIGSYS
}

@test "podman's default profile" {
	[ -e /usr/share/containers/seccomp.json ] || skip "no /usr/share/containers/seccomp.json"
	make_bundle sh -c 'grep Seccomp: /proc/self/status; mount -t tmpfs x /tmp'
	config "
p = json.load(open('/usr/share/containers/seccomp.json'))
rules = [{k: v for k, v in s.items() if k in ('names', 'action', 'args', 'errnoRet')} for s in p['syscalls']
         if not s.get('includes', {}).get('caps') and 'amd64' in (s.get('includes', {}).get('arches') or ['amd64'])]
c['linux']['seccomp'] = dict(defaultAction=p['defaultAction'], defaultErrnoRet=p['defaultErrnoRet'], syscalls=rules,
                             architectures=['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'])"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *"Seccomp:"$'\t'2* ]]
	run tare run --bundle "$BUNDLE" a # from the cache
	[[ $output == *"Seccomp:"$'\t'2* ]]
}

@test "unknown calls: left out, or refused when an annotation asks" {
	make_bundle true
	seccomp SCMP_ACT_ALLOW "[dict(names=['frobnicate'], action='SCMP_ACT_ERRNO')]"
	run tare run --bundle "$BUNDLE" a
	[ "$status" = 0 ]
	[[ $output == *frobnicate* ]]
	config "c['annotations'] = {'run.oci.seccomp_fail_unknown_syscall': '1'}"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *frobnicate* ]]
}

@test "bad filters are refused with their place" {
	make_bundle true
	for bad in "dict(names=['mkdir'], action='SCMP_ACT_MAYBE')" \
		"dict(names=['mkdir'], action='SCMP_ACT_ERRNO', args=[dict(index=6, value=1, op='SCMP_CMP_EQ')])" \
		"dict(names=['mkdir'], action='SCMP_ACT_ERRNO', args=[dict(index=0, value=1, op='SCMP_CMP_ALMOST')])"; do
		seccomp SCMP_ACT_ALLOW "[$bad]"
		run tare run --bundle "$BUNDLE" a
		[ "$status" != 0 ]
		[[ $output == *"/linux/seccomp/syscalls/0"* ]]
	done
	seccomp SCMP_ACT_ALLOW "[]"
	config "c['linux']['seccomp']['flags'] = ['SECCOMP_FILTER_FLAG_FAST']"
	run tare run --bundle "$BUNDLE" a
	[[ $output == *SECCOMP_FILTER_FLAG_FAST* ]]
}

# An agent at the socket $BATS_TEST_TMPDIR/agent. It prints the state it gets, answers mkdir itself (success), lets the
# kernel run every other call it is asked about and prints the numbers of those calls at the end.
start_agent()
{
	mkfifo "$BATS_TEST_TMPDIR/ready"
	timeout 60 python3 - "$BATS_TEST_TMPDIR" > "$BATS_TEST_TMPDIR/log" 3>&- <<'PYTHON' &
import array, fcntl, json, select, socket, struct, sys
top = sys.argv[1]
s = socket.socket(socket.AF_UNIX)
s.bind(top + "/agent")
s.listen(1)
open(top + "/ready", "w").close()
c, _ = s.accept()
text, fds, _, _ = socket.recv_fds(c, 65536, 4)
d = json.loads(text)
print(d["fds"], d.get("metadata"), d["state"]["id"], d["state"]["status"], len(fds), d["pid"] == d["state"]["pid"], flush=True)
poll, asked = select.poll(), set()
poll.register(fds[0], select.POLLIN)
while not any(event & select.POLLHUP for _, event in poll.poll()):
    req = array.array("B", bytes(80))
    try:
        fcntl.ioctl(fds[0], 0xC0502100, req)             # SECCOMP_IOCTL_NOTIF_RECV
        ident, nr = struct.unpack_from("Q", req)[0], struct.unpack_from("i", req, 16)[0]
        asked.add(nr)
        mkdir = nr in (83, 258)
        fcntl.ioctl(fds[0], 0xC0182101, struct.pack("QqiI", ident, 0, 0, 0 if mkdir else 1))
    except FileNotFoundError:                            # the caller died meanwhile
        pass
print("asked", *sorted(asked))
PYTHON
	agent=$!
	cat "$BATS_TEST_TMPDIR/ready"
}

@test "an agent answers for the kernel" {
	make_bundle sh -c 'mkdir /tmp/x && ! test -e /tmp/x && echo answered'
	seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_NOTIFY')]"
	config "c['linux']['seccomp'].update(listenerPath='$BATS_TEST_TMPDIR/agent', listenerMetadata='hello')"
	start_agent
	out=$(timeout 30 "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" a)
	wait "$agent"
	cat "$BATS_TEST_TMPDIR/log"
	[ "$out" = answered ]
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/log")" = "['seccompFd'] hello a created 1 True" ]
}

@test "a filter that refuses the messages of the runtime itself still hands its listener over" {
	make_bundle sh -c 'mkdir /tmp/x && ! test -e /tmp/x && echo answered'
	for nnp in True False; do
		rm -f "$BATS_TEST_TMPDIR"/{agent,ready,log}
		seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_NOTIFY'),
			dict(names=['sendmsg', 'recvmsg', 'sendto', 'recvfrom', 'poll', 'ppoll', 'memfd_create', 'ftruncate', 'futex',
				'nanosleep', 'clock_nanosleep', 'sched_yield', 'close'], action='SCMP_ACT_ERRNO')]"
		config "c['linux']['seccomp'].update(listenerPath='$BATS_TEST_TMPDIR/agent')
c['process']['noNewPrivileges'] = $nnp"
		start_agent
		out=$(timeout 30 "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" a 2>&1)
		wait "$agent"
		[ "$out" = answered ]
	done
}

@test "a filter that notifies of every call up to execve, with create and start" {
	make_bundle sh -c 'echo ran; exec sleep 1000'
	seccomp SCMP_ACT_ALLOW "[dict(names=['execve', 'sendmsg', 'recvmsg', 'close', 'prctl', 'capset', 'exit_group', 'ppoll'],
		action='SCMP_ACT_NOTIFY')]"
	config "c['linux']['seccomp'].update(listenerPath='$BATS_TEST_TMPDIR/agent')"
	start_agent
	tare create --bundle "$BUNDLE" a > "$BATS_TEST_TMPDIR/out"
	timeout 30 "$TARE_OCI" --root "$STATE" start a
	while ! grep -qx ran "$BATS_TEST_TMPDIR/out"; do read -r -t 0.05 <> <(:) || true; done
	tare delete --force a
	wait "$agent"
	grep -qE 'asked .*\b59\b' "$BATS_TEST_TMPDIR/log" # execve
}

@test "an exec under a filter of which an agent decides hands over a listener of its own" {
	make_bundle sleep 1000
	seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_NOTIFY'), dict(names=['sendmsg', 'recvmsg'],
		action='SCMP_ACT_ERRNO')]"
	config "c['linux']['seccomp'].update(listenerPath='$BATS_TEST_TMPDIR/agent')"
	start_agent
	tare run --detach --bundle "$BUNDLE" a
	first=$agent
	rm -f "$BATS_TEST_TMPDIR"/{agent,ready}
	start_agent
	run timeout 30 "$TARE_OCI" --root "$STATE" exec a sh -c 'mkdir /tmp/x && ! test -e /tmp/x && echo answered'
	tare delete --force a
	wait "$first" "$agent"
	[ "$output" = answered ]
}

@test "an agent that is not there fails the start" {
	make_bundle true
	seccomp SCMP_ACT_ALLOW "[dict(names=['mkdir', 'mkdirat'], action='SCMP_ACT_NOTIFY')]"
	config "c['linux']['seccomp']['listenerPath'] = '$BATS_TEST_TMPDIR/nobody'"
	run timeout 30 "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *nobody* ]]
}

@test "a program in an annotation" {
	make_bundle mkdir /tmp/x
	# ld nr; jeq mkdir (83): ERRNO 28; ALLOW
	data=$(python3 -c "
import base64, struct
p = [(0x20, 0, 0, 0), (0x15, 0, 1, 83), (6, 0, 0, 0x5001c), (6, 0, 0, 0x7fff0000)]
print(base64.b64encode(b''.join(struct.pack('HBBI', *i) for i in p)).decode())")
	config "c['annotations'] = {'run.oci.seccomp_bpf_data': '$data'}; c['linux'].pop('seccomp', None)"
	run tare run --bundle "$BUNDLE" a
	[[ $output == *"No space left on device"* ]]
	config "c['annotations'] = {'run.oci.seccomp_bpf_data': 'no base64!'}"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *seccomp_bpf_data* ]]
}

@test "a program in an annotation that notifies gets a listener" {
	make_bundle sh -c 'mkdir /tmp/x && ! test -e /tmp/x && echo answered'
	# ld nr; jeq mkdir (83): USER_NOTIF; jeq mkdirat (258): USER_NOTIF; ALLOW
	data=$(python3 -c "
import base64, struct
p = [(0x20, 0, 0, 0), (0x15, 2, 0, 83), (0x15, 1, 0, 258), (6, 0, 0, 0x7fff0000), (6, 0, 0, 0x7fc00000)]
print(base64.b64encode(b''.join(struct.pack('HBBI', *i) for i in p)).decode())")
	config "c['annotations'] = {'run.oci.seccomp_bpf_data': '$data',
		'run.oci.seccomp.receiver': '$BATS_TEST_TMPDIR/agent'}; c['linux'].pop('seccomp', None)"
	start_agent
	out=$(timeout 30 "$TARE_OCI" --root "$STATE" run --bundle "$BUNDLE" a)
	wait "$agent"
	[ "$out" = answered ]
	[ "$(head -n 1 "$BATS_TEST_TMPDIR/log")" = "['seccompFd'] None a created 1 True" ]
	config "del c['annotations']['run.oci.seccomp.receiver']"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *listenerPath* ]]
}

@test "a profile or label without its security module is an error" {
	[ ! -e /sys/module/apparmor/parameters/enabled ] || skip "AppArmor is here"
	[ ! -e /sys/fs/selinux/enforce ] || skip "SELinux is here"
	make_bundle true
	config "c['process']['apparmorProfile'] = 'my-profile'"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *my-profile* ]]
	config "del c['process']['apparmorProfile']; c['process']['selinuxLabel'] = 'system_u:system_r:x_t:s0'"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *x_t* ]]
	config "del c['process']['selinuxLabel']; c['linux']['mountLabel'] = 'system_u:object_r:y_t:s0'"
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	[[ $output == *y_t* ]]
}

@test "a session keyring of its own, or the caller's when asked" {
	[ -e /proc/keys ] || skip "no keys in this kernel"
	make_bundle cat /proc/keys
	config "c['linux']['maskedPaths'] = []"
	out=$(tare run --bundle "$BUNDLE" a)
	[[ $out == *"_ses.a"* ]]
	out=$(tare run --no-new-keyring --bundle "$BUNDLE" b)
	[[ $out != *"_ses.b"* ]]
}
