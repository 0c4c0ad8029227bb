# SPDX-License-Identifier: MIT
"""An index that is compared is masked, too: `make lint` (cpu/speculation.h says why).

In the rooms where guests' numbers arrive: a function that compares a value with a bound and then takes an element by that
value, or by one made of it, takes it through index_clamp() or a mask (& (ARRAY_LEN() - 1) is none: who knows the comparison
leaves it out, and the compiler does). Exempt are counters of the function's own loops, and
what ALLOWED names, each with its reason.
"""
import re

ROOMS = re.compile(r"hyp/(guestmem|vgic|evtchn|gnttab|vtimer|vpsci|vuart|ioreq|call|trap)/")
NAME = re.compile(r"(?<![\w.>])[a-z_]\w*(?!\w|\s*\()")
ASSIGNED = re.compile(r"(?<![\w.>])([a-z_]\w*) = ([^;]+);")
MASKED = re.compile(r"index_clamp\(|& \w+_MASK")
# (file, name): the reason
ALLOWED = {
    ("hyp/call/control.c", "ours"): "what fits of our own bits",
    ("hyp/evtchn/fifo.c", "page"): "how many there are: the guest says where the next one lies, not which it is",
    ("hyp/evtchn/record.c", "peer"): "the remainder by a power of two is a mask",
    ("hyp/evtchn/record.c", "port"): "the remainder by a power of two is a mask",
    ("hyp/gnttab/maptrack.c", "n"): "how many there are, likewise",
    ("hyp/trap/sysreg_arm64.c", "middle"): "a binary search: compared is what lies there",
    ("hyp/trap/trap_arm64.h", "n"): "five bits of the syndrome; the one beyond x30 lies in the same registers",
}


def functions(text):
    """(line of the opening brace, body) of each function."""
    for found in re.finditer(r"^\{\n(.*?)^\}", text, re.M | re.S):
        yield text.count("\n", 0, found.start()) + 1, found[1]


def counters(body):
    """Names that a loop of the body counts, or that are stepped in it."""
    return set(re.findall(r"for \(\w[\w ]* \*?(\w+) = ", body)) | set(re.findall(r"(?<![\w.>])(\w+)(?:\+\+|--)", body))


def compared(body):
    """Names on the left of a comparison with a bound."""
    return set(re.findall(r"(?<![\w.>])([a-z_]\w*)(?: [/%] \w+)? (?:<|>=|<=|>) ", body))


def sources(body):
    """Which names a name was made of, unless a mask was in between."""
    made = {}
    for name, value in ASSIGNED.findall(body):
        made.setdefault(name, set()).update(() if MASKED.search(value) else NAME.findall(value))
    return made


def excesses(body):
    """(offset, index, name) of what is compared and not masked."""
    bounded, made, counted = compared(body), sources(body), counters(body)
    masked = {name for name, value in ASSIGNED.findall(body) if MASKED.search(value)}
    for found in re.finditer(r"[\w\])]\[([^\[\]]+)\]", body):
        for name in () if MASKED.search(found[1]) else NAME.findall(found[1]):
            origins = ({name} | made.get(name, set())) & bounded
            if origins - counted and name not in counted | masked:
                yield found.start(), found[1], name


def check(paths, read):
    """Findings in the files; read(path) is a file's text."""
    unused = set(ALLOWED)
    for path in filter(ROOMS.match, paths):
        text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), read(path), flags=re.S)
        for line, body in functions(text):
            for at, index, name in excesses(body):
                unused.discard((path, name))
                if (path, name) not in ALLOWED:
                    yield f"{path}:{line + 1 + body.count(chr(10), 0, at)}: [{index}]: {name} is compared and not masked (cpu/speculation.h)"
    yield from (f"scripts/indices.py: nothing is excused by {name} in {path}" for path, name in unused)
