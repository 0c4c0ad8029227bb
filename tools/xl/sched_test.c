// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same machine. */
#include "xl/machine_test.h"

#define POOL   "Cpupool Pool-0: ratelimit=1000us\n"
#define HEADER "Name                                ID Weight  Cap\n"

static void all(void **state)
{
    assert_int_equal(machine_run("sched-credit2", NULL), XL_OK);
    assert_string_equal(machine_out,
                        POOL HEADER "Domain-0                             0    256    0\n"
                                    "one                                  1    256    0\n"
                                    "two                                  2    256    0\n");
    /* No pool has another scheduler: nothing to show, and that is no failure */
    assert_int_equal(machine_run("sched-credit", NULL), XL_OK);
    assert_string_equal(machine_out, "");
    assert_int_equal(machine_run("sched-rtds", NULL), XL_OK);
    assert_string_equal(machine_out, "");
}

static void domain(void **state)
{
    machine.domain[1].weight = 512;
    assert_int_equal(machine_run("sched-credit2", "-d", "one", NULL), XL_OK);
    assert_string_equal(machine_out, HEADER "one                                  1    512    0\n");
    assert_int_equal(machine_run("sched-credit2", "-d", "one", "-w", "300", NULL), XL_OK);
    assert_string_equal(machine_done(), "sched 1 weight 300 cap 0; ");
    assert_string_equal(machine_out, "");
    assert_int_equal(machine_run("sched-credit2", "--domain=one", "--cap=50", NULL), XL_OK);
    assert_string_equal(machine_done(), "sched 1 weight 512 cap 50; ");
    assert_int_equal(machine_run("sched-rtds", "-d", "one", NULL), XL_FAILURE);
    assert_string_equal(machine_err,
                        "xl: error: domain 1 is not in a pool with the scheduler rtds\n");
}

static void refused(void **state)
{
    assert_int_equal(machine_run("sched-credit2", "-w", "3", NULL), XL_USAGE);
    assert_non_null(strstr(machine_err, "-w is for a domain"));
    assert_int_equal(machine_run("sched-credit2", "-d", "one", "-w", "99999", NULL), XL_USAGE);
    assert_non_null(strstr(machine_err, "a number from 1 to 65535 is wanted"));
    assert_int_equal(machine_run("sched-credit2", "-d", "one", "-p", "Pool-0", NULL), XL_USAGE);
    assert_int_equal(machine_run("sched-credit2", "-r", "1", NULL), XL_USAGE);
    assert_int_equal(machine_run("sched-credit2", "-d", "nobody", NULL), XL_FAILURE);
    assert_int_equal(machine_run("sched-credit2", "-p", "Pol-0", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: no such pool 'Pol-0'; did you mean 'Pool-0'?\n");
    assert_int_equal(machine_run("sched-credit", "-s", NULL), XL_FAILURE);
    assert_int_equal(machine_run("sched-rtds", "-v", "all", NULL), XL_ABSENT);
    assert_string_equal(machine_done(), "");
}

static void pools(void **state)
{
    assert_int_equal(machine_run("sched-credit2", "-s", NULL), XL_OK);
    assert_string_equal(machine_out, POOL);
    assert_int_equal(machine_run("sched-credit2", "-s", "-r", "2000", NULL), XL_OK);
    assert_string_equal(machine_done(), "pool 0 ratelimit 2000; ");
    machine.pool[1] = (struct machine_pool){1, XEN_SCHEDULER_CREDIT, "p1", 2};
    machine.nr_pools = 2;
    machine.domain[1].info.cpupool = 1;
    static const char golden[] =
        "Cpupool p1: tslice=30ms ratelimit=1000us migration-delay=0us\n" HEADER
        "one                                  1    256    0\n";
    assert_int_equal(machine_run("sched-credit", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("sched-credit", "-p", "p1", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("sched-credit2", "-p", "1", NULL), XL_OK);
    assert_string_equal(machine_out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all, machine_start),
        cmocka_unit_test_setup(domain, machine_start),
        cmocka_unit_test_setup(refused, machine_start),
        cmocka_unit_test_setup(pools, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
