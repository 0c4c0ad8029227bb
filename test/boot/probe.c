/* SPDX-License-Identifier: MIT */
/*
 * The smallest dom0: says in one line what machine it was given, and tries all of it. It reads its
 * device tree, writes and reads back its RAM in places, starts its other CPUs, takes a timer
 * interrupt in WFI, finds its ramdisk, and switches the machine off, or with the argument "end=N"
 * ends with that shutdown code. The line "@@PROBE ..." is what the scenarios compare;
 * "@@PROBE-FAIL" says what was wrong.
 */
#include "boot.h"

#include "abi/sched.h"
#include "abi/xen.h"

enum { GICD = 0x08000000, GICC = 0x08010000, GICR = 0x080a0000, TIMER_IRQ = 27 }; /* QEMU's virt */
enum { NODE = 1, END_NODE, PROPERTY, NOP };
enum { MAX_BANKS = 16, MAX_CPUS = 64 };

static struct {
    u64 start, bytes;
} bank[MAX_BANKS];
static u64 cpu_mpidr[MAX_CPUS], cpu_alive[MAX_CPUS];
static u64 ramdisk_start, ramdisk_end;
static u32 nr_banks, nr_cpus, gic;
static const char *arguments = "";

void probe_cpu(void);

/* ---- the device tree */

static u32 big32(const u32 *p)
{
    return __builtin_bswap32(*p);
}

static bool is(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static bool begins(const char *a, const char *b)
{
    while (*b && *a == *b) {
        a++;
        b++;
    }
    return !*b;
}

static u64 cells(const u32 *p, u32 n)
{
    return n == 1 ? big32(p) : (u64)big32(p) << 32 | big32(p + 1);
}

/* A property of the node "name" at depth; path[1] names the node below the root that it is in. */
static void property(const char *top, const char *node, u32 depth, const char *name,
                     const u32 *value, u32 bytes)
{
    if (depth == 1 && begins(top, "memory@") && is(name, "reg")) {
        for (u32 i = 0; i + 16 <= bytes && nr_banks < MAX_BANKS; i += 16) {
            bank[nr_banks].start = cells(value + i / 4, 2);
            bank[nr_banks++].bytes = cells(value + i / 4 + 2, 2);
        }
    } else if (depth == 2 && is(top, "cpus") && begins(node, "cpu@") && is(name, "reg") &&
               nr_cpus < MAX_CPUS) {
        cpu_mpidr[nr_cpus++] = cells(value, bytes / 4);
    } else if (is(top, "chosen") && is(name, "bootargs")) {
        arguments = (const char *)value;
    } else if (is(top, "chosen") && is(name, "linux,initrd-start")) {
        ramdisk_start = cells(value, bytes / 4);
    } else if (is(top, "chosen") && is(name, "linux,initrd-end")) {
        ramdisk_end = cells(value, bytes / 4);
    } else if (is(name, "compatible") && is((const char *)value, "arm,gic-v3")) {
        gic = 3;
    } else if (is(name, "compatible") && (is((const char *)value, "arm,gic-400") ||
                                          is((const char *)value, "arm,cortex-a15-gic"))) {
        gic = 2;
    }
}

static void read_tree(const u32 *fdt)
{
    const u32 *at = fdt + big32(fdt + 2) / 4;
    const char *names = (const char *)fdt + big32(fdt + 3);
    const char *top = "", *node = "";
    u32 depth = 0; /* of the node; the root has 0 */
    for (bool first = true;; first = false) {
        switch (big32(at++)) {
        case NODE:
            depth += !first;
            node = (const char *)at;
            top = depth == 1 ? node : top;
            for (const char *p = node; *p; p++) {
                at += (p - node) % 4 == 3;
            }
            at++;
            break;
        case END_NODE:
            if (depth-- == 0) {
                return;
            }
            break;
        case PROPERTY:
            property(top, node, depth, names + big32(at + 1), at + 2, big32(at));
            at += 2 + (big32(at) + 3) / 4;
            break;
        case NOP:
            break;
        default:
            failed("the device tree, token", big32(at - 1));
            return;
        }
    }
}

/* ---- what it names */

static bool holds(u64 start, u64 end, u64 at)
{
    return at >= start && at < end;
}

/* A word in each of 64 places of each bank and in its last 2 MiB, clear of ourselves, the tree and
 * the ramdisk; all are written before the first is read. Not more places: each costs QEMU's host 2
 * MiB. */
static void try_memory(const u32 *fdt)
{
    for (u32 round = 0; round < 2; round++) {
        for (u32 i = 0; i < nr_banks; i++) {
            u64 end = bank[i].start + bank[i].bytes, step = ((bank[i].bytes / 64) | 0x1fffff) + 1;
            for (u64 at = bank[i].start + 0x1ffff8; at < end;
                 at = at + step < end || at == end - 8 ? at + step : end - 8) {
                volatile u64 *word = (volatile u64 *)at;
                if (holds((u64)_start, (u64)_end, at) || holds(ramdisk_start, ramdisk_end, at) ||
                    holds((u64)fdt, (u64)fdt + big32(fdt + 1), at)) {
                    continue;
                }
                if (round == 0) {
                    *word = ~at;
                } else if (*word != ~at) {
                    failed("memory at", at);
                }
            }
        }
    }
}

static void try_cpus(void)
{
    u64 mine;
    u32 nr_alive = 0;
    __asm__ volatile("mrs %0, mpidr_el1" : "=r"(mine));
    mine &= 0xff00ffffff;
    for (u32 i = 0; i < nr_cpus; i++) {
        if (cpu_mpidr[i] == mine) {
            continue;
        }
        s64 e = firmware_call(0xc4000003, cpu_mpidr[i], (u64)probe_cpu, (u64)&cpu_alive[i]);
        if (e) {
            failed("CPU_ON of a CPU", cpu_mpidr[i]);
            continue;
        }
        for (u64 n = 0; n < 100000000 && !*(volatile u64 *)&cpu_alive[i]; n++) {
            __asm__ volatile("yield" ::: "memory");
        }
        if (cpu_alive[i] != (cpu_mpidr[i] | 1ULL << 63)) {
            failed("CPU that did not come up", cpu_mpidr[i]);
        }
        while (firmware_call(0xc4000004, cpu_mpidr[i], 0, 0) ==
               0) { /* until AFFINITY_INFO says that it is off */
        }
        nr_alive++;
    }
    if (nr_alive + 1 != nr_cpus) {
        failed("CPUs that ran", nr_alive + 1);
    }
}

static void write32(u64 at, u32 value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(at) : "memory");
}

static u32 read32(u64 at)
{
    u32 value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(at) : "memory");
    return value;
}

/* The timer's interrupt ends a WFI and is there to be acknowledged; IRQs stay masked. */
static void try_interrupt(void)
{
    u64 base = gic == 3 ? GICR + 0x10000 : GICD, pending;
    u32 irq;
    write32(GICD, gic == 3 ? 0x12 : 1);
    if (gic == 3) {
        write32(GICR + 0x14, 0);
        write32(base + 0x80, ~0u);
    }
    write32(base + 0x400 + (TIMER_IRQ & ~3), 0xa0a0a0a0);
    write32(base + 0x100, 1u << TIMER_IRQ);
    if (gic == 3) {
        __asm__ volatile(
            "msr S3_0_C12_C12_5, %0\n isb\n msr S3_0_C4_C6_0, %1\n msr S3_0_C12_C12_7, %0\n isb" ::
                "r"(1ULL),
            "r"(0xffULL));
    } else {
        write32(GICC + 4, 0xff);
        write32(GICC, 1);
    }
    __asm__ volatile("msr cntv_tval_el0, %0\n msr cntv_ctl_el0, %1\n isb" ::"r"(1000000ULL),
                     "r"(1ULL));
    do {
        __asm__ volatile("wfi" ::: "memory");
        __asm__ volatile("mrs %0, isr_el1" : "=r"(pending));
    } while (!pending);
    if (gic == 3) {
        __asm__ volatile("mrs %0, S3_0_C12_C12_0" : "=r"(pending));
        irq = (u32)pending;
    } else {
        irq = read32(GICC + 0xc);
    }
    if (irq != TIMER_IRQ) {
        failed("the interrupt after WFI is not the timer's but", irq);
    }
    __asm__ volatile("msr cntv_ctl_el0, %0\n isb" ::"r"(2ULL));
    if (gic == 3) {
        __asm__ volatile("msr S3_0_C12_C12_1, %0\n isb" ::"r"(pending));
    } else {
        write32(GICC + 0x10, irq);
    }
}

void boot_main(const u32 *fdt)
{
    if (((u64)fdt & 7) || big32(fdt) != 0xd00dfeed) {
        failed("no device tree at", (u64)fdt);
        power_off();
    }
    read_tree(fdt);
    try_memory(fdt);
    try_cpus();
    if (gic) {
        try_interrupt();
    } else {
        failed("no GIC in the device tree", 0);
    }
    u64 bytes = 0;
    for (u32 i = 0; i < nr_banks; i++) {
        bytes += bank[i].bytes;
    }
    say("@@PROBE gic ");
    say_number(gic, 10);
    say(" cpus ");
    say_number(nr_cpus, 10);
    say(" memory ");
    say_number(bytes >> 20, 10);
    say(" ramdisk ");
    say_number(ramdisk_end - ramdisk_start, 10);
    say(" failed ");
    say_number(nr_failed, 10);
    say_end();
    if (begins(arguments, "end=")) {
        const u32 reason = (u32)(arguments[4] - '0');
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (u64)&reason, 0);
    }
    power_off();
}
