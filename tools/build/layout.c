// SPDX-License-Identifier: MIT
#include "build/layout.h"

#include <inttypes.h>
#include <stdio.h>

#include "abi/arm.h"

#define PAGE  4096ULL
#define MIB   (1024ULL * 1024)
#define BLOCK (2 * MIB)
#define MODULES_ABOVE                                                                           \
    (128 * MIB)                 /* 32-bit kernels unpack themselves below, room for 64-bit ones \
                                 */
#define ZIMAGE_ABOVE (32 * MIB) /* unpacks below itself without moving first */
#define ZIMAGE_SMALL 0x8000ULL
#define FREE_REGION  (64 * MIB)

static uint64_t round_up(uint64_t x, uint64_t to)
{
    return (x + to - 1) / to * to;
}

static uint64_t end_of(const struct range *r)
{
    return r->start + r->bytes;
}

static uint64_t place_kernel(const struct image *image, const struct range *bank)
{
    if (image->kind == IMAGE_ARM64) {
        return bank->start + image->text_offset;
    }
    return bank->start + (bank->bytes >= 2 * ZIMAGE_ABOVE ? ZIMAGE_ABOVE : ZIMAGE_SMALL);
}

const char *layout_plan(struct layout *layout, uint64_t memory_bytes, const struct image *image,
                        uint64_t ramdisk_bytes, uint64_t tree_bytes, char why[160])
{
    *layout = (struct layout){0};
    const uint64_t ram = round_up(memory_bytes, PAGE);
    if (memory_bytes > GUEST_RAM_MAX) {
        snprintf(why, 160, "%llu MiB of memory are more than the %llu MiB a guest can have",
                 memory_bytes / MIB, GUEST_RAM_MAX / MIB);
        return why;
    }
    struct range *bank = layout->bank;
    bank[0].start = GUEST_RAM0_BASE;
    bank[0].bytes = ram < GUEST_RAM0_SIZE ? ram : GUEST_RAM0_SIZE;
    bank[1].start = GUEST_RAM1_BASE;
    bank[1].bytes = ram - bank[0].bytes;

    const uint64_t known = image->memory_bytes > image->bytes ? image->memory_bytes : image->bytes;
    layout->kernel.start = place_kernel(image, &bank[0]);
    const uint64_t above = layout->kernel.start - bank[0].start;
    const uint64_t least = above + round_up(known, PAGE);
    const uint64_t modules = round_up(ramdisk_bytes, PAGE) + round_up(tree_bytes, PAGE);
    if (known > bank[0].bytes || ramdisk_bytes > bank[0].bytes || least > bank[0].bytes ||
        modules > bank[0].bytes - least) {
        snprintf(why, 160,
                 "kernel (%" PRIu64 " KiB), ramdisk (%" PRIu64 " KiB) and device tree do not fit "
                 "into %llu MiB of memory",
                 known / 1024, ramdisk_bytes / 1024, memory_bytes / MIB);
        return why;
    }
    uint64_t start = bank[0].start + MODULES_ABOVE;
    if (start < bank[0].start + least) {
        start = round_up(bank[0].start + least, BLOCK);
    }
    if (start > end_of(&bank[0]) || modules > end_of(&bank[0]) - start) {
        start = end_of(&bank[0]) - modules;
    }
    layout->kernel.bytes = start - layout->kernel.start;
    layout->ramdisk = (struct range){.start = start, .bytes = ramdisk_bytes};
    layout->tree = (struct range){.start = start + round_up(ramdisk_bytes, PAGE),
                                  .bytes = round_up(tree_bytes, PAGE)};
    return NULL;
}

unsigned layout_find_free(const struct layout *layout, unsigned address_bits,
                          struct range region[2])
{
    const uint64_t limit[2] = {GUEST_RAM0_BASE + GUEST_RAM0_SIZE,
                               GUEST_RAM1_BASE + GUEST_RAM1_SIZE};
    const uint64_t last = address_bits < 64 ? 1ULL << address_bits : UINT64_MAX;
    unsigned nr = 0;
    for (unsigned i = 0; i < 2; i++) {
        const uint64_t start = round_up(end_of(&layout->bank[i]), BLOCK);
        const uint64_t end = limit[i] < last ? limit[i] : last;
        if (end > start && end - start >= FREE_REGION) {
            region[nr++] = (struct range){.start = start, .bytes = end - start};
        }
    }
    return nr;
}
