/* SPDX-License-Identifier: MIT */
#include "vgic/state.h"

#include "base/panic.h"
#include "cpu/atomic.h"
#include "cpu/speculation.h"

struct vgic_irq *vgic_find(struct domain *d, struct vcpu *v, u32 intid)
{
    if (intid < NR_PRIVATE) {
        return v && v->vgic ? &v->vgic->irq[index_clamp(intid, NR_PRIVATE)] : NULL;
    }
    u32 n = intid - NR_PRIVATE;
    if (!d->vgic || n >= d->vgic->nr_spis) {
        return NULL;
    }
    n = (u32)index_clamp(n, d->vgic->nr_spis);
    return &d->vgic->spi[n / SPI_BLOCK][n % SPI_BLOCK];
}

/* ---- the queue; lock held ---- */

void vgic_enqueue(struct vgic_irq *irq)
{
    struct list *queue = &irq->home->vgic->queue;
    struct list *at = queue;
    /* From the tail: most are of one priority and come last. */
    while (at->prev != queue &&
           list_entry(at->prev, struct vgic_irq, node)->priority > irq->priority) {
        at = at->prev;
    }
    list_insert_before(at, &irq->node);
}

void vgic_requeue(struct vgic_irq *irq)
{
    bool wanted = vgic_is_wanted(irq);
    if (wanted && !vgic_is_queued(irq)) {
        vgic_enqueue(irq);
    } else if (!wanted) {
        list_del(&irq->node);
    }
    if (wanted && vgic_is_stray(irq)) {
        irq->home->vgic->strays = true;
    }
}

void vgic_resort(struct vgic_irq *irq)
{
    if (vgic_is_queued(irq)) {
        list_del(&irq->node);
        vgic_enqueue(irq);
    }
}

/* ---- locking, moving, telling ---- */

/* Its lock was held for what it is told of. So if the bit stands still, its CPU takes the lock
 * after us and finds that; and who set the bit has it awake. */
static void tell_vcpu(struct vcpu *v, enum tell tell)
{
    if (tell == TELL_WORK) {
        if (!(load_relaxed(&v->work) & BIT(VCPU_WORK_VGIC))) {
            vcpu_raise(v, VCPU_WORK_VGIC);
        }
    } else if (tell == TELL_WAKE) {
        vcpu_wake(v);
    }
}

/* Moves a stray to its target. No locks held. */
static void move(struct vgic_irq *irq)
{
    struct vcpu *from = load_acquire(&irq->home);
    struct domain *d = from->domain;
    u32 target = irq->target; /* looked at again with the locks held */
    struct vcpu *to =
        target < d->max_vcpus ? load_acquire(&d->vcpu[index_clamp(target, d->max_vcpus)]) : NULL;
    if (!to || to == from) {
        return;
    }
    enum tell tell = TELL_NOBODY;
    spin_lock_pair(&from->vgic->lock, &to->vgic->lock);
    if (irq->home == from && irq->target == target && vgic_is_stray(irq)) {
        list_del(&irq->node);
        store_release(&irq->home, to);
        if (irq->hwirq) {
            irq_set_target((hwirq_t){irq->hwirq}, to->unit.cpu);
        }
        tell = vgic_settle(irq);
    }
    spin_unlock_pair(&from->vgic->lock, &to->vgic->lock);
    tell_vcpu(to, tell);
}

/* No locks held. Each round moves one off the queue, or finds one that cannot go and stops. */
static void move_strays(struct vcpu *home)
{
    for (u32 i = 0; i < GIC_MAX_LRS + 1; i++) {
        struct vgic_irq *irq;
        struct vgic_irq *found = NULL;
        spin_lock(&home->vgic->lock);
        list_for_each(irq, &home->vgic->queue, node)
        {
            if (vgic_is_stray(irq)) {
                found = irq;
                break;
            }
        }
        spin_unlock(&home->vgic->lock);
        if (!found) {
            return;
        }
        move(found);
        if (load_relaxed(&found->home) == home) {
            return;
        }
    }
}

/* UNCHECKED: whose lock, is known when it is taken. */
UNCHECKED struct vcpu *vgic_lock(struct vgic_irq *irq)
{
    bool tried = false;
    for (;;) {
        struct vcpu *home = load_acquire(&irq->home);
        spin_lock(&home->vgic->lock);
        if (irq->home == home) {
            if (likely(!vgic_is_stray(irq) || tried)) {
                return home;
            }
            tried = true;
        }
        /* It moved meanwhile (both locks were held for that, so it is not here any more), or it
         * should. */
        spin_unlock(&home->vgic->lock);
        if (tried) {
            move(irq);
        }
    }
}

void vgic_unlock(struct vcpu *home, enum tell tell)
{
    bool strays = home->vgic->strays;
    home->vgic->strays = false;
    spin_unlock(&home->vgic->lock);
    tell_vcpu(home, tell);
    if (unlikely(strays)) {
        move_strays(home);
    }
}

enum tell vgic_settle(struct vgic_irq *irq)
{
    struct vgic_cpu *vc = irq->home->vgic;
    if (irq->lr != LR_NONE) {
        return TELL_WORK; /* in a list register of another CPU: vgic_recall() left it there */
    }
    vgic_requeue(irq);
    bool due = vgic_is_due(irq);
    bool place = (due || irq->active) && !vgic_is_stray(irq);
    if (vgic_is_here(vc)) {
        if (!vgic_place(vc, place ? irq : NULL)) {
            return TELL_WORK; /* once for all 32 that an access may have changed */
        }
    } else if (place && vc->loaded_on != NOT_LOADED) {
        return TELL_WORK;
    }
    return place && due ? TELL_WAKE : TELL_NOBODY;
}

/* ---- events ---- */

/* vgic_renew(), of a private one of v's. */
static inline bool renew_here(struct vcpu *v, struct vgic_irq *irq, bool hw, u32 source)
{
    return vgic_is_here(v->vgic) && vgic_renew_private(v->vgic, irq, hw, source);
}

/* Pending once more. hw: the host's interrupt is active now, so whatever it stood for before has
 * ended. source: of an SGI of GICv2. Lock held. */
static enum tell pend(struct vgic_irq *irq, bool hw, u32 source)
{
    if (likely(vgic_begin(irq, hw, source))) {
        return TELL_WAKE;
    }
    vgic_recall(irq);
    if (vgic_is_sgi_with_source(irq)) {
        irq->sources |= (u8)(1u << source);
    } else {
        irq->latch = true;
    }
    irq->hw_pending |= hw;
    return vgic_settle(irq);
}

void vgic_inject(struct domain *d, struct vcpu *v, virq_t virq)
{
    struct vgic_irq *irq = vgic_find(d, v, virq.virq);
    if (!irq || !irq->home) {
        return;
    }
    if (likely(virq.virq < NR_PRIVATE ? renew_here(v, irq, false, 0) : vgic_renew(irq, false, 0))) {
        vcpu_wake_loaded(irq->home);
        return;
    }
    struct vcpu *home = vgic_lock(irq);
    vgic_unlock(home, pend(irq, false, 0));
}

void vgic_set_level(struct domain *d, struct vcpu *v, virq_t virq, bool high)
{
    struct vgic_irq *irq = vgic_find(d, v, virq.virq);
    if (!irq || !irq->home) {
        return;
    }
    struct vcpu *home = vgic_lock(irq);
    if (irq->line != high) {
        vgic_recall(irq);
        /* Configured as an edge, its rise is what counts. */
        irq->latch |= high && !irq->level;
        irq->line = high;
        home->vgic->must_refill |= irq->lr != LR_NONE; /* another CPU's, where it may fall */
        vgic_unlock(home, vgic_settle(irq));
    } else {
        vgic_unlock(home, TELL_NOBODY);
    }
}

void vgic_send_sgi(struct vcpu *to, u32 sgi, u32 source)
{
    struct vgic_irq *irq = &to->vgic->irq[index_clamp(sgi, NR_SGIS)];
    if (likely(renew_here(to, irq, false, source))) {
        vcpu_wake_loaded(to);
        return;
    }
    spin_lock(&to->vgic->lock);
    vgic_unlock(to, pend(irq, false, source));
}

void vgic_arrived(struct vgic_irq *irq, struct irq_desc *desc)
{
    if (likely(vgic_renew(irq, true, 0))) { /* in a register of the host's: it is routed still */
        vcpu_wake_loaded(irq->home);
        return;
    }
    struct vcpu *home = vgic_lock(irq);
    if (irq->hwirq != desc->hwirq.hw) { /* given back meanwhile */
        vgic_unlock(home, TELL_NOBODY);
        irq_deactivate(desc->hwirq);
        return;
    }
    u32 cpu = home->vgic->loaded_on;
    vgic_unlock(home, pend(irq, true, 0));
    if (cpu != cpu_current() && cpu != NOT_LOADED) {
        irq_set_target(desc->hwirq, cpu); /* the next one comes where its vCPU is */
    }
}

void vgic_private_fired(struct vcpu *v, virq_t virq)
{
    struct vgic_irq *irq = &v->vgic->irq[virq.virq];
    if (likely(vgic_renew_private(v->vgic, irq, true, 0))) {
        vcpu_wake_loaded(v);
        return;
    }
    spin_lock(&v->vgic->lock);
    vgic_unlock(v, pend(irq, true, 0));
}

void vgic_private_due(struct vcpu *v, virq_t virq)
{
    struct vgic_irq *irq = &v->vgic->irq[virq.virq];
    enum tell tell = TELL_NOBODY;
    spin_lock(&v->vgic->lock);
    /* Loaded: hardware tells by itself. Else vgic_restore() makes hardware's line active, as if it
     * had fired. */
    if (v->vgic->loaded_on == NOT_LOADED && !irq->hw_pending && !irq->hw_active) {
        tell = pend(irq, true, 0);
    }
    vgic_unlock(v, tell);
}
