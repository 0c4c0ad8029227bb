/* SPDX-License-Identifier: MIT */
#include "cpu/atomic.h"
#include "gnttab/grant.h"
#include "p2m/p2m.h"

/* Handles looked at in one stay of a teardown. */
#define RELINQUISH_BUDGET 64u

static void mapping_end(struct domain *mapper, u32 handle, struct mapping *m)
{
    struct domain *granter = m->granter;
    grant_unpin(granter, m->ref, m->readonly);
    maptrack_free(mapper->gnttab, handle);
    domain_put(granter);
}

void gnttab_unmap_begin(struct gnttab_unmaps *batch, struct domain *mapper)
{
    batch->mapper = mapper;
    batch->nr = 0;
    p2m_gather_init(&batch->gather, mapper->p2m);
}

/*
 * host_addr must be where the handle's mapping was made; Xen only checks that it maps the same
 * page. If there is nothing any more (the guest removed it by other means, and its reference went
 * then) the pins still go; something else there is an error. dev_bus_addr would name a device
 * mapping, of which Arm has none: ignored.
 */
static s16 unmap_leaf(struct gnttab_unmaps *batch, struct mapping *m, u64 host_addr)
{
    gfn_t gfn = gaddr_to_gfn((gaddr_t){host_addr});
    if (gfn.gfn != m->gfn) {
        return GNTST_general_error;
    }
    mfn_t mfn = frame_to_mfn(grant_pinned(m->granter, m->ref));
    if (p2m_unmap_later(&batch->gather, gfn, mfn) == OK) {
        return GNTST_okay;
    }
    enum p2m_type type;
    u32 order;
    return p2m_lookup(batch->mapper->p2m, gfn, &mfn, &type, &order) == E_NOENT
               ? GNTST_okay
               : GNTST_general_error;
}

void gnttab_unmap(struct gnttab_unmaps *batch, struct xen_gnttab_unmap_grant_ref *op)
{
    struct gnttab *g = batch->mapper->gnttab;
    struct mapping *m = maptrack_claim(g, op->handle);
    if (m == NULL) {
        op->status = GNTST_bad_handle;
        return;
    }
    op->status = GNTST_okay;
    if (op->host_addr != 0) {
        op->status = unmap_leaf(batch, m, op->host_addr);
        if (op->status == GNTST_okay) {
            batch->handle[batch->nr++] = op->handle; /* stays claimed until the end of the batch */
            return;
        }
    }
    maptrack_put(g, m); /* stays: nothing asked for, or refused */
}

void gnttab_unmap_end(struct gnttab_unmaps *batch)
{
    p2m_gather_finish(&batch->gather);
    for (u32 i = 0; i < batch->nr; i++) {
        mapping_end(batch->mapper, batch->handle[i],
                    maptrack_find(batch->mapper->gnttab, batch->handle[i]));
    }
}

enum err gnttab_relinquish(struct domain *d, u64 *cursor)
{
    struct gnttab *g = d->gnttab;
    u32 end = load_relaxed(&g->nr_maptrack_pages) * MAPPINGS_PAGE;
    u32 handle = (u32)*cursor;
    for (u32 i = 0; handle < end && i < RELINQUISH_BUDGET; i++, handle++) {
        struct mapping *m = maptrack_claim(g, handle);
        if (m != NULL) {
            mapping_end(d, handle, m);
        }
    }
    *cursor = handle;
    return handle < end ? E_RESTART : OK;
}
