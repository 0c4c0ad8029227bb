// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same machine. */
#include "xl/machine_test.h"

#define HEADER "Name                                        ID   Mem VCPUs\tState\tTime(s)"
#define DOM0   "Domain-0                                     0   768     2     r-----       7.1"
#define ONE    "one                                          1     8     1     --p---       0.0"
#define TWO    "two                                          2     8     1     --p---       0.0"

static void usual(void **state)
{
    assert_int_equal(machine_run("list", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER "\n" DOM0 "\n" ONE "\n" TWO "\n");
    assert_string_equal(machine_err, "");
}

static void named(void **state)
{
    assert_int_equal(machine_run("list", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER "\n" ONE "\n");
    assert_int_equal(machine_run("list", "2", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER "\n" TWO "\n" ONE "\n");
    assert_int_equal(machine_run("list", "onne", NULL), XL_FAILURE);
    assert_string_equal(machine_out, "");
    assert_string_equal(machine_err, "xl: error: no such domain 'onne'; did you mean 'one'?\n");
    assert_int_equal(machine_run("list", "77", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: no such domain '77'\n");
    assert_int_equal(machine_run("list", "99999999999999999999", NULL), XL_FAILURE);
}

/* Those that are there are shown all the same. */
static void some_named(void **state)
{
    assert_int_equal(machine_run("list", "two", "nobody", "one", "77", NULL), XL_FAILURE);
    assert_string_equal(machine_out, HEADER "\n" TWO "\n" ONE "\n");
    assert_string_equal(machine_err,
                        "xl: error: no such domain 'nobody'\nxl: error: no such domain '77'\n");
    assert_int_equal(machine_run("list", "-l", "one", "nobody", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_out, "\"domid\": 1"));
    assert_int_equal(machine_run("vcpu-list", "nobody", "one", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_out, "one "));
    assert_int_equal(machine_run("uptime", "one", "nobody", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_out, "one "));
    assert_int_equal(machine_run("list", "nobody", "77", NULL), XL_FAILURE);
    assert_string_equal(machine_out, "");
}

static void more(void **state)
{
    assert_int_equal(machine_run("list", "-v", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER
                        "   UUID                            Reason-Code\tSecurity Label\n" DOM0
                        " 00000000-0000-0000-0000-000000000000        -                -\n" ONE
                        " 12345678-1234-1234-1234-123456789abc        -                -\n" TWO
                        " 48ac5cc0-3924-422c-b0ce-71b7569cee32        -                -\n");
    assert_int_equal(machine_run("list", "-Z", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER "   Security Label\n" ONE "                -\n");
    assert_int_equal(machine_run("list", "-c", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER "         Cpupool\n" ONE "          Pool-0\n");
    assert_int_equal(machine_run("list", "-n", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER " NODE Affinity\n" ONE " all\n");
    assert_int_equal(machine_run("list", "-vcn", "one", NULL), XL_OK);
    assert_string_equal(
        machine_out, HEADER
        "   UUID                            Reason-Code\tSecurity Label         Cpupool NODE "
        "Affinity\n" ONE " 12345678-1234-1234-1234-123456789abc        -                -    "
        "      Pool-0 all\n");
}

static void states(void **state)
{
    struct xen_domctl_getdomaininfo *d = &machine.domain[1].info;
    d->flags = XEN_DOMINF_shutdown | 3u << XEN_DOMINF_shutdownshift;
    machine.domain[1].name = NULL;
    assert_int_equal(machine_run("list", "-v", "1", NULL), XL_OK);
    assert_non_null(
        strstr(machine_out,
               "\n(null)                                       1     8     1     ---sc-       "
               "0.0 12345678-1234-1234-1234-123456789abc        3                -\n"));
    d->flags = XEN_DOMINF_shutdown | XEN_DOMINF_dying | XEN_DOMINF_blocked;
    assert_int_equal(machine_run("list", "1", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "     -b-s-d  "));
}

static void uuids(void **state)
{
    assert_int_equal(machine_run("vm-list", NULL), XL_OK);
    assert_string_equal(
        machine_out, "UUID                                  ID    name\n"
                     "00000000-0000-0000-0000-000000000000  0    Domain-0                      \n"
                     "12345678-1234-1234-1234-123456789abc  1    one                           \n"
                     "48ac5cc0-3924-422c-b0ce-71b7569cee32  2    two                           \n");
}

static void memory(void **state)
{
    machine.domain[1].info.outstanding_pages = 512;
    machine.domain[1].info.shr_pages = 256;
    assert_int_equal(machine_run("claims", NULL), XL_OK);
    assert_string_equal(
        machine_out, HEADER
        "  Claimed\n" DOM0 "     0\n"
        "one                                          1    10     1     --p---       0.0     "
        "2\n" TWO "     0\n");
    assert_int_equal(machine_run("sharing", "two", NULL), XL_OK);
    assert_string_equal(machine_out,
                        "Name                                        ID   Mem Shared\n"
                        "two                                          2     8      0\n");
    assert_int_equal(machine_run("sharing", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "    1    10      1\n"));
}

static void nobody_there(void **state)
{
    machine.open_error = -ENOENT;
    assert_int_equal(machine_run("list", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: nobody is there\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(usual, machine_start),
        cmocka_unit_test_setup(named, machine_start),
        cmocka_unit_test_setup(some_named, machine_start),
        cmocka_unit_test_setup(more, machine_start),
        cmocka_unit_test_setup(states, machine_start),
        cmocka_unit_test_setup(uuids, machine_start),
        cmocka_unit_test_setup(memory, machine_start),
        cmocka_unit_test_setup(nobody_there, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
