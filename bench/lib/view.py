"""The cgroup layouts that one machine can show: its own, and inside a private mount namespace pure v2 or pure v1."""
import ctypes
import os
import subprocess

CLONE_NEWNS = 0x00020000
CGROUP = "/sys/fs/cgroup"


def native():
    """v2, hybrid or v1: what this process sees."""
    if os.path.exists(CGROUP + "/cgroup.controllers"):
        return "v2"
    return "hybrid" if os.path.exists(CGROUP + "/unified/cgroup.controllers") else "v1"


def default_views():
    """On a hybrid host both pure layouts too: no peer's cgroup-v2 code can be measured otherwise."""
    return ["v2", "v1", "hybrid"] if native() == "hybrid" else [native()]


def enter(view, state_dirs=()):
    """Give this process a private mount namespace that shows @view, for as long as it lives. The programs' state
    directories become tmpfs, as /run is on every machine that boots with systemd: where it is on a disk, the file system's
    journal would be measured."""
    have = native()
    if view != have and have != "hybrid":
        raise SystemExit(f"bench: this host has cgroup {have} and cannot show {view}")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) < 0:
        raise SystemExit("bench: unshare: " + os.strerror(ctypes.get_errno()))
    _mount("--make-rprivate", "/")
    for path in state_dirs:
        os.makedirs(path, exist_ok=True)
        _mount("-t", "tmpfs", "tmpfs", path)
    if view == have:
        return
    if view == "v1":
        subprocess.run(["umount", "-l", CGROUP + "/unified"], check=True)
    else:
        subprocess.run(["umount", "-l", CGROUP], check=True)
        _mount("-t", "cgroup2", "cgroup2", CGROUP)


def _mount(*args):
    subprocess.run(["mount", *args], check=True)


def hierarchies():
    """The roots of all cgroup trees that are visible now."""
    if native() == "v2":
        return [CGROUP]
    return [p.path for p in os.scandir(CGROUP) if p.is_dir(follow_symlinks=False)
            and os.path.exists(p.path + "/cgroup.procs")]


def remove_cgroups(prefix):
    """Remove what a failed run left: the cgroups at the top whose names begin with @prefix."""
    for top in hierarchies():
        for entry in os.scandir(top):
            if entry.name.startswith(prefix):
                try:
                    os.rmdir(entry.path)
                except OSError:
                    pass


def has_controller(name):
    """Whether a limit of that controller can be set in what is visible now."""
    if native() != "v2":
        return os.path.exists(f"{CGROUP}/{name}/cgroup.procs")
    with open(CGROUP + "/cgroup.controllers", encoding="ascii") as f:
        return name in f.read().split()


def priority():
    """The timer's directive that keeps other work of the machine out. A v1 cpu hierarchy with real-time groups refuses
    real-time processes in a new cgroup."""
    return "nice\t-20" if os.path.exists(CGROUP + "/cpu/cpu.rt_runtime_us") else "realtime"
