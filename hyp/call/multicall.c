/* SPDX-License-Identifier: MIT */
/*
 * multicall(entries, nr_calls): several calls by one trap, each result in its entry. libxc sends
 * every memory_op as a multicall of one, so a call that restarts inside of one is everyday traffic:
 * its moved-on arguments are written back into its entry, the multicall's own are moved on to that
 * entry, and the guest executes its HVC again.
 */
#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "call/table.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"

#define BATCH_MAX 8u

/* A guest of 32 bits must leave the upper halves of its arguments clear, or it did not mean what we
 * would read. */
static bool is_clean(const struct xen_multicall_entry *e)
{
    u64 all = 0;
    for (u32 i = 0; i < call_nr_args(e->op); i++) {
        all |= e->args[i];
    }
    return all <= 0xffffffff;
}

static inline s64 run_entry(struct vcpu *v, struct xen_multicall_entry *e)
{
    if (unlikely(v->domain->is_32bit && !is_clean(e))) {
        domain_crash(v->domain, "multicall: an argument of call %llu exceeds 32 bits", e->op);
        return OK;
    }
    return unlikely(e->op == __HYPERVISOR_multicall)
               ? (s64)E_INVAL /* would recurse */
               : call_run(v, e->op, (struct call_args *)e->args);
}

/* How many entries from here on are copied at once: they lie in one page, so that all are there or
 * none is, or it is one that does not. */
static u32 nr_together(gva_t at, u32 nr_left)
{
    const u32 in_page =
        (u32)((PAGE_SIZE - (at.v & PAGE_MASK)) / sizeof(struct xen_multicall_entry));
    return MIN(MIN(nr_left, BATCH_MAX), MAX(in_page, 1u));
}

/* The first entries of a list. Answers E_RESTART when it is to go on at entry *nr_done. */
static s64 run_batch(struct vcpu *v, gva_t at, u32 nr, bool is_first, u32 *nr_done)
{
    struct xen_multicall_entry batch[BATCH_MAX];
    if (copy_in(batch, at, nr * (u32)sizeof(batch[0])) != OK) {
        return E_FAULT;
    }
    s64 result = OK;
    u32 i = 0;
    for (; i < nr; i++) {
        /* Asked before the first entry, too: time runs from the first question on. */
        if (call_should_restart() && (i > 0 || !is_first)) {
            result = E_RESTART;
            break;
        }
        result = run_entry(v, &batch[i]);
        if (result == E_RESTART) {
            break;
        }
        batch[i].result = (u64)result;
    }
    *nr_done = i;
    /* Of one that will come again its arguments have moved on. */
    const u32 nr_written = MIN(i + (result == E_RESTART), nr);
    const enum err wrote = copy_out(at, batch, nr_written * (u32)sizeof(batch[0]));
    return wrote != OK ? E_FAULT : result == E_RESTART ? E_RESTART : OK;
}

s64 call_multicall(struct vcpu *v, struct call_args *args)
{
    gva_t at = {args->arg[0]};
    u32 nr_left = (u32)args->arg[1];
    s64 result = OK;

    for (bool is_first = true; nr_left != 0 && result == OK; is_first = false) {
        u32 nr_done = 0;
        result = run_batch(v, at, nr_together(at, nr_left), is_first, &nr_done);
        nr_left -= nr_done;
        if (__builtin_add_overflow(at.v, nr_done * sizeof(struct xen_multicall_entry), &at.v) &&
            nr_left != 0) {
            return E_FAULT;
        }
    }
    if (result == E_RESTART) {
        args->arg[0] = at.v;
        args->arg[1] = nr_left;
    }
    return result;
}
