/* SPDX-License-Identifier: MIT */
/* GICv3's CPU interface and its virtual twin, by system registers (Arm IHI 0069 12.2 and 12.4). */
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "irq/gic.h"
#include "irq/gicv3_arm64.h"

/* By encoding: the registers come in rows, and assemblers differ in which they know. */
#define ICH_AP0R(n) S3_4_C12_C8_##n
#define ICH_AP1R(n) S3_4_C12_C9_##n

#define ICC_SRE_SRE      (1u << 0)
#define ICC_SRE_DFB      (1u << 1)
#define ICC_SRE_DIB      (1u << 2)
#define ICC_SRE_ENABLE   (1u << 3)
#define ICC_CTLR_EOIMODE (1u << 1)

u32 gicv3_nr_lrs(void)
{
    return (u32)(read_sysreg(ICH_VTR_EL2) & 0x1f) + 1;
}

/* Registers of active priorities a group: 1 with 5 bits of preemption, 2 with 6, 4 with 7
 * (ICH_VTR_EL2.PREbits + 1). */
static u32 nr_aprs(void)
{
    return 1u << (FIELD(read_sysreg(ICH_VTR_EL2), 28, 26) + 1 - 5);
}

void gicv3_cpu_init(void)
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
        gicv3_lr_write(i, 0);
    }
    write_sysreg(0xff, ICC_PMR_EL1);
    write_sysreg(0, ICC_BPR1_EL1);
    write_sysreg(ICC_CTLR_EOIMODE, ICC_CTLR_EL1);
    write_sysreg(1, ICC_IGRPEN1_EL1);
    barrier_context();
}

u32 gicv3_acknowledge(void)
{
    u32 raw = (u32)read_sysreg(ICC_IAR1_EL1);
    /* The redistributor has seen the acknowledgement before the device is touched (IHI 0069 4.1.1).
     */
    barrier_sync();
    return raw;
}

void gicv3_drop_priority(u32 raw)
{
    write_sysreg(raw, ICC_EOIR1_EL1);
    barrier_context();
}

void gicv3_deactivate(u32 raw)
{
    write_sysreg(raw, ICC_DIR_EL1);
    barrier_context();
}

void gicv3_send_sgi(u32 cpu, u32 sgi)
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

u64 gicv3_lr_read(u32 n)
{
    return lr_read(n);
}

void gicv3_lr_write(u32 n, u64 raw)
{
    lr_write(n, raw);
}

bool gicv3_lr_renew(u32 n, bool hw, u32 source)
{
    (void)source;
    u64 raw = lr_read(n);
    if (!gicv3_can_renew(raw, hw)) {
        return false;
    }
    lr_write(n, raw | GICV3_LR_PENDING);
    return true;
}

u64 gicv3_lr_empty(void)
{
    return read_sysreg(ICH_ELRSR_EL2);
}

void gicv3_hcr_write(u32 hcr)
{
    write_sysreg(hcr, ICH_HCR_EL2);
}

u32 gicv3_hcr_read(void)
{
    return (u32)read_sysreg(ICH_HCR_EL2);
}

u32 gicv3_vmcr_read(void)
{
    return (u32)read_sysreg(ICH_VMCR_EL2);
}

void gicv3_save(struct gic_cpu_state *s)
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

void gicv3_restore(const struct gic_cpu_state *s)
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
