// SPDX-License-Identifier: MIT
#include "hv/fixture_test.h"

#include "abi/grant.h"
#include "abi/memory.h"
#include "lib/failing.h"

static int setup(void **state)
{
    uint64_t done = 0;
    return start_guest(state) != 0 || hv_set_max_mem(hv, domid, 1 << 20) != 0 ||
           hv_populate_range(hv, domid, 0x40000, 4, 9, &done) != 0;
}

static void a_range_is_the_guests_memory(void **state)
{
    struct hv_mapping m;
    assert_int_equal(hv_map_range(hv, domid, 0x40100, 1024, true, &m), 0);
    assert_int_equal(m.nr_pages, 1024);
    assert_int_equal(xen_host.nr_maps, 1);
    memcpy((uint8_t *)m.at + 4096 * 1023, "kanso", 6);
    char back[6] = "";
    assert_true(xen_host_read(domid, 0x404ff000, back, 6));
    assert_string_equal(back, "kanso");
    hv_unmap(hv, &m);
    assert_null(m.at);
    hv_unmap(hv, &m);
    assert_int_equal(xen_host.nr_mapped, 0);
}

static void all_or_nothing(void **state)
{
    struct hv_mapping m;
    assert_int_equal(hv_map_range(hv, domid, 0x407ff, 2, true, &m), -ENOENT);
    assert_null(m.at);
    assert_int_equal(hv_map_range(hv, domid, 0x40000, 0, true, &m), -EINVAL);
    assert_int_equal(hv_map_range(hv, 99, 0x40000, 1, true, &m), -ESRCH);
}

static void page_by_page_errors(void **state)
{
    const uint64_t gfn[4] = {0x40000, 0x90000, 0x40001, 0x40002};
    struct hv_mapping m;
    int error[4] = {5, 5, 5, 5};
    assert_int_equal(hv_map(hv, domid, gfn, 4, false, &m, error), 0);
    assert_int_equal(error[0], 0);
    assert_int_equal(error[1], -ENOENT);
    assert_int_equal(error[2], 0);
    assert_int_equal(error[3], 0);
    assert_int_equal(xen_host.nr_maps, 1);
    hv_unmap(hv, &m);
    const uint64_t none[2] = {0x90000, 0x90001};
    assert_int_equal(hv_map(hv, domid, none, 2, false, &m, error), -ENOENT);
    assert_null(m.at);
    assert_int_equal(xen_host.nr_mapped, 0);
}

static void grant_table_as_resource(void **state)
{
    struct hv_mapping m;
    assert_int_equal(hv_map_grant_table(hv, domid, 1, &m), 0);
    struct xen_grant_entry_v1 *entry = m.at;
    entry[1] = (struct xen_grant_entry_v1){.flags = GTF_permit_access, .frame = 0x40000};
    hv_unmap(hv, &m);
    assert_int_equal(xen_host_count(__HYPERVISOR_memory_op, XENMEM_add_to_physmap), 0);

    assert_true(xen_host_write(domid, 0x40000000, "ring", 5));
    assert_int_equal(hv_map_grant(hv, domid, 1, true, &m), 0);
    assert_string_equal(m.at, "ring");
    hv_unmap(hv, &m);
    assert_int_equal(hv_map_grant(hv, domid, 0, true, &m), -EINVAL);
    assert_null(m.at);
}

static void grant_table_by_frames(void **state)
{
    struct hv_mapping m;
    xen_host.resource_error = EOPNOTSUPP;
    assert_int_equal(hv_map_grant_table(hv, domid, 1, &m), 0);
    struct xen_grant_entry_v1 *entry = m.at;
    entry[0] = (struct xen_grant_entry_v1){.flags = GTF_permit_access, .frame = 0x40001};
    hv_unmap(hv, &m);
    assert_int_equal(xen_host_find(domid)->nr_ranges, 1); /* and it sees no table */
    assert_true(xen_host_write(domid, 0x40001000, "page", 5));
    assert_int_equal(hv_map_grant(hv, domid, 0, false, &m), 0);
    assert_string_equal(m.at, "page");
    hv_unmap(hv, &m);
    xen_host.resource_error = EPERM; /* that is an answer */
    assert_int_equal(hv_map_grant_table(hv, domid, 1, &m), -EPERM);
}

static void each_step_may_fail(void **state)
{
    struct hv_mapping m;
    xen_host.resource_error = EOPNOTSUPP;
    unsigned k = 1;
    for (;; k++) {
        xen_host_arm(k, EIO);
        const int error = hv_map_grant_table(hv, domid, 1, &m);
        if (!xen_host_disarm()) {
            assert_int_equal(error, 0);
            hv_unmap(hv, &m);
            break;
        }
        assert_int_equal(error, -EIO);
        assert_null(m.at);
        assert_int_equal(xen_host.nr_mapped, 0);
        struct xen_host_domain *d = xen_host_find(domid);
        if (d->nr_ranges == 2) { /* the removal itself failed */
            d->nr_ranges = 1;
        }
    }
    assert_true(k >= 6);
}

static void no_memory_for_a_list(void **state)
{
    struct hv_mapping m = {.at = &m};
    failing_arm(1);
    assert_int_equal(hv_map_range(hv, domid, 0x40000, 4096, true, &m), -ENOMEM);
    assert_true(failing_disarm());
    assert_null(m.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_range_is_the_guests_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(all_or_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(page_by_page_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(grant_table_as_resource, setup, teardown),
        cmocka_unit_test_setup_teardown(grant_table_by_frames, setup, teardown),
        cmocka_unit_test_setup_teardown(each_step_may_fail, setup, teardown),
        cmocka_unit_test_setup_teardown(no_memory_for_a_list, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
