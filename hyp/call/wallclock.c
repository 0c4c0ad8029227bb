/* SPDX-License-Identifier: MIT */
#include "abi/xen.h"
#include "call/wallclock.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "time/time.h"

#define NS_PER_S 1000000000ULL

void wallclock_update(struct domain *d)
{
    /* Versions must not run backwards or stay odd, so one writer at a time. */
    spin_lock(&d->lock);
    struct gpage page;
    gpage_from_frame(d, d->shared_info, &page);
    const u64 epoch_ns = clock_wall_at_boot_ns();
    const u64 seconds = epoch_ns / NS_PER_S + load_relaxed(&d->time_offset_seconds);
    /* The guest may write here too: what it did to the version must not make ours even while we
     * write. */
    const u32 at = offsetof(struct xen_shared_info, wc_version);
    const u32 version = gpage_read32(&page, at) | 1;
    gpage_write32(&page, at, version);
    fence_full();
    gpage_write32(&page, offsetof(struct xen_shared_info, wc_sec), (u32)seconds);
    gpage_write32(&page, offsetof(struct xen_shared_info, wc_sec_hi), (u32)(seconds >> 32));
    gpage_write32(&page, offsetof(struct xen_shared_info, wc_nsec), (u32)(epoch_ns % NS_PER_S));
    fence_full();
    gpage_write32(&page, at, version + 1);
    spin_unlock(&d->lock);
}
