/* SPDX-License-Identifier: MIT */
/*
 * acquire_resource: frames that a service of the hypervisor keeps for a domain, mapped into the
 * caller. The only resource is the grant table's shared frames: the tools seed a new guest's first
 * entries there.
 */
#include "abi/memory.h"
#include "call/memory.h"
#include "dom/domain.h"
#include "gnttab/gnttab.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

#define WORK_FRAME 3u

static enum err map_nth(struct memory_op *m, struct domain *d,
                        const struct xen_mem_acquire_resource *a, u64 i)
{
    u64 gfn;
    if (copy_in_nth(&gfn, (gva_t){a->frame_list.p}, i, sizeof(gfn)) != OK) {
        return E_FAULT;
    }
    struct frame *f;
    enum err e = gnttab_frame(d, (u32)(a->frame + i), &f);
    if (e != OK) {
        return e;
    }
    if (!frame_get(f, d->id)) {
        return E_INVAL;
    }
    e = p2m_map(m->v->domain->p2m, (gfn_t){gfn}, frame_to_mfn(f), 0, P2M_FOREIGN_RW);
    if (e != OK) {
        frame_put(f);
        return i == 0 ? e : E_IO;
    }
    return OK;
}

static s64 ask_size(struct memory_op *m, struct xen_mem_acquire_resource *a, u32 max)
{
    if (a->nr_frames != 0 || m->start != 0) {
        return E_INVAL;
    }
    gva_t field = {m->argument.v + offsetof(struct xen_mem_acquire_resource, nr_frames)};
    return copy_out(field, &max, sizeof(max));
}

s64 memory_acquire_resource(struct memory_op *m)
{
    struct xen_mem_acquire_resource a;
    if (copy_in(&a, m->argument, sizeof(a)) != OK) {
        return E_FAULT;
    }
    if (a.pad != 0 || a.frame >> 32 || (a.frame + a.nr_frames) >> 32) {
        return E_INVAL;
    }
    struct domain *d = dom_find((domid_t){a.domid}); /* another domain's: SELF is none */
    if (!d) {
        return E_SRCH;
    }
    if (d == m->v->domain || memory_op_permit(m, d) != OK) {
        return E_PERM;
    }
    u32 max = gnttab_max_frames(d);
    if (a.type != XENMEM_resource_grant_table || a.id != XENMEM_resource_grant_table_id_shared ||
        max == 0) {
        return E_INVAL;
    }
    if (!a.frame_list.p) {
        return ask_size(m, &a, max);
    }
    if (a.frame + a.nr_frames > max || a.nr_frames < m->start) {
        return E_INVAL;
    }
    for (u64 i = m->start; i < a.nr_frames; i++) {
        enum err e = map_nth(m, d, &a, i);
        if (e == E_RESTART) {
            return memory_op_restart(m, i);
        }
        if (e != OK) {
            return e;
        }
        if (memory_op_spend(m, WORK_FRAME) && i + 1 < a.nr_frames) {
            return memory_op_restart(m, i + 1);
        }
    }
    return OK;
}
