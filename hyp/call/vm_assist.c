/* SPDX-License-Identifier: MIT */
/* vm_assist(command, type): one switch on Arm, whether the runstate area shows that it is being
 * written. */
#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "cpu/atomic.h"
#include "dom/domain.h"

s64 call_vm_assist(struct vcpu *v, struct call_args *args)
{
    const u64 bit = BIT(VMASST_TYPE_runstate_update_flag);
    if ((u32)args->arg[1] != VMASST_TYPE_runstate_update_flag) {
        return E_INVAL;
    }
    switch ((u32)args->arg[0]) {
    case VMASST_CMD_enable:
        atomic_or(&v->domain->assist, bit); /* read by runstate_write() on any CPU */
        return OK;
    case VMASST_CMD_disable:
        atomic_and(&v->domain->assist, ~bit);
        return OK;
    default:
        return E_NOSYS;
    }
}
