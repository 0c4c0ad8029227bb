/* SPDX-License-Identifier: MIT */
/* FIFO delivery, one thing at a time. */
#include "evtchn/door_test.h"

/* --- setting up --- */

static void control_blocks(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits = 0;
    assert_int_equal(evtchn_init_control(d, WORLD_VCPUS, world_gfn(0), 0, &link_bits), E_NOENT);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 4096 - 72 + 8, &link_bits), E_INVAL);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), ~7u, &link_bits), E_INVAL);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 4, &link_bits), E_INVAL);
    assert_int_equal(evtchn_init_control(d, 0, (gfn_t){WORLD_NOWHERE}, 0, &link_bits), E_INVAL);
    for (u32 allocations = 0; allocations < 2; allocations++) {
        world_fail_after(allocations);
        assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), E_NOMEM);
        world_fail_after(~0u);
        assert_ptr_equal(d->evtchn->abi, &evtchn_two_level);
        assert_null(d->evtchn->fifo);
    }
    assert_int_equal(evtchn_init_control(d, 1, world_gfn(0), 4096 - 72, &link_bits), OK);
    assert_int_equal(link_bits, 17);
    assert_ptr_equal(d->evtchn->abi, &evtchn_fifo_abi);
    assert_int_equal(evtchn_init_control(d, 1, world_gfn(1), 0, &link_bits), E_INVAL); /* once */
    world_fail_after(0);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), E_NOMEM);
    world_fail_after(~0u);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    assert_int_equal(world_frame(1, 0)->refs, FRAME_OWNED + 2);
    assert_int_equal(world_frame(1, 1)->refs, FRAME_OWNED);
}

static void the_array_grows(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0;
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    world_fail_after(0);
    assert_int_equal(evtchn_expand_array(d, world_gfn(2), &cursor), E_NOMEM);
    world_fail_after(~0u);
    cursor = 0;
    assert_int_equal(evtchn_expand_array(d, (gfn_t){WORLD_NOWHERE}, &cursor), E_INVAL);
    for (u32 i = 0; i < 128; i++) {
        cursor = 0;
        assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE + i), &cursor), OK);
    }
    cursor = 0;
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE + 128), &cursor), E_NOSPC);
    assert_int_equal(world_frame(1, ARRAY_PAGE + 127)->refs, FRAME_OWNED + 1);
    assert_int_equal(world_frame(1, ARRAY_PAGE + 128)->refs, FRAME_OWNED);
}

static void all_131071_ports(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    guest_boot(1, 128);
    for (u32 i = 1; i < 131072; i++) {
        assert_int_equal(evtchn_bind_ipi(d, 0, &p), OK);
        assert_int_equal(p.port, i);
    }
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    static const u32 some[] = {1, 1023, 1024, 8191, 8192, 65536, 131070, 131071};
    for (u32 i = 0; i < ARRAY_LEN(some); i++) {
        send(some[i]);
        assert_true(evtchn_is_port_pending(d, (port_t){some[i]}));
        assert_int_equal(*word_at(some[i]) & ~WORD_LINK, WORD_PENDING | WORD_LINKED);
    }
    take_all(0);
    assert_int_equal(nr_order, ARRAY_LEN(some));
    assert_memory_equal(order, some, sizeof(some));
    world_log_bytes = 0;
}

/* --- one event --- */

static void the_words_of_one_event(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    u32 c = new_ipi(dom(1), 0);
    struct xen_evtchn_fifo_control_block *block = control_of(0);
    send(b);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED);
    assert_int_equal(block->head[7], b);
    assert_int_equal(block->ready, 1 << 7);
    assert_int_equal(info_of(0)->evtchn_upcall_pending, 1);
    assert_int_equal(world_injected[1][0], 1);
    send(a);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED | a);
    assert_int_equal(block->head[7], b);
    send(b); /* pending already */
    send(c);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED | a);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED | c);
    assert_int_equal(*word_at(c), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 1);
    take_all(0);
    assert_int_equal(nr_order, 3);
    assert_int_equal(order[0], b);
    assert_int_equal(order[1], a);
    assert_int_equal(order[2], c);
    for (u32 i = 1; i < 1024; i++) {
        assert_int_equal(*word_at(i), 0);
    }
    assert_int_equal(block->ready, 0);
    /* The tail has left the queue: the next event is a new head, also for the tail itself. */
    send(c);
    assert_int_equal(block->head[7], c);
    assert_int_equal(*word_at(c), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 2);
    take_all(0);
    send(a);
    assert_int_equal(block->head[7], a);
    assert_int_equal(*word_at(c), 0);
    take_all(0);
    assert_int_equal(nr_order, 5);
}

static void sending_again_costs_little(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    send(a);
    accesses = 0;
    send(a);
    assert_int_equal(accesses, 1); /* a look at the word */
}

static void priorities_come_in_order(void **state)
{
    guest_boot(1, 1);
    u32 port[16];
    for (u32 i = 0; i < 16; i++) {
        port[i] = new_ipi(dom(1), 0);
        set_priority(port[i], 15 - i);
    }
    for (u32 i = 0; i < 16; i++) {
        send(port[i]);
        assert_int_equal(control_of(0)->head[15 - i], port[i]);
    }
    assert_int_equal(control_of(0)->ready, 0xffff);
    take_all(0);
    assert_int_equal(nr_order, 16);
    for (u32 i = 0; i < 16; i++) {
        assert_int_equal(order[i], port[15 - i]);
    }
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){port[0]}, 16), E_INVAL);
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){100}, 1), E_ACCES);
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){500}, 1), E_INVAL);
    /* A new user starts at 7. */
    assert_int_equal(evtchn_close(dom(1), (port_t){port[0]}), OK);
    assert_int_equal(new_ipi(dom(1), 0), port[0]);
    send(port[0]);
    assert_int_equal(control_of(0)->head[7], port[0]);
    take_all(0);
}

static void masked_ports_wait(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    *word_at(a) = WORD_MASKED;
    send(a);
    assert_int_equal(*word_at(a), WORD_MASKED | WORD_PENDING);
    assert_int_equal(injected(1), 0);
    assert_true(evtchn_fifo_abi.is_masked(dom(1), a));
    assert_int_equal(evtchn_unmask(dom(1), (port_t){a}), OK);
    assert_int_equal(*word_at(a), WORD_LINKED | WORD_PENDING);
    assert_false(evtchn_fifo_abi.is_masked(dom(1), a));
    assert_int_equal(injected(1), 1);
    assert_int_equal(evtchn_unmask(dom(1), (port_t){a}), OK); /* is linked already */
    take_all(0);
    assert_int_equal(nr_order, 1);
    *word_at(a) = WORD_MASKED;
    assert_int_equal(evtchn_unmask(dom(1), (port_t){a}), OK);
    assert_int_equal(*word_at(a), 0);
    assert_int_equal(injected(1), 1);
    /* No word yet. */
    assert_true(evtchn_fifo_abi.is_masked(dom(1), 5000));
    assert_false(evtchn_fifo_abi.is_busy(dom(1), 5000));
}

static void pollers_wake(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    *word_at(a) = WORD_MASKED;
    evtchn_poll_begin(&world_vcpu[1][0], a);
    send(a);
    assert_true(evtchn_poll_end(&world_vcpu[1][0]));
    evtchn_poll_begin(&world_vcpu[1][0], a);
    send(a); /* was pending */
    assert_false(evtchn_poll_end(&world_vcpu[1][0]));
}

static void without_a_control_block_nothing_is_linked(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 1);
    send(a);
    assert_int_equal(*word_at(a), WORD_PENDING);
    assert_int_equal(injected(1), 0);
    world_vcpus[1][0] = NULL;
    u32 b = new_ipi(dom(1), 1);
    port_set_word(port_find(dom(1)->evtchn, b), word_make(PORT_IPI, 7, 0, 0, (domid_t){1}));
    send(b);
    world_vcpus[1][0] = &world_vcpu[1][0];
    assert_int_equal(*word_at(b), WORD_PENDING);
}

/* --- changes of queue --- */

static void a_queue_forgets_a_tail_that_moved(void **state)
{
    guest_boot(2, 1);
    u32 to_a;
    u32 a = new_movable(0, &to_a);
    u32 b = new_ipi(dom(1), 0);
    send(to_a);
    take_all(0);
    assert_int_equal(nr_order, 1);
    /* a is the tail that queue 7 of vCPU 0 remembers. Linked in another one it must not be appended
     * to. */
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){a}, 1), OK);
    send(to_a);
    assert_int_equal(control_of(1)->head[7], a);
    assert_int_equal(world_injected[1][1], 1);
    send(b);
    assert_int_equal(control_of(0)->head[7], b);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 2);
    take_all(1);
    take_all(0);
    assert_int_equal(nr_order, 3);
    assert_int_equal(order[1], a);
    assert_int_equal(order[2], b);
    /* The same between two priorities of one vCPU. */
    set_priority(b, 3);
    send(b);
    u32 c = new_ipi(dom(1), 0);
    send(c);
    assert_int_equal(control_of(0)->head[3], b);
    assert_int_equal(control_of(0)->head[7], c);
    assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED);
    take_all(0);
    assert_int_equal(nr_order, 5);
}

/* The same for the first queue of all. */
static void queue_0_of_vcpu_0_too(void **state)
{
    guest_boot(2, 1);
    u32 to_a;
    u32 a = new_movable(0, &to_a);
    u32 b = new_ipi(dom(1), 0);
    set_priority(a, 0);
    set_priority(b, 0);
    send(to_a);
    take_all(0);
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){a}, 1), OK);
    send(to_a);
    send(b);
    assert_int_equal(control_of(0)->head[0], b);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED);
    take_all(0);
    take_all(1);
    assert_int_equal(nr_order, 3);
}

/* As when records of two moments were loaded: linked behind itself nobody would hear of it. */
static void a_tail_whose_port_forgot_it(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    send(a);
    take_all(0);
    port_find(dom(1)->evtchn, a)->fifo_last = 0;
    send(a);
    assert_int_equal(control_of(0)->head[7], a);
    assert_int_equal(*word_at(a), WORD_PENDING | WORD_LINKED);
    assert_int_equal(world_injected[1][0], 2);
    take_all(0);
    assert_int_equal(nr_order, 2);
}

static void a_linked_port_stays_where_it_is(void **state)
{
    guest_boot(2, 1);
    u32 to_a;
    u32 a = new_movable(0, &to_a);
    send(to_a);
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){a}, 1), OK);
    set_priority(a, 1);
    send(to_a);
    assert_int_equal(control_of(1)->ready, 0);
    assert_int_equal(world_injected[1][1], 0);
    take_all(0);
    assert_int_equal(nr_order, 1);
    send(to_a);
    assert_int_equal(control_of(1)->head[1], a);
    take_all(1);
    assert_int_equal(nr_order, 2);
}

static void a_port_that_is_still_linked_is_not_given_again(void **state)
{
    struct domain *d = dom(1);
    guest_boot(1, 1);
    u32 a = new_ipi(d, 0);
    u32 b = new_ipi(d, 0);
    send(a);
    assert_int_equal(evtchn_close(d, (port_t){a}), OK);
    assert_int_equal(*word_at(a), WORD_LINKED);
    assert_true(evtchn_fifo_abi.is_busy(d, a));
    u32 c = new_ipi(d, 0);
    assert_int_equal(c, 3);
    assert_int_equal(b, 2);
    take_all(0);
    assert_int_equal(nr_order, 0);
    assert_false(evtchn_fifo_abi.is_busy(d, a));
    u32 e = new_ipi(d, 0);
    assert_int_equal(e, 4); /* the search is past it ... */
    for (u32 i = 5; i < 128; i++) {
        assert_int_equal(new_ipi(d, 0), i);
    }
    d->evtchn->max_port = 127;
    assert_int_equal(new_ipi(d, 0), a); /* ... and comes back at the end */
    send(a);
    take_all(0);
    assert_int_equal(nr_order, 1);
}

static void with_all_of_them_linked_there_is_no_port(void **state)
{
    struct domain *d = dom(1);
    port_t p;
    guest_boot(1, 1);
    d->evtchn->max_port = 20;
    for (u32 i = 1; i <= 20; i++) {
        (void)new_ipi(d, 0);
        *word_at(i) = WORD_LINKED;
        if (i % 2 == 0) {
            assert_int_equal(evtchn_close(d, (port_t){i}), OK);
        }
    }
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    }
    *word_at(8) = 0;
    assert_int_equal(new_ipi(d, 0), 8);
    assert_int_equal(evtchn_bind_ipi(d, 0, &p), E_NOSPC);
    *word_at(4) = 0;
    *word_at(2) = 0;
    assert_int_equal(new_ipi(d, 0), 2);
    assert_int_equal(new_ipi(d, 0), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIFO_TEST(control_blocks),
        FIFO_TEST(the_array_grows),
        FIFO_TEST(all_131071_ports),
        FIFO_TEST(the_words_of_one_event),
        FIFO_TEST(sending_again_costs_little),
        FIFO_TEST(priorities_come_in_order),
        FIFO_TEST(masked_ports_wait),
        FIFO_TEST(pollers_wake),
        FIFO_TEST(without_a_control_block_nothing_is_linked),
        FIFO_TEST(a_queue_forgets_a_tail_that_moved),
        FIFO_TEST(queue_0_of_vcpu_0_too),
        FIFO_TEST(a_tail_whose_port_forgot_it),
        FIFO_TEST(a_linked_port_stays_where_it_is),
        FIFO_TEST(a_port_that_is_still_linked_is_not_given_again),
        FIFO_TEST(with_all_of_them_linked_there_is_no_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
