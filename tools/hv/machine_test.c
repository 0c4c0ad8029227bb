// SPDX-License-Identifier: MIT
#include "hv/fixture_test.h"

static void versions(void **state)
{
    struct hv_version v;
    assert_int_equal(hv_get_version(hv, &v), 0);
    assert_int_equal(v.major, 4);
    assert_int_equal(v.minor, 17);
    assert_string_equal(v.extra, ".0-kanso");
    assert_string_equal(v.capabilities, "xen-3.0-aarch64 ");
    assert_string_equal(v.changeset, "0123abcd");
    assert_string_equal(v.command_line, "console=dtuart");
    assert_string_equal(v.build_id, "dead000f");
    assert_int_equal(strlen(v.compiler), 63); /* ended, though the hypervisor's was not */
    assert_int_equal(strlen(v.compile_by), 15);
    assert_int_equal(v.page_bytes, 4096);
    assert_int_equal(v.virt_start, 0x200000);
    for (unsigned k = 1; k <= 6; k++) {
        xen_host_arm(k, EPERM);
        assert_int_equal(hv_get_version(hv, &v), -EPERM);
        assert_true(xen_host_disarm());
    }
    xen_host_arm(7, EPERM); /* no build id is no failure */
    assert_int_equal(hv_get_version(hv, &v), 0);
    assert_true(xen_host_disarm());
    assert_string_equal(v.build_id, "");
}

static void the_machine(void **state)
{
    struct xen_sysctl_physinfo physical;
    assert_int_equal(hv_get_physinfo(hv, &physical), 0);
    assert_int_equal(physical.nr_cpus, 4);
    assert_int_equal(physical.free_pages, xen_host.free_pages);
    struct xen_sysctl_cputopo cpu[6];
    unsigned nr = 6;
    assert_int_equal(hv_get_cpu_topology(hv, cpu, &nr), 0);
    assert_int_equal(nr, 4);
    assert_int_equal(cpu[3].core, 3);
    nr = 2;
    memset(cpu, 0xff, sizeof(cpu));
    assert_int_equal(hv_get_cpu_topology(hv, cpu, &nr), 0);
    assert_int_equal(nr, 4);
    assert_int_equal(cpu[1].core, 1);
    assert_int_equal(cpu[2].core, ~0U);
    nr = 0;
    assert_int_equal(hv_get_cpu_topology(hv, NULL, &nr), 0);
    assert_int_equal(nr, 4);
    struct xen_sysctl_meminfo node[2];
    uint32_t distance[4] = {0, 7, 7, 7};
    nr = 2;
    assert_int_equal(hv_get_numa(hv, node, distance, &nr), 0);
    assert_int_equal(nr, 1);
    assert_int_equal(node[0].memsize, 1U << 30);
    assert_int_equal(distance[0], 10);
    assert_int_equal(distance[1], 7);
    nr = 65;
    assert_int_equal(hv_get_numa(hv, node, distance, &nr), -E2BIG);
    uint64_t idle[4];
    nr = 4;
    assert_int_equal(hv_get_idle_times(hv, idle, &nr), 0);
    assert_int_equal(nr, 4);
    assert_int_equal(idle[3], 4000000);
}

static void the_log(void **state)
{
    char text[64] = "";
    uint32_t index = 0;
    assert_int_equal(hv_read_console(hv, text, 8, false, true, &index), 8);
    assert_int_equal(index, 8);
    assert_memory_equal(text, "(KANSO) ", 8);
    assert_int_equal(hv_read_console(hv, text, sizeof(text), true, true, &index), 7);
    assert_memory_equal(text, "a line\n", 7);
    index = 0;
    assert_int_equal(hv_read_console(hv, text, sizeof(text), false, false, &index), 0);
    assert_int_equal(hv_send_debug_keys(hv, "qr"), 0);
    assert_int_equal(hv_send_debug_keys(hv, "d"), 0);
    assert_string_equal(xen_host.keys, "qrd");
    static char keys[5000];
    memset(keys, 'q', sizeof(keys) - 1);
    assert_int_equal(hv_send_debug_keys(hv, keys), -E2BIG);
}

static void pools(void **state)
{
    struct xen_sysctl_cpupool_op info;
    uint64_t cpus = 0;
    uint32_t id = XEN_SYSCTL_CPUPOOL_PAR_ANY;
    assert_int_equal(hv_get_pool(hv, 0, &info, &cpus, 64), 0);
    assert_int_equal(info.cpupool_id, 0);
    assert_int_equal(info.n_dom, 1);
    assert_int_equal(cpus, 0xf);
    assert_int_equal(hv_get_pool(hv, 1, &info, &cpus, 64), -ENOENT);
    assert_int_equal(hv_create_pool(hv, XEN_SCHEDULER_CREDIT2, &id), 0);
    assert_int_equal(id, 1);
    xen_host_arm(1, EAGAIN); /* a vCPU is still on its way out */
    assert_int_equal(hv_remove_pool_cpu(hv, 0, 3), 0);
    assert_true(xen_host_disarm());
    assert_int_equal(hv_get_free_cpus(hv, &cpus, 64), 0);
    assert_int_equal(cpus, 8);
    assert_int_equal(hv_add_pool_cpu(hv, 1, 3), 0);
    assert_int_equal(hv_move_domain(hv, 1, 0), 0);
    assert_int_equal(hv_get_pool(hv, 1, &info, &cpus, 64), 0);
    assert_int_equal(info.n_dom, 1);
    assert_int_equal(cpus, 8);
    assert_int_equal(hv_destroy_pool(hv, 1), -EBUSY);
    assert_int_equal(hv_remove_pool_cpu(hv, 1, 3), 0);
    assert_int_equal(hv_destroy_pool(hv, 1), 0);
    assert_int_equal(hv_get_free_cpus(hv, &cpus, 4097), -E2BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(versions, start_empty, teardown),
        cmocka_unit_test_setup_teardown(the_machine, start_empty, teardown),
        cmocka_unit_test_setup_teardown(the_log, start_empty, teardown),
        cmocka_unit_test_setup_teardown(pools, start_empty, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
