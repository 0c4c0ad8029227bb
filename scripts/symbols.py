#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print a console log with names: each address of the hypervisor in the lines of a panic is followed by function+offset
and file:line. The image holds no symbols; build/arm64/kanso.elf does, if it is the build that panicked.

symbols.py LOG          make symbols LOG=build/test/kanso/01_tools-gicv3/console.log
symbols.py <LOG         or from a serial line
"""
import argparse
import bisect
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
ELF = ROOT / "build/arm64/kanso.elf"
TOOLS = (("aarch64-linux-gnu-nm", "aarch64-linux-gnu-addr2line"), ("llvm-nm", "llvm-addr2line"))
PANIC = re.compile(r"panic on CPU \d+:")
# Lines that log/panic_arm64.c writes
DUMP = re.compile(r"called from image\+|\b(elr|pc|esr|x\d+) +[0-9a-f]{8,16}\b")
ADDRESS = re.compile(r"\bimage\+0x([0-9a-f]+)\b|\b([0-9a-f]{16})\b")


class Refused(Exception):
    """A sentence for the user."""


class Symbols:
    """The symbols and lines of one ELF."""

    def __init__(self, elf):
        if not elf.is_file():
            raise Refused(f"{elf} is not there: run `make`, or name the ELF of the image that ran with --elf")
        self.elf = elf
        found = next((t for t in TOOLS if all(map(shutil.which, t))), None)
        if not found:
            raise Refused(f"neither {TOOLS[0][1]} nor {TOOLS[1][1]} is there: apt-get install binutils-aarch64-linux-gnu")
        self.addr2line = found[1]
        out = self.run(found[0], "-n", "-S", "--defined-only", elf)
        self.symbols, self.base, self.end_of_text = [], None, 0
        for line in out.splitlines():
            words = line.split()
            if len(words) == 4 and int(words[1], 16):
                self.symbols.append((int(words[0], 16), int(words[1], 16), words[2], words[3]))
            elif words[-1] == "image_start":
                self.base = int(words[0], 16)
        if self.base is None:
            raise Refused(f"{elf} has no symbol image_start: it is not the hypervisor's")
        self.lines = {}

    @staticmethod
    def run(*command):
        """What a tool says, or why it does not."""
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Refused(done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
        return done.stdout

    def find(self, address):
        """(start, size, type, name) of what the address is in, or None."""
        at = bisect.bisect_right(self.symbols, address, key=lambda s: s[0]) - 1
        return self.symbols[at] if at >= 0 and address - self.symbols[at][0] < self.symbols[at][1] else None

    def read_lines(self, addresses):
        """Asks for the source lines of functions all at once."""
        code = sorted({a for a in addresses if (s := self.find(a)) and s[2] in "tTwW"} - set(self.lines))
        if code:
            out = self.run(self.addr2line, "-e", self.elf, *map(hex, code)).splitlines()
            self.lines |= {a: re.sub(r" \(discriminator.*", "", line) for a, line in zip(code, out)}

    def name(self, address):
        """function+offset file:line; None: nothing of ours."""
        found = self.find(address)
        if not found:
            return None
        where = self.lines.get(address, "")
        where = "" if where.startswith("?") or not where else " " + where.removeprefix(f"{ROOT}/")
        return f"{found[3]}+{address - found[0]:#x}{where}"


def addresses_of(line, base):
    """[(end of the text, address)] in a line of a panic, each address once."""
    if not (PANIC.search(line) or DUMP.search(line)):
        return []
    seen = {}
    for m in ADDRESS.finditer(line):
        seen.setdefault(base + int(m[1], 16) if m[1] else int(m[2], 16), m.end())
    return [(end, address) for address, end in seen.items()]


def with_names(lines, symbols):
    """The lines, with names."""
    table = [addresses_of(line, symbols.base) for line in lines]
    symbols.read_lines(address for found in table for _, address in found)
    for line, found in zip(lines, table):
        for end, address in reversed(found):
            name = symbols.name(address)
            if name:
                line = f"{line[:end]} <{name}>{line[end:]}"
        yield line


def last_panic(lines):
    """The lines of the last panic: from its first to the last of its dump. Guests may speak in between."""
    first = max((i for i, line in enumerate(lines) if PANIC.search(line)), default=None)
    if first is None:
        return []
    last = max(i for i in range(first, len(lines)) if i == first or DUMP.search(lines[i]))
    return lines[first:last + 1]


def main():
    """Read, name, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?", default="-", metavar="LOG", help="a console log; none or -: standard input")
    parser.add_argument("--elf", type=pathlib.Path, default=ELF, help=f"default {ELF.relative_to(ROOT)}")
    parser.add_argument("--panic", action="store_true", help="print only the lines of the last panic, if there is one")
    args = parser.parse_args()
    try:
        symbols = Symbols(args.elf)
        if args.log == "-":
            raw = sys.stdin.buffer.read()
        else:
            log = pathlib.Path(args.log)
            if not log.is_file():
                raise Refused(f"{log} is not there, or no file")
            raw = log.read_bytes()
            if log.stat().st_mtime < args.elf.stat().st_mtime:
                print(f"symbols: {args.elf.name} is newer than {log.name}: names are wrong if it was built anew since",
                      file=sys.stderr)
        lines = [line.rstrip("\r") for line in raw.decode("utf-8", "replace").split("\n")]
        if lines and not lines[-1]:
            lines.pop()
        for line in with_names(last_panic(lines) if args.panic else lines, symbols):
            print(line)
        sys.stdout.flush()
    except Refused as why:
        print(f"symbols: {why}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
