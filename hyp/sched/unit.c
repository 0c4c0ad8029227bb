/* SPDX-License-Identifier: MIT */
/* A unit's life, its weight and its times. */
#include "base/panic.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "sched/queue.h"

void sched_unit_init(struct sched_unit *u, struct sched_group *g, u32 cpu)
{
    memset(u, 0, sizeof(*u));
    u->state = UNIT_OFFLINE;
    u->cpu = cpu;
    u->hold = 1;
    u->wanted = true;
    u->hard = cpumask_online();
    u->soft = u->hard;
    u->since_ns = clock_ns();
    u->group = g;
    list_init(&u->parked_node);
    spin_lock(&g->lock);
    g->nr_units++;
    u->weight = g->weight;
    u->capped = g->cap_percent != 0;
    spin_unlock(&g->lock);
}

void sched_unit_fini(struct sched_unit *u)
{
    check(u->hold > 0 && u->state != UNIT_RUNNING && !u->node.linked && !u->parked);
    spin_lock(&u->group->lock);
    u->group->nr_units--;
    spin_unlock(&u->group->lock);
}

void sched_unit_update(struct sched_unit *u)
{
    struct sched_queue *q = sched_lock_unit(u);
    bool runs = u->state == UNIT_RUNNING;
    bool was_capped = u->capped;
    if (runs) {
        sched_charge(q, clock_ns()); /* at the old weight, from the old budget */
        if (was_capped) {
            cap_return(u);
        }
    }
    bool waits = u->node.linked;
    if (waits) {
        sched_policy()->dequeue(q, u);
    }
    spin_lock(&u->group->lock);
    store_relaxed(&u->weight, u->group->weight);
    u->capped = u->group->cap_percent != 0;
    spin_unlock(&u->group->lock);
    if (waits) {
        sched_policy()->enqueue(q, u, false);
    }
    bool look = runs && (u->capped || was_capped);
    bool parked = u->parked;
    spin_unlock(&q->lock);
    if (look) {
        percpu_raise(q->cpu, WORK_SCHED); /* it takes of the new budget, or stops */
    }
    if (parked) {
        sched_settle(u, true);
    }
}

void sched_read_times(struct sched_unit *u, struct sched_times *out)
{
    struct sched_queue *q = sched_lock_unit(u);
    out->state = u->state;
    out->since_ns = u->since_ns;
    memcpy(out->time_ns, u->time_ns, sizeof(out->time_ns));
    spin_unlock(&q->lock);
}

void sched_write_times(struct sched_unit *u, const u64 time_ns[4])
{
    struct sched_queue *q = sched_lock_unit(u);
    memcpy(u->time_ns, time_ns, sizeof(u->time_ns));
    spin_unlock(&q->lock);
}
