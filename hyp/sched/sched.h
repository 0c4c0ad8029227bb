/* SPDX-License-Identifier: MIT */
/*
 * The scheduler knows schedulable units, not vCPUs, and policies as tables of functions. Each
 * physical CPU has a run queue with a lock of its own (RANK_SCHED); a unit is on at most one.
 *
 *             wake                  pick                   block, hold
 *   BLOCKED --------> RUNNABLE ------------> RUNNING -----------------------> BLOCKED, OFFLINE
 *                        ^------ preempt, yield ---+
 *
 * The hypervisor never sleeps: to block is to call sched_block() and return to the way out, which
 * calls sched_run() when WORK_SCHED is set. Idle is in place: with nobody runnable sched_run()
 * waits in the last unit's context (its registers stay loaded) until an interrupt makes somebody
 * runnable.
 *
 * Two words decide whether a unit may run: `wanted` (somebody woke it since it last blocked) and
 * `hold` (how many pauses it is under). Where it is follows from them, under the lock of its CPU's
 * queue.
 *
 * No wake-up is lost. A waker writes its reason (a pending interrupt, vcpu->work), then sets wanted
 * with a full barrier. A blocker clears wanted with a full barrier, then reads the reasons
 * (dom/vcpu.c) and wakes itself if there is one. In the one order of these four accesses either the
 * waker's comes last, and it sees wanted clear and goes on to the queue's lock, or the blocker's
 * read comes last, and it sees the reason. At the lock, the waker finds the unit still RUNNING
 * (then its CPU, which comes to sched_run() later, finds wanted set there) or no longer (then the
 * waker enqueues it).
 *
 * What is promised. Units that always want to run and may run on the same CPUs get time by weight,
 * within 3 % over seconds, on one CPU and on several (no unit more than one CPU: what it cannot use
 * the others share by weight); fair.c says how. It is not promised across CPUs between units whose
 * affinities differ, and a unit that sleeps much counts only while it waits. A cap (cap.c) is an
 * upper bound on the units of a group together; which of them run is a matter of who comes first.
 */
#ifndef SCHED_SCHED_H
#define SCHED_SCHED_H

#include "base/err.h"
#include "base/list.h"
#include "base/rbtree.h"
#include "cpu/atomic.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"
#include "time/time.h"

/* Numbered as the ABI's RUNSTATE_*. */
enum unit_state { UNIT_RUNNING, UNIT_RUNNABLE, UNIT_BLOCKED, UNIT_OFFLINE };
#define SCHED_DEFAULT_WEIGHT 256u
#define SCHED_MAX_WEIGHT     65535u

/*
 * What the units of a domain have in common: the weight that each has, and a cap on all of them
 * together. sched/cap.c says how a cap is kept, and how exactly.
 */
struct sched_group {
    struct spinlock lock; /* RANK_SCHED_GROUP */
    u32 nr_units GUARDED_BY(lock);
    u64 weight GUARDED_BY(lock);      /* share of each unit, 1 .. SCHED_MAX_WEIGHT */
    u64 cap_percent GUARDED_BY(lock); /* of one CPU; 0: none */
    /* Of this period's budget, not yet taken; < 0: owed to the next. */
    s64 left_ns GUARDED_BY(lock);
    u64 period_end_ns GUARDED_BY(lock);
    struct list parked GUARDED_BY(lock); /* units that wait for the next period, first come first */
    struct timer refill GUARDED_BY(lock); /* set while somebody is parked */
};

struct sched_unit {
    u8 state;                  /* [L] enum unit_state */
    bool yielded;              /* [L] */
    bool capped;               /* [L] its group has a cap */
    bool parked;               /* [L] RUNNABLE, but the group's budget is used up: on no queue */
    bool wanted;               /* [a] woken since it last blocked */
    u32 cpu;                   /* [L] its run queue; changes only with both queues' locks held */
    u32 hold;                  /* [L] pauses: not runnable while > 0, whatever wakes say */
    u32 pulled_from;           /* [L] statistics: CPU it ran on before, debug key */
    struct cpumask hard;       /* [L] may run here only; read without the lock as a hint */
    struct cpumask soft;       /* [L] would rather; likewise */
    u64 weight;                /* [L] its group's, as of the last sched_unit_update() */
    s64 budget_ns;             /* [L] capped: what it took of its group's; while RUNNING, else 0 */
    struct sched_group *group; /* [c] */
    struct list parked_node;   /* [group's lock] on group->parked */
    u64 vruntime;              /* [L] policy fair: ns at the default weight */
    struct rb_node node;       /* [L] policy's queue */
    u64 since_ns;              /* [L] state entered */
    u64 time_ns[4];            /* [L] time spent in each enum unit_state, up to since_ns */
};

struct sched_queue;

struct sched_policy {
    const char *name; /* sched= option, xl info */
    u32 abi_id;       /* XEN_SCHEDULER_* */
    /* All with the queue's lock held; units on a queue are those that wait, not the one that runs.
     */
    void (*enqueue)(struct sched_queue *q, struct sched_unit *u, bool wakeup);
    void (*dequeue)(struct sched_queue *q, struct sched_unit *u);
    /* u, on no queue, comes from sleep onto an idle CPU. How long it may run while others wait. */
    u64 (*wake)(struct sched_queue *q, struct sched_unit *u);
    /* Best waiting unit or NULL; does not remove it. *slice_ns: how long it may run while others
     * wait. */
    struct sched_unit *(*pick)(struct sched_queue *q, u64 *slice_ns);
    void (*charge)(struct sched_queue *q, struct sched_unit *u, u64 ran_ns);
    /* Should waiting take the CPU from running, which is charged? urgent: its slice is used up. */
    bool (*preempts)(struct sched_queue *q, const struct sched_unit *waiting,
                     const struct sched_unit *running, bool urgent);
    /* Both locks held: u, on no queue, goes from one to the other. */
    void (*move)(struct sched_queue *from, struct sched_queue *to, struct sched_unit *u);
    /* A slice on q is over, and others wait: one of them may be better off elsewhere. No locks. */
    void (*balance)(struct sched_queue *q);
};
extern const struct sched_policy sched_fair;

void sched_init(void); /* boot CPU: option sched=; before sched_init_cpu */
/* each CPU, before its first sched_run() and before any unit may go there */
void sched_init_cpu(void);

void sched_group_init(struct sched_group *g); /* default weight, no cap */
void sched_group_fini(struct sched_group *g); /* its units are gone */
/* For all units that are told by sched_unit_update(), and for those that come later. E_INVAL:
 * weight out of range, or a cap of more than 100 percent for each unit that there is. One caller at
 * a time. */
enum err sched_group_set(struct sched_group *g, u64 weight, u64 cap_percent);

/* Held once: sched_release() starts it. g outlives it. */
void sched_unit_init(struct sched_unit *u, struct sched_group *g, u32 cpu);
void sched_unit_fini(struct sched_unit *u); /* must be held and not running anywhere */
/* Its group's weight and cap count for u from now on. No locks held. */
void sched_unit_update(struct sched_unit *u);

/* Any context; lock-free answer if already wanted. True: a CPU that idled was given it, and will
 * look at what it was woken for (sched_up_switch()). */
bool sched_wake(struct sched_unit *u);
/* the current unit of this CPU: nothing wanted; raises WORK_SCHED */
void sched_block(struct sched_unit *u);
/* current unit; returns at once when nobody else waits here */
void sched_yield_unit(struct sched_unit *u);
/* before its registers are saved (call/call.h): OK when nobody else waits here, else E_RESTART */
s64 sched_yield_frameless(void);
/* Pausing: counts. sched_hold() does not wait; sched_is_running() says whether some CPU still has
 * it in a guest. */
void sched_hold(struct sched_unit *u);
void sched_release(struct sched_unit *u);
/* RUNNING on a CPU, in its guest or at EL2 on its behalf. *cpu (may be NULL) says where. Racy by
 * nature. */
bool sched_is_running(const struct sched_unit *u, u32 *cpu);

/* Somebody wants it off the CPUs. Racy, but true for whoever held it before it asked us to serve a
 * call. */
static inline bool sched_is_held(const struct sched_unit *u)
{
    return load_relaxed(&u->hold) != 0;
}

/* Takes effect at once (the unit is moved off a forbidden CPU before it runs again). E_INVAL: no
 * CPU of hard is online. NULL leaves a mask as it is. */
enum err sched_set_affinity(struct sched_unit *u, const struct cpumask *hard,
                            const struct cpumask *soft);

void sched_get_affinity(struct sched_unit *u, struct cpumask *hard, struct cpumask *soft);

/* A consistent copy; time_ns[state] does not include the time since since_ns. */
struct sched_times {
    u32 state;
    u64 since_ns;
    u64 time_ns[4];
};
void sched_read_times(struct sched_unit *u, struct sched_times *out);
/* A unit that is held, so that none of them grows: these from now on. */
void sched_write_times(struct sched_unit *u, const u64 time_ns[4]);

/* The way out: picks, and calls sched_up_switch if the choice differs from what ran; idles in
 * place. */
void sched_run(void);
struct sched_unit *sched_current(void); /* NULL while this CPU idles */

/* Upcalls (defined in trap/switch.c), no locks held but where said: */
/* next runs here now; it may be what is loaded already */
void sched_up_switch(struct sched_unit *next);
/* u began or ceased to run; times are new; the queue's lock is held */
void sched_up_state(struct sched_unit *u);
/* idle loop: an interrupt may be pending: take it (irq_handle, works) */
void sched_up_idle_interrupt(void);

/* Idle time of a CPU in ns, for sysctl getcpuinfo. */
u64 sched_idle_ns(u32 cpu);
const struct sched_policy *sched_policy(void);
void sched_register_key(void); /* boot: debug key 'r' */
void sched_dump(void);

/* Who has just come onto a CPU is left alone for so long by those that only wake, so that two that
 * wake each other do their work in batches. Its slice's end, a yield, a block, and one that has a
 * cap and so a budget to lose, are not held up. 0: never. */
#define SCHED_RATELIMIT_NS 1000000ULL
extern u64 sched_ratelimit_ns; /* [a] */

/* Every decision, for tests: called under the queue's lock when a unit is put on a CPU. NULL: none.
 */
extern void (*sched_trace)(const struct sched_unit *u, u32 cpu, u64 now_ns);

#endif
