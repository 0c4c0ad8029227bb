#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the hypervisor's instructions for each operation, on Kanso and on Debian's Xen, in one run.

Both boot the same kernel (test/bench/guest) as dom0 on one CPU, with the instruction counter as the clock, so that
figures repeat exactly. Medians; loads and stores beside them.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys

ROWS = [  # id, name, how many operations one sample holds, what Kanso must reach (measures.md; None: not a row)
    (1, "null hypercall, xen_version(0)", 1, 60),
    (2, "xen_version(get_features)", 1, 200),
    (3, "multicall of 8 null calls", 1, 500),
    (4, "PSCI_VERSION by HVC", 1, 70),
    (5, "ID register trap", 1, 80),
    (6, "GICD_TYPER read", 1, 120),
    (8, "event send, port already pending", 1, 120),
    (7, "event to self, upcall, EOI", 1, 250),
    (9, "SGI to self, acknowledge, EOI", 1, 160),
    (10, "virtual timer, inject, EOI", 1, 180),
    (11, "WFI, block, timer, wake, inject", 1, 600),
    (12, "yield, nobody else runnable", 1, 80),
    (13, "switch, two vCPUs of one domain", 2, 500),
    (14, "switch, dom0 <-> domU", 2, 550),
    (15, "create a 16 MiB guest, zeroed", 1, 750000),
    (16, "destroy it", 1, None),
    (17, "switch, both use floating point", 2, None),
    (18, "grant map and unmap", 1, None),
    (19, "grant copy of a page", 1, None),
    (20, "event to blocked domain, same CPU", 1, 1000),
    (21, "populate 4 KiB", 1, None),
    (22, "populate 2 MiB", 1, None),
    (23, "console write of 64 bytes", 1, None),
    (24, "foreign map and unmap", 1, 300),
]
XEN_RANGE = (0x200000, 0x400000)
KANSO_RANGE = (0xE00000000000, 0xF00000000000)


def run(command, **more):
    return subprocess.run(command, check=True, **more)


def build(out):
    here = os.path.dirname(os.path.abspath(__file__))
    root = os.path.join(here, "..", "..")
    guest = os.path.join(here, "guest")
    run(["gcc", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o", f"{out}/count.so", f"{here}/count.c"])
    run(["aarch64-linux-gnu-gcc", "-std=gnu2x", "-O2", "-Wall", "-Wextra", "-ffreestanding", "-fpie",
         "-mgeneral-regs-only", "-mstrict-align", "-fno-stack-protector", "-nostdlib", "-static-pie",
         "-Wl,--no-dynamic-linker,--build-id=none,--no-warn-rwx-segments", f"-Wl,-T,{guest}/bench.lds", f"-I{root}",
         f"{guest}/start.S", *sorted(glob.glob(f"{guest}/*.c")), "-o", f"{out}/bench.elf"])
    run(["aarch64-linux-gnu-objcopy", "-O", "binary", f"{out}/bench.elf", f"{out}/bench.img"])


def measure(name, image, span, args, out):
    """One boot; returns {id: median (insns, loads, stores)}, the console's text, and the boot's instructions."""
    counts = f"{out}/{name}.counts"
    command = ["timeout", "120", args.qemu, "-M", f"virt,virtualization=on,gic-version={args.gic}", "-cpu", args.cpu,
               "-smp", "1", "-m", "1G", "-icount", "shift=0,sleep=off", "-display", "none", "-nodefaults",
               "-no-reboot", "-serial", "stdio", "-monitor", "none",
               "-plugin", f"{out}/count.so,lo={span[0]},hi={span[1]},out={counts}",
               "-kernel", image, "-append", "dom0_mem=64M dom0_max_vcpus=2 console=dtuart bootscrub=0",
               "-device", f"guest-loader,addr=0x50000000,kernel={out}/bench.img,"
                          f"bootargs=bench-gic={args.gic} bench-n={args.n}"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode("latin1")
    with open(f"{out}/{name}.log", "w", encoding="utf-8") as log:
        log.write(text)
    if "BENCH-DONE" not in text:
        print(f"bench: {name} did not finish: see {out}/{name}.log", file=sys.stderr)
    samples, boot = {}, None
    with open(counts, encoding="ascii") as lines:
        for line in lines:
            fields = line.split()
            if fields[0] == "sample" and len(fields) == 5:
                samples.setdefault(int(fields[1]), []).append(tuple(map(int, fields[2:])))
            elif fields[:2] == ["total", "0"]:
                boot = int(fields[2])
    pages = next((int(l.split("=")[1]) for l in text.splitlines() if l.startswith("create-pages=")), None)
    medians = {i: tuple(int(statistics.median_low(column)) for column in zip(*values))
               for i, values in samples.items()}
    return medians, boot, pages


def show(figure, divide):
    if figure is None:
        return "-", "-"
    insns, loads, stores = (value // divide for value in figure)
    return f"{insns:,}", f"{loads:,}/{stores:,}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kanso", default="build/arm64/kanso", help="the hypervisor's image")
    parser.add_argument("--xen", default="build/debian/arm64/boot/xen-4.17-arm64", help="Debian's Xen, or nothing")
    parser.add_argument("--gic", type=int, default=3, choices=(2, 3))
    parser.add_argument("--cpu", default="cortex-a57")
    parser.add_argument("-n", type=int, default=200, help="samples of each operation")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--out", default="build/bench")
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    build(args.out)
    figures = {}
    for name, image, span in (("kanso", args.kanso, KANSO_RANGE), ("xen", args.xen, XEN_RANGE)):
        if os.path.exists(image):
            figures[name] = measure(name, image, span, args, args.out)
        else:
            print(f"bench: no {image}: that column stays empty", file=sys.stderr)
            figures[name] = ({}, None, None)
    kanso, xen = figures["kanso"], figures["xen"]
    print(f"Instructions at EL2, median of {args.n}; {args.cpu}, GICv{args.gic}, one CPU, -icount shift=0")
    print(f"{'operation':36} {'Kanso':>10} {'ld/st':>13} {'Xen 4.17':>11} {'ld/st':>15} {'ratio':>6} {'goal':>9}")
    for i, name, divide, goal in ROWS:
        ours, theirs = kanso[0].get(i), xen[0].get(i)
        ratio = f"{ours[0] / theirs[0]:.2f}" if ours and theirs else "-"
        a, b = show(ours, divide), show(theirs, divide)
        print(f"{name:36} {a[0]:>10} {a[1]:>13} {b[0]:>11} {b[1]:>15} {ratio:>6} {goal or '':>9}")
    for name, index, goal in (("reset to dom0's first instruction", 1, 3000000), ("pages a 16 MiB guest costs", 2, 16)):
        ours, theirs = kanso[index], xen[index]
        ratio = f"{ours / theirs:.2f}" if ours and theirs else "-"
        print(f"{name:36} {ours if ours is not None else '-':>10} {'':>13} {theirs if theirs is not None else '-':>11}"
              f" {'':>15} {ratio:>6} {goal:>9}")
    return 0 if kanso[0] else 1


if __name__ == "__main__":
    sys.exit(main())
