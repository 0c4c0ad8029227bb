/* SPDX-License-Identifier: MIT */
/*
 * Before there is an allocator, memory is needed for page tables and for the frame table: it is cut
 * off the top of the highest free ranges (low memory is what dom0's devices want), and stays
 * reserved.
 */
#include "boot/memory.h"

#include "base/bits.h"
#include "fw/firmware.h"
#include "log/log.h"
#include "mem/frame.h"
#include "mem/hypmap.h"

#define BLOCK (2ULL << 20)
/* Tables that a bank may need beside those that blocks of 1 GiB leave: both of its ends at both
 * lower levels, in the linear map and over the frame table. */
#define TABLES_A_BANK 9u
#define MAX_TAKEN     (FW_MAX_RESERVED + FW_MAX_BANKS + MODULE_NR + 3)

static struct range taken[MAX_TAKEN]; /* sorted, disjoint: image, device tree, modules, reserved,
                                         and what we cut off */
static u32 nr_taken;
static struct range image_range;
static u64 frame_table_bytes;

static enum err take(struct range r)
{
    /* Whole pages. */
    u64 start = align_down(r.start, PAGE_SIZE);
    r.bytes = align_up(range_end(&r), PAGE_SIZE) - start;
    r.start = start;
    if (!range_add(taken, &nr_taken, MAX_TAKEN, r)) {
        log_error("memory: more than %u reserved ranges", MAX_TAKEN);
        return E_NOSPC;
    }
    return OK;
}

/* Cuts bytes off the top of the highest free range; the start is phase more than a multiple of 2
 * MiB. */
static enum err cut(u64 bytes, u64 phase, maddr_t *out)
{
    struct range best = {0};
    for (u32 i = 0; i < firmware.nr_banks; i++) {
        struct range rest = firmware.bank[i];
        struct range gap;
        while (range_take_gap(taken, nr_taken, &rest, &gap)) {
            u64 start = 0;
            if (range_end(&gap) >= bytes + BLOCK) {
                start = align_down(range_end(&gap) - bytes - phase, BLOCK) + phase;
            }
            if (start > gap.start) {
                best = (struct range){start, bytes};
            }
        }
    }
    if (best.bytes == 0) {
        log_error("memory: no %llu KiB in one piece for page tables and the frame table",
                  bytes >> 10);
        return E_NOMEM;
    }
    *out = (maddr_t){best.start};
    return take(best);
}

/* The bank into the linear map, without the image: that would be a second, writable view of our
 * text. */
static enum err map_bank(const struct range *bank)
{
    struct range rest = *bank;
    struct range gap;
    enum err e = OK;
    while (e == OK && range_take_gap(&image_range, 1, &rest, &gap)) {
        u64 start = align_up(gap.start, PAGE_SIZE);
        u64 end = align_down(range_end(&gap), PAGE_SIZE);
        if (end > start) {
            e = hypmap_map((u64)hypmap_linear((maddr_t){start}), (maddr_t){start}, end - start,
                           HYPMAP_DATA);
        }
    }
    return e;
}

/* Records for the frames of a bank. mapped_to: where the bank before ended, which may share its
 * last page with us. */
static enum err map_frame_table(const struct range *bank, u64 *mapped_to)
{
    u64 start = HYPMAP_FRAMES + (bank->start >> PAGE_SHIFT) * sizeof(struct frame);
    u64 end =
        HYPMAP_FRAMES + (align_up(range_end(bank), PAGE_SIZE) >> PAGE_SHIFT) * sizeof(struct frame);
    start = MAX(align_down(start, PAGE_SIZE), *mapped_to);
    end = align_up(end, PAGE_SIZE);
    if (end <= start) {
        return OK;
    }
    *mapped_to = end;
    maddr_t at;
    /* The same place in a 2 MiB block on both sides, so that blocks map it. */
    enum err e = cut(end - start, start % BLOCK, &at);
    frame_table_bytes += end - start;
    return e == OK ? hypmap_map(start, at, end - start, HYPMAP_DATA) : e;
}

/* What is not ours to give away. */
static enum err take_reserved(void)
{
    enum err e = take(image_range);
    if (e == OK) {
        e = take((struct range){firmware.fdt_at.m, firmware.fdt_bytes});
    }
    for (u32 i = 0; e == OK && i < MODULE_NR; i++) {
        if (firmware.module[i].bytes != 0) {
            e = take(firmware.module[i]);
        }
    }
    for (u32 i = 0; e == OK && i < firmware.nr_reserved; i++) {
        e = take(firmware.reserved[i]);
    }
    return e;
}

static enum err map_all(void)
{
    maddr_t tables = {0};
    u64 pool_bytes = (u64)firmware.nr_banks * TABLES_A_BANK * PAGE_SIZE;
    enum err e = cut(pool_bytes, 0, &tables);
    /* The bank that holds the pool first, with the few tables that the image brought. */
    u32 first = 0;
    for (u32 i = 0; i < firmware.nr_banks; i++) {
        if (tables.m - firmware.bank[i].start < firmware.bank[i].bytes) {
            first = i;
        }
    }
    e = e == OK ? map_bank(&firmware.bank[first]) : e;
    if (e == OK) {
        hypmap_give_pool(tables, pool_bytes);
    }
    for (u32 i = 0; e == OK && i < firmware.nr_banks; i++) {
        e = i == first ? OK : map_bank(&firmware.bank[i]);
    }
    u64 mapped_to = 0;
    for (u32 i = 0; e == OK && i < firmware.nr_banks; i++) {
        e = map_frame_table(&firmware.bank[i], &mapped_to);
    }
    return e;
}

static enum err check_overlap(void)
{
    for (u32 i = 0; i < MODULE_NR; i++) {
        if (range_overlaps(&firmware.module[i], &image_range)) {
            log_error("module %s at %#llx, %#llx bytes: overlaps the hypervisor at %#llx",
                      firmware_module_name(i), firmware.module[i].start, firmware.module[i].bytes,
                      image_range.start);
            return E_INVAL;
        }
    }
    return OK;
}

enum err memory_init(const struct range *image)
{
    image_range = *image;
    enum err e = check_overlap();
    e = e == OK ? take_reserved() : e;
    e = e == OK ? map_all() : e;
    for (u32 i = 0; e == OK && i < firmware.nr_banks; i++) {
        e = frame_add_ram((maddr_t){firmware.bank[i].start}, firmware.bank[i].bytes);
    }
    for (u32 i = 0; e == OK && i < nr_taken; i++) {
        frame_reserve((maddr_t){taken[i].start}, taken[i].bytes);
    }
    return e;
}

void memory_release_fdt(void)
{
    /* Pages that a module or a reserved range shares stay. */
    u64 start = align_up(firmware.fdt_at.m, PAGE_SIZE);
    u64 end = align_down(firmware.fdt_at.m + firmware.fdt_bytes, PAGE_SIZE);
    const struct range whole = {start, end - start};
    firmware.fdt = NULL;
    if (start < end && !range_find_overlap(firmware.reserved, firmware.nr_reserved, &whole)) {
        frame_unreserve((maddr_t){start}, end - start);
    }
}

void memory_print(void)
{
    for (u32 i = 0; i < firmware.nr_banks; i++) {
        const struct range *b = &firmware.bank[i];
        log_info("memory: RAM %#012llx - %#012llx, %llu MiB", b->start, range_end(b),
                 b->bytes >> 20);
    }
    log_info("memory: image %#012llx - %#012llx", image_range.start, range_end(&image_range));
    for (u32 i = 0; i < MODULE_NR; i++) {
        const struct range *m = &firmware.module[i];
        if (m->bytes != 0) {
            log_info("memory: %s %#012llx - %#012llx", firmware_module_name(i), m->start,
                     range_end(m));
        }
    }
    if (firmware.fdt) {
        log_info("memory: device tree %#012llx - %#012llx", firmware.fdt_at.m,
                 firmware.fdt_at.m + firmware.fdt_bytes);
    }
    log_info("memory: %llu MiB of %llu MiB free, frame table %llu KiB", frame_nr_free() >> 8,
             frame_nr_total() >> 8, frame_table_bytes >> 10);
}

u64 memory_nr_own(void)
{
    return (image_range.bytes + frame_table_bytes) >> PAGE_SHIFT;
}
