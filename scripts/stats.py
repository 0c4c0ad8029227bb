#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The figures of the house's first table, for us: `make stats`."""
import json
import pathlib
import re
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
IS_OTHER = re.compile(r"_(test|fuzz|host|x86|arm32)\.\w+$|_test\.h$")


def main():
    """Print one line a figure."""
    files = [p for p in sorted((ROOT / "hyp").glob("*/*.[chS]")) if not IS_OTHER.search(p.name)]
    names = [str(p.relative_to(ROOT)) for p in files]
    cloc = subprocess.run(["cloc", "--json", "--force-lang=Assembly,S", *names], cwd=ROOT, text=True,
                          capture_output=True, check=True)
    counted = json.loads(cloc.stdout)
    code = counted["SUM"]["code"]
    longest, conditionals, over = (0, ""), 0, 0
    for path in files:
        lines = path.read_text().split("\n")
        over += len(lines) - 1 > 1000
        # A header's guard is none
        conditionals += sum(bool(re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b(?! \w+_H$)", line)) for line in lines)
        start = None
        for number, line in enumerate(lines):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                longest = max(longest, (number - start - 1, f"{path.relative_to(ROOT)}:{start + 1}"))
                start = None
    headers = []
    for path in (ROOT / "build/arm64/hyp").glob("*/*.d"):
        words = path.read_text().replace("\\\n", " ").split(":")[1].split()
        if words and words[0].endswith(".c"):
            headers.append(sum(w.endswith(".h") and w.startswith(("hyp/", "abi/")) for w in words))
    image = ROOT / "build/arm64/kanso"
    rows = [
        ("lines of code at EL2 (cloc; C, assembly, headers)", f"{code:,}", "<= 25,000"),
        ("longest function (lines)", f"{longest[0]}  {longest[1]}", "80"),
        ("files over 1000 lines", over, "0"),
        ("#if per 1000 lines", f"{1000 * conditionals / max(code, 1):.1f}", "<= 2"),
        ("project headers a .c pulls in (median)", statistics.median(headers) if headers else "not built", "<= 30"),
        ("files, rooms", f"{len(files)}, {len({p.parent for p in files})}", ""),
        ("image (bytes)", f"{image.stat().st_size:,}" if image.exists() else "not built", "<= 358,400"),
    ]
    for name, value, goal in rows:
        print(f"{name:52} {value!s:40} {goal}")


if __name__ == "__main__":
    main()
