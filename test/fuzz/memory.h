/* SPDX-License-Identifier: MIT */
/*
 * Where wrap.c gets memory from: memory_real.c is the hypervisor's own slabs and frames;
 * memory_asan.c gives each small object a place of its own on the host's heap and forbids freed
 * pages, so that the address sanitizer sees what a slab would hide.
 */
#ifndef TEST_FUZZ_MEMORY_H
#define TEST_FUZZ_MEMORY_H

#include "mem/slab.h"

void *object_alloc(struct slab_cache *c);
void *bytes_alloc(u32 bytes);
void pages_become_used(void *va, u64 bytes);
/* Objects that are in use and that no slab counts. */
u64 memory_objects(void);

#endif
