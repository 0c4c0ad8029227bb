/* SPDX-License-Identifier: MIT */
#include "base/string.h"
#include "gnttab/grant.h"
#include "log/log.h"
#include "mem/slab.h"
#include "p2m/p2m.h"

/* Frames made in one stay: each is zeroed. */
#define GROW_BUDGET 4u
/* Frames, or pages of mappings, freed in one stay: a frame has some pages more. */
#define SHRINK_BUDGET 8u
/* Tries to set an entry's flags while its owner keeps changing them. */
#define STATUS_TRIES 5u
/* Whatever the tools ask for: what an array of at most 64 KiB has room for. */
#define FRAMES_LIMIT         2048u
#define MAPTRACK_PAGES_LIMIT 8192u

#define ENTRY_FLAGS offsetof(struct xen_grant_entry_v1, flags)
#define ENTRY_FRAME offsetof(struct xen_grant_entry_v1, frame)
#define ENTRY_BYTES ((u32)sizeof(struct xen_grant_entry_v1))

bool array_grow(void **array, u32 *capacity, u32 need, u32 limit, u32 element_bytes)
{
    if (need <= *capacity) {
        return true;
    }
    u32 to = MIN(MAX(need, *capacity * 2), limit);
    void *grown = heap_alloc(to * element_bytes);
    if (grown == NULL) {
        return false;
    }
    if (*array != NULL) {
        memcpy(grown, *array, (size_t)*capacity * element_bytes);
        heap_free(*array, *capacity * element_bytes);
    }
    *array = grown;
    *capacity = to;
    return true;
}

/* --- frames --- */

static enum err grow_by_one(struct domain *d, struct gnttab *g) REQUIRES(g->lock)
{
    void *frames = g->frames;
    if (!array_grow(&frames, &g->capacity, g->nr_frames + 1, g->max_frames, sizeof(*g->frames))) {
        return E_NOMEM;
    }
    g->frames = frames;
    struct frame *f;
    enum err e = frame_alloc_zeroed(0, &f);
    if (e != OK) {
        return e;
    }
    frame_share(f, d->id);
    g->frames[g->nr_frames].frame = f;
    store_relaxed(&g->nr_frames, g->nr_frames + 1);
    return OK;
}

enum err gnttab_grow(struct domain *d, u32 nr)
{
    struct gnttab *g = d->gnttab;
    if (nr > g->max_frames) {
        return E_INVAL;
    }
    enum err e = OK;
    spin_lock(&g->lock);
    for (u32 i = 0; g->nr_frames < nr && e == OK; i++) {
        e = i == GROW_BUDGET ? E_RESTART : grow_by_one(d, g);
    }
    spin_unlock(&g->lock);
    return e;
}

/* UNCHECKED: nobody knows it yet. */
UNCHECKED enum err gnttab_create(struct domain *d, u32 max_frames, u32 max_maptrack_frames)
{
    struct gnttab *g = heap_alloc(sizeof(*g));
    if (g == NULL) {
        return E_NOMEM;
    }
    spin_init(&g->lock, RANK_GNTTAB, "gnttab");
    spin_init(&g->maptrack_lock, RANK_MAPTRACK, "maptrack");
    g->max_frames = MIN(MAX(max_frames, 1), FRAMES_LIMIT);
    g->max_maptrack_pages = MIN(max_maptrack_frames, MAPTRACK_PAGES_LIMIT);
    g->free_handle = HANDLE_NONE;
    d->gnttab = g;
    enum err e = gnttab_grow(d, 1);
    if (e != OK) {
        gnttab_destroy(d);
    }
    return e;
}

static void free_last_frame(struct gnttab *g) REQUIRES(g->lock)
{
    u32 i = --g->nr_frames;
    for (u32 n = 0; n < ACTIVE_PAGES; n++) {
        if (g->frames[i].active[n] != NULL) {
            heap_free(g->frames[i].active[n], PAGE_SIZE);
        }
    }
    frame_unshare(g->frames[i].frame); /* goes when a builder's mapping of it goes */
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED enum err gnttab_shrink(struct domain *d)
{
    struct gnttab *g = d->gnttab;
    for (u32 i = 0; i < SHRINK_BUDGET; i++) {
        if (!maptrack_free_last_page(g)) {
            if (g->nr_frames == 0) {
                return OK;
            }
            free_last_frame(g);
        }
    }
    return E_RESTART;
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED void gnttab_destroy(struct domain *d)
{
    struct gnttab *g = d->gnttab;
    if (g == NULL) {
        return;
    }
    while (gnttab_shrink(d) == E_RESTART) {
    }
    if (g->frames != NULL) {
        heap_free(g->frames, g->capacity * (u32)sizeof(*g->frames));
    }
    maptrack_destroy(g);
    heap_free(g, sizeof(*g));
    d->gnttab = NULL;
}

enum err gnttab_frame(struct domain *d, u32 index, struct frame **out)
{
    struct gnttab *g = d->gnttab;
    if (index >= g->max_frames) {
        return E_INVAL;
    }
    enum err e = gnttab_grow(d, index + 1);
    if (e == OK) {
        spin_lock(&g->lock);
        *out = g->frames[index_clamp(index, g->nr_frames)].frame;
        spin_unlock(&g->lock);
    }
    return e;
}

u32 gnttab_nr_frames(struct domain *d)
{
    return load_relaxed(&d->gnttab->nr_frames);
}

u32 gnttab_max_frames(struct domain *d)
{
    return d->gnttab->max_frames;
}

/* --- entries; with the lock held --- */

static bool ref_is_valid(const struct gnttab *g, u32 ref) REQUIRES(g->lock)
{
    return ref / GREFS_FRAME < g->nr_frames;
}

/* The page with the entry of a valid ref; *offset is the entry's. */
static struct gpage entry_find(struct domain *d, u32 ref, u32 *offset) REQUIRES(d->gnttab->lock)
{
    struct gnttab *g = d->gnttab;
    struct gpage page;
    u64 frame = index_clamp(ref / GREFS_FRAME, g->nr_frames);
    gpage_from_frame(d, g->frames[frame].frame, &page);
    *offset = ref % (u32)GREFS_FRAME * ENTRY_BYTES;
    return page;
}

/* NULL: nothing of its page has been in use yet, and make is false or there is no memory. */
static struct active *active_find(struct gnttab *g, u32 ref, bool make) REQUIRES(g->lock)
{
    u64 frame = index_clamp(ref / GREFS_FRAME, g->nr_frames);
    struct active **page = &g->frames[frame].active[ref % GREFS_FRAME / ACTIVES_PAGE];
    if (*page == NULL && make) {
        *page = heap_alloc(PAGE_SIZE);
    }
    return *page == NULL ? NULL : &(*page)[ref % ACTIVES_PAGE];
}

u32 gnttab_nr_kept_pages(struct domain *d)
{
    struct gnttab *g = d->gnttab;
    u32 nr = load_relaxed(&g->nr_maptrack_pages);
    spin_lock(&g->lock);
    for (u32 i = 0; i < g->nr_frames; i++) {
        for (u32 j = 0; j < ACTIVE_PAGES; j++) {
            nr += g->frames[i].active[j] != NULL;
        }
    }
    spin_unlock(&g->lock);
    return nr;
}

static bool is_pinned(const struct active *a)
{
    return (a->readers | a->writers) != 0;
}

/*
 * Sets GTF_reading, and GTF_writing unless readonly, in an entry that lets by do so. flags and
 * domid are one 32-bit word: what is checked is what is replaced.
 */
static s16 status_set(struct gpage *page, u32 offset, const struct active *a, domid_t by,
                      bool readonly, bool mapping)
{
    u32 old = gpage_read32(page, offset + ENTRY_FLAGS);
    for (u32 i = 0; i < STATUS_TRIES; i++) {
        u32 flags = old & 0xffff;
        u32 type = flags & (GTF_type_mask | (mapping ? GTF_sub_page : 0));
        if (!is_pinned(a) && (type != GTF_permit_access || old >> 16 != by.id)) {
            return GNTST_general_error;
        }
        if (!readonly && (flags & GTF_readonly) != 0) {
            return GNTST_general_error;
        }
        /* Cache attributes are x86's: a mapping that asks for some is refused. */
        if (mapping && (flags & (GTF_PWT | GTF_PCD | GTF_PAT)) != 0) {
            return GNTST_general_error;
        }
        u32 new = old | GTF_reading | (readonly ? 0 : GTF_writing);
        if (gpage_cmpxchg32(page, offset + ENTRY_FLAGS, &old, new)) {
            return GNTST_okay;
        }
    }
    return GNTST_general_error;
}

/* Takes back what no pin needs any more. Full barriers: what was written to the page is seen
 * before. */
static void status_clear(struct gpage *page, u32 offset, const struct active *a, bool readonly)
{
    u32 over = (!readonly && a->writers == 0 ? GTF_writing : 0) | (is_pinned(a) ? 0 : GTF_reading);
    if (over != 0) {
        gpage_clear_bits(page, offset + ENTRY_FLAGS, over);
    }
}

s16 grant_get_page(struct domain *d, gfn_t gfn, bool writable, struct frame **out)
{
    struct frame *f;
    if (p2m_get_page(d->p2m, gfn, writable, &f) != OK) {
        return GNTST_bad_page;
    }
    /* Only what is d's own: not a page that it maps by somebody's grant, nor one of the
     * hypervisor's. */
    if (f->state != FRAME_GUEST || f->owner != d->id.id) {
        frame_put(f);
        return GNTST_bad_page;
    }
    *out = f;
    return GNTST_okay;
}

/* Does the entry name by? */
static bool is_granted_to(struct domain *granter, u32 ref, domid_t by)
    REQUIRES(granter->gnttab->lock)
{
    u32 offset;
    struct gpage page = entry_find(granter, ref, &offset);
    const u32 entry = gpage_read32(&page, offset + ENTRY_FLAGS);
    return (entry & GTF_type_mask) == GTF_permit_access && entry >> 16 == by.id;
}

static s16 pin_locked(struct domain *granter, u32 ref, domid_t by, bool readonly, bool mapping,
                      struct frame **out) REQUIRES(granter->gnttab->lock)
{
    struct gnttab *g = granter->gnttab;
    if (!ref_is_valid(g, ref)) {
        return GNTST_bad_gntref;
    }
    struct active *a = active_find(g, ref, false);
    if (a == NULL) {
        /* A stranger's guess costs the granter no memory. */
        if (!is_granted_to(granter, ref, by)) {
            return GNTST_general_error;
        }
        a = active_find(g, ref, true);
        if (a == NULL) {
            return GNTST_no_space;
        }
    }
    if (is_pinned(a) && (a->domid != by.id || a->readers >= PINS_MAX || a->writers >= PINS_MAX)) {
        return GNTST_general_error;
    }
    u32 offset;
    struct gpage page = entry_find(granter, ref, &offset);
    if (!is_pinned(a) || (!readonly && a->writers == 0)) {
        s16 status = status_set(&page, offset, a, by, readonly, mapping);
        if (status != GNTST_okay) {
            return status;
        }
    }
    if (!is_pinned(a)) {
        gfn_t gfn = {gpage_read32(&page, offset + ENTRY_FRAME)};
        s16 status = grant_get_page(granter, gfn, !readonly, &a->frame);
        if (status != GNTST_okay) {
            status_clear(&page, offset, a, readonly);
            return status;
        }
        a->domid = by.id;
    }
    if (readonly) {
        a->readers++;
    } else {
        a->writers++;
    }
    *out = a->frame;
    return GNTST_okay;
}

s16 grant_pin(struct domain *granter, u32 ref, domid_t by, bool readonly, bool mapping,
              struct frame **out)
{
    spin_lock(&granter->gnttab->lock);
    s16 status = pin_locked(granter, ref, by, readonly, mapping, out);
    spin_unlock(&granter->gnttab->lock);
    return status;
}

void grant_unpin(struct domain *granter, u32 ref, bool readonly)
{
    struct gnttab *g = granter->gnttab;
    struct frame *last = NULL;
    spin_lock(&g->lock);
    struct active *a = active_find(g, ref, false);
    assert(a != NULL && is_pinned(a));
    if (readonly) {
        a->readers--;
    } else {
        a->writers--;
    }
    u32 offset;
    struct gpage page = entry_find(granter, ref, &offset);
    status_clear(&page, offset, a, readonly);
    if (!is_pinned(a)) {
        last = a->frame;
        a->frame = NULL;
    }
    spin_unlock(&g->lock);
    if (last != NULL) {
        frame_put(last);
    }
}

struct frame *grant_pinned(struct domain *granter, u32 ref)
{
    struct gnttab *g = granter->gnttab;
    spin_lock(&g->lock);
    const struct active *a = active_find(g, ref, false);
    assert(a != NULL);
    struct frame *f = a->frame;
    spin_unlock(&g->lock);
    return f;
}

/* --- the rest of the operations on one table --- */

static bool ref_is_pinned(struct gnttab *g, u32 ref) REQUIRES(g->lock)
{
    const struct active *a = active_find(g, ref, false);
    return a != NULL && is_pinned(a);
}

static s16 swap_locked(struct domain *d, u32 ref_a, u32 ref_b) REQUIRES(d->gnttab->lock)
{
    struct gnttab *g = d->gnttab;
    if (!ref_is_valid(g, ref_a) || !ref_is_valid(g, ref_b)) {
        return GNTST_bad_gntref;
    }
    if (ref_a == ref_b) {
        return GNTST_okay;
    }
    if (ref_is_pinned(g, ref_a) || ref_is_pinned(g, ref_b)) {
        return GNTST_eagain;
    }
    u32 offset_a;
    u32 offset_b;
    struct gpage page_a = entry_find(d, ref_a, &offset_a);
    struct gpage page_b = entry_find(d, ref_b, &offset_b);
    u64 a = gpage_read64(&page_a, offset_a);
    gpage_write64(&page_a, offset_a, gpage_read64(&page_b, offset_b));
    gpage_write64(&page_b, offset_b, a);
    return GNTST_okay;
}

void gnttab_swap(struct domain *d, u32 ref_a, u32 ref_b, s16 *status)
{
    spin_lock(&d->gnttab->lock);
    *status = swap_locked(d, ref_a, ref_b);
    spin_unlock(&d->gnttab->lock);
}

/* UNCHECKED: a dump of the moment. */
UNCHECKED void gnttab_dump(struct domain *d)
{
    struct gnttab *g = d->gnttab;
    log_info("d%u: grant table of %u frames (at most %u), %u mappings made", d->id.id, g->nr_frames,
             g->max_frames, g->nr_mappings);
    for (u32 ref = 0; ref < g->nr_frames * GREFS_FRAME; ref++) {
        const struct active *a = active_find(g, ref, false);
        if (a == NULL) {
            ref |= ACTIVES_PAGE - 1; /* nothing in this page */
        } else if (is_pinned(a)) {
            log_info("  %u: d%u reads %u writes %u mfn %llx", ref, a->domid, a->readers, a->writers,
                     (unsigned long long)frame_to_mfn(a->frame).mfn);
        }
    }
}
