/* SPDX-License-Identifier: MIT */
/*
 * The scheduler knows schedulable units, not vCPUs, and policies as tables of functions. Each physical CPU
 * has a run queue with a lock of its own (RANK_SCHED); a unit is on at most one.
 *
 *             wake                  pick                   block, pause
 *   BLOCKED --------> RUNNABLE ------------> RUNNING -----------------------> BLOCKED
 *                        ^------ preempt, yield ---+
 *
 * The hypervisor never sleeps: to block is to call sched_block() and return to the way out, which calls
 * sched_run() when WORK_SCHED is set. Idle is in place: with nobody runnable sched_run() waits in the last
 * unit's context (its registers stay loaded) until an interrupt makes somebody runnable.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "base/err.h"
#include "base/list.h"
#include "base/rbtree.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"

enum unit_state { UNIT_BLOCKED, UNIT_RUNNABLE, UNIT_RUNNING };

struct sched_unit {
    u8 state;               /* [L] enum unit_state */
    bool yielded;           /* [L] */
    u32 cpu;                /* [L] its run queue; changes only with both locks held */
    u32 hold;               /* [L] pauses: not runnable while > 0, whatever wakes say */
    bool wanted;            /* [L] woken (or never blocked) as far as events are concerned */
    struct cpumask hard;    /* [L] may run here only */
    struct cpumask soft;    /* [L] would rather */
    u64 weight;             /* [L] share; 256 is the default (credit2's weight) */
    u64 cap_percent;        /* [L] 0: none */
    u64 vruntime;           /* [L] policy fair: weighted ns */
    u64 deadline;           /* [L] policy fair */
    struct rb_node node;    /* [L] policy's queue */
    u64 since_ns;           /* [L] state entered */
    u64 time_ns[4];         /* [L] time in RUNNING, RUNNABLE, BLOCKED, OFFLINE(held): the ABI's runstates */
    void *policy_data;
};

struct sched_queue;

struct sched_policy {
    const char *name;       /* sched= option, xl info */
    u32 abi_id;             /* XEN_SCHEDULER_* */
    enum err (*unit_init)(struct sched_unit *u);
    void (*unit_fini)(struct sched_unit *u);
    /* All with the queue's lock held. */
    void (*enqueue)(struct sched_queue *q, struct sched_unit *u, bool wakeup);
    void (*dequeue)(struct sched_queue *q, struct sched_unit *u);
    /* Best runnable unit or NULL; does not remove it. *slice_ns: how long it may run unasked. */
    struct sched_unit *(*pick)(struct sched_queue *q, u64 now_ns, u64 *slice_ns);
    void (*charge)(struct sched_queue *q, struct sched_unit *u, u64 ran_ns);
    bool (*preempts)(struct sched_queue *q, const struct sched_unit *woken, const struct sched_unit *running);
    u32 (*place)(const struct sched_unit *u);  /* where a waking unit goes; within u->hard */
};
extern const struct sched_policy sched_fair;

enum err sched_init(void);          /* boot CPU: option sched=, run queues */
void sched_init_cpu(void);

enum err sched_unit_init(struct sched_unit *u, u32 cpu);  /* held once: sched_release() starts it */
void sched_unit_fini(struct sched_unit *u);               /* must be held and not running anywhere */

void sched_wake(struct sched_unit *u);       /* any context; lock-free answer if already wanted and running */
void sched_block(struct sched_unit *u);      /* the current unit of this CPU: nothing wanted; raises WORK_SCHED */
void sched_yield(struct sched_unit *u);      /* current unit; returns at once when nobody else waits here */
/* Pausing: counts. sched_hold() does not wait; sched_is_running() says whether some CPU still has it in a guest. */
void sched_hold(struct sched_unit *u);
void sched_release(struct sched_unit *u);
bool sched_is_running(const struct sched_unit *u);

/* Affinity, weight: take effect at once (the unit is moved off a forbidden CPU before it runs again). */
enum err sched_set_affinity(struct sched_unit *u, const struct cpumask *hard, const struct cpumask *soft);
void sched_set_weight(struct sched_unit *u, u64 weight, u64 cap_percent);

/* The way out: picks, and calls sched_up_switch if the choice differs from what is loaded; idles in place. */
void sched_run(void);
struct sched_unit *sched_current(void);      /* NULL while this CPU idles */

/* Upcalls (defined in trap/switch_arm.c): */
void sched_up_switch(struct sched_unit *prev, struct sched_unit *next); /* prev may be NULL or next (reload nothing) */
void sched_up_state(struct sched_unit *u, enum unit_state from, enum unit_state to); /* runstate area; lock held */
void sched_up_idle_interrupt(void);          /* idle loop: an interrupt may be pending: take it (irq_handle, works) */

/* Idle time of a CPU in ns, for sysctl getcpuinfo. */
u64 sched_idle_ns(u32 cpu);
const struct sched_policy *sched_policy(void);

#endif
