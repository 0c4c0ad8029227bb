/* SPDX-License-Identifier: MIT */
/*
 * Private to call/: memory_op by its commands. A command that is done in parts carries how far it
 * is in the upper bits of the ABI's command word: command | done << MEMOP_EXTENT_SHIFT.
 */
#ifndef CALL_MEMORY_H
#define CALL_MEMORY_H

#include "call/call.h"

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_CMD_MASK     ((1u << MEMOP_EXTENT_SHIFT) - 1)

struct memory_op {
    struct vcpu *v;
    struct call_args *args;
    u32 command; /* XENMEM_* */
    u64 start;   /* extents or elements done before */
    gva_t argument;
    u32 work; /* pages' worth of work done in this stay, see memory_op_spend() */
};

/* Counts work in units of one page zeroed and cleaned (about 170 instructions). True: leave EL2
 * now. */
bool memory_op_spend(struct memory_op *m, u32 pages);
/* The result that has the caller come again with done elements behind him. */
s64 memory_op_restart(struct memory_op *m, u64 done);
/* May the caller do this to d? */
enum err memory_op_permit(const struct memory_op *m, struct domain *d);

/* The domain of that id, and the caller may do this to it. E_SRCH, E_PERM. */
static inline enum err memory_op_find(const struct memory_op *m, u16 id, struct domain **out)
{
    *out = dom_find_or_self((domid_t){id});
    return *out ? memory_op_permit(m, *out) : E_SRCH;
}

/* memory_populate.c: increase_reservation, decrease_reservation, populate_physmap */
s64 memory_reservation(struct memory_op *m);
/* memory_physmap.c */
s64 memory_add_to_physmap(struct memory_op *m);
s64 memory_add_to_physmap_batch(struct memory_op *m);
s64 memory_remove_from_physmap(struct memory_op *m);
/* memory_resource.c */
s64 memory_acquire_resource(struct memory_op *m);

#endif
