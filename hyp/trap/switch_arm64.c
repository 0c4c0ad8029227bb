/* SPDX-License-Identifier: MIT */
/*
 * EL1's registers and FP in a switch (switch.c says when).
 *
 * FP registers: CPTR_EL2.TFP traps the first use after a switch. A vCPU that used them is saved
 * when it is unloaded; the registers stay a copy of its memory until another vCPU uses FP here
 * (this_cpu(fp_owner) and v->fp_on agree), so coming back costs nothing.
 */
#include "abi/arm.h"
#include "base/string.h"
#include "dom/domain.h"
#include "trap/trap_arm64.h"

void fp_save(struct fp_regs *fp);
void fp_restore(const struct fp_regs *fp);
void el1_save(struct el1_regs *r);
void el1_restore(const struct el1_regs *r);

static DEFINE_PER_CPU(struct vcpu *,
                      fp_owner); /* whose values the FP registers are; may be gone: compare only */
static DEFINE_PER_CPU(bool, fp_live); /* TFP is clear: the loaded vCPU may be changing them */

/* ---- floating point ---- */

static void fp_open(bool open)
{
    write_sysreg(open ? TRAP_CPTR : TRAP_CPTR | CPTR_TFP, cptr_el2);
    this_cpu(fp_live) = open;
}

static bool fp_is_here(const struct vcpu *v)
{
    return this_cpu(fp_owner) == v && v->fp_on == cpu_current();
}

/* FP or SIMD instruction while they are off: give them, and let it run again. */
void trap_fp(struct vcpu *v, u64 esr)
{
    (void)esr;
    fp_open(true);
    barrier_context();
    if (!fp_is_here(v)) {
        fp_restore(v->fp);
        this_cpu(fp_owner) = v;
        v->fp_on = cpu_current();
    }
    v->fp_used = true;
}

static void fp_unload(struct vcpu *v)
{
    if (this_cpu(fp_live)) {
        fp_save(v->fp);
        fp_open(false);
    }
}

/* ---- EL1 ---- */

/*
 * FPEXC says whether a 32-bit guest has FP on: looked at before CPTR_EL2.TFP is, so it is right
 * from the entry on, not from the first use (Arm ARM, AArch32.CheckAdvSIMDOrFPEnabled). TFP traps
 * EL2's access to it, too; as long as that is set, the guest could not change it.
 */
static void save_fpexc(struct el1_regs *r)
{
    if (this_cpu(fp_live)) {
        r->fpexc32 = read_sysreg(fpexc32_el2);
    }
}

/* The caller sets TFP again. */
static void restore_fpexc(const struct el1_regs *r)
{
    fp_open(true);
    barrier_context();
    write_sysreg(r->fpexc32, fpexc32_el2);
}

static void save32(struct el1_regs *r)
{
    save_fpexc(r);
    r->dacr32 = read_sysreg(dacr32_el2);
    r->ifsr32 = read_sysreg(ifsr32_el2);
    r->spsr_abt = read_sysreg(spsr_abt);
    r->spsr_und = read_sysreg(spsr_und);
    r->spsr_irq = read_sysreg(spsr_irq);
    r->spsr_fiq = read_sysreg(spsr_fiq);
}

static void restore32(const struct el1_regs *r)
{
    write_sysreg(r->dacr32, dacr32_el2);
    write_sysreg(r->ifsr32, ifsr32_el2);
    write_sysreg(r->spsr_abt, spsr_abt);
    write_sysreg(r->spsr_und, spsr_und);
    write_sysreg(r->spsr_irq, spsr_irq);
    write_sysreg(r->spsr_fiq, spsr_fiq);
    restore_fpexc(r);
}

static void save_el1(struct vcpu *v)
{
    struct el1_regs *r = &v->el1;
    el1_save(r);
    r->tcr = read_sysreg(tcr_el1);
    v->regs.sp_el0 = read_sysreg(sp_el0);
    if (v->domain->is_32bit) {
        save32(r);
    }
}

/* All but TCR_EL1: see switch_restore(). */
static void restore_el1(const struct vcpu *v)
{
    const struct el1_regs *r = &v->el1;
    el1_restore(r);
    write_sysreg(v->regs.sp_el0, sp_el0);
    write_sysreg(r->vmpidr, vmpidr_el2);
    write_sysreg(r->vpidr, vpidr_el2);
    if (v->domain->is_32bit) {
        restore32(r);
    }
}

void vcpu_up_reset_el1(struct vcpu *v, bool aarch32)
{
    struct el1_regs *r = &v->el1;
    memset(r, 0, sizeof(*r));
    r->sctlr = aarch32 ? SCTLR_GUEST_INIT : SCTLR_EL1_RES1;
    r->vmpidr = vcpu_mpidr(v->id);
    r->vpidr = read_sysreg(midr_el1);
    r->hcr = aarch32 ? TRAP_HCR : TRAP_HCR | HCR_RW;
}

/* ---- the machine's part of the switch ---- */

void switch_save(struct vcpu *v)
{
    save_el1(v);
}

void switch_close(struct vcpu *v)
{
    fp_unload(v);
    /* No walk with one vCPU's tables and another's stage 2, also not a speculative one (errata
     * 1165522, 1319367 and kin): stage-1 walks are off until the next one is complete. */
    write_sysreg(v->el1.tcr | TCR_EL1_EPD0 | TCR_EL1_EPD1, tcr_el1);
    barrier_context();
}

/* A guest may use one ASID for different things on two of its CPUs; this CPU is now another of them
 * (its TLB entries carry the same VMID). */
static void forget_sibling(struct vcpu *v)
{
    struct domain *d = v->domain;
    u16 *last = &d->last_vcpu[cpu_current()];
    if (d->max_vcpus > 1 && *last != v->id + 1) {
        *last = (u16)(v->id + 1);
        barrier_context();
        __asm__ volatile("tlbi vmalle1\n\tdsb nsh" ::: "memory");
    }
}

void switch_restore(struct vcpu *v)
{
    forget_sibling(v);
    restore_el1(v);
    barrier_context();
    write_sysreg(v->el1.tcr, tcr_el1);
    fp_open(v->fp_used && fp_is_here(v));
}

bool switch_has_serror(const struct vcpu *v)
{
    /* Whoever asks runs v, or v is saved: HCR_VSE is where it says. */
    u64 hcr = this_cpu(loaded) == v ? read_sysreg(hcr_el2) : v->el1.hcr;
    return hcr & HCR_VSE;
}

void switch_init_cpu(void)
{
    this_cpu(current) = &vcpu_nobody;
    this_cpu(loaded) = NULL;
    fp_open(true); /* libfdt copies by SIMD registers while dom0 is built */
}

void switch_start_cpu(void)
{
    fp_open(false);
}
