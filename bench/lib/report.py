"""The results as JSON's companions: a Markdown page and a picture with bars."""
import re
from xml.sax.saxutils import escape

from . import engine_cases, targets

COLOURS = {"floor": "#9aa5b1", "floor-pinned": "#c3cbd3", "tare": "#1f7a4d", "crun": "#d9822b", "crun-sid": "#b8621b", "runc": "#3d6fb4",
           "runc-sid": "#274f86", "podman": "#8a4fae", "docker": "#2f7fc0", "youki": "#8a5fb0", "bwrap": "#b0a15f"}


def _ms(row):
    return f"{row['wall_ns']['median'] / 1e6:.2f} ({row['wall_ns']['p95'] / 1e6:.2f})"


def _table(header, rows):
    return ["| " + " | ".join(header) + " |", "|" + "---|" * len(header),
            *("| " + " | ".join(str(c) for c in row) + " |" for row in rows), ""]


def _times(view, names):
    rows = []
    for case in view["cases"].values():
        cells = [_ms(case["summary"][n]) if n in case["summary"] else "-" for n in names]
        rows.append([case["title"], *cells])
    return _table(["median (p95), ms", *names], rows)


def _ratios(view, names):
    rows = []
    for case in view["cases"].values():
        found = case["ratios"]
        if found:
            rows.append([case["title"]] + [f"{found[n]['ratio']:.2f} ({found[n]['low']:.2f}-{found[n]['high']:.2f})"
                                           if n in found else "-" for n in names if n != "tare"])
    if not rows:
        return []
    return ["tare's time as a fraction of theirs, with the interval of 95 of 100 resamplings:", "",
            *_table(["", *(n for n in names if n != "tare")], rows)]


def _counts(view, names):
    rows = []
    run = view["cases"].get("run", {}).get("summary", {})
    for n in names:
        c, r = view["counts"].get(n, {}), run.get(n, {})
        small = {True: "starts", False: "fails", None: "-"}[c.get("small_memory")]
        numbers = [f"{r[f]['median']:.0f}" if r else "-" for f in ("maxrss_kb", "minflt", "nvcsw", "nivcsw")]
        size = f"{c['size'] / 1024:.0f}" if c.get("size") else "-"
        rows.append([n, *numbers, c.get("syscalls") or "-", c.get("syscalls_all") or "-", c.get("exec_syscalls") or "-",
                     size, small])
    return ["Beside the time of `run` (medians; RSS is the largest of all its processes; the binary's size does not "
            "count shared libraries):", "",
            *_table(["", "peak RSS, KiB", "page faults", "waits", "preempted", "system calls until the program begins",
                     "all system calls", "the same of exec", "stripped, KiB", "512 KiB limit"], rows)]


def _targets(view):
    return _verdicts(targets.evaluate(view))


def _verdicts(found):
    words = {True: "reached", False: "**missed**", None: "not measured"}
    rows = [[what, "-" if v is None else f"{v:.3f}", f"{limit:.3f}", words[ok]]
            for what, v, limit, ok in found]
    return _table(["target", "now", "at most", ""], rows)


def _left_out(view):
    """What was not measured, programs and cases with the same reason in one row."""
    reasons = {}
    for case in view["cases"].values():
        for name, why in case["left_out"].items():
            if name not in view["missing"]:
                reasons.setdefault((name, why), []).append(case["title"])
    rows = list(view["missing"].items())
    rows += [(name + ": " + ", ".join(titles), why) for (name, why), titles in reasons.items()]
    return _table(["not measured", "why"], rows) if rows else []


def _breakdown(part):
    """Where the floor's time goes. The steps of the bare container and of an engine's differ: a table each."""
    rows = [[step, f"{median:.3f}", f"{p95:.3f}"] for step, median, p95 in part.get("breakdown") or [] if p95 >= 0.001]
    if not rows:
        return []
    total = sum(median for _, median, _ in part["breakdown"])
    return ["Where the floor's time goes in 100 runs of one process, ms, in order (a step without an entry takes under a "
            "microsecond):", "", *_table(["step", "median", "p95"], [*rows, ["sum of the medians", f"{total:.3f}", ""]])]


def _engines(found, again):
    names = found["names"]
    out = [f"## Engines, cgroup {found['view']}", "",
           f"Image: {found['image']}. Each engine has a state of its own on the disk; dockerd is started for this. `floor` is the "
           "kernel's part of the same container: user namespace, a writable layer of its own, idmapped volatile overlay. No process runs in front of "
           "others. What docker's daemons use is not in the rows about processes.", "",
           *_times(found, names), *(_ratios(found, names) if "tare" in names else [])]
    for case in found.get("long", {}).values():
        rows = {m: None for row in case["summary"].values() for m in row}
        if rows:
            have = [n for n in names if n in case["summary"]]
            out += [f"{case['title'][0].upper()}{case['title'][1:]} (medians of {case['times']}):", "",
                    *_table(["", *have], [[m, *(f"{case['summary'][n][m]['median']:.4g}" for n in have)] for m in rows])]
    counted = found["cases"].get("run", {}).get("summary", {})
    rows = []
    for n in names:
        c, r = found["counts"].get(n, {}), counted.get(n)
        numbers = [f"{r[f]['median']:.0f}" if r else "-" for f in ("maxrss_kb", "minflt", "nvcsw", "nivcsw")]
        rows.append([n, *numbers, c.get("syscalls", "-"), c.get("execs", "-")])
    out += ["Beside the time of `run` (medians; the processes that the command waits for):", "",
            *_table(["", "peak RSS, KiB", "page faults", "waits", "preempted", "system calls", "programs executed"], rows)]
    if "tare" in names:
        out += _verdicts(targets.evaluate_engines(found))
    out += _breakdown(found)
    left = dict(found["missing"])
    for part in ("cases", "long"):
        for case in found.get(part, {}).values():
            left.update({f"{n}: {case['title']}": why for n, why in case["left_out"].items() if n not in left})
    left.update(engine_cases.PLANNED)
    out += _table(["not measured", "why"], left.items())
    return out + _engine_commands(found, again)


def _engine_commands(found, again):
    """Of a long case: all command lines, numbers in the names of containers left out."""
    rows = []
    for key in (*engine_cases.TIMED, *engine_cases.LONG):
        case = found["cases"].get(key) or found.get("long", {}).get(key)
        if case:
            lines = dict.fromkeys(_short(c) for commands in case.get("commands", {}).values() for c in commands)
            rows.append([case["title"], f"`bench/run{again} --engines --engine-cases {key}`",
                         "<br>".join(f"`{c}`" for c in lines)])
    return _table(["engines", "measures it again", "command lines"], rows)


def _commands(result, again):
    """How to get each line again, and what it runs: floor's and one runtime's command lines (all: in the JSON)."""
    if not result["views"]:
        return []
    name, view = next(iter(result["views"].items()))
    rows = []
    for key, case in view["cases"].items():
        shown = list(dict.fromkeys(n for n in ("floor", "tare", *case["commands"]) if n in case["commands"]))[:2]
        lines = [c for n in shown for c in case["commands"][n]]
        rows.append([case["title"], f"`bench/run{again} --no-engines --views {name} --cases {key}`",
                     "<br>".join(f"`{_short(c)}`" for c in lines)])
    return ["## Reproduce", "", "Other views: `--views " + ",".join(result["views"]) + "`.", "",
            *_table(["", "measures it again", "command lines"], rows)]


def _short(command):
    """Without the temporary directories and this machine's paths."""
    words = []
    for word in command.split():
        word = re.sub(r".*/tare-bench-[^/]+/", "$TMP/", word)
        word = re.sub(r".*/(image|layer)-(\w+)-[0-9a-f]+\.tar$", r"$CACHE/\1-\2.tar", word)
        word = re.sub(r"tarebench\d+-(many)?\d*", r"\1", word)
        if word == "many" and words[-1:] == [word]:
            word = "…"
        elif word == "many" and words[-1:] == ["…"]:
            continue
        words.append(word.rsplit("/", 1)[-1] if not words else "PID" if words[-1] == "--exec" else word)
    return " ".join(words)


def markdown(result, picture):
    env, again = result["environment"], result["again"]
    out = ["# Benchmarks", "",
           "Written by `make bench`; every number is from one machine and one run, so only the ratios mean something "
           "elsewhere.", "",
           *_table(["environment", ""], env.items()),
           f"![bars: time of each program in each case]({picture})", "",
           "`floor` does only the kernel's work of the same container, the fastest correct way known "
           "(`bench-floor --breakdown` says where its time goes); it is the limit that the targets refer to. `floor-pinned` "
           "starts from an almost empty mount namespace kept for the purpose, so that the host's mounts are not copied. "
           "All programs run in turn, in a new random order each round, under SCHED_FIFO (cgroup v1: at nice -20) so that other work waits; \"300 ms apart\" leaves the machine idle before "
           "each start, which is how a person meets it. State directories are on tmpfs. The container's program is `bench/true`, a static program of one "
           "page.", ""]
    for name, view in result["views"].items():
        names = view["names"]
        out += [f"## cgroup {name}", "", f"Bundle: `{view['bundle']}`.", "",
                *_times(view, names), *_ratios(view, names), *_counts(view, names)]
        if "tare" in names:
            out += _targets(view)
        out += _breakdown(view)
        out += _left_out(view)
    if result.get("engines"):
        out += _engines(result["engines"], again["engines"])
    out += _commands(result, again["runtimes"])
    return "\n".join(out).rstrip() + "\n"


def svg(result):
    """Bars per view and case, the longest of each case as wide as the picture."""
    bars, y, width = [], 20, 420
    parts = [(f"cgroup {name}", view) for name, view in result["views"].items()]
    if result.get("engines"):
        parts.append((f"engines, cgroup {result['engines']['view']}", result["engines"]))
    for title, view in parts:
        bars.append(f'<text x="10" y="{y + 12}" class="h">{escape(title)}: median, ms</text>')
        y += 26
        for case in view["cases"].values():
            rows = [(n, case["summary"][n]["wall_ns"]["median"] / 1e6) for n in view["names"] if n in case["summary"]]
            if not rows:
                continue
            longest = max(v for _, v in rows)
            bars.append(f'<text x="10" y="{y + 11}" class="c">{escape(case["title"])}</text>')
            y += 16
            for name, value in rows:
                long = max(1, value / longest * width)
                colour = COLOURS.get(name, "#777777")
                bars.append(f'<text x="100" y="{y + 10}" text-anchor="end">{escape(name)}</text>'
                            f'<rect x="106" y="{y}" width="{long:.1f}" height="12" fill="{colour}"/>'
                            f'<text x="{112 + long:.1f}" y="{y + 10}">{value:.2f}</text>')
                y += 14
            y += 8
        y += 10
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="600" height="{y}" viewBox="0 0 600 {y}">'
            '<style>text{font:11px sans-serif;fill:#222}.h{font:bold 14px sans-serif}.c{font:bold 11px sans-serif}'
            '</style><rect width="100%" height="100%" fill="#ffffff"/>' + "".join(bars) + "</svg>\n")
