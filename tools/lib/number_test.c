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
#include "lib/number.h"

static void plain(void **state)
{
    static const struct {
        const char *word;
        int err;
        uint64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"42", 0, 42},
        {"0x2a", 0, 42},
        {"0XfF", 0, 255},
        {"1000", 0, 1000},
        {"1001", -ERANGE, 0},
        {"", -EINVAL, 0},
        {" 1", -EINVAL, 0},
        {"1 ", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"+1", -EINVAL, 0},
        {"0x", -EINVAL, 0},
        {"1k", -EINVAL, 0},
        {"12a", -EINVAL, 0},
        {"99999999999999999999", -ERANGE, 0},
        {"0x10000000000000000", -ERANGE, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t value = 7;
        assert_int_equal(number_parse(rows[i].word, 0, 1000, &value), rows[i].err);
        assert_int_equal(value, rows[i].err == 0 ? rows[i].value : 7);
    }
    uint64_t value = 7;
    assert_int_equal(number_parse("3", 4, 9, &value), -ERANGE);
    assert_int_equal(number_parse("18446744073709551615", 0, UINT64_MAX, &value), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(number_parse("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
}

static void with_sign(void **state)
{
    int64_t value = 7;
    assert_int_equal(number_parse_int("-5", -5, 5, &value), 0);
    assert_int_equal(value, -5);
    assert_int_equal(number_parse_int("-6", -5, 5, &value), -ERANGE);
    assert_int_equal(number_parse_int("--5", -5, 5, &value), -EINVAL);
    assert_int_equal(number_parse_int("", -5, 5, &value), -EINVAL);
    assert_int_equal(number_parse_int("9223372036854775808", INT64_MIN, INT64_MAX, &value),
                     -ERANGE);
    assert_int_equal(value, -5);
}

static void sizes(void **state)
{
    static const struct {
        const char *word;
        int err;
        uint64_t kib;
    } rows[] = {
        {"512", 0, 512 * 1024},
        {"512m", 0, 512 * 1024},
        {"1G", 0, 1 << 20},
        {"3k", 0, 3},
        {"4096b", 0, 4},
        {"1023b", 0, 0},
        {"1t", 0, 1ULL << 30},
        {"1x", -EINVAL, 0},
        {"1mb", -EINVAL, 0},
        {"m", -EINVAL, 0},
        {"", -EINVAL, 0},
        {"-1m", -EINVAL, 0},
        {"17179869184t", -ERANGE, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t kib = 7;
        assert_int_equal(number_parse_kib(rows[i].word, 'm', &kib), rows[i].err);
        assert_int_equal(kib, rows[i].err == 0 ? rows[i].kib : 7);
    }
    uint64_t kib;
    assert_int_equal(number_parse_kib("5", 'k', &kib), 0);
    assert_int_equal(kib, 5);
}

static void decimal(void **state)
{
    assert_true(number_is_decimal("0"));
    assert_true(number_is_decimal("99999999999999999999999"));
    assert_false(number_is_decimal(""));
    assert_false(number_is_decimal("0x1"));
    assert_false(number_is_decimal("1a"));
}

static void sets(void **state)
{
    static const struct {
        const char *word;
        int err;
        uint64_t low, high;
    } rows[] = {
        {"0", 0, 1, 0},
        {"0-3,^2,8", 0, 0x10b, 0},
        {"63-64", 0, 1ULL << 63, 1},
        {"all", 0, UINT64_MAX, 0xff},
        {"^0", -EINVAL, 0, 0},
        {"1,^1", -EINVAL, 0, 0},
        {"", -EINVAL, 0, 0},
        {"1,", -EINVAL, 0, 0},
        {",1", -EINVAL, 0, 0},
        {"3-1", -EINVAL, 0, 0},
        {"1-", -EINVAL, 0, 0},
        {"-1", -EINVAL, 0, 0},
        {"a", -EINVAL, 0, 0},
        {"72", -ERANGE, 0, 0},
        {"0-4000000000", -ERANGE, 0, 0},
        {"99999999999999999999", -ERANGE, 0, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t words[2] = {5, 6};
        assert_int_equal(number_parse_set(rows[i].word, 72, words), rows[i].err);
        assert_true(words[0] == (rows[i].err == 0 ? rows[i].low : 5));
        assert_true(words[1] == (rows[i].err == 0 ? rows[i].high : 6));
    }
    uint64_t word = 0;
    assert_int_equal(number_parse_set("all", 0, &word), -EINVAL);
    failing_arm(1);
    assert_int_equal(number_parse_set("0", 4, &word), -ENOMEM);
    assert_true(failing_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),   cmocka_unit_test(with_sign), cmocka_unit_test(sizes),
        cmocka_unit_test(decimal), cmocka_unit_test(sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
