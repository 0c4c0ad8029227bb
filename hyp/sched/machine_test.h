/* SPDX-License-Identifier: MIT */
/*
 * The scheduler under virtual time. One thread is all CPUs: a CPU that finds nothing to run leaves
 * sched_run() by a long jump out of its wait, and comes back to it when it has work. Guests are
 * hogs, which always run, and wakers, which run for a while, sleep, and are woken by a device.
 * Include once in a test program.
 */
#ifndef SCHED_MACHINE_TEST_H
#define SCHED_MACHINE_TEST_H

#include "test/host/fake.h"

#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "log/console.h"
#include "log/log.h"
#include "sched/queue.h"
#include "time/clock_host.h"

#define US        1000ULL
#define MS        (1000 * US)
#define SECOND    (1000 * MS)
#define STEP      (20 * US)
#define TICK_NS   16u
#define NR_CPUS   4u
#define NR_GUESTS 40u
#define BINS      500u /* of latency, STEP each */

struct guest {
    struct sched_unit unit;
    struct sched_group group; /* its own, unless it was added to another's */
    u64 period_ns, burst_ns;  /* 0: a hog */
    u64 left_ns, woken_ns, next_wake_ns;
    bool asleep, late; /* late: woken and not yet run */
    u64 ran_ns, ran_on[NR_CPUS];
    u64 nr_woken, bin[BINS], worst_ns;
    u32 nr_began, nr_ceased;
};

static struct {
    u32 nr_cpus, nr_guests;
    struct guest guest[NR_GUESTS];
    u64 seed;
    u32 kicks[NR_CPUS];
    struct sched_unit *switched_to[NR_CPUS];
    u32 nr_switches[NR_CPUS], nr_put;
    jmp_buf idle;
    bool in_run;
    void (*interrupt)(void); /* what ends a wait; NULL: the test looks again later */
} sim;

static inline u32 drawn(u32 below)
{
    sim.seed = sim.seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(sim.seed >> 33) % below;
}

static inline struct guest *guest_of(const struct sched_unit *u)
{
    return container_of(u, struct guest, unit);
}

static inline void become(u32 cpu)
{
    cpu_set_percpu_offset(percpu_offset[cpu]);
}

/* ---- what is below and above ---- */

void frame_up_release(struct frame *f)
{
    fail();
}

void percpu_up_kick(u32 cpu)
{
    sim.kicks[cpu]++;
}

static char said[2048];
static const struct debug_key *dump_key;

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    size_t at = strlen(said);
    vsnprintf(said + at, sizeof(said) - at, fmt, args);
    va_end(args);
}

void console_register_key(const struct debug_key *key)
{
    dump_key = key;
}

void sched_up_switch(struct sched_unit *next)
{
    assert_int_equal(next->state, UNIT_RUNNING);
    assert_int_equal(next->cpu, cpu_current());
    sim.switched_to[cpu_current()] = next;
    sim.nr_switches[cpu_current()]++;
}

void sched_up_state(struct sched_unit *u)
{
    if (u->state == UNIT_RUNNING) {
        guest_of(u)->nr_began++;
    } else {
        guest_of(u)->nr_ceased++;
    }
}

void sched_up_idle_interrupt(void)
{
    if (sim.interrupt) {
        sim.interrupt();
    }
}

static inline void cpu_waits(void)
{
    if (sim.in_run && !sim.interrupt && !(this_cpu(work) & BIT(WORK_SCHED))) {
        longjmp(sim.idle, 1);
    }
}

static inline void put_on(const struct sched_unit *u, u32 cpu, u64 now_ns)
{
    struct guest *g = guest_of(u);
    assert_true(cpumask_test(&u->hard, cpu));
    assert_int_equal(u->hold, 0);
    assert_int_equal(now_ns, clock_ns());
    sim.nr_put++;
    if (g->late) {
        u64 late = now_ns - g->woken_ns;
        g->late = false;
        g->bin[MIN(late / STEP, BINS - 1)]++;
        g->worst_ns = MAX(g->worst_ns, late);
    }
}

/* ---- the machine ---- */

/* Exactly so much: host_time_advance_ns() rounds up to ticks. */
static inline void advance(u64 ns)
{
    host_counter_ticks += ns / TICK_NS;
    host_time_advance_ns(0);
}

/* There is work, or it idles and a waker has put somebody on. */
static inline bool must_leave(u32 cpu)
{
    const struct sched_queue *q = &per_cpu(sched_queue, cpu);
    return (per_cpu(work, cpu) & BIT(WORK_SCHED)) || (q->idle_since_ns != 0 && q->running);
}

static inline void leave(u32 cpu)
{
    become(cpu);
    sim.in_run = true;
    if (setjmp(sim.idle) == 0) {
        while (must_leave(cpu)) {
            sched_run();
        }
    }
    sim.in_run = false;
}

static inline void leave_all(void)
{
    for (u32 round = 0; round < 8; round++) {
        for (u32 cpu = 0; cpu < sim.nr_cpus; cpu++) {
            if (must_leave(cpu)) {
                leave(cpu);
            }
        }
    }
}

static inline void machine(u32 nr_cpus)
{
    for (u32 i = 0; i < sim.nr_guests; i++) { /* the last test's */
        timer_cancel(&sim.guest[i].group.refill);
    }
    memset(&sim, 0, sizeof(sim));
    sim.nr_cpus = nr_cpus;
    sim.seed = 1;
    percpu_nr_cpus = nr_cpus;
    host_counter_frequency = 62500000;
    become(0);
    assert_int_equal(time_init(), OK);
    sched_init();
    for (u32 cpu = 0; cpu < nr_cpus; cpu++) {
        become(cpu);
        this_cpu(work) = 0;
        timer_cancel(&this_cpu(sched_queue).slice); /* the last test's */
        time_init_cpu();
        sched_init_cpu();
    }
    host_wait_hook = cpu_waits;
    sched_trace = put_on;
    become(0);
    advance(MS);
    for (u32 cpu = 0; cpu < nr_cpus; cpu++) { /* each begins with nothing to run */
        percpu_raise(cpu, WORK_SCHED);
    }
    leave_all();
    become(0);
}

static inline struct cpumask mask(u64 bits)
{
    return (struct cpumask){{bits}};
}

/* NULL: a group of its own. */
static inline struct guest *add_to(struct sched_group *group, u64 period_ns, u64 burst_ns, u64 cpus)
{
    struct guest *g = &sim.guest[sim.nr_guests++];
    assert_true(sim.nr_guests <= NR_GUESTS);
    if (!group) {
        sched_group_init(&g->group);
    }
    sched_unit_init(&g->unit, group ? group : &g->group, bit_lowest(cpus));
    struct cpumask m = mask(cpus);
    assert_int_equal(sched_set_affinity(&g->unit, &m, NULL), OK);
    g->period_ns = period_ns;
    g->burst_ns = g->left_ns = burst_ns;
    g->next_wake_ns = clock_ns() + period_ns;
    sched_release(&g->unit);
    return g;
}

/* As the tools do: the group, then each of its units. */
static inline enum err set_group(struct sched_group *group, u64 weight, u64 cap_percent)
{
    enum err e = sched_group_set(group, weight, cap_percent);
    for (u32 i = 0; i < sim.nr_guests; i++) {
        if (sim.guest[i].unit.group == group) {
            sched_unit_update(&sim.guest[i].unit);
        }
    }
    return e;
}

static inline struct guest *add(u64 period_ns, u64 burst_ns, u64 weight, u64 cpus)
{
    struct guest *g = add_to(NULL, period_ns, burst_ns, cpus);
    assert_int_equal(set_group(&g->group, weight, 0), OK);
    return g;
}

static inline struct guest *add_hog(u64 weight, u64 cpus)
{
    return add(0, 0, weight, cpus);
}

static inline void wake(struct guest *g)
{
    g->asleep = false;
    g->late = true;
    g->woken_ns = clock_ns();
    g->next_wake_ns = g->woken_ns + g->period_ns;
    g->left_ns = g->burst_ns;
    g->nr_woken++;
    become(drawn(sim.nr_cpus)); /* its interrupt comes anywhere */
    sched_wake(&g->unit);
}

/* One step: whoever runs has run, then timers and devices, then the CPUs that have work. */
static inline void step(void)
{
    for (u32 cpu = 0; cpu < sim.nr_cpus; cpu++) {
        struct sched_unit *u = per_cpu(sched_queue, cpu).running;
        if (!u) {
            continue;
        }
        struct guest *g = guest_of(u);
        assert_true(cpumask_test(&u->hard, cpu) || (per_cpu(work, cpu) & BIT(WORK_SCHED)));
        assert_ptr_equal(sim.switched_to[cpu], u);
        g->ran_ns += STEP;
        g->ran_on[cpu] += STEP;
        if (g->burst_ns != 0 && (g->left_ns -= MIN(g->left_ns, STEP)) == 0) {
            become(cpu);
            g->asleep = true;
            sched_block(u);
        }
    }
    become(0);
    advance(STEP);
    leave_all();
    for (u32 i = 0; i < sim.nr_guests; i++) {
        struct guest *g = &sim.guest[i];
        if (g->asleep && clock_ns() >= g->next_wake_ns) {
            wake(g);
        }
    }
    leave_all();
}

static inline void run_for(u64 ns)
{
    leave_all();
    for (u64 t = 0; t < ns; t += STEP) {
        step();
    }
}

static inline u64 percentile_99_ns(const struct guest *g)
{
    u64 seen = 0, total = 0;
    for (u32 i = 0; i < BINS; i++) {
        total += g->bin[i];
    }
    for (u32 i = 0; i < BINS; i++) {
        seen += g->bin[i];
        if (seen * 100 >= total * 99) {
            return (i + 1) * STEP;
        }
    }
    return ~0ULL;
}

static inline void assert_share(const struct guest *g, u64 total_ns, u64 part, u64 of)
{
    u64 due = total_ns * part / of;
    u64 off = g->ran_ns > due ? g->ran_ns - due : due - g->ran_ns;
    if (off * 100 > due * 3) {
        fail_msg("ran %llu us of %llu us due", g->ran_ns / US, due / US);
    }
}

#endif
