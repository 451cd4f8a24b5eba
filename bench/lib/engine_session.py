"""One measurement of the engines, from starting them to leaving nothing of them. Runs in a process of its own: it lives in
private mount and network namespaces, with a /run and a /dev/shm of its own, so that no engine meets what the host has of
it, and bridges and rules of a firewall end with us."""
import ctypes
import os
import random
import shutil
import subprocess
import tempfile

from . import bundle, density, engine_cases, engines, images, measure, seccomp, stats, view
from .progress import say

CLONE_NEWNET = 0x40000000


class Floor:
    """Takes part in the timed cases that it has."""
    name = kind = "floor"
    problem, helpers, options = None, (), []

    def __init__(self, path):
        self.path = path


def _enter(name):
    view.enter(name, ("/run", "/dev/shm"))
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) < 0:
        raise SystemExit("bench: unshare: " + os.strerror(ctypes.get_errno()))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ["PATH"] += ":/usr/sbin:/sbin"


def _begin(engine, bench):
    """Start @engine, give it the image and the idle container, see that a run works; else it gets its problem."""
    try:
        engine.start()
        engine.call("load", "-i", bench.base.archive)
        engine.call_run("-d", "--name", engine_cases.IDLE, "--network", "none", bench.base.tag, images.PAYLOAD, "wait")
        engine.call_run("--rm", "--network", "none", bench.base.tag, "/bin/true")
    except (RuntimeError, OSError, subprocess.TimeoutExpired) as e:
        engine.problem = "does not run here: " + str(e)


def _end(engine):
    if engine.problem != "not built" and engine.problem != "not installed":
        try:
            engine.call("rm", "-f", engine_cases.IDLE, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired):
            pass
        engine.stop()


def _timed(key, takers, bench, options, log):
    title, make, share, spaced = engine_cases.TIMED[key]
    rounds = max(3, int(options.engine_rounds * share))
    # What begins no container is measured of an engine that cannot run one here, too.
    programs = {e.name: (e.problem if key != "version" or not e.path else None) or make(e, bench) for e in takers}
    return measure.case(options.timer, key, title, programs, rounds, 300 if spaced else 0, log)


def _long(key, takers, bench):
    title, run, times = engine_cases.LONG[key]
    say(f"  {key}: {times} times")
    found, left_out, draw = {}, {e.name: e.problem for e in takers if e.problem}, random.Random(1)
    for _ in range(times):
        order = [e for e in takers if e.name not in left_out]
        draw.shuffle(order)
        for e in order:
            e.asked.clear()
            try:
                for metric, value in run(e, bench).items():
                    found.setdefault(e.name, {}).setdefault(metric, []).append(value)
            except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as x:
                left_out[e.name] = str(x)[:200]
                found.pop(e.name, None)
    for name, row in found.items():
        say(f"    {name:12} " + ", ".join(f"{m}: {stats.summary(v)['median']:.4g}" for m, v in row.items()))
    for name, why in left_out.items():
        say(f"    {name:12} {why}")
    return {"title": title, "times": times, "values": found, "left_out": left_out,
            "commands": {e.name: list(e.asked) for e in takers if e.name in found},
            "summary": {n: {m: stats.summary(v) for m, v in row.items()} for n, row in found.items()}}


def _counts(takers, bench):
    """System calls and executed programs of one run; of docker only its client's, the rest is in its daemons."""
    out = {}
    for e in takers:
        if not e.problem:
            traced = measure.traced(engine_cases.run(e, bench)[0][1])
            if traced:
                out[e.name] = {"syscalls": traced["all"], "execs": traced["execs"]}
    return out


def _bench(work, options):
    base = images.Image("base", options.build)
    big = images.Image("big", options.build) if {"load", "disk"} & set(options.engine_cases) else None
    program = None
    try:
        program = os.path.join(work, "filter.bpf")
        with open(program, "wb") as f:
            f.write(seccomp.bpf(seccomp.oci_section(bundle.DEFAULT_CAPS)))
    except OSError:
        program = None
    bench = engine_cases.Bench(base, big, work, os.path.join(options.build, "bench/bench-floor"), program, options)
    base.unpack(bench.rootfs)
    os.chmod(work, 0o755)  # the ids of a user namespace pass through
    os.makedirs(bench.scratch)
    return bench


def measure_engines(name, options):
    """Everything as plain data. The state is on the disk below /var/tmp, as an engine's is."""
    work = tempfile.mkdtemp(prefix="tare-bench-", dir="/var/tmp")
    log = os.path.join(options.out, "stderr-engines.log")
    bench = _bench(work, options)  # may need the network
    _enter(name)
    found = [e for e in engines.find(options.build, work) if not options.only or e.name in options.only]
    takers = [Floor(bench.floor), *found]
    try:
        for e in found:
            if not e.problem:
                _begin(e, bench)
            say(f"  {e.name}: {e.problem or 'runs'}")
        wanted = options.engine_cases
        return {"view": name, "names": [e.name for e in takers if not e.problem],
                "missing": {e.name: e.problem for e in found if e.problem},
                "versions": {e.name: e.version() for e in found if not e.problem},
                "image": f"Debian {images.SUITE} minbase, {bench.base.mib} MiB" +
                         (f"; the one to load: {bench.big.mib} MiB" if bench.big else ""),
                "cases": {k: _timed(k, takers, bench, options, log) for k in engine_cases.TIMED if k in wanted},
                "long": {k: _long(k, found, bench) for k in engine_cases.LONG if k in wanted},
                "breakdown": measure.breakdown(bench.floor_run(), 100) if "run" in wanted else [],
                "counts": {} if options.no_counts else _counts(takers, bench)}
    finally:
        for e in found:
            _end(e)
        view.remove_cgroups(engine_cases.NAME)
        shutil.rmtree(work, ignore_errors=True)
