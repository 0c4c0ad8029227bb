// SPDX-License-Identifier: MIT
/*
 * Three kinds of mapping, told apart by hv_mapping.kind: foreign frames (NULL), a grant
 * (&grant_kind), and a resource of a domain (the library's handle of it).
 */
#include "hv/state.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
#include <xen/memory.h>

_Static_assert(sizeof(xen_pfn_t) == sizeof(uint64_t));

static char grant_kind;

/* errno of a library call that failed, whatever it left there. */
static int failure(void)
{
    return errno > 0 ? -errno : -EIO;
}

static int need_foreign(struct hv *hv)
{
    if (hv->foreign == NULL) {
        hv->foreign = xenforeignmemory_open(&hv_silent, 0);
    }
    return hv->foreign != NULL ? 0 : failure();
}

int hv_open_grants(struct hv *hv)
{
    if (hv->grant == NULL) {
        hv->grant = xengnttab_open(&hv_silent, 0);
    }
    return hv->grant != NULL ? 0 : failure();
}

void hv_close_foreign(struct hv *hv)
{
    free(hv->segment);
    if (hv->foreign != NULL) {
        xenforeignmemory_close(hv->foreign);
    }
    if (hv->grant != NULL) {
        xengnttab_close(hv->grant);
    }
}

/* Makes the library's errors ours; the first of them if no page is there. */
static int count_errors(int *error, size_t nr)
{
    size_t nr_failed = 0;
    for (size_t i = 0; i < nr; i++) {
        error[i] = error[i] > 0 ? -error[i] : error[i];
        nr_failed += error[i] != 0;
    }
    return nr_failed < nr ? 0 : error[0];
}

int hv_map(struct hv *hv, uint16_t domid, const uint64_t *gfn, size_t nr, bool writable,
           struct hv_mapping *mapping, int *error)
{
    *mapping = (struct hv_mapping){0};
    if (nr == 0) {
        return -EINVAL;
    }
    const int unopened = need_foreign(hv);
    if (unopened != 0) {
        return unopened;
    }
    void *at = xenforeignmemory_map(hv->foreign, domid, PROT_READ | (writable ? PROT_WRITE : 0), nr,
                                    (const xen_pfn_t *)gfn, error);
    if (at == NULL) {
        return failure();
    }
    const int none = error != NULL ? count_errors(error, nr) : 0;
    if (none != 0) {
        xenforeignmemory_unmap(hv->foreign, at, nr);
        return none;
    }
    *mapping = (struct hv_mapping){.at = at, .nr_pages = nr};
    return 0;
}

int hv_map_range(struct hv *hv, uint16_t domid, uint64_t gfn, size_t nr, bool writable,
                 struct hv_mapping *mapping)
{
    *mapping = (struct hv_mapping){0};
    uint64_t *list = hv_list(hv, nr * sizeof(*list));
    if (list == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < nr; i++) {
        list[i] = gfn + i;
    }
    return hv_map(hv, domid, list, nr, writable, mapping, NULL);
}

/* Kernels before 4.18 know no resources: the table is shown to the domain above all it has, mapped
 * from there as any frame, and taken away from it again. The mapping keeps the frames. */
static int map_grant_table_by_frames(struct hv *hv, uint16_t domid, size_t nr,
                                     struct hv_mapping *mapping)
{
    uint64_t gfn = 0;
    int error = hv_get_max_gfn(hv, domid, &gfn);
    if (error != 0) {
        return error;
    }
    gfn++;
    size_t shown = 0;
    while (shown < nr && error == 0) {
        error = hv_add_to_physmap(hv, domid, XENMAPSPACE_grant_table, shown, gfn + shown);
        shown += error == 0;
    }
    if (error == 0) {
        error = hv_map_range(hv, domid, gfn, nr, true, mapping);
    }
    for (size_t i = 0; i < shown; i++) {
        const int kept = hv_remove_from_physmap(hv, domid, gfn + i);
        error = error != 0 ? error : kept;
    }
    if (error != 0) {
        hv_unmap(hv, mapping);
    }
    return error;
}

int hv_map_grant_table(struct hv *hv, uint16_t domid, size_t nr, struct hv_mapping *mapping)
{
    *mapping = (struct hv_mapping){0};
    const int unopened = need_foreign(hv);
    if (unopened != 0) {
        return unopened;
    }
    void *at = NULL;
    xenforeignmemory_resource_handle *resource = xenforeignmemory_map_resource(
        hv->foreign, domid, XENMEM_resource_grant_table, XENMEM_resource_grant_table_id_shared, 0,
        nr, &at, PROT_READ | PROT_WRITE, 0);
    if (resource == NULL) {
        const int error = failure();
        return error == -EOPNOTSUPP || error == -ENOTTY || error == -ENOSYS
                   ? map_grant_table_by_frames(hv, domid, nr, mapping)
                   : error;
    }
    *mapping = (struct hv_mapping){.at = at, .nr_pages = nr, .kind = resource};
    return 0;
}

int hv_map_grant(struct hv *hv, uint16_t domid, uint32_t ref, bool writable,
                 struct hv_mapping *mapping)
{
    *mapping = (struct hv_mapping){0};
    const int unopened = hv_open_grants(hv);
    if (unopened != 0) {
        return unopened;
    }
    void *at =
        xengnttab_map_grant_ref(hv->grant, domid, ref, PROT_READ | (writable ? PROT_WRITE : 0));
    if (at == NULL) {
        return failure();
    }
    *mapping = (struct hv_mapping){.at = at, .nr_pages = 1, .kind = &grant_kind};
    return 0;
}

void hv_unmap(struct hv *hv, struct hv_mapping *mapping)
{
    if (mapping->at == NULL) {
        return;
    }
    if (mapping->kind == &grant_kind) {
        xengnttab_unmap(hv->grant, mapping->at, 1);
    } else if (mapping->kind != NULL) {
        xenforeignmemory_unmap_resource(hv->foreign, mapping->kind);
    } else {
        xenforeignmemory_unmap(hv->foreign, mapping->at, mapping->nr_pages);
    }
    *mapping = (struct hv_mapping){0};
}
