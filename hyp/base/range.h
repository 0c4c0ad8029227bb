/* SPDX-License-Identifier: MIT */
/* Ranges of addresses, half-open: [start, start + bytes). An empty one overlaps nothing. */
#ifndef BASE_RANGE_H
#define BASE_RANGE_H

#include "base/types.h"

struct range {
    u64 start, bytes;
};

static inline u64 range_end(const struct range *r)
{
    return r->start + r->bytes;
}

static inline bool range_overlaps(const struct range *a, const struct range *b)
{
    return a->bytes != 0 && b->bytes != 0 && a->start < range_end(b) && b->start < range_end(a);
}

static inline bool range_contains(const struct range *outer, const struct range *inner)
{
    return inner->start >= outer->start && range_end(inner) <= range_end(outer);
}

/* Puts r into list, which is sorted and has no two that touch, merging with its neighbours. False
 * when it is full (max entries) or r wraps. */
bool range_add(struct range *list, u32 *nr, u32 max, struct range r);
/* Inserts r into a sorted list without merging. False when it is full or wraps. */
bool range_insert(struct range *list, u32 *nr, u32 max, struct range r);
/* Makes the sorted list's entries disjoint and merged; they may overlap. */
void range_merge(struct range *list, u32 *nr);
/* The first of the list's entries that overlaps r, or NULL. */
const struct range *range_find_overlap(const struct range *list, u32 nr, const struct range *r);
/* The first part of *rest that no entry of the sorted list covers; *rest is then what lies behind
 * it. False: none. */
bool range_take_gap(const struct range *list, u32 nr, struct range *rest, struct range *out);

#endif
