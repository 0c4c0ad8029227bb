/* SPDX-License-Identifier: MIT */
/* The fake cache itself: tests of rooms above rely on it to fail when a clean is missing. */
#include "test/host/fake.h"

#include "cpu/cache.h"

static _Alignas(4096) u8 memory[3 * 4096];

static int start(void **state)
{
    cache_host_reset();
    memset(memory, 0x5a, sizeof(memory));
    return 0;
}

static void test_lines_are_dirty_until_cleaned(void **state)
{
    assert_true(cache_host_is_clean(memory, sizeof(memory)));
    cache_host_dirty(memory + 100, 1); /* line 1 */
    assert_false(cache_host_is_clean(memory + 64, 1));
    assert_false(cache_host_is_clean(memory, sizeof(memory)));
    assert_true(cache_host_is_clean(memory, 64));
    assert_true(cache_host_is_clean(memory + 128, 64));
    cache_clean(memory + 127, 1); /* any byte of it */
    assert_true(cache_host_is_clean(memory, sizeof(memory)));
    assert_int_equal(cache_host_lines_cleaned, 1);
}

static void test_ranges_across_lines_and_pages(void **state)
{
    cache_host_dirty(memory + 4095, 2);
    assert_false(cache_host_is_clean(memory + 4032, 64));
    assert_false(cache_host_is_clean(memory + 4096, 64));
    assert_true(cache_host_is_clean(memory + 4160, 64));
    cache_clean(memory + 4095, 1);
    assert_false(cache_host_is_clean(memory, 8192));
    cache_clean_invalidate(memory + 4096, 1);
    assert_true(cache_host_is_clean(memory, 8192));
    cache_host_lines_cleaned = 0;
    cache_clean(memory, sizeof(memory));
    assert_int_equal(cache_host_lines_cleaned, 3 * 64);
    cache_host_dirty(memory, 0);
    cache_clean(memory, 0);
    assert_int_equal(cache_host_lines_cleaned, 3 * 64);
    assert_true(cache_host_is_clean(memory, 0));
}

static void test_zero_and_clean(void **state)
{
    cache_host_dirty(memory, sizeof(memory));
    cache_zero_and_clean(memory + 64, 4096);
    assert_int_equal(memory[63], 0x5a);
    assert_int_equal(memory[64], 0);
    assert_int_equal(memory[64 + 4095], 0);
    assert_int_equal(memory[64 + 4096], 0x5a);
    assert_true(cache_host_is_clean(memory + 64, 4096));
    assert_false(cache_host_is_clean(memory, 64));
    assert_false(cache_host_is_clean(memory + 64 + 4096, 64));
}

static void test_code(void **state)
{
    assert_true(cache_host_code_is_coherent());
    cache_host_wrote_code();
    assert_false(cache_host_code_is_coherent());
    cache_invalidate_instructions();
    assert_true(cache_host_code_is_coherent());
    cache_host_wrote_code();
    cache_host_dirty(memory, 1);
    cache_host_reset();
    assert_true(cache_host_code_is_coherent());
    assert_true(cache_host_is_clean(memory, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines_are_dirty_until_cleaned, start),
        cmocka_unit_test_setup(test_ranges_across_lines_and_pages, start),
        cmocka_unit_test_setup(test_zero_and_clean, start),
        cmocka_unit_test_setup(test_code, start),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    cache_host_reset();
    return failed;
}
