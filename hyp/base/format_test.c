/* SPDX-License-Identifier: MIT */
/* The C library of the host is the oracle. */
#include "test/host/fake.h"

#include <limits.h>

#include "base/format.h"

/* Both print into the same size; text and length must agree. */
#define same(size, ...)                                                                         \
    do {                                                                                        \
        char ours[256], theirs[256];                                                            \
        memset(ours, '#', sizeof(ours));                                                        \
        memset(theirs, '#', sizeof(theirs));                                                    \
        assert_int_equal(format(ours, size, __VA_ARGS__), snprintf(theirs, size, __VA_ARGS__)); \
        assert_memory_equal(ours, theirs, sizeof(ours));                                        \
    } while (0)

static void test_numbers_as_the_c_library_prints_them(void **state)
{
    static const char *const formats[] = {
        "%d",      "%5d",   "%-5d|",   "%05d",   "%+d",   "% d",   "%.3d", "%8.3d",
        "%-8.3d|", "%+05d", "%u",      "%x",     "%X",    "%#x",   "%#X",  "%08x",
        "%#010x",  "%o",    "%#o",     "%.0d",   "%#.3o", "%+.0d", "% 5d", "%-+6d|",
        "%+-6d|",  "%010d", "%#-12x|", "%12.8x", "%.10u", "%i",
    };
    static const int values[] = {0, 1, -1, 7, 8, 9, 10, 42, 255, 4096, -4096, INT_MAX, INT_MIN};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    for (u32 f = 0; f < ARRAY_LEN(formats); f++) {
        for (u32 v = 0; v < ARRAY_LEN(values); v++) {
            same(200, formats[f], values[v]);
        }
    }
#pragma GCC diagnostic pop
}

static void test_lengths(void **state)
{
/* What does not fit is cut off: clang would have it fit */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
    same(200, "%hhd %hhu %hd %hu", -1, 255, -1, 65535);
    same(200, "%hhd %hhu %hd %hu", 300, 300, 70000, 70000);
#pragma GCC diagnostic pop
    same(200, "%ld %lu %lx", LONG_MIN, ULONG_MAX, 0x123456789abcdefUL);
    same(200, "%lld %llu %llx", LLONG_MIN, ULLONG_MAX, 0xfedcba9876543210ULL);
    same(200, "%zu %zx %jd %td", (size_t)123456789012, (size_t)~0, (intmax_t)-5, (ptrdiff_t)-6);
}

static void test_text(void **state)
{
    same(200, "%s|%10s|%-10s|%.2s|%10.2s|%-10.2s|", "abc", "abc", "abc", "abc", "abc", "abc");
    same(200, "%c%c%5c|%-5c|", 'a', 'b', 'c', 'd');
    same(200, "100%% %s", "");
    same(200, "%*d|%-*d|%.*d|%*.*d|", 5, 42, 5, 42, 3, 7, 8, 3, 9);
    same(200, "%*d|%.*d", -6, 42, -1, 42);
    same(200, "%p", (void *)0x1234abcd);
    char text[16];
    const char *volatile nothing = NULL;
    assert_int_equal(format(text, sizeof(text), "%s", nothing), 6);
    assert_string_equal(text, "(null)");
    assert_int_equal(format(text, sizeof(text), "%.3s", "abcdef"),
                     3); /* reads no further than it must */
}

static void test_what_does_not_fit_is_cut_and_counted(void **state)
{
    for (size_t size = 0; size < 12; size++) {
        same(size, "%s-%d", "text", 12345);
    }
    assert_int_equal(format(NULL, 0, "%u", 1234u), 4);
}

static void test_what_is_not_in_the_list_is_shown(void **state)
{
    char text[16];
    const char *bad = "a%qb%";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    assert_int_equal(format(text, sizeof(text), bad), 4);
#pragma GCC diagnostic pop
    assert_string_equal(text, "a%qb");
}

static void parses(const char *text, u64 value, u32 eaten)
{
    const char *end;
    assert_int_equal(parse_u64(text, &end), value);
    assert_int_equal(end - text, eaten);
}

static void test_parse_u64(void **state)
{
    parses("0", 0, 1);
    parses("42x", 42, 2);
    parses("0x2A,", 42, 4);
    parses("0Xff", 255, 4);
    parses("0xg", 0, 1); /* the 0 alone */
    parses("12ab", 12, 2);
    parses("", 0, 0);
    parses("-1", 0, 0);
    parses("18446744073709551615", ~0ULL, 20);
    parses("18446744073709551616", ~0ULL, 20); /* sticks */
    parses("99999999999999999999999", ~0ULL, 23);
    parses("0xffffffffffffffff", ~0ULL, 18);
    parses("0x10000000000000000", ~0ULL, 19);
}

static void sizes(const char *text, u32 shift, u64 value, u32 eaten)
{
    const char *end;
    assert_int_equal(parse_size_bytes(text, shift, &end), value);
    assert_int_equal(end - text, eaten);
}

static void test_parse_size(void **state)
{
    sizes("1024M", 10, 1ULL << 30, 5);
    sizes("4", 20, 4ULL << 20, 1);
    sizes("7B", 20, 7, 2);
    sizes("3k,", 20, 3ULL << 10, 2);
    sizes("2g", 20, 2ULL << 30, 2);
    sizes("2G", 0, 2ULL << 30, 2);
    sizes("1T", 0, 1ULL << 40, 2);
    sizes("0x10M", 0, 16ULL << 20, 5);
    sizes("M", 20, 0, 0); /* no number, nothing eaten */
    sizes("99999999999T", 0, ~0ULL, 12);
    sizes("16777216T", 0, ~0ULL, 9); /* 2^64 sticks too */
    sizes("16777215T", 0, 16777215ULL << 40, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_as_the_c_library_prints_them),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_what_does_not_fit_is_cut_and_counted),
        cmocka_unit_test(test_what_is_not_in_the_list_is_shown),
        cmocka_unit_test(test_parse_u64),
        cmocka_unit_test(test_parse_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
