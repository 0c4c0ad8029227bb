/* SPDX-License-Identifier: MIT */
#include "p2m/walk.h"

#include "base/panic.h"
#include "cpu/atomic.h"
#include "p2m/pte.h"
#include "p2m/tlb.h"

/* What waits in a gather: a frame index and what to do with the frame after the flush. */
enum gathered { PUT, PUT_WRITABLE, FREE_TABLE };
#define GATHERED_BITS 2

/* What a leaf that is cleared takes from a budget, beside the 1 of every slot that is looked at, or
 * SWEEP_COST; a borrowed page BORROWED_COST more. */
#define SWEEP_COST    2u
#define LEAF_COST     7u
#define BORROWED_COST 20u

DEFINE_PER_CPU(u32, p2m_window);

static u64 *root_slot(const struct p2m *p2m, gfn_t gfn)
{
    return p2m->root + pte_index(gfn, 1);
}

u64 *walk_slot_if(const struct p2m *p2m, gfn_t gfn, u32 level)
{
    u64 *slot = root_slot(p2m, gfn);
    for (u32 l = 1; l < level; l++) {
        if (!pte_is_table(*slot, l)) {
            return NULL;
        }
        slot = pte_child(*slot) + pte_index(gfn, l + 1);
    }
    return slot;
}

/* Valid entries of the table that slot is in. (Each of the root's two pages has its own count.) */
static u64 *nr_valid(const u64 *slot)
{
    return &frame_of(slot)->private;
}

/* Bounded: a window is one copy within a page, and its CPU takes no lock inside. */
static void wait_for_windows(void)
{
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        u32 seen = load_acquire(&per_cpu(p2m_window, cpu));
        while ((seen & 1) && load_acquire(&per_cpu(p2m_window, cpu)) == seen) {
            cpu_relax();
        }
    }
}

void walk_flush_owed(struct p2m *p2m)
{
    vmid_flush_range(p2m, (gfn_t){p2m->flush_first}, p2m->flush_end - p2m->flush_first);
    wait_for_windows();
    p2m->flush_first = ~0ULL;
    p2m->flush_end = 0;
}

static void owe_flush(struct p2m *p2m, u64 first, u64 end) REQUIRES(p2m->lock)
{
    p2m->flush_first = MIN(p2m->flush_first, first);
    p2m->flush_end = MAX(p2m->flush_end, end);
}

/* Fills table, which nobody walks yet, with what the block at level maps. */
static void fill_from_block(u64 *table, u64 block, u32 level)
{
    mfn_t mfn = pte_mfn(block);
    enum p2m_type type = pte_type(block);
    u64 pte = pte_leaf(mfn, level + 1, type);
    u64 step = PAGE_SIZE << level_order(level + 1);
    for (u32 i = 0; i < 512; i++) {
        table[i] = pte;
        pte += step;
    }
}

/* Puts a table under slot, which is empty or a block at level. */
static __cold enum err add_table(struct p2m *p2m, u64 *slot, gfn_t gfn, u32 level)
    REQUIRES(p2m->lock)
{
    struct frame *f;
    if (p2m->nr_tables >= p2m->max_tables) {
        return E_NOMEM;
    }
    u64 block = *slot;
    enum err e = block ? frame_alloc(0, &f) : frame_alloc_zeroed(0, &f);
    if (e != OK) {
        return e;
    }
    p2m->nr_tables++;
    f->private = block ? 512 : 0;
    *nr_valid(slot) += block ? 0 : 1;
    if (block) {
        fill_from_block(frame_map(f), block, level);
        u64 first = align_down(gfn.gfn, 1ULL << level_order(level));
        pte_write(slot, 0);
        owe_flush(p2m, first, first + (1ULL << level_order(level)));
    }
    /* Break before make; and the table's entries are seen before it is. */
    walk_flush(p2m);
    pte_sync();
    pte_write(slot, pte_table(f));
    pte_sync();
    return OK;
}

/* With the tables that are missing. */
static __noinline enum err make_slot(struct p2m *p2m, gfn_t gfn, u32 level, u64 **out)
    REQUIRES(p2m->lock)
{
    u64 *slot = root_slot(p2m, gfn);
    for (u32 l = 1; l < level; l++) {
        if (!pte_is_table(*slot, l)) {
            enum err e = add_table(p2m, slot, gfn, l);
            if (e != OK) {
                return e;
            }
        }
        slot = pte_child(*slot) + pte_index(gfn, l + 1);
    }
    *out = slot;
    return OK;
}

enum err walk_slot(struct p2m *p2m, gfn_t gfn, u32 level, u64 **out)
{
    if (p2m->is_closed) {
        return E_NOMEM;
    }
    p2m->reach = MAX(p2m->reach, align_down(gfn.gfn, 1ULL << ORDER_1G) + (1ULL << ORDER_1G));
    *out = walk_slot_if(p2m, gfn, level);
    return likely(*out != NULL) ? OK : make_slot(p2m, gfn, level, out);
}

void walk_gather_drain(struct p2m_gather *g)
{
    walk_flush(g->p2m);
    for (u32 i = 0; i < g->nr; i++) {
        struct frame *f = mfn_to_frame((mfn_t){g->item[i] >> GATHERED_BITS});
        switch ((enum gathered)(g->item[i] & ((1u << GATHERED_BITS) - 1))) {
        case PUT_WRITABLE:
            atomic_sub(&f->writable_maps, 1);
            frame_put(f);
            break;
        case PUT:
            frame_put(f);
            break;
        case FREE_TABLE:
            frame_free(f, 0);
            break;
        }
    }
    g->nr = 0;
}

static void gather(struct p2m_gather *g, mfn_t mfn, enum gathered what) REQUIRES(g->p2m->lock)
{
    if (g->nr == P2M_GATHER_MAX) {
        walk_gather_drain(g);
    }
    g->item[g->nr++] = mfn.mfn << GATHERED_BITS | what;
}

static void clear_leaf(struct p2m_gather *g, u64 *slot, gfn_t gfn, u32 level, u32 *budget)
    REQUIRES(g->p2m->lock)
{
    struct p2m *p2m = g->p2m;
    u64 pte = *slot;
    enum p2m_type type = pte_type(pte);
    *budget -= MIN(*budget, LEAF_COST);
    pte_write(slot, 0);
    *nr_valid(slot) -= 1;
    u64 first = align_down(gfn.gfn, 1ULL << level_order(level));
    owe_flush(p2m, first, first + (1ULL << level_order(level)));
    p2m->nr_leaves[type] -= 1ULL << level_order(level);
    g->removed += 1ULL << level_order(level);
    if (p2m_type_is_borrowed(type)) {
        *budget -= MIN(*budget, BORROWED_COST);
        gather(g, pte_mfn(pte), p2m_type_is_writable(type) ? PUT_WRITABLE : PUT);
    } else if (type == P2M_SHARED_RW) {
        store_relaxed(&mfn_to_frame(pte_mfn(pte))->gfn, FRAME_NO_GFN);
    }
}

void walk_clear_page(struct p2m_gather *g, u64 *slot, gfn_t gfn)
{
    u32 budget = ~0u;
    clear_leaf(g, slot, gfn, 3, &budget);
}

/* The table under slot goes when its entries have gone. */
static void clear_table_entry(struct p2m_gather *g, u64 *slot, gfn_t gfn, u32 level)
    REQUIRES(g->p2m->lock)
{
    mfn_t table = pte_mfn(*slot);
    pte_write(slot, 0);
    *nr_valid(slot) -= 1;
    /* Walk caches may hold the table for any address under it. */
    u64 first = align_down(gfn.gfn, 1ULL << level_order(level));
    owe_flush(g->p2m, first, first + (1ULL << level_order(level)));
    g->p2m->nr_tables--;
    gather(g, table, FREE_TABLE);
}

/* A slot of level 2 or 3. */
static bool clear_lower(struct p2m_gather *g, u64 *slot, gfn_t gfn, u32 level, u32 *budget)
    REQUIRES(g->p2m->lock)
{
    if (!pte_is_table(*slot, level)) {
        if (*slot) {
            clear_leaf(g, slot, gfn, level, budget);
        }
        return true;
    }
    u64 *table = pte_child(*slot);
    for (u32 i = 0; i < 512; i++) {
        if (*budget == 0) {
            return false;
        }
        *budget -= 1;
        if (table[i]) {
            clear_leaf(g, &table[i], (gfn_t){align_down(gfn.gfn, 512) + i}, 3, budget);
        }
    }
    clear_table_entry(g, slot, gfn, level);
    return true;
}

bool walk_clear(struct p2m_gather *g, u64 *slot, gfn_t gfn, u32 level, u32 *budget)
{
    if (level > 1) {
        return clear_lower(g, slot, gfn, level, budget);
    }
    if (!pte_is_table(*slot, 1)) {
        if (*slot) {
            clear_leaf(g, slot, gfn, 1, budget);
        }
        return true;
    }
    u64 *table = pte_child(*slot);
    u64 first = align_down(gfn.gfn, 1ULL << ORDER_1G);
    for (u32 i = 0; i < 512; i++) {
        if (*budget == 0) {
            return false;
        }
        *budget -= 1;
        if (!clear_lower(g, &table[i], (gfn_t){first + ((u64)i << ORDER_2M)}, 2, budget)) {
            return false;
        }
    }
    clear_table_entry(g, slot, gfn, 1);
    return true;
}

/* Nothing left in the table that slot is in, and that the slot above leads to. */
static void drop_if_empty(struct p2m_gather *g, const u64 *slot, u64 *above, gfn_t gfn, u32 level)
    REQUIRES(g->p2m->lock)
{
    if (*nr_valid(slot) == 0) {
        clear_table_entry(g, above, gfn, level);
    }
}

void walk_sweep(struct p2m_gather *g, u64 *gfn, u64 end, u32 *budget)
{
    while (*gfn<end && * budget> 0) {
        const gfn_t first = {*gfn};
        u64 *slot[4] = {[1] = root_slot(g->p2m, first)};
        u32 level = 1;
        while (level < 3 && pte_is_table(*slot[level], level)) {
            slot[level + 1] = pte_child(*slot[level]) + pte_index(first, level + 1);
            level++;
        }
        const u64 span = 1ULL << level_order(level);
        u64 *at = slot[level];
        bool ends; /* the table, or what is in it as leaves */
        do {
            *budget -= MIN(*budget, SWEEP_COST);
            if (*at) {
                clear_leaf(g, at, (gfn_t){*gfn}, level, budget);
            }
            *gfn = align_down(*gfn, span) + span;
            at++;
            ends = *gfn >= end || is_aligned(*gfn, span << 9) || pte_is_table(*at, level);
        } while (!ends && *budget > 0);
        while (level > 1 && is_aligned(*gfn, 1ULL << level_order(level - 1))) {
            drop_if_empty(g, slot[level], slot[level - 1], first, level - 1);
            level--;
        }
    }
}

bool walk_set(struct p2m *p2m, u64 *slot, u32 nr, mfn_t mfn, u32 level, enum p2m_type type)
{
    const u64 step = PAGE_SIZE << level_order(level);
    u64 pte = pte_leaf(mfn, level, type);
    walk_flush(p2m);
    for (u32 i = 0; i < nr; i++) {
        assert(slot[i] == 0);
        pte_write(&slot[i], pte);
        pte += step;
    }
    *nr_valid(slot) += nr;
    p2m->nr_leaves[type] += (u64)nr << level_order(level);
    return *nr_valid(slot) == 512;
}

void walk_merge(struct p2m_gather *g, gfn_t gfn)
{
    u64 *slot = walk_slot_if(g->p2m, gfn, 2);
    assert(slot != NULL);
    const u64 *table = pte_child(*slot);
    mfn_t first = pte_mfn(table[0]);
    if (!is_aligned(first.mfn, 1ULL << ORDER_2M)) {
        return;
    }
    /* Pages that came one by one differ early: the look is long only when it succeeds. */
    enum p2m_type type = pte_type(table[0]);
    u64 pte = pte_leaf(first, 3, type);
    for (u32 i = 0; i < 512; i++) {
        if (table[i] != pte) {
            return;
        }
        pte += PAGE_SIZE;
    }
    clear_table_entry(g, slot, gfn, 2);
    walk_flush(g->p2m);
    pte_write(slot, pte_leaf(first, 2, type));
    *nr_valid(slot) += 1;
    pte_sync();
}
