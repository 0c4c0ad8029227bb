/* SPDX-License-Identifier: MIT */
/* The distributor of GICv2 as a guest sees it (Arm IHI 0048 4.3), without the security extensions.
 */
#include "cpu/atomic.h"
#include "vgic/state.h"

#define GICD_CTLR          0x000
#define GICD_TYPER         0x004
#define GICD_IIDR          0x008
#define GICD_BANKS         0x080
#define GICD_SGIR          0xf00
#define GICD_CPENDSGIR     0xf10
#define GICD_SPENDSGIR     0xf20
#define GICD_SPENDSGIR_END 0xf30
#define GICD_ID            0xfd0
#define GICD_END           0x1000
#define IIDR_ARM           0x43bu

static u32 all_vcpus(const struct domain *d)
{
    return (u32)BIT(d->max_vcpus) - 1;
}

static u32 read_typer(const struct domain *d)
{
    return (NR_PRIVATE + d->vgic->nr_spis + 31) / 32 - 1 + ((d->max_vcpus - 1) << 5);
}

/* IHI 0048 4.3.15: filter 25:24, targets 23:16, interrupt 3:0 */
static void write_sgir(struct vcpu *v, u32 value)
{
    struct domain *d = v->domain;
    u32 targets;
    switch (FIELD(value, 25, 24)) {
    case 0:
        targets = (u32)FIELD(value, 23, 16) & all_vcpus(d);
        break;
    case 1:
        targets = all_vcpus(d) & ~(1u << v->id);
        break;
    case 2:
        targets = 1u << v->id;
        break;
    default:
        return;
    }
    for (; targets; targets &= targets - 1) {
        struct vcpu *to = load_acquire(&d->vcpu[bit_lowest(targets)]);
        if (to) {
            vgic_send_sgi(to, value & 0xf, v->id);
        }
    }
}

/* A byte for each SGI of the vCPU that asks: a bit for each that sent it. */
static bool access_sgi_sources(struct vcpu *v, struct mmio_access *a)
{
    if (a->bytes != 1 && a->bytes != 4) {
        return false;
    }
    enum vgic_op op = a->offset < GICD_SPENDSGIR ? OP_CLEAR_SOURCES : OP_SET_SOURCES;
    u64 value = 0;
    for (u32 i = 0; i < a->bytes; i++) {
        struct vgic_irq *irq = vgic_find(v->domain, v, (u32)(a->offset & 0xf) + i);
        u32 mask = (u32)(a->value >> i * 8) & 0xff & all_vcpus(v->domain);
        if (!a->write) {
            value |= (u64)vgic_change(irq, OP_SOURCES, 0) << i * 8;
        } else if (mask) {
            vgic_change(irq, op, mask);
        }
    }
    a->value = value;
    return true;
}

static bool access_control(struct vcpu *v, struct mmio_access *a)
{
    struct vgic *g = v->domain->vgic;
    if (a->bytes != 4) {
        return false;
    }
    if (a->write) {
        if (a->offset == GICD_CTLR) {
            vgic_forward(v->domain, a->value & 1);
        } else if (a->offset == GICD_SGIR) {
            write_sgir(v, (u32)a->value);
        }
        return true;
    }
    switch (a->offset) {
    case GICD_CTLR:
        a->value = load_relaxed(&g->enabled);
        break;
    case GICD_TYPER:
        a->value = read_typer(v->domain);
        break;
    case GICD_IIDR:
        a->value = IIDR_ARM;
        break;
    default:
        a->value = a->offset >= GICD_ID ? vgic_read_id(a->offset, 2) : 0;
        break;
    }
    return true;
}

bool vgic_v2_access_dist(struct vcpu *v, struct mmio_access *a, void *arg)
{
    (void)arg;
    if (a->offset >= GICD_END) {
        return false;
    }
    if (a->offset >= GICD_CPENDSGIR && a->offset < GICD_SPENDSGIR_END) {
        return access_sgi_sources(v, a);
    }
    if (a->offset >= GICD_BANKS && a->offset < GICD_SGIR) {
        return vgic_access_bank(v, 0, IRQ_END, a);
    }
    return access_control(v, a);
}
