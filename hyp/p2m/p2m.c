/* SPDX-License-Identifier: MIT */
#include "p2m/p2m.h"

#include "base/panic.h"
#include "cpu/atomic.h"
#include "cpu/cache.h"
#include "mem/slab.h"
#include "p2m/pte.h"
#include "p2m/tlb.h"
#include "p2m/walk.h"

/* By level: what one p2m_map() may spend on what is in the way (walk_clear()). At levels 1 and 2 it
 * is more than a look at all that an earlier one has emptied, and at most 11,000 and 9,000
 * instructions. At level 3, where a leaf by itself takes 120, it is 7,000; up to 256 slots are then
 * written and 512 compared, too: 5,000. */
static const u32 clear_budget[] = {[1] = 1100, [2] = 900, [3] = 400};
/* Leaves that one p2m_unmap_ram() removes at most. */
#define UNMAP_STEPS 32u

static struct slab_cache p2m_cache = SLAB_CACHE_INIT(p2m_cache, "p2m", sizeof(struct p2m));

/* UNCHECKED: nobody knows it yet. */
UNCHECKED enum err p2m_create(domid_t owner, struct p2m **out)
{
    struct p2m *p2m = slab_alloc(&p2m_cache);
    if (!p2m) {
        return E_NOMEM;
    }
    struct frame *root;
    enum err e = frame_alloc_zeroed(1, &root);
    if (e != OK) {
        slab_free(&p2m_cache, p2m);
        return e;
    }
    root[1].private = 0; /* the walker counts entries there, and no allocation wrote it */
    p2m->root = frame_map(root);
    rw_init(&p2m->lock, RANK_P2M, "p2m");
    p2m->owner = owner;
    p2m->nr_tables = 2;
    p2m->max_tables = ~0ULL;
    p2m->min_gfn = ~0ULL;
    p2m->flush_first = ~0ULL;
    *out = p2m;
    return OK;
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED void p2m_destroy(struct p2m *p2m)
{
    vmid_release(p2m);
    check(p2m->nr_tables == 2);
    frame_free(frame_of(p2m->root), 1);
    slab_free(&p2m_cache, p2m);
}

static bool is_range(gfn_t gfn, u32 order)
{
    return order <= ORDER_1G && is_aligned(gfn.gfn, 1ULL << order) && gfn.gfn < P2M_GFN_END;
}

/* Slots of the leaves' level that 2^order pages take: side by side in one table. */
static u32 nr_slots(u32 order)
{
    return 1u << (order - level_order(order_level(order)));
}

static gfn_t nth_gfn(gfn_t gfn, u32 i, u32 level)
{
    return gfn_add(gfn, (u64)i << level_order(level));
}

/* Under the lock of whose entries it gathers. */
static void gather_begin(struct p2m_gather *g, struct p2m *p2m) REQUIRES(p2m->lock)
    ASSUMES(g->p2m->lock)
{
    p2m_gather_init(g, p2m);
}

/* Clears what is in the way. */
static __noinline enum err make_room(struct p2m *p2m, u64 *slot, u32 nr, gfn_t gfn, u32 level)
    REQUIRES(p2m->lock)
{
    struct p2m_gather g;
    gather_begin(&g, p2m);
    enum err e = OK;
    u32 budget = clear_budget[level];
    for (u32 i = 0; i < nr && e == OK; i++) {
        if (slot[i] &&
            (budget == 0 || !walk_clear(&g, &slot[i], nth_gfn(gfn, i, level), level, &budget))) {
            e = E_RESTART;
        }
    }
    walk_gather_drain(&g);
    return e;
}

static __noinline void merge(struct p2m *p2m, gfn_t gfn) REQUIRES(p2m->lock)
{
    struct p2m_gather g;
    gather_begin(&g, p2m);
    walk_merge(&g, gfn);
    walk_gather_drain(&g);
}

static __force_inline enum err map_order(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order,
                                         enum p2m_type type) REQUIRES(p2m->lock)
{
    u32 level = order_level(order);
    u64 *slot;
    enum err e = walk_slot(p2m, gfn, level, &slot);
    if (e != OK) {
        return e;
    }
    u32 nr = nr_slots(order);
    if (nr > 1 || slot[0]) {
        e = make_room(p2m, slot, nr, gfn, level);
        if (e != OK) {
            return e;
        }
    }
    const bool is_full = walk_set(p2m, slot, nr, mfn, level, type);
    pte_sync();
    if (is_full && level == 3 && p2m_type_is_ram(type)) {
        merge(p2m, gfn);
    }
    p2m->min_gfn = MIN(p2m->min_gfn, gfn.gfn);
    store_relaxed(&p2m->max_gfn, MAX(p2m->max_gfn, gfn.gfn + (1ULL << order) - 1));
    return OK;
}

/* Once for a page, which most are, and once for all. */
static enum err map_locked(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type)
    REQUIRES(p2m->lock)
{
    return order == 0 ? map_order(p2m, gfn, mfn, 0, type) : map_order(p2m, gfn, mfn, order, type);
}

enum err p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type)
{
    bool single = p2m_type_is_borrowed(type) || type == P2M_SHARED_RW;
    if (!is_range(gfn, order) || !is_aligned(mfn.mfn, 1ULL << order) || (single && order != 0)) {
        return E_INVAL;
    }
    write_lock(&p2m->lock);
    enum err e = map_locked(p2m, gfn, mfn, order, type);
    if (e == OK && p2m_type_is_borrowed(type) && p2m_type_is_writable(type)) {
        atomic_add(&mfn_to_frame(mfn)->writable_maps, 1);
    }
    write_unlock(&p2m->lock);
    return e;
}

bool p2m_is_empty(struct p2m *p2m, gfn_t gfn, u32 order)
{
    if (gfn.gfn >= P2M_GFN_END) {
        return true;
    }
    u32 level;
    read_lock(&p2m->lock);
    const u64 pte = walk_find(p2m, gfn, &level);
    read_unlock(&p2m->lock);
    return pte == 0 && level_order(level) >= order;
}

enum err p2m_reserve(struct p2m *p2m, gfn_t gfn, u32 order)
{
    if (!is_range(gfn, order)) {
        return E_INVAL;
    }
    u64 *slot;
    write_lock(&p2m->lock);
    enum err e = walk_slot(p2m, gfn, order_level(order), &slot);
    write_unlock(&p2m->lock);
    return e;
}

enum err p2m_map_shared(struct p2m *p2m, gfn_t gfn, struct frame *f)
{
    if (!is_range(gfn, 0)) {
        return E_INVAL;
    }
    write_lock(&p2m->lock);
    enum err e =
        f->gfn == FRAME_NO_GFN ? map_locked(p2m, gfn, frame_to_mfn(f), 0, P2M_SHARED_RW) : E_BUSY;
    if (e == OK) {
        store_relaxed(&f->gfn, (u32)gfn.gfn);
    }
    write_unlock(&p2m->lock);
    return e;
}

/* Removes what is in [gfn, gfn + 2^order), order <= 9. */
static enum err unmap_locked(struct p2m_gather *g, gfn_t gfn, mfn_t expect, u32 order)
    REQUIRES(g->p2m->lock)
{
    struct p2m *p2m = g->p2m;
    u32 level = order_level(order);
    u64 *page = order == 0 ? walk_slot_if(p2m, gfn, 3) : NULL;
    if (likely(page && *page)) {
        if (expect.mfn != MFN_INVALID.mfn && pte_mfn(*page).mfn != expect.mfn) {
            return E_INVAL;
        }
        walk_clear_page(g, page, gfn);
        return OK;
    }
    u32 have;
    u64 pte = walk_find(p2m, gfn, &have);
    if (expect.mfn != MFN_INVALID.mfn) {
        u64 within = gfn.gfn & ((1ULL << level_order(have)) - 1);
        if (!pte || pte_mfn(pte).mfn + within != expect.mfn) {
            return E_INVAL;
        }
    }
    u64 *slot = walk_slot_if(p2m, gfn, level);
    if (!slot) {
        if (!pte) {
            return E_NOENT;
        }
        enum err e = walk_slot(p2m, gfn, level, &slot);
        if (e != OK) {
            return e;
        }
    }
    u64 before = g->removed;
    /* 512 entries and 512 references at most: bounded by the order. */
    u32 budget = ~0u;
    for (u32 i = 0; i < nr_slots(order); i++) {
        if (slot[i]) {
            (void)walk_clear(g, &slot[i], nth_gfn(gfn, i, level), level, &budget);
        }
    }
    return g->removed != before ? OK : E_NOENT;
}

enum err p2m_unmap(struct p2m *p2m, gfn_t gfn, mfn_t expect, u32 order)
{
    if (!is_range(gfn, order) || order > ORDER_2M) {
        return E_INVAL;
    }
    struct p2m_gather g;
    write_lock(&p2m->lock);
    gather_begin(&g, p2m);
    enum err e = unmap_locked(&g, gfn, expect, order);
    walk_gather_drain(&g);
    write_unlock(&p2m->lock);
    return e;
}

enum err p2m_unmap_foreign(struct p2m *p2m, gfn_t gfn)
{
    if (!is_range(gfn, 0)) {
        return E_NOENT;
    }
    struct p2m_gather g;
    write_lock(&p2m->lock);
    gather_begin(&g, p2m);
    u64 *page = walk_slot_if(p2m, gfn, 3);
    bool found =
        page && *page && (pte_type(*page) == P2M_FOREIGN_RW || pte_type(*page) == P2M_FOREIGN_RO);
    if (found) {
        walk_clear_page(&g, page, gfn);
        walk_gather_drain(&g);
    }
    write_unlock(&p2m->lock);
    return found ? OK : E_NOENT;
}

void p2m_gather_init(struct p2m_gather *g, struct p2m *p2m)
{
    g->p2m = p2m;
    g->removed = 0;
    g->nr = 0;
}

enum err p2m_unmap_later(struct p2m_gather *g, gfn_t gfn, mfn_t expect)
{
    if (!is_range(gfn, 0)) {
        return E_INVAL;
    }
    write_lock(&g->p2m->lock);
    enum err e = unmap_locked(g, gfn, expect, 0);
    write_unlock(&g->p2m->lock);
    return e;
}

void p2m_gather_finish(struct p2m_gather *g)
{
    write_lock(&g->p2m->lock);
    walk_gather_drain(g);
    write_unlock(&g->p2m->lock);
}

/* The level at which [gfn, ...) of left pages is taken away, given a leaf at have. */
static u32 unmap_level(gfn_t gfn, u32 left, u32 have)
{
    u32 level = have;
    while (level < 3 &&
           (!is_aligned(gfn.gfn, 1ULL << level_order(level)) || left < 1u << level_order(level))) {
        level++;
    }
    return level;
}

enum err p2m_unmap_ram(struct p2m *p2m, gfn_t gfn, u32 nr, struct p2m_run *runs, u32 max_runs,
                       u32 *nr_runs, u32 *done)
{
    enum err e = OK;
    *nr_runs = 0;
    *done = 0;
    if (gfn.gfn >= P2M_GFN_END || P2M_GFN_END - gfn.gfn < nr) {
        return E_NOENT;
    }
    struct p2m_gather g;
    write_lock(&p2m->lock);
    gather_begin(&g, p2m);
    for (u32 step = 0; step < UNMAP_STEPS && *done < nr; step++) {
        gfn_t at = gfn_add(gfn, *done);
        u32 have;
        u64 pte = walk_find(p2m, at, &have);
        if (!p2m_type_is_ram(pte_type(pte))) {
            e = E_NOENT;
            break;
        }
        u32 level = unmap_level(at, nr - *done, have);
        mfn_t mfn = mfn_add(pte_mfn(pte), at.gfn & ((1ULL << level_order(have)) - 1));
        bool joins =
            *nr_runs > 0 && runs[*nr_runs - 1].first.mfn + runs[*nr_runs - 1].nr == mfn.mfn;
        if (!joins && *nr_runs == max_runs) {
            break;
        }
        u64 *slot;
        e = walk_slot(p2m, at, level, &slot);
        if (e != OK) {
            break;
        }
        u32 budget = ~0u;
        (void)walk_clear(&g, slot, at, level, &budget);
        u32 pages = 1u << level_order(level);
        if (joins) {
            runs[*nr_runs - 1].nr += pages;
        } else {
            runs[(*nr_runs)++] = (struct p2m_run){mfn, pages};
        }
        *done += pages;
    }
    walk_gather_drain(&g);
    write_unlock(&p2m->lock);
    return *done > 0 ? OK : e;
}

static __force_inline enum err lookup(struct p2m *p2m, gfn_t gfn, mfn_t *mfn, enum p2m_type *type,
                                      u32 *order)
{
    if (gfn.gfn >= P2M_GFN_END) {
        return E_NOENT;
    }
    u32 level;
    u64 pte = walk_find(p2m, gfn, &level);
    if (!pte) {
        return E_NOENT;
    }
    *order = level_order(level);
    *mfn = mfn_add(pte_mfn(pte), gfn.gfn & ((1ULL << *order) - 1));
    *type = pte_type(pte);
    return OK;
}

enum err p2m_lookup_locked(struct p2m *p2m, gfn_t gfn, mfn_t *mfn, enum p2m_type *type, u32 *order)
{
    return lookup(p2m, gfn, mfn, type, order);
}

enum err p2m_lookup(struct p2m *p2m, gfn_t gfn, mfn_t *mfn, enum p2m_type *type, u32 *order)
{
    read_lock(&p2m->lock);
    enum err e = p2m_lookup_locked(p2m, gfn, mfn, type, order);
    read_unlock(&p2m->lock);
    return e;
}

enum err p2m_next(struct p2m *p2m, gfn_t *gfn, struct p2m_leaf *out, u32 *looks)
{
    enum err e = E_NOENT;
    read_lock(&p2m->lock);
    while (gfn->gfn <= p2m->max_gfn) {
        if (*looks == 0) {
            e = E_RESTART;
            break;
        }
        --*looks;
        u32 level;
        u64 pte = walk_find(p2m, *gfn, &level);
        u64 within = gfn->gfn & ((1ULL << level_order(level)) - 1);
        u64 left = (1ULL << level_order(level)) - within;
        if (pte) {
            *out = (struct p2m_leaf){mfn_add(pte_mfn(pte), within), left, pte_type(pte)};
            e = OK;
            break;
        }
        *gfn = gfn_add(*gfn, left);
    }
    read_unlock(&p2m->lock);
    return e;
}

enum err p2m_get_page(struct p2m *p2m, gfn_t gfn, bool write, struct frame **out)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    read_lock(&p2m->lock);
    enum err e = lookup(p2m, gfn, &mfn, &type, &order);
    if (e == OK && p2m_type_is_device(type)) {
        e = E_NOENT;
    }
    if (e == OK && write && !p2m_type_is_writable(type)) {
        e = E_ACCES;
    }
    if (e == OK) {
        struct frame *f = mfn_to_frame(mfn);
        /* The lock keeps the leaf, and what the leaf stands on keeps the page, though its owner may
         * let go of it now: only a wrapping count fails. */
        if (f && frame_get_more(f)) {
            *out = f;
        } else {
            e = E_NOENT;
        }
    }
    read_unlock(&p2m->lock);
    return e;
}

bool p2m_allows(struct p2m *p2m, gaddr_t at, bool write, bool execute)
{
    mfn_t mfn;
    enum p2m_type type;
    u32 order;
    if (p2m_lookup(p2m, gaddr_to_gfn(at), &mfn, &type, &order) != OK) {
        return false;
    }
    return (!write || p2m_type_is_writable(type)) && (!execute || p2m_type_is_ram(type));
}

enum err p2m_relinquish(struct p2m *p2m, u64 *cursor, u32 budget)
{
    struct p2m_gather g;
    write_lock(&p2m->lock);
    gather_begin(&g, p2m);
    /* Who began to map before the domain was dying comes too late: the page may have gone. */
    p2m->is_closed = true;
    walk_sweep(&g, cursor, p2m->reach, &budget);
    walk_gather_drain(&g);
    const enum err e = *cursor < p2m->reach ? E_RESTART : OK;
    write_unlock(&p2m->lock);
    return e;
}

enum err p2m_cache_flush(struct p2m *p2m, gfn_t *start, gfn_t end, u32 budget_pages)
{
    /* A hole costs a walk, some 100 instructions; a page a walk and 64 lines. */
    u32 budget = budget_pages * 4;
    u64 gfn = start->gfn;
    u64 stop = MIN(end.gfn, P2M_GFN_END);
    read_lock(&p2m->lock);
    while (gfn < stop && budget > 0) {
        u32 level;
        u64 pte = walk_find(p2m, (gfn_t){gfn}, &level);
        u64 span = 1ULL << level_order(level);
        if (!pte || !mfn_to_frame(pte_mfn(pte))) {
            gfn = align_down(gfn, span) + span;
            budget--;
            continue;
        }
        u64 within = gfn & (span - 1);
        cache_clean_invalidate((void *)(frame_linear + ((pte_mfn(pte).mfn + within) << PAGE_SHIFT)),
                               PAGE_SIZE);
        gfn++;
        budget -= MIN(budget, 4u);
    }
    read_unlock(&p2m->lock);
    cache_invalidate_instructions();
    start->gfn = MIN(gfn, stop);
    return gfn < stop ? E_RESTART : OK;
}

enum err p2m_set_max_tables(struct p2m *p2m, u64 max)
{
    write_lock(&p2m->lock);
    enum err e = max < p2m->nr_tables ? E_BUSY : OK;
    if (e == OK) {
        store_relaxed(&p2m->max_tables, max); /* who asks takes no lock */
    }
    write_unlock(&p2m->lock);
    return e;
}
