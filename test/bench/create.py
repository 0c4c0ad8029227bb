#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what a create costs: instructions of dom0 (user and kernel) and of the hypervisor, {Kanso, Xen} x {our tools,
Debian's}, for a bare 4 MiB guest as the 2nd and as the 40th, and a 256 MiB guest with Debian's kernel (33 MB) and a
1 MB ramdisk. One CPU, the instruction counter as the clock; guests stay paused; starting xl is part of it.

create.py [CORNER...]   a corner is kanso+own, kanso+debian, xen+own or xen+debian
"""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "sys"))
import run  # noqa: E402

OUT = run.BUILD / "bench"
RANGES = {"kanso": (0xE00000000000, 0xF00000000000), "xen": (0x200000, 0x400000)}
ROWS = [(12, "bare 4 MiB guest, the 2nd", 8e6, 0.25e6), (14, "bare 4 MiB guest, the 40th", 8e6, 0.25e6),
        (16, "Debian guest, 256 MiB", 80e6, 14e6)]
MARKS = range(10, 18)


def build():
    """The plugin, and a program for each mark: an instruction that does nothing, and exit."""
    OUT.mkdir(parents=True, exist_ok=True)
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o", OUT / "count.so", HERE / "count.c"], check=True)
    marks = {}
    for mark in MARKS:
        source = f".globl _start\n_start: movz xzr, #{3 << 12 | mark}\nmov x0, #0\nmov x8, #93\nsvc #0\n"
        path = OUT / f"mark-{mark}"
        subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-x", "assembler", "-o", path, "-"], input=source,
                       text=True, check=True)
        marks[f"boot/mark-{mark}.img"] = (0o100755, path.read_bytes())
    return marks


def measure(corner, marks):
    """{row: (dom0, hypervisor)}, or None if it did not finish."""
    hypervisor, tools = corner.split("+")
    os.environ.update({"TOOLS": tools, "THREAD": "single"})
    os.environ.pop("XEN", None)
    if hypervisor == "xen":
        os.environ["XEN"] = "debian"
    where = OUT / corner
    where.mkdir(exist_ok=True)
    script = HERE / "create.sh"
    needs = run.needs_of(script)
    low, high = RANGES[hypervisor]
    counts = where / "counts"
    needs["args"] = f"-icount shift=0,sleep=off -plugin {OUT / 'count.so'},lo={low:#x},hi={high:#x},out={counts}"
    ramdisk = run.make_ramdisk(where, {**run.scenario_files(script), **marks})
    words = f"kanso.test=/test/run.sh kanso.tools={tools}"
    ok, why = run.Run(run.machine(3, needs, ramdisk, words, where), where / "console.log", int(needs["timeout"])).go()
    ramdisk.unlink()
    if not ok:
        print(f"create: {corner}: {why}: see {where / 'console.log'}", file=sys.stderr)
        return None
    at = {}
    for line in counts.read_text().splitlines():
        word, mark, everything, hyp = line.split()
        if word == "total":
            at[int(mark)] = (int(everything), int(hyp))

    def cost(mark):
        everything, hyp = (b - a for a, b in zip(at[mark], at[mark + 1]))
        return everything - hyp, hyp
    empty = cost(10)
    return {mark: tuple(c - e for c, e in zip(cost(mark), empty)) for mark, *_ in ROWS}


def main():
    corners = sys.argv[1:] or ["kanso+own", "kanso+debian", "xen+own", "xen+debian"]
    marks = build()
    results = {corner: measure(corner, marks) for corner in corners}
    print("Millions of instructions a create, dom0 | hypervisor; cortex-a57, GICv3, one CPU, -icount shift=0")
    print(f"{'':28}" + "".join(f"{corner:>20}" for corner in corners) + f"{'goal':>18}")
    for mark, name, *goals in ROWS:
        cells = ["-" if r is None else " | ".join(f"{c / 1e6:.2f}" for c in r[mark]) for r in results.values()]
        print(f"{name:28}" + "".join(f"{cell:>20}" for cell in cells) + f"{' | '.join(f'{g / 1e6:g}' for g in goals):>18}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
