/* SPDX-License-Identifier: MIT */
/*
 * FIFO: a word for each port in pages of the guest's, and for each vCPU a control block with the
 * heads of 16 queues and a bit for each queue that has news.
 *
 *   event word:  31 PENDING | 30 MASKED | 29 LINKED | 28 BUSY | 16..0 the port that follows in the
 * queue
 *
 *   control block:  ready (a bit a queue), head[16]         hypervisor's own: tail[16], a lock a
 * vCPU
 *
 * The hypervisor only appends, the guest only takes from the head. To append P behind tail T is to
 * write P into T's link, but only while T is LINKED: the guest clears LINKED and link in one
 * compare-and-swap when it takes T, so either T still is in the queue and the guest will find P
 * behind it, or the queue is empty, and P goes to head[] and the queue's bit to ready.
 *
 * A port is in at most one queue (LINKED), and may have been LINKED last in another one than it
 * would go to now, after a change of its vCPU or priority. If it is the tail that the old queue
 * remembers, that queue is empty (the port is not LINKED), and must forget it before the port is
 * LINKED anew elsewhere: else the next event of the old queue would be appended behind a port of
 * another queue. So linking holds the locks of both vCPUs.
 *
 * Exactly once: PENDING is set first, then LINKED is read. Found set, the guest's taking of the
 * port is still to come, and it looks at PENDING after it. Found clear, we link, under the lock,
 * unless a sender before us did.
 */
#include "abi/event.h"
#include "abi/xen.h"
#include "evtchn/fifo.h"
#include "log/log.h"
#include "mem/slab.h"

#define READY     offsetof(struct xen_evtchn_fifo_control_block, ready)
#define HEAD(q)   (offsetof(struct xen_evtchn_fifo_control_block, head) + 4 * (q))
#define LINK_MASK ((u32)EVTCHN_FIFO_LINK_MASK)

/* Tries against a guest that keeps changing the word: unaware ones, then those that see BUSY. */
#define LINK_TRIES      4u
#define LINK_TRIES_BUSY 64u
/* What one stay of expand_array may cost: a look at a port costs 1, an event RAISE_COST. */
#define EXPAND_BUDGET 512u
#define RAISE_COST    16u
/* Pages, and vCPUs' control blocks, let go of in one stay. */
#define FREE_BUDGET 32u

/* --- words --- */

struct word_ref {
    struct gpage *page; /* NULL: the guest has not given this page yet */
    u32 offset;
};

static struct word_ref word_find(const struct evtchn_fifo *f, u32 port)
{
    u32 nr = f == NULL ? 0 : load_acquire(&f->nr_pages);
    u32 page = port / WORDS_PAGE;
    if (page >= nr) {
        return (struct word_ref){NULL, 0};
    }
    page = (u32)index_clamp(page, nr);
    return (struct word_ref){&f->chunk[page / PAGES_CHUNK][page % PAGES_CHUNK],
                             port % WORDS_PAGE * 4};
}

/* The gate's bit operations are on aligned 64-bit words; the ABI's words here have 32. */
static bool word_set_bit(struct word_ref w, u32 bit)
{
    return gpage_test_and_set_bit(w.page, w.offset & ~7u, bit + (w.offset & 4) * 8);
}

static bool word_clear_bit(struct word_ref w, u32 bit)
{
    return gpage_test_and_clear_bit(w.page, w.offset & ~7u, bit + (w.offset & 4) * 8);
}

static bool word_has(struct word_ref w, u32 bit)
{
    return (gpage_read32(w.page, w.offset) >> bit) & 1;
}

/* Tries to write link into a LINKED word. True: *linked says whether it was LINKED (and now has the
 * link). */
static bool try_link(struct word_ref w, u32 link, u32 tries, bool *linked)
{
    u32 old = gpage_read32(w.page, w.offset);
    for (u32 i = 0; i < tries; i++) {
        *linked = (old & (1u << EVTCHN_FIFO_LINKED)) != 0;
        if (!*linked) {
            return true;
        }
        u32 new = (old & ~(LINK_MASK | 1u << EVTCHN_FIFO_BUSY)) | link;
        if (gpage_cmpxchg32(w.page, w.offset, &old, new)) {
            return true;
        }
    }
    return false;
}

/* Appends link behind the tail's word if that is still in the queue; false: the queue is empty. */
static bool link_behind(struct domain *d, struct word_ref tail, u32 link)
{
    bool linked;
    if (likely(try_link(tail, link, LINK_TRIES, &linked))) {
        return linked;
    }
    /* By the ABI a guest does not mask or unmask while BUSY is set; taking it from the queue it
     * still may. */
    (void)word_set_bit(tail, EVTCHN_FIFO_BUSY);
    if (try_link(tail, link, LINK_TRIES_BUSY, &linked)) {
        if (!linked) {
            (void)word_clear_bit(tail, EVTCHN_FIFO_BUSY);
        }
        return linked;
    }
    (void)word_clear_bit(tail, EVTCHN_FIFO_BUSY);
    log_guest(LOG_WARN, d->id, "port %u not linked: the event word keeps changing", link);
    return true; /* lost, by the guest's own doing */
}

/* --- sending --- */

static struct fifo_cpu *queue_cpu(const struct evtchn_fifo *f, u32 vcpu)
{
    return vcpu < f->nr_cpus ? load_acquire(&f->cpu[index_clamp(vcpu, f->nr_cpus)]) : NULL;
}

/* Takes the locks of the vCPU to go to and of the one of the port's last queue. UNCHECKED: which
 * one, is known when it is locked, and it may be the same. */
UNCHECKED static struct fifo_cpu *lock_queues(struct evtchn_fifo *f, struct evtchn *chn,
                                              struct fifo_cpu *to)
{
    for (u32 i = 0; i < LINK_TRIES; i++) {
        u32 last = load_acquire(&chn->fifo_last);
        struct fifo_cpu *from = last == 0 ? NULL : queue_cpu(f, (last - 1) / NR_QUEUES);
        if (from == NULL) {
            from = to; /* never linked, or in a FIFO before the last reset */
        }
        spin_lock_pair(&to->lock, &from->lock);
        if (likely(load_relaxed(&chn->fifo_last) == last)) {
            return from;
        }
        spin_unlock_pair(&to->lock, &from->lock);
    }
    return NULL;
}

/* Both locks held. True: the queue was empty before, so that the vCPU must be told. */
static bool append_locked(struct domain *d, struct evtchn_fifo *f, struct evtchn *chn, u32 port,
                          u32 vcpu, u32 priority, struct fifo_cpu *to, struct fifo_cpu *from)
    REQUIRES(to->lock, from->lock)
{
    struct word_ref w = word_find(f, port);
    u32 last = load_relaxed(&chn->fifo_last);
    if (last != 0 && from->tail[(last - 1) % NR_QUEUES] == port) {
        from->tail[(last - 1) % NR_QUEUES] = 0; /* it has left that queue, which is empty so */
    }
    /*
     * fifo_last before LINKED (a full barrier): a sender that read the old value has set PENDING
     * before we link, so that the guest, taking the port, will see it; see the end of link_port().
     */
    store_release(&chn->fifo_last, vcpu * NR_QUEUES + priority + 1);
    if (word_set_bit(w, EVTCHN_FIFO_LINKED)) {
        return false; /* set by the guest itself since we looked: its own loss */
    }
    u32 tail = to->tail[priority];
    to->tail[priority] = port;
    /* Its own tail: records were of two moments, and it has left that queue as well. */
    if (tail != 0 && tail != port && link_behind(d, word_find(f, tail), port)) {
        return false;
    }
    gpage_write32(&to->control, to->offset + HEAD(priority), port);
    return true;
}

/* PENDING is set, the port was neither MASKED nor LINKED a moment ago. UNCHECKED as lock_queues().
 */
UNCHECKED static void link_port(struct domain *d, struct evtchn_fifo *f, struct evtchn *chn,
                                u32 port, u64 word)
{
    u32 priority = word_priority(word);
    struct vcpu *v = port_vcpu(d, word);
    struct fifo_cpu *to = v == NULL ? NULL : queue_cpu(f, v->id);
    if (to == NULL) {
        return; /* by the ABI nothing is unmasked before its vCPU has a control block */
    }
    struct fifo_cpu *from = lock_queues(f, chn, to);
    if (from == NULL) {
        /*
         * Other senders linked it each time we looked, after we had set PENDING: what the guest
         * takes from their queue tells it of our event too.
         */
        return;
    }
    u32 now = gpage_read32(word_find(f, port).page, port % WORDS_PAGE * 4);
    bool news = false;
    if ((now & (1u << EVTCHN_FIFO_PENDING)) != 0 &&
        (now & (1u << EVTCHN_FIFO_MASKED | 1u << EVTCHN_FIFO_LINKED)) == 0) {
        news = append_locked(d, f, chn, port, v->id, priority, to, from);
    }
    spin_unlock_pair(&to->lock, &from->lock);
    if (news && !gpage_test_and_set_bit(&to->control, to->offset + READY, priority)) {
        upcall_raise(v);
    }
}

static void set_pending(struct domain *d, struct evtchn *chn, u32 port, u64 word)
{
    struct evtchn_fifo *f = load_acquire(&d->evtchn->fifo);
    struct word_ref w = word_find(f, port);
    if (unlikely(w.page == NULL)) {
        store_relaxed(&chn->raised_early, true);
        fence_full(); /* expand_array publishes the page, then looks at raised_early: one of us sees
                         the other */
        w = word_find(f, port);
        if (w.page == NULL || !atomic_xchg(&chn->raised_early, false)) {
            return;
        }
    }
    /* What the sender wrote for the receiver, before a look at the word. */
    fence_full();
    u32 now = gpage_read32(w.page, w.offset);
    if ((now & (1u << EVTCHN_FIFO_PENDING)) != 0 &&
        (now & (1u << EVTCHN_FIFO_MASKED | 1u << EVTCHN_FIFO_LINKED)) != 0) {
        return; /* the guest will take it, or unmask it, after this */
    }
    bool was_pending = word_set_bit(w, EVTCHN_FIFO_PENDING);
    now = gpage_read32(w.page, w.offset);
    if ((now & (1u << EVTCHN_FIFO_MASKED | 1u << EVTCHN_FIFO_LINKED)) == 0) {
        link_port(d, f, chn, port, word);
    }
    if (!was_pending) {
        poll_wake(d, port);
    }
}

static void clear_pending(struct domain *d, struct evtchn *chn, u32 port)
{
    struct word_ref w = word_find(load_acquire(&d->evtchn->fifo), port);
    store_relaxed(&chn->raised_early, false);
    if (w.page != NULL) {
        (void)word_clear_bit(w, EVTCHN_FIFO_PENDING);
    }
}

static void unmask(struct domain *d, struct evtchn *chn, u32 port, u64 word)
{
    struct evtchn_fifo *f = load_acquire(&d->evtchn->fifo);
    struct word_ref w = word_find(f, port);
    if (w.page == NULL) {
        return;
    }
    (void)word_clear_bit(w, EVTCHN_FIFO_MASKED);
    u32 now = gpage_read32(w.page, w.offset);
    if ((now & (1u << EVTCHN_FIFO_PENDING)) != 0 && (now & (1u << EVTCHN_FIFO_LINKED)) == 0) {
        link_port(d, f, chn, port, word);
    }
}

static bool is_pending(struct domain *d, struct evtchn *chn, u32 port)
{
    struct word_ref w = word_find(load_acquire(&d->evtchn->fifo), port);
    return w.page != NULL ? word_has(w, EVTCHN_FIFO_PENDING) : load_relaxed(&chn->raised_early);
}

static bool is_masked(struct domain *d, u32 port)
{
    struct word_ref w = word_find(load_acquire(&d->evtchn->fifo), port);
    return w.page == NULL || word_has(w, EVTCHN_FIFO_MASKED);
}

static bool is_busy(struct domain *d, u32 port)
{
    struct word_ref w = word_find(load_acquire(&d->evtchn->fifo), port);
    return w.page != NULL && word_has(w, EVTCHN_FIFO_LINKED);
}

const struct evtchn_abi evtchn_fifo_abi = {
    .nr_ports = EVTCHN_FIFO_NR_CHANNELS,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_masked = is_masked,
    .is_busy = is_busy,
};

/* --- setting up --- */

u32 fifo_bytes(u32 nr_cpus)
{
    return (u32)(sizeof(struct evtchn_fifo) + nr_cpus * sizeof(struct fifo_cpu *));
}

enum err fifo_place_control(struct domain *d, struct evtchn_fifo *f, u32 vcpu, gfn_t gfn,
                            u32 offset)
{
    if (f->cpu[vcpu] != NULL) {
        return E_INVAL;
    }
    struct fifo_cpu *c = heap_alloc(sizeof(*c));
    if (c == NULL) {
        return E_NOMEM;
    }
    if (gpage_get(d, gfn, true, &c->control) != OK) {
        heap_free(c, sizeof(*c));
        return E_INVAL;
    }
    spin_init(&c->lock, RANK_EVTCHN_QUEUE, "evtchn queue");
    c->offset = offset;
    store_release(&f->cpu[vcpu], c);
    return OK;
}

static enum err init_control_locked(struct domain *d, u32 vcpu, gfn_t gfn, u32 offset)
{
    struct evtchn_table *t = d->evtchn;
    if (t->fifo != NULL) {
        return fifo_place_control(d, t->fifo, vcpu, gfn, offset);
    }
    struct evtchn_fifo *f = heap_alloc(fifo_bytes(d->max_vcpus));
    if (f == NULL) {
        return E_NOMEM;
    }
    f->nr_cpus = d->max_vcpus;
    enum err e = fifo_place_control(d, f, vcpu, gfn, offset);
    if (e != OK) {
        heap_free(f, fifo_bytes(f->nr_cpus));
        return e;
    }
    /* What is pending in the bitmap is taken over when its page of words comes: expand_array. */
    store_release(&t->fifo, f);
    store_release(&t->abi, &evtchn_fifo_abi);
    return OK;
}

enum err evtchn_init_control(struct domain *d, u32 vcpu, gfn_t control, u32 offset, u8 *link_bits)
{
    if (vcpu_find(d, vcpu) == NULL) {
        return E_NOENT;
    }
    if (!fifo_offset_is_valid(offset)) {
        return E_INVAL;
    }
    spin_lock(&d->evtchn->lock);
    enum err e = init_control_locked(d, (u32)index_clamp(vcpu, d->max_vcpus), control, offset);
    spin_unlock(&d->evtchn->lock);
    *link_bits = EVTCHN_FIFO_LINK_BITS;
    return e;
}

enum err fifo_add_page(struct domain *d, struct evtchn_fifo *f, gfn_t gfn)
{
    u32 page = f->nr_pages;
    if (page >= NR_PAGES) {
        return E_NOSPC;
    }
    struct gpage **chunk = &f->chunk[page / PAGES_CHUNK];
    if (*chunk == NULL) {
        *chunk = heap_alloc(PAGES_CHUNK * sizeof(**chunk));
        if (*chunk == NULL) {
            return E_NOMEM;
        }
    }
    if (gpage_get(d, gfn, true, &(*chunk)[page % PAGES_CHUNK]) != OK) {
        return E_INVAL;
    }
    store_release(&f->nr_pages, page + 1);
    fence_full(); /* pairs with the one in set_pending() */
    return OK;
}

/* Was it pending before there was a word for it: as a FIFO port, or in the 2-level bitmap? */
static bool was_raised_early(struct evtchn_table *t, struct evtchn *chn, u32 port)
{
    if (load_relaxed(&chn->raised_early) && atomic_xchg(&chn->raised_early, false)) {
        return true;
    }
    return port < EVTCHN_2L_NR_CHANNELS &&
           ((gpage_read64(&t->shared,
                          (u32)offsetof(struct xen_shared_info, evtchn_pending) + port / 64 * 8) >>
             (port % 64)) &
            1) != 0;
}

/* Raises, from *cursor to the end of its page, what was raised before the page was there. */
static enum err raise_early_ports(struct domain *d, u32 *cursor)
{
    struct evtchn_table *t = d->evtchn;
    u32 port = *cursor;
    u32 end = (u32)align_up(port + 1, WORDS_PAGE);
    for (u32 cost = 0; port < end; port++, cost++) {
        struct evtchn *chn = port_find(t, port);
        if (chn == NULL) {
            return OK;
        }
        if (cost >= EXPAND_BUDGET) {
            *cursor = port;
            return E_RESTART;
        }
        u64 word = port_word(chn);
        if (word_state(word) > PORT_RESERVED && was_raised_early(t, chn, port)) {
            set_pending(d, chn, port, word);
            cost += RAISE_COST;
        }
    }
    return OK;
}

enum err evtchn_expand_array(struct domain *d, gfn_t array, u32 *cursor)
{
    struct evtchn_table *t = d->evtchn;
    enum err e = OK;
    spin_lock(&t->lock);
    if (t->fifo == NULL) {
        e = E_OPNOTSUPP;
    } else if (*cursor == 0) {
        e = fifo_add_page(d, t->fifo, array);
        *cursor = (t->fifo->nr_pages - 1) * WORDS_PAGE;
    }
    if (e == OK) {
        e = raise_early_ports(d, cursor);
    }
    spin_unlock(&t->lock);
    return e;
}

enum err evtchn_set_priority(struct domain *d, port_t port, u32 priority)
{
    struct evtchn_table *t = d->evtchn;
    struct evtchn *chn = port_find(t, port.port);
    if (chn == NULL) {
        return E_INVAL;
    }
    enum err e = OK;
    spin_lock(&t->lock);
    u64 word = chn->word;
    if (t->fifo == NULL) {
        e = E_NOSYS;
    } else if (word_state(word) <= PORT_RESERVED) {
        e = E_ACCES;
    } else if (priority > EVTCHN_FIFO_PRIORITY_MIN) {
        e = E_INVAL;
    } else {
        /* For events to come: one that is linked now stays where it is. */
        port_set_word(chn, word_make(word_state(word), priority, word_vcpu(word), word_peer(word),
                                     word_domid(word)) |
                               (word & WORD_DEVICE));
    }
    spin_unlock(&t->lock);
    return e;
}

/* --- going away --- */

static void free_cpu(struct fifo_cpu *c)
{
    if (c != NULL) {
        gpage_put(&c->control);
        heap_free(c, sizeof(*c));
    }
}

/* Again and again until all is free: a stay has room for a part. */
void fifo_free(struct rcu_head *rcu)
{
    struct evtchn_fifo *f = container_of(rcu, struct evtchn_fifo, rcu);
    for (u32 i = 0; i < FREE_BUDGET && f->nr_freed < f->nr_cpus; i++) {
        free_cpu(f->cpu[f->nr_freed++]);
    }
    for (u32 i = 0; i < FREE_BUDGET && f->nr_pages > 0; i++) {
        f->nr_pages--;
        gpage_put(&f->chunk[f->nr_pages / PAGES_CHUNK][f->nr_pages % PAGES_CHUNK]);
    }
    if (f->nr_freed < f->nr_cpus || f->nr_pages > 0) {
        rcu_defer(rcu, fifo_free);
        return;
    }
    for (u32 i = 0; i < ARRAY_LEN(f->chunk); i++) {
        if (f->chunk[i] != NULL) {
            heap_free(f->chunk[i], PAGES_CHUNK * sizeof(*f->chunk[i]));
        }
    }
    heap_free(f, fifo_bytes(f->nr_cpus));
}

void fifo_release(struct domain *d)
{
    struct evtchn_table *t = d->evtchn;
    spin_lock(&t->lock);
    struct evtchn_fifo *f = t->fifo;
    store_release(&t->abi, &evtchn_two_level);
    store_release(&t->fifo, NULL);
    spin_unlock(&t->lock);
    if (f != NULL) {
        rcu_defer(&f->rcu, fifo_free); /* senders on other CPUs may be in it until they leave EL2 */
    }
}
