/* SPDX-License-Identifier: MIT */
/*
 * Stage-2 faults. An emulated register (the table of vgic.h), a mapping that came meanwhile (break
 * before make by another CPU, a page populated just now), or an address where nothing is: the guest
 * gets the abort that a bus would answer.
 */
#include "dom/domain.h"
#include "log/log.h"
#include "p2m/p2m.h"
#include "trap/trap_arm64.h"
#include "vgic/vgic.h"

/* ISS of a data abort (D19.2.39) */
#define ISS_ISV          BIT(24)
#define ISS_SSE          BIT(21)
#define ISS_SF           BIT(15)
#define ISS_FNV          BIT(10)
#define ISS_CM           BIT(8)
#define ISS_S1PTW        BIT(7)
#define ISS_WNR          BIT(6)
#define FSC_KIND         0x3cu
#define FSC_TRANSLATION  0x04u
#define FSC_ACCESS_FLAG  0x08u
#define FSC_PERMISSION   0x0cu
#define FSC_MASK         0x3fu
#define FSC_TLB_CONFLICT 0x30u

#define PAR_F BIT(0)

static inline gaddr_t faulting_page(u64 far)
{
    return (gaddr_t){FIELD(read_sysreg(hpfar_el2), 43, 4) << PAGE_SHIFT | (far & PAGE_MASK)};
}

/*
 * The intermediate physical address. HPFAR_EL2 holds its page, except after a permission fault that
 * was not on a stage-1 walk: then stage 1 is walked once more. False: that walk failed, the guest
 * changed its tables meanwhile.
 */
static inline bool fault_address(u64 esr, u64 far, gaddr_t *out)
{
    if ((esr & FSC_KIND) == FSC_PERMISSION && !(esr & ISS_S1PTW)) {
        u64 saved = read_sysreg(par_el1);
        __asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
        u64 par = read_sysreg(par_el1);
        write_sysreg(saved, par_el1);
        if (par & PAR_F) {
            return false;
        }
        out->g = (par & BITS(47, 12)) | (far & PAGE_MASK);
        return true;
    }
    *out = faulting_page(far);
    return true;
}

static bool is_stage2_fault(u64 esr)
{
    u32 kind = esr & FSC_KIND;
    return kind == FSC_TRANSLATION || kind == FSC_ACCESS_FLAG || kind == FSC_PERMISSION;
}

/* Two entries of this VMID in the TLB for one address: without them the access works. */
static bool resolve_tlb_conflict(u64 esr)
{
    if ((esr & FSC_MASK) != FSC_TLB_CONFLICT) {
        return false;
    }
    __asm__ volatile("tlbi vmalls12e1\n\tdsb nsh\n\tisb" ::: "memory");
    return true;
}

/* A walk of stage 1 in memory that has no RAM type (HCR_PTW) never works; all else does when the
 * tables allow it. */
static bool is_worth_another_try(u64 esr)
{
    return !((esr & ISS_S1PTW) && (esr & FSC_KIND) == FSC_PERMISSION);
}

static u64 extend(u64 value, u32 bytes, u64 esr)
{
    u32 unused = 64 - 8 * bytes;
    if (esr & ISS_SSE) {
        value = (u64)((s64)(value << unused) >> unused);
    } else {
        value = value << unused >> unused;
    }
    return esr & ISS_SF ? value : (u32)value;
}

/* False: no register there, or none that takes this access. */
static inline bool emulate(struct vcpu *v, const struct mmio_handler *h, gaddr_t at, u64 esr)
{
    u32 bytes = 1u << FIELD(esr, 23, 22);
    u32 n = (u32)FIELD(esr, 20, 16);
    struct mmio_access a = {
        .offset = at.g - h->base.g,
        .bytes = bytes,
        .write = esr & ISS_WNR,
    };
    if (!is_aligned(a.offset, bytes) || a.offset + bytes > h->bytes) {
        return false;
    }
    if (a.write) {
        a.value = trap_read_x(v, n) << (64 - 8 * bytes) >> (64 - 8 * bytes);
    }
    if (!h->access(v, &a, h->arg)) {
        return false;
    }
    if (!a.write) {
        trap_write_x(v, n, extend(a.value, bytes, esr));
    }
    trap_skip(v, esr);
    return true;
}

static __cold void abort_slowly(struct vcpu *v, u64 esr)
{
    u64 far = read_sysreg(far_el2);
    bool write = esr & ISS_WNR;
    gaddr_t at;
    if (!is_stage2_fault(esr)) {
        if (!resolve_tlb_conflict(esr)) {
            trap_inject_data_abort(v, far, write);
        }
        return;
    }
    if (!fault_address(esr, far, &at)) {
        return; /* it runs the instruction again, and takes its own stage-1 fault */
    }
    if (!(esr & ISS_S1PTW)) {
        const struct mmio_handler *h = mmio_find(v->domain, at);
        if (h && (esr & ISS_CM)) {
            trap_skip(v, esr); /* cache maintenance on an emulated register: nothing is cached */
            return;
        }
        if (h) {
            log_guest(LOG_DEBUG, v->domain->id,
                      "vcpu %u: no register for a %s at %llx, syndrome %llx", v->id,
                      write ? "write" : "read", at.g, esr);
            trap_inject_data_abort(v, far, write);
            return;
        }
    }
    /* The walk of stage 1 reads, and may write flags: reading is what it needs at least. */
    bool wants_write = write && !(esr & (ISS_S1PTW | ISS_CM));
    if (is_worth_another_try(esr) && p2m_allows(v->domain->p2m, at, wants_write, false)) {
        return;
    }
    log_guest(LOG_DEBUG, v->domain->id, "vcpu %u: nothing at %llx (%s, syndrome %llx, pc %llx)",
              v->id, at.g, write ? "write" : "read", esr, v->regs.pc);
    trap_inject_data_abort(v, far, write);
}

/* What is no everyday access to an emulated register, or has none, is looked at again. */
void trap_data_abort(struct vcpu *v, u64 esr)
{
    if (likely((esr & (ISS_ISV | ISS_CM | ISS_S1PTW | FSC_KIND)) == (ISS_ISV | FSC_TRANSLATION))) {
        gaddr_t at = faulting_page(read_sysreg(far_el2));
        const struct mmio_handler *h = mmio_find(v->domain, at);
        if (likely(h && emulate(v, h, at, esr))) {
            return;
        }
    }
    abort_slowly(v, esr);
}

void trap_instruction_abort(struct vcpu *v, u64 esr)
{
    u64 far = read_sysreg(far_el2);
    gaddr_t at;
    if (resolve_tlb_conflict(esr)) {
        return;
    }
    if (is_stage2_fault(esr)) {
        if (!fault_address(esr, far, &at)) {
            return;
        }
        if (is_worth_another_try(esr) &&
            p2m_allows(v->domain->p2m, at, false, !(esr & ISS_S1PTW))) {
            return;
        }
        log_guest(LOG_DEBUG, v->domain->id, "vcpu %u: runs nothing at %llx (pc %llx)", v->id, at.g,
                  v->regs.pc);
    }
    trap_inject_instruction_abort(v, far);
}
