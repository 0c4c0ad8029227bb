/* SPDX-License-Identifier: MIT */
#include "evtchn/fixture_test.h"

static void unbound_waits_for_its_remote(void **state)
{
    u32 p = new_unbound(dom(1), 0);
    struct xen_evtchn_status s = status_of(dom(1), p);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 0);
    assert_int_equal(s.vcpu, 0);
    assert_int_equal(evtchn_send(dom(1), (port_t){p}), OK);
    assert_int_equal(injected(0) + injected(1), 0);
    /* SELF as the remote is the caller, not the owner. */
    world_become(0, 0);
    p = new_unbound(dom(1), 0x7ff0);
    assert_int_equal(status_of(dom(1), p).u.unbound.dom, 0);
    world_become(1, 0);
    p = new_unbound(dom(1), 0x7ff0);
    assert_int_equal(status_of(dom(1), p).u.unbound.dom, 1);
}

static void joining_makes_two_ends(void **state)
{
    (void)new_ipi(dom(1), 0);
    u32 there = new_unbound(dom(1), 0);
    assert_int_equal(there, 2);
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){there}, 3), OK);
    u32 here = new_joined(dom(0), dom(1), there);
    assert_int_equal(here, 1);
    struct xen_evtchn_status s = status_of(dom(0), here);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 1);
    assert_int_equal(s.u.interdomain.port, there);
    assert_int_equal(s.vcpu, 0);
    s = status_of(dom(1), there);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.dom, 0);
    assert_int_equal(s.u.interdomain.port, here);
    assert_int_equal(s.vcpu, 3); /* as it was bound before */
    /* The new end starts with an event, the old one without. */
    assert_true(consume(0, here));
    assert_false(consume(1, there));
    assert_int_equal(world_injected[0][0], 1);
    assert_int_equal(injected(1), 0);

    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_true(consume(1, there));
    assert_int_equal(world_injected[1][3], 0); /* has no vcpu_info: nobody to tell */
    assert_int_equal(evtchn_send(dom(1), (port_t){there}), OK);
    assert_true(consume(0, here));
}

static void joining_oneself(void **state)
{
    struct domain *d = dom(1);
    u32 a = new_unbound(d, 1);
    u32 b = new_joined(d, d, a);
    assert_int_equal(status_of(d, a).u.interdomain.port, b);
    assert_int_equal(status_of(d, b).u.interdomain.port, a);
    (void)consume(1, b);
    assert_int_equal(evtchn_send(d, (port_t){a}), OK);
    assert_true(consume(1, b));
    assert_false(consume(1, a));
    assert_int_equal(evtchn_close(d, (port_t){a}), OK);
    assert_int_equal(status_of(d, a).status, EVTCHNSTAT_closed);
    assert_int_equal(status_of(d, b).status, EVTCHNSTAT_unbound);
    assert_int_equal(status_of(d, b).u.unbound.dom, 1);
}

static void joining_is_refused(void **state)
{
    port_t p;
    u32 in_use = evtchn_nr_ports_in_use(dom(0));
    u32 for_2 = new_unbound(dom(1), 0x7ff0);
    u32 ipi = new_ipi(dom(1), 0);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){for_2}, &p), E_INVAL);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){ipi}, &p), E_INVAL);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){0}, &p), E_INVAL);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){100}, &p), E_INVAL);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){128}, &p), E_INVAL);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){~0u}, &p), E_INVAL);
    assert_int_equal(evtchn_nr_ports_in_use(dom(0)), in_use);
    u32 there = new_unbound(dom(1), 0);
    (void)new_joined(dom(0), dom(1), there);
    assert_int_equal(evtchn_bind_interdomain(dom(0), dom(1), (port_t){there}, &p), E_INVAL);
}

static void guests_stay_apart(void **state)
{
    port_t p;
    assert_int_equal(evtchn_alloc_unbound(dom(1), (domid_t){2}, &p), E_PERM);
    assert_int_equal(evtchn_alloc_unbound(dom(1), (domid_t){77}, &p), E_SRCH);
    world_become(0, 0); /* dom0 may say otherwise */
    u32 port = new_unbound(dom(1), 2);
    world_become(2, 0);
    assert_int_equal(evtchn_bind_interdomain(dom(2), dom(1), (port_t){port}, &p), E_PERM);
    assert_int_equal(evtchn_nr_ports_in_use(dom(2)), 0);
    assert_int_equal(status_of(dom(1), port).status, EVTCHNSTAT_unbound);
    domain_policy_open = true;
    assert_int_equal(evtchn_bind_interdomain(dom(2), dom(1), (port_t){port}, &p), OK);
    assert_int_equal(p.port, 1);
    world_become(1, 0);
    (void)new_unbound(dom(1), 2);
    (void)new_unbound(dom(1), 77);
}

static void the_policy(void **state)
{
    assert_true(domain_may_share(dom(1), dom(1)));
    assert_true(domain_may_share(dom(0), dom(1)));
    assert_true(domain_may_share(dom(2), dom(0)));
    assert_false(domain_may_share(dom(1), dom(2)));
    world_become(0, 1);
    assert_true(domain_may_share(dom(1), dom(2)));
    world_become(2, 1);
    assert_false(domain_may_share(dom(1), dom(2)));
    domain_policy_open = true;
    assert_true(domain_may_share(dom(1), dom(2)));
}

static void ipis_belong_to_a_vcpu(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][2], world_gfn(0), 0), OK);
    world_injected[1][2] = 0;
    u8 *upcall = world_ram(1, 0);
    *upcall = 0;
    memset(upcall + 8, 0, 8);
    u32 port = new_ipi(d, 2);
    struct xen_evtchn_status s = status_of(d, port);
    assert_int_equal(s.status, EVTCHNSTAT_ipi);
    assert_int_equal(s.vcpu, 2);
    assert_int_equal(evtchn_send(d, (port_t){port}), OK);
    assert_int_equal(world_injected[1][2], 1);
    assert_int_equal(injected(1), 1);
    assert_int_equal(*upcall, 1);
    assert_true(consume(1, port));
    assert_int_equal(evtchn_bind_ipi(d, WORLD_VCPUS, &p), E_NOENT);
    assert_int_equal(evtchn_bind_ipi(d, ~0u, &p), E_NOENT);
    world_vcpus[1][3] = NULL;
    assert_int_equal(evtchn_bind_ipi(d, 3, &p), E_NOENT);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){port}, 1), E_INVAL); /* stays where it is */
    assert_int_equal(status_of(d, port).vcpu, 2);
}

static void ports_move_between_vcpus(void **state)
{
    struct domain *d = dom(1);
    u32 there = new_unbound(d, 0);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){there}, 1), OK);
    assert_int_equal(status_of(d, there).vcpu, 1);
    assert_int_equal(status_of(d, there).u.unbound.dom, 0);
    u32 here = new_joined(dom(0), d, there);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){there}, 2), OK);
    struct xen_evtchn_status s = status_of(d, there);
    assert_int_equal(s.vcpu, 2);
    assert_int_equal(s.status, EVTCHNSTAT_interdomain);
    assert_int_equal(s.u.interdomain.port, here);
    assert_int_equal(s.u.interdomain.dom, 0);
    assert_int_equal(word_priority(port_find(d->evtchn, there)->word), 7);

    port_t timer, console;
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 1, &timer), OK);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_CONSOLE, 0, &console), OK);
    assert_int_equal(evtchn_bind_vcpu(d, timer, 0), E_INVAL);
    assert_int_equal(status_of(d, timer.port).vcpu, 1);
    assert_int_equal(evtchn_bind_vcpu(d, console, 3), OK);
    assert_int_equal(status_of(d, console.port).vcpu, 3);
    assert_int_equal(status_of(d, console.port).u.virq, VIRQ_CONSOLE);

    assert_int_equal(evtchn_bind_vcpu(d, (port_t){there}, WORLD_VCPUS), E_NOENT);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){500}, 1), E_INVAL);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){100}, 1), E_INVAL);
    assert_int_equal(evtchn_bind_vcpu(d, (port_t){500}, WORLD_VCPUS), E_NOENT);
}

static void closing_leaves_nothing_behind(void **state)
{
    struct domain *d = dom(1);
    u32 port = new_ipi(d, 2);
    assert_int_equal(evtchn_send(d, (port_t){port}), OK);
    assert_true(bit_of(world_shared(1)->evtchn_pending, port));
    assert_int_equal(evtchn_close(d, (port_t){port}), OK);
    assert_false(bit_of(world_shared(1)->evtchn_pending, port));
    struct xen_evtchn_status s = status_of(d, port);
    assert_int_equal(s.status, EVTCHNSTAT_closed);
    assert_int_equal(s.vcpu, 0);
    assert_int_equal(evtchn_close(d, (port_t){port}), E_INVAL);
    assert_int_equal(evtchn_close(d, (port_t){5000}), E_INVAL);
    assert_int_equal(evtchn_send(d, (port_t){port}), E_INVAL);
    assert_int_equal(evtchn_status(d, (port_t){5000}, &s), E_INVAL);
    assert_int_equal(evtchn_unmask(d, (port_t){5000}), E_INVAL);
    assert_false(evtchn_is_port_pending(d, (port_t){5000}));
}

static void closing_one_end_unbinds_the_other(void **state)
{
    u32 there = new_unbound(dom(1), 0);
    u32 here = new_joined(dom(0), dom(1), there);
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){there}, 2), OK);
    assert_int_equal(evtchn_close(dom(0), (port_t){here}), OK);
    struct xen_evtchn_status s = status_of(dom(1), there);
    assert_int_equal(s.status, EVTCHNSTAT_unbound);
    assert_int_equal(s.u.unbound.dom, 0);
    assert_int_equal(s.vcpu, 2);
    assert_int_equal(evtchn_nr_ports_in_use(dom(0)), 0);
    assert_int_equal(evtchn_nr_ports_in_use(dom(1)), 1);
    (void)consume(1, there);
    assert_int_equal(evtchn_send(dom(1), (port_t){there}), OK); /* dropped */
    assert_false(consume(0, here));
    /* and may be bound again */
    assert_int_equal(new_joined(dom(0), dom(1), there), here);
    assert_int_equal(evtchn_close(dom(1), (port_t){there}), OK);
    assert_int_equal(status_of(dom(0), here).status, EVTCHNSTAT_unbound);
    assert_int_equal(evtchn_close(dom(0), (port_t){here}), OK);
    assert_int_equal(evtchn_nr_ports_in_use(dom(0)), 0);
    assert_int_equal(evtchn_nr_ports_in_use(dom(1)), 0);
}

static u32 new_device(struct domain *d, u32 remote)
{
    port_t p = {0};
    assert_int_equal(evtchn_alloc_device(d, (domid_t){(u16)remote}, &p), OK);
    return p.port;
}

static void a_device_hears_and_speaks(void **state)
{
    u32 there = new_device(dom(1), 0);
    device_events = 0;
    evtchn_send_device(dom(1), (port_t){there}); /* nobody is there yet */
    u32 here = new_joined(dom(0), dom(1), there);
    (void)consume(0, here);
    evtchn_send_device(dom(1), (port_t){there});
    assert_true(consume(0, here));
    assert_int_equal(device_events, 0);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_int_equal(device_events, 1);
    assert_int_equal(device_port, 1 << 20 | there);
    assert_false(consume(1, there));
    assert_int_equal(injected(1), 0);

    /* The daemon goes, and comes again. */
    assert_int_equal(evtchn_close(dom(0), (port_t){here}), OK);
    assert_int_equal(evtchn_send(dom(1), (port_t){there}), E_INVAL);
    here = new_joined(dom(0), dom(1), there);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_int_equal(device_events, 2);

    evtchn_close_device(dom(1), (port_t){there});
    evtchn_close_device(dom(1), (port_t){there});
    evtchn_send_device(dom(1), (port_t){there});
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_int_equal(device_events, 2);
    assert_int_equal(evtchn_nr_ports_in_use(dom(1)), 0);
    assert_int_equal(dom(1)->evtchn->nr_devices, 0);
}

static void a_guest_cannot_touch_its_device_s_port(void **state)
{
    struct domain *d = dom(1);
    u32 there = new_device(d, 0);
    struct xen_evtchn_status s = {0};
    u8 link_bits;
    for (u32 joined = 0; joined < 2; joined++) {
        port_t port = {there};
        u64 word = port_find(d->evtchn, there)->word;
        assert_int_equal(evtchn_send(d, port), E_INVAL);
        assert_int_equal(evtchn_close(d, port), E_INVAL);
        assert_int_equal(evtchn_bind_vcpu(d, port, 1), E_INVAL);
        assert_int_equal(evtchn_status(d, port, &s), E_ACCES);
        assert_int_equal(evtchn_unmask(d, port), OK);
        assert_int_equal(port_find(d->evtchn, there)->word, word);
        if (joined == 0) {
            (void)new_joined(dom(0), d, there);
        }
    }
    /* It goes back to nothing but what the tools gave it. */
    (void)new_ipi(d, 0);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    assert_int_equal(evtchn_set_priority(d, (port_t){there}, 3), OK);
    assert_true(port_find(d->evtchn, there)->word & WORD_DEVICE);
    enum err e = evtchn_reset(d, false);
    while (e == E_RESTART) {
        e = evtchn_reset(d, true);
    }
    assert_int_equal(e, OK);
    assert_int_equal(evtchn_nr_ports_in_use(d), 1);
    assert_int_equal(word_state(port_find(d->evtchn, there)->word), PORT_INTERDOMAIN);
    /* nobody else's either */
    assert_int_equal(evtchn_close(dom(2), (port_t){there}), E_INVAL);
    port_t p;
    assert_int_equal(evtchn_bind_interdomain(dom(2), d, (port_t){there}, &p), E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unbound_waits_for_its_remote),
        TEST(joining_makes_two_ends),
        TEST(joining_oneself),
        TEST(joining_is_refused),
        TEST(guests_stay_apart),
        TEST(the_policy),
        TEST(ipis_belong_to_a_vcpu),
        TEST(ports_move_between_vcpus),
        TEST(closing_leaves_nothing_behind),
        TEST(closing_one_end_unbinds_the_other),
        TEST(a_device_hears_and_speaks),
        TEST(a_guest_cannot_touch_its_device_s_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
