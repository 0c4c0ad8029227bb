#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the hypervisor's instructions for each operation, on Kanso and on Debian's Xen, in one run.

Both boot the same kernel (test/bench/guest) as dom0 on one CPU, with the instruction counter as the clock, so that figures repeat
exactly; with GICv3 and GICv2, on cortex-a57 and cortex-a76. Then on two CPUs, which are threads of a newer QEMU: medians alone repeat.
Then dom0 is Debian's Linux (create.py, guest_io.py). Tables on stdout; bench.json, bench.md and bench.svg in --out.
What cannot be had here (a QEMU that counts, Debian's Xen) is said and left out.
--quick: only GICv3 and cortex-a57, and no Linux. --many: hundreds of guests and idle ones, too (many.py, idle.py), a quarter of an hour more.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys

import create
import guest_io
import idle
import linux
import many
import measure
import phases
import report

SEVERAL_QEMU = "build/debian/qemu/qemu"  # Debian 12's own has one counter for all CPUs
MACHINES = [(3, "cortex-a57"), (2, "cortex-a57"), (3, "cortex-a76"), (2, "cortex-a76")]


def say(text):
    """On the way, not in the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def columns(machines, images, args, qemu, **options):
    """{(gic, cpu): {name: Column}}."""
    found = {}
    for gic, cpu in machines:
        found[gic, cpu] = {}
        for name, image in images.items():
            column = measure.boot(name, image, args.out, qemu, gic, cpu, args.n, **options)
            found[gic, cpu][name] = column or measure.Column()
    return found


def first_line(*command):
    """Of what a program says about itself."""
    said = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    return (said.splitlines() or ["unknown"])[0]


def debian_version():
    """Of the package that Xen's image is from."""
    debs = sorted((measure.ROOT / "build/debian").glob("**/xen-hypervisor-4.17-arm64_*.deb"))
    return f"Debian's xen-hypervisor-4.17-arm64 {debs[-1].name.split('_')[1].replace('%3a', ':')}" if debs else "4.17"


def no_several(qemu, out):
    """Why a QEMU cannot count on several CPUs, or None."""
    if not os.path.exists(qemu):
        return f"no {qemu} (`scripts/qemu.sh {os.path.dirname(qemu)}` unpacks one of Debian's backports; is there a network?)"
    if (measure.api_of(qemu, out) or 0) < measure.FOR_SEVERAL:
        return f"{first_line(qemu, '--version')} does not count each CPU by itself (9.1 and later do)"
    return None


def about_images(args, images):
    """What was measured with what."""
    flags = pathlib.Path(args.kanso).with_name(".flags")
    compiler = flags.read_text(encoding="utf-8").split()[0] if flags.exists() else None
    return {"kanso": first_line("git", "describe", "--always", "--dirty"), "xen": debian_version() if "xen" in images else "none",
            "compiler": first_line(compiler, "--version") if compiler else "somebody", "qemu": first_line(args.qemu or measure.QEMU, "--version"),
            "samples": args.n, "kanso_bytes": os.path.getsize(args.kanso),
            "xen_bytes": os.path.getsize(args.xen) if "xen" in images else None}


def main():
    """Everything, and a failure only if Kanso did not finish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kanso", default=os.environ.get("KANSO") or "build/arm64/kanso", help="the hypervisor's image")
    parser.add_argument("--xen", default="build/debian/arm64/boot/xen-4.17-arm64", help="Debian's Xen, or nothing")
    parser.add_argument("--gic", type=int, choices=(2, 3), help="only this one")
    parser.add_argument("--cpu", help="only this one")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--many", action="store_true")
    parser.add_argument("-n", type=int, default=200, help="samples of each operation")
    parser.add_argument("--qemu", default=os.environ.get("QEMU"),
                        help=f"for everything (default: {measure.QEMU}, and {SEVERAL_QEMU} for several CPUs)")
    parser.add_argument("--out", default="build/bench")
    parser.add_argument("--publish", metavar="PAGE", help="put the tables and the chart into docs/performance.md")
    args = parser.parse_args()
    if args.qemu and not shutil.which(args.qemu):
        parser.error(f"no QEMU at {args.qemu}")
    os.environ["KANSO"] = args.kanso  # for the machines with Linux
    measure.build(args.out)
    images = {"kanso": args.kanso, "xen": args.xen}
    left_out = []
    if not os.path.exists(args.xen):
        del images["xen"]
        left_out.append(f"Xen's columns: no {args.xen} (`make dom0` fetches Debian's package; is there a network?)")
    about = about_images(args, images)
    qemu, qemu_several = args.qemu or measure.QEMU, args.qemu or SEVERAL_QEMU
    os.environ["QEMU"] = qemu  # for the machines with Linux, too
    counting = bool(measure.api_of(qemu, args.out))
    if not counting:
        left_out.append(f"everything that is counted: {about['qemu']} cannot load the plugin (Debian 12's QEMU 7.2 can, and 9.1 and later)")
    why_not = linux.missing()
    with_linux = counting and not args.quick and not why_not
    if why_not and counting:
        left_out.append(f"what Linux costs: {why_not}")
    why_not = no_several(shutil.which(qemu_several) or qemu_several, args.out)
    if why_not:
        left_out.append(f"several CPUs: {why_not}")
    else:
        about["qemu_several"] = first_line(qemu_several, "--version")
    for what in left_out:
        say(f"left out: {what}")
    machines = MACHINES[:1] if args.quick else [
        m for m in MACHINES if args.gic in (None, m[0]) and args.cpu in (None, m[1])] or [(args.gic or 3, args.cpu)]
    found = columns(machines, images, args, qemu, counting=counting)
    several = {} if why_not else columns(machines, images, args, qemu_several, several=True)
    tables, per_gib = {}, {}
    if counting and os.path.exists(f"{args.kanso}.elf"):
        tables["boot"], per_gib = phases.table(args.out, images, [1, 4] if args.quick else None, qemu)
    if with_linux:
        about["to_linux"] = phases.to_linux(args.out, images, qemu)
    for name, part in (("create", create), ("guest", guest_io)) if with_linux else ():
        tables[name] = part.table(args.out, [c for c in part.CORNERS if c.split("+")[0] in images])
    if with_linux and args.many:
        corners = {corner: numbers for corner, numbers in many.CORNERS.items() if corner.split("+")[0] in images}
        tables.update({part["caption"]: part for part in many.tables(args.out, corners)})
        tables["idle"] = idle.table(args.out, idle.CORNERS)
    result = report.collect(found, several, per_gib, {name: part for name, part in tables.items() if part}, {**about, "left_out": left_out})
    report.write(result, args.out)
    if args.publish:
        report.publish(args.out, args.publish)
    print(report.text(result))
    return 0 if all(c["kanso"].pages is not None for c in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
