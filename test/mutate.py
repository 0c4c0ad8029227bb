#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the unit tests notice? 200 seeded mutants, each one small change in a room's file, against that room's tests.

A mutant is killed when a test fails, hangs or does not link; it survives when all pass. Only lines that the tests
reach (make coverage has run) or, without coverage, any line of code. Results are kept by content in build/mutants:
a second run tries only what changed.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import random
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROOMS = "base mem p2m evtchn gnttab call sched vgic vuart".split()
OUT = ROOT / "build/mutants"
HOST = ROOT / "build/host"

# What is changed to what; the first group that matches a place is a candidate
CHANGES = [
    (r"(?<![<>=!\-])==(?!=)", "!="), (r"!=", "=="), (r"(?<= )<(?= )", "<="), (r"(?<= )>(?= )", ">="), (r"<=", "<"), (r">=", ">"),
    (r"&&", "||"), (r"\|\|", "&&"), (r"(?<= )\+(?= )", "-"), (r"(?<= )-(?= )", "+"), (r"(?<= )\|(?= )", "&"),
    (r"(?<= )&(?= )", "|"), (r"<<", ">>"), (r"\+\+", "--"), (r"(?<=[\(, ])!(?=[a-z(])", ""),
    (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"\breturn OK;", "return E_INVAL;"), (r"(?<=[ (])0(?=[;,)])", "1"),
    (r"(?<=[ (])1(?=[;,)])", "2"), (r"\bcontinue;", "break;"), (r"^(\s+)(\w+\([^;=]*\));$", r"\1(void)0;"),
]


def code_places(path):
    """Candidates (line, column, change number) of a file: inside functions, outside comments, asserts and checks."""
    places, inside, comment = [], False, False
    for number, line in enumerate(path.read_text().split("\n")):
        if line == "{":
            inside = True
        elif line == "}":
            inside = False
        text = re.sub(r"/\*.*?\*/", lambda m: " " * len(m[0]), line)
        if comment or text.lstrip().startswith(("/*", "*", "//")):
            comment = "*/" not in text and (comment or "/*" in text)
            continue
        text = re.sub(r'//.*|"[^"]*"', lambda m: " " * len(m[0]), text)
        if "/*" in text:
            comment = True
            text = text.split("/*")[0]
        if not inside or re.match(r"\s*(check|assert|static_assert|log_\w+|printf?)\(", text):
            continue
        for change, (pattern, _) in enumerate(CHANGES):
            places += [(number, m.start(), change) for m in re.finditer(pattern, text)]
    return places


def mutated(path, place):
    """The file's text with the change, and a sentence."""
    number, column, change = place
    lines = path.read_text().split("\n")
    pattern, new = CHANGES[change]
    old = lines[number]
    match = re.compile(pattern).search(old, column)
    lines[number] = old[:match.start()] + match.expand(new) + old[match.end():]
    return "\n".join(lines), f"{path.relative_to(ROOT)}:{number + 1}: {old.strip()}  ->  {lines[number].strip()}"


def flags():
    """The host build's compiler and flags, as make noted them."""
    return shlex.split((HOST / ".flags").read_text())


def covered_lines(path):
    """Lines that the tests reach, from the coverage build; None when that is not there."""
    gcda = (ROOT / "build/host-coverage" / path.relative_to(ROOT)).with_suffix(".gcda")
    if not gcda.exists():
        return None
    out = subprocess.run(["gcov", "-t", str(gcda)], cwd=ROOT, text=True, capture_output=True, check=False).stdout
    return {int(m[1]) - 1 for m in re.finditer(r"^\s*\d+\*?:\s*(\d+):", out.split(f"Source:{path.relative_to(ROOT)}")[-1], re.M)}


def tests_of(room):
    """The programs of a room's tests, and those of test/host that name it."""
    return sorted(p.with_suffix("") for p in (HOST / "hyp" / room).glob("*_test.o"))


def try_mutant(job):
    """Build the changed object, link each test of the room with it first, run: (killed, how)."""
    path, place, number = job
    text, sentence = mutated(path, place)
    room = path.parts[-2]
    tests = tests_of(room)
    state = hashlib.sha256((text + "".join(hashlib.sha256(t.with_suffix(".o").read_bytes()).hexdigest() for t in tests)).encode()).hexdigest()
    memory = OUT / "known" / state
    if memory.exists():
        return (*json.loads(memory.read_text()), sentence)
    where = OUT / f"{number:03}"
    where.mkdir(parents=True, exist_ok=True)
    source = where / path.name
    source.write_text(text)
    compiler = flags()
    obj = where / "mutant.o"
    base = [w for w in compiler if w not in ("-Werror", "-MMD", "-MP")]
    # As if it lay in its room: its own directory first for what it includes beside itself
    if subprocess.run([*base, "-w", f"-I{path.parent}", "-c", "-o", obj, source], cwd=ROOT, capture_output=True, check=False).returncode:
        return None, "does not compile", sentence
    # The mutant takes its original's place in the archive: linked directly it would come into tests that fake what it
    # defines, and fail them for that
    others = [o for o in HOST.glob("**/*.o") if not o.stem.endswith("_test") and o != HOST / path.relative_to(ROOT).with_suffix(".o")]
    archive = where / "mutant.a"
    archive.unlink(missing_ok=True)
    subprocess.run(["ar", "rcsT", archive, obj, *others], cwd=ROOT, check=True)
    result = (False, "survived")
    for test in tests:
        program = where / test.name
        link = [*base, "-no-pie", "-Wl,-z,lazy,-z,muldefs,--unresolved-symbols=ignore-all", "-o", program, f"{test}.o",
                "-Wl,--start-group", archive, "-lfdt", "-Wl,--end-group", "-lcmocka", "-lpthread"]
        if subprocess.run(link, cwd=ROOT, capture_output=True, check=False).returncode:
            result = (True, f"{test.name} does not link")
            break
        try:
            run = subprocess.run([program], cwd=where, capture_output=True, check=False, timeout=20)
            if run.returncode:
                result = (True, test.name)
                break
        except subprocess.TimeoutExpired:
            result = (True, f"{test.name} hangs")
            break
        finally:
            program.unlink(missing_ok=True)
    memory.parent.mkdir(parents=True, exist_ok=True)
    memory.write_text(json.dumps(result))
    return (*result, sentence)


def main():
    """Choose, try, print the list and the rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rooms", nargs="*", default=ROOMS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--goal", type=float, default=80)
    args = parser.parse_args()
    if subprocess.run(["make", "--no-print-directory", "ARCH=host", "unit"], cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
        print("mutants: the unit tests fail as they are: make unit", file=sys.stderr)
        return 1
    chooser = random.Random(args.seed)
    places = []
    for room in args.rooms:
        for path in sorted((ROOT / "hyp" / room).glob("*.c")):
            if re.search(r"_(test|fuzz|host|arm|arm64|arm32|x86)\.c$", path.name):
                continue
            reached = covered_lines(path)
            places += [(path, p) for p in code_places(path) if reached is None or p[0] in reached]
    chooser.shuffle(places)
    results, number = [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        while len(results) < args.count and number < len(places):
            batch = places[number:number + args.count - len(results)]
            jobs = [(*b, number + i) for i, b in enumerate(batch)]
            number += len(batch)
            for killed, how, sentence in pool.map(try_mutant, jobs):
                if killed is None:
                    continue
                results.append(killed)
                print(f"  {'killed  ' if killed else 'SURVIVED'} {sentence}" + (f"  ({how})" if killed else ""), flush=True)
    rate = 100 * sum(results) / max(len(results), 1)
    print(f"mutants: {sum(results)} of {len(results)} killed, {rate:.0f} %")
    return 0 if rate >= args.goal else 1


if __name__ == "__main__":
    sys.exit(main())
