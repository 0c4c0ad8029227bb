// SPDX-License-Identifier: MIT
#include "hv/fixture_test.h"

static int setup(void **state)
{
    return start_guest(state) != 0 || hv_set_max_vcpus(hv, domid, 2) != 0;
}

static void affinities(void **state)
{
    uint64_t hard[2] = {~0ULL, ~0ULL}, soft[2] = {2, 0};
    assert_int_equal(hv_set_affinity(hv, domid, 1, hard, soft, 128), 0);
    assert_int_equal(hard[0], 0xf); /* what there is */
    assert_int_equal(hard[1], 0);
    assert_int_equal(soft[0], 2);
    hard[0] = 4;
    assert_int_equal(hv_set_affinity(hv, domid, 1, hard, NULL, 64), 0);
    hard[0] = soft[0] = 0;
    assert_int_equal(hv_get_affinity(hv, domid, 1, hard, soft, 64), 0);
    assert_int_equal(hard[0], 4);
    assert_int_equal(soft[0], 2);
    assert_int_equal(hv_get_affinity(hv, domid, 0, hard, NULL, 64), 0);
    assert_int_equal(hard[0], 0xf);
    hard[0] = 1ULL << 20; /* no such CPU */
    assert_int_equal(hv_set_affinity(hv, domid, 0, hard, NULL, 64), -EINVAL);
    assert_int_equal(hv_set_affinity(hv, domid, 2, soft, NULL, 64), -EINVAL);
    assert_int_equal(hv_set_affinity(hv, domid, 0, hard, soft, 4097), -E2BIG);
    uint64_t large[64] = {1}, large_soft[64] = {8};
    assert_int_equal(hv_set_affinity(hv, domid, 0, large, large_soft, 4096), 0);
    assert_int_equal(xen_host_find(domid)->hard[0], 1);
    assert_int_equal(xen_host_find(domid)->soft[0], 8);
}

static void nodes(void **state)
{
    uint64_t set = 1;
    assert_int_equal(hv_set_node_affinity(hv, domid, &set, 64), 0);
    set = 0;
    assert_int_equal(hv_get_node_affinity(hv, domid, &set, 64), 0);
    assert_int_equal(set, 1);
    assert_int_equal(hv_get_node_affinity(hv, domid, &set, 5000), -E2BIG);
    assert_int_equal(hv_set_node_affinity(hv, domid, &set, 5000), -E2BIG);
}

static void contexts(void **state)
{
    struct xen_vcpu_guest_context context = {.flags = VGCF_online, .ttbr1 = 0x1234}, back;
    context.user_regs.x0 = 0x48000000;
    context.user_regs.pc64 = 0x40080000;
    assert_int_equal(hv_set_context(hv, domid, 1, &context), 0);
    assert_int_equal(hv_get_context(hv, domid, 1, &back), 0);
    assert_memory_equal(&context, &back, sizeof(back));
    assert_int_equal(xen_host_find(domid)->context[0].flags, 0);
    assert_int_equal(hv_set_context(hv, domid, 2, &context), -EINVAL);
    struct xen_domctl_getvcpuinfo info;
    assert_int_equal(hv_get_vcpu(hv, domid, 1, &info), 0);
    assert_int_equal(info.cpu, 1);
    assert_int_equal(hv_get_vcpu(hv, domid, 2, &info), -ESRCH);
}

static void parameters(void **state)
{
    uint32_t id = 0;
    assert_int_equal(hv_get_sched_id(hv, &id), 0);
    assert_int_equal(id, XEN_SCHEDULER_CREDIT2);
    struct xen_domctl_scheduler_op op = {.sched_id = id, .cmd = XEN_DOMCTL_SCHEDOP_putinfo};
    op.u.credit2.weight = 512;
    op.u.credit2.cap = 50;
    assert_int_equal(hv_sched_domain(hv, domid, &op), 0);
    op = (struct xen_domctl_scheduler_op){.sched_id = id, .cmd = XEN_DOMCTL_SCHEDOP_getinfo};
    assert_int_equal(hv_sched_domain(hv, domid, &op), 0);
    assert_int_equal(op.u.credit2.weight, 512);
    assert_int_equal(op.u.credit2.cap, 50);
    op.sched_id = XEN_SCHEDULER_RTDS;
    assert_int_equal(hv_sched_domain(hv, domid, &op), -EINVAL);
    struct xen_sysctl_scheduler_op pool = {.sched_id = id, .cmd = XEN_SYSCTL_SCHEDOP_getinfo};
    assert_int_equal(hv_sched_pool(hv, &pool), 0);
    assert_int_equal(pool.u.sched_credit2.ratelimit_us, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(affinities, setup, teardown),
        cmocka_unit_test_setup_teardown(nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(contexts, setup, teardown),
        cmocka_unit_test_setup_teardown(parameters, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
