#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 31. No long stay at EL2: from an entry to the return, below 20,000 instructions, while guests live, die and attack.
#     A part of the attack and short lives; the whole is all of the attack, and the lives of a Linux guest with disk and network.
#     Exempt: boot until dom0's first instruction, panic, the dumps of debug keys. One CPU, on which nobody waits for a lock
# needs: timeout=600 whole=1800
"""31_stay.py GIC WHERE: the last line is the verdict; stays-NAME in WHERE has histogram and worst kinds (test/bench/stay.c)."""
import os
import pathlib
import subprocess
import sys

import run

LIMIT = 20000
LAND = (0xE00000000000, 0xF00000000000)  # the hypervisor's addresses
EXEMPT = "panic+console_debug_key"
IDLE = "frame_zero_some"  # a CPU that idles looks at its interrupts before each
SCRIPTS = run.SCENARIOS / "stay"
WHOLE = os.environ.get("WHOLE") == "1"


def build(where):
    """The plugin, and the image's symbols."""
    bench = run.ROOT / "test/bench"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", where / "stay.so",
                    bench / "stay.c"], check=True)
    image = run.hypervisor()[0]
    with open(where / "symbols", "w", encoding="ascii") as out:
        subprocess.run(["aarch64-linux-gnu-nm", "-n", image.with_name(image.name + ".elf")], stdout=out, check=True)


def watch(name, gic, where):
    """One machine with one script in dom0: what was wrong, or None, and the report's lines."""
    script, report = SCRIPTS / f"{name}.sh", where / f"stays-{name}"
    needs = {**run.needs_of(script), "thread": "single"}
    ramdisk = run.make_ramdisk(where, run.scenario_files(script))
    words = f"kanso.test=/test/run.sh kanso.gic={gic} kanso.seed={os.environ.get('SEED', '1')} {needs.get('dom0args', '')}"
    if WHOLE:
        words += " kanso.whole=1"
    command = run.machine(gic, needs, ramdisk, words, where) + [
        "-icount", "shift=0,sleep=off", "-plugin",
        f"{where / 'stay.so'},lo={LAND[0]},hi={LAND[1]},limit={LIMIT},exempt={EXEMPT},idle={IDLE},symbols={where / 'symbols'},out={report}"]
    ok, why = run.Run(command, where / f"console-{name}.log", run.seconds_of(needs)).go()
    ramdisk.unlink()
    print(f"{name}: {why}")
    return None if ok else why, report.read_text(encoding="ascii").splitlines()


def judge(name, gic, where):
    """Why a script's machine fails, or None; says what it found."""
    wrong, lines = watch(name, gic, where)
    first = (lines or ["no report"])[0].split()
    print(f"{name}: {' '.join(first)}", flush=True)
    if wrong:
        return f"{name}: {wrong}"
    if len(first) != 10:
        return f"{name}: no report"
    for line in lines[1:]:
        print(f"    {line}", flush=True)
    stays, longest, over = (int(first[i]) for i in (1, 3, 5))
    if stays < 5000:
        return f"{name}: only {stays} stays"
    return f"{name}: {over} stays over {LIMIT} instructions, longest {longest}" if over else None


def main():
    """Each script."""
    gic, where = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    scripts = sorted(p for p in SCRIPTS.glob("*.sh") if WHOLE or "apart" not in run.needs_of(p))
    names = sys.argv[3:] or [p.stem for p in scripts]
    build(where)
    wrong = [why for why in (judge(name, gic, where) for name in names) if why]
    print("; ".join(wrong) or f"{len(names)} machines, no stay over {LIMIT} instructions")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
