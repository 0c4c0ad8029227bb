/* SPDX-License-Identifier: MIT */
/* Bits, alignment and fields. Bitmaps are arrays of u64; atomic bit operations: cpu/atomic.h. */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include "base/types.h"

#define BIT(n) (1ULL << (n))
/* Bits high..low inclusive, as the manuals write them: BITS(5, 2) = 0x3c. */
#define BITS(high, low) ((~0ULL >> (63 - (high))) & (~0ULL << (low)))
/* The field high..low of value, shifted down. */
#define FIELD(value, high, low) (((u64)(value)&BITS(high, low)) >> (low))

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

static inline u64 align_up(u64 value, u64 to)
{
    return (value + to - 1) & ~(to - 1);
}

static inline u64 align_down(u64 value, u64 to)
{
    return value & ~(to - 1);
}

static inline bool is_aligned(u64 value, u64 to)
{
    return (value & (to - 1)) == 0;
}

static inline u64 div_up(u64 value, u64 by)
{
    return value / by + (value % by != 0);
}

/* Index of the lowest / highest set bit; value must not be 0. */
static inline u32 bit_lowest(u64 value)
{
    return (u32)__builtin_ctzll(value);
}

static inline u32 bit_highest(u64 value)
{
    return 63u - (u32)__builtin_clzll(value);
}

static inline bool bitmap_test(const u64 *map, u32 bit)
{
    return (map[bit / 64] >> (bit % 64)) & 1;
}

static inline void bitmap_set(u64 *map, u32 bit)
{
    map[bit / 64] |= BIT(bit % 64);
}

static inline void bitmap_clear(u64 *map, u32 bit)
{
    map[bit / 64] &= ~BIT(bit % 64);
}

#endif
