/* SPDX-License-Identifier: MIT */
/* add_to_physmap, add_to_physmap_batch, remove_from_physmap: what appears where (abi/memory.h). */
#include "abi/memory.h"
#include "call/memory.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "gnttab/gnttab.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

/* A batch element's cost, in pages zeroed: three copies and a mapping. */
#define WORK_ELEMENT 3u

static enum err add_shared_info(struct domain *d, u64 idx, gfn_t gfn)
{
    return idx == 0 ? p2m_map_shared(d->p2m, gfn, d->shared_info) : E_INVAL;
}

/* A grant frame that is mapped elsewhere moves. */
static enum err add_grant_frame(struct domain *d, u64 idx, gfn_t gfn)
{
    if (idx > ~0u) {
        return E_INVAL;
    }
    struct frame *f;
    enum err e = gnttab_frame(d, (u32)idx, &f);
    if (e != OK) {
        return e;
    }
    u32 old = load_relaxed(&f->gfn);
    if (old == (u32)gfn.gfn) {
        return OK;
    }
    const gfn_t there = {old};
    bool moves = old != FRAME_NO_GFN;
    if (moves) {
        err_ignore(
            p2m_unmap(d->p2m, there, frame_to_mfn(f), 0)); /* another vCPU may have been first */
    }
    e = p2m_map_shared(d->p2m, gfn, f);
    if (e != OK && moves) {
        err_ignore(p2m_map_shared(d->p2m, there, f)); /* its tables are there still */
    }
    return e;
}

/* The page of od at gfn, RAM or shared with the hypervisor, with a reference, and how it may be
 * mapped. */
static enum err get_foreign(struct domain *od, gfn_t gfn, struct frame **out, enum p2m_type *type)
{
    *type = P2M_FOREIGN_RW;
    enum err e = p2m_get_page(od->p2m, gfn, true, out);
    if (e == E_ACCES) {
        *type = P2M_FOREIGN_RO;
        e = p2m_get_page(od->p2m, gfn, false, out);
    }
    if (e == OK && (*out)->owner != od->id.id) {
        /* It borrowed the page itself, and borrowed pages are not lent on. */
        frame_put(*out);
        e = E_INVAL;
    }
    return e == OK ? OK : E_INVAL;
}

static enum err add_foreign(struct domain *d, domid_t foreign, u64 idx, gfn_t gfn)
{
    struct domain *od = dom_find_or_self(foreign);
    if (!od) {
        return E_SRCH;
    }
    if (od == d) {
        return E_INVAL;
    }
    if (!d->privileged) {
        return E_PERM;
    }
    struct frame *f;
    enum p2m_type type;
    enum err e = get_foreign(od, (gfn_t){idx}, &f, &type);
    if (e != OK) {
        return e;
    }
    e = p2m_map(d->p2m, gfn, frame_to_mfn(f), 0, type);
    if (e != OK) {
        frame_put(f);
    }
    return e;
}

/* A device page that the control domain has 1:1 may appear once more, cacheable. Others are passed
 * over in silence: that is what the ABI's users expect of a page that is not theirs. */
static enum err add_device(struct domain *d, u64 idx, gfn_t gfn)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    if (p2m_lookup(d->p2m, (gfn_t){idx}, &mfn, &type, &order) != OK || !p2m_type_is_device(type) ||
        mfn.mfn != idx || gfn.gfn == idx) {
        return OK;
    }
    return p2m_map(d->p2m, gfn, mfn, 0, P2M_DEVICE_CACHED);
}

static enum err add_one(struct domain *d, u32 space, domid_t foreign, u64 idx, gfn_t gfn)
{
    if (gfn.gfn >= P2M_GFN_END) {
        return E_INVAL;
    }
    switch (space) {
    case XENMAPSPACE_shared_info:
        return add_shared_info(d, idx, gfn);
    case XENMAPSPACE_grant_table:
        return add_grant_frame(d, idx, gfn);
    case XENMAPSPACE_gmfn_foreign:
        return add_foreign(d, foreign, idx, gfn);
    case XENMAPSPACE_dev_mmio:
        return add_device(d, idx, gfn);
    default:
        return E_NOSYS;
    }
}

static enum err find_target(struct memory_op *m, u16 domid, u32 space, struct domain **out)
{
    struct domain *d = dom_find_or_self((domid_t){domid});
    if (!d) {
        return E_SRCH;
    }
    if (space == XENMAPSPACE_dev_mmio && (d != m->v->domain || d != domain_hardware)) {
        return E_ACCES;
    }
    *out = d;
    return memory_op_permit(m, d);
}

s64 memory_add_to_physmap(struct memory_op *m)
{
    struct xen_add_to_physmap a;
    if (m->start > 0xffff) {
        return E_DOM;
    }
    if (copy_in(&a, m->argument, sizeof(a)) != OK) {
        return E_FAULT;
    }
    if (a.space == XENMAPSPACE_gmfn_foreign) {
        return E_NOSYS;
    }
    struct domain *d;
    enum err e = find_target(m, a.domid, a.space, &d);
    if (e != OK) {
        return e;
    }
    if (a.space == XENMAPSPACE_gmfn_range) {
        /* The range's one page after the other is not spoken on Arm; an empty one succeeds. */
        return a.size < m->start ? E_ILSEQ : a.size == m->start ? OK : E_NOSYS;
    }
    e = add_one(d, a.space, DOMID_INVALID, a.idx, (gfn_t){a.gpfn});
    return e == E_RESTART ? memory_op_restart(m, 0) : e;
}

static enum err add_nth(struct domain *d, const struct xen_add_to_physmap_batch *b, u64 i)
{
    u64 idx;
    u64 gfn;
    if (copy_in_nth_u64(&idx, (gva_t){b->idxs.p}, i) != OK ||
        copy_in_nth_u64(&gfn, (gva_t){b->gpfns.p}, i) != OK) {
        return E_FAULT;
    }
    enum err e = add_one(d, b->space, (domid_t){b->u.foreign_domid}, idx, (gfn_t){gfn});
    if (e == E_RESTART) {
        return e;
    }
    s32 result = e;
    return copy_out_nth((gva_t){b->errs.p}, i, &result, sizeof(result));
}

s64 memory_add_to_physmap_batch(struct memory_op *m)
{
    struct xen_add_to_physmap_batch b;
    if (m->start > 0xffff) {
        return E_DOM;
    }
    if (copy_in(&b, m->argument, sizeof(b)) != OK) {
        return E_FAULT;
    }
    if (b.space == XENMAPSPACE_gmfn_range) {
        return E_OPNOTSUPP;
    }
    struct domain *d;
    enum err e = find_target(m, b.domid, b.space, &d);
    if (e != OK) {
        return e;
    }
    if (b.space == XENMAPSPACE_dev_mmio && b.u.res0 != 0) {
        return E_OPNOTSUPP;
    }
    if (b.size < m->start) {
        return E_ILSEQ;
    }
    for (u64 i = m->start; i < b.size; i++) {
        e = add_nth(d, &b, i);
        if (e == E_RESTART) {
            return memory_op_restart(m, i);
        }
        if (e != OK) {
            return e;
        }
        if (memory_op_spend(m, WORK_ELEMENT) && i + 1u < b.size) {
            return memory_op_restart(m, i + 1);
        }
    }
    return OK;
}

s64 memory_remove_from_physmap(struct memory_op *m)
{
    struct xen_remove_from_physmap a;
    if (m->start != 0) {
        return E_INVAL;
    }
    if (copy_in(&a, m->argument, sizeof(a)) != OK) {
        return E_FAULT;
    }
    struct domain *d;
    enum err e = memory_op_find(m, a.domid, &d);
    if (e != OK) {
        return e;
    }
    if (likely(p2m_unmap_foreign(d->p2m, (gfn_t){a.gpfn}) == OK)) {
        return OK;
    }
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    if (p2m_lookup(d->p2m, (gfn_t){a.gpfn}, &mfn, &type, &order) != OK ||
        p2m_type_is_device(type)) {
        return E_NOENT;
    }
    if (type == P2M_GRANT_RW || type == P2M_GRANT_RO) {
        /* Its handle still stands: it goes by GNTTABOP_unmap_grant_ref. */
        return E_INVAL;
    }
    return p2m_unmap(d->p2m, (gfn_t){a.gpfn}, mfn, 0);
}
