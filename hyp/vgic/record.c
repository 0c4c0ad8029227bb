/* SPDX-License-Identifier: MIT */
/*
 * Interrupts as records. The vCPUs are loaded nowhere, so that no list register knows more than the
 * fields do. In which order two of one priority came is not kept.
 */
#include "base/string.h"
#include "cpu/atomic.h"
#include "dom/record.h"
#include "vgic/state.h"

#define FLAGS                                                                     \
    (RECORD_IRQ_ENABLED | RECORD_IRQ_LEVEL | RECORD_IRQ_LATCH | RECORD_IRQ_LINE | \
     RECORD_IRQ_ACTIVE | RECORD_IRQ_HW_PENDING | RECORD_IRQ_HW_ACTIVE)
/* What GICH_VMCR (IHI 0048 5.3.3) and ICH_VMCR_EL2 (IHI 0069 12.4.8) have. */
#define V2_VMCR 0xf8fc021fu
#define V3_VMCR 0xfffc021fu

/* ---- one interrupt ---- */

static void irq_out(const struct vgic_irq *irq, struct record_irq *out)
{
    *out = (struct record_irq){
        .flags = (u16)((irq->enabled ? RECORD_IRQ_ENABLED : 0) |
                       (irq->level ? RECORD_IRQ_LEVEL : 0) | (irq->latch ? RECORD_IRQ_LATCH : 0) |
                       (irq->line ? RECORD_IRQ_LINE : 0) | (irq->active ? RECORD_IRQ_ACTIVE : 0) |
                       (irq->hw_pending ? RECORD_IRQ_HW_PENDING : 0) |
                       (irq->hw_active ? RECORD_IRQ_HW_ACTIVE : 0)),
        .home = (u16)irq->home->id,
        .target = irq->target,
        .priority = irq->priority,
        .target_mask = gic->version == 2 ? irq->target_mask : 0,
        .sources = irq->sources,
        .active_source = irq->active_source,
    };
}

static bool has_vcpus(const struct domain *d, u32 mask)
{
    for (; mask; mask &= mask - 1) {
        if (!vcpu_find(d, bit_lowest(mask))) {
            return false;
        }
    }
    return true;
}

static bool target_is_valid(const struct domain *d, const struct record_irq *in)
{
    if (in->target != TARGET_NOBODY && !vcpu_find(d, in->target)) {
        return false;
    }
    if (gic->version == 3) {
        return in->target_mask == 0;
    }
    u32 first = in->target_mask ? bit_lowest(in->target_mask) : TARGET_NOBODY;
    return in->target == first && has_vcpus(d, in->target_mask);
}

/* Could the registers, and the devices, have made this of irq? */
static bool is_valid(const struct domain *d, const struct vgic_irq *irq,
                     const struct record_irq *in)
{
    bool sgi = irq->intid < NR_SGIS;
    bool sourced = vgic_is_sgi_with_source(irq);
    bool private = irq->intid < NR_PRIVATE;
    bool hw_pending = in->flags & RECORD_IRQ_HW_PENDING;
    bool hw_active = in->flags & RECORD_IRQ_HW_ACTIVE;
    return !(in->flags & ~FLAGS) && in->zero == 0 && (in->priority & ~PRIORITY_MASK) == 0 &&
           !(sgi && (in->flags & (RECORD_IRQ_LEVEL | RECORD_IRQ_LINE))) &&
           !(sourced && (in->flags & RECORD_IRQ_LATCH)) && has_vcpus(d, in->sources) &&
           (sourced || in->sources == 0) &&
           (sourced ? in->active_source < d->max_vcpus : in->active_source == 0) &&
           (private ? in->home == irq->home->id && in->target == irq->target
                    : vcpu_find(d, in->home) && target_is_valid(d, in)) &&
           !((hw_pending || hw_active) && (!private || !irq->hwirq)) &&
           !(hw_pending && !(in->flags & RECORD_IRQ_LATCH)) &&
           !(hw_active && !(in->flags & RECORD_IRQ_ACTIVE));
}

static void irq_in(struct domain *d, struct vgic_irq *irq, const struct record_irq *in)
{
    struct vcpu *from = irq->home;
    struct vcpu *to = d->vcpu[in->home];
    spin_lock_pair(&from->vgic->lock, &to->vgic->lock);
    list_del(&irq->node);
    store_release(&irq->home, to);
    store_relaxed(&irq->enabled, (in->flags & RECORD_IRQ_ENABLED) != 0);
    store_relaxed(&irq->level, (in->flags & RECORD_IRQ_LEVEL) != 0);
    irq->latch = in->flags & RECORD_IRQ_LATCH;
    irq->line = in->flags & RECORD_IRQ_LINE;
    irq->active = in->flags & RECORD_IRQ_ACTIVE;
    irq->hw_pending = in->flags & RECORD_IRQ_HW_PENDING;
    irq->hw_active = in->flags & RECORD_IRQ_HW_ACTIVE;
    irq->target = in->target;
    store_relaxed(&irq->priority, in->priority);
    store_relaxed(&irq->target_mask, in->target_mask);
    irq->sources = in->sources;
    irq->active_source = in->active_source;
    vgic_requeue(irq);
    spin_unlock_pair(&from->vgic->lock, &to->vgic->lock);
    vgic_unlock(vgic_lock(irq), TELL_NOBODY); /* a stray goes where it should be */
}

static bool are_valid(struct domain *d, const struct vgic_irq *irq, const struct record_irq *in,
                      u32 nr)
{
    for (u32 i = 0; i < nr; i++) {
        if (!is_valid(d, &irq[i], &in[i])) {
            return false;
        }
    }
    return true;
}

/* ---- the distributor ---- */

enum err vgic_save_dist(struct domain *d, struct record *r)
{
    *(struct record_vgic *)r->body =
        (struct record_vgic){.version = d->vgic->version,
                             .nr_spis = d->vgic->nr_spis,
                             .enabled = load_relaxed(&d->vgic->enabled)};
    return OK;
}

enum err vgic_load_dist(struct domain *d, const struct record *r)
{
    const struct record_vgic *b = r->body;
    if (b->enabled > 1 || b->zero != 0) {
        return E_INVAL;
    }
    if (b->version != d->vgic->version || b->nr_spis != d->vgic->nr_spis) {
        return E_OPNOTSUPP; /* as the domain was created, so it stays */
    }
    vgic_forward(d, b->enabled);
    return OK;
}

/* ---- a vCPU's ---- */

enum err vgic_save_vcpu(struct domain *d, struct record *r)
{
    struct record_vgic_vcpu *b = r->body;
    struct vgic_cpu *vc = r->v->vgic;
    spin_lock(&vc->lock);
    b->vmcr = vc->state.vmcr;
    b->asleep = vc->asleep;
    memcpy(b->apr, vc->state.apr, sizeof(b->apr));
    memcpy(b->apr0, vc->state.apr0, sizeof(b->apr0));
    for (u32 i = 0; i < NR_PRIVATE; i++) {
        irq_out(&vc->irq[i], &b->irq[i]);
    }
    spin_unlock(&vc->lock);
    return OK;
}

enum err vgic_load_vcpu(struct domain *d, const struct record *r)
{
    const struct record_vgic_vcpu *b = r->body;
    struct vgic_cpu *vc = r->v->vgic;
    if ((b->vmcr & ~(gic->version == 2 ? V2_VMCR : V3_VMCR)) || b->asleep > 1 ||
        !are_valid(d, vc->irq, b->irq, NR_PRIVATE)) {
        return E_INVAL;
    }
    spin_lock(&vc->lock);
    vc->state.vmcr = b->vmcr;
    vc->asleep = b->asleep;
    memcpy(vc->state.apr, b->apr, sizeof(b->apr));
    memcpy(vc->state.apr0, b->apr0, sizeof(b->apr0));
    spin_unlock(&vc->lock);
    for (u32 i = 0; i < NR_PRIVATE; i++) {
        irq_in(d, &vc->irq[i], &b->irq[i]);
    }
    return OK;
}

/* ---- the shared ones, a block a record ---- */

/* How many the block has: 32, or the rest at the end of what a GIC can have. 0: no such block, or
 * at home nowhere, before vCPU 0 is made. */
static u32 block_size(const struct domain *d, u32 block)
{
    u32 nr = d->vcpu[0] ? d->vgic->nr_spis : 0;
    return block < div_up(nr, SPI_BLOCK) ? MIN(SPI_BLOCK, nr - block * SPI_BLOCK) : 0;
}

enum err vgic_save_spis(struct domain *d, struct record *r)
{
    struct record_vgic_spis *b = r->body;
    u32 nr = block_size(d, r->instance);
    if (nr == 0) {
        return E_NOENT;
    }
    struct vgic_irq *irq = d->vgic->spi[r->instance];
    for (u32 i = 0; i < nr; i++) {
        if (irq[i].hwirq) {
            return E_BUSY; /* a device of the host's */
        }
        struct vcpu *home = vgic_lock(&irq[i]);
        irq_out(&irq[i], &b->irq[i]);
        vgic_unlock(home, TELL_NOBODY);
    }
    return OK;
}

enum err vgic_load_spis(struct domain *d, const struct record *r)
{
    const struct record_vgic_spis *b = r->body;
    u32 nr = block_size(d, r->instance);
    if (nr == 0) {
        return E_NOENT;
    }
    struct vgic_irq *irq = d->vgic->spi[r->instance];
    if (!are_valid(d, irq, b->irq, nr)) {
        return E_INVAL;
    }
    for (u32 i = 0; i < nr; i++) {
        irq_in(d, &irq[i], &b->irq[i]);
    }
    return OK;
}
