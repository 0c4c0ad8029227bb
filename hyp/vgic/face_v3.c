/* SPDX-License-Identifier: MIT */
/*
 * Distributor, redistributors and SGIs of GICv3 as a guest sees them (Arm IHI 0069): one security
 * state, affinity routing always on, no LPIs. A vCPU's affinity is its number, 16 to a cluster
 * (vcpu_mpidr()).
 */
#include "cpu/atomic.h"
#include "vgic/state.h"

#define GICD_CTLR        0x0000
#define GICD_TYPER       0x0004
#define GICD_IIDR        0x0008
#define GICD_BANKS       0x0080
#define GICD_BANKS_END   0x1000
#define GICD_IROUTER     0x6000
#define GICD_IROUTER_END (GICD_IROUTER + IRQ_END * 8)
#define GICD_END         0x10000
#define ID               0xffd0
#define GICR_CTLR        0x0000
#define GICR_IIDR        0x0004
#define GICR_TYPER       0x0008
#define GICR_WAKER       0x0014
#define GICR_SGI_BASE    0x10000
#define GICR_END         0x20000

#define CTLR_GROUP1           BIT(1)
#define CTLR_ARE              BIT(4)
#define CTLR_DS               BIT(6)
#define TYPER_INTID_BITS(n)   ((u64)((n)-1) << 19)
#define TYPER_NO_1_OF_N       BIT(25)
#define GICR_TYPER_LAST       BIT(4)
#define WAKER_PROCESSOR_SLEEP BIT(1)
#define WAKER_CHILDREN_ASLEEP BIT(2)
#define IIDR_ARM              0x43bu
#define PER_CLUSTER           16u

/* The vCPU with this affinity (Aff3 in 39:32), or TARGET_NOBODY. */
static u32 vcpu_of_affinity(const struct domain *d, u64 affinity)
{
    u64 id = FIELD(affinity, 15, 8) * PER_CLUSTER + FIELD(affinity, 7, 0);
    bool ok = FIELD(affinity, 7, 0) < PER_CLUSTER && !FIELD(affinity, 23, 16) &&
              !FIELD(affinity, 39, 32) && vcpu_find(d, id);
    return ok ? (u32)id : TARGET_NOBODY;
}

static u64 affinity_of(u32 vcpu)
{
    return vcpu % PER_CLUSTER | (u64)(vcpu / PER_CLUSTER) << 8;
}

/* 64 bits, or either half. */
static bool access_router(struct vcpu *v, struct mmio_access *a)
{
    if (a->bytes != 8 && a->bytes != 4) {
        return false;
    }
    u32 intid = (u32)(a->offset - GICD_IROUTER) / 8;
    u32 shift = a->offset & 4 ? 32 : 0;
    struct vgic_irq *irq = intid >= NR_PRIVATE ? vgic_find(v->domain, v, intid) : NULL;
    if (!irq || !irq->home) {
        return vgic_access_nothing(a);
    }
    u64 value = affinity_of(irq->target);
    if (!a->write) {
        a->value = value >> shift;
        return true;
    }
    u64 changed = a->bytes == 8 ? ~0ULL : 0xffffffffULL << shift;
    value = (value & ~changed) | (a->value << shift & changed);
    vgic_change(irq, OP_SET_TARGET, vcpu_of_affinity(v->domain, value));
    return true;
}

static u32 read_dist(const struct vgic *g, u64 offset)
{
    switch (offset) {
    case GICD_CTLR:
        return (u32)(CTLR_DS | CTLR_ARE | (load_relaxed(&g->enabled) ? CTLR_GROUP1 : 0));
    case GICD_TYPER:
        return (u32)((NR_PRIVATE + g->nr_spis + 31) / 32 - 1 + TYPER_INTID_BITS(10) +
                     TYPER_NO_1_OF_N);
    case GICD_IIDR:
        return IIDR_ARM;
    default:
        return offset >= ID ? vgic_read_id(offset, 3) : 0;
    }
}

bool vgic_v3_access_dist(struct vcpu *v, struct mmio_access *a, void *arg)
{
    (void)arg;
    if (a->offset >= GICD_END) {
        return false;
    }
    if (a->offset >= GICD_BANKS && a->offset < GICD_BANKS_END) {
        return vgic_access_bank(v, NR_PRIVATE, IRQ_END, a);
    }
    if (a->offset >= GICD_IROUTER && a->offset < GICD_IROUTER_END) {
        return access_router(v, a);
    }
    if (a->bytes != 4) {
        return false;
    }
    if (!a->write) {
        a->value = read_dist(v->domain->vgic, a->offset);
    } else if (a->offset == GICD_CTLR) {
        vgic_forward(v->domain, a->value & CTLR_GROUP1);
    }
    return true;
}

/* GICR_TYPER: affinity 63:32, number 23:8, Last */
static u64 read_redist_typer(const struct vcpu *of, const struct vgic_redist *r)
{
    bool last = of->id + 1 == r->end || of->id + 1 == of->domain->max_vcpus;
    return affinity_of(of->id) << 32 | (u64)of->id << 8 | (last ? GICR_TYPER_LAST : 0);
}

static bool access_redist_control(struct vcpu *of, const struct vgic_redist *r,
                                  struct mmio_access *a)
{
    u64 typer = read_redist_typer(of, r);
    if (a->bytes == 8 && a->offset == GICR_TYPER) {
        a->value = typer;
        return true;
    }
    if (a->bytes != 4) {
        /* The 64-bit registers beyond are those of LPIs. */
        return a->bytes == 8 && a->offset > GICR_WAKER && a->offset < 0x200 &&
               vgic_access_nothing(a);
    }
    if (a->write) {
        if (a->offset == GICR_WAKER) {
            of->vgic->asleep = a->value & WAKER_PROCESSOR_SLEEP;
        }
        return true;
    }
    switch (a->offset) {
    case GICR_IIDR:
        a->value = IIDR_ARM;
        break;
    case GICR_TYPER:
        a->value = (u32)typer;
        break;
    case GICR_TYPER + 4:
        a->value = typer >> 32;
        break;
    case GICR_WAKER:
        a->value = of->vgic->asleep ? WAKER_PROCESSOR_SLEEP | WAKER_CHILDREN_ASLEEP : 0;
        break;
    default:
        a->value = a->offset >= ID ? vgic_read_id(a->offset, 3) : 0;
        break;
    }
    return true;
}

bool vgic_v3_access_redist(struct vcpu *v, struct mmio_access *a, void *arg)
{
    const struct vgic_redist *r = arg;
    struct domain *d = v->domain;
    u64 id = r->first + a->offset / r->stride;
    u64 offset = a->offset % r->stride;
    struct vcpu *of = id < r->end ? vcpu_find(d, id) : NULL;
    if (!of || offset >= GICR_END) {
        return false;
    }
    struct mmio_access sub = *a;
    bool ok;
    if (offset < GICR_SGI_BASE) {
        sub.offset = offset;
        ok = access_redist_control(of, r, &sub);
    } else {
        sub.offset = offset - GICR_SGI_BASE;
        ok = sub.offset >= GICD_BANKS && sub.offset < GICD_BANKS_END
                 ? vgic_access_bank(of, 0, NR_PRIVATE, &sub)
                 : sub.bytes == 4 && vgic_access_nothing(&sub);
    }
    a->value = sub.value;
    return ok;
}

/* 12.2.22: Aff3 55:48, range 47:44, all but self 40, Aff2 39:32, interrupt 27:24, Aff1 23:16,
 * targets 15:0 */
void vgic_sgi1r_write(struct vcpu *v, u64 value)
{
    struct domain *d = v->domain;
    u32 sgi = (u32)FIELD(value, 27, 24);
    if (value & BIT(40)) {
        for (struct vcpu *to = vcpu_next(d, 0); to; to = vcpu_next(d, to->id + 1)) {
            if (to != v) {
                vgic_send_sgi(to, sgi, 0);
            }
        }
        return;
    }
    if (FIELD(value, 55, 44) || FIELD(value, 39, 32)) {
        return; /* no vCPU has such an affinity */
    }
    u64 first = FIELD(value, 23, 16) * PER_CLUSTER;
    for (u64 bits = value & 0xffff; bits; bits &= bits - 1) {
        struct vcpu *to = vcpu_find(d, first + bit_lowest(bits));
        if (to) {
            vgic_send_sgi(to, sgi, 0);
        }
    }
}
