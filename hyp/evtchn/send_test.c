/* SPDX-License-Identifier: MIT */
/* Sending past closes (evtchn/port.h says why these are all), and sched_op poll. */
#include "evtchn/fixture_test.h"

static void a_word_holds_what_it_was_given(void **state)
{
    u64 w = word_make(PORT_INTERDOMAIN, 13, 127, 131071, (domid_t){0x7fef});
    assert_int_equal(word_state(w), PORT_INTERDOMAIN);
    assert_int_equal(word_priority(w), 13);
    assert_int_equal(word_vcpu(w), 127);
    assert_int_equal(word_peer(w), 131071);
    assert_int_equal(word_domid(w).id, 0x7fef);
    w = word_make(PORT_IPI, 15, 1, 1, (domid_t){1});
    assert_int_equal(word_state(w), PORT_IPI);
    assert_int_equal(word_priority(w), 15);
    assert_int_equal(word_vcpu(w), 1);
    assert_int_equal(word_peer(w), 1);
    assert_int_equal(word_domid(w).id, 1);
}

/* The sender has read its word; then the peer closed its port, and gave it to somebody else. */
static void a_stale_send_reaches_nobody(void **state)
{
    u32 there = new_unbound(dom(1), 0);
    u32 here = new_joined(dom(0), dom(1), there);
    struct evtchn *chn = port_find(dom(0)->evtchn, here);
    u64 stale = chn->word;

    /* Closed: nobody's port. */
    assert_int_equal(evtchn_close(dom(1), (port_t){there}), OK);
    port_set_word(chn, stale);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_false(consume(1, there));

    /* An IPI's now. */
    assert_int_equal(new_ipi(dom(1), 0), there);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_false(consume(1, there));
    assert_int_equal(evtchn_close(dom(1), (port_t){there}), OK);

    /* Joined to another port of ours. */
    assert_int_equal(new_unbound(dom(1), 0), there);
    u32 other = new_joined(dom(0), dom(1), there);
    assert_int_not_equal(other, here);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_false(consume(1, there));
    assert_int_equal(evtchn_send(dom(0), (port_t){other}), OK);
    assert_true(consume(1, there));

    /* Joined to the same port of somebody else's. */
    assert_int_equal(evtchn_close(dom(0), (port_t){other}), OK);
    assert_int_equal(evtchn_close(dom(1), (port_t){there}), OK);
    domain_policy_open = true;
    assert_int_equal(new_unbound(dom(1), 2), there);
    assert_int_equal(new_joined(dom(2), dom(1), there), here);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_false(consume(1, there));

    port_set_word(chn, word_make(PORT_UNBOUND, 7, 0, 0, (domid_t){1}));
}

/* The word of one binding and the pointer of the next. */
static void a_torn_read_reaches_nobody(void **state)
{
    u32 there = new_unbound(dom(1), 0);
    u32 here = new_joined(dom(0), dom(1), there);
    (void)new_unbound(dom(2), 0);
    struct evtchn *chn = port_find(dom(0)->evtchn, here);
    chn->peer = dom(2);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_false(consume(2, there));
    assert_false(consume(1, there));
    chn->peer = dom(1);
    assert_int_equal(evtchn_send(dom(0), (port_t){here}), OK);
    assert_true(consume(1, there));
}

static void sending_virqs_is_refused(void **state)
{
    port_t p;
    assert_int_equal(evtchn_bind_virq(dom(1), VIRQ_TIMER, 0, &p), OK);
    assert_int_equal(evtchn_send(dom(1), p), E_INVAL);
    assert_int_equal(evtchn_send(dom(1), (port_t){50}), E_INVAL);
    assert_int_equal(evtchn_send(dom(1), (port_t){50000}), E_INVAL);
}

static void pending_is_seen(void **state)
{
    u32 port = new_ipi(dom(1), 0);
    assert_false(evtchn_is_port_pending(dom(1), (port_t){port}));
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
    assert_true(evtchn_is_port_pending(dom(1), (port_t){port}));
    assert_true(consume(1, port));
    assert_false(evtchn_is_port_pending(dom(1), (port_t){port}));
}

static void polling_ends_with_its_event(void **state)
{
    struct domain *d = dom(1);
    struct vcpu *v = &world_vcpu[1][2];
    u32 a = new_ipi(d, 0);
    u32 b = new_ipi(d, 1);
    assert_false(evtchn_poll_end(v));
    assert_int_equal(d->evtchn->nr_polling, 0);

    evtchn_poll_begin(v, b);
    assert_int_equal(d->evtchn->nr_polling, 1);
    assert_int_equal(evtchn_send(d, (port_t){a}), OK);
    assert_int_equal(world_raised[1][2], 0);
    assert_int_equal(evtchn_send(d, (port_t){b}), OK);
    assert_int_equal(world_raised[1][2], 1 << VCPU_WORK_POLL);
    assert_int_equal(v->poll_state, 2);
    world_raised[1][2] = 0;
    (void)consume(1, b);
    assert_int_equal(evtchn_send(d, (port_t){b}), OK); /* done is done */
    assert_int_equal(world_raised[1][2], 0);
    assert_true(evtchn_poll_end(v));
    assert_int_equal(d->evtchn->nr_polling, 0);
    assert_false(evtchn_poll_end(v));
    assert_int_equal(d->evtchn->nr_polling, 0);

    evtchn_poll_begin(v, a); /* a timeout */
    assert_false(evtchn_poll_end(v));
    assert_int_equal(d->evtchn->nr_polling, 0);
}

static void several_poll(void **state)
{
    struct domain *d = dom(1);
    u32 a = new_ipi(d, 0);
    bitmap_set(world_shared(1)->evtchn_mask, a); /* the usual case */
    evtchn_poll_begin(&world_vcpu[1][1], 0);
    evtchn_poll_begin(&world_vcpu[1][2], a);
    evtchn_poll_begin(&world_vcpu[1][3], a + 1);
    assert_int_equal(d->evtchn->nr_polling, 3);
    world_vcpus[1][0] = NULL;
    assert_int_equal(evtchn_send(d, (port_t){a}), OK);
    world_vcpus[1][0] = &world_vcpu[1][0];
    assert_int_equal(world_raised[1][0], 0);
    assert_int_equal(world_raised[1][1], 1 << VCPU_WORK_POLL);
    assert_int_equal(world_raised[1][2], 1 << VCPU_WORK_POLL);
    assert_int_equal(world_raised[1][3], 0);
    assert_int_equal(injected(1), 0);
    world_raised[1][1] = 0;
    evtchn_poll_begin(&world_vcpu[1][0], 0);
    assert_int_equal(evtchn_send(d, (port_t){a}), OK); /* pending already: nobody is told twice */
    assert_int_equal(world_raised[1][0], 0);
    for (u32 i = 0; i < WORLD_VCPUS; i++) {
        assert_int_equal(evtchn_poll_end(&world_vcpu[1][i]), i == 1 || i == 2);
    }
    assert_int_equal(d->evtchn->nr_polling, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_word_holds_what_it_was_given),
        TEST(a_stale_send_reaches_nobody),
        TEST(a_torn_read_reaches_nobody),
        TEST(sending_virqs_is_refused),
        TEST(pending_is_seen),
        TEST(polling_ends_with_its_event),
        TEST(several_poll),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
