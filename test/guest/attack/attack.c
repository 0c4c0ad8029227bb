// SPDX-License-Identifier: MIT
// Attacks for as long as extra="seconds=N" asks, and each of them at least once all through;
// rounds=N ends it earlier, and accesses=N to the windows make its rounds shorter, for a machine
// that counts. seed=N, and gic=2 or 3 for where the windows are. Ends with SYSTEM_OFF. Wants memory
// = 64 and 5 vCPUs.
#include "attack.h"

const char guest_name[] = "attack";

unsigned gic;
unsigned long seed;
unsigned accesses_a_turn;
uint32_t own_ports[2];
static unsigned long state;

static const struct attack {
    const char *name;
    bool (*run)(void);
} attacks[] = {
    {"calls", attack_calls},   {"words", attack_words},   {"mmio", attack_mmio},
    {"events", attack_events}, {"memory", attack_memory}, {"firmware", attack_psci},
    {"rings", attack_rings},
};
enum { NR_ATTACKS = sizeof(attacks) / sizeof(attacks[0]), SCHED_SHUTDOWN_CODE = 5 };

static unsigned long now(void)
{
    unsigned long ticks;

    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(ticks)::"memory");
    return ticks;
}

static unsigned long ticks_a_second(void)
{
    unsigned long hz;

    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    return hz;
}

// xorshift64*, Vigna 2016
unsigned long draw(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1d;
}

unsigned long below(unsigned long limit)
{
    return (draw() >> 32) % limit;
}

// Frames that the guest would miss: its image, scratch, and the pages that it shares with the
// tools.
static bool is_own_frame(unsigned long frame)
{
    return (frame >= 0x3fe00 && frame < DATA_BASE >> 12) ||
           (frame >= DATA_END >> 12 && frame < 0x44000) || (frame >= 0x39000 && frame < 0x39010);
}

// A call that answers there would only spoil the guest's own image.
static bool is_own_address(unsigned long address)
{
    return address >= 0x3fe00000 && address < DATA_BASE;
}

unsigned long wild_frame(void)
{
    for (;;) {
        unsigned long frame = below(8) ? (DATA_BASE >> 12) + below((DATA_END - DATA_BASE) >> 12)
                                       : draw() >> below(64);
        if (below(4) == 0) {
            frame &= ~511UL;
        }
        if (!is_own_frame(frame)) {
            return frame;
        }
    }
}

unsigned long wild_address(void)
{
    static const unsigned long edges[] = {
        0,
        1,
        0xfff,
        0x03001000,
        0x08000000,
        0x09000000,
        0x37fffff8,
        0x38000000,
        0x3ffffff8,
        0x43fffff8,
        0x44000000,
        0xfffffff8,
        0x100000000,
        0x7ffffffff8,
        0x8000000000,
        0xffffffffff,
        0xe00000000000,
        0xe00000200000,
        0xfffffffff000,
        0x1000000000000,
        0xffff000000000000,
        0xfffffffffffffff8,
        0xffffffffffffffff,
    };
    unsigned long page = (unsigned long)scratch[below(SCRATCH_PAGES)];

    switch (below(8)) {
    case 0:
        return edges[below(sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return page + PAGE - below(64); // crosses into the next
    case 2:
        return DATA_BASE + below(DATA_END - DATA_BASE - 2 * PAGE);
    case 3:
        return page + below(PAGE);
    default:
        return page + (below(PAGE) & ~7UL);
    }
}

static unsigned long any(void)
{
    static const unsigned long edges[] = {
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0xffffffffffffffff,
        0x7ff0,
        0x7ff1,
        0x7ff2,
        0x7ff4,
        0x7fff,
    };

    switch (below(8)) {
    case 0:
        return edges[below(sizeof(edges) / sizeof(edges[0]))];
    case 1:
    case 2:
        return below(40);
    case 3:
        return wild_address();
    case 4:
        return wild_frame();
    case 5: // two words
        return below(40) << 32 | (below(2) ? DOMID_SELF : below(40));
    case 6:
        return 1UL << below(64);
    default:
        return draw() >> below(48);
    }
}

unsigned long wild(void)
{
    unsigned long value;

    do {
        value = any();
    } while (is_own_address(value));
    return value;
}

// The first one counts, and any call may give another.
static void shutdown_code_init(void)
{
    uint32_t reason = SHUTDOWN_POWEROFF;

    hypercall(CALL_SCHED, SCHED_SHUTDOWN_CODE, (unsigned long)&reason, 0);
}

static void ports_init(void)
{
    unsigned long value;

    hvm_param(PARAM_CONSOLE_PORT, &value);
    own_ports[0] = (uint32_t)value;
    hvm_param(PARAM_STORE_PORT, &value);
    own_ports[1] = (uint32_t)value;
}

void report(const char *what, unsigned long value)
{
    print("@@BARE ");
    print(what);
    print(" ");
    print_hex(value);
    print("\n");
}

void guest_end(void)
{
    smccc(0x84000008, wild(), wild(), wild()); // SYSTEM_OFF
}

void guest_main(void)
{
    bool whole[NR_ATTACKS] = {false};
    unsigned left = NR_ATTACKS;
    unsigned long rounds = 0, most = option("rounds", 0),
                  end = now() + option("seconds", 1) * ticks_a_second();

    gic = (unsigned)option("gic", 3);
    seed = option("seed", 1);
    accesses_a_turn = (unsigned)option("accesses", 24576);
    state = seed * 0x9e3779b97f4a7c15 + 1;
    ports_init();
    shutdown_code_init();
    report("seed", seed);
    trap_arm();
    for (; (left || now() < end) && (!most || rounds < most); rounds++) {
        for (unsigned i = 0; i < NR_ATTACKS; i++) {
            if (attacks[i].run() && !whole[i]) {
                whole[i] = true;
                left--;
                report(attacks[i].name, rounds);
            }
        }
        if (rounds % 2 == 0) {
            report("round", rounds);
        }
    }
    report("rounds", rounds);
    calls_report();
    expect(most || left == 0, "attacks that did not come round", left);
}
