/* SPDX-License-Identifier: MIT */
#include <sanitizer/asan_interface.h>
#include <stdlib.h>

#include "cpu/atomic.h"
#include "mem/frame.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/memory.h"

#define BIG 2048u /* larger ones are pages, as in mem/slab.c */

static u64 in_use;

void *__real_heap_alloc(u32 bytes);
void __real_heap_free(void *p, u32 bytes);
void __real_frame_free(struct frame *f, u32 order);
void __real_frame_free_range(struct frame *first, u64 nr);
void __wrap_slab_free(struct slab_cache *c, void *object);
void __wrap_heap_free(void *p, u32 bytes);
void __wrap_frame_free(struct frame *f, u32 order);
void __wrap_frame_free_range(struct frame *first, u64 nr);
bool __wrap_frame_wants_zeroing(void);

/* The size before it: who frees must know it. */
static void *take(u32 bytes)
{
    if (mem_fail_hook && mem_fail_hook()) {
        return NULL;
    }
    u64 *p = calloc(1, bytes + 16);
    p[0] = bytes;
    atomic_add_relaxed(&in_use, 1);
    return p + 2;
}

static void give(void *p, u32 bytes)
{
    u64 *at = (u64 *)p - 2;
    if (at[0] != bytes) {
        machine_finding("an object of %llu bytes is freed as one of %u", at[0], bytes);
    }
    atomic_sub(&in_use, 1);
    free(at);
}

void *object_alloc(struct slab_cache *c)
{
    return take(c->object_bytes);
}

void __wrap_slab_free(struct slab_cache *c, void *object)
{
    if (object) {
        give(object, c->object_bytes);
    }
}

void *bytes_alloc(u32 bytes)
{
    return bytes > BIG ? __real_heap_alloc(bytes) : take(bytes);
}

void __wrap_heap_free(void *p, u32 bytes)
{
    if (p && bytes > BIG) {
        __real_heap_free(p, bytes);
    } else if (p) {
        give(p, bytes);
    }
}

void pages_become_used(void *va, u64 bytes)
{
    __asan_unpoison_memory_region(va, bytes);
}

void __wrap_frame_free(struct frame *f, u32 order)
{
    __asan_poison_memory_region(frame_map(f), PAGE_SIZE << order);
    __real_frame_free(f, order);
}

void __wrap_frame_free_range(struct frame *first, u64 nr)
{
    __asan_poison_memory_region(frame_map(first), PAGE_SIZE * nr);
    __real_frame_free_range(first, nr);
}

/* Free pages are not to be touched here: the builds without ASan zero them. */
bool __wrap_frame_wants_zeroing(void)
{
    return false;
}

u64 memory_objects(void)
{
    return in_use;
}
