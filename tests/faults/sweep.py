#!/usr/bin/env python3
"""Break one command of tare-oci at each of its system calls in turn and look at what is left.

sweep.py --tare PATH --bundle DIR --state DIR --mark WORD COMMAND FAULT
  COMMAND  create, start, run (detached), run-true (in the foreground, to its end), exec, delete, delete-force, kill, pause
  FAULT    kill: SIGKILL just before the call; an errno name: that error instead of the call
strace(1) injects the fault. Afterwards, whatever happened:
  - `state` and a second `create` agree on whether the id is taken;
  - one `delete --force` succeeds and leaves no state, cgroup, mount or process;
  - the id can be used again;
  - a command that reported an error said so in one line, and did not end in a signal.
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

ID = "victim"
DEADLINE = 20
# Calls that cannot fail for want of memory, or whose failure libc's start code answers by ending the program.
INFALLIBLE = set("""arch_prctl brk close exit exit_group getegid geteuid getgid getpid getppid gettid getuid munmap
rseq rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list set_tid_address umask vfork execve mprotect""".split())


class Broken(Exception):
    pass


def call(argv, **kw):
    """Output goes to files: a container keeps what it inherits open."""
    with open(ARGS.state + ".out", "w+b") as out:
        p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ARGS.bundle, **kw)
        try:
            rc = p.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            p.kill()
            p.wait()
            raise Broken("hangs: " + " ".join(argv[-4:]))
        out.seek(0)
        return rc, out.read().decode(errors="replace")


def program():
    return [ARGS.tare, "--root", ARGS.state, *(["--systemd-cgroup"] if ARGS.systemd else [])]


def tare(*args):
    return call([*program(), *args])


def must(*args):
    rc, out = tare(*args)
    if rc != 0:
        raise Broken("%s: status %d: %s" % (" ".join(args), rc, out.strip()))
    return out


def state(until=0):
    """absent, incomplete, or the status."""
    until = until or time.monotonic() + 3
    rc, out = tare("state", ID)
    if rc == 0:
        return re.search(r'"status":"(\w+)"', out).group(1)
    if "does not exist" in out:
        return "absent"
    if "incomplete" in out:
        return "incomplete"
    if "being created" in out and time.monotonic() < until:  # its child has yet to see that it is gone
        time.sleep(0.01)
        return state(until)
    raise Broken("state: " + out.strip())


def ours():
    """Processes of this sweep: the runtime and its children by command line, the program by environment."""
    found = []
    for d in glob.glob("/proc/[0-9]*"):
        try:
            with open(d + "/cmdline", "rb") as f:
                line = f.read()
            with open(d + "/environ", "rb") as f:
                env = f.read()
        except OSError:
            continue
        if int(d[6:]) == os.getpid() or b"sweep.py" in line:
            continue
        if ARGS.state.encode() in line.split(b"\0") or ("MARK=" + ARGS.mark).encode() in env.split(b"\0"):
            found.append(d[6:] + " " + line.replace(b"\0", b" ").decode(errors="replace").strip())
    return found


def mounts():
    with open("/proc/self/mountinfo") as f:
        return sum(1 for line in f if ARGS.bundle in line or ARGS.state in line)


def left():
    what = ["state " + n for n in os.listdir(ARGS.state) if not n.startswith("@")] if os.path.isdir(ARGS.state) else []
    what += ["cgroup " + p for p in glob.glob("/sys/fs/cgroup/*/" + ARGS.mark) + glob.glob("/sys/fs/cgroup/" + ARGS.mark)]
    if ARGS.systemd:
        units = subprocess.run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "*%s*" % ARGS.mark],
                               capture_output=True, text=True, timeout=DEADLINE).stdout
        what += ["unit " + line.split()[0] for line in units.splitlines() if line.strip()]
    if mounts():
        what.append("mounts")
    return what + ["process " + p for p in ours()]


def nothing_left(when):
    end = time.monotonic() + 3
    while True:
        what = left()
        if not what:
            return
        if time.monotonic() > end:
            raise Broken("%s: left behind: %s" % (when, "; ".join(what)))
        time.sleep(0.01)  # the kernel reaps what was killed at its own pace


PREPARE = {
    "create": [], "run": [], "run-true": [],
    "start": [["create", ID]],
    "exec": [["create", ID], ["start", ID]],
    "kill": [["create", ID], ["start", ID]],
    "pause": [["create", ID], ["start", ID]],
    "delete": [["create", ID], ["start", ID], ["kill", ID, "KILL"]],
    "delete-force": [["create", ID], ["start", ID]],
}
COMMAND = {
    "create": ["create", "--pid-file", "pid", ID],
    "run": ["run", "--detach", "--pid-file", "pid", ID],
    "run-true": ["run", "--config", "true.json", ID],
    "start": ["start", ID],
    "exec": ["exec", ID, "/bin/true"],
    "kill": ["kill", ID, "TERM"],
    "pause": ["pause", ID],
    "delete": ["delete", ID],
    "delete-force": ["delete", "--force", ID],
}


def prepare():
    for c in PREPARE[ARGS.command]:
        must(*c)
    if ARGS.command == "delete":
        end = time.monotonic() + 5
        while state() != "stopped":
            if time.monotonic() > end:
                raise Broken("does not stop")
            time.sleep(0.005)


def traced(extra):
    follow = ["-f"] if ARGS.follow else []
    return ["strace", "-qq", *follow, *extra, *program(), *COMMAND[ARGS.command]]


def count():
    """How often each call is made by the process that makes it most often."""
    log = ARGS.state + ".trace"
    prepare()
    rc, out = call(traced(["-o", log] + (["-ff"] if ARGS.follow else [])))
    if rc != 0:
        raise Broken("fails without a fault: " + out.strip())
    must("delete", "--force", ID)
    most = collections.Counter()
    for name in glob.glob(log + "*"):
        with open(name) as f:
            one = collections.Counter(m.group(1) for m in (re.match(r"(\w+)\(", line) for line in f) if m)
        os.unlink(name)
        for k, v in one.items():
            if not k.startswith("syscall_0x"):  # newer than this strace, which cannot break what it has no name for
                most[k] = max(most[k], v)
    return most


def check_claim():
    """What `state` says is what a second create meets."""
    was = state()
    rc, out = tare("create", ID)
    if was == "absent" and rc != 0:
        raise Broken("absent for state, but create: " + out.strip())
    if was != "absent" and (rc == 0 or "already exists" not in out):
        raise Broken("%s for state, but create: status %d: %s" % (was, rc, out.strip()))


def check_error(name, rc, out):
    lines = [l for l in out.splitlines() if l.strip() and not l.startswith("strace:")]
    if rc < 0 or 128 < rc < 255:  # 255: exec failed
        raise Broken("ends by a signal, status %d: %s" % (rc, out.strip()))
    if rc != 0 and len(lines) != 1 and not (name == "write" and not lines):  # that write was the message
        raise Broken("status %d with %d lines: %r" % (rc, len(lines), out))
    if rc == 0 or ARGS.command not in ("create", "run", "run-true"):
        return
    if ARGS.command == "run-true" and state() == "stopped":
        return  # the program ran, and only clearing up went wrong: that is for delete
    nothing_left("failed %s (%s)" % (ARGS.command, " ".join(lines)))


def write_true():
    """The same container with a program that ends."""
    with open(os.path.join(ARGS.bundle, "config.json")) as f:
        c = json.load(f)
    c["process"]["args"] = ["/bin/true"]
    with open(os.path.join(ARGS.bundle, "true.json"), "w") as f:
        json.dump(c, f)


def one(name, n):
    prepare()
    fault = "signal=SIGKILL" if ARGS.fault == "kill" else "error=" + ARGS.fault
    rc, out = call(traced(["-o", "/dev/null", "-e", "trace=" + name, "-e", "inject=%s:%s:when=%d" % (name, fault, n)]))
    if ARGS.fault == "kill":
        check_claim()
    else:
        check_error(name, rc, out)
    must("delete", "--force", ID)
    nothing_left("delete --force")
    must("create", ID)
    must("start", ID)
    must("delete", "--force", ID)
    nothing_left("the next container")


def main():
    global ARGS
    p = argparse.ArgumentParser()
    for o in ("--tare", "--bundle", "--state", "--mark"):
        p.add_argument(o, required=True)
    p.add_argument("--follow", action="store_true", help="break children, too")
    p.add_argument("--systemd", action="store_true", help="with the systemd cgroup driver")
    p.add_argument("--every", type=int, default=1, help="only every Nth place")
    p.add_argument("--only", help="NAME or NAME:N")
    p.add_argument("command", choices=sorted(COMMAND))
    p.add_argument("fault")
    ARGS = p.parse_args()
    write_true()
    n = bad = place = 0
    for name, most in sorted(count().items()):
        if ARGS.fault != "kill" and name in INFALLIBLE:
            continue
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
                tare("delete", "--force", ID)
    print("%s %s: %d places, %d broken" % (ARGS.command, ARGS.fault, n, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
