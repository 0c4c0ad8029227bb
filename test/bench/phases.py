#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count what Kanso does between reset and dom0's first instruction, by phase, on machines of 1, 4, 16 and 64 GiB, beside all of
Xen's. The host gives memory only where it is touched. Everybody's instructions count: until its MMU is on the hypervisor has no
addresses of its own.

phases.py [GIB...]
"""
import os
import subprocess
import sys

import linux
import measure
import report
import where

GIBS = [1, 4, 16, 64]
PHASES = [  # from the first instruction on of a function that the compiler leaves in one piece
    (None, "reset: tables, MMU"), ("boot_map_fdt", "device tree, console"), ("map_bank", "linear map, frame table"),
    ("memory_print", "what there is, dom0's RAM, GIC, timers, scheduler"), ("boot_init_cpu", "this CPU, the others"),
    ("dom0_build", "dom0: its tree, its stage 2"), ("trap_start", "to dom0")]


def places(elf):
    """{name: address}, and the other way round, without what the compiler puts behind a name."""
    listed = [(name.split(".")[0], address) for address, name in zip(*where.functions(elf))]
    return dict(listed), {address: name for name, address in listed}


def by_phase(elf, path):
    """Instructions of each phase, in order."""
    at, end = {None: 0}, None
    names = places(elf)[1]
    for line in open(path, encoding="ascii"):
        word, which, count, *_ = line.split()
        if word == "phase":
            at[names[int(which, 16)]] = int(count)
        elif word == "total" and which == "0":
            end = int(count)
    begun = [at[name] for name, _ in PHASES] + [end]
    return [until - since for since, until in zip(begun, begun[1:])]


def to_linux(out, images, qemu=measure.QEMU):
    """Instructions from reset to the first of Debian's kernel in a dom0 of 1 GiB, {hypervisor: ...}, and the bytes of its modules."""
    modules = [linux.run.IMAGES / "vmlinuz", linux.run.IMAGES / "dom0.cpio.gz"]
    reached = {"modules": sum(path.stat().st_size for path in modules)}
    for name, image in images.items():
        stem = f"{out}/{name}-to-linux"
        command = ["timeout", "120", qemu, "-M", "virt,virtualization=on,gic-version=3", "-cpu", "cortex-a57", "-m", "2G", *measure.ONE_CPU,
                   "-display", "none", "-nodefaults", "-serial", "stdio", "-monitor", "none", "-kernel", str(image),
                   "-append", "dom0_mem=1024M dom0_max_vcpus=1 console=dtuart bootscrub=0",
                   "-device", f"guest-loader,addr={linux.run.KERNEL_ADDRESS:#x},kernel={modules[0]},bootargs=console=hvc0",
                   "-device", f"guest-loader,addr={linux.run.RAMDISK_ADDRESS:#x},initrd={modules[1]}",
                   *measure.plugin(qemu, out, name, f"{stem}.counts", ",until=linux")]
        with open(f"{stem}.log", "wb") as log:
            subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
        lines = [line.split() for line in open(f"{stem}.counts", encoding="ascii")]
        reached[name] = next((int(words[1]) for words in lines if words[0] == "linux"), None)
    return reached


def table(out, images, gibs=None, qemu=measure.QEMU):
    """What report.py prints, and each hypervisor's instructions for a further GiB of RAM: {name: ...}."""
    gibs = gibs or GIBS
    elf = f"{images['kanso']}.elf"
    at = places(elf)[0]
    marks = "".join(f",at={at[name]:#x}" for name, _ in PHASES if name)
    columns, whole = [], {name: [] for name in images}
    for gib in gibs:
        for name, image in images.items():
            found = measure.boot(name, image, out, qemu, n=0, gib=gib, more=marks if name == "kanso" else "")
            if not found:
                return None, {}
            whole[name].append(found.boot)
        columns.append(by_phase(elf, measure.counts_of(out, "kanso", gib=gib)))
    rows = list(zip([name for _, name in PHASES], zip(*columns))) + [(f"all, {name}", counts) for name, counts in whole.items()]
    lines = [[name, *(f"{n:,}" for n in counts), report.ratio_of(counts[-1], counts[0])] for name, counts in rows]
    return {"caption": "Boot, from reset to dom0's first instruction, by RAM; GICv3, cortex-a57, dom0 of 64 MiB, -icount shift=0",
            "head": ["", *(f"{gib} GiB" for gib in gibs), "last / first"], "rows": lines,
            "figures": dict(rows)}, {name: (counts[-1] - counts[0]) // (gibs[-1] - gibs[0]) for name, counts in whole.items()}


def main():
    """The table alone."""
    out = measure.ROOT / "build/bench"
    measure.build(out)
    images = {"kanso": os.environ.get("KANSO") or f"{measure.ROOT}/build/arm64/kanso", "xen": f"{measure.ROOT}/build/debian/arm64/boot/xen-4.17-arm64"}
    found, _ = table(out, {name: image for name, image in images.items() if os.path.exists(image)}, list(map(int, sys.argv[1:])))
    if found:
        print("\n".join(report.plain(found["caption"], found["head"], found["rows"])))
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(main())
