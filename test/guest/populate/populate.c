// SPDX-License-Identifier: MIT
// Gives 1 GiB of its memory back, then populates it as 512 x 2 MiB in the middle of a multicall of
// three: long work, which has to be continued inside the batch. Wants memory = 1048.
#include "guest.h"

const char guest_name[] = "populate";

enum { NR_EXTENTS = 512, ORDER = 9 };

static const unsigned long base = 0x41000000;
static uint64_t gfns[NR_EXTENTS];

struct entry {
    uint64_t number;
    int64_t result;
    uint64_t args[6];
};

void guest_main(void)
{
    struct {
        uint64_t extents, nr_extents;
        uint32_t order, flags;
        uint16_t domid;
    } reservation = {
        .extents = (uintptr_t)gfns, .nr_extents = NR_EXTENTS, .order = ORDER, .domid = DOMID_SELF};
    struct entry batch[3] = {
        {.number = CALL_VERSION, .result = -1},
        {.number = CALL_MEMORY, .result = -1, .args = {6, (uintptr_t)&reservation}},
        {.number = CALL_VERSION, .result = -1},
    };

    for (unsigned i = 0; i < NR_EXTENTS; i++) {
        *(volatile uint64_t *)(base + ((unsigned long)i << 21)) = ~0UL;
        gfns[i] = (base >> 12) + (unsigned long)i * (1 << ORDER);
    }
    long result = hypercall(CALL_MEMORY, 1, (uintptr_t)&reservation, 0);
    expect(result == NR_EXTENTS, "decrease_reservation", result);
    trap_arm();
    *(volatile uint64_t *)base = 1;
    expect(trap_class() == EC_DATA, "memory given back is still there", base);
    result = hypercall(CALL_MULTICALL, (uintptr_t)batch, 3, 0);
    expect(result == 0, "multicall", result);
    expect(batch[0].result == (4 << 16 | 17), "entry before", batch[0].result);
    expect(batch[1].result == NR_EXTENTS, "populate", batch[1].result);
    expect(batch[2].result == (4 << 16 | 17), "entry after", batch[2].result);
    expect(batch[1].number == CALL_MEMORY, "number of the entry", batch[1].number);

    // Every 2 MiB is there, is zero and is its own
    unsigned nr_missing = 0, nr_dirty = 0, nr_mixed = 0;
    for (unsigned i = 0; i < NR_EXTENTS; i++) {
        volatile uint64_t *first = (volatile uint64_t *)(base + ((unsigned long)i << 21));

        trap_arm();
        nr_dirty += first[0] != 0 || first[(1 << 18) - 1] != 0 || first[1 << 17] != 0;
        first[0] = i + 1;
        nr_missing += trap_class() != EC_NONE;
    }
    for (unsigned i = 0; i < NR_EXTENTS; i++) {
        nr_mixed += *(volatile uint64_t *)(base + ((unsigned long)i << 21)) != i + 1;
    }
    expect(nr_missing == 0, "extents missing", nr_missing);
    // Xen hands a domain its own old pages back as they were
    expect(nr_dirty == 0 || !guest_on_kanso(), "extents not zero", nr_dirty);
    expect(nr_mixed == 0, "extents mixed up", nr_mixed);
    hypercall(CALL_SCHED, 0, 0, 0);
}
