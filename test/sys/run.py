#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boot a hypervisor with Debian's dom0 in QEMU, for people and for scenarios.

run.py boot                     the demonstration of `make run`; on a terminal it leaves a shell
run.py test [PATTERN...]        scenarios test/sys/NN_name.sh, by number or part of the name, each with GICv2 and GICv3; repeats with --times
Environment: KANSO=IMAGE or XEN=IMAGE (another hypervisor, `XEN=debian` for Debian's Xen 4.17), GIC=2|3,
CPU=cortex-a57, JOBS=2, SEED=1, TOOLS=own|debian or names of our own tools that dom0 uses in place of Debian's (xenconsoled,xl),
TOOLS_BIN=FOLDER (our tools, build/arm64/tools/bin). A scenario's line `# needs: ...` asks for smp=N mem=MIB dom0=MIB vcpus=N timeout=S
disk=MIB net debian switch tools own zstd debug cmdline=WORD args=WORD (tools: ours lie in dom0, own: and are what it uses; zstd: a kernel
packed so; debug: the image of DEBUG=1 beside the one under test). A scenario NN_name.py
boots its own machines; once: on no GIC in particular; apart: only when it is named; whole=S: there is more of it, within S seconds,
when it is named or with WHOLE=1.
"""
import argparse
import concurrent.futures
import fcntl
import os
import pathlib
import re
import select
import subprocess
import sys
import threading
import time

import calls

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
IMAGES = BUILD / "arm64"
TOOLS = pathlib.Path(os.environ.get("TOOLS_BIN") or IMAGES / "tools/bin").resolve()
DEBIAN_XEN = BUILD / "debian/arm64/boot/xen-4.17-arm64"
SCENARIOS = ROOT / "test/sys"
TO_EXPLAIN = 30  # seconds of a scenario's that it keeps to say what it waited for
DEFAULTS = {"smp": "1", "mem": "2048", "dom0": "768", "vcpus": "1", "timeout": "180"}
# Guest modules lie where neither a 768 MiB dom0 nor the device tree at 0x48000000 is
KERNEL_ADDRESS = 0x50000000
RAMDISK_ADDRESS = 0x58000000


def hypervisor():
    """The image under test and what to call it."""
    if os.environ.get("XEN") == "debian":
        return DEBIAN_XEN, "xen-4.17"
    path = os.environ.get("KANSO") or os.environ.get("XEN") or IMAGES / "kanso"
    path = pathlib.Path(path).resolve()
    return path, path.name


def image_of(needs):
    """The image that a scenario boots."""
    image = hypervisor()[0]
    return image.parent.with_name(re.sub("^arm64(?!-debug)", "arm64-debug", image.parent.name)) / image.name if "debug" in needs else image


def tools():
    """Which tools are ours: "debian", "own", or names."""
    return os.environ.get("TOOLS") or "debian"


def corner():
    """What results are filed under: the hypervisor, and the tools if they are not Debian's."""
    return hypervisor()[1] + ("" if tools() == "debian" else f"+{tools()}")


def cpio_archive(files):
    """An uncompressed newc archive of {name: (mode, bytes)}, to follow the ramdisk."""
    out = bytearray()
    for number, (name, (mode, data)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))]):
        fields = [number + 1, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b"070701" + b"".join(b"%08x" % f for f in fields) + name.encode() + b"\0"
        out += b"\0" * (-len(out) % 4) + data
        out += b"\0" * (-len(out) % 4)
    return bytes(out)


def needs_of(script):
    """The words of a scenario's `# needs:` lines."""
    words = dict(DEFAULTS)
    for line in re.findall(r"^# needs: (.*)$", script.read_text(), re.M):
        for word in line.split():
            key, _, value = word.partition("=")
            words[key] = f"{words[key]} {value}" if key in words and key in ("cmdline", "args") else value
    return words


def machine(gic, needs, ramdisk, dom0_words, where):
    """The QEMU command line."""
    command = [
        os.environ.get("QEMU") or "qemu-system-aarch64", "-M", f"virt,virtualization=on,gic-version={gic}",
        "-cpu", os.environ.get("CPU", needs.get("cpu", "cortex-a57")), "-smp", needs["smp"], "-m", needs["mem"],
        "-accel", f"tcg,thread={os.environ.get('THREAD', needs.get('thread', 'multi'))}", "-display", "none", "-nodefaults", "-no-reboot", "-monitor", "none",
        "-kernel", str(image_of(needs)),
        "-append", f"dom0_mem={needs['dom0']}M dom0_max_vcpus={needs['vcpus']} console=dtuart bootscrub=0 "
                   f"loglvl=all guest_loglvl=all {needs.get('cmdline', '')}".strip(),
        "-device", f"guest-loader,addr={KERNEL_ADDRESS:#x},kernel={IMAGES / 'vmlinuz'},"
                   f"bootargs=console=hvc0 rdinit=/init loglevel=4 {dom0_words.replace(',', ',,')}".strip(),
        "-device", f"guest-loader,addr={RAMDISK_ADDRESS:#x},initrd={ramdisk}",
    ]
    drives = []
    if "disk" in needs:
        disk = where / "disk.img"
        with open(disk, "wb") as f:
            f.truncate(int(needs["disk"]) << 20)
        half = int(needs["disk"]) // 2
        table = f"label: gpt\nstart=1MiB, size={half - 1}MiB\nstart={half}MiB, size={half - 1}MiB\n"
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        subprocess.run(["sfdisk", "-q", disk], input=table, text=True, check=True, env={**os.environ, "PATH": path})
        drives.append((disk, "off"))
    if "debian" in needs:
        drives.append((IMAGES / "debian.ext4", "on"))
    for number, (path, snapshot) in enumerate(drives):
        command += ["-drive", f"file={path},format=raw,if=none,id=d{number},snapshot={snapshot}",
                    "-device", f"virtio-blk-device,drive=d{number}"]
    if "net" in needs:
        # 10.0.2.100:7 sends back what it gets: a peer outside the machine, without a port of the host
        command += ["-netdev", "user,id=n0,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:cat",
                    "-device", "virtio-net-device,netdev=n0,mac=52:54:00:00:00:01"]
    if "calls" in needs:
        command += [*calls.qemu_words(IMAGES / "vmlinuz"), "-D", str(where / "registers.log")]
    if needs.get("args"):
        command += needs["args"].split()
    return command


def make_ramdisk(where, files, more=()):
    """dom0's ramdisk, more of its kind, and a scenario's files behind them."""
    path = where / "dom0.cpio"
    with open(path, "wb") as f:
        for name in ("dom0", *more):
            f.write((IMAGES / f"{name}.cpio.gz").read_bytes())
        f.write(cpio_archive(files))
    return path


def dom0_files(with_tools=False):
    """dom0's scripts as they are now, and our own tools if they are wanted: newer than the ramdisk."""
    files = {"init": (0o100755, (ROOT / "test/dom0/init").read_bytes()), "test": (0o40755, b"")}
    for name in ("lib.sh", "demo.sh"):
        files[f"test/{name}"] = (0o100644, (ROOT / "test/dom0" / name).read_bytes())
    if with_tools or tools() != "debian":
        files["usr/lib/kanso"] = files["usr/lib/kanso/bin"] = (0o40755, b"")
        for path in sorted(TOOLS.iterdir()):
            files[f"usr/lib/kanso/bin/{path.name}"] = (0o100755, path.read_bytes())
        files["usr/lib/kanso/scripts"] = (0o40755, b"")
        for path in sorted((ROOT / "tools/hotplug").iterdir()):
            files[f"usr/lib/kanso/scripts/{path.name}"] = (0o100755, path.read_bytes())
    return files


def is_whole(needs):
    """Is there more of this scenario than usual?"""
    return "whole" in needs and os.environ.get("WHOLE") == "1"


def seconds_of(needs):
    """How long it may take."""
    return int(needs["whole" if is_whole(needs) else "timeout"]) * float(os.environ.get("SLOW", "1"))


def scenario_files(script):
    """The scenario as /test/run.sh, and what it boots."""
    files = {**dom0_files({"tools", "own"} & set(needs_of(script))), "test/run.sh": (0o100644, script.read_bytes())}
    files["test/bad.tsv"] = (0o100644, (SCENARIOS / "bad.tsv").read_bytes())
    if "zstd" in needs_of(script):
        # As Linux packs its own: from a pipe, so with the largest window that a reader has to grant
        files["boot/vmlinuz.zst"] = (0o100644, subprocess.run(["zstd", "-q", "--zstd=wlog=27"], input=(IMAGES / "vmlinuz").read_bytes(),
                                                              stdout=subprocess.PIPE, check=True).stdout)
    for path in sorted((IMAGES / "guest").glob("*.img")):
        files[f"boot/{path.name}"] = (0o100644, path.read_bytes())
    return files


class Run:
    """One boot: QEMU's console into a log with timestamps, watched for the scenario's words."""

    def __init__(self, command, log, timeout):
        self.command, self.log, self.timeout = command, log, timeout
        self.steps, self.verdict = [], None

    def line(self, text, seconds):
        """Judge one line of the console."""
        found = re.search(r"@@(PASS|FAIL|STEP|END)\b ?(.*)", text)
        if found and found[1] in ("PASS", "FAIL") and self.verdict is None:
            self.verdict = (found[1] == "PASS", found[2])
        elif found and found[1] == "STEP":
            self.steps.append((seconds, found[2]))

    def go(self):
        """True and a sentence, or False and why not."""
        start = time.monotonic()
        process = subprocess.Popen(
            [*self.command, "-serial", "stdio"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        pending, late = b"", False
        with open(self.log, "w", encoding="utf-8") as log:
            log.write("# " + " ".join(f"'{w}'" if " " in w else w for w in self.command) + "\n")
            while True:
                left = self.timeout - (time.monotonic() - start)
                if left <= 0:
                    late = True
                    process.kill()
                ready, _, _ = select.select([process.stdout], [], [], max(left, 1))
                data = os.read(process.stdout.fileno(), 65536) if ready else b"" if late else None
                if data is None:
                    continue
                if not data:
                    break
                *lines, pending = (pending + data).split(b"\n")
                for raw in lines:
                    text = raw.decode("utf-8", "replace").rstrip("\r")
                    seconds = time.monotonic() - start
                    log.write(f"{seconds:9.3f} {text}\n")
                    self.line(text, seconds)
                log.flush()
            log.write(f"{time.monotonic() - start:9.3f} {pending.decode('utf-8', 'replace')}\n")
            status = process.wait()
            log.write(f"# status {status}\n")
        took = f"{time.monotonic() - start:.0f} s"
        last = self.steps[-1][1] if self.steps else "boot"
        if self.verdict and not self.verdict[0]:
            return False, f"{self.verdict[1]} ({took})"
        if late:
            return False, f"not done after {self.timeout} s, last step: {last}"
        if not self.verdict:
            return False, f"QEMU ended with status {status} without a verdict, last step: {last}"
        if status != 0:
            return False, f"passed, but QEMU ended with status {status}"
        return True, took


def judge_calls(where, log):
    """Are the answers Xen's? RECORD=1 adds them to Xen's list instead."""
    made = calls.kernel_calls(IMAGES / "vmlinuz", where / "registers.log") | calls.tool_calls(log)
    (where / "calls.txt").write_text("\n".join(sorted(made)) + "\n")
    if len(made) < 60:
        return False, f"only {len(made)} different calls were recorded"
    if os.environ.get("RECORD"):
        known = set(calls.PEER.read_text().split("\n")) - {""} if calls.PEER.exists() else set()
        calls.PEER.write_text("\n".join(sorted(made | known)) + "\n")
    differ = list(calls.differences(made))
    with open(log, "a", encoding="utf-8") as out:
        out.writelines(f"differs: {d}\n" for d in differ)
    return not differ, f"{len(made)} calls, {len(differ)} differ" + (f", first: {differ[0]}" if differ else "")


def run_program(script, gic, where, seconds):
    """A scenario that boots its own machines; its last line is the verdict."""
    with open(where / "cases.log", "w", encoding="utf-8") as cases:
        try:
            status = subprocess.run([sys.executable, script, gic, where], stdin=subprocess.DEVNULL, stdout=cases,
                                    stderr=subprocess.STDOUT, timeout=seconds, check=False).returncode
        except subprocess.TimeoutExpired:
            return False, f"not done after {seconds:.0f} s: see {(where / 'cases.log').relative_to(ROOT)}"
    return status == 0, ((where / "cases.log").read_text(encoding="utf-8").splitlines() or ["no word"])[-1]


def run_guest(script, gic, number, where):
    """A scenario that is a script in dom0."""
    needs = needs_of(script)
    whose = "own" if "own" in needs else tools()
    words = f"kanso.test=/test/run.sh kanso.tools={whose} kanso.gic={gic} kanso.seed={int(os.environ.get('SEED', '1')) + number} {needs.get('dom0args', '')}"
    words += f" kanso.end={max(seconds_of(needs) - TO_EXPLAIN, 1):.0f}"
    if is_whole(needs):
        words += " kanso.whole=1"
    if "calls" in needs:
        words += " nokaslr kanso.record=1"
    ramdisk = make_ramdisk(where, scenario_files(script), ["switch"] if "switch" in needs else [])
    log = where / "console.log"
    ok, why = Run(machine(gic, needs, ramdisk, words, where), log, seconds_of(needs)).go()
    if ok and "calls" in needs:
        ok, why = judge_calls(where, log)
    for path in (ramdisk, where / "disk.img", where / "registers.log"):
        path.unlink(missing_ok=True)
    return ok, why


def panic_of(log, image):
    """The last panic in a log, with names where the image's ELF is beside it."""
    if not log.exists() or b"panic on CPU" not in log.read_bytes():
        return ""
    named = subprocess.run([sys.executable, ROOT / "scripts/symbols.py", "--panic", "--elf", image.with_name(image.name + ".elf"), log],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return "".join(f"           {line}\n" for line in named.stdout.splitlines())


def run_scenario(script, gic, number):
    """One scenario on one machine; prints its line."""
    needs = needs_of(script)
    name = script.stem + ("" if "once" in needs else f"-gicv{gic}") + (f"-{number}" if number else "")
    where = BUILD / "test" / corner() / name
    where.mkdir(parents=True, exist_ok=True)
    lock = open(where / "lock", "w", encoding="ascii")  # two runs of one scenario wait for each other
    fcntl.flock(lock, fcntl.LOCK_EX)
    log = where / "console.log"
    try:
        if script.suffix == ".py":
            ok, why = run_program(script, gic, where, seconds_of(needs))
        else:
            ok, why = run_guest(script, gic, number, where)
    except OSError as error:
        ok, why = False, f"did not start: {error}"
    with threading.Lock():
        print(f"  {'ok      ' if ok else 'FAILED  '} {name:32} {why}", flush=True)
        if not ok:
            variable = "".join(f"{v}={os.environ[v]} " for v in ("KANSO", "XEN", "TOOLS", "TOOLS_BIN") if os.environ.get(v))
            variable += f"WHOLE={int(is_whole(needs))} " if "whole" in needs else ""
            print(f"           again: {variable}GIC={gic} test/sys/run.py test {script.stem}\n"
                  f"           log:   {log.relative_to(ROOT)}\n{panic_of(log, image_of(needs))}", end="", flush=True)
    return ok


def is_meant(pattern, stem):
    """A number is that scenario's, all else a part of the name."""
    return int(pattern) == int(stem.split("_")[0]) if pattern.isdigit() else pattern in stem


def command_test(args):
    """Run what matches, two at a time."""
    scripts = sorted(p for p in SCENARIOS.glob("[0-9]*_*") if p.suffix in (".sh", ".py"))
    if args.patterns:
        for pattern in args.patterns:
            if not any(is_meant(pattern, s.stem) for s in scripts):
                print(f"run: no scenario is called {pattern}: see test/sys", file=sys.stderr)
                return 2
        scripts = [s for s in scripts if any(is_meant(p, s.stem) for p in args.patterns)]
    else:
        scripts = [s for s in scripts if "apart" not in needs_of(s)]
    os.environ.setdefault("WHOLE", "1" if args.patterns else "0")
    gics = os.environ.get("GIC", "2 3").split()
    todo = [(s, g, n) for n in range(args.times) for s in scripts for g in gics
            if g == gics[0] or "once" not in needs_of(s)]
    # The long ones first, so that none is left alone at the end
    todo.sort(key=lambda t: (t[2], -int(needs_of(t[0])["timeout"])))
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        results = list(pool.map(lambda t: run_scenario(*t), todo))
    passed = sum(results) + args.passed
    failed = len(results) - sum(results) + args.failed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def command_boot(_):
    """The demonstration: on a terminal with a shell behind it."""
    where = BUILD / "run"
    where.mkdir(parents=True, exist_ok=True)
    tty = sys.stdin.isatty() and sys.stdout.isatty()
    gic = os.environ.get("GIC", "3")
    ramdisk = make_ramdisk(where, dom0_files())
    words = f"kanso.tools={tools()} kanso.test=/test/demo.sh" + (" kanso.shell=1" if tty else "")
    command = machine(gic, {**DEFAULTS, "smp": "2", "vcpus": "2", "dom0": "1024"}, ramdisk, words, where)
    if tty:
        # Ctrl-C belongs to dom0's shell, not to QEMU
        command += ["-chardev", "stdio,id=c0,signal=off", "-serial", "chardev:c0"]
        return subprocess.run(command, check=False).returncode
    process = subprocess.Popen(["timeout", "300", *command, "-serial", "stdio"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    passed = False
    for line in process.stdout:
        sys.stdout.write(line.decode("utf-8", "replace").replace("\r", ""))
        sys.stdout.flush()
        passed |= line.startswith(b"@@PASS")
    status = process.wait()
    if status or not passed:
        print(f"run: the guest was not seen (QEMU's status {status})", file=sys.stderr)
        return 1
    return 0


def main():
    """Choose the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    commands.add_parser("boot").set_defaults(go=command_boot)
    test = commands.add_parser("test")
    test.add_argument("patterns", nargs="*")
    test.add_argument("--times", type=int, default=1)
    test.add_argument("--passed", type=int, default=0, help="what other tests have already passed")
    test.add_argument("--failed", type=int, default=0)
    test.set_defaults(go=command_test)
    args = parser.parse_args()
    image, _ = hypervisor()
    wanted = [image, IMAGES / "dom0.cpio.gz", IMAGES / "vmlinuz"]
    if tools() != "debian":
        wanted += [TOOLS] if tools() == "own" else [TOOLS / name for name in tools().split(",")]
    for path in wanted:
        if not path.exists():
            print(f"run: {path} is not there: run `make`, `make dom0` and `make tools`", file=sys.stderr)
            return 1
    return args.go(args)


if __name__ == "__main__":
    sys.exit(main())
