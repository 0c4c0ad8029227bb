/* SPDX-License-Identifier: MIT */
#include "store/private.h"
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/clock.h"
#include "lib/number.h"

struct queued_event *store_dequeue(struct store *s, const char *token, size_t token_len)
{
    for (struct queued_event **at = &s->first; *at != NULL; at = &(*at)->next) {
        struct queued_event *event = *at;
        if (token == NULL || strncmp(event->token, token, token_len) == 0) {
            *at = event->next;
            if (s->last == &event->next) {
                s->last = at;
            }
            event->next = NULL;
            return event;
        }
    }
    return NULL;
}

int store_watch(struct store *s, const char *token, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_WATCH, 0, p, token, strlen(token) + 1, NULL, NULL);
    free(p);
    return error;
}

int store_watch_domains(struct store *s, const char *token, const char *special)
{
    char words[64]; /* the token, and a depth */
    int len = snprintf(words, sizeof words, "%s%c1", token, 0) + 1;
    if ((size_t)len > sizeof words) {
        return -ENAMETOOLONG;
    }
    int error = store_ask(s, WIRE_WATCH, 0, special, words, (size_t)len, NULL, NULL);
    return error == -EINVAL ? store_watch(s, token, "%s", special) : error;
}

bool store_event_domid(const char *path, uint16_t *domid)
{
    uint64_t number;
    const char *slash = *path == '@' ? strchr(path, '/') : NULL;
    if (slash == NULL || number_parse(slash + 1, 0, 0x7fef, &number) < 0) {
        return false;
    }
    *domid = (uint16_t)number;
    return true;
}

int store_unwatch(struct store *s, const char *token, const char *path, ...)
{
    STORE_PATH(p, path);
    int error = store_ask(s, WIRE_UNWATCH, 0, p, token, strlen(token) + 1, NULL, NULL);
    free(p);
    struct queued_event *event;
    while (error == 0 && (event = store_dequeue(s, token, strlen(token) + 1)) != NULL) {
        free(event);
    }
    return error;
}

/* Waits for bytes of the store, or cancel. 0: there may be some; -ETIMEDOUT, -EINTR. */
static int wait_input(struct store *s, uint64_t deadline_ms, int cancel_fd)
{
    struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};
    for (;;) {
        int n = poll(p, 2, clock_left_ms(deadline_ms));
        if (n < 0 && errno != EINTR) {
            return -errno;
        }
        if (n > 0 && p[1].revents != 0) {
            return -EINTR;
        }
        if (n > 0) {
            return 0;
        }
        if (clock_left_ms(deadline_ms) == 0) {
            return -ETIMEDOUT;
        }
    }
}

/* Fills the queue with what has come, without waiting. */
static int drain(struct store *s)
{
    int found;
    size_t before;
    do {
        before = s->in_len;
        found = store_receive(s, false);
    } while (found == 0 && s->in_len != before);
    /* an answer that nobody asked for */
    return found > 0 ? -EPIPE : found;
}

int store_event_next(struct store *s, struct store_event *out, uint64_t deadline_ms)
{
    free(s->handed_out);
    s->handed_out = NULL;
    for (;;) {
        struct queued_event *event = store_dequeue(s, NULL, 0);
        if (event != NULL) {
            s->handed_out = event;
            *out = (struct store_event){.path = event->path, .token = event->token};
            return 1;
        }
        int error = drain(s);
        if (error == 0 && s->first == NULL) {
            error = wait_input(s, deadline_ms, -1);
        }
        if (error != 0) {
            return error == -ETIMEDOUT ? 0 : error;
        }
    }
}

struct waiting {
    struct store_want *want;
    size_t nr;
    bool *dirty;
    char prefix[24]; /* of this wait's tokens: "wait NUMBER " */
    size_t *index;   /* of the reads under way: answer n is want[index[n]] */
    enum store_met hopeless;
    int error;
};

static void take_watch(void *arg, const struct store_answer *answer)
{
    struct waiting *w = arg;
    if (answer->error != 0) {
        w->error = answer->error;
    }
}

static int put_watches(struct store *s, struct waiting *w, uint32_t type)
{
    for (size_t i = 0; i < w->nr; i++) {
        char token[48];
        int len = snprintf(token, sizeof token, "%s%zu", w->prefix, i) + 1;
        store_put(s, type, 0, w->want[i].path, token, (size_t)len);
    }
    int error = store_exchange(s, take_watch, w);
    return error != 0 ? error : w->error;
}

static void ask_predicate(struct waiting *w, size_t i, const char *value)
{
    enum store_met met = w->want[i].is_met(value, w->want[i].arg);
    w->want[i].done = met == STORE_MET;
    if (met == STORE_HOPELESS) {
        w->hopeless = STORE_HOPELESS;
    }
}

static void take_value(void *arg, const struct store_answer *answer)
{
    struct waiting *w = arg;
    if (answer->error != 0 && answer->error != -ENOENT) {
        w->error = answer->error;
        return;
    }
    ask_predicate(w, w->index[answer->index], answer->error == 0 ? answer->data : NULL);
}

/* Reads what changed. 1: all are met. */
static int look_at_dirty(struct store *s, struct waiting *w)
{
    size_t nr = 0;
    for (size_t i = 0; i < w->nr; i++) {
        if (!w->dirty[i]) {
            continue;
        }
        w->dirty[i] = false;
        if (*w->want[i].path == '@') {
            ask_predicate(w, i, NULL);
        } else {
            w->index[nr++] = i;
            store_put(s, WIRE_READ, 0, w->want[i].path, NULL, 0);
        }
    }
    int error = nr == 0 ? 0 : store_exchange(s, take_value, w);
    error = error != 0 ? error : w->error;
    if (error == 0 && w->hopeless == STORE_HOPELESS) {
        error = -ECANCELED;
    }
    bool all = true;
    for (size_t i = 0; i < w->nr; i++) {
        all = all && w->want[i].done;
    }
    return error != 0 ? error : all;
}

/* Takes this wait's events out of the queue; true if there were any. */
static bool mark_dirty(struct store *s, struct waiting *w)
{
    bool any = false;
    struct queued_event *event;
    while ((event = store_dequeue(s, w->prefix, strlen(w->prefix))) != NULL) {
        size_t i = strtoul(event->token + strlen(w->prefix), NULL, 10);
        if (i < w->nr) {
            w->dirty[i] = true;
            any = true;
        }
        free(event);
    }
    return any;
}

static int wait_all(struct store *s, struct waiting *w, uint64_t deadline_ms, int cancel_fd)
{
    for (size_t i = 0; i < w->nr; i++) {
        w->dirty[i] = true;
        w->want[i].done = false;
    }
    for (;;) {
        int met = look_at_dirty(s, w);
        if (met != 0) {
            return met < 0 ? met : 0;
        }
        while (!mark_dirty(s, w)) {
            int error = drain(s);
            if (error == 0 && !mark_dirty(s, w)) {
                error = wait_input(s, deadline_ms, cancel_fd);
            } else if (error == 0) {
                break;
            }
            if (error != 0) {
                return error;
            }
        }
    }
}

int store_wait(struct store *s, struct store_want *want, size_t nr, uint64_t deadline_ms,
               int cancel_fd)
{
    if (nr == 0) {
        return 0;
    }
    struct waiting w = {.want = want, .nr = nr, .hopeless = STORE_MET};
    snprintf(w.prefix, sizeof w.prefix, "wait %u ", s->next_wait++);
    w.dirty = calloc(nr, sizeof *w.dirty);
    w.index = calloc(nr, sizeof *w.index);
    int error = w.dirty == NULL || w.index == NULL ? -ENOMEM : put_watches(s, &w, WIRE_WATCH);
    if (error == 0) {
        error = wait_all(s, &w, deadline_ms, cancel_fd);
    }
    if (w.dirty != NULL && w.index != NULL) {
        w.error = 0;
        (void)put_watches(s, &w, WIRE_UNWATCH);
        (void)mark_dirty(s, &w);
    }
    free(w.dirty);
    free(w.index);
    return error;
}

enum store_met store_met_exists(const char *value, void *arg)
{
    return value != NULL ? STORE_MET : STORE_NOT_YET;
}

enum store_met store_met_gone(const char *value, void *arg)
{
    return value == NULL ? STORE_MET : STORE_NOT_YET;
}

enum store_met store_met_equal(const char *value, void *arg)
{
    return value != NULL && strcmp(value, arg) == 0 ? STORE_MET : STORE_NOT_YET;
}

enum store_met store_met_at_least(const char *value, void *arg)
{
    return value != NULL && strtoul(value, NULL, 10) >= *(const unsigned *)arg ? STORE_MET
                                                                               : STORE_NOT_YET;
}
