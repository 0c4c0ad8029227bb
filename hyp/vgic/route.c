/* SPDX-License-Identifier: MIT */
/*
 * The host's interrupts in guests. One that is taken for a guest stays active in the host's GIC
 * until the guest ends it; a list register with the hardware bit does that without us. Enabling and
 * triggering go through to the host's distributor as the guest writes its own.
 */
#include "cpu/atomic.h"
#include "vgic/state.h"

/* Interrupts that one step of the teardown looks at. */
#define RELINQUISH_STEP 64u

static void arrived(struct irq_desc *desc, void *arg)
{
    vgic_arrived(arg, desc);
}

static struct vgic_irq *find_spi(struct domain *d, virq_t virq)
{
    return virq.virq >= NR_PRIVATE ? vgic_find(d, NULL, virq.virq) : NULL;
}

enum err vgic_reserve_irq(struct domain *d, virq_t virq)
{
    struct vgic_irq *irq = find_spi(d, virq);
    if (!irq) {
        return E_INVAL;
    }
    if (irq->hwirq) {
        return E_BUSY;
    }
    irq->reserved = true; /* nobody runs who could write the flags beside it */
    return OK;
}

enum err vgic_route_irq(struct domain *d, virq_t virq, hwirq_t hwirq, enum irq_trigger trigger)
{
    struct vgic_irq *irq = find_spi(d, virq);
    if (!irq || hwirq.hw < IRQ_FIRST_SPI || hwirq.hw >= IRQ_END) {
        return E_INVAL;
    }
    if (irq->hwirq ||
        irq->reserved) { /* routing is the tools', one at a time: nobody else writes it */
        return E_BUSY;
    }
    enum err e = irq_route_guest(hwirq, arrived, irq);
    if (e != OK) {
        return e;
    }
    irq_set_trigger(hwirq, trigger);
    irq->hwirq = (u16)hwirq.hw;
    store_relaxed(&irq->level, trigger == IRQ_LEVEL_HIGH);
    struct vcpu *home = load_acquire(&irq->home);
    if (home) {
        irq_set_target(hwirq, home->unit.cpu);
        if (irq->enabled) {
            irq_enable(hwirq);
        }
    }
    return OK;
}

enum err vgic_unroute_irq(struct domain *d, virq_t virq)
{
    struct vgic_irq *irq = find_spi(d, virq);
    if (!irq) {
        return E_INVAL;
    }
    if (!irq->hwirq) {
        return E_NOENT;
    }
    irq_release((hwirq_t){irq->hwirq});
    if (irq->home) {
        vgic_change(irq, OP_UNROUTE, 0);
    } else {
        irq->hwirq = 0;
    }
    return OK;
}

void vgic_bind_private(struct vcpu *v, virq_t virq, hwirq_t hwirq)
{
    struct vgic_cpu *vc = v->vgic;
    spin_lock(&vc->lock);
    vc->irq[virq.virq].hwirq = (u16)hwirq.hw;
    vc->bound |= 1u << virq.virq;
    spin_unlock(&vc->lock);
}

enum err vgic_relinquish(struct domain *d, u64 *cursor)
{
    u32 nr = d->vgic ? d->vgic->nr_spis : 0;
    for (u32 i = 0; i < RELINQUISH_STEP; i++) {
        if (*cursor >= nr) {
            return OK;
        }
        err_ignore(vgic_unroute_irq(
            d, (virq_t){NR_PRIVATE + (u32)*cursor})); /* most are none of the host's */
        ++*cursor;
    }
    return E_RESTART;
}
