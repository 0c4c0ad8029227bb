/* SPDX-License-Identifier: MIT */
/* Where a domain finds its interrupt controller. GICv2's CPU interface is hardware's virtual one,
 * mapped. */
#include "abi/arm.h"
#include "p2m/p2m.h"
#include "vgic/state.h"

#define REDIST_STRIDE 0x20000u
#define GICC_BYTES    (2 * PAGE_SIZE)
#define ALIAS_OFFSET  0xf000u

static enum err map_gicv(struct domain *d, u64 guest, u64 machine, u64 bytes)
{
    enum err e = OK;
    for (u64 at = 0; e == OK && at < bytes; at += PAGE_SIZE) {
        e = p2m_map(d->p2m, gaddr_to_gfn((gaddr_t){guest + at}),
                    maddr_to_mfn((maddr_t){machine + at}), ORDER_4K, P2M_DEVICE);
    }
    return e;
}

/* slots: vCPUs from first on that have room in bytes. */
static enum err register_redist(struct domain *d, struct vgic_redist *r, u64 base, u64 bytes,
                                u32 first, u32 stride)
{
    u32 slots = (u32)MIN(bytes / stride, (u64)(d->max_vcpus - first));
    *r = (struct vgic_redist){.first = first, .end = first + slots, .stride = stride};
    if (slots == 0) {
        return OK;
    }
    return mmio_register(d, (gaddr_t){base}, (u64)slots * stride, vgic_v3_access_redist, r);
}

static enum err register_dist(struct domain *d, u64 base, u64 bytes)
{
    return mmio_register(d, (gaddr_t){base}, bytes,
                         d->vgic->version == 2 ? vgic_v2_access_dist : vgic_v3_access_dist, NULL);
}

enum err vgic_map_guest(struct domain *d)
{
    if (d->vgic->version == 2) {
        /* The two pages of GICV. Where each is repeated through 64 KiB, they are neighbours at the
         * last repetition. */
        u64 gicv = gic_info.vcpu.m + (gic_info.aliased_64k ? ALIAS_OFFSET : 0);
        enum err e = register_dist(d, GUEST_GICD_BASE, GUEST_GICD_SIZE);
        return e == OK ? map_gicv(d, GUEST_GICC_BASE, gicv, GICC_BYTES) : e;
    }
    enum err e = register_dist(d, GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE);
    return e == OK ? register_redist(d, &d->vgic->redist[0], GUEST_GICV3_GICR0_BASE,
                                     GUEST_GICV3_GICR0_SIZE, 0, REDIST_STRIDE)
                   : e;
}

enum err vgic_map_hardware(struct domain *d)
{
    enum err e = register_dist(d, gic_info.dist.m, gic_info.dist_bytes);
    if (e == OK && d->vgic->version == 2) {
        /* dom0 sees all of what its tree names, and looks for the repetition itself. */
        u64 bytes = MIN(gic_info.cpu_bytes, gic_info.vcpu_bytes);
        return map_gicv(d, gic_info.cpu.m, gic_info.vcpu.m,
                        gic_info.aliased_64k ? bytes : GICC_BYTES);
    }
    u32 stride = gic_info.redist_stride ? gic_info.redist_stride : REDIST_STRIDE;
    u32 first = 0;
    for (u32 i = 0; e == OK && i < gic_info.nr_redist_regions; i++) {
        struct vgic_redist *r = &d->vgic->redist[i];
        e = register_redist(d, r, gic_info.redist[i].base.m, gic_info.redist[i].bytes, first,
                            stride);
        first = r->end;
    }
    return e == OK && first < d->max_vcpus ? E_NOSPC : e;
}
