/* SPDX-License-Identifier: MIT */
/*
 * List registers as a cache of the head of a vCPU's queue. When not all fit:
 *
 *   - the most urgent one that is due gets one, so that it can preempt and one is always pending
 * there;
 *   - then those that are active, so that their end finds them; of those that find no room the host
 * is told by a count of ends without a list register (LRENPIE);
 *   - then the others that are due; when some are left out, the host is told once none is pending
 * in a list register any more (NPIE).
 *
 * Ends come in the order of urgency (the running priority falls), so a counted end is that of the
 * most urgent active one that is in no list register.
 */
#include "base/panic.h"
#include "cpu/atomic.h"
#include "vgic/state.h"

static u32 all_lrs(void)
{
    return (u32)(BIT(gic_info.nr_lrs) - 1);
}

static bool has_room(const struct vgic_cpu *vc)
{
    return vc->lr_used != all_lrs();
}

/* ---- one list register ---- */

/* Hardware's part of the state comes back. The register itself is left as it is (lr_stale). */
static void fold(struct vgic_cpu *vc, u32 n)
{
    struct vgic_irq *irq = vc->lr[n];
    struct gic_lr lr = gic->lr_decode(gic->lr_read(n));
    vc->lr_used &= ~(1u << n);
    vc->lr_stale |= 1u << n; /* and vc->lr[n] says whose */
    irq->lr = LR_NONE;
    irq->active = lr.active;
    if (lr.active) {
        irq->active_source = (u8)(lr.hw ? 0 : lr.hwirq);
        irq->hw_active = lr.hw;
    } else if (lr.pending && lr.hw) {
        irq->hw_pending = true;
    }
    if (lr.pending && irq->lr_latch) {
        if (vgic_is_sgi_with_source(irq)) {
            irq->sources |= (u8)(1u << lr.hwirq);
        } else {
            irq->latch = true;
        }
    }
}

/* The pending part that a list register can show. Beside an active state: not of another source,
 * not while the latch stands for the host's interrupt, which needs a register of its own kind, and
 * not when it is to go to another vCPU. */
static bool take_pending(struct vgic_irq *irq, u32 source)
{
    if (vgic_is_sgi_with_source(irq)) {
        irq->lr_latch = irq->sources >> source & 1;
        irq->sources &= (u8) ~(1u << source);
        return irq->lr_latch;
    }
    if (irq->active && (irq->hw_pending || !irq->latch || irq->target != irq->home->id)) {
        return false;
    }
    irq->lr_latch = irq->latch;
    irq->latch = false;
    return true; /* by the latch or by the line */
}

/* There is a free one. Its own old one first, so that no two ever say the same number; then one
 * that hardware must be cleared of, which is best written at once. */
static u32 choose_slot(const struct vgic_cpu *vc, const struct vgic_irq *irq)
{
    for (u32 stale = vc->lr_stale; stale; stale &= stale - 1) {
        if (vc->lr[bit_lowest(stale)] == irq) {
            return bit_lowest(stale);
        }
    }
    return bit_lowest(vc->lr_stale ? vc->lr_stale : all_lrs() & ~vc->lr_used);
}

static void fill(struct vgic_cpu *vc, struct vgic_irq *irq)
{
    u32 n = choose_slot(vc, irq);
    bool due = vgic_is_due(irq);
    if (due && irq->active && irq->hw_active) {
        /* No register shows both, and one of the host's tells nobody of its end: from here on it is
         * software's. */
        irq_deactivate((hwirq_t){irq->hwirq});
        irq->hw_active = false;
    }
    struct gic_lr lr = {
        .virq = irq->intid,
        .priority = irq->priority,
        .active = irq->active,
        .hw = irq->active ? irq->hw_active : due && irq->hw_pending,
        .group1 = gic->version == 3,
    };
    if (vgic_is_sgi_with_source(irq)) {
        lr.hwirq = irq->active || irq->sources == 0 ? irq->active_source : bit_lowest(irq->sources);
    } else if (lr.hw) {
        lr.hwirq = irq->hwirq;
    }
    irq->lr_latch = false;
    lr.pending = due && take_pending(irq, lr.hwirq);
    if (lr.hw) {
        irq->hw_active = false;
        irq->hw_pending = false;
    }
    /* More to come once this has ended: a line that is still high, another source, the host's next.
     */
    lr.eoi_maintenance = !lr.hw && irq->enabled && vgic_is_pending(irq);
    irq->renewable =
        irq->enabled && vc->forwards && irq->target == irq->home->id && !vgic_is_pending(irq);
    gic->lr_write(n, gic->lr_encode(&lr));
    irq->lr = (u8)n;
    vc->lr[n] = irq;
    vc->lr_used |= 1u << n;
    vc->lr_stale &= ~(1u << n);
}

static void clear_stale(struct vgic_cpu *vc)
{
    while (vc->lr_stale) {
        u32 n = bit_lowest(vc->lr_stale);
        vc->lr_stale &= ~(1u << n);
        gic->lr_write(n, 0);
    }
}

/*
 * Why without the lock: which interrupts are in list registers of this CPU, only this CPU changes
 * (vc->lr, lr_used), and one that is cannot move, be masked or get another priority but here. What
 * another CPU may do meanwhile is to add to what is pending: then it raises VCPU_WORK_VGIC after it
 * has, and we fold and fill again before the guest runs.
 */
bool vgic_renew(struct vgic_irq *irq, bool hw, u32 source)
{
    const struct vgic_cpu *vc = load_acquire(&irq->home)->vgic;
    const u32 n = load_relaxed(&irq->lr);
    return vgic_is_here(vc) && n != LR_NONE && vc->lr[n] == irq && (vc->lr_used >> n & 1) &&
           vgic_renew_private(vc, irq, hw, source);
}

/* What fill() comes to when nothing was known of irq before, and nothing is left to tell after. */
bool vgic_begin(struct vgic_irq *irq, bool hw, u32 source)
{
    struct vgic_cpu *vc = irq->home->vgic;
    if (vgic_is_queued(irq) || !irq->enabled || vgic_is_pending(irq) || !vc->forwards ||
        irq->target != irq->home->id || !vgic_is_here(vc) || vc->hcr != GICH_HCR_EN ||
        vc->lr_stale != 0 || !has_room(vc)) {
        return false;
    }
    u32 n = bit_lowest(all_lrs() & ~vc->lr_used);
    struct gic_lr lr = {
        .virq = irq->intid,
        .hwirq = hw ? irq->hwirq : source,
        .priority = irq->priority,
        .pending = true,
        .hw = hw,
        .group1 = gic->version == 3,
    };
    gic->lr_write(n, gic->lr_encode(&lr));
    vc->lr[n] = irq;
    vc->lr_used |= 1u << n;
    irq->lr = (u8)n;
    irq->lr_latch = true;
    irq->renewable = true;
    vgic_enqueue(irq);
    return true;
}

/* ---- all of them ---- */

static void fold_some(struct vgic_cpu *vc, u32 which)
{
    while (which) {
        u32 n = bit_lowest(which);
        which &= ~(1u << n);
        struct vgic_irq *irq = vc->lr[n];
        fold(vc, n);
        vgic_requeue(irq);
    }
}

/* Ends that found no list register: see above. Before anything is folded. */
static void count_ends(struct vgic_cpu *vc)
{
    if (!(vc->hcr & GICH_HCR_LRENPIE)) {
        return;
    }
    u32 nr = GICH_HCR_EOICOUNT(gic->hcr_read());
    struct vgic_irq *irq;
    struct vgic_irq *next;
    list_for_each_safe(irq, next, &vc->queue, node)
    {
        if (nr == 0) {
            break;
        }
        if (irq->active && irq->lr == LR_NONE) {
            nr--;
            irq->active = false;
            if (irq->hw_active) {
                irq_deactivate((hwirq_t){irq->hwirq});
                irq->hw_active = false;
            }
            vgic_requeue(irq);
        }
    }
    vc->hcr = 0; /* the count goes with the next write */
}

void vgic_recall(struct vgic_irq *irq)
{
    struct vgic_cpu *vc = irq->home->vgic;
    if (vgic_is_here(vc)) {
        if (unlikely(vc->hcr & GICH_HCR_LRENPIE)) {
            count_ends(vc);
        }
        if (irq->lr != LR_NONE) {
            fold(vc, irq->lr);
        }
    }
}

static void set_hcr(struct vgic_cpu *vc, u32 hcr)
{
    if (vc->hcr != hcr) {
        vc->hcr = hcr;
        gic->hcr_write(hcr);
    }
}

/* The most urgent one that could preempt, or is next. */
static struct vgic_irq *find_urgent(const struct vgic_cpu *vc)
{
    struct vgic_irq *irq;
    list_for_each(irq, &vc->queue, node)
    {
        if (!irq->active && vgic_is_due(irq) && !vgic_is_stray(irq)) {
            return irq;
        }
    }
    return NULL;
}

/* Fills the empty list registers, which are all, from the queue. */
static void choose(struct vgic_cpu *vc)
{
    vc->must_refill = false;
    u32 hcr = GICH_HCR_EN;
    if (list_is_empty(&vc->queue)) {
        set_hcr(vc, hcr);
        return;
    }
    struct vgic_irq *irq;
    struct vgic_irq *urgent = find_urgent(vc);
    if (urgent) {
        fill(vc, urgent);
    }
    list_for_each(irq, &vc->queue, node)
    {
        if (irq->active && has_room(vc)) {
            fill(vc, irq);
        } else if (irq->active) {
            hcr |= GICH_HCR_LRENPIE;
        }
    }
    list_for_each(irq, &vc->queue, node)
    {
        if (irq->lr != LR_NONE || irq->active || !vgic_is_due(irq) || vgic_is_stray(irq)) {
            continue;
        }
        if (!has_room(vc)) {
            hcr |= GICH_HCR_NPIE;
            break;
        }
        fill(vc, irq);
    }
    set_hcr(vc, hcr);
}

void vgic_refill(struct vgic_cpu *vc)
{
    count_ends(vc);
    fold_some(vc, vc->lr_used);
    choose(vc);
    clear_stale(vc);
}

bool vgic_place(struct vgic_cpu *vc, struct vgic_irq *irq)
{
    if (unlikely(!has_room(vc) || vc->hcr != GICH_HCR_EN)) {
        return false;
    }
    if (irq) {
        fill(vc, irq);
    }
    if (vc->lr_stale) {
        clear_stale(vc);
    }
    return true;
}

/* ---- coming and going ---- */

/* Lock held, list registers here: the host's private interrupts that the vCPU has not ended leave
 * or enter the CPU. */
static void move_private(struct vgic_cpu *vc, bool in)
{
    for (u32 bits = vc->bound; bits; bits &= bits - 1) {
        struct vgic_irq *irq = &vc->irq[bit_lowest(bits)];
        if (!irq->hw_pending && !irq->hw_active) {
            continue;
        }
        if (in) {
            irq_activate((hwirq_t){irq->hwirq});
        } else {
            irq_deactivate((hwirq_t){irq->hwirq});
        }
    }
}

void vgic_save(struct vcpu *v)
{
    struct vgic_cpu *vc = v->vgic;
    spin_lock(&vc->lock);
    count_ends(vc);
    fold_some(vc, vc->lr_used);
    clear_stale(vc);
    gic->save(&vc->state);
    gic->hcr_write(0);
    vc->hcr = 0;
    move_private(vc, false);
    store_relaxed(&vc->loaded_on, NOT_LOADED);
    vgic_unlock(v, TELL_NOBODY);
}

void vgic_restore(struct vcpu *v)
{
    struct vgic_cpu *vc = v->vgic;
    spin_lock(&vc->lock);
    store_relaxed(&vc->loaded_on, cpu_current());
    gic->restore(&vc->state);
    move_private(vc, true);
    choose(vc);
    spin_unlock(&vc->lock);
}

/* What another CPU has added to irq, which is on the queue, goes to a list register. False: not
 * without folding. */
static bool take_in(struct vgic_cpu *vc, struct vgic_irq *irq)
{
    if (irq->lr == LR_NONE) {
        return !irq->active && (!vgic_is_due(irq) || vgic_is_stray(irq) || vgic_place(vc, irq));
    }
    if (!vgic_is_pending(irq)) {
        return true;
    }
    const u32 source = vgic_is_sgi_with_source(irq) ? bit_lowest(irq->sources) : 0;
    if (irq->hw_pending || !irq->renewable || !gic->lr_renew(irq->lr, false, source)) {
        return false;
    }
    irq->latch = false;
    irq->sources &= (u8)(irq->sources - 1u);
    irq->lr_latch = true;
    return !vgic_is_pending(irq);
}

/* Most often that is one interrupt, which is there already or finds a free one. */
static bool take_all_in(struct vgic_cpu *vc)
{
    struct vgic_irq *irq;
    if (vc->must_refill || vc->hcr != GICH_HCR_EN) {
        return false;
    }
    list_for_each(irq, &vc->queue, node)
    {
        if (!take_in(vc, irq)) {
            return false;
        }
    }
    return true;
}

void vgic_work(struct vcpu *v)
{
    spin_lock(&v->vgic->lock);
    if (vgic_is_here(v->vgic) && !take_all_in(v->vgic)) {
        vgic_refill(v->vgic);
    }
    vgic_unlock(v, TELL_NOBODY);
}

void vgic_maintenance(struct irq_desc *desc, void *arg)
{
    (void)desc;
    (void)arg;
    struct vcpu *v = this_cpu(loaded);
    if (v) {
        spin_lock(&v->vgic->lock);
        vgic_refill(v->vgic);
        vgic_unlock(v, TELL_NOBODY);
    }
}

/* ---- waiting for an interrupt ---- */

/* The priority that one must be below to reach the vCPU; 0: none does. GICH_VMCR: IHI 0048 5.3.3;
 * ICH_VMCR_EL2: IHI 0069 12.4.8. Ours are of group 0 on GICv2 and of group 1 on GICv3. */
static u32 priority_mask(const struct vgic_cpu *vc)
{
    if (vc->loaded_on != NOT_LOADED && !vgic_is_here(vc)) {
        return 0x100; /* another CPU's cannot be read: none that we know of */
    }
    u32 vmcr = vgic_is_here(vc) ? gic->vmcr_read() : vc->state.vmcr;
    if (gic->version == 2) {
        return vmcr & 1 ? (vmcr >> 27) << 3 : 0;
    }
    return vmcr & 2 ? vmcr >> 24 : 0;
}

/* Pending, not active too (then it waits for its end), and passing the mask. */
static bool is_lr_deliverable(const struct vgic_cpu *vc, u32 n, u32 mask)
{
    u64 raw = gic->lr_read(n);
    return (raw & (gic->lr_pending | gic->lr_active)) == gic->lr_pending &&
           vc->lr[n]->priority < mask;
}

/* All that is due is in our list registers: hardware knows. */
static bool has_pending_here(const struct vgic_cpu *vc)
{
    u64 busy = vc->lr_used & ~gic->lr_empty();
    if (busy == 0) {
        return false;
    }
    u32 mask = priority_mask(vc);
    for (; busy; busy &= busy - 1) {
        if (is_lr_deliverable(vc, bit_lowest(busy), mask)) {
            return true;
        }
    }
    return false;
}

static bool has_pending_on_queue(const struct vgic_cpu *vc)
{
    const struct vgic_irq *irq;
    u32 mask = priority_mask(vc);
    list_for_each(irq, &vc->queue, node)
    {
        if (irq->priority >= mask) {
            return false; /* and so are the rest */
        }
        bool found;
        if (irq->lr == LR_NONE) {
            found = vgic_is_due(irq) && !irq->active;
        } else {
            /* Another CPU's register cannot be read: it may be pending. */
            found = !vgic_is_here(vc) || is_lr_deliverable(vc, irq->lr, mask);
        }
        if (found) {
            return true;
        }
    }
    return false;
}

bool vgic_has_pending(struct vcpu *v)
{
    struct vgic_cpu *vc = v->vgic;
    if (!vc) {
        return false;
    }
    if (likely(vgic_is_here(vc) && vc->hcr == GICH_HCR_EN)) {
        return has_pending_here(vc); /* no lock: see vgic_renew() */
    }
    spin_lock(&vc->lock);
    bool found = has_pending_on_queue(vc);
    spin_unlock(&vc->lock);
    return found;
}
