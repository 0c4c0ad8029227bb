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


def tool_rows():
    """The same figures for the tools, by program and room."""
    files = [p for p in sorted((ROOT / "tools").glob("*/*.[ch]")) if not IS_OTHER.search(p.name)]
    if not files:
        return
    cloc = subprocess.run(["cloc", "--json", "--by-file", *map(str, files)], cwd=ROOT, text=True, capture_output=True,
                          check=True)
    counted = {pathlib.Path(k): v["code"] for k, v in json.loads(cloc.stdout).items() if k not in ("header", "SUM")}
    longest, over = (0, ""), 0
    for path in files:
        lines = path.read_text().split("\n")
        over += len(lines) - 1 > 500
        start = None
        for number, line in enumerate(lines):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                longest = max(longest, (number - start - 1, f"{path.relative_to(ROOT)}:{start + 1}"))
                start = None
    yield "tools: lines of code (cloc; C, headers)", f"{sum(counted.values()):,}", ""
    rooms = sorted({p.parent for p in files})
    yield "tools: ... by room", " ".join(f"{r.name} {sum(n for p, n in counted.items() if p.parent == r):,}" for r in rooms), ""
    yield "tools: longest function (lines)", f"{longest[0]}  {longest[1]}", "80"
    yield "tools: files over 500 lines", over, "0"
    for program in sorted((ROOT / "build/arm64/tools/bin").glob("*")):
        stripped = ROOT / "build/arm64/tools" / (program.name + ".stripped")
        subprocess.run(["aarch64-linux-gnu-strip", "-o", stripped, program], check=True)
        yield f"tools: {program.name} (bytes, static, stripped)", f"{stripped.stat().st_size:,}", ""


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
    for name, value, goal in [*rows, *tool_rows()]:
        print(f"{name:52} {value!s:40} {goal}")


if __name__ == "__main__":
    main()
