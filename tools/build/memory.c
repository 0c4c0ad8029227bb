// SPDX-License-Identifier: MIT
/*
 * RAM comes in the largest extents that the machine still has: 1 GiB, 2 MiB, 4 KiB. What an order
 * can't give goes on with the next one below, from where it stopped.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "abi/arm.h"
#include "build/state.h"
#include "lib/message.h"

static const unsigned orders[] = {18, 9, 0};
#define NR_ORDERS (sizeof(orders) / sizeof(orders[0]))

unsigned build_count_magic(const struct build *build)
{
    return build->config->vuart ? NR_MAGIC : NR_MAGIC - 1;
}

uint64_t build_count_pages(const struct build *build)
{
    return (build->layout.bank[0].bytes + build->layout.bank[1].bytes) / BUILD_PAGE +
           build_count_magic(build);
}

/* Banks start at whole GiB, so extents of falling size stay aligned. */
static int populate_bank(struct build *build, const struct range *bank, uint64_t *done_pages)
{
    uint64_t gfn = bank->start / BUILD_PAGE;
    const uint64_t end = gfn + bank->bytes / BUILD_PAGE;
    int error = 0;
    for (size_t i = 0; i < NR_ORDERS && gfn < end; i++) {
        const uint64_t nr = (end - gfn) >> orders[i];
        uint64_t done = 0;
        error = nr == 0 ? 0 : hv_populate_range(build->hv, build->domid, gfn, nr, orders[i], &done);
        gfn += done << orders[i];
        *done_pages += done << orders[i];
        if (error != 0 && error != -ENOMEM) {
            break;
        }
    }
    return gfn == end ? 0 : error;
}

static int clear_magic(struct build *build, uint64_t gfn, unsigned nr)
{
    struct hv_mapping mapping;
    int error = hv_map_range(build->hv, build->domid, gfn, nr, true, &mapping);
    if (error != 0) {
        return error;
    }
    memset(mapping.at, 0, nr * BUILD_PAGE);
    hv_unmap(build->hv, &mapping);
    return hv_flush_cache(build->hv, build->domid, gfn, nr);
}

int build_populate(struct build *build)
{
    const uint64_t wanted = build_count_pages(build);
    uint64_t done = 0;
    for (unsigned i = 0; i < 2; i++) {
        const int error = populate_bank(build, &build->layout.bank[i], &done);
        if (error != 0) {
            return build_fail(error,
                              "give the guest its memory: after %" PRIu64 " of %" PRIu64 " MiB",
                              done / 256, wanted / 256);
        }
    }
    const uint64_t magic = GUEST_MAGIC_BASE / BUILD_PAGE;
    int error =
        hv_populate_range(build->hv, build->domid, magic, build_count_magic(build), 0, &done);
    if (error != 0) {
        return build_fail(error, "give the guest the pages of its console and store");
    }
    error = clear_magic(build, magic, build_count_magic(build));
    return error == 0 ? 0 : build_fail(error, "clear the pages of console and store");
}
