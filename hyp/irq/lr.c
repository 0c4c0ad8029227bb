/* SPDX-License-Identifier: MIT */
#include "base/bits.h"
#include "irq/gic.h"

/* GICH_LRn: HW 31, Grp1 30, State 29:28, Priority 27:23, PhysicalID 19:10 (HW) or EOI 19 and CPUID
 * 12:10, VirtualID 9:0 */
#define GICV2_LR_GROUP1   (1u << 30)
#define V2_PRIORITY_SHIFT 23
#define V2_PHYSICAL_SHIFT 10

u64 gicv2_lr_encode(const struct gic_lr *lr)
{
    u64 raw = (lr->virq & 0x3ffu) | (u32)(lr->priority >> 3) << V2_PRIORITY_SHIFT;
    raw |= lr->hw ? GICV2_LR_HW | (lr->hwirq & 0x3ffu) << V2_PHYSICAL_SHIFT
                  : (lr->hwirq & 7u) << V2_PHYSICAL_SHIFT;
    raw |= lr->pending ? GICV2_LR_PENDING : 0;
    raw |= lr->active ? GICV2_LR_ACTIVE : 0;
    raw |= lr->group1 ? GICV2_LR_GROUP1 : 0;
    raw |= lr->eoi_maintenance && !lr->hw ? GICV2_LR_EOI : 0;
    return raw;
}

struct gic_lr gicv2_lr_decode(u64 raw)
{
    bool hw = raw & GICV2_LR_HW;
    return (struct gic_lr){
        .virq = (u32)FIELD(raw, 9, 0),
        .hwirq = (u32)(hw ? FIELD(raw, 19, 10) : FIELD(raw, 12, 10)),
        .priority = (u8)(FIELD(raw, 27, 23) << 3),
        .pending = raw & GICV2_LR_PENDING,
        .active = raw & GICV2_LR_ACTIVE,
        .hw = hw,
        .eoi_maintenance = !hw && (raw & GICV2_LR_EOI),
        .group1 = raw & GICV2_LR_GROUP1,
    };
}

/* ICH_LR<n>_EL2: State 63:62, HW 61, Group 60, Priority 55:48, pINTID 44:32 (HW) or EOI 41, vINTID
 * 31:0 */
#define GICV3_LR_GROUP1   BIT(60)
#define V3_PRIORITY_SHIFT 48
#define V3_PHYSICAL_SHIFT 32

u64 gicv3_lr_encode(const struct gic_lr *lr)
{
    u64 raw = lr->virq | (u64)lr->priority << V3_PRIORITY_SHIFT;
    raw |= lr->hw ? GICV3_LR_HW | (u64)(lr->hwirq & 0x1fffu) << V3_PHYSICAL_SHIFT : 0;
    raw |= lr->pending ? GICV3_LR_PENDING : 0;
    raw |= lr->active ? GICV3_LR_ACTIVE : 0;
    raw |= lr->group1 ? GICV3_LR_GROUP1 : 0;
    raw |= lr->eoi_maintenance && !lr->hw ? GICV3_LR_EOI : 0;
    return raw;
}

struct gic_lr gicv3_lr_decode(u64 raw)
{
    bool hw = raw & GICV3_LR_HW;
    return (struct gic_lr){
        .virq = (u32)FIELD(raw, 31, 0),
        .hwirq = hw ? (u32)FIELD(raw, 44, 32) : 0,
        .priority = (u8)FIELD(raw, 55, 48),
        .pending = raw & GICV3_LR_PENDING,
        .active = raw & GICV3_LR_ACTIVE,
        .hw = hw,
        .eoi_maintenance = !hw && (raw & GICV3_LR_EOI),
        .group1 = raw & GICV3_LR_GROUP1,
    };
}
