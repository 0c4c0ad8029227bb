/* SPDX-License-Identifier: MIT */
#include "cpu/arch.h"

_Thread_local u64 host_percpu_offset;
u32 host_hw_busy;
u64 host_counter_ticks;
u64 host_waits;
void (*host_wait_hook)(void);
void (*host_relax_hook)(void);
