// SPDX-License-Identifier: MIT
#include "hv/fixture_test.h"

#include "abi/memory.h"
#include "lib/failing.h"

static int setup(void **state)
{
    return start_guest(state) != 0 || hv_set_max_mem(hv, domid, 1 << 20) != 0;
}

static unsigned populates(void)
{
    return xen_host_count(__HYPERVISOR_memory_op, XENMEM_populate_physmap);
}

static void ranges_in_batches(void **state)
{
    const struct xen_host_domain *d = xen_host_find(domid);
    uint64_t done = 0;
    assert_int_equal(hv_populate_range(hv, domid, 0x40000, 8, 9, &done), 0);
    assert_int_equal(done, 8);
    assert_int_equal(populates(), 1);
    assert_int_equal(d->range[0].gfn, 0x40000);
    assert_int_equal(d->range[0].nr, 8 * 512);
    assert_int_equal(d->range[0].order, 9);
    assert_int_equal(hv_populate_range(hv, domid, 0x80000, 5000, 0, &done), 0);
    assert_int_equal(done, 5000);
    assert_int_equal(populates(), 4);
    assert_int_equal(d->range[1].nr, 5000);
    uint64_t last = 0;
    assert_int_equal(hv_get_max_gfn(hv, domid, &last), 0);
    assert_int_equal(last, 0x80000 + 4999);
    assert_int_equal(hv_populate_range(hv, domid, 0x80000, 0, 0, &done), 0);
    assert_int_equal(done, 0);
    assert_int_equal(populates(), 4);
}

static void a_part_of_it(void **state)
{
    uint64_t done = 0;
    xen_host.free_pages = 3 * 512 + 100;
    assert_int_equal(hv_populate_range(hv, domid, 0x40000, 8, 9, &done), -ENOMEM);
    assert_int_equal(done, 3);
    assert_int_equal(hv_populate_range(hv, domid, 0x40000 + 3 * 512, 101, 0, &done), -ENOMEM);
    assert_int_equal(done, 100);
    assert_int_equal(xen_host.free_pages, 0);
}

static void a_later_batch_fails(void **state)
{
    uint64_t done = 99;
    xen_host_arm(3, EFAULT); /* the list, one batch, and here */
    assert_int_equal(hv_populate_range(hv, domid, 0x40000, 5000, 0, &done), -EFAULT);
    assert_true(xen_host_disarm());
    assert_int_equal(done, 2048);
    assert_int_equal(xen_host_find(domid)->pages, 2048);
    xen_host_arm(1, EFAULT);
    assert_int_equal(hv_populate_range(hv, domid, 0x50000, 2, 0, &done), -EFAULT);
    assert_int_equal(done, 0);
}

static void lists(void **state)
{
    const uint64_t gfn[3] = {0x39000, 0x39001, 0x39003};
    uint64_t done = 0;
    assert_int_equal(hv_populate(hv, domid, gfn, 3, 0, &done), 0);
    struct xen_host_domain *d = xen_host_find(domid);
    assert_int_equal(d->nr_ranges, 2);
    assert_true(xen_host_has_pages(d, 0x39000, 2));
    assert_false(xen_host_has_pages(d, 0x39002, 1));
    assert_true(xen_host_has_pages(d, 0x39003, 1));
    assert_int_equal(hv_depopulate(hv, domid, gfn + 2, 1, 0, &done), 0);
    assert_false(xen_host_has_pages(d, 0x39003, 1));
    assert_int_equal(d->pages, 2);
    assert_int_equal(hv_depopulate(hv, domid, gfn + 2, 1, 0, &done), -ENOMEM);
    assert_int_equal(done, 0);
}

static void claims(void **state)
{
    assert_int_equal(hv_claim(hv, domid, 1000), 0);
    assert_int_equal(xen_host_find(domid)->claimed_pages, 1000);
    assert_int_equal(hv_claim(hv, domid, xen_host.free_pages + 1), -ENOMEM);
    assert_int_equal(hv_claim(hv, domid, 0), 0);
    assert_int_equal(xen_host_find(domid)->claimed_pages, 0);
    xen_host.has_claim = false;
    assert_int_equal(hv_claim(hv, domid, 1), -ENOSYS);
    assert_int_equal(hv_claim(hv, 99, 1), -ESRCH);
}

static void no_memory_for_a_list(void **state)
{
    uint64_t done = 5;
    failing_arm(1);
    assert_int_equal(hv_populate_range(hv, domid, 0x40000, 1, 0, &done), -ENOBUFS);
    assert_true(failing_disarm());
    assert_int_equal(done, 0);
}

static void foreign_spaces(void **state)
{
    assert_int_equal(hv_add_to_physmap(hv, domid, XENMAPSPACE_grant_table, 0, 0x50000), 0);
    assert_int_equal(hv_add_to_physmap(hv, domid, XENMAPSPACE_dev_mmio, 0, 0x50000), -EINVAL);
    assert_int_equal(hv_remove_from_physmap(hv, domid, 0x50000), 0);
    assert_int_equal(hv_remove_from_physmap(hv, domid, 0x50000), -EINVAL);
    uint64_t gfn = 5;
    assert_int_equal(hv_get_max_gfn(hv, 99, &gfn), -ESRCH);
    assert_int_equal(gfn, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ranges_in_batches, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_of_it, setup, teardown),
        cmocka_unit_test_setup_teardown(a_later_batch_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(lists, setup, teardown),
        cmocka_unit_test_setup_teardown(claims, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_for_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(foreign_spaces, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
