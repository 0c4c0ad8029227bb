/* SPDX-License-Identifier: MIT */
#include "abi/sched.h"
#include "abi/version.h"
#include "abi/xen.h"
#include "call/call.h"
#include "call/version.h"
#include "sched/sched.h"

_Static_assert(XENVER_version == 0 && SCHEDOP_yield == 0, "most other calls are declined at once");

s64 call_frameless(u64 command, u64 number)
{
    if ((u32)command != 0) {
        return E_RESTART;
    }
    return number == __HYPERVISOR_xen_version ? version_abi
           : number == __HYPERVISOR_sched_op  ? sched_yield_frameless()
                                              : E_RESTART;
}
