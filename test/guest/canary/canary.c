// SPDX-License-Identifier: MIT
// The neighbour of an attack. Its memory holds a pattern that it reads over and over, its registers
// another; the virtual timer wakes it ten times a second, and each second of that it says a line
// "tick N bad N late MS". late: by how much the worst wake-up came behind its time. Goes on until
// somebody destroys it. gic=2 or 3.
#include "guest.h"

const char guest_name[] = "canary";

enum {
    PATTERN_BASE = 0x40800000,
    PATTERN_END = 0x42000000,
    TICKS_A_LINE = 10,
    TIMER_INTERRUPT = 27
};
enum { GICD = 0x03001000, GICC = 0x03002000, GICR = 0x03020000, GICR_SGI = GICR + 0x10000 };

static unsigned gic;
static unsigned long worst_ticks, nr_bad, at = PATTERN_BASE;

static unsigned long now(void)
{
    unsigned long ticks;

    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(ticks)::"memory");
    return ticks;
}

static volatile uint32_t *reg(unsigned long address)
{
    return (volatile uint32_t *)address;
}

static void gic_init(void)
{
    if (gic == 2) {
        *reg(GICD) = 1;                             // GICD_CTLR
        *reg(GICD + 0x100) = 1u << TIMER_INTERRUPT; // GICD_ISENABLER0
        *reg(GICC + 4) = 0xf0;                      // GICC_PMR
        *reg(GICC) = 1;                             // GICC_CTLR
        return;
    }
    *reg(GICD) = 2;                                   // GICD_CTLR: group 1
    *reg(GICR + 0x14) = 0;                            // GICR_WAKER
    *reg(GICR_SGI + 0x80) = ~0u;                      // GICR_IGROUPR0
    *reg(GICR_SGI + 0x100) = 1u << TIMER_INTERRUPT;   // GICR_ISENABLER0
    __asm__ volatile("msr S3_0_C12_C12_5, %0\n isb\n" // ICC_SRE_EL1
                     "msr S3_0_C4_C6_0, %1\n"         // ICC_PMR_EL1
                     "msr S3_0_C12_C12_7, %0\n isb" ::"r"(1UL),
                     "r"(0xf0UL)); // ICC_IGRPEN1_EL1
}

// Returns what came, and ends it
static unsigned acknowledge(void)
{
    unsigned long id;

    if (gic == 2) {
        id = *reg(GICC + 12);
        *reg(GICC + 16) = (uint32_t)id;
    } else {
        __asm__ volatile("mrs %0, S3_0_C12_C12_0\n dsb sy\n msr S3_0_C12_C12_1, %0\n isb"
                         : "=r"(id)::"memory");
    }
    return id & 0x3ff;
}

static unsigned long pattern(unsigned long address)
{
    return (address ^ 0x5bd1e995) * 0x9e3779b97f4a7c15;
}

// Some of it, and every page of it within some seconds: the whole would take all of a CPU
static void look(unsigned long pages)
{
    for (; pages; pages--) {
        for (unsigned long a = at; a < at + 4096; a += 64) {
            nr_bad += *(volatile unsigned long *)a != pattern(a);
        }
        at = at + 4096 == PATTERN_END ? PATTERN_BASE : at + 4096;
    }
}

// Registers that EL2 keeps while others run: nothing in them may change while this guest waits
static void wait_with_registers(unsigned long salt)
{
    unsigned long bad = 0;

    __asm__ volatile(
        "msr tpidr_el0, %1\n msr tpidr_el1, %1\n msr contextidr_el1, %2\n msr mair_el1, %1\n"
        "fmov d0, %1\n fmov d15, %1\n fmov d31, %1\n isb\n"
        "wfi\n"
        "mrs x9, tpidr_el0\n sub x9, x9, %1\n orr %0, %0, x9\n"
        "mrs x9, tpidr_el1\n sub x9, x9, %1\n orr %0, %0, x9\n"
        "mrs x9, contextidr_el1\n sub x9, x9, %2\n orr %0, %0, x9\n"
        "mrs x9, mair_el1\n sub x9, x9, %1\n orr %0, %0, x9\n"
        "fmov x9, d0\n sub x9, x9, %1\n orr %0, %0, x9\n"
        "fmov x9, d15\n sub x9, x9, %1\n orr %0, %0, x9\n"
        "fmov x9, d31\n sub x9, x9, %1\n orr %0, %0, x9\n"
        : "+r"(bad)
        : "r"(pattern(salt)), "r"(salt & 0xffff)
        : "x9", "memory");
    nr_bad += bad != 0;
}

static void tick(unsigned long due)
{
    unsigned long salt = due;

    __asm__ volatile("msr cntv_cval_el0, %0\n msr cntv_ctl_el0, %1\n isb" ::"r"(due), "r"(1UL));
    while (now() < due) { // WFI may come back early
        wait_with_registers(salt++);
    }
    unsigned long late = now() - due;
    unsigned came = acknowledge();
    nr_bad += came != TIMER_INTERRUPT;
    __asm__ volatile("msr cntv_ctl_el0, xzr\n isb");
    if (late > worst_ticks) {
        worst_ticks = late;
    }
}

static void report(unsigned long n, unsigned long hz)
{
    print("tick ");
    print_hex(n);
    print(" bad ");
    print_hex(nr_bad);
    print(" late ");
    print_hex(worst_ticks * 1000 / hz);
    print("\n");
    worst_ticks = 0;
}

void guest_main(void)
{
    unsigned long hz;

    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    gic = (unsigned)option("gic", 3);
    for (unsigned long a = PATTERN_BASE; a < PATTERN_END; a += 64) {
        *(volatile unsigned long *)a = pattern(a);
    }
    gic_init();
    for (unsigned long n = 1;; n++) {
        tick(now() + hz / 10);
        look(64);
        if (n % TICKS_A_LINE == 0) {
            report(n / TICKS_A_LINE, hz);
        }
    }
}
