// SPDX-License-Identifier: MIT
#include "xenstored/wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void whole_messages(void **state)
{
    char data[WIRE_MAX_MESSAGE + 16];
    struct wire_header header = {.type = WIRE_READ, .request = 9, .transaction = 3, .bytes = 5};
    memcpy(data, &header, sizeof(header));
    struct wire_header out;
    for (size_t have = 0; have < sizeof(header) + 5; have++) {
        assert_int_equal(wire_decode(data, have, &out), 0);
    }
    assert_int_equal(wire_decode(data, sizeof(header) + 5, &out), sizeof(header) + 5);
    assert_memory_equal(&out, &header, sizeof(header));
    header.bytes = WIRE_MAX_PAYLOAD;
    memcpy(data, &header, sizeof(header));
    assert_int_equal(wire_decode(data, sizeof(data), &out), WIRE_MAX_MESSAGE);
    header.bytes = WIRE_MAX_PAYLOAD + 1;
    memcpy(data, &header, sizeof(header));
    assert_int_equal(wire_decode(data, sizeof(header), &out), -EPROTO);
    header.bytes = UINT32_MAX;
    memcpy(data, &header, sizeof(header));
    assert_int_equal(wire_decode(data, sizeof(data), &out), -EPROTO);
}

static void strings(void **state)
{
    const char *word[2];
    assert_int_equal(wire_strings("a\0bc\0", 5, word, 2), 2);
    assert_string_equal(word[0], "a");
    assert_string_equal(word[1], "bc");
    assert_int_equal(wire_strings("\0\0\0", 3, word, 2), 3);
    assert_int_equal(wire_strings("abc", 3, word, 2), -EINVAL);
    assert_int_equal(wire_strings("", 0, word, 2), -EINVAL);
}

static void numbers(void **state)
{
    uint32_t value = 7;
    assert_int_equal(wire_number("0", 9, &value), 0);
    assert_int_equal(value, 0);
    assert_int_equal(wire_number("4294967295", UINT32_MAX, &value), 0);
    assert_int_equal(value, UINT32_MAX);
    static const char *const wrong[] = {
        "", "-1", " 1", "1 ", "4294967296", "0x1", "99999999999999999999999999"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(wire_number(wrong[i], UINT32_MAX, &value), -EINVAL);
    }
    assert_int_equal(wire_number("10", 9, &value), -EINVAL);
    assert_int_equal(value, UINT32_MAX);
}

static void names(void **state)
{
    assert_string_equal(wire_error(-ENOENT), "ENOENT");
    assert_string_equal(wire_error(-EDQUOT), "EINVAL");
    assert_string_equal(wire_type_name(WIRE_WRITE), "WRITE");
    assert_string_equal(wire_type_name(20), "?");
    assert_string_equal(wire_type_name(9999), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_messages),
        cmocka_unit_test(strings),
        cmocka_unit_test(numbers),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
