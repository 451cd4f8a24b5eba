#!/usr/bin/env python3
"""Tests of what the benchmark computes itself: the seccomp filter, the ratios, the count of system calls."""
import os
import struct
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import measure, seccomp, stats  # noqa: E402

SECTION = {
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
    "syscalls": [
        {"names": ["read", "write", "close"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["mount"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
        {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 8, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]},
        {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 0xFFFFFFFF, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 0x7E020000, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
         "args": [{"index": 0, "value": 16, "valueTwo": 0, "op": "SCMP_CMP_NE"}]},
    ],
}
ALLOW, ENOSYS, EPERM = 0x7FFF0000, 0x00050026, 0x00050001


def simulate(program, nr, arch, *args):
    """What a filter returns for one call: the instructions that seccomp.bpf() emits."""
    data = struct.pack("=IIQ6Q", nr, arch, 0, *(list(args) + [0] * 6)[:6])
    code = [struct.unpack_from("=HBBI", program, i) for i in range(0, len(program), 8)]
    at = acc = 0
    while True:
        op, true, false, k = code[at]
        at += 1
        if op == seccomp.LD:
            acc = struct.unpack_from("=I", data, k)[0]
        elif op == seccomp.AND:
            acc &= k
        elif op == seccomp.JA:
            at += k
        elif op == seccomp.RET:
            return k
        else:
            at += true if (acc == k if op == seccomp.JEQ else acc >= k) else false


class Seccomp(unittest.TestCase):
    def test_filter_decides_as_the_section_says(self):
        try:
            program = seccomp.bpf(SECTION)
        except OSError as e:
            self.skipTest(f"no libseccomp: {e}")
        x64, x86 = seccomp.AUDIT_ARCH["SCMP_ARCH_X86_64"], seccomp.AUDIT_ARCH["SCMP_ARCH_X86"]
        for what, want, nr, arch, *args in (
                ("read", ALLOW, 0, x64), ("close", ALLOW, 3, x64), ("open", ENOSYS, 2, x64), ("mount", EPERM, 165, x64),
                ("personality 8", ALLOW, 135, x64, 8), ("personality 9", ENOSYS, 135, x64, 9),
                ("personality -1", ALLOW, 135, x64, 0xFFFFFFFF), ("clone", ALLOW, 56, x64, 0x11),
                ("clone with namespaces", ENOSYS, 56, x64, 0x10000011), ("socket", ALLOW, 41, x64, 2),
                ("socket netlink", ENOSYS, 41, x64, 16), ("i386 read", ALLOW, 3, x86), ("i386 mount", EPERM, 21, x86),
                ("unknown number", ENOSYS, 100000, x64), ("unknown architecture", 0x80000000, 0, 7)):
            self.assertEqual(simulate(program, nr, arch, *args), want, what)


class Numbers(unittest.TestCase):
    def test_percentile(self):
        self.assertEqual(stats.percentile([1, 2, 3, 4, 5], 50), 3)
        self.assertEqual(stats.percentile([4, 2], 75), 3.5)

    def test_ratio_holds_its_interval(self):
        found = stats.ratio([2.0, 2.2, 1.9, 2.1] * 5, [1.0, 1.1, 0.9, 1.0] * 5)
        self.assertTrue(found["low"] <= found["ratio"] <= found["high"], found)


class SystemCalls(unittest.TestCase):
    def test_counts_until_the_program_begins(self):
        lines = ['10 execve("/usr/bin/crun", ["crun"], 0x1) = 0', '10 clone3({}, 88 <unfinished ...>', '11 getpid() = 1',
                 '10 <... clone3 resumed>) = 11', '11 execve("/bin/true", ["/bin/true"], 0x1 <unfinished ...>',
                 '10 wait4(11,  <unfinished ...>', '11 <... execve resumed>) = 0', '11 exit_group(0) = ?',
                 '11 +++ exited with 0 +++', '10 <... wait4 resumed>) = 11',
                 '10 --- SIGCHLD {si_signo=SIGCHLD} ---', '10 exit_group(0) = ?']
        self.assertEqual(measure.count_calls(lines), {"until_exec": 5, "all": 7, "execs": 2})


if __name__ == "__main__":
    unittest.main()
