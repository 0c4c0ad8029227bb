/* SPDX-License-Identifier: MIT */
/*
 * A bar on standard error for work that takes longer than two seconds. Nothing is shown before
 * that, nor where standard error is no terminal unless progress_force() was called (xl -t).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

struct progress {
    const char *title; /* kept by pointer */
    uint64_t total;    /* in the caller's unit; 0: not known, so no percentage */
    uint64_t begin_ns, drawn_ns;
    bool drawn;
};

/* Show bars on anything that standard error is. */
void progress_force(void);

void progress_begin(struct progress *p, const char *title, uint64_t total);
void progress_update(struct progress *p, uint64_t done);

/* Takes the bar away. */
void progress_end(struct progress *p);

/*
 * What to write now, at a time of the monotonic clock, for a line of `width` characters: nothing
 * before two seconds and between tenths of a second. progress_update() calls it; tests do.
 */
void progress_render(struct progress *p, uint64_t done, uint64_t now_ns, int width,
                     struct text *out);
