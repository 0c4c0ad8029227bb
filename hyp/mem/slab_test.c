/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "sync/spinlock.h"

struct thing {
    u64 a, b, c;
};

static struct slab_cache things = SLAB_CACHE_INIT(things, "things", sizeof(struct thing));
static struct slab_cache big;
static u64 free_before;

void frame_up_release(struct frame *f)
{
    fail();
}

static int start(void **state)
{
    free_before = frame_nr_free();
    return 0;
}

static int end(void **state)
{
    fake_fail_never();
    assert_int_equal(frame_nr_free(), free_before);
    assert_int_equal(lock_nr_held(), 0);
    return 0;
}

static void test_objects_are_zeroed_and_apart(void **state)
{
    assert_int_equal(things.object_bytes, 32);
    u8 *first = slab_alloc(&things);
    for (u32 i = 0; i < 32; i++) {
        assert_int_equal(first[i], 0);
    }
    memset(first, 0xff, 32);
    u8 *second = slab_alloc(&things);
    assert_int_equal(second - first, 32);
    for (u32 i = 0; i < 32; i++) {
        assert_int_equal(second[i], 0);
        assert_int_equal(first[i], 0xff);
    }
    assert_int_equal(things.nr_live, 2);
    assert_int_equal(things.nr_pages, 1);
    slab_free(&things, first);
    u8 *third = slab_alloc(&things);
    assert_ptr_equal(third, first);
    for (u32 i = 0; i < 32; i++) {
        assert_int_equal(third[i], 0);
    }
    slab_free(&things, third);
    slab_free(&things, second);
    slab_free(&things, NULL);
    assert_int_equal(things.nr_live, 0);
    assert_int_equal(things.nr_pages, 0);
    assert_int_equal(things.partial, FRAME_NIL);
}

static void test_pages_come_and_go(void **state)
{
    static u8 *all[128 * 3];
    for (u32 i = 0; i < ARRAY_LEN(all); i++) {
        all[i] = slab_alloc(&things);
        assert_non_null(all[i]);
        assert_int_equal((u64)all[i] % 16, 0);
        memset(all[i], (int)i, 32);
        assert_int_equal(things.nr_pages, i / 128 + 1);
        assert_int_equal(things.nr_live, i + 1);
    }
    assert_int_equal(things.partial, FRAME_NIL);
    assert_int_equal(frame_nr_free(), free_before - 3);
    for (u32 i = 0; i < ARRAY_LEN(all); i++) {
        for (u32 j = 0; j < 32; j++) {
            assert_int_equal(all[i][j], (u8)i);
        }
    }
    /* The middle page goes first; then the two others hold one free object each and give them out.
     */
    for (u32 i = 128; i < 256; i++) {
        slab_free(&things, all[i]);
    }
    assert_int_equal(things.nr_pages, 2);
    assert_int_equal(frame_nr_free(), free_before - 2);
    assert_int_equal(things.partial, FRAME_NIL);
    slab_free(&things, all[5]);
    slab_free(&things, all[300]);
    u8 *a = slab_alloc(&things), *b = slab_alloc(&things);
    assert_ptr_equal(a, all[300]);
    assert_ptr_equal(b, all[5]);
    assert_int_equal(things.nr_pages, 2);
    for (u32 i = 0; i < ARRAY_LEN(all); i++) {
        if (i / 128 != 1) {
            slab_free(&things, all[(i * 7) % 128 + i / 128 * 128]);
        }
    }
    assert_int_equal(things.nr_pages, 0);
    assert_int_equal(things.nr_live, 0);
}

static void test_two_objects_of_2k_in_a_page(void **state)
{
    void *a = slab_alloc(&big), *b = slab_alloc(&big);
    assert_int_equal(big.nr_pages, 1);
    assert_int_equal((u64)a % 2048, 0);
    assert_ptr_equal(frame_of(a), frame_of(b));
    slab_free(&big, a);
    slab_free(&big, b);
    assert_int_equal(big.nr_pages, 0);
}

static void test_wrong_frees_panic(void **state)
{
    char *a = slab_alloc(&things);
    expect_panic(slab_free(&big, a), "check failed");
    expect_panic(slab_free(&things, a + 8), "check failed");
    slab_free(&things, a);
    expect_panic(slab_free(&things, a), "check failed");
    expect_panic(slab_init(&(struct slab_cache){0}, "zero", 0), "check failed");
    expect_panic(slab_init(&(struct slab_cache){0}, "large", 2049), "check failed");
}

static void test_no_memory(void **state)
{
    fake_fail_after(0);
    assert_null(slab_alloc(&things));
    assert_null(heap_alloc(100));
    assert_null(heap_alloc(5000));
    /* The object is granted, its page is not. */
    fake_fail_after(1);
    assert_null(slab_alloc(&things));
    assert_int_equal(things.nr_live, 0);
    fake_fail_after(2);
    void *a = slab_alloc(&things);
    assert_non_null(a);
    fake_fail_never();
    slab_free(&things, a);
}

struct look {
    u64 live, pages;
    bool seen;
};

static void look(const struct slab_cache *c, void *arg)
{
    struct look *l = arg;
    l->live += c->nr_live;
    l->pages += c->nr_pages;
    l->seen |= c == &things;
}

static void test_heap_sizes(void **state)
{
    static const struct {
        u32 bytes, pages, objects;
    } row[] = {
        {1, 1, 1},    {16, 1, 1},   {17, 1, 1},    {32, 1, 1},    {33, 1, 1},
        {1024, 1, 1}, {1025, 1, 1}, {2048, 1, 1},  {2049, 1, 0},  {4096, 1, 0},
        {4097, 2, 0}, {8193, 4, 0}, {16384, 4, 0}, {16385, 8, 0}, {65536, 16, 0},
    };
    for (u32 i = 0; i < ARRAY_LEN(row); i++) {
        struct look before = {0}, now = {0};
        slab_for_each(look, &before);
        u8 *p = heap_alloc(row[i].bytes);
        assert_non_null(p);
        for (u32 j = 0; j < row[i].bytes; j++) {
            assert_int_equal(p[j], 0);
        }
        memset(p, 0xff, row[i].bytes);
        slab_for_each(look, &now);
        assert_int_equal(now.live - before.live, row[i].objects);
        assert_int_equal(frame_nr_free(), free_before - row[i].pages);
        heap_free(p, row[i].bytes);
        assert_int_equal(frame_nr_free(), free_before);
    }
    assert_null(heap_alloc(65537));
    heap_free(NULL, 100);
}

static void test_heap_caches_are_by_power(void **state)
{
    void *a = heap_alloc(33), *b = heap_alloc(64), *c = heap_alloc(65);
    assert_ptr_equal(frame_of(a), frame_of(b));
    assert_ptr_not_equal(frame_of(a), frame_of(c));
    heap_free(a, 33);
    heap_free(b, 64);
    heap_free(c, 65);
}

static void test_all_caches_are_found(void **state)
{
    void *a = slab_alloc(&things);
    struct look l = {0};
    slab_for_each(look, &l);
    assert_true(l.seen);
    assert_int_equal(l.live, 1);
    assert_int_equal(l.pages, 1);
    slab_free(&things, a);
}

static int start_group(void **state)
{
    fake_machine_init(16, 1);
    slab_init(&big, "big", 2048);
    assert_int_equal(big.object_bytes, 2048);
    return 0;
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_objects_are_zeroed_and_apart),
        TEST(test_pages_come_and_go),
        TEST(test_two_objects_of_2k_in_a_page),
        TEST(test_wrong_frees_panic),
        TEST(test_no_memory),
        TEST(test_heap_sizes),
        TEST(test_heap_caches_are_by_power),
        TEST(test_all_caches_are_found),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
