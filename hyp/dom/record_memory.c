/* SPDX-License-Identifier: MIT */
/* Which guest frames are RAM, in pieces: a record covers at most PAGES of them, so that one is
 * written, or compared with what is there, in one stay. */
#include "base/bits.h"
#include "dom/record.h"
#include "p2m/p2m.h"

#define PAGES RECORD_RUNS
#define LOOKS 256u /* leaves and holes, in one stay */

static u32 run_flags(const struct p2m_leaf *leaf, u64 page)
{
    const struct frame *f = mfn_to_frame(mfn_add(leaf->mfn, page));
    return (leaf->type == P2M_RAM_RO ? RECORD_RUN_READONLY : 0) |
           (f && load_relaxed(&f->writable_maps) != 0 ? RECORD_RUN_DIRTY : 0);
}

/* Joins the page to the last run, or begins another. */
static void add(struct record_memory *b, u32 gfn, u32 flags)
{
    struct record_run *last = b->nr > 0 ? &b->run[b->nr - 1] : NULL;
    if (last && last->gfn + last->nr_pages == gfn && last->flags == flags) {
        last->nr_pages++;
    } else {
        b->run[b->nr++] = (struct record_run){.gfn = gfn, .nr_pages = 1, .flags = flags};
    }
}

enum err memory_save(struct domain *d, struct record *r)
{
    struct record_memory *b = r->body;
    gfn_t at = {r->instance};
    u32 looks = LOOKS;
    u32 left = PAGES;
    enum err e = OK;
    while (left > 0) {
        struct p2m_leaf leaf;
        e = p2m_next(d->p2m, &at, &leaf, &looks);
        if (e != OK) {
            break;
        }
        if (p2m_type_is_borrowed(leaf.type)) {
            return E_BUSY; /* somebody else's page: not ours to give away */
        }
        u64 nr = leaf.nr_pages;
        if (p2m_type_is_ram(leaf.type)) {
            nr = MIN(nr, left);
            for (u64 i = 0; i < nr; i++) {
                add(b, (u32)(at.gfn + i), run_flags(&leaf, i));
            }
            left -= (u32)nr;
        }
        at = gfn_add(at, nr);
    }
    if (e == E_NOENT && b->nr == 0) {
        return E_NOENT;
    }
    r->next = e == E_NOENT ? (u32)P2M_GFN_END : (u32)at.gfn;
    r->bytes = (u32)offsetof(struct record_memory, run) + b->nr * (u32)sizeof(b->run[0]);
    return OK;
}

/* Is the run RAM of that kind, page by page? */
static enum err compare(struct domain *d, const struct record_run *run)
{
    gfn_t at = {run->gfn};
    u64 end = (u64)run->gfn + run->nr_pages;
    enum p2m_type type = run->flags & RECORD_RUN_READONLY ? P2M_RAM_RO : P2M_RAM_RW;
    u32 looks = PAGES;
    while (at.gfn < end) {
        struct p2m_leaf leaf;
        gfn_t found = at;
        enum err e = p2m_next(d->p2m, &found, &leaf, &looks);
        if (e != OK || found.gfn != at.gfn || leaf.type != type) {
            return E_NOENT;
        }
        at = gfn_add(at, leaf.nr_pages);
    }
    return OK;
}

enum err memory_load(struct domain *d, const struct record *r)
{
    const struct record_memory *b = r->body;
    u64 at = r->instance;
    u64 pages = 0;
    if (r->bytes < offsetof(struct record_memory, run) || b->nr > RECORD_RUNS || b->zero != 0 ||
        r->bytes != offsetof(struct record_memory, run) + b->nr * sizeof(b->run[0])) {
        return E_INVAL;
    }
    for (u32 i = 0; i < b->nr; i++) {
        const struct record_run *run = &b->run[i];
        pages += run->nr_pages;
        if (run->nr_pages == 0 || pages > PAGES || run->gfn < at || run->zero != 0 ||
            (run->flags & ~(RECORD_RUN_READONLY | RECORD_RUN_DIRTY))) {
            return E_INVAL;
        }
        at = (u64)run->gfn + run->nr_pages;
    }
    enum err e = at > P2M_GFN_END ? E_INVAL : OK;
    for (u32 i = 0; i < b->nr && e == OK; i++) {
        e = compare(d, &b->run[i]);
    }
    return e;
}
