// SPDX-License-Identifier: MIT
// A guest that is stopped at any instruction, copied, and goes on elsewhere: both timers tick, each
// tick sends an SGI, dom0 sends events, a program counts in d8 and in memory and looks at what it
// left in registers and pages. It never ends; what it finds wrong stands in the report.
// Events by FIFO on GICv3, by the bitmaps on GICv2.
#include "../guest.h"
#include "report.h"

const char guest_name[] = "round";

#define GICD   0x03001000ul
#define GICC   0x03002000ul
#define GICR   0x03020000ul
#define SHARED 0x38800000ul // where the shared info page appears

enum { SGI = 5, TIMER = 27, PHYSICAL_TIMER = 30, EVENT = 31, SPURIOUS = 1020 };
enum { PENDING = 31, MASKED = 30, LINKED = 29, LINK = (1 << 17) - 1 };

static volatile struct round_report *const report = (void *)ROUND_REPORT;
static uint64_t period;
static unsigned port;

static struct {
    uint8_t upcall_pending, pad[7];
    uint64_t pending_sel;
    uint8_t time[32];
} info __attribute__((aligned(64)));
static struct {
    uint32_t ready, pad;
    uint32_t head[16];
} control __attribute__((aligned(128)));
static uint32_t word[1024] __attribute__((aligned(4096)));
static uint64_t runstate[6] __attribute__((aligned(64)));

#define read_register(name)                                     \
    ({                                                          \
        uint64_t value_;                                        \
        __asm__ volatile("isb\n mrs %0, " name : "=r"(value_)); \
        value_;                                                 \
    })
#define write_register(name, value) \
    __asm__ volatile("msr " name ", %0\n isb" : : "r"((uint64_t)(value)) : "memory")

static volatile uint32_t *at(unsigned long address)
{
    return (volatile uint32_t *)address;
}

static void must(bool good)
{
    report->bad |= good ? 0 : ROUND_CALL;
}

// ---- interrupts

static void gic_begin(void)
{
    const uint32_t ours = 1u << TIMER | 1u << PHYSICAL_TIMER | 1u << EVENT;

    if (report->gic_version == 2) {
        *at(GICD) = 1;
        *at(GICD + 0x100) = ours;
        *at(GICC + 4) = 0xf0;
        *at(GICC) = 1;
        return;
    }
    *at(GICD) = 1 << 4 | 1 << 1;
    *at(GICR + 0x14) = 0;
    *at(GICR + 0x10100) = ours | 0xffff;
    write_register("s3_0_c12_c12_5", 1);  // ICC_SRE_EL1
    write_register("s3_0_c4_c6_0", 0xf0); // ICC_PMR_EL1
    write_register("s3_0_c12_c12_7", 1);  // ICC_IGRPEN1_EL1
}

static uint32_t acknowledge(void)
{
    return report->gic_version == 2 ? *at(GICC + 0xc)
                                    : (uint32_t)read_register("s3_0_c12_c12_0"); // ICC_IAR1_EL1
}

static void end_of(uint32_t raw)
{
    if (report->gic_version == 2) {
        *at(GICC + 0x10) = raw;
    } else {
        write_register("s3_0_c12_c12_1", raw); // ICC_EOIR1_EL1
    }
}

static void send_sgi(void)
{
    if (report->gic_version == 2) {
        *at(GICD + 0xf00) = 2u << 24 | SGI;
    } else {
        write_register("s3_0_c12_c11_5", 1ul | (uint64_t)SGI << 24); // ICC_SGI1R_EL1
    }
}

// ---- events

static void found(unsigned which)
{
    if (which == port) {
        report->events++;
    } else {
        report->bad |= ROUND_STRAY;
    }
}

static void take_bits(void)
{
    volatile uint64_t *pending = (volatile uint64_t *)(SHARED + 48);
    uint64_t groups = __atomic_exchange_n(&info.pending_sel, 0, __ATOMIC_SEQ_CST);

    for (; groups; groups &= groups - 1) {
        unsigned group = __builtin_ctzll(groups);
        uint64_t bits = __atomic_exchange_n(&pending[group], 0, __ATOMIC_SEQ_CST);
        for (; bits; bits &= bits - 1) {
            found(group * 64 + __builtin_ctzll(bits));
        }
    }
}

// The first of the queue leaves it: LINKED and the link go at once.
static unsigned unlink_first(unsigned which)
{
    uint32_t old = word[which], new;

    do {
        new = old & ~(1u << LINKED | LINK);
    } while (!__atomic_compare_exchange_n(&word[which], &old, new, false, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    return old & LINK;
}

static void take_queues(void)
{
    uint32_t ready = __atomic_exchange_n(&control.ready, 0, __ATOMIC_SEQ_CST);

    for (; ready; ready &= ready - 1) {
        unsigned queue = __builtin_ctz(ready);
        unsigned next = *(volatile uint32_t *)&control.head[queue];
        while (next) {
            unsigned which = next & 1023;
            next = unlink_first(which);
            uint32_t old = __atomic_fetch_and(&word[which], ~(1u << PENDING), __ATOMIC_SEQ_CST);
            if (old & 1u << PENDING) {
                found(which);
            }
        }
    }
}

static void events_begin(void)
{
    struct {
        uint16_t domid, size;
        uint32_t space;
        uint64_t idx, gpfn;
    } add = {.domid = DOMID_SELF, .gpfn = SHARED >> 12};
    struct {
        uint64_t mfn;
        uint32_t offset, rsvd;
    } place = {(uintptr_t)&info >> 12, (uintptr_t)&info & 4095, 0};
    struct {
        uint16_t domid, remote;
        uint32_t port;
    } unbound = {.domid = DOMID_SELF};
    struct {
        uint64_t gfn;
        uint32_t offset, vcpu;
        uint8_t link_bits, pad[7];
    } init = {.gfn = (uintptr_t)&control >> 12, .offset = (uintptr_t)&control & 4095};
    uint64_t words = (uintptr_t)word >> 12, area = (uintptr_t)runstate;

    must(hypercall(CALL_MEMORY, 7, (uintptr_t)&add, 0) == 0);
    must(hypercall(24, 10, 0, (uintptr_t)&place) == 0);
    must(hypercall(24, 5, 0, (uintptr_t)&area) == 0);
    if (report->gic_version == 3) {
        must(hypercall(CALL_EVTCHN, 11, (uintptr_t)&init, 0) == 0);
        must(hypercall(CALL_EVTCHN, 12, (uintptr_t)&words, 0) == 0);
    }
    must(hypercall(CALL_EVTCHN, 6, (uintptr_t)&unbound, 0) == 0);
    port = unbound.port;
    report->port = port;
}

// ---- what the interrupts do

static void tick(void)
{
    uint64_t due = read_register("cntv_cval_el0");
    uint64_t late = read_register("cntvct_el0") - due;

    report->late = late > report->late ? late : report->late;
    report->bad |= (int64_t)late < 0 ? ROUND_EARLY : 0;
    write_register("cntv_cval_el0", due + (late / period + 1) * period);
    report->ticks++;
    send_sgi();
    // Time in here, so that a stop often finds it active
    for (volatile unsigned i = 0; i < 2000; i++) {
    }
}

void guest_interrupt(void)
{
    uint32_t raw = acknowledge();

    switch (raw & 1023) {
    case TIMER:
        tick();
        break;
    case PHYSICAL_TIMER:
        report->physical++;
        write_register("cntp_tval_el0", period * 3);
        break;
    case SGI:
        report->sgis++;
        report->bad |= report->sgis > report->ticks ? ROUND_ORDER : 0;
        break;
    case EVENT:
        info.upcall_pending = 0;
        __asm__ volatile("dsb sy" ::: "memory");
        if (report->gic_version == 2) {
            take_bits();
        } else {
            take_queues();
        }
        break;
    default:
        report->bad |= (raw & 1023) < SPURIOUS ? ROUND_STRAY : 0;
        break;
    }
    if ((raw & 1023) < SPURIOUS) {
        end_of(raw);
    }
}

// ---- the program

// d8 counts, q31 and TPIDR_EL1 keep what they got; nothing else of the guest touches them.
static void fp_begin(void)
{
    write_register("tpidr_el1", 0x1234567890abcdef);
    __asm__ volatile(".arch_extension fp\n .arch_extension simd\n"
                     "    movi d8, #0\n"
                     "    movi v31.16b, #0x5a\n");
}

static uint64_t fp_count(void)
{
    uint64_t whole, low, high;

    __asm__ volatile(".arch_extension fp\n .arch_extension simd\n"
                     "    fmov d0, #1.0\n"
                     "    fadd d8, d8, d0\n"
                     "    fcvtzu %0, d8\n"
                     "    umov %1, v31.d[0]\n"
                     "    umov %2, v31.d[1]\n"
                     : "=r"(whole), "=r"(low), "=r"(high));
    report->bad |= low == 0x5a5a5a5a5a5a5a5a && high == low ? 0 : ROUND_FP;
    return whole;
}

static volatile uint64_t *pattern(unsigned page)
{
    return (volatile uint64_t *)(ROUND_REPORT + 4096ul * (page + 1) + page * 8);
}

void guest_main(void)
{
    uint64_t last = 0;

    period = read_register("cntfrq_el0") / 200;
    for (unsigned i = 0; i < ROUND_PATTERN; i++) {
        *pattern(i) = i * 0x9e3779b97f4a7c15;
    }
    fp_begin();
    events_begin();
    gic_begin();
    write_register("cntv_cval_el0", read_register("cntvct_el0") + period);
    write_register("cntv_ctl_el0", 1);
    write_register("cntp_tval_el0", period);
    write_register("cntp_ctl_el0", 1);
    __asm__ volatile("msr daifclr, #2");
    report->ready = 1;
    for (;;) {
        unsigned page = report->loops % ROUND_PATTERN;

        report->loops++;
        report->bad |= fp_count() == report->loops ? 0 : ROUND_FP;
        report->bad |= *pattern(page) == page * 0x9e3779b97f4a7c15 ? 0 : ROUND_MEMORY;
        report->bad |= read_register("tpidr_el1") == 0x1234567890abcdef ? 0 : ROUND_EL1;
        if (page == 0) {
            uint64_t ran = ((volatile uint64_t *)runstate)[2];
            report->bad |= ran >= last ? 0 : ROUND_RUNSTATE;
            last = ran;
            __asm__ volatile("wfi");
        }
    }
}
