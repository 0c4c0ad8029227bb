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

#include "lib/json.h"

static void layout(void **state)
{
    struct text out = {0};
    struct json j;
    json_begin(&j, &out);
    json_open_array(&j, NULL);
    json_open_object(&j, NULL);
    json_int(&j, "domid", 0);
    json_open_object(&j, "config");
    json_string(&j, "name", "a");
    json_bool(&j, "ok", true);
    json_open_object(&j, "empty");
    json_close_object(&j);
    json_open_array(&j, "list");
    json_int(&j, NULL, -1);
    json_int(&j, NULL, 2);
    json_close_array(&j);
    json_close_object(&j);
    json_close_object(&j);
    json_close_array(&j);
    assert_false(out.failed);
    assert_string_equal(text_string(&out), "[\n"
                                           "    {\n"
                                           "        \"domid\": 0,\n"
                                           "        \"config\": {\n"
                                           "            \"name\": \"a\",\n"
                                           "            \"ok\": true,\n"
                                           "            \"empty\": {\n"
                                           "\n"
                                           "            },\n"
                                           "            \"list\": [\n"
                                           "                -1,\n"
                                           "                2\n"
                                           "            ]\n"
                                           "        }\n"
                                           "    }\n"
                                           "]\n");
    text_fini(&out);
}

/* A string as it comes out, without its quotes. */
static void check_string(const char *value, const char *wanted)
{
    struct text out = {0};
    struct json j;
    json_begin(&j, &out);
    json_string(&j, NULL, value);
    assert_int_equal(out.length, strlen(wanted) + 2);
    assert_memory_equal(out.s + 1, wanted, strlen(wanted));
    text_fini(&out);
}

static void strings(void **state)
{
    check_string("", "");
    check_string("a\"b\\c\n\t\r\b\f", "a\\\"b\\\\c\\n\\t\\r\\b\\f");
    check_string("\x01\x7f", "\\u0001\\u007F");
    check_string("größe 漢 \xf0\x9f\x98\x80", "größe 漢 \xf0\x9f\x98\x80");
    check_string("\xff", "\\uFFFD");
    check_string("a\xc3", "a\\uFFFD");          /* cut off */
    check_string("\xc0\x80", "\\uFFFD\\uFFFD"); /* overlong */
    check_string("\xe0\x80\x80", "\\uFFFD\\uFFFD\\uFFFD");
    check_string("\xed\xa0\x80", "\\uFFFD\\uFFFD\\uFFFD"); /* a surrogate */
    check_string("\xf4\x90\x80\x80", "\\uFFFD\\uFFFD\\uFFFD\\uFFFD");
    check_string("\xf0\x9f\x98", "\\uFFFD\\uFFFD\\uFFFD");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(layout), cmocka_unit_test(strings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
