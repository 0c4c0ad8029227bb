/* SPDX-License-Identifier: MIT */
/*
 * Kernel, ramdisk and device tree in dom0's RAM. What lies well stays. What must move is moved
 * once: the kernel first, never onto the ramdisk's source, then the ramdisk; the tree goes to a
 * piece of its own at the bank's top.
 */
#include "base/bits.h"
#include "base/string.h"
#include "boot/dom0.h"
#include "cpu/cache.h"
#include "log/log.h"

enum err dom0_modules_decode(struct dom0 *dom0)
{
    const struct range *module = firmware.module;
    if (module[MODULE_KERNEL].bytes == 0) {
        log_error("dom0: no kernel: /chosen of the device tree has no module \"multiboot,kernel\"");
        return E_NOENT;
    }
    const char *why = "";
    enum err e = image_decode(dom0_ram(module[MODULE_KERNEL].start), module[MODULE_KERNEL].bytes,
                              &dom0->image, &why);
    if (e != OK) {
        log_error("dom0: the kernel at %#llx %s", module[MODULE_KERNEL].start, why);
    }
    return e;
}

/* Lowest place of out->bytes in bank at a piece's boundary plus offset, clear of avoid[0..n). */
static bool place_low(const struct range *bank, u64 offset, struct range *out,
                      const struct range *avoid, u32 n)
{
    out->start = bank->start + offset;
    while (range_contains(bank, out)) {
        const struct range *hit = range_find_overlap(avoid, n, out);
        if (hit == NULL) {
            return true;
        }
        out->start = align_up(range_end(hit), DOM0_PIECE) + offset;
    }
    return false;
}

/* Highest place of out->bytes in bank at a multiple of align, clear of avoid[0..n). */
static bool place_high(const struct range *bank, u64 align, struct range *out,
                       const struct range *avoid, u32 n)
{
    u64 below = range_end(bank);
    while (below >= bank->start + out->bytes) {
        out->start = align_down(below - out->bytes, align);
        if (!range_contains(bank, out)) {
            return false;
        }
        const struct range *hit = range_find_overlap(avoid, n, out);
        if (hit == NULL) {
            return true;
        }
        below = hit->start;
    }
    return false;
}

static bool place_kernel(struct dom0 *dom0)
{
    const struct range *bank = &dom0->bank[dom0->kernel_bank];
    struct range home;
    if (dom0_kernel_home(dom0, &home) && range_contains(bank, &home)) {
        dom0->kernel = home;
        return true;
    }
    /* Clear of both sources; else over its own (memmove), which a packed one can't. */
    const struct range avoid[2] = {firmware.module[MODULE_RAMDISK], firmware.module[MODULE_KERNEL]};
    dom0->kernel.bytes = dom0->image.image_bytes;
    return place_low(bank, dom0->image.text_offset, &dom0->kernel, avoid, 2) ||
           (!dom0->image.packed &&
            place_low(bank, dom0->image.text_offset, &dom0->kernel, avoid, 1));
}

static bool place_ramdisk(struct dom0 *dom0)
{
    const struct range *module = &firmware.module[MODULE_RAMDISK];
    dom0->ramdisk = *module;
    for (u32 i = 0; i < dom0->nr_banks; i++) {
        if (module->bytes == 0 ||
            (range_contains(&dom0->bank[i], module) && !range_overlaps(module, &dom0->kernel))) {
            return true;
        }
    }
    return place_high(&dom0->bank[dom0->kernel_bank], PAGE_SIZE, &dom0->ramdisk, &dom0->kernel, 1);
}

enum err dom0_place(struct dom0 *dom0)
{
    dom0->fdt.bytes = DOM0_PIECE; /* the most that Linux takes */
    bool placed = place_kernel(dom0) && place_ramdisk(dom0);
    const struct range avoid[2] = {dom0->kernel, dom0->ramdisk};
    if (!placed || !place_high(&dom0->bank[dom0->kernel_bank], DOM0_PIECE, &dom0->fdt, avoid,
                               ARRAY_LEN(avoid))) {
        log_error(
            "dom0: %lluM at %#llx are too little for a kernel of %lluM and a ramdisk of %lluM",
            dom0->bank[dom0->kernel_bank].bytes >> 20, dom0->bank[dom0->kernel_bank].start,
            (dom0->image.image_bytes >> 20) + 1,
            (firmware.module[MODULE_RAMDISK].bytes + (1u << 20) - 1) >> 20);
        return E_NOMEM;
    }
    return OK;
}

/*
 * dom0 starts with its MMU off, so what it runs must be at the point of coherency (booting.rst); a
 * boot loader that ran with caches on need not have cleaned a module. The ramdisk is read through
 * cacheable mappings only.
 */
enum err dom0_load(struct dom0 *dom0)
{
    const struct range *kernel = &firmware.module[MODULE_KERNEL];
    const struct range *ramdisk = &firmware.module[MODULE_RAMDISK];
    void *to = dom0_ram(dom0->kernel.start);
    if (dom0->image.packed) {
        if (image_unpack(&dom0->image, to) != OK) {
            log_error("dom0: the kernel at %#llx is a broken gzip file", kernel->start);
            return E_INVAL;
        }
    } else if (dom0->kernel.start != kernel->start) {
        memmove(to, dom0->image.data, dom0->image.file_bytes);
    }
    cache_clean(to, dom0->image.file_bytes);
    if (ramdisk->bytes != 0 && dom0->ramdisk.start != ramdisk->start) {
        memmove(dom0_ram(dom0->ramdisk.start), dom0_ram(ramdisk->start), ramdisk->bytes);
    }
    cache_invalidate_instructions();
    log_info("dom0: kernel %#llx-%#llx%s, ramdisk %#llx-%#llx%s, device tree %#llx",
             dom0->kernel.start, range_end(&dom0->kernel),
             dom0->kernel.start == kernel->start ? " in place" : "", dom0->ramdisk.start,
             range_end(&dom0->ramdisk), dom0->ramdisk.start == ramdisk->start ? " in place" : "",
             dom0->fdt.start);
    return OK;
}
