/* SPDX-License-Identifier: MIT */
/*
 * Exceptions given to a guest's EL1, as the architecture takes them: AArch64 (Arm ARM D1.3,
 * pseudocode AArch64.TakeException) and AArch32 (G1.12). The vCPU is current and its EL1 registers
 * are loaded.
 */
#include "base/bits.h"
#include "dom/domain.h"
#include "trap/trap_arm64.h"

#define PSTATE_NZCV      BITS(31, 28)
#define PSTATE_PAN       BIT(22)
#define PSTATE_SSBS64    BIT(12)
#define PSTATE_DIT64     BIT(24)
#define MODE_MASK        0xfu
#define SCTLR_SPAN       BIT(23)
#define SCTLR_DSSBS      BIT(44)
#define ID_AA64MMFR1_PAN 20
#define ID_AA64PFR1_SSBS 4

#define FSC_EXTERNAL 0x10u /* synchronous external abort, not on a walk */
#define ISS_WNR      (1u << 6)

/* AArch32 */
#define A32_MODE_UND    0x1bu
#define A32_MODE_ABT    0x17u
#define A32_I           BIT(7)
#define A32_A           BIT(8)
#define A32_E           BIT(9)
#define A32_SSBS        BIT(23)
#define A32_SCTLR_V     BIT(13)
#define A32_SCTLR_SPAN  BIT(23)
#define A32_SCTLR_EE    BIT(25)
#define A32_SCTLR_TE    BIT(30)
#define A32_SCTLR_DSSBS BIT(31)
#define A32_TTBCR_EAE   BIT(31)
#define A32_FSR_LPAE    BIT(9)
#define A32_FS_EXTERNAL 0x8u
#define A32_KEEP        (PSTATE_NZCV | BIT(27) | BITS(22, 21) | BITS(19, 16) | BITS(7, 6) | A32_A)

static void enter64(struct vcpu *v, u64 esr)
{
    u64 old = v->regs.pstate;
    u64 sctlr = read_sysreg(sctlr_el1);
    u64 offset = old & PSTATE_AARCH32     ? 0x600
                 : (old & MODE_MASK) == 0 ? 0x400
                 : (old & 1)              ? 0x200
                                          : 0;
    u64 now = (old & PSTATE_NZCV) | PSTATE_DAIF | PSTATE_EL1H;
    if (!(old & PSTATE_AARCH32)) {
        now |= old & PSTATE_DIT64;
    }
    if (idregs[7][1] >> ID_AA64MMFR1_PAN & 0xf) {
        now |= sctlr & SCTLR_SPAN ? old & PSTATE_PAN : PSTATE_PAN;
    }
    if ((idregs[4][1] >> ID_AA64PFR1_SSBS & 0xf) && (sctlr & SCTLR_DSSBS)) {
        now |= PSTATE_SSBS64;
    }
    write_sysreg(v->regs.pc, elr_el1);
    write_sysreg(old, spsr_el1);
    write_sysreg(esr, esr_el1);
    v->regs.pc = read_sysreg(vbar_el1) + offset;
    v->regs.pstate = now;
}

/* Mode's link register is x[lr], as AArch64 sees the banked ones (D1.20.1). */
static void enter32(struct vcpu *v, u32 mode, u32 lr, u64 lr_value, u32 vector, u64 mask)
{
    u64 old = v->regs.pstate;
    u64 sctlr = read_sysreg(sctlr_el1);
    u64 now = (old & A32_KEEP) | mask | mode;
    now |= sctlr & A32_SCTLR_TE ? PSTATE_T32 : 0;
    now |= sctlr & A32_SCTLR_EE ? A32_E : 0;
    now |= sctlr & A32_SCTLR_DSSBS ? A32_SSBS : 0;
    if ((idregs[7][1] >> ID_AA64MMFR1_PAN & 0xf) && !(sctlr & A32_SCTLR_SPAN)) {
        now |= PSTATE_PAN;
    }
    if (mode == A32_MODE_UND) {
        write_sysreg(old, spsr_und);
    } else {
        write_sysreg(old, spsr_abt);
    }
    v->regs.x[lr] = (u32)lr_value;
    v->regs.pc = (sctlr & A32_SCTLR_V ? 0xffff0000u : (u32)read_sysreg(vbar_el1)) + vector;
    v->regs.pstate = now;
}

static u64 class_of(const struct vcpu *v, u32 from_el0)
{
    return trap_from_el0(v) ? from_el0 : from_el0 + 1;
}

void trap_inject_undefined(struct vcpu *v)
{
    if (v->domain->is_32bit) {
        /* LR_und: the instruction's address plus its length as the current state assumes it */
        enter32(v, A32_MODE_UND, 22, v->regs.pc + (v->regs.pstate & PSTATE_T32 ? 2 : 4), 4, A32_I);
    } else {
        enter64(v, (u64)EC_UNKNOWN << 26 | ESR_IL);
    }
}

static u64 fault_status32(bool write)
{
    u64 status =
        read_sysreg(tcr_el1) & A32_TTBCR_EAE ? A32_FSR_LPAE | FSC_EXTERNAL : A32_FS_EXTERNAL;
    return status | (write ? BIT(11) : 0);
}

void trap_inject_data_abort(struct vcpu *v, u64 far, bool write)
{
    if (v->domain->is_32bit) {
        enter32(v, A32_MODE_ABT, 20, v->regs.pc + 8, 16, A32_I | A32_A);
        write_sysreg(fault_status32(write), esr_el1);                             /* DFSR */
        write_sysreg((read_sysreg(far_el1) & ~0xffffffffUL) | (u32)far, far_el1); /* DFAR */
    } else {
        enter64(v, class_of(v, EC_DABT_LOW) << 26 | ESR_IL | FSC_EXTERNAL | (write ? ISS_WNR : 0));
        write_sysreg(far, far_el1);
    }
}

void trap_inject_instruction_abort(struct vcpu *v, u64 far)
{
    if (v->domain->is_32bit) {
        enter32(v, A32_MODE_ABT, 20, v->regs.pc + 4, 12, A32_I | A32_A);
        write_sysreg(fault_status32(false), ifsr32_el2);                          /* IFSR */
        write_sysreg((read_sysreg(far_el1) & 0xffffffffUL) | far << 32, far_el1); /* IFAR */
    } else {
        enter64(v, class_of(v, EC_IABT_LOW) << 26 | ESR_IL | FSC_EXTERNAL);
        write_sysreg(far, far_el1);
    }
}

/* Pending until the guest unmasks SErrors; the bit goes when it takes it, and is saved with
 * HCR_EL2. The syndrome is every CPU's (init_arm64.c). */
void trap_inject_serror(struct vcpu *v)
{
    (void)v;
    write_sysreg(read_sysreg(hcr_el2) | HCR_VSE, hcr_el2);
}
