// SPDX-License-Identifier: MIT
#include "xenconsoled/consoled.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/grant.h"
#include "lib/message.h"

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

void console_path(const struct console *c, char *path, size_t room)
{
    const unsigned domid = c->guest->domid;
    if (c->kind == CONSOLE_PRIMARY) {
        snprintf(path, room, "/local/domain/%u/console", domid);
    } else if (c->kind == CONSOLE_VUART) {
        snprintf(path, room, "/local/domain/%u/vuart/0", domid);
    } else {
        snprintf(path, room, "/local/domain/%u/device/console/%u", domid, c->index);
    }
}

/* What the terminal waits for. */
static void want(struct console *c)
{
    const bool may_type = c->ring != NULL && console_ring_room(c->ring) > 0;
    console_pty_want(&c->pty, may_type, c->tail.nr > 0);
}

/* From the tail to whoever has the terminal open. */
static void feed(struct console *c)
{
    const char *bytes;
    while (c->pty.is_open_elsewhere) {
        const size_t nr = console_tail_peek(&c->tail, &bytes);
        const size_t done = nr > 0 ? console_pty_write(&c->pty, bytes, nr) : 0;
        if (done == 0) {
            break;
        }
        console_tail_drop(&c->tail, done);
    }
}

/* From the terminal to the guest; true if there was something. */
static bool type(struct console *c)
{
    char bytes[CONSOLE_RING_IN];
    const size_t room = console_ring_room(c->ring);
    const size_t nr = room > 0 ? console_pty_read(&c->pty, bytes, room) : 0;
    if (nr == 0) {
        return false;
    }
    // A hostile guest may have less room now: what it does not take is its own loss
    console_ring_put(c->ring, bytes, nr);
    return true;
}

/* From the guest to log and tail: at most a ring; true if there was something. The last words are
 * taken also from who was held up. */
static bool take(struct console *c, bool is_last)
{
    char bytes[CONSOLE_RING_OUT];
    size_t max = sizeof(bytes);
    if (c->daemon->options.keeps && !is_last && console_tail_room(&c->tail) < max) {
        max = console_tail_room(&c->tail);
    }
    const size_t nr = max > 0 ? console_ring_take(c->ring, bytes, max) : 0;
    if (nr > 0) {
        console_log_write(&c->log, bytes, nr, time(NULL));
        console_tail_add(&c->tail, bytes, nr);
    }
    return nr > 0;
}

/* One round in both directions. The event is unmasked afterwards, unless nothing more can be taken:
 * then the reader's progress goes on with it. */
static void serve(struct console *c)
{
    struct hv *hv = c->daemon->hv;
    // Input first: the guest's wake may mean that it has room again
    const bool has_typed = !c->pty.wants_read && type(c);
    const bool has_taken = take(c, false);
    feed(c);
    if (has_typed || has_taken) {
        hv_notify(hv, c->port);
    }
    want(c);
    c->is_held = c->daemon->options.keeps && console_tail_room(&c->tail) == 0;
    if (!c->is_held) {
        hv_unmask_event(hv, c->port);
    }
}

void console_wake(struct console *c)
{
    struct consoled *d = c->daemon;
    if (c->pause.is_on || c->is_held) {
        return; /* masked: can't be news */
    }
    if (!console_pace_take(&c->guest->events, d->now_ms())) {
        consoled_pause(d, &c->pause);
        return;
    }
    serve(c);
}

static void resume(struct consoled_pause *pause)
{
    console_wake(container_of(pause, struct console, pause));
}

static void can_write(struct console_pty *pty)
{
    struct console *c = container_of(pty, struct console, pty);
    feed(c);
    if (c->is_held && console_tail_room(&c->tail) > 0) {
        c->is_held = false;
        console_wake(c);
    }
    want(c);
}

static void can_read(struct console_pty *pty)
{
    struct console *c = container_of(pty, struct console, pty);
    if (c->ring != NULL && type(c)) {
        hv_notify(c->daemon->hv, c->port);
    }
    want(c);
}

struct console *console_create(struct console_guest *guest, enum console_kind kind, unsigned index)
{
    struct console *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        message_error("domain %u: no memory for a console", guest->domid);
        return NULL;
    }
    c->daemon = guest->daemon;
    c->guest = guest;
    c->kind = kind;
    c->index = index;
    c->pty.source.fd = -1;
    c->pty.can_read = can_read;
    c->pty.can_write = can_write;
    c->pause.resume = resume;
    c->log = CONSOLE_LOG_CLOSED;
    c->log.has_stamps = c->daemon->options.stamps_guests;
    c->log.replaces_escape = c->daemon->options.replaces_escape;
    console_tail_init(&c->tail, 0);
    guest->console[kind + index] = c;
    return c;
}

void console_destroy(struct console *c)
{
    console_disconnect(c);
    feed(c);
    console_pty_close(&c->pty);
    console_tail_fini(&c->tail);
    console_log_close(&c->log);
    c->guest->console[c->kind + c->index] = NULL;
    free(c);
}

void console_disconnect(struct console *c)
{
    struct consoled *d = c->daemon;
    if (c->ring == NULL) {
        return;
    }
    take(c, true);
    consoled_unpause(d, &c->pause);
    c->is_held = false;
    console_table_remove(&d->by_port, c->port);
    hv_unbind_event(d->hv, c->port);
    c->ring = NULL;
    hv_unmap(d->hv, &c->mapping);
    if (c->pty.source.fd >= 0) {
        want(c);
    }
}

static int map(struct console *c, uint64_t ring_ref)
{
    struct hv *hv = c->daemon->hv;
    const uint16_t domid = c->guest->domid;
    int err = -ENOENT;
    if (c->kind == CONSOLE_PRIMARY) {
        err = hv_map_grant(hv, domid, GNTTAB_RESERVED_CONSOLE, true, &c->mapping);
    } else if (c->kind == CONSOLE_DEVICE) {
        return ring_ref > UINT32_MAX
                   ? -EINVAL
                   : hv_map_grant(hv, domid, (uint32_t)ring_ref, true, &c->mapping);
    }
    // Tools that seed no grants leave the frame's number only
    return err < 0 ? hv_map(hv, domid, &ring_ref, 1, true, &c->mapping, NULL) : err;
}

static int bind(struct console *c, uint64_t ring_ref, uint32_t remote_port)
{
    struct consoled *d = c->daemon;
    const unsigned domid = c->guest->domid;
    int err = map(c, ring_ref);
    if (err < 0) {
        console_guest_complain(c->guest, "domain %u: the ring of a console can't be mapped: %s",
                               domid, strerror(-err));
        return err;
    }
    err = hv_bind_event(d->hv, c->guest->domid, remote_port, &c->port);
    if (err < 0) {
        console_guest_complain(c->guest, "domain %u: port %u of a console can't be bound: %s",
                               domid, remote_port, strerror(-err));
        hv_unmap(d->hv, &c->mapping);
        return err;
    }
    err = console_table_add(&d->by_port, c->port, c);
    if (err < 0) {
        message_error("domain %u: event %u of a console: %s", domid, c->port, strerror(-err));
        hv_unbind_event(d->hv, c->port);
        hv_unmap(d->hv, &c->mapping);
        return err;
    }
    c->ring = c->mapping.at;
    c->ring_ref = ring_ref;
    c->remote_port = remote_port;
    return 0;
}

/* Where the terminal is, in the store: `xl console` opens what is written there, so the guest may
 * read it and not change it. */
static int publish(struct console *c)
{
    char path[64];
    struct store_txn txn;
    console_path(c, path, sizeof(path));
    store_txn_init(&txn);
    store_txn_expect(&txn, "%s", path);
    store_txn_write(&txn, c->pty.path, "%s/tty", path);
    store_txn_permit(&txn, (struct store_access){0, c->guest->domid}, "%s/tty", path);
    const int err = store_txn_commit(c->daemon->store, &txn);
    store_txn_fini(&txn);
    return err;
}

int console_connect(struct console *c, uint64_t ring_ref, uint32_t remote_port, size_t limit)
{
    if (c->ring != NULL && c->ring_ref == ring_ref && c->remote_port == remote_port) {
        return 0;
    }
    console_disconnect(c);
    int err = bind(c, ring_ref, remote_port);
    if (err < 0) {
        return err;
    }
    if (c->pty.source.fd < 0) {
        console_tail_init(&c->tail, limit);
        err = console_pty_open(&c->pty, &c->daemon->readers);
        if (err == 0) {
            err = publish(c);
        }
        if (err < 0) {
            console_pty_close(&c->pty);
            console_disconnect(c);
            return err;
        }
        console_guest_reopen_logs(c->guest);
        message_detail(1, "domain %u: a console at %s", c->guest->domid, c->pty.path);
    }
    serve(c); /* what it said before anybody listened */
    return 0;
}
