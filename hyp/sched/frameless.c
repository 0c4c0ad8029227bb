/* SPDX-License-Identifier: MIT */
#include "sched/queue.h"

s64 sched_yield_frameless(void)
{
    return load_relaxed(&this_cpu(sched_queue).nr_waiting) == 0 ? OK : E_RESTART;
}
