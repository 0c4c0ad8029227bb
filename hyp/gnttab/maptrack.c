/* SPDX-License-Identifier: MIT */
/* A domain's mappings of others' pages: pages of struct mapping that never move, a free list
 * through them. */
#include "gnttab/grant.h"
#include "mem/slab.h"

/* The lock is held: growing gives the table of pages another place. */
static struct mapping *find(struct gnttab *g, u32 handle) REQUIRES(g->maptrack_lock)
{
    u64 page = index_clamp(handle / MAPPINGS_PAGE, g->nr_maptrack_pages);
    return &g->maptrack[page][handle % MAPPINGS_PAGE];
}

/* Room for so many pages at first: the list moves only beyond 4,096 mappings. */
#define FIRST_PAGES 16u

/* One more page, its handles on the free list in order. */
static bool add_page(struct gnttab *g) REQUIRES(g->maptrack_lock)
{
    u32 n = g->nr_maptrack_pages;
    void *array = g->maptrack;
    if (n >= g->max_maptrack_pages ||
        !array_grow(&array, &g->maptrack_capacity,
                    MIN(MAX(n + 1, FIRST_PAGES), g->max_maptrack_pages), g->max_maptrack_pages,
                    sizeof(void *))) {
        return false;
    }
    g->maptrack = array;
    struct mapping *page = heap_alloc(PAGE_SIZE);
    if (page == NULL) {
        return false;
    }
    for (u32 i = 0; i < MAPPINGS_PAGE; i++) {
        page[i].ref = n * MAPPINGS_PAGE + i + 1;
    }
    page[MAPPINGS_PAGE - 1].ref = HANDLE_NONE;
    g->maptrack[n] = page;
    g->nr_maptrack_pages = n + 1;
    g->free_handle = n * MAPPINGS_PAGE;
    return true;
}

struct mapping *maptrack_find(struct gnttab *g, u32 handle)
{
    spin_lock(&g->maptrack_lock);
    struct mapping *m = find(g, handle);
    spin_unlock(&g->maptrack_lock);
    return m;
}

bool maptrack_take(struct gnttab *g, u32 *handle)
{
    spin_lock(&g->maptrack_lock);
    bool there = g->free_handle != HANDLE_NONE || add_page(g);
    if (there) {
        *handle = g->free_handle;
        struct mapping *m = find(g, g->free_handle);
        g->free_handle = m->ref;
        m->used = 1;
        m->busy = 1;
        g->nr_mappings++;
    }
    spin_unlock(&g->maptrack_lock);
    return there;
}

struct mapping *maptrack_claim(struct gnttab *g, u32 handle)
{
    struct mapping *m = NULL;
    spin_lock(&g->maptrack_lock);
    if (handle / MAPPINGS_PAGE < g->nr_maptrack_pages) {
        m = find(g, handle);
        if (!m->used || m->busy) {
            m = NULL;
        } else {
            m->busy = 1;
        }
    }
    spin_unlock(&g->maptrack_lock);
    return m;
}

void maptrack_publish(struct gnttab *g, u32 handle, struct mapping is)
{
    is.used = 1;
    spin_lock(&g->maptrack_lock);
    *find(g, handle) = is;
    spin_unlock(&g->maptrack_lock);
}

void maptrack_put(struct gnttab *g, struct mapping *m)
{
    spin_lock(&g->maptrack_lock);
    m->busy = 0;
    spin_unlock(&g->maptrack_lock);
}

void maptrack_free(struct gnttab *g, u32 handle)
{
    spin_lock(&g->maptrack_lock);
    struct mapping *m = find(g, handle);
    *m = (struct mapping){.ref = g->free_handle};
    g->free_handle = handle;
    g->nr_mappings--;
    spin_unlock(&g->maptrack_lock);
}

u32 gnttab_nr_maptrack(struct domain *d)
{
    return load_relaxed(&d->gnttab->nr_mappings);
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED bool maptrack_free_last_page(struct gnttab *g)
{
    if (g->nr_maptrack_pages == 0) {
        return false;
    }
    heap_free(g->maptrack[--g->nr_maptrack_pages], PAGE_SIZE);
    return true;
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED void maptrack_destroy(struct gnttab *g)
{
    if (g->maptrack != NULL) {
        heap_free(g->maptrack, g->maptrack_capacity * (u32)sizeof(void *));
    }
}
