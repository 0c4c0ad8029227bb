#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests a second of our store daemon beside Debian's, on the host: `make bench-store`.

Debian's xenstored runs without a hypervisor, by test/store/fakexen.c; ours by its option -D. Both serve the
same clients (store.c) one after the other. SECONDS=2 sets how long each row runs, ROWS="1:1000:1 ..." which
(clients:nodes:requests on their way).

Where fewer requests than clients are on their way, clients wait for answers, and the figure is as much of them and of the
kernel's switches between them as of the daemon. More than clients: they do not wait, and the daemon has always something to do.
"""
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/bench/store"
SLACK = 0.9  # what chance may take from a row that is nobody's
ROWS = os.environ.get("ROWS", "1:1000:1 1:1000:32 8:1000:8 8:1000:256 100:1000:1 100:10000:16 "
                      "100:10000:3200 1000:10000:1 1000:10000:64 1000:10000:1000 1000:100000:1 1000:100000:64 1000:100000:4000")
LIBRARIES = "-lxencall -lxenforeignmemory -lxenevtchn -lxengnttab -lxentoolcore -lxentoollog -ljson-c".split()


def compile_all():
    """The clients, the fake machine and our daemon, optimised and without sanitizers."""
    def is_program(path):
        return not path.stem.endswith(("_test", "_fuzz", "_host"))
    flags = ["gcc", "-O2", "-std=gnu2x", "-D_GNU_SOURCE", "-Wall", "-Itools", "-I."]
    ours = [p for room in ("xenstored", "lib", "hv") for p in sorted((ROOT / "tools" / room).glob("*.c")) if is_program(p)]
    for command in (
            [*flags, "-o", BUILD / "clients", "test/bench/store.c"],
            [*flags, "-shared", "-fPIC", "-o", BUILD / "fakexen.so", "test/store/fakexen.c", "-ldl"],
            [*flags, "-o", BUILD / "xenstored", *ours, *LIBRARIES]):
        subprocess.run(command, cwd=ROOT, check=True)


def debian():
    """Debian's daemon of the host's architecture, unpacked once."""
    place = BUILD / "debian"
    program = place / "usr/lib/xen-4.17/bin/xenstored"
    if not program.exists():
        place.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "-q", "download", "xen-utils-4.17", "libxenmisc4.17"], cwd=place, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for package in place.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, place], check=True)
    library = next(place.glob("usr/lib/*-linux-gnu"))
    return [program, "-N"], {"LD_LIBRARY_PATH": str(library), "LD_PRELOAD": str(BUILD / "fakexen.so")}


def listens(path):
    """Does a daemon take connections there? Its socket has a name before it does."""
    with socket.socket(socket.AF_UNIX) as s:
        return s.connect_ex(str(path)) == 0


def measure(command, more, row):
    """One daemon, one row of figures."""
    clients, nodes, pipeline = row.split(":")
    with tempfile.TemporaryDirectory() as where:
        for name, size in (("page.0", 4096), ("port", 0)):
            (pathlib.Path(where) / name).write_bytes(b"1\n" if name == "port" else b"\0" * size)
        for name in ("events", "notified"):
            os.mkfifo(pathlib.Path(where) / name)
        path = pathlib.Path(where) / "socket"
        variables = {**os.environ, "XENSTORED_RUNDIR": where, "XENSTORED_ROOTDIR": where, "FAKEXEN": where}
        daemon = subprocess.Popen(command, env={**variables, **more}, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + 10
            while not listens(path) and time.monotonic() < deadline:
                time.sleep(0.01)
            out = subprocess.run([BUILD / "clients", path, clients, nodes, os.environ.get("SECONDS", "2"), pipeline],
                                 stdout=subprocess.PIPE, text=True, check=True, timeout=600).stdout
            return [float(word) for word in out.split()]
        finally:
            daemon.kill()
            daemon.wait()


def main():
    """A table; the daemons take turns, row by row."""
    BUILD.mkdir(parents=True, exist_ok=True)
    compile_all()
    daemons = [("kanso", [BUILD / "xenstored", "-D", "-N"], {}), ("debian", *debian())]
    print(f"{'clients':>8}{'nodes':>8}{'at once':>8}  {'daemon':8}{'requests/s':>11}{'CPU us/request':>15}"
          f"{'slowest us':>11}{'nodes made/s':>13}")
    ratios = {True: [], False: []}
    crowded, few = [], []  # requests a second, ours by Debian's: with 1,000 clients, with fewer
    for row in ROWS.split():
        figures = {}
        for name, command, more in daemons:
            figures[name] = measure(command, more, row)
            rate, used, slowest, made = figures[name]
            print("{:>8}{:>8}{:>8}  {:8}{:>11.0f}{:>15.2f}{:>11.0f}{:>13.0f}".format(
                *row.split(":"), name, rate, used, slowest, made), flush=True)
        clients, _, pipeline = row.split(":")
        busy = int(pipeline) > int(clients)
        (crowded if int(clients) >= 1000 else few).append(figures["kanso"][0] / figures["debian"][0])
        ratios[busy].append((figures["kanso"][0] / figures["debian"][0], figures["debian"][1] / figures["kanso"][1]))
    for busy, words in ((False, "wait for each answer"), (True, "do not wait")):
        if ratios[busy]:
            rate, used = (min(column) for column in zip(*ratios[busy]))
            print(f"Where clients {words}, ours answers at least {rate:.1f} times Debian's requests a second, "
                  f"and each costs Debian's at least {used:.1f} times our CPU time.")
    return 0 if all(rate >= 2 for rate in crowded) and all(rate >= SLACK for rate in few) else 1


if __name__ == "__main__":
    sys.exit(main())
