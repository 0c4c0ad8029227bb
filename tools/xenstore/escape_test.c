// SPDX-License-Identifier: MIT
#include "xenstore/escape.h"
#include "lib/failing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void there(void **state)
{
    static const char bytes[] = "a\t\n\r\\\"\0\001\x08\x7f\xff z";
    char *text = escape_value(bytes, sizeof(bytes) - 1);
    assert_string_equal(text, "a\\t\\n\\r\\\\\"\\000\\001\\x08\\x7f\\xff z");
    assert_int_equal(escape_undo(text), sizeof(bytes) - 1);
    assert_memory_equal(text, bytes, sizeof(bytes));
    free(text);
    failing_arm(1);
    assert_null(escape_value("x", 1));
    assert_true(failing_disarm());
}

static void back(void **state)
{
    static const struct {
        const char *text, *bytes;
        size_t nr;
    } rows[] = {
        {"", "", 0},
        {"a\\0b", "a\0b", 3},
        {"a\\012b", "a\nb", 3},
        {"\\0012", "\0012", 2},
        {"\\x4", "\004", 1},
        {"\\x4g", "\004g", 2},
        {"\\x414", "A4", 2},
        {"\\q\\8\\\"", "q8\"", 3},
        {"\\377", "\377", 1},
        {"a\\", "a\\", 2},
        {"\\xg", "xg", 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        strcpy(text, rows[i].text);
        assert_int_equal(escape_undo(text), rows[i].nr);
        assert_memory_equal(text, rows[i].bytes, rows[i].nr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(there), cmocka_unit_test(back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
