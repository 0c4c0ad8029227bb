/* SPDX-License-Identifier: MIT */
/*
 * Cache maintenance on the hypervisor's own addresses; docs/caches.md says who owes which. The host
 * build counts dirty lines of a page instead, and fails the test that forgot one.
 * Arm ARM D7.5 (caches), B2.3.7 (instruction side).
 */
#ifndef CPU_CACHE_H
#define CPU_CACHE_H

#include "base/types.h"

/* DC CVAC over [va, va + bytes) to the point of coherency, then dsb sy. */
void cache_clean(const void *va, u64 bytes);
/* DC CIVAC over [va, va + bytes), then dsb sy. */
void cache_clean_invalidate(const void *va, u64 bytes);
/* IC IALLUIS, dsb ish, isb: code anywhere may have changed. */
void cache_invalidate_instructions(void);
/* Zeroes one page. */
void cache_zero_page(void *va);
/* Zeroes whole, aligned 64-byte lines and cleans them to the point of coherency in one pass. */
void cache_zero_and_clean(void *va, u64 bytes);

#endif
