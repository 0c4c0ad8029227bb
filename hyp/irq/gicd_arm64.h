/* SPDX-License-Identifier: MIT */
/* Inside irq/: what of the distributor is the same in GICv2 (IHI 0048 4.3) and GICv3 (IHI
 * 0069 12.8); a redistributor's second frame has the private interrupts' registers at the same
 * offsets. */
#ifndef IRQ_GICD_ARM64_H
#define IRQ_GICD_ARM64_H

#include "cpu/device.h"
#include "irq/gic.h"

#define GICD_CTLR       0x0000
#define GICD_TYPER      0x0004
#define GICD_IGROUPR    0x0080
#define GICD_ISENABLER  0x0100
#define GICD_ICENABLER  0x0180
#define GICD_ICPENDR    0x0280
#define GICD_ISACTIVER  0x0300
#define GICD_ICACTIVER  0x0380
#define GICD_IPRIORITYR 0x0400
#define GICD_ICFGR      0x0c00

extern volatile u8 *gicd; /* [c] probe_arm64.c */

void gicd_set_trigger(u32 irq, enum irq_trigger trigger);
/* One priority for all of the host's interrupts: EL2 is never interrupted, so nothing could preempt
 * anyway. */
void gicd_set_priorities(volatile u8 *frame, u32 first, u32 end);

#endif
