// SPDX-License-Identifier: MIT
#include "xenstored/quota.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
    struct quota quota;
    quota_init(&quota);
    assert_int_equal(quota.nodes, 1000);
    assert_int_equal(quota_set(&quota, "nodes", 7), 0);
    assert_int_equal(quota.nodes, 7);
    assert_int_equal(quota_set(&quota, "nodez", 7), -ENOENT);
    assert_int_equal(quota_set(&quota, "path-max", 2049), -EINVAL);
    assert_int_equal(quota_set_word(&quota, "outstanding=3"), 0);
    assert_int_equal(quota.outstanding, 3);
    assert_int_equal(quota_set_word(&quota, "outstanding"), -EINVAL);
    assert_int_equal(quota_set_word(&quota, "outstanding=x"), -EINVAL);
    assert_int_equal(quota_set_word(&quota, "a-name-that-is-longer-than-any-that-is=3"), -EINVAL);
    assert_int_equal(quota_set_soft(&quota, "memory", 9), 0);
    assert_int_equal(quota_set_soft(&quota, "nodes", 9), -ENOENT);
}

static void tables(void **state)
{
    struct quota quota;
    char text[4096];
    quota_init(&quota);
    const size_t bytes = quota_print(&quota, text, sizeof(text));
    assert_int_equal(bytes, strlen(text));
    assert_non_null(strstr(text, "nodes            :     1000 Nodes per domain\n"));
    assert_int_equal(quota_print(&quota, text, 40), 39);
    quota_print_soft(&quota, text, sizeof(text));
    assert_non_null(strstr(text, "2097152"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(names), cmocka_unit_test(tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
