/* SPDX-License-Identifier: MIT */
/*
 * dom0's RAM: the fewest runs of free machine memory that hold dom0_mem bytes, the first of them
 * around the kernel as the boot loader placed it, so that 33 MB need not be copied. Where there is
 * a choice the lower run is taken: devices that can only reach 4 GiB are dom0's.
 */
#include "base/bits.h"
#include "base/panic.h"
#include "boot/dom0.h"
#include "dom/domain.h"
#include "log/log.h"
#include "mem/frame.h"
#include "p2m/p2m.h"

#define MAX_RUNS 64u
/* What the hypervisor keeps for itself at least: tables, vCPUs, the first grants. */
#define KEEP_BYTES (8ULL << 20)

static struct range run[MAX_RUNS];
static u32 nr_runs;

/* Is the block free? Taken and given back at once: the allocator's own answer, and nobody else
 * runs. */
static bool is_block_free(u64 at, u32 order)
{
    struct frame *f;
    if (frame_take(maddr_to_mfn((maddr_t){at}), order, &f) != OK) {
        return false;
    }
    frame_free(f, order);
    return true;
}

/* The largest free block that starts at an aligned address, in bytes; 0 when not even a piece is
 * free. */
static u64 free_bytes_at(u64 at, u64 end)
{
    for (u32 order = ORDER_1G; order >= ORDER_2M; order--) {
        u64 bytes = PAGE_SIZE << order;
        if (is_aligned(at, bytes) && end - at >= bytes && is_block_free(at, order)) {
            return bytes;
        }
    }
    return 0;
}

u32 dom0_block_order(u64 page, u64 end)
{
    const u32 order = MIN(ORDER_1G, bit_highest(end - page));
    return page == 0 ? order : MIN(order, bit_lowest(page));
}

static void find_runs(void)
{
    nr_runs = 0;
    for (u32 i = 0; i < firmware.nr_banks; i++) {
        u64 at = align_up(firmware.bank[i].start, DOM0_PIECE);
        u64 end = align_down(range_end(&firmware.bank[i]), DOM0_PIECE);
        bool open = false;
        while (at < end) {
            u64 bytes = free_bytes_at(at, end);
            if (bytes == 0) {
                open = false;
                at += DOM0_PIECE;
                continue;
            }
            if (!open && nr_runs < MAX_RUNS) {
                run[nr_runs++] = (struct range){at, 0};
                open = true;
            }
            if (open) {
                run[nr_runs - 1].bytes += bytes;
            }
            at += bytes;
        }
    }
}

/* The modules were reserved; their pages become free, so that banks can span them. Contents stay.
 */
static void release_modules(void)
{
    u64 done_to = 0;
    struct range kernel = firmware.module[MODULE_KERNEL];
    struct range ramdisk = firmware.module[MODULE_RAMDISK];
    struct range order[2] = {kernel, ramdisk};
    if (ramdisk.bytes != 0 && ramdisk.start < kernel.start) {
        order[0] = ramdisk;
        order[1] = kernel;
    }
    for (u32 i = 0; i < ARRAY_LEN(order); i++) {
        /* Two modules may share a page: each page once. */
        u64 start = MAX(align_down(order[i].start, PAGE_SIZE), done_to);
        u64 end = align_up(range_end(&order[i]), PAGE_SIZE);
        if (order[i].bytes != 0 && start < end) {
            frame_unreserve((maddr_t){start}, end - start);
            done_to = end;
        }
    }
}

bool dom0_kernel_home(const struct dom0 *dom0, struct range *out)
{
    const struct range *module = &firmware.module[MODULE_KERNEL];
    *out = (struct range){module->start, dom0->image.image_bytes};
    return !dom0->image.packed && dom0->image.anywhere &&
           is_aligned(module->start - dom0->image.text_offset, DOM0_PIECE) &&
           !range_overlaps(out, &firmware.module[MODULE_RAMDISK]);
}

/* Cuts want bytes out of r such that [lo, hi) is inside, starting at a 1 GiB boundary if that can
 * be. */
static struct range cut(const struct range *r, u64 want, u64 lo, u64 hi)
{
    if (want >= r->bytes) {
        return *r;
    }
    u64 start = MAX(r->start, align_down(lo, 1ULL << 30));
    if (start + want < hi) {
        start = hi - want;
    }
    return (struct range){MIN(start, range_end(r) - want), want};
}

/* Makes a bank of want bytes of run n, or of all that it has. Returns how many are still wanted. */
static u64 take_run(struct dom0 *dom0, u32 n, u64 want, u64 lo, u64 hi)
{
    const struct range bank = cut(&run[n], want, lo, hi);
    check(range_insert(dom0->bank, &dom0->nr_banks, DOM0_MAX_BANKS, bank)); /* asked before */
    run[n].bytes = 0;
    return want - bank.bytes;
}

/* The run of the first bank: the one with the kernel, else the largest. */
static u32 choose_first_run(bool home, const struct range *kernel)
{
    u32 largest = 0;
    for (u32 i = 0; i < nr_runs; i++) {
        if (home && range_contains(&run[i], kernel)) {
            return i;
        }
        if (run[i].bytes > run[largest].bytes) {
            largest = i;
        }
    }
    return largest;
}

static u64 take_first_bank(struct dom0 *dom0, u64 want)
{
    struct range kernel;
    bool home = dom0_kernel_home(dom0, &kernel);
    u32 n = choose_first_run(home, &kernel);
    const struct range *ramdisk = &firmware.module[MODULE_RAMDISK];
    u64 lo = run[n].start;
    u64 hi = run[n].start;
    if (home && range_contains(&run[n], &kernel)) {
        lo = align_down(kernel.start, DOM0_PIECE);
        hi = align_up(range_end(&kernel), DOM0_PIECE);
    }
    if (ramdisk->bytes != 0 && range_contains(&run[n], ramdisk)) {
        u64 both_lo = MIN(lo, align_down(ramdisk->start, DOM0_PIECE));
        u64 both_hi = MAX(hi, align_up(range_end(ramdisk), DOM0_PIECE));
        if (both_hi - both_lo <= want) {
            lo = both_lo;
            hi = both_hi;
        }
    }
    return take_run(dom0, n, want, lo, hi);
}

/* Index of the next run to take: with the ramdisk, else what gives most of want, below 4 GiB if
 * there is a choice. */
static u32 choose_next_run(u64 want)
{
    const struct range *ramdisk = &firmware.module[MODULE_RAMDISK];
    u32 best = MAX_RUNS;
    for (u32 i = 0; i < nr_runs; i++) {
        if (run[i].bytes == 0) {
            continue;
        }
        if (ramdisk->bytes != 0 && range_contains(&run[i], ramdisk)) {
            return i;
        }
        if (best == MAX_RUNS) {
            best = i;
            continue;
        }
        u64 gives = MIN(want, run[i].bytes);
        u64 best_gives = MIN(want, run[best].bytes);
        if (gives > best_gives || (gives == best_gives && run[i].start < run[best].start)) {
            best = i;
        }
    }
    return best;
}

enum err dom0_memory_take(struct dom0 *dom0)
{
    release_modules();
    find_runs();
    u64 free = 0;
    for (u32 i = 0; i < nr_runs; i++) {
        free += run[i].bytes;
    }
    if (dom0->memory_bytes + KEEP_BYTES > free) {
        log_error("dom0: dom0_mem=%lluM is too large: %lluM of RAM are free, %lluM stay with the "
                  "hypervisor",
                  dom0->memory_bytes >> 20, free >> 20, KEEP_BYTES >> 20);
        return E_NOMEM;
    }
    u64 want = take_first_bank(dom0, dom0->memory_bytes);
    const u64 first = dom0->bank[0].start;
    while (want != 0) {
        u32 n = choose_next_run(want);
        if (n == MAX_RUNS || dom0->nr_banks == DOM0_MAX_BANKS) {
            log_error("dom0: dom0_mem=%lluM does not fit in %u pieces of RAM",
                      dom0->memory_bytes >> 20, DOM0_MAX_BANKS);
            return E_NOMEM;
        }
        want = take_run(dom0, n, want, run[n].start, run[n].start);
    }
    for (u32 i = 0; i < dom0->nr_banks; i++) {
        dom0->kernel_bank = dom0->bank[i].start == first ? i : dom0->kernel_bank;
        const u64 end = range_end(&dom0->bank[i]) >> PAGE_SHIFT;
        for (u64 page = dom0->bank[i].start >> PAGE_SHIFT; page < end;) {
            const u32 order = dom0_block_order(page, end);
            struct frame *f;
            /* Found free above, and nobody else runs. */
            check(frame_take((mfn_t){page}, order, &f) == OK);
            page += 1ULL << order;
        }
    }
    return OK;
}

/* UNCHECKED: nobody else runs. */
UNCHECKED enum err dom0_memory_give(struct dom0 *dom0)
{
    struct domain *d = dom0->domain;
    d->max_pages = dom0->maximum_bytes >> PAGE_SHIFT;
    for (u32 i = 0; i < dom0->nr_banks; i++) {
        const struct range *bank = &dom0->bank[i];
        const u64 end = range_end(bank) >> PAGE_SHIFT;
        for (u64 page = bank->start >> PAGE_SHIFT; page < end;) {
            const u32 order = dom0_block_order(page, end);
            enum err e = domain_add_pages(d, mfn_to_frame((mfn_t){page}), order);
            if (e == OK) {
                e = p2m_map(d->p2m, (gfn_t){page}, (mfn_t){page}, order, P2M_RAM_RW);
            }
            if (e != OK) {
                return e;
            }
            page += 1ULL << order;
        }
        log_info("dom0: RAM %#llx-%#llx (%lluM)", bank->start, range_end(bank), bank->bytes >> 20);
    }
    return OK;
}
