"""Runs one case of all programs in turn, and what is counted instead of timed."""
import os
import re
import shutil
import subprocess
import tempfile

from . import cases, stats, view
from .progress import say

# what strace prints when a program was executed
EXECUTED = re.compile(r"(execve(at)?\(|<\.\.\. execve(at)? resumed).*= 0$")
FIELDS = ("wall_ns", "user_us", "sys_us", "maxrss_kb", "minflt", "majflt", "nvcsw", "nivcsw", "status")


def _plan(programs, rounds, gap_ms, head):
    """The timer's plan for {name: steps or why there are none}; {name: why it is not measured}; {name: commands}."""
    lines, left_out, commands = [f"rounds\t{rounds}", f"gap\t{gap_ms}", *head], {}, {}
    for name, steps in programs.items():
        if isinstance(steps, str):
            left_out[name] = steps
            continue
        lines.append("case\t" + name)
        lines += ["\t".join([kind, *argv]) for kind, argv in steps]
        commands[name] = [" ".join(argv) for kind, argv in steps if argv]
    return "\n".join(lines) + "\n", left_out, commands


def in_turn(timer, what, programs, rounds, gap_ms, log, head=()):
    """Time {name: steps} in turn: {"commands", "left_out", "results": {name: {field: [value per round]}}}. A program that
    fails in any round is left out with its last words, and its timings are not used. @head: more directives of the plan."""
    plan, left_out, commands = _plan(programs, rounds, gap_ms, head)
    if not commands:
        return {"commands": commands, "left_out": left_out, "results": {}}
    done = subprocess.run([timer, log], input=plan, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"bench: {what}: {done.stderr.strip()}")
    results = {}
    for line in done.stdout.splitlines():
        name, _, *values = line.split("\t")
        row = results.setdefault(name, {f: [] for f in FIELDS})
        for field, value in zip(FIELDS, values):
            row[field].append(int(value))
    for name in list(results):
        if any(results[name]["status"]):
            bad = sum(1 for s in results[name]["status"] if s)
            left_out[name] = f"failed in {bad} of {rounds} rounds; see {log}"
            del results[name]
    return {"commands": commands, "left_out": left_out, "results": results}


def case(timer, key, title, programs, rounds, gap_ms, log, head=()):
    """in_turn() with what the report needs: medians and ratios, which are said at once, too."""
    say(f"  {key}: {rounds} rounds")
    got = in_turn(timer, key, programs, rounds, gap_ms, log, head)
    got.update(title=title, rounds=rounds, ratios=ratios(got["results"]))
    got["summary"] = {n: {f: stats.summary(v) for f, v in row.items() if f != "status"} for n, row in got["results"].items()}
    for name, row in got["summary"].items():
        say(f"    {name:12} {row['wall_ns']['median'] / 1e6:8.2f} ms")
    for name in got["commands"]:
        if name in got["left_out"]:
            say(f"    {name:12} {got['left_out'][name]}")
    return got


def probe(peers, bench):
    """Give each program that cannot run the container here its problem, so that it is reported and not timed."""
    for peer in peers:
        if peer.problem:
            continue
        steps = cases.run(peer, bench)
        argv = [a.replace("%n", "probe") for a in steps[0][1]]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as e:
            peer.problem = "does not run here: " + str(e)
            continue
        if done.returncode != 0:
            words = (done.stderr.strip() or done.stdout.strip() or f"status {done.returncode}").splitlines()[-1]
            peer.problem = "does not run here: " + words[:200]
            if peer.oci:
                subprocess.run(bench.oci(peer, "delete", "--force", cases.ID + peer.name + "-probe"), check=False,
                               capture_output=True, timeout=60)


def system_calls(peer, bench, command="run"):
    """Calls of all processes of `run`, up to and including the execve of the container's program; None without strace.
    Returns {"until_exec", "all"}."""
    if not shutil.which("strace") or peer.problem:
        return None
    make = {"run": cases.run, "exec": cases.execute, "state": cases.state}[command]
    steps = make(peer, bench)
    if isinstance(steps, str):
        return None
    return traced([a.replace("%n", "strace-" + command) for a in steps[0][1]])


def traced(argv):
    """Calls of all processes of a command, as system_calls() does; "execs" is how many programs they executed."""
    if not shutil.which("strace"):
        return None
    with tempfile.NamedTemporaryFile(prefix="tare-bench-strace") as out:
        done = subprocess.run(["strace", "-f", "-qq", "-o", out.name, *argv], stdin=subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=120)
        with open(out.name, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
    if done.returncode != 0:
        return None
    return count_calls(lines)


def count_calls(lines):
    total, until, execs = 0, None, 0
    waiting = None  # the process inside an execve of the program whose end is printed later
    for line in lines:
        m = re.match(r"(\d+) +(\S.*)", line)
        if not m or m.group(2).startswith(("+++", "---")):
            continue
        pid, text = m.groups()
        resumed = text.startswith("<...")
        total += not resumed
        execs += bool(EXECUTED.match(text))
        if text.startswith(('execve("/bin/true"', "execveat(")) and "/bin/true" in text:
            if text.endswith("= 0"):
                until = total
            waiting = pid
        elif resumed and pid == waiting and "exec" in text and text.endswith("= 0"):
            until = total
    return {"until_exec": until, "all": total, "execs": execs}


def breakdown(argv, rounds):
    """[[step, median ms, p95 ms]] of a command line of floor, whose options come first; [] when it fails."""
    done = subprocess.run([argv[0], "--breakdown", "--repeat", str(rounds), *argv[1:]], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        say("    breakdown of floor: " + (done.stderr.strip() or f"status {done.returncode}"))
        return []
    rows = [re.match(r"(.*\S)\s+([\d.]+)\s+([\d.]+)$", line) for line in done.stdout.splitlines()]
    return [[m.group(1), float(m.group(2)), float(m.group(3))] for m in rows if m]


def instructions(counter, argv, cwd):
    """User-space instructions of a command's processes until they execute another program; None when it fails."""
    done = subprocess.run([counter, *argv], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    last = done.stderr.split()[-1:]
    return int(last[0]) if done.returncode == 0 and last and last[0].isdigit() else None


def stripped_size(path):
    """Bytes of the program without symbols; None without strip."""
    if not shutil.which("strip"):
        return None
    with tempfile.NamedTemporaryFile(prefix="tare-bench-strip") as out:
        if subprocess.run(["strip", "-o", out.name, path], check=False, capture_output=True).returncode:
            return None
        return os.path.getsize(out.name)


def small_memory(peer, bench):
    """Whether a container with a memory limit of 512 KiB starts and ends well: True, False, None (not tried)."""
    if not peer.oci or peer.problem or not view.has_controller("memory"):
        return None
    name = cases.ID + peer.name + "-small"
    done = subprocess.run(bench.oci(peer, "run", "--bundle", bench.bundles.path("small"), name), check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if done.returncode:
        subprocess.run(bench.oci(peer, "delete", "--force", name), check=False, capture_output=True, timeout=60)
    return done.returncode == 0


def ratios(results, of="tare"):
    """{other: ratio of @of to it} by wall time, over the programs that were measured."""
    if of not in results:
        return {}
    return {name: stats.ratio(results[of]["wall_ns"], row["wall_ns"]) for name, row in results.items() if name != of}
