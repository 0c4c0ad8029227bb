/* SPDX-License-Identifier: MIT */
/*
 * Domains of the fake machine, for unit tests of the rooms that stand on dom/ and guestmem/: real
 * frames, slabs, stage-2 tables and gpages; vCPUs that never run. Include once in a test program.
 * Domain 0 controls, 1 and 2 are guests; each has WORLD_VCPUS vCPUs and WORLD_PAGES pages of RAM
 * from gfn WORLD_RAM on.
 *
 * What sends interrupts, logs, crashes or defers is here and counts. Each test begins with
 * world_start and ends with world_end, which finds every page and heap object that was not given
 * back, and every lock.
 */
#ifndef TEST_HOST_DOMAINS_H
#define TEST_HOST_DOMAINS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "abi/xen.h"
#include "base/string.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "log/log.h"
#include "mem/frame.h"
#include "mem/ram_host.h"
#include "mem/slab.h"
#include "p2m/p2m.h"
#include "vgic/vgic.h"

#define WORLD_DOMAINS 3u
#define WORLD_VCPUS   4u
#define WORLD_RAM     0x100ULL
#define WORLD_PAGES   192u
#define WORLD_BYTES   (32ULL << 20)
/* guest_translate and frame numbers beyond: nothing is there. */
#define WORLD_NOWHERE 0x900ULL

static struct domain world_domain[WORLD_DOMAINS];
static struct vcpu world_vcpu[WORLD_DOMAINS][WORLD_VCPUS];
static struct vcpu *world_vcpus[WORLD_DOMAINS][WORLD_VCPUS];
static mfn_t world_ram_mfn[WORLD_DOMAINS][WORLD_PAGES];

DEFINE_PER_CPU(struct vcpu *, current);
struct domain *domain_hardware = &world_domain[0];

static u32 world_injected[WORLD_DOMAINS][WORLD_VCPUS]; /* event interrupts */
static u32 world_raised[WORLD_DOMAINS][WORLD_VCPUS];   /* vcpu->work */
static u32 world_crashes, world_panics;
static char world_log[16384]; /* all that was said */
static u32 world_log_bytes;

/* --- upcalls and neighbours --- */

void vgic_inject(struct domain *d, struct vcpu *v, virq_t irq)
{
    assert_int_equal(irq.virq, 31);
    assert_ptr_equal(v->domain, d);
    atomic_add(&world_injected[d->id.id][v->id], 1);
}

void vcpu_raise(struct vcpu *v, enum vcpu_work bit)
{
    atomic_or(&world_raised[v->domain->id.id][v->id], 1u << bit);
}

void percpu_up_kick(u32 cpu)
{
}

void ipi_call_wait(u32 cpu, void (*fn)(void *), void *arg)
{
    fn(arg);
}

void vcpu_pause_nowait(struct vcpu *v)
{
    v->pauses++;
}

void vcpu_unpause(struct vcpu *v)
{
    v->pauses--;
}

void domain_crash(struct domain *d, const char *why, ...)
{
    world_crashes++;
}

struct domain *dom_find(domid_t id)
{
    return id.id < WORLD_DOMAINS && world_domain[id.id].life != DOMAIN_DEAD ? &world_domain[id.id]
                                                                            : NULL;
}

struct domain *dom_find_or_self(domid_t id)
{
    return domid_eq(id, DOMID_SELF) ? vcpu_current()->domain : dom_find(id);
}

bool domain_get(struct domain *d)
{
    return ref_get(&d->refs);
}

void domain_put(struct domain *d)
{
    assert_false(ref_put(&d->refs)); /* the world holds one */
}

/* Under its lock, as in dom/pages.c: whoever puts a page may hold what ranks below only. */
void frame_up_release(struct frame *f)
{
    struct domain *d = &world_domain[f->owner];
    spin_lock(&d->page_lock);
    d->nr_pages--;
    spin_unlock(&d->page_lock);
}

static void world_say(const char *fmt, va_list args)
{
    u32 room = (u32)sizeof(world_log) - world_log_bytes;
    int n = vsnprintf(world_log + world_log_bytes, room, fmt, args);
    world_log_bytes = MIN(world_log_bytes + (u32)n, (u32)sizeof(world_log) - 1);
}

void log_at(enum log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    world_say(fmt, args);
    va_end(args);
}

void log_guest(enum log_level level, domid_t d, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    world_say(fmt, args);
    va_end(args);
}

__noreturn void panic(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);
    fail();
    abort();
}

/* --- RCU: a grace period is when the test says so --- */

static struct rcu_head *world_deferred[256];
static u32 world_nr_deferred;

void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
    head->fn = fn;
    u32 n = atomic_add(&world_nr_deferred, 1);
    assert_true(n < ARRAY_LEN(world_deferred));
    world_deferred[n] = head;
}

static inline void world_rcu(void)
{
    for (u32 i = 0; i < world_nr_deferred; i++) {
        world_deferred[i]->fn(world_deferred[i]);
    }
    world_nr_deferred = 0;
}

/* --- memory that runs out --- */

static u32 world_allocations_left = ~0u; /* pages before the next one fails; ~0: never */
static void *world_hoard[4096];
static u32 world_hoard_bytes[4096];
static u32 world_nr_hoard;

static bool world_out_of_memory(void)
{
    if (world_allocations_left == ~0u) {
        return false;
    }
    return world_allocations_left == 0 || world_allocations_left-- == 0;
}

/*
 * This many pages can still be had, and no small object but from them: the first allocation of each
 * size takes a page. ~0: plenty again.
 */
static inline void world_fail_after(u32 pages)
{
    while (world_nr_hoard > 0) {
        world_nr_hoard--;
        heap_free(world_hoard[world_nr_hoard], world_hoard_bytes[world_nr_hoard]);
    }
    if (pages != ~0u) {
        world_allocations_left = 0;
        for (u32 bytes = 16; bytes <= 2048; bytes *= 2) {
            void *p;
            while ((p = heap_alloc(bytes)) != NULL) {
                assert_true(world_nr_hoard < ARRAY_LEN(world_hoard));
                world_hoard[world_nr_hoard] = p;
                world_hoard_bytes[world_nr_hoard++] = bytes;
            }
        }
    }
    world_allocations_left = pages;
}

/* --- looking in --- */

static inline u8 *world_ram(u32 domain, u32 page)
{
    return fake_ram(mfn_to_maddr(world_ram_mfn[domain][page]));
}

static inline gfn_t world_gfn(u32 page)
{
    return (gfn_t){WORLD_RAM + page};
}

static inline struct frame *world_frame(u32 domain, u32 page)
{
    return mfn_to_frame(world_ram_mfn[domain][page]);
}

static inline struct xen_shared_info *world_shared(u32 domain)
{
    return frame_map(world_domain[domain].shared_info);
}

static inline struct vcpu *world_become(u32 domain, u32 vcpu)
{
    this_cpu(current) = &world_vcpu[domain][vcpu];
    return &world_vcpu[domain][vcpu];
}

static inline bool world_said(const char *what)
{
    size_t n = strlen(what);
    for (u32 i = 0; i + n <= world_log_bytes; i++) {
        if (memcmp(world_log + i, what, n) == 0) {
            return true;
        }
    }
    return false;
}

/* --- a test's start and end --- */

static u64 world_free_before;
static u32 world_slabs_before;

static void world_count_slab(const struct slab_cache *c, void *arg)
{
    *(u32 *)arg += c->nr_live;
}

static u32 world_slabs(void)
{
    u32 n = 0;
    slab_for_each(world_count_slab, &n);
    return n;
}

/* Pages that an empty slab keeps are not lost: only objects and other pages count. */
static void world_count_slab_pages(const struct slab_cache *c, void *arg)
{
    *(u64 *)arg += c->nr_pages;
}

static u64 world_pages_free(void)
{
    u64 n = frame_nr_free();
    slab_for_each(world_count_slab_pages, &n);
    return n;
}

static void world_make_domain(u32 n)
{
    struct domain *d = &world_domain[n];
    *d = (struct domain){
        .id = {(u16)n},
        .privileged = n == 0,
        .refs = {1},
        .max_vcpus = WORLD_VCPUS,
        .vcpu = world_vcpus[n],
        .page_list = FRAME_NIL,
    };
    spin_init(&d->page_lock, RANK_PAGES, "pages");
    assert_int_equal(p2m_create(d->id, &d->p2m), OK);
    assert_int_equal(frame_alloc_zeroed(0, &d->shared_info), OK);
    frame_share(d->shared_info, d->id);
    for (u32 i = 0; i < WORLD_PAGES; i++) {
        struct frame *f;
        assert_int_equal(frame_alloc_zeroed(0, &f), OK);
        frame_assign_run(f, 1, d->id);
        f->next = d->page_list;
        if (f->next != FRAME_NIL) {
            frame_table[f->next].prev = (u32)frame_to_mfn(f).mfn;
        }
        d->page_list = (u32)frame_to_mfn(f).mfn;
        world_ram_mfn[n][i] = frame_to_mfn(f);
        assert_int_equal(p2m_map(d->p2m, world_gfn(i), frame_to_mfn(f), 0, P2M_RAM_RW), OK);
        d->nr_pages++;
    }
    for (u32 i = 0; i < WORLD_VCPUS; i++) {
        world_vcpu[n][i] = (struct vcpu){.domain = d, .id = i, .online = true};
        world_vcpus[n][i] = &world_vcpu[n][i];
    }
}

static inline int world_start(void **state)
{
    const struct fake_bank bank = {FAKE_RAM, WORLD_BYTES};
    static bool ready;
    if (!ready) {
        fake_ram_init(&bank, 1);
        p2m_init();
        ready = true;
    }
    world_fail_after(~0u);
    mem_fail_hook = world_out_of_memory;
    world_free_before = world_pages_free();
    world_slabs_before = world_slabs();
    memset(world_injected, 0, sizeof(world_injected));
    memset(world_raised, 0, sizeof(world_raised));
    world_crashes = world_panics = world_log_bytes = 0;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        world_make_domain(n);
    }
    world_become(1, 0);
    return 0;
}

static inline int world_end(void **state)
{
    world_fail_after(~0u);
    world_rcu();
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        struct domain *d = &world_domain[n];
        assert_int_equal(d->refs.count, 1);
        u64 cursor = 0;
        while (p2m_relinquish(d->p2m, &cursor, 512) == E_RESTART) {
        }
        p2m_destroy(d->p2m);
    }
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        frame_unshare(world_domain[n].shared_info);
        for (u32 i = 0; i < WORLD_PAGES; i++) {
            struct frame *f = world_frame(n, i);
            if (f->state == FRAME_GUEST) {
                assert_int_equal(f->refs, FRAME_OWNED);
                assert_int_equal(frame_drop_owner(f), DROP_LAST);
                frame_set_state(f, FRAME_HEAP, FRAME_NO_OWNER);
                frame_free(f, 0);
            }
        }
    }
    assert_int_equal(world_slabs(), world_slabs_before);
    assert_int_equal(world_pages_free(), world_free_before);
    assert_int_equal(lock_nr_held(), 0);
    return 0;
}

#define WORLD_TEST(fn) cmocka_unit_test_setup_teardown(fn, world_start, world_end)

#endif
