/* SPDX-License-Identifier: MIT */
#include "call/fake_test.h"

static s64 assist(u64 command, u64 type)
{
    struct call_args args = {{command, type}};
    return call_vm_assist(vcpu_current(), &args);
}

static void one_switch(void **state)
{
    for (u32 type = 0; type < 70; type++) {
        assert_int_equal(assist(VMASST_CMD_enable, type), type == 5 ? 0 : -22);
    }
    assert_int_equal(fake_domain[1].assist, 1 << 5);
    assert_int_equal(assist(2, 5), -38);
    assert_int_equal(assist(2, 4), -22);
    assert_int_equal(assist(VMASST_CMD_disable, 5), 0);
    assert_int_equal(fake_domain[1].assist, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(one_switch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
