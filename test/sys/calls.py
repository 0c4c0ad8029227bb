# SPDX-License-Identifier: MIT
"""Which hypercalls a run made and how they were answered, for scenario 10.

The kernels' calls are read from outside: QEMU logs the registers whenever a call stub of the kernel is entered or
returned to (dom0's and the guest's kernel are the same image, both at its fixed address by nokaslr). The tools' calls
come from test/dom0/record.c, as "@@CALL" lines. A call is "WHO NUMBER OPERATION ANSWER", the answer an errno or ok.
"""
import pathlib
import re
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEER = ROOT / "test/sys/calls-xen-4.17.txt"
REASONS = ROOT / "docs/compatibility.md"
HVC = struct.pack("<I", 0xD4000002 | 0xEA1 << 5)
BY_POINTER = (7, 13)  # platform_op and multicall begin with a pointer
# Linux 6.1, 48-bit addresses, 4 KiB pages, nokaslr
KERNEL_BASE = 0xFFFF800008000000


def stubs(image):
    """{address behind the hvc: (entry, call number)} of the kernel's HYPERVISOR_* stubs."""
    data, out, at = pathlib.Path(image).read_bytes(), {}, 0
    while (at := data.find(HVC, at)) >= 0:
        move = struct.unpack_from("<I", data, at - 4)[0]
        if at % 4 == 0 and move & 0xFFE0001F == 0xD2800010:  # mov x16, #number
            out[KERNEL_BASE + at + 4] = (KERNEL_BASE + at // 16 * 16, move >> 5 & 0xFFFF)
        at += 4
    return out


def qemu_words(image):
    """What makes QEMU log the stubs; the log's name is added by the caller."""
    table = stubs(image)
    low, high = min(e for e, _ in table.values()), max(table)
    return ["-d", "cpu", "-dfilter", f"{low:#x}..{high:#x}"]


def kernel_calls(image, log):
    """The set of calls in QEMU's log of registers."""
    table = stubs(image)
    entries, waiting, calls = {entry: number for entry, number in table.values()}, {}, set()
    registers = re.compile(r"(PC|X00|X30|SP)=([0-9a-f]{16})")
    found = {}
    with open(log, encoding="ascii", errors="replace") as lines:
        for line in lines:
            for name, value in registers.findall(line):
                if name == "PC":
                    found = {}
                found[name] = int(value, 16)
            if "SP" not in found or "X30" not in found:
                continue
            place = (found["X30"], found["SP"])
            if found["PC"] in entries:
                number = entries[found["PC"]]
                waiting[place] = (number, 0 if number in BY_POINTER else found["X00"] & 0xFFFFFFFF)
            elif found["PC"] in table and place in waiting:
                number, operation = waiting.pop(place)
                answer = struct.unpack("<q", struct.pack("<Q", found["X00"]))[0]
                calls.add(f"kernel {number} {operation} {answer if answer < 0 else 'ok'}")
            found = {}
    return calls


def tool_calls(console):
    """The set of calls that the tools noted."""
    return set(re.findall(r"@@CALL (tool \d+ \d+ \S+)", pathlib.Path(console).read_text(encoding="utf-8")))


def differences(calls):
    """Sentences about calls that Xen 4.17 did not answer so and that no reason is given for."""
    peer = set(PEER.read_text().split("\n")) if PEER.exists() else set()
    reasons = REASONS.read_text() if REASONS.exists() else ""
    for call in sorted(calls - peer):
        if f"| `{call}` |" not in reasons:
            kind = call.rsplit(" ", 1)[0] + " "
            theirs = sorted(p.rsplit(" ", 1)[1] for p in peer if p.startswith(kind))
            yield f"{call}; Xen 4.17: {', '.join(theirs) or 'never called'}"
