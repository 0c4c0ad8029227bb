/* SPDX-License-Identifier: MIT */
/*
 * The host's watchdog. EL2 is never interrupted, so a CPU that hangs there can't notice it itself:
 * each CPU that has something to do gives a sign of life by its own timer, which interrupts guests
 * but not EL2, and looks whether the next such CPU gave one too. A CPU that idles stops after one
 * more look, so that a quiet machine stays quiet; it sees nothing until it is woken again.
 */
#ifndef SCHED_WATCHDOG_H
#define SCHED_WATCHDOG_H

#include "base/types.h"
#include "sync/percpu.h"

DECLARE_PER_CPU(bool, watchdog_awake);

/* Boot CPU, with time running: panic when a CPU gave no sign for so many seconds; 0 is off. */
void watchdog_init(u32 seconds);
void watchdog_wake(void);

/* sched/: this CPU has something to do again. */
static inline void watchdog_end_idle(void)
{
    if (unlikely(!this_cpu(watchdog_awake))) {
        watchdog_wake();
    }
}

#endif
