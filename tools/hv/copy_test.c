// SPDX-License-Identifier: MIT
#include "hv/call.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "hv/xen_host.h"
#include "lib/failing.h"

#define SOURCE_BYTES (3 * HV_COPY_BYTES + 5000)

static struct hv *hv;
static uint16_t domid;
static struct hv_mapping grants;
static uint8_t source[SOURCE_BYTES], back[SOURCE_BYTES];

static int setup(void **state)
{
    struct xen_domctl_createdomain config = {
        .flags = XEN_DOMCTL_CDF_hvm, .max_vcpus = 2, .grant_opts = 1};
    xen_host_start();
    domid = 0;
    uint64_t done = 0;
    for (size_t i = 0; i < SOURCE_BYTES; i++) {
        source[i] = (uint8_t)(i * 2654435761U >> 11);
    }
    return hv_open(&hv) != 0 || hv_create_domain(hv, &config, &domid) != 0 ||
           hv_set_max_mem(hv, domid, 1 << 20) != 0 ||
           hv_populate_range(hv, domid, 0x40000, 4, 9, &done) != 0 ||
           hv_map_grant_table(hv, domid, 1, &grants) != 0;
}

static int teardown(void **state)
{
    hv_unmap(hv, &grants);
    hv_close(hv);
    return xen_host_is_clean() ? 0 : -1;
}

static void grants_are_clear(void)
{
    static const uint8_t none[4096];
    assert_memory_equal(grants.at, none, sizeof(none));
}

static void windows_and_a_rest(void **state)
{
    const size_t bytes[] = {1, 4096, 4097, HV_COPY_BYTES, SOURCE_BYTES};
    const unsigned calls[] = {1, 1, 1, 1, 4};
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        xen_host_arm(0, 0);
        assert_int_equal(hv_copy(hv, domid, &grants, 0x40001, source, bytes[i]), 0);
        assert_int_equal(xen_host.nr_calls, calls[i] + (i == 0)); /* the first one opens */
        assert_true(xen_host_read(domid, 0x40001000, back, bytes[i]));
        assert_memory_equal(back, source, bytes[i]);
        grants_are_clear();
    }
    assert_int_equal(xen_host.nr_maps, 1); /* the grant table */
    uint8_t behind = 1;
    assert_true(xen_host_read(domid, 0x40001000 + SOURCE_BYTES, &behind, 1));
    assert_int_equal(behind, 0);
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40000, source + 13, 9000), 0); /* unaligned */
    assert_true(xen_host_read(domid, 0x40000000, back, 9000));
    assert_memory_equal(back, source + 13, 9000);
}

static void what_is_not_there(void **state)
{
    assert_int_equal(hv_copy(hv, domid, &grants, 0x407ff, source, 4097), -EIO);
    grants_are_clear();
    const int fd = memfd_create("file", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, 20000), 0);
    const void *file = mmap(NULL, 20000, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_int_equal(ftruncate(fd, 5000), 0);
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40000, file, 20000), -EFAULT);
    grants_are_clear();
    munmap((void *)file, 20000);
    close(fd);
}

static void an_old_kernel(void **state)
{
    xen_host.copy_error = ENOTTY;
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40001, source, SOURCE_BYTES), 0);
    assert_true(xen_host_read(domid, 0x40001000, back, SOURCE_BYTES));
    assert_memory_equal(back, source, SOURCE_BYTES);
    assert_int_equal(xen_host.nr_maps, 1 + 4);
    grants_are_clear();
}

static void no_grant_device(void **state)
{
    xen_host_arm(1, ENOENT);
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40001, source, 9000), 0);
    assert_true(xen_host_disarm());
    assert_int_equal(xen_host.nr_maps, 2);
    assert_true(xen_host_read(domid, 0x40001000, back, 9000));
    assert_memory_equal(back, source, 9000);
    xen_host_arm(2, EIO);
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40001, source, 9000), -EIO);
}

static void each_step_may_fail(void **state)
{
    failing_arm(1);
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40000, source, 4096), -ENOMEM);
    assert_true(failing_disarm());
    for (unsigned k = 1; k <= 2; k++) {
        xen_host_arm(k, EIO);
        assert_int_equal(hv_copy(hv, domid, &grants, 0x40000, source, 4096), -EIO);
        assert_true(xen_host_disarm());
        grants_are_clear();
    }
    assert_int_equal(hv_copy(hv, domid, &grants, 0x40000, source, 4096), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(windows_and_a_rest, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_kernel, setup, teardown),
        cmocka_unit_test_setup_teardown(no_grant_device, setup, teardown),
        cmocka_unit_test_setup_teardown(each_step_may_fail, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
