/* SPDX-License-Identifier: MIT */
#include "sched/sched.h"

#include "base/panic.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "sched/queue.h"
#include "sched/watchdog.h"

/* Units of another queue that a CPU with nothing to do looks at before it gives up. */
#define PULL_LOOKS 16u

DEFINE_PER_CPU(struct sched_queue, sched_queue);
void (*sched_trace)(const struct sched_unit *u, u32 cpu, u64 now_ns);

/* CPUs that look for work or wait for it. Set before such a CPU looks at the other queues, so that whoever
 * enqueues later sees it. */
static struct cpumask idle;
static const struct sched_policy *policy = &sched_fair;

const struct sched_policy *sched_policy(void)
{
    return policy;
}

static void mark_idle(u32 cpu, bool on)
{
    if (on) {
        atomic_or(&idle.bits[cpu / 64], BIT(cpu % 64));
    } else {
        atomic_and(&idle.bits[cpu / 64], ~BIT(cpu % 64));
    }
}

static struct cpumask idle_cpus(void)
{
    struct cpumask m;
    for (u32 i = 0; i < ARRAY_LEN(m.bits); i++) {
        m.bits[i] = load_relaxed(&idle.bits[i]);
    }
    return m;
}

/* ---- where a unit goes ---- */

/* A hint, made without locks; the caller verifies that it is in u->hard. Stays where its caches are, unless
 * somebody is idle elsewhere. */
static u32 place(const struct sched_unit *u)
{
    u32 last = load_relaxed(&u->cpu);
    struct cpumask hard = cpumask_and(u->hard, cpumask_online());
    struct cpumask soft = cpumask_and(hard, u->soft);
    if (cpumask_is_empty(&soft)) {
        soft = hard;
    }
    struct cpumask free = idle_cpus();
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

/* ---- changes, under the lock of the unit's queue ---- */

static void set_state(struct sched_unit *u, enum unit_state to, u64 now)
{
    u->time_ns[u->state] += now - u->since_ns;
    u->since_ns = now;
    store_release(&u->state, (u8)to); /* who sees it not RUNNING sees its saved registers */
}

static struct sched_queue *lock_unit(const struct sched_unit *u)
{
    for (;;) {
        struct sched_queue *q = &per_cpu(sched_queue, load_relaxed(&u->cpu));
        spin_lock(&q->lock);
        if (u->cpu == q->cpu) {
            return q;
        }
        spin_unlock(&q->lock); /* it moved meanwhile */
    }
}

/* What runs on q pays for its time until now: virtual times compare only then. */
static void charge_running(struct sched_queue *q, u64 now)
{
    if (q->running && now > q->charged_ns) {
        policy->charge(q, q->running, now - q->charged_ns);
        q->charged_ns = now;
    }
}

static enum unit_state resting_state(const struct sched_unit *u)
{
    return load_relaxed(&u->wanted) ? UNIT_OFFLINE : UNIT_BLOCKED;
}

/* u was just put on q: must q's CPU look at once? It must when it idles, when u is better than what runs, and
 * when nothing would end what runs. */
static bool must_look(struct sched_queue *q, const struct sched_unit *u)
{
    const struct sched_unit *running = q->running;
    return !running || !q->slice_armed || policy->preempts(q, u, running, false);
}

/*
 * Puts u where wanted and hold say it belongs; no locks held. Whoever changes one of the two comes here after,
 * and a unit that somebody else has put right meanwhile is left alone.
 */
static void settle(struct sched_unit *u, bool wakeup)
{
    struct sched_queue *from, *to;
    for (;;) {
        from = &per_cpu(sched_queue, load_relaxed(&u->cpu));
        to = &per_cpu(sched_queue, place(u));
        spin_lock_pair(&from->lock, &to->lock);
        if (u->cpu == from->cpu && cpumask_test(&u->hard, to->cpu)) {
            break;
        }
        spin_unlock_pair(&from->lock, &to->lock);
    }
    bool look = false;
    if (u->state != UNIT_RUNNING && !u->node.linked) {
        u64 now = clock_ns();
        if (load_relaxed(&u->wanted) && u->hold == 0) {
            charge_running(to, now);
            if (to != from) {
                charge_running(from, now);
                policy->move(from, to, u);
                u->cpu = to->cpu;
            }
            if (u->state != UNIT_RUNNABLE) {
                set_state(u, UNIT_RUNNABLE, now);
            }
            policy->enqueue(to, u, wakeup);
            look = must_look(to, u);
        } else if (u->state != resting_state(u)) {
            set_state(u, resting_state(u), now);
        }
    }
    spin_unlock_pair(&from->lock, &to->lock);
    if (look) {
        percpu_raise(to->cpu, WORK_SCHED);
    }
}

/* Some wait here while other CPUs idle: those may come and look, one for each that waits. */
static void invite(struct sched_queue *q)
{
    struct cpumask free = idle_cpus(), guests = {0};
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

/* ---- the interface ---- */

void sched_unit_init(struct sched_unit *u, u32 cpu)
{
    memset(u, 0, sizeof(*u));
    u->state = UNIT_OFFLINE;
    u->cpu = cpu;
    u->hold = 1;
    u->wanted = true;
    u->hard = cpumask_online();
    u->soft = u->hard;
    u->weight = SCHED_DEFAULT_WEIGHT;
    u->since_ns = clock_ns();
}

void sched_unit_fini(struct sched_unit *u)
{
    check(u->hold > 0 && u->state != UNIT_RUNNING && !u->node.linked);
}

void sched_wake(struct sched_unit *u)
{
    /* The caller's reason was written before; see the header for why this order loses nothing. */
    fence_full();
    if (load_relaxed(&u->wanted) || atomic_xchg(&u->wanted, true)) {
        return;
    }
    settle(u, true);
}

void sched_block(struct sched_unit *u)
{
    (void)atomic_xchg(&u->wanted, false);
    percpu_raise(cpu_current(), WORK_SCHED);
}

void sched_yield(struct sched_unit *u)
{
    struct sched_queue *q = &this_cpu(sched_queue);
    if (load_relaxed(&q->nr_waiting) == 0) {
        return;
    }
    spin_lock(&q->lock);
    u->yielded = true;
    spin_unlock(&q->lock);
    percpu_raise(q->cpu, WORK_SCHED);
}

void sched_hold(struct sched_unit *u)
{
    struct sched_queue *q = lock_unit(u);
    u->hold++;
    bool look = u->hold == 1 && u->state == UNIT_RUNNING;
    if (u->hold == 1 && u->state == UNIT_RUNNABLE) {
        if (u->node.linked) {
            policy->dequeue(q, u);
        }
        set_state(u, UNIT_OFFLINE, clock_ns());
    }
    spin_unlock(&q->lock);
    if (look) {
        percpu_raise(q->cpu, WORK_SCHED);
    }
}

void sched_release(struct sched_unit *u)
{
    struct sched_queue *q = lock_unit(u);
    check(u->hold > 0);
    u->hold--;
    bool ready = u->hold == 0 && u->state == UNIT_OFFLINE;
    spin_unlock(&q->lock);
    if (ready) {
        settle(u, true);
    }
}

bool sched_is_running(const struct sched_unit *u, u32 *cpu)
{
    if (cpu) {
        *cpu = load_relaxed(&u->cpu);
    }
    return load_acquire(&u->state) == UNIT_RUNNING;
}

enum err sched_set_affinity(struct sched_unit *u, const struct cpumask *hard, const struct cpumask *soft)
{
    struct cpumask online = cpumask_online();
    if (hard) {
        struct cpumask usable = cpumask_and(*hard, online);
        if (cpumask_is_empty(&usable)) {
            return E_INVAL;
        }
    }
    struct sched_queue *q = lock_unit(u);
    if (hard) {
        u->hard = *hard;
    }
    if (soft) {
        u->soft = *soft;
    }
    bool forbidden = !cpumask_test(&u->hard, q->cpu), look = false, displaced = false;
    if (forbidden) {
        look = u->state == UNIT_RUNNING;
        displaced = u->node.linked;
        if (displaced) {
            policy->dequeue(q, u);
        }
    }
    spin_unlock(&q->lock);
    if (look) {
        percpu_raise(q->cpu, WORK_SCHED);
    }
    if (displaced) {
        settle(u, false);
    } else if (load_relaxed(&q->nr_waiting) != 0) {
        invite(q); /* it may be that one that may go elsewhere now */
    }
    return OK;
}

enum err sched_set_weight(struct sched_unit *u, u64 weight, u64 cap_percent)
{
    if (weight == 0 || weight > SCHED_MAX_WEIGHT) {
        return E_INVAL;
    }
    struct sched_queue *q = lock_unit(u);
    if (u->state == UNIT_RUNNING) {
        charge_running(q, clock_ns()); /* at the old weight */
    }
    u->weight = weight;
    u->cap_percent = cap_percent;
    spin_unlock(&q->lock);
    return OK;
}

void sched_read_times(struct sched_unit *u, struct sched_times *out)
{
    struct sched_queue *q = lock_unit(u);
    out->state = u->state;
    out->since_ns = u->since_ns;
    memcpy(out->time_ns, u->time_ns, sizeof(out->time_ns));
    spin_unlock(&q->lock);
}

struct sched_unit *sched_current(void)
{
    return this_cpu(sched_queue).running;
}

u64 sched_idle_ns(u32 cpu)
{
    const struct sched_queue *q = &per_cpu(sched_queue, cpu);
    u64 since = load_relaxed(&q->idle_since_ns), now = clock_ns();
    return load_relaxed(&q->idle_ns) + (since != 0 && now > since ? now - since : 0);
}

/* ---- the way out ---- */

static void slice_over(void *arg)
{
    struct sched_queue *q = arg;
    spin_lock(&q->lock);
    q->slice_armed = false;
    spin_unlock(&q->lock);
    percpu_raise(q->cpu, WORK_SCHED);
}

/*
 * Takes the running unit off the CPU if it has to go or somebody better waits, and says who runs next (NULL:
 * nobody). A unit that may run, but not here, is left on no queue in *displaced.
 */
static struct sched_unit *choose(struct sched_queue *q, u64 now, struct sched_unit **displaced)
{
    struct sched_unit *prev = q->running;
    u64 slice_ns;
    charge_running(q, now);
    struct sched_unit *best = policy->pick(q, &slice_ns);
    if (prev) {
        bool stays = prev->hold == 0 && load_relaxed(&prev->wanted);
        bool allowed = cpumask_test(&prev->hard, q->cpu);
        bool yielded = prev->yielded;
        prev->yielded = false;
        if (stays && allowed &&
            (!best || (!yielded && !policy->preempts(q, best, prev, now >= q->slice_end_ns)))) {
            if (now >= q->slice_end_ns) {
                q->slice_end_ns = now + slice_ns;
            }
            return prev;
        }
        set_state(prev, stays ? UNIT_RUNNABLE : resting_state(prev), now);
        sched_up_state(prev);
        if (stays && allowed) {
            policy->enqueue(q, prev, false);
        } else if (stays) {
            *displaced = prev;
        }
    }
    q->running = best;
    if (best) {
        policy->dequeue(q, best);
        set_state(best, UNIT_RUNNING, now);
        sched_up_state(best);
        q->charged_ns = now;
        q->slice_end_ns = now + slice_ns;
        if (sched_trace) {
            sched_trace(best, q->cpu, now);
        }
    }
    return best;
}

/* Lock held. While somebody waits, something must end the slice. */
static void arm_slice(struct sched_queue *q)
{
    if (q->nr_waiting != 0 && !q->slice_armed) {
        q->slice_armed = true;
        timer_set(&q->slice, q->slice_end_ns);
    }
}

/* Nothing waits here: takes a unit that waits elsewhere and may run here. No locks held. */
static bool pull_from(struct sched_queue *q, struct sched_queue *other)
{
    struct sched_unit *found = NULL;
    spin_lock_pair(&q->lock, &other->lock);
    u32 looks = 0;
    for (struct rb_node *n = other->tree.first; n && looks < PULL_LOOKS && !found; n = rb_next(n)) {
        struct sched_unit *u = container_of(n, struct sched_unit, node);
        if (cpumask_test(&u->hard, q->cpu)) {
            found = u;
        }
        looks++;
    }
    if (found) {
        charge_running(other, clock_ns());
        policy->dequeue(other, found);
        policy->move(other, q, found);
        found->pulled_from = other->cpu;
        found->cpu = q->cpu;
        policy->enqueue(q, found, false);
    }
    spin_unlock_pair(&q->lock, &other->lock);
    return found != NULL;
}

static bool pull(struct sched_queue *q)
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

/* From here on whoever enqueues a unit that may run here tells us. */
static void begin_idle(struct sched_queue *q)
{
    if (q->idle_since_ns == 0) {
        mark_idle(q->cpu, true);
        store_relaxed(&q->idle_since_ns, MAX(clock_ns(), 1ULL));
    }
}

static bool end_idle(struct sched_queue *q)
{
    u64 since = q->idle_since_ns;
    if (since == 0) {
        return false;
    }
    mark_idle(q->cpu, false);
    store_relaxed(&q->idle_ns, q->idle_ns + (clock_ns() - since));
    store_relaxed(&q->idle_since_ns, 0);
    watchdog_end_idle();
    return true;
}

/*
 * Waits in place until WORK_SCHED is set. A bit raised between the test and cpu_wait() comes with an interrupt
 * that stays pending, so cpu_wait() returns at once.
 */
static void wait_for_work(void)
{
    while (!(load_acquire(&this_cpu(work)) & BIT(WORK_SCHED))) {
        cpu_wait();
        sched_up_idle_interrupt();
    }
}

void sched_run(void)
{
    struct sched_queue *q = &this_cpu(sched_queue);
    struct sched_unit *const came_with = q->running, *next;
    for (;;) {
        /* Cleared before the queue is looked at: whoever enqueues after our look raises it again. */
        atomic_and(&this_cpu(work), ~(u32)BIT(WORK_SCHED));
        struct sched_unit *displaced = NULL;
        spin_lock(&q->lock);
        next = choose(q, clock_ns(), &displaced);
        if (next) {
            arm_slice(q);
        } else if (q->slice_armed) {
            timer_cancel(&q->slice); /* an idle CPU is not woken for nothing */
            q->slice_armed = false;
        }
        bool others_wait = q->nr_waiting != 0;
        spin_unlock(&q->lock);

        if (displaced) {
            settle(displaced, false);
        }
        if (next) {
            if (others_wait) {
                invite(q);
            }
            break;
        }
        begin_idle(q);
        if (!pull(q)) {
            wait_for_work();
        }
    }
    if (end_idle(q) || next != came_with) {
        sched_up_switch(next);
    }
}

void sched_init(void)
{
    policy = &sched_fair;
    idle = (struct cpumask){0};
}

void sched_init_cpu(void)
{
    struct sched_queue *q = &this_cpu(sched_queue);
    memset(q, 0, sizeof(*q));
    spin_init(&q->lock, RANK_SCHED, "sched");
    q->cpu = cpu_current();
    q->min_vruntime = 1ULL << 40; /* far from 0, so that credits never wrap */
    timer_init(&q->slice, slice_over, q);
}
