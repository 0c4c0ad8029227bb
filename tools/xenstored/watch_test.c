// SPDX-License-Identifier: MIT
#include "xenstored/watch.h"
#include "xenstored/fixture_test.h"

static void watch(struct peer *peer, const char *path, const char *token)
{
    assert_int_equal(peer_call(peer, WIRE_WATCH, 0, path, token, NULL), 0);
    assert_true(peer_event(peer)); /* the first one */
    assert_memory_equal(peer->payload, path, strlen(path));
    assert_false(peer_event(peer));
}

static void told(struct peer *peer, const char *event)
{
    if (!peer_event(peer)) {
        fail_msg("not told of '%s'", event);
    }
    assert_string_equal(peer->payload, event);
}

static void relative_and_absolute(void **state)
{
    watch(&guest, "data", "r");
    watch(&guest, "/local/domain/1/data", "a");
    assert_int_equal(peer_write(&guest, 0, "data/x", "1"), 0);
    told(&guest, "data/x r");
    told(&guest, "/local/domain/1/data/x a");
    assert_int_equal(peer_write(&guest, 0, "database", "1"), 0);
    assert_false(peer_event(&guest));
    watch(&dom0, "/", "all");
    assert_int_equal(peer_write(&guest, 0, "other", "1"), 0);
    told(&dom0, "/local/domain/1/other all");
}

static void depth(void **state)
{
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "/d", "t", "1", NULL), 0);
    told(&dom0, "/d t");
    assert_int_equal(peer_write(&dom0, 0, "/d/a", "1"), 0);
    told(&dom0, "/d/a t");
    assert_int_equal(peer_write(&dom0, 0, "/d/a/b", "1"), 0);
    assert_false(peer_event(&dom0));
    assert_int_equal(peer_write(&dom0, 0, "/d", "1"), 0);
    told(&dom0, "/d t");
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "/", "top", "0", NULL), 0);
    told(&dom0, "/ top");
    assert_int_equal(peer_write(&dom0, 0, "/d", "1"), 0);
    told(&dom0, "/d t");
    assert_false(peer_event(&dom0));
}

/* Only what the guest may read, before or after the change. */
static void rights(void **state)
{
    assert_int_equal(peer_write(&dom0, 0, "/s/a", "1"), 0);
    watch(&guest, "/s", "t");
    watch(&guest, "/s/a", "u");
    assert_int_equal(peer_write(&dom0, 0, "/s/a", "2"), 0);
    assert_false(peer_event(&guest));
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/s/a", "n0", "r1", NULL), 0);
    told(&guest, "/s/a t");
    told(&guest, "/s/a u");
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/s/a", "n0", NULL), 0);
    told(&guest, "/s/a t");
    told(&guest, "/s/a u");
    assert_int_equal(peer_write(&dom0, 0, "/s/a", "3"), 0);
    assert_false(peer_event(&guest));
    assert_int_equal(peer_call(&dom0, WIRE_RM, 0, "/s/a", NULL), 0);
    assert_false(peer_event(&guest));
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/s", "r0", NULL), 0);
    told(&guest, "/s t");
    assert_int_equal(peer_call(&dom0, WIRE_MKDIR, 0, "/s/a", NULL), 0);
    told(&guest, "/s/a t");
    told(&guest, "/s/a u");
}

static void removed_with_what_is_below(void **state)
{
    assert_int_equal(peer_write(&dom0, 0, "/w/x/y", "1"), 0);
    watch(&dom0, "/w", "top");
    watch(&dom0, "/w/x/y", "deep");
    watch(&dom0, "/w/x/none", "none");
    assert_int_equal(peer_call(&dom0, WIRE_RM, 0, "/w", NULL), 0);
    told(&dom0, "/w top");
    told(&dom0, "/w/x/y deep");
    assert_false(peer_event(&dom0));
}

static void special(void **state)
{
    watch(&dom0, "@releaseDomain", "r");
    watch(&dom0, "@introduceDomain", "i");
    watch(&guest, "@releaseDomain", "g");
    watch(&dom0, "@other", "o");
    struct peer second;
    peer_open(&second, &x, 2);
    assert_int_equal(peer_call(&dom0, WIRE_RELEASE, 0, "2", NULL), 0);
    assert_null(second.client);
    told(&dom0, "@releaseDomain r");
    assert_false(peer_event(&dom0));
    assert_false(peer_event(&guest));
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "@releaseDomain", "n0", "r1", NULL), 0);
    peer_close(&second);
    peer_open(&second, &x, 2);
    assert_int_equal(peer_call(&dom0, WIRE_RELEASE, 0, "2", NULL), 0);
    told(&guest, "@releaseDomain g");
    peer_close(&second);
}

/* Who gives a depth is told the number; who watches one number hears of that alone. */
static void special_of_a_domain(void **state)
{
    struct peer second;
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@releaseDomain", "d", "1", NULL), 0);
    told(&dom0, "@releaseDomain d");
    watch(&dom0, "@releaseDomain/2", "two");
    watch(&dom0, "@releaseDomain/3", "three");
    watch(&dom0, "@releaseDomain", "plain");
    for (unsigned i = 2; i <= 3; i++) {
        peer_open(&second, &x, (uint16_t)i);
        assert_int_equal(peer_call(&dom0, WIRE_RELEASE, 0, i == 2 ? "2" : "3", NULL), 0);
        told(&dom0, i == 2 ? "@releaseDomain/2 d" : "@releaseDomain/3 d");
        told(&dom0, "@releaseDomain plain");
        told(&dom0, i == 2 ? "@releaseDomain/2 two" : "@releaseDomain/3 three");
        assert_false(peer_event(&dom0));
        peer_close(&second);
    }
    for (unsigned i = 0; i < 3; i++) {
        static const char *const depth[] = {"0", "2", "x"};
        assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@introduceDomain", "w", depth[i], NULL),
                         -EINVAL);
    }
    assert_int_equal(peer_call(&dom0, WIRE_UNWATCH, 0, "@releaseDomain", "d", NULL), 0);
    fire_special(&x, SPECIAL_RELEASE, 9);
    peer_run(&x);
    told(&dom0, "@releaseDomain plain");
    assert_false(peer_event(&dom0));
}

/* A client that does not read: of each number one event, none lost, and beyond the limit the plain
 * name last, which means everybody. */
static void special_of_many(void **state)
{
    char event[40];
    assert_int_equal(peer_call(&dom0, WIRE_WATCH, 0, "@releaseDomain", "d", "1", NULL), 0);
    told(&dom0, "@releaseDomain d");
    dom0.room = 0;
    for (unsigned i = 0; i < 3 * 1000; i++) {
        fire_special(&x, SPECIAL_RELEASE, (uint16_t)(1 + i % 1000));
    }
    peer_run(&x);
    dom0.room = SIZE_MAX;
    client_ready(dom0.client);
    peer_run(&x);
    for (unsigned i = 1; i <= 1000; i++) {
        snprintf(event, sizeof(event), "@releaseDomain/%u d", i);
        told(&dom0, event);
    }
    assert_false(peer_event(&dom0));

    dom0.room = 0;
    for (unsigned i = 1; i <= WATCH_MAX_PENDING_CONTROL + 5; i++) {
        fire_special(&x, SPECIAL_RELEASE, (uint16_t)i);
    }
    peer_run(&x);
    dom0.room = SIZE_MAX;
    client_ready(dom0.client);
    peer_run(&x);
    for (unsigned i = 1; i <= WATCH_MAX_PENDING_CONTROL; i++) {
        snprintf(event, sizeof(event), "@releaseDomain/%u d", i);
        told(&dom0, event);
    }
    told(&dom0, "@releaseDomain d");
    assert_false(peer_event(&dom0));
}

static void taken_back(void **state)
{
    watch(&guest, "a", "1");
    watch(&guest, "a", "2");
    assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "/local/domain/1/a", "1", NULL), -ENOENT);
    assert_int_equal(peer_call(&guest, WIRE_UNWATCH, 0, "a", "1", NULL), 0);
    assert_int_equal(peer_write(&guest, 0, "a", "x"), 0);
    told(&guest, "a 2");
    assert_false(peer_event(&guest));
    const uint32_t id = peer_start(&guest);
    assert_int_equal(peer_call(&guest, WIRE_RESET_WATCHES, 0, "", NULL), 0);
    assert_int_equal(peer_write(&guest, id, "a", "y"), -ENOENT);
    assert_int_equal(peer_write(&guest, 0, "a", "x"), 0);
    assert_false(peer_event(&guest));
    assert_int_equal(account_find(&x.accounts, 1)->watches, 0);
}

/* What dies takes its nodes with it, and who has its number next gets none of its rights. */
static void release(void **state)
{
    assert_int_equal(peer_write(&guest, 0, "mine/a", "1"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_MKDIR, 0, "/for1", NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/for1", "n0", "b1", NULL), 0);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/for1", NULL), 0);
    watch(&dom0, "/local/domain/1/mine/a", "t");
    assert_int_equal(peer_call(&dom0, WIRE_RELEASE, 0, "1", NULL), 0);
    assert_null(guest.client);
    told(&dom0, "/local/domain/1/mine/a t");
    assert_int_equal(peer_call(&dom0, WIRE_READ, 0, "/local/domain/1", NULL), -ENOENT);
    peer_close(&guest);
    peer_open(&guest, &x, 1);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/for1", NULL), -EACCES);
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/for1", "n0", "b1", NULL), 0);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/for1", NULL), 0);
}

/* Nodes of its own all over other people's directories go too, and only those. */
static void orphans(void **state)
{
    char path[64];
    assert_int_equal(peer_write(&dom0, 0, "/pub/kept", "1"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/pub", "b0", NULL), 0);
    for (unsigned i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/pub/%u/below/%u", i, i);
        assert_int_equal(peer_write(&guest, 0, path, "1"), 0);
    }
    assert_int_equal(peer_call(&dom0, WIRE_RELEASE, 0, "1", NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_DIRECTORY, 0, "/pub", NULL), 0);
    assert_string_equal(dom0.payload, "kept");
    assert_int_equal(dom0.bytes, 5);
}

static void target(void **state)
{
    struct peer stub;
    peer_open(&stub, &x, 2);
    assert_int_equal(peer_call(&stub, WIRE_READ, 0, "/local/domain/1", NULL), -EACCES);
    assert_int_equal(peer_call(&dom0, WIRE_SET_TARGET, 0, "2", "1", NULL), 0);
    assert_int_equal(peer_call(&stub, WIRE_READ, 0, "/local/domain/1", NULL), 0);
    assert_int_equal(peer_write(&stub, 0, "/local/domain/1/by-stub", "1"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_RELEASE, 0, "1", NULL), 0);
    assert_int_equal(peer_call(&stub, WIRE_READ, 0, "/local/domain/1", NULL), -EACCES);
    peer_close(&stub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(relative_and_absolute, setup, teardown),
        cmocka_unit_test_setup_teardown(depth, setup, teardown),
        cmocka_unit_test_setup_teardown(rights, setup, teardown),
        cmocka_unit_test_setup_teardown(removed_with_what_is_below, setup, teardown),
        cmocka_unit_test_setup_teardown(special, setup, teardown),
        cmocka_unit_test_setup_teardown(special_of_a_domain, setup, teardown),
        cmocka_unit_test_setup_teardown(special_of_many, setup, teardown),
        cmocka_unit_test_setup_teardown(taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(release, setup, teardown),
        cmocka_unit_test_setup_teardown(orphans, setup, teardown),
        cmocka_unit_test_setup_teardown(target, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
