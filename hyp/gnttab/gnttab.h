/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: a domain offers pages by writing entries in frames it shares with us;
 * others map, or let us copy. An active entry (one for each grant reference in use) holds the pins;
 * a maptrack entry (one a mapping, handle = index) belongs to the mapper. Both tables start at one
 * page and grow.
 *
 *   granter                               |  mapper
 *   entry {flags, domid, gfn} <- reading, |  maptrack {granter, ref, gfn}    stage 2: gfn -> page
 *   active {page, pins}          writing  |
 *
 * A page granted is held by the active entry while there are pins, and by each stage-2 leaf for
 * itself: what a mapper does to its own stage 2 can make the pins wrong for itself only, never the
 * page free.
 */
#ifndef GNTTAB_GNTTAB_H
#define GNTTAB_GNTTAB_H

#include "base/addr.h"
#include "base/err.h"
#include "p2m/p2m.h"

struct domain;
struct frame;

/* dom_up_create and _destroy. The first frame is there at once (the tools seed it). */
enum err gnttab_create(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
void gnttab_destroy(struct domain *d);
/* Before it, for a bounded end: a part of what is large; E_RESTART until the rest is small. Nobody
 * uses it any more. */
enum err gnttab_shrink(struct domain *d);
/*
 * Teardown, d runs no more: takes the pins off all that d mapped (the leaves go with its stage 2,
 * before or after). E_RESTART; cursor starts at 0.
 */
enum err gnttab_relinquish(struct domain *d, u64 *cursor);

/*
 * A frame of the table by index, growing it up to the limit (add_to_physmap, acquire_resource).
 * SHARED page, no reference taken. E_INVAL beyond the limit, E_NOMEM; E_RESTART: has grown some,
 * come again.
 */
enum err gnttab_frame(struct domain *d, u32 index, struct frame **out);
/* setup_table: at least nr frames. The same errors. */
enum err gnttab_grow(struct domain *d, u32 nr);
u32 gnttab_nr_frames(struct domain *d);
u32 gnttab_max_frames(struct domain *d);
u32 gnttab_nr_maptrack(struct domain *d); /* entries in use */
/* Pages that grow with use and stay until the domain dies: those that hold mappings, and one for
 * some hundred references of d's own, when the first of them is asked for. Control domain alive. */
u32 gnttab_nr_kept_pages(struct domain *d);

/*
 * The operations, one element each; the batch loop and copying is call/grant.c. Results GNTST_* in
 * op->status. The caller is the current vCPU's domain.
 */
struct xen_gnttab_map_grant_ref;
void gnttab_map(struct domain *mapper, struct xen_gnttab_map_grant_ref *op);

/*
 * Unmapping in batches: the leaves go one by one, then one flush of every TLB for all, and only
 * then the pins and references. begin, at most GNTTAB_UNMAPS_MAX unmaps, end; all in one exit, the
 * batch on the caller's stack.
 */
#define GNTTAB_UNMAPS_MAX P2M_GATHER_MAX
struct gnttab_unmaps {
    struct domain *mapper;
    struct p2m_gather gather;
    u32 nr;
    u32 handle[GNTTAB_UNMAPS_MAX];
};
struct xen_gnttab_unmap_grant_ref;
void gnttab_unmap_begin(struct gnttab_unmaps *batch, struct domain *mapper);
void gnttab_unmap(struct gnttab_unmaps *batch, struct xen_gnttab_unmap_grant_ref *op);
void gnttab_unmap_end(struct gnttab_unmaps *batch);

struct xen_gnttab_copy;
void gnttab_copy(struct domain *caller, struct xen_gnttab_copy *op);
struct xen_gnttab_cache_flush;
/* *cursor is 0 at first; on E_RESTART come again with what it holds (20 bits). */
enum err gnttab_cache_flush(struct domain *caller, const struct xen_gnttab_cache_flush *op,
                            u32 *cursor);
void gnttab_swap(struct domain *d, u32 ref_a, u32 ref_b, s16 *status);
void gnttab_dump(struct domain *d);

/* dom/record.h: RECORD_GRANTS. While the domain maps others' pages E_BUSY. */
struct record;
enum err gnttab_save(struct domain *d, struct record *r);
enum err gnttab_load(struct domain *d, const struct record *r);

#endif
