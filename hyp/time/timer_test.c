/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "log/log.h"
#include "time/clock_host.h"
#include "time/time.h"

#define MS 1000000ULL

static struct {
    struct timer timer[64];
    u32 order[64]; /* which timer fired n-th */
    u32 cpu[64];   /* and where */
    u32 nr_fired;
} test;

static void fired(void *arg)
{
    test.order[test.nr_fired] = (u32)(uintptr_t)arg;
    test.cpu[test.nr_fired++] = cpu_current();
}

static int setup(void **state)
{
    memset(&test, 0, sizeof(test));
    host_counter_frequency = 62500000;
    assert_int_equal(time_init(), OK);
    for (u32 cpu = 0; cpu < 2; cpu++) {
        fake_cpu(cpu);
        time_init_cpu();
    }
    fake_cpu(0);
    for (u32 i = 0; i < ARRAY_LEN(test.timer); i++) {
        timer_init(&test.timer[i], fired, (void *)(uintptr_t)i);
    }
    return 0;
}

static void test_a_counter_without_frequency_is_refused(void **state)
{
    host_counter_frequency = 0;
    assert_int_equal(time_init(), E_NODEV);
}

/* From here on a guest that makes noise is limited: log/ cannot know how fast the counter runs. */
static void test_the_clock_starts_the_limit_on_guests_lines(void **state)
{
    log_set_frequency(0);
    assert_int_equal(time_init(), OK);
    u64 begin = log_ring_end();
    for (u32 i = 0; i < 1000; i++) {
        log_guest(LOG_ERROR, (domid_t){1}, "line");
    }
    u64 bytes = log_ring_end() - begin;
    assert_true(bytes >= strlen("kanso: d1: line\n"));
    assert_true(bytes <= 100 * strlen("kanso: d1: line\n"));
}

static void test_ticks_and_ns(void **state)
{
    assert_int_equal(clock_frequency_hz(), 62500000);
    assert_int_equal(ticks_to_ns(1), 16);
    assert_int_equal(ticks_to_ns(62500000ULL * 3600 * 24 * 365 * 400),
                     1000000000ULL * 3600 * 24 * 365 * 400);
    assert_int_equal(ns_to_ticks(0), 0);
    for (u64 ns = 1; ns < 100000000000ULL; ns = ns * 3 + 1) {
        assert_true(ticks_to_ns(ns_to_ticks(ns)) >= ns); /* a timer never fires early */
        assert_true(ticks_to_ns(ns_to_ticks(ns)) <= ns + 32);
    }
}

static void test_the_clock_starts_at_zero_and_follows_the_counter(void **state)
{
    assert_int_equal(clock_ns(), 0);
    assert_int_equal(clock_boot_ticks(), host_counter_ticks);
    host_counter_ticks += 125;
    assert_int_equal(clock_ns(), 2000);
}

static void test_wall_clock_is_what_dom0_says(void **state)
{
    clock_set_wall(1234567890123456789ULL);
    assert_int_equal(clock_wall_at_boot_ns(), 1234567890123456789ULL);
}

static void test_timers_fire_in_order_of_deadline_and_fifo_among_equals(void **state)
{
    timer_set(&test.timer[0], 3 * MS);
    timer_set(&test.timer[1], 1 * MS);
    timer_set(&test.timer[2], 3 * MS);
    timer_set(&test.timer[3], 2 * MS);
    assert_true(timer_is_set(&test.timer[0]));
    host_time_advance_ns(MS - 100);
    assert_int_equal(test.nr_fired, 0);
    host_time_advance_ns(200);
    assert_int_equal(test.nr_fired, 1);
    assert_false(timer_is_set(&test.timer[1]));
    host_time_advance_ns(5 * MS);
    const u32 expected[] = {1, 3, 0, 2};
    assert_int_equal(test.nr_fired, 4);
    assert_memory_equal(test.order, expected, sizeof(expected));
    assert_int_equal(host_timer_armed_ticks(), ~0ULL);
}

static void test_the_hardware_is_armed_for_the_earliest(void **state)
{
    u64 now = host_counter_ticks;
    timer_set(&test.timer[0], 2 * MS);
    u64 far = host_timer_armed_ticks();
    assert_true(far >= now + 2 * MS / 16 && far <= now + 2 * MS / 16 + 2);
    timer_set(&test.timer[1], 1 * MS);
    assert_true(host_timer_armed_ticks() < far);
    timer_cancel(&test.timer[1]);
    assert_int_equal(host_timer_armed_ticks(), far);
    timer_set(&test.timer[2], 5 * MS);
    assert_int_equal(host_timer_armed_ticks(), far);
    timer_cancel(&test.timer[0]);
    timer_cancel(&test.timer[2]);
    assert_int_equal(host_timer_armed_ticks(), ~0ULL);
    timer_cancel(&test.timer[2]); /* twice is harmless */
}

static void test_a_deadline_in_the_past_fires_at_once(void **state)
{
    host_time_advance_ns(10 * MS);
    timer_set(&test.timer[0], 1 * MS);
    assert_true(host_timer_armed_ticks() <= host_counter_ticks);
    host_time_advance_ns(0);
    assert_int_equal(test.nr_fired, 1);
}

static void test_setting_again_replaces_the_deadline(void **state)
{
    timer_set(&test.timer[0], 1 * MS);
    timer_set(&test.timer[0], 4 * MS);
    host_time_advance_ns(2 * MS);
    assert_int_equal(test.nr_fired, 0);
    host_time_advance_ns(3 * MS);
    assert_int_equal(test.nr_fired, 1);
}

static void test_setting_on_another_cpu_moves_it_there(void **state)
{
    timer_set(&test.timer[0], 1 * MS);
    timer_set(&test.timer[1], 1 * MS);
    fake_cpu(1);
    timer_set(&test.timer[0], 2 * MS);
    fake_cpu(0);
    host_time_advance_ns(3 * MS);
    assert_int_equal(test.nr_fired, 2);
    assert_int_equal(test.order[0], 1);
    assert_int_equal(test.cpu[0], 0);
    assert_int_equal(test.order[1], 0);
    assert_int_equal(test.cpu[1], 1);
}

static void test_cancel_reaches_another_cpus_queue(void **state)
{
    fake_cpu(1);
    timer_set(&test.timer[0], 1 * MS);
    fake_cpu(0);
    timer_cancel(&test.timer[0]);
    assert_false(timer_is_set(&test.timer[0]));
    host_time_advance_ns(2 * MS);
    assert_int_equal(test.nr_fired, 0);
}

static void test_what_is_stopped_is_never_set_again(void **state)
{
    fake_cpu(1);
    timer_set(&test.timer[0], 1 * MS);
    fake_cpu(0);
    timer_stop(&test.timer[0]);
    timer_stop(&test.timer[1]);
    assert_false(timer_is_set(&test.timer[0]));
    timer_set(&test.timer[0], 1 * MS);
    timer_set(&test.timer[1], 1 * MS);
    assert_false(timer_is_set(&test.timer[0]) || timer_is_set(&test.timer[1]));
    assert_int_equal(host_timer_armed_ticks(), ~0ULL);
    host_time_advance_ns(2 * MS);
    assert_int_equal(test.nr_fired, 0);
}

static void test_more_than_one_interrupts_share_all_fire(void **state)
{
    for (u32 i = 0; i < ARRAY_LEN(test.timer); i++) {
        timer_set(&test.timer[i], MS);
    }
    host_time_advance_ns(2 * MS);
    assert_int_equal(test.nr_fired, ARRAY_LEN(test.timer));
}

static void again(void *arg)
{
    if (++test.nr_fired < 5) {
        timer_set(arg, clock_ns() + MS);
    }
}

static void test_a_handler_may_set_its_own_timer(void **state)
{
    struct timer periodic;
    timer_init(&periodic, again, &periodic);
    timer_set(&periodic, MS);
    for (u32 i = 1; i <= 7; i++) {
        host_time_advance_ns(MS + 100);
        assert_int_equal(test.nr_fired, i < 5 ? i : 5);
    }
}

int main(void)
{
    fake_machine_init(16, 2);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_counter_without_frequency_is_refused, setup),
        cmocka_unit_test_setup(test_the_clock_starts_the_limit_on_guests_lines, setup),
        cmocka_unit_test_setup(test_ticks_and_ns, setup),
        cmocka_unit_test_setup(test_the_clock_starts_at_zero_and_follows_the_counter, setup),
        cmocka_unit_test_setup(test_wall_clock_is_what_dom0_says, setup),
        cmocka_unit_test_setup(test_timers_fire_in_order_of_deadline_and_fifo_among_equals, setup),
        cmocka_unit_test_setup(test_the_hardware_is_armed_for_the_earliest, setup),
        cmocka_unit_test_setup(test_a_deadline_in_the_past_fires_at_once, setup),
        cmocka_unit_test_setup(test_setting_again_replaces_the_deadline, setup),
        cmocka_unit_test_setup(test_setting_on_another_cpu_moves_it_there, setup),
        cmocka_unit_test_setup(test_cancel_reaches_another_cpus_queue, setup),
        cmocka_unit_test_setup(test_what_is_stopped_is_never_set_again, setup),
        cmocka_unit_test_setup(test_more_than_one_interrupts_share_all_fire, setup),
        cmocka_unit_test_setup(test_a_handler_may_set_its_own_timer, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
