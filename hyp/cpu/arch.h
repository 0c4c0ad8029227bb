/* SPDX-License-Identifier: MIT */
/*
 * The door to the architecture: the build names one file, cpu/arch_arm64.h or cpu/arch_host.h (the
 * fake Arm machine). Each defines, as inline functions:
 *
 *   void cpu_relax(void)                a spin loop's breath
 *   void cpu_wait(void)                 wait for an interrupt that may stay masked (WFI)
 *   bool cpu_may_interrupt(void)        false: none is pending (ISR_EL1)
 *   u64  cpu_percpu_offset(void)        of this CPU's area from the linked one (TPIDR_EL2)
 *   u64  cpu_counter_ticks(void)        CNTPCT_EL0, ordered after earlier code (isb)
 *   void barrier_sync(void)             dsb sy: all before has completed, for devices too
 *   void barrier_sync_inner(void)       dsb ish
 *   void barrier_context(void)          isb
 */
#ifndef CPU_ARCH_H
#define CPU_ARCH_H

#include ARCH_H

/* This CPU is done. */
static inline __noreturn void cpu_halt(void)
{
    for (;;) {
        cpu_wait();
    }
}

#endif
