/* SPDX-License-Identifier: MIT */
/*
 * What a guest gets from HVC #0 and SMC #0: SMCCC 1.1 (DEN0028), PSCI 0.2 to 1.1 (DEN0022), the
 * Spectre workaround calls, and the hypervisor's UID. TRNG (DEN0098) answers NOT_SUPPORTED.
 */
#ifndef VPSCI_VPSCI_H
#define VPSCI_VPSCI_H

#include "base/types.h"

struct vcpu;

/* Function in x0, arguments x1..x3; results in x0..x3 of v->regs. May block, power off or shut
 * down. No locks held. */
void vpsci_call(struct vcpu *v);

/* Before the registers are saved: the answer to a function, or E_RESTART (call_frameless()). */
s64 vpsci_frameless(u64 function);
#define PSCI_VERSION     0x84000000u
#define PSCI_VERSION_1_1 0x10001

#endif
