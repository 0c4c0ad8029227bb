/* SPDX-License-Identifier: MIT */
/*
 * The one walker of stage-2 tables: it finds, makes and splits, and writes entries. All under the
 * p2m's lock, for writing except walk_find().
 */
#ifndef P2M_WALK_H
#define P2M_WALK_H

#include "p2m/p2m.h"
#include "p2m/pte.h"

/* The entry that decides about gfn: a leaf, or 0 (then *level is where the walk ended). */
static __force_inline u64 walk_find(const struct p2m *p2m, gfn_t gfn, u32 *level)
{
    u64 pte = p2m->root[pte_index(gfn, 1)];
    u32 l = 1;
    while (pte_is_table(pte, l)) {
        l++;
        pte = pte_child(pte)[pte_index(gfn, l)];
    }
    *level = l;
    return pte;
}

/* The slot of gfn at level; makes the tables above and splits a block in the way
 * (break-before-make). E_NOMEM: bound or heap. */
enum err walk_slot(struct p2m *p2m, gfn_t gfn, u32 level, u64 **out) REQUIRES(p2m->lock);
/* The same, but makes nothing: NULL when a table is missing or a block is in the way. */
u64 *walk_slot_if(const struct p2m *p2m, gfn_t gfn, u32 level);

/* Empties gfn's slot at level, table or leaf, into the gather; *budget (entries looked at, seven
 * more for each leaf and twenty more for each reference: some 10 instructions a unit) goes down and
 * may end it early: false, and the slot is not yet empty. */
bool walk_clear(struct p2m_gather *g, u64 *slot, gfn_t gfn, u32 level, u32 *budget)
    REQUIRES(g->p2m->lock);
/* The same of a slot of level 3 that is not empty. */
void walk_clear_page(struct p2m_gather *g, u64 *slot, gfn_t gfn) REQUIRES(g->p2m->lock);
/* Removes leaves in [*gfn, end) and the tables that become empty, and moves *gfn on. *budget
 * as above, with two for an entry. */
void walk_sweep(struct p2m_gather *g, u64 *gfn, u64 end, u32 *budget) REQUIRES(g->p2m->lock);
/* Writes leaves, one after the other, into nr empty slots of one table; counts. The flush that is
 * owed is done before. True when that was the table's last empty slot. */
bool walk_set(struct p2m *p2m, u64 *slot, u32 nr, mfn_t mfn, u32 level, enum p2m_type type)
    REQUIRES(p2m->lock);

/* After leaves of RAM have filled the table of level 3 around gfn: when all 512 pages have come
 * together again as one aligned block of one type, the table becomes that block's leaf
 * (break-before-make) and goes into the gather. */
void walk_merge(struct p2m_gather *g, gfn_t gfn) REQUIRES(g->p2m->lock);

/* The flush that is owed, if any: then what the gather holds may be let go. */
void walk_flush_owed(struct p2m *p2m) REQUIRES(p2m->lock);
static inline void walk_flush(struct p2m *p2m) REQUIRES(p2m->lock)
{
    if (p2m->flush_first < p2m->flush_end) {
        walk_flush_owed(p2m);
    }
}
/* Flushes and lets go of what the gather holds. */
void walk_gather_drain(struct p2m_gather *g) REQUIRES(g->p2m->lock);

maddr_t walk_empty_table(void); /* vmid.c: the table that p2m_deactivate loads */
/* vmid.c: flush by whatever VMID the tables have, if they have one. */
void vmid_flush_range(struct p2m *p2m, gfn_t gfn, u64 pages);
/* Lets go of it: nobody has it loaded. */
void vmid_release(struct p2m *p2m);

#endif
