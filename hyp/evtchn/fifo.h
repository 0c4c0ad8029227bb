/* SPDX-License-Identifier: MIT */
/* Private to evtchn/: what FIFO keeps; fifo.c says how it works. */
#ifndef EVTCHN_FIFO_H
#define EVTCHN_FIFO_H

#include "abi/event.h"
#include "evtchn/port.h"

#define WORDS_PAGE  1024u
#define NR_PAGES    (EVTCHN_FIFO_NR_CHANNELS / WORDS_PAGE)
#define PAGES_CHUNK 16u
#define NR_QUEUES   EVTCHN_FIFO_MAX_QUEUES

struct fifo_cpu {
    struct spinlock lock;                 /* RANK_EVTCHN_QUEUE */
    u32 tail[NR_QUEUES] GUARDED_BY(lock); /* the port appended last; 0 none */
    struct gpage control;                 /* [c] */
    u32 offset;                           /* [c] of the control block in it */
};

struct evtchn_fifo {
    struct rcu_head rcu;
    u32 nr_pages;                                /* [a] */
    u32 nr_cpus;                                 /* [c] */
    u32 nr_freed;                                /* of them, after RCU */
    struct gpage *chunk[NR_PAGES / PAGES_CHUNK]; /* [table's lock] published by nr_pages */
    struct fifo_cpu *cpu[];                      /* [a] NULL: no control block yet */
};

static inline bool fifo_offset_is_valid(u32 offset)
{
    return offset <= PAGE_SIZE - sizeof(struct xen_evtchn_fifo_control_block) &&
           is_aligned(offset, 8);
}

/* With the table's lock, or before f is published. */
u32 fifo_bytes(u32 nr_cpus);
enum err fifo_place_control(struct domain *d, struct evtchn_fifo *f, u32 vcpu, gfn_t gfn,
                            u32 offset);
enum err fifo_add_page(struct domain *d, struct evtchn_fifo *f, gfn_t gfn);
void fifo_free(struct rcu_head *rcu);

#endif
