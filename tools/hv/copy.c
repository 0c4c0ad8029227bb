// SPDX-License-Identifier: MIT
/*
 * Loading a guest without mapping it. To map a foreign page costs dom0 a page of its own, which it
 * balloons out before and back in after; to copy to a granted one costs nothing but the copy, made
 * by the hypervisor. A guest that has not run yet has granted nothing, but its grant table is ours
 * to write: we grant ourselves a window of its pages, copy, and take the grants away.
 */
#include "hv/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <xengnttab.h>

#define PAGE        4096U
#define FIRST_REF   8U /* those below are kept for console, store and their kin */
#define NR_REFS     (HV_COPY_BYTES / PAGE)
#define THIS_DOMAIN 0

_Static_assert((FIRST_REF + NR_REFS) * sizeof(grant_entry_v1_t) == PAGE);

/* The domain is not running and nobody else copies: plain stores, the call that follows orders
 * them. */
static void set_grants(grant_entry_v1_t *entry, uint64_t gfn, size_t nr)
{
    for (size_t i = 0; i < nr; i++) {
        entry[FIRST_REF + i] = (grant_entry_v1_t){
            .flags = GTF_permit_access, .domid = THIS_DOMAIN, .frame = (uint32_t)(gfn + i)};
    }
}

static void describe(xengnttab_grant_copy_segment_t *segment, uint16_t domid, const uint8_t *from,
                     size_t bytes)
{
    for (size_t at = 0, i = 0; at < bytes; at += PAGE, i++) {
        segment[i] = (xengnttab_grant_copy_segment_t){
            .source.virt = (void *)(from + at),
            .dest.foreign = {.ref = (uint32_t)(FIRST_REF + i), .domid = domid},
            .len = (uint16_t)(bytes - at < PAGE ? bytes - at : PAGE),
            .flags = GNTCOPY_dest_gref,
        };
    }
}

static int copy_by_grants(struct hv *hv, uint16_t domid, grant_entry_v1_t *entry, uint64_t gfn,
                          const void *from, size_t bytes)
{
    const size_t nr = (bytes + PAGE - 1) / PAGE;
    set_grants(entry, gfn, nr);
    describe(hv->segment, domid, from, bytes);
    int error = xengnttab_grant_copy(hv->grant, (uint32_t)nr, hv->segment) != 0 ? -errno : 0;
    for (size_t i = 0; i < nr && error == 0; i++) {
        error = hv->segment[i].status == GNTST_okay ? 0 : -EIO;
    }
    memset(&entry[FIRST_REF], 0, nr * sizeof(*entry));
    return error;
}

/* Kernels before 4.9 copy nothing, and the module may be missing. */
static bool can_not_copy(int error)
{
    return error == -ENOTTY || error == -ENOENT || error == -ENODEV || error == -ENXIO;
}

static int copy_by_mapping(struct hv *hv, uint16_t domid, uint64_t gfn, const void *from,
                           size_t bytes)
{
    struct hv_mapping window;
    const int error = hv_map_range(hv, domid, gfn, (bytes + PAGE - 1) / PAGE, true, &window);
    if (error == 0) {
        memcpy(window.at, from, bytes);
        hv_unmap(hv, &window);
    }
    return error;
}

int hv_copy(struct hv *hv, uint16_t domid, const struct hv_mapping *grants, uint64_t gfn,
            const void *from, size_t bytes)
{
    if (hv->segment == NULL) {
        hv->segment = calloc(NR_REFS, sizeof(*hv->segment));
    }
    if (hv->segment == NULL) {
        return -ENOMEM;
    }
    const int unopened = hv_open_grants(hv);
    for (size_t at = 0; at < bytes; at += HV_COPY_BYTES) {
        const uint8_t *source = (const uint8_t *)from + at;
        const size_t n = bytes - at < HV_COPY_BYTES ? bytes - at : HV_COPY_BYTES;
        int error = unopened;
        if (error == 0) {
            error = copy_by_grants(hv, domid, grants->at, gfn + at / PAGE, source, n);
        }
        if (can_not_copy(error)) {
            error = copy_by_mapping(hv, domid, gfn + at / PAGE, source, n);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}
