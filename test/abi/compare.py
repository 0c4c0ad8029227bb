#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares abi/ with the Xen headers of Debian's libxen-dev: every constant, and of every structure
the size, and of every field offset, size and sign, for arm64, arm32 and x86-64; then once more abi/
as the host build sees it (an x86 compiler, the Arm ABI) with the numbers of arm64.

What to compare is read from abi/ itself, so nothing added there can be forgotten: a name that Xen
does not have is a mismatch unless EXCEPTIONS below says why. Both sides are compiled to objects
that hold the numbers in a section; nothing is executed.

Needs gcc, gcc-aarch64-linux-gnu, gcc-arm-linux-gnueabihf and libxen-dev.
Exit status: 0 all equal, 1 mismatches, 2 could not compare."""

import argparse
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARM_ONLY, X86_ONLY = "abi/arm.h", "abi/x86.h"

# name in abi/ -> (where, what to write on Xen's side or None to leave it out, why)
EXCEPTIONS = {
    "guest_handle_t": ("*", "XEN_GUEST_HANDLE_64(uint8)", "one type here, one for each pointee there"),
    "XEN_COMMANDLINE_LEN": ("*", "sizeof(xen_commandline_t)", "Xen names the type only"),
    "XEN_EXTRAVERSION_LEN": ("*", "sizeof(xen_extraversion_t)", "a sizeof there"),
    "struct xen_guest_uuid": ("*", None, "a bare array there; compared as a field of getdomaininfo"),
    "struct xen_vcpu_info.evtchn_upcall_mask": ("arm", "pad0", "the same byte, nameless on Arm"),
    **{name: ("*", None, "of Xen 4.20; libxen-dev is 4.17's") for name in [
        "XEN_DOMCTL_get_domain_state", "struct xen_domctl.u.get_domain_state", "struct xen_domctl_get_domain_state",
        *(f"struct xen_domctl_get_domain_state.{field}" for field in ("state", "caps", "pad0", "unique_id")),
        *(f"XEN_DOMCTL_GETDOMSTATE_STATE_{state}" for state in ("EXIST", "SHUTDOWN", "DYING", "DEAD")),
        *(f"XEN_DOMCTL_GETDOMSTATE_CAP_{cap}" for cap in ("CONTROL", "HARDWARE", "XENSTORE"))]},
    **{f"{sign}{bits}": ("*", f"{'u' * (sign == 'u')}int{bits}_t", "the fixed-width integers")
       for sign in "us" for bits in (8, 16, 32, 64)},
}

# name, compiler, package, files not for it, abi/ flags, whose Xen numbers count
TARGETS = [
    ("arm64", "aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu", X86_ONLY, [], "arm64"),
    ("arm32", "arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf", X86_ONLY, [], "arm32"),
    ("x86-64", "x86_64-linux-gnu-gcc", "gcc", ARM_ONLY, ['-DABI_ARCH_H="abi/x86.h"'], "x86-64"),
    ("host", "gcc", "gcc", X86_ONLY, [], "arm64"),
]

XEN_HEADERS = ["xen.h", "event_channel.h", "grant_table.h", "memory.h", "sched.h", "vcpu.h", "version.h",
               "features.h", "physdev.h", "platform.h", "hvm/hvm_op.h", "hvm/params.h", "io/console.h", "domctl.h",
               "sysctl.h"]
OUR_UUID = "struct { unsigned char b[16]; }"
arguments = argparse.Namespace()  # the command line
SAMPLES = ["0u", "1u", "0x1ffu", "0x12345678u"]  # arguments for macros that take one


class Item:
    """One thing of abi/: kind is constant, bytes, macro, type or field."""

    def __init__(self, kind, name, file, line, record=None, path=None, flexible=False):
        self.kind, self.name, self.file, self.line = kind, name, file, line
        self.record, self.path, self.flexible = record, path, flexible

    def where(self):
        return f"{self.file}:{self.line}"


# ---- reading abi/

def strip_comments(text):
    blank = lambda m: re.sub(r"[^\n]", " ", m.group(0))
    return re.sub(r"//[^\n]*", blank, re.sub(r"/\*.*?\*/", blank, text, flags=re.S))


def parse_header(file):
    with open(os.path.join(arguments.top, file)) as f:
        text = strip_comments(f.read())
    items = []
    code = []  # the lines that are no preprocessor lines, each with its number
    lines = text.split("\n")
    n = 0
    while n < len(lines):
        first, whole = n + 1, lines[n]
        while whole.rstrip().endswith("\\"):
            n += 1
            whole = whole.rstrip()[:-1] + lines[n]
        n += 1
        if not whole.lstrip().startswith("#"):
            code.append((first, whole))
            continue
        define = re.match(r"\s*#\s*define\s+(\w+)(\((\w*)\))?\s*(.*)", whole)
        if define and define.group(1) != "ABI_ARCH_H" and define.group(4).strip():
            value = define.group(4).strip()
            kind = "macro" if define.group(2) else "bytes" if value.startswith("{") else "constant"
            items.append(Item(kind, define.group(1), file, first))
    tokens = [(line, t) for line, s in code
              for t in re.findall(r'"[^"]*"|\w+|[^\w\s]', s)]
    parse_code(tokens, file, items)
    return items


def skip_parens(tokens, i):
    depth = 0
    while True:
        depth += {"(": 1, ")": -1}.get(tokens[i][1], 0)
        i += 1
        if depth == 0:
            return i


def parse_code(tokens, file, items):
    i = 0
    while i < len(tokens):
        line, t = tokens[i]
        if t == ";":
            i += 1
        elif t == "_Static_assert":
            i = skip_parens(tokens, i + 1)
        elif t == "typedef":
            end = i
            depth = 0
            while tokens[end][1] != ";" or depth:
                depth += {"{": 1, "}": -1}.get(tokens[end][1], 0)
                end += 1
            items.append(Item("type", tokens[end - 1][1], file, line))
            i = end
        elif t in ("struct", "union") and tokens[i + 2][1] == "{":
            record = f"{t} {tokens[i + 1][1]}"
            items.append(Item("type", record, file, line))
            i = parse_fields(tokens, i + 3, file, record, "", items)
        elif t == "enum":
            i = 1 + next(k for k in range(i, len(tokens)) if tokens[k][1] == "{")
            while tokens[i][1] != "}":
                items.append(Item("constant", tokens[i][1], file, tokens[i][0]))
                while tokens[i][1] not in ",}":
                    i += 1
                i += tokens[i][1] == ","
            i += 1
        else:
            sys.exit(f"{file}:{line}: not understood by this comparison: {t}")


def parse_fields(tokens, i, file, record, prefix, items):
    """From behind { to behind }; the fields of nested anonymous structures are fields of record."""
    while tokens[i][1] != "}":
        line = tokens[i][0]
        if tokens[i][1] in ("struct", "union") and tokens[i + 1][1] == "{":
            closing, depth = i + 1, 0
            while True:
                depth += {"{": 1, "}": -1}.get(tokens[closing][1], 0)
                if depth == 0:
                    break
                closing += 1
            name = tokens[closing + 1][1]
            inner = prefix if name == ";" else f"{prefix}{name}."
            parse_fields(tokens, i + 2, file, record, inner, items)
            if name != ";":
                add_field(items, file, line, record, prefix + name, False)
            i = closing + (2 if name == ";" else 3)
            continue
        end = i
        while tokens[end][1] != ";":
            end += 1
        declarators, words = [[]], [t for _, t in tokens[i:end]]
        for w in words:
            if w == ",":
                declarators.append([])
            else:
                declarators[-1].append(w)
        for d in declarators:
            name = next(w for w in reversed(d[:d.index("[")] if "[" in d else d) if w[0].isalpha() or w[0] == "_")
            add_field(items, file, line, record, prefix + name, "".join(d).endswith("[]"))
        i = end + 1
    return i + 1


def add_field(items, file, line, record, path, flexible):
    items.append(Item("field", f"{record}.{path}", file, line, record, path, flexible))


# ---- compiling either side

def run(command, source=None):
    return subprocess.run(command, input=source, capture_output=True, text=True, check=False,
                          cwd=arguments.top)  # quoted includes look there first


def sections(path):
    """Name -> bytes of an ELF object of 32 or 64 bits, little endian."""
    with open(path, "rb") as f:
        elf = f.read()
    wide = elf[4] == 2
    at, size, count, names = (struct.unpack_from("<Q", elf, 40) if wide else struct.unpack_from("<I", elf, 32)) + \
        struct.unpack_from("<HHH", elf, 58 if wide else 46)
    headers = []
    for n in range(count):
        if wide:
            name, _, _, _, offset, length = struct.unpack_from("<IIQQQQ", elf, at + n * size)
        else:
            name, _, _, _, offset, length = struct.unpack_from("<IIIIII", elf, at + n * size)
        headers.append((name, elf[offset:offset + length]))
    strings = headers[names][1]
    return {strings[name:strings.index(b"\0", name)].decode(): body for name, body in headers}


def expressions(item, name):
    """(what, C expression of an integer) for one item; name is the one to use on this side."""
    if item.kind == "constant":
        return [("", f"({name})")]
    if item.kind == "macro":
        return [(f"({sample})", f"{name}({sample})") for sample in SAMPLES]
    if item.kind == "type":
        return [("size", f"sizeof({name})"), ("alignment", f"_Alignof({name})")]
    record, path = name
    field = f"((({record} *)0)->{path})"
    out = [("offset", f"__builtin_offsetof({record}, {path})")]
    if not item.flexible:
        signed = ", ".join(f"{t}: 1" for t in ("signed char", "short", "int", "long", "long long"))
        out += [("size", f"sizeof{field}"), ("sign", f"_Generic({field}, {signed}, default: 0)")]
    return out


def numbers(compiler, flags, prologue, items, naming, uuid, directory):
    """(item, what) -> number for one side, and the set of items that do not compile there."""
    failed = {}
    while True:
        keys = []
        source = f'{prologue}\nconst unsigned long long abi_numbers[] __attribute__((section(".abi"), used)) = {{\n'
        for item in items:
            if item in failed or item.kind == "bytes":
                continue
            for what, expression in expressions(item, naming(item)):
                source += f'#line {item.line} "{item.file}"\n(unsigned long long){expression},\n'
                keys.append((item, what))
        source += "};\n"
        for item in items:
            if item.kind == "bytes" and item not in failed:
                source += f'#line {item.line} "{item.file}"\n'
                source += (f'const {uuid} bytes_{item.name} __attribute__((section(".abi.{item.name}"), used)) = '
                           f"{naming(item)};\n")
        obj = os.path.join(directory, "abi.o")
        result = run([compiler, "-std=gnu2x", "-ffreestanding", "-w", *flags, "-x", "c", "-c", "-o", obj, "-"], source)
        if result.returncode == 0:
            break
        lines = {(m.group(1), int(m.group(2))): m.group(3)
                 for m in re.finditer(r"^(abi/\w+\.h):(\d+):[\d:]* error: (.*)$", result.stderr, re.M)}
        bad = [i for i in items if (i.file, i.line) in lines and i not in failed]
        if not bad:
            sys.exit(f"{compiler}: cannot compile the numbers:\n{result.stderr}")
        for item in bad:
            failed[item] = lines[(item.file, item.line)]
    body = sections(obj)
    values = struct.unpack(f"<{len(keys)}Q", body[".abi"])
    out = dict(zip(keys, values))
    for item in items:
        if item.kind == "bytes" and item not in failed:
            out[(item, "bytes")] = body[f".abi.{item.name}"].hex()
    return out, failed


def xen_prologue(headers):
    lines = ["#include <stdint.h>", "#define __XEN_TOOLS__ 1"]
    lines += [f"#include <xen/{h}>" for h in headers]
    # ERESTART is declared to Xen itself only; errno.h has nothing else that depends on this.
    lines += ["#define __XEN__ 1", "#include <xen/errno.h>", "#undef __XEN__"]
    return "\n".join(lines)


class Xen:
    """The other side for one architecture: which names exist there, and how ours are written."""

    def __init__(self, target, compiler, root):
        self.arm = target != "x86-64"
        self.flags = [f"-I{root}"]
        headers = XEN_HEADERS + (["arch-arm/smccc.h"] if self.arm else [])
        self.prologue = xen_prologue(headers)
        common = [compiler, "-std=gnu2x", "-ffreestanding", "-w", *self.flags, "-x", "c", "-E"]
        text = run([*common, "-"], self.prologue)
        if text.returncode:
            sys.exit(f"{compiler}: libxen-dev's headers do not compile:\n{text.stderr}")
        macros = run([*common, "-dM", "-"], self.prologue).stdout
        self.names = set(re.findall(r"^#define (\w+)", macros, re.M)) | set(re.findall(r"\w+", text.stdout))
        self.records = {f"{kind} {name}" for kind, name in re.findall(r"\b(struct|union)\s+(\w+)\s*\{", text.stdout)}

    def exception(self, name):
        where, there, _ = EXCEPTIONS.get(name, (None, None, None))
        return (there,) if where == "*" or where == ("arm" if self.arm else "x86") else None

    def record(self, name):
        kind, bare = name.split()
        for candidate in (name, f"{kind} {bare.removeprefix('xen_')}"):
            if candidate in self.records:
                return candidate
        return None

    def name(self, item):
        """How Xen writes it; None: it has no such name."""
        said = self.exception(item.name)
        if item.kind == "field":
            record = self.record(item.record)
            return record and (record, said[0] if said else item.path)
        if said:
            return said[0]
        if item.kind == "type":
            return self.record(item.name) if " " in item.name else None
        for candidate in (item.name, item.name.removeprefix("XEN_")):
            if candidate in self.names:
                return candidate
        return None


# ---- the comparison

def ours(item):
    return (item.record, item.path) if item.kind == "field" else item.name


def check_alone(target, compiler, flags, files, errors):
    for file in files:
        result = run([compiler, "-std=gnu2x", "-ffreestanding", "-Wall", "-Wextra", "-Werror", *flags,
                      f"-I{arguments.top}", "-fsyntax-only", "-x", "c", "-"], f'#include "{file}"\n')
        if result.returncode:
            errors.append(f"{file}:1: {target}: does not compile by itself:\n{result.stderr}")


def compare(target, compiler, leave_out, flags, xen, xen_compiler, files, root, errors):
    files = [f for f in files if f != leave_out]
    check_alone(target, compiler, flags, files, errors)
    items, excepted = [], 0
    for item in (i for f in files for i in parse_header(f)):
        if (xen.exception(item.name) or xen.exception(item.record)) == (None,):
            excepted += 1
        elif xen.name(item) is None:
            errors.append(f"{item.where()}: {target}: {item.name} is not in libxen-dev")
        else:
            items.append(item)
    prologue = "\n".join(f'#include "{f}"' for f in files)
    here, bad_here = numbers(compiler, [f"-I{arguments.top}", *flags], prologue, items, ours, OUR_UUID, root)
    there, bad_there = numbers(xen_compiler, xen.flags, xen.prologue, items, xen.name, "xen_uuid_t", root)
    for item, why in bad_here.items():
        errors.append(f"{item.where()}: {target}: {item.name}: {why}")
    for item, why in bad_there.items():
        errors.append(f"{item.where()}: {target}: {item.name}, on Xen's side: {why}")
    for key in here.keys() & there.keys():
        if here[key] != there[key]:
            item, what = key
            label = item.name + what if what[:1] in ("", "(") else f"{item.name} {what}"
            show = [v if isinstance(v, str) else f"{v:#x}" for v in (here[key], there[key])]
            errors.append(f"{item.where()}: {target}: {label} is {show[0]}, Xen's is {show[1]}")
    count = {kind: sum(i.kind == kind for i in items) for kind in ("constant", "macro", "bytes", "type", "field")}
    print(f"  {target:8}{count['constant'] + count['macro'] + count['bytes']} constants, {count['type']} types, "
          f"{count['field']} fields, {excepted} left out", flush=True)
    return len(here), excepted


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--xen", default="/usr/include/xen", help="where libxen-dev's headers are (%(default)s)")
    parser.add_argument("--top", default=TOP, help="the folder that abi/ is in (%(default)s)")
    parser.add_argument("--target", action="append", choices=[t[0] for t in TARGETS],
                        help="only this one (may be repeated)")
    parser.parse_args(namespace=arguments)
    arguments.top = os.path.abspath(arguments.top)

    targets = [t for t in TARGETS if not arguments.target or t[0] in arguments.target]
    compilers = {t[0]: t[1] for t in TARGETS}
    missing = {t[2] for t in targets if not shutil.which(t[1])}
    if not os.path.exists(os.path.join(arguments.xen, "domctl.h")):
        missing.add("libxen-dev")
    if missing:
        print(f"abi: cannot compare; install: apt-get install {' '.join(sorted(missing))}", file=sys.stderr)
        return 2

    files = sorted(f"abi/{f}" for f in os.listdir(os.path.join(arguments.top, "abi")) if f.endswith(".h"))
    errors, total = [], 0
    with tempfile.TemporaryDirectory() as root:
        for alias in ("xen", "public"):  # smccc.h includes "public/xen.h"
            os.symlink(os.path.abspath(arguments.xen), os.path.join(root, alias))
        for target, compiler, _, leave_out, flags, whose in targets:
            xen = Xen(whose, compilers[whose], root)
            total += compare(target, compiler, leave_out, flags, xen, compilers[whose], files, root, errors)[0]
    for e in sorted(errors):
        print(e)
    print(f"abi: {total} numbers compared, {len(errors)} mismatches")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
