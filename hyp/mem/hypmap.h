/* SPDX-License-Identifier: MIT */
/*
 * EL2's own address space (48 bit, one table, bit 47 set so that the identity map of boot never collides):
 *
 *   0x8000_0000_0000  linear map: all RAM, va = machine address + HYPMAP_LINEAR, largest blocks
 *   0xc000_0000_0000  frame table, indexed by mfn
 *   0xd000_0000_0000  devices and stacks, handed out in order, never reused
 *   0xe000_0000_0000  the image: text r-x, rodata r--, data and bss rw- (W^X)
 */
#ifndef MEM_HYPMAP_H
#define MEM_HYPMAP_H

#include "base/addr.h"
#include "base/err.h"

#define HYPMAP_LINEAR 0x800000000000UL
#define HYPMAP_FRAMES 0xc00000000000UL
#define HYPMAP_DYNAMIC 0xd00000000000UL
#define HYPMAP_IMAGE 0xe00000000000UL

/* Device memory (nGnRE), page granular, never unmapped. NULL without memory. */
void *hypmap_device(maddr_t at, u64 bytes);
/* A stack of bytes with an unmapped guard page below. NULL without memory. */
void *hypmap_stack(u64 bytes);

static inline void *hypmap_linear(maddr_t at)
{
    return (void *)(at.m + HYPMAP_LINEAR);
}

#endif
