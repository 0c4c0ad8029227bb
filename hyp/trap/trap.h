/* SPDX-License-Identifier: MIT */
/*
 * The way in and out. While a guest runs SP_EL2 points at its vCPU's registers; entry_arm64.S
 * stores them there, takes this CPU's stack and calls C. On the way out one word (this_cpu(work))
 * is looked at:
 *
 *   guest --exception--> entry --> exit_arm64.c: a row per exception class --+
 *     ^                        --> irq_handle()                              |
 *     |                                                            work word == 0?
 *     +---- eret <---- registers <----------------------------------- yes ---+--- no -->
 * leave.c: until it is 0
 *
 * IRQs stay masked here; one that comes after the look at the word is taken right after eret, so no
 * work is missed. Nothing but boot/ includes this.
 */
#ifndef TRAP_TRAP_H
#define TRAP_TRAP_H

#include "sync/percpu.h"

/* Top of this CPU's stack, 16-aligned; boot/ sets it before trap_init_cpu(). */
DECLARE_PER_CPU(u64, trap_stack);

/* Vectors, trap controls, timers' access, ID registers, the empty vCPU; each CPU, after errata and
 * GIC. */
void trap_init_cpu(void);
/* Leaves the boot stack: this CPU schedules from now on. */
__noreturn void trap_start(void);

#endif
