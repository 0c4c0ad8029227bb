# SPDX-License-Identifier: MIT
"""Which constants can a function answer? Read from what clang makes of it: LLVM's text, optimised but with every function on its own.

A value is the set of constants that it can be, ANY among them when it can be others, too. They are followed through arithmetic, choices and
calls, along the branches that can be taken: a branch on a value that is known, or that cannot be what it is compared with, is not. What
a call is given is followed into it as long as it is one constant. What comes out of memory is ANY."""
import re

ANY = None
ERRORS = range(-131, 0)
WIDE = 48  # of a set: more are ANY, but for those that may be errors
VALUE = re.compile(r"^(?:.* )?(%[\w.]+|-?\d+|true|false|null|undef|poison|zeroinitializer|@[\w.]+)$")
CALL = re.compile(r"call (?:[\w.]+ )*?(void|i\d+|ptr|[%{<].*?) (?:\([^()]*\) )?([@%][\w.]+)\((.*)\)")
BINARY = {
    "add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "and": lambda a, b: a & b, "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b, "shl": lambda a, b: a << (b & 63)
}
COMPARE = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b, "le": lambda a, b: a <= b, "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b
}


def split(text, at=",", end=""):
    """At the commas, or blanks, that are in no brackets, up to the end: a bracket that closes what was open before."""
    parts, depth, begin = [], 0, 0
    for i, c in enumerate(text):
        depth += (c in "([{<") - (c in ")]}>")
        if depth < 0 and c == end:
            return parts + [text[begin:i].strip()]
        if c == at and depth == 0:
            parts.append(text[begin:i].strip())
            begin = i + 1
    return parts + [text[begin:].strip()] if text.strip() else []


def width(kind):
    """Of a type, in bits."""
    return int(kind[1:]) if re.fullmatch(r"i\d+", kind) else 64


def signed(n, bits):
    """The lowest bits of n as a number with a sign; a single one has none."""
    n &= (1 << bits) - 1
    return n - (1 << bits) if bits > 1 and n >> (bits - 1) else n


def operand(text):
    """The value's name, or the constant."""
    found = VALUE.match(text.strip())
    word = found[1] if found else "?"
    return {"true": 1, "false": 0, "null": 0, "zeroinitializer": 0}.get(word, int(word) if re.fullmatch(r"-?\d+", word) else word)


class Function:
    """Its blocks as lists of (name, operation, what it takes), its edges."""

    def __init__(self, module, name, parameters, kind, lines):
        self.module, self.name, self.kind = module, name, kind
        self.parameters = [f"%{i}" for i in range(len(split(parameters)))]
        self.kinds = tuple(kind_of(p) for p in split(parameters))
        self.blocks, self.exits, self.where = {}, {}, {}
        label = str(len(self.parameters))
        self.entry = label
        self.blocks[label] = []
        for line in lines:
            head = re.match(r"^([\w.]+):", line)
            if head:
                label = head[1]
                self.blocks[label] = []
            else:
                self.read(label, line.strip())
        self.before = {b: [] for b in self.blocks}
        for block, (_, edges) in self.exits.items():
            for target in {t for t, _ in edges}:
                self.before[target].append(block)

    def read(self, block, line):
        """One instruction."""
        line = re.sub(r", ![\w.]+ !\d+|, align \d+| #\d+$", "", line)
        if line.startswith("br label"):
            self.exits[block] = ("", [(line.split("%")[1], None)])
        elif line.startswith("br i1"):
            cond, yes, no = split(line[6:])
            self.exits[block] = (operand(cond), [(yes.split("%")[1], 1), (no.split("%")[1], 0)])
        elif line.startswith("switch"):
            value, rest = re.match(r"switch (.*?), label (.*)$", line).groups()
            bits = width(value.split()[0])
            cases = [(t, signed(int(n), bits)) for n, t in re.findall(r"i\d+ (-?\d+), label %([\w.]+)", rest)]
            self.exits[block] = (operand(value), cases + [(re.match(r"%([\w.]+)", rest)[1], [n for _, n in cases])])
        elif line.startswith("ret "):
            self.blocks[block].append(("", "ret", operand(line[4:])))
        elif " = " in line:
            name, code = line.split(" = ", 1)
            parsed = parse(code)
            if parsed:
                self.blocks[block].append((name, *parsed))
                self.where[name] = (parsed, block)


def kind_of(parameter):
    """Of "%struct.x* noundef %0" the type: up to the first blank in no brackets, a function's with its parameters."""
    words = split(parameter, " ")
    return " ".join(words[:2]) if len(words) > 1 and words[1].startswith("(") else words[0]


def place_of(kind, _base, *indices):
    """(type, constants) of a member; of an array's element as if it were one of its own."""
    array = re.match(r"\[\d+ x (.*)\]$", kind)
    kind, indices = (array[1], (indices[0], *indices[2:])) if array else (kind, indices)
    return kind.removeprefix("%"), tuple(operand(i) for i in indices)


def parse(code):
    """(operation, what it takes) of the right side."""
    word = code.split(" ", 1)[0]
    if word == "phi":
        return "phi", [(operand(v), b) for v, b in re.findall(r"\[ (.*?), %([\w.]+) \]", code)]
    if word == "select":
        c, a, b = split(code[7:])
        return "select", operand(c), operand(a), operand(b)
    found = CALL.search(code)
    if found and word in ("call", "tail", "notail", "musttail"):
        arguments = split(found[3])
        return "call", found[2], [operand(a) for a in arguments], tuple(kind_of(a) for a in arguments), found[1]
    if word == "icmp":
        _, how, rest = code.split(" ", 2)
        a, b = split(rest)
        return "icmp", how, width(rest.split()[0]), operand(a), operand(b)
    found = re.match(r"(trunc|sext|zext|freeze|bitcast) (\S+) (\S+)(?: to (\S+))?", code)
    if found:
        return "cast", found[1], operand(found[3]), width(found[2]), width(found[4] or found[2])
    found = re.match(r"(\w+)(?: nuw| nsw| exact)* (i\d+) (\S+), (\S+)$", code)
    if found and found[1] in (*BINARY, "lshr"):
        return "binary", found[1], operand(found[3]), operand(found[4]), width(found[2])
    if word == "getelementptr":
        return "gep", place_of(*split(re.sub(r"^getelementptr (inbounds )?", "", code)))
    return ("load", operand(split(code)[1])) if word == "load" else None


class Program:
    """All functions of some modules. seeds: {(type, indices): constants}, what memory is known to hold; resolve: chooses among the functions
    that a call by pointer could reach by its type; prune: {(caller, callee): constants that do not pass}, and pruned those that were there;
    row: for which seeds the answers of call/ are."""

    def __init__(self, modules):
        self.functions, self.taken, self.members, self.tables = {}, [], {}, {}
        for module, text in modules.items():
            self.load(module, text)
        self.known = {}
        self.seeds, self.resolve, self.prune, self.pruned, self.row = {}, lambda found: found, {}, {}, None

    def load(self, module, text):
        """The functions of one module, and its tables of functions."""
        for head, body in re.findall(r"^define ([^\n]*) \{\n(.*?)^\}", text, re.S | re.M):
            kind, name, parameters = re.match(r"(.*?)@([\w.]+)\((.*?)\)[^()]*$", head).groups()
            body = re.sub(r"\[\n(.*?)\n\s+\]", lambda m: "[" + m[1].replace("\n", " ") + "]", body, flags=re.S)
            function = Function(module, name, parameters, kind.split()[-1], [line for line in body.split("\n") if line])
            self.functions[(module if "internal" in kind.split() else "", name)] = function
        for name, begin in re.findall(r"^@([\w.]+) = (?:\w+ )*(?:constant|global) (.*)", text, re.M):
            self.taken += [(module, f) for f in re.findall(r"\* @([\w.]+)", begin)]
            for element in re.finditer(r"%(struct\.[\w.]+) \{ ", begin):
                for k, member in enumerate(split(begin[element.end():], end="}")):
                    if re.search(r"\* @[\w.]+$", member):
                        self.members.setdefault((element[1], (0, k)), []).append((module, member.rsplit("@", 1)[1]))
            rows = re.match(r"<\{ \[\d+ x .*? \}> <\{ \[\d+ x [^\[\]]*\] \[(.*)\], \[\d+ x", begin)
            if rows:
                self.tables[(module, name)] = [re.findall(r"\* @([\w.]+)(?:, i32 (\d+))?", r) for r in split(rows[1])]

    def find(self, module, name):
        """The function that a module knows by this name."""
        return self.functions.get((module, name)) or self.functions.get(("", name))

    def called(self, f, name, kinds, kind):
        """The functions that a call can reach."""
        if name[0] == "@":
            found = self.find(f.module, name[1:])
            return [found] if found else []
        loaded = f.where.get(name, (("",),))[0]
        member = f.where.get(loaded[1], (("",),))[0] if loaded[0] == "load" else ("",)
        taken = self.members.get(member[1], self.taken) if member[0] == "gep" else self.taken
        return self.resolve([g for g in {self.find(*where) for where in taken} if g and g.kinds == kinds and g.kind == kind])

    def answers(self, f, arguments=()):
        """What f answers, when it is given these (a set each; those that are left out are ANY). Nothing, to one that it calls itself: in the
        hypervisor only a multicall comes back to where it began, and that answers its entries' results to nobody."""
        given = tuple(a if len(a) == 1 else frozenset((ANY,)) for a in arguments)
        key = (f, given, self.row if f.module.startswith("hyp/call/") else None)
        if key not in self.known:
            self.known[key] = frozenset()
            self.known[key] = Run(self, f, given).result
        return self.known[key]


class Run:
    """One function with what it is given: its values, and the blocks and edges that can be taken."""

    def __init__(self, program, f, given):
        self.program, self.f = program, f
        self.values = dict(zip(f.parameters, given))
        self.live, self.edges = {f.entry}, set()
        self.result = frozenset()
        before = None
        while before != (self.values, len(self.edges), self.result):
            before = (dict(self.values), len(self.edges), self.result)
            for block in f.blocks:
                if block in self.live:
                    self.step(block)

    def step(self, block):
        """Through a block, and on."""
        for name, *code in self.f.blocks[block]:
            value = getattr(self, code[0])(block, *code[1:])
            if name:
                self.values[name] = narrow(value)
            elif code[0] == "ret":
                self.result |= narrow(value)
        cond, edges = self.f.exits.get(block, ("", []))
        known = self.at(cond, block) if cond else frozenset((ANY,))
        for target, n in edges:
            if ANY in known or n is None or (known - set(n) if isinstance(n, list) else n in known):
                self.live.add(target)
                self.edges.add((block, target))

    def at(self, name, block):
        """What a value can be in this block: less than where it was made, after branches on it."""
        if not isinstance(name, str):
            return frozenset((name,))
        value = self.values.get(name, frozenset() if name in self.f.where else frozenset((ANY,)))
        while len(self.f.before[block]) == 1:
            above = self.f.before[block][0]
            value = self.less(value, name, above, block)
            block = above
        return value

    def less(self, value, name, above, block):
        """Of value what can be when above goes on to block."""
        cond, edges = self.f.exits[above]
        ways = [n for target, n in edges if target == block]
        if not cond or len(ways) != 1 or ways[0] is None or not isinstance(name, str):
            return value
        if cond == name:
            return value - set(ways[0]) if isinstance(ways[0], list) else only(value, ways[0])
        return self.given(value, name, cond, ways[0]) if ways[0] in (0, 1) else value

    def given(self, value, name, cond, truth):
        """Of value what it can be when cond is true, or is not."""
        code = self.f.where.get(cond, (("",),))[0]
        if code[0] == "icmp" and code[1] in ("eq", "ne") and name == code[3] and not isinstance(code[4], str):
            return only(value, code[4]) if (code[1] == "eq") == bool(truth) else value - {code[4]}
        if code[:2] == (("binary", "and") if truth else ("binary", "or")):
            return self.given(self.given(value, name, code[2], truth), name, code[3], truth)
        return value

    # ---- the operations

    def ret(self, block, value):
        return self.at(value, block)

    def phi(self, block, ways):
        return frozenset().union(*(self.less(self.at(v, above), v, above, block) for v, above in ways if (above, block) in self.edges))

    def select(self, block, cond, yes, no):
        known = self.at(cond, block)
        ways = [(n, value) for n, value in ((1, yes), (0, no)) if n in known or ANY in known]
        return frozenset().union(*(self.given(self.at(value, block), value, cond, n) for n, value in ways))

    def call(self, block, name, arguments, kinds, kind):
        if kind not in ("i32", "i64"):
            return (ANY,)
        given = [self.at(a, block) for a in arguments]
        out = set()
        found = self.program.called(self.f, name, kinds, kind)
        for g in found:
            answer = self.program.answers(g, given[:len(g.parameters)])
            never = self.program.prune.get((self.f.name, g.name), frozenset())
            if never:
                self.program.pruned.setdefault((self.f.name, g.name), set()).update(answer & never)
            answer -= never
            out |= answer
        return out if found or name[0] == "%" else (ANY,)

    def icmp(self, block, how, bits, a, b):
        left, right = self.at(a, block), self.at(b, block)
        if ANY in left or ANY in right:
            return (0, 1)
        compare = COMPARE[how[-2:]]
        unsigned = how[0] == "u"
        mask = (1 << bits) - 1
        return {int(compare(x & mask, y & mask) if unsigned else compare(signed(x, bits), signed(y, bits))) for x in left for y in right}

    def cast(self, block, how, value, bits_in, bits_out):
        before = self.at(value, block)
        if bits_in == 1:
            true = 1 if how == "zext" else -1
            return {true * v for v in ((0, 1) if ANY in before else before)}
        if how == "zext":
            return (v if v is ANY else v & ((1 << bits_in) - 1) for v in before)
        return (v if v is ANY else signed(signed(v, bits_in), bits_out) for v in before)

    def binary(self, block, how, a, b, bits):
        left, right = self.at(a, block), self.at(b, block)
        if how == "and" and (left == {0} or right == {0}):
            return (0,)
        if how == "lshr":
            return (ANY if x is ANY or y is ANY else (x & ((1 << bits) - 1)) >> (y & 63) for x in left for y in right)
        return (ANY if x is ANY or y is ANY else signed(BINARY[how](x, y), bits) for x in left for y in right)

    def gep(self, block, _place):
        return (ANY,)

    def load(self, block, where):
        code = self.f.where.get(where, (("",),))[0]
        return self.program.seeds.get(code[1], (ANY,)) if code[0] == "gep" else (ANY,)


def narrow(values):
    """With ANY, or when there are too many, only those that may be errors are kept beside it."""
    values = frozenset(values)
    if ANY not in values and len(values) <= WIDE:
        return values
    return frozenset(v for v in values if v is not ANY and v in ERRORS) | {ANY}


def only(value, n):
    """What is left of a value that was found to be n."""
    return frozenset((n,)) if n in value or ANY in value else frozenset()
