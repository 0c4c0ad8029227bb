/* SPDX-License-Identifier: MIT */
/*
 * increase_reservation, decrease_reservation, populate_physmap: lists of extents. The answer is the
 * number of extents done; what stops the list is not said (abi/memory.h, and libxc builds on it).
 *
 * An extent that takes several stays keeps its place in vcpu->restart, tagged with the call's
 * arguments: whoever comes with other arguments starts anew.
 */
#include "abi/memory.h"
#include "base/bits.h"
#include "call/memory.h"
#include "cpu/cache.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

/* Largest extents: of a guest's own, and of the control domain's. */
#define MAX_ORDER_GUEST   ORDER_2M
#define MAX_ORDER_CONTROL ORDER_1G
/* Blocks up to this order are one step of domain_populate_step(), without a cursor. */
#define SMALL_ORDER 4u
/* A call's own cost, in pages zeroed. */
#define WORK_EXTENT 3u
/* Taken from the tables and dropped at once, some 360 instructions each; of a block, a step drops
 * twice as many. */
#define PAGES_STAY  32u
#define BLOCK_PAGES (1u << ORDER_2M)
#define BLOCK_STEP  32u

struct extents {
    struct memory_op *m;
    struct domain *d;
    gva_t list;
    u32 order;
};

enum outcome { DONE, STOP, AGAIN };

/* --- place within an extent --- */

static u64 tag(const struct memory_op *m, u64 i)
{
    return (m->command | i << MEMOP_EXTENT_SHIFT) ^ m->argument.v << 20 ^ BIT(63);
}

static u32 take_place(struct memory_op *m, u64 i)
{
    u64 *restart = m->v->restart;
    u32 place = restart[0] == tag(m, i) ? (u32)restart[1] : 0;
    restart[0] = 0;
    return place;
}

static void keep_place(struct memory_op *m, u64 i, u32 place)
{
    m->v->restart[0] = tag(m, i);
    m->v->restart[1] = place;
}

/* --- one extent --- */

/* A 1:1 domain gets the frames it gave away: they are still its own. */
static enum outcome populate_direct(struct extents *x, u64 i, gfn_t gfn)
{
    struct domain *d = x->d;
    u32 nr = 1u << x->order;
    for (u32 place = take_place(x->m, i); place < nr; place++) {
        gfn_t at = gfn_add(gfn, place);
        mfn_t own = {at.gfn};
        mfn_t there;
        enum p2m_type type;
        u32 order;
        bool is_there = p2m_lookup(d->p2m, at, &there, &type, &order) == OK &&
                        there.mfn == own.mfn && p2m_type_is_ram(type);
        if (!is_there &&
            (!frame_is_owned(own, d->id) || p2m_map(d->p2m, at, own, 0, P2M_RAM_RW) != OK)) {
            return STOP;
        }
        if (memory_op_spend(x->m, WORK_EXTENT) && place + 1 < nr) {
            keep_place(x->m, i, place + 1);
            return AGAIN;
        }
    }
    return DONE;
}

static void give_back(struct extents *x, struct frame *block)
{
    if (x->order <= SMALL_ORDER) {
        domain_drop_run(x->d, block, 1u << x->order);
    } else {
        domain_populate_return(x->d, block, x->order);
    }
}

/* at: where it goes, or P2M_GFN_END: nowhere. */
static enum outcome new_block(struct extents *x, gfn_t at, struct frame **block)
{
    for (bool is_ready = true;; is_ready = false) {
        enum err e = domain_populate_step(x->d, x->order, block);
        bool spent = memory_op_spend(x->m, WORK_EXTENT + MIN(1u << x->order, 32u));
        if (e == OK && spent && x->order > SMALL_ORDER && !is_ready &&
            !p2m_is_empty(x->d->p2m, at, x->order)) {
            give_back(x, *block); /* to be ready the next time: replacing is long work, too */
            return AGAIN;
        }
        if (e == OK) {
            return DONE;
        }
        if (e != E_RESTART) {
            return STOP;
        }
        if (spent) {
            return AGAIN;
        }
    }
}

static enum outcome populate(struct extents *x, u64 i, gfn_t gfn)
{
    struct domain *d = x->d;
    if (!is_aligned(gfn.gfn, 1ULL << x->order)) {
        return STOP;
    }
    if (d->direct_mapped) {
        return populate_direct(x, i, gfn);
    }
    /* Tables first: when they cannot be had nothing else is begun. Splitting blocks is as long as
     * an extent, so it ends a stay, too; but a call's first one goes on, for nothing keeps the
     * guest's other vCPUs from taking the tables away between. A page, which is short, is mapped
     * without. */
    if (x->order != 0) {
        if (take_place(x->m, i) == 0 && p2m_reserve(d->p2m, gfn, x->order) != OK) {
            return STOP;
        }
        if (i != x->m->start && memory_op_spend(x->m, 0)) {
            return AGAIN;
        }
    }
    struct frame *block;
    enum outcome o = new_block(x, gfn, &block);
    if (o == AGAIN) {
        keep_place(x->m, i, 1); /* the tables are there */
    }
    if (o != DONE) {
        return o;
    }
    /* The frames may have held another guest's code (docs/caches.md). */
    cache_invalidate_instructions();
    enum err e = p2m_map(d->p2m, gfn, frame_to_mfn(block), x->order, P2M_RAM_RW);
    if (e == OK) {
        return DONE;
    }
    give_back(x, block);
    return e == E_RESTART ? AGAIN : STOP;
}

/* Pages that are owned and nowhere mapped. */
static enum outcome increase(struct extents *x)
{
    struct frame *block;
    return new_block(x, (gfn_t){P2M_GFN_END}, &block);
}

/* Lets go of a block that was unmapped, in as many stays as it takes. */
static enum outcome drain(struct extents *x, u64 i, u32 place)
{
    while (domain_drop_step(x->d)) {
        if (memory_op_spend(x->m, BLOCK_STEP)) {
            keep_place(x->m, i, place);
            return AGAIN;
        }
    }
    return DONE;
}

/* Up to nr pages; *done how many. A whole block may come as one run, which was claimed: what is
 * shorter goes at once. */
static enum err decrease_some(struct domain *d, gfn_t gfn, u32 nr, bool claimed, u32 *done)
{
    struct p2m_run run[PAGES_STAY];
    u32 nr_runs = 0;
    enum err e = p2m_unmap_ram(d->p2m, gfn, nr, run, PAGES_STAY, &nr_runs, done);
    bool is_long = e == OK && run[0].nr > PAGES_STAY && !d->direct_mapped;
    if (claimed) {
        domain_drop_later(d, is_long ? mfn_to_frame(run[0].first) : NULL, is_long ? run[0].nr : 0);
    }
    for (u32 n = is_long ? 1 : 0; e == OK && n < nr_runs && !d->direct_mapped; n++) {
        domain_drop_run(d, mfn_to_frame(run[n].first), run[n].nr);
    }
    return e;
}

static enum outcome decrease(struct extents *x, u64 i, gfn_t gfn)
{
    const u32 nr = 1u << x->order;
    u32 place = take_place(x->m, i);
    if (drain(x, i, place) == AGAIN) {
        return AGAIN;
    }
    while (place < nr) {
        gfn_t at = gfn_add(gfn, place);
        bool whole = is_aligned(at.gfn, BLOCK_PAGES) && nr - place >= BLOCK_PAGES;
        if (whole && !domain_drop_claim(x->d)) {
            keep_place(x->m, i, place);
            return AGAIN; /* another vCPU is about to free one */
        }
        /* Out of one block at a time: each may have to be split. */
        const u32 to_end = BLOCK_PAGES - (u32)(at.gfn & (BLOCK_PAGES - 1));
        u32 done;
        if (decrease_some(x->d, at, MIN(nr - place, whole ? BLOCK_PAGES : MIN(PAGES_STAY, to_end)),
                          whole, &done) != OK) {
            return STOP;
        }
        place += done;
        bool spent = memory_op_spend(x->m, WORK_EXTENT + MIN(done, PAGES_STAY));
        if (drain(x, i, place) == AGAIN) {
            return AGAIN;
        }
        if (spent && place < nr) {
            keep_place(x->m, i, place);
            return AGAIN;
        }
    }
    return DONE;
}

static enum outcome do_extent(struct extents *x, u64 i)
{
    if (x->m->command == XENMEM_increase_reservation) {
        return increase(x);
    }
    u64 first;
    if (copy_in_nth_u64(&first, x->list, i) != OK || first >= P2M_GFN_END) {
        return STOP;
    }
    if (x->m->command == XENMEM_populate_physmap) {
        return populate(x, i, (gfn_t){first});
    }
    return decrease(x, i, (gfn_t){first});
}

/* --- the list --- */

static bool is_node_allowed(const struct memory_op *m, u32 flags)
{
    const u32 any = 0xff;
    return XENMEMF_get_node(flags) == any || m->v->domain->privileged ||
           !(flags & XENMEMF_exact_node_request);
}

s64 memory_reservation(struct memory_op *m)
{
    (void)call_should_restart(); /* time runs from the first question on: an extent is long */
    struct xen_memory_reservation r;
    if (copy_in(&r, m->argument, sizeof(r)) != OK || r.nr_extents > ~0u >> MEMOP_EXTENT_SHIFT ||
        m->start >= r.nr_extents) {
        return (s64)m->start;
    }
    if (!is_node_allowed(m, r.mem_flags)) {
        return E_INVAL;
    }
    struct extents x = {.m = m,
                        .d = dom_find_or_self((domid_t){r.domid}),
                        .list = {r.extent_start.p},
                        .order = r.extent_order};
    u32 max_order = m->v->domain->privileged ? MAX_ORDER_CONTROL : MAX_ORDER_GUEST;
    if (!x.d || memory_op_permit(m, x.d) != OK || r.extent_order > max_order ||
        (r.mem_flags & XENMEMF_populate_on_demand)) {
        return (s64)m->start;
    }
    for (u64 i = m->start; i < r.nr_extents; i++) {
        switch (do_extent(&x, i)) {
        case STOP:
            return (s64)i;
        case AGAIN:
            return memory_op_restart(m, i);
        case DONE:
            break;
        }
        if (i + 1 < r.nr_extents && memory_op_spend(m, 0)) {
            return memory_op_restart(m, i + 1);
        }
    }
    return (s64)r.nr_extents;
}
