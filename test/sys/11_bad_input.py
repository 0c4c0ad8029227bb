#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 11. Bad input: one line on the console says what is wrong and where, then the machine halts; an unknown option is only
#     warned about
# needs: timeout=300
"""11_bad_input.py GIC WHERE [CASE...]: the last line is the verdict; console.log in WHERE has all boots."""
import gzip
import pathlib
import re
import sys

import boot

ERROR = r"^kanso: error: "
HALTED = r"kanso: error: .*\n|@@PROBE"  # then silence


def text_as_kernel(m):
    """A text file."""
    m.kernel = m.where / "text"
    m.kernel.write_text("This is no kernel. " * 100)


def zboot_as_kernel(m):
    """What newer Debians call vmlinuz: PE, "zimg", payload's offset and size, its packing."""
    m.kernel = m.where / "zboot"
    m.kernel.write_bytes(b"MZ\0\0zimg" + bytes(16) + b"gzip" + bytes(4096))


def broken_gzip(m):
    """A bit of the packed file has turned."""
    data = bytearray(gzip.compress(boot.PROBE.read_bytes()))
    data[len(data) // 2] ^= 4
    m.kernel = m.where / "broken.gz"
    m.kernel.write_bytes(data)


def kernel_at(address):
    """The kernel's module where it may not be; QEMU need not load it there."""
    def change(m):
        m.edit("-tx", f"/chosen/module-kernel@{boot.KERNEL:x}", "reg", "0", f"{address:x}", "0", "4000")
    return change


def second_kernel(m):
    """Two modules of one kind."""
    node = "/chosen/module-other@56000000"
    m.edit("-c", node)
    m.edit("-ts", node, "compatible", "multiboot,kernel", "multiboot,module")
    m.edit("-tx", node, "reg", "0", "56000000", "0", "1000")


def overlap(m):
    """The ramdisk begins in the kernel."""
    node = "/chosen/module-ramdisk@50001000"
    m.edit("-c", node)
    m.edit("-ts", node, "compatible", "multiboot,ramdisk", "multiboot,module")
    m.edit("-tx", node, "reg", "0", "50001000", "0", "8000")


def no_kernel(m):
    """No module at all."""
    m.kernel = None


def options(text):
    """Other boot options."""
    def change(m):
        m.options = text
    return change


def remove(*nodes):
    """The tree without these nodes."""
    def change(m):
        for node in nodes:
            m.edit("-r", node)
    return change


def no_memory(m):
    """No memory node."""
    m.banks = []


def no_tree(m):
    """x0 points at something else."""
    m.raw_tree = b"\0" * 4096


def huge_tree(m):
    """A tree that claims more than is mapped for it."""
    m.raw_tree = bytes.fromhex("d00dfeed") + (64 << 20).to_bytes(4, "big") + b"\0" * 4088


GIC_NODE = "/intc@8000000"
CASES = [  # name, what is wrong, the line (after "kanso: error: ")
    ("no modules", no_kernel, r"no kernel.*/chosen"),
    ("kernel is text", text_as_kernel, r"kernel at 0x50000000 .*Image"),
    ("kernel is an EFI zboot image", zboot_as_kernel, r"kernel at 0x50000000 .*zboot"),
    ("kernel is a broken gzip file", broken_gzip, r"kernel at 0x50000000 .*gzip"),
    ("two kernels", second_kernel, r"module-kernel@50000000 at 0x50000000: a second kernel, the first is at 0x56000000"),
    ("modules overlap", overlap, r"0x50001000.*overlaps .*0x50000000"),
    ("kernel over the device tree", kernel_at(boot.TREE + 0x1000), r"0x48001000.*overlaps the device tree at 0x48000000"),
    ("kernel over the hypervisor", kernel_at(boot.IMAGE + 0x10000), r"0x40210000.*overlaps"),
    ("kernel outside RAM", kernel_at(0x20000000), r"0x20000000.*not in RAM"),
    ("kernel at the end of RAM", kernel_at(0x7fffe000), r"0x7fffe000.*not in RAM"),
    ("dom0_mem too large", options("dom0_mem=4096M console=dtuart"), r"dom0_mem=4096M is too large: \d+M"),
    ("dom0_mem too small", options("dom0_mem=2M console=dtuart"), r"2M at 0x[0-9a-f]+ are too little"),
    ("dom0_mem no number", options("dom0_mem=lots console=dtuart"), r"dom0_mem=lots is not understood"),
    ("dom0_max_vcpus=0", options("dom0_mem=64M dom0_max_vcpus=0 console=dtuart"), r"dom0_max_vcpus=0 is not understood"),
    ("no GIC", remove(GIC_NODE), r"(GIC|interrupt controller)"),
    ("no CPUs", remove("/cpus"), r"no CPU under /cpus"),
    ("no memory", no_memory, r"no memory node"),
    ("no device tree", no_tree, r"device tree"),
    ("device tree too large", huge_tree, r"device tree"),
]


def judge(name, m, pattern):
    """One line, it fits, and the machine stands still afterwards."""
    lines = m.boot(HALTED)
    errors = [line for line in lines if re.match(ERROR, line)]
    if len(errors) != 1:
        return f"{name}: {len(errors)} error lines: {errors or lines[-1:]}"
    if not re.search(pattern, errors[0]):
        return f"{name}: says '{errors[0]}'"
    if not m.runs:
        return f"{name}: the machine goes off or reboots"
    if lines[-1] != errors[0]:
        return f"{name}: does not halt but says '{lines[-1]}'"
    return None


def run_case(where, gic, name, change, pattern):
    """One boot that must fail."""
    m = boot.Machine(where, gic=gic)
    change(m)
    return judge(name, m, pattern)


def started_at_el1(where, gic):
    """A machine without EL2."""
    m = boot.Machine(where, gic=gic, virtualization=False)
    return judge("EL1", m, r"started at EL1, needs EL2")


def unknown_option(where, gic):
    """Warned about, and dom0 runs."""
    m = boot.Machine(where, gic=gic)
    m.options += " flux=capacitor"
    lines = m.boot(r"@@PROBE ")
    if not any(re.match(r"kanso: warning: .*flux=capacitor", line) for line in lines):
        return "unknown option: no warning"
    if not any("failed 0" in line for line in lines):
        return "unknown option: dom0 did not run"
    return None


def main():
    """All cases, or those whose name holds a word."""
    gic, where, words = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    boot.build(boot.PROBE)
    (where / "console.log").unlink(missing_ok=True)
    todo = [(name, lambda c=case: run_case(where, gic, *c)) for case in CASES for name in case[:1]]
    todo += [("EL1", lambda: started_at_el1(where, gic)), ("unknown option", lambda: unknown_option(where, gic))]
    wrong = []
    for name, go in todo:
        if not words or any(w in name for w in words):
            why = go()
            print(f"{'FAILED  ' if why else 'ok      '} {why or name}", flush=True)
            wrong += [why] if why else []
    print(f"{len(wrong)} of {len(todo)}: {wrong[0]}" if wrong else f"{len(todo)} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
