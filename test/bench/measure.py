# SPDX-License-Identifier: MIT
"""Builds the benchmark kernel and the counting plugin, boots them below a hypervisor, reads the counts."""
import functools
import glob
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RANGES = {"kanso": (0xE00000000000, 0xF00000000000), "xen": (0x200000, 0x400000)}  # the hypervisor's addresses
ALONE, MIXED = "alone", "mixed"
QEMU = "qemu-system-aarch64"
APIS = (3, 1)  # versions of QEMU's plugin interface that there is a file of counters for
FOR_SEVERAL = 3  # from which on each CPU is counted by itself


def build(out):
    """The plugin, for each interface, and bench.img."""
    os.makedirs(out, exist_ok=True)
    guest = HERE / "guest"
    for api in APIS:
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o", plugin_path(out, api), HERE / "count.c",
                        HERE / f"counters_api{api}.c"], check=True)
    subprocess.run(["aarch64-linux-gnu-gcc", "-std=gnu2x", "-O2", "-Wall", "-Wextra", "-ffreestanding", "-fpie",
                    "-mgeneral-regs-only", "-mstrict-align", "-fno-stack-protector", "-nostdlib", "-static-pie",
                    "-Wl,--no-dynamic-linker,--build-id=none,--no-warn-rwx-segments", f"-Wl,-T,{guest}/bench.lds", f"-I{ROOT}",
                    f"{guest}/start.S", *sorted(glob.glob(f"{guest}/*.c")), "-o", f"{out}/bench.elf"], check=True)
    subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", f"{out}/bench.elf", f"{out}/bench.img"], check=True)


def plugin_path(out, api):
    """Of one interface."""
    return f"{os.path.abspath(out)}/count-api{api}.so"


@functools.cache
def api_of(qemu, out):
    """The plugin interface that this QEMU has and we know, or None. After build()."""
    for api in APIS:
        words = subprocess.run([qemu, "-M", "none", "-display", "none", "-plugin", f"{plugin_path(out, api)},probe=on"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20, check=False).stdout
        if "unknown argument 'probe" in words:
            return api
    return None


def plugin(qemu, out, hypervisor, counts, more=""):
    """The words of QEMU's command line that count a hypervisor's instructions into a file; more: words for the plugin, with a comma before each."""
    low, high = RANGES[hypervisor]
    return ["-plugin", f"{plugin_path(out, api_of(qemu, out))},lo={low:#x},hi={high:#x},out={counts}{more}"]


class Column:
    """What one boot told. samples[ALONE or MIXED][id] is a list of (instructions, loads, stores)."""

    def __init__(self, samples=None, boot=None, pages=None):
        self.samples = samples or {ALONE: {}, MIXED: {}}
        self.boot, self.pages = boot, pages

    def figure(self, row, run=ALONE):
        """A row's medians and limits, an operation; None if nothing was counted."""
        samples = self.samples[run].get(row.id)
        if not samples:
            return None
        # A sample of the mixed run holds a switch there and back, like one of the run alone
        insns, loads, stores = ([value // row.per for value in column] for column in zip(*samples))
        return {"min": min(insns), "median": statistics.median_low(insns), "max": max(insns),
                "loads": statistics.median_low(loads), "stores": statistics.median_low(stores)}


def read_counts(path):
    """The plugin's lines: samples by run, and the hypervisor's instructions until dom0's first."""
    samples, boot, run = {ALONE: {}, MIXED: {}}, None, ALONE
    for line in pathlib.Path(path).read_text(encoding="ascii").splitlines():
        fields = line.split()
        if fields[0] == "sample" and len(fields) == 5:
            samples[run].setdefault(int(fields[1]), []).append(tuple(map(int, fields[2:])))
        elif fields[:2] == ["total", "0"]:
            boot = int(fields[2])
        elif fields[:2] == ["total", "1"]:
            run = MIXED
        elif fields[:2] == ["total", "2"]:
            run = ALONE
    return samples, boot


def stem_of(out, name, gic, cpu, n=1, gib=1, several=False):  # pylint: disable=too-many-arguments
    """Where a machine's files are, less their endings."""
    return f"{out}/{name}-gicv{gic}-{cpu}" + ("" if n else f"-boot-{gib}g") + ("-several" if several else "")


def counts_of(out, name, gic=3, cpu="cortex-a57", gib=1):
    """The counts of a machine that only booted."""
    return stem_of(out, name, gic, cpu, 0, gib) + ".counts"


ONE_CPU = ["-icount", "shift=0,sleep=off"]
TWO_CPUS = ["-accel", "tcg,thread=multi", "-smp", "2"]


def boot(name, image, out, qemu=QEMU, gic=3, cpu="cortex-a57", n=200, gib=1, counting=True, several=False, more=""):  # pylint: disable=too-many-arguments
    """One machine to its end, or None with a sentence on stderr; more: words for the plugin, with a comma before each."""
    stem = stem_of(out, name, gic, cpu, n, gib, several)
    ram, dom0_ram = ("512M", "384M") if several else (f"{gib}G", "64M")  # little is free where an idle CPU would zero it meanwhile
    command = ["timeout", "120", qemu, "-M", f"virt,virtualization=on,gic-version={gic},memory-backend=ram", "-cpu", cpu,
               "-m", ram, "-object", f"memory-backend-ram,id=ram,size={ram},reserve=off", *(TWO_CPUS if several else ONE_CPU),
               "-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio", "-monitor", "none", "-kernel", str(image),
               "-append", f"dom0_mem={dom0_ram} dom0_max_vcpus=2 console=dtuart bootscrub=0", "-device",
               f"guest-loader,addr=0x50000000,kernel={out}/bench.img,bootargs=bench-gic={gic} bench-n={n} bench-cpus={1 + several}"]
    if counting:
        command += plugin(qemu, out, name, f"{stem}.counts", more)
    with open(f"{stem}.log", "wb") as log:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False)
    lines = pathlib.Path(f"{stem}.log").read_text(encoding="latin1").splitlines()
    if not any(line.startswith("BENCH-DONE") for line in lines):
        print(f"bench: {name}, GICv{gic}, {cpu}{', two CPUs' if several else ''}: did not finish: see {stem}.log", file=sys.stderr)
        return None
    samples, until_dom0 = read_counts(f"{stem}.counts") if counting else (None, None)
    pages = next((int(line.split("=")[1]) for line in lines if line.startswith("create-pages=")), None)
    return Column(samples, until_dom0, pages)
