/* SPDX-License-Identifier: MIT */
/*
 * The guest's architected timers. The virtual timer is the hardware's while the vCPU runs: its PPI traps to
 * EL2, is injected with the hardware bit, and stays active (so masked) until the guest ends it. While the vCPU
 * is off a CPU a hypervisor timer stands in. The physical timer is emulated.
 */
#ifndef VTIMER_VTIMER_H
#define VTIMER_VTIMER_H

#include "base/err.h"
#include "base/types.h"

struct domain;
struct vcpu;

enum err vtimer_init(void);                 /* boot: claims the PPIs (27) */
void vtimer_init_cpu(void);
enum err vtimer_create_vcpu(struct vcpu *v);
void vtimer_destroy_vcpu(struct vcpu *v);
void vtimer_reset_vcpu(struct vcpu *v);
void vtimer_save(struct vcpu *v);           /* after el1 registers were saved: arms the stand-in */
void vtimer_restore(struct vcpu *v);        /* before the guest runs: hardware again */
/* Emulated CNTP_CTL/CVAL/TVAL_EL0 (AArch64 and AArch32 encodings map here). reg: 0 ctl, 1 cval, 2 tval. */
u64 vtimer_physical_read(struct vcpu *v, u32 reg);
void vtimer_physical_write(struct vcpu *v, u32 reg, u64 value);

#endif
