"""The images that engines are measured with: docker-archives of Debian trees, made by mmdebstrap and kept in the cache."""
import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import time

from . import peers
from .progress import say

SUITE = "bookworm"
NAME = "localhost/tare-bench"
PAYLOAD = "/usr/bin/bench-true"  # bench/true, under a name of its own
# Whose trees are about 160 and 300 MB.
PACKAGES = {"base": [], "big": ["gcc"]}


def _tree(kind, path):
    """The plain tar of a minimal Debian with the packages of @kind."""
    if not shutil.which("mmdebstrap"):
        peers.install(["mmdebstrap"])
    say(f"  image {kind}: a Debian {SUITE} tree by mmdebstrap (once)")
    # dpkg would wait for the disk at each file, and the tree is thrown away if this is cut short.
    argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io",
            '--customize-hook=rm "$1"/etc/dpkg/dpkg.cfg.d/99mmdebstrap', SUITE, path + ".tmp.tar"]
    if PACKAGES[kind]:
        argv.insert(1, "--include=" + ",".join(PACKAGES[kind]))
    subprocess.run(argv, check=True)
    os.rename(path + ".tmp.tar", path)


def _add_payload(layer, program):
    with tarfile.open(layer, "a") as tar:
        info = tar.gettarinfo(program, arcname="." + PAYLOAD)
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = "root"
        info.mode = 0o755
        with open(program, "rb") as f:
            tar.addfile(info, f)


def _digest(path):
    h = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            h.update(block)
    return h.hexdigest()


def _archive(layer, out, tag):
    """What `docker save` writes: one layer, its configuration, the manifest."""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)
    config = {"architecture": machine, "os": "linux", "created": "1970-01-01T00:00:00Z",
              "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["sh"]},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + _digest(layer)]},
              "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "mmdebstrap"}]}
    text = json.dumps(config).encode()
    name = hashlib.sha256(text).hexdigest() + ".json"
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": ["layer.tar"]}]
    with tarfile.open(out + ".tmp", "w") as tar:
        for member, data in ((name, text), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        tar.add(layer, arcname="layer.tar")
    os.rename(out + ".tmp", out)


def _forget_unused(cache, kind, used):
    """Remove what other builds left a day ago or longer; half a gigabyte each."""
    for path in used:
        os.utime(path)
    for path in glob.glob(os.path.join(cache, f"layer-{kind}-*.tar")) + glob.glob(os.path.join(cache, f"image-{kind}-*.tar")):
        if path not in used and time.time() - os.stat(path).st_mtime > 86400:
            os.unlink(path)


class Image:
    """@archive can be loaded under the name @tag; @mib is the size of its tree."""

    def __init__(self, kind, build):
        cache = peers.cache_dir()
        os.makedirs(cache, exist_ok=True)
        program = os.path.join(build, "bench/bench-true")
        tree = os.path.join(cache, f"tree-{kind}-{SUITE}.tar")
        if not os.path.exists(tree):
            _tree(kind, tree)
        key = _digest(program)[:12]
        self.tag = f"{NAME}:{kind}"
        self.layer = os.path.join(cache, f"layer-{kind}-{key}.tar")
        self.archive = os.path.join(cache, f"image-{kind}-{key}.tar")
        if not os.path.exists(self.archive) or not os.path.exists(self.layer):
            say(f"  image {kind}: its layer and archive (once for each build of bench-true)")
            shutil.copyfile(tree, self.layer)
            _add_payload(self.layer, program)
            _archive(self.layer, self.archive, self.tag)
        _forget_unused(cache, kind, (self.layer, self.archive))
        self.mib = os.path.getsize(self.layer) >> 20

    def unpack(self, directory):
        """The tree of the image below @directory, for floor."""
        os.makedirs(directory)
        subprocess.run(["tar", "-C", directory, "--numeric-owner", "-xpf", self.layer], check=True)
