// SPDX-License-Identifier: MIT
#include "build/fixture.h"

#include "abi/arm.h"
#include "abi/memory.h"

static struct build *build;
static uint16_t domid;

static void create(uint64_t memory_kib)
{
    config.memory_kib = config.maxmem_kib = memory_kib;
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(build_create(build, hv, 0, &domid), 0);
}

static int finish(void **state)
{
    build_close(build);
    build = NULL;
    return teardown(state);
}

static unsigned populates(void)
{
    return xen_host_count(__HYPERVISOR_memory_op, XENMEM_populate_physmap);
}

static void has_range(unsigned i, uint64_t gfn, uint64_t nr, unsigned order)
{
    const struct xen_host_range *r = &xen_host_find(domid)->range[i];
    assert_int_equal(r->gfn, gfn);
    assert_int_equal(r->nr, nr);
    assert_int_equal(r->order, order);
}

static void small_ones_in_2_mib(void **state)
{
    create(4096);
    assert_int_equal(build_populate(build), 0);
    assert_int_equal(xen_host_find(domid)->nr_ranges, 2);
    has_range(0, 0x40000, 1024, 9);
    has_range(1, 0x39000, 3, 0);
    assert_int_equal(populates(), 2);
    assert_int_equal(xen_host.nr_maps, 1);
    assert_int_equal(xen_host_find(domid)->claimed_pages, 0); /* exactly used up */
}

/* A guest that may grow has all of it at first: its driver knows from that what to give back. */
static void all_that_it_may_have(void **state)
{
    config.memory_kib = 4096;
    config.maxmem_kib = 8192;
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(build_create(build, hv, 0, &domid), 0);
    assert_int_equal(build_populate(build), 0);
    has_range(0, 0x40000, 2048, 9);
}

static void each_size_where_it_fits(void **state)
{
    xen_host.free_pages = 3ULL << 20;
    create(4 * 1048576 + 3 * 2048 + 8); /* 3 GiB, and in the second bank 1 GiB, 6 MiB, 8 KiB */
    assert_int_equal(build_populate(build), 0);
    has_range(0, 0x40000, 3 << 18, 18);
    has_range(1, 0x200000, 1 << 18, 18);
    has_range(2, 0x240000, 3 << 9, 9);
    has_range(3, 0x240600, 2, 0);
    assert_int_equal(populates(), 5);
}

static void what_is_not_whole_comes_smaller(void **state)
{
    xen_host.max_order = 9; /* no 1 GiB anywhere */
    xen_host.free_pages = 3ULL << 18;
    create(2 * 1048576);
    assert_int_equal(build_populate(build), 0);
    has_range(0, 0x40000, 2 << 18, 9);
    build_close(build);
    xen_host.max_order = 0;
    create(6 * 1024);
    assert_int_equal(build_populate(build), 0);
    has_range(0, 0x40000, 1536, 0);
}

/* Some of an order, then the rest by the next. */
static void in_the_middle_of_an_order(void **state)
{
    xen_host.has_claim = false;
    create(10 * 1024);
    xen_host.free_pages = 3 * 512 + 1000 + 3;
    xen_host_arm(0, 0);
    assert_int_equal(build_populate(build), -ENOMEM);
    has_range(0, 0x40000, 4 * 512, 9);
    has_range(1, 0x40800, 3 * 512 + 1003 - 4 * 512, 0);
}

static void pages_are_cleared(void **state)
{
    config.vuart = true;
    create(4096);
    const uint64_t gfn[4] = {0x39000, 0x39001, 0x39002, 0x39003};
    uint64_t done = 0;
    /* As Xen hands out what a running domain gave back: with its content. */
    assert_int_equal(hv_populate(hv, domid, gfn, 4, 0, &done), 0);
    assert_true(xen_host_write(domid, 0x39001ff0, "secret", 7));
    assert_int_equal(hv_depopulate(hv, domid, gfn + 3, 1, 0, &done), 0);
    assert_int_equal(hv_depopulate(hv, domid, gfn + 2, 1, 0, &done), 0);
    assert_int_equal(hv_depopulate(hv, domid, gfn + 1, 1, 0, &done), 0);
    assert_int_equal(hv_depopulate(hv, domid, gfn, 1, 0, &done), 0);
    assert_int_equal(build_populate(build), 0);
    char content[7] = "xxxxxx";
    assert_true(xen_host_read(domid, 0x39001ff0, content, 7));
    assert_memory_equal(content, "\0\0\0\0\0\0\0", 7);
    assert_true(xen_host_is_flushed(domid, 0x39000000, 4 * 4096));
}

static void none_left(void **state)
{
    xen_host.has_claim = false;
    xen_host.free_pages = 700;
    create(4096);
    assert_int_equal(build_populate(build), -ENOMEM);
    assert_string_equal(
        said, "can't give the guest its memory: after 2 of 4 MiB: Cannot allocate memory");
    build_close(build);
    assert_int_equal(hv_destroy_domain(hv, domid), 0);
    xen_host.free_pages = 1024;
    create(4096);
    assert_int_equal(build_populate(build), -ENOMEM);
    assert_string_equal(said, "can't give the guest the pages of its console and store: Cannot "
                              "allocate memory");
    assert_int_equal(nr_said, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_ones_in_2_mib, setup, finish),
        cmocka_unit_test_setup_teardown(all_that_it_may_have, setup, finish),
        cmocka_unit_test_setup_teardown(each_size_where_it_fits, setup, finish),
        cmocka_unit_test_setup_teardown(what_is_not_whole_comes_smaller, setup, finish),
        cmocka_unit_test_setup_teardown(in_the_middle_of_an_order, setup, finish),
        cmocka_unit_test_setup_teardown(pages_are_cleared, setup, finish),
        cmocka_unit_test_setup_teardown(none_left, setup, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
