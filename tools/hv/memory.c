// SPDX-License-Identifier: MIT
#include "abi/memory.h"
#include "hv/call.h"

#include <stdlib.h>

/* Extents a call: the list of their frames is 16 KiB. */
#define EXTENT_BATCH 2048U

/* One batch whose frames lie in the list buffer: how many were done, or a negative errno. */
static long reservation(struct hv *hv, uint64_t command, uint16_t domid, uint64_t nr,
                        unsigned order)
{
    struct xen_memory_reservation *op = hv_begin(hv);
    op->extent_start = hv_handle(hv->list);
    op->nr_extents = nr;
    op->extent_order = order;
    op->domid = domid;
    const long done = hv_call2(hv, __HYPERVISOR_memory_op, command);
    return done > (long)nr ? -EPROTO : done;
}

/* gfn is the list, or NULL: then the frames count from first on. */
static int change(struct hv *hv, uint64_t command, uint16_t domid, const uint64_t *gfn,
                  uint64_t first, uint64_t nr, unsigned order, uint64_t *done)
{
    *done = 0;
    while (*done < nr) {
        const uint64_t batch = nr - *done < EXTENT_BATCH ? nr - *done : EXTENT_BATCH;
        uint64_t *list = hv_list(hv, batch * sizeof(*list));
        if (list == NULL) {
            return -ENOBUFS; /* not the machine's memory, so smaller extents would not help */
        }
        for (uint64_t i = 0; i < batch; i++) {
            list[i] = gfn != NULL ? gfn[*done + i] : first + ((*done + i) << order);
        }
        const long result = reservation(hv, command, domid, batch, order);
        if (result < 0) {
            return (int)result;
        }
        *done += (uint64_t)result;
        if ((uint64_t)result < batch) {
            return -ENOMEM;
        }
    }
    return 0;
}

int hv_populate_range(struct hv *hv, uint16_t domid, uint64_t gfn, uint64_t nr, unsigned order,
                      uint64_t *done)
{
    return change(hv, XENMEM_populate_physmap, domid, NULL, gfn, nr, order, done);
}

int hv_populate(struct hv *hv, uint16_t domid, const uint64_t *gfn, uint64_t nr, unsigned order,
                uint64_t *done)
{
    return change(hv, XENMEM_populate_physmap, domid, gfn, 0, nr, order, done);
}

int hv_depopulate(struct hv *hv, uint16_t domid, const uint64_t *gfn, uint64_t nr, unsigned order,
                  uint64_t *done)
{
    return change(hv, XENMEM_decrease_reservation, domid, gfn, 0, nr, order, done);
}

int hv_add_to_physmap(struct hv *hv, uint16_t domid, uint32_t space, uint64_t index, uint64_t gfn)
{
    struct xen_add_to_physmap *op = hv_begin(hv);
    op->domid = domid;
    op->space = space;
    op->idx = index;
    op->gpfn = gfn;
    return (int)hv_call2(hv, __HYPERVISOR_memory_op, XENMEM_add_to_physmap);
}

int hv_remove_from_physmap(struct hv *hv, uint16_t domid, uint64_t gfn)
{
    struct xen_remove_from_physmap *op = hv_begin(hv);
    op->domid = domid;
    op->gpfn = gfn;
    return (int)hv_call2(hv, __HYPERVISOR_memory_op, XENMEM_remove_from_physmap);
}

int hv_get_max_gfn(struct hv *hv, uint16_t domid, uint64_t *gfn)
{
    struct xen_memory_domain *op = hv_begin(hv);
    op->domid = domid;
    const long result = hv_call2(hv, __HYPERVISOR_memory_op, XENMEM_maximum_gpfn);
    if (result < 0) {
        return (int)result;
    }
    *gfn = (uint64_t)result;
    return 0;
}

int hv_claim(struct hv *hv, uint16_t domid, uint64_t nr_pages)
{
    struct xen_memory_reservation *op = hv_begin(hv);
    op->nr_extents = nr_pages;
    op->domid = domid;
    return (int)hv_call2(hv, __HYPERVISOR_memory_op, XENMEM_claim_pages);
}
