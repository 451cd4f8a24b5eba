"""What is measured: for each case the command lines of every program.

A case is a function (peer, bench) -> list of (kind, argv) for bench/timer, or a text saying why that program has no
such case. "%n" becomes the number of the round.
"""
import os
import subprocess
import time

ID = f"tarebench{os.getpid()}-"
FLOOR_STATE = "/run/tare-floor"
PINNED = "floor-pinned"  # floor from an almost empty mount namespace: the limit where the host has many mounts
NOT_ITS = "no such command"


class Bench:
    """Where the programs keep their things during one measurement."""

    def __init__(self, bundles, state):
        self.bundles, self.state = bundles, state
        self.pin = os.path.join(state, "pinned")  # floor makes it
        self.waiting = {}  # peer name: pid of the container that exec enters

    def oci(self, peer, *args):
        return [peer.path, "--root", os.path.join(self.state, peer.name), *args]

    def floor(self, peer, *args):
        return [peer.path, "--ns", self.bundles.floor_ns(), "--rootfs", self.bundles.rootfs, *args]


def run(peer, bench, kind="plain"):
    if bench.bundles.path(kind) is None:
        return "no seccomp profile on this machine"
    if peer.kind == "floor":
        extra = ["--seccomp", bench.bundles.filter] if kind == "seccomp" else []
        if peer.name == PINNED:
            extra += ["--pinned", bench.pin]
        return [("time", bench.floor(peer, "--cgroup", ID + peer.name, *extra, "/bin/true"))]
    if peer.kind == "bwrap":
        if kind == "seccomp":
            return "takes a compiled filter by descriptor only"
        root = bench.bundles.rootfs
        return [("time", [peer.path, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--ro-bind", root,
                          "/", "--proc", "/proc", "--dev", "/dev", "--", "/bin/true"])]
    return [("time", bench.oci(peer, "run", "--bundle", bench.bundles.path(kind), ID + peer.name + "-%n"))]


def lifecycle(peer, bench):
    """create, start, delete, added up; between start and delete the container's end is awaited, untimed."""
    name = ID + peer.name + "-%n"
    if peer.kind == "bwrap" or peer.name == PINNED:
        return NOT_ITS
    if peer.kind == "floor":
        return [("time", bench.floor(peer, "--cgroup", name, "--create", name, "/bin/true")),
                ("time", [peer.path, "--start", name]), ("reap", []),
                ("time", [peer.path, "--cgroup", name, "--delete", name])]
    return [("time", bench.oci(peer, "create", "--bundle", bench.bundles.path("plain"), name)),
            ("time", bench.oci(peer, "start", name)), ("reap", []), ("time", bench.oci(peer, "delete", name))]


def execute(peer, bench):
    pid = bench.waiting.get(peer.name)
    if pid is None:
        return NOT_ITS if peer.kind == "bwrap" or peer.name == PINNED else "its container did not start"
    if peer.kind == "floor":
        return [("time", [peer.path, "--ns", bench.bundles.floor_ns(), "--cgroup", waiting_id(peer), "--exec", str(pid),
                          "/bin/true"])]
    return [("time", bench.oci(peer, "exec", waiting_id(peer), "/bin/true"))]


def state(peer, bench):
    if peer.name not in bench.waiting:
        return NOT_ITS if peer.kind == "bwrap" or peer.name == PINNED else "its container did not start"
    if peer.kind == "floor":
        return [("time", [peer.path, "--state", waiting_id(peer)])]
    return [("time", bench.oci(peer, "state", waiting_id(peer)))]


def start_only(peer, _bench):
    """What a program costs before it does anything."""
    if peer.name == PINNED:
        return NOT_ITS
    return [("time", [peer.path, "--help" if peer.kind == "floor" else "--version"])]


def run_seccomp(peer, bench):
    return run(peer, bench, "seccomp")


# name: (what it is, function, spaced apart?, extra host mounts)
CASES = {
    "version": ("start of the program (`--version`)", start_only, False, 0),
    "run": ("run", run, False, 0),
    "run-spaced": ("run, 300 ms apart", run, True, 0),
    "run-seccomp": ("run with podman's seccomp profile", run_seccomp, False, 0),
    "run-seccomp-spaced": ("run with seccomp, 300 ms apart", run_seccomp, True, 0),
    "run-mounts": ("run with 1,000 more host mounts", run, False, 1000),
    "lifecycle": ("create + start + delete", lifecycle, False, 0),
    "lifecycle-spaced": ("create + start + delete, 300 ms apart", lifecycle, True, 0),
    "exec": ("exec", execute, False, 0),
    "exec-spaced": ("exec, 300 ms apart", execute, True, 0),
    "state": ("state", state, False, 0),
    "state-spaced": ("state, 300 ms apart", state, True, 0),
}


def waiting_id(peer):
    return ID + peer.name + "-wait"


def start_waiting(peer, bench):
    """The container that exec and state look at; it runs until it is killed."""
    if peer.kind == "bwrap" or peer.name == PINNED:
        return
    name, log = waiting_id(peer), os.path.join(bench.state, "wait.log")
    pid_file = os.path.join(bench.state, peer.name + ".pid")
    if peer.kind == "floor":
        steps = [bench.floor(peer, "--cgroup", name, "--create", name, "/bin/true", "wait"), [peer.path, "--start", name]]
        pid_file = f"{FLOOR_STATE}/{name}/pid"
    else:
        steps = [bench.oci(peer, "run", "-d", "--pid-file", pid_file, "--bundle", bench.bundles.path("wait"), name)]
    with open(log, "ab") as err:
        for step in steps:
            if subprocess.run(step, stdin=subprocess.DEVNULL, stdout=err, stderr=err, check=False, timeout=60).returncode:
                return
    with open(pid_file, encoding="ascii") as f:
        bench.waiting[peer.name] = int(f.read().split()[0])


def stop_waiting(peer, bench):
    pid = bench.waiting.pop(peer.name, None)
    if pid is None:
        return
    os.kill(pid, 9)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:  # its parent is pid 1, not us
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                if f.read().rsplit(")", 1)[1].split()[0] in "ZX":
                    break
        except OSError:
            break
        time.sleep(0.01)
    name = waiting_id(peer)
    argv = [peer.path, "--cgroup", name, "--delete", name] if peer.kind == "floor" else \
        bench.oci(peer, "delete", "--force", name)
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=60)
