#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The static analysers behind `make lint`: clang-tidy, gcc -fanalyzer, cppcheck, sparse, clang's
thread safety, over hyp/ and tools/.

What an analyser says of a file is a finding, unless analysers.tsv (analyser, file, pattern of the words, the reason)
excuses it; an excuse that nothing needs is a finding, too. A file without findings is not looked at again before it, a
header of it or the rules change: the stamps are under build/lint.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[1]
OBJECTS = ROOT / "build/arm64"
EXCUSES = ROOT / "scripts/analysers.tsv"
# Other machines' files, and tests
LEFT_OUT = re.compile(r"_(test|fuzz|host|arm32|x86)\.c$")
HYP = ["-std=gnu2x", "-ffreestanding", "-Ihyp", "-I.", '-DARCH_H="cpu/arch_arm64.h"', "-isystem", "build/debian/fdt/usr/include"]
TOOLS = ["-std=gnu2x", "-D_GNU_SOURCE", "-Itools", "-I.", "-isystem", "build/debian/toolslib/usr/include",
         "-isystem", "/usr/aarch64-linux-gnu/include"]
WARNINGS = ["-Wall", "-Wextra", "-Wno-unused-parameter"]
GCC = "aarch64-linux-gnu-gcc"


def flags_of(path):
    """How the file is compiled."""
    return HYP if path.startswith("hyp/") else TOOLS


def run(command, text=None):
    """Its status, and all that it says."""
    done = subprocess.run(command, cwd=ROOT, text=True, input=text, capture_output=True, check=False)
    return done.returncode, done.stdout + done.stderr


def tidy(path):
    """.clang-tidy decides."""
    return run(["clang-tidy", "--quiet", path, "--", "--target=aarch64-linux-gnu", "-mgeneral-regs-only", "-DDEBUG=0",
                *flags_of(path), *WARNINGS])


def analyzer(path):
    """gcc's walk along paths; in the debug build, where an assertion says what holds."""
    return run([GCC, "-O1", "-mgeneral-regs-only" if path.startswith("hyp/") else "-fPIC", "-DDEBUG=1", *flags_of(path),
                "-fanalyzer", "-fdiagnostics-plain-output", "-S", "-o", os.devnull, path])


def cppcheck(path):
    """cppcheck, one file at a time."""
    flags = [f for f in flags_of(path) if f.startswith(("-I", "-D"))]
    return run(["cppcheck", "-q", "--std=c11", "--enable=warning,performance,portability", "--template={file}:{line}: warning: {message} [{id}]",
                "--suppress=missingIncludeSystem", "-DDEBUG=0", *flags, path])


def origins(text):
    """For each line of preprocessed text where it comes from."""
    path, number = "", 0
    for line in text.splitlines():
        marker = re.match(r'# (\d+) "([^"]*)"', line)
        if marker:
            number, path = int(marker[1]) - 1, marker[2]
        else:
            number += 1
        yield f"{path}:{number}"


def sparse(path):
    """Types that C does not tell apart, guest memory before all (`__guest`). Sparse reads neither [[attributes]] nor the
    preprocessor's line numbers: the former go first, the latter are put back."""
    status, text = run([GCC, "-E", "-D__CHECKER__", "-DDEBUG=0", *flags_of(path), path])
    if status:
        return status, text
    where = list(origins(text))
    text = re.sub(r"^# .*|\[\[[a-z_:]+\]\]", "", text, flags=re.M)
    _, said = run(["sparse", "-std=gnu17", "-Wall", "-Wno-decl", "-m64", "--arch=arm64", "-ffreestanding", "-"], text)
    return 0, re.sub(r"^-:(\d+):\d+", lambda found: where[int(found[1]) - 1], said, flags=re.M)


def guards(path):
    """What is guarded by a lock (hyp/sync/guarded.h) is touched under it, and who takes one gives it back. A clang that knows members
    in C."""
    return run(["clang-22", "--target=aarch64-linux-gnu", "-mgeneral-regs-only", "-DDEBUG=1", *flags_of(path), "-fsyntax-only", "-Wthread-safety",
                "-Wthread-safety-beta", "-fexperimental-late-parse-attributes", path])


LOCKS_THEMSELVES = ("hyp/sync/spinlock.c", "hyp/sync/rwlock.c")
ANALYSERS = {
    "tidy": (tidy, lambda p: True),
    "analyzer": (analyzer, lambda p: True),
    "cppcheck": (cppcheck, lambda p: True),
    "sparse": (sparse, lambda p: p.startswith("hyp/")),
    "guards": (guards, lambda p: p.startswith("hyp/") and p not in LOCKS_THEMSELVES),
}


def depends(path):
    """The file and its headers of the project, as the compiler saw them."""
    d = (OBJECTS / path).with_suffix(".d")
    headers = d.read_text(encoding="utf-8").replace("\\\n", " ").split() if d.exists() else []
    return [ROOT / path, ROOT / ".clang-tidy", pathlib.Path(__file__), EXCUSES, *(ROOT / w for w in headers if w.endswith(".h"))]


def excuses(name):
    """(file, pattern, number of the line) of an analyser."""
    for number, line in enumerate(EXCUSES.read_text(encoding="utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            who, path, pattern, _ = line.split("\t")
            if who == name:
                yield path, re.compile(pattern), number


def look(name, path, excused):
    """(findings, lines of excuses used) of one file; no findings are remembered."""
    stamp = ROOT / "build/lint" / f"{path}.{name}"
    if stamp.exists() and all(p.exists() and p.stat().st_mtime < stamp.stat().st_mtime for p in depends(path)):
        return [], set(map(int, stamp.read_text(encoding="ascii").split()))
    status, said = ANALYSERS[name][0](path)
    found, used = [], set()
    for line in said.replace(f"{ROOT}/", "").splitlines():
        if not re.search(r":\d+: (error|warning):", line):
            continue
        numbers = {n for p, pattern, n in excused if line.startswith(f"{p}:") and pattern.search(line)}
        used |= numbers
        if not numbers:
            found.append(line)
    if status and not found and not used:
        found = [f"{path}: {name}: status {status}: {said.strip()[-200:]}"]
    if not found:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(" ".join(map(str, used)), encoding="ascii")
    return found, used


def check(name, paths):
    """The findings of one analyser."""
    excused, used = list(excuses(name)), set()
    todo = [p for p in paths if not LEFT_OUT.search(p) and ANALYSERS[name][1](p)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for found, numbers in pool.map(lambda p: look(name, p, excused), todo):
            used |= numbers
            yield from found
    for path, _, number in excused:
        if number not in used:
            yield f"{EXCUSES.relative_to(ROOT)}:{number}: {name} no longer says that of {path}"
