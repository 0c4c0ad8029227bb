// SPDX-License-Identifier: MIT
// The firmware's functions with wild arguments. vCPUs 1, 2 and 4 are started as helpers again and
// again, vCPU 3 at addresses where there is nothing: what it then does is its own affair.
#include "attack.h"

enum { CALLS_A_TURN = 64, TURNS = 16, PSCI_0_1_ON = 0x95c1ba60 };
enum {
    CPU_SUSPEND = 0x84000001,
    CPU_SUSPEND_64 = 0xc4000001,
    CPU_OFF = 0x84000002,
    CPU_ON = 0xc4000003,
    AFFINITY_INFO = 0xc4000004,
    SYSTEM_OFF = 0x84000008,
    SYSTEM_RESET = 0x84000009,
    PSCI_0_1 = 0x95c1ba5e
};

extern const char helper_entry[];
static unsigned turns;

unsigned long vcpu_mpidr(unsigned vcpu)
{
    return vcpu; // sixteen have no other affinity than the lowest
}

// What would end or stop this guest; the old numbers of CPU_OFF and CPU_ON are next to each other
static bool is_suicide(unsigned long function)
{
    function &= 0xffffffff;
    return function == CPU_SUSPEND || function == CPU_SUSPEND_64 || function == CPU_OFF ||
           function == SYSTEM_OFF || function == SYSTEM_RESET ||
           (function >= PSCI_0_1 && function < PSCI_0_1 + 4);
}

static unsigned long function(void)
{
    static const unsigned long ranges[] = {0x80000000, 0x84000000, 0xc4000000, 0x84000050,
                                           0x8400ff00, 0x8500ff00, 0x86000000, 0xc0000000,
                                           0xbf000000, 0x80003ff0, 0x80007ff0, 0x80008000};
    unsigned long id;

    do {
        id = ranges[below(sizeof(ranges) / sizeof(ranges[0]))] + below(32);
    } while (is_suicide(id));
    return id | (below(8) ? 0 : wild() << 32);
}

static void start_helper(void)
{
    static const unsigned vcpus[] = {1, 2, 4};
    static const unsigned long functions[] = {CPU_ON, CPU_ON, 0x84000003, PSCI_0_1_ON};
    unsigned role = (unsigned)below(3);

    smccc(functions[below(4)], vcpu_mpidr(vcpus[role]), (unsigned long)helper_entry, role + 1);
}

// Not at the guest's own code, which would run a second time
static unsigned long wild_entry(void)
{
    for (;;) {
        unsigned long entry = wild();

        if (entry < 0x40000000 || entry >= DATA_BASE) {
            return entry;
        }
    }
}

bool attack_psci(void)
{
    for (unsigned i = 0; i < CALLS_A_TURN; i++) {
        switch (below(8)) {
        case 0:
            start_helper();
            break;
        case 1:
            // Late, because it runs from fault to fault for ever. The others mean something, 0 is
            // on
            if (turns > TURNS * 3 / 4) {
                smccc(CPU_ON, below(2) ? 3 : wild() | 3, wild_entry(), wild());
            }
            break;
        case 2:
            smccc(AFFINITY_INFO, below(2) ? below(NR_VCPUS + 1) : wild(), below(2) ? 0 : wild(),
                  wild());
            break;
        default: {
            unsigned long id = function();

            if ((uint32_t)id != (uint32_t)CPU_ON && (uint32_t)id != 0x84000003) {
                smccc(id, wild(), wild(), wild());
            }
        }
        }
    }
    turns = (turns + 1) % TURNS;
    return turns == 0;
}
