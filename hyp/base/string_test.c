/* SPDX-License-Identifier: MIT */
/* The C library of the host is the oracle. */
#include "test/host/fake.h"

#include "base/bits.h"
#include "base/string_c.h"

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void test_compare(void **state)
{
    static const char *const words[] = {"",    "a",    "b",    "ab",     "abc",
                                        "abd", "\x80", "\xff", "abc\xff"};
    for (u32 i = 0; i < ARRAY_LEN(words); i++) {
        for (u32 j = 0; j < ARRAY_LEN(words); j++) {
            const char *a = words[i], *b = words[j];
            assert_int_equal(sign(string_strcmp(a, b)), sign(strcmp(a, b)));
            for (size_t n = 0; n < 6; n++) {
                assert_int_equal(sign(string_strncmp(a, b, n)), sign(strncmp(a, b, n)));
            }
            size_t least = MIN(strlen(a), strlen(b)) + 1;
            assert_int_equal(sign(string_memcmp(a, b, least)), sign(memcmp(a, b, least)));
        }
    }
    assert_int_equal(string_memcmp("a\0b", "a\0c", 3), -1);
    assert_int_equal(string_memcmp("x", "y", 0), 0);
}

static void test_lengths(void **state)
{
    assert_int_equal(string_strlen(""), 0);
    assert_int_equal(string_strlen("hello"), 5);
    assert_int_equal(string_strnlen("hello", 3), 3);
    assert_int_equal(string_strnlen("hello", 5), 5);
    assert_int_equal(string_strnlen("hello", 50), 5);
    const char unterminated[2] = {'a', 'b'};
    assert_int_equal(string_strnlen(unterminated, 2), 2);
}

static void test_search(void **state)
{
    const char *s = "abcabc";
    assert_ptr_equal(string_strchr(s, 'b'), s + 1);
    assert_ptr_equal(string_strrchr(s, 'b'), s + 4);
    assert_ptr_equal(string_strchr(s, 'a'), s);
    assert_ptr_equal(string_strrchr(s, 'c'), s + 5);
    assert_null(string_strchr(s, 'x'));
    assert_null(string_strrchr(s, 'x'));
    assert_ptr_equal(string_strchr(s, 0), s + 6);
    assert_ptr_equal(string_strrchr(s, 0), s + 6);
    assert_ptr_equal(string_memchr(s, 'c', 6), s + 2);
    assert_ptr_equal(string_memchr(s, 'c', 3), s + 2);
    assert_null(string_memchr(s, 'c', 2));
    assert_null(string_memchr(s, 'a', 0));
    const u8 high[] = {1, 0xff};
    assert_ptr_equal(string_memchr(high, -1, 2), high + 1); /* compared as bytes */
}

static void test_string_copy(void **state)
{
    char to[5];
    assert_int_equal(string_copy(to, "abcd", sizeof(to)), 4);
    assert_string_equal(to, "abcd");
    assert_int_equal(string_copy(to, "abcdef", sizeof(to)), 6);
    assert_string_equal(to, "abcd");
    assert_int_equal(string_copy(to, "", sizeof(to)), 0);
    assert_string_equal(to, "");
    to[0] = 'x';
    assert_int_equal(string_copy(to, "abc", 1), 3);
    assert_int_equal(to[0], 0);
    to[0] = 'x';
    assert_int_equal(string_copy(to, "abc", 0), 3);
    assert_int_equal(to[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_search),
        cmocka_unit_test(test_string_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
