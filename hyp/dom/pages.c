/* SPDX-License-Identifier: MIT */
/*
 * Which pages are a domain's. A page of the domain's is on its list from domain_add_pages() until
 * its allocation is dropped, and counts in nr_pages until it is free; between the two it is only
 * borrowed by others. From its first page on a domain keeps one reference on itself, so that the
 * last borrower still finds the account; it goes when the domain is dying and the last page has
 * gone.
 */
#include "base/panic.h"
#include "cpu/atomic.h"
#include "dom/pages.h"
#include "mem/frame.h"

/* Pages that one call of domain_pages_relinquish() or domain_drop_step() drops at most: about 210
 * instructions each. */
#define DROP_MAX 64u

/* --- the account; page_lock held --- */

enum err pages_count_in_locked(struct domain *d, u64 nr)
{
    if (load_relaxed(&d->life) != DOMAIN_ALIVE || nr > d->max_pages ||
        d->nr_pages > d->max_pages - nr) {
        return E_NOMEM;
    }
    if (!d->has_pages_ref && nr > 0) {
        if (!domain_get(d)) {
            return E_NOMEM;
        }
        d->has_pages_ref = true;
    }
    store_relaxed(&d->nr_pages, d->nr_pages + nr);
    return OK;
}

void pages_count_out_locked(struct domain *d, u64 nr)
{
    check(d->nr_pages >= nr);
    store_relaxed(&d->nr_pages, d->nr_pages - nr);
}

/* Takes the reference if no page can come any more and none is left: the caller puts it. */
static bool take_ref_locked(struct domain *d) REQUIRES(d->page_lock)
{
    bool take = d->has_pages_ref && d->nr_pages == 0 && load_relaxed(&d->life) != DOMAIN_ALIVE;
    if (take) {
        d->has_pages_ref = false;
    }
    return take;
}

void pages_give_locked(struct domain *d, struct frame *first, u32 nr)
{
    frame_assign_run(first, nr, d->id);
    struct frame *last = first + nr - 1;
    last->next = d->page_list;
    if (d->page_list != FRAME_NIL) {
        frame_nth(d->page_list)->prev = frame_index(last);
    }
    d->page_list = frame_index(first);
}

/* --- adding --- */

enum err domain_reserve_pages(struct domain *d, u64 nr)
{
    spin_lock(&d->page_lock);
    enum err e = pages_count_in_locked(d, nr);
    spin_unlock(&d->page_lock);
    return e;
}

void domain_unreserve_pages(struct domain *d, u64 nr)
{
    spin_lock(&d->page_lock);
    pages_count_out_locked(d, nr);
    spin_unlock(&d->page_lock);
}

bool domain_add_reserved(struct domain *d, struct frame *first, u32 nr)
{
    spin_lock(&d->page_lock);
    bool alive = load_relaxed(&d->life) == DOMAIN_ALIVE;
    if (alive) {
        pages_give_locked(d, first, nr);
    }
    spin_unlock(&d->page_lock);
    return alive;
}

enum err domain_add_pages(struct domain *d, struct frame *first, u32 order)
{
    enum err e = domain_reserve_pages(d, 1ULL << order);
    if (e != OK) {
        return e;
    }
    if (!domain_add_reserved(d, first, 1u << order)) {
        domain_unreserve_pages(d, 1ULL << order);
        return E_NOMEM;
    }
    return OK;
}

/* --- dropping --- */

/* page_lock held. Off the list; true when no borrower is left: the page is HEAP again and the
 * caller frees it. A domain that began to die since the caller found its page may have lost it, and
 * the page may be anybody's; the lock keeps only what is d's still. */
static bool drop_locked(struct domain *d, struct frame *f) REQUIRES(d->page_lock)
{
    bool is_own = load_relaxed(&f->state) == FRAME_GUEST && load_relaxed(&f->owner) == d->id.id;
    enum frame_drop drop = is_own ? frame_drop_owner(f) : DROP_GONE;
    if (drop != DROP_GONE) {
        frame_list_del(&d->page_list, f);
    }
    if (drop != DROP_LAST) {
        return false;
    }
    frame_set_state(f, FRAME_HEAP, FRAME_NO_OWNER);
    return true;
}

/* Neighbours that were dropped go back as one: the allocator need not merge them page by page. */
static void free_run_locked(struct domain *d, struct frame *first, u32 nr) REQUIRES(d->page_lock)
{
    if (nr > 0) {
        frame_free_range(first, nr);
        pages_count_out_locked(d, nr);
    }
}

static void drop_run_locked(struct domain *d, struct frame *first, u32 nr) REQUIRES(d->page_lock)
{
    u32 start = 0;
    for (u32 i = 0; i < nr; i++) {
        if (!drop_locked(d, &first[i])) {
            free_run_locked(d, &first[start], i - start);
            start = i + 1;
        }
    }
    free_run_locked(d, &first[start], nr - start);
}

void domain_drop_run(struct domain *d, struct frame *first, u32 nr)
{
    spin_lock(&d->page_lock);
    drop_run_locked(d, first, nr);
    spin_unlock(&d->page_lock);
}

bool domain_drop_claim(struct domain *d)
{
    spin_lock(&d->page_lock);
    bool mine = !d->drop_claimed && d->drop_left == 0;
    d->drop_claimed |= mine;
    spin_unlock(&d->page_lock);
    return mine;
}

void domain_drop_later(struct domain *d, struct frame *first, u32 nr)
{
    spin_lock(&d->page_lock);
    d->drop_claimed = false;
    /* What is still on a dying domain's list goes with it. */
    if (load_relaxed(&d->life) == DOMAIN_ALIVE) {
        d->drop_first = first;
        d->drop_left = nr;
    }
    spin_unlock(&d->page_lock);
}

bool domain_drop_step(struct domain *d)
{
    spin_lock(&d->page_lock);
    u32 nr = MIN(d->drop_left, DROP_MAX);
    if (nr > 0) {
        drop_run_locked(d, d->drop_first, nr);
        d->drop_first += nr;
        d->drop_left -= nr;
    }
    bool more = d->drop_left > 0;
    spin_unlock(&d->page_lock);
    return more;
}

static void put_pages_ref(struct rcu_head *head)
{
    domain_put(container_of(head, struct domain, pages_rcu));
}

void frame_up_release(struct frame *f)
{
    /* Found: it has a page, so it holds a reference on itself, and ids are not given twice. */
    struct domain *d = dom_find((domid_t){f->owner});
    check(d != NULL);
    spin_lock(&d->page_lock);
    pages_count_out_locked(d, 1);
    bool last = take_ref_locked(d);
    spin_unlock(&d->page_lock);
    if (last) {
        /* Whoever put the page may hold any lock; taking a domain off the list takes one. */
        rcu_defer(&d->pages_rcu, put_pages_ref);
    }
}

enum err domain_pages_relinquish(struct domain *d, u64 *cursor)
{
    (void)cursor;
    domain_populate_cancel(d);
    spin_lock(&d->page_lock);
    d->drop_left = 0; /* on the list they are, too */
    struct frame *first = NULL;
    u32 nr = 0;
    for (u32 i = 0; i < DROP_MAX && d->page_list != FRAME_NIL; i++) {
        struct frame *f = frame_nth(d->page_list);
        if (!drop_locked(d, f)) {
            continue;
        }
        if (f != first + nr) {
            free_run_locked(d, first, nr);
            first = f;
            nr = 0;
        }
        nr++;
    }
    free_run_locked(d, first, nr);
    bool more = d->page_list != FRAME_NIL;
    bool last = take_ref_locked(d);
    spin_unlock(&d->page_lock);
    if (last) {
        domain_put(d);
    }
    return more ? E_RESTART : OK;
}
