/* SPDX-License-Identifier: MIT */
/*
 * The fake cache. A test says which bytes the CPU wrote through its cache (cache_host_dirty), and
 * asks before memory reaches a guest with caches off whether every line was cleaned
 * (cache_host_is_clean). 64-byte lines.
 */
#ifndef CPU_CACHE_HOST_H
#define CPU_CACHE_HOST_H

#include "base/types.h"

/* The lines of [va, va + bytes) are dirty from now on. */
void cache_host_dirty(const void *va, u64 bytes);
bool cache_host_is_clean(const void *va, u64 bytes);
/* Instructions were written since the last cache_invalidate_instructions(). */
void cache_host_wrote_code(void);
bool cache_host_code_is_coherent(void);
/* Lines cleaned so far, and forget all. */
extern u64 cache_host_lines_cleaned;
void cache_host_reset(void);

#endif
