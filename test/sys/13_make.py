#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 13. make without network, without root, with a wrong QEMU: a sentence that says what to do
# needs: timeout=120 once
"""13_make.py GIC WHERE: the last line is the verdict. Each case runs in a copy of the sources, without build/."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOBODY = 65534
LACKING = "aarch64-linux-gnu-gcc"


def fake_qemu(folder, version):
    """A qemu-system-aarch64 that only knows its version."""
    qemu = folder / "qemu-system-aarch64"
    qemu.write_text(f"#!/bin/sh\necho '{version}'\n")
    qemu.chmod(0o755)


def path_without(folder, command):
    """A folder with every command of PATH but one."""
    for place in [*os.environ["PATH"].split(":"), "/usr/sbin", "/sbin"]:
        for program in pathlib.Path(place).glob("*") if os.path.isdir(place) else []:
            if program.name not in (command, "sudo") and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return str(folder)


def run(command, tree, **environment):
    """Status, and what it said. What an earlier case left is gone."""
    shutil.rmtree(tree / "build", ignore_errors=True)
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "KANSO", "XEN", "TOOL"))}
    done = subprocess.run(command, cwd=tree, env={**clean, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, timeout=100)
    return done.returncode, done.stdout


def cases(tree, scratch):
    """name, status and words, what must be said"""
    # A network of its own has no way out
    alone = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    yield "no network", run([*alone, "make", "dom0"], tree), ["debs: cannot get", "needs the network once"]
    lacking = scratch / "lacking"
    lacking.mkdir()
    drop = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"] if os.geteuid() == 0 else []
    yield ("no root", run([*drop, "make"], tree, PATH=path_without(lacking, LACKING)),
           ["deps: as root, run: apt-get install", "gcc-aarch64-linux-gnu"])
    folder = scratch / "7.2"
    folder.mkdir()
    fake_qemu(folder, "QEMU emulator version 7.2.22 (Debian)")
    yield ("no network for a newer QEMU", run([*alone, "scripts/qemu.sh", "build/qemu"], tree, PATH=f"{folder}:{os.environ['PATH']}"),
           ["debs: cannot get", "qemu-system-arm", "needs the network once"])
    for name, version, said in (
            ("old QEMU", "QEMU emulator version 6.2.0 (Debian 1:6.2+dfsg-3)", ["QEMU 6.2 is too old", "install"]),
            ("no QEMU's version", "oops", ["qemu-system-aarch64 --version", "install"])):
        folder = scratch / version[-6:].strip(")")
        folder.mkdir()
        fake_qemu(folder, version)
        yield name, run(["make", "deps-run"], tree, PATH=f"{folder}:{os.environ['PATH']}"), said


def main():
    """Every case; each must fail with its sentence."""
    where = pathlib.Path(sys.argv[2])
    wrong, count = [], 0
    with tempfile.TemporaryDirectory() as name, open(where / "console.log", "w", encoding="utf-8") as log:
        scratch = pathlib.Path(name)
        scratch.chmod(0o755)
        tree = scratch / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns("build", ".git"), symlinks=True)
        for path in [tree, *tree.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o666 | (0o111 if path.is_dir() else 0))
        for case, (status, text), said in cases(tree, scratch):
            log.write(f"--- {case}: status {status}\n{text}\n")
            count += 1
            lacks = [words for words in said if words not in text]
            why = f"{case}: status 0" if status == 0 else f"{case}: does not say '{lacks[0]}'" if lacks else None
            print(f"{'FAILED  ' if why else 'ok      '} {why or case}", flush=True)
            wrong += [why] if why else []
    print(f"{len(wrong)} of {count}: {wrong[0]}" if wrong else f"{count} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
