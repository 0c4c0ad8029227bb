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
 *
 * Balance. On a CPU with much weight virtual time is slow, on one with little it is fast, and the
 * difference is what the units of the one lag those of the other. q->base_ns makes the times of
 * different CPUs comparable: it is set, so that nobody lags, when a CPU becomes crowded (somebody
 * waits at the end of a slice, and did at that of the slice before), and from then on the
 * difference counts. When it is LAG_NS at the end of a slice, the first that waits goes to the
 * fastest CPU and takes its lag along, so it runs there until it has caught up. Where weights can
 * be divided evenly this comes to rest; where they can't (three equal hogs, two CPUs) they go
 * round. At most one unit a slice and CPU moves, and only to a CPU that is busy: idle ones pull.
 */
#include "sched/queue.h"

#include "abi/domctl.h"
#include "cpu/atomic.h"

#define SLICE_NS       4000000ULL
#define WAKE_CREDIT_NS 3000000ULL
/* A woken unit takes the CPU when it is this much behind: keeps two busy wakers from thrashing. */
#define WAKE_MARGIN_NS 500000ULL
/* Units of one CPU may lag those of another by so much. */
#define LAG_NS 2000000ULL
/* What one that moves takes along: less than credit and margin leave, so that whoever wakes goes
 * before it. */
#define LAG_TAKEN_NS 2400000ULL
_Static_assert(LAG_TAKEN_NS < WAKE_CREDIT_NS - WAKE_MARGIN_NS);

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
    REQUIRES(q->lock)
{
    u64 least = ~0ULL;
    if (running) {
        least = running->vruntime;
    }
    if (q->tree.first) {
        least = MIN(least, unit_of(q->tree.first)->vruntime);
    }
    if (least != ~0ULL) {
        store_relaxed(&q->min_vruntime, MAX(q->min_vruntime, least));
    }
}

static u64 fair_wake(struct sched_queue *q, struct sched_unit *u) REQUIRES(q->lock)
{
    u64 floor = q->min_vruntime > WAKE_CREDIT_NS ? q->min_vruntime - WAKE_CREDIT_NS : 0;
    u->vruntime = MAX(u->vruntime, floor);
    return SLICE_NS;
}

static void fair_enqueue(struct sched_queue *q, struct sched_unit *u, bool wakeup) REQUIRES(q->lock)
{
    if (wakeup) {
        (void)fair_wake(q, u);
    }
    rb_insert(&q->tree, &u->node, less);
    store_relaxed(&q->waiting_weight, q->waiting_weight + u->weight);
    store_relaxed(&q->nr_waiting, q->nr_waiting + 1);
}

static void fair_dequeue(struct sched_queue *q, struct sched_unit *u) REQUIRES(q->lock)
{
    rb_remove(&q->tree, &u->node);
    store_relaxed(&q->waiting_weight, q->waiting_weight - u->weight);
    store_relaxed(&q->nr_waiting, q->nr_waiting - 1);
}

static struct sched_unit *fair_pick(struct sched_queue *q, u64 *slice_ns) REQUIRES(q->lock)
{
    *slice_ns = SLICE_NS;
    return q->tree.first ? unit_of(q->tree.first) : NULL;
}

static void fair_charge(struct sched_queue *q, struct sched_unit *u, u64 ran_ns) REQUIRES(q->lock)
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
    REQUIRES(from->lock, to->lock)
{
    if (u->vruntime >= from->min_vruntime) {
        u->vruntime = to->min_vruntime + (u->vruntime - from->min_vruntime);
    } else {
        u64 behind = from->min_vruntime - u->vruntime;
        u->vruntime = to->min_vruntime > behind ? to->min_vruntime - behind : 0;
    }
}

/* ---- balance: see the top ---- */

static u64 time_of(const struct sched_queue *q)
{
    return load_relaxed(&q->min_vruntime) + load_relaxed(&q->base_ns);
}

/* Without the lock a hint: what ran a moment ago is not freed while we are at EL2. */
static u64 weight_on(const struct sched_queue *q)
{
    const struct sched_unit *running = load_relaxed(&q->running);
    return load_relaxed(&q->waiting_weight) + (running ? load_relaxed(&running->weight) : 0);
}

/* Of the busy CPUs with less weight that where virtual time is most ahead, by a look without locks;
 * NULL: there is none. Where nobody waits nobody has charged for long, so the time since is added
 * at the default weight: too much for a heavy one, but then to look there corrects it. */
static struct sched_queue *find_fastest(const struct sched_queue *q, u64 now)
{
    struct sched_queue *best = NULL;
    u64 best_time = 0;
    u64 weight = weight_on(q);
    u32 nr = load_relaxed(&percpu_nr_cpus);
    for (u32 i = 1; i < nr; i++) {
        struct sched_queue *other = &per_cpu(sched_queue, (q->cpu + i) % nr);
        if (!load_relaxed(&other->running) || weight_on(other) >= weight) {
            continue;
        }
        u64 time = time_of(other);
        if (load_relaxed(&other->nr_waiting) == 0) {
            time += now - load_relaxed(&other->charged_ns);
        }
        if (!best || (s64)(time - best_time) > 0) {
            best = other;
            best_time = time;
        }
    }
    return best;
}

/* Both locks held. u takes along what it lags. */
static void push(struct sched_queue *from, struct sched_queue *to, struct sched_unit *u, u64 lag)
    REQUIRES(from->lock, to->lock)
{
    fair_dequeue(from, u);
    fair_move(from, to, u);
    u->vruntime -= MIN(lag, LAG_TAKEN_NS);
    u->pulled_from = from->cpu;
    store_relaxed(&u->cpu, to->cpu);
    fair_enqueue(to, u, false);
    to->crowded = true; /* it was ahead: there is nothing to forget */
}

/* Both locks held. Who goes from q to other, if anybody. */
static struct sched_unit *judge(struct sched_queue *q, struct sched_queue *other, s64 lag)
    REQUIRES(q->lock, other->lock)
{
    if (!q->crowded) {
        q->crowded = true;
        store_relaxed(&q->base_ns, q->base_ns + (u64)MAX(lag, 0LL));
        return NULL;
    }
    if (lag >= (s64)LAG_NS && other->running && weight_on(q) > weight_on(other)) {
        struct sched_unit *u = sched_find_movable(q, other);
        if (u) {
            return u;
        }
    }
    if (lag > 2 * (s64)LAG_NS) { /* nobody could mend it: it is not held against those who can */
        store_relaxed(&q->base_ns, q->base_ns + (u64)lag - 2 * LAG_NS);
    }
    return NULL;
}

static void fair_balance(struct sched_queue *q)
{
    struct sched_queue *other = find_fastest(q, clock_ns());
    if (!other) {
        return;
    }
    spin_lock_pair(&q->lock, &other->lock);
    sched_charge(other, clock_ns()); /* q was, a moment ago */
    s64 lag = (s64)(time_of(other) - time_of(q));
    struct sched_unit *u = judge(q, other, lag);
    if (u) {
        push(q, other, u, (u64)lag);
    }
    bool look = u && sched_must_look(other, u);
    spin_unlock_pair(&q->lock, &other->lock);
    if (look) {
        percpu_raise(other->cpu, WORK_SCHED);
    }
}

const struct sched_policy sched_fair = {
    .name = "fair",
    .abi_id = XEN_SCHEDULER_CREDIT2,
    .enqueue = fair_enqueue,
    .dequeue = fair_dequeue,
    .wake = fair_wake,
    .pick = fair_pick,
    .charge = fair_charge,
    .preempts = fair_preempts,
    .move = fair_move,
    .balance = fair_balance,
};
