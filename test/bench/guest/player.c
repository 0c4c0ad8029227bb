/* SPDX-License-Identifier: MIT */
/*
 * Players: copies of this kernel as guests of dom0. First what a player does, then how dom0 makes
 * them and gives them turns, then what dom0 does to one of them.
 */
#include "test/bench/guest/bench.h"

static struct {
    struct turn turn;
    u8 rest[4096 - sizeof(struct turn)];
} own __attribute__((aligned(4096)));
static u8 granted[4096] __attribute__((aligned(4096)));
static u8 grants[4096] __attribute__((aligned(4096)));

/* ---- a player */

static void grant_page(void)
{
    struct xen_add_to_physmap map = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_grant_table, .gpfn = (u64)grants >> 12};
    must("grant table", hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap, (u64)&map, 0));
    struct xen_grant_entry_v1 *entry = (struct xen_grant_entry_v1 *)grants + GRANTED_REF;
    entry->domid = 0;
    entry->frame = (u32)((u64)granted >> 12);
    __asm__ volatile("dmb ish" ::: "memory");
    entry->flags = GTF_permit_access;
}

/* Who was woken may run before its waker sleeps: let the other get there. */
static void let_sleep(void)
{
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
}

static void yield_until_stop(void)
{
    own.turn.began = 1;
    while (!own.turn.stop) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
}

static void run_until_stop(void)
{
    own.turn.events = nr_event;
    own.turn.began = 1;
    while (!own.turn.stop) {
        own.turn.events = nr_event;
    }
}

static void take_turn(void)
{
    let_sleep();
    for (u32 i = 0; i < own.turn.nr; i++) {
        switch (own.turn.ops[i]) {
        case OP_SWITCH_DOMAIN:
            yield_until_stop();
            break;
        case OP_EVENT_RUNNING:
            run_until_stop();
            break;
        default:
            op_do(own.turn.ops[i]);
        }
    }
}

void player_main(void)
{
    gic = own.turn.gic;
    struct xen_evtchn_bind_interdomain bind = {.remote_dom = 0, .remote_port = own.turn.port};
    must("bind",
         hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain, (u64)&bind, 0));
    setup(false);
    ops_prepare();
    grant_page();
    for (u32 turns = 0;; turns++) {
        interrupts_off();
        own.turn.done = turns + 1; /* the first says that it is ready */
        send_event(bind.local_port);
        while (own.turn.go == turns) {
            sleep_once();
        }
        END(OP_EVENT_BLOCKED); /* begun by dom0 */
        own.turn.woken = turns + 1;
        while (own.turn.stay) {
        }
        interrupts_on();
        take_turn();
    }
}

/* ---- dom0 makes players and gives turns */

static struct {
    u16 domain;
    u32 port;
} players[NR_PLAYERS];

static u64 turn_gfn(unsigned player)
{
    return SCRATCH_GFN + 1 + player;
}

struct turn *player_turn_page(unsigned player)
{
    return (struct turn *)(turn_gfn(player) << 12);
}

static void wait_done(const struct turn *turn)
{
    interrupts_off();
    while (turn->done != turn->go + 1) {
        sleep_once();
    }
    interrupts_on();
    let_sleep();
}

void player_make(unsigned player, u8 cpu)
{
    u16 domain = domain_make(PLAYER_PAGES);
    struct xen_evtchn_alloc_unbound channel = {.dom = XEN_DOMID_SELF, .remote_dom = domain};
    must("alloc_unbound",
         hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound, (u64)&channel, 0));
    players[player].domain = domain;
    players[player].port = channel.port;
    domain_write(domain, GUEST_RAM0_BASE, _start, (u64)(_bss - _start));
    foreign_map(domain, (GUEST_RAM0_BASE + ((u64)&own - (u64)_start)) >> 12, turn_gfn(player));
    struct turn *turn = player_turn_page(player);
    *turn = (struct turn){.gic = gic, .port = channel.port};
    if (cpu != ANY_CPU) {
        domain_pin(domain, 0, cpu);
    }
    domain_start(domain, GUEST_RAM0_BASE, 1);
    wait_done(turn);
}

/* What the turn's page says is done by the player, while dom0 sleeps. */
void player_turn(unsigned player)
{
    struct turn *turn = player_turn_page(player);
    interrupts_off();
    turn->go++;
    BEGIN(OP_EVENT_BLOCKED);
    send_event(players[player].port);
    wait_done(turn);
}

/* Both yield: to the player and back. */
void player_turn_yielding(unsigned player)
{
    struct turn *turn = player_turn_page(player);
    turn->nr = 1;
    turn->ops[0] = OP_SWITCH_DOMAIN;
    turn->began = turn->stop = 0;
    turn->go++;
    send_event(players[player].port);
    while (!turn->began) {
        hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    }
    BEGIN(OP_SWITCH_DOMAIN);
    hypercall(__HYPERVISOR_sched_op, SCHEDOP_yield, 0, 0);
    END(OP_SWITCH_DOMAIN);
    turn->stop = 1;
    wait_done(turn);
}

/*
 * Both below are for a player on another CPU. A sample is ended here, when the player has said that
 * it is there: then both CPUs are in their guests, and all that they did before is in it.
 */
/* Events to a player that runs. */
void player_turn_running(unsigned player)
{
    struct turn *turn = player_turn_page(player);
    turn->nr = 1;
    turn->ops[0] = OP_EVENT_RUNNING;
    turn->began = turn->stop = 0;
    turn->go++;
    send_event(players[player].port);
    while (!turn->began) {
    }
    for (unsigned tries = 0, done = 0; tries < TRIES * count && done < count; tries++) {
        u64 seen = turn->events;
        spin_us(SETTLED_US / 10);
        u64 since = sample_begins();
        BEGIN(OP_EVENT_RUNNING);
        send_event(players[player].port);
        while (turn->events == seen) {
        }
        if (sample_in_time(since)) {
            END(OP_EVENT_RUNNING);
            done++;
        }
    }
    turn->stop = 1;
    wait_done(turn);
}

/* An event to a player that sleeps, and whose CPU does: is it a sample? */
bool player_turn_woken(unsigned player)
{
    struct turn *turn = player_turn_page(player);
    turn->nr = 0;
    turn->stay = 1;
    turn->go++;
    spin_us(SETTLED_US);
    u64 since = sample_begins();
    BEGIN(OP_EVENT_WOKEN);
    send_event(players[player].port);
    while (turn->woken != turn->go) {
    }
    bool in_time = sample_in_time(since);
    if (in_time) {
        END(OP_EVENT_WOKEN);
    }
    turn->stay = 0;
    wait_done(turn);
    return in_time;
}

/* ---- what dom0 does to a player */

static void do_grant_map(u16 domain)
{
    struct xen_gnttab_map_grant_ref map = {.host_addr = (u64)COPY_GFN << 12,
                                           .flags = GNTMAP_host_map,
                                           .ref = GRANTED_REF,
                                           .dom = domain};
    struct xen_gnttab_unmap_grant_ref back = {.host_addr = map.host_addr};
    BEGIN(OP_GRANT_MAP);
    s64 result = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_map_grant_ref, (u64)&map, 1);
    back.handle = map.handle;
    s64 undone = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_unmap_grant_ref, (u64)&back, 1);
    END(OP_GRANT_MAP);
    must("grant map", result ?: map.status);
    must("grant unmap", undone ?: back.status);
}

static void do_grant_copy(u16 domain)
{
    static u8 page[4096] __attribute__((aligned(4096)));
    struct xen_gnttab_copy copy = {
        .source = {.u.ref = GRANTED_REF, .domid = domain},
        .dest = {.u.gmfn = (u64)page >> 12, .domid = XEN_DOMID_SELF},
        .len = 4096,
        .flags = GNTCOPY_source_gref,
    };
    BEGIN(OP_GRANT_COPY);
    s64 result = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_copy, (u64)&copy, 1);
    END(OP_GRANT_COPY);
    must("grant copy", result ?: copy.status);
}

/* One extent far above what the player has; given back where nobody counts. */
static void do_populate(u16 domain, unsigned order)
{
    u64 gfn = (GUEST_RAM0_BASE + (256ul << 20)) >> 12;
    struct xen_memory_reservation one = {
        .extent_start = {(u64)&gfn}, .nr_extents = 1, .extent_order = order, .domid = domain};
    s64 done;
    if (order == 0) {
        BEGIN(OP_POPULATE_4K);
        done = hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (u64)&one, 0);
        END(OP_POPULATE_4K);
    } else {
        BEGIN(OP_POPULATE_2M);
        done = hypercall(__HYPERVISOR_memory_op, XENMEM_populate_physmap, (u64)&one, 0);
        END(OP_POPULATE_2M);
    }
    must("populate one", done == 1 ? 0 : -1000 - done);
    gfn = (GUEST_RAM0_BASE + (256ul << 20)) >> 12;
    one = (struct xen_memory_reservation){
        .extent_start = {(u64)&gfn}, .nr_extents = 1, .extent_order = order, .domid = domain};
    done = hypercall(__HYPERVISOR_memory_op, XENMEM_decrease_reservation, (u64)&one, 0);
    must("decrease", done == 1 ? 0 : -1000 - done);
}

static void do_console(void)
{
    static const char line[] = "a line of 64 bytes from dom0, as a kernel or a program writes \r\n";
    _Static_assert(sizeof(line) == 65);
    BEGIN(OP_CONSOLE);
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, 64, (u64)line);
    END(OP_CONSOLE);
}

static void do_foreign_map(u16 domain)
{
    u64 from = GUEST_RAM0_BASE >> 12, to = COPY_GFN;
    s32 error = 0;
    struct xen_add_to_physmap_batch map = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_gmfn_foreign, .size = 1};
    map.u.foreign_domid = domain;
    map.idxs.p = (u64)&from;
    map.gpfns.p = (u64)&to;
    map.errs.p = (u64)&error;
    struct xen_remove_from_physmap back = {.domid = XEN_DOMID_SELF, .gpfn = to};
    BEGIN(OP_FOREIGN_MAP);
    s64 done = hypercall(__HYPERVISOR_memory_op, XENMEM_add_to_physmap_batch, (u64)&map, 0);
    s64 undone = hypercall(__HYPERVISOR_memory_op, XENMEM_remove_from_physmap, (u64)&back, 0);
    END(OP_FOREIGN_MAP);
    must("foreign map", done ?: error);
    must("foreign unmap", undone);
}

void player_op(unsigned player, unsigned id)
{
    u16 domain = players[player].domain;
    switch (id) {
    case OP_GRANT_MAP:
        do_grant_map(domain);
        break;
    case OP_GRANT_COPY:
        do_grant_copy(domain);
        break;
    case OP_POPULATE_4K:
        do_populate(domain, 0);
        break;
    case OP_POPULATE_2M:
        do_populate(domain, 9);
        break;
    case OP_CONSOLE:
        do_console();
        break;
    case OP_FOREIGN_MAP:
        do_foreign_map(domain);
        break;
    }
}
