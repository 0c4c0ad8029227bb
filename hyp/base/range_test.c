/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "base/range.h"

#define R(start, bytes) ((struct range){start, bytes})

static struct range list[4];
static u32 nr;

static int start(void **state)
{
    nr = 0;
    memset(list, 0xa5, sizeof(list));
    return 0;
}

static void expect(u32 n, const struct range *want)
{
    assert_int_equal(nr, n);
    for (u32 i = 0; i < n; i++) {
        assert_int_equal(list[i].start, want[i].start);
        assert_int_equal(list[i].bytes, want[i].bytes);
    }
}
#define expect(...)                                                      \
    expect(sizeof((struct range[]){__VA_ARGS__}) / sizeof(struct range), \
           (struct range[]){__VA_ARGS__})

static void test_predicates(void **state)
{
    struct range a = R(10, 10), b = R(20, 5), c = R(19, 2), empty = R(12, 0), inner = R(12, 8);
    assert_int_equal(range_end(&a), 20);
    assert_false(range_overlaps(&a, &b));
    assert_false(range_overlaps(&b, &a));
    assert_true(range_overlaps(&a, &c));
    assert_true(range_overlaps(&c, &a));
    assert_false(range_overlaps(&a, &empty));
    assert_false(range_overlaps(&empty, &a));
    assert_true(range_contains(&a, &inner));
    assert_true(range_contains(&a, &a));
    assert_false(range_contains(&a, &c));
    assert_false(range_contains(&inner, &a));
}

static void test_add_keeps_order_and_merges_neighbours(void **state)
{
    assert_true(range_add(list, &nr, 4, R(100, 10)));
    assert_true(range_add(list, &nr, 4, R(10, 10)));
    assert_true(range_add(list, &nr, 4, R(50, 10)));
    expect(R(10, 10), R(50, 10), R(100, 10));
    assert_true(range_add(list, &nr, 4, R(60, 5)));
    expect(R(10, 10), R(50, 15), R(100, 10));
    assert_true(range_add(list, &nr, 4, R(45, 5)));
    expect(R(10, 10), R(45, 20), R(100, 10));
    assert_true(range_add(list, &nr, 4, R(15, 90)));
    expect(R(10, 100));
    assert_true(range_add(list, &nr, 4, R(20, 10))); /* inside */
    expect(R(10, 100));
    assert_true(range_add(list, &nr, 4, R(500, 0))); /* nothing */
    expect(R(10, 100));
}

static void test_add_to_a_full_list(void **state)
{
    for (u64 i = 0; i < 4; i++) {
        assert_true(range_add(list, &nr, 4, R(i * 100, 10)));
    }
    assert_false(range_add(list, &nr, 4, R(50, 10)));
    assert_true(range_add(list, &nr, 4, R(110, 90))); /* joins two */
    expect(R(0, 10), R(100, 110), R(300, 10));
    assert_false(range_add(list, &nr, 4, R(~0ULL, 2)));
}

static void test_insert_does_not_merge(void **state)
{
    assert_true(range_insert(list, &nr, 4, R(20, 10)));
    assert_true(range_insert(list, &nr, 4, R(10, 20)));
    assert_true(range_insert(list, &nr, 4, R(15, 5)));
    expect(R(10, 20), R(15, 5), R(20, 10));
    assert_false(range_insert(list, &nr, 4, R(~0ULL - 5, 10)));
    assert_true(range_insert(list, &nr, 4, R(90, 0)));
    assert_false(range_insert(list, &nr, 4, R(1, 1)));
    range_merge(list, &nr);
    expect(R(10, 20));
}

static void test_merge_leaves_holes(void **state)
{
    list[0] = R(0, 10);
    list[1] = R(10, 1);
    list[2] = R(12, 3);
    list[3] = R(13, 1);
    nr = 4;
    range_merge(list, &nr);
    expect(R(0, 11), R(12, 3));
}

static void gap(struct range within, u64 start, u64 bytes)
{
    struct range out;
    struct range rest = within;
    assert_int_equal(range_take_gap(list, nr, &rest, &out), bytes != 0);
    assert_int_equal(out.bytes, bytes);
    if (bytes) {
        assert_int_equal(out.start, start);
        assert_int_equal(rest.start, start + bytes);
        assert_int_equal(range_end(&rest), range_end(&within));
    }
}

static void test_gaps(void **state)
{
    gap(R(5, 10), 5, 10); /* no list */
    assert_true(range_add(list, &nr, 4, R(10, 10)));
    assert_true(range_add(list, &nr, 4, R(30, 10)));
    gap(R(0, 100), 0, 10);
    gap(R(10, 90), 20, 10);
    gap(R(15, 5), 0, 0);
    gap(R(10, 10), 0, 0);
    gap(R(15, 10), 20, 5);
    gap(R(20, 10), 20, 10);
    gap(R(35, 100), 40, 95);
    gap(R(40, 1), 40, 1);
    gap(R(5, 3), 5, 3);
    gap(R(5, 0), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predicates),
        cmocka_unit_test_setup(test_add_keeps_order_and_merges_neighbours, start),
        cmocka_unit_test_setup(test_add_to_a_full_list, start),
        cmocka_unit_test_setup(test_insert_does_not_merge, start),
        cmocka_unit_test_setup(test_merge_leaves_holes, start),
        cmocka_unit_test_setup(test_gaps, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
