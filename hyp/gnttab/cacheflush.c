/* SPDX-License-Identifier: MIT */
/*
 * GNTTABOP_cache_flush: dom0's Linux asks for it around DMA by a device that is not coherent, on
 * pages that it knows only by their machine address (dev_bus_addr): its own, and those it has
 * mapped.
 */
#include "cpu/cache.h"
#include "gnttab/grant.h"

/* Active entries looked at in one stay. */
#define SEARCH_BUDGET 1024u

/* Does mapper have a pin on f? OK, E_INVAL no, E_RESTART: searched up to *cursor. With the owner's
 * lock held. */
static enum err search_pins(struct gnttab *g, domid_t mapper, const struct frame *f, u32 *cursor)
    REQUIRES(g->lock)
{
    u32 end = g->nr_frames * (u32)GREFS_FRAME;
    u32 budget = SEARCH_BUDGET;
    for (u32 ref = *cursor; ref < end; ref++, budget--) {
        if (budget == 0) {
            *cursor = ref;
            return E_RESTART;
        }
        u64 frame = index_clamp(ref / GREFS_FRAME, g->nr_frames);
        const struct active *page = g->frames[frame].active[ref % GREFS_FRAME / ACTIVES_PAGE];
        if (page == NULL) {
            ref |= ACTIVES_PAGE - 1; /* none in this page */
            continue;
        }
        const struct active *a = &page[ref % ACTIVES_PAGE];
        if (a->frame == f && a->domid == mapper.id) {
            return OK;
        }
    }
    return E_INVAL;
}

/*
 * May the caller? Its own page, or one that it has pinned by grant. The control domain may map any
 * page of any domain, and does (a foreign mapping leaves no pin): it is not asked for one.
 */
static enum err flush_allowed(struct domain *caller, domid_t owner, const struct frame *f,
                              u32 *cursor)
{
    if (domid_eq(owner, caller->id) || caller->privileged) {
        return OK;
    }
    struct domain *d = dom_find(owner);
    if (d == NULL) {
        return E_PERM;
    }
    spin_lock(&d->gnttab->lock);
    enum err e = search_pins(d->gnttab, caller->id, f, cursor);
    spin_unlock(&d->gnttab->lock);
    return e;
}

enum err gnttab_cache_flush(struct domain *caller, const struct xen_gnttab_cache_flush *op,
                            u32 *cursor)
{
    if (op->offset >= PAGE_SIZE || op->length > PAGE_SIZE ||
        (u32)op->offset + op->length > PAGE_SIZE) {
        return E_INVAL;
    }
    if (op->length == 0 || op->op == 0) {
        return OK;
    }
    if ((op->op & GNTTAB_CACHE_SOURCE_GREF) != 0) {
        return E_OPNOTSUPP;
    }
    if ((op->op & ~(GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL)) != 0) {
        return E_INVAL;
    }
    mfn_t mfn = maddr_to_mfn((maddr_t){op->a.dev_bus_addr});
    struct frame *f = mfn_to_frame(mfn);
    if (f == NULL) {
        return E_INVAL;
    }
    domid_t owner;
    if (!frame_find_owner(mfn, &owner) || !frame_get(f, owner)) {
        return E_PERM; /* nobody's: free, or the hypervisor's */
    }
    enum err e = flush_allowed(caller, owner, f, cursor);
    if (e == OK) {
        u8 *va = frame_map(f);
        if ((op->op & GNTTAB_CACHE_INVAL) != 0) {
            /* Also for INVAL alone: throwing a dirty line away could undo the owner's writes around
             * it. */
            cache_clean_invalidate(va + op->offset, op->length);
        } else {
            cache_clean(va + op->offset, op->length);
        }
        frame_unmap(va);
    }
    frame_put(f);
    return e;
}
