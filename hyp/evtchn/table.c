/* SPDX-License-Identifier: MIT */
#include "abi/event.h"
#include "evtchn/port.h"
#include "log/log.h"
#include "mem/slab.h"

#define NO_PORT ~0u
/* Ports looked at, or closed, in one stay: a few instructions each, and a few hundred. */
#define SCAN_BUDGET  1024u
#define CLOSE_BUDGET 32u
/* Buckets freed in one stay. */
#define SHRINK_BUDGET 64u

/* At the end, and its group. Published last: who sees nr_ports sees the bucket. */
enum err table_grow(struct evtchn_table *t)
{
    u32 first = t->nr_ports;
    struct evtchn ***group = &t->group[first / PORTS_GROUP];
    if (*group == NULL) {
        *group = heap_alloc(BUCKETS_GROUP * sizeof(**group));
        if (*group == NULL) {
            return E_NOMEM;
        }
    }
    struct evtchn *bucket = heap_alloc(PORTS_BUCKET * sizeof(*bucket));
    if (bucket == NULL) {
        return E_NOMEM;
    }
    (*group)[first / PORTS_BUCKET % BUCKETS_GROUP] = bucket;
    store_release(&t->nr_ports, first + PORTS_BUCKET);
    return OK;
}

static enum err table_shrink(struct evtchn_table *t)
{
    for (u32 i = 0; i < SHRINK_BUDGET; i++) {
        if (t->nr_ports == 0) {
            return OK;
        }
        t->nr_ports -= PORTS_BUCKET;
        struct evtchn **group = t->group[t->nr_ports / PORTS_GROUP];
        heap_free(group[t->nr_ports / PORTS_BUCKET % BUCKETS_GROUP],
                  PORTS_BUCKET * sizeof(struct evtchn));
    }
    return E_RESTART;
}

static void table_free(struct evtchn_table *t)
{
    while (table_shrink(t) == E_RESTART) {
    }
    for (u32 i = 0; i < NR_GROUPS; i++) {
        if (t->group[i] != NULL) {
            heap_free(t->group[i], BUCKETS_GROUP * sizeof(*t->group[i]));
        }
    }
    heap_free(t, sizeof(*t));
}

/* UNCHECKED: nobody knows it yet. */
UNCHECKED enum err evtchn_create(struct domain *d, u32 max_port)
{
    struct evtchn_table *t = heap_alloc(sizeof(*t));
    if (t == NULL) {
        return E_NOMEM;
    }
    spin_init(&t->lock, RANK_EVTCHN, "evtchn");
    t->abi = &evtchn_two_level;
    t->max_port = max_port;
    t->scan = 1;
    t->scan_again = NO_PORT;
    gpage_from_frame(d, d->shared_info, &t->shared);
    enum err e = table_grow(t);
    if (e != OK) {
        table_free(t);
        return e;
    }
    port_set_word(&t->group[0][0][0], word_make(PORT_RESERVED, 0, 0, 0, (domid_t){0}));
    d->evtchn = t;
    return OK;
}

enum err evtchn_shrink(struct domain *d)
{
    return table_shrink(d->evtchn);
}

void evtchn_destroy(struct domain *d)
{
    if (d->evtchn == NULL) {
        return;
    }
    fifo_release(d); /* a domain that was never torn down: creation failed half-way */
    table_free(d->evtchn);
    d->evtchn = NULL;
}

void evtchn_destroy_vcpu(struct vcpu *v)
{
    vcpuinfo_release(v);
}

enum err evtchn_relinquish(struct domain *d, u64 *cursor)
{
    struct evtchn_table *t = d->evtchn;
    u32 port = (u32)*cursor;
    /*
     * d is dying: port_take() refuses from the first time on that we have held the lock, so that no
     * port can appear behind the cursor.
     */
    for (u32 i = 0; i < CLOSE_BUDGET; i++, port++) {
        if (port >= load_relaxed(&t->nr_ports)) {
            for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
                vcpuinfo_release(v);
            }
            fifo_release(d);
            return OK;
        }
        err_ignore(port_close(d, (port_t){port}, WORD_DEVICE)); /* E_INVAL: was not in use */
    }
    *cursor = port;
    return E_RESTART;
}

enum err evtchn_reset(struct domain *d, bool again)
{
    struct evtchn_table *t = d->evtchn;
    spin_lock(&t->lock);
    if (again != (t->reset_next != 0)) {
        spin_unlock(&t->lock);
        /* A second reset while one runs; or a guest that "continues" what is not under way. */
        return E_BUSY;
    }
    u32 port = again ? t->reset_next : 1;
    t->reset_next = port;
    spin_unlock(&t->lock);

    for (u32 i = 0; port < load_relaxed(&t->nr_ports); i++, port++) {
        if (i == CLOSE_BUDGET) {
            spin_lock(&t->lock);
            t->reset_next = port;
            spin_unlock(&t->lock);
            return E_RESTART;
        }
        err_ignore(evtchn_close(d, (port_t){port})); /* E_INVAL: not in use, or a device's */
    }

    spin_lock(&t->lock);
    t->reset_next = 0;
    /* E_AGAIN: another vCPU opened ports meanwhile. */
    enum err e = t->nr_active != t->nr_devices ? E_AGAIN : OK;
    spin_unlock(&t->lock);
    if (e == OK) {
        fifo_release(d);
    }
    return e;
}

void evtchn_reset_abandon(struct domain *d)
{
    spin_lock(&d->evtchn->lock);
    d->evtchn->reset_next = 0;
    spin_unlock(&d->evtchn->lock);
}

enum err port_take(struct domain *d, u32 *port, struct evtchn **out)
{
    struct evtchn_table *t = d->evtchn;
    u32 limit = MIN(t->abi->nr_ports - 1, t->max_port);
    if (load_relaxed(&d->life) != DOMAIN_ALIVE) {
        return E_INVAL;
    }
    for (u32 budget = SCAN_BUDGET; budget != 0; budget--) {
        u32 at = t->scan;
        if (at > limit) {
            /* The end. Those that the guest still had in a queue may have left it: once more from
             * there. */
            if (t->scan_wrapped || t->scan_again == NO_PORT) {
                t->scan_wrapped = false;
                return E_NOSPC;
            }
            t->scan_wrapped = true;
            t->scan = t->scan_again;
            t->scan_again = NO_PORT;
            continue;
        }
        if (at >= t->nr_ports) {
            enum err e = table_grow(t);
            if (e != OK) {
                return e;
            }
        }
        struct evtchn *chn = port_find(t, at);
        assert(chn != NULL);
        if (word_state(chn->word) != PORT_FREE) {
            t->scan = at + 1;
            continue;
        }
        if (t->abi->is_busy(d, at)) {
            t->scan_again = MIN(t->scan_again, at);
            t->scan = at + 1;
            continue;
        }
        t->scan_wrapped = false;
        *port = at;
        *out = chn;
        return OK; /* scan stays here: it moves on when the port is seen in use */
    }
    return E_RESTART;
}

void port_bind(struct domain *d, struct evtchn *chn, enum port_state state, u32 vcpu, u32 peer,
               domid_t id)
{
    d->evtchn->nr_active++;
    port_set_word(chn, word_make(state, EVTCHN_FIFO_PRIORITY_DEFAULT, vcpu, peer, id));
}

void port_free(struct domain *d, struct evtchn *chn, u32 port)
{
    struct evtchn_table *t = d->evtchn;
    /* Free first, so that who sends from now on sees it; then nothing stays pending for the next
     * user. */
    port_set_word(chn, word_make(PORT_FREE, 0, 0, 0, (domid_t){0}));
    t->abi->clear_pending(d, chn, port);
    t->nr_active--;
    t->scan = MIN(t->scan, port);
}

u32 evtchn_nr_ports_in_use(struct domain *d)
{
    return load_relaxed(&d->evtchn->nr_active);
}

/* UNCHECKED: a dump of the moment. */
UNCHECKED void evtchn_dump(struct domain *d)
{
    static const char *const names[] = {"free",        "reserved", "unbound",
                                        "interdomain", "virq",     "ipi"};
    struct evtchn_table *t = d->evtchn;
    log_info("d%u: %u ports in use, %s", d->id.id, t->nr_active,
             t->abi == &evtchn_two_level ? "2-level" : "FIFO");
    for (u32 port = 1; port < t->nr_ports; port++) {
        struct evtchn *chn = port_find(t, port);
        u64 w = port_word(chn);
        if (word_state(w) > PORT_RESERVED) {
            log_info("  %4u %c%c vcpu %u priority %u %s d%u %u%s", port,
                     t->abi->is_pending(d, chn, port) ? 'p' : '-',
                     t->abi->is_masked(d, port) ? 'm' : '-', word_vcpu(w), word_priority(w),
                     names[word_state(w)], word_domid(w).id, word_peer(w),
                     w & WORD_DEVICE ? " device" : "");
        }
    }
}
