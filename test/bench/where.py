#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Where a row's instructions lie: the functions that one sample of it runs through, in order and in sum, of each CPU.

where.py ROW [GIC [CPU]]   ROW is an id of rows.py, or a part of a name
where.py create N          in sum only: of create.py, N the row's mark (16: Debian's kernel)
"""
import bisect
import collections
import os
import pathlib
import subprocess
import sys

import bench
import create
import linux
import measure
import rows


def functions(elf):
    """Names by address: (addresses, names)."""
    listed = subprocess.run(["aarch64-linux-gnu-nm", "-n", elf], stdout=subprocess.PIPE, text=True, check=True).stdout
    code = [(int(w[0], 16), w[2]) for w in map(str.split, listed.splitlines()) if len(w) == 3 and w[1] in "tTwW"]
    return [a for a, _ in code], [name for _, name in code]


def blocks(path):
    """(address, instructions, CPU) of each block that the sample executed."""
    for line in pathlib.Path(path).read_text(encoding="ascii").splitlines():
        if line.startswith("block "):
            _, address, insns, cpu = line.split()
            yield int(address, 16), int(insns), int(cpu)


def ran(path, mark):
    """(address, instructions) of each block that ran before checkpoint mark and after the last one."""
    for line in pathlib.Path(path).read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[0] == "ran" and int(words[1]) == mark:
            yield int(words[2], 16), int(words[3])


def where_create(mark):
    """One create, profiled in Debian's dom0."""
    out = measure.ROOT / "build/bench/where"
    measure.build(out)
    if linux.boot("kanso+own", measure.HERE / "create.sh", linux.programs(out, create.MARKS), out, options=",profile=on") is None:
        return 1
    addresses, names = functions(measure.ROOT / "build/arm64/kanso.elf")
    total = collections.Counter()
    for address, insns in ran(out / "create-kanso+own/counts", mark + 1):
        total[names[bisect.bisect_right(addresses, address) - 1]] += insns
    print(f"create, mark {mark}: {sum(total.values()):,} instructions")
    for name, insns in total.most_common(40):
        print(f"{insns:12,} {name}")
    return 0


def main():
    """One boot."""
    if sys.argv[1:2] == ["create"] and sys.argv[2:3] and sys.argv[2].isdigit():
        return where_create(int(sys.argv[2]))
    if len(sys.argv) < 2 or sys.argv[1] == "create":
        sys.exit(__doc__)
    every = rows.ROWS + rows.SEVERAL
    found = [r for r in every if sys.argv[1] in (str(r.id), r.name)] or [r for r in every if sys.argv[1] in r.name]
    if not found:
        sys.exit(f"where.py: no row '{sys.argv[1]}' in test/bench/rows.py")
    several = found[0] in rows.SEVERAL
    gic, cpu = int((sys.argv[2:] or ["3"])[0]), (sys.argv[3:] or ["cortex-a57"])[0]
    image = pathlib.Path(os.environ.get("KANSO") or measure.ROOT / "build/arm64/kanso")
    out = measure.ROOT / "build/bench/where"
    measure.build(out)
    qemu = os.environ.get("QEMU") or (measure.ROOT / bench.SEVERAL_QEMU if several else measure.QEMU)
    measure.boot("kanso", image, out, str(qemu), gic=gic, cpu=cpu, n=8, several=several, more=f",where={found[0].id}")
    addresses, names = functions(image.with_name(image.name + ".elf"))
    total, paths = collections.Counter(), collections.defaultdict(list)
    for address, insns, on in blocks(measure.stem_of(out, "kanso", gic, cpu, several=several) + ".counts"):
        name = names[bisect.bisect_right(addresses, address) - 1]
        total[name] += insns
        if not paths[on] or paths[on][-1][0] != name:
            paths[on].append([name, 0])
        paths[on][-1][1] += insns
    print(f"{found[0].name}: {sum(total.values())} instructions, of {found[0].per} operations")
    for on, path in sorted(paths.items()):
        print(f"CPU {on}, {sum(insns for _, insns in path)}: " + " > ".join(f"{name} {insns}" for name, insns in path[:200]))
    for name, insns in total.most_common():
        print(f"{insns:8} {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
