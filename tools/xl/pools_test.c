// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same machine. */
#include "xl/machine_test.h"

static void list(void **state)
{
    static const char golden[] = "Name               CPUs   Sched     Active   Domain count\n"
                                 "Pool-0               2   credit2       y          3\n";
    assert_int_equal(machine_run("cpupool-list", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("cpupool-list", "Pool-0", NULL), XL_OK);
    assert_string_equal(machine_out, golden);
    assert_int_equal(machine_run("cpupool-list", "-c", NULL), XL_OK);
    assert_string_equal(machine_out, "Name               CPU list\n"
                                     "Pool-0             0,1\n");
    assert_int_equal(machine_run("cpupool-list", "nosuch", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: no such pool 'nosuch'\n");
    machine.pool[1] = (struct machine_pool){1, XEN_SCHEDULER_CREDIT, "p1", 2};
    machine.nr_pools = 2;
    assert_int_equal(machine_run("cpupool-list", "p1", NULL), XL_OK);
    assert_string_equal(machine_out, "Name               CPUs   Sched     Active   Domain count\n"
                                     "p1                   1    credit       y          0\n");
}

static void create(void **state)
{
    machine.free_cpus = 2;
    assert_int_equal(
        machine_run("cpupool-create", "name=\"p1\"", "sched=\"credit\"", "cpus=[\"1\"]", NULL),
        XL_OK);
    assert_string_equal(machine_out, "Using config file \"command line\"\n"
                                     "cpupool name:   p1\n"
                                     "scheduler:      credit\n"
                                     "number of cpus: 1\n");
    assert_string_equal(machine_done(),
                        "create-pool 5; write /local/pool/5/name=p1; add-cpu 5 1; ");
    assert_int_equal(machine_run("cpupool-create", "-n", "name='p2'", NULL), XL_OK);
    assert_string_equal(machine_done(), "");
    assert_non_null(strstr(machine_out, "scheduler:      credit2\nnumber of cpus: 1\n"));
    assert_int_equal(machine_run("cpupool-create", "name='p2'", "nodes=0", NULL), XL_OK);
    assert_string_equal(machine_done(),
                        "create-pool 6; write /local/pool/5/name=p2; add-cpu 5 1; ");
}

static void create_refused(void **state)
{
    assert_int_equal(machine_run("cpupool-create", "name='p1'", "cpus='1'", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "CPU 1 is in another pool"));
    assert_int_equal(machine_run("cpupool-create", "name='p1'", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "no CPU is free"));
    machine.free_cpus = 2;
    assert_int_equal(machine_run("cpupool-create", "sched='credit'", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "a pool needs a name"));
    assert_int_equal(machine_run("cpupool-create", "name='Pool-0'", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "there is a pool 'Pool-0' already"));
    assert_int_equal(machine_run("cpupool-create", "name='p1'", "sched='fair'", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "no scheduler 'fair'"));
    assert_int_equal(machine_run("cpupool-create", "/nosuch", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "cannot read /nosuch: No such file or directory"));
    assert_string_equal(machine_done(), "");
    machine.error = -EINVAL;
    assert_int_equal(machine_run("cpupool-create", "name='p1'", "sched='rtds'", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "this hypervisor has none such"));
}

static void change(void **state)
{
    assert_int_equal(machine_run("cpupool-cpu-remove", "Pool-0", "1", NULL), XL_OK);
    assert_string_equal(machine_done(), "remove-cpu 0 1; ");
    assert_int_equal(machine_run("cpupool-cpu-add", "0", "0-1", NULL), XL_OK);
    assert_string_equal(machine_done(), "add-cpu 0 0; add-cpu 0 1; ");
    assert_int_equal(machine_run("cpupool-cpu-add", "Pool-0", "node:0,^1", NULL), XL_OK);
    assert_string_equal(machine_done(), "add-cpu 0 0; ");
    assert_int_equal(machine_run("cpupool-migrate", "one", "Pool-0", NULL), XL_OK);
    assert_string_equal(machine_done(), "move 1 to 0; ");
    assert_int_equal(machine_run("cpupool-rename", "Pool-0", "first", NULL), XL_OK);
    assert_string_equal(machine_done(), "write /local/pool/0/name=first; ");
    assert_int_equal(machine_run("cpupool-rename", "Pool-0", "17", NULL), XL_USAGE);
    assert_int_equal(machine_run("cpupool-destroy", "Pool-0", NULL), XL_FAILURE);
    assert_non_null(strstr(machine_err, "pool 'Pool-0' has 3 domains"));
    machine.pool[1] = (struct machine_pool){1, XEN_SCHEDULER_CREDIT, "p1", 2};
    machine.nr_pools = 2;
    assert_int_equal(machine_run("cpupool-destroy", "p1", NULL), XL_OK);
    assert_string_equal(machine_done(), "remove-cpu 1 1; destroy-pool 1; remove /local/pool/1; ");
    machine.error = -EBUSY;
    assert_int_equal(machine_run("cpupool-cpu-remove", "Pool-0", "0-1", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "remove-cpu 0 0; remove-cpu 0 1; "); /* as many as can be */
}

static void split(void **state)
{
    assert_int_equal(machine_run("cpupool-numa-split", NULL), XL_OK);
    assert_string_equal(machine_done(), ""); /* one node is one pool */
    machine.nr_pools = 2;
    machine.pool[1] = (struct machine_pool){1, XEN_SCHEDULER_CREDIT, "p1", 2};
    assert_int_equal(machine_run("cpupool-numa-split", NULL), XL_FAILURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(list, machine_start),
        cmocka_unit_test_setup(create, machine_start),
        cmocka_unit_test_setup(create_refused, machine_start),
        cmocka_unit_test_setup(change, machine_start),
        cmocka_unit_test_setup(split, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
