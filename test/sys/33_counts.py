#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 33. No operation takes more than 2 % more instructions at EL2 than test/bench/counts.tsv says. Skipped, with a sentence, for an
#     image that is no release build by the file's compiler, and for a QEMU that cannot count
# needs: timeout=120 once
"""33_counts.py GIC WHERE: the last line is the verdict (test/bench/guard.py)."""
import os
import pathlib
import subprocess
import sys

GUARD = pathlib.Path(__file__).resolve().parents[1] / "bench/guard.py"


def main():
    """Kanso's counts alone: Xen does not change."""
    if os.environ.get("XEN"):
        print("skipped: the counts are Kanso's")
        return 0
    return subprocess.run([sys.executable, GUARD, sys.argv[2]], stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
