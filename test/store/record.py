#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Records what xl says to Debian's store daemon: record.py OUT.trace.gz [debian|xl]. Boots dom0 in QEMU with
record.sh and Debian's xl, or ours; XEN=debian takes Debian's hypervisor. The traces in this folder were made by it."""
import base64
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test/sys"))
import run  # noqa: E402


def main():
    """Boot, read the tape from the console, write it."""
    script = ROOT / "test/store/record.sh"
    where = ROOT / "build/test/record"
    where.mkdir(parents=True, exist_ok=True)
    program = where / "record"
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-static", "-o", program, ROOT / "test/store/record.c"], check=True)
    files = {**run.scenario_files(script), "test/record": (0o100755, program.read_bytes())}
    ramdisk = run.make_ramdisk(where, files)
    needs = run.needs_of(script)
    log = where / "console.log"
    words = f"kanso.test=/test/run.sh kanso.tools={sys.argv[2] if len(sys.argv) > 2 else 'debian'} kanso.gic=3 kanso.seed=1"
    ok, why = run.Run(run.machine("3", needs, ramdisk, words, where), log,
                      int(needs["timeout"]) * float(os.environ.get("SLOW", "1"))).go()
    ramdisk.unlink()
    print(why)
    lines = [line.split("@@64 ", 1)[1] for line in log.read_text().splitlines() if "@@64 " in line]
    pathlib.Path(sys.argv[1]).write_bytes(base64.b64decode("".join(lines)))
    return 0 if ok and lines else 1


if __name__ == "__main__":
    sys.exit(main())
