// SPDX-License-Identifier: MIT
/* Each operation as Debian's xenstored 4.17 answers it, and what a guest may not. */
#include "xenstored/request.h"
#include "lib/failing.h"
#include "xenstored/fixture_test.h"

/* What dom0 sends (type, payload), and the errno or the answer that comes. */
static const struct row {
    uint32_t type;
    uint32_t transaction;
    const char *payload;
    uint32_t bytes;
    int err;
    const char *answer; /* NULL: does not matter */
} rows[] = {
#define SAYS(text) text, sizeof(text) - 1
    {WIRE_DIRECTORY, 0, SAYS("/\0"), 0, "local"},
    {WIRE_READ, 0, SAYS("/tool/xenstored\0"), 0, ""},
    {WIRE_READ, 0, SAYS("/none\0"), -ENOENT, NULL},
    {WIRE_READ, 0, SAYS("/none"), -EINVAL, NULL},
    {WIRE_READ, 0, SAYS(""), -EINVAL, NULL},
    {WIRE_READ, 0, SAYS("@releaseDomain\0"), -EINVAL, NULL},
    {WIRE_READ, 999, SAYS("/tool\0"), -ENOENT, NULL},
    {WIRE_WRITE, 0, SAYS("/a/b/c\0hello"), 0, "OK"},
    {WIRE_READ, 0, SAYS("/a/b/c\0"), 0, "hello"},
    {WIRE_READ, 0, SAYS("/a/b\0"), 0, ""},
    {WIRE_WRITE, 0, SAYS("/a/b"), -EINVAL, NULL},
    {WIRE_WRITE, 0, SAYS("/a//b\0x"), -EINVAL, NULL},
    {WIRE_WRITE, 0, SAYS("/\0x"), 0, "OK"},
    {WIRE_RM, 0, SAYS("/\0"), -EINVAL, NULL},
    {WIRE_RM, 0, SAYS("/none\0"), 0, "OK"},
    {WIRE_RM, 0, SAYS("/none/x\0"), -ENOENT, NULL},
    {WIRE_RM, 0, SAYS("/a/b\0"), 0, "OK"},
    {WIRE_DIRECTORY, 0, SAYS("/a\0"), 0, ""},
    {WIRE_MKDIR, 0, SAYS("/m/n\0"), 0, "OK"},
    {WIRE_MKDIR, 0, SAYS("/m/n\0"), 0, "OK"},
    {WIRE_MKDIR, 0, SAYS("@x\0"), -EINVAL, NULL},
    {WIRE_SET_PERMS, 0, SAYS("/m\0n0\0r1\0w2\0b3\0"), 0, "OK"},
    {WIRE_GET_PERMS, 0, SAYS("/m\0"), 0, "n0 r1 w2 b3"},
    {WIRE_SET_PERMS, 0, SAYS("/m\0n0\0x1\0"), -EINVAL, NULL},
    {WIRE_SET_PERMS, 0, SAYS("/m\0"), -EINVAL, NULL},
    {WIRE_SET_PERMS, 0, SAYS("/m\0n0"), -EINVAL, NULL},
    {WIRE_SET_PERMS, 0, SAYS("/none\0n0\0"), -ENOENT, NULL},
    {WIRE_SET_PERMS, 0, SAYS("/m\0n0\0r32752\0"), -ENOENT, NULL},
    {WIRE_SET_PERMS, 0, SAYS("@foo\0n0\0"), -EINVAL, NULL},
    {WIRE_SET_PERMS, 0, SAYS("@releaseDomain\0n0\0r1\0"), 0, "OK"},
    {WIRE_GET_PERMS, 0, SAYS("@releaseDomain\0"), 0, "n0 r1"},
    {WIRE_GET_PERMS, 0, SAYS("@foo\0"), -EINVAL, NULL},
    {WIRE_WATCH, 0, SAYS("/w\0t\0"), 0, "OK"},
    {WIRE_WATCH, 0, SAYS("/w\0t\0"), -EEXIST, NULL},
    {WIRE_WATCH, 0, SAYS("/w\0"), -EINVAL, NULL},
    {WIRE_WATCH, 0, SAYS("/w\0t\0x\0"), -EINVAL, NULL},
    {WIRE_WATCH, 0, SAYS("\0t\0"), -EINVAL, NULL},
    {WIRE_UNWATCH, 0, SAYS("/w\0other\0"), -ENOENT, NULL},
    {WIRE_UNWATCH, 0, SAYS("/w\0t\0"), 0, "OK"},
    {WIRE_RESET_WATCHES, 0, SAYS("\0"), 0, "OK"},
    {WIRE_TRANSACTION_START, 0, SAYS("\0"), 0, "1"},
    {WIRE_TRANSACTION_START, 1, SAYS("\0"), -EBUSY, NULL},
    {WIRE_TRANSACTION_END, 1, SAYS("X\0"), -EINVAL, NULL},
    {WIRE_TRANSACTION_END, 1, SAYS("T"), -EINVAL, NULL},
    {WIRE_TRANSACTION_END, 1, SAYS("T\0"), 0, "OK"},
    {WIRE_TRANSACTION_END, 1, SAYS("T\0"), -ENOENT, NULL},
    {WIRE_TRANSACTION_END, 0, SAYS("T\0"), -ENOENT, NULL},
    {WIRE_GET_DOMAIN_PATH, 0, SAYS("5\0"), 0, "/local/domain/5"},
    {WIRE_GET_DOMAIN_PATH, 0, SAYS("x\0"), -EINVAL, NULL},
    {WIRE_IS_DOMAIN_INTRODUCED, 0, SAYS("0\0"), 0, "T"},
    {WIRE_IS_DOMAIN_INTRODUCED, 0, SAYS("99\0"), 0, "F"},
    {WIRE_INTRODUCE, 0,
     SAYS("5\0"
          "1\0"
          "2\0"),
     -ENOENT, NULL},
    {WIRE_INTRODUCE, 0,
     SAYS("5\0"
          "1\0"),
     -EINVAL, NULL},
    {WIRE_INTRODUCE, 0,
     SAYS("0\0"
          "1\0"
          "2\0"),
     -EINVAL, NULL},
    {WIRE_RELEASE, 0, SAYS("77\0"), -ENOENT, NULL},
    {WIRE_RELEASE, 0, SAYS("0\0"), -EINVAL, NULL},
    {WIRE_RESUME, 0, SAYS("77\0"), -ENOENT, NULL},
    {WIRE_RESUME, 0, SAYS("1\0"), 0, "OK"},
    {WIRE_SET_TARGET, 0,
     SAYS("1\0"
          "77\0"),
     -ENOENT, NULL},
    {WIRE_SET_TARGET, 0, SAYS("1\0"), -EINVAL, NULL},
    {WIRE_WATCH_EVENT, 0, SAYS("\0"), -ENOSYS, NULL},
    {WIRE_ERROR, 0, SAYS("\0"), -ENOSYS, NULL},
    {20, 0, SAYS("\0"), -ENOSYS, NULL},
    {WIRE_NR_TYPES, 0, SAYS(""), -ENOSYS, NULL},
    {0xffff, 0, SAYS(""), -ENOSYS, NULL},
    {WIRE_CONTROL, 0, SAYS("check\0"), 0, "OK"},
    {WIRE_CONTROL, 0, SAYS("nope\0"), -EINVAL, NULL},
    {WIRE_CONTROL, 0, SAYS("log\0maybe\0"), -EINVAL, NULL},
    {WIRE_CONTROL, 0, SAYS("log\0off\0"), 0, "OK"},
    {WIRE_CONTROL, 0,
     SAYS("quota\0set\0nodes\0"
          "50\0"),
     0, "OK"},
    {WIRE_CONTROL, 0,
     SAYS("quota\0set\0nodez\0"
          "50\0"),
     -EINVAL, NULL},
    {WIRE_CONTROL, 0,
     SAYS("quota\0"
          "77\0"),
     -ENOENT, NULL},
    {WIRE_CONTROL, 0,
     SAYS("quota-soft\0set\0memory\0"
          "5\0"),
     0, "OK"},
    {WIRE_CONTROL, 0, SAYS("logfile\0/none/there\0"), -ENOENT, NULL},
};

static void operations(void **state)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        const int err = peer_ask(&dom0, row->type, row->transaction, row->payload, row->bytes);
        if (err != row->err) {
            fail_msg("row %zu (%s): %d, not %d", i, row->payload, err, row->err);
        }
        /* Strings in a row, told apart by blanks */
        for (uint32_t k = 0; k + 1 < dom0.bytes; k++) {
            dom0.payload[k] = dom0.payload[k] == '\0' ? ' ' : dom0.payload[k];
        }
        if (row->answer != NULL && strncmp(dom0.payload, row->answer, strlen(row->answer)) != 0) {
            fail_msg("row %zu (%s): '%s', not '%s'", i, row->payload, dom0.payload, row->answer);
        }
    }
}

static void texts_of_control(void **state)
{
    assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "help", NULL), 0);
    assert_non_null(strstr(dom0.payload, "quota-soft\t[set <name> <val>]\n"));
    assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "quota", "1", NULL), 0);
    assert_non_null(strstr(dom0.payload, "Domain 1:\nnodes           :        1\n"));
    assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "memreport", NULL), 0);
    assert_non_null(strstr(dom0.payload, "clients          :          2\n"));
}

static void named(const char *name, const char *domids)
{
    assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "named", name, NULL), 0);
    assert_string_equal(dom0.payload, domids);
}

static void names_of_domains(void **state)
{
    char path[40];
    named("web", "");
    for (unsigned i = 1; i <= 300; i++) {
        snprintf(path, sizeof(path), "/local/domain/%u/name", i);
        assert_int_equal(peer_write(&dom0, 0, path, i % 100 == 7 ? "web" : "db"), 0);
    }
    assert_int_equal(peer_write(&dom0, 0, "/local/domain/5/name", ""), 0);
    named("web", "7\n107\n207\n");
    named("we", "");
    named("webs", "");
    named("", "");
    assert_int_equal(peer_call(&dom0, WIRE_RM, 0, "/local/domain/107/name", NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_RM, 0, "/local/domain/207", NULL), 0);
    named("web", "7\n");
    assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "named", NULL), -EINVAL);
    /* More than an answer has room for: whole numbers as far as it goes */
    for (unsigned i = 1; i <= 1500; i++) {
        snprintf(path, sizeof(path), "/local/domain/%u/name", i);
        assert_int_equal(peer_write(&dom0, 0, path, "same"), 0);
    }
    assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "named", "same", NULL), 0);
    assert_memory_equal(dom0.payload, "1\n2\n3\n", 6);
    assert_int_equal(dom0.payload[strlen(dom0.payload) - 1], '\n');
}

/* A guest: its own, what it was given, and nothing else. */
static void guests(void **state)
{
    static const uint32_t dom0_only[] = {WIRE_CONTROL, WIRE_INTRODUCE,  WIRE_RELEASE,
                                         WIRE_RESUME,  WIRE_SET_TARGET, WIRE_IS_DOMAIN_INTRODUCED};
    for (size_t i = 0; i < sizeof(dom0_only) / sizeof(dom0_only[0]); i++) {
        assert_int_equal(peer_call(&guest, dom0_only[i], 0, "1", "1", "1", NULL), -EACCES);
    }
    assert_int_equal(peer_write(&guest, 0, "data/x", "1"), 0);
    assert_int_equal(peer_call(&dom0, WIRE_READ, 0, "/local/domain/1/data/x", NULL), 0);
    assert_string_equal(dom0.payload, "1");
    assert_int_equal(peer_write(&guest, 0, "/tool/x", "1"), -EACCES);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/tool", NULL), -EACCES);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/tool/none", NULL), -EACCES);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "none", NULL), -ENOENT);
    assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data", "n1", "r0", NULL), 0);
    assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "data", "n0", NULL), -EPERM);
    assert_int_equal(peer_call(&guest, WIRE_SET_PERMS, 0, "@releaseDomain", "n1", NULL), -EACCES);
    assert_int_equal(peer_call(&guest, WIRE_GET_PERMS, 0, "@releaseDomain", NULL), -EACCES);
    assert_int_equal(peer_call(&dom0, WIRE_SET_PERMS, 0, "/tool", "n0", "r1", NULL), 0);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/tool", NULL), 0);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/tool/none", NULL), -ENOENT);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "/tool/xenstored", NULL), -EACCES);
}

static void quotas(void **state)
{
    char path[64];
    x.quota.nodes = 10;
    unsigned nr = 1; /* its directory */
    int err = 0;
    while (err == 0) {
        snprintf(path, sizeof(path), "n%u", nr);
        err = peer_write(&guest, 0, path, "1");
        nr += err == 0;
    }
    assert_int_equal(err, -ENOSPC);
    assert_int_equal(nr, 10);
    assert_int_equal(peer_write(&dom0, 0, "/local/domain/1/by-dom0", "1"), 0);
    assert_int_equal(peer_call(&guest, WIRE_RM, 0, "n1", NULL), 0);
    assert_int_equal(peer_write(&guest, 0, "again", "1"), -ENOSPC); /* dom0 gave it one */
    assert_int_equal(peer_call(&guest, WIRE_RM, 0, "n2", NULL), 0);
    assert_int_equal(peer_write(&guest, 0, "again", "1"), 0);
    char value[3000];
    memset(value, 'v', sizeof(value));
    value[x.quota.entry_bytes] = '\0';
    assert_int_equal(peer_write(&guest, 0, "again", value), 0);
    value[x.quota.entry_bytes] = 'v';
    value[x.quota.entry_bytes + 1] = '\0';
    assert_int_equal(peer_write(&guest, 0, "again", value), -ENOSPC);
    assert_int_equal(peer_write(&dom0, 0, "/v", value), 0);
    for (unsigned i = 0; i < x.quota.watches; i++) {
        snprintf(path, sizeof(path), "%u", i);
        assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "w", path, NULL), 0);
    }
    assert_int_equal(peer_call(&guest, WIRE_WATCH, 0, "w", "more", NULL), -ENOSPC);
    assert_int_equal(
        peer_call(&guest, WIRE_SET_PERMS, 0, "again", "n1", "r2", "r3", "r4", "r5", "r6", NULL),
        -ENOSPC);
    x.quota.memory_bytes = 100;
    assert_int_equal(peer_write(&guest, 0, "again", "2"), -ENOMEM);
    assert_int_equal(peer_call(&guest, WIRE_READ, 0, "again", NULL), 0);
}

static void large_directories(void **state)
{
    char path[64];
    for (unsigned i = 0; i < 500; i++) {
        snprintf(path, sizeof(path), "/d/a-name-of-some-length-%03u", i);
        assert_int_equal(peer_call(&dom0, WIRE_MKDIR, 0, path, NULL), 0);
    }
    assert_int_equal(peer_call(&dom0, WIRE_DIRECTORY, 0, "/d", NULL), -E2BIG);
    unsigned names = 0;
    unsigned parts = 0;
    uint32_t offset = 0;
    for (bool is_end = false; !is_end; parts++) {
        snprintf(path, sizeof(path), "%u", offset);
        assert_int_equal(peer_call(&dom0, WIRE_DIRECTORY_PART, 0, "/d", path, NULL), 0);
        const char *at = dom0.payload + strlen(dom0.payload) + 1;
        for (; at < dom0.payload + dom0.bytes && *at != '\0'; at += strlen(at) + 1) {
            snprintf(path, sizeof(path), "a-name-of-some-length-%03u", names++);
            assert_string_equal(at, path);
            offset += (uint32_t)strlen(at) + 1;
        }
        is_end = at < dom0.payload + dom0.bytes;
    }
    assert_int_equal(names, 500);
    assert_int_equal(parts, 4);
    assert_int_equal(peer_call(&dom0, WIRE_DIRECTORY_PART, 0, "/d", "999999", NULL), 0);
    assert_int_equal(peer_call(&dom0, WIRE_DIRECTORY_PART, 0, "/d", "x", NULL), -EINVAL);
}

/* A round of everything, with each allocation failing once: an answer or the end of the connection,
 * and a store that is whole. */
static int round_of_all(struct peer *peer)
{
    int worst = peer_write(peer, 0, "a/b/c", "some value");
    worst |= peer_call(peer, WIRE_WATCH, 0, "a", "token", NULL);
    const uint32_t id = peer_start(peer);
    worst |= peer_write(peer, id, "a/b/d/e", "2");
    worst |= peer_call(peer, WIRE_RM, id, "a/b/c", NULL);
    worst |= peer_call(peer, WIRE_SET_PERMS, id, "a", "n1", "r0", NULL);
    worst |= peer_write(peer, 0, "other", "3");
    worst |= peer_call(peer, WIRE_TRANSACTION_END, id, "T", NULL);
    worst |= peer_call(peer, WIRE_DIRECTORY, 0, "a/b", NULL);
    worst |= peer_call(peer, WIRE_RM, 0, "a", NULL);
    return worst;
}

static void no_memory(void **state)
{
    unsigned failures = 0;
    for (size_t k = 1;; k++) {
        struct peer peer;
        peer_open(&peer, &x, 1);
        failing_arm(k);
        const int worst = round_of_all(&peer);
        const bool has_failed = failing_disarm();
        peer_close(&peer);
        peer_call(&dom0, WIRE_RM, 0, "/local/domain/1/a", NULL);
        peer_call(&dom0, WIRE_RM, 0, "/local/domain/1/other", NULL);
        assert_int_equal(peer_call(&dom0, WIRE_CONTROL, 0, "check", NULL), 0);
        if (!has_failed) {
            assert_int_equal(worst, 0);
            break;
        }
        failures++;
    }
    assert_true(failures > 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(operations, setup, teardown),
        cmocka_unit_test_setup_teardown(texts_of_control, setup, teardown),
        cmocka_unit_test_setup_teardown(names_of_domains, setup, teardown),
        cmocka_unit_test_setup_teardown(guests, setup, teardown),
        cmocka_unit_test_setup_teardown(quotas, setup, teardown),
        cmocka_unit_test_setup_teardown(large_directories, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
