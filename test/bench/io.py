#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what a Linux guest costs at EL2 on Kanso and on Xen, each with its own tools: its boot by cause of entry, a request of its
disk, a packet of its network. dom0's entries are in it. One CPU, the instruction counter as the clock.

io.py [CORNER...]   a corner is kanso+own, kanso+debian, xen+own or xen+debian
"""
import sys

import linux
import measure

OUT = measure.ROOT / "build/bench"
MARKS = [20, 21, *range(30, 46)]
ROWS = [  # marks around few, marks around many, how many more, what
    (30, 32, 512, "block request of 4 KiB"), (34, 36, 32, "block request of 1 MiB"),
    (38, 40, 128, "ping of 1500 bytes, there and back"), (42, 44, 128, "64 KiB sent by TCP")]


def counted(at):
    """{row: instructions at EL2 of one}, {cause: (times, instructions)} of the boot."""
    if at is None:
        return {}, {}
    def cost(mark):
        return (at[mark + 1] - at[mark]).hyp
    rows = {name: (cost(many) - cost(few)) // more for few, many, more, name in ROWS}
    boot = at[21] - at[20]
    rows["boot to user space"] = boot.hyp
    rows["... entries"] = sum(times for times, _ in boot.entries.values())
    return rows, boot.entries


def main():
    """A table."""
    corners = sys.argv[1:] or ["kanso+own", "xen+debian"]
    measure.build(OUT)
    files = linux.programs(OUT, MARKS)
    found = {corner: counted(linux.boot(corner, measure.HERE / "io.sh", files, OUT, entries=True)) for corner in corners}
    print(f"{'instructions at EL2':36}" + "".join(f"{corner:>22}" for corner in corners))
    for name in [*(r[3] for r in ROWS), "boot to user space", "... entries"]:
        print(f"{name:36}" + "".join(f"{found[c][0].get(name, '-'):>22}" for c in corners))
    for cause in ("hypercall", "firmware", "register", "wait", "memory", "interrupt"):
        cells = (found[c][1].get(cause) for c in corners)
        print(f"{'    by ' + cause + ', instructions':36}" + "".join(f"{f'{v[0]} {v[1]}' if v else '-':>22}" for v in cells))
    return 0 if all(rows for rows, _ in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
