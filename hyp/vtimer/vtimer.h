/* SPDX-License-Identifier: MIT */
/*
 * The guest's architected timers. The virtual timer is the hardware's while the vCPU runs: its PPI
 * traps to EL2, is injected with the hardware bit, and stays active (so masked) until the guest
 * ends it. While the vCPU is off a CPU a hypervisor timer stands in. The physical timer is
 * emulated.
 */
#ifndef VTIMER_VTIMER_H
#define VTIMER_VTIMER_H

#include "base/err.h"
#include "base/types.h"

struct domain;
struct vcpu;

enum err vtimer_init(void); /* boot, before vtimer_init_cpu: claims the PPIs; vgic_init() */
void vtimer_init_cpu(void); /* each CPU, after irq_init_cpu */
/* dom_up_create: its virtual counter is 0 now, and its wall clock counts from here. */
void vtimer_create(struct domain *d);
enum err vtimer_create_vcpu(struct vcpu *v);
/* v never runs again; a grace period later no handler of its timers does either. */
void vtimer_stop_vcpu(struct vcpu *v);
void vtimer_destroy_vcpu(struct vcpu *v);
void vtimer_reset_vcpu(struct vcpu *v); /* v is loaded nowhere: both timers off */
void vtimer_save(
    struct vcpu *v); /* after vgic_save(): registers to v, hardware off, stand-in armed */
/* v is loaded nowhere: its interrupt is due, or the stand-in waits until it is. */
void vtimer_stand_in(struct vcpu *v);
void vtimer_restore(struct vcpu *v); /* before the guest runs: hardware again */
/* Emulated CNTP_CTL/CVAL/TVAL_EL0 (AArch64 and AArch32 encodings map here). */
#define VTIMER_CTL  0u
#define VTIMER_CVAL 1u
#define VTIMER_TVAL 2u
u64 vtimer_physical_read(struct vcpu *v, u32 reg);
void vtimer_physical_write(struct vcpu *v, u32 reg, u64 value);

/* dom/record.h: RECORD_TIMERS_VCPU, after the vgic's, and then RECORD_TIME. */
struct record;
enum err vtimer_save_time(struct domain *d, struct record *r);
enum err vtimer_load_time(struct domain *d, const struct record *r);
enum err vtimer_save_timers(struct domain *d, struct record *r);
enum err vtimer_load_timers(struct domain *d, const struct record *r);

#endif
