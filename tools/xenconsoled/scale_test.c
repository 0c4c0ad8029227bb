// SPDX-License-Identifier: MIT
// A thousand guests: what a wake, a coming and a going cost is counted in calls, and is the same
#include "xenconsoled/fake_test.h"

#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

static struct consoled d;
static unsigned nr_ptys;

/* Terminals that are numbers: the real ones have their own test. */
int console_pty_open(struct console_pty *pty, struct console_readers *readers)
{
    pty->source.fd = 1000000;
    snprintf(pty->path, sizeof(pty->path), "/dev/pts/%u", nr_ptys++);
    return 0;
}

void console_pty_close(struct console_pty *pty)
{
    pty->source.fd = -1;
}

void console_pty_want(struct console_pty *pty, bool read, bool write)
{
    pty->wants_read = read;
    pty->wants_write = write;
}

size_t console_pty_read(struct console_pty *pty, char *to, size_t max)
{
    return 0;
}

size_t console_pty_write(struct console_pty *pty, const char *from, size_t nr)
{
    return 0;
}

int console_readers_init(struct console_readers *readers, struct loop *loop)
{
    return 0;
}

void console_readers_fini(struct console_readers *readers)
{
}

static int init(void **state)
{
    fake_init();
    memset(&d, 0, sizeof(d));
    d.now_ms = fake_now_ms;
    d.options.log_folder = "/nowhere";
    return consoled_start(&d);
}

static int fini(void **state)
{
    consoled_fini(&d);
    fake_fini();
    return 0;
}

static void guests(uint16_t first, uint16_t end)
{
    char name[16];
    for (uint16_t i = first; i < end; i++) {
        snprintf(name, sizeof(name), "g%u", i);
        fake_guest(i, name);
        fake_introduce(&d);
        assert_non_null(d.guest[i]);
    }
}

/* All calls of a wake of one guest. */
static unsigned wake(uint16_t domid)
{
    memset(&hv_fake.calls, 0, sizeof(hv_fake.calls));
    memset(&store_fake.calls, 0, sizeof(store_fake.calls));
    hv_fake.now_ms += CONSOLE_PACE_MS;
    fake_put(hv_fake.ring[domid], "x");
    fake_raise(fake_port_of(&d, domid, CONSOLE_PRIMARY));
    const int turns = loop_turn(&d.loop, 0);
    assert_int_equal(turns, 1);
    assert_int_equal(loop_turn(&d.loop, 0), 0);
    assert_int_equal(hv_fake.calls.list + hv_fake.calls.map + hv_fake.calls.bind, 0);
    assert_int_equal(store_fake.calls.read + store_fake.calls.commit, 0);
    return hv_fake.calls.next + hv_fake.calls.notify + hv_fake.calls.unmask;
}

static void flat(void **state)
{
    guests(1, 2);
    const unsigned alone = wake(1);
    hv_fake.calls.list = 0;
    guests(2, 3);
    const unsigned lists_of_second = hv_fake.calls.list;
    guests(3, 1001);
    assert_int_equal(d.by_port.nr, 1000);
    assert_int_equal(wake(1), alone);
    assert_int_equal(wake(500), alone);
    assert_int_equal(wake(1000), alone);
    assert_int_equal(alone, 4); /* the event, the end of events, notify, unmask */

    hv_fake.calls.list = 0;
    store_fake.calls.read = store_fake.calls.commit = 0;
    guests(1001, 1002);
    assert_int_equal(hv_fake.calls.list, lists_of_second);
    // Three places to look at, one round trip each, once more for our own tty; one commit
    assert_in_range(store_fake.calls.read, 1, 5);
    assert_int_equal(store_fake.calls.commit, 1);
}

static void idle(void **state)
{
    guests(1, 1001);
    memset(&hv_fake.calls, 0, sizeof(hv_fake.calls));
    for (int i = 0; i < 10; i++) {
        hv_fake.now_ms += 1000;
        assert_int_equal(loop_turn(&d.loop, 0), 0);
    }
    assert_int_equal(hv_fake.calls.next + hv_fake.calls.list + hv_fake.calls.unmask, 0);
    assert_true(TAILQ_EMPTY(&d.pauses));
    // Who has not printed takes no buffer
    for (uint16_t i = 1; i < 1001; i++) {
        assert_null(d.guest[i]->console[CONSOLE_PRIMARY]->tail.at);
    }
}

static void one_leaves(void **state)
{
    guests(1, 1001);
    hv_fake.is_dying[300] = true;
    hv_fake.is_there[700] = false;
    hv_fake.calls.list = 0;
    fake_fire("@releaseDomain");
    fake_turn(&d);
    assert_null(d.guest[300]);
    assert_null(d.guest[700]);
    assert_int_equal(d.by_port.nr, 998);
    assert_int_equal(hv_fake.nr_mapped, 998);
    assert_int_equal(store_fake.nr_watches, 2 + 998 * 3);
    assert_in_range(hv_fake.calls.list, 1, 8); /* 128 domains a call */
    assert_int_equal(wake(999), 4);
}

/* Where the store says who it costs the same, however many there are. */
static void one_of_many_leaves(void **state)
{
    for (uint16_t i = 1; i < FAKE_NR_DOMAINS; i++) {
        hv_fake.unique_id[i] = i;
    }
    guests(1, 1001);
    memset(&hv_fake.calls, 0, sizeof(hv_fake.calls));
    store_fake.calls.read = 0;
    hv_fake.is_dying[300] = true;
    fake_fire("@releaseDomain/300");
    fake_turn(&d);
    assert_null(d.guest[300]);
    assert_int_equal(d.by_port.nr, 999);
    assert_int_equal(hv_fake.calls.list, 0);
    assert_int_equal(hv_fake.calls.state, 1);
    assert_int_equal(store_fake.calls.read, 0);
    fake_guest(1001, "new");
    fake_fire("@introduceDomain/1001");
    fake_turn(&d);
    assert_non_null(d.guest[1001]->console[CONSOLE_PRIMARY]);
    assert_int_equal(hv_fake.calls.list, 0);
    assert_int_equal(hv_fake.calls.state, 2);
}

/* All shout at once: everybody is served, in turn. */
static void all_at_once(void **state)
{
    guests(1, 1001);
    for (uint16_t i = 1; i < 1001; i++) {
        fake_put(hv_fake.ring[i], "shout\n");
        fake_raise(fake_port_of(&d, i, CONSOLE_PRIMARY));
    }
    fake_turn(&d);
    for (uint16_t i = 1; i < 1001; i++) {
        assert_int_equal(console_ring_nr_waiting(hv_fake.ring[i]), 0);
        assert_int_equal(d.guest[i]->console[CONSOLE_PRIMARY]->tail.nr, 6);
    }
}

/* Numbers have come round: a new guest with a lower one is found, too. */
static void numbers_come_round(void **state)
{
    guests(900, 910);
    guests(3, 4);
    assert_non_null(d.guest[3]->console[CONSOLE_PRIMARY]);
    guests(4, 5);
    assert_non_null(d.guest[4]->console[CONSOLE_PRIMARY]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(flat, init, fini),
        cmocka_unit_test_setup_teardown(idle, init, fini),
        cmocka_unit_test_setup_teardown(one_leaves, init, fini),
        cmocka_unit_test_setup_teardown(one_of_many_leaves, init, fini),
        cmocka_unit_test_setup_teardown(all_at_once, init, fini),
        cmocka_unit_test_setup_teardown(numbers_come_round, init, fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
