"""The programs that are compared: floor, tare-oci, and the peers that this machine has."""
import glob
import os
import re
import shutil
import subprocess

from . import seccomp
from .progress import say

PACKAGES = {"crun": "crun", "runc": "runc", "bubblewrap": "bwrap", "strace": "strace", "podman": "podman", "docker.io": "dockerd"}
WHERE_PACKAGED = {"youki": "youki"}
PROFILE_PACKAGE = "golang-github-containers-common"  # holds the seccomp profile
SID_PACKAGES = ["crun", "runc"]
KINDS = ("floor", "tare", "crun", "runc", "youki", "bwrap")


class Peer:
    """One program. @kind says which command line it speaks; every name but floor's and bwrap's is an OCI runtime."""

    def __init__(self, name, path, kind=None):
        self.name, self.path = name, path
        self.kind = kind or next((k for k in KINDS if name.startswith(k)), "runc")
        self.oci = self.kind not in ("floor", "bwrap")
        self.problem = None  # why it is not measured

    def version(self):
        if self.kind == "floor":
            return "this tree"
        try:
            out = subprocess.run([self.path, "--version"], capture_output=True, text=True, timeout=10, check=False)
        except (OSError, subprocess.TimeoutExpired) as e:
            return str(e)
        text = (out.stdout or out.stderr).strip()
        found = re.search(r"\d+\.\d+[^\s]*", text)
        return found.group(0) if found else text.splitlines()[0] if text else "?"


def install(packages):
    """Debian packages, one by one: a missing name must not take the others with it. What could not be installed."""
    if not packages:
        return []
    say("installing " + ", ".join(packages))
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return packages
    # Daemons that a package would start stay off: the bench starts what it measures.
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", RUNLEVEL="1")
    subprocess.run(["apt-get", "update", "-qq"], check=False, env=env, stdout=subprocess.DEVNULL)
    failed = []
    for package in packages:
        argv = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", package]
        done = subprocess.run(argv, check=False, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode:
            failed.append(package)
    return failed


def install_packages():
    """The peers and tools that are missing."""
    missing = [package for package, command in PACKAGES.items() if not shutil.which(command)]
    for package, command in WHERE_PACKAGED.items():
        if not shutil.which(command) and shutil.which("apt-cache") and subprocess.run(
                ["apt-cache", "show", package], check=False, capture_output=True).returncode == 0:
            missing.append(package)
    if not os.path.exists(seccomp.PROFILE):
        missing.append(PROFILE_PACKAGE)
    if failed := install(missing):
        say("no such package here, not measured: " + " ".join(failed))


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.path.join(base, "tare-bench")


def sid_peers():
    """[(name, path)] of Debian sid's runtimes. They get sid's loader and libraries by patchelf, so that they start as
    on sid: a wrapper would cost an exec, and would break programs that execute /proc/self/exe."""
    tree = os.path.join(cache_dir(), "sid")
    install([tool for tool in ("mmdebstrap", "patchelf") if not shutil.which(tool)])
    if not os.path.exists(os.path.join(tree, "usr/lib")):
        say("  peers: " + ", ".join(SID_PACKAGES) + " of Debian sid by mmdebstrap (once)")
        os.makedirs(cache_dir(), exist_ok=True)
        shutil.rmtree(tree + ".tmp", ignore_errors=True)  # of one that was cut short
        subprocess.run(["mmdebstrap", "--quiet", "--variant=extract", "--include=" + ",".join(SID_PACKAGES), "--mode=root",
                        "--aptopt=Acquire::Check-Valid-Until \"false\"", "sid", tree + ".tmp"], check=True)
        os.rename(tree + ".tmp", tree)
    loader = glob.glob(tree + "/usr/lib/*-linux-gnu/ld-linux-*.so.*")[0]
    libs = os.path.dirname(loader)
    found = []
    for name in SID_PACKAGES:
        source = next((p for p in (os.path.join(tree, d, name) for d in ("usr/bin", "usr/sbin")) if os.path.exists(p)),
                      None)
        if not source:
            found.append((name + "-sid", None))
            continue
        target = os.path.join(cache_dir(), name + "-sid")
        shutil.copy2(source, target)
        subprocess.run(["patchelf", "--set-interpreter", loader, "--set-rpath", libs, target], check=True)
        found.append((name + "-sid", target))
    return found


def find(build, sid=False, extra=()):
    """Every program by name, also those that are missing: path None."""
    tare = next((p for p in sorted(glob.glob(build + "/**/tare-oci", recursive=True)) if os.access(p, os.X_OK)
                 and not os.path.isdir(p)), None)
    listed = [(n, os.path.join(build, "bench/bench-floor")) for n in ("floor", "floor-pinned")]
    listed.append(("tare", tare))
    listed += [(n, shutil.which(n)) for n in ("crun", "runc", "youki", "bwrap")]
    if sid:
        listed += sid_peers()
    listed += [tuple(x.split("=", 1)) for x in extra]
    peers = []
    for name, path in listed:
        peer = Peer(name, path and os.path.abspath(path))
        if not path or not os.path.exists(path):
            peer.problem = "not installed" if peer.kind not in ("floor", "tare") else "not built"
        peers.append(peer)
    return peers
