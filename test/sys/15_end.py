#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 15. dom0 goes, and the machine with it: off, reset or, after a crash with noreboot, stopped so that it can be read
# needs: timeout=200
"""15_end.py GIC WHERE: the last line is the verdict; console.log in WHERE has all boots."""
import pathlib
import re
import sys

import boot

CASES = [  # shutdown code, options, what is said, does QEMU end?
    ("0", "", r"dom0 powered off: the machine follows", True),
    ("1", "", r"dom0 reboots: the machine follows", True),
    ("3", "", r"dom0 crashed: the machine reboots", True),
    ("4", "", r"dom0 missed its watchdog: the machine reboots", True),
    ("0", "noreboot", r"dom0 powered off: the machine follows", True),
    ("1", "noreboot", r"dom0 reboots: the machine follows", True),
    ("3", "noreboot", r"dom0 crashed: stopped", False),
    ("4", "noreboot", r"dom0 missed its watchdog: stopped", False),
]


def judge(where, gic, code, options, said, ends):
    """One life of dom0."""
    m = boot.Machine(where, gic=gic, cpus=2)
    m.options += " " + options
    m.edit("-ts", "/chosen", "xen,dom0-bootargs", f"end={code}")
    lines = m.boot(said)
    name = f"code {code} {options}".strip()
    if not any("failed 0" in line for line in lines):
        return f"{name}: dom0 did not run"
    if not re.search(said, lines[-1]):
        return f"{name}: the last line is '{lines[-1]}'"
    if m.runs == ends:
        return f"{name}: the machine {'still runs' if m.runs else 'ended'}"
    return None


def main():
    """All cases."""
    gic, where = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    boot.build(boot.PROBE)
    (where / "console.log").unlink(missing_ok=True)
    wrong = [why for why in (judge(where, gic, *case) for case in CASES) if why]
    for why in wrong:
        print(f"FAILED   {why}")
    print(f"{len(wrong)} of {len(CASES)}: {wrong[0]}" if wrong else f"{len(CASES)} ends")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
