#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what one more guest costs when there are many: create, list, reboot, destroy, a store write and read, an event, a timer
tick; instructions of the hypervisor and of dom0. Bare-metal guests of 4 MiB with a console. One CPU, the instruction counter as
the clock. The numbers of guests at which is measured are each corner's own: Xen with its tools gets slower with each.

many.py [CORNER=N,N,...]...
"""
import re
import statistics
import sys

import linux
import measure
import report

SCRIPT = measure.HERE / "many.sh"
CORNERS = {"kanso+own": [1, 10, 100, 500], "xen+debian": [1, 10, 100, 200]}
EMPTY, GUEST_UP = 10, 1
COMMANDS = [(12, "create"), (14, "list"), (20, "reboot"), (22, "destroy"), (16, "store write"), (18, "store read")]
SAMPLES = [(2, "event"), (3, "timer tick, slept through")]
# How much more a row may cost at the last number than at the first, except a list, whose lines are the guests
FLAT = 1.10


class Parser:
    """The plugin's lines in order: a dict {row: (EL2, dom0) or EL2} for each number of guests."""

    def __init__(self):
        self.steps, self.begun, self.empty, self.reboot = [], {}, None, None

    def total(self, mark, totals):
        """A checkpoint."""
        if mark == GUEST_UP:
            if self.reboot:
                self.steps[-1]["reboot"] = totals - self.reboot
                self.reboot = None
            return
        if mark == 20:
            self.reboot = totals
        elif mark == 12:
            self.steps.append({name: [] for _, name in SAMPLES})
        elif mark == EMPTY + 1:
            self.empty = totals - self.begun[EMPTY]
        for id_, name in COMMANDS:
            if mark == id_ + 1 and id_ != 20:
                self.steps[-1][name] = totals - self.begun[id_] - self.empty
        self.begun[mark] = totals

    def sample(self, id_, insns):
        """What a guest measured itself."""
        for which, name in SAMPLES:
            if id_ == which:
                self.steps[-1][name].append(insns)


def read(path):
    """{row: ...} of each number of guests."""
    parser = Parser()
    for line in path.read_text(encoding="ascii").splitlines():
        word, *fields = line.split()
        numbers = [int(field) for field in fields if field.isdigit()]
        if word == "total":
            parser.total(numbers[0], linux.Totals(*numbers[1:]))
        elif word == "sample":
            parser.sample(numbers[0], numbers[1])
    return parser.steps


def memory(log):
    """{number of guests: (KiB available in dom0, free pages of the host)}."""
    found = re.findall(r"@@MEMORY (\d+) (\d+) (\d+)", log.read_text(encoding="utf-8", errors="replace"))
    return {int(n): (int(kib), int(pages)) for n, kib, pages in found}


def wall(log):
    """[{row: seconds of this host}], for each number of guests, from the times of the console's lines."""
    steps, begun, empty = [], {}, 0
    for time, word, mark in re.findall(r"^ *([\d.]+) @@(BEGIN|END|BACK)(?: (\d+))?$", log.read_text(encoding="utf-8", errors="replace"), re.M):
        if word == "BEGIN":
            begun[int(mark)] = float(time)
            if mark == "12":
                steps.append({})
            continue
        which = int(mark or 20)
        took = float(time) - begun[which]
        if which == EMPTY:
            empty = took
        elif which != 20 or word == "BACK":
            steps[-1].update({name: took - empty for at, name in COMMANDS if at == which})
    return steps


def measured(out, files, corner, numbers):
    """{number of guests: {row: text, or (EL2, dom0)}} of one boot, or None."""
    words = "kanso.many=" + ",".join(map(str, numbers))
    if linux.boot(corner, SCRIPT, files, out, words=words) is None:
        return None
    where = linux.folder_of(out, SCRIPT, corner)
    left = memory(where / "console.log")
    found = {}
    for number, step in zip(numbers, read(where / "counts")):
        row = {name: (step[name].hyp, step[name].everything - step[name].hyp) for _, name in COMMANDS}
        row.update({name: (statistics.median_low(step[name]), None) for _, name in SAMPLES})
        row["memory"] = tuple((before - now) / number for before, now in zip(left[0], left[number]))
        found[number] = row
    return found


def wall_table(out, files, corners):
    """What report.py prints of times: with nothing that counts, one CPU."""
    head, cells = [""], {name: [] for _, name in COMMANDS[:4]}
    for corner, numbers in corners.items():
        words = "kanso.many=" + ",".join(map(str, numbers))
        if linux.boot(corner, SCRIPT, files, out, words=words, counting=False) is None:
            return None
        steps = wall(linux.folder_of(out, SCRIPT, corner, counting=False) / "console.log")
        head += [f"{corner}: the {n}." for n in numbers]
        for name, row in cells.items():
            row += [f"{step[name]:.2f} s" for step in steps]
    return {"caption": "One more guest: time of this host, which emulates; GICv3, cortex-a57, nothing counted", "head": head,
            "rows": [[name, *row] for name, row in cells.items()], "figures": cells}


def million(value):
    """A count of instructions."""
    return f"{value / 1e6:.2f} M" if value >= 1e5 else f"{value:,}"


def lines_of(corner, found):
    """A table's rows: what, at each number of guests, and how much more at the last than at the first."""
    for name in [name for _, name in COMMANDS + SAMPLES]:
        for part, of in enumerate(("EL2", "dom0")):
            values = [found[n][name][part] for n in found]
            if None not in values:
                grows = name != "list" and values[-1] > FLAT * values[0] > 0
                yield [f"{corner}: {name}, {of}", *map(million, values), report.ratio_of(values[-1], values[0]), "grows" if grows else ""]
    yield [f"{corner}: KiB of dom0's a guest", *(f"{found[n]['memory'][0]:.0f}" for n in found), "", ""]
    yield [f"{corner}: pages of the host's a guest, its own 1,024 among them", *(f"{found[n]['memory'][1]:.0f}" for n in found), "", ""]


def tables(out, corners):
    """What report.py prints: a table a corner, and one of times."""
    files = linux.programs(out, range(10, 24))
    for corner, numbers in corners.items():
        found = measured(out, files, corner, numbers)
        if found:
            yield {"caption": f"One more guest, {corner}; GICv3, cortex-a57, one CPU, -icount shift=0", "figures": found,
                   "head": ["", *(f"the {n}." for n in numbers), "last / first", ""], "rows": list(lines_of(corner, found))}
    times = wall_table(out, files, corners)
    if times:
        yield times


def asked(words):
    """{corner: numbers of guests} of the command line. Ends with a sentence where it is none."""
    corners = {}
    for word in words:
        corner, _, numbers = word.partition("=")
        linux.corners_of([corner], None)
        if not all(number.isdigit() for number in numbers.split(",")):
            sys.exit(f"{sys.argv[0]}: {word}: wanted CORNER=N,N,...")
        corners[corner] = list(map(int, numbers.split(",")))
    return corners


def main():
    """The tables alone."""
    out = measure.ROOT / "build/bench"
    measure.build(out)
    corners = asked(sys.argv[1:]) or CORNERS
    found = list(tables(out, corners))
    for table in found:
        print("\n".join(report.plain(table["caption"], table["head"], table["rows"])))
    return 0 if len(found) == len(corners) + 1 else 1


if __name__ == "__main__":
    sys.exit(main())
