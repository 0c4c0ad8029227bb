/* SPDX-License-Identifier: MIT */
/*
 * Who may ask what of whom: one row a range of operations, one bit a role. What is not in the table
 * only the control domain may. Whether two guests may share an event or a page is policy
 * (dom/policy.c), not asked here. test/permission/matrix.tsv is this table written out, operation
 * by operation.
 */
#include "abi/memory.h"
#include "abi/sched.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "dom/domain.h"

#define S      (1u << ROLE_GUEST_SELF)
#define O      (1u << ROLE_GUEST_OTHER)
#define C      (1u << ROLE_CONTROL)
#define ANY_OP ~0u

struct rule {
    u32 call;
    u32 first, last; /* sub-operations, both included */
    u32 roles;
};

/* The first row that fits decides. */
static const struct rule rules[] = {
    {__HYPERVISOR_domctl, 0, ANY_OP, C},
    {__HYPERVISOR_sysctl, 0, ANY_OP, C},
    {__HYPERVISOR_platform_op, 0, ANY_OP, C},
    {__HYPERVISOR_physdev_op, 0, ANY_OP, C},
    {__HYPERVISOR_console_io, 0, ANY_OP, C},
    {__HYPERVISOR_sched_op, SCHEDOP_remote_shutdown, SCHEDOP_remote_shutdown, C},
    {__HYPERVISOR_memory_op, XENMEM_maximum_ram_page, XENMEM_maximum_ram_page, S | O | C},
    {__HYPERVISOR_memory_op, XENMEM_access_op, XENMEM_access_op, C},
    {__HYPERVISOR_memory_op, XENMEM_claim_pages, XENMEM_claim_pages, C},
    {__HYPERVISOR_memory_op, XENMEM_reserved_device_memory_map, XENMEM_acquire_resource, C},
    /* What follows acts on the caller itself or, where it names a domain, on that one for the
       tools. */
    {__HYPERVISOR_memory_op, 0, ANY_OP, S | C},
    {__HYPERVISOR_event_channel_op, 0, ANY_OP, S | C},
    {__HYPERVISOR_grant_table_op, 0, ANY_OP, S | C},
    {__HYPERVISOR_hvm_op, 0, ANY_OP, S | C},
    {__HYPERVISOR_sched_op, 0, ANY_OP, S | C},
    {__HYPERVISOR_vcpu_op, 0, ANY_OP, S | C},
    {__HYPERVISOR_vm_assist, 0, ANY_OP, S | C},
    {__HYPERVISOR_multicall, 0, ANY_OP, S | C},
    {__HYPERVISOR_xen_version, 0, ANY_OP, S | O | C},
};

static enum permission_role role_of(const struct domain *caller, const struct domain *target)
{
    if (caller->privileged) {
        return ROLE_CONTROL;
    }
    return caller == target ? ROLE_GUEST_SELF : ROLE_GUEST_OTHER;
}

enum err permission_check(struct domain *caller, struct domain *target, u32 call_number, u32 sub_op)
{
    u32 roles = C;
    for (u32 i = 0; i < ARRAY_LEN(rules); i++) {
        if (rules[i].call == call_number && sub_op >= rules[i].first && sub_op <= rules[i].last) {
            roles = rules[i].roles;
            break;
        }
    }
    return roles & (1u << role_of(caller, target)) ? OK : E_PERM;
}
