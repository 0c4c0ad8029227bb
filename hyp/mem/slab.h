/* SPDX-License-Identifier: MIT */
/*
 * Small objects by type. Every allocation asks mem_fail_hook (mem/frame.h) first. A cache hands out
 * zeroed objects of one size from pages of its own; empty pages go back. heap_alloc() serves odd
 * sizes from caches of powers of two, and whole pages above 2 KiB. Every cache is on a list with
 * its live count: scenario "nothing leaks" compares them.
 */
#ifndef MEM_SLAB_H
#define MEM_SLAB_H

#include "base/err.h"
#include "base/list.h"
#include "mem/frame.h"
#include "sync/spinlock.h"

struct slab_cache {
    const char *name;
    u32 object_bytes; /* [c] rounded up to 16 */
    u32 nr_live GUARDED_BY(lock);
    u32 nr_pages GUARDED_BY(lock);
    /* Frame index of the first page with a free object, or FRAME_NIL. */
    u32 partial GUARDED_BY(lock);
    struct list caches; /* all caches */
    struct spinlock lock;
};

/* A cache that needs no init call: static struct slab_cache name = SLAB_CACHE_INIT(name, "what",
 * bytes). It joins the list of caches with its first page. */
#define SLAB_CACHE_INIT(cache, what, bytes)                                           \
    {                                                                                 \
        .name = (what), .object_bytes = ((bytes) + 15u) & ~15u, .partial = FRAME_NIL, \
        .caches = LIST_INIT((cache).caches), .lock = SPINLOCK_INIT(RANK_SLAB, what)   \
    }
/* Caller's storage, lives for ever. object_bytes <= 2048. */
void slab_init(struct slab_cache *c, const char *name, u32 object_bytes);
/* NULL when there is no memory. Zeroed. Any context. */
void *slab_alloc(struct slab_cache *c);
void slab_free(struct slab_cache *c, void *object);

/* Zeroed; NULL when there is none. bytes <= 64 KiB. heap_free wants the same size. */
void *heap_alloc(u32 bytes);
void heap_free(void *p, u32 bytes);

/* Walks all caches for the debug key and the leak test. */
void slab_for_each(void (*fn)(const struct slab_cache *, void *), void *arg);

#endif
