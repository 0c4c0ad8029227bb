/* SPDX-License-Identifier: MIT */
/*
 * gethvmcontext_partial and sethvmcontext carry records (docs/why/011-records.md) out of a paused
 * domain and into one. One record a stay at EL2; where to go on is in the operation itself.
 */
#include "base/bits.h"
#include "base/string.h"
#include "call/control.h"
#include "dom/record.h"
#include "guestmem/guestmem.h"
#include "log/log.h"

/* The tools' lock is held: there is one at a time. */
static struct {
    struct record_header header;
    u64 body[RECORD_MAX_BYTES / 8];
} the_record;

/* Does it stand still, so that what several calls read is one moment? And on no CPU. */
static enum err settle(struct domain *d)
{
    if (d == domain_current() || d->privileged) {
        return E_BUSY;
    }
    /* The lock: who shuts itself down says so before its vCPUs are held, and we are to see both. */
    spin_lock(&d->lock);
    const bool stands = d->life == DOMAIN_ALIVE && (d->paused_by_tools || d->shut_down);
    spin_unlock(&d->lock);
    if (!stands) {
        return E_BUSY;
    }
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        if (!vcpu_sync_lazy(v)) {
            return E_RESTART;
        }
    }
    return OK;
}

/* ---- out ---- */

/* The first record of that type and instance, or of what comes after. */
static enum err save_next(struct domain *d, u32 type, struct record *r,
                          const struct record_room **out)
{
    for (const struct record_room *room = record_rooms; room->type != 0; room++) {
        if (room->type < type) {
            continue;
        }
        if (room->type != type) {
            r->instance = 0;
        }
        memset(the_record.body, 0, room->bytes);
        r->bytes = room->bytes;
        enum err e = record_save(room, d, r);
        if (e == E_BUSY) {
            log_guest(LOG_WARN, d->id, "not written out: its %s holds what is not its own",
                      room->name);
        }
        if (e != E_NOENT) {
            *out = room;
            return e;
        }
    }
    return E_NOENT;
}

enum err domctl_get_records(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext_partial *p = &op->u.hvmcontext_partial;
    struct record_header *h = &the_record.header;
    struct record r = {.instance = p->instance, .body = the_record.body};
    const struct record_room *room;
    if (p->bufsz < sizeof(*h)) {
        return E_INVAL;
    }
    enum err e = settle(d);
    if (e == OK) {
        e = save_next(d, p->type, &r, &room);
    }
    if (e != OK) {
        return e;
    }
    *h = (struct record_header){
        .type = room->type, .version = room->version, .instance = r.instance, .bytes = r.bytes};
    h->sum = record_sum(h, the_record.body);
    const u32 bytes = (u32)sizeof(*h) + r.bytes;
    if (p->bufsz < bytes) {
        return E_NOBUFS;
    }
    p->type = room->type;
    p->instance = r.next;
    p->bufsz = bytes;
    return copy_out((gva_t){p->buffer.p}, &the_record, bytes);
}

/* ---- in ---- */

static const struct record_room *find_room(u32 type)
{
    const struct record_room *room = record_rooms;
    while (room->type != 0 && room->type != type) {
        room++;
    }
    return room->type != 0 ? room : NULL;
}

/* Fetches the record and finds who reads it. */
static enum err decode(gva_t from, u32 size, const struct record_room **out)
{
    struct record_header *h = &the_record.header;
    if (copy_in(h, from, sizeof(*h)) != OK) {
        return E_FAULT;
    }
    const struct record_room *room = find_room(h->type);
    if (!room || h->version != room->version) {
        return E_OPNOTSUPP; /* by somebody newer */
    }
    bool length_ok =
        room->varies ? h->bytes <= room->bytes && is_aligned(h->bytes, 8) : h->bytes == room->bytes;
    if (h->zero != 0 || !length_ok || h->bytes > size - sizeof(*h)) {
        return E_INVAL;
    }
    if (copy_in(the_record.body, (gva_t){from.v + sizeof(*h)}, h->bytes) != OK) {
        return E_FAULT;
    }
    *out = room;
    return record_sum(h, the_record.body) == h->sum ? OK : E_ILSEQ;
}

enum err domctl_set_records(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_hvmcontext *c = &op->u.hvmcontext;
    struct record_header *h = &the_record.header;
    const struct record_room *room;
    if (c->size < sizeof(*h)) {
        return E_INVAL;
    }
    enum err e = settle(d);
    if (e == OK) {
        e = decode((gva_t){c->buffer.p}, c->size, &room);
        if (e == OK) {
            struct record r = {.instance = h->instance, .bytes = h->bytes, .body = the_record.body};
            e = record_load(room, d, &r);
        }
        if (e != OK && e != E_FAULT) {
            log_guest(LOG_WARN, d->id, "record %u, version %u, instance %u is refused: %d", h->type,
                      h->version, h->instance, e);
        }
    }
    if (e != OK) {
        return e;
    }
    const u32 bytes = (u32)sizeof(*h) + h->bytes;
    c->buffer.p += bytes;
    c->size -= bytes;
    return c->size != 0 ? E_RESTART : OK;
}
