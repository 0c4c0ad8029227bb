/* SPDX-License-Identifier: MIT */
#include "call/call.h"
#include "call/fake_test.h"

/* Linux in dom0 tells of each PCI device (15: manage_pci_add, 25: pci_device_add) and goes on. */
static void nothing_is_known(void **state)
{
    struct call_args args = {{0, GUEST_BASE}};
    for (args.arg[0] = 0; args.arg[0] < 40; args.arg[0]++) {
        assert_int_equal(call_physdev_op(vcpu_current(), &args), -38);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {FAKE_TEST(nothing_is_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
