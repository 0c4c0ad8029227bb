/* SPDX-License-Identifier: MIT */
/* Shares, latencies, placement, waking and holding, in virtual time. */
#include "sched/machine_test.h"

/* ---- the three figures of the issue ---- */

static void test_weights_1_2_4_get_1_2_4(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1), *b = add_hog(512, 1), *c = add_hog(1024, 1);
    run_for(5 * SECOND);
    assert_share(a, 5 * SECOND, 1, 7);
    assert_share(b, 5 * SECOND, 2, 7);
    assert_share(c, 5 * SECOND, 4, 7);
    assert_int_equal(a->ran_ns + b->ran_ns + c->ran_ns, 5 * SECOND);
}

static void test_weights_hold_on_every_cpu_and_in_short_windows(void **state)
{
    machine(2);
    struct guest *g[6];
    for (u32 i = 0; i < 6; i++) {
        g[i] = add_hog(256u << (i % 3), 1u << (i / 3));
    }
    run_for(200 * MS);
    for (u32 i = 0; i < 6; i++) {
        g[i]->ran_ns = 0;
    }
    run_for(700 * MS);
    for (u32 i = 0; i < 6; i++) {
        assert_share(g[i], 700 * MS, 1u << (i % 3), 7);
        assert_int_equal(g[i]->ran_on[1 - i / 3], 0);
    }
}

static void test_a_new_weight_counts_at_once(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1), *b = add_hog(256, 1);
    run_for(SECOND);
    assert_share(a, SECOND, 1, 2);
    assert_int_equal(set_group(&b->group, 768, 0), OK);
    a->ran_ns = b->ran_ns = 0;
    run_for(2 * SECOND);
    assert_share(a, 2 * SECOND, 1, 4);
    assert_share(b, 2 * SECOND, 3, 4);
    assert_int_equal(set_group(&b->group, 0, 0), E_INVAL);
    assert_int_equal(set_group(&b->group, SCHED_MAX_WEIGHT + 1, 0), E_INVAL);
    assert_int_equal(b->unit.weight, 768);
}

static void test_who_wakes_every_ms_among_hogs_runs_soon(void **state)
{
    machine(1);
    add_hog(256, 1);
    add_hog(256, 1);
    add_hog(256, 1);
    struct guest *w = add(MS, 100 * US, 256, 1);
    run_for(5 * SECOND);
    assert_true(w->nr_woken > 4000);
    assert_true(percentile_99_ns(w) <= 2 * MS);
    assert_true(w->worst_ns <= 5 * MS);
}

static void test_light_wakers_of_any_weight_run_soon(void **state)
{
    machine(1);
    add_hog(1024, 1);
    add_hog(256, 1);
    add_hog(256, 1);
    struct guest *light = add(MS, 20 * US, 64, 1), *heavy = add(3 * MS, 40 * US, 1024, 1);
    run_for(3 * SECOND);
    assert_true(percentile_99_ns(light) <= 2 * MS);
    assert_true(percentile_99_ns(heavy) <= 2 * MS);
}

/* Who wakes waits until what runs has run so long; not longer, and not at all without a limit. */
static void test_a_wake_leaves_what_runs_a_while(void **state)
{
    static const u64 limits[] = {0, 300 * US, SCHED_RATELIMIT_NS};
    for (u32 i = 0; i < ARRAY_LEN(limits); i++) {
        machine(1);
        sched_ratelimit_ns = limits[i];
        add_hog(256, 1);
        struct guest *w = add(1700 * US, 50 * US, 256, 1);
        w->left_ns = STEP;
        u32 put = sim.nr_put;
        run_for(SECOND);
        assert_true(w->nr_woken > 300);
        assert_true(w->worst_ns <= limits[i] + 3 * STEP);
        assert_true(sim.nr_put - put <= 2 * (w->nr_woken + 300)); /* nobody is put on for nothing */
    }
    /* Woken each 200 us it would interrupt five times a ms: now once. */
    machine(1);
    struct guest *hog = add_hog(256, 1);
    add(200 * US, 10 * US, 256, 1);
    run_for(SECOND);
    assert_true(sim.nr_put <= 2100);
    assert_true(hog->ran_ns >= 900 * MS);
    sched_ratelimit_ns = SCHED_RATELIMIT_NS;
}

/* Sleeping long earns no more than a little: it must not shut the others out when it wakes. */
static void test_a_long_sleep_earns_little(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1);
    struct guest *sleeper = add(2 * SECOND, 500 * MS, 256, 1);
    sleeper->left_ns = STEP; /* asleep almost at once */
    run_for(2 * SECOND - 10 * MS);
    u64 before = a->ran_ns;
    assert_true(before >= 1900 * MS);
    while (sleeper->nr_woken == 0) {
        step();
    }
    u64 at_wake = a->ran_ns;
    run_for(100 * MS);
    assert_true(a->ran_ns - at_wake >= 40 * MS);
    assert_true(a->ran_ns - at_wake <= 52 * MS);
}

/* Affinities change at random while hogs and wakers run on four CPUs; put_on() and step() check
 * each decision. */
static void test_hard_affinity_is_never_violated(void **state)
{
    machine(NR_CPUS);
    for (u32 i = 0; i < 5; i++) {
        add_hog(256, 0xf);
    }
    for (u32 i = 0; i < 6; i++) {
        add((1 + i) * 300 * US, (1 + i) * 60 * US, 256, 0xf);
    }
    for (u32 round = 0; round < 3000; round++) {
        struct guest *g = &sim.guest[drawn(sim.nr_guests)];
        struct cpumask hard = mask(1 + drawn(15)), soft = mask(1 + drawn(15));
        become(drawn(NR_CPUS));
        assert_int_equal(sched_set_affinity(&g->unit, &hard, drawn(2) ? &soft : NULL), OK);
        leave_all();
        u32 cpu;
        if (sched_is_running(&g->unit, &cpu)) {
            assert_true(cpumask_test(&hard, cpu));
        }
        for (u32 i = drawn(20); i > 0; i--) {
            step();
        }
    }
    for (u32 i = 0; i < sim.nr_guests; i++) {
        assert_true(sim.guest[i].ran_ns > 10 * MS); /* nobody was lost */
    }
    assert_true(sim.nr_put > 3000);
}

static void test_affinity_needs_a_cpu_that_is_there(void **state)
{
    machine(2);
    struct guest *g = add_hog(256, 1);
    struct cpumask none = mask(0), absent = mask(0xc), both = mask(0x6);
    assert_int_equal(sched_set_affinity(&g->unit, &none, NULL), E_INVAL);
    assert_int_equal(sched_set_affinity(&g->unit, &absent, NULL), E_INVAL);
    assert_int_equal(g->unit.hard.bits[0], 1);
    assert_int_equal(sched_set_affinity(&g->unit, &both, &absent), OK);
    run_for(MS);
    assert_int_equal(g->ran_on[1], MS);
    assert_int_equal(g->unit.soft.bits[0], 0xc);
}

/* ---- several CPUs ---- */

static void test_idle_cpus_pull_what_waits(void **state)
{
    machine(4);
    struct guest *g[4];
    for (u32 i = 0; i < 4; i++) {
        g[i] = add_hog(256, 1);
    }
    run_for(10 * MS);
    for (u32 i = 0; i < 4; i++) {
        struct cpumask all = mask(0xf);
        assert_int_equal(sched_set_affinity(&g[i]->unit, &all, NULL), OK);
        g[i]->ran_ns = 0;
    }
    run_for(20 * MS);
    for (u32 i = 0; i < 4; i++) {
        assert_true(g[i]->ran_ns >= 14 * MS); /* each has a CPU of its own soon */
    }
}

static void test_a_pulled_unit_keeps_its_distance(void **state)
{
    machine(2);
    struct guest *a = add_hog(256, 1), *b = add_hog(256, 1), *c = add_hog(256, 2);
    run_for(SECOND); /* CPU 1's virtual time is far ahead of CPU 0's */
    struct cpumask m = mask(2);
    assert_int_equal(sched_set_affinity(&b->unit, &m, NULL), OK);
    a->ran_ns = b->ran_ns = c->ran_ns = 0;
    run_for(100 * MS);
    assert_int_equal(a->ran_ns, 100 * MS);
    assert_true(b->ran_ns >= 45 * MS && b->ran_ns <= 55 * MS);
    assert_true(c->ran_ns >= 45 * MS && c->ran_ns <= 55 * MS);
}

static void test_a_waking_unit_prefers_an_idle_cpu(void **state)
{
    machine(2);
    struct guest *w = add(MS, 100 * US, 256, 3);
    struct cpumask all = mask(3);
    struct guest *hog = add_hog(256, 1);
    assert_int_equal(sched_set_affinity(&hog->unit, &all, NULL), OK);
    run_for(100 * MS);
    assert_int_equal(w->worst_ns, 0);
    assert_int_equal(w->nr_woken, w->bin[0] + w->late);
    assert_true(hog->ran_ns >= 99 * MS);
}

static void test_soft_affinity_is_a_wish(void **state)
{
    machine(2);
    struct guest *w = add(MS, 100 * US, 256, 3);
    struct cpumask second = mask(2);
    assert_int_equal(sched_set_affinity(&w->unit, NULL, &second), OK);
    run_for(20 * MS);
    u64 on_first = w->ran_on[0];
    assert_true(on_first <= 200 * US);
    assert_true(w->ran_on[1] >= MS);
    add_hog(1024, 2);
    w->ran_on[0] = 0;
    run_for(50 * MS);
    assert_true(w->ran_on[0] >= 4 * MS); /* the wish is taken, the first one is free */
}

/* ---- waking, blocking, holding ---- */

static void test_blocking_stops_and_waking_starts(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    assert_ptr_equal(sched_current(), &g->unit);
    sched_block(&g->unit);
    assert_true(this_cpu(work) & BIT(WORK_SCHED));
    leave_all();
    assert_null(sched_current());
    assert_int_equal(g->unit.state, UNIT_BLOCKED);
    assert_false(sched_is_running(&g->unit, NULL));
    advance(5 * MS);
    assert_true(sched_idle_ns(0) >= 5 * MS);
    assert_true(sched_wake(&g->unit));
    assert_int_equal(g->unit.state, UNIT_RUNNING); /* its CPU idles: it is put on at once */
    leave_all();
    assert_ptr_equal(sched_current(), &g->unit);
    u64 idle = sched_idle_ns(0);
    advance(5 * MS);
    assert_int_equal(sched_idle_ns(0), idle);
    sched_wake(&g->unit); /* awake already: nothing */
    assert_int_equal(this_cpu(work), 0);
}

static void test_a_wake_before_the_way_out_keeps_it_running(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    u32 switches = sim.nr_switches[0];
    sched_block(&g->unit);
    sched_wake(&g->unit);
    assert_int_equal(g->unit.state, UNIT_RUNNING);
    leave_all();
    assert_ptr_equal(sched_current(), &g->unit);
    assert_int_equal(sim.nr_switches[0], switches); /* it never left */
    assert_int_equal(g->nr_ceased, 0);
}

static void test_idle_in_place_comes_back_to_the_same_unit(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    sched_block(&g->unit);
    leave_all();
    sched_wake(&g->unit);
    leave_all();
    assert_ptr_equal(sim.switched_to[0], &g->unit);
    assert_int_equal(sim.nr_switches[0],
                     2); /* told again: something may have unloaded it meanwhile */
    assert_int_equal(g->nr_began, 2);
    assert_int_equal(g->nr_ceased, 1);
}

/* What others' idling has zeroed. */
static void soil_pool(void)
{
    bool is_zeroed;
    do {
        struct frame *f;
        is_zeroed = true;
        assert_int_equal(frame_alloc_either(5, &is_zeroed, &f), OK);
        frame_free(f, 5);
    } while (is_zeroed);
}

static void wait_for(struct guest *g, u64 ns)
{
    sched_block(&g->unit);
    leave_all();
    host_time_advance_ns(ns);
    sched_wake(&g->unit);
    leave_all();
}

/* A wait after one that was long. */
static void test_a_cpu_that_idles_long_zeroes_memory(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    wait_for(g, 1900000);
    soil_pool();
    wait_for(g, 2000000);
    assert_true(frame_wants_zeroing());
    wait_for(g, 100000);
    assert_false(frame_wants_zeroing());
    soil_pool();
    wait_for(g, 2000000);
    assert_true(frame_wants_zeroing());
}

static struct sched_unit *woken_by_interrupt;

static void wakes(void)
{
    sched_wake(woken_by_interrupt);
}

static void test_a_wake_ends_the_wait_without_a_choice(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    woken_by_interrupt = &g->unit;
    sim.interrupt = wakes;
    sched_block(&g->unit);
    sched_run();
    assert_int_equal(this_cpu(work), 0);
    assert_ptr_equal(sched_current(), &g->unit);
    assert_int_equal(sim.nr_switches[0], 2);
    assert_int_equal(g->unit.time_ns[UNIT_RUNNABLE], 0);
    assert_false(g->unit.node.linked);
}

/* Put on an idle CPU by another one, and held before that CPU has seen it. */
static void test_a_hold_between_wake_and_entry(void **state)
{
    machine(2);
    struct guest *g = add_hog(256, 1);
    leave_all();
    become(0);
    sched_block(&g->unit);
    leave_all();
    become(1);
    u32 kicks = sim.kicks[0];
    assert_true(sched_wake(&g->unit));
    assert_int_equal(sim.kicks[0], kicks + 1);
    assert_int_equal(per_cpu(work, 0), 0);
    sched_hold(&g->unit);
    assert_true(sched_is_running(&g->unit, NULL)); /* so whoever waits for it asks that CPU */
    assert_true(per_cpu(work, 0) & BIT(WORK_SCHED));
    leave_all();
    assert_int_equal(g->unit.state, UNIT_OFFLINE);
    become(0);
    assert_null(sched_current());
    sched_release(&g->unit);
    leave_all();
    become(0);
    assert_ptr_equal(sched_current(), &g->unit);
}

/* Who is not alone, or not at home there, goes the long way. */
static void test_who_is_not_put_on_at_once(void **state)
{
    machine(2);
    struct guest *a = add_hog(256, 1), *b = add_hog(256, 1);
    leave_all();
    become(0);
    sched_block(sched_current());
    leave_all();
    become(0);
    struct guest *asleep = a->unit.state == UNIT_BLOCKED ? a : b;
    assert_false(sched_wake(&asleep->unit)); /* somebody runs there */
    assert_int_equal(asleep->unit.state, UNIT_RUNNABLE);
    machine(2);
    a = add_hog(256, 3);
    leave_all();
    become(a->unit.cpu);
    sched_block(&a->unit);
    leave_all();
    struct cpumask other = mask(1U << (a->unit.cpu ^ 1));
    assert_int_equal(sched_set_affinity(&a->unit, NULL, &other), OK);
    assert_false(sched_wake(&a->unit)); /* it would rather run elsewhere */
    leave_all();
    assert_int_equal(a->unit.state, UNIT_RUNNING);
    assert_int_equal(a->unit.cpu, bit_lowest(other.bits[0]));
}

static void test_holds_count_and_beat_wakes(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    sched_hold(&g->unit);
    sched_hold(&g->unit);
    assert_true(sched_is_running(&g->unit, NULL)); /* does not wait */
    leave_all();
    assert_int_equal(g->unit.state, UNIT_OFFLINE);
    sched_wake(&g->unit);
    sched_release(&g->unit);
    leave_all();
    assert_int_equal(g->unit.state, UNIT_OFFLINE);
    sched_release(&g->unit);
    assert_int_equal(g->unit.state, UNIT_RUNNABLE);
    leave_all();
    assert_ptr_equal(sched_current(), &g->unit);
}

static void test_a_second_hold_tells_the_cpu_too(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    sched_hold(&g->unit);
    this_cpu(work) = 0; /* its CPU looks before the one that held first has told it */
    sched_hold(&g->unit);
    assert_int_equal(this_cpu(work), BIT(WORK_SCHED));
    leave_all();
    assert_int_equal(g->unit.state, UNIT_OFFLINE);
}

static void test_a_held_sleeper_wakes_when_released(void **state)
{
    machine(1);
    struct guest *g = add_hog(256, 1);
    leave_all();
    sched_block(&g->unit);
    leave_all();
    sched_hold(&g->unit);
    assert_int_equal(g->unit.state, UNIT_BLOCKED);
    sched_wake(&g->unit);
    assert_int_equal(g->unit.state, UNIT_OFFLINE);
    leave_all();
    assert_null(sched_current());
    sched_release(&g->unit);
    leave_all();
    assert_ptr_equal(sched_current(), &g->unit);
}

static void test_holding_one_that_waits(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1), *b = add_hog(256, 1);
    leave_all();
    struct guest *waiting = sched_current() == &a->unit ? b : a, *running = waiting == a ? b : a;
    assert_int_equal(this_cpu(sched_queue).nr_waiting, 1);
    sched_hold(&waiting->unit);
    assert_int_equal(this_cpu(sched_queue).nr_waiting, 0);
    u64 ran = running->ran_ns;
    run_for(20 * MS);
    assert_int_equal(running->ran_ns - ran, 20 * MS);
    sched_release(&waiting->unit);
    run_for(20 * MS);
    assert_true(waiting->ran_ns >= 9 * MS);
    sched_hold(&a->unit);
    sched_hold(&b->unit);
    leave_all();
    sched_unit_fini(&a->unit);
    sched_unit_fini(&b->unit);
}

static void test_yield_lets_another_run_and_costs_nothing_alone(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1);
    leave_all();
    assert_int_equal(sched_yield_frameless(), OK);
    sched_yield_unit(&a->unit);
    assert_int_equal(this_cpu(work), 0);
    struct guest *b = add_hog(256, 1);
    leave_all();
    struct sched_unit *first = sched_current();
    assert_int_equal(sched_yield_frameless(), E_RESTART);
    sched_yield_unit(first);
    leave_all();
    struct sched_unit *second = sched_current();
    assert_ptr_not_equal(first, second);
    sched_yield_unit(second);
    leave_all();
    assert_ptr_equal(sched_current(), first);
    run_for(SECOND);
    assert_share(a, SECOND, 1, 2);
    assert_share(b, SECOND, 1, 2);
}

static void test_alone_there_is_no_slice_timer(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1);
    leave_all();
    assert_false(timer_is_set(&this_cpu(sched_queue).slice));
    struct guest *b = add_hog(256, 1);
    leave_all();
    assert_true(timer_is_set(&this_cpu(sched_queue).slice));
    sched_hold(&b->unit);
    sched_hold(&a->unit);
    leave_all();
    assert_false(timer_is_set(&this_cpu(sched_queue).slice)); /* idle: quiet */
}

static void test_who_wakes_beside_another_makes_nobody_choose(void **state)
{
    machine(1);
    struct guest *a = add_hog(256, 1);
    leave_all();
    advance(SCHED_RATELIMIT_NS * 9 / 10);
    u64 since = a->unit.since_ns;
    struct guest *b = add_hog(256, 1);
    assert_int_equal(this_cpu(work), 0);
    assert_true(timer_is_set(&this_cpu(sched_queue).slice));
    assert_int_equal(this_cpu(sched_queue).slice.deadline_ns, since + SCHED_RATELIMIT_NS);
    add_hog(256, 1); /* nor is the timer set anew */
    assert_int_equal(this_cpu(work), 0);
    advance(SCHED_RATELIMIT_NS);
    assert_int_equal(this_cpu(work), BIT(WORK_SCHED));
    leave_all();
    assert_ptr_equal(sched_current(), &b->unit);
}

static struct sched_unit *to_wake[2];

static void wakes_two(void)
{
    if (cpu_current() != 0 || !to_wake[0]) {
        longjmp(sim.idle, 1);
    }
    for (u32 i = 0; i < 2; i++) {
        sched_wake(to_wake[i]);
        to_wake[i] = NULL;
    }
}

/* Both were on CPU 0 last, which is woken by one interrupt, as the tick of two guests may be: the
 * first runs there, and the other is not kept waiting while CPU 1 idles. */
static void test_of_two_that_wake_one_goes_to_who_idles(void **state)
{
    machine(2);
    struct guest *both[2] = {add_hog(256, 1), add_hog(256, 1)};
    struct cpumask anywhere = mask(3);
    for (u32 i = 0; i < 2; i++) {
        leave_all();
        become(0);
        sched_block(sched_current());
    }
    leave_all();
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(sched_set_affinity(&both[i]->unit, &anywhere, NULL), OK);
        assert_int_equal(both[i]->unit.state, UNIT_BLOCKED);
        assert_int_equal(both[i]->unit.cpu, 0);
        to_wake[i] = &both[i]->unit;
    }
    become(0);
    sim.interrupt = wakes_two;
    sim.in_run = true;
    if (setjmp(sim.idle) == 0) {
        sched_run();
    }
    sim.in_run = false;
    sim.interrupt = NULL;
    leave_all();
    assert_int_equal(both[0]->unit.state, UNIT_RUNNING);
    assert_int_equal(both[1]->unit.state, UNIT_RUNNING);
    assert_int_equal(both[1]->unit.cpu, 1);
}

static void test_times_add_up(void **state)
{
    machine(1);
    u64 start = clock_ns();
    struct guest *a = add_hog(256, 1), *b = add(2 * MS, 500 * US, 256, 1);
    run_for(50 * MS);
    sched_hold(&b->unit);
    leave_all();
    advance(3 * MS);
    struct sched_times t;
    for (u32 i = 0; i < 2; i++) {
        struct guest *g = i ? b : a;
        sched_read_times(&g->unit, &t);
        u64 sum = clock_ns() - t.since_ns;
        for (u32 s = 0; s < 4; s++) {
            sum += t.time_ns[s];
        }
        assert_int_equal(sum, clock_ns() - start);
        t.time_ns[t.state] += clock_ns() - t.since_ns;
        if (g == a) {
            assert_int_equal(t.state, UNIT_RUNNING);
            assert_int_equal(t.time_ns[UNIT_BLOCKED] + t.time_ns[UNIT_OFFLINE], 0);
            assert_int_equal(t.time_ns[UNIT_RUNNING], a->ran_ns + 3 * MS);
        } else {
            assert_true(t.time_ns[UNIT_RUNNING] == b->ran_ns);
            assert_true(t.time_ns[UNIT_BLOCKED] >= 30 * MS);
        }
    }
}

static void test_a_remote_wake_kicks_only_when_needed(void **state)
{
    machine(2);
    struct guest *a = add_hog(256, 2);
    leave_all();
    become(1);
    sched_block(&a->unit);
    leave_all();
    become(0);
    u32 kicks = sim.kicks[1];
    sched_wake(&a->unit);
    assert_int_equal(sim.kicks[1], kicks + 1); /* CPU 1 idles */
    leave_all();
    kicks = sim.kicks[1];
    become(0);
    sched_wake(&a->unit);
    assert_int_equal(sim.kicks[1], kicks);
}

static void test_the_debug_key_shows_each_queue(void **state)
{
    machine(2);
    add_hog(256, 1);
    add_hog(512, 1);
    run_for(10 * MS);
    sched_register_key();
    assert_int_equal(dump_key->key, 'r');
    said[0] = 0;
    dump_key->run();
    char expected[512];
    const struct sched_queue *q = &per_cpu(sched_queue, 0);
    const struct sched_unit *runs = q->running;
    const struct sched_unit *waits =
        runs == &sim.guest[0].unit ? &sim.guest[1].unit : &sim.guest[0].unit;
    snprintf(expected, sizeof(expected),
             "sched: policy fair, %llu ns since boot"
             "cpu 0: busy, 1 wait, idle for 0 ms of all its life, virtual time %llu us"
             "  runs  %p weight %llu vruntime %llu us"
             "  waits %p weight %llu vruntime %llu us"
             "cpu 1: idle, 0 wait, idle for 0 ms of all its life, virtual time %llu us",
             clock_ns(), q->min_vruntime / US, (const void *)runs, runs->weight,
             runs->vruntime / US, (const void *)waits, waits->weight, waits->vruntime / US,
             per_cpu(sched_queue, 1).min_vruntime / US);
    assert_string_equal(said, expected);
}

static void test_policy_is_named(void **state)
{
    assert_string_equal(sched_policy()->name, "fair");
    assert_int_equal(sched_policy()->abi_id, 6); /* what the tools know how to ask: credit2 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights_1_2_4_get_1_2_4),
        cmocka_unit_test(test_weights_hold_on_every_cpu_and_in_short_windows),
        cmocka_unit_test(test_a_new_weight_counts_at_once),
        cmocka_unit_test(test_who_wakes_every_ms_among_hogs_runs_soon),
        cmocka_unit_test(test_light_wakers_of_any_weight_run_soon),
        cmocka_unit_test(test_a_wake_leaves_what_runs_a_while),
        cmocka_unit_test(test_a_long_sleep_earns_little),
        cmocka_unit_test(test_hard_affinity_is_never_violated),
        cmocka_unit_test(test_affinity_needs_a_cpu_that_is_there),
        cmocka_unit_test(test_idle_cpus_pull_what_waits),
        cmocka_unit_test(test_a_pulled_unit_keeps_its_distance),
        cmocka_unit_test(test_a_waking_unit_prefers_an_idle_cpu),
        cmocka_unit_test(test_soft_affinity_is_a_wish),
        cmocka_unit_test(test_blocking_stops_and_waking_starts),
        cmocka_unit_test(test_a_wake_before_the_way_out_keeps_it_running),
        cmocka_unit_test(test_idle_in_place_comes_back_to_the_same_unit),
        cmocka_unit_test(test_a_cpu_that_idles_long_zeroes_memory),
        cmocka_unit_test(test_a_wake_ends_the_wait_without_a_choice),
        cmocka_unit_test(test_a_hold_between_wake_and_entry),
        cmocka_unit_test(test_who_is_not_put_on_at_once),
        cmocka_unit_test(test_holds_count_and_beat_wakes),
        cmocka_unit_test(test_a_second_hold_tells_the_cpu_too),
        cmocka_unit_test(test_a_held_sleeper_wakes_when_released),
        cmocka_unit_test(test_holding_one_that_waits),
        cmocka_unit_test(test_yield_lets_another_run_and_costs_nothing_alone),
        cmocka_unit_test(test_alone_there_is_no_slice_timer),
        cmocka_unit_test(test_who_wakes_beside_another_makes_nobody_choose),
        cmocka_unit_test(test_of_two_that_wake_one_goes_to_who_idles),
        cmocka_unit_test(test_times_add_up),
        cmocka_unit_test(test_a_remote_wake_kicks_only_when_needed),
        cmocka_unit_test(test_the_debug_key_shows_each_queue),
        cmocka_unit_test(test_policy_is_named),
    };
    fake_machine_init(16, NR_CPUS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
