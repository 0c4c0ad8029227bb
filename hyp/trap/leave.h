/* SPDX-License-Identifier: MIT */
/* Private to trap/: between the slow way out, which is the same on every machine, and the machine's
 * part. */
#ifndef TRAP_LEAVE_H
#define TRAP_LEAVE_H

#include "base/types.h"

struct vcpu;

/* leave.c: until no work is due; returns the vCPU to enter: current, loaded. */
struct vcpu *trap_leave_slow(void);
/* The machine: off the boot stack, out by trap_leave_slow(), into the guest. */
_Noreturn void trap_start_leave(void);
/* The machine's half of a switch: EL1 registers to v->el1, without the timer's; then, when those are
 * saved, FP, and no stage-1 walk any more. */
void switch_save(struct vcpu *v);
void switch_close(struct vcpu *v);
/* Stage 2 is v's: its EL1 registers and FP. */
void switch_restore(struct vcpu *v);
/* A virtual SError waits for v, which is loaded here or nowhere. */
bool switch_has_serror(const struct vcpu *v);
/* The machine: from here on FP registers are the guests'. */
void switch_start_cpu(void);

#endif
