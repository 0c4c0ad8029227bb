// SPDX-License-Identifier: MIT
// Stage-2 thrash: pages and blocks of the guest's memory given back, asked for anew, used, and used
// while they are away; the grant table and the shared page put here and there between them.
#include "attack.h"

enum { DECREASE = 1, POPULATE = 6, ADD_TO_PHYSMAP = 7, REMOVE_FROM_PHYSMAP = 15 };
enum {
    STEPS_A_TURN = 16,
    NR_EXTENTS = 32,
    TURNS = 16,
    ORDER_2M = 9,
    CALL_GRANT = 20,
    GRANT_CACHE_FLUSH = 12
};

static unsigned long gfns[NR_EXTENTS];
static unsigned turns;

static void reservation(unsigned command, unsigned long nr, unsigned order)
{
    struct {
        unsigned long extents, nr;
        uint32_t order, flags;
        uint16_t domid;
    } r = {.extents = (unsigned long)gfns, .nr = nr, .order = order, .domid = DOMID_SELF};

    hypercall(CALL_MEMORY, command, (unsigned long)&r, 0);
}

static void choose(unsigned long nr, unsigned order)
{
    for (unsigned i = 0; i < nr; i++) {
        unsigned long frame = (DATA_BASE >> 12) + below((DATA_END - DATA_BASE) >> 12);

        gfns[i] = below(32) ? frame & ~((1UL << order) - 1) : frame;
    }
}

static void use(unsigned long address)
{
    volatile unsigned long *word = (volatile unsigned long *)address;

    *word = *word + 1;
    __asm__ volatile("dc zva, %0" ::"r"(address) : "memory");
}

static void give_and_take(void)
{
    // Now and then large ones
    unsigned order = below(8) ? (unsigned)below(4) / 2 : (unsigned)below(ORDER_2M + 1);
    unsigned long nr = 1 + below(order > 1 ? 2 : NR_EXTENTS);

    choose(nr, order);
    reservation(DECREASE, nr, order);
    for (unsigned i = 0; i < nr; i++) {
        use(gfns[i] << 12);
    }
    if (below(4)) {
        reservation(POPULATE, nr, order);
        for (unsigned i = 0; i < nr; i++) {
            use(gfns[i] << 12);
        }
    }
}

// What was lost comes back
static void restore(void)
{
    for (unsigned long frame = DATA_BASE >> 12; frame < DATA_END >> 12; frame += NR_EXTENTS) {
        for (unsigned i = 0; i < NR_EXTENTS; i++) {
            gfns[i] = frame + i;
        }
        for (unsigned i = 0; i < NR_EXTENTS; i++) {
            *(volatile unsigned char *)(gfns[i] << 12) = 1;
        }
        reservation(POPULATE, NR_EXTENTS, 0);
    }
}

static void place_shared(void)
{
    struct {
        uint16_t domid, size;
        uint32_t space;
        unsigned long index, gfn;
    } add = {
        .domid = DOMID_SELF, .space = (uint32_t)below(6), .index = below(70), .gfn = wild_frame()};
    struct {
        uint16_t domid;
        unsigned long gfn;
    } remove = {.domid = DOMID_SELF, .gfn = wild_frame()};

    hypercall(CALL_MEMORY, ADD_TO_PHYSMAP, (unsigned long)&add, 0);
    if (add.gfn < 1UL << 20) { // a frame beyond the memory would be another one's address, cut off
        use(add.gfn << 12);
    }
    if (below(2)) {
        remove.gfn = add.gfn;
    }
    hypercall(CALL_MEMORY, REMOVE_FROM_PHYSMAP, (unsigned long)&remove, 0);
}

static void flush(void)
{
    struct {
        unsigned long address;
        uint16_t offset, length;
        uint32_t operation;
    } f = {.address = draw() >> below(40),
           .length = (uint16_t)below(PAGE + 1),
           .operation = 1 + (uint32_t)below(3)};

    hypercall(CALL_GRANT, GRANT_CACHE_FLUSH, (unsigned long)&f, 1);
    __asm__ volatile("dc cisw, %0\n dc isw, %0\n dc csw, %0" ::"r"(below(64) << 6 | below(3) << 1));
}

bool attack_memory(void)
{
    for (unsigned i = 0; i < STEPS_A_TURN; i++) {
        switch (below(8)) {
        case 0:
            place_shared();
            break;
        case 1:
            flush();
            break;
        default:
            give_and_take();
        }
    }
    turns = (turns + 1) % TURNS;
    if (turns == 0) {
        restore();
    }
    return turns == 0;
}
