/* SPDX-License-Identifier: MIT */
/*
 * The first tables, written with the MMU off: the image at HYPMAP_IMAGE in pages (W^X, the boot
 * stack's guard page left out), and an identity map of the image's 2 MiB, read-only and executable,
 * on which the MMU is turned on. That one has a root of its own and is left at once, so the
 * hypervisor never runs with a second view of its text.
 *
 * Code here may use no absolute address: it runs elsewhere than it is linked. Addresses of symbols
 * are formed relative to the PC and so are machine addresses; the difference of two is the same
 * everywhere.
 */
#include "base/bits.h"
#include "boot/start_arm64.h"
#include "cpu/regs_arm64.h"
#include "mem/hypmap.h"

#define TABLE __attribute__((section(".boot.tables"), aligned(4096)))
TABLE u64 boot_root_table[512];
TABLE u64 boot_identity_table[512];
static TABLE u64 image_level1[512], image_level2[512], image_level3[512];
static TABLE u64 identity_level1[512], identity_level2[512];

/* As mem/hypmap.c makes them: valid, page or block, AttrIndx, AP[1], inner shareable, accessed. */
#define POINTER    0x3ULL
#define BLOCK      (0x1ULL | MAIR_NORMAL << 2 | BIT(6) | 3ULL << 8 | BIT(10))
#define PAGE       (BLOCK | 0x2ULL)
#define READ_ONLY  BIT(7)
#define NO_EXECUTE BIT(54)

static u64 attributes_of(u64 address)
{
    if (address < (u64)text_end) {
        return PAGE | READ_ONLY;
    }
    if (address < (u64)rodata_end) {
        return PAGE | READ_ONLY | NO_EXECUTE;
    }
    return address == (u64)boot_guard ? 0 : PAGE | NO_EXECUTE;
}

u64 boot_map_image(u64 image)
{
    /* All the tables. volatile: memset() is not for memory without caches. */
    for (u64 at = (u64)boot_stack_top; at < (u64)image_end; at += sizeof(u64)) {
        *(volatile u64 *)at = 0;
    }

    boot_root_table[FIELD(HYPMAP_IMAGE, 47, 39)] = (u64)image_level1 | POINTER;
    image_level1[FIELD(HYPMAP_IMAGE, 38, 30)] = (u64)image_level2 | POINTER;
    image_level2[FIELD(HYPMAP_IMAGE, 29, 21)] = (u64)image_level3 | POINTER;
    u32 i = 0;
    for (u64 at = image; at < (u64)image_end; at += PAGE_SIZE, i++) {
        u64 attributes = attributes_of(at);
        image_level3[i] = attributes ? at | attributes : 0;
    }

    boot_identity_table[FIELD(HYPMAP_IMAGE, 47, 39)] = (u64)image_level1 | POINTER;
    boot_identity_table[FIELD(image, 47, 39)] = (u64)identity_level1 | POINTER;
    identity_level1[FIELD(image, 38, 30)] = (u64)identity_level2 | POINTER;
    identity_level2[FIELD(image, 29, 21)] = image | BLOCK | READ_ONLY;
    return (u64)boot_identity_table;
}
