#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what a Linux guest costs at EL2 on Kanso and on Xen, each with its own tools: its boot by cause of entry, a request of its
disk, a packet of its network; and the pages that it takes besides its own. dom0's entries are in it. One CPU, the instruction
counter as the clock.

guest_io.py [CORNER...]   a corner is kanso+own, kanso+debian, xen+own or xen+debian
"""
import sys

import linux
import measure
import report

CORNERS = ["kanso+own", "xen+debian"]
SCRIPT = measure.HERE / "guest_io.sh"
PAGES, PAGES_GOAL = "pages a Linux guest costs", 28
BOOT = "boot of the guest to user space"
MARKS = [20, 21, *range(30, 46)]
ROWS = [  # marks around few, marks around many, how many more, what
    (30, 32, 512, "block request of 4 KiB"), (34, 36, 32, "block request of 1 MiB"),
    (38, 40, 128, "ping of 1500 bytes, there and back"), (42, 44, 128, "64 KiB sent by TCP")]


def counted(at):
    """{row: (instructions at EL2, entries) of one}, {cause: (times, instructions)} of the boot."""
    if at is None:
        return {}, {}

    def cost(mark):
        return at[mark + 1] - at[mark]
    rows = {}
    for few, many, more, name in ROWS:
        one = cost(many) - cost(few)
        rows[name] = one.hyp // more, round(one.times / more, 1)
    boot = at[21] - at[20]
    rows[BOOT] = boot.hyp, boot.times
    return rows, boot.entries


def judged(corners, values, goal=None):
    """Ratio and verdict: the first corner beside the last, if that is Xen."""
    return report.beside(values[0], values[-1] if corners[-1].startswith("xen") else None, goal)


def table(out, corners):
    """What report.py prints, and the figures."""
    files = linux.programs(out, MARKS)
    found = {c: counted(linux.boot(c, SCRIPT, files, out, options=",entries=on")) for c in corners}
    cells = [[name, *(found[c][0].get(name) for c in corners)] for name in [*(r[3] for r in ROWS), BOOT]]
    for cause, name in [(cause, f"... by {cause}") for cause in linux.CAUSES] + [("idle", "besides: memory zeroed by an idle CPU")]:
        cells.append([name, *((found[c][1].get(cause) or (None, None))[::-1] for c in corners)])
    pages = [int(linux.said(out, SCRIPT, c, "@@PAGES")[0][0]) if found[c][0] else None for c in corners]
    lines = [[name, *(f"{v[0]:,} in {v[1]:,}" if v and v[0] is not None else "-" for v in values),
              *judged(corners, [v[0] if v else None for v in values])] for name, *values in cells]
    lines.append([f"{PAGES}, at most {PAGES_GOAL}", *("-" if p is None else f"{p}" for p in pages),
                  *judged(corners, pages, PAGES_GOAL)])
    return {"caption": "A Linux guest, instructions at EL2 in entries (dom0's as well); GICv3, cortex-a57, one CPU, -icount shift=0",
            "head": ["", *corners, "ratio", ""], "rows": lines,
            "figures": {c: {"rows": found[c][0], "entries": found[c][1], "pages": p} for c, p in zip(corners, pages)}}


def main():
    """The table alone."""
    out = measure.ROOT / "build/bench"
    measure.build(out)
    found = table(out, linux.corners_of(sys.argv[1:], CORNERS))
    print("\n".join(report.plain(found["caption"], found["head"], found["rows"])))
    return 0 if all(f["rows"] for f in found["figures"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
