// SPDX-License-Identifier: MIT
/*
 * The store against a reference that is too simple to be wrong: random requests of four clients
 * (two of dom0, one each of domains 1 and 2) with permissions, quotas, transactions and watches.
 * Answers, events and whole trees must agree. MODEL_SEED and MODEL_STEPS repeat or prolong a run.
 */
#include "xenstored/path.h"
#include "xenstored/peer_host.h"
#include "xenstored/reference_host.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIENTS = 4, SLOTS = 2, WATCHES_EACH = 10 };

struct model {
    struct xenstored x;
    struct peer peer[CLIENTS];
    struct reference ref;
    struct ref_transaction transaction[CLIENTS][SLOTS];
    uint32_t id[CLIENTS][SLOTS];
    unsigned seed, step;
    unsigned seen[64]; /* how often which errno was the answer, for the end */
    unsigned commits, conflicts;
};

static unsigned pick(struct model *m, unsigned below)
{
    m->seed ^= m->seed << 13;
    m->seed ^= m->seed >> 17;
    m->seed ^= m->seed << 5;
    return m->seed % below;
}

static void random_path(struct model *m, int client, char *as_sent, char *absolute)
{
    static const char *const name[] = {"a", "b", "c", "10", "9"};
    static const char *const start[] = {"", "/local/domain/1", "/local/domain/2", "/shared"};
    const unsigned relative = pick(m, 4) == 0;
    const int domid = m->ref.client_domid[client];
    const unsigned levels = pick(m, 4) + relative;
    char below[32] = "";
    for (unsigned i = 0; i < levels; i++) {
        strcat(strcat(below, "/"), name[pick(m, pick(m, 3) == 0 ? 5 : 3)]);
    }
    if (relative) {
        strcpy(as_sent, below + 1);
        sprintf(absolute, "/local/domain/%d%s", domid, below);
    } else {
        sprintf(as_sent, "%s%s", start[pick(m, 4)], below);
        if (as_sent[0] == '\0') {
            strcpy(as_sent, "/");
        }
        strcpy(absolute, as_sent);
    }
}

static bool expect_event(struct model *m, int client, const char *text)
{
    for (int i = 0; i < m->ref.nr_events; i++) {
        if (m->ref.event[i].client == client && strcmp(m->ref.event[i].text, text) == 0) {
            return true;
        }
    }
    return false;
}

/* Every event was expected, and every expected one came. */
static void compare_events(struct model *m)
{
    static bool came[REF_EVENTS];
    memset(came, 0, sizeof(came));
    for (int client = 0; client < CLIENTS; client++) {
        while (peer_event(&m->peer[client])) {
            const char *text = m->peer[client].payload;
            if (!expect_event(m, client, text)) {
                fail_msg("seed step %u: client %d was told of '%s'", m->step, client, text);
            }
            for (int i = 0; i < m->ref.nr_events; i++) {
                came[i] |=
                    m->ref.event[i].client == client && strcmp(m->ref.event[i].text, text) == 0;
            }
        }
    }
    for (int i = 0; i < m->ref.nr_events; i++) {
        if (!came[i]) {
            fail_msg("step %u: client %d was not told of '%s'", m->step, m->ref.event[i].client,
                     m->ref.event[i].text);
        }
    }
    m->ref.nr_events = 0;
}

static int random_permissions(struct model *m, struct peer *peer, uint32_t id, int client,
                              struct ref_transaction *t, const char *sent, const char *path)
{
    int domid[REF_PERMS];
    int access[REF_PERMS];
    char payload[128];
    size_t bytes = strlen(sent) + 1;
    memcpy(payload, sent, bytes);
    const int nr = 1 + (int)pick(m, 3);
    for (int i = 0; i < nr; i++) {
        /* A guest's own number first more often than not: else it is only refused */
        domid[i] = i == 0 && pick(m, 3) > 0 ? m->ref.client_domid[client] : (int)pick(m, 3);
        access[i] = (int)pick(m, 4);
        bytes += (size_t)sprintf(payload + bytes, "%c%d", "nrwb"[access[i]], domid[i]) + 1;
    }
    const int err = peer_ask(peer, WIRE_SET_PERMS, id, payload, bytes);
    assert_int_equal(err, ref_permit(&m->ref, client, t, path, nr, domid, access));
    return err;
}

static int compare_list(struct model *m, struct peer *peer, uint32_t id, int client,
                        struct ref_transaction *t, const char *sent, const char *path)
{
    char names[4096];
    const int expected = ref_list(&m->ref, client, t, path, names);
    const int err = peer_call(peer, WIRE_DIRECTORY, id, sent, NULL);
    assert_int_equal(err, expected);
    for (uint32_t i = 0; err == 0 && i < peer->bytes; i++) {
        peer->payload[i] = peer->payload[i] == '\0' ? ' ' : peer->payload[i];
    }
    if (err == 0) {
        assert_string_equal(peer->payload, names);
    }
    return err;
}

static void transaction_step(struct model *m, int client, int slot)
{
    struct ref_transaction *t = &m->transaction[client][slot];
    struct peer *peer = &m->peer[client];
    if (!t->is_open) {
        ref_start(&m->ref, client, t);
        m->id[client][slot] = peer_start(peer);
        assert_int_not_equal(m->id[client][slot], 0);
    } else if (pick(m, 5) == 0) {
        t->is_open = false;
        assert_int_equal(peer_call(peer, WIRE_TRANSACTION_END, m->id[client][slot], "F", NULL), 0);
    } else {
        const int err = peer_call(peer, WIRE_TRANSACTION_END, m->id[client][slot], "T", NULL);
        assert_int_equal(err, ref_commit(&m->ref, client, t));
        m->commits += err == 0;
        m->conflicts += err == -EAGAIN;
    }
}

static void watch_step(struct model *m, int client, const char *sent, const char *path)
{
    char token[2] = {(char)('k' + (char)pick(m, 2)), '\0'};
    const bool relative = sent[0] != '/';
    int nr = 0;
    for (int i = 0; i < m->ref.nr_watches; i++) {
        nr += m->ref.watch[i].client == client;
    }
    if (nr < WATCHES_EACH && pick(m, 3) > 0) {
        assert_int_equal(peer_call(&m->peer[client], WIRE_WATCH, 0, sent, token, NULL),
                         ref_watch(&m->ref, client, path, relative, token));
    } else {
        assert_int_equal(peer_call(&m->peer[client], WIRE_UNWATCH, 0, sent, token, NULL),
                         ref_unwatch(&m->ref, client, path, relative, token));
    }
}

static int node_step(struct model *m, int client, struct ref_transaction *t, uint32_t id,
                     const char *sent, const char *path)
{
    struct peer *peer = &m->peer[client];
    const char *value;
    char text[16];
    int expected;
    int err;
    switch (pick(m, 12)) {
    case 0:
    case 1:
        err = peer_call(peer, WIRE_READ, id, sent, NULL);
        expected = ref_read(&m->ref, client, t, path, &value);
        if (err == 0 && expected == 0) {
            assert_string_equal(peer->payload, value);
        }
        break;
    case 2:
    case 3:
        return compare_list(m, peer, id, client, t, sent, path);
    case 4:
        err = peer_call(peer, WIRE_MKDIR, id, sent, NULL);
        expected = ref_make(&m->ref, client, t, path);
        break;
    case 5:
        err = peer_call(peer, WIRE_RM, id, sent, NULL);
        expected = ref_remove(&m->ref, client, t, path);
        break;
    case 6:
        return random_permissions(m, peer, id, client, t, sent, path);
    default:
        sprintf(text, "%u", pick(m, 1000));
        err = peer_write(peer, id, sent, text);
        expected = ref_write(&m->ref, client, t, path, text);
        break;
    }
    assert_int_equal(err, expected);
    return err;
}

static void compare_trees(struct model *m)
{
    char names[4096];
    const char *value;
    for (int i = 0; i < m->ref.map.nr; i++) {
        const char *path = m->ref.map.node[i].path;
        ref_list(&m->ref, 0, NULL, path, names);
        compare_list(m, &m->peer[0], 0, 0, NULL, path, path);
        ref_read(&m->ref, 0, NULL, path, &value);
        assert_int_equal(peer_call(&m->peer[0], WIRE_READ, 0, path, NULL), 0);
        assert_string_equal(m->peer[0].payload, value);
    }
    /* Counts by domain agree with the tree */
    assert_int_equal(peer_call(&m->peer[0], WIRE_CONTROL, 0, "check", NULL), 0);
}

static void run(struct model *m, unsigned seed, unsigned steps)
{
    m->seed = seed;
    assert_int_equal(xenstored_init(&m->x), 0);
    ref_init(&m->ref);
    m->ref.max_nodes = (int)(m->x.quota.nodes = 25);
    for (int i = 0; i < CLIENTS; i++) {
        m->ref.client_domid[i] = i < 2 ? 0 : i - 1;
        peer_open(&m->peer[i], &m->x, (uint16_t)m->ref.client_domid[i]);
    }
    for (m->step = 0; m->step < steps; m->step++) {
        char sent[64];
        char path[64];
        const int client = (int)pick(m, CLIENTS);
        const int slot = (int)pick(m, SLOTS);
        struct ref_transaction *t = &m->transaction[client][slot];
        random_path(m, client, sent, path);
        const unsigned what = pick(m, 16);
        if (what == 0) {
            transaction_step(m, client, slot);
        } else if (what == 1) {
            watch_step(m, client, sent, path);
        } else if (t->is_open && t->nr_notes < REF_NOTES - 8) {
            m->seen[-node_step(m, client, t, m->id[client][slot], sent, path)]++;
        } else {
            m->seen[-node_step(m, client, NULL, 0, sent, path)]++;
        }
        compare_events(m);
        if (m->step % 256 == 0) {
            compare_trees(m);
        }
    }
    compare_trees(m);
    for (int i = 0; i < CLIENTS; i++) {
        peer_close(&m->peer[i]);
    }
    xenstored_fini(&m->x);
    assert_int_equal(m->x.tree.nr_nodes, 0);
}

static void agrees(void **state)
{
    const char *seed_text = getenv("MODEL_SEED");
    const char *steps_text = getenv("MODEL_STEPS");
    const unsigned steps = steps_text != NULL ? (unsigned)atoi(steps_text) : 4000;
    const unsigned first = seed_text != NULL ? (unsigned)atoi(seed_text) : 1;
    const unsigned last = seed_text != NULL ? first : 12;
    unsigned commits = 0;
    unsigned conflicts = 0;
    unsigned seen[64] = {0};
    for (unsigned seed = first; seed <= last; seed++) {
        struct model *m = calloc(1, sizeof(*m));
        run(m, seed * 2654435761U, steps);
        commits += m->commits;
        conflicts += m->conflicts;
        for (unsigned i = 0; i < 64; i++) {
            seen[i] += m->seen[i];
        }
        free(m);
    }
    /* The run came to all that it is about */
    assert_true(commits > 20 && conflicts > 20);
    assert_true(seen[0] > 100 && seen[ENOENT] > 100 && seen[EACCES] > 100);
    assert_true(seen[ENOSPC] > 0 && seen[EPERM] > 0 && seen[EINVAL] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(agrees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
