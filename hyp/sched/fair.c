/* SPDX-License-Identifier: MIT */
/*
 * The fair policy: each unit has a virtual time that advances by ns run / weight, and whoever is
 * furthest behind runs next (Jones, Stoica: proportional share by virtual time; start-time fair
 * queueing).
 *
 *   q->min_vruntime follows the smallest virtual time on the CPU and never goes back. Who comes
 * from sleep starts at most WAKE_CREDIT behind it: enough to run at once when it wakes, not enough
 * to make the others pay for a long sleep. A unit that moves to another CPU keeps its distance to
 * the minimum.
 */
#include "sched/queue.h"

#include "abi/domctl.h"
#include "cpu/atomic.h"

#define SLICE_NS       4000000ULL
#define WAKE_CREDIT_NS 3000000ULL
/* A woken unit takes the CPU when it is this much behind: keeps two busy wakers from thrashing. */
#define WAKE_MARGIN_NS 500000ULL

static struct sched_unit *unit_of(const struct rb_node *node)
{
    return container_of(node, struct sched_unit, node);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
    return unit_of(a)->vruntime < unit_of(b)->vruntime;
}

static u64 weighted(u64 ns, const struct sched_unit *u)
{
    return ns * SCHED_DEFAULT_WEIGHT / u->weight;
}

static void advance_minimum(struct sched_queue *q, const struct sched_unit *running)
{
    u64 least = ~0ULL;
    if (running) {
        least = running->vruntime;
    }
    if (q->tree.first) {
        least = MIN(least, unit_of(q->tree.first)->vruntime);
    }
    if (least != ~0ULL) {
        q->min_vruntime = MAX(q->min_vruntime, least);
    }
}

static void fair_enqueue(struct sched_queue *q, struct sched_unit *u, bool wakeup)
{
    if (wakeup) {
        u64 floor = q->min_vruntime > WAKE_CREDIT_NS ? q->min_vruntime - WAKE_CREDIT_NS : 0;
        u->vruntime = MAX(u->vruntime, floor);
    }
    rb_insert(&q->tree, &u->node, less);
    store_relaxed(&q->nr_waiting, q->nr_waiting + 1);
}

static void fair_dequeue(struct sched_queue *q, struct sched_unit *u)
{
    rb_remove(&q->tree, &u->node);
    store_relaxed(&q->nr_waiting, q->nr_waiting - 1);
}

static struct sched_unit *fair_pick(struct sched_queue *q, u64 *slice_ns)
{
    *slice_ns = SLICE_NS;
    return q->tree.first ? unit_of(q->tree.first) : NULL;
}

static void fair_charge(struct sched_queue *q, struct sched_unit *u, u64 ran_ns)
{
    u->vruntime += weighted(ran_ns, u);
    advance_minimum(q, u);
}

static bool fair_preempts(struct sched_queue *q, const struct sched_unit *waiting,
                          const struct sched_unit *running, bool urgent)
{
    u64 margin = urgent ? 0 : WAKE_MARGIN_NS;
    return waiting->vruntime + margin < running->vruntime;
}

static void fair_move(struct sched_queue *from, struct sched_queue *to, struct sched_unit *u)
{
    if (u->vruntime >= from->min_vruntime) {
        u->vruntime = to->min_vruntime + (u->vruntime - from->min_vruntime);
    } else {
        u64 behind = from->min_vruntime - u->vruntime;
        u->vruntime = to->min_vruntime > behind ? to->min_vruntime - behind : 0;
    }
}

const struct sched_policy sched_fair = {
    .name = "fair",
    .abi_id = XEN_SCHEDULER_CREDIT2,
    .enqueue = fair_enqueue,
    .dequeue = fair_dequeue,
    .pick = fair_pick,
    .charge = fair_charge,
    .preempts = fair_preempts,
    .move = fair_move,
};
