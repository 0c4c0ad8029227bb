/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks with a rank. EL2 is never interrupted (docs/why/001), so there is one kind of lock
 * and no interrupt state to save. hyp/LOCKS lists each rank; a debug build panics when a CPU takes
 * a lock of a rank not above all it holds. lock_pair() takes two of one rank in address order.
 */
#ifndef SYNC_SPINLOCK_H
#define SYNC_SPINLOCK_H

#include "base/types.h"
#include "sync/guarded.h"

/* Debug builds keep the ranks that each CPU holds. */
#ifndef DEBUG
#define DEBUG 0
#endif

/* Taken in this order, lowest number first. A line each in hyp/LOCKS with what it protects. */
enum lock_rank {
    RANK_DOMCTL = 10,       /* call/: one toolstack operation at a time */
    RANK_DOMLIST = 15,      /* dom/: the list of domains */
    RANK_DOMAIN = 20,       /* dom/: one domain's life cycle and vCPU table */
    RANK_GNTTAB = 30,       /* gnttab/: a domain's grant table */
    RANK_MAPTRACK = 32,     /* gnttab/: a domain's maptrack */
    RANK_EVTCHN = 40,       /* evtchn/: a domain's ports */
    RANK_EVTCHN_QUEUE = 42, /* evtchn/: the FIFO queues of one vCPU */
    RANK_P2M = 50,          /* p2m/: a domain's stage-2 tables */
    RANK_VMID = 52,         /* p2m/: which VMIDs are in use */
    RANK_PAGES = 55,        /* dom/: a domain's list of pages */
    RANK_VUART = 60,        /* vuart/: a guest's UART */
    RANK_VGIC = 62,         /* vgic/: one vCPU's interrupts; two for a move */
    RANK_SCHED = 70,        /* sched/: one CPU's run queue */
    RANK_SCHED_GROUP = 72,  /* sched/: one domain's budget and its parked units */
    RANK_TIMER = 75,        /* time/: one CPU's timer queue */
    RANK_IRQ = 78,          /* irq/: one interrupt's descriptor, the distributor */
    RANK_SLAB = 80,         /* mem/: one slab cache */
    RANK_HYPMAP = 82,       /* mem/: EL2's own page tables */
    RANK_FRAME = 84,        /* mem/: the buddy allocator */
    RANK_RCU = 86,          /* sync/: the list of deferred calls */
    RANK_CONSOLE = 90,      /* log/: the ring and the UART */
};

struct IS_LOCK spinlock {
    union {
        struct {
            u16 owner, next;
        };
        u32 both; /* free: its halves are equal */
    };
    u8 rank;
    const char *name; /* debug output only */
};

#define SPINLOCK_INIT(lock_rank, lock_name)      \
    {                                            \
        .rank = (lock_rank), .name = (lock_name) \
    }

void spin_init(struct spinlock *l, enum lock_rank rank, const char *name);
void spin_lock(struct spinlock *l) ACQUIRES(l);
void spin_unlock(struct spinlock *l) RELEASES(l);
bool spin_is_locked(const struct spinlock *l);
/* Two locks of one rank, in address order; the same lock twice is taken once. */
void spin_lock_pair(struct spinlock *a, struct spinlock *b) ACQUIRES(a, b);
void spin_unlock_pair(struct spinlock *a, struct spinlock *b) RELEASES(a, b);

/* Debug builds: what this CPU holds, kept by spinlock.c and rwlock.c. */
void lock_note(u8 rank, const char *name, bool same_rank_too);
void lock_forget(u8 rank, const char *name);

static inline void lock_note_taken(u8 rank, const char *name, bool same_rank_too)
{
    if (DEBUG) {
        lock_note(rank, name, same_rank_too);
    }
}

static inline void lock_note_released(u8 rank, const char *name)
{
    if (DEBUG) {
        lock_forget(rank, name);
    }
}

/* Locks that this CPU holds (debug builds; else 0): the way out and the idle loop assert that it is
 * 0. */
u32 lock_nr_held(void);

#endif
