#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds Kanso's instruction counts to those of counts.tsv: none may grow by more than 2 %.

guard.py [WHERE]        compare; the last line is the verdict (KANSO=IMAGE: another image)
guard.py --renew        write counts.tsv anew: `make bench-counts`

Counts repeat exactly for one compiler, so they say nothing of an image by another one, or with DEBUG=1: then this is skipped.
"""
import os
import pathlib
import subprocess
import sys

import bench
import measure
import rows

COUNTS = measure.HERE / "counts.tsv"
MOST = 1.02
SAMPLES = 40


def image_under_test():
    """The image, absolute."""
    return pathlib.Path(os.environ.get("KANSO") or measure.ROOT / "build/arm64/kanso").resolve()


def compiler_of(image):
    """What built it and how, from the flags beside it: (first line of --version, None) or (None, why not to compare)."""
    flags = image.with_name(".flags")
    if not flags.exists():
        return None, f"no {flags.name} beside {image.name} says how it was built"
    words = flags.read_text(encoding="utf-8").split()
    if words[0] != "aarch64-linux-gnu-gcc":
        return None, f"{image.parent.name}/{image.name} was built by {words[0]}"
    if "-DDEBUG=0" not in words or "-DCOVERAGE" in words:
        return None, f"{image.parent.name}/{image.name} is no release build"
    return subprocess.run([words[0], "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()[0], None


def measured(image, where):
    """{row: [count a machine]} of all machines; a row that was not counted has None there."""
    measure.build(where)
    if measure.api_of(measure.QEMU, where) != 1:
        return None
    columns = [measure.boot("kanso", image, where, gic=gic, cpu=cpu, n=SAMPLES) or measure.Column() for gic, cpu in bench.MACHINES]
    table = {}
    for row in rows.ROWS:
        table[row.name] = [(c.figure(row) or {}).get("median") for c in columns]
    for row in rows.ROWS:
        if row.id not in rows.NOT_MIXED:
            table["mixed: " + row.name] = [(c.figure(row, measure.MIXED) or {}).get("median") for c in columns]
    table[rows.BOOT[0]] = [c.boot for c in columns]
    table[rows.PAGES[0]] = [c.pages for c in columns]
    return table


def renew(table, compiler):
    """Write the file."""
    lines = ["# Instructions at EL2, written by `make bench-counts`; why a count grew stands in the commit that changes it here",
             f"# {compiler}", "\t".join(["row", *(f"gicv{gic} {cpu}" for gic, cpu in bench.MACHINES)])]
    lines += ["\t".join([name, *map(str, counts)]) for name, counts in table.items()]
    COUNTS.write_text("\n".join(lines) + "\n", encoding="ascii")


def recorded():
    """The compiler's line, and {row: [count a machine]}."""
    lines = COUNTS.read_text(encoding="ascii").splitlines()
    table = {}
    for line in lines[3:]:
        name, *counts = line.split("\t")
        table[name] = [int(c) for c in counts]
    return lines[1].removeprefix("# "), table


def compare(then, now):
    """(sentences about rows that grew or are missing, how many fell by as much)."""
    wrong, fell = [], 0
    for name, before in then.items():
        for (gic, cpu), old, new in zip(bench.MACHINES, before, now.get(name, [None] * len(before))):
            where = f"{name} (GICv{gic}, {cpu})"
            if new is None:
                wrong.append(f"{where}: not counted")
            elif new > old * MOST:
                wrong.append(f"{where}: {old:,} -> {new:,}")
            elif new * MOST < old:
                fell += 1
    wrong += [f"{name}: not in {COUNTS.name}" for name in now if name not in then]
    return wrong, fell


def main():
    """One of the two commands."""
    image = image_under_test()
    words = [w for w in sys.argv[1:] if w != "--renew"]
    compiler, why_not = compiler_of(image)
    if why_not:
        print(f"skipped: {why_not}; the counts are those of a release build by gcc")
        return int("--renew" in sys.argv)
    if "--renew" not in sys.argv and recorded()[0] != compiler:
        print(f"skipped: the counts are of {recorded()[0]}, this is {compiler}")
        return 0
    now = measured(image, words[-1] if words else measure.ROOT / "build/bench/guard")
    if now is None:
        print("skipped: the counts are those by Debian 12's QEMU, and this is another one (where memory lies, and what is free, differs)")
        return int("--renew" in sys.argv)
    if "--renew" in sys.argv:
        renew(now, compiler)
        print(f"{COUNTS.relative_to(measure.ROOT)}: {len(now)} rows")
        return 0
    wrong, fell = compare(recorded()[1], now)
    for sentence in wrong:
        print(sentence)
    if wrong:
        print(f"{len(wrong)} counts grew by more than 2 % or are missing: {wrong[0]}; if it must be, `make bench-counts` renews "
              "test/bench/counts.tsv, and the commit says why")
        return 1
    print(f"{len(now)} rows on {len(bench.MACHINES)} machines, none grew by more than 2 %"
          + (f"; {fell} counts fell by as much: `make bench-counts` holds them there" if fell else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
