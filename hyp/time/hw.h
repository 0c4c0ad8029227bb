/* SPDX-License-Identifier: MIT */
/* What the clock and the queue want of the machine: clock_arm64.c (CNTHP) or clock_host.c (virtual
 * time). */
#ifndef TIME_HW_H
#define TIME_HW_H

#include "base/err.h"
#include "base/types.h"

/* clock.c: time_init() calls it first. E_NODEV when the counter has no frequency. */
enum err clock_init(void);
/* Hz of the counter as firmware left it, 0 when it left nothing. */
u32 hw_counter_hz(void);
/* Claims the timer's interrupt on the boot CPU; fn runs at EL2 when the armed tick has come. */
enum err hw_timer_init(void (*fn)(void));
/* Switches this CPU's timer interrupt on. */
void hw_timer_init_cpu(void);
/* The next interrupt of this CPU's timer: when the counter reaches ticks (at once if it has). ~0:
 * never. */
void hw_timer_arm(u64 ticks);

#endif
