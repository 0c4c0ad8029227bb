/* SPDX-License-Identifier: MIT */
#include "abi/xen.h"
#include "call/wallclock.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "time/time.h"

#define VERSION     offsetof(struct xen_shared_info, wc_version)
#define SECONDS     offsetof(struct xen_shared_info, wc_sec)
#define SECONDS_HI  offsetof(struct xen_shared_info, wc_sec_hi)
#define NANOSECONDS offsetof(struct xen_shared_info, wc_nsec)

/* A page that came from elsewhere (RECORD_SHARED_INFO) may be right already. */
static bool says(const struct gpage *page, u64 seconds, u32 ns)
{
    return (gpage_read32(page, VERSION) & 1) == 0 && gpage_read32(page, SECONDS) == (u32)seconds &&
           gpage_read32(page, SECONDS_HI) == (u32)(seconds >> 32) &&
           gpage_read32(page, NANOSECONDS) == ns;
}

void wallclock_update(struct domain *d)
{
    /* Versions must not run backwards or stay odd, so one writer at a time. */
    spin_lock(&d->lock);
    struct gpage page;
    gpage_from_frame(d, d->shared_info, &page);
    const u64 epoch_ns = clock_wall_at_boot_ns();
    const u64 seconds = epoch_ns / NS_PER_S + load_relaxed(&d->time_offset_seconds);
    if (!says(&page, seconds, (u32)(epoch_ns % NS_PER_S))) {
        /* The guest may write here too: what it did to the version must not make ours even while we
         * write. */
        const u32 version = gpage_read32(&page, VERSION) | 1;
        gpage_write32(&page, VERSION, version);
        fence_full();
        gpage_write32(&page, SECONDS, (u32)seconds);
        gpage_write32(&page, SECONDS_HI, (u32)(seconds >> 32));
        gpage_write32(&page, NANOSECONDS, (u32)(epoch_ns % NS_PER_S));
        fence_full();
        gpage_write32(&page, VERSION, version + 1);
    }
    spin_unlock(&d->lock);
}
