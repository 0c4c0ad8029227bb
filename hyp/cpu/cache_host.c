/* SPDX-License-Identifier: MIT */
#include "cpu/cache_host.h"

#include <stdlib.h>

#include "base/bits.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "cpu/cache.h"

#define LINE    64u
#define BUCKETS 4096u

/* Dirty lines of a page: one bit each. */
struct page {
    struct page *next;
    u64 number, dirty;
};
static struct page *buckets[BUCKETS];
static bool code_written;
u64 cache_host_lines_cleaned;

static struct page *find(u64 number, bool make)
{
    struct page **at = &buckets[number % BUCKETS];
    for (struct page *p = *at; p; p = p->next) {
        if (p->number == number) {
            return p;
        }
    }
    if (!make) {
        return NULL;
    }
    struct page *p = calloc(1, sizeof(*p));
    p->number = number;
    p->next = *at;
    *at = p;
    return p;
}

/* The lines of page number that [start, end) touches. */
static u64 lines_of(u64 number, u64 start, u64 end)
{
    u64 base = number * 4096;
    u64 from = MAX(start, base) - base, to = MIN(end, base + 4096) - base;
    return BITS((to - 1) / LINE, from / LINE);
}

void cache_host_dirty(const void *va, u64 bytes)
{
    u64 start = (u64)va, end = start + bytes;
    for (u64 n = start / 4096; bytes != 0 && n <= (end - 1) / 4096; n++) {
        find(n, true)->dirty |= lines_of(n, start, end);
    }
}

bool cache_host_is_clean(const void *va, u64 bytes)
{
    u64 start = (u64)va, end = start + bytes;
    for (u64 n = start / 4096; bytes != 0 && n <= (end - 1) / 4096; n++) {
        const struct page *p = find(n, false);
        if (p && (p->dirty & lines_of(n, start, end))) {
            return false;
        }
    }
    return true;
}

void cache_clean(const void *va, u64 bytes)
{
    u64 start = (u64)va, end = start + bytes;
    for (u64 n = start / 4096; bytes != 0 && n <= (end - 1) / 4096; n++) {
        u64 lines = lines_of(n, start, end);
        struct page *p = find(n, false);
        if (p) {
            p->dirty &= ~lines;
        }
        atomic_add_relaxed(&cache_host_lines_cleaned, (u64)__builtin_popcountll(lines));
    }
}

void cache_clean_invalidate(const void *va, u64 bytes)
{
    cache_clean(va, bytes);
}

void cache_invalidate_instructions(void)
{
    store_relaxed(&code_written, false);
}

void cache_zero_page(void *va)
{
    memset(va, 0, 4096);
}

void cache_zero_and_clean(void *va, u64 bytes)
{
    memset(va, 0, bytes);
    cache_clean(va, bytes);
}

void cache_host_wrote_code(void)
{
    code_written = true;
}

bool cache_host_code_is_coherent(void)
{
    return !code_written;
}

void cache_host_reset(void)
{
    for (u32 i = 0; i < BUCKETS; i++) {
        while (buckets[i]) {
            struct page *p = buckets[i];
            buckets[i] = p->next;
            free(p);
        }
    }
    code_written = false;
    cache_host_lines_cleaned = 0;
}
