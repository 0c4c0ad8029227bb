/* SPDX-License-Identifier: MIT */
/*
 * The Generic Interrupt Controller, architecture version 3 (Arm IHI 0069): affinity routing, the
 * CPU interface by system registers, SPIs, PPIs and SGIs. Message-based interrupts (LPIs) are left
 * off.
 */
#include "base/panic.h"
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "irq/gicd_arm64.h"
#include "log/log.h"
#include "mem/hypmap.h"

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

/* By encoding: the registers come in rows, and assemblers differ in which they know. */
#define ICH_AP0R(n) S3_4_C12_C8_##n
#define ICH_AP1R(n) S3_4_C12_C9_##n

#define ICC_SRE_SRE      (1u << 0)
#define ICC_SRE_DFB      (1u << 1)
#define ICC_SRE_DIB      (1u << 2)
#define ICC_SRE_ENABLE   (1u << 3)
#define ICC_CTLR_EOIMODE (1u << 1)

/* Polls of a bit that hardware clears within microseconds. */
#define POLLS 1000000u

static volatile u8 *region[ARRAY_LEN(gic_info.redist)];
static DEFINE_PER_CPU(volatile u8 *, redist); /* [c] RD_base of this CPU */

static void wait_clear(const volatile u8 *base, u32 offset, u32 bit, const char *what)
{
    for (u32 i = 0; i < POLLS; i++) {
        if (!(device_read32(base, offset) & bit)) {
            return;
        }
    }
    log_error("GICv3: %s stays set", what);
}

/* Where a private interrupt's bits are: our redistributor; an SPI's: the distributor. */
static volatile u8 *bits_of(u32 irq)
{
    return irq < IRQ_FIRST_SPI ? this_cpu(redist) + SGI_BASE : gicd;
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
    device_write32(rd, GICR_WAKER, device_read32(rd, GICR_WAKER) & ~GICR_WAKER_PROCESSOR_SLEEP);
    wait_clear(rd, GICR_WAKER, GICR_WAKER_CHILDREN_ASLEEP, "GICR_WAKER.ChildrenAsleep");

    device_write32(sgi, GICD_ICENABLER, 0xffff0000);
    wait_clear(rd, GICR_CTLR, GICR_CTLR_RWP, "GICR_CTLR.RWP");
    device_write32(sgi, GICD_ICACTIVER, ~0u);
    device_write32(sgi, GICD_ICPENDR, ~0u);
    device_write32(sgi, GICD_IGROUPR,
                   ~0u); /* group 1; ignored (and so already) where firmware owns the groups */
    gicd_set_priorities(sgi, 0, IRQ_FIRST_SPI);
    device_write32(sgi, GICD_ISENABLER, 0x0000ffff);
}

/* --- the CPU interface and its virtual twin, by system registers (12.2 and 12.4) --- */

/* Registers of active priorities a group: 1 with 5 bits of preemption, 2 with 6, 4 with 7
 * (ICH_VTR_EL2.PREbits + 1). */
static u32 nr_aprs(void)
{
    return 1u << (FIELD(read_sysreg(ICH_VTR_EL2), 28, 26) + 1 - 5);
}

static u32 acknowledge(void)
{
    u32 raw = (u32)read_sysreg(ICC_IAR1_EL1);
    /* The redistributor has seen the acknowledgement before the device is touched (IHI 0069 4.1.1).
     */
    barrier_sync();
    return raw;
}

static void drop_priority(u32 raw)
{
    write_sysreg(raw, ICC_EOIR1_EL1);
    barrier_context();
}

static void deactivate(u32 raw)
{
    write_sysreg(raw, ICC_DIR_EL1);
    barrier_context();
}

static void send_sgi(u32 cpu, u32 sgi)
{
    u64 a = firmware.cpu_mpidr[cpu];
    u64 aff0 = FIELD(a, 7, 0);
    /* One target of 16 by bit, which 16 by the range selector */
    u64 value = BIT(aff0 & 15) | (aff0 >> 4) << 44 | FIELD(a, 15, 8) << 16 |
                FIELD(a, 23, 16) << 32 | FIELD(a, 39, 32) << 48 | (u64)sgi << 24;
    write_sysreg(value, ICC_SGI1R_EL1);
    barrier_context();
}

/* The number is in the instruction, so the one for n (at most 15) is jumped to: each has 8 bytes.
 */
#define BY_NUMBER(instruction)                                        \
    "ubfiz %0, %2, #3, #4\n\tadr %1, 1f\n\tadd %0, %0, %1\n\tbr %0\n" \
    "1:\n\t.irp r, 12_0, 12_1, 12_2, 12_3, 12_4, 12_5, 12_6, 12_7, "  \
    "13_0, 13_1, 13_2, 13_3, 13_4, 13_5, 13_6, 13_7\n\t" instruction "\n\tb 2f\n\t.endr\n2:"

static inline u64 lr_read(u32 n)
{
    u64 at;
    u64 raw;
    __asm__ volatile(BY_NUMBER("mrs %1, S3_4_C12_C\\r") : "=&r"(at), "=&r"(raw) : "r"((u64)n));
    return raw;
}

static inline void lr_write(u32 n, u64 raw)
{
    u64 at;
    u64 table;
    __asm__ volatile(BY_NUMBER("msr S3_4_C12_C\\r, %3")
                     : "=&r"(at), "=&r"(table)
                     : "r"((u64)n), "r"(raw)
                     : "memory");
}

static bool lr_renew(u32 n, bool hw, u32 source)
{
    (void)source;
    u64 raw = lr_read(n);
    if (!gicv3_can_renew(raw, hw)) {
        return false;
    }
    lr_write(n, raw | GICV3_LR_PENDING);
    return true;
}

static u64 lr_empty(void)
{
    return read_sysreg(ICH_ELRSR_EL2);
}

static void hcr_write(u32 hcr)
{
    write_sysreg(hcr, ICH_HCR_EL2);
}

static u32 hcr_read(void)
{
    return (u32)read_sysreg(ICH_HCR_EL2);
}

static u32 vmcr_read(void)
{
    return (u32)read_sysreg(ICH_VMCR_EL2);
}

static void save(struct gic_cpu_state *s)
{
    u32 nr = nr_aprs();
    s->vmcr = (u32)read_sysreg(ICH_VMCR_EL2);
    s->apr0[0] = (u32)read_sysreg(ICH_AP0R(0));
    s->apr[0] = (u32)read_sysreg(ICH_AP1R(0));
    if (nr > 1) {
        s->apr0[1] = (u32)read_sysreg(ICH_AP0R(1));
        s->apr[1] = (u32)read_sysreg(ICH_AP1R(1));
    }
    if (nr > 2) {
        s->apr0[2] = (u32)read_sysreg(ICH_AP0R(2));
        s->apr0[3] = (u32)read_sysreg(ICH_AP0R(3));
        s->apr[2] = (u32)read_sysreg(ICH_AP1R(2));
        s->apr[3] = (u32)read_sysreg(ICH_AP1R(3));
    }
}

static void restore(const struct gic_cpu_state *s)
{
    u32 nr = nr_aprs();
    write_sysreg(s->vmcr, ICH_VMCR_EL2);
    write_sysreg(s->apr0[0], ICH_AP0R(0));
    write_sysreg(s->apr[0], ICH_AP1R(0));
    if (nr > 1) {
        write_sysreg(s->apr0[1], ICH_AP0R(1));
        write_sysreg(s->apr[1], ICH_AP1R(1));
    }
    if (nr > 2) {
        write_sysreg(s->apr0[2], ICH_AP0R(2));
        write_sysreg(s->apr0[3], ICH_AP0R(3));
        write_sysreg(s->apr[2], ICH_AP1R(2));
        write_sysreg(s->apr[3], ICH_AP1R(3));
    }
}

static void init_cpu_interface(void)
{
    /* System registers on at both levels; a guest's ICC_SRE_EL1 traps (Enable is clear), so that
     * none can turn the one physical register off under the next. ICC_SRE_EL1 exists only after
     * ICC_SRE_EL2.SRE took effect. */
    write_sysreg(ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_ENABLE, ICC_SRE_EL2);
    barrier_context();
    write_sysreg(ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB, ICC_SRE_EL1);
    write_sysreg(ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB, ICC_SRE_EL2);
    barrier_context();

    write_sysreg(0, ICH_HCR_EL2);
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        lr_write(i, 0);
    }
    write_sysreg(0xff, ICC_PMR_EL1);
    write_sysreg(0, ICC_BPR1_EL1);
    write_sysreg(ICC_CTLR_EOIMODE, ICC_CTLR_EL1);
    write_sysreg(1, ICC_IGRPEN1_EL1);
    barrier_context();
}

/* --- both --- */

static void init_cpu(void)
{
    find_redist();
    init_redist();
    init_cpu_interface();
}

static void activate_private(u32 irq)
{
    device_write32(bits_of(irq), GICD_ISACTIVER, 1u << irq);
}

static void set_enabled(u32 irq, bool on)
{
    device_write32(bits_of(irq), (on ? GICD_ISENABLER : GICD_ICENABLER) + irq / 32 * 4,
                   1u << irq % 32);
    /* Masked means masked when we return. Takes a few cycles of the interconnect. */
    if (!on && irq < IRQ_FIRST_SPI) {
        wait_clear(this_cpu(redist), GICR_CTLR, GICR_CTLR_RWP, "GICR_CTLR.RWP");
    } else if (!on) {
        wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    }
}

static void set_target(u32 irq, u32 to)
{
    *(volatile u64 *)(gicd + GICD_IROUTER + irq * 8) = firmware.cpu_mpidr[to] & MPIDR_AFFINITY;
}

static const struct gic_ops ops = {
    .version = 3,
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
    .lr_pending = GICV3_LR_PENDING,
    .lr_active = GICV3_LR_ACTIVE,
    .lr_renew = lr_renew,
    .lr_encode = gicv3_lr_encode,
    .lr_decode = gicv3_lr_decode,
    .lr_empty = lr_empty,
    .hcr_write = hcr_write,
    .hcr_read = hcr_read,
    .vmcr_read = vmcr_read,
    .save = save,
    .restore = restore,
};

static void init_dist(void)
{
    device_write32(gicd, GICD_CTLR, 0);
    wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i += 32) {
        device_write32(gicd, GICD_ICENABLER + i / 8, ~0u);
        device_write32(gicd, GICD_ICACTIVER + i / 8, ~0u);
        device_write32(gicd, GICD_IGROUPR + i / 8, ~0u);
    }
    gicd_set_priorities(gicd, IRQ_FIRST_SPI, gic_info.nr_irqs);
    wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    /* With one security state bits 0 and 1 are groups 0 and 1; seen from the non-secure of two, bit
     * 1 is group 1 with affinity routing and bit 0 the same without (IHI 0069 12.9.4): both set is
     * right in both. */
    device_write32(gicd, GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_GROUP1 | GICD_CTLR_GROUP0);
    wait_clear(gicd, GICD_CTLR, GICD_CTLR_RWP, "GICD_CTLR.RWP");
    for (u32 i = IRQ_FIRST_SPI; i < gic_info.nr_irqs; i++) {
        set_target(i, 0);
    }
}

enum err gicv3_init(void)
{
    for (u32 i = 0; i < gic_info.nr_redist_regions; i++) {
        region[i] = hypmap_device(gic_info.redist[i].base, gic_info.redist[i].bytes);
        if (!region[i]) {
            return E_NOMEM;
        }
    }
    gic_info.nr_lrs = MIN((read_sysreg(ICH_VTR_EL2) & 0x1f) + 1, GIC_MAX_LRS);
    init_dist();
    gic_table = ops;
    return OK;
}
