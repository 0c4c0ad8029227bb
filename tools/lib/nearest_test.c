// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/nearest.h"

static void distances(void **state)
{
    assert_int_equal(nearest_distance("", ""), 0);
    assert_int_equal(nearest_distance("abc", ""), 3);
    assert_int_equal(nearest_distance("", "abc"), 3);
    assert_int_equal(nearest_distance("memory", "memory"), 0);
    assert_int_equal(nearest_distance("memroy", "memory"), 1); /* swapped */
    assert_int_equal(nearest_distance("memry", "memory"), 1);
    assert_int_equal(nearest_distance("memorry", "memory"), 1);
    assert_int_equal(nearest_distance("nemory", "memory"), 1);
    assert_int_equal(nearest_distance("kitten", "sitting"), 3);
    assert_int_equal(nearest_distance("Abc", "abc"), 1);
    char lengthy[65];
    memset(lengthy, 'a', 64);
    lengthy[64] = '\0';
    assert_true(nearest_distance(lengthy, "a") == SIZE_MAX);
    assert_true(nearest_distance("a", lengthy) == SIZE_MAX);
    lengthy[63] = '\0';
    assert_int_equal(nearest_distance(lengthy, lengthy), 0);
}

static void words(void **state)
{
    static const char *const list[] = {"list", "shutdown", "vcpu-list", "vcpu-pin", "create"};
    assert_string_equal(nearest_word("lst", list, 5), "list");
    assert_string_equal(nearest_word("shutdwon", list, 5), "shutdown");
    assert_string_equal(nearest_word("shut", list, 5), "shutdown"); /* begins so, alone */
    assert_string_equal(nearest_word("vcpu-lits", list, 5), "vcpu-list");
    assert_null(nearest_word("vcpu", list, 5)); /* two begin so */
    assert_null(nearest_word("frobnicate", list, 5));
    assert_null(nearest_word("", list, 5));
    assert_null(nearest_word("list", list, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(distances), cmocka_unit_test(words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
