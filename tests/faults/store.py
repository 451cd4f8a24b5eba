#!/usr/bin/env python3
"""Kill one command of tare, and what it started, at each of its system calls in turn, or fill its disk, and look at the
store afterwards.

store.py --tare PATH --dir DIR [--every N] COMMAND
  COMMAND  load, import, commit, tag, rmi, prune
DIR is made and removed. Whatever was interrupted: the images that were there are whole and save the bytes they saved
before; after `image prune` the store holds what it held before the command, or what it holds after a whole one;
`system check` finds nothing; the command can be done again. Each broken rule is a line; the exit status tells."""
import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys

DEADLINE = 60


class Broken(Exception):
    pass


def call(*args, env=None):
    p = subprocess.run(args, stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=False,
                       env={**os.environ, **(env or {})})
    return p.returncode, (p.stdout + p.stderr).decode(errors="replace")


class Store:
    def __init__(self, tare, path):
        self.tare, self.path = tare, path
        os.environ["TARE_ROOT"] = os.path.join(path, "data")
        os.environ["TARE_RUN_ROOT"] = os.path.join(path, "run")
        os.environ["SOURCE_DATE_EPOCH"] = "1"

    def must(self, *args):
        rc, out = call(self.tare, *args)
        if rc != 0:
            raise Broken("%s: status %d: %s" % (" ".join(args), rc, out.strip()))
        return out

    def archive(self, name):
        """The digest of what `save` writes."""
        file = os.path.join(self.path, "saved")
        self.must("save", "-o", file, name)
        with open(file, "rb") as f:
            digest = hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else \
                hashlib.sha256(f.read()).hexdigest()
        os.unlink(file)
        return digest

    def content(self):
        """Every name below the store's folders, without what a running command may hold."""
        found = set()
        for top in ("blobs", "layers", "recipes", "images", "tmp"):
            for where, dirs, files in os.walk(os.path.join(os.environ["TARE_ROOT"], top)):
                found |= {os.path.relpath(os.path.join(where, x), os.environ["TARE_ROOT"]) for x in dirs + files}
        return found


def make_tar(path, word, files):
    tree = path + ".d"
    os.makedirs(os.path.join(tree, "etc"))
    for i in range(files):
        with open(os.path.join(tree, "etc", "file%d" % i), "w", encoding="ascii") as f:
            f.write((word + "\n") * (100 + i * 400))
    os.symlink("etc", os.path.join(tree, "link"))
    subprocess.run(["tar", "-C", tree, "--mtime=@1", "--sort=name", "-cf", path, "."], check=True)
    shutil.rmtree(tree)


class Case:
    """prepare() makes the state before the command, argv is the command."""
    def __init__(self, store, command):
        self.s, self.command, d = store, command, store.path
        for word in ("keep", "other"):
            make_tar(os.path.join(d, word + ".tar"), word, 4)
        store.must("import", os.path.join(d, "keep.tar"), "keep")
        store.must("import", os.path.join(d, "other.tar"), "victim")
        store.must("save", "-o", os.path.join(d, "victim.tar"), "victim")
        store.must("rmi", "victim")
        if command == "commit":
            store.must("create", "--name", "cc", "keep", "/none")
            upper = os.path.join(os.environ["TARE_ROOT"], "containers", store.must("inspect", "-f", "{{.Id}}", "cc").strip())
            if not os.path.isdir(os.path.join(upper, "upper")):
                store.must("commit", "cc", "first")  # makes the directories of the container
                store.must("rmi", "first")
            with open(os.path.join(upper, "upper", "new"), "w", encoding="ascii") as f:
                f.write("new\n" * 5000)
        self.argv = {"load": ["load", "-q", "-i", os.path.join(d, "victim.tar")],
                     "import": ["import", "-q", os.path.join(d, "other.tar"), "victim"],
                     "commit": ["commit", "cc", "victim"], "rmi": ["rmi", "victim"], "prune": ["image", "prune", "-f"],
                     "tag": ["tag", "keep", "victim"]}[command]

    def prepare(self):
        if self.command in ("rmi", "prune"):
            self.s.must("load", "-q", "-i", os.path.join(self.s.path, "victim.tar"))
        if self.command == "prune":  # an image without a name
            self.s.must("tag", "keep", "victim")

    def clear(self):
        call(self.s.tare, "rmi", "-f", "victim")
        self.s.must("image", "prune", "-f")


def trace(case, log, inject=None):
    """-f: tare, and tare-fetch with its threads. --kill-on-exit of newer straces is not needed: the jail ends with its
    warden."""
    argv = ["strace", "-f", "-qq", "-o", log, "-e", "signal=none"]
    argv += ["-e", "trace=all"] if inject is None else ["-e", "inject=" + inject]
    return call(*argv, case.s.tare, *case.argv)


# Calls that begin or end a process, and those that only wait: a kill there is one a call later.
BORING = {"execve", "exit_group", "exit", "rt_sigreturn", "vfork", "restart_syscall", "futex", "arch_prctl", "rseq",
          "set_robust_list", "set_tid_address", "mprotect", "mmap", "munmap", "brk", "prlimit64", "rt_sigaction",
          "rt_sigprocmask", "getrandom", "pread64", "madvise", "close", "poll", "wait4", "clone3", "clone"}


def places(case):
    """(call, n) for every system call of a whole run: the n-th of its name. strace counts each thread for itself, so the
    n-th is that of whichever comes to it first."""
    log = os.path.join(case.s.path, "trace")
    rc, out = trace(case, log)
    if rc != 0:
        raise Broken("the command without a fault: status %d: %s" % (rc, out.strip()))
    most = {}
    with open(log, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.match(r"(\d+)\s+(\w+)\(", line)
            if m and m[2] not in BORING:
                most.setdefault(m[2], {}).setdefault(m[1], 0)
                most[m[2]][m[1]] += 1
    return [(name, n) for name in sorted(most) for n in range(1, max(most[name].values()) + 1)]


def verdict(case, whole, keep):
    s = case.s
    if s.archive("keep") != keep:
        raise Broken("the image that was there saves other bytes")
    for name in s.must("images", "-q", "--no-trunc").split():
        s.archive(name)  # verifies every digest
    s.must("image", "prune", "-f")
    rc, out = call(s.tare, "system", "check")
    if rc != 0:
        raise Broken("system check: " + out.strip())
    have = s.content()
    if have not in whole:
        raise Broken("the store holds neither the old nor the new: %s" % sorted(min((have ^ w for w in whole), key=len)))


def sweep(args, s):
    case = Case(s, args.command)
    before = s.content()
    keep = s.archive("keep")
    case.prepare()
    prepared = s.content()
    todo = places(case)
    s.must("image", "prune", "-f")
    # What may be left: the state before, the prepared one, the one after.
    whole = [before, prepared, s.content()]
    bad = 0
    for i, (name, n) in enumerate(todo):
        if i % args.every:
            continue
        case.clear()
        if args.command == "prune":
            call(s.tare, "rmi", "victim")
        case.prepare()
        try:
            trace(case, "/dev/null", "%s:signal=KILL:when=%d" % (name, n))
            verdict(case, whole, keep)
            if args.command not in ("rmi", "prune"):
                s.must(*case.argv)
                s.archive("victim")
        except (Broken, subprocess.TimeoutExpired) as e:
            print("%s killed at %s %d: %s" % (args.command, name, n, e))
            bad += 1
    print("%s: %d of %d places, %d bad" % (args.command, (len(todo) + args.every - 1) // args.every, len(todo), bad))
    return bad


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tare", required=True)
    p.add_argument("--dir", required=True)
    p.add_argument("--every", type=int, default=1)
    p.add_argument("command", choices=("load", "import", "commit", "tag", "rmi", "prune"))
    args = p.parse_args()
    os.makedirs(args.dir)
    try:
        return 1 if sweep(args, Store(os.path.abspath(args.tare), args.dir)) else 0
    except Broken as e:
        print(e)
        return 1
    finally:
        shutil.rmtree(args.dir, ignore_errors=True)


sys.exit(main())
