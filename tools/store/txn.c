/* SPDX-License-Identifier: MIT */
#include "store/private.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/message.h"

/* What an error of one request in the transaction means. */
enum rule {
    MUST,         /* it ends the transaction */
    MAY_BE_GONE,  /* -ENOENT is fine */
    EXPECT,       /* must be there: -ENOENT for the caller */
    EXPECT_ABSENT /* must not: -EEXIST for the caller */
};

struct store_op {
    uint32_t type;
    enum rule rule;
    char *path;
    char *bytes; /* what follows the path, may be NULL */
    size_t len;
};

void store_txn_init(struct store_txn *t)
{
    *t = (struct store_txn){};
}

void store_txn_fini(struct store_txn *t)
{
    for (size_t i = 0; i < t->nr; i++) {
        free(t->op[i].path);
        free(t->op[i].bytes);
    }
    free(t->op);
    *t = (struct store_txn){};
}

static void fail(struct store_txn *t, int error)
{
    t->error = t->error != 0 ? t->error : error;
}

static bool make_room(struct store_txn *t)
{
    if (t->nr < t->room) {
        return true;
    }
    size_t room = t->room * 2 + 32;
    struct store_op *op = realloc(t->op, room * sizeof *op);
    if (op == NULL) {
        return false;
    }
    t->op = op;
    t->room = room;
    return true;
}

/* Takes over path (NULL: it could not be made); copies bytes. */
static void add(struct store_txn *t, uint32_t type, enum rule rule, char *path, const void *bytes,
                size_t len)
{
    if (path == NULL) {
        fail(t, -ENAMETOOLONG);
        return;
    }
    char *copy = len == 0 ? NULL : malloc(len);
    if ((len > 0 && copy == NULL) || !make_room(t)) {
        fail(t, -ENOMEM);
        free(copy);
        free(path);
        return;
    }
    if (len > 0) {
        memcpy(copy, bytes, len);
    }
    t->op[t->nr++] =
        (struct store_op){.type = type, .rule = rule, .path = path, .bytes = copy, .len = len};
}

void store_txn_write(struct store_txn *t, const char *value, const char *path, ...)
{
    STORE_PATH(p, path);
    if (value == NULL) {
        fail(t, -ENOMEM);
        free(p);
        return;
    }
    add(t, WIRE_WRITE, MUST, p, value, strlen(value));
}

void store_txn_write_number(struct store_txn *t, uint64_t value, const char *path, ...)
{
    STORE_PATH(p, path);
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRIu64, value);
    add(t, WIRE_WRITE, MUST, p, text, (size_t)len);
}

static void add_permissions(struct store_txn *t, struct store_access access, char *path)
{
    char words[32];
    int len = snprintf(words, sizeof words, "n%u", access.owner) + 1;
    if (access.reader != STORE_NOBODY) {
        len += snprintf(words + len, sizeof words - (size_t)len, "r%u", access.reader) + 1;
    }
    add(t, WIRE_SET_PERMS, MUST, path, words, (size_t)len);
}

void store_txn_directory(struct store_txn *t, struct store_access access, const char *path, ...)
{
    STORE_PATH(p, path);
    char *again = p == NULL ? NULL : strdup(p);
    add(t, WIRE_MKDIR, MUST, p, NULL, 0);
    add_permissions(t, access, again);
}

void store_txn_permit(struct store_txn *t, struct store_access access, const char *path, ...)
{
    STORE_PATH(p, path);
    add_permissions(t, access, p);
}

void store_txn_remove(struct store_txn *t, const char *path, ...)
{
    STORE_PATH(p, path);
    add(t, WIRE_RM, MAY_BE_GONE, p, NULL, 0);
}

void store_txn_expect(struct store_txn *t, const char *path, ...)
{
    STORE_PATH(p, path);
    add(t, WIRE_READ, EXPECT, p, NULL, 0);
}

void store_txn_expect_absent(struct store_txn *t, const char *path, ...)
{
    STORE_PATH(p, path);
    add(t, WIRE_READ, EXPECT_ABSENT, p, NULL, 0);
}

struct verdict {
    const struct store_txn *txn;
    int error; /* the first one */
    bool is_expectation, is_conflict;
    size_t index;
};

static void judge(void *arg, const struct store_answer *answer)
{
    struct verdict *v = arg;
    enum rule rule = v->txn->op[answer->index].rule;
    int error = answer->error;
    if (rule == EXPECT_ABSENT) {
        error = error == 0 ? -EEXIST : error == -ENOENT ? 0 : error;
    } else if (rule == MAY_BE_GONE && error == -ENOENT) {
        error = 0;
    }
    if (error != 0 && v->error == 0) {
        v->error = error;
        v->index = answer->index;
        v->is_expectation = (rule == EXPECT && error == -ENOENT) || error == -EEXIST;
    }
}

static int start(struct store *s, uint32_t *transaction)
{
    char *id = NULL;
    int error = store_ask(s, WIRE_TRANSACTION_START, 0, "", NULL, 0, &id, NULL);
    if (error == 0) {
        *transaction = (uint32_t)strtoul(id, NULL, 10);
        free(id);
    }
    return error;
}

/* Once. A conflict is -EAGAIN; with Xen's xenstored also -ENOMEM, at the end: a domain that had
 * nodes in it ended meanwhile (acc_fix_domains(), xenstored_domain.c of 4.17). */
static int try(struct store *s, struct store_txn *t, struct verdict *v)
{
    uint32_t transaction;
    *v = (struct verdict){.txn = t, .index = t->nr};
    int error = start(s, &transaction);
    if (error != 0) {
        return error;
    }
    for (size_t i = 0; i < t->nr; i++) {
        const struct store_op *op = &t->op[i];
        store_put(s, op->type, transaction, op->path, op->bytes, op->len);
    }
    error = store_exchange(s, judge, v);
    error = error != 0 ? error : v->error;
    int end = store_ask(s, WIRE_TRANSACTION_END, transaction, error == 0 ? "T" : "F", NULL, 0, NULL,
                        NULL);
    v->is_conflict = error == -EAGAIN || (error == 0 && (end == -EAGAIN || end == -ENOMEM));
    return error != 0 ? error : end;
}

int store_txn_commit(struct store *s, struct store_txn *t)
{
    struct verdict v = {.index = t->nr, .is_conflict = t->error == 0};
    int error = t->error;
    for (int left = STORE_TXN_TRIES; v.is_conflict && left > 0; left--) {
        error = try(s, t, &v);
    }
    if (error == -EAGAIN) {
        message_error("the store is too busy: a transaction met another change %d times in a row",
                      STORE_TXN_TRIES);
    } else if (error != 0 && error != -EPIPE && !v.is_expectation) {
        message_error("can't change %s in the store: %s",
                      v.index < t->nr ? t->op[v.index].path : "nodes", strerror(-error));
    }
    return error;
}
