/* SPDX-License-Identifier: MIT */
/* See cpu/arch.h. */
#ifndef CPU_ARCH_ARM64_H
#define CPU_ARCH_ARM64_H

#include "cpu/regs_arm64.h"

static inline void cpu_relax(void)
{
    __asm__ volatile("yield" ::: "memory");
}

/* dsb first: what we wrote (a list register, a mailbox) has reached whoever may wake us. */
static inline void cpu_wait(void)
{
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

static inline bool cpu_may_interrupt(void)
{
    return read_sysreg(isr_el1) & ISR_I;
}

static inline u64 cpu_percpu_offset(void)
{
    /* Not volatile: within one C function the CPU does not change, so the compiler may read it
     * once. */
    u64 offset;
    __asm__("mrs %0, tpidr_el2" : "=r"(offset));
    return offset;
}

/* isb: without it the counter may be read ahead of earlier instructions (Arm ARM D12.1.2). */
static inline u64 cpu_counter_ticks(void)
{
    u64 ticks;
    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

static inline void barrier_sync(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

static inline void barrier_sync_inner(void)
{
    __asm__ volatile("dsb ish" ::: "memory");
}

static inline void barrier_context(void)
{
    __asm__ volatile("isb" ::: "memory");
}

#endif
