/* SPDX-License-Identifier: MIT */
/*
 * multicall(entries, nr_calls): several calls by one trap, each result in its entry. libxc sends
 * every memory_op as a multicall of one, so a call that restarts inside of one is everyday traffic:
 * its moved-on arguments are written back into its entry, the multicall's own are moved on to that
 * entry, and the guest executes its HVC again.
 */
#include "abi/xen.h"
#include "call/call.h"
#include "call/table.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"

/* A guest of 32 bits must leave the upper halves of its arguments clear, or it did not mean what we
 * would read. */
static bool is_clean(const struct domain *d, const struct xen_multicall_entry *e)
{
    if (!d->is_32bit) {
        return true;
    }
    u64 all = 0;
    for (u32 i = 0; i < call_nr_args(e->op); i++) {
        all |= e->args[i];
    }
    return all <= 0xffffffff;
}

static s64 run_entry(struct vcpu *v, struct xen_multicall_entry *e)
{
    if (e->op == __HYPERVISOR_multicall) {
        return E_INVAL; /* would recurse */
    }
    struct call_args args;
    for (u32 i = 0; i < ARRAY_LEN(args.arg); i++) {
        args.arg[i] = e->args[i];
    }
    const s64 result = call_run(v, e->op <= 0xffffffff ? (u32)e->op : 0xffffffff, &args);
    for (u32 i = 0; i < ARRAY_LEN(args.arg); i++) {
        e->args[i] = args.arg[i];
    }
    return result;
}

/* The guest comes again with what is left, from entry on. */
static s64 continue_at(struct call_args *args, gva_t entry, u32 nr_left)
{
    args->arg[0] = entry.v;
    args->arg[1] = nr_left;
    return E_RESTART;
}

s64 call_multicall(struct vcpu *v, struct call_args *args)
{
    const gva_t list = {args->arg[0]};
    const u32 nr_calls = (u32)args->arg[1];

    for (u32 i = 0; i < nr_calls; i++) {
        const gva_t at = {list.v + i * sizeof(struct xen_multicall_entry)};
        /* Asked before the first entry, too: time runs from the first question on. */
        if (call_should_restart() && i > 0) {
            return continue_at(args, at, nr_calls - i);
        }
        struct xen_multicall_entry e;
        if (copy_in_nth(&e, list, i, sizeof(e)) != OK) {
            return E_FAULT;
        }
        if (!is_clean(v->domain, &e)) {
            domain_crash(v->domain, "multicall: an argument of call %llu exceeds 32 bits", e.op);
            return OK;
        }
        const s64 result = run_entry(v, &e);
        if (result == E_RESTART) {
            const enum err wrote = copy_out_nth(list, i, &e, sizeof(e));
            return wrote == OK ? continue_at(args, at, nr_calls - i) : E_FAULT;
        }
        e.result = (u64)result;
        const gva_t field = {at.v + offsetof(struct xen_multicall_entry, result)};
        if (copy_out(field, &e.result, sizeof(e.result)) != OK) {
            return E_FAULT;
        }
    }
    return OK;
}
