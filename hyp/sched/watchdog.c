/* SPDX-License-Identifier: MIT */
#include "sched/watchdog.h"

#include "base/panic.h"
#include "cpu/atomic.h"
#include "sched/queue.h"
#include "time/time.h"

/* Looks in vain before we believe it. Looks are counted, not time: when the whole machine stood
 * still (an emulator stopped), time jumps for all, but each CPU looks once. */
#define LOOKS 4u

struct watch {
    struct timer timer;
    u32 beats;        /* [a] signs of life */
    u32 target;       /* [this CPU] whom we watch; CPU_MAX: nobody */
    u32 seen, missed; /* [this CPU] his beats at our last look, and how often they had not moved */
};
static DEFINE_PER_CPU(struct watch, watch);
DEFINE_PER_CPU(bool, watchdog_awake); /* [a] zero before watchdog_init() and while idle */

static u64 period_ns; /* [c] after boot; 0: off */

/* The next CPU after this one that should give signs; CPU_MAX: there is none. */
static u32 next_awake(u32 cpu)
{
    for (u32 i = 1; i < percpu_nr_cpus; i++) {
        u32 other = (cpu + i) % percpu_nr_cpus;
        if (load_relaxed(&per_cpu(watchdog_awake, other))) {
            return other;
        }
    }
    return CPU_MAX;
}

/* True when there is nobody to worry about. */
static bool look(struct watch *w)
{
    u32 target = next_awake(cpu_current());
    u32 beats = target != CPU_MAX ? load_relaxed(&per_cpu(watch, target).beats) : 0;
    if (target == CPU_MAX || target != w->target || beats != w->seen) {
        bool known = target == w->target;
        w->target = target;
        w->seen = beats;
        w->missed = 0;
        return known || target == CPU_MAX;
    }
    w->missed++;
    if (w->missed >= LOOKS) {
        panic("CPU %u gave no sign of life for %llu ms: it hangs at EL2", target,
              LOOKS * period_ns / 1000000);
    }
    return false;
}

static void beat(void *arg)
{
    struct watch *w = &this_cpu(watch);
    store_relaxed(&w->beats, w->beats + 1);
    if (look(w) && this_cpu(sched_queue).idle_since_ns != 0) {
        store_relaxed(&this_cpu(watchdog_awake), false);
        return;
    }
    timer_set(&w->timer, clock_ns() + period_ns);
}

void watchdog_wake(void)
{
    struct watch *w = &this_cpu(watch);
    if (period_ns == 0) {
        return;
    }
    if (!w->timer.fn) {
        timer_init(&w->timer, beat, NULL);
    }
    w->target = CPU_MAX;
    /* A sign first: whoever sees us awake counts from here. */
    store_relaxed(&w->beats, w->beats + 1);
    store_release(&this_cpu(watchdog_awake), true);
    timer_set(&w->timer, clock_ns() + period_ns);
}

void watchdog_init(u32 seconds)
{
    period_ns = (u64)seconds * 1000000000 / LOOKS;
    watchdog_end_idle();
}
