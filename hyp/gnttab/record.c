/* SPDX-License-Identifier: MIT */
/*
 * The grant table as records, a frame each. Who maps a grant now stays with this machine, so that
 * the marks of use are left out: whoever takes the other end's place maps anew. What the domain
 * itself maps of others is theirs: with that it cannot be written out.
 */
#include "cpu/atomic.h"
#include "dom/record.h"
#include "gnttab/grant.h"

#define NR_ENTRIES ((u32)(RECORD_PAGE_BYTES / sizeof(struct xen_grant_entry_v1)))
#define IN_USE     (GTF_reading | GTF_writing)

enum err gnttab_save(struct domain *d, struct record *r)
{
    struct record_page *b = r->body;
    struct frame *f;
    if (gnttab_nr_maptrack(d) != 0) {
        return E_BUSY;
    }
    if (r->instance >= gnttab_nr_frames(d)) {
        return E_NOENT;
    }
    enum err e = gnttab_frame(d, r->instance, &f);
    if (e != OK) {
        return e;
    }
    struct gpage page;
    gpage_from_frame(d, f, &page);
    gpage_read(&page, 0, b->bytes, sizeof(b->bytes));
    struct xen_grant_entry_v1 *entry = (struct xen_grant_entry_v1 *)b->bytes;
    for (u32 i = 0; i < NR_ENTRIES; i++) {
        entry[i].flags &= (u16)~IN_USE;
    }
    b->gfn = load_relaxed(&f->gfn); /* the tools may be moving it */
    return OK;
}

enum err gnttab_load(struct domain *d, const struct record *r)
{
    const struct record_page *b = r->body;
    if (b->zero != 0) {
        return E_INVAL;
    }
    if (r->instance > gnttab_nr_frames(d)) {
        return E_NOENT; /* those before it come first */
    }
    struct frame *f;
    enum err e = gnttab_frame(d, r->instance, &f); /* one more at most */
    if (e == OK) {
        e = record_map_shared(d, f, b->gfn);
    }
    if (e == OK) {
        struct gpage page;
        gpage_from_frame(d, f, &page);
        gpage_write(&page, 0, b->bytes, sizeof(b->bytes));
    }
    return e;
}
