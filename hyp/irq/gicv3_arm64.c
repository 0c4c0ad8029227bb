/* SPDX-License-Identifier: MIT */
/*
 * The Generic Interrupt Controller, architecture version 3 (Arm IHI 0069): affinity routing, the
 * CPU interface by system registers, SPIs, PPIs and SGIs. Message-based interrupts (LPIs) are left
 * off.
 */
#include "base/panic.h"
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "irq/gic.h"
#include "irq/gicv3_arm64.h"
#include "log/log.h"
#include "mem/hypmap.h"

#define GICD_CTLR                  0x0000
#define GICD_TYPER                 0x0004
#define GICD_IGROUPR               0x0080
#define GICD_ISENABLER             0x0100
#define GICD_ICENABLER             0x0180
#define GICD_ICPENDR               0x0280
#define GICD_ISACTIVER             0x0300
#define GICD_ICACTIVER             0x0380
#define GICD_IPRIORITYR            0x0400
#define GICD_ICFGR                 0x0c00
#define GICD_IROUTER               0x6000
#define GICD_CTLR_GROUP0           (1u << 0)
#define GICD_CTLR_GROUP1           (1u << 1)
#define GICD_CTLR_ARE              (1u << 4)
#define GICD_CTLR_RWP              (1u << 31)
#define GICR_CTLR                  0x0000
#define GICR_TYPER                 0x0008
#define GICR_WAKER                 0x0014
#define GICR_CTLR_RWP              (1u << 3)
#define GICR_TYPER_LAST            BIT(4)
#define GICR_TYPER_VLPIS           BIT(1)
#define GICR_WAKER_PROCESSOR_SLEEP (1u << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1u << 2)
#define GICR_FRAME                 0x10000u
#define SGI_BASE                   0x10000u
/* Polls of a bit that hardware clears within microseconds. */
#define POLLS 1000000u

static volatile u8 *dist;
static volatile u8 *region[ARRAY_LEN(gic_info.redist)];
static DEFINE_PER_CPU(volatile u8 *, redist); /* [c] RD_base of this CPU */

static u32 read32(const volatile u8 *base, u32 offset)
{
    return *(const volatile u32 *)(base + offset);
}

static void write32(volatile u8 *base, u32 offset, u32 value)
{
    *(volatile u32 *)(base + offset) = value;
}

static void wait_clear(const volatile u8 *base, u32 offset, u32 bit, const char *what)
{
    for (u32 i = 0; i < POLLS; i++) {
        if (!(read32(base, offset) & bit)) {
            return;
        }
    }
    log_error("GICv3: %s stays set", what);
}

/* Where a private interrupt's bits are: our redistributor; an SPI's: the distributor. */
static volatile u8 *bits_of(u32 irq)
{
    return irq < IRQ_FIRST_SPI ? this_cpu(redist) + SGI_BASE : dist;
}

static void find_redist(void)
{
    u64 affinity = firmware.cpu_mpidr[cpu_current()];
    u32 packed = (u32)(FIELD(affinity, 39, 32) << 24 | FIELD(affinity, 23, 0));
    for (u32 i = 0; i < gic_info.nr_redist_regions; i++) {
        u64 at = 0;
        while (at + 2 * GICR_FRAME <= gic_info.redist[i].bytes) {
            volatile u8 *frame = region[i] + at;
            u64 typer = *(const volatile u64 *)(frame + GICR_TYPER);
            if (typer >> 32 == packed) {
                this_cpu(redist) = frame;
                return;
            }
            if (typer & GICR_TYPER_LAST) {
                break;
            }
            /* GICv4 redistributors have two more frames. */
            at += gic_info.redist_stride
                      ? gic_info.redist_stride
                      : (typer & GICR_TYPER_VLPIS ? 4 * GICR_FRAME : 2 * GICR_FRAME);
        }
    }
    panic("GICv3: no redistributor for CPU %u, MPIDR %#llx", cpu_current(), affinity);
}

static void init_redist(void)
{
    volatile u8 *rd = this_cpu(redist);
    volatile u8 *sgi = rd + SGI_BASE;
    write32(rd, GICR_WAKER, read32(rd, GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
    wait_clear(rd, GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP, "GICR_WAKER.ChildrenAsleep");

    write32(sgi, GICD_ICENABLER, 0xffff0000);
    wait_clear(rd, GICR_CTLR, GICR_CTLR_RWP, "GICR_CTLR.RWP");
    write32(sgi, GICD_ICACTIVER, ~0u);
    write32(sgi, GICD_ICPENDR, ~0u);
    write32(sgi, GICD_IGROUPR,
            ~0u); /* group 1; ignored (and so already) where firmware owns the groups */
    for (u32 i = 0; i < IRQ_FIRST_SPI; i += 4) {
        write32(sgi, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
    }
    write32(sgi, GICD_ISENABLER, 0x0000ffff);
}

static void init_cpu(void)
{
    find_redist();
    init_redist();
    gicv3_cpu_init();
}

static void activate_private(u32 irq)
{
    write32(bits_of(irq), GICD_ISACTIVER, 1u << irq);
}

static void set_enabled(u32 irq, bool on)
{
    write32(bits_of(irq), (on ? GICD_ISENABLER : GICD_ICENABLER) + irq / 32 * 4, 1u << irq % 32);
    /* Masked means masked when we return. Takes a few cycles of the interconnect. */
    if (!on && irq < IRQ_FIRST_SPI) {
        wait_clear(this_cpu(redist), GICR_CTLR, GICR_CTLR_RWP, "GICR_CTLR.RWP");
    } else if (!on) {
        wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    }
}

static void set_trigger(u32 irq, enum irq_trigger trigger)
{
    u32 offset = GICD_ICFGR + irq / 16 * 4;
    u32 bit = 2u << irq % 16 * 2;
    u32 value = read32(dist, offset);
    write32(dist, offset, trigger == IRQ_EDGE_RISING ? value | bit : value & ~bit);
}

static void set_target(u32 irq, u32 to)
{
    *(volatile u64 *)(dist + GICD_IROUTER + irq * 8) = firmware.cpu_mpidr[to] & MPIDR_AFFINITY;
}

static const struct gic_ops ops = {
    .version = 3,
    .init_cpu = init_cpu,
    .acknowledge = gicv3_acknowledge,
    .drop_priority = gicv3_drop_priority,
    .deactivate = gicv3_deactivate,
    .activate_private = activate_private,
    .set_enabled = set_enabled,
    .set_trigger = set_trigger,
    .set_target = set_target,
    .send_sgi = gicv3_send_sgi,
    .lr_read = gicv3_lr_read,
    .lr_write = gicv3_lr_write,
    .lr_pending = GICV3_LR_PENDING,
    .lr_active = GICV3_LR_ACTIVE,
    .lr_renew = gicv3_lr_renew,
    .lr_encode = gicv3_lr_encode,
    .lr_decode = gicv3_lr_decode,
    .lr_empty = gicv3_lr_empty,
    .hcr_write = gicv3_hcr_write,
    .hcr_read = gicv3_hcr_read,
    .vmcr_read = gicv3_vmcr_read,
    .save = gicv3_save,
    .restore = gicv3_restore,
};

static void init_dist(void)
{
    write32(dist, GICD_CTLR, 0);
    wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 32) {
        write32(dist, GICD_ICENABLER + i / 8, ~0u);
        write32(dist, GICD_ICACTIVER + i / 8, ~0u);
        write32(dist, GICD_IGROUPR + i / 8, ~0u);
    }
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 4) {
        write32(dist, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
    }
    wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    /* With one security state bits 0 and 1 are groups 0 and 1; seen from the non-secure of two, bit
     * 1 is group 1 with affinity routing and bit 0 the same without (IHI 0069 12.9.4): both set is
     * right in both. */
    write32(dist, GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1 | GICD_CTLR_GROUP0);
    wait_clear(dist, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i++) {
        set_target(i, 0);
    }
}

enum err gicv3_init(void)
{
    dist = hypmap_device(gic_info.dist, gic_info.dist_bytes);
    if (!dist) {
        return E_NOMEM;
    }
    for (u32 i = 0; i < gic_info.nr_redist_regions; i++) {
        region[i] = hypmap_device(gic_info.redist[i].base, gic_info.redist[i].bytes);
        if (!region[i]) {
            return E_NOMEM;
        }
    }
    gic_info.nr_irqs = MIN(32 * ((read32(dist, GICD_TYPER) & 0x1f) + 1), IRQ_END);
    gic_info.nr_lrs = MIN(gicv3_nr_lrs(), GIC_MAX_LRS);
    init_dist();
    gic_table = ops;
    return OK;
}
