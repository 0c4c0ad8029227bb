/* SPDX-License-Identifier: MIT */
/* All that is specified, of all domains that have not gone. */
#include "dom/domain.h"
#include "test/spec/spec.h"

bool spec_ask(u32 *nr_domains, u64 *nr_pages)
{
    u32 nr = 0;
    for (const struct domain *d = dom_next((domid_t){0}); d != NULL; d = dom_after(d)) {
        nr++;
    }
    static struct spec_room room;
    struct domain **all = spec_zeroed(&room, (nr + 1) * sizeof(*all));
    if (all == NULL) {
        return false;
    }
    const struct spec_world w = {all, nr};
    *nr_domains = nr;
    *nr_pages = 0;
    nr = 0;
    for (struct domain *d = dom_next((domid_t){0}); d != NULL; d = dom_after(d)) {
        all[nr++] = d;
        *nr_pages += d->nr_pages;
    }
    return spec_pages_check(&w) && spec_events_check(&w) && spec_grants_check(&w) &&
           spec_vcpus_check(&w);
}
