/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "fw/firmware.h"

struct firmware firmware;
static u32 asked;
static s32 answers[2]; /* of WORKAROUND_1, of the others */

void smccc_call(const u64 in[8], u64 out[4])
{
    assert_int_equal(in[0], SMCCC_ARCH_FEATURES);
    out[0] = (u32)answers[in[1] != SMCCC_WORKAROUND_1]; /* in 32 bits */
    asked++;
}

/* One machine, CPU by CPU: what was learned stays. */
static void test_guests_get_the_worst_of_all_cpus(void **state)
{
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_1), -1); /* nobody has asked */
    firmware.psci_version = 0x10001;
    answers[0] = answers[1] = 1;
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_1), 1);
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_2), 1);
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_1), 1);
    answers[0] = -1;
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_1), -1);
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_1), -1);
    answers[0] = 0;
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_1), 0);
    answers[0] = 1;
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_1), 1); /* this CPU's own */
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_1), 0);     /* any CPU's */
    answers[0] = -1;
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_1), -1);
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_1), 0);
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_2), 1);
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_3), -1);
}

static void test_old_firmware_is_not_asked(void **state)
{
    firmware.psci_version = 2;
    asked = 0;
    answers[0] = answers[1] = 0;
    assert_false(firmware_has_smccc());
    assert_int_equal(firmware_ask_workaround(SMCCC_WORKAROUND_3), -1);
    assert_int_equal(firmware_workaround(SMCCC_WORKAROUND_3), -1);
    assert_int_equal(asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_guests_get_the_worst_of_all_cpus),
        cmocka_unit_test(test_old_firmware_is_not_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
