#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# 17. A firmware at EL3 under Kanso (test/firmware): its workaround calls are made where the CPU model wants them and
#     nowhere else, guests and dom0's Linux get its answers, and the SErrors that it reflects end where docs/why/006 says
# needs: timeout=240
"""17_firmware.py GIC WHERE [CASE...]: the last line is the verdict; console.log in WHERE has all boots."""
import pathlib
import re
import sys

import boot
import run

FILES = boot.ROOT / "build/arm64/firmware"
CONFIG = 0x40100000
CALLS, SERRORS, SERROR_HERE, SERROR_EL2 = 1, 2, 3, 4  # test/firmware/witness.c
NEEDED, NOT_NEEDED, UNKNOWN = 0, 1, -1  # answers of SMCCC_ARCH_FEATURES
DEAD = 0x11  # AET 0: uncontainable


class Machine(boot.Machine):
    """QEMU's virt with a secure world; a loader puts everything where the firmware looks for it."""

    def __init__(self, where, gic, cpu, test, answers=(UNKNOWN,) * 3, memory=1024):
        super().__init__(where, gic=gic, cpu=cpu, cpus=2, memory=memory)
        self.board[2] += ",secure=on"
        self.board += ["-bios", str(FILES / "firmware.bin")]
        self.kernel = FILES / "witness.img"
        # QEMU's tree has it only where QEMU itself is the firmware
        self.edit("-c", "/psci")
        self.edit("-ts", "/psci", "compatible", "arm,psci-1.0", "arm,psci-0.2")
        self.edit("-ts", "/psci", "method", "smc")
        self.config = sum((a & 0xff) << 8 * i for i, a in enumerate(answers)) | test << 32

    def boot(self, until, seconds=20):
        """The console's lines."""
        command = self.board + ["-serial", "stdio",
                                "-device", f"loader,addr={CONFIG:#x},data={self.config:#x},data-len=8"]
        loads = [(boot.hypervisor(), boot.IMAGE), (self.tree(), boot.TREE), (self.kernel, self.kernel_at)]
        if self.ramdisk:
            loads.append((self.ramdisk, self.ramdisk_at))
        for file, at in loads:
            command += ["-device", f"loader,file={file},addr={at:#x},force-raw=on"]
        return self.watch(command, until, seconds)


def words_of(lines, begin):
    """What follows "begin " in its line."""
    found = [line.removeprefix(f"{begin} ").split() for line in lines if line.startswith(f"{begin} ")]
    return found[-1] if found else None


def differences(lines, expected):
    """[(beginning of a line, [words, each a text or a range of numbers])]: the first that is not so."""
    for begin, want in expected:
        found = words_of(lines, begin)
        good = found and len(found) == len(want) and all(
            f == w if isinstance(w, str) else f.isdigit() and int(f) in w for f, w in zip(found, want))
        if not good:
            return f"'{begin} {' '.join(found or ['is missing'])}' instead of {want}"
    return None


def calls(where, gic, cpu, answers, entry):
    """Which workaround (1 to 3, 0: none) does each entry from a guest call; whose calls are passed on?"""
    lines = Machine(where, gic, cpu, CALLS, answers).boot("@@FIRMWARE")
    told = [NOT_NEEDED if i == 1 and a == NEEDED else a for i, a in enumerate(answers)]

    def counts(entries, own=0):
        """Beside the calls themselves a timer's interrupt may come in."""
        at_least = [(entries if i + 1 == entry else 0) + (100 if i + 1 == own and answers[i] >= 0 else 0) for i in range(3)]
        return [range(n, n + 50) if i + 1 == entry else range(n, n + 1) for i, n in enumerate(at_least)]

    once_a_cpu = 2 if answers[1] == NEEDED else 0
    return differences(lines, [
        ("@@PROBE", ["failed", "0"]),
        ("@@WITNESS features", [str(a) for a in told]),
        ("@@WITNESS hypercalls", counts(1000)),
        ("@@WITNESS call-1", counts(100, 1)),
        ("@@WITNESS call-2-off", counts(100)),
        ("@@WITNESS call-2-on", counts(100)),
        ("@@WITNESS call-3", counts(100, 3)),
        ("@@FIRMWARE", ["off", range(1 << 20), range(once_a_cpu, once_a_cpu + 1), range(1 << 20)]),
    ])


def mixed(where, gic, cpu):
    """CPU 0 needs no workaround, CPU 1 does: a guest is on any of them."""
    m = Machine(where, gic, cpu, CALLS, (NEEDED,) * 3)
    m.config |= 1 << 24
    return differences(m.boot("@@FIRMWARE"), [
        ("@@PROBE", ["failed", "0"]),
        ("@@WITNESS features", ["0", "1", "0"]),
        ("@@FIRMWARE", ["off", range(100, 101), range(1, 2), range(100, 1 << 20)]),
    ])


def serrors(where, gic, cpu, syndrome):
    """One of each kind in a guest and in dom0: taken or not, and all go on."""
    lines = Machine(where, gic, cpu, SERRORS).boot("@@FIRMWARE")
    expected = [("@@PROBE", ["failed", "0"]), ("@@WITNESS subject ended", ["0"])]
    for who in ("subject", "dom0"):
        expected += [(f"@@WITNESS {who} {kind}", ["0", "0x0"]) for kind in ("corrected", "restartable")]
        expected += [(f"@@WITNESS {who} {kind}", ["1", syndrome])
                     for kind in ("recoverable", "unrecoverable", "own", "unknown")]
        expected.append((f"@@WITNESS {who} masked", ["0", "1", syndrome]))
    if lines.count("@@WITNESS neighbour goes on") != 3:
        return "the neighbour does not go on"
    for domain in ("d0", "d2"):
        told = [line for line in lines if re.match(rf"kanso: {domain}: vcpu 0: SError, syndrome ", line)]
        if len(told) != 7 or sum("nothing is lost" in line for line in told) != 2:
            return f"of {domain}'s SErrors it says {told}"
    return differences(lines, expected)


def end(where, gic, cpu, test, option, said):
    """One line of panic, then reset, or with noreboot silence."""
    m = Machine(where, gic, cpu, test | DEAD << 4)
    m.options += f" {option}"
    lines = m.boot(r"stopped \(noreboot\)|@@FIRMWARE")
    panics = [line for line in lines if "panic" in line]
    if len(panics) != 1 or not re.search(said, panics[0]):
        return f"the panic is {panics}"
    last = r"^kanso: error: stopped \(noreboot\)$" if option else r"^@@FIRMWARE reset "
    if not re.search(last, lines[-1]) or m.runs != bool(option):
        return f"the machine {'still runs' if m.runs else 'ended'}, its last line is '{lines[-1]}'"
    return None


IN_DOM0 = b""". /test/lib.sh
cd /sys/devices/system/cpu/vulnerabilities
for name in spectre_v2 spec_store_bypass; do
    echo "@@LINUX $name $(cat $name)"
done
pass
"""


def linux(where, gic, cpu, answers, targets, stores):
    """What Debian's kernel as dom0 says of its own vulnerabilities."""
    m = Machine(where, gic, cpu, 0, answers, memory=2048)
    script = where / "vulnerabilities.sh"
    script.write_bytes(IN_DOM0)
    m.options = "dom0_mem=768M dom0_max_vcpus=2 console=dtuart"
    m.kernel, m.ramdisk = run.IMAGES / "vmlinuz", run.make_ramdisk(where, run.scenario_files(script))
    m.ramdisk_at = run.RAMDISK_ADDRESS
    m.edit("-ts", "/chosen", "xen,dom0-bootargs", "console=hvc0 rdinit=/init loglevel=4 kanso.test=/test/run.sh")
    lines = m.boot("@@FIRMWARE", 60)
    m.ramdisk.unlink()
    return differences(lines, [
        ("@@LINUX spectre_v2", targets.split()),
        ("@@LINUX spec_store_bypass", stores.split()),
        ("@@FIRMWARE", ["off"] + [range(1 << 20)] * 3),
    ])


CASES = [
    ("a57, workaround 3 needed", calls, "cortex-a57", (NEEDED,) * 3, 3),
    ("a72, workaround 3 needed", calls, "cortex-a72", (NEEDED,) * 3, 3),
    ("a57, only workaround 1 known", calls, "cortex-a57", (NEEDED, NOT_NEEDED, UNKNOWN), 1),
    ("a72, not needed", calls, "cortex-a72", (NOT_NEEDED,) * 3, 0),
    ("a57, nothing known", calls, "cortex-a57", (UNKNOWN,) * 3, 0),
    ("a72, needed on its second CPU only", mixed, "cortex-a72"),
    ("a76, its own loop", calls, "cortex-a76", (NEEDED,) * 3, 0),
    ("max, which only its firmware knows", calls, "max", (NEEDED,) * 3, 3),
    ("max, tagged targets", calls, "max", (NEEDED, NEEDED, NOT_NEEDED), 0),
    ("Linux on a57, needed", linux, "cortex-a57", (NEEDED,) * 3, "Mitigation: Branch predictor hardening, BHB", "Not affected"),
    ("Linux on a57, nothing known", linux, "cortex-a57", (UNKNOWN,) * 3, "Vulnerable", "Vulnerable"),
    ("Linux on a76, its own loop", linux, "cortex-a76", (NEEDED,) * 3, "Mitigation: CSV2, BHB",
     "Mitigation: Speculative Store Bypass disabled via prctl"),
    ("SErrors without RAS", serrors, "cortex-a57", "0xbe000000"),
    ("SErrors with RAS", serrors, "cortex-a76", "0xbf000000"),
    ("uncontainable in a guest", end, "cortex-a76", SERROR_HERE, "", "uncontainable SError, syndrome be000011, while d0 ran"),
    ("SError of EL2", end, "cortex-a57", SERROR_EL2, "", r"SError from EL2 at image\+0x"),
    ("SError of EL2, noreboot", end, "cortex-a76", SERROR_EL2, "noreboot", r"SError from EL2 at image\+0x"),
]


def main():
    """All cases, or those whose name holds a word."""
    gic, where, words = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    (where / "console.log").unlink(missing_ok=True)
    wrong, done = [], 0
    for name, judge, *arguments in CASES:
        if not words or any(w in name for w in words):
            why = judge(where, gic, *arguments)
            print(f"{'FAILED  ' if why else 'ok      '} {name}{': ' if why else ''}{why or ''}", flush=True)
            wrong += [f"{name}: {why}"] if why else []
            done += 1
    print(f"{len(wrong)} of {done}: {wrong[0]}" if wrong else f"{done} cases")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
