# SPDX-License-Identifier: MIT
"""Record every hypercall of dom0 and its guests, with arguments and answers, through QEMU's gdb port.

Linux enters the hypervisor by fourteen `mov; hvc #0xea1; ret`, one after the other in its image. Breakpoints on the
instructions around the hvc see the call and its answer, for dom0 and guests alike as both run the same kernel at the same address
(`nokaslr`). Nothing is added to guest or hypervisor, so Xen is recorded by the same means as Kanso.
"""
import collections
import re
import socket
import struct
import threading
import time

HVC = struct.pack("<I", 0xd4000002 | 0xea1 << 5)
# Where Linux 6.1 links itself
KERNEL_BASE = 0xffff800008000000
REGISTERS = struct.Struct("<33Q")  # x0..x30, sp, pc
ERRORS = {1: "EPERM", 2: "ENOENT", 3: "ESRCH", 7: "E2BIG", 12: "ENOMEM", 13: "EACCES", 14: "EFAULT", 16: "EBUSY",
          17: "EEXIST", 19: "ENODEV", 22: "EINVAL", 28: "ENOSPC", 34: "ERANGE", 38: "ENOSYS", 61: "ENODATA",
          85: "ERESTART", 95: "EOPNOTSUPP", 105: "ENOBUFS"}


def names(root):
    """{(call, number): name} of operations and {number: name} of calls, as abi/ spells them."""
    text = "\n".join(p.read_text() for p in sorted((root / "abi").glob("*.h")))
    calls = {int(n): name for name, n in re.findall(r"^#define __HYPERVISOR_(\w+)\s+(\d+)", text, re.M)}
    number = {name: n for n, name in calls.items()}
    prefixes = {"memory_op": "XENMEM_", "xen_version": "XENVER_", "console_io": "CONSOLEIO_", "grant_table_op": "GNTTABOP_",
                "vcpu_op": "VCPUOP_", "sched_op": "SCHEDOP_", "event_channel_op": "EVTCHNOP_", "physdev_op": "PHYSDEVOP_",
                "hvm_op": "HVMOP_", "sysctl": "XEN_SYSCTL_", "domctl": "XEN_DOMCTL_", "platform_op": "XENPF_",
                "vm_assist": "VMASST_CMD_"}
    operations = {}
    for call, prefix in prefixes.items():
        for name, n in re.findall(rf"^#define {prefix}([a-z]\w*)\s+(\d+)\b", text, re.M):
            operations.setdefault((number[call], int(n)), name)
    return calls, operations


class Gdb:
    """The few packets of the remote protocol that are needed here."""

    def __init__(self, path):
        for _ in range(200):
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.05)
        self.buffer = b""
        self.send("QStartNoAckMode")
        self.receive()
        self.acknowledges = False

    acknowledges = True

    def send(self, text):
        """One packet."""
        data = text.encode()
        self.socket.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xff))

    def receive(self):
        """The next packet; None at the end of the session."""
        while True:
            start = self.buffer.find(b"$")
            end = self.buffer.find(b"#", start)
            if start >= 0 and 0 <= end <= len(self.buffer) - 3:
                packet = self.buffer[start + 1:end]
                self.buffer = self.buffer[end + 3:]
                if self.acknowledges:
                    self.socket.sendall(b"+")
                return packet
            try:
                data = self.socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                return None
            self.buffer += data

    def ask(self, text):
        """A packet and its answer."""
        self.send(text)
        return self.receive()

    def ask_all(self, *texts):
        """Packets sent at once, their answers: a switch between processes instead of one each."""
        data = b"".join(b"$%s#%02x" % (t.encode(), sum(t.encode()) & 0xff) for t in texts)
        self.socket.sendall(data)
        return [self.receive() for _ in texts]

    def document(self, name):
        """A description that QEMU offers."""
        text = b""
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{len(text):x},ffb")
            text += part[1:]
            if part[:1] != b"m":
                return text.decode()

    def read(self, address, size):
        """Guest memory as the stopped CPU sees it; None when it does not."""
        answer = self.ask(f"m{address:x},{size:x}")
        if answer is None or len(answer) != 2 * size:
            return None
        return bytes.fromhex(answer.decode())


class Call:
    """One call until its answer is there."""

    def __init__(self, who, number, args):
        self.who, self.number, self.args = who, number, args
        self.before = b""


def write(register, value):
    """The packet that writes a register of the stopped CPU."""
    return f"P{register:x}={struct.pack('<Q', value).hex()}"


def u16(data, at):
    return struct.unpack_from("<H", data, at)[0]


def u32(data, at):
    return struct.unpack_from("<I", data, at)[0]


def u64(data, at):
    return struct.unpack_from("<Q", data, at)[0]


def moved(word):
    """mov Xd, #imm or mov Xd, Xm: (d, imm, None) or (d, None, m)."""
    if word >> 21 == 0xd2800000 >> 21:
        return word & 31, word >> 5 & 0xffff, None
    if word & 0xffe0ffe0 == 0xaa0003e0:
        return word & 31, None, word >> 16 & 31
    raise RuntimeError(f"a hypercall of this kernel is preceded by {word:#x}, not by a move")


def text_of(data):
    return '"' + data.split(b"\0")[0].decode("latin1") + '"'


def domid(value):
    """A domain in words: numbers of guests differ from run to run."""
    return {0: "dom0", 0x7ff0: "self", 0x7ff1: "io", 0x7ff2: "xen"}.get(value, "guest" if value < 0x7ff0 else hex(value))


# What of a call's argument makes it another question: (call, operation): function of the argument's bytes
QUESTION = {
    (12, 1): lambda a: f"order {u32(a, 16)}", (12, 6): lambda a: f"order {u32(a, 16)}",
    (12, 7): lambda a: f"{domid(u16(a, 0))} space {u32(a, 4)}", (12, 23): lambda a: f"{domid(u16(a, 0))} space {u16(a, 2)}",
    (12, 28): lambda a: f"type {u16(a, 2)} id {u32(a, 4)} frames {u32(a, 8)}",
    (32, 1): lambda a: f"virq {u32(a, 0)}", (32, 6): lambda a: f"{domid(u16(a, 0))} for {domid(u16(a, 2))}",
    (34, 0): lambda a: f"{domid(u16(a, 0))} {u32(a, 4)}", (34, 1): lambda a: f"{domid(u16(a, 0))} {u32(a, 4)}",
    (20, 8): lambda a: f"{u32(a, 0)}", (17, 6): lambda a: f"{u32(a, 0)}",
    (29, 2): lambda a: f"{u32(a, 0)}", (29, 6): lambda a: f"id {u32(a, 0)}",
    (36, 16): lambda a: f"sched {u32(a, 16)} cmd {u32(a, 20)}", (35, 18): lambda a: f"cmd {u32(a, 8)}",
    (35, 19): lambda a: f"cmd {u32(a, 16)}", (36, 1): lambda a: f"flags {u32(a, 36):#x}",
}
# What an answer says beyond its number, where it does not depend on chance
ANSWER = {
    (17, 1): text_of, (17, 3): text_of, (17, 4): text_of, (17, 9): text_of,
    (17, 2): lambda a: " ".join(text_of(a[i:j]) for i, j in ((0, 64), (64, 80), (80, 112), (112, 144))),
    (17, 5): lambda a: f"{u64(a, 0):#x}", (17, 6): lambda a: f"{u32(a, 4):#x}",
    (20, 0): lambda a: f"status {u16(a, 18)}", (20, 1): lambda a: f"status {u16(a, 20)}",
    (20, 6): lambda a: f"{u32(a, 4)} of {u32(a, 8)} status {u16(a, 12)}",
    (20, 5): lambda a: f"status {u16(a, 36)}", (20, 8): lambda a: f"version {u32(a, 0)}",
    (20, 2): lambda a: f"status {u16(a, 8)}",
    (12, 28): lambda a: f"frames {u32(a, 8)}", (32, 5): lambda a: f"status {u32(a, 8)}",
    (32, 11): lambda a: f"link bits {a[16]}",
    (34, 1): lambda a: f"{u64(a, 8):#x}", (35, 4): lambda a: f"{u32(a, 8)}", (36, 36): lambda a: f"{u32(a, 16)}",
    (35, 3): lambda a: "threads {} cores {} cpus {} last {} nodes {} node {} capabilities {:#x} arch {:#x} pages {}".format(
        *struct.unpack_from("<6I", a, 8), u32(a, 36), u32(a, 40), u64(a, 48)),
}
# Whose number itself is the answer; of others only whether they are zero
EXACT = {(17, 0), (17, 7), (18, 0), (34, 1)}
ARGUMENT_BYTES = 160
# Each stop empties QEMU's translated code: some 50 ms a call
DULL = 16
# What an operation gets by its second argument; console_io and vm_assist have none of interest
POINTER = {7: 0, 35: 0, 36: 0, 12: 1, 17: 1, 20: 1, 24: 2, 29: 1, 32: 1, 33: 1, 34: 1}


class Recorder(threading.Thread):
    """Lets the machine behind a gdb socket run to its end; afterwards .lines is what it saw."""

    def __init__(self, path, kernel, root):
        super().__init__(daemon=True)
        self.path = path
        self.calls, self.operations = names(root)
        image = kernel.read_bytes()
        # {address of the instruction before each call: what it does}
        self.stubs = {}
        for at in re.finditer(re.escape(HVC), image):
            if at.start() % 4 == 0:
                self.stubs[KERNEL_BASE + at.start() - 4] = moved(u32(image, at.start() - 4))
        self.lines, self.stops = [], 0
        self.seen, self.dull, self.asleep = collections.Counter(), collections.Counter(), set()
        self.open, self.first, self.vttbr, self.error = {}, None, None, None

    def run(self):
        """The thread: from the machine's first instruction to its end."""
        try:
            self.record()
        except Exception as e:  # pylint: disable=broad-except
            self.error = e

    def record(self):
        """Stop, look, step, go on."""
        gdb = Gdb(self.path)
        gdb.ask("qSupported:multiprocess-;xmlRegisters=aarch64")
        gdb.document("target.xml")
        self.vttbr = re.search(r'name="VTTBR(?:_EL2)?" bitsize="64" regnum="(\d+)"', gdb.document("system-registers.xml"))[1]
        for stub in self.stubs:
            for at in (stub, stub + 8):
                if gdb.ask(f"Z0,{at:x},4") != b"OK":
                    raise RuntimeError("QEMU takes no breakpoint")
        stop = gdb.ask("vCont;c")
        while stop is not None and stop.startswith(b"T"):
            self.stops += 1
            # A breakpoint that another CPU stands on is reported again
            stop = gdb.ask_all(*self.look(gdb), "vCont;c")[-1]

    def look(self, gdb):
        """At a call or at its answer; returns the packets with which it goes on. We do the instruction ourselves: much
        faster than to step over it."""
        registers, table = gdb.ask_all("g", f"p{int(self.vttbr):x}")
        registers = list(REGISTERS.unpack_from(bytes.fromhex(registers.decode())))
        pc, sp = registers[32], registers[31]
        if pc not in self.stubs and pc - 8 not in self.stubs:
            return []
        space = u64(bytes.fromhex(table.decode()), 0) & 0xfffffffffffe
        self.first = self.first or space
        key = (space, sp)
        if pc in self.stubs:
            to, value, source = self.stubs[pc]
            registers[to] = value if source is None else registers[source]
            call = Call("dom0" if space == self.first else "guest", registers[16], registers[:5])
            call.before = self.argument(gdb, call.number, call.args)
            self.open[key] = call
            return [write(to, registers[to]), write(32, pc + 4), *self.wake(source is not None)]
        call = self.open.pop(key, None)
        if not call:
            return [write(32, registers[30])]
        result = struct.unpack("<q", struct.pack("<Q", registers[0]))[0]
        if call.number == 13:
            self.multicall(gdb, call)
        else:
            after = self.argument(gdb, call.number, call.args)
            self.note(call.who, call.number, call.args, call.before, after, result)
        return [write(32, registers[30]), *self.sleep(pc - 8)]

    def sleep(self, stub):
        """A stub that brings only what was seen often is left alone until a tool asks for something."""
        line = self.lines[-1] if self.lines else ""
        self.seen[line] += 1
        self.dull[stub] = self.dull[stub] + 1 if self.seen[line] > DULL else 0
        if self.dull[stub] <= DULL or stub in self.asleep:
            return []
        self.asleep.add(stub)
        return [f"z0,{stub:x},4", f"z0,{stub + 8:x},4"]

    def wake(self, tool):
        """All stubs again, if this is a tool's call."""
        if not tool or not self.asleep:
            return []
        packets = [f"Z0,{stub + offset:x},4" for stub in self.asleep for offset in (0, 8)]
        for stub in self.asleep:
            self.dull[stub] = DULL - 4
        self.asleep.clear()
        return packets

    def argument(self, gdb, number, args):
        """The bytes behind a call's pointer."""
        if number == 13:
            # An entry's own structure must be read before the call: it may be written
            found = []
            for i in range(min(args[1], 8)):
                entry = gdb.read(args[0] + 64 * i, 64) or bytes(64)
                words = struct.unpack("<8Q", entry)
                found.append((words, self.argument(gdb, words[0], words[2:7]) if words[0] != 13 else b""))
            return found
        if number not in POINTER or not args[POINTER[number]]:
            return b""
        for size in (ARGUMENT_BYTES, 24, 8, 4):
            data = gdb.read(args[POINTER[number]], size)
            if data:
                return data + bytes(ARGUMENT_BYTES - size)
        return b""

    def multicall(self, gdb, call):
        """Each entry is a call of its own."""
        for i, (words, before) in enumerate(call.before):
            entry = gdb.read(call.args[0] + 64 * i, 64) or bytes(64)
            after = self.argument(gdb, words[0], words[2:7])
            result = struct.unpack_from("<q", entry, 8)[0]
            self.note(call.who, words[0], words[2:7], before, after, result, "multicall ")

    def note(self, who, number, args, before, after, result, how=""):
        """One line: who asked what, and the answer."""
        if number in (35, 36, 7):
            operation = u32(before, 0) if before else 0
        else:
            operation = args[0] & (0x3f if number == 12 else 0xffffffff)
        key = (number, operation)
        words = f"{who} {how}{self.calls.get(number, number)}"
        if number != 27:
            words += " " + self.operations.get(key, str(operation))
        if key in QUESTION and before:
            words += " " + QUESTION[key](before)
        if result < 0:
            answer = "-" + ERRORS.get(-result, str(-result))
        else:
            answer = f"{result}" if key in EXACT or result == 0 else "done" if key[0] == 12 else "n"
            if key in ANSWER and after:
                answer += " " + ANSWER[key](after)
        self.lines.append(f"{words}: {answer}")

    def summary(self):
        """{question: {answer: times}}"""
        table = collections.defaultdict(collections.Counter)
        for line in self.lines:
            question, answer = line.split(": ", 1)
            table[question][answer] += 1
        return table
