/* SPDX-License-Identifier: MIT */
/*
 * The benchmark kernel. It is dom0 itself, on one CPU, with nothing beside it, so that counts
 * repeat exactly: each operation runs between two markers of count.c, many times, alone; then all
 * of them shuffled over four guests. Command line: "bench-gic=2|3 bench-n=COUNT"; with a count of
 * 0 it only says that it was reached, with "bench-cpus=2" it is for several.c.
 */
#include "test/bench/guest/bench.h"

enum { GUEST_PAGES = 4096 };
enum { REACHED, DONE_ALONE, DONE_MIXED }; /* checkpoints; after the last it is alone again */

static volatile bool second_runs, second_stops;

/* ---- each alone */

static void alone(unsigned first, unsigned last)
{
    for (unsigned i = 0; i < count; i++) {
        for (unsigned id = first; id <= last; id++) {
            op_do(id);
        }
    }
}

void bench_second(u64 what)
{
    second_runs = true;
    if (what == SECOND_RECEIVES) {
        several_second();
    }
    while (!second_stops) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
    firmware_call(0x84000002, 0, 0, 0);
}

/* dom0's second vCPU: on, and until it is off. */
void start_second(u64 what)
{
    must("cpu_on", (s32)firmware_call(0xc4000003, 1, (u64)second_cpu, what));
    while (!second_runs) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
}

void wait_second(void)
{
    while ((s32)firmware_call(0xc4000004, 1, 0, 0) != 1) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
}

static void two_vcpus(void)
{
    start_second(SECOND_YIELDS);
    for (unsigned i = 0; i < count; i++) {
        BEGIN(OP_SWITCH_VCPU);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        END(OP_SWITCH_VCPU);
    }
    second_stops = true;
    wait_second();
}

static void create_destroy(void)
{
    for (unsigned i = 0; i < 4; i++) {
        u64 before = free_pages();
        BEGIN(OP_CREATE);
        u16 domain = domain_make(GUEST_PAGES);
        END(OP_CREATE);
        if (i == 1) {
            print_number("create-pages", (s64)(before - free_pages()) - GUEST_PAGES);
        }
        BEGIN(OP_DESTROY);
        domain_destroy(domain);
        END(OP_DESTROY);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
}

static void create_rested(void)
{
    for (unsigned i = 0; i < 4; i++) {
        rest();
        BEGIN(OP_CREATE_RESTED);
        u16 domain = domain_make(GUEST_PAGES);
        END(OP_CREATE_RESTED);
        domain_destroy(domain);
    }
}

/* Another domain that only yields, with or without floating point in between. */
static u16 start_yielder(bool fp)
{
    u16 domain = domain_make(PLAYER_PAGES);
    domain_write(domain, GUEST_RAM0_BASE, yielder, 4096);
    domain_start(domain, GUEST_RAM0_BASE + (fp ? (u64)(yielder_fp - yielder) : 0), 0);
    return domain;
}

static void two_domains(void)
{
    u16 domain = start_yielder(false);
    for (unsigned i = 0; i < count + 8; i++) {
        BEGIN(OP_SWITCH_DOMAIN);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        END(OP_SWITCH_DOMAIN);
    }
    domain_destroy(domain);
    domain = start_yielder(true);
    SYSREG_WRITE(cpacr_el1, 3ul << 20);
    for (unsigned i = 0; i < count + 8; i++) {
        BEGIN(OP_SWITCH_FP);
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
        __asm__ volatile("fmov d0, xzr" ::: "memory");
        END(OP_SWITCH_FP);
    }
    domain_destroy(domain);
}

static void one_player(void)
{
    static const u8 ids[] = {OP_GRANT_MAP,   OP_GRANT_COPY, OP_POPULATE_4K,
                             OP_POPULATE_2M, OP_CONSOLE,    OP_FOREIGN_MAP};
    for (unsigned k = 0; k < sizeof(ids); k++) {
        for (unsigned i = 0; i < count; i++) {
            player_op(0, ids[k]);
        }
    }
    player_turn_page(0)->nr = 0;
    for (unsigned i = 0; i < count; i++) {
        player_turn(0);
    }
}

/* ---- all shuffled */

static u32 random_below(u32 limit)
{
    static u64 state = 1;
    state = state * 6364136223846793005ul + 1442695040888963407ul;
    return (u32)(state >> 33) % limit;
}

static void mixed(void)
{
    static const u8 own_ids[] = {OP_GRANT_MAP,   OP_GRANT_COPY, OP_POPULATE_4K,
                                 OP_POPULATE_2M, OP_CONSOLE,    OP_FOREIGN_MAP};
    for (unsigned i = 0; i < count * 16; i++) {
        unsigned player = random_below(NR_PLAYERS), kind = random_below(12);
        struct turn *turn = player_turn_page(player);
        if (kind < 4) {
            player_op(player, own_ids[random_below(sizeof(own_ids))]);
        } else if (kind == 4) {
            player_turn_yielding(player);
        } else {
            turn->nr = 1 + random_below(3);
            for (u32 k = 0; k < turn->nr; k++) {
                turn->ops[k] = OP_VERSION + random_below(OP_YIELD);
            }
            player_turn(player);
        }
    }
}

static unsigned option(const u8 *dtb, const char *name, unsigned otherwise)
{
    u32 size = __builtin_bswap32(*(const u32 *)(dtb + 4)), length = 0;
    while (name[length]) {
        length++;
    }
    for (u32 i = 0; i + length < size; i++) {
        u32 k = 0;
        while (k < length && dtb[i + k] == (u8)name[k]) {
            k++;
        }
        if (k == length) {
            unsigned value = 0;
            for (const u8 *p = dtb + i + length; *p >= '0' && *p <= '9'; p++) {
                value = value * 10 + (*p - '0');
            }
            return value;
        }
    }
    return otherwise;
}

/* A player gets 1 in place of the device tree. */
void bench_main(const u8 *dtb)
{
    if ((u64)dtb == 1) {
        player_main();
    }
    CHECKPOINT(REACHED);
    gic = option(dtb, "bench-gic=", 3);
    count = option(dtb, "bench-n=", 200);
    if (count == 0) {
        print("BENCH-DONE\n");
        power_off();
    }
    setup(true);
    if (option(dtb, "bench-cpus=", 1) == 2) {
        several();
        CHECKPOINT(DONE_ALONE);
        print("BENCH-DONE\n");
        power_off();
    }
    ops_prepare();
    alone(OP_EMPTY, OP_TYPER);
    alone(OP_EVENT_SELF, OP_EVENT_PENDING);
    alone(OP_SGI, OP_YIELD);
    two_vcpus();
    create_destroy();
    two_domains();
    for (unsigned player = 0; player < NR_PLAYERS; player++) {
        player_make(player, ANY_CPU);
    }
    one_player();
    CHECKPOINT(DONE_ALONE);
    mixed();
    CHECKPOINT(DONE_MIXED);
    create_rested();
    print("BENCH-DONE\n");
    power_off();
}
