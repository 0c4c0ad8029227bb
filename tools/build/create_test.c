// SPDX-License-Identifier: MIT
#include "build/fixture.h"

#include "abi/memory.h"
#include "abi/sysctl.h"

static struct build *build;
static uint16_t domid;

static int create(uint32_t pool)
{
    build_close(build);
    build = NULL;
    assert_int_equal(build_open(&build, &config), 0);
    domid = 99;
    return build_create(build, hv, pool, &domid);
}

static int finish(void **state)
{
    build_close(build);
    build = NULL;
    return teardown(state);
}

static void what_is_created(void **state)
{
    config.maxvcpus = 3;
    config.maxmem_kib = 32768;
    assert_int_equal(create(0), 0);
    assert_int_equal(domid, 1);
    const struct xen_host_domain *d = xen_host_find(1);
    assert_int_equal(d->config.flags, XEN_DOMCTL_CDF_hvm | XEN_DOMCTL_CDF_hap);
    assert_memory_equal(d->config.handle, config.uuid, 16);
    assert_int_equal(d->config.max_vcpus, 3);
    assert_int_equal(d->config.max_evtchn_port, 1023);
    assert_int_equal(d->config.max_grant_frames, -1);
    assert_int_equal(d->config.arch.nr_spis, 0);
    assert_int_equal(d->max_vcpus, 3);
    assert_int_equal(d->address_bits, 64);
    assert_int_equal(d->max_mem_kib, 32768 + 1024);
    assert_int_equal(d->paging_bytes, (256 * 3 + 2 * 32) * 4096);
    assert_int_equal(d->claimed_pages, 8192 + 3);
    assert_int_equal(d->paused, 1);
    assert_int_equal(d->time_offset, 0);
    assert_true(build->is_gicv3);
    assert_int_equal(xen_host_count(__HYPERVISOR_domctl, XEN_DOMCTL_setvcpuaffinity), 0);
    assert_int_equal(xen_host_count(__HYPERVISOR_domctl, XEN_DOMCTL_scheduler_op), 0);
}

static void what_was_said(void **state)
{
    config.gic_version = GIC_V2;
    config.vuart = true;
    config.max_event_channels = 127;
    config.max_grant_frames = 8;
    config.max_maptrack_frames = 16;
    config.rtc_timeoffset = 3600;
    config.paging_kib = 1001;
    assert_int_equal(create(0), 0);
    const struct xen_host_domain *d = xen_host_find(domid);
    assert_int_equal(d->config.max_evtchn_port, 127);
    assert_int_equal(d->config.max_grant_frames, 8);
    assert_int_equal(d->config.max_maptrack_frames, 16);
    assert_int_equal(d->config.arch.gic_version, XEN_DOMCTL_CONFIG_GIC_V2);
    assert_int_equal(d->config.arch.nr_spis, 1);
    assert_int_equal(d->time_offset, 3600);
    assert_int_equal(d->paging_bytes, 1004 * 1024);
    assert_false(build->is_gicv3);
}

static void affinities(void **state)
{
    uint64_t first[2] = {1, 0}, second[1] = {6}, soft[1] = {8};
    struct cpu_set each[2] = {{2, first}, {1, second}}, all[3] = {{1, soft}, {1, soft}, {1, soft}};
    config.maxvcpus = 3;
    config.cpus = each;
    config.nr_cpus = 2;
    config.cpus_soft = all;
    config.nr_cpus_soft = 3;
    assert_int_equal(create(0), 0);
    const struct xen_host_domain *d = xen_host_find(domid);
    assert_int_equal(d->hard[0], 1);
    assert_int_equal(d->hard[1], 6);
    assert_int_equal(d->hard[2], 0xf); /* nothing was said of it */
    assert_int_equal(d->soft[0] & d->soft[1] & d->soft[2], 8);
    config.cpus_soft = NULL;
    config.nr_cpus_soft = 0;
    config.nr_cpus = 1;
    second[0] = 1ULL << 40;
    config.cpus = each + 1;
    assert_int_equal(create(0), -EINVAL);
    assert_string_equal(said, "can't bind vCPU 0 to the CPUs of cpus=: Invalid argument");
    assert_int_equal(domid, 2); /* which the caller destroys */
}

static void parameters(void **state)
{
    config.sched.weight = 512;
    assert_int_equal(create(0), 0);
    assert_int_equal(xen_host_find(domid)->sched.u.credit2.weight, 512);
    assert_int_equal(xen_host_find(domid)->sched.u.credit2.cap, 0);
    assert_int_equal(nr_warned, 0);
    config.sched = (struct guest_sched){-1, 50, 10000, -1, -1};
    assert_int_equal(create(0), 0);
    assert_int_equal(xen_host_find(domid)->sched.u.credit2.cap, 50);
    assert_int_equal(nr_warned, 1);
}

static void not_enough_memory(void **state)
{
    xen_host.free_pages = 4096 + 2;
    assert_int_equal(create(0), -ENOMEM);
    assert_string_equal(said, "not enough memory: the guest needs 16 MiB and 16 MiB are free");
    assert_int_equal(nr_said, 1);
    xen_host.free_pages = 1024;
    assert_int_equal(create(0), -ENOMEM);
    assert_string_equal(said, "not enough memory: the guest needs 16 MiB and 4 MiB are free");
    xen_host.has_claim = false; /* then populate tells */
    assert_int_equal(create(0), 0);
}

static void a_gic_it_has_not(void **state)
{
    xen_host.has_gicv3 = false;
    config.gic_version = GIC_V3;
    assert_int_equal(create(0), -EINVAL);
    assert_string_equal(said, "can't create the domain (1 vCPUs, GICv3): Invalid argument");
    assert_int_equal(domid, 0);
}

/* Each call fails once: one sentence, the right errno, and the caller knows whether to destroy. */
static void every_call_may_fail(void **state)
{
    uint64_t set[1] = {1};
    struct cpu_set cpus = {1, set};
    config.cpus = &cpus;
    config.nr_cpus = 1;
    config.sched.weight = 300;
    config.rtc_timeoffset = 7;
    unsigned k = 1;
    for (;; k++) {
        build_close(build);
        assert_int_equal(build_open(&build, &config), 0);
        nr_said = 0;
        domid = 99;
        xen_host_arm(k, EIO);
        const int error = build_create(build, hv, 0, &domid);
        if (!xen_host_disarm()) {
            assert_int_equal(error, 0);
            break;
        }
        if (error == 0) { /* the claim is a help only */
            assert_int_equal(xen_host_find(1)->claimed_pages, 0);
            assert_int_equal(nr_said, 0);
        } else {
            assert_int_equal(error, -EIO);
            assert_int_equal(nr_said, 1);
            assert_int_equal(domid, k == 1 ? 0 : 1);
            assert_int_equal(xen_host_find(1) != NULL, k != 1);
        }
        assert_int_equal(hv_destroy_domain(hv, 1), k == 1 ? -ESRCH : 0);
    }
    assert_int_equal(k, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_created, setup, finish),
        cmocka_unit_test_setup_teardown(what_was_said, setup, finish),
        cmocka_unit_test_setup_teardown(affinities, setup, finish),
        cmocka_unit_test_setup_teardown(parameters, setup, finish),
        cmocka_unit_test_setup_teardown(not_enough_memory, setup, finish),
        cmocka_unit_test_setup_teardown(a_gic_it_has_not, setup, finish),
        cmocka_unit_test_setup_teardown(every_call_may_fail, setup, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
