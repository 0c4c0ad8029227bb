/* SPDX-License-Identifier: MIT */
/* One CPU's run queue, between sched.c and the policies. */
#ifndef SCHED_QUEUE_H
#define SCHED_QUEUE_H

#include "sched/sched.h"
#include "time/time.h"

struct sched_queue {
    struct spinlock lock;            /* RANK_SCHED */
    u32 cpu;                         /* [c] */
    u32 nr_waiting GUARDED_BY(lock); /* units in tree; read without the lock as a hint */
    struct sched_unit *running GUARDED_BY(lock); /* NULL: idle */
    u64 charged_ns GUARDED_BY(lock);             /* until when running has been charged */
    u64 slice_end_ns GUARDED_BY(lock);
    bool slice_armed GUARDED_BY(lock); /* the timer is set, not later than slice_end_ns */
    u64 ask_again_ns GUARDED_BY(lock); /* somebody waits who takes over then; 0: nobody */
    struct timer slice;
    u64 idle_ns;          /* total; written by its CPU only */
    u64 idle_since_ns;    /* 0: not idle */
    bool has_waited_long; /* its last wait; its CPU's */
    /* policy fair */
    struct rb_tree tree GUARDED_BY(lock); /* by vruntime */
    u64 min_vruntime GUARDED_BY(lock);    /* never goes back */
    u64 waiting_weight GUARDED_BY(lock);  /* of the units in tree */
    u64 base_ns GUARDED_BY(lock);  /* min_vruntime + base_ns compares with that of other queues */
    bool crowded GUARDED_BY(lock); /* somebody waited ever since base_ns was set */
};
DECLARE_PER_CPU(struct sched_queue, sched_queue);

/* sched.c. Locks the queue that u belongs to. */
struct sched_queue *sched_lock_unit(const struct sched_unit *u) ACQUIRES(sched_lock_unit(u)->lock);

/* sched.c. Lock held: what runs on q pays for its time until now; virtual times compare only then.
 */
void sched_charge(struct sched_queue *q, u64 now) REQUIRES(q->lock);

/* sched.c. Puts u where wanted, hold and its budget say it belongs. No locks held. */
void sched_settle(struct sched_unit *u, bool wakeup);
/* sched.c. Lock held: u was just put on q, which was charged; must q's CPU look at once? If not,
 * the slice's timer has it look in time. */
bool sched_must_look(struct sched_queue *q, const struct sched_unit *u) REQUIRES(q->lock);

/* cap.c, all for a capped unit, with its queue's lock held. */
/* May u run? If not it is parked, and settled when its group has a budget again; the caller takes
 * it off its queue. */
bool cap_parks(struct sched_unit *u, u64 now);
/* May u, which runs, go on? Does not park. */
bool cap_lets_run(struct sched_unit *u, u64 now);
/* u runs: sees to it that it has a budget, and says how much. */
u64 cap_take(struct sched_unit *u);
/* u runs no longer: what is left goes back, what it ran too long is owed. */
void cap_return(struct sched_unit *u);
void cap_unpark(struct sched_unit *u);

/* balance.c. A CPU that looks for work, or waits for it. Set before it looks at the other queues,
 * so that whoever enqueues later sees it. */
void sched_mark_idle(u32 cpu, bool on);
/* Where u should wait: where its caches are, unless somebody is idle elsewhere. A hint, made
 * without locks; the caller verifies that it is in u->hard. */
u32 sched_place(const struct sched_unit *u);
/* Some wait here while other CPUs idle: those may come and look, one for each that waits. No locks.
 */
void sched_invite(struct sched_queue *q);
/* u was just put on a queue, whose lock is held: does a CPU idle where it may run? */
bool sched_sees_idle(const struct sched_unit *u);
/* Nothing waits here: takes a unit that waits elsewhere and may run here. No locks held. */
bool sched_pull(struct sched_queue *q);
/* The first that waits on from and may, and would, run on to's CPU; NULL: none near the front. Both
 * locks held. */
struct sched_unit *sched_find_movable(struct sched_queue *from, const struct sched_queue *to)
    REQUIRES(from->lock, to->lock);

#endif
