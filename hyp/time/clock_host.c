/* SPDX-License-Identifier: MIT */
#include "time/clock_host.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "sync/percpu.h"
#include "time/hw.h"
#include "time/time.h"

u32 host_counter_frequency = 62500000;
static u64 armed[CPU_MAX]; /* [a] each written by its own CPU */
static void (*expired)(void);

u32 hw_counter_hz(void)
{
    return host_counter_frequency;
}

enum err hw_timer_init(void (*fn)(void))
{
    expired = fn;
    return OK;
}

void hw_timer_init_cpu(void)
{
    store_relaxed(&armed[cpu_current()], ~0ULL);
}

void hw_timer_arm(u64 ticks)
{
    store_relaxed(&armed[cpu_current()], ticks);
}

u64 host_timer_armed_ticks(void)
{
    return load_relaxed(&armed[cpu_current()]);
}

bool host_timer_interrupt(void)
{
    if (cpu_counter_ticks() < host_timer_armed_ticks()) {
        return false;
    }
    expired();
    return true;
}

void host_time_advance_ns(u64 ns)
{
    u64 here = cpu_percpu_offset();
    host_counter_ticks += ns_to_ticks(ns);
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        cpu_set_percpu_offset(percpu_offset[cpu]);
        while (armed[cpu] <= host_counter_ticks) {
            expired();
        }
    }
    cpu_set_percpu_offset(here);
}
