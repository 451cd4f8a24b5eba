"""One measurement in one cgroup view, from making the bundles to removing everything again."""
import os
import shutil
import subprocess
import tempfile

from . import bundle, cases, measure, peers, view
from .progress import say


def _case(key, found, bench, options, log):
    """All programs in turn, by the timer's plan; with more host mounts where the case says so."""
    title, make, spaced, mounts = cases.CASES[key]
    rounds = options.spaced_rounds if spaced else options.rounds
    programs = {peer.name: peer.problem or make(peer, bench) for peer in found}
    with tempfile.TemporaryDirectory(prefix="tare-bench-mounts") as mounts_dir:
        head = [view.priority(), *([f"mounts\t{mounts}\t{mounts_dir}"] if mounts else [])]
        return measure.case(options.timer, key, title, programs, rounds, 300 if spaced else 0, log, head)


def _counts(found, bench):
    out = {}
    for peer in found:
        if peer.problem:
            continue
        run, execute = measure.system_calls(peer, bench), measure.system_calls(peer, bench, "exec")
        out[peer.name] = {
            "syscalls": run and run["until_exec"], "syscalls_all": run and run["all"],
            "exec_syscalls": execute and execute["until_exec"], "size": measure.stripped_size(peer.path),
            "small_memory": measure.small_memory(peer, bench),
        }
    return out


def _breakdown(found, bench):
    floor = next((p for p in found if p.name == "floor" and not p.problem), None)
    return measure.breakdown(cases.run(floor, bench)[0][1], 100) if floor else []


def _instructions(found, bench, counter):
    """Of ours only: they guard against regressions where time cannot. Slow (single steps), hence in the first view only; what
    differs in the others shows in the system calls."""
    tare = next((p for p in found if p.name == "tare" and not p.problem), None)
    if not tare:
        return {}
    out = {}
    with tempfile.TemporaryDirectory(prefix="tare-bench-spec") as d:
        for args in (["--version"], ["features"], ["spec"]):
            out[args[0]] = measure.instructions(counter, [tare.path, *args], d)
        for command, make in (("run", cases.run), ("exec", cases.execute), ("state", cases.state)):
            steps = make(tare, bench)
            if not isinstance(steps, str):
                argv = [a.replace("%n", "count") for a in steps[0][1]]
                out[command] = measure.instructions(counter, argv, d)
    return {k: v for k, v in out.items() if v}


def measure_view(name, options):
    """Everything of one view as plain data."""
    first = view.default_views()[0]
    state = tempfile.mkdtemp(prefix="tare-bench-", dir="/run" if os.access("/run", os.W_OK) else None)
    view.enter(name, (state, cases.FLOOR_STATE))
    found = peers.find(options.build, options.sid, options.peer)
    if options.only:
        found = [p for p in found if p.name in options.only]
    work = tempfile.mkdtemp(prefix="tare-bench-")
    log = os.path.join(options.out, f"stderr-{name}.log")
    try:
        bench = cases.Bench(bundle.Bundles(work, options.build, found), state)
        measure.probe(found, bench)
        for peer in found:
            if peer.problem:
                say(f"  {peer.name}: {peer.problem}")
            else:
                cases.start_waiting(peer, bench)
        result = {"cases": {k: _case(k, found, bench, options, log) for k in options.cases},
                  "missing": {p.name: p.problem for p in found if p.problem},
                  "versions": {p.name: p.version() for p in found if not p.problem},
                  "names": [p.name for p in found if not p.problem],
                  "bundle": bench.bundles.origin,
                  "breakdown": _breakdown(found, bench) if "run" in options.cases else [],
                  "counts": {} if options.no_counts else _counts(found, bench),
                  "instructions": {}}
        if not options.no_counts and name == first:
            result["instructions"] = _instructions(found, bench, options.counter)
    finally:
        if "bench" in locals():
            for peer in found:
                cases.stop_waiting(peer, bench)
            subprocess.run(["umount", "-l", bench.pin, bench.pin], check=False, stderr=subprocess.DEVNULL)
        view.remove_cgroups(cases.ID)
        shutil.rmtree(work, ignore_errors=True)
        subprocess.run(["umount", "-l", state], check=False)
        shutil.rmtree(state, ignore_errors=True)
    return result
