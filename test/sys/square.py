#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The square: {Kanso, Xen 4.17} x {our tools, Debian's}, the same scenarios on four corners, one table of results.

square.py [-g GIC] [-c CORNER] [-r ROW,ROW] [-o FILE] [GROUP...]
    CORNER is kanso+own, kanso+debian, xen+own or xen+debian (all by default); our tools may also be named one by one
    (xen+xenconsoled). GROUP is a file of test/sys/square (life, crash, device). JOBS=2 machines run at a time.
The table goes to standard output and, as TSV with every message, to build/test/square.tsv. Exceptions are read from
square.tsv beside this file: a row that is broken, and in whose tools, with the message that proves it and the reason. A
failure without an exception fails the square; so does an exception that nothing needs.
"""
import argparse
import concurrent.futures
import csv
import os
import pathlib
import re
import subprocess
import sys

import run

GROUPS = run.SCENARIOS / "square"
EXCEPTIONS = run.SCENARIOS / "square.tsv"
CORNERS = ("kanso+own", "kanso+debian", "xen+own", "xen+debian")
GICS = ("2", "3")


def rows_of(group):
    """The names of a scenario's rows, in order."""
    names = re.findall(r"^row (\S+)", (GROUPS / f"{group}.sh").read_text(encoding="utf-8"), re.M)
    wanted = os.environ.get("ROWS")
    return [name for name in names if not wanted or name in wanted.split(",")]


def environment(corner):
    """What run.py reads to be on that corner."""
    hypervisor, tools = corner.split("+")
    env = {k: v for k, v in os.environ.items() if k not in ("XEN", "TOOLS")}
    if hypervisor == "xen":
        env["XEN"] = "debian"
        env.pop("KANSO", None)
    return {**env, "TOOLS": tools}


def read_rows(log):
    """{row: (passed, message, what its commands said)} of a console."""
    found, said, name = {}, [], None
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        text = line[10:]
        begun = re.search(r"@@STEP .* row (\S+)$", text)
        ended = re.search(r"@@ROW (\S+) (ok|failed)(?:: (.*))?$", text)
        if begun:
            name, said = begun[1], []
        elif ended:
            found[ended[1]] = (ended[2] == "ok", ended[3] or "", said)
            name = None
        elif name:
            said.append(text)
    if name:
        found[name] = (False, "not done: " + (said[-1] if said else "silence"), said)
    return found


def boot(group, gic):
    """In a process of its own, with the corner's environment: boot, leave the console in the log that is printed."""
    script = GROUPS / f"{group}.sh"
    needs = run.needs_of(script)
    where = run.BUILD / "test/square" / f"{run.corner()}-{group}-gicv{gic}"
    where.mkdir(parents=True, exist_ok=True)
    files = {**run.scenario_files(script), "test/rows.sh": (0o100644, (GROUPS / "rows.sh").read_bytes())}
    ramdisk = run.make_ramdisk(where, files)
    words = f"kanso.test=/test/run.sh kanso.tools={run.tools()} kanso.gic={gic} kanso.rows={os.environ.get('ROWS', '')}"
    log = where / "console.log"
    seconds = int(needs["timeout"]) * float(os.environ.get("SLOW", "1"))
    _, why = run.Run(run.machine(gic, needs, ramdisk, words, where), log, seconds).go()
    ramdisk.unlink()
    print(f"{log}\t{why}")


def judge(job):
    """One boot: [(row, passed, message)], a row that was not reached included."""
    corner, group, gic = job
    out = subprocess.run([sys.executable, __file__, "--boot", group, gic], env=environment(corner), text=True,
                         stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if out.returncode or "\t" not in out.stdout:
        why = (out.stderr.strip().splitlines() or out.stdout.strip().splitlines() or ["no word"])[-1]
        return [(row, False, why, []) for row in rows_of(group)]
    log, why = out.stdout.strip().split("\t")
    found = read_rows(pathlib.Path(log))
    result = [(row, *found.get(row, (False, f"not reached: {why}", []))) for row in rows_of(group)]
    failed = sum(not r[1] for r in result)
    print(f"  {corner:14} {group:8} gicv{gic}  {len(result) - failed} of {len(result)} rows, {why}, "
          f"{pathlib.Path(log).relative_to(run.ROOT)}", flush=True)
    return result


class Exceptions:
    """square.tsv: row, hypervisor, tools (each may be *), a pattern of the message, the reason."""

    def __init__(self):
        self.lines = []
        if EXCEPTIONS.exists():
            with open(EXCEPTIONS, encoding="utf-8") as f:
                self.lines = [line for line in csv.reader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
                              if line and not line[0].startswith("#")]
        self.used, self.asked = set(), set()

    def find(self, row, corner, message, said):
        """The reason why this failure is expected, or None. What the tools said counts as message, too."""
        hypervisor, names = corner.split("+")
        tools = "own" if names == "own" or "xl" in names.split(",") else "debian"
        for number, (name, on, of, pattern, reason) in enumerate(self.lines):
            if name != row or on not in ("*", hypervisor) or of not in ("*", tools):
                continue
            self.asked.add(number)
            if message is not None and any(re.search(pattern, text) for text in [message, *said]):
                self.used.add(number)
                return reason
        return None

    def useless(self):
        """Those whose row was run and did not fail so."""
        return [self.lines[n] for n in sorted(self.asked - self.used)]


def cell(passed, reason):
    """A result as a word."""
    return "ok" if passed else "broken" if reason else "FAILED"


def print_table(rows, columns, results):
    """Rows down, corners and GICs across."""
    width = max(len(r) for r in rows) + 2
    tops = sorted({c for c, _ in columns}, key=CORNERS.index) if all(c in CORNERS for c, _ in columns) else \
        list(dict.fromkeys(c for c, _ in columns))
    gics = list(dict.fromkeys(g for _, g in columns))
    room = max(8, -(-(max(len(c) for c in tops) + 2) // len(gics)))
    print("\n" + " " * width + "".join(f"{c:<{room * len(gics)}}" for c in tops))
    print(" " * width + "".join(f"{'gicv' + g:<{room}}" for _ in tops for g in gics))
    for row in rows:
        print(f"{row:<{width}}" + "".join(f"{results.get((row, c, g), ('-',))[0]:<{room}}" for c in tops for g in gics))


def main():
    """Run the corners, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-g", "--gic", action="append", choices=GICS)
    parser.add_argument("-c", "--corner", action="append")
    parser.add_argument("-o", "--output", default=run.BUILD / "test/square.tsv", type=pathlib.Path)
    parser.add_argument("-r", "--rows", help="only these, with commas between; those before them may be needed")
    parser.add_argument("groups", nargs="*")
    parser.add_argument("--boot", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.boot:
        boot(*args.boot)
        return 0
    if args.rows:
        os.environ["ROWS"] = args.rows
    groups = args.groups or [g for g in ("life", "device", "crash") if (GROUPS / f"{g}.sh").exists()]
    columns = [(c, g) for c in args.corner or CORNERS for g in args.gic or GICS]
    jobs = [(c, group, g) for group in groups for c, g in columns]
    print(f"square: {len(jobs)} machines, {sum(len(rows_of(j[1])) for j in jobs)} results", flush=True)
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        judged = list(pool.map(judge, jobs))
    exceptions, results, lines, failures = Exceptions(), {}, [], []
    for (corner, _, gic), rows in zip(jobs, judged):
        for row, passed, message, said in rows:
            reason = exceptions.find(row, corner, None if passed else message, said)
            word = cell(passed, reason)
            results[row, corner, gic] = (word, message)
            lines.append([row, corner, gic, word, message, reason or ""])
            if word == "FAILED":
                failures.append(f"{corner} gicv{gic}: {row}: {message}")
    rows = [row for group in groups for row in rows_of(group)]
    print_table(rows, columns, results)
    broken = sorted({(r, c, m, why) for r, c, _, word, m, why in lines if word == "broken"})
    for title, texts in (("Broken, and why", [f"{r} on {c}: {why}\n    {m}" for r, c, m, why in broken]),
                         ("Failed", failures),
                         ("Exceptions that nothing needs", [" ".join(u[:3]) for u in exceptions.useless()])):
        if texts:
            print(f"\n{title}:\n  " + "\n  ".join(texts))
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with open(args.output, "w", encoding="utf-8") as f:
        f.writelines("\t".join(w.replace("\t", " ") for w in line) + "\n"
                     for line in [["row", "corner", "gic", "result", "message", "reason"], *lines])
    bad = len(failures) + len(exceptions.useless())
    print(f"\nsquare: {sum(w[3] == 'ok' for w in lines)} ok, {sum(w[3] == 'broken' for w in lines)} broken as known, "
          f"{bad} failed; {args.output}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
