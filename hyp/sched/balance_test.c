/* SPDX-License-Identifier: MIT */
/* Weights over several busy CPUs, in virtual time. */
#include "sched/machine_test.h"

static void forget_times(void)
{
    for (u32 i = 0; i < sim.nr_guests; i++) {
        sim.guest[i].ran_ns = 0;
        memset(sim.guest[i].ran_on, 0, sizeof(sim.guest[i].ran_on));
    }
}

static u32 nr_moves;
static u32 last_cpu[NR_GUESTS];

static void count_moves(const struct sched_unit *u, u32 cpu, u64 now_ns)
{
    u32 *last = &last_cpu[guest_of(u) - sim.guest];
    put_on(u, cpu, now_ns);
    nr_moves += *last != cpu;
    *last = cpu;
}

/* n hogs of the weights, that all begin on CPU 0 and may run anywhere, for 5 s after one to settle.
 */
static void run_hogs(u32 cpus, const u32 *weights, u32 n)
{
    machine(cpus);
    for (u32 i = 0; i < n; i++) {
        add_hog(weights[i], (1u << cpus) - 1);
    }
    run_for(SECOND);
    forget_times();
    run_for(5 * SECOND);
}

static void test_three_hogs_on_two_cpus(void **state)
{
    static const u32 weights[][3] = {{256, 512, 1024}, {1024, 512, 256}, {512, 1024, 256}};
    for (u32 k = 0; k < ARRAY_LEN(weights); k++) {
        run_hogs(2, weights[k], 3);
        for (u32 i = 0; i < 3; i++) { /* 4 of 7 parts of two CPUs are more than one unit can use */
            u32 w = weights[k][i];
            assert_share(&sim.guest[i], 5 * SECOND, w == 1024 ? 3 : w / 256, 3);
        }
    }
}

static void test_six_hogs_on_two_cpus(void **state)
{
    static const u32 weights[][6] = {{256, 512, 1024, 256, 512, 1024},
                                     {1024, 1024, 512, 512, 256, 256},
                                     {256, 256, 512, 512, 1024, 1024},
                                     {1024, 256, 1024, 256, 512, 512}};
    for (u32 k = 0; k < ARRAY_LEN(weights); k++) {
        run_hogs(2, weights[k], 6);
        for (u32 i = 0; i < 6; i++) {
            assert_share(&sim.guest[i], 10 * SECOND, weights[k][i] / 256, 14);
        }
    }
}

/* No division of them is even: they go round. */
static void test_equal_hogs_share_cpus_that_are_fewer(void **state)
{
    static const u32 equal[] = {256, 256, 256, 256, 256, 256, 256};
    static const u32 shape[][2] = {{2, 3}, {2, 5}, {3, 4}, {4, 5}, {4, 7}};
    for (u32 k = 0; k < ARRAY_LEN(shape); k++) {
        u32 cpus = shape[k][0], n = shape[k][1];
        run_hogs(cpus, equal, n);
        for (u32 i = 0; i < n; i++) {
            assert_share(&sim.guest[i], 5 * SECOND * cpus, 1, n);
        }
    }
}

/* A division that is even is left alone, and a CPU with one hog has no timer. */
static void test_an_even_division_comes_to_rest(void **state)
{
    static const u32 weights[] = {1024, 256, 512};
    run_hogs(2, weights, 3);
    sched_trace = count_moves;
    nr_moves = 0;
    for (u32 i = 0; i < 3; i++) {
        last_cpu[i] = sim.guest[i].unit.cpu;
    }
    run_for(5 * SECOND);
    assert_int_equal(nr_moves, 0);
    u32 lone = sim.guest[0].unit.cpu;
    assert_int_equal(sim.guest[1].unit.cpu, 1 - lone);
    assert_false(timer_is_set(&per_cpu(sched_queue, lone).slice));
}

static void test_going_round_is_no_thrashing(void **state)
{
    static const u32 equal[] = {256, 256, 256};
    run_hogs(2, equal, 3);
    sched_trace = count_moves;
    nr_moves = 0;
    run_for(5 * SECOND);
    assert_true(nr_moves > 200 && nr_moves <= 625); /* at most one in 8 ms */
}

static void test_wakers_among_hogs_that_move_run_soon(void **state)
{
    machine(2);
    for (u32 i = 0; i < 5; i++) {
        add_hog(i == 0 ? 1024 : 256, 3);
    }
    struct guest *w = add(MS, 100 * US, 256, 3), *light = add(3 * MS, 50 * US, 64, 3);
    run_for(5 * SECOND);
    assert_true(w->nr_woken > 4000 && light->nr_woken > 1000);
    assert_true(percentile_99_ns(w) <= 2 * MS);
    assert_true(percentile_99_ns(light) <= 2 * MS);
}

static void test_affinity_hard_and_soft_is_not_balanced_away(void **state)
{
    machine(2);
    struct guest *hard = add_hog(256, 1), *soft = add_hog(256, 3), *third = add_hog(256, 1);
    struct cpumask first = mask(1);
    assert_int_equal(sched_set_affinity(&soft->unit, NULL, &first), OK);
    struct guest *other = add_hog(256, 2);
    run_for(100 * MS);
    forget_times();
    run_for(SECOND);
    assert_int_equal(other->ran_ns, SECOND);
    assert_int_equal(hard->ran_on[1] + soft->ran_on[1] + third->ran_on[1], 0);
    assert_share(soft, SECOND, 1, 3);
}

static void test_a_heavy_neighbour_hides_no_light_cpu(void **state)
{
    machine(3);
    struct guest *a = add_hog(256, 5), *b = add_hog(256, 5), *f = add_hog(256, 5);
    for (u32 i = 0; i < 4; i++) {
        add_hog(256, 2);
    }
    run_for(SECOND);
    forget_times();
    run_for(3 * SECOND);
    assert_share(a, 6 * SECOND, 1, 3);
    assert_share(b, 6 * SECOND, 1, 3);
    assert_share(f, 6 * SECOND, 1, 3);
}

/* A second in which nobody might go is not made up for by sending all who may then. */
static void test_what_could_not_be_mended_is_forgotten(void **state)
{
    machine(2);
    struct guest *a = add_hog(256, 1), *b = add_hog(256, 1), *c = add_hog(256, 2);
    run_for(SECOND);
    struct guest *d = add_hog(256, 3), *e = add_hog(256, 3), *f = add_hog(256, 3);
    run_for(30 * MS);
    forget_times();
    run_for(200 * MS);
    struct guest *all[] = {a, b, c, d, e, f};
    for (u32 i = 0; i < 6; i++) {
        assert_true(all[i]->ran_ns >= 60 * MS && all[i]->ran_ns <= 74 * MS);
    }
}

/* A weight that changes while its unit waits is what its CPU counts from then on. */
static void test_weights_that_change_are_balanced_again(void **state)
{
    static const u32 weights[] = {256, 256, 512};
    run_hogs(2, weights, 3);
    assert_share(&sim.guest[2], 5 * SECOND, 1, 1);
    assert_int_equal(set_group(&sim.guest[2].group, 256, 0), OK);
    assert_int_equal(set_group(&sim.guest[0].group, 512, 0), OK);
    assert_int_equal(set_group(&sim.guest[1].group, 1024, 0), OK);
    run_for(SECOND);
    forget_times();
    run_for(5 * SECOND);
    assert_share(&sim.guest[1], 5 * SECOND, 1, 1);
    assert_share(&sim.guest[0], 5 * SECOND, 2, 3);
    assert_share(&sim.guest[2], 5 * SECOND, 1, 3);
    for (u32 cpu = 0; cpu < 2; cpu++) {
        const struct sched_queue *q = &per_cpu(sched_queue, cpu);
        u64 weight = q->running->weight + q->waiting_weight;
        assert_int_equal(weight, q->nr_waiting ? 768 : 1024);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_hogs_on_two_cpus),
        cmocka_unit_test(test_six_hogs_on_two_cpus),
        cmocka_unit_test(test_equal_hogs_share_cpus_that_are_fewer),
        cmocka_unit_test(test_an_even_division_comes_to_rest),
        cmocka_unit_test(test_going_round_is_no_thrashing),
        cmocka_unit_test(test_wakers_among_hogs_that_move_run_soon),
        cmocka_unit_test(test_affinity_hard_and_soft_is_not_balanced_away),
        cmocka_unit_test(test_a_heavy_neighbour_hides_no_light_cpu),
        cmocka_unit_test(test_what_could_not_be_mended_is_forgotten),
        cmocka_unit_test(test_weights_that_change_are_balanced_again),
    };
    fake_machine_init(16, NR_CPUS);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
