/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "sync/rcu.h"
#include "sync/spinlock.h"

#define CPUS 4u

static u32 kicks[CPUS], laters[CPUS];
static u32 called, called_on;
static struct rcu_head heads[16];

void percpu_up_kick(u32 cpu)
{
    kicks[cpu]++;
}

void rcu_up_later(void)
{
    laters[cpu_current()]++;
}

static void count(struct rcu_head *head)
{
    assert_int_equal(lock_nr_held(), 0);
    called++;
    called_on = cpu_current();
}

static bool is_due(u32 cpu)
{
    return per_cpu(work, cpu) & BIT(WORK_RCU);
}

static void pass(u32 cpu)
{
    fake_cpu(cpu);
    u32 asked = laters[cpu];
    rcu_quiescent();
    if (laters[cpu] != asked) {
        rcu_run();
    }
    fake_cpu(0);
}

static int start(void **state)
{
    fake_cpu(0);
    rcu_init();
    called = 0;
    for (u32 i = 0; i < CPUS; i++) {
        per_cpu(work, i) = 0;
        kicks[i] = laters[i] = 0;
    }
    return 0;
}

static void test_raise(void **state)
{
    percpu_raise(0, WORK_SCHED);
    assert_int_equal(per_cpu(work, 0), 1u << WORK_SCHED);
    assert_int_equal(kicks[0], 0);
    percpu_raise(2, WORK_CALL);
    percpu_raise(2, WORK_CALL);
    assert_int_equal(kicks[2], 1);
    percpu_raise(2, WORK_SCHED);
    assert_int_equal(kicks[2], 2);
    assert_int_equal(per_cpu(work, 2), 1u << WORK_SCHED | 1u << WORK_CALL);
    assert_int_equal(per_cpu(work, 1), 0);
}

static void test_call_after_all_cpus_passed(void **state)
{
    rcu_defer(&heads[0], count);
    for (u32 i = 0; i < CPUS; i++) {
        assert_true(is_due(i));
        assert_int_equal(kicks[i], i == 0 ? 0 : 1);
    }
    pass(0);
    assert_false(is_due(0));
    pass(2);
    pass(3);
    pass(3);
    assert_int_equal(called, 0);
    pass(1);
    assert_int_equal(called, 1);
    assert_int_equal(called_on, 1);
    for (u32 i = 0; i < CPUS; i++) {
        assert_false(is_due(i));
        pass(i);
    }
    assert_int_equal(called, 1);
}

/* One that came while a grace period ran waits for the whole next one. */
static void test_second_waits_for_the_next_period(void **state)
{
    rcu_defer(&heads[0], count);
    pass(1);
    pass(2);
    pass(3);
    rcu_defer(&heads[1], count);
    assert_false(is_due(1));
    pass(0);
    assert_int_equal(called, 1);
    for (u32 i = 0; i < CPUS; i++) {
        assert_true(is_due(i));
    }
    pass(0);
    pass(1);
    pass(2);
    assert_int_equal(called, 1);
    pass(3);
    assert_int_equal(called, 2);
}

static void test_many_are_called_in_bounded_steps(void **state)
{
    for (u32 i = 0; i < 10; i++) {
        rcu_defer(&heads[i], count);
    }
    /* The first began a period; nine wait for the next. */
    for (u32 i = 0; i < CPUS; i++) {
        pass(i);
    }
    assert_int_equal(called, 1);
    for (u32 i = 0; i < CPUS; i++) {
        pass(i);
    }
    assert_int_equal(called, 2);
    /* One each time that it comes back, for which it asks as long as there is more. */
    fake_cpu(3);
    for (u32 i = 3; i <= 10; i++) {
        u32 asked = laters[3];
        rcu_run();
        assert_int_equal(called, i);
        assert_int_equal(laters[3], asked + (i < 10));
    }
    rcu_run();
    assert_int_equal(called, 10);
    fake_cpu(0);
}

static void test_a_callback_has_a_stay_of_its_own(void **state)
{
    assert_true(rcu_is_idle());
    rcu_defer(&heads[0], count);
    for (u32 i = 0; i < CPUS; i++) {
        assert_false(rcu_is_idle());
        fake_cpu(i);
        rcu_quiescent();
    }
    assert_int_equal(called, 0);
    assert_false(is_due(3));
    assert_int_equal(laters[3], 1);
    assert_false(rcu_is_idle());
    rcu_run();
    assert_int_equal(called, 1);
    assert_true(rcu_is_idle());
    assert_int_equal(laters[3], 1);
    fake_cpu(0);
}

static void defer_again(struct rcu_head *head)
{
    called++;
    rcu_defer(head, count);
}

static void test_callback_may_defer(void **state)
{
    rcu_defer(&heads[0], defer_again);
    for (u32 i = 0; i < CPUS; i++) {
        pass(i);
    }
    assert_int_equal(called, 1);
    for (u32 i = 0; i < CPUS; i++) {
        pass(i);
    }
    assert_int_equal(called, 2);
}

static void test_quiescent_with_nothing_to_do(void **state)
{
    percpu_raise(1, WORK_SCHED);
    pass(1);
    assert_int_equal(per_cpu(work, 1), 1u << WORK_SCHED);
    assert_int_equal(called, 0);
}

static void test_masks(void **state)
{
    struct cpumask m = cpumask_online();
    assert_int_equal(m.bits[0], 0xf);
    assert_int_equal(m.bits[1], 0);
    assert_int_equal(cpumask_next(&m, 0), 0);
    assert_int_equal(cpumask_next(&m, 3), 3);
    assert_int_equal(cpumask_next(&m, 4), CPU_MAX);
    cpumask_clear(&m, 1);
    assert_int_equal(cpumask_next(&m, 1), 2);
    cpumask_set(&m, 100);
    assert_int_equal(cpumask_next(&m, 4), 100);
    assert_int_equal(cpumask_next(&m, 101), CPU_MAX);
    assert_int_equal(cpumask_next(&m, CPU_MAX), CPU_MAX);
    struct cpumask only = {{0, 1ULL << 36}};
    only = cpumask_and(m, only);
    assert_false(cpumask_is_empty(&only));
    assert_true(cpumask_test(&only, 100));
    assert_int_equal(only.bits[0], 0);
    for (u32 nr = 63; nr <= 66; nr++) {
        percpu_nr_cpus = nr;
        m = cpumask_online();
        assert_int_equal(m.bits[0], nr == 63 ? ~0ULL >> 1 : ~0ULL);
        assert_int_equal(m.bits[1], nr <= 64 ? 0 : nr == 65 ? 1 : 3);
    }
    percpu_nr_cpus = CPU_MAX;
    m = cpumask_online();
    assert_int_equal(m.bits[1], ~0ULL);
    percpu_nr_cpus = CPUS;
}

static void test_areas(void **state)
{
    for (u32 i = 0; i < CPUS; i++) {
        assert_int_equal(per_cpu(cpu_id, i), i);
        fake_cpu(i);
        assert_int_equal(cpu_current(), i);
        assert_ptr_equal(&this_cpu(work), &per_cpu(work, i));
    }
    fake_cpu(0);
    assert_ptr_not_equal(&per_cpu(work, 1), &per_cpu(work, 2));
    assert_int_equal(percpu_create(CPU_MAX), E_INVAL);
    fake_fail_after(0);
    assert_int_equal(percpu_create(CPUS), E_NOMEM);
    fake_fail_never();
}

static int start_group(void **state)
{
    fake_machine_init(16, CPUS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_raise, start),
        cmocka_unit_test_setup(test_call_after_all_cpus_passed, start),
        cmocka_unit_test_setup(test_second_waits_for_the_next_period, start),
        cmocka_unit_test_setup(test_many_are_called_in_bounded_steps, start),
        cmocka_unit_test_setup(test_a_callback_has_a_stay_of_its_own, start),
        cmocka_unit_test_setup(test_callback_may_defer, start),
        cmocka_unit_test_setup(test_quiescent_with_nothing_to_do, start),
        cmocka_unit_test_setup(test_masks, start),
        cmocka_unit_test_setup(test_areas, start),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
