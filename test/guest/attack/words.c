// SPDX-License-Identifier: MIT
// Every word of the class "system" of A64 (Arm ARM C4.1.94: 0xd5 in front; op0 0 to 3, so barriers,
// hints, cache and TLB instructions as well as all 65,536 accesses to system registers), then every
// HVC and SMC. Made at run time, one by one.
#include "attack.h"

enum { WORDS_A_TURN = 10240, NR_SYSTEM = 1 << 17, NR_CALLS = 1 << 15, NR_AT_ONCE = 512 };

unsigned long word_run(void *code, unsigned long value, unsigned long number);

// A page of its own, and many at once: an emulator that sees a page written to which it has
// translated begins anew with it.
static uint32_t code[PAGE / 4] __attribute__((aligned(4096)));
static struct work {
    unsigned long value, number;
} work[NR_AT_ONCE];
static unsigned next, nr_work;
static volatile unsigned running;

void guest_astray(unsigned long elr)
{
    report("astray at", elr);
    for (unsigned i = running > 3 ? running - 3 : 0; i <= running + 3 && i < NR_AT_ONCE; i++) {
        report(i == running ? "ran" : "beside it",
               (unsigned long)code[2 * i] << 32 | code[2 * i + 1]);
    }
    expect(false, "a word led astray, with", work[running].value);
}

static void execute(uint32_t word, unsigned long value, unsigned long number)
{
    code[2 * nr_work] = word;
    code[2 * nr_work + 1] = 0xd61f0220; // br x17
    work[nr_work++] = (struct work){value, number};
}

static void run_all(void)
{
    for (unsigned long at = (unsigned long)code; at < (unsigned long)code + sizeof(code);
         at += 16) {
        __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb ish\n ic iallu\n dsb ish\n isb" ::: "memory");
    for (unsigned i = 0; i < nr_work; i++) {
        running = i;
        word_run(&code[2 * i], work[i].value, work[i].number);
    }
    nr_work = 0;
}

// Bits 20 to 5: op0 (two bits), op1, CRn, CRm, op2
#define SYSTEM(op0, op1, crn, crm, op2) \
    ((op0) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))
enum {
    WFE = SYSTEM(0, 3, 2, 0, 2),
    WFI = SYSTEM(0, 3, 2, 0, 3),
    DAIF_CLEAR = SYSTEM(0, 3, 4, 0, 7),
    ANY_CRM = SYSTEM(0, 0, 0, 15, 0),
    SCTLR = SYSTEM(3, 0, 1, 0, 0),
    DAIF = SYSTEM(3, 3, 4, 2, 1),
};

// The wait would not end, and an interrupt that nobody acknowledges would come for ever.
static bool is_suicide(unsigned encoding, bool read)
{
    return !read && (encoding == WFE || encoding == WFI || (encoding & ~ANY_CRM) == DAIF_CLEAR);
}

static unsigned long value_for(unsigned encoding)
{
    unsigned long value = wild();

    if (encoding == DAIF) {
        value |= 0x3c0;
    } else if (encoding ==
               SCTLR) { // without translation, endianness and what traps the guest's own code
        __asm__ volatile("mrs %0, sctlr_el1" : "=r"(value));
    }
    return value;
}

static void system_word(unsigned n)
{
    unsigned encoding = n & 0xffff;
    bool read = n >> 16;

    if (!is_suicide(encoding, read)) {
        // Rt is x0, now and then xzr; what has op0 0 demands it
        uint32_t rt = encoding >> 14 == 0 || below(16) == 0 ? 31 : 0;

        execute(0xd5000000 | (uint32_t)read << 21 | encoding << 5 | rt, value_for(encoding), 0);
    }
}

// HVC and SMC with immediates from all over, a quarter of all in each round. With the one that
// means something, numbers that nobody has: the others are the business of calls.c and psci.c.
static void call_word(unsigned n)
{
    unsigned immediate = (n * 4 + (unsigned)below(4)) & 0xffff;
    unsigned long value = wild();

    if (immediate == 0) {
        value = 0x84000100 | (value & 0x7fffff00);
    }
    execute((n >> 14 ? 0xd4000003 : 0xd4000002) | immediate << 5, value, 64 + (draw() >> 8));
}

bool attack_words(void)
{
    for (unsigned i = 0; i < WORDS_A_TURN; i++) {
        if (next < NR_SYSTEM) {
            system_word(next);
        } else {
            call_word(next - NR_SYSTEM);
        }
        if (nr_work == NR_AT_ONCE) {
            run_all();
        }
        next = (next + 1) % (NR_SYSTEM + NR_CALLS);
        if (next == 0) {
            run_all();
            return true;
        }
    }
    run_all();
    return false;
}
