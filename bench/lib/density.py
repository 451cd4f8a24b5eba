"""Many idle containers: how long their starts take, what each adds to memory, and commands over all of them."""
import concurrent.futures
import itertools
import os
import statistics
import subprocess
import time

PAYLOAD = "bench-true"


def blocks(directory):
    """Allocated blocks of 512 bytes below @directory, a file with many names once; of this file system only."""
    total, seen, top = 0, set(), os.lstat(directory).st_dev
    os.sync()
    for where, folders, files in os.walk(directory):
        for name in (*files, *folders):
            try:
                st = os.lstat(os.path.join(where, name))
            except OSError:
                continue
            if st.st_dev == top and st.st_ino not in seen:
                seen.add(st.st_ino)
                total += st.st_blocks
        folders[:] = [f for f in folders if os.lstat(os.path.join(where, f)).st_dev == top]
    return total


def _pids():
    return {int(p) for p in os.listdir("/proc") if p.isdigit()}


def _line(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def _pss_kb(pids):
    total = 0
    for pid in pids:
        for line in _line(f"/proc/{pid}/smaps_rollup").splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1])
    return total


def _used_kb():
    """What the machine cannot give to others: also the kernel's part of every container."""
    values = {line.split(":")[0]: int(line.split()[1]) for line in _line("/proc/meminfo").splitlines()}
    return values["MemTotal"] - values["MemAvailable"]


def _start_one(engine, bench, name):
    argv = engine.run_cmd("-d", "--name", name, "--network", "none", bench.base.tag, "/usr/bin/" + PAYLOAD, "wait")
    begin = time.monotonic()
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"start of {name}: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return time.monotonic() - begin


def _start(engine, bench, mark, deadline):
    """Start up to --many containers, from a loop for each processor; seconds of each in their order, and of all."""
    order, times, begin = itertools.count(), {}, time.monotonic()

    def loop(_):
        for i in order:  # one counter for all loops: next() of it is one step of the interpreter
            if i >= bench.options.many or time.monotonic() > deadline:
                return
            times[i] = _start_one(engine, bench, f"{mark}{i}")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(loop, range(os.cpu_count())))
    return [times[i] for i in sorted(times)], time.monotonic() - begin


def _ps(engine):
    def once():
        begin = time.monotonic()
        subprocess.run(engine.cmd("ps"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begin
    return statistics.median(once() for _ in range(10))


def _remove(engine, names):
    """False when a command did not come to its end (podman 4.3 waits for itself now and then): the others still run."""
    whole = True
    for at in range(0, len(names), 100):
        try:
            engine.call("rm", "-f", *names[at:at + 100], check=False, timeout=120)
        except subprocess.TimeoutExpired:
            whole = False
    return whole


def measure(engine, bench):
    """Ends early, with fewer containers, when the starts take longer than --many-seconds."""
    mark = f"tarebench{os.getpid()}-many"
    before, daemons, used = _pids(), _pss_kb(engine.daemons()), _used_kb()
    try:
        times, whole = _start(engine, bench, mark, time.monotonic() + bench.options.many_seconds)
        n, new = len(times), _pids() - before - engine.daemons()
        added = [p for p in new if _line(f"/proc/{p}/comm").startswith(engine.helpers)]
        part = max(1, n // 20)
        found = {
            "containers": n, "starts, s in all": whole,
            "a start, ms": statistics.median(times) * 1000,
            "last starts / first starts": statistics.median(times[-part:]) / statistics.median(times[:part]),
            "PSS of what was added beside the payload, KiB each": (_pss_kb(added) + _pss_kb(engine.daemons()) - daemons) / n,
            "memory of the machine, KiB each": (_used_kb() - used) / n,
            "ps, ms": _ps(engine) * 1000,
        }
    finally:
        begin = time.monotonic()
        names = [f"{mark}{i}" for i in range(bench.options.many)]
        ours = [x for x in engine.call("ps", "-a", "--format", "{{.Names}}", check=False).split() if x in set(names)]
        whole = _remove(engine, ours)
    if whole:
        found["remove all, s"] = time.monotonic() - begin
    return found
