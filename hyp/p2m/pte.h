/* SPDX-License-Identifier: MIT */
/*
 * Stage-2 descriptors (Arm ARM D8.3, VMSAv8-64, 4 KiB granule).
 *
 *   58..55 type | 54 XN | 47..12 address | 10 AF | 9..8 SH | 7..6 S2AP | 5..2 MemAttr | 1
 * table/page | 0 valid
 */
#ifndef P2M_PTE_H
#define P2M_PTE_H

#include "base/bits.h"
#include "mem/frame.h"
#include "p2m/p2m.h"

#define PTE_VALID        BIT(0)
#define PTE_TABLE        BIT(1) /* levels 1 and 2: a table; level 3: a page (else reserved) */
#define PTE_DEVICE_nGnRE (0x1ULL << 2)
#define PTE_NORMAL_WB    (0xfULL << 2)
#define PTE_READ         BIT(6)
#define PTE_WRITE        BIT(7)
#define PTE_OUTER        (2ULL << 8)
#define PTE_INNER        (3ULL << 8)
#define PTE_AF           BIT(10)
#define PTE_XN           BIT(54)
#define PTE_ADDRESS      BITS(47, 12)
#define PTE_TYPE_SHIFT   55

/* Entries of 4 KiB pages that one entry of a level spans, as an order. */
static inline u32 level_order(u32 level)
{
    return level < 3 ? 9 * (3 - level) : 0;
}

/* The level whose leaves are the largest not above the order. */
static inline u32 order_level(u32 order)
{
    return order >= ORDER_1G ? 1 : order >= ORDER_2M ? 2 : 3;
}

static inline u32 pte_index(gfn_t gfn, u32 level)
{
    return (u32)(gfn.gfn >> level_order(level)) & (level == 1 ? 1023 : 511);
}

static inline bool pte_is_table(u64 pte, u32 level)
{
    return (pte & PTE_VALID) && (pte & PTE_TABLE) && level < 3;
}

static inline u64 *pte_child(u64 pte)
{
    return (u64 *)(frame_linear + (pte & PTE_ADDRESS));
}

static inline mfn_t pte_mfn(u64 pte)
{
    return maddr_to_mfn((maddr_t){pte & PTE_ADDRESS});
}

static inline enum p2m_type pte_type(u64 pte)
{
    return (enum p2m_type)FIELD(pte, 58, 55);
}

static inline u64 pte_table(const struct frame *table)
{
    return frame_to_maddr(table).m | PTE_TABLE | PTE_VALID;
}

/* Attributes of a leaf: Normal memory of the guest's is always write-back here, and stage 1 may
 * only weaken it. */
static inline u64 pte_leaf(mfn_t mfn, u32 level, enum p2m_type type)
{
    u64 pte = mfn_to_maddr(mfn).m | PTE_VALID | PTE_AF | PTE_READ | (u64)type << PTE_TYPE_SHIFT;
    pte |= level == 3 ? PTE_TABLE : 0;
    pte |= type == P2M_DEVICE ? PTE_DEVICE_nGnRE | PTE_OUTER : PTE_NORMAL_WB | PTE_INNER;
    pte |= p2m_type_is_writable(type) ? PTE_WRITE : 0;
    pte |= p2m_type_is_ram(type) ? 0 : PTE_XN;
    return pte;
}

#endif
