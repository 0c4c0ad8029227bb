/* SPDX-License-Identifier: MIT */
/*
 * Private to evtchn/: a port, the table of ports, and the two ways to say "pending".
 *
 * Everything a sender must know of a port is in one word, written under the table's lock with
 * release order and read once:
 *
 *   63  49    48   47      32 31        15 14     7 6       3 2     0
 *  |   0  | device |  domid   | peer port  |  vcpu  | priority| state |
 *                             | or virq    |
 *
 * Why sending without the lock is sound. INTERDOMAIN: the pointer to the peer is written before the
 * word, so a reader of the word sees that pointer or a newer one; a newer one belongs to another
 * domain unless its id is the word's, and that is checked. The domain behind it lives until this
 * exit ends (RCU): it closes its ports before it goes. In the peer's table the port's own word must
 * name us and our port, else it has been closed meanwhile and there is nobody to notify. What
 * remains is a close, and a new use, of the peer's port between that check and setting its pending
 * bit, a few instructions: the new user sees one event that nobody meant for him, on a port that we
 * could have signalled legally a moment before. The ABI's events are hints, guests take that.
 *
 * Ports are in buckets of one page each, 64 buckets a group, 16 groups. Neither moves or goes
 * before the domain.
 */
#ifndef EVTCHN_PORT_H
#define EVTCHN_PORT_H

#include "base/bits.h"
#include "cpu/atomic.h"
#include "cpu/speculation.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "guestmem/guestmem.h"
#include "sync/spinlock.h"

enum port_state {
    PORT_FREE,
    PORT_RESERVED, /* port 0 */
    PORT_UNBOUND,
    PORT_INTERDOMAIN,
    PORT_VIRQ,
    PORT_IPI
};

struct evtchn {
    u64 word;            /* [a] see above */
    struct domain *peer; /* [a] INTERDOMAIN; stale otherwise */
    u32 fifo_last; /* [a] FIFO: the queue it was last linked into, + 1; survives close. fifo.c */
    bool raised_early; /* [a] FIFO: pending before there was a word to say so */
    u64 reserved;
};
_Static_assert(sizeof(struct evtchn) == 32, "128 a page");

#define PORTS_BUCKET  128u
#define BUCKETS_GROUP 64u
#define PORTS_GROUP   (PORTS_BUCKET * BUCKETS_GROUP)
#define NR_GROUPS     16u

struct evtchn_fifo;

struct evtchn_table {
    struct spinlock lock;         /* RANK_EVTCHN */
    const struct evtchn_abi *abi; /* [a] */
    struct evtchn_fifo *fifo; /* [a] set before abi says FIFO, freed by RCU after it says 2-level */
    u32 nr_ports;             /* [a] ports that have a struct */
    u32 max_port;             /* [c] */
    u32 nr_active GUARDED_BY(lock);  /* not FREE, not RESERVED */
    u32 nr_devices GUARDED_BY(lock); /* of these: WORD_DEVICE */
    u32 nr_polling;                  /* [a] vCPUs in sched_op poll */
    u32 scan GUARDED_BY(lock);       /* no port below is FREE, but those noted in scan_again */
    /* Lowest port found FREE but still linked by the guest; ~0 none. */
    u32 scan_again GUARDED_BY(lock);
    bool scan_wrapped GUARDED_BY(lock); /* this search has gone back to scan_again already */
    u32 reset_next GUARDED_BY(lock);    /* evtchn_reset under way: next port; 0 none */
    struct gpage shared;                /* [c] the shared info page */
    struct evtchn **group[NR_GROUPS];
};

struct evtchn_abi {
    u32 nr_ports; /* a domain may have ports below this */
    /* word: the port's, which says vCPU and priority. None needs the table's lock. */
    void (*set_pending)(struct domain *d, struct evtchn *chn, u32 port, u64 word);
    void (*clear_pending)(struct domain *d, struct evtchn *chn, u32 port);
    void (*unmask)(struct domain *d, struct evtchn *chn, u32 port, u64 word);
    bool (*is_pending)(struct domain *d, struct evtchn *chn, u32 port);
    bool (*is_masked)(struct domain *d, u32 port);
    /* The guest still holds it in a queue: not to be given to anybody else. */
    bool (*is_busy)(struct domain *d, u32 port);
};
extern const struct evtchn_abi evtchn_two_level, evtchn_fifo_abi;

static inline u64 word_make(enum port_state state, u32 priority, u32 vcpu, u32 peer, domid_t id)
{
    return (u64)state | (u64)priority << 3 | (u64)vcpu << 7 | (u64)peer << 15 | (u64)id.id << 32;
}

static inline enum port_state word_state(u64 word)
{
    return (enum port_state)FIELD(word, 2, 0);
}

static inline u32 word_priority(u64 word)
{
    return (u32)FIELD(word, 6, 3);
}

static inline u32 word_vcpu(u64 word)
{
    return (u32)FIELD(word, 14, 7);
}

/* INTERDOMAIN: the peer's port; VIRQ: its number. */
static inline u32 word_peer(u64 word)
{
    return (u32)FIELD(word, 31, 15);
}

/* INTERDOMAIN: the peer; UNBOUND: who may bind. */
static inline domid_t word_domid(u64 word)
{
    return (domid_t){(u16)FIELD(word, 47, 32)};
}

/* Of a port whose events go to a device that is emulated for the domain: it cannot use it itself.
 */
#define WORD_DEVICE BIT(48)

/* The word of a port whose peer came or went. */
static inline u64 word_join(u64 word, enum port_state state, u32 peer, domid_t id)
{
    return word_make(state, word_priority(word), word_vcpu(word), peer, id) | (word & WORD_DEVICE);
}

static inline u64 port_word(const struct evtchn *chn)
{
    return load_acquire(&chn->word);
}

static inline void port_set_word(struct evtchn *chn, u64 word)
{
    store_release(&chn->word, word);
}

/* NULL when the port has never been there. */
static inline struct evtchn *port_find(const struct evtchn_table *t, u32 port)
{
    u32 nr = load_acquire(&t->nr_ports);
    if (port >= nr) {
        return NULL;
    }
    u32 n = (u32)index_clamp(port, nr);
    return &t->group[n / PORTS_GROUP][n / PORTS_BUCKET % BUCKETS_GROUP][n % PORTS_BUCKET];
}

/* The vCPU an event of this word goes to; NULL while the toolstack has not made it. */
static inline struct vcpu *port_vcpu(const struct domain *d, u64 word)
{
    return vcpu_find(d, word_vcpu(word));
}

static inline void port_raise(struct domain *d, struct evtchn *chn, u32 port, u64 word)
{
    load_acquire(&d->evtchn->abi)->set_pending(d, chn, port, word);
}

/* --- table.c: with the lock held --- */
/* A FREE port, which stays FREE until its word is set. E_INVAL dying, E_NOSPC, E_NOMEM, E_RESTART:
 * come again. */
enum err port_take(struct domain *d, u32 *port, struct evtchn **out) REQUIRES(d->evtchn->lock);
/* The caller has set the new state: counts it, and starts at priority 7. */
void port_bind(struct domain *d, struct evtchn *chn, enum port_state state, u32 vcpu, u32 peer,
               domid_t id) REQUIRES(d->evtchn->lock);
void port_free(struct domain *d, struct evtchn *chn, u32 port) REQUIRES(d->evtchn->lock);
/* One more bucket of ports. E_NOMEM. */
enum err table_grow(struct evtchn_table *t);

/* --- bind.c: evtchn_close(); a device's port only if devices is WORD_DEVICE and not 0 --- */
enum err port_close(struct domain *d, port_t port, u64 devices);

/* --- vcpuinfo.c --- */
/* Sets v's upcall flag; injects PPI 31 when that is news. Any context without locks above
 * RANK_EVTCHN. */
void upcall_raise(struct vcpu *v);
/* Sets bit n of v's selector word; true if it was clear. False also when v has no vcpu_info yet. */
bool upcall_select(struct vcpu *v, u32 n);
/* Wakes vCPUs of d that poll this port. After the pending bit was set. */
void poll_wake(struct domain *d, u32 port);
bool vcpuinfo_offset_is_valid(u32 offset);
/* The table's lock held. v's info is there as it was: nothing is copied or marked. E_INVAL,
 * E_NOMEM.
 */
enum err vcpuinfo_restore(struct vcpu *v, gfn_t gfn, u32 offset);
/* Gives the guest's pages back (by RCU). */
void vcpuinfo_release(struct vcpu *v);

/* --- virq.c --- */
bool virq_is_global(u32 virq);
void virq_unbind(struct domain *d, u32 virq, u32 port);

/* --- fifo.c --- */
/* Back to 2-level; gives the guest's pages back (by RCU). Nothing when d is 2-level. */
void fifo_release(struct domain *d);

#endif
