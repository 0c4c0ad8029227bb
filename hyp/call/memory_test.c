/* SPDX-License-Identifier: MIT */
#include "test/host/fake_domain.h"

#include "abi/memory.h"
#include "abi/xen.h"
#include "call/call.h"
#include "gnttab/gnttab.h"
#include "sync/spinlock.h"

#define ARGS   0x1000ULL  /* gfn of the page where callers keep their arguments */
#define ARG    (ARGS * PAGE_SIZE)
#define LIST   (ARG + 1024)
#define LIST2  (ARG + 2048)
#define ERRS   (ARG + 3072)
#define NOWHERE 0x77000000ULL
#define GFN    0x80000ULL /* where guests get memory in these tests */

static struct domain *control, *guest, *other;
static struct fake_account before;
static struct frame *grant[3];
static u32 grant_restarts, stays;
static bool short_stays;
static u64 arg0; /* the call's first argument after it */

/* --- neighbours --- */

bool call_should_restart(void)
{
    return short_stays;
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

static void put(u64 address, const void *from, u32 bytes)
{
    memcpy(fake_at(caller, (gaddr_t){at(address)}), from, bytes);
}

static void put_list(u64 address, const u64 *list, u32 n)
{
    put(address, list, n * (u32)sizeof(u64));
}

static s64 call(u64 command, u64 argument)
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

static s64 reservation(u32 op, u16 domid, u64 n, u32 order)
{
    const struct xen_memory_reservation r = {
        .extent_start = {at(LIST)}, .nr_extents = n, .extent_order = order, .domid = domid};
    put(ARG, &r, sizeof(r));
    return call(op, at(ARG));
}

static s64 populate(const u64 *gfn, u32 n, u32 order)
{
    put_list(LIST, gfn, n);
    return reservation(XENMEM_populate_physmap, XEN_DOMID_SELF, n, order);
}

static s64 decrease(const u64 *gfn, u32 n, u32 order)
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

static bool is_mapped(struct domain *d, u64 gfn)
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

static void expect_zeroed_and_clean(struct domain *d, u64 gfn, u64 pages)
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

static void soil_free_memory(void)
{
    struct frame *f;
    if (frame_alloc(11, &f) == OK) {
        memset(frame_map(f), 0xee, PAGE_SIZE << 11);
        cache_host_dirty(frame_map(f), PAGE_SIZE << 11);
        frame_free(f, 11);
    }
}

static int start(void **state)
{
    before = fake_account();
    grant_restarts = 0;
    short_stays = false;
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

static int end(void **state)
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

/* --- populate --- */

static void test_populate_pages(void **state)
{
    const u64 gfn[3] = {GFN, GFN + 7, GFN + 1};
    assert_int_equal(populate(gfn, 3, 0), 3);
    assert_int_equal(stays, 1);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(mfn_to_frame((mfn_t){mfn_of(guest, gfn[i], P2M_RAM_RW, 0)})->refs, FRAME_OWNED);
        expect_zeroed_and_clean(guest, gfn[i], 1);
    }
    assert_false(is_mapped(guest, GFN + 2));
    assert_int_equal(guest->nr_pages, 4);
    assert_true(cache_host_code_is_coherent());
}

static void test_populate_small_orders(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 8};
    assert_int_equal(populate(gfn, 2, 3), 2);
    u64 m = mfn_of(guest, GFN, P2M_RAM_RW, 0);
    assert_int_equal(mfn_of(guest, GFN + 7, P2M_RAM_RW, 0), m + 7);
    assert_true(is_mapped(guest, GFN + 15));
    expect_zeroed_and_clean(guest, GFN, 16);
    assert_int_equal(guest->nr_pages, 17);
}

static void test_populate_2_mib_in_stays(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 1024};
    assert_int_equal(populate(gfn, 2, 9), 2);
    assert_int_equal(stays, 16);
    assert_int_equal(mfn_of(guest, GFN, P2M_RAM_RW, 9) % 512, 0);
    (void)mfn_of(guest, GFN + 1024 + 511, P2M_RAM_RW, 9);
    assert_false(is_mapped(guest, GFN + 512));
    expect_zeroed_and_clean(guest, GFN, 512);
    expect_zeroed_and_clean(guest, GFN + 1024, 512);
    assert_int_equal(guest->nr_pages, 1025);
    assert_int_equal(frame_at(guest, GFN + 100)->refs, FRAME_OWNED);
}

/* The restart carries the extents that are done in the command, and nothing else changes. */
static void test_restart_encoding(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 512};
    put_list(LIST, gfn, 2);
    const struct xen_memory_reservation r = {
        .extent_start = {LIST}, .nr_extents = 2, .extent_order = 9, .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    struct call_args args = {{XENMEM_populate_physmap, ARG, 3, 4, 5}};
    assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[0], XENMEM_populate_physmap);
    assert_int_equal(args.arg[1], ARG);
    assert_int_equal(args.arg[4], 5);
    assert_int_equal(guest->populate_done_pages, 64);
    assert_false(is_mapped(guest, GFN));
    for (u32 i = 0; i < 6; i++) {
        assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
        assert_int_equal(args.arg[0], XENMEM_populate_physmap);
    }
    assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[0], XENMEM_populate_physmap | 1 << 6);
    assert_true(is_mapped(guest, GFN));
    assert_int_equal(call(args.arg[0], ARG), 2);
}

static void test_work_that_waits_ends_the_stay(void **state)
{
    const u64 gfn[4] = {GFN, GFN + 1, GFN + 2, GFN + 3};
    short_stays = true;
    assert_int_equal(populate(gfn, 4, 0), 4);
    assert_int_equal(stays, 4);
    assert_int_equal(arg0, XENMEM_populate_physmap | 3 << 6);
    assert_int_equal(decrease(gfn, 4, 0), 4);
    assert_int_equal(stays, 4);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_many_pages_take_several_stays(void **state)
{
    u64 gfn[100];
    for (u32 i = 0; i < 100; i++) {
        gfn[i] = GFN + 2 * i;
    }
    assert_int_equal(populate(gfn, 100, 0), 100);
    assert_int_equal(stays, 7);
    assert_int_equal(guest->nr_pages, 101);
    assert_int_equal(decrease(gfn, 100, 0), 100);
    assert_in_range(stays, 3, 7);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_populate_stops_at(void **state)
{
    /* a frame beyond the address space, an unaligned one, a list that ends */
    const u64 far[3] = {GFN, P2M_GFN_END, GFN + 1};
    assert_int_equal(populate(far, 3, 0), 1);
    const u64 crooked[2] = {GFN + 2, GFN + 5};
    assert_int_equal(populate(crooked, 2, 1), 1);
    assert_int_equal(guest->nr_pages, 4);
    struct xen_memory_reservation r = {
        .extent_start = {ARG + PAGE_SIZE - 8}, .nr_extents = 2, .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    put(ARG + PAGE_SIZE - 8, far, 8);
    assert_int_equal(call(XENMEM_populate_physmap, ARG), 1);
    assert_int_equal(guest->nr_pages, 5); /* the page that was at GFN is owned and nowhere */
}

static void test_populate_over_its_own(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    u64 first = mfn_of(guest, GFN, P2M_RAM_RW, 0);
    assert_int_equal(populate(gfn, 1, 0), 1);
    assert_int_not_equal(mfn_of(guest, GFN, P2M_RAM_RW, 0), first);
    assert_int_equal(guest->nr_pages, 3);
    assert_int_equal(mfn_to_frame((mfn_t){first})->state, FRAME_GUEST);
    assert_int_equal(decrease(gfn, 1, 0), 1);
    assert_int_equal(guest->nr_pages, 2);
}

static void test_populate_limit(void **state)
{
    const u64 gfn[3] = {GFN, GFN + 1, GFN + 2};
    guest->max_pages = 3;
    assert_int_equal(populate(gfn, 3, 0), 2);
    assert_int_equal(guest->nr_pages, 3);
    assert_int_equal(populate(gfn, 1, 9), 0);
}

static void test_populate_without_memory(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 512};
    /* Two tables and a page for the first, a table and a page for the second; tables that were had stay. */
    static const struct {
        s64 done;
        u64 pages;
    } row[4] = {{0, 1}, {0, 1}, {1, 2}, {2, 4}};
    for (u32 n = 0; n < 4; n++) {
        fake_fail_after(n);
        s64 done = populate(gfn, 2, 0);
        fake_fail_never();
        assert_int_equal(done, row[n].done);
        assert_int_equal(guest->nr_pages, row[n].pages);
    }
    u64 had = guest->nr_pages;
    fake_fail_after(0);
    const u64 big[1] = {GFN + 1024};
    assert_int_equal(populate(big, 1, 9), 0);
    fake_fail_never();
    assert_int_equal(guest->nr_pages, had);
}

static void test_populate_too_few_tables(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 1};
    u64 had = guest->nr_pages;
    assert_int_equal(p2m_set_max_tables(guest->p2m, guest->p2m->nr_tables), OK);
    assert_int_equal(populate(gfn, 2, 0), 0);
    assert_int_equal(guest->nr_pages, had);
    assert_int_equal(p2m_set_max_tables(guest->p2m, guest->p2m->nr_tables + 2), OK);
    assert_int_equal(populate(gfn, 2, 0), 2);
}

static void test_reservation_refuses(void **state)
{
    const u64 gfn[1] = {GFN};
    put_list(LIST, gfn, 1);
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 1, 10), 0); /* above a guest's order */
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 1, ~0u), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, 0, 1, 0), 0);  /* somebody else's */
    assert_int_equal(reservation(XENMEM_populate_physmap, 9, 1, 0), 0);  /* nobody's */
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 0, 0), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 0x4000000, 0), 0); /* no continuation could say it */
    assert_int_equal(call(XENMEM_populate_physmap | 5 << 6, NOWHERE), 5);
    assert_int_equal(guest->nr_pages, 1);
    struct xen_memory_reservation r = {
        .extent_start = {LIST}, .nr_extents = 1, .mem_flags = XENMEMF_populate_on_demand, .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    assert_int_equal(call(XENMEM_populate_physmap, ARG), 0);
    r.mem_flags = XENMEMF_exact_node_request | 1 << 8;
    put(ARG, &r, sizeof(r));
    assert_int_equal(call(XENMEM_populate_physmap, ARG), E_INVAL);
    r.mem_flags = 1 << 8;
    put(ARG, &r, sizeof(r));
    assert_int_equal(call(XENMEM_populate_physmap, ARG), 1);
    assert_int_equal(call(XENMEM_populate_physmap | 1 << 6, ARG), 1); /* all done before */
    assert_int_equal(guest->nr_pages, 2);
}

static void test_control_populates_for_a_guest(void **state)
{
    const u64 gfn[1] = {0x40000};
    become(control);
    put_list(LIST, gfn, 1);
    other->max_pages = 8192;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 12), 1);
    assert_int_equal(other->nr_pages, 4097);
    (void)mfn_of(other, 0x40000 + 4095, P2M_RAM_RW, 9);
    assert_false(is_mapped(control, 0x40000 + 4096));
}

/* A block of 1 GiB does not fit the fake machine: its mapping over many references is the p2m's test. */

static void test_populate_replaces_foreign_pages(void **state)
{
    struct frame *f = frame_at(other, ARGS);
    assert_true(frame_get(f, other->id));
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + 3}, frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 9), 1);
    (void)mfn_of(guest, GFN + 3, P2M_RAM_RW, 9);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(f->writable_maps, 0);
}

static void test_populate_of_the_dying(void **state)
{
    const u64 gfn[1] = {GFN};
    become(control);
    put_list(LIST, gfn, 1);
    other->life = DOMAIN_DYING;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 0), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 9), 0);
    other->life = DOMAIN_ALIVE;
}

static void test_increase(void **state)
{
    assert_int_equal(reservation(XENMEM_increase_reservation, XEN_DOMID_SELF, 3, 1), 3);
    assert_int_equal(guest->nr_pages, 7);
    guest->max_pages = 8;
    assert_int_equal(reservation(XENMEM_increase_reservation, XEN_DOMID_SELF, 3, 0), 1);
    assert_int_equal(guest->nr_pages, 8);
}

/* --- decrease --- */

static void test_decrease_frees(void **state)
{
    const u64 gfn[3] = {GFN, GFN + 1, GFN + 2};
    assert_int_equal(populate(gfn, 3, 0), 3);
    u64 free = frame_nr_free();
    assert_int_equal(decrease(gfn, 3, 0), 3);
    assert_int_equal(frame_nr_free(), free + 3);
    assert_int_equal(guest->nr_pages, 1);
    assert_false(is_mapped(guest, GFN));
    assert_int_equal(decrease(gfn, 3, 0), 0);
    assert_int_equal(frame_nr_free(), free + 3);
}

static void test_decrease_out_of_a_block(void **state)
{
    const u64 block[1] = {GFN};
    assert_int_equal(populate(block, 1, 9), 1);
    u64 free = frame_nr_free(), mfn = mfn_of(guest, GFN, P2M_RAM_RW, 9);
    const u64 gfn[2] = {GFN + 8, GFN + 16};
    assert_int_equal(decrease(gfn, 2, 3), 2);
    assert_int_equal(frame_nr_free(), free + 16 - 1); /* a table was needed */
    assert_false(is_mapped(guest, GFN + 23));
    assert_int_equal(mfn_of(guest, GFN + 24, P2M_RAM_RW, 0), mfn + 24);
    assert_int_equal(decrease(gfn, 1, 2), 0);
    /* A hole inside: what is before it goes, and the extent does not count. */
    assert_int_equal(decrease(block, 1, 9), 0);
    assert_false(is_mapped(guest, GFN + 7));
    assert_true(is_mapped(guest, GFN + 24));
    assert_int_equal(guest->nr_pages, 513 - 16 - 8);
}

static void test_decrease_a_block_whole(void **state)
{
    const u64 block[2] = {GFN, GFN + 512};
    assert_int_equal(populate(block, 2, 9), 2);
    u64 free = frame_nr_free();
    assert_int_equal(decrease(block, 2, 9), 2);
    assert_int_equal(frame_nr_free(), free + 1024);
    assert_int_equal(stays, 2);
}

/* 256 single pages as one extent: two stays, and the place between them is not lost. */
static void test_decrease_keeps_its_place(void **state)
{
    u64 list[128];
    for (u32 half = 0; half < 2; half++) {
        for (u32 i = 0; i < 128; i++) {
            list[i] = GFN + 255 - (half * 128 + i);
        }
        assert_int_equal(populate(list, 128, 0), 128);
    }
    const u64 gfn[1] = {GFN};
    assert_int_equal(decrease(gfn, 1, 8), 1);
    assert_true(stays > 1);
    assert_int_equal(guest->nr_pages, 1);
    assert_false(is_mapped(guest, GFN + 255));
}

static void test_place_is_of_this_call_only(void **state)
{
    u64 list[16];
    for (u32 i = 0; i < 16; i++) {
        list[i] = GFN + i;
    }
    assert_int_equal(populate(list, 16, 0), 16);
    guest->vcpu[0]->restart[0] = 12345;
    guest->vcpu[0]->restart[1] = 8;
    const u64 gfn[1] = {GFN};
    assert_int_equal(decrease(gfn, 1, 4), 1);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_decrease_leaves_others_alone(void **state)
{
    struct frame *f = frame_at(other, ARGS);
    assert_true(frame_get(f, other->id));
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN}, frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    assert_int_equal(p2m_map_shared(guest->p2m, (gfn_t){GFN + 1}, guest->shared_info), OK);
    const u64 gfn[2] = {GFN, GFN + 1};
    assert_int_equal(decrease(gfn, 1, 0), 0);
    assert_int_equal(decrease(&gfn[1], 1, 0), 0);
    assert_true(is_mapped(guest, GFN));
    assert_true(is_mapped(guest, GFN + 1));
}

static void test_decrease_of_a_borrowed_page(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    struct frame *f = frame_at(guest, GFN);
    assert_true(frame_get(f, guest->id));
    u64 free = frame_nr_free();
    assert_int_equal(decrease(gfn, 1, 0), 1);
    assert_int_equal(frame_nr_free(), free);
    assert_int_equal(guest->nr_pages, 2);
    frame_put(f);
    assert_int_equal(frame_nr_free(), free + 1);
    assert_int_equal(guest->nr_pages, 1);
}

/* --- 1:1 --- */

static void test_direct_mapped_keeps_its_frames(void **state)
{
    become(control);
    u64 base = control->hvm_param[0];
    const u64 gfn[2] = {base + 5, base + 9};
    u64 free = frame_nr_free();
    *(u64 *)fake_at(control, (gaddr_t){gfn[0] << PAGE_SHIFT}) = 4711;
    assert_int_equal(decrease(gfn, 2, 0), 2);
    assert_false(is_mapped(control, gfn[0]));
    assert_int_equal(control->nr_pages, 64);
    assert_int_equal(frame_nr_free(), free);
    assert_int_equal(decrease(gfn, 2, 0), 0);
    assert_int_equal(populate(gfn, 2, 0), 2);
    assert_int_equal(mfn_of(control, gfn[0], P2M_RAM_RW, 0), gfn[0]);
    assert_int_equal(*(u64 *)fake_at(control, (gaddr_t){gfn[0] << PAGE_SHIFT}), 4711);
    /* Again, while it is there. */
    assert_int_equal(populate(gfn, 2, 0), 2);
    assert_int_equal(control->nr_pages, 64);
    assert_int_equal(frame_at(control, gfn[0])->refs, FRAME_OWNED);
}

static void test_direct_mapped_gets_only_its_own(void **state)
{
    become(control);
    const u64 gfn[3] = {frame_to_mfn(frame_at(guest, ARGS)).mfn, FAKE_RAM / PAGE_SIZE - 1, 0x7000000};
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(populate(&gfn[i], 1, 0), 0);
        assert_false(is_mapped(control, gfn[i]));
    }
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), OK);
    u64 heap = frame_to_mfn(f).mfn;
    assert_int_equal(populate(&heap, 1, 0), 0);
    frame_free(f, 0);
    assert_int_equal(populate(&heap, 1, 0), 0);
}

static void test_direct_mapped_orders(void **state)
{
    become(control);
    u64 base = control->hvm_param[0];
    const u64 gfn[1] = {base + 32};
    assert_int_equal(decrease(gfn, 1, 5), 1);
    assert_false(is_mapped(control, base + 63));
    assert_int_equal(populate(gfn, 1, 5), 1);
    assert_int_equal(stays, 2);
    for (u32 i = 32; i < 64; i++) {
        assert_int_equal(mfn_of(control, base + i, P2M_RAM_RW, 0), base + i);
    }
}

static void test_direct_mapped_under_a_foreign_page(void **state)
{
    become(control);
    const u64 gfn[1] = {control->hvm_param[0] + 5};
    assert_int_equal(decrease(gfn, 1, 0), 1);
    struct frame *f = frame_at(guest, ARGS);
    assert_true(frame_get(f, guest->id));
    assert_int_equal(p2m_map(control->p2m, (gfn_t){gfn[0]}, frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    assert_int_equal(populate(gfn, 1, 0), 1);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(mfn_of(control, gfn[0], P2M_RAM_RW, 0), gfn[0]);
}

/* --- add_to_physmap --- */

static s64 add(u16 domid, u32 space, u64 idx, u64 gfn)
{
    const struct xen_add_to_physmap a = {.domid = domid, .space = space, .idx = idx, .gpfn = gfn};
    put(ARG, &a, sizeof(a));
    return call(XENMEM_add_to_physmap, at(ARG));
}

static s64 remove_page(u16 domid, u64 gfn)
{
    const struct xen_remove_from_physmap a = {.domid = domid, .gpfn = gfn};
    put(ARG, &a, sizeof(a));
    return call(XENMEM_remove_from_physmap, at(ARG));
}

static void test_add_shared_info(void **state)
{
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 1, GFN), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN), OK);
    assert_int_equal(mfn_of(guest, GFN, P2M_SHARED_RW, 0), frame_to_mfn(guest->shared_info).mfn);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN + 1), E_BUSY);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN + 1), OK);
    assert_int_equal(guest->shared_info->refs, 1);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_add_grant_frames(void **state)
{
    grant_restarts = 2;
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN), OK);
    assert_int_equal(stays, 3);
    assert_int_equal(mfn_of(guest, GFN, P2M_SHARED_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN), OK);
    /* It moves. */
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN + 1), OK);
    assert_false(is_mapped(guest, GFN));
    assert_int_equal(mfn_of(guest, GFN + 1, P2M_SHARED_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(grant[2]->refs, 1);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 3, GFN), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 1ULL << 32, GFN), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status, GFN), E_INVAL);
}

static void test_add_over_ram_keeps_the_page_owned(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN), OK);
    assert_int_equal(guest->nr_pages, 2);
    assert_int_equal(decrease(gfn, 1, 0), 0);
}

static void test_add_refuses(void **state)
{
    assert_int_equal(add(0, XENMAPSPACE_shared_info, 0, GFN), E_PERM);
    assert_int_equal(add(9, XENMAPSPACE_shared_info, 0, GFN), E_SRCH);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_gmfn, ARGS, GFN), E_NOSYS);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, ARGS, GFN), E_NOSYS);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_gmfn_range, ARGS, GFN), OK);
    assert_int_equal(add(XEN_DOMID_SELF, 99, 0, GFN), E_NOSYS);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, P2M_GFN_END), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9000, GFN), E_ACCES);
    assert_int_equal(call(XENMEM_add_to_physmap, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_add_to_physmap | 0x10000ULL << 6, ARG), E_DOM);
    const struct xen_add_to_physmap a = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_gmfn_range, .size = 2, .idx = ARGS, .gpfn = GFN};
    put(ARG, &a, sizeof(a));
    assert_int_equal(call(XENMEM_add_to_physmap, ARG), E_NOSYS);
    assert_int_equal(call(XENMEM_add_to_physmap | 3 << 6, ARG), E_ILSEQ);
    assert_int_equal(call(XENMEM_add_to_physmap | 2 << 6, ARG), OK);
    assert_false(is_mapped(guest, GFN));
}

static void test_add_device_page(void **state)
{
    become(control);
    assert_int_equal(p2m_map(control->p2m, (gfn_t){0x9000}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9000, GFN), OK);
    assert_int_equal(mfn_of(control, GFN, P2M_DEVICE_CACHED, 0), 0x9000);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9001, GFN + 1), OK);
    assert_false(is_mapped(control, GFN + 1));
    /* Neither RAM nor what is there already. */
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, control->hvm_param[0], GFN + 1), OK);
    assert_false(is_mapped(control, GFN + 1));
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9000, 0x9000), OK);
    assert_int_equal(mfn_of(control, 0x9000, P2M_DEVICE, 0), 0x9000);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, GFN, GFN + 1), OK);
    assert_false(is_mapped(control, GFN + 1));
    assert_int_equal(add(1, XENMAPSPACE_dev_mmio, 0x9000, GFN), E_ACCES);
    assert_int_equal(add(1, XENMAPSPACE_shared_info, 0, GFN), OK); /* for a guest it may act on */
}

/* --- batches --- */

static s64 batch(u16 domid, u32 space, u16 foreign, u32 n, const u64 *idx, const u64 *gfn)
{
    const struct xen_add_to_physmap_batch b = {
        .domid = domid,
        .space = (u16)space,
        .size = (u16)n,
        .u = {.foreign_domid = foreign},
        .idxs = {at(LIST)},
        .gpfns = {at(LIST2)},
        .errs = {at(ERRS)},
    };
    s32 none[8] = {77, 77, 77, 77, 77, 77, 77, 77};
    put(ARG, &b, sizeof(b));
    put(ERRS, none, sizeof(none));
    put_list(LIST, idx, n);
    put_list(LIST2, gfn, n);
    return call(XENMEM_add_to_physmap_batch, at(ARG));
}

static s32 err_of(u32 i)
{
    return ((s32 *)fake_at(caller, (gaddr_t){at(ERRS)}))[i];
}

static void test_foreign_map_and_unmap(void **state)
{
    become(control);
    struct frame *f = frame_at(guest, ARGS);
    const u64 idx[3] = {ARGS, ARGS + 1, ARGS}, gfn[3] = {GFN, GFN + 1, P2M_GFN_END};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 3, idx, gfn), OK);
    assert_int_equal(err_of(0), OK);
    assert_int_equal(err_of(1), E_INVAL);
    assert_int_equal(err_of(2), E_INVAL);
    assert_int_equal(mfn_of(control, GFN, P2M_FOREIGN_RW, 0), frame_to_mfn(f).mfn);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    assert_int_equal(f->writable_maps, 1);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_NOENT);
}

static void test_foreign_map_of_shared_and_borrowed(void **state)
{
    become(control);
    assert_int_equal(p2m_map_shared(guest->p2m, (gfn_t){GFN}, guest->shared_info), OK);
    struct frame *f = frame_at(other, ARGS);
    assert_true(frame_get(f, other->id));
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + 1}, frame_to_mfn(f), 0, P2M_GRANT_RW), OK);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + 2}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    const u64 idx[3] = {GFN, GFN + 1, GFN + 2}, gfn[3] = {GFN, GFN + 1, GFN + 2};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 3, idx, gfn), OK);
    assert_int_equal(err_of(0), OK);
    assert_int_equal(guest->shared_info->refs, 2);
    assert_int_equal(err_of(1), E_INVAL);
    assert_int_equal(err_of(2), E_INVAL);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
}

static void test_foreign_map_read_only(void **state)
{
    become(control);
    struct frame *f = frame_at(guest, ARGS);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){ARGS}, frame_to_mfn(f), 0, P2M_RAM_RO), OK);
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    (void)mfn_of(control, GFN, P2M_FOREIGN_RO, 0);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
}

static void test_foreign_map_permissions(void **state)
{
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 2, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_PERM);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 0, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_PERM);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_INVAL);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, XEN_DOMID_SELF, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_INVAL);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 9, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_SRCH);
    assert_int_equal(batch(2, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), E_PERM);
    assert_int_equal(err_of(0), 77);
    /* The control domain cannot give one guest another's page either. */
    become(control);
    assert_int_equal(batch(2, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_PERM);
    assert_false(is_mapped(other, GFN));
}

static void test_foreign_page_outlives_its_domain(void **state)
{
    become(control);
    struct frame *f = frame_at(other, ARGS);
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 2, 1, idx, gfn), OK);
    fake_kill(other);
    assert_non_null(dom_find((domid_t){2}));
    assert_int_equal(f->state, FRAME_GUEST);
    assert_int_equal(f->refs, 1);
    become(control);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(f->state, FRAME_FREE);
    fake_rcu();
    assert_null(dom_find((domid_t){2}));
    other = fake_domain(2, false, false, 16);
}

static void test_foreign_map_without_memory(void **state)
{
    become(control);
    struct frame *f = frame_at(guest, ARGS);
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    fake_fail_after(0);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    fake_fail_never();
    assert_int_equal(err_of(0), E_NOMEM);
    assert_int_equal(f->refs, FRAME_OWNED);
}

static void test_batch_restarts(void **state)
{
    become(control);
    const u64 idx[3] = {ARGS, ARGS, ARGS}, gfn[3] = {GFN, GFN + 1, GFN + 2};
    short_stays = true;
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 3, idx, gfn), OK);
    assert_int_equal(stays, 3);
    assert_int_equal(arg0, XENMEM_add_to_physmap_batch | 2 << 6);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(err_of(i), OK);
    }
    assert_int_equal(frame_at(guest, ARGS)->refs, FRAME_OWNED + 3);
    short_stays = false;
    become(guest);
    grant_restarts = 1;
    const u64 one[2] = {0, 1};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 0, 2, one, gfn), OK);
    assert_int_equal(stays, 2);
    assert_int_equal(mfn_of(guest, GFN + 1, P2M_SHARED_RW, 0), frame_to_mfn(grant[1]).mfn);
}

static void test_batch_refuses(void **state)
{
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_range, 0, 1, idx, gfn), E_OPNOTSUPP);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 5, 1, idx, gfn), E_OPNOTSUPP);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0, 1, idx, gfn), E_ACCES);
    assert_int_equal(batch(9, XENMAPSPACE_gmfn_foreign, 2, 1, idx, gfn), E_SRCH);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn, 0, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_NOSYS);
    assert_int_equal(call(XENMEM_add_to_physmap_batch, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_add_to_physmap_batch | 0x10000ULL << 6, ARG), E_DOM);
    assert_int_equal(call(XENMEM_add_to_physmap_batch | 2 << 6, ARG), E_ILSEQ);
    assert_int_equal(call(XENMEM_add_to_physmap_batch | 1 << 6, ARG), OK);
    struct xen_add_to_physmap_batch b = {
        .domid = XEN_DOMID_SELF, .space = XENMAPSPACE_gmfn, .size = 1, .idxs = {LIST}, .gpfns = {LIST2}};
    guest_handle_t *handle[3] = {&b.idxs, &b.gpfns, &b.errs};
    for (u32 i = 0; i < 3; i++) {
        b.idxs.p = LIST;
        b.gpfns.p = LIST2;
        b.errs.p = ERRS;
        handle[i]->p = NOWHERE;
        put(ARG, &b, sizeof(b));
        assert_int_equal(call(XENMEM_add_to_physmap_batch, ARG), E_FAULT);
    }
}

/* --- remove --- */

static void test_remove_own_ram_keeps_it_owned(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    struct frame *f = frame_at(guest, GFN);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_false(is_mapped(guest, GFN));
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(guest->nr_pages, 2);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_NOENT);
    assert_int_equal(decrease(gfn, 1, 0), 0);
}

static void test_remove_refuses(void **state)
{
    assert_int_equal(remove_page(0, 5), E_PERM);
    assert_int_equal(remove_page(9, 5), E_SRCH);
    assert_int_equal(remove_page(XEN_DOMID_SELF, ~0ULL), E_NOENT);
    assert_int_equal(call(XENMEM_remove_from_physmap, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_remove_from_physmap | 1 << 6, ARG), E_INVAL);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_NOENT);
    struct frame *f = frame_at(other, ARGS);
    for (enum p2m_type t = P2M_GRANT_RW; t <= P2M_GRANT_RO; t++) {
        assert_true(frame_get(f, other->id));
        assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN}, frame_to_mfn(f), 0, t), OK);
        assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_INVAL);
        assert_true(is_mapped(guest, GFN));
    }
}

/* --- acquire_resource --- */

static s64 acquire(struct xen_mem_acquire_resource a)
{
    put(ARG, &a, sizeof(a));
    return call(XENMEM_acquire_resource, at(ARG));
}

static void test_acquire(void **state)
{
    become(control);
    const u64 gfn[2] = {GFN, GFN + 5};
    put_list(LIST, gfn, 2);
    struct xen_mem_acquire_resource a = {
        .domid = 1, .type = XENMEM_resource_grant_table, .nr_frames = 2, .frame = 1, .frame_list = {at(LIST)}};
    grant_restarts = 1;
    short_stays = true;
    assert_int_equal(acquire(a), OK);
    assert_int_equal(stays, 3);
    assert_int_equal(mfn_of(control, GFN, P2M_FOREIGN_RW, 0), frame_to_mfn(grant[1]).mfn);
    assert_int_equal(mfn_of(control, GFN + 5, P2M_FOREIGN_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(grant[1]->refs, 2);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(grant[1]->refs, 1);
    a.frame_list.p = 0;
    a.nr_frames = 0;
    assert_int_equal(acquire(a), OK);
    assert_int_equal(((struct xen_mem_acquire_resource *)fake_at(control, (gaddr_t){at(ARG)}))->nr_frames, 3);
}

static void test_acquire_refuses(void **state)
{
    const u64 gfn[2] = {GFN, P2M_GFN_END};
    const struct xen_mem_acquire_resource good = {
        .domid = 1, .type = XENMEM_resource_grant_table, .nr_frames = 1, .frame_list = {LIST}};
    put_list(LIST, gfn, 2);
    assert_int_equal(acquire(good), E_PERM);
    struct xen_mem_acquire_resource a = good;
    a.domid = 0;
    assert_int_equal(acquire(a), E_PERM);

    become(control);
    put_list(LIST, gfn, 2);
#define REFUSED(change, error)                                                                     \
    do {                                                                                           \
        a = good;                                                                                  \
        a.frame_list.p = at(LIST);                                                                 \
        change;                                                                                    \
        assert_int_equal(acquire(a), error);                                                       \
    } while (0)
    REFUSED(a.domid = 9, E_SRCH);
    REFUSED(a.domid = 0, E_PERM);
    REFUSED(a.domid = XEN_DOMID_SELF, E_PERM);
    REFUSED(a.domid = 2, E_INVAL);
    REFUSED(a.pad = 1, E_INVAL);
    REFUSED(a.frame = 1ULL << 32, E_INVAL);
    REFUSED((a.frame = 0xffffffff, a.nr_frames = 1), E_INVAL);
    REFUSED(a.frame = 3, E_INVAL);
    REFUSED(a.nr_frames = 4, E_INVAL);
    REFUSED(a.type = XENMEM_resource_ioreq_server, E_INVAL);
    REFUSED(a.id = XENMEM_resource_grant_table_id_status, E_INVAL);
    REFUSED(a.frame_list.p = 0, E_INVAL);
    REFUSED(a.frame_list.p = NOWHERE, E_FAULT);
    REFUSED(a.frame_list.p = at(LIST) + 8, E_INVAL);
    REFUSED(a.nr_frames = 2, E_IO);
    assert_int_equal(grant[0]->refs, 2);
    assert_int_equal(grant[1]->refs, 1);
    assert_int_equal(call(XENMEM_acquire_resource, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_acquire_resource | 3 << 6, at(ARG)), E_INVAL);
}

/* --- questions --- */

static s64 ask(u32 op, u16 domid)
{
    const struct xen_memory_domain a = {.domid = domid};
    put(ARG, &a, sizeof(a));
    return call(op, at(ARG));
}

static void test_questions(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 9};
    assert_int_equal(populate(gfn, 2, 0), 2);
    assert_int_equal(ask(XENMEM_current_reservation, XEN_DOMID_SELF), 3);
    assert_int_equal(ask(XENMEM_maximum_reservation, 1), 4096);
    assert_int_equal(ask(XENMEM_maximum_gpfn, 1), GFN + 9);
    assert_int_equal(decrease(gfn, 2, 0), 2);
    assert_int_equal(ask(XENMEM_maximum_gpfn, 1), GFN + 9); /* the highest ever */
    assert_int_equal(ask(XENMEM_current_reservation, 1), 1);
    for (u32 i = 0; i < 3; i++) {
        const u32 op[3] = {XENMEM_current_reservation, XENMEM_maximum_reservation, XENMEM_maximum_gpfn};
        assert_int_equal(ask(op[i], 2), E_PERM);
        assert_int_equal(ask(op[i], 9), E_SRCH);
        assert_int_equal(call(op[i], NOWHERE), E_FAULT);
        assert_int_equal(call(op[i] | 1 << 6, ARG), E_INVAL);
    }
    assert_int_equal(call(XENMEM_maximum_ram_page, 0), FAKE_RAM / PAGE_SIZE + (64 << 8));
    assert_int_equal(call(XENMEM_maximum_ram_page | 1 << 6, 0), E_INVAL);
    become(control);
    assert_int_equal(ask(XENMEM_current_reservation, 1), 1);
}

static void test_unknown_commands(void **state)
{
    const u32 unknown[] = {5, 8, 9, 10, 11, 12, 13, 16, 17, XENMEM_get_sharing_freed_pages,
                           XENMEM_get_sharing_shared_pages, 20, 22, 25, 29, 30, 63};
    for (u32 i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_int_equal(call(unknown[i], ARG), E_NOSYS);
        assert_int_equal(call(unknown[i], NOWHERE), E_NOSYS);
    }
}

static s64 claim(struct xen_memory_reservation r)
{
    put(ARG, &r, sizeof(r));
    return call(XENMEM_claim_pages, at(ARG));
}

static void test_claim(void **state)
{
    struct xen_memory_reservation r = {.domid = 2, .nr_extents = 100};
    assert_int_equal(claim(r), E_PERM);
    become(control);
    assert_int_equal(claim(r), OK);
    r.nr_extents = 0;
    assert_int_equal(claim(r), OK);
    r.nr_extents = 1; /* it has that many */
    assert_int_equal(claim(r), E_INVAL);
    r.nr_extents = 4097;
    assert_int_equal(claim(r), E_INVAL);
    other->max_pages = 1u << 20;
    r.nr_extents = frame_nr_free() + 1;
    assert_int_equal(claim(r), OK);
    r.nr_extents++;
    assert_int_equal(claim(r), E_NOMEM);
    r.nr_extents = 100;
    r.extent_order = 1;
    assert_int_equal(claim(r), E_INVAL);
    r.extent_order = 0;
    r.mem_flags = 1;
    assert_int_equal(claim(r), E_INVAL);
    r.mem_flags = 0;
    r.extent_start.p = 8;
    assert_int_equal(claim(r), E_INVAL);
    r.extent_start.p = 0;
    r.domid = XEN_DOMID_SELF;
    assert_int_equal(claim(r), E_INVAL);
    assert_int_equal(call(XENMEM_claim_pages, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_claim_pages | 1 << 6, at(ARG)), E_INVAL);
}

/* Each allocation of a mixed sequence fails once; afterwards nothing is lost (end() counts). */
static void test_each_allocation_fails_once(void **state)
{
    const u64 page[2] = {GFN, GFN + 0x40000}, block[1] = {GFN + 512};
    for (u32 n = 0; n < 12; n++) {
        become(guest);
        fake_fail_after(n);
        (void)populate(page, 2, 0);
        (void)populate(block, 1, 9);
        (void)decrease(block, 1, 0);
        become(control);
        (void)batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 2, page, page);
        fake_fail_never();
        (void)remove_page(XEN_DOMID_SELF, page[0]);
        (void)remove_page(XEN_DOMID_SELF, page[1]);
        become(guest);
        (void)decrease(page, 2, 0);
        (void)decrease(&page[1], 1, 0);
        (void)decrease(block, 1, 9);
    }
}

static int start_group(void **state)
{
    fake_domains_init(64);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_populate_pages),
        TEST(test_populate_small_orders),
        TEST(test_populate_2_mib_in_stays),
        TEST(test_restart_encoding),
        TEST(test_work_that_waits_ends_the_stay),
        TEST(test_many_pages_take_several_stays),
        TEST(test_populate_stops_at),
        TEST(test_populate_over_its_own),
        TEST(test_populate_limit),
        TEST(test_populate_without_memory),
        TEST(test_populate_too_few_tables),
        TEST(test_reservation_refuses),
        TEST(test_control_populates_for_a_guest),
        TEST(test_populate_replaces_foreign_pages),
        TEST(test_populate_of_the_dying),
        TEST(test_increase),
        TEST(test_decrease_frees),
        TEST(test_decrease_out_of_a_block),
        TEST(test_decrease_a_block_whole),
        TEST(test_decrease_keeps_its_place),
        TEST(test_place_is_of_this_call_only),
        TEST(test_decrease_leaves_others_alone),
        TEST(test_decrease_of_a_borrowed_page),
        TEST(test_direct_mapped_keeps_its_frames),
        TEST(test_direct_mapped_gets_only_its_own),
        TEST(test_direct_mapped_orders),
        TEST(test_direct_mapped_under_a_foreign_page),
        TEST(test_add_shared_info),
        TEST(test_add_grant_frames),
        TEST(test_add_over_ram_keeps_the_page_owned),
        TEST(test_add_refuses),
        TEST(test_add_device_page),
        TEST(test_foreign_map_and_unmap),
        TEST(test_foreign_map_of_shared_and_borrowed),
        TEST(test_foreign_map_read_only),
        TEST(test_foreign_map_permissions),
        TEST(test_foreign_page_outlives_its_domain),
        TEST(test_foreign_map_without_memory),
        TEST(test_batch_restarts),
        TEST(test_batch_refuses),
        TEST(test_remove_own_ram_keeps_it_owned),
        TEST(test_remove_refuses),
        TEST(test_acquire),
        TEST(test_acquire_refuses),
        TEST(test_questions),
        TEST(test_unknown_commands),
        TEST(test_claim),
        TEST(test_each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
