#!/usr/bin/env python3
"""A disk whose power is cut again and again, while commands write to the store on it.

usage: powercut.py --tare PROGRAM --dir DIR [--rounds N] [--seed N]

The disk is an ext4 with a journal in a file. A cut is the ioctl that file systems have for that (FS_IOC_SHUTDOWN without a
flush of the log): from that instant nothing reaches the disk, neither dirty pages nor the journal. Then it is mounted anew,
which replays the journal, `system check --repair` runs, and everything that a command had promised by its exit status 0
must be there and whole. Exit status 1 when a promise was broken.
"""
import argparse
import fcntl
import os
import random
import subprocess
import sys
import tarfile
import time

FS_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, b"\2\0\0\0"


class Disk:
    def __init__(self, where):
        self.image, self.at = where + "/disk", where + "/mnt"
        os.makedirs(self.at)
        with open(self.image, "wb") as f:
            f.truncate(256 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.at], check=True)

    def cut(self):
        fd = os.open(self.at, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, FS_IOC_SHUTDOWN, NO_LOG_FLUSH)
        finally:
            os.close(fd)

    def umount(self):
        """And wait until it is gone: a mount namespace that somebody made meanwhile may have a copy for a moment."""
        for _ in range(300):
            gone = not os.path.ismount(self.at) or \
                subprocess.run(["umount", self.at], stderr=subprocess.DEVNULL, check=False).returncode == 0
            if gone and not subprocess.run(["losetup", "-j", self.image], capture_output=True, check=True).stdout:
                return
            time.sleep(0.1)
        raise SystemExit("powercut: the disk is still in use after 30 s")


class Work:
    """Commands one after the other, and what they promised."""

    def __init__(self, args, disk):
        self.args, self.disk, self.n = args, disk, 0
        self.promised = {}
        self.rng = random.Random(args.seed)

    def argv(self, *argv):
        return [self.args.tare, "--root", self.disk.at + "/data", "--run-root", self.args.dir + "/run", *argv]

    def tare(self, *argv):
        return subprocess.run(self.argv(*argv), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def must(self, *argv):
        done = self.tare(*argv)
        if done.returncode:
            raise SystemExit("powercut: %s: %s%s" % (" ".join(argv), done.stdout, done.stderr))

    def archive(self):
        """A small layer with content of its own."""
        name = self.args.dir + "/layer.tar"
        with tarfile.open(name, "w") as t:
            for i in range(20):
                part = self.args.dir + "/part"
                with open(part, "wb") as f:
                    f.write(self.rng.randbytes(self.rng.randrange(1, 60000)))
                t.add(part, "d%d/f%d" % (i % 3, i), recursive=False)
        return name

    def commands(self):
        """What each promises, and how it is called."""
        n = str(self.n)
        self.n += 1
        return [(("image", "import" + n), ["import", "-q", self.archive(), "import" + n]),
                (("image", "tag" + n), ["tag", "import" + n, "tag" + n]),
                (("container", "box" + n), ["create", "--name", "box" + n, "import" + n, "true"]),
                (("container", "moved" + n), ["rename", "box" + n, "moved" + n]),
                (("volume", "vol" + n), ["volume", "create", "vol" + n]),
                (("image", "commit" + n), ["commit", "moved" + n, "commit" + n]),
                (("image", "load" + n), ["load", "-q", "--name", "load" + n, "-i", self.args.dir + "/saved.tar"])]

    def until_cut(self, last):
        """The power goes right after command number @last has promised something, or while the next one is at work."""
        for i, (what, argv) in enumerate(self.commands() + self.commands()):
            if argv[0] == "load" and not os.path.exists(self.args.dir + "/saved.tar"):
                self.must("save", "-o", self.args.dir + "/saved.tar", "import0")
            if i == last + 1:
                with subprocess.Popen(self.argv(*argv), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL):
                    time.sleep(self.rng.uniform(0, 0.1))
                    self.disk.cut()
                if argv[0] == "rename":  # to one of both names
                    self.promised.pop(("container", argv[1]), None)
                return
            self.must(*argv)
            self.promised[what] = True
            if argv[0] == "rename":
                del self.promised["container", argv[1]]
            if i == last and self.rng.random() < 0.5:
                self.disk.cut()
                return

    def check(self):
        broken = []
        self.tare("system", "check", "--repair")
        left = self.tare("system", "check")
        if left.returncode:
            broken.append("system check, after --repair: " + left.stdout + left.stderr)
        for kind, name in self.promised:
            argv = {"image": ["save", "-o", self.args.dir + "/out.tar", name],  # verifies all digests
                    "container": ["inspect", "--type", "container", name],
                    "volume": ["volume", "inspect", name]}[kind]
            if kind == "image" and os.path.exists(self.args.dir + "/out.tar"):
                os.unlink(self.args.dir + "/out.tar")
            done = self.tare(*argv)
            if done.returncode:
                broken.append("%s %s was promised: %s" % (kind, name, done.stderr.strip()))
        return broken


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tare", required=True)
    p.add_argument("--dir", required=True)
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--seed", type=int, default=int(time.time()))
    args = p.parse_args()
    os.makedirs(args.dir)
    disk = Disk(args.dir)
    work = Work(args, disk)
    print("seed", args.seed)
    broken = []
    disk.mount()
    try:
        for i in range(args.rounds):
            work.until_cut(i % 7)
            disk.umount()
            disk.mount()
            broken += work.check()
            print("%d things promised" % len(work.promised), flush=True)
            if broken:
                break
    finally:
        disk.umount()
    print("\n".join(broken) or "all there")
    return 1 if broken or not work.promised else 0


if __name__ == "__main__":
    sys.exit(main())
