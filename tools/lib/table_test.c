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

#include "lib/failing.h"
#include "lib/table.h"

static const struct column columns[] = {
    {"Name", "Name      ", -10, 0},
    {"ID", "   ID", 4, 1},
    {"State", "\tState", 0, 2},
};

static struct table *filled(void)
{
    struct table *t = table_create(columns, 3);
    assert_non_null(t);
    table_cell(t, COLOUR_BOLD, "%s", "Domain-0");
    table_cell(t, COLOUR_NONE, "%d", 0);
    table_cell(t, COLOUR_RED, "r--");
    table_cell(t, COLOUR_NONE, "größer als zehn");
    table_cell(t, COLOUR_NONE, "%d", 12345);
    table_cell(t, COLOUR_NONE, "-");
    return t;
}

static void for_scripts(void **state)
{
    struct table *t = filled();
    struct text out = {0};
    assert_int_equal(table_render(t, false, true, &out), 0);
    assert_string_equal(text_string(&out), "Name         ID\tState\n"
                                           "Domain-0      0  r--\n"
                                           "größer als zehn 12345  -\n");
    text_fini(&out);
    table_destroy(t);
}

static void for_people(void **state)
{
    struct table *t = filled();
    struct text out = {0};
    assert_int_equal(table_render(t, true, false, &out), 0);
    assert_string_equal(text_string(&out), "Name                ID  State\n"
                                           "Domain-0             0  r--\n"
                                           "größer als zehn  12345  -\n");
    text_cut(&out, 0);
    assert_int_equal(table_render(t, true, true, &out), 0);
    assert_non_null(strstr(text_string(&out), "\033[1mDomain-0\033[0m"));
    assert_non_null(strstr(text_string(&out), "\033[31mr--\033[0m\n"));
    text_fini(&out);
    table_destroy(t);
}

static void not_full(void **state)
{
    struct table *t = table_create(columns, 3);
    struct text out = {0};
    assert_int_equal(table_render(t, true, false, &out), 0);
    assert_string_equal(text_string(&out), "Name  ID  State\n");
    table_cell(t, COLOUR_NONE, "x");
    text_cut(&out, 0);
    assert_int_equal(table_render(t, true, false, &out), 0);
    assert_string_equal(text_string(&out), "Name  ID  State\nx\n");
    text_cut(&out, 0);
    assert_int_equal(table_render(t, false, false, &out), 0);
    assert_string_equal(text_string(&out), "Name         ID\tState\nx         \n");
    text_fini(&out);
    table_destroy(t);
    table_destroy(NULL);
}

static int build(void)
{
    struct table *t = table_create(columns, 3);
    if (t == NULL) {
        return -ENOMEM;
    }
    for (int i = 0; i < 100; i++) {
        table_cell(t, COLOUR_NONE, "%d", i);
    }
    struct text out = {0};
    const int err = table_render(t, true, false, &out);
    text_fini(&out);
    table_destroy(t);
    return err;
}

/* Each allocation fails in turn, and each time it is told. */
static void no_memory(void **state)
{
    unsigned n = 1;
    for (;; n++) {
        failing_arm(n);
        const int err = build();
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, -ENOMEM);
    }
    assert_true(n > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_scripts),
        cmocka_unit_test(for_people),
        cmocka_unit_test(not_full),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
