/* SPDX-License-Identifier: MIT */
/* Inside irq/: what desc.c wants of the machine, and the formats of list registers. */
#ifndef IRQ_GIC_H
#define IRQ_GIC_H

#include "base/bits.h"
#include "irq/irq.h"

/* probe_arm64.c or gic_host.c: fills gic_info, initialises the distributor and sets gic. E_NODEV,
 * E_NOMEM. */
enum err gic_probe(void);
enum err gicv2_init(void);
enum err gicv3_init(void);

/* lr.c. GICH_LRn (IHI 0048 5.3.10) and ICH_LR<n>_EL2 (IHI 0069 12.4.6). */
#define GICV2_LR_HW      BIT(31)
#define GICV2_LR_ACTIVE  BIT(29)
#define GICV2_LR_PENDING BIT(28)
#define GICV2_LR_EOI     BIT(19) /* unless HW */
#define GICV3_LR_ACTIVE  BIT(63)
#define GICV3_LR_PENDING BIT(62)
#define GICV3_LR_HW      BIT(61)
#define GICV3_LR_EOI     BIT(41) /* unless HW */
#define GICV2_LR_SOURCE  BITS(12, 10)

/*
 * See gic_ops.lr_renew. The host's interrupt is active once: its register must be empty and of the
 * host's kind. A software one may be pending (then it stays so) or active (then it is pending
 * beside), unless the hypervisor waits to be told of its end: there is more to come than this.
 */
static inline bool gicv3_can_renew(u64 raw, bool hw)
{
    if (hw) {
        return (raw & (GICV3_LR_PENDING | GICV3_LR_ACTIVE | GICV3_LR_HW)) == GICV3_LR_HW;
    }
    return !(raw & (GICV3_LR_HW | GICV3_LR_EOI));
}

static inline bool gicv2_can_renew(u64 raw, bool hw, u32 source)
{
    if (hw) {
        return (raw & (GICV2_LR_PENDING | GICV2_LR_ACTIVE | GICV2_LR_HW)) == GICV2_LR_HW;
    }
    bool empty = !(raw & (GICV2_LR_PENDING | GICV2_LR_ACTIVE));
    return !(raw & (GICV2_LR_HW | GICV2_LR_EOI)) && (empty || FIELD(raw, 12, 10) == source);
}

static inline u64 gicv2_renewed(u64 raw, u32 source)
{
    u64 base = raw & GICV2_LR_HW ? raw : (raw & ~GICV2_LR_SOURCE) | (u64)source << 10;
    return base | GICV2_LR_PENDING;
}

u64 gicv2_lr_encode(const struct gic_lr *lr);
struct gic_lr gicv2_lr_decode(u64 raw);
u64 gicv3_lr_encode(const struct gic_lr *lr);
struct gic_lr gicv3_lr_decode(u64 raw);

/* ipi.c: an SGI of ours was acknowledged. */
void ipi_receive(u32 sgi);

#endif
