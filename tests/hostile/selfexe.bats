#!/usr/bin/env bats
# Our own executable seen from inside a container (CVE-2019-5736): it can be reached there as /proc/PID/exe for a moment, and
# must not be writable: not then, and not later through a descriptor kept from that moment.
# The program under test is a copy, so that a success of the attack destroys nothing.

load ../lib/oci

setup()
{
	oci_setup
	need_root
	cp "$TARE_OCI" "$BATS_TEST_TMPDIR/tare-oci"
	TARE_OCI=$BATS_TEST_TMPDIR/tare-oci
	SUM=$(sha256sum < "$TARE_OCI")
	make_bundle sh /tmp/attack
	# As strong as an attacker gets without leaving the container.
	config "
for s in 'bounding', 'effective', 'permitted':
    c['process']['capabilities'][s] = ['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', 'CAP_DAC_OVERRIDE', 'CAP_KILL']
c['process']['noNewPrivileges'] = False"
}
teardown() { oci_teardown; }

unchanged()
{
	[ "$(sha256sum < "$TARE_OCI")" = "$SUM" ]
}

@test "as the program of the container" {
	for how in /proc/self/exe /proc/1/exe /proc/thread-self/exe; do
		program "$how" --version
		run tare run --bundle "$BUNDLE" a
		[ "$status" != 0 ]
		unchanged
	done
}

@test "as the interpreter of a script" {
	printf '#!/proc/self/exe\n' > "$BUNDLE/rootfs/bin/evil"
	chmod +x "$BUNDLE/rootfs/bin/evil"
	program evil
	run tare run --bundle "$BUNDLE" a
	[ "$status" != 0 ]
	unchanged
}

@test "a descriptor kept until nobody runs it any more" {
	is_sanitized && skip "a sanitizer is loaded from libraries that this root does not have"
	# --log takes the script's own name, so that the words after it are the command: one that waits for its input.
	printf '#!/proc/self/exe --log\n' > "$BUNDLE/rootfs/bin/evil"
	chmod +x "$BUNDLE/rootfs/bin/evil"
	mkfifo "$BUNDLE/rootfs/tmp/found" "$BUNDLE/rootfs/tmp/quiet" "$BUNDLE/rootfs/tmp/result" "$BATS_TEST_TMPDIR/input"
	cat > "$BUNDLE/rootfs/tmp/attack" <<'SH'
while :; do
	for p in /proc/[0-9]*; do
		case $(readlink $p/exe) in /bin/busybox | '') continue ;; esac
		grep -q update $p/cmdline || continue
		{
			kill -9 ${p#/proc/}
			echo $p > /tmp/found
			cat /tmp/quiet
			{ echo x >> /proc/self/fd/9; } 2> /tmp/why && echo written > /tmp/why
			cat /tmp/why > /tmp/result
		} 9< $p/exe && exit 0
	done
done
SH
	tare create --bundle "$BUNDLE" a
	tare start a
	exec 8<> "$BATS_TEST_TMPDIR/input" # open at both ends: never at its end
	timeout 60 "$TARE_OCI" --root "$STATE" exec a evil update --resources - b <&8 >&- 2>&- 3>&- &
	timeout 60 cat "$BUNDLE/rootfs/tmp/found"
	wait $! || true
	exec 8>&-
	# Nothing of ours runs: from now on only the mount protects the file.
	timeout 20 sh -c "echo > '$BUNDLE/rootfs/tmp/quiet'"
	result=$(timeout 20 cat "$BUNDLE/rootfs/tmp/result")
	echo "the attacker got: $result"
	[[ $result == *"Read-only file system"* ]]
	unchanged
	tare delete --force a
}

@test "a loop over all processes during 200 execs" {
	cat > "$BUNDLE/rootfs/tmp/attack" <<'SH'
while :; do
	for p in /proc/[0-9]*; do
		case $(readlink $p/exe) in /bin/busybox | '') continue ;; esac
		{ echo x >> $p/exe; } 2> /dev/null && echo $p > /tmp/won
		{ echo x >> /proc/self/fd/9; } 2> /dev/null 9< $p/exe && echo $p > /tmp/won
	done
done
SH
	tare create --bundle "$BUNDLE" a
	tare start a
	for ((i = 0; i < 200; i++)); do tare exec a true; done
	[ ! -e "$BUNDLE/rootfs/tmp/won" ]
	unchanged
	tare delete --force a
}
