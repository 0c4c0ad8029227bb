/* SPDX-License-Identifier: MIT */
/*
 * Who may ask what of whom: the control domain all, guests what a row lets them. What
 * is not in the table they may not. Whether two guests may share an event or a page is policy
 * (dom/policy.c), not asked here. test/permission/matrix.tsv is this table written out, operation
 * by operation.
 */
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/xen.h"
#include "call/call.h"
#include "dom/domain.h"

#define S      1u /* a guest, of itself */
#define O      2u /* a guest, of another domain or of the machine */
#define NOBODY 0u /* but the control domain */
#define ANY_OP ~0u

struct rule {
    u32 call;
    u32 first, last; /* sub-operations, both included */
    u32 roles;
};

/* The first row that fits decides. */
static const struct rule rules[] = {
    {__HYPERVISOR_domctl, 0, ANY_OP, NOBODY},
    {__HYPERVISOR_sysctl, 0, ANY_OP, NOBODY},
    {__HYPERVISOR_platform_op, 0, ANY_OP, NOBODY},
    {__HYPERVISOR_physdev_op, 0, ANY_OP, NOBODY},
    {__HYPERVISOR_console_io, 0, ANY_OP, NOBODY},
    {__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, SCHEDOP_remote_shutdown, NOBODY},
    {__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, XENMEM_maximum_ram_page, S | O},
    {__HYPERVISOR_memory_op, XENMEM_access_op, XENMEM_access_op, NOBODY},
    {__HYPERVISOR_memory_op, XENMEM_claim_pages, XENMEM_claim_pages, NOBODY},
    {__HYPERVISOR_memory_op, XENMEM_reserved_device_memory_map, XENMEM_acquire_resource, NOBODY},
    /* What follows acts on the caller itself or, where it names a domain, on that one for the
       tools. */
    {__HYPERVISOR_memory_op, 0, ANY_OP, S},
    {__HYPERVISOR_event_channel_op, 0, ANY_OP, S},
    {__HYPERVISOR_grant_table_op, 0, ANY_OP, S},
    {__HYPERVISOR_hvm_op, 0, ANY_OP, S},
    {__HYPERVISOR_sched_op, 0, ANY_OP, S},
    {__HYPERVISOR_vcpu_op, 0, ANY_OP, S},
    {__HYPERVISOR_vm_assist, 0, ANY_OP, S},
    {__HYPERVISOR_multicall, 0, ANY_OP, S},
    {__HYPERVISOR_xen_version, 0, ANY_OP, S | O},
};

enum err permission_check(struct domain *caller, struct domain *target, u32 call_number, u32 sub_op)
{
    if (caller->privileged) {
        return OK;
    }
    const u32 role = caller == target ? S : O;
    for (u32 i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].call == call_number && sub_op >= rules[i].first && sub_op <= rules[i].last) {
            return rules[i].roles & role ? OK : E_PERM;
        }
    }
    return E_PERM;
}
