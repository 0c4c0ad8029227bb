/* SPDX-License-Identifier: MIT */
/*
 * memory_op's surroundings in its tests: a 1:1 control domain (0) and two guests (1, 2) on the fake
 * machine, each with a page of RAM for arguments; grant frames of guest 1. A call is repeated until
 * it does not restart. Include once.
 */
#ifndef CALL_MEMORY_FAKE_TEST_H
#define CALL_MEMORY_FAKE_TEST_H

#include "test/host/fake_domain.h"

#include "abi/memory.h"
#include "abi/xen.h"
#include "call/call.h"
#include "gnttab/gnttab.h"
#include "sync/spinlock.h"

#define ARGS    0x1000ULL /* gfn of the page where callers keep their arguments */
#define ARG     (ARGS * PAGE_SIZE)
#define LIST    (ARG + 1024)
#define LIST2   (ARG + 2048)
#define ERRS    (ARG + 3072)
#define NOWHERE 0x77000000ULL
#define GFN     0x80000ULL /* where guests get memory in these tests */

static struct domain *control, *guest, *other;
static struct fake_account before;
static struct frame *grant[3];
static u32 grant_restarts, stays;
static bool short_stays;
static u32 nr_questions, patience; /* asked; so many are answered no before short_stays counts */
static u64 arg0;                   /* the call's first argument after it */

/* --- neighbours --- */

bool call_should_restart(void)
{
    return ++nr_questions > patience && short_stays;
}

u32 gnttab_max_frames(struct domain *d)
{
    return d == other ? 0 : ARRAY_LEN(grant);
}

enum err gnttab_frame(struct domain *d, u32 index, struct frame **out)
{
    if (grant_restarts > 0) {
        grant_restarts--;
        return E_RESTART;
    }
    if (index >= ARRAY_LEN(grant)) {
        return E_INVAL;
    }
    assert_ptr_equal(d, guest);
    *out = grant[index];
    return OK;
}

/* --- calling --- */

static struct domain *caller;

static struct domain *become(struct domain *d)
{
    caller = d;
    fake_run_as(d);
    return d;
}

static u64 arg_base(void)
{
    return caller->direct_mapped ? (u64)caller->hvm_param[0] << PAGE_SHIFT : ARG;
}

static u64 at(u64 address)
{
    return address - ARG + arg_base();
}

static inline void put(u64 address, const void *from, u32 bytes)
{
    memcpy(fake_at(caller, (gaddr_t){at(address)}), from, bytes);
}

static inline void put_list(u64 address, const u64 *list, u32 n)
{
    put(address, list, n * (u32)sizeof(u64));
}

static inline s64 call(u64 command, u64 argument)
{
    struct call_args args = {{command, argument}};
    s64 r;
    stays = 0;
    do {
        stays++;
        assert_true(stays < 100000);
        r = call_memory_op(vcpu_current(), &args);
        assert_int_equal(args.arg[1], argument);
        assert_int_equal(lock_nr_held(), 0);
    } while (r == E_RESTART);
    arg0 = args.arg[0];
    return r;
}

static inline s64 reservation(u32 op, u16 domid, u64 n, u32 order)
{
    const struct xen_memory_reservation r = {
        .extent_start = {at(LIST)}, .nr_extents = n, .extent_order = order, .domid = domid};
    put(ARG, &r, sizeof(r));
    return call(op, at(ARG));
}

static inline s64 populate(const u64 *gfn, u32 n, u32 order)
{
    put_list(LIST, gfn, n);
    return reservation(XENMEM_populate_physmap, XEN_DOMID_SELF, n, order);
}

static inline s64 decrease(const u64 *gfn, u32 n, u32 order)
{
    put_list(LIST, gfn, n);
    return reservation(XENMEM_decrease_reservation, XEN_DOMID_SELF, n, order);
}

static u64 mfn_of(struct domain *d, u64 gfn, enum p2m_type type, u32 order)
{
    mfn_t m;
    enum p2m_type t;
    u32 o;
    assert_int_equal(p2m_lookup(d->p2m, (gfn_t){gfn}, &m, &t, &o), OK);
    assert_int_equal(t, type);
    assert_int_equal(o, order);
    return m.mfn;
}

static inline bool is_mapped(struct domain *d, u64 gfn)
{
    mfn_t m;
    enum p2m_type t;
    u32 o;
    return p2m_lookup(d->p2m, (gfn_t){gfn}, &m, &t, &o) == OK;
}

static struct frame *frame_at(struct domain *d, u64 gfn)
{
    return frame_of(fake_at(d, (gaddr_t){gfn << PAGE_SHIFT}));
}

static inline void expect_zeroed_and_clean(struct domain *d, u64 gfn, u64 pages)
{
    for (u64 i = 0; i < pages; i++) {
        const u64 *va = fake_at(d, (gaddr_t){(gfn + i) << PAGE_SHIFT});
        for (u32 w = 0; w < 512; w++) {
            if (va[w] != 0) {
                fail_msg("page %llu word %u", (unsigned long long)i, w);
            }
        }
        assert_true(cache_host_is_clean(va, PAGE_SIZE));
    }
}

static inline void soil_free_memory(void)
{
    struct frame *f;
    if (frame_alloc(11, &f) == OK) {
        memset(frame_map(f), 0xee, PAGE_SIZE << 11);
        cache_host_dirty(frame_map(f), PAGE_SIZE << 11);
        frame_free(f, 11);
    }
}

static inline int start(void **state)
{
    before = fake_account();
    grant_restarts = 0;
    short_stays = false;
    patience = 0;
    control = fake_domain(0, true, true, 4096);
    guest = fake_domain(1, false, false, 4096);
    other = fake_domain(2, false, false, 4096);
    control->hvm_param[0] = fake_ram_for(control, (gfn_t){0}, 6).gfn;
    (void)fake_ram_for(guest, (gfn_t){ARGS}, 0);
    (void)fake_ram_for(other, (gfn_t){ARGS}, 0);
    for (u32 i = 0; i < ARRAY_LEN(grant); i++) {
        assert_int_equal(frame_alloc_zeroed(0, &grant[i]), OK);
        frame_share(grant[i], guest->id);
    }
    soil_free_memory();
    cache_host_wrote_code();
    become(guest);
    return 0;
}

static inline int end(void **state)
{
    fake_fail_never();
    fake_kill(guest);
    for (u32 i = 0; i < ARRAY_LEN(grant); i++) {
        frame_unshare(grant[i]);
    }
    fake_kill(other);
    fake_kill(control);
    fake_rcu();
    domain_hardware = NULL;
    assert_null(dom_find((domid_t){0}));
    assert_null(dom_find((domid_t){1}));
    assert_null(dom_find((domid_t){2}));
    assert_no_leak(before);
    return 0;
}

static inline int start_group(void **state)
{
    fake_domains_init(64);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

#endif
