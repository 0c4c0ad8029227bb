#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""errors.py PROFILE REASONS PROGRAM...: which places where an error begins, or a restart, did the fuzzers reach?

Such a place is an E_NAME in the code of hyp/ that is neither compared nor a label. Clang counts regions, so each arm of a
`c ? OK : E_PERM` has its own count; PROFILE is what the PROGRAMs left, merged. REASONS has a line for each place that no fuzzer can reach:
file:function, the line's text, why; tabs between. A place that is missing without a reason fails, and so does a reason that is none, but for
those that begin with "seldom:"."""
import bisect
import collections
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOKEN = re.compile(r"\bE_[A-Z0-9]+\b")
COMPARED = re.compile(r"([=!]=|\bcase)\s*$")
FUNCTION = re.compile(r"[A-Za-z][\w *]*?\b(\w+)\(.*[^;]$")
ASIDE = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|^#define.*?(?<!\\)$', re.S | re.M)


def places(path):
    """(line, column, error, function) of each place in a file."""
    text = ASIDE.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), (ROOT / path).read_text(encoding="ascii"))
    function = ""
    for number, line in enumerate(text.split("\n"), 1):
        begins = FUNCTION.match(line)
        function = begins[1] if begins else function
        for found in TOKEN.finditer(line):
            if not COMPARED.search(line[:found.start()]):
                yield number, found.start() + 1, found[0], function


def counts(profile, programs):
    """{file: its segments}: (line, column), how often what begins there ran, None: no code."""
    objects = [f"-object={p}" for p in programs[1:]]
    done = subprocess.run(["llvm-cov", "export", "-skip-functions", f"-instr-profile={profile}", programs[0], *objects], capture_output=True, check=True)
    out = {}
    for file in json.loads(done.stdout)["data"][0]["files"]:
        found = re.search(r"(?:^|/)(hyp/\w+/[\w.]+)$", file["filename"])
        if found and not re.search(r"_(host|test)\.[ch]$", found[1]):
            out[found[1]] = [((s[0], s[1]), s[2] if s[3] else None) for s in file["segments"]]
    return out


def read_reasons(path):
    """{(file:function, text): why}."""
    rows = [line.split("\t") for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    return {(place, text): why for place, text, why in rows}


def main(profile, reasons_path, *programs):
    """Prints the places by error, and those that are missing."""
    reasons, used, missing = read_reasons(reasons_path), set(), []
    total, reached, excused = collections.Counter(), collections.Counter(), collections.Counter()
    for path, segments in sorted(counts(profile, programs).items()):
        starts = [s[0] for s in segments]
        lines = (ROOT / path).read_text(encoding="ascii").split("\n")
        for number, column, error, function in places(path):
            at = bisect.bisect_right(starts, (number, column)) - 1
            times = segments[at][1] if at >= 0 else None
            if times is None:
                continue
            total[error] += 1
            key = (f"{path}:{function}", lines[number - 1].strip())
            if times:
                reached[error] += 1
            elif key in reasons or (path, "*") in reasons:
                excused[error] += 1
                used.add(key if key in reasons else (path, "*"))
            else:
                missing.append(f"{path}:{number}: {function}: {error} MISSING\t{key[1]}")
    for error in sorted(total):
        print(f"{error:14} {total[error]:4} places, reached {reached[error]:4}, elsewhere {excused[error]:3}")
    for line in missing:
        print(line)
    stale = {key for key in reasons if key not in used and not reasons[key].startswith("seldom:")}
    for place, text in sorted(stale):
        print(f"{reasons_path}: {place}: is reached, or is no place: {text}")
    print(f"errors: {sum(reached.values())} of {sum(total.values())} places reached, {sum(excused.values())} for a reason not, {len(missing)} missing")
    return 1 if missing or stale else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
