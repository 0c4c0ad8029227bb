/* SPDX-License-Identifier: MIT */
#include "evtchn/fixture_test.h"

static struct xen_vcpu_info *info(u32 domain, u32 page, u32 offset)
{
    return (struct xen_vcpu_info *)(world_ram(domain, page) + offset);
}

static void the_first_one_moves_with_its_events(void **state)
{
    struct vcpu *v = &world_vcpu[1][0];
    struct xen_vcpu_info *old = &world_shared(1)->vcpu_info[0];
    u32 port = new_ipi(dom(1), 0);
    old->time.system_time = 1234;
    assert_false(evtchn_upcall_pending(v));
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
    assert_int_equal(injected(1), 1);
    assert_true(evtchn_upcall_pending(v));

    memset(world_ram(1, 5), 0xee, PAGE_SIZE);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(5), 4048), OK);
    struct xen_vcpu_info *new = info(1, 5, 4048);
    assert_int_equal(new->evtchn_upcall_pending, 1);
    assert_true(new->evtchn_pending_sel == ~0ULL);
    assert_int_equal(new->time.system_time, 1234);
    assert_int_equal(world_ram(1, 5)[4047], 0xee);
    assert_int_equal(injected(1), 1); /* was told already */

    new->evtchn_upcall_pending = 0;
    new->evtchn_pending_sel = 0;
    assert_false(evtchn_upcall_pending(v));
    (void)consume(1, port);
    old->evtchn_upcall_pending = 0;
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
    assert_int_equal(new->evtchn_upcall_pending, 1);
    assert_int_equal(new->evtchn_pending_sel, 1);
    assert_int_equal(old->evtchn_upcall_pending, 0);
    assert_int_equal(injected(1), 2);
}

static void a_later_one_starts_with_everything_pending(void **state)
{
    struct vcpu *v = &world_vcpu[1][2];
    u32 port = new_ipi(dom(1), 2);
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
    assert_int_equal(injected(1), 0);
    assert_false(evtchn_upcall_pending(v));
    memset(world_ram(1, 5), 0xee, PAGE_SIZE);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(5), 8), OK);
    struct xen_vcpu_info *new = info(1, 5, 8);
    assert_int_equal(new->evtchn_upcall_pending, 1);
    assert_true(new->evtchn_pending_sel == ~0ULL);
    assert_int_equal(new->time.system_time, 0);
    assert_int_equal(world_ram(1, 5)[7], 0xee);
    assert_int_equal(world_ram(1, 5)[8 + 48], 0xee);
    assert_int_equal(world_injected[1][2], 1);
    assert_int_equal(injected(1), 1);
    assert_true(evtchn_upcall_pending(v));
}

static void registering_is_refused(void **state)
{
    struct vcpu *v = &world_vcpu[1][1];
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(0), 4096 - 48 + 8), E_NXIO);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(0), ~0u & ~7u), E_NXIO);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(0), 4), E_NXIO);
    assert_int_equal(evtchn_register_vcpu_info(v, (gfn_t){WORLD_NOWHERE}, 0), E_INVAL);
    world_fail_after(0);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(0), 0), E_NOMEM);
    world_fail_after(~0u);
    assert_null(v->info_page);
    assert_int_equal(injected(1), 0);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(0), 4096 - 48), OK);
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(1), 0), E_INVAL); /* once */
    assert_int_equal(v->info_offset, 4096 - 48);
    assert_int_equal(world_frame(1, 1)->refs, FRAME_OWNED);
}

static void the_interrupt_is_made_good(void **state)
{
    struct vcpu *v = &world_vcpu[1][0];
    evtchn_work(v);
    assert_int_equal(injected(1), 0);
    world_shared(1)->vcpu_info[0].evtchn_upcall_pending = 1;
    evtchn_work(v);
    assert_int_equal(world_injected[1][0], 1);
    evtchn_work(&world_vcpu[1][1]); /* has no place */
    assert_int_equal(injected(1), 1);
}

static void leaving_waits_for_senders(void **state)
{
    struct vcpu *v = &world_vcpu[1][0];
    assert_int_equal(evtchn_register_vcpu_info(v, world_gfn(5), 0), OK);
    assert_int_equal(world_frame(1, 5)->refs, FRAME_OWNED + 1);
    evtchn_destroy_vcpu(v);
    assert_null(v->info_page);
    assert_int_equal(world_nr_deferred, 1);
    assert_int_equal(world_frame(1, 5)->refs, FRAME_OWNED + 1);
    world_rcu();
    assert_int_equal(world_frame(1, 5)->refs, FRAME_OWNED);
    evtchn_destroy_vcpu(v);
    assert_int_equal(world_nr_deferred, 0);
    /* Its events go to the shared page again. */
    world_shared(1)->vcpu_info[0].evtchn_upcall_pending = 0;
    world_shared(1)->vcpu_info[0].evtchn_pending_sel = 0;
    u32 port = new_ipi(dom(1), 0);
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
    assert_int_equal(world_shared(1)->vcpu_info[0].evtchn_upcall_pending, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_one_moves_with_its_events),
        TEST(a_later_one_starts_with_everything_pending),
        TEST(registering_is_refused),
        TEST(the_interrupt_is_made_good),
        TEST(leaving_waits_for_senders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
