# SPDX-License-Identifier: MIT
"""Boots of a second: a machine with any device tree, and a dom0 that is only a probe (test/boot).

QEMU writes the board's own tree; edits are made to it; a stub of five instructions then stands for the boot loader, so
that nothing is added to the tree behind our back.
"""
import os
import pathlib
import re
import select
import struct
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROBE, ANSWERS = ROOT / "build/test/probe.img", ROOT / "build/test/answers.img"
# QEMU puts a tree of its own at the beginning of RAM
STUB, IMAGE, TREE, KERNEL, RAMDISK = 0x40180000, 0x40200000, 0x48000000, 0x50000000, 0x54000000
# ldr x0, =TREE; mov x1, xzr; mov x2, xzr; ldr x4, =IMAGE; br x4
STUB_CODE = (0x580000a0, 0xaa1f03e1, 0xaa1f03e2, 0x58000084, 0xd61f0080, TREE, 0, IMAGE, 0)


def hypervisor():
    """The image under test, as run.py chooses it."""
    if os.environ.get("XEN") == "debian":
        return ROOT / "build/debian/arm64/boot/xen-4.17-arm64"
    return pathlib.Path(os.environ.get("KANSO") or os.environ.get("XEN") or ROOT / "build/arm64/kanso").resolve()


def build(image):
    """One of the kernels of test/boot, as an arm64 Image."""
    here = ROOT / "test/boot"
    if image.exists() and image.stat().st_mtime > max(p.stat().st_mtime for p in here.iterdir()):
        return
    image.parent.mkdir(parents=True, exist_ok=True)
    elf = image.with_suffix(f".{os.getpid()}.elf")
    subprocess.run(["aarch64-linux-gnu-gcc", "-std=gnu2x", "-O2", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fpie",
                    "-mgeneral-regs-only", "-mstrict-align", "-fno-stack-protector", "-nostdlib", "-static-pie",
                    "-Wl,--no-dynamic-linker,--build-id=none,--no-warn-rwx-segments", f"-Wl,-T,{here}/boot.lds", f"-I{ROOT}",
                    here / "start.S", here / "boot.c", here / "guest.c", here / f"{image.stem}.c", "-o", elf], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", elf, elf.with_suffix(".img")], check=True)
    elf.with_suffix(".img").rename(image)
    elf.unlink()


class Machine:
    """One boot of QEMU's virt. What a test wants otherwise it says in the fields or in edit()."""

    def __init__(self, where, gic=3, cpu="cortex-a57", cpus=1, memory=1024, virtualization=True):
        self.where, self.memory = pathlib.Path(where), memory
        self.where.mkdir(parents=True, exist_ok=True)
        self.board = ["qemu-system-aarch64", "-M",
                      f"virt,gic-version={gic},virtualization={'on' if virtualization else 'off'}", "-cpu", cpu,
                      "-smp", str(cpus), "-m", str(memory), "-display", "none", "-nodefaults", "-no-reboot",
                      "-monitor", "none", "-accel", "tcg,thread=multi"]
        self.options = "dom0_mem=64M console=dtuart"
        self.kernel, self.ramdisk = PROBE, None
        self.kernel_at, self.ramdisk_at = KERNEL, RAMDISK
        self.banks = [(0x40000000, memory << 20)]
        self.edits = []
        self.raw_tree = None  # bytes instead of a tree
        self.runs = False  # after boot(): had QEMU not ended by itself?

    def edit(self, *words):
        """One call of fdtput, after all others."""
        self.edits.append(words)

    def tree(self):
        """The board's device tree with modules, memory and edits."""
        path = self.where / "tree.dtb"
        if self.raw_tree:
            path.write_bytes(self.raw_tree)
            return path
        head = self.board[:]
        head[2] += f",dumpdtb={path}"
        subprocess.run(head, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def put(*words):
            subprocess.run(["fdtput", *words[:1], path, *words[1:]], check=True)

        put("-ts", "/chosen", "xen,xen-bootargs", self.options)
        put("-ts", "/chosen", "xen,dom0-bootargs", "probe")
        for name, kind, file, at in (("kernel", "multiboot,kernel", self.kernel, self.kernel_at),
                                     ("ramdisk", "multiboot,ramdisk", self.ramdisk, self.ramdisk_at)):
            if file:
                node = f"/chosen/module-{name}@{at:x}"
                put("-c", node)
                put("-ts", node, "compatible", kind, "multiboot,module")
                put("-tx", node, "reg", "0", f"{at:x}", "0", f"{pathlib.Path(file).stat().st_size:x}")
        put("-r", "/memory@40000000")
        for start, size in self.banks:
            node = f"/memory@{start:x}"
            put("-c", node)
            put("-ts", node, "device_type", "memory")
            put("-tx", node, "reg", *(f"{x:x}" for v in (start, size) for x in (v >> 32, v & 0xffffffff)))
        for words in self.edits:
            put(*words)
        return path

    def boot(self, until, seconds=30):
        """The console's lines up to the first that matches until, or to the end."""
        stub = self.where / "stub.bin"
        stub.write_bytes(struct.pack(f"<{len(STUB_CODE)}I", *STUB_CODE))
        loads = [(stub, STUB), (hypervisor(), IMAGE), (self.tree(), TREE), (self.kernel, self.kernel_at),
                 (self.ramdisk, self.ramdisk_at)]
        command = self.board + ["-serial", "stdio"]
        for file, at in loads:
            if file:
                first = ",cpu-num=0" if at == STUB else ""
                command += ["-device", f"loader,file={file},addr={at:#x},force-raw=on{first}"]
        return self.watch(command, until, seconds)

    def watch(self, command, until, seconds):
        """Read the console; once the awaited line is there a moment more, for what must not follow."""
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        limit = time.monotonic() + seconds * float(os.environ.get("SLOW", "1"))
        data, found = b"", False
        while time.monotonic() < limit:
            ready, _, _ = select.select([process.stdout], [], [], max(0.01, limit - time.monotonic()))
            part = os.read(process.stdout.fileno(), 65536) if ready else b""
            if ready and not part:
                process.wait()
                break
            data += part
            if not found and re.search(until.encode(), data):
                found = True
                limit = min(limit, time.monotonic() + 1)
        self.runs = process.poll() is None
        process.kill()
        process.wait()
        text = data.decode("utf-8", "replace").replace("\r", "")
        with open(self.where / "console.log", "a", encoding="utf-8") as log:
            log.write("# " + " ".join(map(str, command)) + "\n" + text + "\n")
        return text.splitlines()
