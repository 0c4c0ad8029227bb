#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""uncalled.py FOLDER...: functions that no test called, by the counts (.gcda) that lie in each folder. Fails if there are any."""
import json
import pathlib
import subprocess
import sys


def functions(counts):
    """(source file, function, how often) of one object file."""
    # gcov writes notes of headers beside it: its own folder, and the report on stdout
    done = subprocess.run(["gcov", "--json-format", "--stdout", counts.name], cwd=counts.parent, capture_output=True, check=True)
    for line in done.stdout.splitlines():
        for file in json.loads(line)["files"]:
            for function in file["functions"]:
                yield file["file"], function["name"], function["execution_count"]


def main():
    """Prints the list."""
    called, seen = set(), set()
    for folder in map(pathlib.Path, sys.argv[1:]):
        for counts in sorted(folder.glob("*.gcda")):
            if counts.stem.endswith("_test"):
                continue
            for file, name, times in functions(counts):
                if file.startswith("hyp/") and file.endswith(".c"):
                    seen.add((file, name))
                    if times:
                        called.add((file, name))
    for file, name in sorted(seen - called):
        print(f"{file}: {name} is called by no test")
    print(f"{len(called)} of {len(seen)} functions called")
    return 0 if seen and called == seen else 1


if __name__ == "__main__":
    sys.exit(main())
