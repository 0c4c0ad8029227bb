#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""answers.py REASONS FOLDER LOG...: which errors, and restarts, did each operation answer of those that it can?

What it can is read from the code, as clang sees it (flow.py): FOLDER has LLVM's text of each file of hyp/. Each LOG is what a fuzzer
says with --list. REASONS has lines of four fields, tabs between:
  function, function that it calls, error, why: this error never comes out of that call, or never passes on
  call operation, -, error, why no fuzzer can have it
A pair of operation and error that is missing without a reason fails, and so does one that was answered but is not in the code, and a
line that is for nothing, but for those whose reason begins with "seldom:". An error that a function takes from memory, or that comes out of
what flow.py does not follow, fails as well."""
import collections
import pathlib
import re
import sys

import flow

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROW = re.compile(r"^ *(\d+) +(\d+|-) (\S+) +\d+ calls +\d+ OK(.*)$")
# The operation's number where it lies
STRUCTURE = {"domctl": "struct.xen_domctl", "sysctl": "struct.xen_sysctl", "platform_op": "struct.xen_platform_op"}
# Above it: how far the call is
CURSORS, EXPAND_ARRAY = ("memory_op", "grant_table_op"), ("event_channel_op", 12)
# An operation that there is not: 63, but for
NO_OTHER = ("multicall", "physdev_op")
NO_OPERATION = {"domctl": 127, "sysctl": 31}


def read_names():
    """{number: name} of the errors."""
    found = re.findall(r"E_(\w+) = (-\d+)", (ROOT / "hyp/base/err.h").read_text(encoding="ascii"))
    return {int(n): f"E{name}" for name, n in found}


def read_logs(paths):
    """{(call's number, operation's or None, name): Counter of its errors}."""
    rows = {}
    for path in paths:
        for line in pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            found = ROW.match(line)
            if found:
                key = (int(found[1]), None if found[2] == "-" else int(found[2]), found[3])
                seen = rows.setdefault(key, collections.Counter())
                for name, times in re.findall(r" (E\w+) (\d+)", found[4].split(",")[0]):
                    seen[name] += int(times)
                for times in re.findall(r", restarted (\d+)", found[4]):
                    seen["ERESTART"] += int(times)
    return rows


class Calls:
    """The hypervisor's tables of calls and operations."""

    def __init__(self, folder, prune, names):
        modules = {}
        for path in sorted(pathlib.Path(folder).rglob("*.ll")):
            text = path.read_text(encoding="utf-8")
            module = re.search(r'^source_filename = "(.*)"', text, re.M)[1]
            if (ROOT / module).exists():
                modules[module] = text
        self.names, self.program = names, flow.Program(modules)
        self.program.prune = prune
        self.calls = [row[0][0] if row else None for row in self.program.tables[("hyp/call/table.c", "calls")]]
        self.operations = {}
        for call in ("domctl", "sysctl"):
            module = f"hyp/call/{call}.c"
            table = self.program.tables[(module, "ops")]
            self.operations[call] = [[(self.program.find(module, name), flags) for name, flags in row] for row in table]
        self.handlers = {h for table in self.operations.values() for row in table for h, _ in row}

    def name(self, number):
        """Of a call."""
        found = self.calls[number] if number < len(self.calls) else None
        return found.removeprefix("call_") if found else None

    def can_answer(self, number, operation):
        """The names of the errors; operation None: one that there is not."""
        call = self.name(number)
        if not call:
            return {"ENOSYS"}
        sub = NO_OPERATION.get(call, 63) if operation is None else operation
        cursor = {sub | 1 << 20} if call in CURSORS or (call, sub) == EXPAND_ARRAY else set()
        seeds = {("struct.call_args", (0, 0, 0)): {sub} | cursor, ("struct.memory_op", (0, 2)): {sub}}
        if call in STRUCTURE:
            seeds = {(STRUCTURE[call], (0, 0)): {sub}}
        table = self.operations.get(call, [])
        mine = table[sub] if sub < len(table) else []
        for kind in ("struct.domctl_op", "i32 (%struct.xen_sysctl*)*"):
            seeds[(kind, (0, 0) if kind.startswith("struct") else (0,))] = {1 if mine else 0}
        for _, flags in mine:
            seeds[("struct.domctl_op", (0, 1))] = {int(flags or 0)}
        chosen = {h for h, _ in mine}
        self.program.row, self.program.seeds = (number, sub), seeds
        self.program.resolve = lambda found: [g for g in found if g in chosen] if self.handlers & set(found) else found
        answer = self.program.answers(self.program.find("", self.calls[number]))
        return {self.names.get(n, str(n)) for n in answer if n is not flow.ANY and n < 0}


def half_known(program):
    """The functions of type enum err that could answer what was not followed: flow.py would have to learn how."""
    for (function, *_), answer in program.known.items():
        text = (ROOT / function.module).read_text(encoding="utf-8") if flow.ANY in answer else ""
        if re.search(rf"^(?:\w+ )*enum err {function.name}\(", text, re.M):
            yield f"{function.module}: {function.name}: not all that it answers is known"


def read_reasons(path, numbers):
    """The lines on functions, as flow.py takes them, and {(call and operation, error): why}."""
    prune, reasons = {}, {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        if line and line[0] != "#":
            caller, callee, error, why = line.split("\t")
            if callee == "-":
                reasons[(caller, error)] = why
            else:
                prune.setdefault((caller, callee), {})[numbers[error]] = why
    return prune, reasons


def main(reasons_path, folder, *logs):
    """Prints a line an operation."""
    names = read_names()
    prune, reasons = read_reasons(reasons_path, {name: n for n, name in names.items()})
    calls = Calls(folder, {edge: frozenset(errors) for edge, errors in prune.items()}, names)
    rows = collections.defaultdict(lambda: [set(), collections.Counter()])
    for (number, operation, name), seen in read_logs(logs).items():
        row = rows[f"{calls.name(number) or 'none'} {name}"]
        row[0] |= calls.can_answer(number, operation)
        row[1] += seen
    for number, call in enumerate(calls.calls):
        if call and calls.name(number) not in NO_OTHER:
            rows[f"{calls.name(number)} other"][0] |= calls.can_answer(number, None)
    nr = collections.Counter()
    faults, used = [], set()
    for row, (can, seen) in sorted(rows.items()):
        excused = {e for e in can if not seen[e] and (row, e) in reasons}
        used |= {(row, e) for e in excused}
        missing, strange = sorted(can - set(seen) - excused), sorted(set(seen) - can)
        line = " ".join(f"{e} {seen[e]}" for e in sorted(seen))
        line += "".join(f", elsewhere {e}" for e in sorted(excused)) + "".join(f", {e} MISSING" for e in missing)
        print(f"{row:40} {line}".rstrip())
        faults += [f"{row}: {e} MISSING" for e in missing]
        faults += [f"{row}: {e} was answered {seen[e]} times, and is not in the code" for e in strange]
        nr.update(can=len(can), seen=len(can & set(seen)), excused=len(excused), missing=len(missing))
    stale = {key for key, why in reasons.items() if key not in used and not why.startswith("seldom:")}
    faults += [f"{reasons_path}: {row}: {e}: was answered, or cannot be" for row, e in sorted(stale)]
    for (caller, callee), errors in sorted(prune.items()):
        gone = errors.keys() - calls.program.pruned.get((caller, callee), set())
        faults += [f"{reasons_path}: {caller}: {callee}: {names[e]}: is not answered there" for e in sorted(gone) if not errors[e].startswith("seldom:")]
    faults += sorted(set(half_known(calls.program)))
    for line in faults:
        print(line)
    print(f"calls: {nr['seen']} of {nr['can']} pairs of call and errno reached, {nr['excused']} for a reason not, {nr['missing']} missing")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
