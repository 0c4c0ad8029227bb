#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what a create costs: instructions at EL2, in dom0's kernel and in its programs, {Kanso, Xen} x {our tools, Debian's}, for
a bare 4 MiB guest as the 2nd and as the 40th, and a 256 MiB guest with Debian's kernel (33 MB) and a 1 MB ramdisk. One CPU, the
instruction counter as the clock; guests stay paused; starting xl is part of it. The store's requests are counted in its trace.

create.py [CORNER...]   a corner is kanso+own, kanso+debian, xen+own or xen+debian
"""
import json
import sys

import linux
import measure

OUT = measure.ROOT / "build/bench"
ROWS = [(12, "bare 4 MiB guest, the 2nd", 8e6, 0.25e6), (14, "bare 4 MiB guest, the 40th", 8e6, 0.25e6),
        (16, "Debian guest, 256 MiB", 80e6, 14e6)]
MARKS = range(10, 18)


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


def store_requests(corner):
    """{row: requests}, from what the script printed: the trace's lines between the marks."""
    log = OUT / f"create-{corner}" / "console.log"
    found = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        words = line.split()
        if "@@REQUESTS" in words:
            mark, count = words[words.index("@@REQUESTS") + 1:][:2]
            found[int(mark)] = int(count)
    return {name: found.get(mark) for mark, name, *_ in ROWS}


def main():
    """A table."""
    corners = sys.argv[1:] or ["kanso+own", "kanso+debian", "xen+own", "xen+debian"]
    measure.build(OUT)
    files = linux.programs(OUT, MARKS)
    results = {corner: split(linux.boot(corner, measure.HERE / "create.sh", files, OUT)) for corner in corners}
    requests = {corner: store_requests(corner) for corner in corners}
    (OUT / "create.json").write_text(json.dumps({"costs": results, "requests": requests}, indent=1) + "\n", encoding="ascii")
    print("Millions of instructions a create, EL2 | dom0's kernel | its programs, and store requests; cortex-a57, GICv3, one CPU, "
          "-icount shift=0")
    print(f"{'':28}" + "".join(f"{corner:>30}" for corner in corners) + "    goal, dom0 | EL2")
    for _, name, *goals in ROWS:
        cells = []
        for corner, costs in results.items():
            words = " | ".join(f"{c / 1e6:.2f}" for c in costs[name]) if costs else "-"
            cells.append(f"{words}, {requests[corner][name] or '-'}")
        print(f"{name:28}" + "".join(f"{cell:>30}" for cell in cells) + f"{' | '.join(f'{g / 1e6:g}' for g in goals):>20}")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
