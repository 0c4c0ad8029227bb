/* SPDX-License-Identifier: MIT */
#include "test/fuzz/memory.h"

void *__real_slab_alloc(struct slab_cache *c);
void *__real_heap_alloc(u32 bytes);

void *object_alloc(struct slab_cache *c)
{
    return __real_slab_alloc(c);
}

void *bytes_alloc(u32 bytes)
{
    return __real_heap_alloc(bytes);
}

void pages_become_used(void *va, u64 bytes)
{
    (void)va;
    (void)bytes;
}

u64 memory_objects(void)
{
    return 0;
}
