// SPDX-License-Identifier: MIT
// Hypercalls: every number from 0 to 63, each with the operations that it may have and a few that
// nobody has, the structures that they point to filled at random. A helper flips bytes of them
// meanwhile (helper.c).
#include "attack.h"

enum { NR_NUMBERS = 64, NR_OPERATIONS = 96, NR_ENTRIES = 8, CALLS_A_TURN = 512 };
enum { CALL_PLATFORM = 7, CALL_GRANT = 20, CALL_VCPU = 24, CALL_SYSCTL = 35, CALL_DOMCTL = 36 };
enum { SCHED_BLOCK = 1, SCHED_SHUTDOWN = 2, SCHED_POLL = 3 };
enum { EVTCHN_CLOSE = 3, EVTCHN_RESET = 10, EVTCHN_RESET_CONT = 14 };

struct call {
    unsigned long number, args[5];
};

static unsigned next; // number * NR_OPERATIONS + operation
static unsigned long nr_calls, nr_decoded;

long hypercall5(unsigned long number, const unsigned long args[5])
{
    register unsigned long x0 __asm__("x0") = args[0];
    register unsigned long x1 __asm__("x1") = args[1];
    register unsigned long x2 __asm__("x2") = args[2];
    register unsigned long x3 __asm__("x3") = args[3];
    register unsigned long x4 __asm__("x4") = args[4];
    register unsigned long x16 __asm__("x16") = number;

    __asm__ volatile("hvc #0xea1"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x16)::"memory");
    return (long)x0;
}

// What would only end or stop this guest, or take its ports from it
static bool is_suicide(unsigned long number, unsigned long operation)
{
    operation &= 0xffffffff;
    return (number == CALL_SCHED && operation >= SCHED_BLOCK && operation <= SCHED_POLL) ||
           (number == CALL_EVTCHN && (operation == EVTCHN_RESET || operation == EVTCHN_RESET_CONT));
}

static void fill(void *to, unsigned bytes)
{
    unsigned long *words = to;

    for (unsigned i = 0; i < bytes / sizeof(*words); i++) {
        words[i] = wild();
    }
}

static bool is_own_port(uint32_t port)
{
    return port == own_ports[0] || port == own_ports[1];
}

// A structure at random; one that begins with a port, with another than the guest's
static unsigned long structure(unsigned long number)
{
    unsigned char *to = scratch[below(SCRATCH_PAGES - 1)] + (below(PAGE - 256) & ~7UL);

    fill(to, 128);
    if (number == CALL_EVTCHN || number == CALL_VCPU) {
        volatile uint32_t *word = (volatile uint32_t *)to;

        for (unsigned i = 0; i < 4; i++) {
            while (is_own_port(word[i])) {
                word[i] = (uint32_t)wild();
            }
        }
    }
    return (unsigned long)to;
}

// Those of the control domain, with the version that they ask for: command, version, domain
static unsigned long control_structure(unsigned long number, unsigned long operation)
{
    volatile uint32_t *word = (volatile uint32_t *)structure(number);
    static const uint32_t domains[] = {0, 1, 2, 3, DOMID_SELF, 0x7ff1, 0x7fff};

    word[0] = (uint32_t)operation;
    if (below(16)) {
        word[1] = number == CALL_PLATFORM ? 0x03000001 : 0x15;
    }
    word[2] = domains[below(sizeof(domains) / sizeof(domains[0]))];
    return (unsigned long)word;
}

static unsigned long port_to_close(void)
{
    static uint32_t port[2];

    do {
        port[0] = (uint32_t)wild();
    } while (is_own_port(port[0]));
    return (unsigned long)port;
}

static void arguments(struct call *c, unsigned long number, unsigned long operation)
{
    c->number = number;
    for (unsigned i = 0; i < 5; i++) {
        c->args[i] = below(3) ? structure(number) : wild();
    }
    c->args[0] = operation;
    if (number == CALL_PLATFORM || number == CALL_SYSCTL || number == CALL_DOMCTL) {
        c->args[0] = control_structure(number, operation);
    }
    if (number == CALL_GRANT) {
        c->args[2] = below(4) ? below(6) : wild();
    }
    // A pointer at random may lead to the guest's ports, and so may a helper's flip of a bit
    if (number == CALL_EVTCHN) {
        c->args[1] = (uint32_t)operation == EVTCHN_CLOSE ? port_to_close() : structure(number);
    }
    if (number == CALL_VERSION || number == CALL_CONSOLE) {
        c->args[2] = wild_address();
        c->args[1] = number == CALL_VERSION ? wild_address() : below(4096);
    }
}

// A list of others, some with the list's own number
static void multicall(void)
{
    static struct {
        unsigned long number, result, args[6];
    } list[NR_ENTRIES];

    for (unsigned i = 0; i < NR_ENTRIES; i++) {
        struct call c;
        unsigned long number, operation;

        do {
            number = below(NR_NUMBERS);
            operation = below(NR_OPERATIONS);
        } while (is_suicide(number, operation));
        arguments(&c, number, operation);
        list[i].number = number;
        for (unsigned n = 0; n < 5; n++) {
            list[i].args[n] = c.args[n];
        }
    }
    hypercall(CALL_MULTICALL, (unsigned long)list, below(8) ? NR_ENTRIES : below(3), 0);
}

// How much of it means something to the hypervisor
static void count(long answer)
{
    nr_calls++;
    nr_decoded += answer != -1 && answer != -14 && answer != -22 && answer != -38;
}

void calls_report(void)
{
    report("calls made", nr_calls);
    report("calls decoded", nr_decoded);
}

static void one(unsigned long number, unsigned long operation)
{
    struct call c;

    if (is_suicide(number, operation)) {
        return;
    }
    if (number == CALL_MULTICALL) {
        multicall();
        return;
    }
    arguments(&c, number, operation);
    count(hypercall5(c.number, c.args));
}

bool attack_calls(void)
{
    for (unsigned i = 0; i < CALLS_A_TURN; i++) {
        unsigned number = next / NR_OPERATIONS, operation = next % NR_OPERATIONS;

        one(number, operation);
        one(number, below(2) ? operation | wild() << 6 : wild());
        next = (next + 1) % (NR_NUMBERS * NR_OPERATIONS);
        if (next == 0) {
            return true;
        }
    }
    return false;
}
