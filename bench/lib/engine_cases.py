"""What is measured of engines.

Two kinds. A timed case is a function (engine, bench) -> list of (kind, argv) for bench/timer, or a text saying why that
engine has no such case; all engines run in turn. A long case is a function (engine, bench) that does and measures something
larger once, as {metric: value}; it is repeated in turn, too, but counts what the timer cannot.
"""
import os
import statistics
import subprocess
import time

from . import density

NAME = f"tarebench{os.getpid()}"
IDLE = NAME + "-idle"  # the container that exec enters


class Bench:
    def __init__(self, base, big, directory, floor, seccomp_filter, options):
        self.base, self.big, self.dir, self.floor, self.filter, self.options = base, big, directory, floor, seccomp_filter, options
        self.rootfs = os.path.join(directory, "floor-rootfs")
        self.scratch = os.path.join(directory, "floor-scratch")

    def run(self, engine, *options, program=("/bin/true",)):
        return engine.run_cmd("--rm", "--network", "none", *options, self.base.tag, *program)

    def floor_run(self):
        """The kernel's part of the same: the namespaces that tare makes, an overlay, the cgroups, the filter."""
        argv = [self.floor, "--ns", "pid,mnt,uts,ipc,net,cgroup,user", "--rootfs", self.rootfs, "--overlay", self.scratch,
                "--idmap", "100000", "--cgroup", NAME + "-floor"]
        return [*argv, *(["--seccomp", self.filter] if self.filter else []), "/bin/true"]


def start_only(engine, bench):
    if engine.kind == "floor":
        return "no such command"
    return [("time", [engine.path, "version"] if engine.kind == "tare" else [engine.path, "--version"])]


def run(engine, bench):
    return [("time", bench.floor_run() if engine.kind == "floor" else bench.run(engine))]


def run_limits(engine, bench):
    if engine.kind == "floor":
        return "no such option"
    return [("time", bench.run(engine, "--memory", "256m", "--cpus", "1", "--pids-limit", "100"))]


def run_bridge(engine, bench):
    if engine.kind == "floor":
        return "needs a bridge of an engine"
    if engine.kind == "tare" and not _has(engine, "network"):
        return "no such part yet: tare has no bridge networks"
    return [("time", engine.run_cmd("--rm", bench.base.tag, "/bin/true"))]


def run_port(engine, bench):
    if engine.kind == "floor":
        return "needs a bridge of an engine"
    if engine.kind == "tare" and not _has(engine, "network"):
        return "no such part yet: tare has no bridge networks"
    return [("time", engine.run_cmd("--rm", "-p", "127.0.0.1:18080:80", bench.base.tag, "/bin/true"))]


def detached(engine, bench):
    name = NAME + "-d%n"
    if engine.kind == "floor":
        return "no such command"
    argv = engine.run_cmd("-d", "--name", name, "--network", "none", bench.base.tag, "/usr/bin/bench-true", "wait")
    return [("time", argv), ("post", engine.cmd("rm", "-f", name))]


def execute(engine, _bench):
    return "no container of an engine" if engine.kind == "floor" else [("time", engine.cmd("exec", IDLE, "/bin/true"))]


def stop(engine, bench):
    """Of a program that ends on SIGTERM."""
    name = NAME + "-s%n"
    if engine.kind == "floor":
        return "no such command"
    start = engine.run_cmd("-d", "--name", name, "--network", "none", bench.base.tag, "/usr/bin/bench-true", "serve")
    return [("pre", start), ("time", engine.cmd("stop", name)), ("post", engine.cmd("rm", "-f", name))]


def _has(engine, command):
    return subprocess.run(engine.cmd(command, "--help"), check=False, capture_output=True).returncode == 0


def _clock(engine, *args):
    begin = time.monotonic()
    engine.call(*args)
    return time.monotonic() - begin


def load_remove(engine, bench):
    """The archive is read once before, so that the disk is not measured; both end on the disk or not as the engine likes."""
    with open(bench.big.archive, "rb") as f:
        while f.read(1 << 20):
            pass
    return {"load, s": _clock(engine, "load", "-i", bench.big.archive), "remove, s": _clock(engine, "rmi", bench.big.tag)}


def logs(engine, bench):
    """From a program that only writes, through what holds its output, to the end of the container; then read back."""
    mib, name = bench.options.flood_mib, NAME + "-logs"
    begin = time.monotonic()
    engine.call_run("-d", "--name", name, "--network", "none", bench.base.tag, "/usr/bin/bench-true", "flood", str(mib))
    engine.call("wait", name)
    written = time.monotonic() - begin
    begin = time.monotonic()
    with subprocess.Popen(engine.cmd("logs", name), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as reader:
        n = 0
        while block := reader.stdout.read(1 << 20):
            n += len(block)
    read = time.monotonic() - begin
    engine.call("rm", "-f", name)
    return {"written, GB/s": (mib << 20) / 1e9 / written, "read back, GB/s": n / 1e9 / read, "kept, %": 100 * n / (mib << 20)}


def parallel(engine, bench):
    """Loops of runs side by side; each is a timer of its own. A run's median, and that over a lone run's."""
    loops, rounds = bench.options.loops, 6

    def plan(n):
        return f"rounds\t{n}\ncase\t{engine.name}\ntime\t" + "\t".join(bench.run(engine)) + "\n"

    def read(text):
        rows = [line.split("\t") for line in text.splitlines()]
        if any(int(r[-1]) for r in rows):
            raise RuntimeError("a run failed")
        return [int(r[2]) for r in rows]
    alone = read(subprocess.run([bench.options.timer], input=plan(rounds), capture_output=True, text=True, check=True).stdout)
    begin, timers = time.monotonic(), []
    for _ in range(loops):
        timers.append(subprocess.Popen([bench.options.timer], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for t in timers:
        t.stdin.write(plan(rounds))
        t.stdin.close()
    outputs = [t.stdout.read() for t in timers]
    for t in timers:
        t.wait()
    took = time.monotonic() - begin
    one, many = statistics.median(alone), statistics.median(x for text in outputs for x in read(text))
    return {"a run alone, ms": one / 1e6, f"a run beside {loops - 1} others, ms": many / 1e6,
            "the same over its share of the processors": many / (one * loops / os.cpu_count()),
            "runs a second": loops * rounds / took}


def disk(engine, bench):
    """Blocks that stay of a whole cycle: load, run, write, stop, remove. The first cycle, not counted, makes what an engine
    makes once."""
    def cycle():
        engine.call("load", "-i", bench.big.archive)
        engine.call_run("--name", NAME + "-disk", "--network", "none", bench.big.tag, "dd", "if=/dev/zero", "of=/file", "bs=1M",
                        "count=10")
        engine.call("rm", NAME + "-disk")
        engine.call("rmi", bench.big.tag)
    cycle()
    before = density.blocks(engine.dir)
    cycle()
    return {"left on disk after a cycle, KiB": (density.blocks(engine.dir) - before) / 2}


# name: (what it is, function, rounds relative to --engine-rounds, spaced apart?)
TIMED = {
    "version": ("start of the program (`version`)", start_only, 1, False),
    "run": ("run --rm --network none", run, 1, False),
    "run-spaced": ("run --rm --network none, 300 ms apart", run, .5, True),
    "run-limits": ("the same with limits of memory, cpus and pids", run_limits, 1, False),
    "run-bridge": ("run --rm on the default bridge", run_bridge, .5, False),
    "run-port": ("run --rm with a published port", run_port, .5, False),
    "detached": ("run -d", detached, .5, False),
    "exec": ("exec", execute, 1, False),
    "stop": ("stop", stop, .5, False),
}
# What will be measured when tare has the part: listed as not measured until then.
PLANNED = {
    "pull of an image from a registry": "no such part yet: tare has no registry client",
    "throughput (iperf3) through a published port": "no such part yet: tare has no bridge networks",
}
# name: (what it is, function, how often)
LONG = {
    "load": ("load and remove an image", load_remove, 3),
    "logs": ("output of a detached container", logs, 3),
    "parallel": ("loops of run side by side", parallel, 1),
    "density": ("many idle containers", density.measure, 1),
    "disk": ("what a cycle of load, run, remove leaves on disk", disk, 1),
}
