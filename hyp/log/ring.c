/* SPDX-License-Identifier: MIT */
/*
 * Bytes end - RING_BYTES .. end of what was ever said are there; start is the oldest that a reader
 * gets: later than that after a clear. A boot's log fits, so that `xl dmesg` shows it whole.
 */
#include "log/ring.h"

#include "base/bits.h"
#include "base/string.h"
#include "log/log.h"

static char ring[RING_BYTES]; /* [RANK_CONSOLE] */
static u64 ring_start;        /* [RANK_CONSOLE] */
static u64 ring_end;          /* [RANK_CONSOLE] */

void ring_write(const char *s, u32 bytes)
{
    for (u32 done = 0; done < bytes;) {
        u32 at = (u32)((ring_end + done) % RING_BYTES);
        u32 n = MIN(bytes - done, RING_BYTES - at);
        memcpy(&ring[at], s + done, n);
        done += n;
    }
    ring_end += bytes;
    if (ring_end - ring_start > RING_BYTES) {
        ring_start = ring_end - RING_BYTES;
    }
    log_notify_ring();
}

u32 log_ring_read(u64 *pos, char *out, u32 bytes)
{
    console_lock();
    u64 from = MIN(MAX(*pos, ring_start), ring_end);
    u32 left = (u32)MIN(ring_end - from, bytes);
    u32 done = 0;
    while (done < left) {
        u32 at = (u32)((from + done) % RING_BYTES);
        u32 n = MIN(left - done, RING_BYTES - at);
        memcpy(out + done, &ring[at], n);
        done += n;
    }
    *pos = from + done;
    console_unlock();
    return done;
}

u64 log_ring_start(void)
{
    console_lock();
    u64 start = ring_start;
    console_unlock();
    return start;
}

u64 log_ring_end(void)
{
    console_lock();
    u64 end = ring_end;
    console_unlock();
    return end;
}

void log_ring_clear(void)
{
    console_lock();
    ring_start = ring_end;
    console_unlock();
}
