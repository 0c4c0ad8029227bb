/* SPDX-License-Identifier: MIT */
/*
 * New memory of a domain, made in bounded steps: a block is taken from the heap, zeroed and cleaned
 * 128 KiB at a time while it is HEAP still (so that giving up is one free), and then put on the
 * domain's list 512 pages at a time. Where it stands is kept in the domain, so that a caller who
 * was sent out of EL2 just comes again.
 */
#include "base/bits.h"
#include "base/panic.h"
#include "cpu/atomic.h"
#include "cpu/cache.h"
#include "dom/pages.h"
#include "mem/frame.h"

#define CLEAR_PAGES 32u /* 128 KiB */
#define GIVE_PAGES  512u
#define SMALL_ORDER 4u /* up to here a block is one step and needs no cursor */

static void clear(struct frame *first, u32 nr)
{
    void *va = frame_map(first);
    cache_zero_and_clean(va, (u64)nr << PAGE_SHIFT);
    frame_unmap(va);
}

static void cancel_locked(struct domain *d) REQUIRES(d->page_lock)
{
    if (!d->populate_block) {
        return;
    }
    u64 rest = (1ULL << d->populate_order) - d->populate_given_pages;
    if (rest > 0) {
        frame_free_range(d->populate_block + d->populate_given_pages, rest);
    }
    d->populate_block = NULL;
    pages_count_out_locked(d, rest);
}

void domain_populate_cancel(struct domain *d)
{
    spin_lock(&d->page_lock);
    cancel_locked(d);
    spin_unlock(&d->page_lock);
}

static enum err begin_locked(struct domain *d, u32 order, struct frame **out, bool *is_zeroed)
    REQUIRES(d->page_lock)
{
    enum err e = pages_count_in_locked(d, 1ULL << order);
    if (e != OK) {
        return e;
    }
    /* What is zeroed quickly does not cut a block of the pool. */
    *is_zeroed = order > SMALL_ORDER;
    e = frame_alloc_either(order, is_zeroed, out);
    if (e != OK) {
        pages_count_out_locked(d, 1ULL << order);
    }
    return e;
}

static enum err small_locked(struct domain *d, u32 order, struct frame **out) REQUIRES(d->page_lock)
{
    bool is_zeroed;
    enum err e = begin_locked(d, order, out, &is_zeroed);
    if (e == OK) {
        if (!is_zeroed) {
            clear(*out, 1u << order);
        }
        pages_give_locked(d, *out, 1u << order);
    }
    return e;
}

static enum err step_locked(struct domain *d, struct frame **out) REQUIRES(d->page_lock)
{
    struct frame *block = d->populate_block;
    u32 total = 1u << d->populate_order;
    if (d->populate_done_pages < total) {
        clear(block + d->populate_done_pages, CLEAR_PAGES);
        d->populate_done_pages += CLEAR_PAGES;
        if (d->populate_done_pages < total) {
            return E_RESTART;
        }
    }
    if (d->populate_given_pages == 0 && block->order > ORDER_2M) {
        /* Pieces that can be given one by one and that the allocator still understands between. */
        frame_split(block, d->populate_order, ORDER_2M);
        return E_RESTART;
    }
    if (d->populate_given_pages < total) {
        u32 nr = MIN(total - d->populate_given_pages, GIVE_PAGES);
        pages_give_locked(d, block + d->populate_given_pages, nr);
        d->populate_given_pages += nr;
        if (d->populate_given_pages < total) {
            return E_RESTART;
        }
    }
    d->populate_block = NULL;
    *out = block;
    return OK;
}

enum err domain_populate_step(struct domain *d, u32 order, struct frame **out)
{
    if (order > FRAME_MAX_ORDER) {
        return E_INVAL;
    }
    enum err e = OK;
    spin_lock(&d->page_lock);
    if (load_relaxed(&d->life) != DOMAIN_ALIVE) {
        e = E_NOMEM;
    } else if (order <= SMALL_ORDER) {
        e = small_locked(d, order, out);
    } else {
        if (d->populate_block && d->populate_order != order) {
            cancel_locked(d);
        }
        if (!d->populate_block) {
            bool is_zeroed = false;
            e = begin_locked(d, order, &d->populate_block, &is_zeroed);
            d->populate_order = order;
            d->populate_done_pages = is_zeroed ? 1u << order : 0;
            d->populate_given_pages = 0;
        }
        if (e == OK) {
            e = step_locked(d, out);
        }
    }
    spin_unlock(&d->page_lock);
    return e;
}

void domain_populate_return(struct domain *d, struct frame *block, u32 order)
{
    spin_lock(&d->page_lock);
    if (!d->populate_block && load_relaxed(&d->life) == DOMAIN_ALIVE) {
        d->populate_block = block;
        d->populate_order = order;
        d->populate_done_pages = 1u << order;
        d->populate_given_pages = 1u << order;
    }
    spin_unlock(&d->page_lock);
}
