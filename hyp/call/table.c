/* SPDX-License-Identifier: MIT */
#include "abi/xen.h"
#include "call/call.h"
#include "call/restart.h"
#include "call/table.h"
#include "cpu/speculation.h"
#include "dom/vcpu.h"

struct call_entry {
    call_fn *fn;
    u32 nr_args;
};

/* By call number; an empty row answers -ENOSYS. */
static const struct call_entry calls[64] = {
    [__HYPERVISOR_platform_op] = {call_platform_op, 1},
    [__HYPERVISOR_memory_op] = {call_memory_op, 2},
    [__HYPERVISOR_multicall] = {call_multicall, 2},
    [__HYPERVISOR_xen_version] = {call_xen_version, 2},
    [__HYPERVISOR_console_io] = {call_console_io, 3},
    [__HYPERVISOR_grant_table_op] = {call_grant_table_op, 3},
    [__HYPERVISOR_vm_assist] = {call_vm_assist, 2},
    [__HYPERVISOR_vcpu_op] = {call_vcpu_op, 3},
    [__HYPERVISOR_sched_op] = {call_sched_op, 2},
    [__HYPERVISOR_event_channel_op] = {call_event_channel_op, 2},
    [__HYPERVISOR_physdev_op] = {call_physdev_op, 2},
    [__HYPERVISOR_hvm_op] = {call_hvm_op, 2},
    [__HYPERVISOR_sysctl] = {call_sysctl, 1},
    [__HYPERVISOR_domctl] = {call_domctl, 1},
};

/* The row of a number that the guest chose. (A mask in C would not do: knowing the comparison, the
 * compiler leaves it out.) */
static const struct call_entry *find_entry(u64 number)
{
    if (unlikely(number >= ARRAY_LEN(calls))) {
        return NULL;
    }
    const struct call_entry *e = &calls[index_clamp(number, ARRAY_LEN(calls))];
    return e->fn ? e : NULL;
}

u32 call_nr_args(u64 number)
{
    const struct call_entry *e = find_entry(number);
    return e ? e->nr_args : 0;
}

s64 call_run(struct vcpu *v, u64 number, struct call_args *args)
{
    const struct call_entry *e = find_entry(number);
    return likely(e) ? e->fn(v, args) : E_NOSYS;
}

/* The arguments are the caller's registers: what a handler moves on is moved on, and what a call
 * leaves in them but its result the ABI leaves open. */
s64 call_dispatch(struct vcpu *v)
{
    restart_begin();
    return call_run(v, v->regs.x[16], &v->regs.args);
}

_Static_assert(E_RESTART == -85, "trap/entry_arm64.S");

void call_answer(struct vcpu *v, s64 result)
{
    if (likely(result != E_RESTART)) {
        v->regs.x[0] = (u64)result;
    } else {
        v->regs.pc -= 4; /* the guest executes its HVC (4 bytes in A64, A32 and T32) again */
    }
}

static void narrow(struct call_args *args)
{
    for (u32 i = 0; i < ARRAY_LEN(args->arg); i++) {
        args->arg[i] &= 0xffffffff;
    }
}

void call_dispatch_32bit(struct vcpu *v)
{
    narrow(&v->regs.args);
    restart_begin();
    call_answer(v, call_run(v, v->regs.x[12] & 0xffffffff, &v->regs.args));
    narrow(&v->regs.args);
}
