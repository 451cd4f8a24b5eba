#!/usr/bin/env python3
"""Kill one command of the engine, its monitor or its program at each of their system calls in turn; look at what is left.

engine.py --tare PATH --image TAR --dir DIR --mark WORD COMMAND
strace(1) sends SIGKILL just before the Nth call of that name of any process that the command starts: the client, the
monitor in all its shapes (tare, tare-mon, tare monitor-end), the program. Afterwards, whatever happened:
  - `ps -a` works, and no container whose program exits with 7 is said to have exited with 0;
  - one that is not listed as running has no process;
  - `rm -f` succeeds or knows no such container; then no process, cgroup or mount is left;
  - `system check --repair` mends all it finds, and then nothing is left on disk;
  - a container of the same name can be run.
Every case that breaks a rule is one line of output; the exit status tells whether there was any."""
import argparse
import collections
import glob
import json
import os
import re
import subprocess
import sys
import time

NAME = "victim"
DEADLINE = 40


class Broken(Exception):
    pass


def call(argv):
    """Output goes to a file: a program keeps what it inherits open."""
    with open(ARGS.dir + "/out", "w+b") as out:
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ARGS.dir)
        try:
            rc = p.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            raise Broken("hangs: " + " ".join(argv[-4:]))
        out.seek(0)
        return rc, out.read().decode(errors="replace").strip()


def tare(*args):
    return call([ARGS.tare, *args])


def must(*args):
    rc, out = tare(*args)
    if rc != 0:
        raise Broken("%s: status %d: %s" % (" ".join(args[:3]), rc, out))
    return out


def run(*rest):
    return ["run", "--name", NAME, "-e", "MARK", *rest]


SLEEP = ["box", "sleep", "1000"]
SEVEN = ["box", "sh", "-c", "exit 7"]
PREPARE = {
    "stop": [run("-d", "--init", *SLEEP)],
    "rm-force": [run("-d", "-v", "/anonymous", *SLEEP)],
    "exec": [run("-d", *SLEEP)],
    "start": [["create", *run()[1:], *SEVEN]],
    "rm": [["create", *run()[1:], "-v", "/anonymous", *SEVEN]],
}
COMMAND = {
    "run": run("-d", *SLEEP),
    "run-to-end": run("-d", *SEVEN),
    "run-in-front": run("-v", "/anonymous", "-m", "64m", *SEVEN),
    "run-rm": run("--rm", "-d", "-v", "/anonymous", *SEVEN),
    "run-terminal": run("-d", "-t", *SEVEN),
    "run-again": run("-d", "--restart", "on-failure:1", *SEVEN),
    "run-host-ids": run("-d", "--userns", "host", *SEVEN),
    "start": ["start", NAME],
    "stop": ["stop", "-t", "1", NAME],
    "exec": ["exec", NAME, "true"],
    "rm": ["rm", "-v", NAME],
    "rm-force": ["rm", "-f", "-v", NAME],
}
ENDS = {"run", "exec", "stop"}  # their container goes on, or strace would follow it for ever: killed by `traced`


def ours():
    """Processes of this sweep: by their environment."""
    found, mark = [], ("MARK=" + ARGS.mark).encode()
    for d in glob.glob("/proc/[0-9]*"):
        try:
            with open(d + "/environ", "rb") as f:
                env = f.read().split(b"\0")
            with open(d + "/cmdline", "rb") as f:
                line = f.read()
        except OSError:
            continue
        if int(d[6:]) != os.getpid() and mark in env and not line.startswith((b"python3", b"strace")):
            found.append(d[6:] + " " + line.replace(b"\0", b" ").decode(errors="replace").strip())
    return found


def state():
    rc, out = tare("inspect", NAME)
    if rc != 0:
        if "no such" in out.lower():
            return None
        raise Broken("inspect: " + out)
    # a warning about the killed monitor may come first
    return json.JSONDecoder().raw_decode(out[out.index("[\n"):])[0][0]["State"]


def settled():
    """The container's state once nothing moves any more."""
    end = time.monotonic() + 10
    while True:
        s = state()
        if not s or s["Status"] in ("exited", "created", "running"):
            return s
        if time.monotonic() > end:
            raise Broken("stays " + s["Status"])
        time.sleep(0.01)


def wait_for(what, find):
    end = time.monotonic() + 5
    while True:
        left = find()
        if not left:
            return
        if time.monotonic() > end:
            raise Broken("%s: %s" % (what, "; ".join(left)))
        time.sleep(0.01)


def on_disk():
    data, rundir = os.environ["TARE_ROOT"], os.environ["TARE_RUN_ROOT"]
    left = []
    for d in ("containers", "names", "volumes"):
        left += [d + "/" + n for n in os.listdir(data + "/" + d)] if os.path.isdir(data + "/" + d) else []
    for d in ("oci", "ids"):
        if os.path.isdir(rundir + "/" + d):
            left += [d + "/" + n for n in os.listdir(rundir + "/" + d) if not n.startswith("@")]
    return left


def cgroups(ids):
    left = []
    for i in ids:
        left += ["cgroup " + p for p in glob.glob("/sys/fs/cgroup/**/" + i, recursive=True)]
    return left


def ids():
    d = os.environ["TARE_ROOT"] + "/containers"
    return os.listdir(d) if os.path.isdir(d) else []


def mounts():
    with open("/proc/self/mountinfo") as f:
        return ["mount " + line.split()[4] for line in f if ARGS.dir in line and "tmpfs" not in line]


def clean():
    """As after `rm -f`, and a `system check --repair` long after."""
    for i in ids():
        path = os.environ["TARE_ROOT"] + "/containers/" + i
        if not os.path.exists(path + "/config.json"):
            os.utime(path, (1, 1))  # half-made ones are left alone while they are young
    must("system", "check", "--repair")
    must("volume", "prune", "-f", "-a")
    wait_for("left on disk", on_disk)


def look(known):
    must("ps", "-a")
    s = settled()
    if s and s["Status"] == "exited" and s["ExitCode"] == 0:
        raise Broken("is said to have exited with 0")
    if s and s["Status"] != "running":
        # the client may be killed while its program starts: the monitor takes a moment to see it
        wait_for("%s, but there are processes" % s["Status"], ours)
    known |= set(ids())
    rc, out = tare("rm", "-f", "-v", NAME)
    if rc != 0 and "no such container" not in out:
        raise Broken("rm -f: " + out)
    wait_for("processes after rm -f", ours)
    wait_for("after rm -f", lambda: cgroups(known) + mounts())
    clean()
    must(*run("-d", *SLEEP))
    must("rm", "-f", NAME)


def traced(extra):
    """strace ends with the last process; a container that would go on is killed when the command has ended."""
    p = ["strace", "-I1", "-qq", "-f", *extra, ARGS.tare, *COMMAND[ARGS.command]]
    if ARGS.command not in ENDS:
        return call(p)
    # strace lets go of the rest at a TERM
    with open(ARGS.dir + "/out", "w+b") as out:
        proc = subprocess.Popen(p, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ARGS.dir)
        end = time.monotonic() + DEADLINE
        while proc.poll() is None and not client(proc.pid):
            pass
        while proc.poll() is None and client(proc.pid):
            if time.monotonic() > end:
                raise Broken("hangs: " + ARGS.command)
            time.sleep(0.005)
        time.sleep(0.05)  # a monitor that is still on its way to tare-mon is killed by its own fault
        if proc.poll() is None:
            proc.terminate()
        proc.wait()
    return 0, ""


def client(strace):
    """Is the command itself, the first child of strace, still there?"""
    try:
        with open("/proc/%d/task/%d/children" % (strace, strace)) as f:
            return bool(f.read().strip())
    except OSError:
        return False


def prepare():
    for c in PREPARE.get(ARGS.command, []):
        must(*c)


def count():
    """How often each call is made by the process that makes it most often."""
    log = ARGS.dir + "/trace"
    prepare()
    traced(["-ff", "-o", log])
    most = collections.Counter()
    for name in glob.glob(log + "*"):
        with open(name) as f:
            one = collections.Counter(m.group(1) for m in (re.match(r"(\w+)\(", line) for line in f) if m)
        os.unlink(name)
        for k, v in one.items():
            if not k.startswith("syscall_0x"):  # newer than this strace, which has no name for it
                most[k] = max(most[k], v)
    if state():
        must("rm", "-f", "-v", NAME)
    clean()
    return most


def one(name, n):
    prepare()
    known = set(ids())
    traced(["-o", "/dev/null", "-e", "trace=" + name, "-e", "inject=%s:signal=SIGKILL:when=%d" % (name, n)])
    look(known)


def main():
    global ARGS
    p = argparse.ArgumentParser()
    for o in ("--tare", "--image", "--dir", "--mark"):
        p.add_argument(o, required=True)
    p.add_argument("--every", type=int, default=1, help="only every Nth place")
    p.add_argument("--only", help="NAME or NAME:N")
    p.add_argument("command", choices=sorted(COMMAND))
    ARGS = p.parse_args()
    ARGS.tare = os.path.realpath(ARGS.tare)
    os.environ.update(TARE_ROOT=ARGS.dir + "/data", TARE_RUN_ROOT=ARGS.dir + "/run", MARK=ARGS.mark)
    must("import", ARGS.image, "box:latest")
    n = bad = place = 0
    for name, most in sorted(count().items()):
        for i in range(1, most + 1):
            if ARGS.only and ARGS.only not in (name, "%s:%d" % (name, i)):
                continue
            place += 1
            if place % ARGS.every:
                continue
            n += 1
            try:
                one(name, i)
            except Broken as e:
                bad += 1
                print("%s %s:%d: %s" % (ARGS.command, name, i, e), flush=True)
                tare("rm", "-f", "-v", NAME)
                try:
                    clean()
                except Broken as e:
                    print("  and cannot be cleaned: %s" % e, flush=True)
    print("%s: %d places, %d broken" % (ARGS.command, n, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
