/* SPDX-License-Identifier: MIT */
#include "abi/xen.h"
#include "call/call.h"
#include "call/restart.h"
#include "call/table.h"
#include "dom/vcpu.h"

struct call_entry {
    call_fn *fn;
    u32 nr_args;
};

/* By call number; an empty row answers -ENOSYS. A power of two, so that a mask bounds the index. */
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

/* The row of a number that the guest chose: masked too, against speculation past the comparison. */
static const struct call_entry *find_entry(u64 number)
{
    const struct call_entry *e = &calls[number & (ARRAY_LEN(calls) - 1)];
    return number < ARRAY_LEN(calls) && e->fn ? e : NULL;
}

u32 call_nr_args(u64 number)
{
    const struct call_entry *e = find_entry(number);
    return e ? e->nr_args : 0;
}

s64 call_run(struct vcpu *v, u32 number, struct call_args *args)
{
    const struct call_entry *e = find_entry(number);
    return e ? e->fn(v, args) : E_NOSYS;
}

void call_dispatch(struct vcpu *v)
{
    struct cpu_regs *r = &v->regs;
    const bool narrow = r->pstate & PSTATE_AARCH32;
    const u64 width = narrow ? 0xffffffff : ~0ULL;
    const u64 number = (narrow ? r->x[12] : r->x[16]) & width;
    struct call_args args;
    for (u32 i = 0; i < ARRAY_LEN(args.arg); i++) {
        args.arg[i] = r->x[i] & width;
    }

    restart_begin();
    const s64 result = call_run(v, number <= 0xffffffff ? (u32)number : 0xffffffff, &args);
    if (result != E_RESTART) {
        r->x[0] = (u64)result & width;
        return;
    }
    /* The guest executes its HVC (4 bytes in A64, A32 and T32) again, with the arguments moved on.
     */
    for (u32 i = 0; i < ARRAY_LEN(args.arg); i++) {
        r->x[i] = args.arg[i] & width;
    }
    r->pc -= 4;
}
