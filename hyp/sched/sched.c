/* SPDX-License-Identifier: MIT */
#include "sched/sched.h"

#include "base/panic.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "mem/frame.h"
#include "sched/queue.h"
#include "sched/watchdog.h"

/* Units without a budget that one choice puts aside. */
#define PARKED_AT_ONCE 16u
/* After a wait as long as this the next one is used to zero memory. */
#define LONG_WAIT_NS 2000000u

DEFINE_PER_CPU(struct sched_queue, sched_queue);
u64 sched_ratelimit_ns = SCHED_RATELIMIT_NS;
void (*sched_trace)(const struct sched_unit *u, u32 cpu, u64 now_ns);

static const struct sched_policy *policy = &sched_fair;

const struct sched_policy *sched_policy(void)
{
    return policy;
}

/* ---- changes, under the lock of the unit's queue ---- */

static void set_state(struct sched_unit *u, enum unit_state to, u64 now)
{
    u->time_ns[u->state] += now - u->since_ns;
    u->since_ns = now;
    store_release(&u->state, (u8)to); /* who sees it not RUNNING sees its saved registers */
}

/* Nothing runs on q, and u, which is on no queue, does from now on. */
static void put_on(struct sched_queue *q, struct sched_unit *u, u64 slice_ns, u64 now)
    REQUIRES(q->lock)
{
    set_state(u, UNIT_RUNNING, now);
    sched_up_state(u);
    store_relaxed(&q->charged_ns, now);
    q->slice_end_ns = now + slice_ns;
    if (unlikely(sched_trace)) {
        sched_trace(u, q->cpu, now);
    }
    store_release(&q->running, u); /* an idle CPU sees it without the lock, and so all of this */
}

/* UNCHECKED: which queue, is known when it is locked. */
UNCHECKED struct sched_queue *sched_lock_unit(const struct sched_unit *u)
{
    for (;;) {
        struct sched_queue *q = &per_cpu(sched_queue, load_relaxed(&u->cpu));
        spin_lock(&q->lock);
        if (load_relaxed(&u->cpu) == q->cpu) {
            return q;
        }
        spin_unlock(&q->lock); /* it moved meanwhile */
    }
}

void sched_charge(struct sched_queue *q, u64 now)
{
    struct sched_unit *u = q->running;
    if (u && now > q->charged_ns) {
        u64 ran_ns = now - q->charged_ns;
        store_relaxed(&q->charged_ns, now);
        if (unlikely(u->capped)) {
            u->budget_ns -= (s64)ran_ns;
        }
        policy->charge(q, u, ran_ns);
    }
}

static enum unit_state resting_state(const struct sched_unit *u)
{
    return load_relaxed(&u->wanted) ? UNIT_OFFLINE : UNIT_BLOCKED;
}

/* Until when what runs is left alone by u, which only woke. A budget that comes must not go to
 * waste: who has a cap is not kept waiting. */
static u64 left_alone_ns(const struct sched_queue *q, const struct sched_unit *u) REQUIRES(q->lock)
{
    return u->capped ? 0 : q->running->since_ns + load_relaxed(&sched_ratelimit_ns);
}

/* It must when it idles, when what runs is to make room for u now, and when nothing would end what
 * runs soon enough for u. On this CPU that is seen to here, unless another one may come for u: it
 * has to be invited. */
bool sched_must_look(struct sched_queue *q, const struct sched_unit *u)
{
    if (!q->running) {
        return true;
    }
    u64 end = q->slice_end_ns;
    if (policy->preempts(q, u, q->running, false)) {
        end = MIN(end, left_alone_ns(q, u));
    }
    if (q->charged_ns >= end) {
        return true;
    }
    if (q->slice_armed && q->slice.deadline_ns <= end) {
        return false;
    }
    if (q->cpu != cpu_current() || sched_sees_idle(u)) {
        return true;
    }
    q->slice_armed = true;
    timer_set(&q->slice, end);
    return false;
}

/*
 * Whoever changes wanted, hold or the cap comes here after, and a unit that somebody else has put
 * right meanwhile is left alone. One that is parked is asked for its budget again.
 */
void sched_settle(struct sched_unit *u, bool wakeup)
{
    struct sched_queue *from;
    struct sched_queue *to;
    for (;;) {
        from = &per_cpu(sched_queue, load_relaxed(&u->cpu));
        to = &per_cpu(sched_queue, sched_place(u));
        spin_lock_pair(&from->lock, &to->lock);
        if (load_relaxed(&u->cpu) == from->cpu && cpumask_test(&u->hard, to->cpu)) {
            break;
        }
        spin_unlock_pair(&from->lock, &to->lock);
    }
    bool look = false;
    if (u->state != UNIT_RUNNING && !u->node.linked) {
        u64 now = clock_ns();
        if (unlikely(u->parked)) {
            cap_unpark(u);
        }
        if (load_relaxed(&u->wanted) && u->hold == 0) {
            sched_charge(to, now);
            if (to != from) {
                sched_charge(from, now);
                policy->move(from, to, u);
                store_relaxed(&u->cpu, to->cpu);
            }
            if (u->state != UNIT_RUNNABLE) {
                set_state(u, UNIT_RUNNABLE, now);
            }
            if (likely(!u->capped) || !cap_parks(u, now)) {
                policy->enqueue(to, u, wakeup);
                look = sched_must_look(to, u);
            }
        } else if (u->state != resting_state(u)) {
            set_state(u, resting_state(u), now);
        }
    }
    spin_unlock_pair(&from->lock, &to->lock);
    if (look) {
        percpu_raise(to->cpu, WORK_SCHED);
    }
}

/* ---- the interface ---- */

/* Its CPU idles, and it would be placed there: it runs from now on, and neither waits on the queue
 * nor makes that CPU choose (docs/why/014). */
static bool hand_over(struct sched_unit *u)
{
    struct sched_queue *q = sched_lock_unit(u);
    bool fits = !q->running && q->nr_waiting == 0 && u->state == UNIT_BLOCKED && u->hold == 0 &&
                load_relaxed(&u->wanted) && !u->capped && cpumask_test(&u->hard, q->cpu) &&
                cpumask_test(&u->soft, q->cpu);
    if (fits) {
        put_on(q, u, policy->wake(q, u), clock_ns());
    }
    spin_unlock(&q->lock);
    if (fits && q->cpu != cpu_current()) {
        percpu_up_kick(q->cpu);
    }
    return fits;
}

bool sched_wake(struct sched_unit *u)
{
    /* The caller's reason was written before; see the header for why this order loses nothing. */
    fence_full();
    if (load_relaxed(&u->wanted) || atomic_xchg(&u->wanted, true)) {
        return false;
    }
    if (hand_over(u)) {
        return true;
    }
    sched_settle(u, true);
    return false;
}

void sched_block(struct sched_unit *u)
{
    (void)atomic_xchg(&u->wanted, false);
    percpu_raise_here(WORK_SCHED);
}

void sched_yield_unit(struct sched_unit *u)
{
    struct sched_queue *q = &this_cpu(sched_queue);
    if (load_relaxed(&q->nr_waiting) == 0) {
        return;
    }
    spin_lock(&q->lock);
    u->yielded = true;
    spin_unlock(&q->lock);
    percpu_raise_here(WORK_SCHED);
}

void sched_hold(struct sched_unit *u)
{
    struct sched_queue *q = sched_lock_unit(u);
    store_relaxed(&u->hold, u->hold + 1);
    /* Each who holds tells the CPU: one that came before may be yet to do so. */
    bool look = u->state == UNIT_RUNNING;
    if (u->hold == 1 && u->state == UNIT_RUNNABLE) {
        if (u->node.linked) {
            policy->dequeue(q, u);
        } else if (u->parked) {
            cap_unpark(u);
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
    struct sched_queue *q = sched_lock_unit(u);
    check(u->hold > 0);
    store_relaxed(&u->hold, u->hold - 1);
    bool ready = u->hold == 0 && u->state == UNIT_OFFLINE;
    spin_unlock(&q->lock);
    if (ready) {
        sched_settle(u, true);
    }
}

bool sched_is_running(const struct sched_unit *u, u32 *cpu)
{
    if (cpu) {
        *cpu = load_relaxed(&u->cpu);
    }
    return load_acquire(&u->state) == UNIT_RUNNING;
}

struct sched_unit *sched_current(void)
{
    return load_relaxed(&this_cpu(sched_queue).running); /* others write it only while we idle */
}

u64 sched_idle_ns(u32 cpu)
{
    const struct sched_queue *q = &per_cpu(sched_queue, cpu);
    u64 since = load_relaxed(&q->idle_since_ns);
    u64 now = clock_ns();
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

/* The best that waits and has a budget, if it needs one; best is capped. Of those without, which
 * siblings have used up since they came, so many are parked at a time; another runs on credit, so
 * that a stay at EL2 is bounded. */
static __cold struct sched_unit *pick_funded(struct sched_queue *q, struct sched_unit *best,
                                             u64 now, u64 *slice_ns)
{
    u32 left = PARKED_AT_ONCE;
    while (left-- != 0 && best && best->capped && cap_parks(best, now)) {
        policy->dequeue(q, best);
        best = policy->pick(q, slice_ns);
    }
    return best;
}

/* Does what runs make room for best? If not yet, it is asked again as soon as it may be. */
static bool must_give_way(struct sched_queue *q, const struct sched_unit *best, u64 now)
    REQUIRES(q->lock)
{
    const bool ended = now >= q->slice_end_ns;
    const bool would = policy->preempts(q, best, q->running, ended);
    if (would && !ended && now < left_alone_ns(q, best)) {
        q->ask_again_ns = left_alone_ns(q, best);
        return false;
    }
    return would;
}

/*
 * Takes the running unit off the CPU if it has to go or somebody better waits, and says who runs
 * next (NULL: nobody). A unit that may run, but not here, is left on no queue in *displaced.
 */
static struct sched_unit *choose(struct sched_queue *q, u64 now, struct sched_unit **displaced)
    REQUIRES(q->lock)
{
    struct sched_unit *prev = q->running;
    u64 slice_ns;
    q->ask_again_ns = 0;
    sched_charge(q, now);
    struct sched_unit *best = policy->pick(q, &slice_ns);
    if (best && unlikely(best->capped)) {
        best = pick_funded(q, best, now, &slice_ns);
    }
    if (prev) {
        bool stays = prev->hold == 0 && load_relaxed(&prev->wanted);
        bool allowed = cpumask_test(&prev->hard, q->cpu);
        bool yielded = prev->yielded;
        prev->yielded = false;
        if (stays && allowed && (!best || (!yielded && !must_give_way(q, best, now))) &&
            (likely(!prev->capped) || cap_lets_run(prev, now))) {
            if (now >= q->slice_end_ns) {
                q->slice_end_ns = now + slice_ns;
            }
            return prev;
        }
        if (best) { /* first: among fewer, prev finds its place sooner */
            policy->dequeue(q, best);
        }
        set_state(prev, stays ? UNIT_RUNNABLE : resting_state(prev), now);
        sched_up_state(prev);
        bool waits = stays && allowed;
        if (unlikely(prev->capped)) {
            cap_return(prev);
            waits = waits && !cap_parks(prev, now);
        }
        if (waits) {
            policy->enqueue(q, prev, false);
        } else if (stays && !allowed) {
            *displaced = prev;
        }
    }
    if (best) {
        if (!prev) {
            policy->dequeue(q, best);
        }
        put_on(q, best, slice_ns, now);
    } else {
        store_relaxed(&q->running, NULL);
    }
    return best;
}

/* A budget ends, whether somebody waits or not. */
static __cold void arm_budget(struct sched_queue *q, u64 now) REQUIRES(q->lock)
{
    u64 end = MIN(q->slice_end_ns, now + cap_take(q->running));
    if (!q->slice_armed || q->slice.deadline_ns > end) {
        q->slice_armed = true;
        timer_set(&q->slice, end);
    }
}

/* Lock held. While somebody waits, something must end the slice. */
static void arm_slice(struct sched_queue *q, u64 now) REQUIRES(q->lock)
{
    if (q->nr_waiting == 0) {
        q->crowded = false;
    } else if (!q->slice_armed || q->ask_again_ns != 0) {
        q->slice_armed = true;
        timer_set(&q->slice, q->ask_again_ns != 0 ? q->ask_again_ns : q->slice_end_ns);
    }
    if (unlikely(q->running->capped)) {
        arm_budget(q, now);
    }
}

/* From here on whoever enqueues a unit that may run here tells us. */
static void begin_idle(struct sched_queue *q, u64 now)
{
    if (q->idle_since_ns == 0) {
        sched_mark_idle(q->cpu, true);
        store_relaxed(&q->idle_since_ns, MAX(now, 1ULL));
    }
}

/* next runs here, since it was put on. */
static bool end_idle(struct sched_queue *q, const struct sched_unit *next)
{
    u64 since = q->idle_since_ns;
    if (since == 0) {
        return false;
    }
    u64 until = load_relaxed(&next->since_ns);
    sched_mark_idle(q->cpu, false);
    const u64 waited_ns = until - MIN(since, until);
    store_relaxed(&q->idle_ns, q->idle_ns + waited_ns);
    q->has_waited_long = waited_ns >= LONG_WAIT_NS;
    store_relaxed(&q->idle_since_ns, 0);
    watchdog_end_idle();
    return true;
}

/*
 * Waits in place until WORK_SCHED is set, or a waker has put a unit on. Both come with an
 * interrupt, which stays pending when it comes between the test and cpu_wait(): that returns at
 * once. Nobody but us takes the unit off again. What else is due, a hold of it say, is in the work
 * word. A CPU whose waits are long zeroes memory for guests to come, a step between two looks.
 */
static struct sched_unit *wait_for_work(struct sched_queue *q)
{
    struct sched_unit *u;
    while (!(u = load_acquire(&q->running)) && !(load_acquire(&this_cpu(work)) & BIT(WORK_SCHED))) {
        if (q->has_waited_long && frame_wants_zeroing()) {
            frame_zero_some();
        } else {
            cpu_wait();
        }
        sched_up_idle_interrupt();
    }
    return u;
}

void sched_run(void)
{
    struct sched_queue *q = &this_cpu(sched_queue);
    struct sched_unit *const came_with = load_relaxed(&q->running); /* others: only while we idle */
    struct sched_unit *next;
    for (;;) {
        /* Cleared before the queue is looked at: whoever enqueues after our look raises it again.
         */
        atomic_and(&this_cpu(work), ~(u32)BIT(WORK_SCHED));
        struct sched_unit *displaced = NULL;
        spin_lock(&q->lock);
        u64 now = clock_ns();
        bool ended = now >= q->slice_end_ns;
        next = choose(q, now, &displaced);
        if (next) {
            arm_slice(q, now);
        } else if (q->slice_armed) {
            timer_cancel(&q->slice); /* an idle CPU is not woken for nothing */
            q->slice_armed = false;
        }
        bool others_wait = q->nr_waiting != 0;
        spin_unlock(&q->lock);

        if (displaced) {
            sched_settle(displaced, false);
        }
        if (next) {
            if (others_wait) {
                sched_invite(q);
                if (ended) {
                    policy->balance(q);
                }
            }
            break;
        }
        begin_idle(q, now);
        if (!sched_pull(q) && (next = wait_for_work(q))) {
            break;
        }
    }
    if (end_idle(q, next) || next != came_with) {
        sched_up_switch(next);
    }
}

void sched_init(void)
{
    policy = &sched_fair;
}

/* UNCHECKED: nobody knows it yet. */
UNCHECKED void sched_init_cpu(void)
{
    struct sched_queue *q = &this_cpu(sched_queue);
    memset(q, 0, sizeof(*q));
    spin_init(&q->lock, RANK_SCHED, "sched");
    q->cpu = cpu_current();
    sched_mark_idle(q->cpu, false);
    q->min_vruntime = 1ULL << 40; /* far from 0, so that credits never wrap */
    timer_init(&q->slice, slice_over, q);
}
