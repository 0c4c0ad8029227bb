# SPDX-License-Identifier: MIT
"""The rows of `make bench`: what test/bench/guest runs under which id, and what Kanso must reach."""
import collections

Row = collections.namedtuple("Row", "id name per goal")  # per: operations a sample holds; goal: instructions, or None

ROWS = [
    Row(1, "null hypercall, xen_version(0)", 1, 60),
    Row(2, "xen_version(get_features)", 1, 200),
    Row(3, "multicall of 8 null calls", 1, 500),
    Row(4, "PSCI_VERSION by HVC", 1, 70),
    Row(5, "ID register trap", 1, 80),
    Row(6, "GICD_TYPER read", 1, 120),
    Row(8, "event send, port already pending", 1, 120),
    Row(7, "event to self, upcall, EOI", 1, 250),
    Row(9, "SGI to self, acknowledge, EOI", 1, 160),
    Row(10, "virtual timer, inject, EOI", 1, 180),
    Row(11, "WFI, block, timer, wake, inject", 1, 600),
    Row(12, "yield, nobody else runnable", 1, 80),
    Row(13, "switch, two vCPUs of one domain", 2, 500),
    Row(14, "switch, dom0 <-> domU", 2, 550),
    Row(17, "switch, both use floating point", 2, None),
    Row(20, "event to blocked domain, same CPU", 1, 1000),
    Row(18, "grant map and unmap of a page", 1, None),
    Row(19, "grant copy of a page", 1, None),
    Row(24, "foreign map and unmap of a page", 1, 300),
    Row(21, "populate 4 KiB", 1, None),
    Row(22, "populate 2 MiB", 1, None),
    Row(23, "console write of 64 bytes", 1, None),
    Row(15, "create a 16 MiB guest, zeroed", 1, 750000),
    Row(29, "create a 16 MiB guest, after a rest", 1, 50000),
    Row(16, "destroy it", 1, None),
]
SEVERAL = [  # with two CPUs, which are both counted
    Row(25, "SGI to running vCPU, other CPU", 1, 350),
    Row(26, "SGI to vCPU in WFI, other CPU", 1, 900),
    Row(27, "event to running domain, other CPU", 1, 450),
    Row(28, "event to blocked domain, other CPU", 1, 1100),
    Row(20, "event to blocked domain, same CPU of 2", 1, 1000),
]
BOOT = ("reset to dom0's first instruction", 3000000)
TO_LINUX = ("reset to Debian's first instruction, dom0 of 1 GiB", lambda modules: round(3e6 + 1.3 * modules / 64))  # of so many bytes
PER_GIB = ("... a further GiB of RAM", 200000)
PAGES = ("pages a 16 MiB guest costs", 16)
IMAGE = ("bytes of the hypervisor's image", 350 * 1024)

NOT_MIXED = {13, 15, 16, 17, 29}  # only alone
SHARE = 0.5  # no row above this part of Xen's
