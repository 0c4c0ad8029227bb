#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what a create costs: instructions at EL2, in dom0's kernel and in its programs, {Kanso, Xen} x {our tools, Debian's}, for
a bare 4 MiB guest as the 2nd and as the 40th, and a 256 MiB guest with Debian's kernel (33 MB) and a 1 MB ramdisk. One CPU, the
instruction counter as the clock; guests stay paused; starting xl is part of it. The store's requests are counted in its trace.

create.py [CORNER...]   a corner is kanso+own, kanso+debian, xen+own or xen+debian
"""
import sys

import linux
import measure
import report

CORNERS = ["kanso+own", "xen+debian"]  # of `make bench`; the other two by name
ROWS = [(12, "create bare 4 MiB guest, the 2nd", 8e6, 0.25e6), (14, "create bare 4 MiB guest, the 40th", 8e6, 0.25e6),
        (16, "create Debian guest, 256 MiB", 80e6, 14e6)]
MARKS = range(10, 18)
SCRIPT = measure.HERE / "create.sh"


def split(at):
    """{row: (EL2, dom0's kernel, its programs)} without what an empty command costs, or None."""
    if at is None:
        return None
    empty = at[11] - at[10]
    costs = {}
    for mark, name, *_ in ROWS:
        cost = at[mark + 1] - at[mark] - empty
        costs[name] = (cost.hyp, cost.kernel, cost.user)
    return costs


def store_requests(out, corner):
    """{row: requests}, from what the script printed."""
    found = {int(mark): int(count) for mark, count in linux.said(out, SCRIPT, corner, "@@REQUESTS")}
    return {name: found.get(mark) for mark, name, *_ in ROWS}


def table(out, corners):
    """What report.py prints, and the figures."""
    files = linux.programs(out, MARKS)
    costs, requests = {}, {}
    for corner in corners:
        costs[corner] = split(linux.boot(corner, SCRIPT, files, out))
        requests[corner] = store_requests(out, corner) if costs[corner] else {}
    lines = []
    for _, name, *goals in ROWS:
        both = {c: (costs[c][name][0], costs[c][name][1] + costs[c][name][2]) if costs[c] else (None, None) for c in corners}
        theirs = both[corners[-1]] if corners[-1].startswith("xen") else (None, None)
        for number, (part, goal) in enumerate(zip(("EL2", "dom0"), reversed(goals))):
            cells = ["-" if both[c][number] is None else f"{both[c][number] / 1e6:.2f} M" for c in corners]
            lines.append([f"{name}: {part}", *cells, f"{goal / 1e6:g} M", *report.beside(both[corners[0]][number], theirs[number], goal)])
        for number, part in ((1, "its kernel"), (2, "its programs")):
            cells = [f"{costs[c][name][number] / 1e6:.2f} M" if costs[c] else "-" for c in corners]
            lines.append([f"... {part}", *cells, "", "", ""])
        lines.append(["... store requests", *(str(requests[c].get(name) or "-") for c in corners), "", "", ""])
    return {"caption": "A create, starting xl included; GICv3, cortex-a57, one CPU, -icount shift=0", "head": ["", *corners, "goal", "ratio", ""],
            "rows": lines, "figures": {"instructions": costs, "store requests": requests}}


def main():
    """The table alone."""
    out = measure.ROOT / "build/bench"
    measure.build(out)
    found = table(out, linux.corners_of(sys.argv[1:], CORNERS))
    print("\n".join(report.plain(found["caption"], found["head"], found["rows"])))
    return 0 if all(found["figures"]["instructions"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
