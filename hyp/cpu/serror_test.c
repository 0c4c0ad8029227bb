/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "cpu/serror.h"

#define AET(n) ((u64)(n) << 10 | 0x11)

static void test_the_types_of_ras(void **state)
{
    static const enum serror_reach want[8] = {
        SERROR_REACH_MACHINE,                                          /* uncontainable */
        SERROR_REACH_GUEST,                                            /* unrecoverable */
        SERROR_REACH_NONE,                                             /* restartable */
        SERROR_REACH_GUEST,                                            /* recoverable */
        SERROR_REACH_MACHINE, SERROR_REACH_MACHINE, SERROR_REACH_NONE, /* corrected */
        SERROR_REACH_MACHINE,
    };
    for (u32 i = 0; i < ARRAY_LEN(want); i++) {
        assert_int_equal(serror_reach(AET(i)), want[i]);
        /* the other bits say nothing about it: EA, IESB, what is above the ISS */
        assert_int_equal(serror_reach(AET(i) | BIT(9) | BIT(13) | 0xbeUL << 24), want[i]);
    }
}

static void test_without_a_type_it_is_the_guest_s(void **state)
{
    assert_int_equal(serror_reach(0), SERROR_REACH_GUEST);
    for (u32 i = 0; i < 8; i++) {
        assert_int_equal(serror_reach(AET(i) & ~BIT(0)), SERROR_REACH_GUEST);
        assert_int_equal(serror_reach(AET(i) | BIT(24)), SERROR_REACH_GUEST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_types_of_ras),
        cmocka_unit_test(test_without_a_type_it_is_the_guest_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
