/* SPDX-License-Identifier: MIT */
/*
 * Events as records. What is pending and masked lies in the guest's memory or in the shared info
 * page; here is where these are, and what each port is. A port joined to another domain's is
 * written as unbound for that domain: the other end belongs to somebody who stays.
 */
#include "abi/xen.h"
#include "base/panic.h"
#include "base/string.h"
#include "dom/record.h"
#include "evtchn/fifo.h"
#include "mem/slab.h"

#define NR_BUCKET_PORTS ((u32)ARRAY_LEN(((struct record_ports *)0)->port))
_Static_assert(NR_BUCKET_PORTS == PORTS_BUCKET);
_Static_assert(NR_PAGES == ARRAY_LEN(((struct record_events *)0)->gfn));
_Static_assert(NR_QUEUES == ARRAY_LEN(((struct record_events_vcpu *)0)->tail));

/* ---- the way events are told ---- */

enum err evtchn_save(struct domain *d, struct record *r)
{
    struct record_events *b = r->body;
    spin_lock(&d->evtchn->lock); /* other tools may be resetting it, here and below */
    const struct evtchn_fifo *f = d->evtchn->fifo;
    b->is_fifo = f != NULL;
    b->nr_pages = f != NULL ? f->nr_pages : 0;
    for (u32 i = 0; i < b->nr_pages; i++) {
        b->gfn[i] = (u32)f->chunk[i / PAGES_CHUNK][i % PAGES_CHUNK].gfn.gfn;
    }
    spin_unlock(&d->evtchn->lock);
    return OK;
}

static enum err be_fifo_locked(struct domain *d, const struct record_events *b)
{
    struct evtchn_table *t = d->evtchn;
    if (t->fifo != NULL) {
        return E_EXIST;
    }
    if (!b->is_fifo) {
        return OK;
    }
    struct evtchn_fifo *f = heap_alloc(fifo_bytes(d->max_vcpus));
    if (f == NULL) {
        return E_NOMEM;
    }
    f->nr_cpus = d->max_vcpus;
    enum err e = OK;
    for (u32 i = 0; i < b->nr_pages && e == OK; i++) {
        e = fifo_add_page(d, f, (gfn_t){b->gfn[i]});
    }
    if (e != OK) {
        fifo_free(&f->rcu); /* nobody has seen it */
        return e;
    }
    store_release(&t->fifo, f);
    store_release(&t->abi, &evtchn_fifo_abi);
    return OK;
}

enum err evtchn_load(struct domain *d, const struct record *r)
{
    const struct record_events *b = r->body;
    if (b->is_fifo > 1 || b->nr_pages > (b->is_fifo ? NR_PAGES : 0)) {
        return E_INVAL;
    }
    spin_lock(&d->evtchn->lock);
    enum err e = be_fifo_locked(d, b);
    spin_unlock(&d->evtchn->lock);
    return e;
}

/* ---- a vCPU's places ---- */

enum err evtchn_save_vcpu(struct domain *d, struct record *r)
{
    struct record_events_vcpu *b = r->body;
    const struct vcpu *v = r->v;
    spin_lock(&d->evtchn->lock);
    const struct evtchn_fifo *f = d->evtchn->fifo;
    struct fifo_cpu *c = f != NULL ? f->cpu[v->id] : NULL;
    if (v->info_page != NULL) {
        b->flags |= RECORD_EVENTS_INFO;
        b->info_gfn = (u32)v->info_page->gfn.gfn;
        b->info_offset = v->info_offset;
    }
    if (c != NULL) {
        b->flags |= RECORD_EVENTS_CONTROL;
        b->control_gfn = (u32)c->control.gfn.gfn;
        b->control_offset = c->offset;
        spin_lock(&c->lock); /* others send to it still */
        memcpy(b->tail, c->tail, sizeof(b->tail));
        spin_unlock(&c->lock);
    }
    spin_unlock(&d->evtchn->lock);
    return OK;
}

static enum err check_vcpu(const struct evtchn_table *t, const struct vcpu *v,
                           const struct record_events_vcpu *b)
{
    const struct evtchn_fifo *f = t->fifo;
    bool info = b->flags & RECORD_EVENTS_INFO;
    bool control = b->flags & RECORD_EVENTS_CONTROL;
    if ((b->flags & ~(RECORD_EVENTS_INFO | RECORD_EVENTS_CONTROL)) || b->zero != 0 ||
        (info && !vcpuinfo_offset_is_valid(b->info_offset)) ||
        (control && (f == NULL || !fifo_offset_is_valid(b->control_offset)))) {
        return E_INVAL;
    }
    for (u32 i = 0; control && i < NR_QUEUES; i++) {
        if (b->tail[i] != 0 && b->tail[i] >= f->nr_pages * WORDS_PAGE) {
            return E_INVAL;
        }
    }
    return (info && v->info_page != NULL) || (control && f->cpu[v->id] != NULL) ? E_EXIST : OK;
}

enum err evtchn_load_vcpu(struct domain *d, const struct record *r)
{
    const struct record_events_vcpu *b = r->body;
    struct evtchn_table *t = d->evtchn;
    struct vcpu *v = r->v;
    spin_lock(&t->lock);
    enum err e = check_vcpu(t, v, b);
    if (e == OK && (b->flags & RECORD_EVENTS_INFO)) {
        e = vcpuinfo_restore(v, (gfn_t){b->info_gfn}, b->info_offset);
    }
    if (e == OK && (b->flags & RECORD_EVENTS_CONTROL)) {
        e = fifo_place_control(d, t->fifo, v->id, (gfn_t){b->control_gfn}, b->control_offset);
        if (e == OK) {
            struct fifo_cpu *c = t->fifo->cpu[v->id];
            spin_lock(&c->lock);
            memcpy(c->tail, b->tail, sizeof(b->tail));
            spin_unlock(&c->lock);
        } else {
            vcpuinfo_release(v); /* placed just now: check_vcpu() found none */
        }
    }
    spin_unlock(&t->lock);
    /* An event may have come after its interrupts were written down, while memory was copied. */
    vcpu_raise(v, VCPU_WORK_UPCALL);
    return e;
}

/* ---- ports, a bucket a record ---- */

static void port_out(const struct domain *d, const struct evtchn *chn, struct record_port *out)
{
    const u64 word = port_word(chn);
    enum port_state state = word_state(word);
    const bool own = domid_eq(word_domid(word), d->id);
    if (state == PORT_INTERDOMAIN && !own) {
        state = PORT_UNBOUND;
    }
    *out = (struct record_port){
        .state = (u8)state,
        .priority = (u8)word_priority(word),
        .raised_early = load_relaxed(&chn->raised_early),
        .vcpu = (u16)word_vcpu(word),
        .peer = state == PORT_UNBOUND ? 0 : word_peer(word),
        .fifo_last = load_relaxed(&chn->fifo_last),
    };
    if (state == PORT_UNBOUND) {
        out->domid = own ? RECORD_DOMID_SELF : word_domid(word).id;
    }
}

static enum err save_ports_locked(const struct domain *d, struct record *r)
{
    struct record_ports *b = r->body;
    const u32 first = r->instance * PORTS_BUCKET;
    if (r->instance >= d->evtchn->nr_ports / PORTS_BUCKET) {
        return E_NOENT;
    }
    for (u32 i = 0; i < PORTS_BUCKET; i++) {
        const struct evtchn *chn = port_find(d->evtchn, first + i);
        if (port_word(chn) & WORD_DEVICE) {
            return E_BUSY; /* the device's own state is in no record yet */
        }
        port_out(d, chn, &b->port[i]);
    }
    return OK;
}

enum err evtchn_save_ports(struct domain *d, struct record *r)
{
    spin_lock(&d->evtchn->lock);
    enum err e = save_ports_locked(d, r);
    spin_unlock(&d->evtchn->lock);
    return e;
}

struct bucket {
    struct domain *d;
    const struct record_port *port;
    u32 first;
};

static bool is_in(const struct bucket *k, u32 port)
{
    return port / PORTS_BUCKET == k->first / PORTS_BUCKET;
}

/* Two ends of one domain are joined when the higher one comes; until then the lower one waits. */
static bool loop_is_valid(const struct bucket *k, u32 port, u32 peer)
{
    if (is_in(k, peer)) {
        const struct record_port *p = &k->port[peer % PORTS_BUCKET];
        return peer != port && p->state == PORT_INTERDOMAIN && p->peer == port;
    }
    if (peer > port) {
        return peer < EVTCHN_FIFO_NR_CHANNELS;
    }
    const struct evtchn *chn = port_find(k->d->evtchn, peer);
    const u64 word = chn != NULL ? chn->word : 0;
    return word_state(word) == PORT_UNBOUND && domid_eq(word_domid(word), k->d->id);
}

/* Free for it, and not wanted by a lower port of the record either. */
static bool virq_is_valid(const struct bucket *k, u32 port)
{
    const struct record_port *p = &k->port[port % PORTS_BUCKET];
    if (p->peer >= NR_VIRQS) {
        return false;
    }
    const bool global = virq_is_global(p->peer);
    const struct vcpu *v = vcpu_find(k->d, global ? 0 : p->vcpu);
    for (u32 i = 0; i < port % PORTS_BUCKET; i++) {
        const struct record_port *q = &k->port[i];
        if (q->state == PORT_VIRQ && q->peer == p->peer && (global || q->vcpu == p->vcpu)) {
            return false;
        }
    }
    return v != NULL && v->virq_port[p->peer].port == 0;
}

static bool port_is_valid(const struct bucket *k, u32 port)
{
    const struct record_port *p = &k->port[port % PORTS_BUCKET];
    const struct evtchn_table *t = k->d->evtchn;
    if (p->zero != 0 || p->raised_early > 1 || p->priority > EVTCHN_FIFO_PRIORITY_MIN ||
        p->fifo_last > k->d->max_vcpus * NR_QUEUES || (p->state != PORT_UNBOUND && p->domid != 0)) {
        return false;
    }
    if (port == 0 || p->state <= PORT_RESERVED) {
        return p->state == (port == 0 ? PORT_RESERVED : PORT_FREE) && p->peer == 0 && p->vcpu == 0;
    }
    if (port > MIN(t->abi->nr_ports - 1, t->max_port) || vcpu_find(k->d, p->vcpu) == NULL) {
        return false;
    }
    switch (p->state) {
    case PORT_UNBOUND:
        return p->peer == 0 && p->domid <= RECORD_DOMID_SELF;
    case PORT_INTERDOMAIN:
        return loop_is_valid(k, port, p->peer);
    case PORT_VIRQ:
        return virq_is_valid(k, port);
    default:
        return p->state == PORT_IPI && p->peer == 0;
    }
}

static enum err check_ports(const struct bucket *k)
{
    for (u32 i = 0; i < PORTS_BUCKET; i++) {
        const struct evtchn *chn = port_find(k->d->evtchn, k->first + i);
        if (chn != NULL && word_state(chn->word) > PORT_RESERVED) {
            return E_EXIST;
        }
        if (!port_is_valid(k, k->first + i)) {
            return E_INVAL;
        }
    }
    return OK;
}

static void port_in(struct domain *d, u32 port, const struct record_port *p)
    REQUIRES(d->evtchn->lock)
{
    struct evtchn *chn = port_find(d->evtchn, port);
    enum port_state state = (enum port_state)p->state;
    const bool own = p->state != PORT_UNBOUND || p->domid == RECORD_DOMID_SELF;
    const domid_t id = own ? d->id : (domid_t){p->domid};
    store_relaxed(&chn->raised_early, p->raised_early != 0);
    store_release(&chn->fifo_last, p->fifo_last);
    if (state <= PORT_RESERVED) {
        return;
    }
    d->evtchn->nr_active++;
    if (state == PORT_INTERDOMAIN && p->peer > port) {
        state = PORT_UNBOUND;
    }
    if (state == PORT_INTERDOMAIN) {
        struct evtchn *peer = port_find(d->evtchn, p->peer);
        check(peer != NULL); /* loop_is_valid() */
        const u64 w = peer->word;
        store_relaxed(&chn->peer, d);
        store_relaxed(&peer->peer, d);
        port_set_word(peer, word_make(state, word_priority(w), word_vcpu(w), port, d->id));
    }
    port_set_word(chn,
                  word_make(state, p->priority, p->vcpu, state == PORT_UNBOUND ? 0 : p->peer, id));
    if (state == PORT_VIRQ) {
        const u32 vcpu = virq_is_global(p->peer) ? 0 : p->vcpu;
        store_release(&d->vcpu[vcpu]->virq_port[p->peer].port, port);
    }
}

enum err evtchn_load_ports(struct domain *d, const struct record *r)
{
    const struct record_ports *b = r->body;
    struct evtchn_table *t = d->evtchn;
    const struct bucket k = {.d = d, .port = b->port, .first = r->instance * PORTS_BUCKET};
    spin_lock(&t->lock);
    const u32 nr_buckets = t->nr_ports / PORTS_BUCKET;
    bool next = r->instance <= nr_buckets && r->instance < EVTCHN_FIFO_NR_CHANNELS / PORTS_BUCKET;
    enum err e = next ? check_ports(&k) : E_NOENT; /* those before it come first */
    if (e == OK && r->instance == nr_buckets) {
        e = table_grow(t);
    }
    for (u32 i = 0; e == OK && i < PORTS_BUCKET; i++) {
        port_in(d, k.first + i, &b->port[i]);
    }
    spin_unlock(&t->lock);
    return e;
}
