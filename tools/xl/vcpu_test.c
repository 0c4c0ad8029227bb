// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same machine. */
#include "xl/machine_test.h"

#define HEADER \
    "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n"

static void list(void **state)
{
    assert_int_equal(machine_run("vcpu-list", NULL), XL_OK);
    assert_string_equal(
        machine_out,
        HEADER "Domain-0                             0     0    0   -b-       5.0  all / all\n"
               "Domain-0                             0     1    1   r--       5.0  all / all\n"
               "one                                  1     0    1   ---       0.0  all / all\n"
               "two                                  2     0    0   ---       0.0  0 / all\n"
               "two                                  2     1    -   --p       0.0  0 / all\n"
               "two                                  2     2    -   --p       0.0  0 / all\n");
    assert_int_equal(machine_run("vcpu-list", "one", NULL), XL_OK);
    assert_string_equal(
        machine_out,
        HEADER "one                                  1     0    1   ---       0.0  all / all\n");
    assert_int_equal(machine_run("vcpu-list", "77", NULL), XL_FAILURE);
    machine.domain[1].info.max_vcpu_id = XEN_INVALID_MAX_VCPU_ID; /* it has none yet */
    assert_int_equal(machine_run("vcpu-list", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER);
}

static void pin(void **state)
{
    assert_int_equal(machine_run("vcpu-pin", "two", "1", "1", "0", NULL), XL_OK);
    assert_string_equal(machine_done(), "pin 2 1 2 1; ");
    assert_string_equal(machine_out, "");
    assert_int_equal(machine_run("vcpu-pin", "two", "all", "-", "all", NULL), XL_OK);
    assert_string_equal(machine_done(), "pin 2 0 0 3; pin 2 1 0 3; pin 2 2 0 3; ");
    assert_int_equal(machine_run("vcpu-pin", "two", "0", "node:0", NULL), XL_OK);
    assert_string_equal(machine_done(), "pin 2 0 3 0; ");
    assert_int_equal(machine_run("-N", "vcpu-pin", "two", "0", "1", NULL), XL_OK);
    assert_string_equal(machine_done(), "");
    assert_string_equal(machine_out, "cpumap: 1\n");
}

static void pin_refused(void **state)
{
    assert_int_equal(machine_run("vcpu-pin", "two", "0", "99", NULL), XL_FAILURE);
    assert_string_equal(machine_err,
                        "xl: error: '99' names CPUs or nodes that this host does not have\n");
    assert_int_equal(machine_run("vcpu-pin", "two", "0", "0,^0", NULL), XL_FAILURE);
    assert_int_equal(machine_run("vcpu-pin", "two", "x", "0", NULL), XL_USAGE);
    assert_int_equal(machine_run("vcpu-pin", "two", "0", NULL), XL_USAGE);
    assert_int_equal(machine_run("vcpu-pin", "-f", "two", "0", "1", NULL), XL_ABSENT);
    assert_string_equal(machine_done(), "");
    machine.error = -EINVAL;
    assert_int_equal(machine_run("vcpu-pin", "two", "7", "1", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "pin 2 7 2 0; ");
}

static void set(void **state)
{
    assert_int_equal(machine_run("vcpu-set", "two", "2", NULL), XL_OK);
    assert_string_equal(machine_done(), "vcpus 2 2; ");
    assert_int_equal(machine_run("vcpu-set", "two", "9", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "");
    assert_int_equal(machine_run("vcpu-set", "-i", "two", "9", NULL), XL_OK);
    assert_string_equal(machine_done(), "vcpus 2 9; ");
    assert_int_equal(machine_run("vcpu-set", "two", "0", NULL), XL_USAGE);
    assert_int_equal(machine_run("vcpu-set", "two", "many", NULL), XL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(list, machine_start),
        cmocka_unit_test_setup(pin, machine_start),
        cmocka_unit_test_setup(pin_refused, machine_start),
        cmocka_unit_test_setup(set, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
