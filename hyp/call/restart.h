/* SPDX-License-Identifier: MIT */
/* Private to call/: how long the current call has been here, for call_should_restart(). */
#ifndef CALL_RESTART_H
#define CALL_RESTART_H

#include "sync/percpu.h"

/* When the current call is to leave, as the counter goes: counted from its first question, which
 * comes after a first piece of work unless that is long; 0: not asked yet. */
DECLARE_PER_CPU(u64, restart_until_ticks);

/* A call begins on this CPU. */
static inline void restart_begin(void)
{
    this_cpu(restart_until_ticks) = 0;
}

#endif
