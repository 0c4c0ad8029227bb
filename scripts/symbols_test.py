#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does symbols.py name what it should, leave the rest alone, and say what is wrong?"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SYMBOLS = pathlib.Path(__file__).resolve().with_name("symbols.py")
BASE = 0xe00000000000
SOURCE = """int counter = 7;
int first(int x)
{
    counter += x;
    return counter;
}
int second(int x)
{
    return first(x) + counter;
}
"""
# A guest's words in the midst, carriage returns, a prefix of time as scenarios write it
LOG = """    0.100 kanso: Kanso 0.1\r
    0.200 guest: image+0x{first:x} {first_address:016x}\r
    1.000 kanso: error: panic on CPU 0: SError from EL2 at image+0x{first4:x}\r
    1.001 kanso: error: elr {first4_address:016x} spsr 200003c9\r
    1.002 kanso: error: pc {first4_address:016x} (image+0x{first4:x}) pstate 200003c9 sp 0000e0000fff0000\r
    1.003 kanso: error: x0  0000000000000000  x1  {counter_address:016x}  x2  00000000ffffffe5\r
    1.004 guest: still here\r
    1.005 kanso: error:   called from image+0x{second4:x}\r
    1.006 kanso: error:   called from image+0xfffff0\r
    1.007 kanso: error: the machine resets\r
"""


def run(*words, text=None, path=None):
    """(status, standard output, standard error)"""
    done = subprocess.run([sys.executable, SYMBOLS, *words], input=text, text=True, capture_output=True, check=False,
                          env={**os.environ, **({"PATH": path} if path is not None else {})})
    return done.returncode, done.stdout, done.stderr


def build(folder):
    """An ELF with three symbols where the hypervisor's are."""
    source = folder / "two.c"
    source.write_text(SOURCE)
    elf = folder / "two.elf"
    subprocess.run(["aarch64-linux-gnu-gcc", "-g", "-O0", "-ffreestanding", "-nostdlib", "-static", "-fno-pie", "-no-pie",
                    "-Wl,--build-id=none", f"-Wl,-Ttext={BASE:#x}", f"-Wl,-Tdata={BASE + 0x10000:#x}",
                    f"-Wl,--defsym=image_start={BASE:#x}", "-Wl,-e,0", source, "-o", elf], check=True)
    out = subprocess.run(["aarch64-linux-gnu-nm", elf], text=True, capture_output=True, check=True).stdout
    return elf, {m[2]: int(m[1], 16) for m in re.finditer(r"^(\w+) [TD] (first|second|counter)$", out, re.M)}


def log_of(at):
    """The log, with this ELF's addresses."""
    return LOG.format(first=at["first"] - BASE, first_address=at["first"], first4=at["first"] + 4 - BASE,
                      first4_address=at["first"] + 4, second4=at["second"] + 4 - BASE, counter_address=at["counter"])


def cases(folder):
    """name, was it right, what came"""
    elf, at = build(folder)
    log = folder / "console.log"
    log.write_text(log_of(at), newline="")
    first = rf"<first\+0x4 {re.escape(str(folder))}/two\.c:3>"
    second = rf"<second\+0x4 {re.escape(str(folder))}/two\.c:8>"

    status, out, err = run("--elf", elf, log)
    lines = out.split("\n")
    yield "names", status == 0 and err == "" and len(lines) == 11, (status, out, err)
    yield "other lines as they were", [lines[i] for i in (0, 1, 6, 8, 9)] == \
        [log_of(at).split("\r\n")[i] for i in (0, 1, 6, 8, 9)], out
    yield "first line", bool(re.search(rf"from EL2 at image\+0x\w+ {first}$", lines[2])), lines[2]
    yield "elr", bool(re.search(rf"elr \w{{16}} {first} spsr 200003c9$", lines[3])), lines[3]
    yield "pc once", bool(re.search(rf"pc \w{{16}} {first} \(image\+0x\w+\) pstate 200003c9 sp 0000e0000fff0000$", lines[4])), lines[4]
    yield "data without a line", " <counter+0x0>  x2  00000000ffffffe5" in lines[5] and lines[5].count("<") == 1, lines[5]
    yield "stack", bool(re.search(rf"called from image\+0x\w+ {second}$", lines[7])), lines[7]

    yield "standard input", run("--elf", elf, text=log.read_text()) == (0, out, ""), "differs"
    yield "standard input by -", run("--elf", elf, "-", text=log.read_text()) == (0, out, ""), "differs"
    status, panic, err = run("--panic", "--elf", elf, text="kanso: error: panic on CPU 3: an earlier one\n" + log.read_text())
    yield "the last panic alone", panic.split("\n") == [*lines[2:9], ""], panic
    yield "no panic", run("--panic", "--elf", elf, text="all is well\n") == (0, "", ""), "said something"

    os.utime(log, (1, 1))
    status, late, err = run("--elf", elf, log)
    yield "an ELF newer than the log", status == 0 and late == out and "two.elf is newer than console.log" in err, err
    for name, words, path, said in (
            ("no ELF", ("--elf", folder / "none", log), None, f"symbols: {folder}/none is not there: run `make`"),
            ("no log", ("--elf", elf, folder / "gone"), None, f"symbols: {folder}/gone is not there"),
            ("a folder as log", ("--elf", elf, folder), None, f"symbols: {folder} is not there, or no file"),
            ("no ELF format", ("--elf", log, log), None, "console.log"),
            ("another ELF", ("--elf", elf.with_suffix(".plain"), log), None, "has no symbol image_start"),
            ("no binutils", ("--elf", elf, log), "/nowhere", "apt-get install binutils-aarch64-linux-gnu")):
        if name == "another ELF":
            subprocess.run(["aarch64-linux-gnu-objcopy", "--strip-symbol=image_start", elf, elf.with_suffix(".plain")], check=True)
        status, out, err = run(*words, path=path)
        yield name, status == 1 and out == "" and said in err and "Traceback" not in err, (status, out, err)
    status, out, err = run("--help")
    yield "--help", status == 0 and "make symbols LOG=" in out and "--elf" in out and "--panic" in out, out


def main():
    """Every case."""
    failed = count = 0
    with tempfile.TemporaryDirectory() as name:
        for case, right, came in cases(pathlib.Path(name).resolve()):
            count += 1
            if not right:
                failed += 1
                print(f"FAIL {case}: {came}")
    print(f"symbols: {count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
