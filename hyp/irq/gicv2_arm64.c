/* SPDX-License-Identifier: MIT */
/* The Generic Interrupt Controller, architecture version 2, with virtualization extensions (Arm IHI
 * 0048). */
#include "base/panic.h"
#include "cpu/arch.h"
#include "irq/gic.h"
#include "log/log.h"
#include "mem/hypmap.h"

/* distributor (4.3) */
#define GICD_CTLR       0x000
#define GICD_TYPER      0x004
#define GICD_IGROUPR    0x080
#define GICD_ISENABLER  0x100
#define GICD_ICENABLER  0x180
#define GICD_ICPENDR    0x280
#define GICD_ISACTIVER  0x300
#define GICD_ICACTIVER  0x380
#define GICD_IPRIORITYR 0x400
#define GICD_ITARGETSR  0x800
#define GICD_ICFGR      0xc00
#define GICD_SGIR       0xf00
#define GICD_SGIR_SELF  (2u << 24)
/* CPU interface (4.4) */
#define GICC_CTLR         0x000
#define GICC_PMR          0x004
#define GICC_BPR          0x008
#define GICC_IAR          0x00c
#define GICC_EOIR         0x010
#define GICC_IIDR         0x0fc
#define GICC_DIR          0x1000
#define GICC_CTLR_ENABLE  0x1u
#define GICC_CTLR_EOIMODE 0x200u
/* virtual interface control (5.3) */
#define GICH_HCR   0x000
#define GICH_VTR   0x004
#define GICH_VMCR  0x008
#define GICH_ELRSR 0x030
#define GICH_APR   0x0f0
#define GICH_LR    0x100

#define MAX_CPUS 8u

static volatile u8 *dist, *cpu, *cpu_dir, *hyp;
static u8 cpu_mask[CPU_MAX]; /* [c after the CPU came up] which CPU interface each of our CPUs is */

static u32 read32(const volatile u8 *base, u32 offset)
{
    return *(const volatile u32 *)(base + offset);
}

static void write32(volatile u8 *base, u32 offset, u32 value)
{
    *(volatile u32 *)(base + offset) = value;
}

static void init_cpu(void)
{
    u32 mask = read32(dist, GICD_ITARGETSR); /* of a private interrupt: this very CPU interface */
    cpu_mask[cpu_current()] = (u8)(mask | mask >> 8 | mask >> 16 | mask >> 24);

    /* Whatever the loader left: private interrupts inactive, not pending and masked; SGIs always
     * on. */
    write32(dist, GICD_ICENABLER, 0xffff0000);
    write32(dist, GICD_ICACTIVER, ~0u);
    write32(dist, GICD_ICPENDR, 0xffff0000);
    for (u32 i = 0; i < IRQ_FIRST_SPI; i += 4) {
        write32(dist, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
    }
    write32(dist, GICD_ISENABLER, 0x0000ffff);
    write32(hyp, GICH_HCR, 0);
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        write32(hyp, GICH_LR + i * 4, 0);
    }
    write32(cpu, GICC_PMR, 0xff);
    write32(cpu, GICC_BPR, 0);
    write32(cpu, GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
}

static u32 acknowledge(void)
{
    return read32(cpu, GICC_IAR);
}

static void drop_priority(u32 raw)
{
    write32(cpu, GICC_EOIR, raw);
}

static void deactivate(u32 raw)
{
    write32(cpu_dir, 0, raw);
}

static void activate_private(u32 irq)
{
    write32(dist, GICD_ISACTIVER, 1u << irq);
}

static void set_enabled(u32 irq, bool on)
{
    write32(dist, (on ? GICD_ISENABLER : GICD_ICENABLER) + irq / 32 * 4, 1u << irq % 32);
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
    dist[GICD_ITARGETSR + irq] = cpu_mask[to];
}

/* To itself by name: on a machine of one CPU the masks read as zero (IHI 0048B 4.3.12), and an SGI
 * to nobody is lost. */
static void send_sgi(u32 to, u32 sgi)
{
    u32 whom = to == cpu_current() ? GICD_SGIR_SELF : (u32)cpu_mask[to] << 16;
    write32(dist, GICD_SGIR, whom | sgi);
}

static u64 lr_read(u32 n)
{
    return read32(hyp, GICH_LR + n * 4);
}

static void lr_write(u32 n, u64 raw)
{
    write32(hyp, GICH_LR + n * 4, (u32)raw);
}

static bool lr_renew(u32 n, bool hw, u32 source)
{
    u64 raw = lr_read(n);
    if (!gicv2_can_renew(raw, hw, source)) {
        return false;
    }
    lr_write(n, gicv2_renewed(raw, source));
    return true;
}

static u64 lr_empty(void)
{
    return read32(hyp, GICH_ELRSR);
}

static void hcr_write(u32 hcr)
{
    write32(hyp, GICH_HCR, hcr);
}

static u32 hcr_read(void)
{
    return read32(hyp, GICH_HCR);
}

static u32 vmcr_read(void)
{
    return read32(hyp, GICH_VMCR);
}

static void save(struct gic_cpu_state *s)
{
    s->vmcr = read32(hyp, GICH_VMCR);
    s->apr[0] = read32(hyp, GICH_APR);
}

static void restore(const struct gic_cpu_state *s)
{
    write32(hyp, GICH_VMCR, s->vmcr);
    write32(hyp, GICH_APR, s->apr[0]);
}

static const struct gic_ops ops = {
    .version = 2,
    .init_cpu = init_cpu,
    .acknowledge = acknowledge,
    .drop_priority = drop_priority,
    .deactivate = deactivate,
    .activate_private = activate_private,
    .set_enabled = set_enabled,
    .set_trigger = set_trigger,
    .set_target = set_target,
    .send_sgi = send_sgi,
    .lr_read = lr_read,
    .lr_write = lr_write,
    .lr_pending = GICV2_LR_PENDING,
    .lr_active = GICV2_LR_ACTIVE,
    .lr_renew = lr_renew,
    .lr_encode = gicv2_lr_encode,
    .lr_decode = gicv2_lr_decode,
    .lr_empty = lr_empty,
    .hcr_write = hcr_write,
    .hcr_read = hcr_read,
    .vmcr_read = vmcr_read,
    .save = save,
    .restore = restore,
};

/*
 * Systems with 64 KiB pages often decode GICC so that its first 4 KiB repeat up to 0xffff and the
 * second page starts at 0x10000; the tree then gives 128 KiB. Both pages are contiguous from 0xf000
 * on.
 */
static bool is_aliased(void)
{
    if (gic_info.cpu_bytes != 0x20000) {
        return false;
    }
    u32 id = read32(cpu, GICC_IIDR);
    return (id & 0xfff) == 0x43b && read32(cpu, 0xf000 + GICC_IIDR) == id;
}

static void init_dist(void)
{
    write32(dist, GICD_CTLR, 0);
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 32) {
        write32(dist, GICD_ICENABLER + i / 8, ~0u);
        write32(dist, GICD_ICACTIVER + i / 8, ~0u);
    }
    u32 here = read32(dist, GICD_ITARGETSR) & 0xff;
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 4) {
        write32(dist, GICD_IPRIORITYR + i, GIC_PRIORITY_X4);
        write32(dist, GICD_ITARGETSR + i, here * 0x01010101u);
    }
    write32(dist, GICD_CTLR, 1);
}

enum err gicv2_init(void)
{
    dist = hypmap_device(gic_info.dist, gic_info.dist_bytes);
    cpu = hypmap_device(gic_info.cpu, gic_info.cpu_bytes);
    hyp = hypmap_device(gic_info.hyp, gic_info.hyp_bytes);
    if (!dist || !cpu || !hyp) {
        return E_NOMEM;
    }
    if (percpu_nr_cpus > MAX_CPUS) {
        log_error("GICv2 serves 8 CPUs, not %u", percpu_nr_cpus);
        return E_NODEV;
    }
    gic_info.aliased_64k = is_aliased();
    if (gic_info.aliased_64k) {
        cpu += 0xf000;
    }
    cpu_dir = cpu + GICC_DIR;
    gic_info.nr_irqs = MIN(32 * ((read32(dist, GICD_TYPER) & 0x1f) + 1), IRQ_END);
    gic_info.nr_lrs = MIN((read32(hyp, GICH_VTR) & 0x3f) + 1, GIC_MAX_LRS);
    init_dist();
    gic_table = ops;
    return OK;
}
