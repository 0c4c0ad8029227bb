/* SPDX-License-Identifier: MIT */
/*
 * The kernel that sees what the firmware does: as dom0, and in the guests that dom0 builds from
 * this image. It asks the firmware by its registers (firmware.h). Lines "@@WITNESS ..." are what
 * the scenario compares.
 */
#include "firmware.h"

#include "abi/sched.h"
#include "abi/xen.h"
#include "test/boot/guest.h"

/* What a guest is for; boot_main() gets it where dom0 gets its device tree. */
enum role { SUBJECT = 1, NEIGHBOUR = 2 };
/* Bits 3..0 of the number in CONFIG; above them a syndrome. */
enum test { TEST_CALLS = 1, TEST_SERRORS, TEST_SERROR_HERE, TEST_SERROR_EL2 };

/* Syndromes of SErrors (Arm ARM D19.2.39): IDS, AET, DFSC */
#define IDS          (1u << 24)
#define ASYNCHRONOUS 0x11u
#define AET(n)       ((n) << 10 | ASYNCHRONOUS)

static const struct {
    const char name[16];
    u32 syndrome;
} serrors[] = {
    {"corrected", AET(6u)},     {"restartable", AET(2u)}, {"recoverable", AET(3u)},
    {"unrecoverable", AET(1u)}, {"own", IDS | 0x123},     {"unknown", 0},
};
enum { NR_SERRORS = sizeof(serrors) / sizeof(serrors[0]) };

/* What a guest leaves for dom0 to read. */
static volatile struct {
    u64 heartbeat;
    u64 taken[NR_SERRORS], esr[NR_SERRORS];
    u64 waits, moved; /* take_masked(): tells, is told */
    u64 early, late, late_esr;
} notes __attribute__((aligned(4096)));

volatile u64 serror_count, serror_esr;

/* An SError of ours: counted, and on with it. Everything else is the kernel's own exception. */
__asm__(".balign 2048\n"
        "witness_vectors:\n"
        ".rept 7\n"
        "    mrs x0, esr_el1\n"
        "    mrs x1, elr_el1\n"
        "    mrs x2, far_el1\n"
        "    b exception\n"
        "    .balign 128\n"
        ".endr\n"
        "    stp x0, x1, [sp, #-16]!\n"
        "    adrp x1, serror_count\n"
        "    ldr x0, [x1, :lo12:serror_count]\n"
        "    add x0, x0, #1\n"
        "    str x0, [x1, :lo12:serror_count]\n"
        "    adrp x1, serror_esr\n"
        "    mrs x0, esr_el1\n"
        "    str x0, [x1, :lo12:serror_esr]\n"
        "    ldp x0, x1, [sp], #16\n"
        "    eret\n"
        "    .balign 128\n"
        ".rept 8\n"
        "    mrs x0, esr_el1\n"
        "    mrs x1, elr_el1\n"
        "    mrs x2, far_el1\n"
        "    b exception\n"
        "    .balign 128\n"
        ".endr\n");
extern char witness_vectors[];

static void ask(enum ask what, u64 argument, u64 answer[3])
{
    register u64 x20 __asm__("x20") = ASK;
    register u64 x21 __asm__("x21") = what;
    register u64 x22 __asm__("x22") = argument;
    register u64 x23 __asm__("x23") = 0;
    __asm__ volatile("1: yield\n cbnz x20, 1b\n isb"
                     : "+r"(x20), "+r"(x21), "+r"(x22), "+r"(x23)::"memory");
    answer[0] = x21;
    answer[1] = x22;
    answer[2] = x23;
}

static void mask_serrors(bool on)
{
    if (on) {
        __asm__ volatile("msr daifset, #4\n isb" ::: "memory");
    } else {
        __asm__ volatile("msr daifclr, #4\n isb" ::: "memory");
    }
}

static void put(u64 value)
{
    say(" ");
    say_number(value, 10);
}

/* ---- the workarounds */

static void count(const char *what, u32 times, u32 call, u64 argument)
{
    u64 before[3], after[3];
    ask(ASK_COUNTS, 0, before);
    for (u32 i = 0; i < times; i++) {
        if (call) {
            firmware_call(call, argument, 0, 0);
        } else {
            hypercall(__HYPERVISOR_xen_version, 0, 0, 0);
        }
    }
    ask(ASK_COUNTS, 0, after);
    say("@@WITNESS ");
    say(what);
    for (u32 i = 0; i < 3; i++) {
        put(after[i] - before[i]);
    }
    say_end();
}

/* A trap gives back all registers, whatever the way in did with them. */
static void try_registers(void)
{
    register u64 x0 __asm__("x0") = 0x1111;
    register u64 x1 __asm__("x1") = 0x2222;
    register u64 x2 __asm__("x2") = 0x3333;
    register u64 x3 __asm__("x3") = 0x4444;
    for (u32 i = 0; i < 100; i++) {
        __asm__ volatile("mrs x9, id_aa64mmfr0_el1"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"x9", "memory");
    }
    if (x0 != 0x1111 || x1 != 0x2222 || x2 != 0x3333 || x3 != 0x4444) {
        failed("a trap changed x0, x1, x2 or x3; the sum is", x0 + x1 + x2 + x3);
    }
}

static void test_calls(void)
{
    static const u32 calls[] = {WORKAROUND_1, WORKAROUND_2, WORKAROUND_3};
    say("@@WITNESS features");
    for (u32 i = 0; i < 3; i++) {
        s32 answer = (s32)firmware_call(0x80000001, calls[i], 0, 0);
        say(answer < 0 ? " -" : " ");
        say_number((u64)(answer < 0 ? -answer : answer), 10);
    }
    say_end();
    count("hypercalls", 1000, 0, 0);
    count("call-1", 100, WORKAROUND_1, 0);
    count("call-2-off", 100, WORKAROUND_2, 0);
    count("call-2-on", 100, WORKAROUND_2, 1);
    count("call-3", 100, WORKAROUND_3, 0);
    try_registers();
}

/* ---- SErrors */

static void take_all(void)
{
    u64 unused[3];
    mask_serrors(false);
    for (u32 i = 0; i < NR_SERRORS; i++) {
        serror_count = serror_esr = 0;
        ask(ASK_SERROR, serrors[i].syndrome, unused);
        notes.taken[i] = serror_count;
        notes.esr[i] = serror_esr;
    }
}

/* One that comes while they are masked waits, ends a WFI, and goes along to another CPU. */
static void take_masked(void)
{
    u64 unused[3];
    mask_serrors(true);
    serror_count = serror_esr = 0;
    ask(ASK_SERROR, AET(3u), unused);
    __asm__ volatile("wfi" ::: "memory");
    notes.waits = true;
    while (!notes.moved) {
        __asm__ volatile("yield");
    }
    notes.early = serror_count;
    mask_serrors(false);
    notes.late = serror_count;
    notes.late_esr = serror_esr;
}

static void say_notes(const char *who, const volatile typeof(notes) *n)
{
    for (u32 i = 0; i < NR_SERRORS; i++) {
        say("@@WITNESS ");
        say(who);
        say(" ");
        say(serrors[i].name);
        put(n->taken[i]);
        say(" ");
        say_number(n->esr[i], 16);
        say_end();
    }
    say("@@WITNESS ");
    say(who);
    say(" masked");
    put(n->early);
    put(n->late);
    say(" ");
    say_number(n->late_esr, 16);
    say_end();
}

static void beat(void)
{
    for (;;) {
        notes.heartbeat++;
    }
}

static void as_guest(enum role role)
{
    if (role == NEIGHBOUR) {
        beat();
    }
    take_masked(); /* first: to a CPU that has not given one yet */
    take_all();
    struct xen_sched_shutdown off = {.reason = SHUTDOWN_poweroff};
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_shutdown, (u64)&off, 0);
}

static volatile typeof(notes) *map_notes(u16 domain)
{
    return (volatile typeof(notes) *)guest_map(domain, &notes);
}

static u64 heartbeat(u16 domain)
{
    u64 beats = map_notes(domain)->heartbeat;
    guest_unmap();
    return beats;
}

/* Does the neighbour go on? It gets the CPU by and by. */
static void say_neighbour(u16 neighbour)
{
    u64 before = heartbeat(neighbour);
    u64 rounds = 0;
    while (heartbeat(neighbour) == before && rounds++ < 1000000) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
    say("@@WITNESS neighbour ");
    say(rounds < 1000000 ? "goes on" : "stands still");
    say_end();
}

static void pin(u16 domain, u32 cpu)
{
    static struct xen_domctl op;
    u8 cpus = (u8)(1u << cpu);
    memset(&op, 0, sizeof(op));
    op.u.vcpuaffinity.flags = XEN_VCPUAFFINITY_HARD;
    op.u.vcpuaffinity.cpumap_hard.bitmap.p = (u64)&cpus;
    op.u.vcpuaffinity.cpumap_hard.nr_bits = 8;
    s64 e = guest_domctl(XEN_DOMCTL_setvcpuaffinity, domain, &op);
    if (e) {
        failed("the subject can't be pinned", -(u64)e);
    }
}

static u32 cpu_of(u16 domain)
{
    static struct xen_domctl op;
    memset(&op, 0, sizeof(op));
    s64 e = guest_domctl(XEN_DOMCTL_getvcpuinfo, domain, &op);
    if (e) {
        failed("the subject has no vCPU", -(u64)e);
    }
    return op.u.getvcpuinfo.cpu;
}

/* To the other CPU, once it says that it waits. */
static void move(u16 domain)
{
    u32 code = 0;
    u64 waits = 0;
    while (!waits && !guest_has_ended(domain, &code)) {
        waits = map_notes(domain)->waits;
        guest_unmap();
    }
    pin(domain, 0);
    while (cpu_of(domain) != 0 && !nr_failed) {
    }
    map_notes(domain)->moved = true;
    guest_unmap();
}

static void test_serrors(void)
{
    u32 code = 0;
    u16 neighbour = guest_create(), subject = guest_create();
    guest_load(neighbour);
    guest_load(subject);
    guest_start(neighbour, NEIGHBOUR);
    say_neighbour(neighbour);
    pin(subject, 1);
    guest_start(subject, SUBJECT);
    move(subject);
    while (!guest_has_ended(subject, &code)) {
    }
    say("@@WITNESS subject ended");
    put(code);
    say_end();
    say_notes("subject", map_notes(subject));
    guest_unmap();
    say_neighbour(neighbour);
    take_all();
    notes.moved = true; /* nobody is there to do it */
    take_masked();
    say_notes("dom0", &notes);
    say_neighbour(neighbour);
}

void boot_main(const u32 *fdt)
{
    __asm__ volatile("msr vbar_el1, %0\n isb" ::"r"(witness_vectors));
    if ((u64)fdt <= NEIGHBOUR) {
        as_guest((enum role)(u64)fdt);
        return;
    }
    u64 answer[3];
    ask(ASK_TEST, 0, answer);
    u64 syndrome = answer[0] >> 4;
    switch (answer[0] & 15) {
    case TEST_CALLS:
        test_calls();
        break;
    case TEST_SERRORS:
        test_serrors();
        break;
    case TEST_SERROR_HERE:
        mask_serrors(false);
        ask(ASK_SERROR, syndrome, answer);
        break;
    case TEST_SERROR_EL2:
        ask(ASK_SERROR_EL2, syndrome, answer);
        for (;;) {
            __asm__ volatile("wfi"); /* EL2 idles, then */
        }
    default:
        failed("unknown test", answer[0]);
    }
    say("@@PROBE failed ");
    say_number(nr_failed, 10);
    say_end();
    power_off();
}
