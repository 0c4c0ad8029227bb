/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "call/call.h"
#include "call/restart.h"
#include "cpu/arch.h"
#include "sync/percpu.h"
#include "time/time.h"

DEFINE_PER_CPU(u32, work);

u32 clock_frequency_hz(void)
{
    return 62500000; /* 446 ticks are 7.1 us */
}

static void time_is_up(void **state)
{
    host_counter_ticks = 1000000;
    restart_begin();
    assert_false(call_should_restart());
    host_counter_ticks += 436;
    assert_false(call_should_restart());
    host_counter_ticks += 20;
    assert_true(call_should_restart());
    assert_true(call_should_restart());
    restart_begin();
    assert_false(call_should_restart());
    host_counter_ticks = 0; /* and a counter of 0 is a time too */
    restart_begin();
    assert_false(call_should_restart());
    host_counter_ticks = 2000;
    assert_true(call_should_restart());
}

static void work_is_due(void **state)
{
    restart_begin();
    percpu_work = 1 << WORK_SCHED;
    assert_true(call_should_restart());
    percpu_work = 0;
    assert_false(call_should_restart());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_is_up),
        cmocka_unit_test(work_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
