#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house's rules, checked: `make lint`. Each rule is a function that yields "file:line: what is wrong"."""
import collections
import pathlib
import re
import subprocess
import sys

import analysers
import indices

ROOT = pathlib.Path(__file__).resolve().parents[1]
OBJECTS = ROOT / "build/arm64"
CROSS = "aarch64-linux-gnu-"
MAX_FILE_LINES = 500
MAX_TEST_LINES = 1000
MAX_FUNCTION_LINES = 80
MAX_FRAME_BYTES = 1024
MAX_STACK_BYTES = 12 * 1024  # of 16 KiB, along direct calls
IS_TEST = re.compile(r"_(test|fuzz)\.[ch]$")


def tracked(*patterns):
    """The project's files, as git knows them and those about to be added."""
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
                         cwd=ROOT, text=True, capture_output=True, check=True).stdout
    return [p for p in sorted(set(out.split())) if (ROOT / p).is_file()]


def lines_of(path):
    """(number, line) of a file."""
    return list(enumerate((ROOT / path).read_text(encoding="utf-8").split("\n"), 1))


class Layers:
    """A LAYERS file: ranks of rooms, and the upcalls with their declaring and defining files."""

    def __init__(self, path="hyp/LAYERS"):
        self.path, self.rank, self.upcalls = path, {}, {}
        for _, line in lines_of(path):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "upcall":
                self.upcalls[words[1]] = (words[2], words[3])
            else:
                self.rank[words[1]] = int(words[0])


def check_arrows(layers):
    """A file includes its own room and rooms of a lower rank."""
    yield from arrows(layers, tracked("hyp/*.c", "hyp/*.h", "hyp/*.S"))
    tools = tracked("tools/*.c", "tools/*.h")
    yield from arrows(Layers("tools/LAYERS"), tools)
    for path in tools:
        for number, line in lines_of(path):
            found = re.match(r"\s*#\s*include <(xen(?:call|foreignmemory|evtchn|gnttab|store|devicemodel|toolcore|ctrl|guest|light)\w*)\.h>", line)
            homes = found and (("store", "xenstore") if found[1].startswith("xenstore") else ("hv",))
            if homes and path.split("/")[1] not in homes:
                yield f"{path}:{number}: {found[1]}.h is for {' and '.join(homes)} only"


def arrows(layers, paths):
    """One tree of rooms."""
    for path in paths:
        room = path.split("/")[1]
        if room not in layers.rank:
            yield f"{path}: room {room} is not in {layers.path}"
            continue
        if IS_TEST.search(path):
            continue
        for number, line in lines_of(path):
            found = re.match(r'\s*#\s*include "(\w+)/', line)
            other = found and found[1]
            if not other or other in (room, "abi"):
                continue
            if other not in layers.rank:
                yield f"{path}:{number}: includes {other}/, which is no room"
            elif layers.rank[other] >= layers.rank[room]:
                yield (f"{path}:{number}: {room} (rank {layers.rank[room]}) includes {other} (rank {layers.rank[other]})")


def declared_functions():
    """{name: header} of every function that a room's header declares without a body."""
    out = {}
    for path in tracked("hyp/*.h"):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", "", (ROOT / path).read_text(), flags=re.S)
        for found in re.finditer(r"^(?!static|#|typedef)[\w\[\]][\w\s\*\[\]]*?\b(\w+)\([^;{}]*\)[^;{}()]*;", text, re.M):
            out[found[1]] = path
    return out


def check_upcalls(layers):
    """What a lower room declares and another defines is an upcall: listed, with its definer, which is above."""
    declared = declared_functions()
    defined = collections.defaultdict(set)
    out = subprocess.run(f"find {OBJECTS}/hyp -name '*.o' -print0 | xargs -0 {CROSS}nm -A --defined-only", shell=True,
                         text=True, capture_output=True, check=False).stdout
    for line in out.splitlines():
        found = re.match(rf"{OBJECTS}/hyp/(.*)\.o:\w+ [TWD] (\w+)", line)
        if found and [p for p in (f"hyp/{found[1]}.c", f"hyp/{found[1]}.S") if (ROOT / p).exists()]:
            defined[found[2]].add(found[1])
    for name, header in sorted(declared.items()):
        if header == "hyp/base/string.h":
            continue  # what the compiler itself calls; a machine may have its own
        room = header.split("/")[1]
        for stem in defined[name]:
            if stem.split("/")[0] != room and name not in layers.upcalls:
                yield f"{header}: {name}() is defined in {stem}: an upcall that hyp/LAYERS does not list"
    for name, (header, definer) in sorted(layers.upcalls.items()):
        if declared.get(name) != f"hyp/{header}":
            yield f"hyp/LAYERS: {name} is not declared in {header}"
        stem = definer.rsplit(".", 1)[0]
        if stem not in defined[name]:
            yield f"hyp/LAYERS: {name} is not defined in {definer}"
        elif layers.rank[stem.split("/")[0]] <= layers.rank[header.split("/")[0]]:
            yield f"hyp/LAYERS: {name} is no upcall: {definer} is not above {header}"


def check_locks(_):
    """hyp/LOCKS and enum lock_rank say the same."""
    listed = {w[1]: int(w[0]) for _, line in lines_of("hyp/LOCKS") if (w := line.split()) and w[0].isdigit()}
    text = "".join((ROOT / p).read_text() for p in tracked("hyp/sync/*.h"))
    body = re.search(r"enum lock_rank\s*{(.*?)}", text, re.S)
    if not body:
        yield "hyp/sync: no enum lock_rank"
        return
    coded = {name: int(value) for name, value in re.findall(r"\b(RANK_\w+)\s*=\s*(\d+)", body[1])}
    for name in sorted(set(listed) | set(coded)):
        if listed.get(name) != coded.get(name):
            yield f"hyp/LOCKS: {name} is {listed.get(name)}, enum lock_rank says {coded.get(name)}"


def check_sizes(_):
    """Files and functions stay short."""
    for path in tracked("hyp/*.c", "hyp/*.h", "hyp/*.S", "abi/*.h", "tools/*.c", "tools/*.h", "test/*.c", "test/*.h"):
        lines = lines_of(path)
        most = MAX_TEST_LINES if IS_TEST.search(path) or path.startswith("test/") else MAX_FILE_LINES
        if len(lines) - 1 > most:
            yield f"{path}: {len(lines) - 1} lines, at most {most}"
        start = None
        for number, line in lines:
            if line == "{":
                start = number
            elif line == "}" and start:
                if number - start - 1 > MAX_FUNCTION_LINES:
                    yield f"{path}:{start}: a function of {number - start - 1} lines, at most {MAX_FUNCTION_LINES}"
                start = None


def check_words(_):
    """SPDX on top; no #if in C; a TODO names its issue; no path of a machine."""
    for path in tracked("*.c", "*.h", "*.S", "*.lds", "*.py", "*.sh", "Makefile", "test/dom0/*", ".ci/*"):
        lines = lines_of(path)
        top = lines[1][1] if lines[0][1].startswith("#!") and len(lines) > 1 else lines[0][1]
        if "SPDX-License-Identifier: MIT" not in top:
            yield f"{path}:1: no SPDX line on top"
        for number, line in lines:
            if path.startswith("hyp/") and path.endswith(".c") and re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b", line):
                yield f"{path}:{number}: a conditional in C: the file's suffix says the machine"
            if re.search(r"\bTODO\b(?!.*#\d)", line) and path != "scripts/lint.py":
                yield f"{path}:{number}: a TODO without its issue"
            if re.search(r"(?<![\w.])/(home|work)/\w", line) and path != "scripts/lint.py":
                yield f"{path}:{number}: a path of somebody's machine"
            if line != line.rstrip():
                yield f"{path}:{number}: blanks at the end"


def check_frames(_):
    """No large stack frame, no dynamic one; no recursion; the deepest chain of direct calls fits."""
    frames = {}
    whole = [*OBJECTS.glob("kanso.elf.ltrans*.su")]  # of the program as it was linked
    for path in whole or OBJECTS.glob("hyp/**/*.su"):
        if not whole and (not path.with_suffix(".o").exists() or not (ROOT / path.relative_to(OBJECTS)).with_suffix(".c").exists()):
            continue
        for line in path.read_text().splitlines():
            where, size, kind = line.split("\t")
            name = where.rsplit(":", 1)[1]
            frames[name] = max(frames.get(name, 0), int(size))
            if int(size) > MAX_FRAME_BYTES or kind != "static" and "bounded" not in kind:
                yield f"{where}: stack frame of {size} bytes ({kind}), at most {MAX_FRAME_BYTES}, static"
    elf = OBJECTS / "kanso.elf"
    if not elf.exists():
        yield f"{elf.relative_to(ROOT)}: not built, so recursion and depth are not known"
        return
    calls, name = collections.defaultdict(set), None
    out = subprocess.run([CROSS + "objdump", "-d", "--no-show-raw-insn", elf], text=True, capture_output=True, check=True)
    for line in out.stdout.splitlines():
        if found := re.match(r"[0-9a-f]+ <([\w.]+)>:", line):
            name = found[1].split(".")[0]
        elif found := re.search(r"\t(?:bl?|cbn?z|tbn?z|b\.\w+)\t.*<(\w+)[.\w]*>$", line):
            if found[1] != name and found[1] in frames and name in frames:
                calls[name].add(found[1])
    depth = {}

    def descend(function, path):
        if function in path:
            raise RecursionError(" > ".join(path[path.index(function):] + [function]))
        if function not in depth:
            below = max((descend(f, path + [function]) for f in sorted(calls[function])), key=lambda d: d[0], default=(0, ()))
            depth[function] = (below[0] + frames[function], (function, *below[1]))
        return depth[function]

    for function in sorted(frames):
        try:
            size, chain = descend(function, [])
        except RecursionError as loop:
            yield f"hyp: recursion: {loop}"
            return
        if size > MAX_STACK_BYTES:
            yield f"hyp: {size} bytes of stack: {' > '.join(chain)}"


def check_format(_):
    """.clang-format decides."""
    files = tracked("hyp/*.c", "hyp/*.h", "abi/*.h", "abi/*.c", "tools/*.c", "tools/*.h", "test/*.c", "test/*.h")
    if files:
        out = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *files], cwd=ROOT, text=True,
                             capture_output=True, check=False).stderr
        for line in out.splitlines():
            if "error:" in line:
                yield line.replace("code should be clang-formatted [-Wclang-format-violations]", "clang-format would change it")


def check_globals(_):
    """The rooms of the tools share one archive: no function or variable has the name of another."""
    archive = OBJECTS / "tools/tools.a"
    if not archive.exists():
        yield f"{archive.relative_to(ROOT)}: not built, so its names are not known"
        return
    out = subprocess.run([CROSS + "nm", "-A", "--defined-only", archive], text=True, capture_output=True, check=False).stdout
    defined = collections.defaultdict(list)
    for line in out.splitlines():
        found = re.match(r".*?:(\w+\.o):\w+ [TDBR] (\w+)$", line)
        if found:
            defined[found[2]].append(found[1])
    for name, members in sorted(defined.items()):
        if len(members) > 1:
            yield f"tools: {name} is defined in {' and '.join(members)}"


def check_indices(_):
    """What is compared with a bound and then an index goes through a mask."""
    yield from indices.check([p for p in tracked("hyp/*.c", "hyp/*.h") if not re.search(r"_(test|fuzz|host)\.[ch]$", p)],
                             lambda p: (ROOT / p).read_text(encoding="utf-8"))


def check_manuals(_):
    """mandoc decides, but for pages that other packages bring."""
    for path in tracked("docs/man/*"):
        out = subprocess.run(["mandoc", "-Tlint", path], cwd=ROOT, text=True, capture_output=True, check=False).stdout
        yield from (line for line in out.splitlines() if "referenced manual not found" not in line)
    # xl's page is compared with its table by a unit test
    for path, page in (("tools/xenstored/main.c", "xenstored.8"), ("tools/xenconsoled/options.c", "xenconsoled.8"),
                       ("tools/xenstore/command.c", "xenstore.1")):
        text = (ROOT / "docs/man" / page).read_text(encoding="utf-8")
        for number, line in lines_of(path):
            option = re.match(r'\s*{"([\w-]+)", (?:no|required|optional)_argument', line)
            command = re.match(r'\s*{"(\w+)", "[a-zR:]+", \d', line)
            word = f"Fl -{option[1]}" if option else f".It Cm {command[1]}" if command else ""
            # ".It Fl D , -long": mandoc repeats the flag
            if word and not re.search(rf"{word}\b|Fl [^\n]*, -{(option or command)[1]}\b", text):
                yield f"docs/man/{page}: nothing about {word[word.index(' ') + 1:]} of {path}:{number}"


def check_shell(_):
    """shellcheck decides."""
    files = tracked("*.sh", "*.bash", ".ci/run", "test/dom0/init", "test/dom0/guest-init", "tools/hotplug/*")
    # 1091: what is sourced lies in dom0; 2034, 2154: variables of the library; 2046, 2086: words are split on purpose
    out = subprocess.run(["shellcheck", "-f", "gcc", "-S", "warning", "-e", "1091,2034,2154,2046,2086", *files], cwd=ROOT,
                         text=True, capture_output=True, check=False).stdout
    yield from out.splitlines()


CHECKS = {f.__name__[6:]: f for f in (check_arrows, check_upcalls, check_locks, check_sizes, check_words, check_frames,
                                      check_format, check_indices, check_shell, check_manuals, check_globals)}
CHECKS |= {name: lambda _, name=name: analysers.check(name, tracked("hyp/*.c", "tools/*.c")) for name in analysers.ANALYSERS}


def main():
    """Run all rules or the named ones; print each finding; the last line counts them."""
    layers = Layers()
    total = 0
    for name in sys.argv[1:] or CHECKS:
        found = sorted(set(CHECKS[name](layers)))
        print(f"  {name:8} {'ok' if not found else f'{len(found)} findings'}", flush=True)
        for line in found:
            print(f"    {line}")
        total += len(found)
    print(f"lint: {total} findings")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
