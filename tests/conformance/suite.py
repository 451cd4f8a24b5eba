"""What the adapters of public conformance suites share.

A suite is a list of tests; each has one result (pass, fail, skip), a time and a note. The results go to
OUT/results.tsv and OUT/logs/, are compared with a list of expected failures and skips, and closed by one line
"N passed, N failed, N skipped". Whatever a test leaves (processes, containers, mounts, files) is removed after it:
the adapter makes itself a subreaper, so nothing that a test started can escape to PID 1.
"""
import argparse
import contextlib
import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RESULT_LINE = re.compile(r"^(not )?ok\b\s*(\d+)?\s*-?\s*(.*)$")
PLAN_LINE = re.compile(r"^1\.\.(\d+)")
waited_for = set()  # children whose status a test run wants
_HYBRID = os.path.ismount("/sys/fs/cgroup/unified")
SKIP_MARK = re.compile(r"#\s*skip\S*\s*(.*)$", re.IGNORECASE)


class Result:
    """The outcome of one test: name, verdict (pass, fail, skip), seconds, a note of one line."""

    def __init__(self, name, verdict, seconds, note=""):
        self.name, self.verdict, self.seconds = name, verdict, seconds
        self.note = " ".join(note.split())[:300]


def _reads(path):
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as f:
        return f.read().strip()
    return ""


def _on_v1(controller):
    return any(controller in line.split(" - ")[1].split()[2].split(",")
               for line in _reads("/proc/self/mountinfo").splitlines() if " - cgroup " in line)


def _root_is_shared():
    return any(line.split()[4] == "/" and " shared:" in line for line in _reads("/proc/self/mountinfo").splitlines())


def _can_open_namespaces_of_1():
    try:
        os.close(os.open("/proc/1/ns/net", os.O_RDONLY))
        return True
    except OSError:
        return False


def _has_capability(number):
    bounding = re.search(r"^CapBnd:\s*(\w+)", _reads("/proc/self/status"), re.MULTILINE).group(1)
    return bool(int(bounding, 16) >> number & 1)


# What a host may lack and tests need: a tag, and whether it is there.
LACKS = {
    "no-hugetlb": lambda: _on_v1("hugetlb"),
    "no-net_cls": lambda: _on_v1("net_cls"),
    "no-realtime": lambda: not _on_v1("cpu") or _reads("/proc/sys/kernel/sched_rt_runtime_us") == "-1",
    "no-apparmor": lambda: os.path.exists("/sys/kernel/security/apparmor"),
    "no-selinux": lambda: os.path.exists("/sys/fs/selinux/enforce"),
    "no-dummy": lambda: os.path.exists("/sys/module/dummy"),
    "no-nullb": lambda: os.path.exists("/dev/nullb0"),
    "no-bfq": lambda: os.path.exists("/sys/module/bfq"),
    "no-interleave": lambda: os.path.exists("/sys/kernel/mm/mempolicy/weighted_interleave"),
    "no-dirty-tracking": lambda: "VmFlags:" in _reads("/proc/self/smaps") and " sd" in _reads("/proc/self/smaps"),
    "private-root": _root_is_shared,
    "private-pid1": _can_open_namespaces_of_1,
    "few-processors": lambda: len(os.sched_getaffinity(0)) >= 4,
    "no-sys_resource": lambda: _has_capability(24),
}


def host_tags():
    """Names of what this host is and lacks, for the lists of expected results: all, and v1, hybrid or v2, and so on."""
    tags = {"all"}
    kind = subprocess.run(["stat", "-fc%T", "/sys/fs/cgroup"], capture_output=True, text=True).stdout.strip()
    if kind == "cgroup2fs":
        tags.add("v2")
    else:
        tags.add("hybrid" if _HYBRID else "v1")
    with open("/proc/1/comm", encoding="ascii") as f:
        tags.add("systemd" if f.read().strip() == "systemd" else "no-systemd")
    if os.geteuid() != 0:
        tags.add("rootless")
    tags.add(os.environ.get("CGROUP_MANAGER", "cgroupfs") + "-manager")  # crun's suite takes it from there
    tags |= {tag for tag, there in LACKS.items() if not there()}
    kernel = os.uname().release.split(".")
    tags.add(f"linux-{kernel[0]}.{kernel[1]}")
    return tags


def read_expect(path, tags):
    """Read a list of expected results: lines NAME TAB TAGS TAB fail|skip TAB REASON. TAGS is a comma-separated list
    of alternatives, each one or several tags joined by +. Returns {name: (verdict, reason)} of the lines that hold here."""
    expect = {}
    if not path:
        return expect
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            fields = line.split("\t")
            if len(fields) != 4 or fields[2] not in ("fail", "skip") or not fields[3]:
                sys.exit(f"{path}:{number}: want NAME TAB TAGS TAB fail|skip TAB REASON")
            if any(set(alt.split("+")) <= tags for alt in fields[1].split(",")):
                expect[fields[0]] = (fields[2], fields[3])
    return expect


def tap_line(line):
    """Parse one line of TAP: (ok, name, skip reason or None), or None for any other line."""
    m = RESULT_LINE.match(line)
    if not m:
        return None
    name = m.group(3)
    skip = SKIP_MARK.search(name)
    reason = skip.group(1) if skip else None
    return m.group(1) is None, re.split(r"\s+#", name)[0].strip(), reason


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
            return [int(p) for p in f.read().split()]
    except OSError:
        return []


def _descendants(pid):
    found = []
    for child in _children(pid):
        found += [child] + _descendants(child)
    return found


def _cgroups(pid):
    """Directories of the cgroups of @pid that are not ours."""
    def paths(who):
        with contextlib.suppress(OSError), open(f"/proc/{who}/cgroup", encoding="utf-8") as f:
            for line in f:
                _, controllers, path = line.rstrip("\n").split(":", 2)
                name = controllers.removeprefix("name=") or ("unified" if _HYBRID else "")
                yield os.path.join("/sys/fs/cgroup", name, path.lstrip("/"))
    return set(paths(pid)) - set(paths("self"))


def _thaw(directory):
    """A frozen process cannot die on cgroup v1: let it run."""
    for file, value in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        with contextlib.suppress(OSError), open(os.path.join(directory, file), "w", encoding="ascii") as f:
            f.write(value)


def kill_left_over(limit_s=20):
    """Kill and reap everything that a test started (we are their subreaper, so they all hang below us), and remove
    the cgroups they were in. Gives up on a process that does not die within @limit_s."""
    cgroups, end = set(), time.monotonic() + limit_s
    while time.monotonic() < end:
        left = _descendants(os.getpid())
        for pid in left:
            cgroups |= _cgroups(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for directory in cgroups:
            _thaw(directory)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            break
        time.sleep(0.01)
    for directory in sorted(cgroups, reverse=True):
        with contextlib.suppress(OSError):
            os.rmdir(directory)


def _unblock():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})


def _reap(*_):
    """A zombie holds up the end of its pid namespace: reap what was left to us, but the children that we wait for."""
    for pid in set(_children(os.getpid())) - waited_for:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


class Suite:
    """The frame of one run: options, scratch directory, left-overs, the report."""

    def __init__(self, name, doc, timeout_s):
        self.name = name
        p = argparse.ArgumentParser(prog=name, description=doc)
        p.add_argument("path", help="a prepared checkout of the suite")
        p.add_argument("runtime", help="the OCI runtime to test")
        p.add_argument("tests", nargs="*", metavar="TEST", help="run only these")
        p.add_argument("--expect", default=os.path.join(REPO, "tests/conformance", name + ".expect"),
                       help="list of expected failures and skips; '' for none")
        p.add_argument("--out", default=None, help="directory of results.tsv and logs/ (default: build/conformance/…)")
        p.add_argument("--timeout", type=float, default=timeout_s, help="seconds for one test (default %(default)s)")
        p.add_argument("--skip", default="", help="comma-separated tests to leave out")
        self.args = p.parse_args()
        self.path = os.path.abspath(self.args.path)
        self.runtime = self._runtime(self.args.runtime)
        self.tags = host_tags()
        self.expect = read_expect(self.args.expect, self.tags)
        cgroups = next(t for t in ("v2", "hybrid", "v1") if t in self.tags)
        self.out = os.path.abspath(self.args.out or os.path.join(
            REPO, "build/conformance", f"{name}-{os.path.basename(self.runtime)}-{cgroups}"))
        os.makedirs(os.path.join(self.out, "logs"), exist_ok=True)
        self.results = []
        self.scratch = None

    @staticmethod
    def _runtime(name):
        found = shutil.which(name)
        if not found:
            sys.exit(f"{name}: no such program")
        return os.path.abspath(found)

    def wanted(self, names):
        """Those of @names that the command line asks for, in their order."""
        unknown = set(self.args.tests) - set(names)
        if unknown:
            sys.exit("no such test: " + " ".join(sorted(unknown)))
        skip = self.args.skip.split(",")
        return [n for n in names if n not in skip and (not self.args.tests or n in self.args.tests)]

    @contextlib.contextmanager
    def frame(self):
        """A scratch directory with an empty TMPDIR and a symlink to the runtime named crun, gone afterwards."""
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            sys.exit("prctl PR_SET_CHILD_SUBREAPER: " + os.strerror(ctypes.get_errno()))
        signal.signal(signal.SIGCHLD, _reap)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.scratch = tempfile.mkdtemp(prefix="tare-conformance.")
        os.chmod(self.scratch, 0o755)  # tests enter it with other user ids
        os.mkdir(os.path.join(self.scratch, "tmp"), 0o755)
        os.symlink(self.runtime, os.path.join(self.scratch, "crun"))
        before = self._containers()
        try:
            yield self.scratch
        finally:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            kill_left_over()
            self._delete(self._containers() - before)
            self._remove_scratch()

    def _containers(self):
        r = subprocess.run([self.runtime, "list", "-q"], capture_output=True, text=True, timeout=60)
        return set(r.stdout.split()) if r.returncode == 0 else set()

    def _delete(self, ids):
        for container in sorted(ids):
            subprocess.run([self.runtime, "delete", "--force", container], capture_output=True, timeout=60)

    def _remove_scratch(self):
        with open("/proc/self/mountinfo", encoding="utf-8") as f:
            points = [line.split()[4] for line in f]
        for point in reversed([p for p in points if p.startswith(self.scratch + "/")]):
            subprocess.run(["umount", "-l", point], capture_output=True)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def start(self, command, **options):
        """Start @command in the background, as subprocess.Popen; its status is ours to collect."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        child = subprocess.Popen(command, preexec_fn=options.pop("prepare", _unblock), **options)
        waited_for.add(child.pid)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        return child

    def environment(self, **more):
        """The environment of a test: ours, with the scratch directory as TMPDIR."""
        env = dict(os.environ, TMPDIR=os.path.join(self.scratch, "tmp"), PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1")
        env.update(more)
        return env

    def log_path(self, name):
        return os.path.join(self.out, "logs", name + ".log")

    def add(self, result):
        """Record @result and print its line."""
        self.results.append(result)
        want = self.expect.get(result.name)
        mark = "" if result.verdict == "pass" else f"  # {result.note}"
        if want and want[0] == result.verdict:
            mark += f"  [expected: {want[1]}]"
        print(f"{result.verdict} {result.name} {result.seconds:.1f}s{mark}", flush=True)

    def report(self):
        """Write the results, print what differs from the expectations and the totals; the exit status."""
        with open(os.path.join(self.out, "results.tsv"), "w", encoding="utf-8") as f:
            f.write("test\tresult\tseconds\tnote\n")
            for r in self.results:
                f.write(f"{r.name}\t{r.verdict}\t{r.seconds:.2f}\t{r.note}\n")
        unexpected = [r for r in self.results if r.verdict == "fail" and self.expect.get(r.name, ("",))[0] != "fail"]
        print(f"\nhost: {' '.join(sorted(self.tags - {'all'}))}; results and logs: {self.out}")
        for r in self.results:
            want = self.expect.get(r.name, (None,))[0]
            if want and want != r.verdict:
                print(f"expected {want}, got {r.verdict}: {r.name}")
            elif not want and r.verdict == "skip" and self.expect:
                print(f"skip without an expectation: {r.name}: {r.note}")
        for r in unexpected:
            print(f"unexpected failure: {r.name}: {r.note}")
        n = {v: sum(r.verdict == v for r in self.results) for v in ("pass", "fail", "skip")}
        print(f"{n['pass']} passed, {n['fail']} failed, {n['skip']} skipped")
        return 1 if unexpected or not self.results else 0


def now():
    """Seconds of the monotonic clock."""
    return time.monotonic()
