/* SPDX-License-Identifier: MIT */
/*
 * A store for unit tests: one thread, one client over a socket pair, nodes in a sorted list,
 * transactions as whole copies that lose against any change made meanwhile. A hook sees each change
 * and plays the other end (a driver, a script). Errors can be injected into the n-th request.
 */
#pragma once
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "store/wire.h"

#define FAKE_MAX_NODES   600
#define FAKE_MAX_WATCHES 64

struct fake_node {
    char *path, *value, *permissions; /* permissions: words with blanks between */
    size_t len;
};
struct fake_tree {
    struct fake_node node[FAKE_MAX_NODES];
    size_t nr;
};
struct fake_store {
    pthread_mutex_t lock;
    pthread_t thread;
    int fd, client_fd;
    struct fake_tree tree, txn_tree;
    uint32_t txn;      /* the open one, 0: none */
    bool txn_conflict; /* something changed meanwhile */
    struct {
        char *path, *token;
    } watch[FAKE_MAX_WATCHES];
    size_t nr_requests, fail_at; /* fail_at: this request (from 1) is answered with EIO */
    bool has_no_names;           /* no CONTROL named, as in Xen 4.17 */
    bool has_no_depth;           /* a third string of WATCH is EINVAL, as in Xen 4.17 */
    unsigned conflicts;          /* so many ends of transactions answer EAGAIN, */
    const char *conflict_answer; /* or this */
    size_t nr_starts;
    void (*hook)(struct fake_store *f, const char *path, const char *value);
    void *hook_arg;
};

static inline struct fake_node *fake_find(struct fake_tree *t, const char *path)
{
    for (size_t i = 0; i < t->nr; i++) {
        if (strcmp(t->node[i].path, path) == 0) {
            return &t->node[i];
        }
    }
    return NULL;
}

static inline void fake_node_free(struct fake_node *n)
{
    free(n->path);
    free(n->value);
    free(n->permissions);
}

static inline void fake_tree_free(struct fake_tree *t)
{
    for (size_t i = 0; i < t->nr; i++) {
        fake_node_free(&t->node[i]);
    }
    t->nr = 0;
}

static inline void fake_tree_copy(struct fake_tree *to, const struct fake_tree *from)
{
    fake_tree_free(to);
    to->nr = from->nr;
    for (size_t i = 0; i < from->nr; i++) {
        const struct fake_node *n = &from->node[i];
        char *value = malloc(n->len + 1);
        memcpy(value, n->value, n->len + 1);
        to->node[i] = (struct fake_node){strdup(n->path), value, strdup(n->permissions), n->len};
    }
}

static inline void fake_tree_set(struct fake_tree *t, const char *path, const char *value,
                                 size_t len)
{
    struct fake_node *n = fake_find(t, path);
    if (n == NULL) {
        char parent[4096];
        snprintf(parent, sizeof parent, "%s", path);
        char *slash = strrchr(parent, '/');
        if (slash != NULL && slash != parent) {
            *slash = 0;
            if (fake_find(t, parent) == NULL) {
                fake_tree_set(t, parent, "", 0);
            }
        }
        struct fake_node *up = fake_find(t, parent);
        assert(t->nr < FAKE_MAX_NODES);
        n = &t->node[t->nr++];
        *n = (struct fake_node){.path = strdup(path)};
        n->permissions = strdup(up != NULL && up != n ? up->permissions : "n0");
    }
    free(n->value);
    n->value = malloc(len + 1);
    memcpy(n->value, value, len);
    n->value[len] = 0;
    n->len = len;
}

static inline bool fake_is_below(const char *path, const char *top)
{
    size_t n = strlen(top);
    return strncmp(path, top, n) == 0 && (path[n] == 0 || path[n] == '/');
}

static inline bool fake_tree_remove(struct fake_tree *t, const char *path)
{
    bool any = false;
    for (size_t i = 0; i < t->nr;) {
        if (fake_is_below(t->node[i].path, path)) {
            fake_node_free(&t->node[i]);
            t->node[i] = t->node[--t->nr];
            any = true;
        } else {
            i++;
        }
    }
    return any;
}

static inline void fake_send(struct fake_store *f, const struct wire_header *in, uint32_t type,
                             const char *data, size_t len)
{
    struct wire_header h = *in;
    char message[sizeof h + WIRE_MAX_PAYLOAD];
    h.type = type;
    h.bytes = (uint32_t)len;
    memcpy(message, &h, sizeof h);
    memcpy(message + sizeof h, data, len);
    ssize_t n = send(f->fd, message, sizeof h + len, MSG_NOSIGNAL);
    (void)n;
}

static inline void fake_event(struct fake_store *f, const char *path, const char *token)
{
    char data[WIRE_MAX_PAYLOAD];
    int len = snprintf(data, sizeof data, "%s%c%s", path, 0, token) + 1;
    fake_send(f, &(struct wire_header){}, WIRE_WATCH_EVENT, data, (size_t)len);
}

static inline void fake_changed(struct fake_store *f, const char *path, const char *value)
{
    f->txn_conflict = true;
    for (size_t i = 0; i < FAKE_MAX_WATCHES; i++) {
        if (f->watch[i].path != NULL && fake_is_below(path, f->watch[i].path)) {
            fake_event(f, path, f->watch[i].token);
        } else if (f->watch[i].path != NULL && value == NULL &&
                   fake_is_below(f->watch[i].path, path)) {
            fake_event(f, f->watch[i].path, f->watch[i].token);
        }
    }
    if (f->hook != NULL) {
        f->hook(f, path, value);
    }
}

/* For hooks, which run with the lock held. */
static inline void fake_set(struct fake_store *f, const char *path, const char *value)
{
    fake_tree_set(&f->tree, path, value, strlen(value));
    fake_changed(f, path, value);
}

static inline void fake_unset(struct fake_store *f, const char *path)
{
    if (fake_tree_remove(&f->tree, path)) {
        fake_changed(f, path, NULL);
    }
}

static inline const char *fake_get(struct fake_store *f, const char *path)
{
    pthread_mutex_lock(&f->lock);
    struct fake_node *n = fake_find(&f->tree, path);
    const char *found = n == NULL ? NULL : n->value;
    pthread_mutex_unlock(&f->lock);
    return found;
}

static inline const char *fake_permissions(struct fake_store *f, const char *path)
{
    pthread_mutex_lock(&f->lock);
    struct fake_node *n = fake_find(&f->tree, path);
    const char *found = n == NULL ? NULL : n->permissions;
    pthread_mutex_unlock(&f->lock);
    return found;
}

/* A special event, "@releaseDomain/7": nothing of it stays in the tree. */
static inline void fake_special(struct fake_store *f, const char *path)
{
    pthread_mutex_lock(&f->lock);
    fake_changed(f, path, "");
    pthread_mutex_unlock(&f->lock);
}

/* For tests, while the client may be at work. */
static inline void fake_write(struct fake_store *f, const char *path, const char *value)
{
    pthread_mutex_lock(&f->lock);
    fake_set(f, path, value);
    pthread_mutex_unlock(&f->lock);
}

static inline int fake_name_order(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static inline size_t fake_directory(struct fake_tree *t, const char *path, char *out, size_t room)
{
    char *name[FAKE_MAX_NODES];
    size_t nr = 0, len = 0, n = strcmp(path, "/") == 0 ? 0 : strlen(path);
    for (size_t i = 0; i < t->nr; i++) {
        const char *p = t->node[i].path;
        if (strncmp(p, path, n) == 0 && p[n] == '/' && p[n + 1] != 0 && !strchr(p + n + 1, '/')) {
            name[nr++] = t->node[i].path + n + 1;
        }
    }
    qsort(name, nr, sizeof *name, fake_name_order);
    for (size_t i = 0; i < nr; i++) {
        size_t more = strlen(name[i]) + 1;
        assert(len + more <= room);
        memcpy(out + len, name[i], more);
        len += more;
    }
    return len;
}

static inline void fake_commit(struct fake_store *f)
{
    struct fake_tree old = f->tree;
    f->tree = f->txn_tree;
    f->txn_tree.nr = 0;
    for (size_t i = 0; i < f->tree.nr; i++) {
        struct fake_node *was = fake_find(&old, f->tree.node[i].path);
        if (was == NULL || was->len != f->tree.node[i].len ||
            memcmp(was->value, f->tree.node[i].value, was->len) != 0) {
            char path[4096], value[4097];
            snprintf(path, sizeof path, "%s", f->tree.node[i].path);
            snprintf(value, sizeof value, "%s", f->tree.node[i].value);
            fake_changed(f, path, value);
        }
    }
    for (size_t i = 0; i < old.nr; i++) {
        if (fake_find(&f->tree, old.node[i].path) == NULL) {
            fake_changed(f, old.node[i].path, NULL);
        }
    }
    fake_tree_free(&old);
}

static inline const char *fake_watch(struct fake_store *f, uint32_t type, const char *path,
                                     const char *token)
{
    for (size_t i = 0; i < FAKE_MAX_WATCHES; i++) {
        if (type == WIRE_WATCH && f->watch[i].path == NULL) {
            f->watch[i].path = strdup(path);
            f->watch[i].token = strdup(token);
            return NULL;
        }
        if (type == WIRE_UNWATCH && f->watch[i].path != NULL &&
            strcmp(f->watch[i].path, path) == 0 && strcmp(f->watch[i].token, token) == 0) {
            free(f->watch[i].path);
            free(f->watch[i].token);
            f->watch[i].path = NULL;
            return NULL;
        }
    }
    return type == WIRE_WATCH ? "ENOSPC" : "ENOENT";
}

/* Changes of nodes: NULL or the error's word. */
static inline const char *fake_modify(struct fake_store *f, const struct wire_header *h,
                                      const char *path, const char *rest, size_t len)
{
    struct fake_tree *t = h->transaction != 0 ? &f->txn_tree : &f->tree;
    struct fake_node *n = fake_find(t, path);
    if (h->type == WIRE_SET_PERMS) {
        if (n == NULL) {
            return "ENOENT";
        }
        free(n->permissions);
        n->permissions = malloc(len + 1);
        memcpy(n->permissions, rest, len);
        for (size_t i = 0; i + 1 < len; i++) {
            n->permissions[i] = rest[i] == 0 ? ' ' : rest[i];
        }
        n->permissions[len] = 0;
    } else if (h->type == WIRE_RM) {
        if (!fake_tree_remove(t, path)) {
            return "ENOENT";
        }
    } else if (h->type == WIRE_WRITE || n == NULL) {
        fake_tree_set(t, path, rest, len);
    }
    if (h->transaction == 0) {
        char copy[4097];
        snprintf(copy, sizeof copy, "%.*s", (int)len, rest);
        fake_changed(f, path, h->type == WIRE_RM ? NULL : copy);
    }
    return NULL;
}

static inline void fake_read(struct fake_store *f, const struct wire_header *h, const char *path)
{
    struct fake_tree *t = h->transaction != 0 ? &f->txn_tree : &f->tree;
    struct fake_node *n = fake_find(t, path);
    if (n == NULL && strcmp(path, "/") != 0) {
        fake_send(f, h, WIRE_ERROR, "ENOENT", 7);
    } else if (h->type == WIRE_READ) {
        fake_send(f, h, h->type, n->value, n->len);
    } else if (h->type == WIRE_GET_PERMS) {
        char words[64];
        size_t len = (size_t)snprintf(words, sizeof words, "%s", n->permissions) + 1;
        for (size_t i = 0; i < len; i++) {
            words[i] = words[i] == ' ' ? 0 : words[i];
        }
        fake_send(f, h, h->type, words, len);
    } else {
        char names[WIRE_MAX_PAYLOAD];
        fake_send(f, h, h->type, names, fake_directory(t, path, names, sizeof names));
    }
}

static inline void fake_end(struct fake_store *f, const struct wire_header *h, bool commit)
{
    bool conflict = f->txn_conflict || f->conflicts > 0;
    f->conflicts -= f->conflicts > 0;
    f->txn = 0;
    if (commit && conflict) {
        fake_tree_free(&f->txn_tree);
        const char *answer = f->conflict_answer != NULL ? f->conflict_answer : "EAGAIN";
        fake_send(f, h, WIRE_ERROR, answer, strlen(answer) + 1);
        return;
    }
    fake_send(f, h, h->type, "OK", 3);
    if (commit) {
        fake_commit(f);
    } else {
        fake_tree_free(&f->txn_tree);
    }
}

static inline void fake_named(struct fake_store *f, const struct wire_header *h, const char *name)
{
    char text[WIRE_MAX_PAYLOAD] = "";
    size_t len = 0;
    unsigned domid;
    for (size_t i = 0; i < f->tree.nr; i++) {
        const struct fake_node *n = &f->tree.node[i];
        int end = 0;
        if (sscanf(n->path, "/local/domain/%u/name%n", &domid, &end) == 1 && end > 0 &&
            n->path[end] == 0 && strcmp(n->value, name) == 0) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%u\n", domid);
        }
    }
    fake_send(f, h, h->type, text, len + 1);
}

static inline void fake_serve(struct fake_store *f, const struct wire_header *h, const char *data)
{
    const char *rest = data + strlen(data) + 1;
    const char *error = NULL;
    f->nr_requests++;
    if (f->nr_requests == f->fail_at) {
        fake_send(f, h, WIRE_ERROR, "EIO", 4);
        return;
    }
    switch (h->type) {
    case WIRE_READ:
    case WIRE_DIRECTORY:
    case WIRE_GET_PERMS:
        fake_read(f, h, data);
        return;
    case WIRE_TRANSACTION_START:
        f->nr_starts++;
        f->txn = 77;
        f->txn_conflict = false;
        fake_tree_copy(&f->txn_tree, &f->tree);
        fake_send(f, h, h->type, "77", 3);
        return;
    case WIRE_TRANSACTION_END:
        fake_end(f, h, *data == 'T');
        return;
    case WIRE_WATCH:
    case WIRE_UNWATCH:
        error = f->has_no_depth && rest + strlen(rest) + 1 < data + h->bytes
                    ? "EINVAL"
                    : fake_watch(f, h->type, data, rest);
        break;
    case WIRE_INTRODUCE:
    case WIRE_RELEASE:
        break;
    case WIRE_CONTROL:
        error = f->has_no_names || strcmp(data, "named") != 0 ? "EINVAL" : NULL;
        if (error == NULL) {
            fake_named(f, h, rest);
            return;
        }
        break;
    case WIRE_IS_DOMAIN_INTRODUCED:
        fake_send(f, h, h->type, "T", 2);
        return;
    default:
        fake_send(f, h, WIRE_ERROR, "ENOSYS", 7);
        return;
    }
    if (error != NULL) {
        fake_send(f, h, WIRE_ERROR, error, strlen(error) + 1);
        return;
    }
    fake_send(f, h, h->type, "OK", 3);
    if (h->type == WIRE_WATCH) {
        fake_event(f, data, rest);
    }
}

static inline bool fake_is_change(uint32_t type)
{
    return type == WIRE_WRITE || type == WIRE_MKDIR || type == WIRE_RM || type == WIRE_SET_PERMS;
}

static inline void fake_answer(struct fake_store *f, const struct wire_header *h, const char *data)
{
    if (!fake_is_change(h->type) || f->nr_requests + 1 == f->fail_at) {
        fake_serve(f, h, data);
        return;
    }
    /* the answer goes first: events of the change come behind it, as the real one has it */
    f->nr_requests++;
    const char *rest = data + strlen(data) + 1;
    struct fake_tree *t = h->transaction != 0 ? &f->txn_tree : &f->tree;
    bool is_there = fake_find(t, data) != NULL;
    if ((h->type == WIRE_RM || h->type == WIRE_SET_PERMS) && !is_there) {
        fake_send(f, h, WIRE_ERROR, "ENOENT", 7);
        return;
    }
    fake_send(f, h, h->type, "OK", 3);
    fake_modify(f, h, data, rest, (size_t)(h->bytes - (size_t)(rest - data)));
}

static inline void *fake_main(void *arg)
{
    struct fake_store *f = arg;
    struct wire_header h;
    char data[WIRE_MAX_PAYLOAD + 1];
    while (recv(f->fd, &h, sizeof h, MSG_WAITALL) == (ssize_t)sizeof h) {
        assert(h.bytes <= WIRE_MAX_PAYLOAD);
        ssize_t n = h.bytes == 0 ? 0 : recv(f->fd, data, h.bytes, MSG_WAITALL);
        if (n != (ssize_t)h.bytes) {
            break;
        }
        data[h.bytes] = 0;
        pthread_mutex_lock(&f->lock);
        fake_answer(f, &h, data);
        pthread_mutex_unlock(&f->lock);
    }
    return NULL;
}

/* The client's end is f->client_fd: give it to store_open_fd(). */
static inline struct fake_store *fake_start(void)
{
    struct fake_store *f = calloc(1, sizeof *f);
    int pair[2];
    assert(f != NULL && socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    pthread_mutexattr_t kind; /* hooks run with the lock held and use what tests use */
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&f->lock, &kind);
    f->fd = pair[0];
    f->client_fd = pair[1];
    fake_tree_set(&f->tree, "/local/domain/0", "", 0);
    assert(pthread_create(&f->thread, NULL, fake_main, f) == 0);
    return f;
}

/* After store_close(). Returns how many watches the client left behind. */
static inline size_t fake_stop(struct fake_store *f)
{
    shutdown(f->fd, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    size_t left = 0;
    for (size_t i = 0; i < FAKE_MAX_WATCHES; i++) {
        if (f->watch[i].path != NULL) {
            left++;
            free(f->watch[i].path);
            free(f->watch[i].token);
        }
    }
    close(f->fd);
    fake_tree_free(&f->tree);
    fake_tree_free(&f->txn_tree);
    free(f);
    return left;
}

/* All paths and values, sorted, as one string to be freed: two of them tell whether anything
 * changed. */
static inline int fake_line_order(const void *a, const void *b)
{
    const struct fake_node *const *one = a, *const *other = b;
    return strcmp((*one)->path, (*other)->path);
}

static inline char *fake_snapshot(struct fake_store *f)
{
    pthread_mutex_lock(&f->lock);
    const struct fake_node *node[FAKE_MAX_NODES];
    size_t len = 1, at = 0;
    for (size_t i = 0; i < f->tree.nr; i++) {
        node[i] = &f->tree.node[i];
        len += strlen(node[i]->path) + node[i]->len + 2;
    }
    qsort(node, f->tree.nr, sizeof *node, fake_line_order);
    char *out = calloc(1, len);
    for (size_t i = 0; i < f->tree.nr; i++) {
        at += (size_t)sprintf(out + at, "%s=%s\n", node[i]->path, node[i]->value);
    }
    pthread_mutex_unlock(&f->lock);
    return out;
}

/* A hook that plays Linux' backends: they come up, and close when asked to or when their guest's
 * end goes. hook_arg: a class that has no driver, or NULL. */
static inline void fake_drivers(struct fake_store *f, const char *path, const char *value)
{
    char class[32], key[64], back[128];
    unsigned domid, id;
    if (value != NULL &&
        sscanf(path, "/local/domain/0/backend/%31[^/]/%u/%u/%63s", class, &domid, &id, key) == 4 &&
        strcmp(key, "state") == 0) {
        bool has_driver = f->hook_arg == NULL || strcmp(f->hook_arg, class) != 0;
        if (has_driver && strcmp(value, "1") == 0) {
            fake_set(f, path, "2");
        } else if (has_driver && strcmp(value, "5") == 0) {
            fake_set(f, path, "6");
        }
    }
    if (value == NULL &&
        sscanf(path, "/local/domain/%u/device/%31[^/]/%u", &domid, class, &id) == 3) {
        snprintf(back, sizeof back, "/local/domain/0/backend/%s/%u/%u/state", class, domid, id);
        if (fake_get(f, back) != NULL && strcmp(fake_get(f, back), "6") != 0) {
            fake_set(f, back, "6");
        }
    }
}
