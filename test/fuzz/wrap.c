/* SPDX-License-Identifier: MIT */
#include "test/fuzz/wrap.h"

#include "base/string.h"
#include "call/call.h"
#include "cpu/atomic.h"
#include "guestmem/guestmem.h"
#include "mem/frame.h"
#include "mem/slab.h"
#include "p2m/p2m.h"
#include "sync/spinlock.h"
#include "test/fuzz/cpus.h"
#include "test/fuzz/guest.h"
#include "test/fuzz/machine.h"
#include "test/fuzz/memory.h"

#define SITES 1024u /* a power of two */

bool wrap_disturbs;
static u64 fail_at = ~0ULL, counted;
static bool failed;

static struct site {
    const void *at; /* [a] */
    const char *what;
    u64 calls, fails;
} sites[SITES];

static struct site *find(const void *at, const char *what)
{
    for (u32 i = (u32)((u64)at * 0x9e3779b1u >> 8) % SITES;; i = (i + 1) % SITES) {
        const void *there = load_acquire(&sites[i].at);
        if (there == at) {
            return &sites[i];
        }
        if (there == NULL && atomic_cmpxchg(&sites[i].at, &there, at)) {
            sites[i].what = what;
            return &sites[i];
        }
        if (there == at) {
            return &sites[i];
        }
    }
}

static const struct site *failed_at;

void wrap_print_failed(FILE *to)
{
    fprintf(to, "fuzz: %s failed, called before %p\n", failed_at->what, failed_at->at);
}

bool wrap_failed_is(const char *prefix)
{
    return failed_at && strncmp(failed_at->what, prefix, strlen(prefix)) == 0;
}

/* One more from this site; true: it is to fail. */
static bool fails(const void *at, const char *what)
{
    struct site *s = find(at, what);
    atomic_add_relaxed(&s->calls, 1);
    if (fail_at == ~0ULL) {
        return false;
    }
    if (counted++ != fail_at) {
        return false;
    }
    failed = true;
    failed_at = s;
    s->fails++;
    return true;
}

void wrap_fail_nth(u64 n)
{
    fail_at = n;
    counted = 0;
    failed = false;
}

bool wrap_has_failed(void)
{
    return failed;
}

u64 wrap_count(void)
{
    return counted;
}

void wrap_print_sites(FILE *to)
{
    for (u32 i = 0; i < SITES; i++) {
        if (sites[i].at) {
            fprintf(to, "site %p %s calls %llu fails %llu\n", sites[i].at, sites[i].what,
                    sites[i].calls, sites[i].fails);
        }
    }
}

/* Where no lock is held another CPU may always go on: so it does, at copies. */
static void disturb(void)
{
    if (wrap_disturbs && lock_nr_held() == 0 && cpu_current() < machine_nr_cpus &&
        machine_choose(32) == 0) {
        cpus_yield();
    }
}

#define HERE __builtin_return_address(0)
/* A function that answers an error; answer: the one that it gives when it fails. */
#define WRAP(name, answer, before, parameters, ...)                      \
    enum err __real_##name parameters;                                   \
    enum err __wrap_##name parameters;                                   \
    enum err __wrap_##name parameters                                    \
    {                                                                    \
        before;                                                          \
        return fails(HERE, #name) ? answer : __real_##name(__VA_ARGS__); \
    }

enum err __real_frame_alloc(u32 order, struct frame **out);
enum err __wrap_frame_alloc(u32 order, struct frame **out);
enum err __wrap_frame_alloc(u32 order, struct frame **out)
{
    enum err e = fails(HERE, "frame_alloc") ? E_NOMEM : __real_frame_alloc(order, out);
    if (e == OK) {
        pages_become_used(frame_map(*out), PAGE_SIZE << order);
    }
    return e;
}

/* Zeroed is what the pool says is. */
static void check_zeroed(const struct frame *f, u32 order)
{
    const u64 *word = frame_map((struct frame *)f);
    for (u64 i = 0; i < (PAGE_SIZE << order) / sizeof(*word); i++) {
        if (word[i] != 0) {
            machine_finding("frame %llx is in the pool of zeroed ones and holds %llx",
                            frame_to_mfn(f).mfn, word[i]);
        }
    }
}

enum err __real_frame_alloc_either(u32 order, bool *is_zeroed, struct frame **out);
enum err __wrap_frame_alloc_either(u32 order, bool *is_zeroed, struct frame **out);
enum err __wrap_frame_alloc_either(u32 order, bool *is_zeroed, struct frame **out)
{
    enum err e = fails(HERE, "frame_alloc_either")
                     ? E_NOMEM
                     : __real_frame_alloc_either(order, is_zeroed, out);
    if (e == OK) {
        pages_become_used(frame_map(*out), PAGE_SIZE << order);
        if (*is_zeroed) {
            check_zeroed(*out, order);
        }
    }
    return e;
}

enum err __wrap_frame_alloc_zeroed(u32 order, struct frame **out);
enum err __wrap_frame_alloc_zeroed(u32 order, struct frame **out)
{
    enum err e = fails(HERE, "frame_alloc_zeroed") ? E_NOMEM : __real_frame_alloc(order, out);
    if (e == OK) {
        pages_become_used(frame_map(*out), PAGE_SIZE << order);
        memset(frame_map(*out), 0, PAGE_SIZE << order);
    }
    return e;
}

enum err __real_copy_in(void *to, gva_t from, u32 bytes);
enum err __wrap_copy_in(void *to, gva_t from, u32 bytes);
enum err __wrap_copy_in(void *to, gva_t from, u32 bytes)
{
    disturb();
    enum err e = fails(HERE, "copy_in") ? E_FAULT : __real_copy_in(to, from, bytes);
    if (e == OK && cpu_current() < machine_nr_cpus) {
        permission_fetched(vcpu_current(), to, from.v, bytes);
        fuzz_fetched(vcpu_current(), to, from.v, bytes);
    }
    return e;
}
WRAP(copy_out, E_FAULT, disturb(), (gva_t to, const void *from, u32 bytes), to, from, bytes)
WRAP(copy_in_nth, E_FAULT, disturb(), (void *to, gva_t base, u64 index, u32 bytes), to, base, index,
     bytes)
WRAP(copy_out_nth, E_FAULT, disturb(), (gva_t base, u64 index, const void *from, u32 bytes), base,
     index, from, bytes)
WRAP(copy_out_zero, E_FAULT, disturb(), (gva_t to, u32 bytes), to, bytes)
WRAP(gpage_get, E_INVAL, (void)0, (struct domain * d, gfn_t gfn, bool writable, struct gpage *out),
     d, gfn, writable, out)
WRAP(p2m_map, E_NOMEM, (void)0,
     (struct p2m * p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type), p2m, gfn, mfn, order,
     type)
WRAP(p2m_map_shared, E_NOMEM, (void)0, (struct p2m * p2m, gfn_t gfn, struct frame *f), p2m, gfn, f)

void *__wrap_slab_alloc(struct slab_cache *c);
void *__wrap_slab_alloc(struct slab_cache *c)
{
    return fails(HERE, "slab_alloc") ? NULL : object_alloc(c);
}

void *__wrap_heap_alloc(u32 bytes);
void *__wrap_heap_alloc(u32 bytes)
{
    return fails(HERE, "heap_alloc") ? NULL : bytes_alloc(bytes);
}

/* Not a failure: a site that is reached when it says yes. */
bool __real_call_should_restart(void);
bool __wrap_call_should_restart(void);
bool __wrap_call_should_restart(void)
{
    bool yes = __real_call_should_restart() || (wrap_disturbs && machine_choose(64) == 0);
    struct site *s = find(HERE, "call_should_restart");
    atomic_add_relaxed(&s->calls, 1);
    if (yes) {
        atomic_add_relaxed(&s->fails, 1);
    }
    return yes;
}
