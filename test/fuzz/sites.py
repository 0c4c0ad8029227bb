#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sites.py PROGRAM LOG [PROGRAM LOG]...: which places that allocate, copy, map or restart were reached, and where a failure was tried.

A place is a call of a wrapped function in the hypervisor's code; a LOG has the "site" lines of PROGRAM --list. The last lines count; an
allocation that nothing reached, or that never failed, fails it: but those that a unit test has."""
import collections
import re
import subprocess
import sys

ALLOCATIONS = ("frame_alloc", "frame_alloc_zeroed", "slab_alloc", "heap_alloc")

# EL2's own page tables, which a process does not have
ELSEWHERE = {"hyp/mem/hypmap.c": "unit test mem/hypmap"}


def calls_in(program):
    """Return address -> wrapped function, of every call in the program."""
    found, wanted = {}, None
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", program], text=True, capture_output=True, check=True)
    for line in listing.stdout.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\s+(\S+)\s*(.*)", line)
        if not match:
            continue
        if wanted:
            found[int(match[1], 16)] = wanted
            wanted = None
        call = match[2].startswith("call") and re.search(r"<__wrap_(\w+)>", match[3])
        wanted = call and call[1]
    return found


def places(program, addresses):
    """Return address -> "file:function"; the call before it is what counts."""
    text = "".join(f"{a - 1:#x}\n" for a in addresses)
    out = subprocess.run(["addr2line", "-f", "-e", program], input=text, text=True, capture_output=True, check=True).stdout.split("\n")
    where = {}
    for i, address in enumerate(addresses):
        path, line = out[2 * i + 1].split(" ")[0].rsplit(":", 1)
        inside = re.search(r"(hyp/.*)$", path)
        where[address] = f"{inside[1]}:{line}" if inside else None
    return where


def main(arguments):
    """Merges the programs' sites by place and prints them."""
    table = collections.defaultdict(lambda: [0, 0])
    for program, log in zip(arguments[::2], arguments[1::2]):
        calls = calls_in(program)
        where = places(program, sorted(calls))
        for address, what in calls.items():
            if where[address] and what not in ("spin_lock", "spin_unlock", "slab_free", "heap_free", "frame_free", "frame_free_range"):
                table[(what, where[address])][0] += 0
        with open(log, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                site = re.match(r"site 0x([0-9a-f]+) (\w+) calls (\d+) fails (\d+)", line)
                place = site and where.get(int(site[1], 16))
                if place:
                    row = table[(site[2], place)]
                    row[0] += int(site[3])
                    row[1] += int(site[4])
    for (what, place), (reached, failed) in sorted(table.items()):
        print(f"{what:20} {place:40} {reached:10} {failed:8}{'' if reached else '  not reached'}{'' if failed or not reached else '  never failed'}")
    missing = []
    for kind, chosen in (("allocation", [k for k in table if k[0] in ALLOCATIONS]), ("other", [k for k in table if k[0] not in ALLOCATIONS])):
        print(f"{kind} sites: {len(chosen)}, reached {sum(table[k][0] > 0 for k in chosen)}, failed {sum(table[k][1] > 0 for k in chosen)}")
    for what, place in sorted(k for k in table if k[0] in ALLOCATIONS and not (table[k][0] and table[k][1])):
        other = ELSEWHERE.get(place.split(":")[0])
        print(f"{what} at {place}: {f'reached and failed by the {other}' if other else 'MISSING'}")
        missing += [] if other else [place]
    return 1 if missing else 0


sys.exit(main(sys.argv[1:]))
