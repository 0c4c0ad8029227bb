/* SPDX-License-Identifier: MIT */
/* A vCPU's registers as a record, and what the rooms' records have in common. */
#include "dom/record.h"

#include "base/bits.h"
#include "base/string.h"
#include "p2m/p2m.h"

#define SERROR_PENDING BIT(8) /* el1.hcr: HCR_EL2.VSE, Arm ARM D13.2.48 */
#define FLAGS \
    (u64)(RECORD_VCPU_ONLINE | RECORD_VCPU_INITIALISED | RECORD_VCPU_FP | RECORD_VCPU_SERROR)

/* One beyond the last instance that there may be. */
static u32 end_of(const struct record_room *room, const struct domain *d)
{
    return room->scope == RECORD_ONE ? 1 : room->scope == RECORD_PER_VCPU ? d->max_vcpus : ~0u;
}

enum err record_save(const struct record_room *room, struct domain *d, struct record *r)
{
    const u32 end = end_of(room, d);
    while (room->scope == RECORD_PER_VCPU && r->instance < end && !d->vcpu[r->instance]) {
        r->instance++;
    }
    if (r->instance >= end) {
        return E_NOENT;
    }
    r->v = room->scope == RECORD_PER_VCPU ? d->vcpu[r->instance] : NULL;
    r->next = r->instance + 1;
    return room->save(d, r);
}

enum err record_load(const struct record_room *room, struct domain *d, struct record *r)
{
    if (r->instance >= end_of(room, d)) {
        return E_NOENT;
    }
    r->v = room->scope == RECORD_PER_VCPU ? d->vcpu[r->instance] : NULL;
    return room->scope == RECORD_PER_VCPU && !r->v ? E_NOENT : room->load(d, r);
}

enum err record_map_shared(struct domain *d, struct frame *f, u32 gfn)
{
    if (gfn == RECORD_NO_GFN || load_relaxed(&f->gfn) == gfn) {
        return OK;
    }
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    if (p2m_lookup(d->p2m, (gfn_t){gfn}, &mfn, &type, &order) == OK) {
        return E_EXIST;
    }
    enum err e = p2m_map_shared(d->p2m, (gfn_t){gfn}, f);
    return e == E_BUSY ? E_EXIST : e;
}

#define EL1(r)                                                        \
    {                                                                 \
        offsetof(struct el1_regs, r), offsetof(struct record_vcpu, r) \
    }

/* Where each is in memory and in the record. Any value will do: a guest may write them all itself
 * (vpidr but names the model it began on). */
static const struct {
    u16 here, there;
} el1[] = {
    EL1(sctlr),     EL1(cpacr),       EL1(ttbr0),      EL1(ttbr1),    EL1(tcr),      EL1(mair),
    EL1(amair),     EL1(vbar),        EL1(contextidr), EL1(csselr),   EL1(esr),      EL1(afsr0),
    EL1(afsr1),     EL1(far),         EL1(par),        EL1(elr),      EL1(spsr),     EL1(sp_el1),
    EL1(tpidr_el0), EL1(tpidrro_el0), EL1(tpidr_el1),  EL1(cntkctl),  EL1(vpidr),    EL1(dacr32),
    EL1(ifsr32),    EL1(spsr_abt),    EL1(spsr_und),   EL1(spsr_irq), EL1(spsr_fiq), EL1(fpexc32),
};

enum err vcpu_save(struct domain *d, struct record *r)
{
    struct record_vcpu *b = r->body;
    const struct vcpu *v = r->v;
    b->flags = (v->online ? RECORD_VCPU_ONLINE : 0) |
               (v->initialised ? RECORD_VCPU_INITIALISED : 0) | (v->fp_used ? RECORD_VCPU_FP : 0) |
               (v->el1.hcr & SERROR_PENDING ? RECORD_VCPU_SERROR : 0);
    memcpy(b->x, v->regs.x, sizeof(b->x));
    b->sp_el0 = v->regs.sp_el0;
    b->pc = v->regs.pc;
    b->pstate = v->regs.pstate;
    for (u32 i = 0; i < ARRAY_LEN(el1); i++) {
        memcpy((u8 *)b + el1[i].there, (const u8 *)&v->el1 + el1[i].here, sizeof(u64));
    }
    memcpy(b->q, v->fp->q, sizeof(b->q));
    b->fpsr = v->fp->fpsr;
    b->fpcr = v->fp->fpcr;
    return OK;
}

enum err vcpu_load(struct domain *d, const struct record *r)
{
    const struct record_vcpu *b = r->body;
    struct vcpu *v = r->v;
    bool runs = b->flags & RECORD_VCPU_INITIALISED;
    if ((b->flags & ~FLAGS) || (runs && !vcpu_pstate_is_valid(v, b->pstate)) ||
        (!runs && (b->flags & RECORD_VCPU_ONLINE))) {
        return E_INVAL;
    }
    memcpy(v->regs.x, b->x, sizeof(b->x));
    v->regs.sp_el0 = b->sp_el0;
    v->regs.pc = b->pc;
    v->regs.pstate = b->pstate;
    for (u32 i = 0; i < ARRAY_LEN(el1); i++) {
        memcpy((u8 *)&v->el1 + el1[i].here, (const u8 *)b + el1[i].there, sizeof(u64));
    }
    v->el1.hcr =
        (v->el1.hcr & ~SERROR_PENDING) | (b->flags & RECORD_VCPU_SERROR ? SERROR_PENDING : 0);
    memcpy(v->fp->q, b->q, sizeof(b->q));
    v->fp->fpsr = b->fpsr;
    v->fp->fpcr = b->fpcr;
    v->fp_used = b->flags & RECORD_VCPU_FP;
    v->fp_on = ~0u; /* what a CPU may still have is older */
    spin_lock(&d->lock);
    v->initialised = runs;
    vcpu_set_online(v, b->flags & RECORD_VCPU_ONLINE);
    spin_unlock(&d->lock);
    return OK;
}
