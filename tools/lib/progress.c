// SPDX-License-Identifier: MIT
#include "lib/progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/terminal.h"

#define PATIENCE_NS UINT64_C(2000000000)
#define FRAME_NS    UINT64_C(100000000)

static bool forced;

void progress_force(void)
{
    forced = true;
}

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void progress_begin(struct progress *p, const char *title, uint64_t total)
{
    *p = (struct progress){.title = title, .total = total, .begin_ns = now()};
}

void progress_render(struct progress *p, uint64_t done, uint64_t now_ns, int width,
                     struct text *out)
{
    if (now_ns - p->begin_ns < PATIENCE_NS || (p->drawn && now_ns - p->drawn_ns < FRAME_NS)) {
        return;
    }
    p->drawn = true;
    p->drawn_ns = now_ns;
    const uint64_t seconds = (now_ns - p->begin_ns) / 1000000000;
    if (p->total == 0) {
        text_add(out, "\r%s  %lu s\033[K", p->title, (unsigned long)seconds);
        return;
    }
    const double part = done >= p->total ? 1.0 : (double)done / (double)p->total;
    /* "title [####    ]  12%  123 s" */
    const int bar = width - (int)strlen(p->title) - 18;
    text_add(out, "\r%s ", p->title);
    if (bar >= 4) {
        const int full = (int)(part * bar);
        text_add_char(out, '[');
        text_pad(out, '#', full);
        text_pad(out, ' ', bar - full);
        text_add(out, "] ");
    }
    text_add(out, "%3d%%  %lu s\033[K", (int)(part * 100), (unsigned long)seconds);
}

/* A bar is nobody's result: if it cannot be written, the work goes on. */
static void show(struct text *out)
{
    if (out->length > 0 && !out->failed) {
        fputs(text_string(out), stderr);
        fflush(stderr);
    }
    text_fini(out);
}

void progress_update(struct progress *p, uint64_t done)
{
    if (!forced && !terminal_is(STDERR_FILENO)) {
        return;
    }
    struct text out = {0};
    progress_render(p, done, now(), terminal_width(STDERR_FILENO), &out);
    show(&out);
}

void progress_end(struct progress *p)
{
    if (p->drawn) {
        struct text out = {0};
        text_add(&out, "\r\033[K");
        show(&out);
        p->drawn = false;
    }
}
