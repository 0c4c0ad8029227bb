/* SPDX-License-Identifier: MIT */
/* vcpu_op: where a vCPU's shared words lie. PSCI starts and stops vCPUs on Arm; every other command
 * is -EINVAL, as in Xen. */
#include "abi/vcpu.h"
#include "call/call.h"
#include "call/runstate.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "guestmem/guestmem.h"

static enum err register_info(struct vcpu *caller, struct vcpu *v, gva_t argument)
{
    struct xen_vcpu_register_vcpu_info info;
    if (copy_in(&info, argument, sizeof(info)) != OK) {
        return E_FAULT;
    }
    if (v != caller && load_relaxed(&v->online)) {
        return E_INVAL;
    }
    return evtchn_register_vcpu_info(v, (gfn_t){info.mfn}, info.offset);
}

static enum err register_runstate(struct vcpu *v, gva_t argument)
{
    struct xen_vcpu_register_runstate_memory_area area;
    if (copy_in(&area, argument, sizeof(area)) != OK) {
        return E_FAULT;
    }
    return runstate_register(v, (gva_t){area.addr.h.p});
}

s64 call_vcpu_op(struct vcpu *v, struct call_args *args)
{
    const struct domain *d = v->domain;
    const u32 id = (u32)args->arg[1];
    const gva_t argument = {args->arg[2]};
    struct vcpu *target = vcpu_find(d, id);
    if (!target) {
        return E_NOENT;
    }
    switch ((u32)args->arg[0]) {
    case VCPUOP_register_vcpu_info:
        return register_info(v, target, argument);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate(target, argument);
    default:
        return E_INVAL;
    }
}
