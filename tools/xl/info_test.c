// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same machine. */
#include <sys/utsname.h>

#include "xl/machine_test.h"

#define HARDWARE                                                                \
    "nr_cpus                : 2\n"                                              \
    "max_cpu_id             : 1\n"                                              \
    "nr_nodes               : 1\n"                                              \
    "cores_per_socket       : 1\n"                                              \
    "threads_per_core       : 1\n"                                              \
    "cpu_mhz                : 62.500\n"                                         \
    "hw_caps                : "                                                 \
    "00000000:00000000:00000000:00000000:00000000:00000000:00000000:00000000\n" \
    "virt_caps              : hvm hap vpmu gnttab-v1\n"                         \
    "total_memory           : 2048\n"                                           \
    "free_memory            : 1248\n"                                           \
    "sharing_freed_memory   : 0\n"                                              \
    "sharing_used_memory    : 0\n"                                              \
    "outstanding_claims     : 0\n"                                              \
    "free_cpus              : 0\n"
#define NUMA                                     \
    "cpu_topology           :\n"                 \
    "cpu:    core    socket     node\n"          \
    "  0:       0        0        0\n"           \
    "  1:       0        0        0\n"           \
    "numa_info              :\n"                 \
    "node:    memsize    memfree    distances\n" \
    "   0:      2048       1248      20\n"
#define VERSION                                                                          \
    "xen_major              : 4\n"                                                       \
    "xen_minor              : 17\n"                                                      \
    "xen_extra              : .7\n"                                                      \
    "xen_version            : 4.17.7\n"                                                  \
    "xen_caps               : xen-3.0-aarch64 xen-3.0-armv7l \n"                         \
    "xen_scheduler          : credit2\n"                                                 \
    "xen_pagesize           : 4096\n"                                                    \
    "platform_params        : virt_start=0x200000\n"                                     \
    "xen_changeset          : \n"                                                        \
    "xen_commandline        : dom0_mem=768M dom0_max_vcpus=2 console=dtuart\n"           \
    "cc_compiler            : aarch64-linux-gnu-gcc (Debian 12.2.0-14+deb12u1) 12.2.0\n" \
    "cc_compile_by          : pkg-xen-devel\n"                                           \
    "cc_compile_domain      : lists.alioth.debian.org\n"                                 \
    "cc_compile_date        : Wed Nov  4 16:52:28 UTC 2026\n"                            \
    "build_id               : 7a23ea1ef3374f2c4453d67a7962e1d695e9f270\n"                \
    "xend_config_format     : 4\n"

/* The lines about this machine's own kernel, which are not the recording's. */
static const char *kernel_lines(void)
{
    static char lines[2048];
    struct utsname name;
    assert_int_equal(uname(&name), 0);
    snprintf(lines, sizeof(lines),
             "host                   : %s\nrelease                : %s\n"
             "version                : %s\nmachine                : %s\n",
             name.nodename, name.release, name.version, name.machine);
    return lines;
}

static void usual(void **state)
{
    const char *kernel = kernel_lines();
    assert_int_equal(machine_run("info", NULL), XL_OK);
    assert_memory_equal(machine_out, kernel, strlen(kernel));
    assert_string_equal(machine_out + strlen(kernel), HARDWARE VERSION);
}

static void numa(void **state)
{
    assert_int_equal(machine_run("info", "-n", NULL), XL_OK);
    assert_string_equal(machine_out + strlen(kernel_lines()), HARDWARE NUMA VERSION);
    assert_int_equal(machine_run("info", "--numa", NULL), XL_OK);
    assert_string_equal(machine_out + strlen(kernel_lines()), HARDWARE NUMA VERSION);
}

static void claims_and_caps(void **state)
{
    machine.physinfo.outstanding_pages = 48 * 256;
    machine.physinfo.capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_hvm |
                                    XEN_SYSCTL_PHYSCAP_directio | XEN_SYSCTL_PHYSCAP_hap;
    machine.free_cpus = 2;
    assert_int_equal(machine_run("info", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "free_memory            : 1200\n"));
    assert_non_null(strstr(machine_out, "outstanding_claims     : 48\n"));
    assert_non_null(strstr(machine_out, "free_cpus              : 1\n"));
    assert_non_null(
        strstr(machine_out, "virt_caps              : pv hvm pv_directio hvm_directio hap\n"));
}

static void hypervisor_log(void **state)
{
    assert_int_equal(machine_run("dmesg", NULL), XL_OK);
    assert_string_equal(machine_out, "(XEN) hello\n");
    assert_string_equal(machine_done(), "");
    assert_int_equal(machine_run("dmesg", "-c", NULL), XL_OK);
    assert_string_equal(machine_out, "(XEN) hello\n");
    assert_string_equal(machine_done(), "clear; ");
    assert_int_equal(machine_run("debug-keys", "hq", NULL), XL_OK);
    assert_string_equal(machine_done(), "keys hq; ");
    machine.error = -EPERM;
    assert_int_equal(machine_run("debug-keys", "h", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: cannot press 'h': Operation not permitted\n");
}

static void no_policy(void **state)
{
    assert_int_equal(machine_run("getenforce", NULL), XL_ABSENT);
    assert_string_equal(machine_out, "Flask XSM Disabled\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(usual, machine_start),
        cmocka_unit_test_setup(numa, machine_start),
        cmocka_unit_test_setup(claims_and_caps, machine_start),
        cmocka_unit_test_setup(hypervisor_log, machine_start),
        cmocka_unit_test_setup(no_policy, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
