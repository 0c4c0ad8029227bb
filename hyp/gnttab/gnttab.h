/* SPDX-License-Identifier: MIT */
/*
 * Grant tables, version 1: a domain offers pages by writing entries in frames it shares with us; others map,
 * or let us copy. An active entry (one for each grant reference in use) holds the pins; a maptrack entry (one a
 * mapping, handle = index) belongs to the mapper. Both tables start at one page and grow.
 */
#ifndef GNTTAB_GNTTAB_H
#define GNTTAB_GNTTAB_H

#include "base/addr.h"
#include "base/err.h"

struct domain;
struct frame;

enum err gnttab_create(struct domain *d, u32 max_frames, u32 max_maptrack_frames);
void gnttab_destroy(struct domain *d);
enum err gnttab_relinquish(struct domain *d, u64 *cursor);   /* unmaps all that d mapped; E_RESTART */

/* A frame of the table by index, growing it up to the limit (add_to_physmap, acquire_resource). SHARED page. */
enum err gnttab_frame(struct domain *d, u32 index, struct frame **out);
u32 gnttab_nr_frames(struct domain *d);
u32 gnttab_max_frames(struct domain *d);
u32 gnttab_nr_maptrack(struct domain *d);       /* entries in use */

/* The operations, one element each, decoded; the batch loop and copying is call/grant.c. Results GNTST_* in *status. */
struct xen_gnttab_map_grant_ref;
struct xen_gnttab_unmap_grant_ref;
struct xen_gnttab_copy;
void gnttab_map(struct domain *mapper, struct xen_gnttab_map_grant_ref *op);
/* Unmaps; the caller flushes once a batch and then calls _finish for each (references are dropped after the flush). */
void gnttab_unmap(struct domain *mapper, struct xen_gnttab_unmap_grant_ref *op);
void gnttab_copy(struct domain *caller, struct xen_gnttab_copy *op);
struct xen_gnttab_cache_flush;
enum err gnttab_cache_flush(struct domain *caller, struct xen_gnttab_cache_flush *op, u32 *cursor);
enum err gnttab_swap(struct domain *d, u32 ref_a, u32 ref_b, s16 *status);
void gnttab_dump(struct domain *d);

#endif
