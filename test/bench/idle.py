#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Twenty idle Linux guests for a minute of virtual time: what enters the hypervisor, by cause. Who waits is woken and waits again: when the
CPU slept more often than its guests waited, it woke for nobody.

idle.py [CORNER...]   a corner is kanso+own, kanso+debian, xen+own or xen+debian; NR=3 as many guests
"""
import os
import sys

import linux
import measure
import report

CORNERS = ["kanso+own"]
NR = int(os.environ.get("NR", "20"))


def table(out, corners):
    """What report.py prints."""
    files = linux.programs(out, (10, 11))
    found = {corner: linux.boot(corner, measure.HERE / "idle.sh", files, out, options=",entries=on", words=f"kanso.idle={NR}") for corner in corners}
    spent = {corner: at[11] - at[10] if at else None for corner, at in found.items()}
    lines = [[f"by {cause}", *("{1:,} in {0:,}".format(*spent[c].entries[cause]) if spent[c] else "-" for c in corners)] for cause in [*linux.CAUSES, "idle"]]
    for name, of in (("the CPU slept, times", lambda e: e["sleep"][0]), ("... and woke for nobody", lambda e: max(0, e["sleep"][0] - e["wait"][0]))):
        lines.append([name, *(f"{of(spent[c].entries):,}" if spent[c] else "-" for c in corners)])
    return {"caption": f"{NR} idle Linux guests and dom0, 60 s: instructions at EL2 in entries; GICv3, cortex-a57, one CPU, -icount shift=0",
            "head": ["", *corners], "rows": lines, "figures": {c: s.entries if s else None for c, s in spent.items()}}


def main():
    """The table alone."""
    out = measure.ROOT / "build/bench"
    measure.build(out)
    found = table(out, linux.corners_of(sys.argv[1:], CORNERS))
    print("\n".join(report.plain(found["caption"], found["head"], found["rows"])))
    return 0 if all(found["figures"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
