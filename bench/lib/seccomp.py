"""The default seccomp profile of podman and Docker as an OCI seccomp section, and as BPF for floor.

The profile (containers-common's seccomp.json) holds rules that depend on capabilities and architectures; callers of
an OCI runtime resolve these before they write config.json. So does this.
"""
import ctypes
import ctypes.util
import json
import platform
import struct

PROFILE = "/usr/share/containers/seccomp.json"
ARCHES = {"x86_64": ("amd64", "SCMP_ARCH_X86_64"), "aarch64": ("arm64", "SCMP_ARCH_AARCH64")}
AUDIT_ARCH = {"SCMP_ARCH_X86_64": 0xC000003E, "SCMP_ARCH_X86": 0x40000003, "SCMP_ARCH_X32": 0x4000003E,
              "SCMP_ARCH_AARCH64": 0xC00000B7, "SCMP_ARCH_ARM": 0x40000028}
X32_BIT = 0x40000000
ACTIONS = {"SCMP_ACT_ALLOW": 0x7FFF0000, "SCMP_ACT_ERRNO": 0x00050000}


def _applies(rule, caps, arch):
    """Whether the includes and excludes of a profile's rule let it in (containers/common pkg/seccomp)."""
    inc, exc = rule.get("includes") or {}, rule.get("excludes") or {}
    if inc.get("arches") and arch not in inc["arches"]:
        return False
    if arch in exc.get("arches", ()):
        return False
    if not all(c in caps for c in inc.get("caps", ())):
        return False
    return not any(c in caps for c in exc.get("caps", ()))


def oci_section(caps, path=PROFILE):
    """The linux.seccomp object for these capabilities on this machine. OSError when there is no profile."""
    with open(path, encoding="utf-8") as f:
        profile = json.load(f)
    arch, main = ARCHES[platform.machine()]
    section = {"defaultAction": profile["defaultAction"], "architectures": [main], "syscalls": []}
    if "defaultErrnoRet" in profile:
        section["defaultErrnoRet"] = profile["defaultErrnoRet"]
    for m in profile.get("archMap", ()):
        if m["architecture"] == main:
            section["architectures"] += m.get("subArchitectures") or []
    for rule in profile["syscalls"]:
        if not _applies(rule, caps, arch):
            continue
        out = {"names": rule["names"], "action": rule["action"]}
        if rule.get("errnoRet") is not None:
            out["errnoRet"] = rule["errnoRet"]
        if rule.get("args"):
            out["args"] = [{k: a[k] for k in ("index", "value", "valueTwo", "op")} for a in rule["args"]]
        section["syscalls"].append(out)
    return section


def _action(rule, key="action", errno="errnoRet"):
    value = ACTIONS[rule[key]]
    return value | (rule.get(errno, 1) if rule[key] == "SCMP_ACT_ERRNO" else 0)


def _tables(section):
    """{AUDIT_ARCH: {number: [(conditions, action), …]}}; x32 numbers stand in x86_64's table."""
    lib = ctypes.CDLL(ctypes.util.find_library("seccomp") or "libseccomp.so.2")
    token = lib.seccomp_arch_resolve_name
    token.restype = ctypes.c_uint32
    tables = {}
    for name in section["architectures"]:
        arch = token(name.removeprefix("SCMP_ARCH_").lower().encode())
        audit = AUDIT_ARCH[name]
        table = tables.setdefault(AUDIT_ARCH["SCMP_ARCH_X86_64"] if name == "SCMP_ARCH_X32" else audit, {})
        for rule in section["syscalls"]:
            for sysname in rule["names"]:
                nr = lib.seccomp_syscall_resolve_name_arch(arch, sysname.encode())
                if nr < 0:  # not on this architecture
                    continue
                table.setdefault(nr, []).append((rule.get("args", ()), _action(rule)))
    return tables


# Classic BPF: (code, jump-if-true, jump-if-false, k). A subtree is a list with forward jumps inside itself only, so it
# can be put anywhere.
LD, JEQ, JGE, JA, RET, AND = 0x20, 0x15, 0x35, 0x05, 0x06, 0x54


def _ranges(table, default):
    """Sorted [first number, leaf]: neighbours with the same fate share one; a hole in the numbers does too."""
    out = [[0, default]]
    for nr in sorted(table):
        plain = [a for args, a in table[nr] if not args]
        leaf = plain[0] if plain else tuple((tuple((c["index"], c["op"], c["value"], c["valueTwo"]) for c in args), a)
                                            for args, a in table[nr])
        for first, fate in ((nr, leaf), (nr + 1, default)):
            if out[-1][0] == first:
                out[-1][1] = fate
            else:
                out.append([first, fate])
    merged = []
    for first, fate in out:
        if not merged or merged[-1][1] != fate:
            merged.append([first, fate])
    return merged


def _conditional(conditions, action):
    """Returns the action when all conditions hold, else falls off its end."""
    tail = [(RET, 0, 0, action)]
    for index, op, value, value2 in reversed(conditions):
        want, mask = (value2, value) if op == "SCMP_CMP_MASKED_EQ" else (value, None)
        if op not in ("SCMP_CMP_EQ", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ"):
            raise ValueError("seccomp: no code for " + op)
        skip = (len(tail), 0) if op == "SCMP_CMP_NE" else (0, len(tail))
        head = [(LD, 0, 0, 16 + 8 * index)]  # the low half; the profile's values have 32 bits
        if mask is not None:
            head.append((AND, 0, 0, mask))
        tail = head + [(JEQ, *skip, want)] + tail
    return tail


def _leaf(fate, default):
    if isinstance(fate, int):
        return [(RET, 0, 0, fate)]
    code = []
    for conditions, action in fate:
        code += _conditional(conditions, action)
    return code + [(RET, 0, 0, default)]


def _tree(ranges, default):
    if len(ranges) == 1:
        return _leaf(ranges[0][1], default)
    middle = len(ranges) // 2
    left, right = _tree(ranges[:middle], default), _tree(ranges[middle:], default)
    if len(left) < 256:
        return [(JGE, len(left), 0, ranges[middle][0])] + left + right
    return [(JGE, 0, 1, ranges[middle][0]), (JA, 0, 0, len(left))] + left + right


def bpf(section):
    """The section as an array of struct sock_filter: per architecture a binary tree over ranges of numbers, which is
    the cheapest filter to load (the kernel runs it once per system call number to fill its cache)."""
    default = _action(section, "defaultAction", "defaultErrnoRet")
    code = []
    for audit, table in _tables(section).items():
        part = [(LD, 0, 0, 0)] + _tree(_ranges(table, default), default)
        code += [(LD, 0, 0, 4), (JEQ, 1, 0, audit), (JA, 0, 0, len(part))] + part
    code.append((RET, 0, 0, 0x80000000))  # SECCOMP_RET_KILL_PROCESS: an architecture the profile does not know
    return b"".join(struct.pack("=HBBI", c, t, f, k & 0xFFFFFFFF) for c, t, f, k in code)
