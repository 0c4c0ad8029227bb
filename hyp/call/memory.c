/* SPDX-License-Identifier: MIT */
/* memory_op(command, argument): dispatch, and the commands that only ask (abi/memory.h). */
#include "call/memory.h"

#include "abi/memory.h"
#include "abi/xen.h"
#include "cpu/atomic.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

/* Work of one stay: with the last step of a 2 MiB block on top some 13,000 instructions. */
#define STAY_PAGES 48u

bool memory_op_spend(struct memory_op *m, u32 pages)
{
    m->work += pages;
    return m->work >= STAY_PAGES || call_should_restart();
}

s64 memory_op_restart(struct memory_op *m, u64 done)
{
    m->args->arg[0] = m->command | done << MEMOP_EXTENT_SHIFT;
    return E_RESTART;
}

enum err memory_op_permit(const struct memory_op *m, struct domain *d)
{
    return permission_check(m->v->domain, d, __HYPERVISOR_memory_op, m->command);
}

static s64 ask_domain(struct memory_op *m)
{
    if (m->start != 0) {
        return E_INVAL;
    }
    struct xen_memory_domain a;
    if (copy_in(&a, m->argument, sizeof(a)) != OK) {
        return E_FAULT;
    }
    struct domain *d;
    enum err e = memory_op_find(m, a.domid, &d);
    if (e != OK) {
        return e;
    }
    switch (m->command) {
    case XENMEM_current_reservation:
        return (s64)load_relaxed(&d->nr_pages);
    case XENMEM_maximum_reservation:
        return (s64)load_relaxed(&d->max_pages);
    default:
        return (s64)load_relaxed(&d->p2m->max_gfn);
    }
}

/* A stake in free memory for a build to come. Builds do not race here (one toolstack operation at a
 * time, and a domain's pages are its own from the first step on), so the answer is whether it would
 * fit now. */
static s64 claim(struct memory_op *m)
{
    struct xen_memory_reservation r;
    if (m->start != 0) {
        return E_INVAL;
    }
    if (copy_in(&r, m->argument, sizeof(r)) != OK) {
        return E_FAULT;
    }
    if (r.extent_start.p || r.extent_order != 0 || r.mem_flags != 0) {
        return E_INVAL;
    }
    struct domain *d = dom_find((domid_t){r.domid});
    if (!d) {
        return E_INVAL;
    }
    enum err e = memory_op_permit(m, d);
    if (e != OK) {
        return e;
    }
    if (r.nr_extents == 0) {
        return OK;
    }
    const u64 has = load_relaxed(&d->nr_pages);
    if (r.nr_extents <= has || r.nr_extents > load_relaxed(&d->max_pages)) {
        return E_INVAL;
    }
    return r.nr_extents - has <= frame_nr_free() ? OK : E_NOMEM;
}

s64 call_memory_op(struct vcpu *v, struct call_args *args)
{
    struct memory_op m = {
        .v = v,
        .args = args,
        .command = (u32)args->arg[0] & MEMOP_CMD_MASK,
        .start = args->arg[0] >> MEMOP_EXTENT_SHIFT,
        .argument = {args->arg[1]},
    };
    switch (m.command) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return memory_reservation(&m);
    case XENMEM_maximum_ram_page:
        return m.start != 0 ? E_INVAL : (s64)frame_end().mfn;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return ask_domain(&m);
    case XENMEM_add_to_physmap:
        return memory_add_to_physmap(&m);
    case XENMEM_add_to_physmap_batch:
        return memory_add_to_physmap_batch(&m);
    case XENMEM_remove_from_physmap:
        return memory_remove_from_physmap(&m);
    case XENMEM_claim_pages:
        return claim(&m);
    case XENMEM_acquire_resource:
        return memory_acquire_resource(&m);
    case XENMEM_get_sharing_freed_pages:
    case XENMEM_get_sharing_shared_pages:
        return 0; /* no page is ever two domains' */
    default:
        return E_NOSYS;
    }
}
