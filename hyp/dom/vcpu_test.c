/* SPDX-License-Identifier: MIT */
/* A vCPU's lazy state, its wakes, its registers. */
#include "dom/life_test.h"

/* ---- lazy state ---- */

static void test_lazy_state_comes_from_where_it_is(void **state)
{
    struct domain *d = make_running(1);
    struct vcpu *v = d->vcpu[0];
    u32 cpu;
    assert_true(sched_is_running(&v->unit, &cpu));
    become(cpu);
    vcpu_block(v);
    leave_all();
    assert_int_equal(v->loaded_on, cpu); /* it idles in place */
    assert_ptr_equal(vcpu_current(), v);
    become((cpu + 1) % NR_CPUS);
    vcpu_sync_lazy(v);
    assert_int_equal(v->el1.ttbr0, 0x1000 + cpu);
    assert_int_equal(v->loaded_on, VCPU_NOT_LOADED);
    assert_int_equal(t.calls, 1);
    vcpu_sync_lazy(v);
    assert_int_equal(t.calls, 1);
    become(cpu);
    assert_ptr_equal(vcpu_current(), &vcpu_nobody);
    assert_ptr_equal(domain_current(), &domain_nobody);
    /* and comes back */
    vcpu_wake(v);
    leave_all();
    assert_int_equal(t.loads, 2);
    become(0);
}

static void test_lazy_state_of_this_cpu_needs_no_call(void **state)
{
    struct domain *d = make_running(1);
    struct vcpu *v = d->vcpu[0];
    u32 cpu;
    assert_true(sched_is_running(&v->unit, &cpu));
    become(cpu);
    vcpu_block(v);
    leave_all();
    vcpu_sync_lazy(v);
    assert_int_equal(t.calls, 0);
    assert_int_equal(t.unloads, 1);
    become(0);
}

/* ---- waking ---- */

static void test_blocking_looks_at_the_reasons_again(void **state)
{
    struct domain *d = make_running(1);
    struct vcpu *v = d->vcpu[0];
    u32 cpu;
    assert_true(sched_is_running(&v->unit, &cpu));
    become(cpu);
    t.has_event = true;
    vcpu_block(v);
    leave_all();
    assert_true(sched_is_running(&v->unit, NULL));
    t.has_event = false;
    v->work = 1;
    vcpu_block(v);
    leave_all();
    assert_true(sched_is_running(&v->unit, NULL));
    v->work = 0;
    t.woken_after = v;
    vcpu_block(v);
    leave_all();
    assert_true(sched_is_running(&v->unit, NULL));
    vcpu_block(v);
    leave_all();
    assert_false(sched_is_running(&v->unit, NULL));
    become((cpu + 1) % NR_CPUS);
    vcpu_raise(v, VCPU_WORK_VGIC);
    assert_int_equal(v->work, BIT(VCPU_WORK_VGIC));
    leave_all();
    assert_true(sched_is_running(&v->unit, NULL));
    become(0);
}

static void test_raising_makes_it_leave_its_guest(void **state)
{
    struct domain *d = make_running(1);
    struct vcpu *v = d->vcpu[0];
    u32 cpu;
    assert_true(sched_is_running(&v->unit, &cpu));
    become((cpu + 1) % NR_CPUS);
    assert_int_equal(per_cpu(work, cpu), 0);
    vcpu_raise(v, VCPU_WORK_UPCALL);
    assert_int_equal(per_cpu(work, cpu), BIT(WORK_VCPU));
    per_cpu(work, cpu) = 0;
    vcpu_kick(v);
    assert_int_equal(per_cpu(work, cpu), BIT(WORK_VCPU));
    per_cpu(work, cpu) = 0;
    vcpu_pause(v);
    vcpu_raise(v, VCPU_WORK_POLL);
    assert_int_equal(per_cpu(work, cpu), 0); /* it is in no guest */
    assert_int_equal(v->work, BIT(VCPU_WORK_UPCALL) | BIT(VCPU_WORK_POLL));
    vcpu_unpause(v);
    become(0);
}

/* ---- registers ---- */

static void test_reset(void **state)
{
    struct domain *d = make(2);
    struct vcpu *v = d->vcpu[1];
    v->regs.x[5] = 9;
    v->regs.sp_el0 = 9;
    v->fp->q[3][1] = 9;
    v->fp_used = true;
    v->fp_on = 1;
    vcpu_reset(v, 0x4001, 77, false);
    assert_int_equal(v->regs.pc, 0x4001);
    assert_int_equal(v->regs.pstate, 0x3c5);
    assert_int_equal(v->regs.x[0], 77);
    assert_int_equal(v->regs.x[5] | v->regs.sp_el0 | v->fp->q[3][1], 0);
    assert_false(v->fp_used);
    assert_int_equal(v->fp_on, ~0u);
    assert_true(v->initialised);
    assert_int_equal(v->el1.sctlr, 64);
    assert_int_equal(t.resets, 1);
    assert_true(t.reset_locked);
    vcpu_reset(v, 0x4001, 1, true);
    assert_int_equal(v->regs.pc, 0x4000);
    assert_int_equal(v->regs.pstate, 0x400001d3 | 0x20);
    assert_int_equal(v->el1.sctlr, 32);
    vcpu_reset(v, 0x4000, 1, true);
    assert_int_equal(v->regs.pstate, 0x400001d3);
}

static void test_only_modes_of_el1_and_el0_are_valid(void **state)
{
    struct domain *d = make(1);
    struct vcpu *v = d->vcpu[0];
    for (u32 mode = 0; mode < 32; mode++) {
        d->is_32bit = false;
        bool valid64 = mode == 0 || mode == 4 || mode == 5;
        assert_int_equal(vcpu_pstate_is_valid(v, 0x3c0 | mode), valid64);
        d->is_32bit = true;
        bool valid32 = mode == 0x10 || mode == 0x11 || mode == 0x12 || mode == 0x13 ||
                       mode == 0x17 || mode == 0x1b || mode == 0x1f;
        assert_int_equal(vcpu_pstate_is_valid(v, 0x1c0 | mode), valid32);
    }
    d->is_32bit = false;
    assert_false(vcpu_pstate_is_valid(v, 5 | BIT(20)));
    assert_false(vcpu_pstate_is_valid(v, 5 | BIT(21)));
    assert_false(vcpu_pstate_is_valid(v, 5 | BIT(32)));
    assert_true(vcpu_pstate_is_valid(v, 0xf0000000 | 5));
}

static void test_mpidr_has_16_to_a_cluster(void **state)
{
    assert_int_equal(vcpu_mpidr(0), 0x80000000);
    assert_int_equal(vcpu_mpidr(15), 0x8000000f);
    assert_int_equal(vcpu_mpidr(16), 0x80000100);
    assert_int_equal(vcpu_mpidr(127), 0x8000070f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_lazy_state_comes_from_where_it_is),
        TEST(test_lazy_state_of_this_cpu_needs_no_call),
        TEST(test_blocking_looks_at_the_reasons_again),
        TEST(test_raising_makes_it_leave_its_guest),
        TEST(test_reset),
        TEST(test_only_modes_of_el1_and_el0_are_valid),
        TEST(test_mpidr_has_16_to_a_cluster),
    };
    return RUN_TESTS(tests);
}
