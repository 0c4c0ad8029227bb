/* SPDX-License-Identifier: MIT */
/*
 * The surroundings of a hypercall's file in its unit test: four pages of guest memory, two domains,
 * locks that count, answers that a test sets. Each test program includes this once and links
 * nothing but the file under test.
 *
 *   0x10000 readable, writable   0x11000 the same   0x12000 read-only   0x13000 the same; all else
 * faults
 */
#ifndef CALL_FAKE_TEST_H
#define CALL_FAKE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/xen.h"
#include "call/call.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "log/log.h"
#include "mem/slab.h"

#define GUEST_BASE     0x10000ULL
#define GUEST_BYTES    (4 * PAGE_SIZE)
#define GUEST_READONLY (GUEST_BASE + 2 * PAGE_SIZE)
#define GUEST_END      (GUEST_BASE + GUEST_BYTES)
#define GUEST_NOWHERE  0x900000ULL

static u8 guest_memory[GUEST_BYTES];
static u32 fake_copies; /* copy_in and copy_out so far */

/* Both ends of the address space are mapped, to the first two pages: for what may wrap. */
static bool fake_has_ends;
static inline u64 fake_alias(u64 va)
{
    const u64 last = ~PAGE_MASK;
    return !fake_has_ends   ? va
           : va >= last     ? GUEST_BASE + (va - last)
           : va < PAGE_SIZE ? GUEST_BASE + PAGE_SIZE + va
                            : va;
}

static inline void *guest_at(u64 va)
{
    return &guest_memory[fake_alias(va) - GUEST_BASE];
}

static inline void guest_put(u64 va, const void *from, size_t bytes)
{
    memcpy(guest_at(va), from, bytes);
}

/* After each fetch: what a hostile vCPU does meanwhile. */
static void (*fake_fetched_hook)(u64 va);

static bool fake_reachable(u64 at, u32 bytes, bool write)
{
    const u64 va = fake_alias(at);
    const u64 end = write ? GUEST_READONLY : GUEST_END;
    return va >= GUEST_BASE && va <= end && bytes <= end - va;
}

enum err copy_in(void *to, gva_t from, u32 bytes)
{
    fake_copies++;
    assert_in_range(bytes, 0, PAGE_SIZE);
    if (!fake_reachable(from.v, bytes, false)) {
        return E_FAULT;
    }
    memcpy(to, guest_at(from.v), bytes);
    if (fake_fetched_hook) {
        fake_fetched_hook(from.v);
    }
    return OK;
}

enum err copy_out(gva_t to, const void *from, u32 bytes)
{
    fake_copies++;
    assert_in_range(bytes, 0, PAGE_SIZE);
    if (!fake_reachable(to.v, bytes, true)) {
        return E_FAULT;
    }
    guest_put(to.v, from, bytes);
    return OK;
}

enum err copy_in_u32(u32 *to, gva_t from)
{
    return copy_in(to, from, sizeof(*to));
}

enum err copy_in_nth_u64(u64 *to, gva_t base, u64 index)
{
    return copy_in(to, (gva_t){base.v + index * sizeof(*to)}, sizeof(*to));
}

enum err copy_out_u32(gva_t to, u32 value)
{
    return copy_out(to, &value, sizeof(value));
}

enum err copy_in_nth(void *to, gva_t base, u64 index, u32 bytes)
{
    return copy_in(to, (gva_t){base.v + index * bytes}, bytes);
}

enum err copy_out_nth(gva_t base, u64 index, const void *from, u32 bytes)
{
    return copy_out((gva_t){base.v + index * bytes}, from, bytes);
}

enum err copy_out_zero(gva_t to, u32 bytes)
{
    u8 zero[PAGE_SIZE] = {0};
    return copy_out(to, zero, bytes);
}

/* Stage 1 is the identity here. */
enum err guest_translate(gva_t va, bool write, gaddr_t *out)
{
    *out = (gaddr_t){va.v};
    return fake_reachable(va.v, 1, write) ? OK : E_FAULT;
}

static int fake_pages_held;
static u32 fake_page_writes;
static void (*fake_page_write_hook)(void); /* after each write through the second door */

enum err gpage_get(struct domain *d, gfn_t gfn, bool writable, struct gpage *out)
{
    const u64 at = gfn.gfn << PAGE_SHIFT;
    if (!fake_reachable(at, PAGE_SIZE, writable)) {
        return E_INVAL;
    }
    *out = (struct gpage){.va = guest_at(at), .domain = d, .writable = writable};
    fake_pages_held++;
    return OK;
}

void gpage_from_frame(struct domain *d, struct frame *f, struct gpage *out)
{
    *out = (struct gpage){.va = guest_memory, .domain = d, .frame = f, .writable = true};
}

void gpage_put(struct gpage *p)
{
    fake_pages_held--;
}

void gpage_write(struct gpage *p, u32 offset, const void *from, u32 bytes)
{
    assert_true(p->writable && offset <= PAGE_SIZE && bytes <= PAGE_SIZE - offset);
    memcpy((u8 *)p->va + offset, from, bytes);
    fake_page_writes++;
    if (fake_page_write_hook) {
        fake_page_write_hook();
    }
}

void gpage_write32(struct gpage *p, u32 offset, u32 value)
{
    gpage_write(p, offset, &value, sizeof(value));
}

u32 gpage_read32(const struct gpage *p, u32 offset)
{
    u32 value;
    memcpy(&value, (const u8 *)p->va + offset, sizeof(value));
    return value;
}

/* ---- locks */

static int fake_locks_held;

void spin_lock(struct spinlock *l)
{
    assert_int_equal(l->next, 0);
    l->next = 1;
    fake_locks_held++;
}

void spin_unlock(struct spinlock *l)
{
    assert_int_equal(l->next, 1);
    l->next = 0;
    fake_locks_held--;
}

/* ---- the heap */

static int fake_heap_live;
static bool fake_heap_empty;

void *heap_alloc(u32 bytes)
{
    if (fake_heap_empty) {
        return NULL;
    }
    fake_heap_live++;
    return calloc(1, bytes);
}

void heap_free(void *p, u32 bytes)
{
    fake_heap_live--;
    free(p);
}

/* ---- domains: 0 controls, 1 and 2 are guests */

DEFINE_PER_CPU(struct vcpu *, current);
static struct domain fake_domain[3];
static struct vcpu fake_vcpu[3][2];
static struct vcpu *fake_vcpus[3][2];
struct domain *domain_hardware = &fake_domain[0];

struct domain *dom_find(domid_t id)
{
    return id.id < ARRAY_LEN(fake_domain) ? &fake_domain[id.id] : NULL;
}

struct domain *dom_find_or_self(domid_t id)
{
    return id.id == XEN_DOMID_SELF ? vcpu_current()->domain : dom_find(id);
}

struct domain *dom_next(domid_t from)
{
    return dom_find(from);
}

enum err permission_check(struct domain *caller, struct domain *target, u32 call_number, u32 sub_op)
{
    return caller->privileged || caller == target ? OK : E_PERM;
}

static char fake_crash[128];

void domain_crash(struct domain *d, const char *why, ...)
{
    strncpy(fake_crash, why, sizeof(fake_crash) - 1);
}

static bool fake_restart;      /* the answer of call_should_restart ... */
static u32 fake_restart_after; /* ... from this question on */

bool call_should_restart(void)
{
    if (fake_restart && fake_restart_after == 0) {
        return true;
    }
    fake_restart_after -= fake_restart_after != 0;
    return false;
}

/* ---- the log: its last line */

static char fake_line[256];

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(fake_line, sizeof(fake_line), fmt, args);
    va_end(args);
}

void log_guest(enum log_level level, domid_t d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(fake_line, sizeof(fake_line), fmt, args);
    va_end(args);
}

__noreturn void panic(const char *fmt, ...)
{
    fail_msg("panic: %s", fmt);
    abort();
}

/* ---- a test's own start and end */

static inline struct vcpu *fake_become(u32 domain, u32 vcpu)
{
    percpu_current = &fake_vcpu[domain][vcpu];
    return percpu_current;
}

static int fake_setup(void **state)
{
    memset(guest_memory, 0, sizeof(guest_memory));
    memset(fake_domain, 0, sizeof(fake_domain));
    memset(fake_vcpu, 0, sizeof(fake_vcpu));
    for (u32 n = 0; n < ARRAY_LEN(fake_domain); n++) {
        struct domain *d = &fake_domain[n];
        d->id = (domid_t){(u16)n};
        d->privileged = n == 0;
        d->shutdown_code = 0xff;
        d->max_vcpus = ARRAY_LEN(fake_vcpus[n]);
        d->vcpu = fake_vcpus[n];
        for (u32 i = 0; i < ARRAY_LEN(fake_vcpus[n]); i++) {
            fake_vcpus[n][i] = &fake_vcpu[n][i];
            fake_vcpu[n][i].domain = d;
            fake_vcpu[n][i].id = i;
        }
    }
    fake_become(1, 0);
    fake_copies = fake_page_writes = fake_restart_after = 0;
    fake_restart = fake_heap_empty = false;
    fake_page_write_hook = NULL;
    fake_line[0] = fake_crash[0] = '\0';
    return 0;
}

/* Whatever happened: no lock is held, nothing leaks. */
static int fake_teardown(void **state)
{
    assert_int_equal(fake_locks_held, 0);
    assert_int_equal(fake_heap_live, 0);
    assert_int_equal(fake_pages_held, 0);
    return 0;
}

#define FAKE_TEST(fn) cmocka_unit_test_setup_teardown(fn, fake_setup, fake_teardown)

#endif
