/* SPDX-License-Identifier: MIT */
/*
 * Indices that a guest chose. A bounds check alone does not hold a processor that predicts past it:
 * the loaded element could steer a second load and leave a trace in the caches (Spectre variant 1).
 * After the check such an index goes through index_clamp(), which is arithmetic and cannot be
 * predicted.
 */
#ifndef CPU_SPECULATION_H
#define CPU_SPECULATION_H

#include "base/types.h"

/* index when index < size, else 0; both below 2^63. */
static inline u64 index_clamp(u64 index, u64 size)
{
    /* Hidden from the compiler, which knows from the check before that the mask "is" all ones. */
    __asm__("" : "+r"(index));
    u64 mask = (u64)((s64)(index - size) >> 63);
    return index & mask;
}

#endif
