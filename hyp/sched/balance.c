/* SPDX-License-Identifier: MIT */
/* Which CPU a unit goes to: where it waits after a wake, and what idle CPUs take from busy ones. */
#include "cpu/atomic.h"
#include "sched/queue.h"

/* Units of another queue that a CPU with nothing to do looks at before it gives up. */
#define PULL_LOOKS 16u

static struct cpumask idle; /* [a] */

void sched_mark_idle(u32 cpu, bool on)
{
    if (on) {
        atomic_or(&idle.bits[cpu / 64], BIT(cpu % 64));
    } else {
        atomic_and(&idle.bits[cpu / 64], ~BIT(cpu % 64));
    }
}

u32 sched_place(const struct sched_unit *u)
{
    u32 last = load_relaxed(&u->cpu);
    struct cpumask hard = cpumask_and(cpumask_read(&u->hard), cpumask_online());
    struct cpumask soft = cpumask_and(hard, cpumask_read(&u->soft));
    if (cpumask_is_empty(&soft)) {
        soft = hard;
    }
    struct cpumask free = cpumask_read(&idle);
    if (cpumask_test(&free, last) && cpumask_test(&soft, last)) {
        return last;
    }
    struct cpumask candidates = cpumask_and(free, soft);
    u32 cpu = cpumask_next(&candidates, 0);
    if (cpu != CPU_MAX) {
        return cpu;
    }
    candidates = cpumask_and(free, hard);
    cpu = cpumask_next(&candidates, 0);
    if (cpu != CPU_MAX) {
        return cpu;
    }
    if (cpumask_test(&soft, last)) {
        return last;
    }
    u32 best = cpumask_next(&soft, 0);
    for (cpu = best; cpu < CPU_MAX; cpu = cpumask_next(&soft, cpu + 1)) {
        if (load_relaxed(&per_cpu(sched_queue, cpu).nr_waiting) <
            load_relaxed(&per_cpu(sched_queue, best).nr_waiting)) {
            best = cpu;
        }
    }
    return best != CPU_MAX ? best : last;
}

enum err sched_set_affinity(struct sched_unit *u, const struct cpumask *hard,
                            const struct cpumask *soft)
{
    struct cpumask online = cpumask_online();
    if (hard) {
        struct cpumask usable = cpumask_and(*hard, online);
        if (cpumask_is_empty(&usable)) {
            return E_INVAL;
        }
    }
    struct sched_queue *q = sched_lock_unit(u);
    if (hard) {
        cpumask_write(&u->hard, hard); /* sched_place() reads it without the lock */
    }
    if (soft) {
        cpumask_write(&u->soft, soft);
    }
    bool forbidden = !cpumask_test(&u->hard, q->cpu), look = false, displaced = false;
    if (forbidden) {
        look = u->state == UNIT_RUNNING;
        displaced = u->node.linked;
        if (displaced) {
            sched_policy()->dequeue(q, u);
        }
    }
    spin_unlock(&q->lock);
    if (look) {
        percpu_raise(q->cpu, WORK_SCHED);
    }
    if (displaced) {
        sched_settle(u, false);
    } else if (load_relaxed(&q->nr_waiting) != 0) {
        sched_invite(q); /* it may be that one that may go elsewhere now */
    }
    return OK;
}

void sched_get_affinity(struct sched_unit *u, struct cpumask *hard, struct cpumask *soft)
{
    struct sched_queue *q = sched_lock_unit(u);
    *hard = u->hard;
    *soft = u->soft;
    spin_unlock(&q->lock);
}

void sched_invite(struct sched_queue *q)
{
    struct cpumask free = cpumask_read(&idle);
    struct cpumask guests = {0};
    if (cpumask_is_empty(&free)) {
        return;
    }
    spin_lock(&q->lock);
    u32 looks = 0;
    for (struct rb_node *n = q->tree.first; n && looks < PULL_LOOKS; n = rb_next(n)) {
        struct cpumask m = cpumask_and(free, container_of(n, struct sched_unit, node)->hard);
        u32 cpu = cpumask_next(&m, 0);
        if (cpu != CPU_MAX) {
            cpumask_set(&guests, cpu);
            cpumask_clear(&free, cpu);
        }
        looks++;
    }
    spin_unlock(&q->lock);
    for (u32 cpu = cpumask_next(&guests, 0); cpu < CPU_MAX; cpu = cpumask_next(&guests, cpu + 1)) {
        percpu_raise(cpu, WORK_SCHED);
    }
}

bool sched_sees_idle(const struct sched_unit *u)
{
    fence_full(); /* u is on its queue; who begins to idle says so, then looks at the queues */
    struct cpumask free = cpumask_and(cpumask_read(&idle), u->hard);
    return !cpumask_is_empty(&free);
}

struct sched_unit *sched_find_movable(struct sched_queue *from, const struct sched_queue *to)
{
    u32 looks = 0;
    for (struct rb_node *n = from->tree.first; n && looks < PULL_LOOKS; n = rb_next(n)) {
        struct sched_unit *u = container_of(n, struct sched_unit, node);
        if (cpumask_test(&u->hard, to->cpu) && cpumask_test(&u->soft, to->cpu)) {
            return u;
        }
        looks++;
    }
    return NULL;
}

/* The first that waits on other and may run on q. Both locks held. */
static struct sched_unit *find_pullable(const struct sched_queue *q, struct sched_queue *other,
                                        u64 now) REQUIRES(q->lock, other->lock)
{
    struct rb_node *n = other->tree.first;
    for (u32 looks = 0; n && looks < PULL_LOOKS; looks++) {
        struct sched_unit *u = container_of(n, struct sched_unit, node);
        n = rb_next(n);
        if (!cpumask_test(&u->hard, q->cpu)) {
            continue;
        }
        if (likely(!u->capped) || !cap_parks(u, now)) {
            return u;
        }
        sched_policy()->dequeue(other, u);
    }
    return NULL;
}

/* Nothing waits here: takes a unit that waits elsewhere and may run here. No locks held. */
static bool pull_from(struct sched_queue *q, struct sched_queue *other)
{
    spin_lock_pair(&q->lock, &other->lock);
    u64 now = clock_ns();
    struct sched_unit *found = find_pullable(q, other, now);
    if (found) {
        sched_charge(other, now);
        sched_policy()->dequeue(other, found);
        sched_policy()->move(other, q, found);
        found->pulled_from = other->cpu;
        store_relaxed(&found->cpu, q->cpu);
        sched_policy()->enqueue(q, found, false);
    }
    spin_unlock_pair(&q->lock, &other->lock);
    return found != NULL;
}

bool sched_pull(struct sched_queue *q)
{
    u32 nr = load_relaxed(&percpu_nr_cpus);
    for (u32 i = 1; i < nr; i++) {
        struct sched_queue *other = &per_cpu(sched_queue, (q->cpu + i) % nr);
        if (load_relaxed(&other->nr_waiting) != 0 && pull_from(q, other)) {
            return true;
        }
    }
    return false;
}
