# SPDX-License-Identifier: MIT
"""Boots Debian's dom0 below the counting plugin: one CPU, the instruction counter as the clock, a script of test/bench in dom0.

The script, or a guest that it makes, runs /boot/mark-N.img: a program that is one checkpoint and then ends.
"""
import os
import subprocess
import sys

import measure

sys.path.insert(0, str(measure.ROOT / "test/sys"))
import run  # noqa: E402

CAUSES = ["hypercall", "firmware", "register", "wait", "floating-point", "memory", "interrupt"]


CORNERS = ["kanso+own", "kanso+debian", "xen+own", "xen+debian"]


def corners_of(words, otherwise):
    """The corners that the command line names, else these others. Ends with a sentence if one is none."""
    for word in words:
        if word not in CORNERS:
            sys.exit(f"{sys.argv[0]}: {word} is none of {', '.join(CORNERS)}")
    return words or otherwise


def missing():
    """What of dom0 is not built, as a sentence, or None."""
    wanted = [run.IMAGES / name for name in ("dom0.cpio.gz", "vmlinuz", "guest.cpio.gz", "guest/idle.img", "tools/bin/xl")]
    gone = [str(path.relative_to(measure.ROOT)) for path in wanted if not path.exists()]
    return f"no {', '.join(gone)} (`make dom0 tools guests`; is there a network?)" if gone else None


class Totals:
    """What was executed since reset: by everybody, by the hypervisor, by kernels; entries {cause: (times, instructions)}, and as "idle"
    what the hypervisor did because nobody needed the CPU: that is not in its sum."""

    def __init__(self, everything, hyp, kernel, entries=None):
        self.everything, self.hyp, self.kernel, self.entries = everything, hyp, kernel, entries or {}

    def __sub__(self, other):
        entries = {cause: tuple(a - b for a, b in zip(counts, other.entries.get(cause, (0, 0))))
                   for cause, counts in self.entries.items()}
        return Totals(self.everything - other.everything, self.hyp - other.hyp, self.kernel - other.kernel, entries)

    @property
    def times(self):
        """Entries."""
        return sum(self.entries[cause][0] for cause in CAUSES if cause in self.entries)

    @property
    def user(self):
        """Neither the hypervisor nor a kernel."""
        return self.everything - self.hyp - self.kernel


def programs(out, marks):
    """A program for each mark, as files of dom0."""
    files = {}
    for mark in marks:
        source = f".globl _start\n_start: movz xzr, #{3 << 12 | mark}\nmov x0, #0\nmov x8, #93\nsvc #0\n"
        path = f"{out}/mark-{mark}"
        subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", "-x", "assembler", "-o", path, "-"], input=source,
                       text=True, check=True)
        with open(path, "rb") as program:
            files[f"boot/mark-{mark}.img"] = (0o100755, program.read())
    return files


def idle_address(hypervisor):
    """Where our hypervisor goes on working while it waits, as an option of the plugin."""
    if hypervisor != "kanso":
        return ""
    listed = subprocess.run(["aarch64-linux-gnu-nm", measure.ROOT / "build/arm64/kanso.elf"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return next(f",idle=0x{line.split()[0]}" for line in listed.splitlines() if line.endswith(" frame_zero_some"))


def read_totals(path):
    """{mark: Totals}, the last of each."""
    at = {}
    for line in path.read_text(encoding="ascii").splitlines():
        word, mark, *counts = line.split()
        if word == "total":
            at[int(mark)] = Totals(*map(int, counts))
        elif word == "entry":
            at[int(mark)].entries[counts[0]] = (int(counts[1]), int(counts[2]))
            if counts[0] == "idle":
                at[int(mark)].hyp -= int(counts[2])
    return at


def folder_of(out, script, corner, counting=True):
    """Where a machine's log and counts are."""
    return measure.pathlib.Path(out).resolve() / f"{script.stem}-{corner}{'' if counting else '-wall'}"


def boot(corner, script, files, out, options="", words="", counting=True):  # pylint: disable=too-many-arguments
    """One machine of a corner (kanso+own, ...) with a script in dom0: {mark: Totals}, or None if it did not pass. Without counting it
    runs as fast as this host can, and there are no totals."""
    hypervisor, tools = corner.split("+")
    os.environ.update({"TOOLS": tools, "THREAD": "single" if counting else "multi"})
    os.environ.pop("XEN", None)
    if hypervisor == "xen":
        os.environ["XEN"] = "debian"
    where = folder_of(out, script, corner, counting)
    where.mkdir(exist_ok=True)
    needs = run.needs_of(script)
    counts = where / "counts"
    options += idle_address(hypervisor) if "entries=on" in options else ""
    needs["args"] = " ".join(["-icount shift=0,sleep=off",
                              *measure.plugin(os.environ.get("QEMU") or measure.QEMU, out, hypervisor, counts, options)]) if counting else ""
    ramdisk = run.make_ramdisk(where, {**run.scenario_files(script), **files})
    words = f"kanso.test=/test/run.sh kanso.tools={tools} {words}"
    ok, why = run.Run(run.machine(3, needs, ramdisk, words, where), where / "console.log", int(needs["timeout"])).go()
    ramdisk.unlink()
    if not ok:
        print(f"bench: {script.stem}, {corner}: {why}: see {where / 'console.log'}", file=sys.stderr)
        return None
    return read_totals(counts) if counting else {}


def said(out, script, corner, word):
    """What the script printed behind this word, as words, line by line."""
    log = folder_of(out, script, corner) / "console.log"
    lines = (line.split() for line in log.read_text(encoding="utf-8").splitlines())
    return [words[words.index(word) + 1:] for words in lines if word in words]
