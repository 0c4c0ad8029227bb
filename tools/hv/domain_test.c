// SPDX-License-Identifier: MIT
#include "hv/fixture_test.h"

#include <stdlib.h>

#include "abi/sched.h"
#include "lib/failing.h"

static struct xen_domctl_createdomain plain(void)
{
    return (struct xen_domctl_createdomain){.flags = XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap,
                                            .max_vcpus = 4,
                                            .max_grant_frames = -1,
                                            .max_maptrack_frames = -1,
                                            .grant_opts = 1,
                                            .handle = {1, 2, 3}};
}

static uint16_t make(void)
{
    struct xen_domctl_createdomain config = plain();
    uint16_t domid = 0;
    assert_int_equal(hv_create_domain(hv, &config, &domid), 0);
    return domid;
}

static void life(void **state)
{
    struct xen_domctl_createdomain config = plain();
    uint16_t domid = 0;
    assert_int_equal(hv_create_domain(hv, &config, &domid), 0);
    assert_int_equal(domid, 1);
    assert_int_equal(config.arch.gic_version, XEN_DOMCTL_CONFIG_GIC_V3); /* native was told */
    uint16_t wanted = 7;
    config = plain();
    assert_int_equal(hv_create_domain(hv, &config, &wanted), 0);
    assert_int_equal(wanted, 7);
    wanted = 7;
    assert_int_equal(hv_create_domain(hv, &config, &wanted), -EEXIST);

    assert_int_equal(hv_unpause_domain(hv, 1), 0);
    assert_int_equal(xen_host_find(1)->paused, 0);
    assert_int_equal(hv_pause_domain(hv, 1), 0);
    assert_int_equal(xen_host_find(1)->paused, 1);
    assert_int_equal(hv_shutdown_domain(hv, 1, SHUTDOWN_crash), 0);
    struct xen_domctl_getdomaininfo info;
    assert_int_equal(hv_get_domain(hv, 1, &info), 0);
    assert_int_equal(info.flags, XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | XEN_DOMINF_paused |
                                     XEN_DOMINF_shutdown | SHUTDOWN_crash << 16);
    assert_memory_equal(info.handle, config.handle, 16);
    assert_int_equal(hv_resume_domain(hv, 1), 0);
    assert_false(xen_host_find(1)->is_shut_down);

    xen_host_find(1)->destroy_restarts = 30;
    assert_int_equal(hv_destroy_domain(hv, 1), 0);
    assert_int_equal(xen_host_count(__HYPERVISOR_domctl, XEN_DOMCTL_destroydomain), 31);
    assert_null(xen_host_find(1));
    assert_int_equal(hv_destroy_domain(hv, 1), -ESRCH);
}

static void assert_next(uint16_t domid, struct hv_domain_state want)
{
    struct hv_domain_state got;
    uint16_t whose;
    assert_int_equal(hv_next_changed(hv, &whose, &got), 0);
    assert_int_equal(whose, domid);
    assert_int_equal(got.exists, want.exists);
    assert_int_equal(got.is_shut_down, want.is_shut_down);
    assert_int_equal(got.is_dead, want.is_dead);
    assert_true(got.unique_id == want.unique_id);
}

static void who_changed(void **state)
{
    struct hv_domain_state now;
    uint16_t whose;
    assert_int_equal(hv_next_changed(hv, &whose, &now), -ENOENT);
    const uint16_t one = make();
    const uint16_t other = make();
    assert_int_equal(hv_get_state(hv, one, &now), 0);
    assert_true(now.exists && !now.is_shut_down && !now.is_dead && now.unique_id != 0);
    const struct hv_domain_state first = now;
    assert_next(one, first);
    assert_int_equal(hv_shutdown_domain(hv, other, SHUTDOWN_poweroff), 0);
    assert_int_equal(hv_get_state(hv, other, &now), 0);
    assert_true(now.exists && now.is_shut_down && now.unique_id != first.unique_id);
    assert_next(other, now); /* both its changes at once */
    assert_int_equal(hv_next_changed(hv, &whose, &now), -ENOENT);
    xen_host_find(one)->is_dead = true;
    assert_int_equal(hv_get_state(hv, one, &now), 0);
    assert_true(now.exists && now.is_dead);
    assert_int_equal(hv_destroy_domain(hv, one), 0);
    assert_int_equal(hv_get_state(hv, one, &now), 0);
    assert_false(now.exists);
    assert_next(one, (struct hv_domain_state){});
    assert_int_equal(make(), one); /* its number, another domain */
    assert_int_equal(hv_get_state(hv, one, &now), 0);
    assert_true(now.exists && now.unique_id != first.unique_id);
    xen_host_arm(1, EIO);
    assert_int_equal(hv_get_state(hv, one, &now), -EIO);
    xen_host_arm(1, EIO);
    assert_int_equal(hv_next_changed(hv, &whose, &now), -EIO);
}

/* Xen 4.17: whether a domain is there can be asked, who changed not. */
static void who_changed_is_not_said(void **state)
{
    struct hv_domain_state now;
    uint16_t whose;
    const uint16_t domid = make();
    xen_host.has_no_states = true;
    assert_int_equal(hv_next_changed(hv, &whose, &now), -ENOSYS);
    assert_int_equal(hv_get_state(hv, domid, &now), 0);
    assert_true(now.exists && !now.is_shut_down && !now.is_dead && now.unique_id == 0);
    assert_int_equal(hv_shutdown_domain(hv, domid, SHUTDOWN_crash), 0);
    xen_host_find(domid)->is_dead = true;
    assert_int_equal(hv_get_state(hv, domid, &now), 0);
    assert_true(now.is_shut_down && now.is_dead);
    assert_int_equal(hv_get_state(hv, 4000, &now), 0);
    assert_false(now.exists);
}

static void the_next_one_is_not_it(void **state)
{
    const uint16_t domid = make();
    struct xen_domctl_getdomaininfo info = {.tot_pages = 99};
    assert_int_equal(hv_get_domain(hv, domid, &info), 0);
    xen_host_slot(5)->exists = false;
    uint16_t eight = 8;
    struct xen_domctl_createdomain config = plain();
    assert_int_equal(hv_create_domain(hv, &config, &eight), 0);
    info.tot_pages = 99;
    assert_int_equal(hv_get_domain(hv, 5, &info), -ESRCH);
    assert_int_equal(info.tot_pages, 99);
    assert_int_equal(hv_get_domain(hv, 4000, &info), -ESRCH);
}

static void lists(void **state)
{
    for (uint16_t i = 0; i < 1500; i++) {
        make();
    }
    struct xen_domctl_getdomaininfo some[10];
    assert_int_equal(hv_list_domains(hv, 3, some, 10), 10);
    assert_int_equal(some[0].domain, 3);
    assert_int_equal(some[9].domain, 12);
    assert_int_equal(hv_list_domains(hv, 1498, some, 10), 3);
    assert_int_equal(hv_list_domains(hv, 1501, some, 10), 0);

    struct xen_domctl_getdomaininfo *all = NULL;
    unsigned nr = 0;
    assert_int_equal(hv_list_all_domains(hv, &all, &nr), 0);
    assert_int_equal(nr, 1501);
    for (unsigned i = 0; i < nr; i++) {
        assert_int_equal(all[i].domain, i);
    }
    free(all);
}

static void listing_fails(void **state)
{
    for (uint16_t i = 0; i < 100; i++) {
        make();
    }
    struct xen_domctl_getdomaininfo *all = NULL;
    unsigned nr = 0, k = 1;
    for (;; k++) {
        failing_arm(k);
        const int error = hv_list_all_domains(hv, &all, &nr);
        if (!failing_disarm()) {
            assert_int_equal(error, 0);
            free(all);
            break;
        }
        assert_int_equal(error, -ENOMEM);
    }
    assert_true(k > 3);
    for (k = 1;; k++) {
        xen_host_arm(k, EFAULT);
        const int error = hv_list_all_domains(hv, &all, &nr);
        if (!xen_host_disarm()) {
            free(all);
            break;
        }
        assert_int_equal(error, -EFAULT);
    }
    assert_int_equal(k, 4); /* 32, 32, 64 and no buffer anew */
}

static void numbers(void **state)
{
    const uint16_t domid = make();
    const struct xen_host_domain *d = xen_host_find(domid);
    const uint8_t uuid[16] = {9, 8, 7};
    uint64_t value = 0;
    assert_int_equal(hv_set_max_vcpus(hv, domid, 3), 0);
    assert_int_equal(d->max_vcpus, 3);
    assert_int_equal(hv_set_max_vcpus(hv, domid, 5), -EINVAL);
    assert_int_equal(hv_set_max_mem(hv, domid, 1ULL << 33), 0);
    assert_int_equal(d->max_mem_kib, 1ULL << 33);
    xen_host_arm(1, EAGAIN);
    assert_int_equal(hv_set_paging_pool(hv, domid, 1 << 20), 0);
    assert_true(xen_host_disarm());
    assert_int_equal(d->paging_bytes, 1 << 20);
    assert_int_equal(hv_get_paging_pool(hv, domid, &value), 0);
    assert_int_equal(value, 1 << 20);
    assert_int_equal(hv_set_address_size(hv, domid, 32), 0);
    assert_int_equal(d->address_bits, 32);
    assert_int_equal(hv_set_address_size(hv, domid, 16), -EINVAL);
    assert_int_equal(hv_set_domain_handle(hv, domid, uuid), 0);
    assert_memory_equal(d->config.handle, uuid, 16);
    assert_int_equal(hv_set_time_offset(hv, domid, -3600), 0);
    assert_int_equal(d->time_offset, -3600);
    assert_int_equal(hv_set_param(hv, domid, HVM_PARAM_STORE_PFN, 0x39001), 0);
    assert_int_equal(hv_get_param(hv, domid, HVM_PARAM_STORE_PFN, &value), 0);
    assert_int_equal(value, 0x39001);
    assert_int_equal(hv_get_param(hv, domid, HVM_NR_PARAMS, &value), -EINVAL);
    assert_int_equal(value, 0x39001);
    assert_int_equal(hv_send_trigger(hv, domid, 0, 0), -ENOSYS);
    assert_int_equal(hv_flush_cache(hv, domid, 0x40000, 512), 0);
    assert_int_equal(xen_host.nr_flushed_pages, 512);
    assert_int_equal(hv_flush_cache(hv, domid, 0x40000, (1 << 18) + 7), 0);
    assert_int_equal(xen_host.nr_flushed_pages, 512 + (1 << 18) + 7);
    assert_int_equal(xen_host_count(__HYPERVISOR_domctl, XEN_DOMCTL_cacheflush), 3);
}

static void a_vuart_needs_its_page(void **state)
{
    struct xen_domctl_createdomain config = plain();
    config.arch.nr_spis = 1;
    uint16_t domid = 0;
    uint32_t port = 3;
    uint64_t done = 0;
    assert_int_equal(hv_create_domain(hv, &config, &domid), 0);
    assert_int_equal(hv_create_vuart(hv, domid, 0, 0x39003, &port), -EINVAL);
    assert_int_equal(port, 3);
    assert_int_equal(hv_set_max_mem(hv, domid, 1024), 0);
    assert_int_equal(hv_populate_range(hv, domid, 0x39003, 1, 0, &done), 0);
    assert_int_equal(hv_create_vuart(hv, domid, 0, 0x39003, &port), 0);
    assert_int_equal(port, 77);
    assert_int_equal(xen_host_find(domid)->vuart_gfn, 0x39003);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(life, start_empty, teardown),
        cmocka_unit_test_setup_teardown(who_changed, start_empty, teardown),
        cmocka_unit_test_setup_teardown(who_changed_is_not_said, start_empty, teardown),
        cmocka_unit_test_setup_teardown(the_next_one_is_not_it, start_empty, teardown),
        cmocka_unit_test_setup_teardown(lists, start_empty, teardown),
        cmocka_unit_test_setup_teardown(listing_fails, start_empty, teardown),
        cmocka_unit_test_setup_teardown(numbers, start_empty, teardown),
        cmocka_unit_test_setup_teardown(a_vuart_needs_its_page, start_empty, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
