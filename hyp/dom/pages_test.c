/* SPDX-License-Identifier: MIT */
#include "test/host/fake_domain.h"

#include "sync/spinlock.h"

static struct fake_account before;
static struct domain *d;

static int start(void **state)
{
    before = fake_account();
    fake_domains_gone = 0;
    d = fake_domain(1, false, false, 4096);
    return 0;
}

static int end(void **state)
{
    fake_fail_never();
    if (d) {
        fake_kill(d);
    }
    assert_int_equal(fake_domains_gone, 1);
    assert_no_leak(before);
    assert_int_equal(lock_nr_held(), 0);
    return 0;
}

static u32 list_length(void)
{
    u32 n = 0, prev = FRAME_NIL;
    for (u32 i = d->page_list; i != FRAME_NIL; i = frame_table[i].next) {
        assert_int_equal(frame_table[i].prev, prev);
        assert_int_equal(frame_table[i].owner, d->id.id);
        assert_int_equal(frame_table[i].state, FRAME_GUEST);
        prev = i;
        n++;
    }
    return n;
}

static struct frame *add(u32 order)
{
    struct frame *f;
    assert_int_equal(frame_alloc(order, &f), OK);
    assert_int_equal(domain_add_pages(d, f, order), OK);
    return f;
}

/* One page; was it the domain's? */
static bool drop(struct frame *f)
{
    const bool was = f->state == FRAME_GUEST && f->owner == d->id.id && (f->refs & FRAME_OWNED);
    domain_drop_run(d, f, 1);
    return was;
}

static void test_add_and_drop(void **state)
{
    u64 free = frame_nr_free();
    assert_int_equal(d->refs.count, 1);
    struct frame *f = add(3), *g = add(0);
    assert_int_equal(d->nr_pages, 9);
    assert_int_equal(d->refs.count, 2);
    assert_int_equal(list_length(), 9);
    assert_true(drop(&f[2]));
    assert_int_equal(d->nr_pages, 8);
    assert_int_equal(list_length(), 8);
    assert_false(drop(&f[2]));
    assert_true(drop(&f[0]));
    assert_true(drop(&f[7]));
    assert_true(drop(g));
    assert_int_equal(list_length(), 5);
    assert_int_equal(frame_nr_free(), free - 5);
    domain_drop_run(d, &f[1], 1);
    domain_drop_run(d, &f[3], 4);
    assert_int_equal(d->nr_pages, 0);
    assert_int_equal(d->refs.count, 2);
    assert_int_equal(d->page_list, FRAME_NIL);
    assert_int_equal(frame_nr_free(), free);
}

static void test_limit(void **state)
{
    struct frame *f;
    d->max_pages = 9;
    add(3);
    assert_int_equal(frame_alloc(1, &f), OK);
    assert_int_equal(domain_add_pages(d, f, 1), E_NOMEM);
    assert_int_equal(f->state, FRAME_HEAP);
    assert_int_equal(d->nr_pages, 8);
    frame_free(f, 1);
    add(0);
    assert_int_equal(domain_reserve_pages(d, 1), E_NOMEM);
    assert_int_equal(domain_reserve_pages(d, ~0ULL), E_NOMEM);
    assert_int_equal(domain_reserve_pages(d, 0), OK);
    d->max_pages = 0;
    assert_int_equal(domain_reserve_pages(d, 1), E_NOMEM);
    assert_int_equal(d->nr_pages, 9);
}

static void test_borrowed_page_stays_counted(void **state)
{
    u64 free = frame_nr_free();
    struct frame *f = add(2);
    assert_true(frame_get(&f[1], d->id));
    domain_drop_run(d, f, 4);
    assert_int_equal(d->nr_pages, 1);
    assert_int_equal(list_length(), 0);
    assert_int_equal(frame_nr_free(), free - 1);
    assert_int_equal(d->refs.count, 2);
    assert_false(drop(&f[1]));
    frame_put(&f[1]);
    assert_int_equal(d->nr_pages, 0);
    add(0);
    assert_int_equal(d->refs.count, 2);
    free--;
    assert_int_equal(frame_nr_free(), free);
}

static void test_drop_run_with_holes(void **state)
{
    struct frame *f = add(4);
    u64 free = frame_nr_free();
    assert_true(frame_get(&f[0], d->id));
    assert_true(frame_get(&f[9], d->id));
    assert_true(drop(&f[5]));
    domain_drop_run(d, f, 16);
    assert_int_equal(d->nr_pages, 2);
    assert_int_equal(frame_nr_free(), free + 14);
    frame_put(&f[9]);
    frame_put(&f[0]);
    assert_int_equal(frame_nr_free(), free + 16);
    assert_int_equal(d->nr_pages, 0);
}

/* Who found the page before its domain began to die comes when it is another's. */
static void test_a_page_that_has_changed_hands_is_left_alone(void **state)
{
    struct domain *other = fake_domain(2, false, false, 4096);
    struct frame *f = add(0);
    assert_true(drop(f));
    struct frame *again;
    assert_int_equal(frame_alloc(0, &again), OK);
    assert_ptr_equal(again, f);
    assert_int_equal(domain_add_pages(other, f, 0), OK);
    assert_false(drop(f));
    domain_drop_run(d, f, 1);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(other->nr_pages, 1);
    fake_kill(other);
    fake_domains_gone = 0;
}

/* A domain whose page somebody still borrows is found, dead, until the page comes back. */
static void test_a_long_run_is_dropped_in_steps(void **state)
{
    struct frame *f = add(9);
    assert_true(domain_drop_claim(d));
    assert_false(domain_drop_claim(d));
    domain_drop_later(d, NULL, 0); /* was none after all */
    assert_false(domain_drop_step(d));
    assert_true(domain_drop_claim(d));
    domain_drop_later(d, f, 512);
    assert_false(domain_drop_claim(d));
    for (u32 i = 1; i <= 8; i++) {
        assert_int_equal(domain_drop_step(d), i < 8);
        assert_int_equal(d->nr_pages, 512 - i * 64);
    }
    assert_true(domain_drop_claim(d));
    domain_drop_later(d, NULL, 0);
}

/* Destroyed between two steps: the pages go with the rest, and whoever comes with the next step has
 * nothing left. */
static void test_a_dying_domain_forgets_its_long_run(void **state)
{
    struct frame *f = add(9);
    assert_true(domain_drop_claim(d));
    domain_drop_later(d, f, 512);
    assert_true(domain_drop_step(d));
    u64 cursor = 0;
    d->life = DOMAIN_DYING;
    assert_int_equal(domain_pages_relinquish(d, &cursor), E_RESTART);
    assert_int_equal(d->nr_pages, 512 - 2 * 64);
    assert_false(domain_drop_step(d));
    assert_int_equal(d->nr_pages, 512 - 2 * 64);
    assert_true(domain_drop_claim(d));
    domain_drop_later(d, f, 512);
    assert_false(domain_drop_step(d));
    assert_int_equal(d->nr_pages, 512 - 2 * 64);
}

static void test_borrowed_page_outlives_the_domain(void **state)
{
    struct frame *f = add(2);
    assert_true(frame_get(&f[3], d->id));
    fake_kill(d);
    assert_int_equal(fake_domains_gone, 0);
    assert_ptr_equal(dom_find((domid_t){1}), d);
    assert_int_equal(d->life, DOMAIN_DEAD);
    assert_int_equal(d->nr_pages, 1);
    /* The last borrower may hold any lock below the account's. */
    struct spinlock l;
    spin_init(&l, RANK_PAGES - 1, "any");
    spin_lock(&l);
    frame_put(&f[3]);
    spin_unlock(&l);
    assert_int_equal(fake_domains_gone, 0);
    fake_rcu();
    assert_null(dom_find((domid_t){1}));
    assert_int_equal(fake_domains_gone, 1);
    d = NULL;
}

static void test_dying_domain_gets_no_more(void **state)
{
    struct frame *f;
    assert_int_equal(domain_reserve_pages(d, 2), OK);
    assert_int_equal(frame_alloc(0, &f), OK);
    assert_int_equal(domain_kill(d), E_RESTART);
    assert_int_equal(d->life, DOMAIN_DYING);
    assert_false(domain_add_reserved(d, f, 1));
    assert_int_equal(domain_add_pages(d, f, 0), E_NOMEM);
    frame_free(f, 0);
    domain_unreserve_pages(d, 2);
    struct frame *block;
    assert_int_equal(domain_populate_step(d, 0, &block), E_NOMEM);
    assert_int_equal(domain_populate_step(d, 9, &block), E_NOMEM);
}

static void test_relinquish_in_steps(void **state)
{
    add(9);
    add(0);
    u64 cursor = 0;
    d->life = DOMAIN_DYING;
    for (u32 i = 1; i <= 8; i++) {
        assert_int_equal(domain_pages_relinquish(d, &cursor), E_RESTART);
        assert_int_equal(d->nr_pages, 513 - i * 64);
    }
    assert_int_equal(domain_pages_relinquish(d, &cursor), OK);
    assert_int_equal(d->nr_pages, 0);
    assert_int_equal(d->refs.count, 1);
    assert_int_equal(domain_pages_relinquish(d, &cursor), OK);
    assert_int_equal(d->refs.count, 1);
    d->life = DOMAIN_ALIVE;
}

/* --- populate --- */

static void soil(u32 order)
{
    struct frame *f;
    assert_int_equal(frame_alloc(order, &f), OK);
    memset(frame_map(f), 0xee, PAGE_SIZE << order);
    cache_host_dirty(frame_map(f), PAGE_SIZE << order);
    frame_free(f, order);
}

static void expect_clear(const struct frame *f, u32 order)
{
    const u8 *va = frame_map(f);
    for (u64 i = 0; i < PAGE_SIZE << order; i++) {
        if (va[i] != 0) {
            fail_msg("byte %llu is %x", (unsigned long long)i, va[i]);
        }
    }
    assert_true(cache_host_is_clean(va, PAGE_SIZE << order));
}

static void test_populate_small(void **state)
{
    for (u32 order = 0; order <= 4; order++) {
        struct frame *f;
        soil(order);
        u64 had = d->nr_pages;
        assert_int_equal(domain_populate_step(d, order, &f), OK);
        expect_clear(f, order);
        assert_int_equal(d->nr_pages, had + (1u << order));
        assert_int_equal(list_length(), d->nr_pages);
        assert_null(d->populate_block);
    }
}

static void test_populate_large_in_steps(void **state)
{
    struct frame *f = NULL;
    soil(9);
    cache_host_lines_cleaned = 0;
    for (u32 i = 1; i < 16; i++) {
        assert_int_equal(domain_populate_step(d, 9, &f), E_RESTART);
        assert_int_equal(cache_host_lines_cleaned, i * 2048);
        assert_int_equal(d->nr_pages, 512);
        assert_int_equal(list_length(), 0);
    }
    assert_int_equal(domain_populate_step(d, 9, &f), OK);
    expect_clear(f, 9);
    assert_int_equal(list_length(), 512);
    assert_null(d->populate_block);
    assert_int_equal(f->order, 0);
    assert_int_equal(f->refs, FRAME_OWNED);
}

static void test_populate_larger_than_2_mib(void **state)
{
    struct frame *f = NULL;
    enum err e;
    u32 steps = 0;
    d->max_pages = 1u << 12;
    soil(12);
    while ((e = domain_populate_step(d, 12, &f)) == E_RESTART) {
        steps++;
    }
    assert_int_equal(e, OK);
    assert_int_equal(steps,
                     128 + 7); /* the last clearing cuts; eight give, the last of them is OK */
    expect_clear(f, 12);
    assert_int_equal(list_length(), 1u << 12);
}

/* Memory of the pool is given as it is; a page is zeroed sooner than cut out of it. */
static void test_populate_from_the_pool(void **state)
{
    struct frame *f = NULL;
    soil(12);
    while (frame_wants_zeroing()) {
        frame_zero_some();
    }
    cache_host_lines_cleaned = 0;
    assert_int_equal(domain_populate_step(d, 9, &f), OK);
    expect_clear(f, 9);
    assert_int_equal(cache_host_lines_cleaned, 0);
    d->max_pages = 1u << 12;
    assert_int_equal(domain_populate_step(d, 10, &f), E_RESTART); /* cut in two */
    assert_int_equal(domain_populate_step(d, 10, &f), E_RESTART);
    assert_int_equal(domain_populate_step(d, 10, &f), OK);
    expect_clear(f, 10);
    assert_int_equal(cache_host_lines_cleaned, 0);
    assert_int_equal(list_length(), 512 + 1024);
    assert_int_equal(domain_populate_step(d, 4, &f), OK);
    assert_int_equal(cache_host_lines_cleaned, 16 * 64);
}

static void test_populate_order_6_has_two_steps(void **state)
{
    struct frame *f = NULL;
    assert_int_equal(domain_populate_step(d, 5, &f), OK);
    assert_int_equal(domain_populate_step(d, 6, &f), E_RESTART);
    assert_int_equal(domain_populate_step(d, 6, &f), OK);
    assert_int_equal(list_length(), 96);
}

static void test_populate_is_one_block_whoever_comes(void **state)
{
    struct frame *f, *block;
    assert_int_equal(domain_populate_step(d, 9, &f), E_RESTART);
    block = d->populate_block;
    /* Small ones do not disturb it. */
    assert_int_equal(domain_populate_step(d, 0, &f), OK);
    assert_int_equal(domain_populate_step(d, 9, &f), E_RESTART);
    assert_ptr_equal(d->populate_block, block);
    assert_int_equal(d->populate_done_pages, 64);
    assert_int_equal(d->nr_pages, 513);
    /* Another order replaces it. */
    assert_int_equal(domain_populate_step(d, 6, &f), E_RESTART);
    assert_int_equal(d->nr_pages, 65);
    assert_int_equal(d->populate_done_pages, 32);
    domain_populate_cancel(d);
    assert_int_equal(d->nr_pages, 1);
    assert_null(d->populate_block);
    domain_populate_cancel(d);
}

static void test_populate_cancelled_while_given(void **state)
{
    struct frame *f;
    d->max_pages = 1u << 12;
    for (u32 i = 0; i < 128 + 3; i++) {
        assert_int_equal(domain_populate_step(d, 12, &f), E_RESTART);
    }
    assert_int_equal(d->populate_given_pages, 3 * 512);
    u64 free = frame_nr_free();
    domain_populate_cancel(d);
    assert_int_equal(d->nr_pages, 3 * 512);
    assert_int_equal(list_length(), 3 * 512);
    assert_int_equal(frame_nr_free(), free + 5 * 512);
}

static void test_populate_return(void **state)
{
    struct frame *f, *again;
    while (domain_populate_step(d, 7, &f) == E_RESTART) {
    }
    domain_populate_return(d, f, 7);
    assert_int_equal(d->nr_pages, 128);
    assert_int_equal(domain_populate_step(d, 7, &again), OK);
    assert_ptr_equal(again, f);
    assert_null(d->populate_block);
    domain_populate_return(d, f, 7);
    /* Given up: it stays the domain's, unmapped. */
    domain_populate_cancel(d);
    assert_int_equal(d->nr_pages, 128);
    assert_int_equal(list_length(), 128);
    assert_int_equal(domain_populate_step(d, 7, &again), E_RESTART);
    domain_populate_return(d, f, 7);
    assert_int_equal(d->populate_done_pages, 32);
}

static void test_populate_without_memory(void **state)
{
    struct frame *f;
    assert_int_equal(domain_populate_step(d, 19, &f), E_INVAL);
    d->max_pages = 511;
    assert_int_equal(domain_populate_step(d, 9, &f), E_NOMEM);
    d->max_pages = 4096;
    fake_fail_after(0);
    assert_int_equal(domain_populate_step(d, 9, &f), E_NOMEM);
    assert_int_equal(domain_populate_step(d, 0, &f), E_NOMEM);
    assert_null(d->populate_block);
    assert_int_equal(d->nr_pages, 0);
}

/* Killed in the midst: end() finds nothing lost. */
static void test_killed_while_clearing(void **state)
{
    struct frame *f;
    for (u32 i = 0; i < 5; i++) {
        assert_int_equal(domain_populate_step(d, 9, &f), E_RESTART);
    }
}

static void test_killed_while_giving(void **state)
{
    struct frame *f;
    for (u32 i = 0; i < 32 + 1; i++) {
        assert_int_equal(domain_populate_step(d, 10, &f), E_RESTART);
    }
    assert_int_equal(list_length(), 512);
}

static int start_group(void **state)
{
    fake_domains_init(128);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_add_and_drop),
        TEST(test_limit),
        TEST(test_borrowed_page_stays_counted),
        TEST(test_drop_run_with_holes),
        TEST(test_a_page_that_has_changed_hands_is_left_alone),
        TEST(test_a_long_run_is_dropped_in_steps),
        TEST(test_a_dying_domain_forgets_its_long_run),
        TEST(test_borrowed_page_outlives_the_domain),
        TEST(test_dying_domain_gets_no_more),
        TEST(test_relinquish_in_steps),
        TEST(test_populate_small),
        TEST(test_populate_large_in_steps),
        TEST(test_populate_larger_than_2_mib),
        TEST(test_populate_order_6_has_two_steps),
        TEST(test_populate_is_one_block_whoever_comes),
        TEST(test_populate_cancelled_while_given),
        TEST(test_populate_return),
        TEST(test_populate_without_memory),
        TEST(test_killed_while_clearing),
        TEST(test_killed_while_giving),
        TEST(test_populate_from_the_pool), /* last: the pool stays */
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
