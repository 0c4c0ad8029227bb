/* SPDX-License-Identifier: MIT */
/* Inside irq/: the system-register half of GICv3 (gicv3_cpu_arm64.c); struct gic_ops says what each
 * does. */
#ifndef IRQ_GICV3_ARM64_H
#define IRQ_GICV3_ARM64_H

#include "irq/irq.h"

void gicv3_cpu_init(void);
u32 gicv3_nr_lrs(void);
u32 gicv3_acknowledge(void);
void gicv3_drop_priority(u32 raw);
void gicv3_deactivate(u32 raw);
void gicv3_send_sgi(u32 cpu, u32 sgi);
u64 gicv3_lr_read(u32 n);
void gicv3_lr_write(u32 n, u64 raw);
bool gicv3_lr_renew(u32 n, bool hw, u32 source);
u64 gicv3_lr_empty(void);
void gicv3_hcr_write(u32 hcr);
u32 gicv3_hcr_read(void);
u32 gicv3_vmcr_read(void);
void gicv3_save(struct gic_cpu_state *s);
void gicv3_restore(const struct gic_cpu_state *s);

#endif
