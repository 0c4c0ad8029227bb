/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "p2m/p2m.h"
#include "p2m/pte.h"
#include "p2m/tlb_host.h"
#include "p2m/walk.h"
#include "sync/spinlock.h"

#define G(n)    ((gfn_t){n})
#define M(n)    ((mfn_t){n})
#define FIRST   (FAKE_RAM / PAGE_SIZE)
#define TWO_MIB 512ULL
#define ONE_GIB 0x40000ULL

static const domid_t me = {1}, other = {2};
static struct p2m *p2m;
static struct fake_account before;
static u32 nr_released;
static u64 gone_gfn = ~0ULL; /* where the page that goes was mapped */
static bool went_too_early;

void frame_up_release(struct frame *f)
{
    nr_released++;
    went_too_early |= fake_tlb_has(p2m, (gfn_t){gone_gfn});
}

static int start(void **state)
{
    before = fake_account();
    fake_tlb_reset();
    nr_released = 0;
    assert_int_equal(p2m_create(me, &p2m), OK);
    p2m_activate(p2m);
    return 0;
}

static void relinquish_all(void)
{
    u64 cursor = 0;
    u32 rounds = 0;
    while (p2m_relinquish(p2m, &cursor, 2048) == E_RESTART) {
        assert_true(rounds++ < 10000);
    }
}

static int end(void **state)
{
    fake_fail_never();
    relinquish_all();
    for (u32 i = 0; i < P2M_NR_TYPES; i++) {
        assert_int_equal(p2m->nr_leaves[i], 0);
    }
    p2m_destroy(p2m);
    assert_int_equal(p2m_nr_vmids_in_use(), 0);
    assert_no_leak(before);
    assert_int_equal(lock_nr_held(), 0);
    return 0;
}

static struct frame *guest_page(domid_t owner)
{
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), OK);
    frame_assign_run(f, 1, owner);
    return f;
}

static void drop(struct frame *f)
{
    assert_int_equal(frame_drop_owner(f), DROP_LAST);
    frame_set_state(f, FRAME_HEAP, FRAME_NO_OWNER);
    frame_free(f, 0);
}

static void expect_map(u64 gfn, u64 mfn, enum p2m_type type, u32 order)
{
    mfn_t m;
    enum p2m_type t;
    u32 o;
    assert_int_equal(p2m_lookup(p2m, G(gfn), &m, &t, &o), OK);
    assert_int_equal(m.mfn, mfn);
    assert_int_equal(t, type);
    assert_int_equal(o, order);
}

static void expect_none(u64 gfn)
{
    mfn_t m;
    enum p2m_type t;
    u32 o;
    assert_int_equal(p2m_lookup(p2m, G(gfn), &m, &t, &o), E_NOENT);
}

/* --- the format: against the manual's bits, not against pte.h --- */

static void test_descriptors(void **state)
{
    assert_int_equal(pte_leaf(M(0x12345), 3, P2M_RAM_RW), 0x12345000ULL | 0x7ff | 1ULL << 55);
    assert_int_equal(pte_leaf(M(0x12345), 3, P2M_RAM_RO), 0x12345000ULL | 0x77f | 2ULL << 55);
    assert_int_equal(pte_leaf(M(0x12200), 2, P2M_RAM_RW), 0x12200000ULL | 0x7fd | 1ULL << 55);
    assert_int_equal(pte_leaf(M(0x40000), 1, P2M_RAM_RW), 0x40000000ULL | 0x7fd | 1ULL << 55);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_SHARED_RW),
                     0x9000000ULL | 0x7ff | 3ULL << 55 | 1ULL << 54);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_DEVICE),
                     0x9000000ULL | 0x6c7 | 4ULL << 55 | 1ULL << 54);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_DEVICE_CACHED),
                     0x9000000ULL | 0x7ff | 5ULL << 55 | 1ULL << 54);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_FOREIGN_RW),
                     0x9000000ULL | 0x7ff | 6ULL << 55 | 1ULL << 54);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_FOREIGN_RO),
                     0x9000000ULL | 0x77f | 7ULL << 55 | 1ULL << 54);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_GRANT_RW),
                     0x9000000ULL | 0x7ff | 8ULL << 55 | 1ULL << 54);
    assert_int_equal(pte_leaf(M(0x9000), 3, P2M_GRANT_RO),
                     0x9000000ULL | 0x77f | 9ULL << 55 | 1ULL << 54);
    u64 pte = pte_leaf(M(0xfffffffff), 3, P2M_GRANT_RO);
    assert_int_equal(pte_mfn(pte).mfn, 0xfffffffff);
    assert_int_equal(pte_type(pte), P2M_GRANT_RO);
}

static void test_map_each_order(void **state)
{
    assert_int_equal(p2m_map(p2m, G(0x80000), M(0x100000), 0, P2M_DEVICE), OK);
    expect_map(0x80000, 0x100000, P2M_DEVICE, 0);
    expect_none(0x80001);
    expect_none(0x7ffff);
    assert_int_equal(p2m->nr_tables, 4);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 1);
    assert_int_equal(p2m->min_gfn, 0x80000);
    assert_int_equal(p2m->max_gfn, 0x80000);

    assert_int_equal(p2m_map(p2m, G(0x80200), M(0x100400), 9, P2M_RAM_RW), OK);
    expect_map(0x80200, 0x100400, P2M_RAM_RW, 9);
    expect_map(0x803ff, 0x1005ff, P2M_RAM_RW, 9);
    expect_none(0x80400);
    assert_int_equal(p2m->nr_tables, 4);
    assert_int_equal(p2m->max_gfn, 0x803ff);

    assert_int_equal(p2m_map(p2m, G(ONE_GIB), M(2 * ONE_GIB), 18, P2M_RAM_RO), OK);
    expect_map(ONE_GIB + 12345, 2 * ONE_GIB + 12345, P2M_RAM_RO, 18);
    assert_int_equal(p2m->nr_tables, 4);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RO], ONE_GIB);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RW], 512);
    assert_int_equal(p2m->min_gfn, ONE_GIB);
    /* Nothing was valid before: nothing to flush. */
    assert_int_equal(fake_tlb.vmid + fake_tlb.ipa + fake_tlb.all, 0);
}

static void test_map_orders_between(void **state)
{
    assert_int_equal(p2m_map(p2m, G(0x1008), M(0x2008), 3, P2M_DEVICE), OK);
    for (u64 i = 0; i < 8; i++) {
        expect_map(0x1008 + i, 0x2008 + i, P2M_DEVICE, 0);
    }
    expect_none(0x1007);
    expect_none(0x1010);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 8);
    assert_int_equal(p2m_map(p2m, G(0x2000), M(0x4000), 11, P2M_DEVICE), OK);
    expect_map(0x2000, 0x4000, P2M_DEVICE, 9);
    expect_map(0x27ff, 0x47ff, P2M_DEVICE, 9);
    expect_none(0x2800);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 8 + 2048);
}

static void test_map_refuses(void **state)
{
    assert_int_equal(p2m_map(p2m, G(1), M(2), 1, P2M_DEVICE), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(2), M(1), 1, P2M_DEVICE), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(0), M(0), 19, P2M_DEVICE), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(P2M_GFN_END), M(0), 0, P2M_DEVICE), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(~0ULL), M(0), 0, P2M_DEVICE), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(0), M(0), 1, P2M_GRANT_RW), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(0), M(0), 9, P2M_FOREIGN_RO), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(0), M(0), 9, P2M_SHARED_RW), E_INVAL);
    assert_int_equal(p2m->nr_tables, 2);
    assert_int_equal(p2m_map(p2m, G(P2M_GFN_END - 1), M(7), 0, P2M_DEVICE), OK);
    expect_map(P2M_GFN_END - 1, 7, P2M_DEVICE, 0);
    expect_none(P2M_GFN_END);
    expect_none(~0ULL);
}

/* Both pages of the root are one table: the upper half of the address space is not the lower one's.
 */
static void test_concatenated_root(void **state)
{
    assert_int_equal(p2m_map(p2m, G(512 * ONE_GIB), M(0), 18, P2M_DEVICE), OK);
    expect_map(512 * ONE_GIB, 0, P2M_DEVICE, 18);
    expect_none(0);
    assert_int_equal(p2m_map(p2m, G(1023 * ONE_GIB), M(ONE_GIB), 18, P2M_DEVICE), OK);
    expect_map(1023 * ONE_GIB + 5, ONE_GIB + 5, P2M_DEVICE, 18);
    expect_none(511 * ONE_GIB);
}

static void test_split_on_unmap(void **state)
{
    assert_int_equal(p2m_map(p2m, G(ONE_GIB), M(2 * ONE_GIB), 18, P2M_RAM_RW), OK);
    assert_int_equal(p2m_unmap(p2m, G(ONE_GIB + 1000), MFN_INVALID, 0), OK);
    expect_none(ONE_GIB + 1000);
    expect_map(ONE_GIB + 999, 2 * ONE_GIB + 999, P2M_RAM_RW, 0);
    expect_map(ONE_GIB + 1001, 2 * ONE_GIB + 1001, P2M_RAM_RW, 0);
    expect_map(ONE_GIB + 511, 2 * ONE_GIB + 511, P2M_RAM_RW, 9);
    expect_map(ONE_GIB + ONE_GIB - 1, 3 * ONE_GIB - 1, P2M_RAM_RW, 9);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RW], ONE_GIB - 1);
    assert_int_equal(p2m->nr_tables, 4);
    /* Two blocks were broken before they were made tables, then one page went. */
    assert_int_equal(fake_tlb.vmid, 2);
    assert_int_equal(fake_tlb.ipa, 1);
    assert_int_equal(fake_tlb.pages, 1);
    /* The attributes survive. */
    u32 level;
    assert_int_equal(walk_find(p2m, G(ONE_GIB + 999), &level),
                     pte_leaf(M(2 * ONE_GIB + 999), 3, P2M_RAM_RW));
    assert_int_equal(level, 3);
    assert_int_equal(walk_find(p2m, G(ONE_GIB), &level), pte_leaf(M(2 * ONE_GIB), 2, P2M_RAM_RW));
    assert_int_equal(level, 2);
}

static void test_map_inside_a_block(void **state)
{
    assert_int_equal(p2m_map(p2m, G(0), M(ONE_GIB), 9, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(5), M(0x9000), 0, P2M_DEVICE), OK);
    expect_map(5, 0x9000, P2M_DEVICE, 0);
    expect_map(4, ONE_GIB + 4, P2M_RAM_RW, 0);
    expect_map(6, ONE_GIB + 6, P2M_RAM_RW, 0);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RW], 511);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 1);
}

/* What is in the way may take several. */
static void map_in_stays(u64 gfn, u64 mfn, u32 order, enum p2m_type type)
{
    enum err e;
    u32 stays = 0;
    while ((e = p2m_map(p2m, G(gfn), M(mfn), order, type)) == E_RESTART) {
        assert_true(++stays < 100);
    }
    assert_int_equal(e, OK);
}

static void test_block_over_tables(void **state)
{
    for (u64 i = 0; i < 512; i += 5) {
        assert_int_equal(p2m_map(p2m, G(i), M(0x9000 + i), 0, P2M_DEVICE), OK);
    }
    assert_int_equal(p2m->nr_tables, 4);
    u64 free = frame_nr_free();
    map_in_stays(0, ONE_GIB, 9, P2M_RAM_RW);
    assert_int_equal(p2m->nr_tables, 3);
    assert_int_equal(frame_nr_free(), free + 1);
    expect_map(3, ONE_GIB + 3, P2M_RAM_RW, 9);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 0);
    assert_int_equal(p2m_map(p2m, G(0), M(2 * ONE_GIB), 18, P2M_RAM_RW), OK);
    assert_int_equal(p2m->nr_tables, 2);
    expect_map(3, 2 * ONE_GIB + 3, P2M_RAM_RW, 18);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RW], ONE_GIB);
}

static void test_pages_become_a_block_again(void **state)
{
    assert_int_equal(p2m_map(p2m, G(0x200), M(0x9200), 9, P2M_RAM_RW), OK);
    assert_int_equal(p2m->nr_tables, 3);
    for (u64 i = 0; i < 3; i++) {
        assert_int_equal(p2m_unmap(p2m, G(0x210 + i), MFN_INVALID, 0), OK);
    }
    assert_int_equal(p2m_unmap(p2m, G(0x300), MFN_INVALID, 4), OK);
    assert_int_equal(p2m->nr_tables, 4);
    fake_tlb_touch(p2m, G(0x2ff));
    u64 free = frame_nr_free();
    assert_int_equal(p2m_map(p2m, G(0x300), M(0x9300), 4, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x210), M(0x9210), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x211), M(0x9211), 0, P2M_RAM_RW), OK);
    expect_map(0x200, 0x9200, P2M_RAM_RW, 0);
    assert_true(fake_tlb_has(p2m, G(0x2ff)));
    assert_int_equal(p2m_map(p2m, G(0x212), M(0x9212), 0, P2M_RAM_RW), OK);
    expect_map(0x200, 0x9200, P2M_RAM_RW, 9);
    expect_map(0x3ff, 0x93ff, P2M_RAM_RW, 9);
    assert_false(fake_tlb_has(p2m, G(0x2ff)));
    assert_int_equal(p2m->nr_tables, 3);
    assert_int_equal(frame_nr_free(), free + 1);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RW], 512);
    /* And apart, and together. */
    assert_int_equal(p2m_unmap(p2m, G(0x3ff), M(0x93ff), 0), OK);
    assert_int_equal(p2m_map(p2m, G(0x3ff), M(0x93ff), 0, P2M_RAM_RW), OK);
    expect_map(0x200, 0x9200, P2M_RAM_RW, 9);
}

static void test_pages_that_are_no_block_stay_apart(void **state)
{
    static const struct {
        u64 mfn;
        enum p2m_type type;
    } row[] = {{0x8005, P2M_RAM_RW}, {0x9205, P2M_RAM_RO}, {0x9205, P2M_DEVICE}};
    for (u32 i = 0; i < ARRAY_LEN(row); i++) {
        map_in_stays(0x200, 0x9200, 9, P2M_RAM_RW);
        assert_int_equal(p2m_map(p2m, G(0x205), M(row[i].mfn), 0, row[i].type), OK);
        assert_int_equal(p2m_unmap(p2m, G(0x207), MFN_INVALID, 0), OK);
        assert_int_equal(p2m_map(p2m, G(0x207), M(0x9207), 0, P2M_RAM_RW), OK);
        expect_map(0x200, 0x9200, P2M_RAM_RW, 0);
        assert_int_equal(p2m->nr_tables, 4);
    }
    /* In order, but not where a block can begin. */
    for (u64 i = 0; i < 512; i++) {
        assert_int_equal(p2m_map(p2m, G(0x400 + i), M(0x9100 + i), 0, P2M_RAM_RW), OK);
    }
    expect_map(0x400, 0x9100, P2M_RAM_RW, 0);
    /* From nothing, page by page. */
    for (u64 i = 0; i < 512; i++) {
        expect_none(0x600 + i);
        assert_int_equal(p2m_map(p2m, G(0x600 + i), M(0x9600 + i), 0, P2M_RAM_RO), OK);
    }
    expect_map(0x600, 0x9600, P2M_RAM_RO, 9);
}

/* --- references --- */

static void test_foreign_reference(void **state)
{
    struct frame *f = guest_page(other);
    assert_true(frame_get(f, other));
    assert_int_equal(p2m_map(p2m, G(7), frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    assert_int_equal(f->writable_maps, 1);
    assert_int_equal(frame_drop_owner(f), DROP_HELD);
    assert_int_equal(p2m_unmap(p2m, G(7), frame_to_mfn(f), 0), OK);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(nr_released, 1);
    assert_int_equal(f->state, FRAME_FREE);
    assert_int_equal(fake_tlb.ipa, 1);
}

static void test_unmap_of_what_is_foreign_only(void **state)
{
    struct frame *f = guest_page(other);
    assert_int_equal(p2m_map(p2m, G(3), M(0x9003), 0, P2M_RAM_RW), OK);
    assert_true(frame_get(f, other));
    assert_int_equal(p2m_map(p2m, G(7), frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    assert_int_equal(p2m_unmap_foreign(p2m, G(3)), E_NOENT);
    assert_int_equal(p2m_unmap_foreign(p2m, G(8)), E_NOENT);
    assert_int_equal(p2m_unmap_foreign(p2m, G(1 << 20)), E_NOENT); /* no table */
    assert_int_equal(p2m_unmap_foreign(p2m, G(P2M_GFN_END)), E_NOENT);
    expect_map(3, 0x9003, P2M_RAM_RW, 0);
    assert_int_equal(p2m_unmap_foreign(p2m, G(7)), OK);
    expect_none(7);
    assert_int_equal(p2m_unmap_foreign(p2m, G(7)), E_NOENT);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(fake_tlb.ipa, 1);
    drop(f);
}

static void test_each_type_holds_what_it_says(void **state)
{
    static const struct {
        enum p2m_type type;
        u32 refs, writable;
    } row[] = {{P2M_RAM_RW, 0, 0},     {P2M_RAM_RO, 0, 0},     {P2M_SHARED_RW, 0, 0},
               {P2M_FOREIGN_RW, 1, 1}, {P2M_FOREIGN_RO, 1, 0}, {P2M_GRANT_RW, 1, 1},
               {P2M_GRANT_RO, 1, 0}};
    for (u32 i = 0; i < ARRAY_LEN(row); i++) {
        struct frame *f = guest_page(other);
        if (row[i].refs) {
            assert_true(frame_get(f, other));
        }
        assert_int_equal(p2m_map(p2m, G(7), frame_to_mfn(f), 0, row[i].type), OK);
        assert_int_equal(f->refs, FRAME_OWNED + row[i].refs);
        assert_int_equal(f->writable_maps, row[i].writable);
        assert_int_equal(p2m->nr_leaves[row[i].type], 1);
        /* Replaced: the old one lets go. */
        assert_int_equal(p2m_map(p2m, G(7), M(0x9000), 0, P2M_DEVICE), OK);
        assert_int_equal(f->refs, FRAME_OWNED);
        assert_int_equal(f->writable_maps, 0);
        assert_int_equal(p2m->nr_leaves[row[i].type], 0);
        drop(f);
    }
}

static void test_shared_page_is_mapped_once(void **state)
{
    struct frame *f;
    assert_int_equal(frame_alloc_zeroed(0, &f), OK);
    frame_share(f, me);
    assert_int_equal(p2m_map_shared(p2m, G(7), f), OK);
    expect_map(7, frame_to_mfn(f).mfn, P2M_SHARED_RW, 0);
    assert_int_equal(f->gfn, 7);
    assert_int_equal(p2m_map_shared(p2m, G(8), f), E_BUSY);
    assert_int_equal(p2m_map_shared(p2m, G(7), f), E_BUSY);
    assert_int_equal(p2m_map_shared(p2m, G(P2M_GFN_END), f), E_INVAL);
    expect_none(8);
    assert_int_equal(p2m_unmap(p2m, G(7), MFN_INVALID, 0), OK);
    assert_int_equal(f->gfn, FRAME_NO_GFN);
    assert_int_equal(f->refs, 1);
    assert_int_equal(p2m_map_shared(p2m, G(8), f), OK);
    /* Covered by another mapping, it may be mapped again. */
    assert_int_equal(p2m_map(p2m, G(0), M(ONE_GIB), 9, P2M_RAM_RW), OK);
    assert_int_equal(f->gfn, FRAME_NO_GFN);
    frame_unshare(f);
}

static void test_page_is_freed_after_the_flush(void **state)
{
    struct frame *f = guest_page(other);
    assert_true(frame_get(f, other));
    assert_int_equal(p2m_map(p2m, G(7), frame_to_mfn(f), 0, P2M_GRANT_RW), OK);
    fake_tlb_touch(p2m, G(7));
    fake_tlb_touch(p2m, G(8));
    assert_true(fake_tlb_has(p2m, G(7)));
    assert_false(fake_tlb_has(p2m, G(8)));
    struct p2m_gather g;
    p2m_gather_init(&g, p2m);
    assert_int_equal(p2m_unmap_later(&g, G(7), frame_to_mfn(f)), OK);
    expect_none(7);
    assert_true(fake_tlb_has(p2m, G(7)));
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    assert_int_equal(f->writable_maps, 1);
    assert_int_equal(fake_tlb.ipa, 0);
    p2m_gather_finish(&g);
    assert_int_equal(fake_tlb.ipa, 1);
    assert_int_equal(fake_tlb.pages, 1);
    assert_false(fake_tlb_has(p2m, G(7)));
    assert_int_equal(f->refs, FRAME_OWNED);
    drop(f);
}

/* The leaf's reference is the last one: at the moment when the page goes no TLB has it. */
static void test_last_reference_goes_after_the_flush(void **state)
{
    struct frame *f = guest_page(other);
    assert_true(frame_get(f, other));
    assert_int_equal(p2m_map(p2m, G(7), frame_to_mfn(f), 0, P2M_GRANT_RW), OK);
    assert_int_equal(frame_drop_owner(f), DROP_HELD);
    fake_tlb_touch(p2m, G(7));
    gone_gfn = 7;
    assert_int_equal(p2m_unmap(p2m, G(7), frame_to_mfn(f), 0), OK);
    gone_gfn = ~0ULL;
    assert_int_equal(nr_released, 1);
    assert_false(went_too_early);
}

/* A flush that is owed comes before anything becomes valid. */
static void test_map_while_a_flush_is_owed(void **state)
{
    assert_int_equal(p2m_map(p2m, G(7), M(0x9000), 0, P2M_DEVICE), OK);
    struct p2m_gather g;
    p2m_gather_init(&g, p2m);
    assert_int_equal(p2m_unmap_later(&g, G(7), MFN_INVALID), OK);
    assert_int_equal(fake_tlb.ipa, 0);
    assert_int_equal(p2m_map(p2m, G(7), M(0x9001), 0, P2M_DEVICE),
                     OK); /* the fake TLB would panic */
    assert_int_equal(fake_tlb.ipa, 1);
    p2m_gather_finish(&g);
    assert_int_equal(fake_tlb.ipa, 1);
    expect_map(7, 0x9001, P2M_DEVICE, 0);
}

static void test_gather_in_batches(void **state)
{
    static struct frame *f[P2M_GATHER_MAX + 8];
    for (u32 i = 0; i < ARRAY_LEN(f); i++) {
        f[i] = guest_page(other);
        assert_true(frame_get(f[i], other));
        assert_int_equal(p2m_map(p2m, G(i), frame_to_mfn(f[i]), 0, P2M_GRANT_RO), OK);
    }
    struct p2m_gather g;
    p2m_gather_init(&g, p2m);
    for (u32 i = 0; i < P2M_GATHER_MAX; i++) {
        assert_int_equal(p2m_unmap_later(&g, G(i), frame_to_mfn(f[i])), OK);
    }
    assert_int_equal(fake_tlb.ipa + fake_tlb.vmid, 0);
    assert_int_equal(f[0]->refs, FRAME_OWNED + 1);
    assert_int_equal(p2m_unmap_later(&g, G(P2M_GATHER_MAX), MFN_INVALID), OK);
    assert_int_equal(fake_tlb.vmid, 1);
    assert_int_equal(f[0]->refs, FRAME_OWNED);
    assert_int_equal(p2m_unmap_later(&g, G(1000), MFN_INVALID), E_NOENT);
    assert_int_equal(p2m_unmap_later(&g, G(0), frame_to_mfn(f[0])), E_INVAL);
    assert_int_equal(p2m_unmap_later(&g, G(P2M_GFN_END), MFN_INVALID), E_INVAL);
    p2m_gather_finish(&g);
    for (u32 i = 0; i < ARRAY_LEN(f); i++) {
        assert_int_equal(f[i]->refs, i <= P2M_GATHER_MAX ? FRAME_OWNED : FRAME_OWNED + 1);
    }
    relinquish_all();
    for (u32 i = 0; i < ARRAY_LEN(f); i++) {
        drop(f[i]);
    }
}

/* --- unmap --- */

static void test_unmap_answers(void **state)
{
    assert_int_equal(p2m_unmap(p2m, G(7), MFN_INVALID, 0), E_NOENT);
    assert_int_equal(p2m_unmap(p2m, G(7), M(3), 0), E_INVAL);
    assert_int_equal(p2m_map(p2m, G(0x200), M(0x9200), 9, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p2m, G(0x207), M(0x9206), 0), E_INVAL);
    expect_map(0x207, 0x9207, P2M_DEVICE, 9);
    assert_int_equal(p2m_unmap(p2m, G(0x207), M(0x9207), 0), OK);
    expect_none(0x207);
    assert_int_equal(p2m_unmap(p2m, G(0x207), M(0x9207), 0), E_INVAL);
    assert_int_equal(p2m_unmap(p2m, G(0x207), MFN_INVALID, 0), E_NOENT);
    assert_int_equal(p2m_unmap(p2m, G(0x200), MFN_INVALID, 10), E_INVAL);
    assert_int_equal(p2m_unmap(p2m, G(0x201), MFN_INVALID, 1), E_INVAL);
    assert_int_equal(p2m_unmap(p2m, G(0x200), M(0x9200), 3), OK);
    expect_none(0x206);
    expect_map(0x208, 0x9208, P2M_DEVICE, 0);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 504);
    assert_int_equal(p2m_unmap(p2m, G(0x200), MFN_INVALID, 9), OK);
    expect_none(0x3ff);
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], 0);
    assert_int_equal(p2m_unmap(p2m, G(0x200), MFN_INVALID, 9), E_NOENT);
}

static void test_unmap_a_block_whole(void **state)
{
    assert_int_equal(p2m_map(p2m, G(0x200), M(0x9200), 9, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p2m, G(0x200), M(0x9200), 9), OK);
    expect_none(0x200);
    assert_int_equal(p2m->nr_tables, 3);
    assert_int_equal(fake_tlb.vmid, 1);
    assert_int_equal(p2m_map(p2m, G(ONE_GIB), M(2 * ONE_GIB), 18, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p2m, G(ONE_GIB + TWO_MIB), M(2 * ONE_GIB + TWO_MIB), 9), OK);
    expect_none(ONE_GIB + TWO_MIB);
    expect_map(ONE_GIB, 2 * ONE_GIB, P2M_DEVICE, 9);
}

static void test_unmap_ram(void **state)
{
    struct p2m_run run[3];
    u32 nr_runs, done;
    assert_int_equal(p2m_map(p2m, G(0x200), M(0x9200), 9, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x400), M(0x9400), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x401), M(0x7000), 0, P2M_RAM_RO), OK);
    assert_int_equal(p2m_map(p2m, G(0x402), M(0x7002), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x403), M(0x8000), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x404), M(0x9000), 0, P2M_DEVICE), OK);

    /* The block and the page after it are neighbours in the machine, too. */
    assert_int_equal(p2m_unmap_ram(p2m, G(0x200), 0x206, run, 3, &nr_runs, &done), OK);
    assert_int_equal(done, 0x203);
    assert_int_equal(nr_runs, 3);
    assert_int_equal(run[0].first.mfn, 0x9200);
    assert_int_equal(run[0].nr, 0x201);
    assert_int_equal(run[1].first.mfn, 0x7000);
    assert_int_equal(run[1].nr, 1);
    assert_int_equal(run[2].first.mfn, 0x7002);
    assert_int_equal(p2m_unmap_ram(p2m, G(0x403), 3, run, 3, &nr_runs, &done), OK);
    assert_int_equal(done, 1);
    assert_int_equal(run[0].first.mfn, 0x8000);
    assert_int_equal(p2m_unmap_ram(p2m, G(0x404), 2, run, 3, &nr_runs, &done), E_NOENT);
    assert_int_equal(done, 0);
    assert_int_equal(p2m_unmap_ram(p2m, G(0x405), 2, run, 3, &nr_runs, &done), E_NOENT);
    assert_int_equal(p2m_unmap_ram(p2m, G(P2M_GFN_END - 1), 2, run, 3, &nr_runs, &done), E_NOENT);
    assert_int_equal(p2m_unmap_ram(p2m, G(P2M_GFN_END), 1, run, 3, &nr_runs, &done), E_NOENT);
    expect_map(0x404, 0x9000, P2M_DEVICE, 0);
    assert_int_equal(p2m_map(p2m, G(P2M_GFN_END - 1), M(0x7000), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_unmap_ram(p2m, G(P2M_GFN_END - 1), 2, run, 3, &nr_runs, &done), E_NOENT);
    assert_int_equal(p2m_unmap_ram(p2m, G(P2M_GFN_END - 1), 1, run, 3, &nr_runs, &done), OK);
    assert_int_equal(p2m->nr_leaves[P2M_RAM_RW] + p2m->nr_leaves[P2M_RAM_RO], 0);
}

static void test_unmap_ram_cuts_blocks(void **state)
{
    struct p2m_run run[2];
    u32 nr_runs, done;
    assert_int_equal(p2m_map(p2m, G(ONE_GIB), M(2 * ONE_GIB), 18, P2M_RAM_RW), OK);
    /* From within one 2 MiB piece over a whole one into a third. */
    assert_int_equal(p2m_unmap_ram(p2m, G(ONE_GIB + 510), 516, run, 2, &nr_runs, &done), OK);
    assert_int_equal(nr_runs, 1);
    assert_int_equal(run[0].first.mfn, 2 * ONE_GIB + 510);
    assert_int_equal(run[0].nr, 516);
    assert_int_equal(done, 516);
    expect_map(ONE_GIB + 509, 2 * ONE_GIB + 509, P2M_RAM_RW, 0);
    expect_none(ONE_GIB + 510);
    expect_none(ONE_GIB + 1025);
    expect_map(ONE_GIB + 1026, 2 * ONE_GIB + 1026, P2M_RAM_RW, 0);
    expect_map(ONE_GIB + 1536, 2 * ONE_GIB + 1536, P2M_RAM_RW, 9);
    assert_int_equal(p2m->nr_tables, 5);
    /* No memory for the cut: nothing happens. */
    fake_fail_after(0);
    assert_int_equal(p2m_unmap_ram(p2m, G(ONE_GIB + 1540), 1, run, 2, &nr_runs, &done), E_NOMEM);
    assert_int_equal(done, 0);
    fake_fail_never();
    expect_map(ONE_GIB + 1540, 2 * ONE_GIB + 1540, P2M_RAM_RW, 9);
}

static void test_unmap_ram_is_bounded(void **state)
{
    struct p2m_run run[1];
    u32 nr_runs, done;
    assert_int_equal(p2m_map(p2m, G(0), M(0x9000), 8, P2M_RAM_RW), OK);
    assert_int_equal(p2m_unmap_ram(p2m, G(0), 256, run, 1, &nr_runs, &done), OK);
    assert_int_equal(done, 32);
    assert_int_equal(run[0].nr, 32);
    expect_map(32, 0x9020, P2M_RAM_RW, 0);
}

/* --- bounds and shortage --- */

static void test_table_bound(void **state)
{
    assert_int_equal(p2m_set_max_tables(p2m, 1), E_BUSY);
    assert_int_equal(p2m_set_max_tables(p2m, 2), OK);
    assert_int_equal(p2m_set_max_tables(p2m, 3), OK);
    assert_int_equal(p2m_map(p2m, G(0), M(0x9000), 0, P2M_DEVICE), E_NOMEM);
    expect_none(0);
    assert_int_equal(p2m->nr_tables, 3);
    assert_int_equal(p2m_map(p2m, G(0), M(0x9000), 9, P2M_DEVICE), OK);
    assert_int_equal(p2m_unmap(p2m, G(1), MFN_INVALID, 0), E_NOMEM);
    expect_map(1, 0x9001, P2M_DEVICE, 9);
    assert_int_equal(p2m_set_max_tables(p2m, 4), OK);
    assert_int_equal(p2m_unmap(p2m, G(1), MFN_INVALID, 0), OK);
    assert_int_equal(p2m_set_max_tables(p2m, 3), E_BUSY);
}

static void test_no_memory_keeps_the_old_state(void **state)
{
    assert_int_equal(p2m_map(p2m, G(0), M(0x9000), 9, P2M_DEVICE), OK);
    fake_fail_after(0);
    assert_int_equal(p2m_map(p2m, G(3), M(0x8000), 0, P2M_DEVICE), E_NOMEM);
    assert_int_equal(p2m_map(p2m, G(ONE_GIB), M(0x8000), 0, P2M_DEVICE), E_NOMEM);
    expect_map(3, 0x9003, P2M_DEVICE, 9);
    expect_none(ONE_GIB);
    struct p2m *none;
    assert_int_equal(p2m_create(other, &none), E_NOMEM);
    fake_fail_after(1);
    assert_int_equal(p2m_create(other, &none), E_NOMEM);
}

static void test_reserve(void **state)
{
    assert_int_equal(p2m_reserve(p2m, G(7), 0), OK);
    assert_int_equal(p2m->nr_tables, 4);
    expect_none(7);
    fake_fail_after(0);
    assert_int_equal(p2m_map(p2m, G(7), M(0x9000), 0, P2M_DEVICE), OK);
    assert_int_equal(p2m_reserve(p2m, G(ONE_GIB), 9), E_NOMEM);
    assert_int_equal(p2m_reserve(p2m, G(ONE_GIB), 18), OK);
    assert_int_equal(p2m_reserve(p2m, G(1), 9), E_INVAL);
}

static void test_empty(void **state)
{
    assert_true(p2m_is_empty(p2m, G(0), 18));
    assert_int_equal(p2m_map(p2m, G(515), M(0x9000), 0, P2M_DEVICE), OK);
    assert_false(p2m_is_empty(p2m, G(515), 0));
    assert_true(p2m_is_empty(p2m, G(512), 0));
    assert_false(p2m_is_empty(p2m, G(512), 9));
    assert_true(p2m_is_empty(p2m, G(0), 9));
    assert_false(p2m_is_empty(p2m, G(0), 18));
    assert_true(p2m_is_empty(p2m, G(P2M_GFN_END), 9));
}

/* 256 pages side by side in place of others: they do not all go in one stay, and nothing is written
 * before the last did. */
static void test_map_of_many_slots_restarts(void **state)
{
    for (u32 i = 0; i < 256; i++) {
        assert_int_equal(p2m_map(p2m, G(i), M(0x10000 + 2 * i), 0, P2M_RAM_RW), OK);
    }
    u32 rounds = 0;
    enum err e;
    while ((e = p2m_map(p2m, G(0), M(0x20000), 8, P2M_RAM_RW)) == E_RESTART) {
        rounds++;
        assert_int_equal(p2m->nr_leaves[P2M_RAM_RW], 256 - rounds * 58);
    }
    assert_int_equal(e, OK);
    assert_int_equal(rounds, 4);
    expect_map(255, 0x200ff, P2M_RAM_RW, 0);
}

/* The most that a block can replace: each call removes leaves, though it looks first at all that
 * the calls before have emptied. */
static void test_map_over_full_tables_gets_there(void **state)
{
    for (u32 i = 0; i < 1024; i++) {
        assert_int_equal(p2m_map(p2m, G(ONE_GIB - 1024 + i), M(0x10000 + 2 * i), 0, P2M_RAM_RW),
                         OK);
    }
    for (u32 order = ORDER_2M; order <= ORDER_1G; order += 9) {
        u64 left = p2m->nr_leaves[P2M_RAM_RW];
        enum err e;
        while ((e = p2m_map(p2m, G(align_down(ONE_GIB - 1, 1ULL << order)), M(2 * ONE_GIB), order,
                            P2M_RAM_RW)) == E_RESTART) {
            assert_in_range(left - p2m->nr_leaves[P2M_RAM_RW], 8, 140);
            left = p2m->nr_leaves[P2M_RAM_RW];
        }
        assert_int_equal(e, OK);
    }
    assert_int_equal(p2m->nr_tables, 2);
}

/* So many references under a block that it takes several calls; each makes progress. */
static void test_map_over_much_restarts(void **state)
{
    struct frame *f = guest_page(other);
    for (u32 i = 0; i < 1024; i++) {
        assert_true(frame_get(f, other));
        assert_int_equal(p2m_map(p2m, G(i), frame_to_mfn(f), 0, P2M_FOREIGN_RO), OK);
    }
    assert_int_equal(f->refs, FRAME_OWNED + 1024);
    u32 rounds = 0, refs = f->refs;
    enum err e;
    while ((e = p2m_map(p2m, G(0), M(2 * ONE_GIB), 18, P2M_RAM_RW)) == E_RESTART) {
        assert_true(f->refs < refs);
        refs = f->refs;
        rounds++;
    }
    assert_int_equal(e, OK);
    assert_in_range(rounds, 3, 40);
    assert_int_equal(f->refs, FRAME_OWNED);
    expect_map(1000, 2 * ONE_GIB + 1000, P2M_RAM_RW, 18);
    assert_int_equal(p2m->nr_tables, 2);
    drop(f);
}

static void test_relinquish_in_steps(void **state)
{
    struct frame *f = guest_page(other);
    for (u32 i = 0; i < 600; i++) {
        assert_true(frame_get(f, other));
        assert_int_equal(p2m_map(p2m, G(i * 3), frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    }
    assert_int_equal(p2m_map(p2m, G(512 * ONE_GIB), M(0), 18, P2M_RAM_RW), OK);
    u64 cursor = 0;
    u32 rounds = 0, was = f->refs;
    while (p2m_relinquish(p2m, &cursor, 512) == E_RESTART) {
        /* 29 for a page that is borrowed: no step takes more. */
        assert_true(was - f->refs <= 512 / 29 + 1);
        was = f->refs;
        rounds++;
        assert_true(rounds < 100);
    }
    assert_in_range(rounds, 600 * 29 / 512, 60);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(p2m->nr_tables, 2);
    expect_none(512 * ONE_GIB);
    drop(f);
}

/* A tool maps something into a domain that has begun to die since it looked. */
static void test_relinquish_lets_nobody_map_behind_it(void **state)
{
    struct frame *f = guest_page(other);
    for (u32 i = 0; i < 512; i++) {
        assert_int_equal(p2m_map(p2m, G(i), M(0x10000 + 2 * i), 0, P2M_RAM_RW), OK);
    }
    u64 cursor = 0;
    assert_int_equal(p2m_relinquish(p2m, &cursor, 100), E_RESTART);
    assert_in_range(cursor, 10, 500);
    assert_int_equal(p2m_map(p2m, G(1), frame_to_mfn(f), 0, P2M_FOREIGN_RW), E_NOMEM);
    assert_int_equal(p2m_map(p2m, G(511), frame_to_mfn(f), 0, P2M_FOREIGN_RW), E_NOMEM);
    assert_int_equal(p2m_reserve(p2m, G(1ULL << 20), 0), E_NOMEM);
    relinquish_all();
    assert_int_equal(p2m->nr_tables, 2);
    drop(f);
}

/* Up to the highest page that ever was: a step looks at nothing beyond. */
static void test_relinquish_ends_where_the_domain_does(void **state)
{
    u64 cursor = 0;
    assert_int_equal(p2m_map(p2m, G(3 * ONE_GIB), M(0x10000), 0, P2M_RAM_RW), OK);
    while (p2m_relinquish(p2m, &cursor, 512) == E_RESTART) {
    }
    assert_int_equal(p2m->nr_tables, 2);
    cursor = 0;
    assert_int_equal(p2m_relinquish(p2m, &cursor, 9), OK); /* four empty slots */
}

/* --- reading --- */

static void test_get_page(void **state)
{
    struct frame *f = guest_page(me), *g = guest_page(other), *out = NULL;
    assert_int_equal(p2m_map(p2m, G(1), frame_to_mfn(f), 0, P2M_RAM_RW), OK);
    assert_true(frame_get(g, other));
    assert_int_equal(p2m_map(p2m, G(2), frame_to_mfn(g), 0, P2M_GRANT_RO), OK);
    assert_int_equal(p2m_map(p2m, G(3), M(0x9000), 0, P2M_DEVICE), OK);
    assert_int_equal(p2m_map(p2m, G(4), M(0x9000), 0, P2M_DEVICE_CACHED), OK);
    assert_int_equal(p2m_get_page(p2m, G(1), true, &out), OK);
    assert_ptr_equal(out, f);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    frame_put(f);
    assert_int_equal(p2m_get_page(p2m, G(2), true, &out), E_ACCES);
    assert_int_equal(g->refs, FRAME_OWNED + 1);
    assert_int_equal(p2m_get_page(p2m, G(2), false, &out), OK);
    assert_ptr_equal(out, g);
    frame_put(g);
    assert_int_equal(p2m_get_page(p2m, G(3), false, &out), E_NOENT);
    assert_int_equal(p2m_get_page(p2m, G(4), false, &out), E_NOENT);
    assert_int_equal(p2m_get_page(p2m, G(5), false, &out), E_NOENT);
    /* RAM that is no RAM of the machine's (a device's memory mapped as such by mistake). */
    assert_int_equal(p2m_map(p2m, G(6), M(1), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_get_page(p2m, G(6), false, &out), E_NOENT);
    relinquish_all();
    drop(f);
    drop(g);
}

static void test_allows(void **state)
{
    assert_int_equal(p2m_map(p2m, G(1), M(0x9000), 0, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(2), M(0x9001), 0, P2M_RAM_RO), OK);
    assert_int_equal(p2m_map(p2m, G(3), M(0x9002), 0, P2M_DEVICE), OK);
    const gaddr_t rw = {0x1abc}, ro = {0x2abc}, device = {0x3abc}, none = {0x4abc};
    assert_true(p2m_allows(p2m, rw, true, false));
    assert_true(p2m_allows(p2m, rw, false, true));
    assert_true(p2m_allows(p2m, ro, false, true));
    assert_false(p2m_allows(p2m, ro, true, false));
    assert_true(p2m_allows(p2m, device, true, false));
    assert_false(p2m_allows(p2m, device, false, true));
    assert_false(p2m_allows(p2m, none, false, false));
}

static void test_cache_flush(void **state)
{
    struct frame *f;
    assert_int_equal(frame_alloc(9, &f), OK);
    u64 mfn = frame_to_mfn(f).mfn;
    assert_int_equal(p2m_map(p2m, G(0x200), M(mfn), 9, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(0x600), M(mfn), 0, P2M_RAM_RW), OK);
    cache_host_reset();
    cache_host_dirty(frame_map(f), 512 * PAGE_SIZE);
    cache_host_wrote_code();
    gfn_t at = G(0x210);
    assert_int_equal(p2m_cache_flush(p2m, &at, G(0x250), 32), E_RESTART);
    assert_int_equal(at.gfn, 0x230);
    assert_int_equal(cache_host_lines_cleaned, 32 * 64);
    assert_int_equal(p2m_cache_flush(p2m, &at, G(0x250), 64), OK);
    assert_int_equal(at.gfn, 0x250);
    assert_int_equal(cache_host_lines_cleaned, 64 * 64);
    assert_true(cache_host_is_clean((char *)frame_map(f) + 0x10 * PAGE_SIZE, 0x40 * PAGE_SIZE));
    assert_false(cache_host_is_clean((char *)frame_map(f) + 0xf * PAGE_SIZE, 0x40 * PAGE_SIZE));
    assert_false(cache_host_is_clean((char *)frame_map(f) + 0x10 * PAGE_SIZE, 0x41 * PAGE_SIZE));
    assert_true(cache_host_code_is_coherent());
    /* Holes and devices are passed over, by table where there is none. */
    assert_int_equal(p2m_map(p2m, G(0x601), M(1), 0, P2M_DEVICE), OK);
    at = G(0x400);
    assert_int_equal(p2m_cache_flush(p2m, &at, G(P2M_GFN_END), 1000), OK);
    assert_int_equal(at.gfn, P2M_GFN_END);
    assert_int_equal(cache_host_lines_cleaned, 65 * 64);
    at = G(8 * ONE_GIB);
    assert_int_equal(p2m_cache_flush(p2m, &at, G(P2M_GFN_END), 1), E_RESTART);
    assert_int_equal(at.gfn, 12 * ONE_GIB); /* four holes for a page */
    at = G(5);
    assert_int_equal(p2m_cache_flush(p2m, &at, G(5), 1), OK);
    assert_int_equal(at.gfn, 5);
    relinquish_all();
    frame_free(f, 9);
}

/* --- random changes against a plain array --- */

#define SPACE 2048u
static u32 seed = 4711;

static u32 dice(u32 n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void test_random_changes(void **state)
{
    static u64 model[SPACE]; /* mfn, or 0 */
    memset(model, 0, sizeof(model));
    for (u32 round = 0; round < 3000; round++) {
        u32 order = dice(3) == 0 ? 9 : dice(10);
        u32 gfn = dice(SPACE) & ~((1u << order) - 1);
        if (dice(2)) {
            u64 mfn = (u64)(1 + dice(1000)) << order;
            map_in_stays(gfn, mfn, order, P2M_DEVICE);
            for (u32 i = 0; i < 1u << order; i++) {
                model[gfn + i] = mfn + i;
            }
        } else {
            bool any = false;
            for (u32 i = 0; i < 1u << order; i++) {
                any |= model[gfn + i] != 0;
                model[gfn + i] = 0;
            }
            assert_int_equal(p2m_unmap(p2m, G(gfn), MFN_INVALID, order), any ? OK : E_NOENT);
        }
        for (u32 i = 0; i < 20; i++) {
            u32 at = dice(SPACE);
            mfn_t m;
            enum p2m_type t;
            u32 o;
            enum err e = p2m_lookup(p2m, G(at), &m, &t, &o);
            assert_int_equal(e, model[at] ? OK : E_NOENT);
            if (e == OK) {
                assert_int_equal(m.mfn, model[at]);
            }
        }
    }
    u64 mapped = 0;
    for (u32 i = 0; i < SPACE; i++) {
        mapped += model[i] != 0;
    }
    assert_int_equal(p2m->nr_leaves[P2M_DEVICE], mapped);
}

static void expect_next(u64 from, u64 gfn, u64 mfn, u64 nr_pages, enum p2m_type type)
{
    gfn_t at = G(from);
    struct p2m_leaf leaf;
    u32 looks = 1000;
    assert_int_equal(p2m_next(p2m, &at, &leaf, &looks), OK);
    assert_int_equal(at.gfn, gfn);
    assert_int_equal(leaf.mfn.mfn, mfn);
    assert_int_equal(leaf.nr_pages, nr_pages);
    assert_int_equal(leaf.type, type);
}

static void test_leaf_after_leaf(void **state)
{
    gfn_t at = G(0);
    struct p2m_leaf leaf;
    u32 looks = 10;
    assert_int_equal(p2m_next(p2m, &at, &leaf, &looks), E_NOENT);
    assert_int_equal(p2m_map(p2m, G(0x80003), M(0x100000), 0, P2M_DEVICE), OK);
    assert_int_equal(p2m_map(p2m, G(0x80200), M(0x100400), 9, P2M_RAM_RW), OK);
    assert_int_equal(p2m_map(p2m, G(3 * ONE_GIB), M(ONE_GIB), 18, P2M_RAM_RO), OK);
    expect_next(0x80000, 0x80003, 0x100000, 1, P2M_DEVICE);
    expect_next(0x80003, 0x80003, 0x100000, 1, P2M_DEVICE);
    expect_next(0x80201, 0x80201, 0x100401, 511, P2M_RAM_RW);
    expect_next(0x80400, 3 * ONE_GIB, ONE_GIB, ONE_GIB, P2M_RAM_RO);
    expect_next(4 * ONE_GIB - 1, 4 * ONE_GIB - 1, 2 * ONE_GIB - 1, 1, P2M_RAM_RO);
    at = G(4 * ONE_GIB);
    assert_int_equal(p2m_next(p2m, &at, &leaf, &looks), E_NOENT);
    at = G(P2M_GFN_END);
    assert_int_equal(p2m_next(p2m, &at, &leaf, &looks), E_NOENT);
    at = G(0x80004);
    looks = 3;
    assert_int_equal(p2m_next(p2m, &at, &leaf, &looks), E_RESTART);
    assert_int_equal(looks, 0);
    assert_int_equal(at.gfn, 0x80007);
    looks = 1000;
    assert_int_equal(p2m_next(p2m, &at, &leaf, &looks), OK);
    assert_int_equal(at.gfn, 0x80200);
}

static int start_group(void **state)
{
    fake_machine_init(64, 1);
    p2m_init();
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_descriptors),
        TEST(test_leaf_after_leaf),
        TEST(test_map_each_order),
        TEST(test_map_orders_between),
        TEST(test_map_refuses),
        TEST(test_concatenated_root),
        TEST(test_split_on_unmap),
        TEST(test_map_inside_a_block),
        TEST(test_block_over_tables),
        TEST(test_pages_become_a_block_again),
        TEST(test_pages_that_are_no_block_stay_apart),
        TEST(test_foreign_reference),
        TEST(test_unmap_of_what_is_foreign_only),
        TEST(test_each_type_holds_what_it_says),
        TEST(test_shared_page_is_mapped_once),
        TEST(test_page_is_freed_after_the_flush),
        TEST(test_last_reference_goes_after_the_flush),
        TEST(test_map_while_a_flush_is_owed),
        TEST(test_gather_in_batches),
        TEST(test_unmap_answers),
        TEST(test_unmap_a_block_whole),
        TEST(test_unmap_ram),
        TEST(test_unmap_ram_cuts_blocks),
        TEST(test_unmap_ram_is_bounded),
        TEST(test_table_bound),
        TEST(test_no_memory_keeps_the_old_state),
        TEST(test_reserve),
        TEST(test_empty),
        TEST(test_map_over_much_restarts),
        TEST(test_map_of_many_slots_restarts),
        TEST(test_map_over_full_tables_gets_there),
        TEST(test_relinquish_in_steps),
        TEST(test_relinquish_lets_nobody_map_behind_it),
        TEST(test_relinquish_ends_where_the_domain_does),
        TEST(test_get_page),
        TEST(test_allows),
        TEST(test_cache_flush),
        TEST(test_random_changes),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
