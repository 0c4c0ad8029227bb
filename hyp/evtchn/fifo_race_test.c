/* SPDX-License-Identifier: MIT */
/* FIFO delivery while others are at it: from 2-level, against the guest, with other senders, at
 * random. */
#include "evtchn/door_test.h"

/* --- from 2-level, and before there is a page --- */

static void pending_bits_move_over(void **state)
{
    struct domain *d = dom(1);
    for (u32 i = 1; i <= 1300; i++) {
        (void)new_ipi(d, 0);
    }
    u8 link_bits;
    send(3);
    send(1200);
    bitmap_set(world_shared(1)->evtchn_pending, 1301); /* nobody's */
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][0], world_gfn(1), 0), OK);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    send(5); /* no word for it yet */
    send(1300);
    assert_true(evtchn_is_port_pending(d, (port_t){5}));
    assert_true(evtchn_is_port_pending(d, (port_t){1300}));
    assert_int_equal(evtchn_unmask(d, (port_t){5}), OK);
    assert_int_equal(control_of(0)->ready, 0);
    u32 cursor = 0;
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor), E_RESTART);
    do {
        assert_in_range(cursor, 1, 1023);
    } while (evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor) == E_RESTART);
    assert_int_equal(control_of(0)->head[7], 3);
    assert_int_equal(*word_at(3), WORD_PENDING | WORD_LINKED | 5);
    assert_int_equal(*word_at(5), WORD_PENDING | WORD_LINKED);
    cursor = 0;
    while (evtchn_expand_array(d, world_gfn(ARRAY_PAGE + 1), &cursor) == E_RESTART) {
        assert_in_range(cursor, 1025, 2047);
    }
    assert_int_equal(d->evtchn->fifo == NULL, false);
    take_all(0);
    assert_int_equal(nr_order, 4);
    assert_int_equal(order[2], 1200);
    assert_int_equal(order[3], 1300);
    assert_int_equal(*word_at(1301), 0);
}

/* The bitmap has 4096 bits; what lies behind is another one. */
static void port_4096_was_never_in_the_bitmap(void **state)
{
    struct domain *d = dom(1);
    guest_boot(1, 4);
    for (u32 i = 1; i <= 4096; i++) {
        (void)new_ipi(d, 0);
    }
    memset(world_shared(1)->evtchn_mask, 0xff, sizeof(world_shared(1)->evtchn_mask));
    u32 cursor = 0;
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE + 4), &cursor), OK);
    assert_int_equal(*word_at(4096), 0);
    assert_int_equal(control_of(0)->ready, 0);
}

static void closing_forgets_an_early_event(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0;
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    u32 a = new_ipi(d, 0);
    send(a);
    assert_int_equal(evtchn_close(d, (port_t){a}), OK);
    assert_int_equal(new_ipi(d, 0), a);
    assert_false(evtchn_is_port_pending(d, (port_t){a}));
    assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor), OK);
    assert_int_equal(*word_at(a), 0);
}

static void many_early_events_take_several_stays(void **state)
{
    struct domain *d = dom(1);
    u8 link_bits;
    u32 cursor = 0, stays = 1;
    assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][0], world_gfn(1), 0), OK);
    assert_int_equal(evtchn_init_control(d, 0, world_gfn(0), 0, &link_bits), OK);
    for (u32 i = 1; i < 1024; i++) {
        (void)new_ipi(d, 0);
        send(i);
    }
    while (evtchn_expand_array(d, world_gfn(ARRAY_PAGE), &cursor) == E_RESTART) {
        stays++;
        accesses = 0;
    }
    assert_int_equal(stays, 1023 / 31); /* 31 raised in each */
    for (u32 i = 1; i < 1024; i++) {
        assert_int_equal(*word_at(i), WORD_PENDING | WORD_LINKED | (i == 1023 ? 0 : i + 1));
    }
}

/* --- a guest that does not keep to the rules --- */

static u32 flap_port, flaps_left;

static void flap(void)
{
    if (flaps_left > 0) {
        flaps_left--;
        *word_at(flap_port) ^= WORD_MASKED;
    }
}

static void a_word_that_keeps_changing(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    /* For a while: BUSY tells the guest to stop, and it is linked. */
    static const u32 durations[] = {5, 12, 40};
    for (u32 i = 0; i < ARRAY_LEN(durations); i++) {
        send(a);
        flap_port = a;
        flaps_left = durations[i];
        between = flap;
        send(b);
        between = NULL;
        assert_int_equal(flaps_left, 0);
        assert_int_equal(*word_at(a) & ~WORD_MASKED, WORD_PENDING | WORD_LINKED | b);
        *word_at(a) &= ~WORD_MASKED;
        take_all(0);
        assert_int_equal(*word_at(a), 0);
        assert_int_equal(*word_at(b), 0);
    }
    assert_int_equal(nr_order, 6);
    /* For ever: the event is lost, nobody else's is. */
    send(a);
    flaps_left = ~0u;
    between = flap;
    accesses = 0;
    send(b);
    between = NULL;
    assert_in_range(accesses, 60, 120);
    assert_int_equal(*word_at(a) & ~WORD_MASKED, WORD_PENDING | WORD_LINKED);
    assert_true(world_said("port 2 not linked"));
    *word_at(a) &= ~WORD_MASKED;
    take_all(0);
    assert_int_equal(nr_order, 7);
    assert_int_equal(*word_at(a), 0);
}

static u32 unlink_after;

static void unlink(void)
{
    if (unlink_after-- == 0) {
        *word_at(flap_port) &= ~(WORD_LINKED | WORD_LINK);
    } else {
        *word_at(flap_port) ^= WORD_MASKED;
    }
}

/* The tail leaves the queue while it is BUSY: the queue is empty, BUSY goes. */
static void a_tail_that_leaves_while_busy(void **state)
{
    u32 busy_seen = 0;
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    u32 b = new_ipi(dom(1), 0);
    for (u32 after = 0; after < 20; after++) {
        memset(world_ram(1, ARRAY_PAGE), 0, PAGE_SIZE);
        send(a);
        flap_port = a;
        unlink_after = after;
        between = unlink;
        send(b);
        between = NULL;
        u32 word = *word_at(a);
        assert_int_equal(word & (WORD_BUSY | WORD_LINKED | WORD_LINK), 0);
        assert_int_equal(control_of(0)->head[7], b);
        assert_int_equal(*word_at(b), WORD_PENDING | WORD_LINKED);
        busy_seen++;
    }
    assert_int_equal(busy_seen, 20);
}

static u32 set_at;

static void set_linked(void)
{
    if (set_at-- == 0) {
        *word_at(flap_port) |= WORD_LINKED;
    }
}

static void a_guest_that_links_by_itself_loses_its_own(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    flap_port = a;
    set_at = 3; /* before LINKED is set, after the last look */
    between = set_linked;
    send(a);
    between = NULL;
    assert_int_equal(control_of(0)->ready, 0);
    assert_int_equal(control_of(0)->head[7], 0);
    *word_at(a) = 0;
    send(a);
    assert_int_equal(control_of(0)->head[7], a);
}

/* --- two senders --- */

static u32 other_sender;
static u32 when;
static bool other_sent;

static void other_sends(void)
{
    if (when-- == 0 && locks_held == 0) {
        other_sent = true;
        between = NULL;
        send(other_sender);
    }
}

/* Another CPU sends the same event, or another one, at each point where no lock is held. */
static void two_senders(void **state)
{
    guest_boot(1, 1);
    u32 to_a, points = 0;
    u32 a = new_movable(0, &to_a);
    u32 b = new_ipi(dom(1), 0);
    for (u32 i = 0; i < 24; i++) {
        nr_order = 0;
        other_sender = i % 2 != 0 ? to_a : b;
        other_sent = false;
        when = i / 2;
        between = other_sends;
        send(to_a);
        between = NULL;
        take_all(0);
        points += other_sent;
        assert_int_equal(nr_order, other_sent && other_sender == b ? 2 : 1);
        assert_int_equal(*word_at(a), 0);
        assert_int_equal(*word_at(b), 0);
        assert_int_equal(control_of(0)->ready, 0);
    }
    assert_true(points >= 6);
}

static void other_delivers(void)
{
    before_lock = NULL;
    *word_at(other_sender) &= ~WORD_PENDING; /* a new event, as if ours were not there yet */
    send(other_sender);
    take_all(0);
}

/* Somebody else linked it, and the guest has taken it, PENDING of ours included. */
static void an_event_that_is_gone_already(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    other_sender = a;
    before_lock = other_delivers;
    send(a);
    assert_int_equal(nr_order, 1);
    assert_int_equal(*word_at(a), 0);
    assert_int_equal(control_of(0)->ready, 0);
    assert_int_equal(world_injected[1][0], 1);
}

static u32 moves_left;
static struct evtchn *moved;

static void move_it(void)
{
    if (moves_left > 0) {
        moves_left--;
        moved->fifo_last = 8 + moves_left; /* at last where it really was: queue 7 of vCPU 0 */
    }
}

/* Others link the port each time we look which queue it was in last: we look again, and then leave
 * it to them. */
static void a_port_that_keeps_moving(void **state)
{
    guest_boot(1, 1);
    u32 a = new_ipi(dom(1), 0);
    moved = port_find(dom(1)->evtchn, a);
    before_lock = move_it;
    for (u32 moves = 0; moves < 4; moves++) {
        moves_left = moves;
        moved->fifo_last = moves == 0 ? moved->fifo_last : 8 + moves;
        send(a);
        assert_int_equal(moves_left, 0);
        take_all(0);
        assert_int_equal(nr_order, moves + 1);
    }
    moves_left = 4;
    moved->fifo_last = 8 + 4;
    send(a);
    assert_int_equal(moves_left, 0);
    assert_int_equal(*word_at(a), WORD_PENDING);
    take_all(0);
    assert_int_equal(nr_order, 4);
    before_lock = NULL;
    *word_at(a) = 0;
}

/* --- all at random --- */

#define PORTS 12u

static u64 seed;
static u32 port_of[PORTS], sender_of[PORTS];
static bool outstanding[PORTS];
static u32 handled[PORTS], sent[PORTS], set[PORTS];
static bool to_unmask[PORTS];
static bool nested;

static u32 random_below(u32 n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)((seed >> 33) % n);
}

static u32 index_of(u32 port)
{
    for (u32 i = 0; i < PORTS; i++) {
        if (port_of[i] == port) {
            return i;
        }
    }
    fail();
    return 0;
}

static void count(struct taker *t, u32 port)
{
    u32 i = index_of(port);
    assert_true(outstanding[i]); /* else an event that nobody sent */
    outstanding[i] = false;
    handled[i]++;
    if (random_below(4) == 0) {
        (void)atomic_or(word_at(port), WORD_MASKED);
        to_unmask[i] = true;
    }
}

static void now_pending(u32 port)
{
    u32 i = index_of(port);
    outstanding[i] = true;
    set[i]++;
}

static void send_random(void)
{
    u32 i = random_below(PORTS);
    sent[i]++;
    send(sender_of[i]);
}

static void change_random(void)
{
    u32 i = random_below(PORTS);
    switch (random_below(3)) {
    case 0:
        set_priority(port_of[i], 6 + random_below(3));
        break;
    case 1:
        assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){port_of[i]}, random_below(WORLD_VCPUS)),
                         OK);
        break;
    default:
        if (to_unmask[i]) {
            to_unmask[i] = false;
            if (!guest_try_unmask(port_of[i])) {
                assert_int_equal(evtchn_unmask(dom(1), (port_t){port_of[i]}), OK);
            }
        }
        break;
    }
}

/* Between two accesses of the hypervisor's: the guest takes some steps; another CPU sends or
 * changes something. */
static void anything(void)
{
    for (u32 n = random_below(4); n > 0; n--) {
        (void)taker_step(&taker[random_below(WORLD_VCPUS)]);
    }
    if (locks_held == 0 && !nested && random_below(3) == 0) {
        nested = true;
        if (random_below(3) == 0) {
            change_random();
        } else {
            send_random();
        }
        nested = false;
    }
}

static void run_random(u64 with_seed)
{
    seed = with_seed;
    memset(to_unmask, 0, sizeof(to_unmask));
    between = anything;
    before_lock = anything;
    for (u32 n = 0; n < 600; n++) {
        if (random_below(4) == 0) {
            change_random();
        } else {
            send_random();
        }
        for (u32 k = random_below(12); k > 0; k--) {
            (void)taker_step(&taker[random_below(WORLD_VCPUS)]);
        }
    }
    between = NULL;
    before_lock = NULL;
    /* All that was sent comes, with nothing but the interrupts that were injected. */
    for (u32 round = 0; round < 4; round++) {
        for (u32 v = 0; v < WORLD_VCPUS; v++) {
            take_all(v);
        }
        for (u32 i = 0; i < PORTS; i++) {
            to_unmask[i] = false;
            if (!guest_try_unmask(port_of[i])) {
                assert_int_equal(evtchn_unmask(dom(1), (port_t){port_of[i]}), OK);
            }
            take_all(0), take_all(1), take_all(2), take_all(3);
        }
    }
    for (u32 i = 0; i < PORTS; i++) {
        (void)guest_try_unmask(port_of[i]);
        assert_false(outstanding[i]);
        assert_int_equal(*word_at(port_of[i]) & ~WORD_MASKED, 0);
        assert_true(handled[i] <= set[i] && set[i] <= sent[i]);
    }
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        assert_int_equal(control_of(v)->ready, 0);
        assert_int_equal(taker[v].phase, TAKER_IDLE);
    }
}

static void each_event_exactly_once(void **state)
{
    guest_boot(WORLD_VCPUS, 1);
    memset(handled, 0, sizeof(handled));
    memset(sent, 0, sizeof(sent));
    memset(set, 0, sizeof(set));
    memset(outstanding, 0, sizeof(outstanding));
    for (u32 i = 0; i < PORTS; i++) {
        port_of[i] = new_movable(i % WORLD_VCPUS, &sender_of[i]);
    }
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        taker[v].handle = count;
    }
    on_pending = now_pending;
    for (u64 s = 1; s <= 400; s++) {
        run_random(s);
    }
    u32 all = 0;
    for (u32 i = 0; i < PORTS; i++) {
        all += handled[i];
    }
    assert_true(all > 50000);
    assert_false(world_said("not linked"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIFO_TEST(pending_bits_move_over),
        FIFO_TEST(port_4096_was_never_in_the_bitmap),
        FIFO_TEST(closing_forgets_an_early_event),
        FIFO_TEST(many_early_events_take_several_stays),
        FIFO_TEST(a_word_that_keeps_changing),
        FIFO_TEST(a_tail_that_leaves_while_busy),
        FIFO_TEST(a_guest_that_links_by_itself_loses_its_own),
        FIFO_TEST(two_senders),
        FIFO_TEST(an_event_that_is_gone_already),
        FIFO_TEST(a_port_that_keeps_moving),
        FIFO_TEST(each_event_exactly_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
