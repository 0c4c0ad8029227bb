/* SPDX-License-Identifier: MIT */
/* Private to gnttab/: the two tables, and pinning. */
#ifndef GNTTAB_GRANT_H
#define GNTTAB_GRANT_H

#include "abi/grant.h"
#include "cpu/speculation.h"
#include "dom/domain.h"
#include "gnttab/gnttab.h"
#include "guestmem/guestmem.h"
#include "mem/frame.h"
#include "sync/spinlock.h"

/* A grant reference in use. */
struct active {
    struct frame *frame; /* one reference, while pinned */
    u8 readers, writers; /* mappings, and copies under way; both 0: not pinned */
    u16 domid;           /* who pins */
    u32 reserved;
};
_Static_assert(sizeof(struct active) == 16, "256 a page");
#define PINS_MAX 128u /* of a kind, on one reference */

/* A mapping that this domain made; its handle is its index. */
struct mapping {
    struct domain *granter; /* one reference, while used */
    u32 ref;                /* free: the next free handle */
    u32 gfn : 28;           /* where; a stage-2 input has 40 bits */
    u32 used : 1;
    u32 busy : 1; /* being made or unmapped: nobody else's */
    u32 readonly : 1;
};
_Static_assert(sizeof(struct mapping) == 16, "256 a page");
#define MAPPING_GFN_BITS 28

#define GREFS_FRAME   (PAGE_SIZE / sizeof(struct xen_grant_entry_v1))
#define ACTIVES_PAGE  ((u32)(PAGE_SIZE / sizeof(struct active)))
#define ACTIVE_PAGES  ((u32)(GREFS_FRAME / ACTIVES_PAGE)) /* for each frame */
#define MAPPINGS_PAGE ((u32)(PAGE_SIZE / sizeof(struct mapping)))
#define HANDLE_NONE   ~0u

/* One frame of entries and what is active of it. */
struct grant_frame {
    struct frame *frame;                 /* SHARED page */
    struct active *active[ACTIVE_PAGES]; /* pages; NULL until one of their references is used */
};

struct gnttab {
    struct spinlock lock; /* RANK_GNTTAB; it guards all active entries, too */
    u32 nr_frames GUARDED_BY(lock);
    u32 max_frames;                /* [c] */
    u32 capacity GUARDED_BY(lock); /* room in frames[] */
    struct grant_frame *frames GUARDED_BY(lock);

    struct spinlock maptrack_lock; /* RANK_MAPTRACK */
    u32 nr_maptrack_pages GUARDED_BY(maptrack_lock);
    u32 max_maptrack_pages; /* [c] */
    u32 maptrack_capacity GUARDED_BY(maptrack_lock);
    u32 nr_mappings GUARDED_BY(maptrack_lock);           /* in use */
    u32 free_handle GUARDED_BY(maptrack_lock);           /* HANDLE_NONE: all handed out */
    struct mapping **maptrack GUARDED_BY(maptrack_lock); /* pages */
};

/* --- table.c --- */
/* A page of d's own RAM by gfn, with a reference. GNTST_okay or GNTST_bad_page. */
s16 grant_get_page(struct domain *d, gfn_t gfn, bool writable, struct frame **out);

/*
 * Pins ref of granter for the domain by: sets the entry's flags, counts. *out is the page, for as
 * long as it is pinned. mapping: not for a copy. No locks held. GNTST_*.
 */
s16 grant_pin(struct domain *granter, u32 ref, domid_t by, bool readonly, bool mapping,
              struct frame **out);
void grant_unpin(struct domain *granter, u32 ref, bool readonly);
/* The page behind a pin that the caller has. */
struct frame *grant_pinned(struct domain *granter, u32 ref);

/* --- maptrack.c --- */
/* A free handle, marked used and busy. False: no memory, or the limit. */
bool maptrack_take(struct gnttab *g, u32 *handle);
/* What a taken handle stands for: from now on it can be claimed. */
void maptrack_publish(struct gnttab *g, u32 handle, struct mapping is);
/* The mapping, and it is the caller's (busy) until put or freed; NULL: no such handle, or somebody
 * else is at it. */
struct mapping *maptrack_claim(struct gnttab *g, u32 handle);
void maptrack_put(struct gnttab *g, struct mapping *m);
void maptrack_free(struct gnttab *g, u32 handle);
/* A handle that the caller has claimed or taken. */
struct mapping *maptrack_find(struct gnttab *g, u32 handle);
/* False: there was none. */
bool maptrack_free_last_page(struct gnttab *g);
void maptrack_destroy(struct gnttab *g);

/* Makes room for need elements in a heap array, doubling it up to limit; the new part is zero. */
bool array_grow(void **array, u32 *capacity, u32 need, u32 limit, u32 element_bytes);

#endif
