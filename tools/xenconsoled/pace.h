/* SPDX-License-Identifier: MIT */
/*
 * How often a guest may wake the daemon: CONSOLE_PACE_WAKES times in CONSOLE_PACE_MS. A wake moves
 * at most one ring, so that is also a bound of bytes (300 kB/s). Who is faster is left alone for a
 * whole period: its event stays masked, its ring fills up, it waits; nobody else does.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { CONSOLE_PACE_WAKES = 30, CONSOLE_PACE_MS = 200 };

struct console_pace {
    uint64_t start_ms;
    unsigned nr;
};

/* False: that was one too many; come back at now_ms + CONSOLE_PACE_MS. */
static inline bool console_pace_take(struct console_pace *pace, uint64_t now_ms)
{
    if (now_ms - pace->start_ms >= CONSOLE_PACE_MS) {
        *pace = (struct console_pace){.start_ms = now_ms};
    }
    pace->nr++;
    return pace->nr <= CONSOLE_PACE_WAKES;
}
