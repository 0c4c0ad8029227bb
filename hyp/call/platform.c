/* SPDX-License-Identifier: MIT */
/* platform_op: what dom0's kernel does to the machine. On Arm it sets the wall clock. */
#include "abi/platform.h"
#include "abi/xen.h"
#include "call/call.h"
#include "call/wallclock.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "sync/spinlock.h"
#include "time/time.h"

/*
 * Telling every domain takes long when there are thousands. The call comes again with its arguments
 * unchanged, hence with the same epoch, and by that knows its own unfinished walk; another time set
 * meanwhile starts anew.
 */
static struct {
    struct spinlock lock;
    bool under_way;
    u64 epoch_ns;
    domid_t next;
} walk = {.lock = SPINLOCK_INIT(RANK_DOMCTL, "settime")};

static s64 settime(const struct domain *caller, const struct xen_xenpf_settime64 *t)
{
    if (t->mbz != 0) {
        return E_INVAL;
    }
    /* dom0's clock is ours plus its own offset, which is not part of the machine's time. */
    const u64 epoch_ns = (t->secs - load_relaxed(&caller->time_offset_seconds)) * NS_PER_S +
                         t->nsecs - t->system_time;
    s64 result = OK;
    spin_lock(&walk.lock);
    if (!walk.under_way || walk.epoch_ns != epoch_ns) {
        clock_set_wall(epoch_ns);
        walk.under_way = true;
        walk.epoch_ns = epoch_ns;
        walk.next = (domid_t){0};
    }
    for (struct domain *d = dom_next(walk.next); d && result == OK; d = dom_next(walk.next)) {
        wallclock_update(d);
        walk.next = (domid_t){(u16)(d->id.id + 1)};
        result = call_should_restart() ? E_RESTART : OK;
    }
    walk.under_way = result == E_RESTART;
    spin_unlock(&walk.lock);
    return result;
}

s64 call_platform_op(struct vcpu *v, struct call_args *args)
{
    struct xen_platform_op op;
    if (copy_in(&op, (gva_t){args->arg[0]}, sizeof(op)) != OK) {
        return E_FAULT;
    }
    if (op.interface_version != XENPF_INTERFACE_VERSION) {
        return E_ACCES;
    }
    const enum err e = permission_check(v->domain, NULL, __HYPERVISOR_platform_op, op.cmd);
    if (e != OK) {
        return e;
    }
    switch (op.cmd) {
    case XENPF_settime64:
        return settime(v->domain, &op.u.settime64);
    default:
        return E_NOSYS;
    }
}
