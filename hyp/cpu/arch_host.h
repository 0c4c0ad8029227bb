/* SPDX-License-Identifier: MIT */
/*
 * The fake machine's CPU (see cpu/arch.h). A test has one thread and any number of CPUs: it becomes
 * CPU n by cpu_set_percpu_offset(percpu_offset[n]). Time stands still until a test moves it
 * (time/clock_host.h).
 */
#ifndef CPU_ARCH_HOST_H
#define CPU_ARCH_HOST_H

#include "base/types.h"

extern _Thread_local u64 host_percpu_offset;
extern u64 host_counter_ticks;
extern u64 host_waits; /* cpu_wait() calls so far */
/* Called by each cpu_wait() and cpu_relax() when set: a test lets time or another CPU go on here.
 */
extern void (*host_wait_hook)(void);
extern void (*host_relax_hook)(void);

/* A part of the fake machine does one thing at a time. Whoever plays CPUs interrupts none that is
 * in there: host_hw_busy says so. */
extern u32 host_hw_busy;
static inline void host_hw_enter(bool *busy)
{
    __atomic_fetch_add(&host_hw_busy, 1, __ATOMIC_RELAXED);
    while (__atomic_test_and_set(busy, __ATOMIC_ACQUIRE)) {
    }
}

static inline void host_hw_leave(bool *busy)
{
    __atomic_clear(busy, __ATOMIC_RELEASE);
    __atomic_fetch_sub(&host_hw_busy, 1, __ATOMIC_RELAXED);
}

static inline void cpu_relax(void)
{
    if (host_relax_hook) {
        host_relax_hook();
    }
}

static inline void cpu_wait(void)
{
    __atomic_fetch_add(&host_waits, 1, __ATOMIC_RELAXED);
    if (host_wait_hook) {
        host_wait_hook();
    }
}

static inline bool cpu_may_interrupt(void)
{
    return true;
}

static inline u64 cpu_percpu_offset(void)
{
    return host_percpu_offset;
}

static inline void cpu_set_percpu_offset(u64 offset)
{
    host_percpu_offset = offset;
}

/* CPUs may be threads of a test, and one of them moves the time. */
static inline u64 cpu_counter_ticks(void)
{
    return __atomic_load_n(&host_counter_ticks, __ATOMIC_RELAXED);
}

static inline void barrier_sync(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void barrier_sync_inner(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void barrier_context(void)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

#endif
