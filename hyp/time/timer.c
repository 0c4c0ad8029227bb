/* SPDX-License-Identifier: MIT */
/*
 * A queue of timers per CPU: a tree by deadline, and the hardware armed for its first. t->cpu names
 * the queue whose lock protects t; it changes only with that lock held, so a lock taken for t->cpu
 * is the right one if t->cpu still says so.
 */
#include "cpu/atomic.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"
#include "time/hw.h"
#include "time/time.h"

/* One interrupt runs at most this many; the hardware, armed for the past, interrupts again for the
 * rest. */
#define TIMERS_AT_ONCE 16

struct timer_queue {
    struct spinlock lock; /* RANK_TIMER */
    struct rb_tree tree GUARDED_BY(lock);
};

static DEFINE_PER_CPU(struct timer_queue, timers);

static bool earlier(const struct rb_node *a, const struct rb_node *b)
{
    return container_of(a, struct timer, node)->deadline_ns <
           container_of(b, struct timer, node)->deadline_ns;
}

static void take_off(struct timer_queue *q, struct timer *t)
{
    rb_remove(&q->tree, &t->node);
    store_relaxed(&t->is_set, false);
}

/* Locks the queue that t belongs to. UNCHECKED: which one, is known when it is locked. */
static struct timer_queue *queue_lock(const struct timer *t) ACQUIRES(queue_lock(t)->lock);
UNCHECKED static struct timer_queue *queue_lock(const struct timer *t)
{
    for (;;) {
        u32 cpu = load_relaxed(&t->cpu);
        struct timer_queue *q = &per_cpu(timers, cpu);
        spin_lock(&q->lock);
        if (load_relaxed(&t->cpu) == cpu) {
            return q;
        }
        spin_unlock(&q->lock);
    }
}

/* This CPU's hardware follows its queue's head. A duration is converted, not the date: see clock.c.
 */
static void arm(const struct timer_queue *q) REQUIRES(q->lock)
{
    if (q->tree.first == NULL) {
        hw_timer_arm(~0ULL);
        return;
    }
    u64 deadline_ns = container_of(q->tree.first, struct timer, node)->deadline_ns;
    u64 ticks = cpu_counter_ticks();
    u64 now_ns = ticks_to_ns(ticks - clock_boot_ticks());
    hw_timer_arm(deadline_ns <= now_ns ? ticks : ticks + ns_to_ticks(deadline_ns - now_ns));
}

void timer_init(struct timer *t, void (*fn)(void *), void *arg)
{
    *t = (struct timer){.fn = fn, .arg = arg, .cpu = cpu_current()};
}

/* UNCHECKED: another queue is locked each time around. */
UNCHECKED void timer_set(struct timer *t, u64 deadline_ns)
{
    struct timer_queue *mine = &this_cpu(timers);
    u32 cpu = cpu_current();
    struct timer_queue *q = queue_lock(t);
    while (q != mine) {
        if (t->node.linked) {
            take_off(q, t);
        }
        store_relaxed(&t->cpu, cpu); /* whoever else wants t locks our queue from here on */
        spin_unlock(&q->lock);
        q = queue_lock(t);
    }
    if (t->node.linked) {
        take_off(q, t);
    }
    if (likely(!t->is_stopped)) {
        t->deadline_ns = deadline_ns;
        rb_insert(&q->tree, &t->node, earlier);
        store_relaxed(&t->is_set, true);
        if (q->tree.first == &t->node) {
            arm(q);
        }
    }
    spin_unlock(&q->lock);
}

static void cancel_locked(struct timer_queue *q, struct timer *t) REQUIRES(q->lock)
{
    if (t->node.linked) {
        bool first = q->tree.first == &t->node;
        take_off(q, t);
        if (first && q == &this_cpu(timers)) {
            arm(q);
        }
    }
}

void timer_cancel(struct timer *t)
{
    if (!timer_is_set(t)) {
        return;
    }
    struct timer_queue *q = queue_lock(t);
    cancel_locked(q, t);
    spin_unlock(&q->lock);
}

void timer_stop(struct timer *t)
{
    /* Not without the lock: a handler that runs elsewhere may be setting it just now. */
    struct timer_queue *q = queue_lock(t);
    t->is_stopped = true;
    cancel_locked(q, t);
    spin_unlock(&q->lock);
}

bool timer_is_set(const struct timer *t)
{
    return load_relaxed(&t->is_set);
}

static void expire(void)
{
    struct timer_queue *q = &this_cpu(timers);
    spin_lock(&q->lock);
    for (u32 i = 0; i < TIMERS_AT_ONCE && q->tree.first; i++) {
        struct timer *t = container_of(q->tree.first, struct timer, node);
        if (t->deadline_ns > clock_ns()) {
            break;
        }
        take_off(q, t);
        void (*fn)(void *) = t->fn;
        void *arg = t->arg;
        spin_unlock(&q->lock); /* fn sets timers and wakes units */
        fn(arg);
        spin_lock(&q->lock);
    }
    arm(q);
    spin_unlock(&q->lock);
}

enum err time_init(void)
{
    enum err e = clock_init();
    return e == OK ? hw_timer_init(expire) : e;
}

void time_init_cpu(void)
{
    spin_init(&this_cpu(timers).lock, RANK_TIMER, "timers");
    hw_timer_init_cpu();
}
