/* SPDX-License-Identifier: MIT */
#include "evtchn/fixture_test.h"

static void offsets_are_the_abis(void **state)
{
    /* Arm: one vcpu_info of 48 bytes, then the two bitmaps. */
    assert_int_equal(offsetof(struct xen_shared_info, evtchn_pending), 48);
    assert_int_equal(offsetof(struct xen_shared_info, evtchn_mask), 48 + 512);
    for (u32 i = 1; i < 300; i++) {
        (void)new_ipi(dom(1), 0);
    }
    assert_int_equal(evtchn_send(dom(1), (port_t){259}), OK);
    const u8 *page = frame_map(dom(1)->shared_info);
    for (u32 i = 0; i < PAGE_SIZE; i++) {
        u8 expected = i == 0              ? 1               /* upcall pending */
                      : i == 8            ? 1 << (259 / 64) /* selector */
                      : i == 48 + 259 / 8 ? 1 << (259 % 8)  /* pending */
                                          : 0;
        assert_int_equal(page[i], expected);
    }
}

static void an_event_is_told_once(void **state)
{
    struct xen_shared_info *s = world_shared(1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    assert_int_equal(evtchn_send(dom(1), (port_t){a}), OK);
    assert_int_equal(evtchn_send(dom(1), (port_t){a}), OK);
    assert_int_equal(injected(1), 1);
    /* Another port of the same word: the guest has not looked yet. */
    assert_int_equal(evtchn_send(dom(1), (port_t){b}), OK);
    assert_int_equal(injected(1), 1);
    assert_int_equal(s->evtchn_pending[0], 6);
    /* It clears the flag, but not the selector: it will still find it. */
    s->vcpu_info[0].evtchn_upcall_pending = 0;
    assert_true(consume(1, a));
    assert_int_equal(evtchn_send(dom(1), (port_t){a}), OK);
    assert_int_equal(injected(1), 1);
    assert_int_equal(s->vcpu_info[0].evtchn_upcall_pending, 0);
    /* It takes the selector: the next event is news. */
    s->vcpu_info[0].evtchn_pending_sel = 0;
    assert_true(consume(1, a));
    assert_int_equal(evtchn_send(dom(1), (port_t){a}), OK);
    assert_int_equal(injected(1), 2);
    assert_int_equal(s->vcpu_info[0].evtchn_upcall_pending, 1);
    assert_int_equal(s->vcpu_info[0].evtchn_pending_sel, 1);
}

static void a_masked_port_waits(void **state)
{
    struct xen_shared_info *s = world_shared(1);
    u32 port = new_ipi(dom(1), 0);
    bitmap_set(s->evtchn_mask, port);
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
    assert_true(bit_of(s->evtchn_pending, port));
    assert_int_equal(injected(1), 0);
    assert_int_equal(s->vcpu_info[0].evtchn_pending_sel, 0);
    assert_true(evtchn_two_level.is_masked(dom(1), port));

    assert_int_equal(evtchn_unmask(dom(1), (port_t){port}), OK);
    assert_int_equal(injected(1), 1);
    assert_int_equal(s->vcpu_info[0].evtchn_pending_sel, 1);
    assert_false(bit_of(s->evtchn_mask, port));
    assert_false(evtchn_two_level.is_masked(dom(1), port));

    /* Not masked, or nothing pending: nothing. */
    s->vcpu_info[0].evtchn_pending_sel = 0;
    s->vcpu_info[0].evtchn_upcall_pending = 0;
    assert_int_equal(evtchn_unmask(dom(1), (port_t){port}), OK);
    assert_int_equal(injected(1), 1);
    assert_true(consume(1, port));
    bitmap_set(s->evtchn_mask, port);
    assert_int_equal(evtchn_unmask(dom(1), (port_t){port}), OK);
    assert_int_equal(injected(1), 1);
    assert_int_equal(s->evtchn_mask[0], 0);

    /* Of a closed port the mask stays. */
    bitmap_set(s->evtchn_mask, port + 1);
    assert_int_equal(evtchn_unmask(dom(1), (port_t){port + 1}), OK);
    assert_true(bit_of(s->evtchn_mask, port + 1));
}

static void a_vcpu_that_is_not_there(void **state)
{
    u32 there = new_unbound(dom(1), 0);
    u32 here = new_joined(dom(0), dom(1), there);
    world_vcpus[1][0] = NULL;
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_true(consume(1, there));
    assert_int_equal(injected(1), 0);
    world_vcpus[1][0] = &world_vcpu[1][0];
}

static void never_busy(void **state)
{
    assert_int_equal(evtchn_two_level.nr_ports, 4096);
    assert_false(evtchn_two_level.is_busy(dom(1), 1));
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){new_ipi(dom(1), 0)}, 3), E_NOSYS);
    u32 cursor = 0;
    assert_int_equal(evtchn_expand_array(dom(1), world_gfn(0), &cursor), E_OPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(offsets_are_the_abis), TEST(an_event_is_told_once),
        TEST(a_masked_port_waits),  TEST(a_vcpu_that_is_not_there),
        TEST(never_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
