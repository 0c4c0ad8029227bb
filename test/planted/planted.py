#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do our tools find bugs? Each NN-name.patch beside this file plants one, of a class that past advisories speak of.

A patch begins with three lines: `class:` as in docs/security.md, `wrong:` what it plants, `tool:` the one that finds it, its
argument, and after => a pattern of what it then says. The bug is found when the tool fails and says so: a tree that does not
build, or that fails for another reason, is none. Each tool must pass on the tree as it is, and not say so there. Nothing
outside of build/planted is touched: base/ is a copy of the tree, NN/ one of it with a patch, objects and their times
included, so that a patch costs what it changes.

planted.py [NN...]: those patches, all without a number; exit 1 if one is missed or no longer applies. `--tool "NAME ARGUMENT"`
asks what another tool than their own says of them.
"""
import argparse
import concurrent.futures
import dataclasses
import hashlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "build/planted"
BASE = OUT / "base"
LIMIT_SECONDS = 600  # of one patch: build and tool
PASS_SECONDS, FUZZ_SECONDS = 30, 300  # of a fuzzer that is told when to end: without a patch, with one


@dataclasses.dataclass
class Tool:
    """How a tool is built and run on a tree; "{}" stands for its argument. objects: what is worth copying along."""
    build: str
    run: str
    objects: str
    seconds: int = LIMIT_SECONDS  # after which it hangs


TOOLS = {
    # a unit test of the hypervisor's under ASan and UBSan: room/file
    "unit": Tool("make ARCH=host build/host/hyp/{}_test", "build/host/hyp/{}_test", "build/host/hyp build/host/test build/host/.flags", 60),
    # a unit test of the tools'
    "tools-unit": Tool("make build/host/tools/{}_test", "build/host/tools/{}_test", "build/host/tools", 60),
    # a fuzzer of the tools': room/file
    "tools-fuzz": Tool("make build/host/tools-fuzz/{}_fuzz",
                       "build/host/tools-fuzz/{}_fuzz -seed=1 -max_total_time={seconds} -timeout=10", "build/host/tools-fuzz"),
    # the hypervisor as a process: seeded calls of hostile domains
    "hypercalls": Tool("make build/fuzz/hypercalls", "build/fuzz/hypercalls --seed 1 --calls 1000000", "build/fuzz"),
    # each allocation, copy and map of it fails once
    "faults": Tool("make build/fuzz/faults", "build/fuzz/faults", "build/fuzz"),
    # its CPUs preempted at any step, under TSan; three seeds, as one may miss what the next finds at once
    "races": Tool("make build/fuzz/races", "env TSAN_OPTIONS=suppressions=test/fuzz/tsan.supp:halt_on_error=1 "
                  "sh -c 'for seed in 1 2 3; do build/fuzz/races --seed $seed --calls 100000 --cpus 3 || exit 1; done'", "build/fuzz"),
    # a unit test of the hypervisor's with threads, under TSan: room/file
    "tsan": Tool("make ARCH=host OUT=build/host-tsan 'FLAGS_host=-O1 -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan' "
                 "build/host-tsan/hyp/{}_test", "build/host-tsan/hyp/{}_test", "build/host-tsan", 120),
    # the specification, asked in the image of DEBUG=1 while guests live and die
    "image": Tool("make DEBUG=1 all dom0 guests tools", "env JOBS=1 GIC=3 KANSO=build/arm64-debug/kanso test/sys/run.py test 35_specification",
                  "build/arm64-debug build/arm64/dom0.cpio.gz build/arm64/vmlinuz build/arm64/guest.cpio.gz build/arm64/guest build/arm64/tools"),
    # a part of make lint
    "lint": Tool("true", "scripts/lint.py {}", "build/lint build/arm64/hyp build/arm64/tools"),
}


@dataclasses.dataclass
class Patch:
    """One planted bug."""
    path: pathlib.Path
    number: str
    of: str
    wrong: str
    tool: str
    argument: str
    pattern: str


def read_patch(path):
    """The patch with its three lines understood."""
    text = path.read_text(encoding="utf-8")
    found = re.match(r"class: (.+)\nwrong: (.+)\ntool: (\S+) ?(.*?) => (.+)\n", text)
    if not found or found[3] not in TOOLS:
        raise SystemExit(f"{path.name}: no three lines class:, wrong:, tool: NAME ARGUMENT => PATTERN at the top")
    return Patch(path, path.name.split("-")[0], *found.groups())


def run(command, tree, seconds):
    """(status, output) of a command in a tree; 124 when it takes too long."""
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "P")}
    try:
        done = subprocess.run(shlex.split(command), cwd=tree, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=max(seconds, 1), check=False)
        return done.returncode, done.stdout.decode("utf-8", "replace")
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode("utf-8", "replace") + f"\nhangs: more than {seconds:.0f} s\n"


def sync_base():
    """Makes base/ the tree's files as they are, untouched ones with their times; returns a hash of all of them."""
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    names = sorted(n for n in names.decode().split("\0") if n and (ROOT / n).is_file() and not n.startswith("test/planted/"))
    BASE.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    for name in names:
        content = (ROOT / name).read_bytes()
        digest.update(name.encode() + b"\0" + content)
        copy = BASE / name
        new = not copy.is_file()
        if new or copy.read_bytes() != content:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy)
            if not new:  # what was built here may be younger than ROOT's
                os.utime(copy)
    # Of its own, so that the rules which ask git see this tree
    subprocess.run("[ -e .git ] || git init -q; git add -A", shell=True, cwd=BASE, check=True, capture_output=True)
    known = subprocess.run(["git", "ls-files", "-z"], cwd=BASE, capture_output=True, check=True).stdout.decode().split("\0")
    for gone in set(known) - set(names) - {""}:
        (BASE / gone).unlink(missing_ok=True)
    (BASE / "build").mkdir(exist_ok=True)
    if not (BASE / "build/debian").exists():
        (BASE / "build/debian").symlink_to(ROOT / "build/debian")
    return digest.hexdigest()


def copy_objects(objects, origin, tree):
    """What was built, with its times; nothing that is there already."""
    for name in objects.split():
        if (origin / name).exists() and not (tree / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", "--reflink=auto", origin / name, tree / name], check=True)


def passes(tool, argument, state):
    """What a tool says as it passes in base/, built and run once for each state of the tree; else None, and why is printed."""
    stamp = OUT / "passed" / hashlib.sha256(f"{tool} {argument} {TOOLS[tool]} {state}".encode()).hexdigest()
    copy_objects(TOOLS[tool].objects, ROOT, BASE)
    status, said = run(TOOLS[tool].build.format(argument), BASE, LIMIT_SECONDS)
    if status == 0 and not stamp.exists():
        status, said = run(TOOLS[tool].run.format(argument, seconds=PASS_SECONDS), BASE, LIMIT_SECONDS)
    if status == 0:
        stamp.parent.mkdir(exist_ok=True)
        if not stamp.exists():
            stamp.write_text(said, encoding="utf-8")
        return stamp.read_text(encoding="utf-8")
    print(f"planted: {tool} {argument} does not pass without a patch (status {status}):\n{said[-2000:]}", flush=True)
    return None


def try_patch(patch):
    """(verdict, line that gives it away, seconds)."""
    began = time.monotonic()
    tool = TOOLS[patch.tool]
    tree = OUT / patch.number
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(BASE, tree, symlinks=True, ignore=lambda where, names: {"build"} & set(names) if where == str(BASE) else ())
    (tree / "build").mkdir()
    (tree / "build/debian").symlink_to(ROOT / "build/debian")
    copy_objects(tool.objects, BASE, tree)
    verdict, line = "missed", ""
    status, said = run(f"git apply {patch.path}", tree, 60)
    if status:
        verdict = "does not apply"
    else:
        status, said = run(tool.build.format(patch.argument), tree, LIMIT_SECONDS)
        if status:
            verdict = "does not build"
        else:
            status, said = run(tool.run.format(patch.argument, seconds=FUZZ_SECONDS), tree, min(tool.seconds, LIMIT_SECONDS - (time.monotonic() - began)))
            found = re.search(rf".*(?:{patch.pattern}).*", said)
            if status and found:
                verdict, line = "found", found[0].strip()
            elif status:
                verdict = "fails otherwise"
    (OUT / f"{patch.number}.log").write_text(said, encoding="utf-8")
    shutil.rmtree(tree, ignore_errors=True)
    return verdict, line, time.monotonic() - began


def main():
    """Tries the patches; a table, and a line that counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("numbers", nargs="*")
    parser.add_argument("--tool")
    options = parser.parse_args()
    patches = [read_patch(p) for p in sorted(HERE.glob("[0-9][0-9]-*.patch"))]
    unknown = set(options.numbers) - {p.number for p in patches}
    if unknown:
        raise SystemExit(f"planted: no patch {' '.join(sorted(unknown))}")
    patches = [p for p in patches if not options.numbers or p.number in options.numbers]
    for patch in patches if options.tool else ():
        patch.tool, _, patch.argument = options.tool.partition(" ")
        patch.pattern = "."
    state = sync_base()
    good = True
    for tool, argument in sorted({(p.tool, p.argument) for p in patches}):
        said = passes(tool, argument, state)
        good = good and said is not None
        for patch in patches if said is not None and not options.tool else ():
            if (patch.tool, patch.argument) == (tool, argument) and re.search(patch.pattern, said):
                print(f"planted: {patch.path.name}: its pattern is said without the patch too")
                good = False
    if not good:
        return 1
    nr_found = 0
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", 0)) or os.cpu_count()) as pool:
        for patch, (verdict, line, seconds) in zip(patches, pool.map(try_patch, patches)):
            nr_found += verdict == "found"
            print(f"  {patch.path.stem:34.34} {patch.tool} {patch.argument:24.24} {verdict:15} {seconds:4.0f} s  {line:.90}", flush=True)
    print(f"planted: {nr_found} found, {len(patches) - nr_found} missed")
    return 0 if nr_found == len(patches) else 1


if __name__ == "__main__":
    sys.exit(main())
