// SPDX-License-Identifier: MIT
#include "xenstored/path.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct path path;

static int decode(const char *text)
{
    return path_decode(text, 7, PATH_MAX_RELATIVE, false, &path);
}

static void absolute_and_relative(void **state)
{
    assert_int_equal(decode("/"), 0);
    assert_int_equal(path.length, 1);
    assert_int_equal(decode("/local/domain/0/a-b_c@D9"), 0);
    assert_string_equal(path.text, "/local/domain/0/a-b_c@D9");
    assert_int_equal(path.prefix, 0);
    assert_int_equal(decode("device/vif"), 0);
    assert_string_equal(path.text, "/local/domain/7/device/vif");
    assert_string_equal(path.text + path.prefix, "device/vif");
    assert_int_equal(path.length, strlen(path.text));
}

static void wrong_ones(void **state)
{
    static const char *const wrong[] = {"",     "//",  "/a/",    "/a//b", "a/", "/a b",
                                        "/a.b", "/\n", "/a\xff", "@x",    "/~", "a//b"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(decode(wrong[i]), -EINVAL);
    }
    assert_int_equal(path_decode("@x", 7, 2048, true, &path), 0);
    assert_true(path_is_special(path.text));
    assert_int_equal(path_decode("@x y", 7, 2048, true, &path), -EINVAL);
}

/* Length without and behind a domain's directory. */
static void limits(void **state)
{
    char text[4000];
    memset(text, 'x', sizeof(text));
    text[0] = '/';
    text[PATH_MAX_RELATIVE] = '\0';
    assert_int_equal(decode(text), 0);
    text[PATH_MAX_RELATIVE] = 'x';
    text[PATH_MAX_RELATIVE + 1] = '\0';
    assert_int_equal(decode(text), -EINVAL);
    assert_int_equal(decode(text + 1), 0);
    assert_int_equal(path.length, strlen("/local/domain/7/") + PATH_MAX_RELATIVE);
    memcpy(text, "/local/domain/12/", 17);
    text[PATH_MAX_RELATIVE + 1] = 'x';
    text[17 + PATH_MAX_RELATIVE] = '\0';
    assert_int_equal(decode(text), 0);
    text[17 + PATH_MAX_RELATIVE] = 'x';
    text[17 + PATH_MAX_RELATIVE + 1] = '\0';
    assert_int_equal(decode(text), -EINVAL);
    text[17 + PATH_MAX_RELATIVE + 1] = 'x';
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(decode(text), -EINVAL);
    assert_int_equal(path_decode("abcd", 7, 3, false, &path), -EINVAL);
}

static void components(void **state)
{
    const char *at = "/a/bc";
    struct path_name name;
    assert_true(path_next(&at, &name));
    assert_int_equal(name.length, 1);
    assert_true(path_next(&at, &name));
    assert_memory_equal(name.text, "bc", 2);
    assert_int_equal(name.length, 2);
    assert_false(path_next(&at, &name));
    at = "/";
    assert_false(path_next(&at, &name));
    assert_int_equal(path_parent("/a/bc", 5), 2);
    assert_int_equal(path_parent("/a", 2), 1);
    assert_int_equal(path_parent("/", 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_and_relative),
        cmocka_unit_test(wrong_ones),
        cmocka_unit_test(limits),
        cmocka_unit_test(components),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
