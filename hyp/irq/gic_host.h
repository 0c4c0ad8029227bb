/* SPDX-License-Identifier: MIT */
/*
 * The fake machine's GIC: a distributor, and for each CPU an interface for the hypervisor and list
 * registers that a test can run as a guest's CPU would: acknowledge, end, mask. It ends the program
 * at what the architecture calls unpredictable: two list registers for one interrupt, the host's
 * interrupt pending and active at once, an end of something that is not active.
 */
#ifndef IRQ_GIC_HOST_H
#define IRQ_GIC_HOST_H

#include "irq/irq.h"

#define FAKE_GICD        0x08000000ULL
#define FAKE_GICC        0x08010000ULL
#define FAKE_GICV        0x08040000ULL
#define FAKE_GICR        0x080a0000ULL
#define FAKE_MAINTENANCE 25u
#define FAKE_SPURIOUS    1023u

/* Before irq_init(): forgets everything. */
void fake_gic_setup(u32 version, u32 nr_irqs, u32 nr_lrs);

/* Devices. PPIs of CPU cpu; cpu is ignored for SPIs. */
void fake_gic_pulse(u32 cpu, u32 irq);
void fake_gic_line(u32 cpu, u32 irq, bool high);
bool fake_gic_is_active(u32 cpu, u32 irq);
bool fake_gic_is_enabled(u32 cpu, u32 irq);
bool fake_gic_is_edge(u32 irq);
u32 fake_gic_target(u32 irq);
/* This CPU: is an interrupt waiting for irq_handle()? */
bool fake_gic_signals(void);

/* The guest on this CPU. Enables its interface and sets its mask. */
void fake_guest_enable(u32 priority_mask);
/* Its interrupt input. */
bool fake_guest_signals(void);
/* Number, on GICv2 with an SGI's source in 12..10; FAKE_SPURIOUS: none. */
u32 fake_guest_acknowledge(void);
/* End of interrupt: priority drop and deactivation. */
void fake_guest_end(u32 raw);
u32 fake_guest_lr_writes(void); /* so far, all CPUs: what laziness is measured by */

#endif
