/* SPDX-License-Identifier: MIT */
/* The Generic Interrupt Controller, architecture version 2, with virtualization extensions (Arm IHI
 * 0048). */
#include "irq/gicd_arm64.h"
#include "log/log.h"
#include "mem/hypmap.h"

/* distributor (4.3) */
#define GICD_ITARGETSR 0x800
#define GICD_SGIR      0xf00
#define GICD_SGIR_SELF (2u << 24)
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

static volatile u8 *cpu, *cpu_dir, *hyp;
static u8 cpu_mask[CPU_MAX]; /* [c after the CPU came up] which CPU interface each of our CPUs is */

static void init_cpu(void)
{
    u32 mask =
        device_read32(gicd, GICD_ITARGETSR); /* of a private interrupt: this very CPU interface */
    cpu_mask[cpu_current()] = (u8)(mask | mask >> 8 | mask >> 16 | mask >> 24);

    /* Whatever the loader left: private interrupts inactive, not pending and masked; SGIs always
     * on. */
    device_write32(gicd, GICD_ICENABLER, 0xffff0000);
    device_write32(gicd, GICD_ICACTIVER, ~0u);
    device_write32(gicd, GICD_ICPENDR, 0xffff0000);
    gicd_set_priorities(gicd, 0, IRQ_FIRST_SPI);
    device_write32(gicd, GICD_ISENABLER, 0x0000ffff);
    device_write32(hyp, GICH_HCR, 0);
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        device_write32(hyp, GICH_LR + i * 4, 0);
    }
    device_write32(cpu, GICC_PMR, 0xff);
    device_write32(cpu, GICC_BPR, 0);
    device_write32(cpu, GICC_CTLR, GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
}

static u32 acknowledge(void)
{
    return device_read32(cpu, GICC_IAR);
}

static void drop_priority(u32 raw)
{
    device_write32(cpu, GICC_EOIR, raw);
}

static void deactivate(u32 raw)
{
    device_write32(cpu_dir, 0, raw);
}

static void activate_private(u32 irq)
{
    device_write32(gicd, GICD_ISACTIVER, 1u << irq);
}

static void set_enabled(u32 irq, bool on)
{
    device_write32(gicd, (on ? GICD_ISENABLER : GICD_ICENABLER) + irq / 32 * 4, 1u << irq % 32);
}

static void set_target(u32 irq, u32 to)
{
    gicd[GICD_ITARGETSR + irq] = cpu_mask[to];
}

/* To itself by name: on a machine of one CPU the masks read as zero (IHI 0048B 4.3.12), and an SGI
 * to nobody is lost. */
static void send_sgi(u32 to, u32 sgi)
{
    u32 whom = to == cpu_current() ? GICD_SGIR_SELF : (u32)cpu_mask[to] << 16;
    device_write32(gicd, GICD_SGIR, whom | sgi);
}

static u64 lr_read(u32 n)
{
    return device_read32(hyp, GICH_LR + n * 4);
}

static void lr_write(u32 n, u64 raw)
{
    device_write32(hyp, GICH_LR + n * 4, (u32)raw);
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
    return device_read32(hyp, GICH_ELRSR);
}

static void hcr_write(u32 hcr)
{
    device_write32(hyp, GICH_HCR, hcr);
}

static u32 hcr_read(void)
{
    return device_read32(hyp, GICH_HCR);
}

static u32 vmcr_read(void)
{
    return device_read32(hyp, GICH_VMCR);
}

static void save(struct gic_cpu_state *s)
{
    s->vmcr = device_read32(hyp, GICH_VMCR);
    s->apr[0] = device_read32(hyp, GICH_APR);
}

static void restore(const struct gic_cpu_state *s)
{
    device_write32(hyp, GICH_VMCR, s->vmcr);
    device_write32(hyp, GICH_APR, s->apr[0]);
}

static const struct gic_ops ops = {
    .version = 2,
    .init_cpu = init_cpu,
    .acknowledge = acknowledge,
    .drop_priority = drop_priority,
    .deactivate = deactivate,
    .activate_private = activate_private,
    .set_enabled = set_enabled,
    .set_trigger = gicd_set_trigger,
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
    u32 id = device_read32(cpu, GICC_IIDR);
    return (id & 0xfff) == 0x43b && device_read32(cpu, 0xf000 + GICC_IIDR) == id;
}

static void init_dist(void)
{
    device_write32(gicd, GICD_CTLR, 0);
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 32) {
        device_write32(gicd, GICD_ICENABLER + i / 8, ~0u);
        device_write32(gicd, GICD_ICACTIVER + i / 8, ~0u);
    }
    u32 here = device_read32(gicd, GICD_ITARGETSR) & 0xff;
    gicd_set_priorities(gicd, IRQ_FIRST_SPI, gic_info.nr_irqs);
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 4) {
        device_write32(gicd, GICD_ITARGETSR + i, here * 0x01010101u);
    }
    device_write32(gicd, GICD_CTLR, 1);
}

enum err gicv2_init(void)
{
    cpu = hypmap_device(gic_info.cpu, gic_info.cpu_bytes);
    hyp = hypmap_device(gic_info.hyp, gic_info.hyp_bytes);
    if (!cpu || !hyp) {
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
    gic_info.nr_lrs = MIN((device_read32(hyp, GICH_VTR) & 0x3f) + 1, GIC_MAX_LRS);
    init_dist();
    gic_table = ops;
    return OK;
}
