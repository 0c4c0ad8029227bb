/* SPDX-License-Identifier: MIT */
#include "call/restart.h"
#include "call/call.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "sync/percpu.h"
#include "time/time.h"

/* Interrupts wait while a call is at EL2, unseen: so it leaves after 7.1 us even if nothing is
 * known to be due. With the piece of work that was begun before, 13,000 instructions at most, that
 * is below the 20,000 of test/sys/31_stay.py where each takes 1 ns. */
#define STAYS_A_SECOND 140000u

DEFINE_PER_CPU(u64, restart_until_ticks);

bool call_should_restart(void)
{
    if (load_relaxed(&this_cpu(work)) != 0) {
        return true;
    }
    const u64 now = cpu_counter_ticks();
    u64 *until = &this_cpu(restart_until_ticks);
    if (*until == 0) {
        *until = now + clock_frequency_hz() / STAYS_A_SECOND;
    }
    return now > *until;
}
