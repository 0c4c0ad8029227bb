/* SPDX-License-Identifier: MIT */
/* Virtual time of the fake machine: it stands still until a test moves it. */
#ifndef TIME_CLOCK_HOST_H
#define TIME_CLOCK_HOST_H

#include "base/types.h"

extern u32 host_counter_frequency; /* before time_init(); 62.5 MHz as QEMU's, 0 to fail */

/* Moves the counter and runs, on each CPU in turn, the timers that have come due. */
void host_time_advance_ns(u64 ns);
/* The tick at which this CPU's hardware would interrupt next; ~0: never. */
u64 host_timer_armed_ticks(void);
/* This CPU takes its timer's interrupt if that is due: true. */
bool host_timer_interrupt(void);

#endif
