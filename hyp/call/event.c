/* SPDX-License-Identifier: MIT */
/* event_channel_op(command, argument): decodes; the work is evtchn/'s. */
#include "abi/event.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "guestmem/guestmem.h"

/*
 * Continuations. A reset that was interrupted comes back as a command of its own, as in Xen (a
 * guest may issue it: E_BUSY unless one is under way). An expand_array carries the next port above
 * the command; a guest that makes such a number up has ports looked at again, to no effect.
 */
#define RESET_AGAIN            14u
#define CURSOR_SHIFT           8
#define COMMAND_MASK           0xffu
#define EXPAND_CURSOR(command) ((command) >> CURSOR_SHIFT)

static enum err permitted(struct domain *d, struct domain *target, u32 command)
{
    return target == NULL ? E_SRCH
                          : permission_check(d, target, __HYPERVISOR_event_channel_op, command);
}

/* Nobody was told of the port: it goes back. */
static enum err take_back(struct domain *d, port_t port)
{
    err_ignore(evtchn_close(d, port)); /* if it is another's by now, that one closed ours */
    return E_FAULT;
}

static enum err op_alloc_unbound(struct domain *d, gva_t arg)
{
    struct xen_evtchn_alloc_unbound op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    struct domain *target = dom_find_or_self((domid_t){op.dom});
    enum err e = permitted(d, target, EVTCHNOP_alloc_unbound);
    port_t port;
    if (e == OK) {
        e = evtchn_alloc_unbound(target, (domid_t){op.remote_dom}, &port);
    }
    if (e == OK) {
        op.port = port.port;
        e = copy_out(arg, &op, sizeof(op)) == OK ? OK : take_back(target, port);
    }
    return e;
}

static enum err op_bind_interdomain(struct domain *d, gva_t arg)
{
    struct xen_evtchn_bind_interdomain op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    struct domain *remote = dom_find_or_self((domid_t){op.remote_dom});
    if (remote == NULL) {
        return E_SRCH;
    }
    port_t port;
    enum err e = evtchn_bind_interdomain(d, remote, (port_t){op.remote_port}, &port);
    if (e == OK) {
        op.local_port = port.port;
        e = copy_out(arg, &op, sizeof(op)) == OK ? OK : take_back(d, port);
    }
    return e;
}

static enum err op_bind_virq(struct domain *d, gva_t arg)
{
    struct xen_evtchn_bind_virq op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    port_t port;
    enum err e = evtchn_bind_virq(d, op.virq, op.vcpu, &port);
    if (e == OK) {
        op.port = port.port;
        e = copy_out(arg, &op, sizeof(op)) == OK ? OK : take_back(d, port);
    }
    /* Who has just come to hear of domains knows none. */
    if (e == OK && op.virq == VIRQ_DOM_EXC && d == domain_hardware) {
        dom_mark_all_changed();
    }
    return e;
}

static enum err op_bind_ipi(struct domain *d, gva_t arg)
{
    struct xen_evtchn_bind_ipi op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    port_t port;
    enum err e = evtchn_bind_ipi(d, op.vcpu, &port);
    if (e == OK) {
        op.port = port.port;
        e = copy_out(arg, &op, sizeof(op)) == OK ? OK : take_back(d, port);
    }
    return e;
}

static enum err op_status(struct domain *d, gva_t arg)
{
    struct xen_evtchn_status op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    struct domain *target = dom_find_or_self((domid_t){op.dom});
    enum err e = permitted(d, target, EVTCHNOP_status);
    if (e == OK) {
        e = evtchn_status(target, (port_t){op.port}, &op);
    }
    return e == OK ? copy_out(arg, &op, sizeof(op)) : e;
}

static enum err op_bind_vcpu(struct domain *d, gva_t arg)
{
    struct xen_evtchn_bind_vcpu op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    return evtchn_bind_vcpu(d, (port_t){op.port}, op.vcpu);
}

static enum err op_reset(struct domain *d, gva_t arg, struct call_args *args)
{
    struct xen_evtchn_reset op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    struct domain *target = dom_find_or_self((domid_t){op.dom});
    enum err e = permitted(d, target, EVTCHNOP_reset);
    if (e != OK) {
        return e;
    }
    const bool again = args->arg[0] == RESET_AGAIN;
    /* Its ports would go under its feet. One look a stay is enough: that harms nobody but the guest
     * (which may reset itself while its other vCPUs run), and who unpauses it now meant it. */
    if (target != d && !load_relaxed(&target->paused_by_tools)) {
        if (again) {
            evtchn_reset_abandon(target);
        }
        return E_INVAL;
    }
    e = evtchn_reset(target, again);
    if (e == E_RESTART) {
        args->arg[0] = RESET_AGAIN;
    }
    return e;
}

static enum err op_init_control(struct domain *d, gva_t arg)
{
    struct xen_evtchn_init_control op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    enum err e = evtchn_init_control(d, op.vcpu, (gfn_t){op.control_gfn}, op.offset, &op.link_bits);
    return e == OK ? copy_out(arg, &op, sizeof(op)) : e;
}

static enum err op_expand_array(struct domain *d, gva_t arg, struct call_args *args)
{
    struct xen_evtchn_expand_array op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    u32 cursor = EXPAND_CURSOR((u32)args->arg[0]) & (u32)EVTCHN_FIFO_LINK_MASK;
    enum err e = evtchn_expand_array(d, (gfn_t){op.array_gfn}, &cursor);
    if (e == E_RESTART) {
        args->arg[0] = EVTCHNOP_expand_array | cursor << CURSOR_SHIFT;
    }
    return e;
}

static enum err op_set_priority(struct domain *d, gva_t arg)
{
    struct xen_evtchn_set_priority op;
    if (copy_in(&op, arg, sizeof(op)) != OK) {
        return E_FAULT;
    }
    return evtchn_set_priority(d, (port_t){op.port}, op.priority);
}

/* All that is not done all the time. */
static __noinline s64 seldom(struct domain *d, struct call_args *args)
{
    u32 command = (u32)args->arg[0];
    gva_t arg = {args->arg[1]};
    switch (command) {
    case EVTCHNOP_alloc_unbound:
        return op_alloc_unbound(d, arg);
    case EVTCHNOP_bind_interdomain:
        return op_bind_interdomain(d, arg);
    case EVTCHNOP_bind_virq:
        return op_bind_virq(d, arg);
    case EVTCHNOP_bind_ipi:
        return op_bind_ipi(d, arg);
    case EVTCHNOP_bind_vcpu:
        return op_bind_vcpu(d, arg);
    case EVTCHNOP_status:
        return op_status(d, arg);
    case EVTCHNOP_reset:
    case RESET_AGAIN:
        return op_reset(d, arg, args);
    case EVTCHNOP_init_control:
        return op_init_control(d, arg);
    case EVTCHNOP_set_priority:
        return op_set_priority(d, arg);
    default:
        /* bind_pirq among them: no such thing on Arm. */
        return (command & COMMAND_MASK) == EVTCHNOP_expand_array ? op_expand_array(d, arg, args)
                                                                 : E_NOSYS;
    }
}

/* close, send and unmask: the port is all of their structure. */
s64 call_event_channel_op(struct vcpu *v, struct call_args *args)
{
    _Static_assert(sizeof(struct xen_evtchn_send) == sizeof(u32));
    struct domain *d = v->domain;
    const u32 command = (u32)args->arg[0];
    port_t port;
    if (command != EVTCHNOP_send && command != EVTCHNOP_unmask && command != EVTCHNOP_close) {
        return seldom(d, args);
    }
    if (unlikely(copy_in_u32(&port.port, (gva_t){args->arg[1]}) != OK)) {
        return E_FAULT;
    }
    return likely(command == EVTCHNOP_send) ? evtchn_send(d, port)
           : command == EVTCHNOP_unmask     ? evtchn_unmask(d, port)
                                            : evtchn_close(d, port);
}
