/* SPDX-License-Identifier: MIT */
/*
 *   va  47..39   38..30   29..21   20..12   11..0
 *       level 0  level 1  level 2  level 3  byte        512 entries of 8 bytes a table; blocks at
 * levels 1 and 2
 *
 * Descriptors: Arm ARM D8.3 (VMSAv8-64, 4 KiB granule), stage 1 of a regime with one privilege
 * level.
 */
#include "mem/hypmap.h"

#include "base/bits.h"
#include "base/panic.h"
#include "base/string.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "mem/frame.h"
#include "sync/spinlock.h"

#define PTE_VALID       BIT(0)
#define PTE_TABLE       BIT(1) /* at level 3: page */
#define PTE_ATTR(index) ((u64)(index) << 2)
#define PTE_AP1         BIT(6) /* RES1 with one privilege level */
#define PTE_READ_ONLY   BIT(7)
#define PTE_INNER       (3ULL << 8)
#define PTE_AF          BIT(10)
#define PTE_XN          BIT(54)
#define PTE_ADDRESS     BITS(47, 12)

/* As cpu/regs_arm64.h sets MAIR_EL2. */
#define ATTR_DEVICE 0
#define ATTR_NORMAL 1

#define LEAF   (PTE_VALID | PTE_AP1 | PTE_AF)
#define NORMAL (LEAF | PTE_ATTR(ATTR_NORMAL) | PTE_INNER)

static const u64 attributes[] = {
    [HYPMAP_TEXT] = NORMAL | PTE_READ_ONLY,
    [HYPMAP_RODATA] = NORMAL | PTE_READ_ONLY | PTE_XN,
    [HYPMAP_DATA] = NORMAL | PTE_XN,
    [HYPMAP_DEVICE] = LEAF | PTE_ATTR(ATTR_DEVICE) | PTE_XN,
};

static struct spinlock lock = SPINLOCK_INIT(RANK_HYPMAP, "hypmap");
static u64 *root;                    /* [c] after boot */
static maddr_t image;                /* [c] after boot */
static u64 image_bytes;              /* [c] after boot */
static u64 next_va GUARDED_BY(lock); /* of the dynamic region */
static struct {                      /* [L] */
    u64 at, end;
} pool[4];

/* --- tables --- */

static u64 *table_at(u64 address)
{
    if (address - image.m < image_bytes) {
        return (u64 *)(HYPMAP_IMAGE + (address - image.m));
    }
    return (u64 *)(frame_linear + address);
}

/* Zeroed. False: no memory. */
static bool new_table(u64 *address)
{
    for (u32 i = 0; i < ARRAY_LEN(pool); i++) {
        if (pool[i].at < pool[i].end) {
            *address = pool[i].at;
            pool[i].at += PAGE_SIZE;
            memset(table_at(*address), 0, PAGE_SIZE);
            return true;
        }
    }
    struct frame *f;
    if (frame_alloc_zeroed(0, &f) != OK) {
        return false;
    }
    *address = frame_to_maddr(f).m;
    return true;
}

static u32 index_at(u64 va, u32 level)
{
    return (u32)(va >> (39 - 9 * level)) & 511;
}

static u64 block_bytes_at(u32 level)
{
    return 1ULL << (39 - 9 * level);
}

/* The table of the given level that covers va, made as needed. */
static enum err walk_to(u64 va, u32 level, u64 **out)
{
    u64 *table = root;
    for (u32 l = 0; l < level; l++) {
        u64 *entry = &table[index_at(va, l)];
        u64 value = load_relaxed(entry);
        if (!(value & PTE_VALID)) {
            u64 address;
            if (!new_table(&address)) {
                return E_NOMEM;
            }
            value = address | PTE_VALID | PTE_TABLE;
            /* Release: a walker that sees the entry sees the zeroes behind it (the walk is an
             * ordered read). */
            store_release(entry, value);
        } else if (!(value & PTE_TABLE)) {
            return E_EXIST;
        }
        table = table_at(value & PTE_ADDRESS);
    }
    *out = table;
    return OK;
}

/* The level whose blocks fit best. */
static u32 level_for(u64 va, u64 at, u64 bytes)
{
    for (u32 level = 1; level < 3; level++) {
        u64 block = block_bytes_at(level);
        if (is_aligned(va | at, block) && bytes >= block) {
            return level;
        }
    }
    return 3;
}

enum err hypmap_map(u64 va, maddr_t at, u64 bytes, enum hypmap_kind kind)
{
    enum err e = OK;
    while (bytes != 0 && e == OK) {
        u32 level = level_for(va, at.m, bytes);
        u64 block = block_bytes_at(level);
        u64 *table;
        e = walk_to(va, level, &table);
        /* As many as the table has left: one walk a table. */
        for (u32 i = index_at(va, level);
             e == OK && i < 512 && bytes >= block && level_for(va, at.m, bytes) == level; i++) {
            if (table[i] & PTE_VALID) {
                e = E_EXIST;
                break;
            }
            store_relaxed(&table[i], at.m | attributes[kind] | (level == 3 ? PTE_TABLE : 0));
            va += block;
            at.m += block;
            bytes -= block;
        }
    }
    /* Invalid to valid: the walker must see it, no TLB holds anything (D8.13.1). */
    barrier_sync_inner();
    barrier_context();
    return e;
}

/* --- boot --- */

/* UNCHECKED: nobody else runs. */
UNCHECKED void hypmap_init(maddr_t root_at, maddr_t image_at, u64 bytes)
{
    image = image_at;
    image_bytes = bytes;
    root = table_at(root_at.m);
    next_va = HYPMAP_DYNAMIC + PAGE_SIZE; /* the first one has a guard page too */
    memset(pool, 0, sizeof(pool));
}

void hypmap_give_pool(maddr_t start, u64 bytes)
{
    for (u32 i = 0; i < ARRAY_LEN(pool); i++) {
        if (pool[i].at == pool[i].end) {
            pool[i].at = start.m;
            pool[i].end = start.m + align_down(bytes, PAGE_SIZE);
            return;
        }
    }
}

/* UNCHECKED: nobody else runs. */
UNCHECKED u64 hypmap_take_addresses(u64 bytes)
{
    u64 va = next_va;
    next_va += align_up(bytes, PAGE_SIZE) + PAGE_SIZE;
    return va;
}

/* --- at any time --- */

void *hypmap_device(maddr_t at, u64 bytes)
{
    u64 offset = at.m & PAGE_MASK;
    u64 whole = align_up(bytes + offset, PAGE_SIZE);
    spin_lock(&lock);
    u64 va = hypmap_take_addresses(whole);
    enum err e = hypmap_map(va, (maddr_t){at.m - offset}, whole, HYPMAP_DEVICE);
    spin_unlock(&lock);
    return e == OK ? (void *)(va + offset) : NULL;
}

void *hypmap_stack(u64 bytes)
{
    struct frame *f;
    check(bytes >= PAGE_SIZE && (bytes & (bytes - 1)) == 0);
    if (frame_alloc(bit_highest(bytes / PAGE_SIZE), &f) != OK) {
        return NULL;
    }
    spin_lock(&lock);
    /* What lies before it is unmapped too: each taking leaves a page behind. */
    u64 va = hypmap_take_addresses(bytes);
    enum err e = hypmap_map(va, frame_to_maddr(f), bytes, HYPMAP_DATA);
    spin_unlock(&lock);
    return e == OK ? (void *)va : NULL;
}
