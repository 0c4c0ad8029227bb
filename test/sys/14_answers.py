#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 14. Seven thousand questions, most of them wrong ones, from dom0 and from a guest (test/boot/answers.c): Xen 4.17's answer
#     (answers-xen-4.17.txt, made by RECORD=1 XEN=debian) or a row of docs/compatibility.md
# needs: timeout=120 once
"""14_answers.py GIC WHERE: the last line is the verdict."""
import fnmatch
import os
import pathlib
import re
import sys

import boot

PEER = boot.ROOT / "test/sys/answers-xen-4.17.txt"
REASONS = boot.ROOT / "docs/compatibility.md"


def answers_of(lines):
    """{"who call pattern: operation": answer} of lines with runs of operations."""
    table = {}
    for line in lines:
        title, _, runs = line.partition(":")
        for run in filter(None, (r.strip() for r in runs.split(","))):
            operations, _, answer = run.partition(" ")
            first, _, last = operations.partition("-")
            if last:
                table |= {f"{title}: {n}": answer for n in range(int(first), int(last) + 1)}
            else:
                table[f"{title}: {first}"] = answer
    return table


def reasons():
    """[(pattern of questions, Kanso's answer)] of rows | `question`, `question` | `answer` | ..."""
    rows = re.findall(r"^\| ((?:`[^`]+: [^`]+`(?:, )?)+) \| `([^`]+)` \|", REASONS.read_text(encoding="utf-8"), re.M)
    return [(key, answer) for keys, answer in rows for key in re.findall("`([^`]+)`", keys)]


def main():
    """Ask, compare."""
    where = pathlib.Path(sys.argv[2])
    boot.build(boot.ANSWERS)
    (where / "console.log").unlink(missing_ok=True)
    m = boot.Machine(where, gic=int(sys.argv[1]))
    m.kernel = boot.ANSWERS
    console = m.boot(r"@@PROBE ", 60)
    lines = [line.removeprefix("@@ANSWERS ") for line in console if line.startswith("@@ANSWERS ")]
    if "@@PROBE failed 0" not in console:
        bad = [line for line in console if line.startswith("@@PROBE-FAIL")] or console[-1:] or ["nothing"]
        print(f"did not come to its end: {bad[0]}")
        return 1
    if os.environ.get("RECORD"):
        PEER.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ours, theirs = answers_of(lines), answers_of(PEER.read_text(encoding="utf-8").splitlines())
    rows, used, wrong = reasons(), set(), []
    for question in [*theirs, *(q for q in ours if q not in theirs)]:
        a, b = ours.get(question), theirs.get(question)
        row = next((r for r in rows if a != b and fnmatch.fnmatchcase(question, r[0]) and r[1] == a), None)
        if row:
            used.add(row)
        elif a != b:
            wrong.append(f"{question}: {a}, Xen 4.17: {b}")
    stale = [r for r in rows if r not in used] if "kanso" in boot.hypervisor().name else []
    for line in [f"differs: {w}" for w in wrong] + [f"no difference is like `{key}` {answer}" for key, answer in stale]:
        print(line)
    print(f"{len(ours)} questions, {len(wrong)} answered otherwise, {len(stale)} rows of {REASONS.name} out of use"
          + (f", first: {wrong[0]}" if wrong else ""))
    return 1 if wrong or stale else 0


if __name__ == "__main__":
    sys.exit(main())
