/* SPDX-License-Identifier: MIT */
/* hvm_op: the table of numbers by which tools and guest find each other. */
#include "abi/hvm.h"
#include "abi/xen.h"
#include "call/call.h"
#include "call/hvm.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"

_Static_assert(HVM_NR_PARAMS <= ARRAY_LEN(((struct domain *)0)->hvm_param));

/* What may be set by the tools, and by the domain itself never; read by both, save the monitor's
 * ring. */
static enum err check_param(u32 op, bool own, u32 index)
{
    switch (index) {
    case HVM_PARAM_CALLBACK_IRQ:
    case HVM_PARAM_STORE_PFN:
    case HVM_PARAM_STORE_EVTCHN:
    case HVM_PARAM_CONSOLE_PFN:
    case HVM_PARAM_CONSOLE_EVTCHN:
        return own && op == HVMOP_set_param ? E_PERM : OK;
    case HVM_PARAM_MONITOR_RING_PFN:
        return own ? E_PERM : OK;
    default:
        return E_INVAL;
    }
}

bool hvm_param_is_kept(u32 index)
{
    return check_param(HVMOP_set_param, false, index) == OK;
}

static s64 param(struct vcpu *v, u32 op, gva_t argument)
{
    struct xen_hvm_param p;
    if (copy_in(&p, argument, sizeof(p)) != OK) {
        return E_FAULT;
    }
    struct domain *d;
    enum err e = permission_find(v->domain, (domid_t){p.domid}, __HYPERVISOR_hvm_op, op, &d);
    if (e == OK) {
        e = check_param(op, d == v->domain, p.index);
    }
    if (e != OK) {
        return e;
    }
    spin_lock(&d->lock);
    if (op == HVMOP_set_param) {
        d->hvm_param[p.index] = p.value;
    } else {
        p.value = d->hvm_param[p.index];
    }
    spin_unlock(&d->lock);
    return op == HVMOP_set_param ? OK : copy_out(argument, &p, sizeof(p));
}

s64 call_hvm_op(struct vcpu *v, struct call_args *args)
{
    const gva_t argument = {args->arg[1]};
    switch (args->arg[0]) {
    case HVMOP_set_param:
    case HVMOP_get_param:
        return param(v, (u32)args->arg[0], argument);
    case HVMOP_guest_request_vm_event:
        return argument.v ? E_INVAL : OK; /* nobody monitors */
    default:
        return E_NOSYS;
    }
}
