/* SPDX-License-Identifier: MIT */
/* sched_op: a domain gives up the CPU, waits, or ends. */
#include "abi/arm.h"
#include "abi/event.h"
#include "abi/sched.h"
#include "abi/xen.h"
#include "call/call.h"
#include "call/sched_op.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "guestmem/guestmem.h"
#include "mem/slab.h"
#include "sched/sched.h"
#include "time/time.h"

#define POLL_MAX_PORTS 128u

static void poll_timeout(void *arg)
{
    vcpu_raise(arg, VCPU_WORK_POLL);
}

void sched_op_poll_end(struct vcpu *v)
{
    if (v->poll_timer) {
        timer_cancel(v->poll_timer);
    }
    evtchn_poll_end(v);
}

void sched_op_destroy_vcpu(struct vcpu *v)
{
    sched_op_poll_end(v);
    if (v->poll_timer) {
        heap_free(v->poll_timer, sizeof(*v->poll_timer));
        v->poll_timer = NULL;
    }
}

/* Made when a vCPU first asks for a time-out. Only the vCPU itself comes here. */
static enum err need_timer(struct vcpu *v)
{
    if (v->poll_timer) {
        return OK;
    }
    v->poll_timer = heap_alloc(sizeof(*v->poll_timer));
    if (!v->poll_timer) {
        return E_NOMEM;
    }
    timer_init(v->poll_timer, poll_timeout, v);
    return OK;
}

static enum err decode_ports(struct domain *d, const struct xen_sched_poll *poll, u32 *ports)
{
    if (poll->nr_ports > POLL_MAX_PORTS) {
        return E_INVAL;
    }
    if (poll->nr_ports == 0) {
        return OK;
    }
    if (copy_in(ports, (gva_t){poll->ports.p}, poll->nr_ports * (u32)sizeof(*ports)) != OK) {
        return E_FAULT;
    }
    for (u32 i = 0; i < poll->nr_ports; i++) {
        struct xen_evtchn_status status;
        const enum err e = evtchn_status(d, (port_t){ports[i]}, &status);
        if (e != OK) {
            return e;
        }
    }
    return OK;
}

static enum err op_poll(struct vcpu *v, gva_t argument)
{
    struct xen_sched_poll poll;
    u32 ports[POLL_MAX_PORTS];
    if (copy_in(&poll, argument, sizeof(poll)) != OK) {
        return E_FAULT;
    }
    enum err e = decode_ports(v->domain, &poll, ports);
    if (e == OK && poll.timeout != 0) {
        e = need_timer(v);
    }
    if (e != OK) {
        return e;
    }

    if (load_relaxed(&v->poll_state) != 0) { /* an earlier one that an interrupt ended */
        sched_op_poll_end(v);
    }
    evtchn_poll_begin(v, poll.nr_ports == 1 ? ports[0] : 0);
    for (u32 i = 0; i < poll.nr_ports; i++) {
        if (evtchn_is_port_pending(v->domain, (port_t){ports[i]})) {
            sched_op_poll_end(v);
            return OK;
        }
    }
    if (poll.timeout != 0) {
        timer_set(v->poll_timer, poll.timeout);
    }
    vcpu_block(v); /* not if an event has come since begin: that raised VCPU_WORK_POLL */
    return OK;
}

static enum err op_shutdown(struct domain *d, gva_t argument)
{
    struct xen_sched_shutdown shutdown;
    if (copy_in(&shutdown, argument, sizeof(shutdown)) != OK) {
        return E_FAULT;
    }
    domain_shutdown(d, (u8)shutdown.reason);
    return OK;
}

/* What the domain says of itself first is what its shutdown will say. */
static enum err op_shutdown_code(struct domain *d, gva_t argument)
{
    struct xen_sched_shutdown shutdown;
    if (copy_in(&shutdown, argument, sizeof(shutdown)) != OK) {
        return E_FAULT;
    }
    spin_lock(&d->lock);
    if (d->shutdown_code == NO_SHUTDOWN_CODE) {
        d->shutdown_code = (u8)shutdown.reason;
    }
    spin_unlock(&d->lock);
    return OK;
}

static enum err op_remote_shutdown(struct domain *caller, gva_t argument)
{
    struct xen_sched_remote_shutdown remote;
    if (copy_in(&remote, argument, sizeof(remote)) != OK) {
        return E_FAULT;
    }
    struct domain *d = dom_find((domid_t){remote.domain_id});
    if (!d) {
        return E_SRCH;
    }
    const enum err e = permission_check(caller, d, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown);
    if (e == OK) {
        domain_shutdown(d, (u8)remote.reason);
    }
    return e;
}

s64 call_sched_op(struct vcpu *v, struct call_args *args)
{
    const gva_t argument = {args->arg[1]};
    switch ((u32)args->arg[0]) {
    case SCHEDOP_yield:
        sched_yield_unit(&v->unit);
        return OK;
    case SCHEDOP_block:
        v->regs.pstate &= ~(u64)PSR_IRQ_MASK; /* the guest wants to be woken by what it masked */
        vcpu_block(v);
        return OK;
    case SCHEDOP_shutdown:
        return op_shutdown(v->domain, argument);
    case SCHEDOP_shutdown_code:
        return op_shutdown_code(v->domain, argument);
    case SCHEDOP_poll:
        return op_poll(v, argument);
    case SCHEDOP_remote_shutdown:
        return op_remote_shutdown(v->domain, argument);
    default:
        return E_NOSYS;
    }
}
