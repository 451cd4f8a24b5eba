"""The bundles that are run: one rootfs with the smallest program, and a config.json per kind of case."""
import json
import os
import shutil
import subprocess

from . import seccomp

# podman's default set; only decides which rules of the seccomp profile apply
DEFAULT_CAPS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE",
                "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]
NS_WORDS = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup", "user": "user"}


class Bundles:
    """@directory holds rootfs/ and one bundle per kind: plain, wait (runs until killed), seccomp, small (512 KiB)."""

    def __init__(self, directory, build, peers):
        self.dir = directory
        self.rootfs = os.path.join(directory, "rootfs")
        for d in ("bin", "dev", "etc", "proc", "sys", "tmp"):
            os.makedirs(os.path.join(self.rootfs, d))
        shutil.copy2(os.path.join(build, "bench/bench-true"), os.path.join(self.rootfs, "bin/true"))
        spec, self.origin = self._spec(peers)
        spec["ociVersion"] = "1.0.2"  # some peers refuse versions newer than themselves
        spec["process"]["terminal"] = False
        spec["process"]["args"] = ["/bin/true"]
        spec["root"]["path"] = self.rootfs
        self.namespaces = [n["type"] for n in spec["linux"]["namespaces"]]
        self.filter = None
        self._write("plain", spec)
        self._write("wait", spec, lambda s: s["process"]["args"].append("wait"))
        self._write("small", spec, lambda s: s["linux"]["resources"].update(memory={"limit": 512 * 1024}))
        self._seccomp(spec)

    def _spec(self, peers):
        """The default config.json of the first runtime that has one; ours before others."""
        order = ["tare", "runc", "crun", "youki"]
        for peer in sorted((p for p in peers if p.oci and not p.problem), key=lambda p: order.index(p.kind)):
            where = os.path.join(self.dir, "spec-" + peer.name)
            os.makedirs(where)
            done = subprocess.run([peer.path, "spec"], cwd=where, capture_output=True, check=False, timeout=30)
            if done.returncode == 0:
                with open(os.path.join(where, "config.json"), encoding="utf-8") as f:
                    return json.load(f), peer.name + " spec"
        raise SystemExit("bench: no runtime here can write a config.json (`spec`): build tare-oci or install runc")

    def _write(self, kind, spec, change=None):
        copy = json.loads(json.dumps(spec))
        if change:
            change(copy)
        os.makedirs(os.path.join(self.dir, kind))
        with open(os.path.join(self.dir, kind, "config.json"), "w", encoding="utf-8") as f:
            json.dump(copy, f, indent=1)

    def _seccomp(self, spec):
        try:
            section = seccomp.oci_section(DEFAULT_CAPS)
        except OSError:
            return
        self._write("seccomp", spec, lambda s: s["linux"].update(seccomp=section))
        self.filter = os.path.join(self.dir, "filter.bpf")
        with open(self.filter, "wb") as f:
            f.write(seccomp.bpf(section))

    def path(self, kind):
        """The bundle's directory, or None when it cannot be made here."""
        path = os.path.join(self.dir, kind)
        return path if os.path.isdir(path) else None

    def floor_ns(self):
        return ",".join(NS_WORDS[n] for n in self.namespaces if n in NS_WORDS)
