/* SPDX-License-Identifier: MIT */
/* Three CPUs under virtual time. A CPU that hangs is one whose timer interrupts are not taken. */
#include "test/host/fake.h"

#include "cpu/arch.h"
#include "sched/queue.h"
#include "sched/watchdog.h"
#include "time/clock_host.h"
#include "time/hw.h"
#include "time/time.h"

#define SECOND 1000000000ULL

static bool hangs[3];

void frame_up_release(struct frame *f)
{
    fail();
}

void percpu_up_kick(u32 cpu)
{
}

void sched_up_switch(struct sched_unit *next)
{
}

void sched_up_state(struct sched_unit *u)
{
}

void sched_up_idle_interrupt(void)
{
}

static void idle(u32 cpu, bool on)
{
    fake_cpu(cpu);
    this_cpu(sched_queue).idle_since_ns = on ? clock_ns() + 1 : 0;
    if (!on) {
        watchdog_end_idle();
    }
    fake_cpu(0);
}

static bool armed(u32 cpu)
{
    fake_cpu(cpu);
    bool on = host_timer_armed_ticks() != ~0ULL;
    fake_cpu(0);
    return on;
}

/* Time goes on in steps; a CPU that hangs is put off. */
static void run(u32 seconds)
{
    for (u32 i = 0; i < seconds * 4; i++) {
        for (u32 cpu = 0; cpu < 3; cpu++) {
            if (hangs[cpu]) {
                fake_cpu(cpu);
                hw_timer_arm(~0ULL);
            }
        }
        fake_cpu(0);
        host_time_advance_ns(SECOND / 4);
    }
}

static int start(void **state)
{
    memset(hangs, 0, sizeof(hangs));
    assert_int_equal(time_init(), OK);
    for (u32 cpu = 0; cpu < 3; cpu++) {
        fake_cpu(cpu);
        time_init_cpu();
        this_cpu(watchdog_awake) = false;
        this_cpu(sched_queue).idle_since_ns = 0;
    }
    fake_cpu(0);
    return 0;
}

static void test_off(void **state)
{
    watchdog_init(0);
    assert_false(armed(0));
    idle(1, false);
    assert_false(armed(1));
    hangs[1] = true;
    run(100);
}

static void test_a_hanging_cpu_is_found_and_named(void **state)
{
    watchdog_init(8); /* four looks of two seconds */
    idle(1, false);
    idle(2, false);
    run(60);
    hangs[2] = true;
    run(7);
    expect_panic(run(8), "CPU 2 gave no sign of life for 8000 ms");
}

static void test_everybody_has_a_watcher(void **state)
{
    watchdog_init(8);
    idle(1, false);
    idle(2, false);
    run(10);
    hangs[0] = true; /* watched by CPU 2: the ring closes */
    expect_panic(run(20), "CPU 0 gave no sign of life");
}

static void test_idle_cpus_are_left_alone(void **state)
{
    watchdog_init(8);
    idle(1, false);
    idle(2, false);
    run(5);
    idle(1, true);
    idle(2, true);
    run(10);
    assert_false(armed(1)); /* quiet after a look or two */
    assert_false(armed(2));
    assert_true(armed(0));
    hangs[1] = true; /* sleeps, and is not missed */
    run(60);
    hangs[1] = false;
    idle(1, false);
    assert_true(armed(1));
    run(30);
    hangs[1] = true;
    expect_panic(run(20), "CPU 1 gave no sign of life");
}

static void test_an_idle_cpu_looks_until_it_is_sure(void **state)
{
    watchdog_init(8);
    idle(1, false);
    run(5);
    hangs[0] = true;
    run(3); /* CPU 1 has missed a sign of CPU 0 */
    idle(1, true);
    expect_panic(run(20), "CPU 0 gave no sign of life");
}

static void test_time_that_jumps_is_one_look(void **state)
{
    watchdog_init(8);
    idle(1, false);
    idle(2, false);
    run(5);
    host_time_advance_ns(3600 * SECOND);
    run(30);
}

static void test_one_cpu_alone(void **state)
{
    percpu_nr_cpus = 1;
    watchdog_init(8);
    run(30);
    idle(0, true);
    run(10);
    assert_false(armed(0));
    percpu_nr_cpus = 3;
}

static int all(void **state)
{
    fake_machine_init(16, 3);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_off, start),
        cmocka_unit_test_setup(test_a_hanging_cpu_is_found_and_named, start),
        cmocka_unit_test_setup(test_everybody_has_a_watcher, start),
        cmocka_unit_test_setup(test_idle_cpus_are_left_alone, start),
        cmocka_unit_test_setup(test_an_idle_cpu_looks_until_it_is_sure, start),
        cmocka_unit_test_setup(test_time_that_jumps_is_one_look, start),
        cmocka_unit_test_setup(test_one_cpu_alone, start),
    };
    return cmocka_run_group_tests(tests, all, NULL);
}
