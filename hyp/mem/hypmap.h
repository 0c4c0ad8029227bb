/* SPDX-License-Identifier: MIT */
/*
 * EL2's own address space (48 bit, one table, bit 47 set so that the identity map of boot never
 * collides):
 *
 *   0x8000_0000_0000  linear map: all RAM but the image, va = machine address + HYPMAP_LINEAR,
 * largest blocks 0xc000_0000_0000  frame table, indexed by mfn 0xd000_0000_0000  devices and
 * stacks, handed out in order, never reused 0xe000_0000_0000  the image: text r-x, rodata r--, data
 * and bss rw- (W^X)
 *
 * Boot makes the tables of the image with the MMU off (boot/early_arm64.c) and hands them to
 * hypmap_init(). Table pages come from a pool that boot gives, then from the frame allocator. An
 * entry only ever goes from invalid to valid, so no TLB is flushed here; hypmap_unmap() is for boot
 * alone.
 */
#ifndef MEM_HYPMAP_H
#define MEM_HYPMAP_H

#include "base/addr.h"
#include "base/err.h"

#define HYPMAP_LINEAR  0x800000000000UL
#define HYPMAP_FRAMES  0xc00000000000UL
#define HYPMAP_DYNAMIC 0xd00000000000UL
#define HYPMAP_IMAGE   0xe00000000000UL

/* Device memory (nGnRE), page granular, never unmapped. NULL without memory. */
void *hypmap_device(maddr_t at, u64 bytes);
/* A stack of bytes (a power of two of pages) with an unmapped guard page below: its lowest byte.
 * NULL without memory. */
void *hypmap_stack(u64 bytes);

static inline void *hypmap_linear(maddr_t at)
{
    return (void *)(at.m + HYPMAP_LINEAR);
}

/* --- boot: one CPU, no locks taken, per-CPU data not needed --- */

enum hypmap_kind { HYPMAP_TEXT, HYPMAP_RODATA, HYPMAP_DATA, HYPMAP_DEVICE };

/* root: the table of level 0 that is live. image: where the image and its bss lie, image_bytes
 * long. */
void hypmap_init(maddr_t root, maddr_t image, u64 image_bytes);
/* Pages for tables, contents undefined, already reachable (in the image, or in the linear map).
 * Several may be given. */
void hypmap_give_pool(maddr_t start, u64 bytes);
/* Maps whole pages, in the largest blocks that alignment allows. E_EXIST: something is mapped
 * there; E_NOMEM. */
enum err hypmap_map(u64 va, maddr_t at, u64 bytes, enum hypmap_kind kind);
/* Addresses from HYPMAP_DYNAMIC on, page aligned, with at least an unmapped page behind. */
u64 hypmap_take_addresses(u64 bytes);

#endif
