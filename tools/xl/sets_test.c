// SPDX-License-Identifier: MIT
#include "lib/failing.h"
#include "xl/machine_test.h"
#include "xl/sets.h"

static void check_format(uint64_t set, unsigned nr, const char *ranges, const char *plain)
{
    struct text out = {0};
    set_format(&set, nr, &out);
    assert_string_equal(text_string(&out), ranges);
    text_cut(&out, 0);
    set_format_plain(&set, nr, &out);
    assert_string_equal(text_string(&out), plain);
    text_fini(&out);
}

static void format(void **state)
{
    check_format(0xf, 4, "all", "0,1,2,3");
    check_format(0, 4, "none", "");
    check_format(1, 4, "0", "0");
    check_format(0x2d, 8, "0,2-3,5", "0,2,3,5");
    check_format(0xc0, 8, "6-7", "6,7");
    check_format(1, 1, "all", "0");
}

static void parse(void **state)
{
    static const struct {
        const char *word;
        int err;
        uint64_t set;
    } rows[] = {
        {"0", 0, 1},           {"0-3,^1", 0, 0xd},      {"all", 0, 0xff},   {"all,^0-6", 0, 0x80},
        {"node:0", 0, 3},      {"nodes:0,^0", 0, 2},    {"^0,0", 0, 1},     {"node:1", -ERANGE, 0},
        {"8", -ERANGE, 0},     {"0,^0", -EINVAL, 0},    {"", -EINVAL, 0},   {"1,,2", -EINVAL, 0},
        {"node:", -EINVAL, 0}, {"nodes:x", -EINVAL, 0}, {"3-", -EINVAL, 0},
    };
    struct life l = {.hv = (struct hv *)&machine};
    machine.physinfo.max_cpu_id = 7; /* of which two are there, both in node 0 */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t set[SET_WORDS];
        assert_int_equal(set_parse(&l, rows[i].word, set), rows[i].err);
        assert_true(rows[i].err != 0 || set[0] == rows[i].set);
    }
}

static void no_memory(void **state)
{
    struct life l = {.hv = (struct hv *)&machine};
    unsigned k = 1;
    for (;; k++) {
        uint64_t set[SET_WORDS];
        failing_arm(k);
        const int err = set_parse(&l, "0,node:0", set);
        if (!failing_disarm()) {
            assert_int_equal(err, 0);
            break;
        }
        assert_int_equal(err, -ENOMEM);
    }
    assert_true(k > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(format, machine_start),
        cmocka_unit_test_setup(parse, machine_start),
        cmocka_unit_test_setup(no_memory, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
