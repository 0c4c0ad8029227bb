// SPDX-License-Identifier: MIT
#include "xl/machine_test.h"

static void one_list(void **state)
{
    machine.domain[1].info.tot_pages = 2048;
    assert_int_equal(machine_run("top", "-b", "-i", "1", NULL), XL_OK);
    assert_string_equal(
        machine_out,
        "      NAME  STATE   CPU(sec) CPU(%)     MEM(k) MEM(%)  MAXMEM(k) MAXMEM(%) VCPUS    ID\n"
        "  Domain-0 -----r          7    0.0     786432   37.5   no limit       n/a     2     0\n"
        "       one ----p-          0    0.0       8192    0.4       9216       0.4     1     1\n"
        "       two ----p-          0    0.0       8192    0.4       9216       0.4     1     2\n");
}

static void two_lists(void **state)
{
    assert_int_equal(machine_run("top", "-i", "2", "-d", "1", NULL), XL_OK);
    unsigned nr = 0;
    for (const char *s = machine_out; (s = strstr(s, "NAME")) != NULL; s++) {
        nr++;
    }
    assert_int_equal(nr, 2);
    assert_null(strchr(machine_out, '\033')); /* no terminal, nothing to clear */
}

static void refused(void **state)
{
    assert_int_equal(machine_run("top", "-d", "0", NULL), XL_USAGE);
    assert_int_equal(machine_run("top", "-i", "x", NULL), XL_USAGE);
    assert_int_equal(machine_run("top", "one", NULL), XL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_list, machine_start),
        cmocka_unit_test_setup(two_lists, machine_start),
        cmocka_unit_test_setup(refused, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
