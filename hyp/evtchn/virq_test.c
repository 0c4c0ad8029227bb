/* SPDX-License-Identifier: MIT */
#include "evtchn/fixture_test.h"

static void which_are_global(void **state)
{
    for (u32 virq = 0; virq < NR_VIRQS; virq++) {
        bool one = virq == VIRQ_TIMER || virq == VIRQ_DEBUG || virq == VIRQ_XENOPROF ||
                   virq == VIRQ_XENPMU;
        assert_int_equal(virq_is_global(virq), !one);
    }
}

static void binding(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    assert_int_equal(evtchn_bind_virq(d, NR_VIRQS, 0, &p), E_INVAL);
    assert_int_equal(evtchn_bind_virq(d, ~0u, 0, &p), E_INVAL);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_DOM_EXC, 1, &p), E_INVAL);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, WORLD_VCPUS, &p), E_NOENT);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 2, &p), OK);
    assert_int_equal(p.port, 1);
    struct xen_evtchn_status s = status_of(d, 1);
    assert_int_equal(s.status, EVTCHNSTAT_virq);
    assert_int_equal(s.vcpu, 2);
    assert_int_equal(s.u.virq, VIRQ_TIMER);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 2, &p), E_EXIST);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 3, &p), OK);
    assert_int_equal(p.port, 2);
    assert_int_equal(evtchn_bind_virq(d, NR_VIRQS - 1, 0, &p), OK);
    assert_int_equal(p.port, 3);
    assert_int_equal(evtchn_close(d, (port_t){3}), OK);
    assert_int_equal(world_vcpu[1][0].virq_port[NR_VIRQS - 1].port, 0);
    assert_int_equal(evtchn_bind_virq(d, NR_VIRQS - 1, 0, &p), OK);
    assert_int_equal(p.port, 3);
    /* After a close it can be bound anew, the others stay. */
    assert_int_equal(evtchn_close(d, (port_t){1}), OK);
    assert_int_equal(world_vcpu[1][2].virq_port[VIRQ_TIMER].port, 0);
    assert_int_equal(world_vcpu[1][3].virq_port[VIRQ_TIMER].port, 2);
    assert_int_equal(world_vcpu[1][0].virq_port[NR_VIRQS - 1].port, 3);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_TIMER, 2, &p), OK);
    assert_int_equal(p.port, 1);
}

static void raising(void **state)
{
    struct domain *d = dom(0);
    port_t debug, exc;
    evtchn_raise_virq(&world_vcpu[0][0], VIRQ_DEBUG); /* nobody cares */
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_int_equal(injected(0), 0);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_DEBUG, 0, &debug), OK);
    assert_int_equal(evtchn_bind_virq(d, VIRQ_DOM_EXC, 0, &exc), OK);
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_true(consume(0, exc.port));
    assert_false(consume(0, debug.port));
    evtchn_raise_virq(&world_vcpu[0][0], VIRQ_DEBUG);
    assert_true(consume(0, debug.port));
    assert_false(consume(0, exc.port));
    evtchn_raise_virq(&world_vcpu[0][1], VIRQ_DEBUG); /* bound on vCPU 0 only */
    assert_false(consume(0, debug.port));
    assert_int_equal(world_injected[0][0], 1);
}

static void a_global_one_follows_its_port(void **state)
{
    struct domain *d = dom(0);
    port_t exc;
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[0][3], world_gfn(0), 0), OK);
    memset(world_ram(0, 0), 0, 64);
    world_injected[0][3] = 0;
    assert_int_equal(evtchn_bind_virq(d, VIRQ_DOM_EXC, 0, &exc), OK);
    assert_int_equal(evtchn_bind_vcpu(d, exc, 3), OK);
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_int_equal(world_injected[0][3], 1);
    assert_int_equal(injected(0), 1);
    assert_int_equal(evtchn_close(d, exc), OK);
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_int_equal(injected(0), 1);
}

static void a_stale_port_is_not_raised(void **state)
{
    struct domain *d = dom(0);
    port_t exc;
    assert_int_equal(evtchn_bind_virq(d, VIRQ_DOM_EXC, 0, &exc), OK);
    assert_int_equal(evtchn_close(d, exc), OK);
    world_vcpu[0][0].virq_port[VIRQ_DOM_EXC] = exc; /* as read a moment before */
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_false(consume(0, exc.port));
    assert_int_equal(new_ipi(d, 0), exc.port);
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_false(consume(0, exc.port));
    assert_int_equal(evtchn_close(d, exc), OK);
    port_t other;
    assert_int_equal(evtchn_bind_virq(d, VIRQ_CONSOLE, 0, &other), OK);
    assert_int_equal(other.port, exc.port);
    evtchn_raise_global_virq(d, VIRQ_DOM_EXC);
    assert_false(consume(0, exc.port));
    world_vcpu[0][0].virq_port[VIRQ_DOM_EXC].port = 0;
}

static void before_there_are_vcpus(void **state)
{
    evtchn_raise_global_virq(NULL, VIRQ_DOM_EXC);
    world_vcpus[0][0] = NULL;
    evtchn_raise_global_virq(dom(0), VIRQ_DOM_EXC);
    dom(0)->max_vcpus = 0;
    evtchn_raise_global_virq(dom(0), VIRQ_DOM_EXC);
    dom(0)->max_vcpus = 1;
    port_t exc;
    world_vcpus[0][0] = &world_vcpu[0][0];
    assert_int_equal(evtchn_bind_virq(dom(0), VIRQ_DOM_EXC, 0, &exc), OK);
    assert_int_equal(injected(0), 0);
    evtchn_raise_global_virq(dom(0), VIRQ_DOM_EXC);
    assert_int_equal(injected(0), 1);
    dom(0)->max_vcpus = WORLD_VCPUS;
    world_injected[0][0] = 0;
    world_vcpus[0][0] = &world_vcpu[0][0];
    assert_int_equal(injected(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(which_are_global),
        TEST(binding),
        TEST(raising),
        TEST(a_global_one_follows_its_port),
        TEST(a_stale_port_is_not_raised),
        TEST(before_there_are_vcpus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
