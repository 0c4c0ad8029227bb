// SPDX-License-Identifier: MIT
// A trap changes the register that it answers in, and no other: whether it is answered before the
// registers are saved, declined there, or never asked there. Then it lives on such traps alone, and
// interrupts and the tools have to get through.
#include "guest.h"

const char guest_name[] = "registers";

enum { X = 31, XZR = 31, FLAGS = 31, SP = 32, NR = 33 };
enum { HVC_XEN = 0xd4000002 | 0xea1 << 5, HVC = 0xd4000002, SMC = 0xd4000003 };
#define VERSION      (4UL << 16 | 17)
#define PSCI_1_1     0x10001UL
#define PSCI_VERSION 0x84000000UL

void run(const unsigned long in[NR], unsigned long out[NR]);
extern uint32_t run_word;

static unsigned long in[NR], out[NR];

// MRS Xt, S3_0_C0_C<m>_<op2>
static uint32_t read_id(unsigned t, unsigned m, unsigned op2)
{
    return 0xd5380000 | m << 8 | op2 << 5 | t;
}

static void execute(uint32_t word)
{
    *(volatile uint32_t *)&run_word = word;
    __asm__ volatile("dc cvau, %0\n dsb sy\n ic ivau, %0\n dsb sy\n isb" ::"r"(&run_word)
                     : "memory");
    run(in, out);
}

static void fill(unsigned turn)
{
    for (unsigned i = 0; i < X; i++) {
        in[i] = 0x1234567800000000UL * (turn + 1) + i * 0x0101010101UL;
    }
    in[FLAGS] = (turn & 15UL) << 28;
}

// All but register t
static void expect_kept(uint32_t word, unsigned t)
{
    for (unsigned i = 0; i < NR; i++) {
        if ((t == XZR || i != t) && out[i] != in[i]) {
            print("word ");
            print_hex(word);
            print(" register ");
            print_hex(i);
            print(" ");
            expect(false, "changed to", out[i]);
        }
    }
}

static void expect_call(uint32_t word, unsigned long number, unsigned long x0, unsigned long x1,
                        unsigned long answer)
{
    for (unsigned turn = 0; turn < 16; turn++) {
        fill(turn);
        in[0] = x0;
        in[1] = x1;
        in[16] = number;
        execute(word);
        expect_kept(word, 0);
        expect(out[0] == answer, "answer", out[0]);
    }
}

static void calls(void)
{
    const unsigned long high = 1UL << 32;

    // Answered at once
    expect_call(HVC_XEN, CALL_VERSION, 0, 0, VERSION);
    expect_call(HVC_XEN, CALL_VERSION, high, 5, VERSION);
    expect_call(HVC_XEN, CALL_VERSION, 7, 0, 4096);
    expect_call(HVC_XEN, CALL_SCHED, 0, 0, 0); // declined when somebody waits
    expect_call(HVC, 0, PSCI_VERSION, 0, PSCI_1_1);
    expect_call(HVC, CALL_VERSION, PSCI_VERSION | high, 0, PSCI_1_1);
    // Declined there
    expect_call(HVC_XEN, CALL_VERSION, 7, 5, -22UL);
    expect_call(HVC_XEN, CALL_VERSION, 1000, 0, -38UL);
    expect_call(HVC_XEN, CALL_VERSION | high, 0, 0, -38UL);
    expect_call(HVC_XEN, CALL_SCHED, 1000, 0, -38UL);
    expect_call(HVC_XEN, 300, 0, 0, -38UL);
    expect_call(HVC_XEN, CALL_EVTCHN, 1000, 0, -38UL);
    expect_call(HVC, 0, 0x8400000a, PSCI_VERSION, 0);
    expect_call(HVC, 0, 0x84000fff, 0, -1UL);
    // Not asked there
    expect_call(SMC, 0, PSCI_VERSION, 0, PSCI_1_1);
    expect_call(SMC, 0, 0x84000fff, 0, -1UL);
}

// Into each register; REVIDR_EL1 (m 0, op2 6) is none of the table
static void id_registers(void)
{
    for (unsigned m = 0; m < 8; m++) {
        for (unsigned op2 = m == 0 ? 6 : 0; op2 < (m == 0 ? 7 : 8); op2++) {
            unsigned long value = 0;

            for (unsigned t = 0; t < 32; t++) {
                fill(t);
                execute(read_id(t, m, op2));
                expect_kept(read_id(t, m, op2), t);
                value = t == 0 ? out[0] : value;
                expect(t == XZR || out[t] == value, "another value", out[t]);
            }
        }
    }
    fill(0);
    execute(read_id(5, 4, 0));
    expect((out[5] & 0xf0) != 0, "ID_AA64PFR0_EL1 knows EL1", out[5]);
}

void guest_main(void)
{
    calls();
    id_registers();
}

// Most of its time is spent in the hypervisor, where work comes in between
static unsigned long read_ids(void)
{
    unsigned long left;

    __asm__ volatile("    mrs x9, id_aa64pfr0_el1\n"
                     "    mov %0, #1000\n"
                     "1:  mov x3, xzr\n"
                     "    mov x16, xzr\n"
                     "    mov x17, xzr\n"
                     "    mov x30, xzr\n"
                     "    mrs x3, id_aa64pfr0_el1\n"
                     "    mrs x16, id_aa64pfr0_el1\n"
                     "    mrs x17, id_aa64pfr0_el1\n"
                     "    mrs x30, id_aa64pfr0_el1\n"
                     "    cmp x9, x3\n"
                     "    ccmp x9, x16, #0, eq\n"
                     "    ccmp x9, x17, #0, eq\n"
                     "    ccmp x9, x30, #0, eq\n"
                     "    b.ne 2f\n"
                     "    subs %0, %0, #1\n"
                     "    b.ne 1b\n"
                     "2:"
                     : "=&r"(left)::"x3", "x9", "x16", "x17", "x30", "cc");
    return left;
}

void guest_end(void)
{
    for (;;) {
        unsigned long left = read_ids();

        expect(left == 0, "an ID register, turns left", left);
        for (unsigned i = 0; i < 1000; i++) {
            long version = hypercall(CALL_VERSION, 0, 0, 0);
            long yielded = hypercall(CALL_SCHED, 0, 0, 0);
            unsigned long psci = smccc(PSCI_VERSION, 0, 0, 0);

            expect(version == VERSION && yielded == 0 && psci == PSCI_1_1, "a call", version);
        }
    }
}
