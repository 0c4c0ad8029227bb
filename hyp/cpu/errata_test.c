/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "cpu/errata.h"

#define CSV2(n)   ((u64)(n) << 56)
#define ECBHB     BIT(60)
#define CLRBHB    BIT(28)
#define ARM(part) (0x410f0000u | (part) << 4)

static void test_history_by_model(void **state)
{
    static const struct {
        u64 midr;
        enum branch_history history;
        u32 rounds;
    } row[] = {
        {ARM(0xd07u), BRANCH_HISTORY_LOOP, 8},          {ARM(0xd08u), BRANCH_HISTORY_LOOP, 8},
        {ARM(0xd0bu), BRANCH_HISTORY_LOOP, 24},         {ARM(0xd41u), BRANCH_HISTORY_LOOP, 32},
        {0xc00fac30u, BRANCH_HISTORY_LOOP, 11},         {ARM(0xd09u), BRANCH_HISTORY_FIRMWARE, 0},
        {ARM(0xd81u), BRANCH_HISTORY_LOOP, 38},         {ARM(0xd4fu), BRANCH_HISTORY_LOOP, 132},
        {ARM(0xd0au), BRANCH_HISTORY_FIRMWARE, 0},      {ARM(0xd03u), BRANCH_HISTORY_UNKNOWN, 0},
        {0x510fd070u, BRANCH_HISTORY_UNKNOWN, 0}, /* another's part of the same number */
        {0x414fd0b1u, BRANCH_HISTORY_LOOP, 24},   /* any variant and revision */
        {0xffffffff410fd0b0u, BRANCH_HISTORY_LOOP, 24},
    };
    for (u32 i = 0; i < ARRAY_LEN(row); i++) {
        struct branch_errata e = errata_branches(row[i].midr, CSV2(1), 0, 0);
        assert_int_equal(e.history, row[i].history);
        assert_int_equal(e.rounds, row[i].rounds);
        assert_false(e.targets);
        assert_true(errata_branches(row[i].midr, 0, 0, 0).targets);
    }
}

static void test_history_that_the_cpu_cares_for(void **state)
{
    const u64 a76 = ARM(0xd0bu);
    assert_int_equal(errata_branches(a76, CSV2(2), 0, 0).history, BRANCH_HISTORY_LOOP);
    assert_int_equal(errata_branches(a76, CSV2(3), 0, CLRBHB).history, BRANCH_HISTORY_NONE);
    assert_int_equal(errata_branches(a76, CSV2(1), ECBHB, CLRBHB).history, BRANCH_HISTORY_NONE);
    assert_int_equal(errata_branches(a76, CSV2(1), 0, CLRBHB).history, BRANCH_HISTORY_CLEAR);
}

static void test_choice(void **state)
{
    static const struct {
        bool targets;
        enum branch_history history;
        s32 answer_1, answer_3;
        enum mitigation want;
    } row[] = {
        {false, BRANCH_HISTORY_NONE, 0, 0, MITIGATION_NONE},
        {false, BRANCH_HISTORY_LOOP, 0, 0, MITIGATION_LOOP},
        {false, BRANCH_HISTORY_CLEAR, 0, 0, MITIGATION_CLEAR},
        {true, BRANCH_HISTORY_LOOP, 0, 0, MITIGATION_FIRMWARE_3},
        {true, BRANCH_HISTORY_LOOP, 0, -1, MITIGATION_FIRMWARE_1},
        {true, BRANCH_HISTORY_LOOP, 0, 1, MITIGATION_FIRMWARE_1},
        {true, BRANCH_HISTORY_LOOP, 1, 1, MITIGATION_LOOP},
        {true, BRANCH_HISTORY_LOOP, -1, -1, MITIGATION_LOOP},
        {true, BRANCH_HISTORY_NONE, 1, 1, MITIGATION_NONE},
        {true, BRANCH_HISTORY_NONE, 0, -1, MITIGATION_FIRMWARE_1},
        {false, BRANCH_HISTORY_FIRMWARE, 0, 0, MITIGATION_FIRMWARE_3},
        {false, BRANCH_HISTORY_FIRMWARE, 0, -1, MITIGATION_MISSING},
        {false, BRANCH_HISTORY_FIRMWARE, 0, 1, MITIGATION_NONE},
        {true, BRANCH_HISTORY_FIRMWARE, 0, -1, MITIGATION_FIRMWARE_1},
        {true, BRANCH_HISTORY_FIRMWARE, -1, -1, MITIGATION_MISSING},
        {false, BRANCH_HISTORY_UNKNOWN, 0, 0, MITIGATION_FIRMWARE_3},
        {false, BRANCH_HISTORY_UNKNOWN, 0, 1, MITIGATION_NONE},
        {false, BRANCH_HISTORY_UNKNOWN, -1, -1, MITIGATION_NONE},
        {true, BRANCH_HISTORY_UNKNOWN, 0, -1, MITIGATION_FIRMWARE_1},
    };
    for (u32 i = 0; i < ARRAY_LEN(row); i++) {
        const struct branch_errata e = {.targets = row[i].targets, .history = row[i].history};
        assert_int_equal(errata_choose(&e, row[i].answer_1, row[i].answer_3), row[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history_by_model),
        cmocka_unit_test(test_history_that_the_cpu_cares_for),
        cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
