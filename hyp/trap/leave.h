/* SPDX-License-Identifier: MIT */
/* Private to trap/: between the slow way out, which is the same on every machine, and the machine's
 * part. */
#ifndef TRAP_LEAVE_H
#define TRAP_LEAVE_H

struct vcpu;

/* leave.c: until no work is due; returns the vCPU to enter: current, loaded. */
struct vcpu *trap_leave_slow(void);
/* The machine: off the boot stack, out by trap_leave_slow(), into the guest. */
_Noreturn void trap_start_leave(void);
/* The machine: from here on FP registers are the guests'. */
void switch_start_cpu(void);

#endif
