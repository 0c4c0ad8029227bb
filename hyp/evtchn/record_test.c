/* SPDX-License-Identifier: MIT */
/* A domain's events written out and read into another domain, which then behaves the same. */
#include "evtchn/fixture_test.h"
#include "evtchn/fifo.h"
#include "test/host/records.h"

#define OLD     1u
#define NEW     2u
#define PORTS   300u /* three buckets */
#define CONTROL 20u  /* pages of its RAM */
#define WORDS   30u
#define INFO    40u

static const struct record_room rooms[] = {
    {"events", RECORD_EVENTS, 1, RECORD_ONE, false, sizeof(struct record_events), evtchn_save,
     evtchn_load},
    {"events vcpu", RECORD_EVENTS_VCPU, 1, RECORD_PER_VCPU, false,
     sizeof(struct record_events_vcpu), evtchn_save_vcpu, evtchn_load_vcpu},
    {"ports", RECORD_PORTS, 1, RECORD_OWN, false, sizeof(struct record_ports), evtchn_save_ports,
     evtchn_load_ports},
    {.type = 0},
};
static struct records first, second;

/* What a guest does, by dice; each answer goes into the sum. */
static u64 trace;
static void note(u64 value)
{
    trace = trace * 31 + value + 1;
}

static void open_port(u32 n)
{
    port_t p = {0};
    switch (records_random(5)) {
    case 0:
        note((u64)evtchn_bind_ipi(dom(n), records_random(WORLD_VCPUS), &p));
        break;
    case 1:
        note((u64)evtchn_bind_virq(dom(n), records_random(NR_VIRQS), records_random(WORLD_VCPUS),
                                   &p));
        break;
    case 2:
        note((u64)evtchn_alloc_unbound(dom(n), DOMID_SELF, &p));
        break;
    default:
        note((u64)evtchn_alloc_unbound(dom(n), (domid_t){0}, &p));
        break;
    }
    note(p.port);
}

/* The guest takes what is first in one of its queues. */
static void take_from_queue(u32 n)
{
    u32 vcpu = records_random(WORLD_VCPUS);
    struct evtchn_fifo *f = dom(n)->evtchn->fifo;
    if (f == NULL || f->cpu[vcpu] == NULL) {
        return;
    }
    struct xen_evtchn_fifo_control_block *c = (void *)world_ram(n, CONTROL + vcpu);
    u32 q = records_random(NR_QUEUES);
    u32 port = c->head[q];
    note(port);
    if (port == 0) {
        c->ready &= ~(1u << q);
        return;
    }
    u32 *word = (u32 *)world_ram(n, WORDS + port / WORDS_PAGE) + port % WORDS_PAGE;
    c->head[q] = *word & EVTCHN_FIFO_LINK_MASK;
    *word &= ~(u32)(EVTCHN_FIFO_LINK_MASK | 1u << EVTCHN_FIFO_LINKED | 1u << EVTCHN_FIFO_PENDING);
}

static void guest_masks(u32 n, u32 port)
{
    if (dom(n)->evtchn->fifo != NULL) {
        ((u32 *)world_ram(n, WORDS))[port] |= 1u << EVTCHN_FIFO_MASKED;
    } else {
        bitmap_set(world_shared(n)->evtchn_mask, port);
    }
}

static void step(u32 n)
{
    struct domain *d = dom(n);
    port_t p = {1 + records_random(PORTS)};
    world_become(n, 0);
    switch (records_random(10)) {
    case 0:
    case 1:
        open_port(n);
        break;
    case 2:
        note((u64)evtchn_close(d, p));
        break;
    case 3:
        note((u64)evtchn_bind_vcpu(d, p, records_random(WORLD_VCPUS)));
        break;
    case 4:
        note((u64)evtchn_set_priority(d, p, records_random(16)));
        break;
    case 5:
        guest_masks(n, p.port);
        break;
    case 6:
        note((u64)evtchn_unmask(d, p));
        break;
    case 7:
        evtchn_raise_virq(&world_vcpu[n][records_random(WORLD_VCPUS)], records_random(NR_VIRQS));
        break;
    case 8:
        take_from_queue(n);
        break;
    default:
        note((u64)evtchn_send(d, p));
        break;
    }
    note(evtchn_is_port_pending(d, p));
    note(evtchn_nr_ports_in_use(d));
}

static void steps(u32 n, u32 nr)
{
    for (u32 i = 0; i < nr; i++) {
        step(n);
    }
}

static void be_fifo(u32 n)
{
    u8 bits;
    world_become(n, 0);
    for (u32 v = 0; v < WORLD_VCPUS - 1; v++) {
        assert_int_equal(evtchn_init_control(dom(n), v, world_gfn(CONTROL + v), 0, &bits), OK);
    }
    u32 cursor = 0;
    while (evtchn_expand_array(dom(n), world_gfn(WORDS), &cursor) == E_RESTART) {
    }
}

/* Bits of two ends in one domain, near and far from each other. */
static void join_loops(u32 n)
{
    for (u32 i = 0; i < 3; i++) {
        u32 there = new_unbound(dom(n), n);
        for (u32 k = 0; k < i * 70; k++) {
            new_ipi(dom(n), 0);
        }
        (void)new_joined(dom(n), dom(n), there);
    }
}

static void fill(u64 seed, bool fifo)
{
    records_seed = seed;
    join_loops(OLD);
    steps(OLD, 600);
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[OLD][1], world_gfn(INFO), 128), OK);
    if (fifo) {
        be_fifo(OLD);
    }
    steps(OLD, 900);
}

static void copy_memory(void)
{
    for (u32 i = 0; i < WORLD_PAGES; i++) {
        memcpy(world_ram(NEW, i), world_ram(OLD, i), PAGE_SIZE);
    }
    memcpy(world_shared(NEW), world_shared(OLD), PAGE_SIZE);
}

/* Nobody else is joined to either: what they do now they do alone. */
static u64 behaviour_of(u32 n, u64 seed)
{
    trace = 0;
    records_seed = seed;
    u32 before[WORLD_VCPUS];
    memcpy(before, world_injected[n], sizeof(before));
    steps(n, 3000);
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        note(world_injected[n][v] - before[v]);
    }
    return trace;
}

static void round_trip(u64 seed, bool fifo)
{
    fill(seed, fifo);
    records_save(rooms, dom(OLD), &first);
    copy_memory();
    records_load(dom(NEW), &first);
    records_save(rooms, dom(NEW), &second);
    records_assert_same(&first, &second);
    assert_int_equal(evtchn_nr_ports_in_use(dom(NEW)), evtchn_nr_ports_in_use(dom(OLD)));
    /* The search for a free port begins anew, where the old domain may have passed one by. */
    dom(OLD)->evtchn->scan = 1;
    dom(OLD)->evtchn->scan_again = ~0u;
    assert_true(behaviour_of(OLD, seed + 99) == behaviour_of(NEW, seed + 99));
    records_save(rooms, dom(OLD), &first);
    records_save(rooms, dom(NEW), &second);
    records_assert_same(&first, &second);
    assert_memory_equal(world_ram(OLD, WORDS), world_ram(NEW, WORDS), PAGE_SIZE);
}

static void test_two_level(void **state)
{
    for (u64 seed = 1; seed <= 3; seed++) {
        round_trip(seed, false);
        end(state);
        start(state);
    }
}

static void test_fifo(void **state)
{
    for (u64 seed = 1; seed <= 3; seed++) {
        round_trip(seed, true);
        end(state);
        start(state);
    }
}

static void test_who_was_joined_binds_again(void **state)
{
    u32 there = new_unbound(dom(OLD), 0);
    u32 here = new_joined(dom(0), dom(OLD), there);
    records_save(rooms, dom(OLD), &first);
    records_load(dom(NEW), &first);
    assert_int_equal(status_of(dom(NEW), there).status, EVTCHNSTAT_unbound);
    assert_int_equal(status_of(dom(NEW), there).u.unbound.dom, 0);
    assert_int_equal(status_of(dom(0), here).u.interdomain.dom, OLD); /* untouched */
    u32 again = new_joined(dom(0), dom(NEW), there);
    assert_int_equal(evtchn_send(dom(0), (port_t){again}), OK);
    assert_true(consume(NEW, there));
}

static void test_ends_of_one_domain_stay_joined(void **state)
{
    join_loops(OLD);
    records_save(rooms, dom(OLD), &first);
    records_load(dom(NEW), &first);
    u32 joined = 0;
    for (u32 p = 1; p < dom(NEW)->evtchn->nr_ports; p++) {
        struct xen_evtchn_status s = status_of(dom(NEW), p);
        if (s.status == EVTCHNSTAT_interdomain) {
            joined++;
            assert_int_equal(s.u.interdomain.dom, NEW);
            assert_int_equal(status_of(dom(NEW), s.u.interdomain.port).u.interdomain.port, p);
            assert_int_equal(evtchn_send(dom(NEW), (port_t){p}), OK);
            assert_true(consume(NEW, s.u.interdomain.port));
        }
    }
    assert_int_equal(joined, 6);
}

static void test_an_upcall_that_is_owed(void **state)
{
    records_save(rooms, dom(OLD), &first);
    records_load(dom(NEW), &first);
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        assert_int_equal(world_raised[NEW][v], BIT(VCPU_WORK_UPCALL));
    }
}

static struct kept *find(u32 type, u32 instance)
{
    for (u32 i = 0; i < first.nr; i++) {
        if (first.kept[i].room->type == type && first.kept[i].instance == instance) {
            return &first.kept[i];
        }
    }
    fail();
    return NULL;
}

static void test_what_is_there_already_stays(void **state)
{
    fill(5, true);
    records_save(rooms, dom(OLD), &first);
    records_load(dom(NEW), &first);
    records_save(rooms, dom(NEW), &second);
    assert_int_equal(records_load_one(dom(NEW), find(RECORD_EVENTS, 0)), E_EXIST);
    assert_int_equal(records_load_one(dom(NEW), find(RECORD_EVENTS_VCPU, 0)), E_EXIST);
    assert_int_equal(records_load_one(dom(NEW), find(RECORD_PORTS, 0)), E_EXIST);
    records_save(rooms, dom(NEW), &first);
    records_assert_same(&first, &second);
}

static void test_a_device_s_port_stays_here(void **state)
{
    struct record_ports body = {0};
    struct record r = {.body = &body};
    port_t port;
    assert_int_equal(evtchn_save_ports(dom(1), &r), OK);
    assert_int_equal(evtchn_alloc_device(dom(1), (domid_t){0}, &port), OK);
    assert_int_equal(evtchn_save_ports(dom(1), &r), E_BUSY);
    evtchn_close_device(dom(1), port);
    assert_int_equal(evtchn_save_ports(dom(1), &r), OK);
}

static void test_order_and_places(void **state)
{
    fill(6, true);
    records_save(rooms, dom(OLD), &first);
    assert_int_equal(records_load_one(dom(NEW), find(RECORD_EVENTS_VCPU, 0)),
                     E_INVAL); /* no FIFO */
    assert_int_equal(records_load_one(dom(NEW), find(RECORD_PORTS, 2)), E_NOENT);
    struct kept *k = find(RECORD_EVENTS, 0);
    ((struct record_events *)k->body)->gfn[0] = (u32)WORLD_NOWHERE;
    assert_int_equal(records_load_one(dom(NEW), k), E_INVAL);
    assert_null(dom(NEW)->evtchn->fifo);
    k->instance = 1;
    assert_int_equal(records_load_one(dom(NEW), k), E_NOENT);
    k = find(RECORD_EVENTS_VCPU, 0);
    k->instance = WORLD_VCPUS;
    assert_int_equal(records_load_one(dom(NEW), k), E_NOENT);
}

static u32 refused;
static enum err try_port(u32 port, struct record_port p)
{
    struct kept *k = find(RECORD_PORTS, 0);
    struct record_port *entry = &((struct record_ports *)k->body)->port[port];
    struct record_port was = *entry;
    *entry = p;
    enum err e = records_load_one(dom(NEW), k);
    *entry = was;
    refused += e == E_INVAL;
    return e;
}

static void test_wrong_ports(void **state)
{
    (void)new_ipi(dom(OLD), 0); /* port 1 */
    port_t p;
    assert_int_equal(evtchn_bind_virq(dom(OLD), VIRQ_DEBUG, 2, &p), OK); /* port 2 */
    records_save(rooms, dom(OLD), &first);
    const struct record_port wrong[] = {
        {.state = PORT_IPI, .vcpu = WORLD_VCPUS},
        {.state = PORT_IPI, .peer = 1},
        {.state = PORT_IPI, .domid = 1},
        {.state = PORT_IPI, .priority = 16},
        {.state = PORT_IPI, .zero = 1},
        {.state = PORT_IPI, .raised_early = 2},
        {.state = PORT_IPI, .fifo_last = WORLD_VCPUS * 16 + 1},
        {.state = PORT_RESERVED},
        {.state = 6},
        {.state = PORT_FREE, .peer = 1},
        {.state = PORT_VIRQ, .peer = NR_VIRQS},
        {.state = PORT_VIRQ, .peer = VIRQ_DEBUG, .vcpu = 2}, /* twice */
        {.state = PORT_UNBOUND, .domid = 0x7ff1},
        {.state = PORT_UNBOUND, .peer = 3},
        {.state = PORT_INTERDOMAIN, .peer = 5}, /* itself */
        {.state = PORT_INTERDOMAIN, .peer = 1}, /* an IPI */
        {.state = PORT_INTERDOMAIN, .peer = EVTCHN_FIFO_NR_CHANNELS},
    };
    for (u32 i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(try_port(5, wrong[i]), E_INVAL);
    }
    assert_int_equal(refused, ARRAY_LEN(wrong));
    assert_int_equal(try_port(0, (struct record_port){.state = PORT_FREE}), E_INVAL);
    assert_int_equal(evtchn_nr_ports_in_use(dom(NEW)), 0);
    assert_int_equal(try_port(5, (struct record_port){.state = PORT_IPI}), OK);
    assert_int_equal(evtchn_nr_ports_in_use(dom(NEW)), 3);
}

static void test_hostile_records(void **state)
{
    for (u64 seed = 1; seed <= 20; seed++) {
        fill(seed, seed % 2);
        records_save(rooms, dom(OLD), &first);
        copy_memory();
        refused += records_attack(rooms, dom(NEW), &first, 60);
        (void)behaviour_of(NEW, seed);
        end(state);
        start(state);
    }
    assert_true(refused > 100);
}

static void test_memory_runs_out(void **state)
{
    fill(9, true);
    records_save(rooms, dom(OLD), &first);
    copy_memory();
    u32 failures = records_load_short_of_memory(dom(NEW), &first, world_fail_after);
    assert_true(failures >= 5);
    records_save(rooms, dom(NEW), &second);
    records_assert_same(&first, &second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_two_level),
        TEST(test_fifo),
        TEST(test_who_was_joined_binds_again),
        TEST(test_ends_of_one_domain_stay_joined),
        TEST(test_an_upcall_that_is_owed),
        TEST(test_what_is_there_already_stays),
        TEST(test_a_device_s_port_stays_here),
        TEST(test_order_and_places),
        TEST(test_wrong_ports),
        TEST(test_hostile_records),
        TEST(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
