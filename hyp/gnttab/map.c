/* SPDX-License-Identifier: MIT */
/*
 * map_grant_ref. On Arm a mapping goes to a guest-physical address: host_addr is one, and the only
 * kind of mapping is GNTMAP_host_map, with or without GNTMAP_readonly; Xen 4.17 refuses all others
 * there, device_map included, because every domain is translated.
 *
 * dev_bus_addr is the machine address all the same: dom0's swiotlb-xen takes it as the page's bus
 * address and does DMA by it. Without an SMMU nothing needs to be mapped for that, and Xen maps a
 * granted page 1:1 into a direct-mapped domain only if it has one. Kanso has no SMMU driver yet, so
 * neither do we.
 */
#include "dom/policy.h"
#include "gnttab/grant.h"
#include "p2m/p2m.h"

/* The page is pinned: makes the leaf, which owns a reference of its own. */
static s16 map_leaf(struct domain *mapper, struct domain *granter, struct frame *f, gfn_t gfn,
                    bool readonly)
{
    if (!frame_get(f, granter->id)) {
        return GNTST_general_error; /* too many references */
    }
    enum p2m_type type = readonly ? P2M_GRANT_RO : P2M_GRANT_RW;
    if (p2m_map(mapper->p2m, gfn, frame_to_mfn(f), ORDER_4K, type) != OK) {
        frame_put(f);
        return GNTST_general_error;
    }
    return GNTST_okay;
}

/* A handle is taken, a reference on granter held. */
static s16 map_to(struct domain *mapper, struct domain *granter, u32 handle,
                  struct xen_gnttab_map_grant_ref *op)
{
    bool readonly = (op->flags & GNTMAP_readonly) != 0;
    gfn_t gfn = gaddr_to_gfn((gaddr_t){op->host_addr});
    struct frame *f;
    s16 status = grant_pin(granter, op->ref, mapper->id, readonly, true, &f);
    if (status != GNTST_okay) {
        return status;
    }
    status = map_leaf(mapper, granter, f, gfn, readonly);
    if (status != GNTST_okay) {
        grant_unpin(granter, op->ref, readonly);
        return status;
    }
    op->dev_bus_addr = frame_to_maddr(f).m;
    op->handle = handle;
    maptrack_publish(mapper->gnttab, handle,
                     (struct mapping){.granter = granter,
                                      .ref = op->ref,
                                      .gfn = (u32)gfn.gfn & (u32)BITS(MAPPING_GFN_BITS - 1, 0),
                                      .readonly = readonly});
    return GNTST_okay;
}

static s16 map_checked(struct domain *mapper, struct xen_gnttab_map_grant_ref *op)
{
    if ((op->flags & (GNTMAP_device_map | GNTMAP_host_map)) == 0) {
        return GNTST_bad_gntref;
    }
    if ((op->flags & ~(u32)GNTMAP_readonly) != GNTMAP_host_map ||
        op->host_addr >> (MAPPING_GFN_BITS + PAGE_SHIFT) != 0) {
        return GNTST_general_error;
    }
    struct domain *granter = dom_find((domid_t){op->dom});
    if (granter == NULL) {
        return GNTST_bad_domain;
    }
    if (!domain_may_share(mapper, granter)) {
        return GNTST_permission_denied;
    }
    if (!domain_get(granter)) {
        return GNTST_bad_domain; /* on its way out */
    }
    u32 handle;
    s16 status = GNTST_no_space;
    if (maptrack_take(mapper->gnttab, &handle)) {
        status = map_to(mapper, granter, handle, op);
        if (status != GNTST_okay) {
            maptrack_free(mapper->gnttab, handle);
        }
    }
    if (status != GNTST_okay) {
        domain_put(granter);
    }
    return status;
}

void gnttab_map(struct domain *mapper, struct xen_gnttab_map_grant_ref *op)
{
    op->status = map_checked(mapper, op);
}
