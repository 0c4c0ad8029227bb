/* SPDX-License-Identifier: MIT */
/*
 * The fake machine for unit tests of the lower rooms: RAM, CPUs, a panic that a test can expect,
 * memory that runs out. Include once in a test program. Tests that need domains: fake_domain.h
 * (real ones), domains.h (a world of three, for rooms above).
 */
#ifndef TEST_HOST_FAKE_H
#define TEST_HOST_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/panic.h"
#include "base/string.h"
#include "cpu/cache_host.h"
#include "mem/frame.h"
#include "mem/ram_host.h"
#include "mem/slab.h"
#include "sync/percpu.h"

/* --- panic: expect_panic(statement, "what it says") --- */

static jmp_buf fake_panic_jump;
static bool fake_panic_armed;
static char fake_panic_text[256];

__noreturn void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(fake_panic_text, sizeof(fake_panic_text), fmt, args);
    va_end(args);
    if (fake_panic_armed) {
        fake_panic_armed = false;
        longjmp(fake_panic_jump, 1);
    }
    fprintf(stderr, "error: panic: %s\n", fake_panic_text);
    abort();
}

#define expect_panic(statement, text)                    \
    do {                                                 \
        fake_panic_armed = true;                         \
        if (setjmp(fake_panic_jump) == 0) {              \
            statement;                                   \
            fake_panic_armed = false;                    \
            fail_msg("no panic: %s", #statement);        \
        }                                                \
        if (!fake_contains(fake_panic_text, text)) {     \
            fail_msg("panic says: %s", fake_panic_text); \
        }                                                \
    } while (0)

static inline bool fake_contains(const char *s, const char *what)
{
    size_t n = strlen(what);
    for (; *s; s++) {
        if (strncmp(s, what, n) == 0) {
            return true;
        }
    }
    return false;
}

/* --- CPUs: a thread becomes one --- */

static inline void fake_cpu(u32 cpu)
{
    cpu_set_percpu_offset(percpu_offset[cpu]);
}

/* RAM of mib, and CPUs 0 .. nr_cpus - 1. Once in a program: caches and per-CPU areas live in that
 * RAM. */
static inline void fake_machine_init(u32 mib, u32 nr_cpus)
{
    const struct fake_bank bank = {FAKE_RAM, (u64)mib << 20};
    fake_ram_init(&bank, 1);
    for (u32 cpu = 1; cpu < nr_cpus; cpu++) {
        assert_int_equal(percpu_create(cpu), OK);
    }
    percpu_nr_cpus = nr_cpus;
    fake_cpu(0);
}

/* --- memory that runs out: the n-th allocation from now on fails, and all after it --- */

static u32 fake_allocations_left = ~0u;

static bool fake_out_of_memory(void)
{
    if (fake_allocations_left == ~0u) {
        return false;
    }
    return fake_allocations_left == 0 || fake_allocations_left-- == 0;
}

static inline void fake_fail_after(u32 allocations)
{
    fake_allocations_left = allocations;
    mem_fail_hook = fake_out_of_memory;
}

static inline void fake_fail_never(void)
{
    fake_allocations_left = ~0u;
    mem_fail_hook = NULL;
}

/* --- leaks: objects in all slabs, and pages that are neither free nor in a slab --- */

struct fake_account {
    u64 objects, pages;
};

static void fake_count(const struct slab_cache *c, void *arg)
{
    struct fake_account *a = arg;
    a->objects += c->nr_live;
    a->pages -= c->nr_pages;
}

static inline struct fake_account fake_account(void)
{
    struct fake_account a = {.pages = frame_nr_total() - frame_nr_free()};
    slab_for_each(fake_count, &a);
    return a;
}

#define assert_no_leak(before)                            \
    do {                                                  \
        struct fake_account now_ = fake_account();        \
        assert_int_equal(now_.objects, (before).objects); \
        assert_int_equal(now_.pages, (before).pages);     \
    } while (0)

#endif
