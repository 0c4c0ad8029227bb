#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 20. A corner of the square: our own tools drive guests on this hypervisor; the life cycle, and all rows when this scenario is
#     named. All four corners are `make test-square`
# needs: timeout=200 whole=600
"""20_square.py GIC WHERE: the last line is the verdict."""
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    """One corner."""
    gic, where = sys.argv[1], pathlib.Path(sys.argv[2])
    corner = ("xen" if os.environ.get("XEN") == "debian" else "kanso") + "+own"
    groups = [] if os.environ.get("WHOLE") == "1" else ["life"]
    out = subprocess.run([sys.executable, HERE / "square.py", "-c", corner, "-g", gic, "-o", where / "square.tsv", *groups],
                         text=True, capture_output=True, check=False, env={**os.environ, "JOBS": "1"})
    print(out.stdout + out.stderr)
    found = re.findall(r"^square: (\d+ ok, .*);", out.stdout, re.M)
    failed = re.findall(rf"^  {re.escape(corner)} gicv\d: (.*)", out.stdout, re.M)
    print((found or ["no verdict"])[-1] + (f"; first: {failed[0]}" if failed else ""))
    return out.returncode


if __name__ == "__main__":
    sys.exit(main())
