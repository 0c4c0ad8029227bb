/* SPDX-License-Identifier: MIT */
/* domctl(op): the table of operations, and those of a few lines. Order of checks as in Xen 4.17. */
#include "abi/domctl.h"

#include "abi/xen.h"
#include "base/string.h"
#include "call/call.h"
#include "call/control.h"
#include "call/wallclock.h"
#include "cpu/atomic.h"
#include "cpu/speculation.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

static bool is_own(const struct domain *d)
{
    return d == domain_current();
}

static enum err pause(struct domain *d, struct xen_domctl *op)
{
    if (is_own(d)) {
        return E_INVAL;
    }
    return domain_pause_by_tools(d);
}

static enum err unpause(struct domain *d, struct xen_domctl *op)
{
    return domain_unpause_by_tools(d);
}

static enum err resume(struct domain *d, struct xen_domctl *op)
{
    if (is_own(d)) {
        return E_INVAL;
    }
    err_ignore(domain_resume(d)); /* one that is not shut down just goes on */
    return OK;
}

/* The domain asked for or, when there is none of that id, the next one. */
static enum err get_info(struct domain *d, struct xen_domctl *op)
{
    if (d == NULL) {
        d = dom_next((domid_t){op->domain});
    }
    if (d == NULL) {
        return E_SRCH;
    }
    control_domain_info(d, &op->u.getdomaininfo);
    op->domain = d->id.id;
    return OK;
}

/* The one domain, or the next one that changed, of which the caller is told once. Any program of
 * dom0 may ask, for dom0 is the one domain that VIRQ_DOM_EXC is raised in. */
static enum err get_state(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_get_domain_state *state = &op->u.get_domain_state;
    domid_t id = {op->domain};
    if (state->pad0 != 0) {
        return E_INVAL;
    }
    if (d == NULL) {
        if (!domid_eq(id, DOMID_INVALID)) {
            return E_SRCH;
        }
        if (!dom_take_changed(&id)) {
            return E_NOENT;
        }
        op->domain = id.id;
        d = dom_find(id);
    }
    *state = (struct xen_domctl_get_domain_state){0};
    if (d != NULL) {
        control_domain_state(d, state);
    }
    return OK;
}

static enum err set_handle(struct domain *d, struct xen_domctl *op)
{
    spin_lock(&d->lock);
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    spin_unlock(&d->lock);
    return OK;
}

static enum err set_debugging(struct domain *d, struct xen_domctl *op)
{
    if (is_own(d)) {
        return E_INVAL;
    }
    store_relaxed(&d->debug_preempt, op->u.setdebugging.enable != 0);
    return OK;
}

static enum err set_time_offset(struct domain *d, struct xen_domctl *op)
{
    store_relaxed(&d->time_offset_seconds, (u64)op->u.settimeoffset.time_offset_seconds);
    wallclock_update(d);
    return OK;
}

static enum err set_address_size(struct domain *d, struct xen_domctl *op)
{
    u32 size = op->u.address_size.size;
    if (size != 32 && size != 64) {
        return E_INVAL;
    }
    if (load_relaxed(&d->nr_pages) != 0) {
        return E_BUSY; /* what was loaded is of the other kind */
    }
    d->is_32bit = size == 32;
    return OK;
}

static enum err get_address_size(struct domain *d, struct xen_domctl *op)
{
    op->u.address_size.size = d->is_32bit ? 32 : 64;
    return OK;
}

#define NO_DOMAIN 1u /* the operation finds or makes its own */
#define OUT       2u /* the structure goes back */
#define READ_ONLY 4u /* need not be alone */
#define CURSOR    8u /* the structure goes back on E_RESTART too: it says where to go on */

static const struct domctl_op {
    domctl_fn *fn;
    u32 flags;
} ops[128] = {
    [XEN_DOMCTL_createdomain] = {domctl_create, NO_DOMAIN | OUT},
    [XEN_DOMCTL_destroydomain] = {domctl_destroy, 0},
    [XEN_DOMCTL_pausedomain] = {pause, 0},
    [XEN_DOMCTL_unpausedomain] = {unpause, 0},
    [XEN_DOMCTL_resumedomain] = {resume, 0},
    [XEN_DOMCTL_getdomaininfo] = {get_info, NO_DOMAIN | OUT | READ_ONLY},
    [XEN_DOMCTL_get_domain_state] = {get_state, NO_DOMAIN | OUT | READ_ONLY},
    [XEN_DOMCTL_setdomainhandle] = {set_handle, 0},
    [XEN_DOMCTL_setdebugging] = {set_debugging, 0},
    [XEN_DOMCTL_settimeoffset] = {set_time_offset, 0},
    [XEN_DOMCTL_set_address_size] = {set_address_size, 0},
    [XEN_DOMCTL_get_address_size] = {get_address_size, OUT | READ_ONLY},
    [XEN_DOMCTL_sethvmcontext] = {domctl_set_records, CURSOR},
    [XEN_DOMCTL_gethvmcontext_partial] = {domctl_get_records, OUT},
    [XEN_DOMCTL_max_vcpus] = {domctl_max_vcpus, 0},
    [XEN_DOMCTL_setvcpucontext] = {domctl_set_context, 0},
    [XEN_DOMCTL_getvcpucontext] = {domctl_get_context, OUT},
    [XEN_DOMCTL_getvcpuinfo] = {domctl_get_vcpu_info, OUT | READ_ONLY},
    [XEN_DOMCTL_setvcpuaffinity] = {domctl_set_affinity, 0},
    [XEN_DOMCTL_getvcpuaffinity] = {domctl_get_affinity, READ_ONLY},
    [XEN_DOMCTL_setnodeaffinity] = {domctl_set_nodes, 0},
    [XEN_DOMCTL_getnodeaffinity] = {domctl_get_nodes, READ_ONLY},
    [XEN_DOMCTL_scheduler_op] = {domctl_scheduler_op, OUT},
    [XEN_DOMCTL_max_mem] = {domctl_max_mem, 0},
    [XEN_DOMCTL_set_paging_mempool_size] = {domctl_set_mempool, 0},
    [XEN_DOMCTL_get_paging_mempool_size] = {domctl_get_mempool, OUT | READ_ONLY},
    [XEN_DOMCTL_cacheflush] = {domctl_cache_flush, CURSOR},
    [XEN_DOMCTL_vuart_op] = {domctl_vuart, OUT},
    [XEN_DOMCTL_irq_permission] = {domctl_irq_permission, 0},
    [XEN_DOMCTL_iomem_permission] = {domctl_iomem_permission, 0},
    [XEN_DOMCTL_memory_mapping] = {domctl_memory_mapping, CURSOR},
    [XEN_DOMCTL_bind_pt_irq] = {domctl_bind_irq, 0},
    [XEN_DOMCTL_unbind_pt_irq] = {domctl_unbind_irq, 0},
};

static enum err run(const struct domctl_op *row, struct domain *d, struct xen_domctl *op)
{
    if (row->flags & READ_ONLY) {
        return row->fn(d, op);
    }
    if (!control_try_begin()) {
        return E_RESTART;
    }
    enum err e = row->fn(d, op);
    control_end();
    return e;
}

s64 call_domctl(struct vcpu *v, struct call_args *args)
{
    const gva_t argument = {args->arg[0]};
    struct xen_domctl op;
    if (copy_in(&op, argument, sizeof(op)) != OK) {
        return E_FAULT;
    }
    if (op.interface_version != XEN_DOMCTL_INTERFACE_VERSION &&
        op.cmd != XEN_DOMCTL_get_domain_state) {
        return E_ACCES;
    }
    const struct domctl_op *row = &ops[index_clamp(op.cmd, ARRAY_LEN(ops))];
    bool known = op.cmd < ARRAY_LEN(ops) && row->fn != NULL;
    struct domain *d = op.cmd == XEN_DOMCTL_createdomain ? NULL : dom_find((domid_t){op.domain});
    if (d == NULL && !(known && row->flags & NO_DOMAIN)) {
        return E_SRCH;
    }
    enum err e = permission_check(v->domain, d, __HYPERVISOR_domctl, op.cmd);
    if (e != OK) {
        return e;
    }
    if (!known) {
        return E_NOSYS;
    }
    e = run(row, d, &op);
    bool back = row->flags & (e == OK ? OUT : e == E_RESTART ? CURSOR : 0);
    return back && copy_out(argument, &op, sizeof(op)) != OK ? E_FAULT : e;
}
