/* SPDX-License-Identifier: MIT */
#include "evtchn/fixture_test.h"

static void ports_are_given_lowest_first(void **state)
{
    struct domain *d = dom(1);
    for (u32 i = 1; i <= 10; i++) {
        assert_int_equal(new_ipi(d, 0), i);
    }
    assert_int_equal(evtchn_nr_ports_in_use(d), 10);
    assert_int_equal(evtchn_close(d, (port_t){7}), OK);
    assert_int_equal(evtchn_close(d, (port_t){3}), OK);
    assert_int_equal(evtchn_nr_ports_in_use(d), 8);
    assert_int_equal(new_ipi(d, 0), 3);
    assert_int_equal(new_ipi(d, 0), 7);
    assert_int_equal(new_ipi(d, 0), 11);
    assert_int_equal(evtchn_nr_ports_in_use(d), 11);
}

static void port_0_is_never_anybodys(void **state)
{
    struct domain *d = dom(1);
    struct xen_evtchn_status s = {.status = 9, .vcpu = 9};
    assert_int_equal(evtchn_status(d, (port_t){0}, &s), OK);
    assert_int_equal(s.status, EVTCHNSTAT_closed);
    assert_int_equal(s.vcpu, 0);
    assert_int_equal(evtchn_close(d, (port_t){0}), E_INVAL);
    assert_int_equal(evtchn_send(d, (port_t){0}), E_INVAL);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){0}, 0), E_INVAL);
    assert_int_equal(evtchn_unmask(d, (port_t){0}), OK);
    assert_false(evtchn_is_port_pending(d, (port_t){0}));
    world_shared(1)->evtchn_pending[0] = 1;
    assert_false(evtchn_is_port_pending(d, (port_t){0}));
}

static void the_table_grows_by_buckets(void **state)
{
    struct domain *d = dom(1);
    assert_int_equal(d->evtchn->nr_ports, 128);
    for (u32 i = 1; i < 128; i++) {
        (void)new_ipi(d, 0);
    }
    assert_int_equal(d->evtchn->nr_ports, 128);
    assert_null(port_find(d->evtchn, 128));
    assert_int_equal(evtchn_send(d, (port_t){128}), E_INVAL);
    assert_int_equal(new_ipi(d, 0), 128);
    assert_int_equal(d->evtchn->nr_ports, 256);
    assert_non_null(port_find(d->evtchn, 255));
    assert_null(port_find(d->evtchn, 256));
    assert_int_equal(evtchn_send(d, (port_t){128}), OK);
}

static void two_level_has_4095_ports(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    for (u32 i = 1; i < 4096; i++) {
        assert_int_equal(new_ipi(d, i % WORLD_VCPUS), i);
    }
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    assert_int_equal(evtchn_nr_ports_in_use(d), 4095);
    assert_int_equal(evtchn_close(d, (port_t){4000}), OK);
    assert_int_equal(new_ipi(d, 0), 4000);
    assert_int_equal(evtchn_close(d, (port_t){1}), OK);
    assert_int_equal(new_ipi(d, 0), 1);
    /* The next free one is far: the search comes again, and ends at last. */
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_RESTART);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_RESTART);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_RESTART);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
}

static void a_domain_has_its_own_limit(void **state)
{
    struct domain *d = dom(1);
    evtchn_destroy(d);
    assert_int_equal(evtchn_create(d, 5), OK);
    port_t p;
    for (u32 i = 1; i <= 5; i++) {
        assert_int_equal(new_ipi(d, 0), i);
    }
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    assert_int_equal(evtchn_alloc_unbound(d, (domid_t){0}, &p), E_NOSPC);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 0, &p), E_NOSPC);
    u32 there = new_unbound(dom(0), 1);
    assert_int_equal(evtchn_bind_interdomain(d, dom(0), (port_t){there}, &p), E_NOSPC);
    assert_int_equal(status_of(dom(0), there).status, EVTCHNSTAT_unbound);
    assert_int_equal(evtchn_nr_ports_in_use(d), 5);
}

static void without_memory_nothing_is_half_done(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    evtchn_destroy(d);
    for (u32 allocations = 0; allocations < 3; allocations++) {
        u32 before = world_slabs();
        u64 pages = world_pages_free();
        world_fail_after(allocations);
        enum err e = evtchn_create(d, MAX_PORT);
        world_fail_after(~0u);
        if (e == OK) {
            evtchn_destroy(d);
            assert_true(allocations > 0);
        } else {
            assert_int_equal(e, E_NOMEM);
            assert_null(d->evtchn);
        }
        assert_int_equal(world_slabs(), before);
        assert_int_equal(world_pages_free(), pages);
    }
    assert_int_equal(evtchn_create(d, MAX_PORT), OK);
    for (u32 i = 1; i < 128; i++) {
        (void)new_ipi(d, 0);
    }
    world_fail_after(0);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOMEM);
    world_fail_after(~0u);
    assert_int_equal(evtchn_nr_ports_in_use(d), 127);
    assert_int_equal(d->evtchn->nr_ports, 128);
    assert_int_equal(new_ipi(d, 0), 128);
}

static void a_second_group_may_fail(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    u8 link_bits;
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    for (u32 i = 1; i < PORTS_GROUP; i++) {
        (void)new_ipi(d, 0);
    }
    world_fail_after(0); /* the group */
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOMEM);
    world_fail_after(1); /* its first bucket */
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOMEM);
    world_fail_after(~0u);
    assert_int_equal(new_ipi(d, 0), PORTS_GROUP);
    assert_int_equal(d->evtchn->nr_ports, PORTS_GROUP + PORTS_BUCKET);
}

static void a_dying_domain_gets_no_port(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    u32 there = new_unbound(dom(0), 1);
    d->life = DOMAIN_DYING;
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_INVAL);
    assert_int_equal(evtchn_alloc_unbound(d, (domid_t){0}, &p), E_INVAL);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 0, &p), E_INVAL);
    assert_int_equal(evtchn_bind_interdomain(d, dom(0), (port_t){there}, &p), E_INVAL);
    assert_int_equal(world_vcpu[1][0].virq_port[VIRQ_TIMER].port, 0);
}

static void teardown_closes_all_in_steps(void **state)
{
    struct domain *d = dom(1);
    u32 peers[100];
    for (u32 i = 0; i < 100; i++) {
        peers[i] = new_joined(dom(0), d, new_unbound(d, 0));
    }
    d->life = DOMAIN_DYING;
    u64 cursor = 0;
    u32 steps = 1;
    while (evtchn_relinquish(d, &cursor) == E_RESTART) {
        assert_int_equal(cursor, steps * 32);
        steps++;
    }
    assert_int_equal(steps, 128 / 32 + 1);
    assert_int_equal(evtchn_nr_ports_in_use(d), 0);
    for (u32 i = 0; i < 100; i++) {
        struct xen_evtchn_status s = status_of(dom(0), peers[i]);
        assert_int_equal(s.status, EVTCHNSTAT_unbound);
        assert_int_equal(s.u.unbound.dom, 1);
    }
}

static void teardown_gives_the_guests_pages_back(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0;
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][1], world_gfn(1), 64), OK);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(2), 0, &link_bits), OK);
    assert_int_equal(evtchn_expand_array(d, world_gfn(3), &cursor), OK);
    for (u32 page = 1; page <= 3; page++) {
        assert_int_equal(world_frame(1, page)->refs, FRAME_OWNED + 1);
    }
    d->life = DOMAIN_DYING;
    u64 at = 0;
    while (evtchn_relinquish(d, &at) == E_RESTART) {
    }
    for (u32 page = 1; page <= 3; page++) {
        assert_int_equal(world_frame(1, page)->refs,
                         FRAME_OWNED + 1); /* a sender may be in there */
    }
    world_rcu();
    for (u32 page = 1; page <= 3; page++) {
        assert_int_equal(world_frame(1, page)->refs, FRAME_OWNED);
    }
}

static void reset_closes_all_and_goes_back(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0;
    assert_int_equal(evtchn_reset(d, true), E_BUSY); /* nothing to continue */
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(2), 0, &link_bits), OK);
    assert_int_equal(evtchn_expand_array(d, world_gfn(3), &cursor), OK);
    for (u32 i = 1; i <= 200; i++) {
        (void)new_ipi(d, 0);
    }
    assert_int_equal(evtchn_reset(d, false), E_RESTART);
    assert_int_equal(evtchn_nr_ports_in_use(d), 200 - 32);
    assert_int_equal(evtchn_reset(d, false), E_BUSY);
    u32 steps = 1;
    enum err e;
    while ((e = evtchn_reset(d, true)) == E_RESTART) {
        steps++;
    }
    assert_int_equal(e, OK);
    assert_int_equal(steps, 7); /* 255 ports looked at, 32 a step */
    assert_int_equal(evtchn_nr_ports_in_use(d), 0);
    assert_ptr_equal(d->evtchn->abi, &evtchn_two_level);
    assert_null(d->evtchn->fifo);
    assert_int_equal(evtchn_reset(d, true), E_BUSY);
    assert_int_equal(evtchn_reset(d, false), E_RESTART);
    while (evtchn_reset(d, true) == E_RESTART) {
    }
    /* And it may begin anew. */
    world_rcu();
    assert_int_equal(world_frame(1, 2)->refs, FRAME_OWNED);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(2), 0, &link_bits), OK);
    assert_int_equal(new_ipi(d, 0), 1);
}

static void a_reset_that_is_abandoned_makes_room(void **state)
{
    struct domain *d = dom(1);
    for (u32 i = 1; i <= 40; i++) {
        (void)new_ipi(d, 0);
    }
    assert_int_equal(evtchn_reset(d, false), E_RESTART);
    evtchn_reset_abandon(d);
    assert_int_equal(evtchn_nr_ports_in_use(d), 40 - 32);
    assert_int_equal(evtchn_reset(d, true), E_BUSY);
    assert_int_equal(evtchn_reset(d, false), E_RESTART);
    while (evtchn_reset(d, true) == E_RESTART) {
    }
    assert_int_equal(evtchn_nr_ports_in_use(d), 0);
}

static void reset_finds_ports_opened_behind_it(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(2), 0, &link_bits), OK);
    for (u32 i = 1; i <= 40; i++) {
        (void)new_ipi(d, 0);
    }
    assert_int_equal(evtchn_reset(d, false), E_RESTART);
    assert_int_equal(new_ipi(d, 0), 1);
    enum err e;
    while ((e = evtchn_reset(d, true)) == E_RESTART) {
    }
    assert_int_equal(e, E_AGAIN);
    assert_ptr_equal(d->evtchn->abi, &evtchn_fifo_abi);
    assert_int_equal(evtchn_nr_ports_in_use(d), 1);
}

static void a_dump_names_what_is_open(void **state)
{
    struct domain *d = dom(1);
    u32 a = new_unbound(d, 0);
    (void)new_joined(dom(0), d, a);
    u32 b = new_ipi(d, 2);
    bitmap_set(world_shared(1)->evtchn_mask, a);
    bitmap_set(world_shared(1)->evtchn_pending, b);
    world_log_bytes = 0;
    evtchn_dump(d);
    assert_true(world_said("d1: 2 ports in use, 2-level"));
    assert_true(world_said("1 -m vcpu 0 priority 7 interdomain d0 1"));
    assert_true(world_said("2 p- vcpu 2 priority 7 ipi d1 0"));
    assert_false(world_said("3 "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ports_are_given_lowest_first),
        TEST(port_0_is_never_anybodys),
        TEST(the_table_grows_by_buckets),
        TEST(two_level_has_4095_ports),
        TEST(a_domain_has_its_own_limit),
        TEST(without_memory_nothing_is_half_done),
        TEST(a_second_group_may_fail),
        TEST(a_dying_domain_gets_no_port),
        TEST(teardown_closes_all_in_steps),
        TEST(teardown_gives_the_guests_pages_back),
        TEST(reset_closes_all_and_goes_back),
        TEST(a_reset_that_is_abandoned_makes_room),
        TEST(reset_finds_ports_opened_behind_it),
        TEST(a_dump_names_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
