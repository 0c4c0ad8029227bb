/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "cpu/cache_host.h"
#include "sync/spinlock.h"

#define MIB(n)     ((u64)(n) << 20)
#define PAGES(mib) (MIB(mib) / PAGE_SIZE)
#define FIRST      (FAKE_RAM / PAGE_SIZE)

static const domid_t one = {1}, two = {2};
static struct frame *released;
static u32 nr_released;

void frame_up_release(struct frame *f)
{
    assert_int_equal(f->state, FRAME_GUEST);
    released = f;
    nr_released++;
}

static void with_ram(u64 start, u64 bytes)
{
    const struct fake_bank bank = {start, bytes};
    fake_ram_init(&bank, 1);
}

static int start(void **state)
{
    with_ram(FAKE_RAM, MIB(64));
    nr_released = 0;
    released = NULL;
    return 0;
}

static int end(void **state)
{
    fake_fail_never();
    assert_int_equal(lock_nr_held(), 0);
    fake_ram_fini();
    return 0;
}

static struct frame *alloc(u32 order)
{
    struct frame *f = NULL;
    assert_int_equal(frame_alloc(order, &f), OK);
    assert_int_equal(f->state, FRAME_HEAP);
    assert_int_equal(f->order, order);
    assert_int_equal(f->refs, 0);
    assert_int_equal(f->owner, FRAME_NO_OWNER.id);
    assert_int_equal(frame_to_mfn(f).mfn % (1u << order), 0);
    return f;
}

static void test_numbers_and_views(void **state)
{
    struct frame *f = mfn_to_frame((mfn_t){FIRST + 5});
    assert_non_null(f);
    assert_int_equal(frame_to_mfn(f).mfn, FIRST + 5);
    assert_int_equal(frame_to_maddr(f).m, FAKE_RAM + 5 * PAGE_SIZE);
    assert_ptr_equal(frame_map(f), fake_ram((maddr_t){FAKE_RAM + 5 * PAGE_SIZE}));
    assert_ptr_equal(frame_of((char *)frame_map(f) + 17), f);
    assert_null(mfn_to_frame((mfn_t){FIRST - 1}));
    assert_non_null(mfn_to_frame((mfn_t){FIRST}));
    assert_non_null(mfn_to_frame((mfn_t){FIRST + PAGES(64) - 1}));
    assert_null(mfn_to_frame((mfn_t){FIRST + PAGES(64)}));
    assert_null(mfn_to_frame(MFN_INVALID));
    assert_int_equal(frame_end().mfn, FIRST + PAGES(64));
    assert_int_equal(frame_nr_total(), PAGES(64));
    assert_int_equal(frame_nr_free(), PAGES(64));
}

static void test_alloc_and_free_each_order(void **state)
{
    for (u32 order = 0; order <= 14; order++) {
        struct frame *f = alloc(order);
        assert_int_equal(frame_nr_free(), PAGES(64) - (1u << order));
        frame_free(f, order);
        assert_int_equal(frame_nr_free(), PAGES(64));
    }
    struct frame *f;
    assert_int_equal(frame_alloc(15, &f), E_NOMEM);
    assert_int_equal(frame_alloc(FRAME_MAX_ORDER + 1, &f), E_INVAL);
}

static void test_exhaustion_and_merging(void **state)
{
    static struct frame *all[PAGES(64)];
    for (u32 i = 0; i < PAGES(64); i++) {
        all[i] = alloc(0);
        for (u32 j = i > 4 ? i - 4 : 0; j < i; j++) {
            assert_ptr_not_equal(all[i], all[j]);
        }
    }
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), E_NOMEM);
    assert_int_equal(frame_nr_free(), 0);
    /* Every second one, then the others: nothing larger than a page until the buddies come. */
    for (u32 i = 0; i < PAGES(64); i++) {
        if (frame_to_mfn(all[i]).mfn % 2 == 0) {
            frame_free(all[i], 0);
        }
    }
    assert_int_equal(frame_alloc(1, &f), E_NOMEM);
    assert_int_equal(frame_nr_free(), PAGES(64) / 2);
    for (u32 i = 0; i < PAGES(64); i++) {
        if (frame_to_mfn(all[i]).mfn % 2 == 1) {
            frame_free(all[i], 0);
        }
    }
    f = alloc(14);
    assert_int_equal(frame_to_mfn(f).mfn, FIRST);
    frame_free(f, 14);
}

static void test_free_checks(void **state)
{
    struct frame *f = alloc(2);
    expect_panic(frame_free(f, 1), "check failed");
    frame_free(f, 2);
    expect_panic(frame_free(f, 2), "check failed");
    f = alloc(0);
    f->refs = 1;
    expect_panic(frame_free(f, 0), "check failed");
    f->refs = 0;
    frame_free(f, 0);
}

static void test_zeroed(void **state)
{
    struct frame *f = alloc(4);
    memset(frame_map(f), 0xee, PAGE_SIZE << 4);
    frame_free(f, 4);
    struct frame *g;
    assert_int_equal(frame_alloc_zeroed(4, &g), OK);
    assert_ptr_equal(f, g);
    const u8 *va = frame_map(g);
    for (u32 i = 0; i < PAGE_SIZE << 4; i++) {
        assert_int_equal(va[i], 0);
    }
    frame_free(g, 4);
    expect_panic(err_ignore(frame_alloc_zeroed(5, &g)), "check failed");
    fake_fail_after(0);
    assert_int_equal(frame_alloc_zeroed(0, &g), E_NOMEM);
}

/* --- the pool of what is zeroed --- */

static bool alloc_guest(u32 order, struct frame **f)
{
    bool is_zeroed = true;
    assert_int_equal(frame_alloc_either(order, &is_zeroed, f), OK);
    return is_zeroed;
}

static void fill_pool(void)
{
    while (frame_wants_zeroing()) {
        frame_zero_some();
    }
}

static void test_an_idle_cpu_zeroes_an_eighth(void **state)
{
    memset(fake_ram((maddr_t){FAKE_RAM}), 0xee, MIB(64));
    cache_host_dirty(fake_ram((maddr_t){FAKE_RAM}), MIB(64));
    struct frame *f[16];
    assert_false(alloc_guest(0, &f[0]));
    frame_free(f[0], 0);
    u32 steps = 0;
    while (frame_wants_zeroing()) {
        frame_zero_some();
        steps++;
        assert_int_equal(frame_nr_free(), PAGES(64));
    }
    assert_int_equal(steps, PAGES(8) / 8);
    /* Guests get them first, whole; the hypervisor takes what is dirty. */
    struct frame *heap = alloc(9);
    for (u32 i = 0; i < 4; i++) {
        assert_true(alloc_guest(9, &f[i]));
        assert_true(cache_host_is_clean(frame_map(f[i]), MIB(2)));
        const u64 *word = frame_map(f[i]);
        for (u64 w = 0; w < MIB(2) / sizeof(*word); w++) {
            assert_int_equal(word[w], 0);
        }
    }
    assert_false(alloc_guest(9, &f[4]));
    assert_true(frame_wants_zeroing());
    for (u32 i = 0; i < 5; i++) {
        frame_free(f[i], 9);
    }
    frame_free(heap, 9);
    struct frame *all = alloc(14); /* all dirty, all one block again */
    frame_free(all, 14);
    assert_false(alloc_guest(0, &f[0]));
    frame_free(f[0], 0);
}

/* What is given back makes its neighbours dirty within 2 MiB, and not beyond. */
static void test_zeroed_and_dirty_neighbours(void **state)
{
    fill_pool();
    struct frame *f;
    struct frame *g;
    assert_true(alloc_guest(0, &f));
    frame_free(f, 0);
    assert_true(alloc_guest(9, &f)); /* one of the three that are left */
    assert_true(alloc_guest(9, &g));
    frame_free(f, 9);
    frame_free(g, 9);
    assert_true(alloc_guest(9, &f));
    assert_false(alloc_guest(9, &g));
    frame_free(f, 9);
    frame_free(g, 9);
    fill_pool();
    assert_int_equal(frame_nr_free(), PAGES(64));
    for (u32 i = 0; i < 8; i++) {
        assert_true(alloc_guest(8, &f));
    }
}

/* The last dirty page too; and each kind serves for the other when it has run out. */
static void test_one_kind_for_the_other(void **state)
{
    fake_ram_fini();
    with_ram(FAKE_RAM, MIB(1));
    struct frame *f[256];
    for (u32 i = 0; i < 255; i++) {
        f[i] = alloc(0);
    }
    assert_true(frame_wants_zeroing());
    frame_zero_some();
    assert_false(frame_wants_zeroing());
    frame_zero_some(); /* nothing left to do */
    f[255] = alloc(0);
    assert_int_equal(frame_nr_free(), 0);
    assert_false(frame_wants_zeroing());
    struct frame *none;
    assert_int_equal(frame_alloc_zeroed(0, &none), E_NOMEM);
    for (u32 i = 0; i < 256; i++) {
        frame_free(f[i], 0);
    }
    assert_false(alloc_guest(8, &f[0]));
}

/* A part of a zeroed block that is taken by address leaves the rest zeroed. */
static void test_taken_out_of_a_zeroed_block(void **state)
{
    fill_pool();
    struct frame *f;
    assert_true(alloc_guest(9, &f));
    const mfn_t first = frame_to_mfn(f);
    frame_free(f, 9);
    fill_pool();
    assert_int_equal(frame_take(mfn_add(first, 5), 0, &f), OK);
    u32 zeroed = 0;
    while (alloc_guest(0, &f)) {
        zeroed++;
    }
    assert_int_equal(zeroed, PAGES(8) - 1);
}

static void test_fault_injection(void **state)
{
    struct frame *f;
    fake_fail_after(2);
    frame_free(alloc(0), 0);
    frame_free(alloc(3), 3);
    assert_int_equal(frame_alloc(0, &f), E_NOMEM);
    assert_int_equal(frame_nr_free(), PAGES(64));
}

/* RAM that starts and ends anywhere: buddies outside of it are never looked at. */
static void test_ragged_bank(void **state)
{
    with_ram(FAKE_RAM + 3 * PAGE_SIZE + 100, 1029 * PAGE_SIZE);
    /* The first page is not whole, nor the last. */
    assert_int_equal(frame_nr_total(), 1028);
    assert_int_equal(frame_nr_free(), 1028);
    assert_null(mfn_to_frame((mfn_t){FIRST + 3}));
    assert_non_null(mfn_to_frame((mfn_t){FIRST + 4}));
    static struct frame *all[1028];
    for (u32 i = 0; i < 1028; i++) {
        all[i] = alloc(0);
    }
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), E_NOMEM);
    for (u32 i = 0; i < 1028; i++) {
        frame_free(all[(i * 515) % 1028], 0);
    }
    assert_int_equal(frame_nr_free(), 1028);
    f = alloc(9);
    assert_int_equal(frame_to_mfn(f).mfn, FIRST + 512);
    frame_free(f, 9);
}

static void test_two_banks(void **state)
{
    const struct fake_bank bank[2] = {{FAKE_RAM, MIB(4)}, {FAKE_RAM + MIB(16), MIB(8)}};
    fake_ram_init(bank, 2);
    assert_int_equal(frame_nr_total(), PAGES(12));
    assert_int_equal(frame_end().mfn, FIRST + PAGES(24));
    assert_null(mfn_to_frame((mfn_t){FIRST + PAGES(4)}));
    assert_null(mfn_to_frame((mfn_t){FIRST + PAGES(16) - 1}));
    assert_non_null(mfn_to_frame((mfn_t){FIRST + PAGES(16)}));
    struct frame *a = alloc(10), *b = alloc(10), *c = alloc(10);
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), E_NOMEM);
    frame_free(a, 10);
    frame_free(b, 10);
    frame_free(c, 10);
    /* The second bank's halves have become one, across no bank's end. */
    f = alloc(11);
    assert_int_equal(frame_to_mfn(f).mfn % 2048, 0);
    frame_free(f, 11);
    assert_int_equal(frame_alloc(12, &f), E_NOMEM);
}

static void test_adjacent_banks_merge(void **state)
{
    const struct fake_bank bank[2] = {{FAKE_RAM, MIB(4)}, {FAKE_RAM + MIB(4), MIB(4)}};
    fake_ram_init(bank, 2);
    struct frame *f = alloc(11);
    assert_int_equal(frame_to_mfn(f).mfn, FIRST);
    frame_free(f, 11);
}

static void test_too_many_banks(void **state)
{
    frame_reset();
    /* No whole page, or none at all: not a bank. */
    assert_int_equal(frame_add_ram((maddr_t){FAKE_RAM + 100}, 200), OK);
    assert_int_equal(frame_add_ram((maddr_t){FAKE_RAM}, PAGE_SIZE - 1), OK);
    for (u32 i = 0; i < 32; i++) {
        assert_int_equal(frame_add_ram((maddr_t){FAKE_RAM + i * 2 * PAGE_SIZE}, PAGE_SIZE), OK);
    }
    assert_int_equal(frame_add_ram((maddr_t){FAKE_RAM + MIB(1)}, PAGE_SIZE), E_NOSPC);
    assert_int_equal(frame_nr_free(), 32);
}

static void test_reserve(void **state)
{
    /* From within a page to within a page: both are reserved. */
    frame_reserve((maddr_t){FAKE_RAM + MIB(1) + 10}, 3 * PAGE_SIZE);
    assert_int_equal(frame_nr_free(), PAGES(64) - 4);
    for (u32 i = 0; i < 4; i++) {
        struct frame *f;
        assert_int_equal(frame_take((mfn_t){FIRST + 256 + i}, 0, &f), E_BUSY);
    }
    assert_int_equal(mfn_to_frame((mfn_t){FIRST + 256})->state, FRAME_RESERVED);
    /* What is reserved already, and what is no RAM, is passed over. */
    frame_reserve((maddr_t){FAKE_RAM + MIB(1) - PAGE_SIZE}, 8 * PAGE_SIZE);
    assert_int_equal(frame_nr_free(), PAGES(64) - 8);
    frame_reserve((maddr_t){FAKE_RAM - MIB(1)}, MIB(1) + PAGE_SIZE);
    assert_int_equal(frame_nr_free(), PAGES(64) - 9);
    frame_reserve((maddr_t){FAKE_RAM + MIB(64) - PAGE_SIZE}, MIB(1));
    assert_int_equal(frame_nr_free(), PAGES(64) - 10);
    assert_int_equal(frame_nr_total(), PAGES(64));

    frame_unreserve((maddr_t){FAKE_RAM + MIB(1) - PAGE_SIZE}, 8 * PAGE_SIZE);
    assert_int_equal(frame_nr_free(), PAGES(64) - 2);
    frame_unreserve((maddr_t){FAKE_RAM}, MIB(64));
    assert_int_equal(frame_nr_free(), PAGES(64));
    frame_free(alloc(14), 14);
}

static void test_reserve_in_the_second_bank(void **state)
{
    const struct fake_bank bank[2] = {{FAKE_RAM, MIB(4)}, {FAKE_RAM + MIB(16), MIB(8)}};
    fake_ram_init(bank, 2);
    frame_reserve((maddr_t){FAKE_RAM + MIB(3)}, MIB(14));
    assert_int_equal(frame_nr_free(), PAGES(10));
    struct frame *f;
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(17) - 1}, 0, &f), E_BUSY);
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(17)}, 8, &f), OK);
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(3)}, 0, &f), E_BUSY);
}

static void test_find_owner(void **state)
{
    domid_t owner = {77};
    assert_false(frame_find_owner((mfn_t){FIRST - 1}, &owner));
    assert_false(frame_find_owner((mfn_t){FIRST}, &owner));
    struct frame *f = alloc(1);
    assert_false(frame_find_owner(frame_to_mfn(f), &owner));
    assert_int_equal(owner.id, 77);
    frame_assign_run(f, 2, two);
    assert_true(frame_find_owner(frame_to_mfn(f + 1), &owner));
    assert_int_equal(owner.id, 2);
}

static void test_reserve_does_not_touch_what_is_used(void **state)
{
    struct frame *f = alloc(0);
    u64 at = frame_to_maddr(f).m;
    frame_reserve((maddr_t){at}, PAGE_SIZE);
    assert_int_equal(f->state, FRAME_HEAP);
    frame_unreserve((maddr_t){at}, PAGE_SIZE);
    assert_int_equal(f->state, FRAME_HEAP);
    assert_int_equal(frame_nr_free(), PAGES(64) - 1);
    frame_free(f, 0);
    frame_free(alloc(14), 14);
}

static void test_unreserve_a_part(void **state)
{
    frame_reserve((maddr_t){FAKE_RAM}, MIB(4));
    frame_unreserve((maddr_t){FAKE_RAM + MIB(1)}, MIB(2) + 1);
    assert_int_equal(frame_nr_free(), PAGES(64) - PAGES(2) + 1);
    struct frame *f;
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(3)}, 0, &f), OK);
    frame_free(f, 0);
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(3) + 1}, 0, &f), E_BUSY);
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(1) - 1}, 0, &f), E_BUSY);
    assert_int_equal(frame_take((mfn_t){FIRST + PAGES(1)}, 8, &f), OK);
    frame_free(f, 8);
    frame_unreserve((maddr_t){FAKE_RAM}, MIB(4));
    assert_int_equal(frame_nr_free(), PAGES(64));
}

static void test_take(void **state)
{
    struct frame *f, *g;
    assert_int_equal(frame_take((mfn_t){FIRST + 512}, 9, &f), OK);
    assert_int_equal(frame_to_mfn(f).mfn, FIRST + 512);
    assert_int_equal(f->state, FRAME_HEAP);
    assert_int_equal(f->order, 9);
    assert_int_equal(frame_nr_free(), PAGES(64) - 512);
    assert_int_equal(frame_take((mfn_t){FIRST + 512}, 9, &g), E_BUSY);
    assert_int_equal(frame_take((mfn_t){FIRST + 600}, 0, &g), E_BUSY);
    assert_int_equal(frame_take((mfn_t){FIRST}, 10, &g), E_BUSY);
    assert_int_equal(frame_take((mfn_t){FIRST}, 9, &g), OK);
    assert_int_equal(frame_take((mfn_t){FIRST + 1}, 1, &g), E_INVAL);
    assert_int_equal(frame_take((mfn_t){FIRST - 512}, 9, &g), E_INVAL);
    assert_int_equal(frame_take((mfn_t){0}, FRAME_MAX_ORDER + 1, &g), E_INVAL);
    frame_free(f, 9);
    frame_free(mfn_to_frame((mfn_t){FIRST}), 9);
    frame_free(alloc(14), 14);
}

static void test_split(void **state)
{
    struct frame *f = alloc(5);
    memset(f + 1, 0x77, 31 * sizeof(*f));
    frame_split(f, 5, 0);
    for (u32 i = 0; i < 32; i++) {
        assert_int_equal(f[i].state, FRAME_HEAP);
        assert_int_equal(f[i].order, 0);
        assert_int_equal(f[i].refs, 0);
    }
    for (u32 i = 0; i < 32; i++) {
        frame_free(&f[(i * 5) % 32], 0);
    }
    frame_free(alloc(14), 14);

    f = alloc(11);
    frame_split(f, 11, 9);
    for (u32 i = 0; i < 4; i++) {
        assert_int_equal(f[i * 512].order, 9);
        frame_free(&f[i * 512], 9);
    }
    assert_int_equal(frame_nr_free(), PAGES(64));
    f = alloc(1);
    expect_panic(frame_split(f, 2, 0), "check failed");
    expect_panic(frame_split(f, 1, 2), "check failed");
    frame_free(f, 1);
}

static void test_free_range(void **state)
{
    struct frame *f = alloc(6);
    frame_split(f, 6, 0);
    frame_free(&f[0], 0);
    frame_free_range(&f[1], 62);
    assert_int_equal(frame_nr_free(), PAGES(64) - 1);
    frame_free_range(&f[63], 1);
    assert_int_equal(frame_nr_free(), PAGES(64));
    frame_free(alloc(14), 14);
}

static void test_assign_run(void **state)
{
    struct frame *f = alloc(3);
    u32 first = (u32)frame_to_mfn(f).mfn;
    memset(f + 1, 0x77, 7 * sizeof(*f));
    frame_assign_run(f, 8, one);
    for (u32 i = 0; i < 8; i++) {
        assert_int_equal(f[i].state, FRAME_GUEST);
        assert_int_equal(f[i].owner, 1);
        assert_int_equal(f[i].refs, FRAME_OWNED);
        assert_int_equal(f[i].order, 0);
        assert_int_equal(f[i].gfn, FRAME_NO_GFN);
        assert_int_equal(f[i].writable_maps, 0);
        assert_int_equal(f[i].next, i < 7 ? first + i + 1 : FRAME_NIL);
        assert_int_equal(f[i].prev, i > 0 ? first + i - 1 : FRAME_NIL);
        assert_true(frame_is_owned((mfn_t){first + i}, one));
        assert_false(frame_is_owned((mfn_t){first + i}, two));
    }
    assert_false(frame_is_owned((mfn_t){first + 8}, one));
}

/* A number that a guest chose: records that were never written are not believed, whatever is in
 * them. */
static void test_is_owned_reads_no_junk(void **state)
{
    struct frame junk = {.refs = FRAME_OWNED, .owner = 1, .state = FRAME_GUEST};
    for (u32 i = 1; i < PAGES(64); i++) {
        *mfn_to_frame((mfn_t){FIRST + i}) = junk;
    }
    for (u32 i = 0; i < PAGES(64); i += 7) {
        assert_false(frame_is_owned((mfn_t){FIRST + i}, one));
    }
    assert_false(frame_is_owned((mfn_t){FIRST - 1}, one));
    assert_false(frame_is_owned((mfn_t){~0ULL}, one));
    struct frame *f = alloc(0);
    frame_assign_run(f, 1, one);
    assert_true(frame_is_owned(frame_to_mfn(f), one));
    assert_int_equal(frame_drop_owner(f), DROP_LAST);
    assert_false(frame_is_owned(frame_to_mfn(f), one));
}

static void test_references(void **state)
{
    struct frame *f = alloc(0);
    assert_false(frame_get(f, one)); /* HEAP */
    assert_int_equal(f->refs, 0);
    frame_assign_run(f, 1, one);
    assert_false(frame_get(f, two));
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_true(frame_get(f, one));
    assert_true(frame_get(f, one));
    assert_int_equal(f->refs, FRAME_OWNED + 2);
    frame_put(f);
    assert_int_equal(frame_drop_owner(f), DROP_HELD);
    assert_int_equal(frame_drop_owner(f), DROP_GONE);
    assert_int_equal(f->refs, 1);
    assert_true(frame_get(f, one));
    frame_put(f);
    assert_int_equal(nr_released, 0);
    frame_put(f);
    assert_int_equal(nr_released, 1);
    assert_ptr_equal(released, f);
    assert_int_equal(f->state, FRAME_FREE);
    assert_int_equal(frame_nr_free(), PAGES(64));
    assert_false(frame_get(f, one));
}

static void test_put_of_nothing_panics(void **state)
{
    struct frame *f = alloc(0);
    frame_assign_run(f, 1, one);
    expect_panic(frame_put(f), "check failed");
    struct frame *g = alloc(0);
    expect_panic(frame_put(g), "check failed");
}

static void test_count_does_not_wrap(void **state)
{
    struct frame *f = alloc(0);
    frame_assign_run(f, 1, one);
    f->refs = FRAME_OWNED + 0x7ffffffe;
    assert_true(frame_get(f, one));
    assert_false(frame_get(f, one));
    assert_int_equal(f->refs, 0xffffffff);
    f->refs = 0x7fffffff;
    assert_false(frame_get(f, one));
}

static void test_shared(void **state)
{
    struct frame *f = alloc(0);
    f->gfn = 7;
    frame_share(f, two);
    assert_int_equal(f->state, FRAME_SHARED);
    assert_int_equal(f->owner, 2);
    assert_int_equal(f->refs, 1);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(f->private, 0);
    assert_int_equal(f->gfn, FRAME_NO_GFN);
    assert_false(frame_is_owned(frame_to_mfn(f), two));
    assert_true(frame_get(f, two));
    frame_unshare(f);
    assert_int_equal(f->state, FRAME_SHARED);
    assert_int_equal(f->owner, FRAME_NO_OWNER.id);
    assert_false(frame_get(f, two));
    assert_int_equal(f->refs, 1);
    frame_put(f);
    assert_int_equal(nr_released, 0);
    assert_int_equal(frame_nr_free(), PAGES(64));
    expect_panic(frame_unshare(f), "check failed");
    expect_panic(frame_share(f, two), "check failed");
}

/* Random blocks against a map of who has what. */
static u32 seed = 12345;

static u32 dice(u32 n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void test_random_blocks(void **state)
{
    static u8 used[PAGES(64)];
    static struct {
        struct frame *f;
        u32 order;
    } block[400];
    memset(used, 0, sizeof(used));
    memset(block, 0, sizeof(block));
    u64 nr_free = PAGES(64);
    for (u32 round = 0; round < 20000; round++) {
        u32 n = dice(ARRAY_LEN(block));
        if (block[n].f) {
            memset(&used[frame_to_mfn(block[n].f).mfn - FIRST], 0, 1u << block[n].order);
            nr_free += 1u << block[n].order;
            frame_free(block[n].f, block[n].order);
            block[n].f = NULL;
        } else {
            u32 order = dice(10);
            if (frame_alloc(order, &block[n].f) != OK) {
                block[n].f = NULL;
                continue;
            }
            block[n].order = order;
            u32 at = (u32)(frame_to_mfn(block[n].f).mfn - FIRST);
            for (u32 i = at; i < at + (1u << order); i++) {
                assert_int_equal(used[i], 0);
                used[i] = 1;
            }
            nr_free -= 1u << order;
        }
        assert_int_equal(frame_nr_free(), nr_free);
    }
    for (u32 n = 0; n < ARRAY_LEN(block); n++) {
        if (block[n].f) {
            frame_free(block[n].f, block[n].order);
        }
    }
    frame_free(alloc(14), 14);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_numbers_and_views),
        TEST(test_alloc_and_free_each_order),
        TEST(test_exhaustion_and_merging),
        TEST(test_free_checks),
        TEST(test_zeroed),
        TEST(test_an_idle_cpu_zeroes_an_eighth),
        TEST(test_zeroed_and_dirty_neighbours),
        TEST(test_one_kind_for_the_other),
        TEST(test_taken_out_of_a_zeroed_block),
        TEST(test_fault_injection),
        TEST(test_ragged_bank),
        TEST(test_two_banks),
        TEST(test_adjacent_banks_merge),
        TEST(test_too_many_banks),
        TEST(test_reserve),
        TEST(test_reserve_in_the_second_bank),
        TEST(test_find_owner),
        TEST(test_reserve_does_not_touch_what_is_used),
        TEST(test_unreserve_a_part),
        TEST(test_take),
        TEST(test_split),
        TEST(test_free_range),
        TEST(test_assign_run),
        TEST(test_is_owned_reads_no_junk),
        TEST(test_references),
        TEST(test_put_of_nothing_panics),
        TEST(test_count_does_not_wrap),
        TEST(test_shared),
        TEST(test_random_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
