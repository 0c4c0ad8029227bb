/* SPDX-License-Identifier: MIT */
/* Time that only goes forward, in milliseconds: for deadlines. A deadline is a point of it. */
#pragma once
#include <stdint.h>
#include <time.h>

#define CLOCK_NEVER UINT64_MAX

static inline uint64_t clock_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* What poll() takes as its timeout for that deadline: -1 for never, 0 when it is over. */
static inline int clock_left_ms(uint64_t deadline)
{
    if (deadline == CLOCK_NEVER) {
        return -1;
    }
    uint64_t now = clock_now_ms();
    return deadline <= now ? 0 : deadline - now > 1000000 ? 1000000 : (int)(deadline - now);
}
