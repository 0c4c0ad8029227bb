/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "lib/clock.h"
#include "store/store.h"
#include "test/tools/fake_store.h"

struct fixture {
    struct fake_store *fake;
    struct store *store;
};

static int setup(void **state)
{
    static struct fixture f;
    f.fake = fake_start();
    assert_int_equal(store_open_fd(f.fake->client_fd, &f.store), 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    store_close(f->store);
    assert_int_equal(fake_stop(f->fake), 0);
    return 0;
}

static void test_nodes(void **state)
{
    struct fixture *f = *state;
    char *value;
    size_t len;
    uint64_t number;
    assert_int_equal(store_write(f->store, "one", "/a/%d", 1), 0);
    assert_int_equal(store_read(f->store, &value, &len, "/a/1"), 0);
    assert_string_equal(value, "one");
    assert_int_equal(len, 3);
    free(value);
    assert_int_equal(store_read(f->store, &value, NULL, "/a/2"), -ENOENT);
    assert_int_equal(store_read_number(f->store, &number, "/a/1"), -EINVAL);
    assert_int_equal(store_write(f->store, "18446744073709551615", "/a/2"), 0);
    assert_int_equal(store_read_number(f->store, &number, "/a/2"), 0);
    assert_int_equal(number, UINT64_MAX);
    struct store_list list;
    assert_int_equal(store_list(f->store, &list, "/a"), 0);
    assert_int_equal(list.nr, 2);
    assert_string_equal(list.name[1], "2");
    store_list_fini(&list);
    assert_int_equal(store_list(f->store, &list, "/a/2"), 0);
    assert_int_equal(list.nr, 0);
    store_list_fini(&list);
    assert_true(store_exists(f->store, "/a"));
    assert_int_equal(store_remove(f->store, "/a"), 0);
    assert_false(store_exists(f->store, "/a/1"));
}

static void test_read_many(void **state)
{
    struct fixture *f = *state;
    enum { NR = 300 };
    char *path[NR], *value[NR];
    for (int i = 0; i < NR; i++) {
        assert_true(asprintf(&path[i], "/many/%d", i) > 0);
        if (i % 3 == 0) {
            assert_int_equal(store_write(f->store, path[i], "%s", path[i]), 0);
        }
    }
    assert_int_equal(store_read_many(f->store, NR, path, value), 0);
    for (int i = 0; i < NR; i++) {
        assert_int_equal(value[i] != NULL, i % 3 == 0);
        assert_true(value[i] == NULL || strcmp(value[i], path[i]) == 0);
        free(value[i]);
        free(path[i]);
    }
}

static void test_transaction(void **state)
{
    struct fixture *f = *state;
    struct store_txn t;
    store_txn_init(&t);
    store_txn_directory(&t, (struct store_access){0, 5}, "/local/domain/5");
    store_txn_write(&t, "guest", "/local/domain/%d/name", 5);
    store_txn_write_number(&t, 4096, "/local/domain/5/memory/target");
    store_txn_directory(&t, (struct store_access){5, STORE_NOBODY}, "/local/domain/5/data");
    store_txn_remove(&t, "/not/there");
    f->fake->conflicts = 3;
    assert_int_equal(store_txn_commit(f->store, &t), 0);
    assert_int_equal(f->fake->nr_starts, 4);
    assert_string_equal(fake_get(f->fake, "/local/domain/5/memory/target"), "4096");
    assert_string_equal(fake_permissions(f->fake, "/local/domain/5/name"), "n0 r5");
    assert_string_equal(fake_permissions(f->fake, "/local/domain/5/data"), "n5");
    store_txn_fini(&t);
}

/* Xen's xenstored, when a domain that had nodes in the transaction ended before it. */
static void test_transaction_meets_an_end(void **state)
{
    struct fixture *f = *state;
    struct store_txn t;
    fake_write(f->fake, "/local/domain/5/name", "guest");
    f->fake->conflict_answer = "ENOMEM";
    f->fake->conflicts = 1;
    store_txn_init(&t);
    store_txn_remove(&t, "/local/domain/5");
    assert_int_equal(store_txn_commit(f->store, &t), 0);
    assert_int_equal(f->fake->nr_starts, 2);
    assert_null(fake_get(f->fake, "/local/domain/5/name"));
    f->fake->conflicts = STORE_TXN_TRIES;
    assert_int_equal(store_txn_commit(f->store, &t), -ENOMEM);
    assert_int_equal(f->fake->nr_starts, 2 + STORE_TXN_TRIES);
    store_txn_fini(&t);
}

static void test_transaction_fails_whole(void **state)
{
    struct fixture *f = *state;
    struct store_txn t;
    store_txn_init(&t);
    store_txn_write(&t, "1", "/x/a");
    store_txn_expect_absent(&t, "/local/domain/0");
    assert_int_equal(store_txn_commit(f->store, &t), -EEXIST);
    assert_null(fake_get(f->fake, "/x/a"));
    store_txn_fini(&t);
    store_txn_write(&t, "1", "/x/a");
    store_txn_expect(&t, "/not/there");
    assert_int_equal(store_txn_commit(f->store, &t), -ENOENT);
    assert_null(fake_get(f->fake, "/x/a"));
    store_txn_fini(&t);
    store_txn_write(&t, "1", "/x/a");
    store_txn_write(&t, "2", "/x/b");
    f->fake->conflicts = STORE_TXN_TRIES;
    assert_int_equal(store_txn_commit(f->store, &t), -EAGAIN);
    for (size_t k = 1; k <= 4; k++) {
        f->fake->fail_at = f->fake->nr_requests + k;
        assert_int_equal(store_txn_commit(f->store, &t), -EIO);
        assert_null(fake_get(f->fake, "/x/a"));
    }
    assert_int_equal(store_txn_commit(f->store, &t), 0);
    assert_string_equal(fake_get(f->fake, "/x/b"), "2");
    store_txn_fini(&t);
    store_txn_write(&t, NULL, "/x/c");
    assert_int_equal(store_txn_commit(f->store, &t), -ENOMEM);
    store_txn_fini(&t);
    char longer[STORE_MAX_PATH + 2];
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = 0;
    store_txn_write(&t, "1", "/%s", longer);
    assert_int_equal(store_txn_commit(f->store, &t), -ENAMETOOLONG);
    store_txn_fini(&t);
}

static void test_events(void **state)
{
    struct fixture *f = *state;
    struct store_event e;
    assert_int_equal(store_watch(f->store, "mine", "/w"), 0);
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1); /* each watch fires once */
    assert_string_equal(e.path, "/w");
    assert_int_equal(store_event_next(f->store, &e, 0), 0);
    fake_write(f->fake, "/w/x", "1");
    assert_int_equal(store_write(f->store, "2", "/w/y"), 0); /* its answer comes behind an event */
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1);
    assert_string_equal(e.path, "/w/x");
    assert_string_equal(e.token, "mine");
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1);
    assert_string_equal(e.path, "/w/y");
    fake_write(f->fake, "/w/x", "2");
    assert_int_equal(store_unwatch(f->store, "mine", "/w"), 0);
    assert_int_equal(store_event_next(f->store, &e, 0), 0);
    assert_int_equal(store_unwatch(f->store, "mine", "/w"), -ENOENT);
}

static void test_events_of_domains(void **state)
{
    struct fixture *f = *state;
    struct store_event e;
    uint16_t domid;
    assert_int_equal(store_watch_domains(f->store, "end", "@releaseDomain"), 0);
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1);
    assert_false(store_event_domid(e.path, &domid));
    fake_special(f->fake, "@releaseDomain/7");
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1);
    assert_string_equal(e.token, "end");
    assert_true(store_event_domid(e.path, &domid));
    assert_int_equal(domid, 7);
    assert_int_equal(store_unwatch(f->store, "end", "@releaseDomain"), 0);
    f->fake->has_no_depth = true;
    assert_int_equal(store_watch_domains(f->store, "end", "@releaseDomain"), 0);
    fake_special(f->fake, "@releaseDomain");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1);
        assert_string_equal(e.token, "end");
        assert_false(store_event_domid(e.path, &domid));
    }
    assert_int_equal(store_unwatch(f->store, "end", "@releaseDomain"), 0);
    f->fake->fail_at = f->fake->nr_requests + 1;
    assert_int_equal(store_watch_domains(f->store, "end", "@releaseDomain"), -EIO);
    assert_false(store_event_domid("/local/domain/7", &domid));
    assert_false(store_event_domid("@releaseDomain/", &domid));
    assert_false(store_event_domid("@releaseDomain/x", &domid));
    assert_false(store_event_domid("@releaseDomain/7/8", &domid));
    assert_false(store_event_domid("@releaseDomain/32752", &domid));
}

/* The other end: goes on to 2, then 4, as its node moves. */
static void step(struct fake_store *f, const char *path, const char *value)
{
    if (value != NULL && strcmp(path, "/b/go") == 0) {
        fake_set(f, "/b/state", "1");
        fake_set(f, "/b/state", "4");
        fake_set(f, "/c/gone-not", "1");
        fake_unset(f, "/c/gone");
    }
}

static enum store_met hopeless(const char *value, void *arg)
{
    return value != NULL && *value == '6' ? STORE_HOPELESS : STORE_NOT_YET;
}

static void test_wait(void **state)
{
    struct fixture *f = *state;
    unsigned four = 4;
    fake_write(f->fake, "/c/gone", "1");
    struct store_want want[] = {
        {.path = "/b/state", .is_met = store_met_at_least, .arg = &four},
        {.path = "/c/gone", .is_met = store_met_gone},
        {.path = "/c/gone-not", .is_met = store_met_equal, .arg = "1"},
        {.path = "/c/gone-not", .is_met = store_met_exists},
    };
    assert_int_equal(store_wait(f->store, want, 4, clock_now_ms() + 1, -1), -ETIMEDOUT);
    assert_false(want[0].done);
    int pair[2];
    assert_int_equal(pipe(pair), 0);
    assert_int_equal(write(pair[1], "x", 1), 1);
    assert_int_equal(store_wait(f->store, want, 4, CLOCK_NEVER, pair[0]), -EINTR);
    f->fake->hook = step;
    struct store_event e;
    assert_int_equal(store_watch(f->store, "mine", "/b"), 0);
    fake_write(f->fake, "/b/go", "1");
    assert_int_equal(store_wait(f->store, want, 4, CLOCK_NEVER, -1), 0);
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), 1);
    assert_string_equal(e.token, "mine"); /* others' events stay in the queue */
    assert_int_equal(store_unwatch(f->store, "mine", "/b"), 0);
    assert_int_equal(store_event_next(f->store, &e, 0), 0); /* and none of the wait's own */
    fake_write(f->fake, "/b/state", "6");
    struct store_want never = {.path = "/b/state", .is_met = hopeless};
    assert_int_equal(store_wait(f->store, &never, 1, CLOCK_NEVER, -1), -ECANCELED);
    assert_int_equal(store_wait(f->store, NULL, 0, CLOCK_NEVER, -1), 0);
    close(pair[0]);
    close(pair[1]);
}

static void test_daemon_gone(void **state)
{
    struct fixture *f = *state;
    char *value;
    shutdown(f->fake->fd, SHUT_RDWR);
    assert_int_equal(store_read(f->store, &value, NULL, "/"), -EPIPE);
    assert_int_equal(store_write(f->store, "1", "/a"), -EPIPE);
    struct store_event e;
    assert_int_equal(store_event_next(f->store, &e, CLOCK_NEVER), -EPIPE);
}

/* What a daemon gone mad may send: each is refused, none is believed. */
static void test_wrong_answers(void **state)
{
    static const struct {
        struct wire_header header;
        const char *data;
    } table[] = {
        {{.type = WIRE_READ, .request = 1, .bytes = 4097}, ""},
        {{.type = WIRE_READ, .request = 9, .bytes = 0}, ""},
        {{.type = WIRE_WATCH_EVENT, .bytes = 3}, "abc"},
        {{.type = WIRE_WATCH_EVENT, .bytes = 4}, "a\0bc"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int pair[2];
        struct store *s;
        char *value;
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        assert_int_equal(store_open_fd(pair[0], &s), 0);
        assert_true(write(pair[1], &table[i].header, sizeof table[i].header) > 0);
        if (table[i].header.bytes > 0 && table[i].header.bytes < 10) {
            assert_true(write(pair[1], table[i].data, table[i].header.bytes) > 0);
        }
        assert_int_equal(store_read(s, &value, NULL, "/a"), -EPIPE);
        store_close(s);
        close(pair[1]);
    }
}

static void test_not_running(void **state)
{
    struct store *s;
    setenv("XENSTORED_PATH", "/nonexistent/socket", 1);
    assert_int_equal(store_open(&s), -ENOENT);
    unsetenv("XENSTORED_PATH");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_read_many, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_meets_an_end, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_fails_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_events_of_domains, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_daemon_gone, setup, teardown),
        cmocka_unit_test(test_wrong_answers),
        cmocka_unit_test(test_not_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
