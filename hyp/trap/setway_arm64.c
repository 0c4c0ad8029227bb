/* SPDX-License-Identifier: MIT */
/*
 * Cache maintenance by set and way. A guest means "all my memory" by it (it does so with its caches
 * off, when it boots or stops), but the instruction acts on one CPU's caches only, which a guest
 * that may move can't use. So the first one of a series cleans and invalidates the domain's whole
 * RAM, in steps, and the rest of the series is skipped; the series ends when the guest turns its
 * caches on or off, which is seen by trapping its writes to the memory control registers (HCR_TVM).
 */
#include "dom/domain.h"
#include "p2m/p2m.h"
#include "trap/trap_arm64.h"

/* Pages a step: each some 330 instructions, for its 64 lines. */
#define STEP_PAGES 32u

#define SCTLR_CACHES (SCTLR_C | SCTLR_I)

static void trap_controls(struct vcpu *v, bool on)
{
    u64 hcr = read_sysreg(hcr_el2);
    hcr = on ? hcr | HCR_TVM : hcr & ~HCR_TVM;
    v->el1.hcr = hcr;
    write_sysreg(hcr, hcr_el2);
}

/* True when all of it is done. The cursor is the vCPU's: it does nothing else until then. */
static bool flush_step(struct vcpu *v)
{
    gfn_t at = {v->set_way_gfn};
    enum err e = p2m_cache_flush(v->domain->p2m, &at, (gfn_t){P2M_GFN_END}, STEP_PAGES);
    v->set_way_gfn = e == E_RESTART ? at.gfn : 0;
    return e != E_RESTART;
}

bool trap_set_way(struct vcpu *v)
{
    if (read_sysreg(hcr_el2) & HCR_TVM) {
        return true;
    }
    if (!flush_step(v)) {
        return false;
    }
    trap_controls(v, true);
    return true;
}

static void sctlr_write(struct vcpu *v, u64 value)
{
    bool changes = (read_sysreg(sctlr_el1) ^ value) & SCTLR_CACHES;
    write_sysreg(value, sctlr_el1);
    if (changes) {
        trap_controls(v, false); /* a new series flushes anew */
    }
}

/* AArch32 writes half of a register whose other half is another AArch32 register's. */
static u64 with_low(u64 old, u64 value)
{
    return (old & 0xffffffff00000000ULL) | (u32)value;
}

static u64 with_high(u64 old, u64 value)
{
    return (u32)old | value << 32;
}

#define KEY(crn, crm, op2) ((crn) << 8 | (crm) << 4 | (op2))

bool trap_memory_control(struct vcpu *v, u32 crn, u32 crm, u32 op2, u64 value, bool aarch32)
{
    switch (KEY(crn, crm, op2)) {
    case KEY(1, 0, 0):
        sctlr_write(v, value);
        return true;
    case KEY(2, 0, 0):
        write_sysreg(aarch32 ? with_low(read_sysreg(ttbr0_el1), value) : value, ttbr0_el1);
        return true;
    case KEY(2, 0, 1):
        write_sysreg(aarch32 ? with_low(read_sysreg(ttbr1_el1), value) : value, ttbr1_el1);
        return true;
    case KEY(2, 0, 2):
        write_sysreg(aarch32 ? with_low(read_sysreg(tcr_el1), value) : value, tcr_el1);
        return true;
    case KEY(2, 0, 3): /* TTBCR2 */
        if (aarch32) {
            write_sysreg(with_high(read_sysreg(tcr_el1), value), tcr_el1);
        }
        return aarch32;
    case KEY(3, 0, 0): /* DACR */
        if (aarch32) {
            write_sysreg(value, dacr32_el2);
        }
        return aarch32;
    case KEY(5, 0, 0): /* DFSR */
        if (aarch32) {
            write_sysreg(value, esr_el1);
        }
        return aarch32;
    case KEY(5, 0, 1): /* IFSR */
        if (aarch32) {
            write_sysreg(value, ifsr32_el2);
        }
        return aarch32;
    case KEY(5, 1, 0):
        write_sysreg(value, afsr0_el1);
        return true;
    case KEY(5, 1, 1):
        write_sysreg(value, afsr1_el1);
        return true;
    case KEY(5, 2, 0):
        if (!aarch32) {
            write_sysreg(value, esr_el1);
        }
        return !aarch32;
    case KEY(6, 0, 0): /* FAR, DFAR */
        write_sysreg(aarch32 ? with_low(read_sysreg(far_el1), value) : value, far_el1);
        return true;
    case KEY(6, 0, 2): /* IFAR */
        if (aarch32) {
            write_sysreg(with_high(read_sysreg(far_el1), value), far_el1);
        }
        return aarch32;
    case KEY(10, 2, 0): /* MAIR, PRRR */
        write_sysreg(aarch32 ? with_low(read_sysreg(mair_el1), value) : value, mair_el1);
        return true;
    case KEY(10, 2, 1): /* NMRR */
        if (aarch32) {
            write_sysreg(with_high(read_sysreg(mair_el1), value), mair_el1);
        }
        return aarch32;
    case KEY(10, 3, 0):
        write_sysreg(aarch32 ? with_low(read_sysreg(amair_el1), value) : value, amair_el1);
        return true;
    case KEY(10, 3, 1):
        if (aarch32) {
            write_sysreg(with_high(read_sysreg(amair_el1), value), amair_el1);
        }
        return aarch32;
    case KEY(13, 0, 1):
        write_sysreg(value, contextidr_el1);
        return true;
    default:
        return false;
    }
}
