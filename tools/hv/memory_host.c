// SPDX-License-Identifier: MIT
/* The fake machine's memory: which frames a domain has, and their contents in its file. */
#include "hv/xen_host.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/memory.h"

#define PAGE 4096ULL

struct xen_host_range *xen_host_range(struct xen_host_domain *d, uint64_t gfn)
{
    for (unsigned i = 0; i < d->nr_ranges; i++) {
        if (gfn >= d->range[i].gfn && gfn - d->range[i].gfn < d->range[i].nr) {
            return &d->range[i];
        }
    }
    return NULL;
}

bool xen_host_has_pages(struct xen_host_domain *d, uint64_t gfn, uint64_t nr)
{
    while (nr > 0) {
        const struct xen_host_range *r = xen_host_range(d, gfn);
        if (r == NULL) {
            return false;
        }
        const uint64_t here = r->gfn + r->nr - gfn;
        gfn += here < nr ? here : nr;
        nr -= here < nr ? here : nr;
    }
    return true;
}

void xen_host_free(struct xen_host_domain *d)
{
    d->exists = false;
    close(d->memory);
    if (d->dirty != NULL) {
        munmap(d->dirty, XEN_HOST_DIRTY / 8);
    }
}

void xen_host_set_dirty(struct xen_host_domain *d, uint64_t gfn, uint64_t nr, bool is_dirty)
{
    for (; d->dirty != NULL && nr > 0 && gfn < XEN_HOST_DIRTY; gfn++, nr--) {
        const uint8_t bit = (uint8_t)(1U << (gfn % 8));
        d->dirty[gfn / 8] = is_dirty ? d->dirty[gfn / 8] | bit : d->dirty[gfn / 8] & ~bit;
    }
}

bool xen_host_is_flushed(uint16_t domid, uint64_t address, uint64_t bytes)
{
    const struct xen_host_domain *d = xen_host_find(domid);
    for (uint64_t gfn = address / PAGE; gfn <= (address + bytes - 1) / PAGE; gfn++) {
        if (d == NULL || gfn >= XEN_HOST_DIRTY || (d->dirty[gfn / 8] >> (gfn % 8) & 1) != 0) {
            return false;
        }
    }
    return true;
}

static bool access_memory(uint16_t domid, uint64_t address, void *p, size_t bytes, bool is_write)
{
    struct xen_host_domain *d = xen_host_find(domid);
    if (d == NULL || bytes == 0 ||
        !xen_host_has_pages(d, address / PAGE, (address + bytes - 1) / PAGE - address / PAGE + 1)) {
        return false;
    }
    if (is_write) {
        return pwrite(d->memory, p, bytes, (off_t)address) == (ssize_t)bytes;
    }
    __builtin_memset(p, 0, bytes); /* behind the end of the sparse file */
    return pread(d->memory, p, bytes, (off_t)address) >= 0;
}

bool xen_host_read(uint16_t domid, uint64_t address, void *to, size_t bytes)
{
    return access_memory(domid, address, to, bytes, false);
}

bool xen_host_write(uint16_t domid, uint64_t address, const void *from, size_t bytes)
{
    return access_memory(domid, address, (void *)from, bytes, true);
}

/* One extent: joined to the stretch before it if it is of the same order. */
static bool populate_extent(struct xen_host_domain *d, uint64_t gfn, unsigned order)
{
    const uint64_t nr = 1ULL << order;
    if (order > xen_host.max_order || nr > xen_host.free_pages ||
        (d->pages + nr) * 4 > d->max_mem_kib || gfn % nr != 0) {
        return false;
    }
    struct xen_host_range *last = d->nr_ranges > 0 ? &d->range[d->nr_ranges - 1] : NULL;
    if (last != NULL && last->order == order && last->gfn + last->nr == gfn) {
        last->nr += nr;
    } else if (d->nr_ranges < XEN_HOST_RANGES) {
        d->range[d->nr_ranges++] =
            (struct xen_host_range){.gfn = gfn, .nr = nr, .page = gfn, .order = order};
    } else {
        return false;
    }
    d->pages += nr;
    d->claimed_pages -= d->claimed_pages < nr ? d->claimed_pages : nr;
    xen_host.free_pages -= nr;
    return true;
}

static long populate(struct xen_host_domain *d, const struct xen_memory_reservation *op)
{
    const uint64_t *gfn = xen_host_buffer(op->extent_start, op->nr_extents * sizeof(*gfn));
    if (gfn == NULL) {
        return -EFAULT;
    }
    long done = 0;
    while ((uint64_t)done < op->nr_extents && populate_extent(d, gfn[done], op->extent_order)) {
        done++;
    }
    return done;
}

/* Only whole stretches from their end: what the tools' tests need. */
static long decrease(struct xen_host_domain *d, const struct xen_memory_reservation *op)
{
    const uint64_t *gfn = xen_host_buffer(op->extent_start, op->nr_extents * sizeof(*gfn));
    if (gfn == NULL) {
        return -EFAULT;
    }
    const uint64_t nr = 1ULL << op->extent_order;
    long done = 0;
    for (; (uint64_t)done < op->nr_extents; done++) {
        struct xen_host_range *last = d->nr_ranges > 0 ? &d->range[d->nr_ranges - 1] : NULL;
        if (last == NULL || last->gfn + last->nr != gfn[done] + nr || last->nr < nr) {
            break;
        }
        last->nr -= nr;
        d->nr_ranges -= last->nr == 0;
        d->pages -= nr;
        xen_host.free_pages += nr;
    }
    return done;
}

static long claim(struct xen_host_domain *d, const struct xen_memory_reservation *op)
{
    if (!xen_host.has_claim) {
        return -ENOSYS;
    }
    if (op->extent_start.p != 0 || op->extent_order != 0) {
        return -EINVAL;
    }
    if (op->nr_extents > xen_host.free_pages) {
        return -ENOMEM;
    }
    d->claimed_pages = op->nr_extents;
    return 0;
}

static long max_gfn(const struct xen_host_domain *d)
{
    uint64_t highest = 0;
    for (unsigned i = 0; i < d->nr_ranges; i++) {
        const uint64_t last = d->range[i].gfn + d->range[i].nr - 1;
        highest = last > highest ? last : highest;
    }
    return (long)highest;
}

/* A grant frame shown to a domain becomes a page of its file that holds the table's words. */
static long add_to_physmap(struct xen_host_domain *d, const struct xen_add_to_physmap *op)
{
    if (op->space != XENMAPSPACE_grant_table || d->nr_ranges == XEN_HOST_RANGES) {
        return -EINVAL;
    }
    d->range[d->nr_ranges++] = (struct xen_host_range){
        .gfn = op->gpfn, .nr = 1, .page = XEN_HOST_GRANTS / PAGE + op->idx, .order = ~0U};
    return 0;
}

static long remove_from_physmap(struct xen_host_domain *d, uint64_t gfn)
{
    for (unsigned i = 0; i < d->nr_ranges; i++) {
        if (d->range[i].gfn == gfn && d->range[i].nr == 1) {
            d->range[i] = d->range[--d->nr_ranges];
            return 0;
        }
    }
    return -EINVAL;
}

long xen_host_memory_op(uint64_t command, void *argument)
{
    const struct xen_memory_reservation *reservation = argument;
    const struct xen_add_to_physmap *add = argument;
    const struct xen_remove_from_physmap *remove = argument;
    const struct xen_memory_domain *named = argument;
    const bool is_reservation = command == XENMEM_populate_physmap ||
                                command == XENMEM_decrease_reservation ||
                                command == XENMEM_claim_pages;
    struct xen_host_domain *d = xen_host_find(is_reservation ? reservation->domid : named->domid);
    if (d == NULL) {
        return -ESRCH;
    }
    switch (command) {
    case XENMEM_populate_physmap:
        return populate(d, reservation);
    case XENMEM_decrease_reservation:
        return decrease(d, reservation);
    case XENMEM_claim_pages:
        return claim(d, reservation);
    case XENMEM_maximum_gpfn:
        return max_gfn(d);
    case XENMEM_add_to_physmap:
        return add_to_physmap(d, add);
    case XENMEM_remove_from_physmap:
        return remove_from_physmap(d, remove->gpfn);
    default:
        return -ENOSYS;
    }
}
