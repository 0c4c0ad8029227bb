// SPDX-License-Identifier: MIT
#include "xenstored/transaction.h"
#include "lib/failing.h"
#include "xenstored/fixture_test.h"

static int end(struct peer *peer, uint32_t id, const char *how)
{
    return peer_call(peer, WIRE_TRANSACTION_END, id, how, NULL);
}

static const char *value_of(const char *path)
{
    return peer_call(&dom0, WIRE_READ, 0, path, NULL) == 0 ? dom0.payload : NULL;
}

static void all_or_nothing(void **state)
{
    assert_int_equal(peer_write(&dom0, 0, "/a", "old"), 0);
    uint32_t id = peer_start(&dom0);
    assert_int_equal(peer_write(&dom0, id, "/a", "new"), 0);
    assert_int_equal(peer_write(&dom0, id, "/b/c", "made"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_READ, id, "/b/c", NULL), 0);
    assert_string_equal(value_of("/a"), "old");
    assert_null(value_of("/b/c"));
    assert_int_equal(end(&dom0, id, "F"), 0);
    assert_null(value_of("/b"));
    id = peer_start(&dom0);
    assert_int_equal(peer_write(&dom0, id, "/a", "new"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_MKDIR, id, "/b/c", NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_RM, id, "/tool", NULL), 0);
    assert_int_equal(end(&dom0, id, "T"), 0);
    assert_string_equal(value_of("/a"), "new");
    assert_string_equal(value_of("/b/c"), "");
    assert_null(value_of("/tool/xenstored"));
}

/* What a transaction did, what another did before its commit, and how that ends. */
static const struct row {
    const char *name;
    uint32_t mine;
    const char *my_path;
    uint32_t other;
    const char *other_path;
    int err;
} rows[] = {
    {"read and written", WIRE_READ, "/d/a", WIRE_WRITE, "/d/a", -EAGAIN},
    {"read and a sibling written", WIRE_READ, "/d/a", WIRE_WRITE, "/d/b", 0},
    {"read and a child made", WIRE_READ, "/d", WIRE_WRITE, "/d/new", 0},
    {"listed and a child made", WIRE_DIRECTORY, "/d", WIRE_WRITE, "/d/new", -EAGAIN},
    {"listed and a child written", WIRE_DIRECTORY, "/d", WIRE_WRITE, "/d/a", 0},
    {"listed and a child's child made", WIRE_DIRECTORY, "/d", WIRE_WRITE, "/d/a/new", 0},
    {"both written", WIRE_WRITE, "/d/a", WIRE_WRITE, "/d/a", -EAGAIN},
    {"siblings written", WIRE_WRITE, "/d/a", WIRE_WRITE, "/d/b", 0},
    {"siblings made", WIRE_WRITE, "/d/new1", WIRE_WRITE, "/d/new2", 0},
    {"both made", WIRE_WRITE, "/d/new", WIRE_WRITE, "/d/new", -EAGAIN},
    {"made in what is gone", WIRE_WRITE, "/d/new", WIRE_RM, "/d", -EAGAIN},
    {"not there, and made", WIRE_READ, "/d/new", WIRE_WRITE, "/d/new", -EAGAIN},
    {"not there, and something else", WIRE_READ, "/d/new", WIRE_WRITE, "/d/else", 0},
    {"removed and changed below", WIRE_RM, "/d", WIRE_WRITE, "/d/a", -EAGAIN},
    {"removed and made below", WIRE_RM, "/d", WIRE_WRITE, "/d/a/new", -EAGAIN},
    {"removed and changed beside", WIRE_RM, "/d/a", WIRE_WRITE, "/d/b", 0},
    {"removed twice", WIRE_RM, "/d/a", WIRE_RM, "/d/a", -EAGAIN},
    {"rights read and given", WIRE_GET_PERMS, "/d/a", WIRE_SET_PERMS, "/d/a", -EAGAIN},
    {"rights read and value written", WIRE_GET_PERMS, "/d/a", WIRE_WRITE, "/d/a", 0},
    {"value read and rights given", WIRE_READ, "/d/a", WIRE_SET_PERMS, "/d/a", 0},
    {"made below what was given away", WIRE_WRITE, "/d/new", WIRE_SET_PERMS, "/d", -EAGAIN},
};

static int act(uint32_t type, uint32_t id, const char *path)
{
    return type == WIRE_WRITE       ? peer_write(&dom0, id, path, "x")
           : type == WIRE_SET_PERMS ? peer_call(&dom0, type, id, path, "n1", "r0", NULL)
                                    : peer_call(&dom0, type, id, path, NULL);
}

static void conflicts(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        assert_int_equal(peer_call(&dom0, WIRE_RM, 0, "/d", NULL), 0);
        assert_int_equal(peer_write(&dom0, 0, "/d/a", "1"), 0);
        assert_int_equal(peer_write(&dom0, 0, "/d/b", "2"), 0);
        const uint32_t id = peer_start(&dom0);
        act(row->mine, id, row->my_path);
        assert_int_equal(act(row->other, 0, row->other_path), 0);
        const int err = end(&dom0, id, "T");
        if (err != row->err) {
            fail_msg("%s: %d, not %d", row->name, err, row->err);
        }
    }
}

/* Also the order that they were made in, and what was removed and made again. */
static void changes_are_made_again(void **state)
{
    assert_int_equal(peer_write(&dom0, 0, "/d/a/old", "1"), 0);
    const uint32_t id = peer_start(&dom0);
    assert_int_equal(peer_write(&dom0, id, "/d/a/x", "1"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_RM, id, "/d/a", NULL), 0);
    assert_int_equal(peer_write(&dom0, id, "/d/a/y/z", "2"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, id, "/d/a/y", "n1", NULL), 0);
    assert_int_equal(peer_write(&dom0, 0, "/elsewhere", "3"), 0);
    assert_int_equal(end(&dom0, id, "T"), 0);
    assert_null(value_of("/d/a/x"));
    assert_null(value_of("/d/a/old"));
    assert_string_equal(value_of("/d/a/y/z"), "2");
    assert_string_equal(value_of("/elsewhere"), "3");
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/d/a/y", NULL), 0);
}

/* Nothing is copied at the start, and at the end only what was touched. */
static void costs(void **state)
{
    for (unsigned i = 0; i < 2000; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/d/%u/%u", i / 50, i % 50);
        assert_int_equal(peer_write(&dom0, 0, path, "1"), 0);
    }
    const size_t before = x.tree.nr_nodes;
    const uint32_t id = peer_start(&dom0);
    assert_int_equal(x.tree.nr_nodes, before);
    assert_int_equal(peer_write(&dom0, id, "/d/7/7", "2"), 0);
    assert_true(x.tree.nr_nodes - before < 60);
    assert_int_equal(peer_write(&dom0, 0, "/d/9/9", "2"), 0);
    assert_int_equal(end(&dom0, id, "T"), 0);
    peer_run(&x);
    assert_int_equal(x.tree.nr_nodes, before);
}

static void events_come_at_the_end(void **state)
{
    assert_int_equal(peer_write(&dom0, 0, "/local/domain/1/d/below", "1"), 0);
    assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "d", "t", NULL), 0);
    assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "d/below", "b", NULL), 0);
    while (peer_event(&guest)) {
    }
    const uint32_t id = peer_start(&dom0);
    assert_int_equal(peer_write(&dom0, id, "/local/domain/1/d/x", "1"), 0);
    assert_int_equal(peer_write(&dom0, id, "/local/domain/1/d/x", "2"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_RM, id, "/local/domain/1/d/below", NULL), 0);
    peer_run(&x);
    assert_false(peer_event(&guest));
    assert_int_equal(end(&dom0, id, "T"), 0);
    assert_true(peer_event(&guest));
    assert_string_equal(guest.payload, "d/x t");
    assert_true(peer_event(&guest));
    assert_string_equal(guest.payload, "d/below t");
    assert_true(peer_event(&guest));
    assert_string_equal(guest.payload, "d/below b");
    assert_false(peer_event(&guest));
}

static void quotas(void **state)
{
    x.quota.transactions = 2;
    x.quota.transaction_nodes = 5;
    x.quota.nodes = 8;
    const uint32_t first = peer_start(&guest);
    const uint32_t second = peer_start(&guest);
    assert_true(first != 0 && second != 0 && first != second);
    assert_int_equal(peer_start(&guest), 0);
    assert_int_equal(end(&guest, second, "F"), 0);
    char path[32];
    unsigned nr = 0;
    int err = 0;
    for (; err == 0; nr++) {
        snprintf(path, sizeof(path), "read%u", nr);
        err = peer_call(&guest, WIRE_READ, first, path, NULL) == -ENOSPC ? -ENOSPC : 0;
    }
    assert_int_equal(nr, 5); /* with the directory, whose rights were looked at */
    assert_int_equal(end(&guest, first, "T"), 0);
    /* Used up by others between the write and the commit */
    x.quota.transaction_nodes = 100;
    const uint32_t third = peer_start(&guest);
    assert_int_equal(peer_write(&guest, third, "t/1/2/3", ""), 0);
    assert_int_equal(peer_write(&guest, 0, "u/1/2/3", ""), 0);
    assert_int_equal(end(&guest, third, "T"), -ENOSPC);
    assert_null(value_of("/local/domain/1/t"));
}

static void no_memory(void **state)
{
    for (size_t k = 1;; k++) {
        assert_int_equal(peer_call(&dom0, WIRE_RM, 0, "/d", NULL), 0);
        assert_int_equal(peer_write(&dom0, 0, "/d/a/b", "1"), 0);
        struct client *client = dom0.client;
        uint32_t id = 0;
        assert_int_equal(transaction_start(&x, client, &id), 0);
        assert_int_equal(peer_write(&dom0, id, "/d/new/er", "2"), 0);
        assert_int_equal(peer_call(&dom0, WIRE_RM, id, "/d/a", NULL), 0);
        assert_int_equal(peer_write(&dom0, 0, "/else", "3"), 0);
        failing_arm(k);
        const int err = transaction_end(&x, client, transaction_find(client, id), true);
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            assert_true(k > 5);
            break;
        }
        assert_int_equal(err, -ENOMEM);
        assert_string_equal(value_of("/d/a/b"), "1");
        assert_null(value_of("/d/new"));
    }
    assert_null(value_of("/d/a"));
    assert_string_equal(value_of("/d/new/er"), "2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_made_again, setup, teardown),
        cmocka_unit_test_setup_teardown(costs, setup, teardown),
        cmocka_unit_test_setup_teardown(events_come_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(quotas, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
