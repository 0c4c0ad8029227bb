#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 12. Boot matrix: CPU models x 1 to 8 CPUs x 512 MiB to 16 GiB x RAM in one and in two banks, each with a dom0 that
#     tries all it was given (test/boot). MATRIX=pairs boots a set in
#     which each pair of values occurs, MATRIX=all every combination
# needs: timeout=400
"""12_matrix.py GIC WHERE: the last line is the verdict; console.log in WHERE has all boots."""
import gzip
import itertools
import os
import pathlib
import random
import sys

import boot

MODELS = ("cortex-a57", "cortex-a72", "cortex-a76", "max")
CPUS = (1, 2, 3, 4, 5, 6, 7, 8)
MEMORY = (512, 1024, 2048, 4096, 8192, 16384)
BANKS = (1, 2)
HOLE = 64 << 20
RAM = 0x40000000


def pairwise(values, seed):
    """Rows in which each pair of values of two columns occurs, found greedily."""
    chance = random.Random(seed)
    left = {((i, a), (j, b)) for i, j in itertools.combinations(range(len(values)), 2)
            for a in values[i] for b in values[j]}
    everything = list(itertools.product(*values))

    def gain(row):
        return sum(pair in left for pair in itertools.combinations(enumerate(row), 2))

    while left:
        row = max(chance.sample(everything, min(200, len(everything))), key=gain)
        if gain(row):
            left -= set(itertools.combinations(enumerate(row), 2))
            yield row


def two_banks(memory):
    """The lower three quarters of RAM, and the rest behind a hole."""
    size = memory << 20
    first = size // 4 * 3
    return [(RAM, first), (RAM + first + HOLE, size - first - HOLE)]


def try_one(where, gic, model, cpus, memory, banks):
    """None, or what went wrong."""
    m = boot.Machine(where, gic=gic, cpu=model, cpus=cpus, memory=memory)
    if banks == 2:
        m.banks = two_banks(memory)
        m.kernel = m.where / "probe.gz"  # packed, for once
        m.kernel.write_bytes(gzip.compress(boot.PROBE.read_bytes()))
    # So much that dom0 lies in both banks; the frame table and the hypervisor need the rest
    dom0 = memory // 8 * 7 - 64 if memory <= 1024 else memory // 8 * 7
    m.options = f"dom0_mem={dom0}M console=dtuart"
    m.ramdisk = m.where / "ramdisk"
    m.ramdisk.write_bytes(bytes(100000))
    wanted = f"@@PROBE gic {gic} cpus {cpus} memory {dom0} ramdisk 100000 failed 0"
    lines = m.boot(r"machine follows|halting machine|@@PROBE-FAIL|error: ", 60)
    if wanted in lines:
        return None
    bad = [line for line in lines if "@@PROBE" in line or "error" in line or "panic" in line]
    return f"wanted '{wanted}', found '{(bad or lines[-1:] or ['nothing'])[0]}'"


def main():
    """The rows, one after the other."""
    gic, where = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    boot.build(boot.PROBE)
    (where / "console.log").unlink(missing_ok=True)
    values = (MODELS, CPUS, MEMORY, BANKS)
    few = [  # for each push; both ends of every column, both banks with every model
        ("cortex-a57", 1, 512, 2), ("cortex-a57", 8, 16384, 1), ("cortex-a72", 8, 512, 1), ("cortex-a72", 3, 4096, 2),
        ("cortex-a76", 1, 16384, 2), ("cortex-a76", 4, 1024, 1), ("max", 8, 8192, 2), ("max", 2, 2048, 1)]
    rows = {"all": lambda: list(itertools.product(*values)), "pairs": lambda: list(pairwise(values, gic)),
            "few": lambda: few}[os.environ.get("MATRIX", "few")]()
    wrong = []
    for number, row in enumerate(rows, 1):
        why = try_one(where, gic, *row)
        name = "{} x{} {} MiB in {}".format(*row)
        print(f"{'FAILED  ' if why else 'ok      '} {number}/{len(rows)} {name} {why or ''}", flush=True)
        wrong += [f"{name}: {why}"] if why else []
    print(f"{len(wrong)} of {len(rows)}: {wrong[0]}" if wrong else f"{len(rows)} machines")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
