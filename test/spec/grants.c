/* SPDX-License-Identifier: MIT */
/*
 * Grants. For each granter and reference: readers and writers are the mappings that all domains'
 * handles name, no more and no less, and all are of the one domain that the reference is in use by;
 * in use it holds one page. A handle is used, and names a domain that exists, or is on the free
 * list, once.
 */
#include "dom/domain.h"
#include "gnttab/grant.h"
#include "test/spec/spec.h"

static const struct active *active_of(const struct gnttab *g, u32 ref)
{
    const struct active *page =
        ref / GREFS_FRAME < g->nr_frames
            ? g->frames[ref / GREFS_FRAME].active[ref % GREFS_FRAME / ACTIVES_PAGE]
            : NULL;
    return page != NULL ? &page[ref % ACTIVES_PAGE] : NULL;
}

static const struct mapping *mapping_of(const struct gnttab *g, u32 handle)
{
    return &g->maptrack[handle / MAPPINGS_PAGE][handle % MAPPINGS_PAGE];
}

/* What all handles say of one reference. */
struct use {
    u32 readers, writers;
    u16 by; /* one of those who map it */
    bool by_others;
};

/* d's handles of granter's pages, into use[]. */
static void count(const struct domain *d, const struct domain *granter, struct use *use)
{
    const struct gnttab *g = d->gnttab;
    for (u32 h = 0; g != NULL && h < g->nr_maptrack_pages * MAPPINGS_PAGE; h++) {
        const struct mapping *m = mapping_of(g, h);
        if (m->used && m->granter == granter) {
            struct use *u = &use[m->ref];
            u->by_others = u->by_others || (u->readers + u->writers != 0 && u->by != d->id.id);
            u->by = d->id.id;
            u->readers += m->readonly;
            u->writers += !m->readonly;
        }
    }
}

static void check_ref(const struct domain *granter, u32 ref, const struct use *u)
{
    const struct active *a = active_of(granter->gnttab, ref);
    const bool used = u->readers + u->writers != 0;
    if (a == NULL) {
        spec_check(!used, "grant %u of d%u is mapped, and nobody counts", ref, granter->id.id);
        return;
    }
    spec_check(a->readers == u->readers && a->writers == u->writers,
               "grant %u of d%u: %u read and %u write, counted %u and %u", ref, granter->id.id,
               u->readers, u->writers, a->readers, a->writers);
    spec_check(!used || (!u->by_others && a->domid == u->by),
               "grant %u of d%u is mapped by d%u, and in use by d%u", ref, granter->id.id, u->by,
               a->domid);
    spec_check((a->frame != NULL) == used, "grant %u of d%u: used %u, and it %s a page", ref,
               granter->id.id, used, a->frame != NULL ? "holds" : "lacks");
    spec_check(a->frame == NULL ||
                   (a->frame->state == FRAME_GUEST && a->frame->owner == granter->id.id),
               "grant %u of d%u holds a page that is not his", ref, granter->id.id);
}

static bool exists(const struct spec_world *w, const struct domain *d)
{
    for (u32 i = 0; i < w->nr; i++) {
        if (w->domain[i] == d) {
            return true;
        }
    }
    return false;
}

static bool check_handles(const struct spec_world *w, const struct domain *d)
{
    const struct gnttab *g = d->gnttab;
    const u32 nr = g->nr_maptrack_pages * MAPPINGS_PAGE;
    static struct spec_room room;
    u8 *seen = spec_zeroed(&room, nr + 1);
    if (seen == NULL) {
        return false;
    }
    u32 used = 0;
    for (u32 h = 0; h < nr; h++) {
        const struct mapping *m = mapping_of(g, h);
        spec_check(!m->busy, "d%u handle %u: somebody is at it", d->id.id, h);
        if (m->used) {
            used++;
            seen[h] = 1;
            spec_check(exists(w, m->granter) && m->granter->gnttab != NULL &&
                           active_of(m->granter->gnttab, m->ref) != NULL,
                       "d%u handle %u is of nobody's grant", d->id.id, h);
        }
    }
    for (u32 h = g->free_handle; h != HANDLE_NONE; h = mapping_of(g, h)->ref) {
        spec_check(h < nr && !seen[h], "d%u handle %u is free twice, or used", d->id.id, h);
        seen[h] = 1;
    }
    for (u32 h = 0; h < nr; h++) {
        spec_check(seen[h], "d%u handle %u is lost", d->id.id, h);
    }
    spec_check(g->nr_mappings == used, "d%u: %u mappings, counted %u", d->id.id, used,
               g->nr_mappings);
    return true;
}

bool spec_grants_check(const struct spec_world *w)
{
    for (u32 i = 0; i < w->nr; i++) {
        const struct domain *d = w->domain[i];
        if (d->gnttab != NULL && !check_handles(w, d)) {
            return false;
        }
    }
    for (u32 i = 0; i < w->nr; i++) {
        const struct domain *d = w->domain[i];
        const u32 nr = d->gnttab != NULL ? d->gnttab->nr_frames * (u32)GREFS_FRAME : 0;
        static struct spec_room room;
        struct use *use = spec_zeroed(&room, (nr + 1) * sizeof(*use));
        if (use == NULL) {
            return false;
        }
        for (u32 k = 0; k < w->nr; k++) {
            count(w->domain[k], d, use);
        }
        for (u32 ref = 0; ref < nr; ref++) {
            check_ref(d, ref, &use[ref]);
        }
    }
    return true;
}
