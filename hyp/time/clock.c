/* SPDX-License-Identifier: MIT */
/*
 * Ticks and nanoseconds, by multiplication: ns = ticks * ns_per_tick >> 32. The factor is rounded
 * down, so a conversion is short by less than 2^-32 * hz of a relative 10^9: only durations are
 * converted to ticks, never dates, so that the error stays far under a tick.
 */
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "log/log.h"
#include "time/hw.h"
#include "time/time.h"

static struct {
    u64 boot_ticks;
    u64 ns_per_tick;  /* 32.32 */
    u64 ticks_per_ns; /* 32.32 */
    u64 wall_at_boot_ns;
    u32 hz;
} clock; /* [c] after boot, but wall_at_boot_ns [a] */

static u64 scale(u64 value, u64 factor)
{
    return (u64)(((unsigned __int128)value * factor) >> 32);
}

enum err clock_init(void)
{
    u32 hz = hw_counter_hz();
    if (hz == 0) {
        return E_NODEV;
    }
    clock.hz = hz;
    clock.ns_per_tick = (NS_PER_S << 32) / hz;
    clock.ticks_per_ns = ((u64)hz << 32) / NS_PER_S;
    clock.boot_ticks = cpu_counter_ticks();
    log_set_frequency(hz);
    return OK;
}

u64 clock_ns(void)
{
    return ticks_to_ns(cpu_counter_ticks() - clock.boot_ticks);
}

u64 clock_boot_ticks(void)
{
    return clock.boot_ticks;
}

u32 clock_frequency_hz(void)
{
    return clock.hz;
}

u64 ticks_to_ns(u64 ticks)
{
    return scale(ticks, clock.ns_per_tick);
}

u64 ns_to_ticks(u64 ns)
{
    return ns == 0 ? 0 : scale(ns, clock.ticks_per_ns) + 1;
}

void clock_set_wall(u64 epoch_ns_at_boot)
{
    store_relaxed(&clock.wall_at_boot_ns, epoch_ns_at_boot);
}

u64 clock_wall_at_boot_ns(void)
{
    return load_relaxed(&clock.wall_at_boot_ns);
}
