"""What tare-oci is to reach, and whether it does. Each target names the numbers it is computed from."""


def _median(view, case, name, field="wall_ns"):
    row = view["cases"].get(case, {}).get("summary", {}).get(name)
    return row[field]["median"] if row else None


def _peer(view, kind):
    """The newest program of a kind that was measured: sid's before the host's."""
    for name in (kind + "-sid", kind):
        if _median(view, "run", name) is not None or _median(view, "run-spaced", name) is not None:
            return name
    return None


def _time(case, kind, limit):
    """tare's time in @case against that of a program of @kind."""
    def compute(view):
        other = "floor" if kind == "floor" else _peer(view, kind)
        a, b = _median(view, case, "tare"), other and _median(view, case, other)
        return (a / b, f"{case}: tare / {other}") if a and b else (None, f"{case}: tare / {kind}")
    return compute, limit


def _seccomp(case):
    def compute(view):
        a, b = _median(view, case + "-seccomp", "tare"), _median(view, case, "tare")
        floor, bare = _median(view, case + "-seccomp", "floor"), _median(view, case, "floor")
        own = f" (the kernel's part of it, by floor: {(floor - bare) / 1e6:.2f})" if floor and bare else ""
        return (a - b) / 1e6 if a and b else None, "run with seccomp - without, ms" + own
    return compute, 0.3


def _mounts(view):
    other = _peer(view, "crun")
    cost = {n: (_median(view, "run-mounts", n), _median(view, "run", n)) for n in ("tare", other) if n}
    if any(x is None for pair in cost.values() for x in pair) or len(cost) < 2:
        return None, "1,000 mounts: extra time, tare / crun"
    extra = {n: a - b for n, (a, b) in cost.items()}
    return (extra["tare"] / extra[other] if extra[other] > 0 else None), f"1,000 mounts: extra time, tare / {other}"


def _count(key, what, limit, scale=1):
    def compute(view):
        value = view["counts"].get("tare", {}).get(key)
        return (None if value is None else value / scale), what
    return compute, limit


def _rss(view):
    value = _median(view, "run", "tare", "maxrss_kb")
    return (None if value is None else value / 1024), "run: peak RSS, MiB"


def _small(view):
    value = view["counts"].get("tare", {}).get("small_memory")
    return (None if value is None else 0 if value else 1), "a 512 KiB memory limit starts (0: yes)"


TARGETS = [
    _time("run", "floor", 1.5), _time("run-spaced", "floor", 1.5),
    _time("run", "crun", 1 / 2), _time("run", "runc", 1 / 8),
    _time("run-spaced", "crun", 1 / 6), _time("run-spaced", "runc", 1 / 8),
    _time("exec", "crun", 1 / 3), _time("lifecycle", "crun", 1 / 2.5),
    _seccomp("run"), (_mounts, 0.5), (_rss, 1.5),
    _count("syscalls", "run: system calls until the program begins", 200),
    _count("size", "stripped binary, MiB", 1.5, 1 << 20), (_small, 0),
]


def evaluate(view):
    """[(what, value or None, limit, reached or None)] for one cgroup view."""
    out = []
    for compute, limit in TARGETS:
        value, what = compute(view)
        out.append((what, value, limit, None if value is None else value <= limit))
    return out


def _long(found, case, metric, name="tare"):
    row = found.get("long", {}).get(case, {}).get("summary", {}).get(name, {}).get(metric)
    return row["median"] if row else None


def _crowd(found, metric):
    """Of many idle containers, where there were enough of them: fewer say nothing."""
    return _long(found, "density", metric) if (_long(found, "density", "containers") or 0) >= 1000 else None


def _engine_ratio(found, case, other):
    a, b = _median(found, case, "tare"), _median(found, case, other)
    return a / b if a and b else None


def evaluate_engines(found):
    """The same as evaluate() for what is to be true of tare beside podman and docker."""
    spaced, version = _median(found, "run-spaced", "tare"), _median(found, "version", "tare")
    loads = [_long(found, "load", "load, s", n) for n in ("tare", "podman")]
    counts = found["counts"].get("tare", {})
    rows = [
        ("run: tare / floor", _engine_ratio(found, "run", "floor"), 2),
        ("run: tare / podman", _engine_ratio(found, "run", "podman"), 1 / 40),
        ("run: tare / docker", _engine_ratio(found, "run", "docker"), 1 / 40),
        ("run, 300 ms apart, ms", spaced and spaced / 1e6, 4),
        ("run: programs executed", counts.get("execs"), 2), ("run: system calls", counts.get("syscalls"), 400),
        ("exec: tare / docker", _engine_ratio(found, "exec", "docker"), 1 / 40),
        ("start of `tare version`, ms", version and version / 1e6, 1),
        ("ps with 1,000 containers, ms", _crowd(found, "ps, ms"), 15),
        ("starts of 1,000 containers, s in all", _crowd(found, "starts, s in all"), 5),
        ("PSS beside the payload, KiB each",
         _crowd(found, "PSS of what was added beside the payload, KiB each"), 300),
        ("last starts / first starts", _crowd(found, "last starts / first starts"), 1.2),
        ("runs side by side over their share", _long(found, "parallel", "the same over its share of the processors"), 1.3),
        ("load: tare / podman", loads[0] / loads[1] if all(loads) else None, .5),
        ("left on disk after a cycle, KiB", _long(found, "disk", "left on disk after a cycle, KiB"), 0),
    ]
    return [(what, v, limit, None if v is None else v <= limit) for what, v, limit in rows]
