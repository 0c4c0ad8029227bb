/* SPDX-License-Identifier: MIT */
/*
 * A switch that another CPU comes between: who is entered is loaded, not held, and the one that was
 * chosen. The real scheduler and way out; below and above them, fakes. One thread is both CPUs.
 */
#include "test/host/fake.h"

#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "p2m/p2m.h"
#include "sched/sched.h"
#include "time/time.h"
#include "trap/leave.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

static struct domain domain;
static struct vcpu vcpu;
static struct {
    u32 nr_saved, nr_restored, nr_served;
    bool is_written; /* somebody who found the vCPU loaded nowhere writes its registers */
    void (*in_call)(void), (*in_idle)(void);
    jmp_buf idle;
} t;

/* ---- what is below and above ---- */

DEFINE_PER_CPU(u64, trap_stack);

void frame_up_release(struct frame *f)
{
    fail();
}

void percpu_up_kick(u32 cpu)
{
}

void irq_handle(void)
{
}

void p2m_activate(struct p2m *p2m)
{
}

void vgic_save(struct vcpu *v)
{
}

void vgic_restore(struct vcpu *v)
{
}

void vtimer_save(struct vcpu *v)
{
}

void vtimer_restore(struct vcpu *v)
{
}

void switch_save(struct vcpu *v)
{
    t.nr_saved++;
}

void switch_close(struct vcpu *v)
{
}

void switch_restore(struct vcpu *v)
{
    assert_false(t.is_written);
    t.nr_restored++;
}

/* cpu does as it is asked, and something more happens there. */
void ipi_call_wait(u32 cpu, void (*fn)(void *), void *arg)
{
    const u32 here = cpu_current();
    assert_int_not_equal(cpu, here);
    fake_cpu(cpu);
    fn(arg);
    if (t.in_call) {
        t.in_call();
    }
    fake_cpu(here);
}

/* The other CPU lets go of the vCPU in the midst of our way out. */
void ipi_serve(void)
{
    t.nr_served++;
    t.is_written = false;
    sched_release(&vcpu.unit);
}

static void cpu_waits(void)
{
    if (!t.in_idle) {
        longjmp(t.idle, 1);
    }
    void (*happens)(void) = t.in_idle;
    t.in_idle = NULL;
    happens();
}

/* ---- what they do ---- */

/* Which vCPU cpu enters; NULL: it idles. */
static struct vcpu *leave(u32 cpu)
{
    fake_cpu(cpu);
    return setjmp(t.idle) == 0 ? trap_leave_slow() : NULL;
}

static int machine(void **state)
{
    fake_machine_init(8, 2);
    host_wait_hook = cpu_waits;
    if (time_init() != OK) {
        return -1;
    }
    sched_init();
    sched_group_init(&domain.sched);
    for (u32 cpu = 0; cpu < 2; cpu++) {
        fake_cpu(cpu);
        time_init_cpu();
        sched_init_cpu();
        this_cpu(current) = &vcpu_nobody;
    }
    return 0;
}

/* The vCPU has run on CPU 1, which idles in place, and waits for CPU 0. */
static int begin(void **state)
{
    memset(&t, 0, sizeof(t));
    memset(&vcpu, 0, sizeof(vcpu));
    vcpu.domain = &domain;
    vcpu.loaded_on = VCPU_NOT_LOADED;
    sched_unit_init(&vcpu.unit, &domain.sched, 1);
    sched_release(&vcpu.unit);
    assert_ptr_equal(leave(1), &vcpu);
    assert_int_equal(vcpu.loaded_on, 1);
    const struct cpumask only_0 = {{1}};
    assert_int_equal(sched_set_affinity(&vcpu.unit, &only_0, NULL), OK);
    assert_null(leave(1));
    assert_ptr_equal(vcpu_current(), &vcpu);
    assert_int_equal(t.nr_restored, 1);
    return 0;
}

static int end(void **state)
{
    assert_ptr_equal(vcpu_current(), &vcpu);
    assert_ptr_equal(this_cpu(loaded), &vcpu);
    assert_ptr_equal(sched_current(), &vcpu.unit);
    assert_int_equal(vcpu.loaded_on, 0);
    assert_int_equal(t.nr_saved, 1);
    assert_int_equal(t.nr_restored, 2);
    sched_hold(&vcpu.unit);
    assert_null(leave(0));
    vcpu_sync_lazy(&vcpu);
    sched_unit_fini(&vcpu.unit);
    return 0;
}

/* The first half of sched_hold() on another CPU, which has not come to its percpu_raise(), and what
 * whoever holds does next. */
static void begin_to_hold(void)
{
    assert_int_equal(vcpu.loaded_on, VCPU_NOT_LOADED);
    vcpu.unit.hold++;
    t.is_written = true;
}

/* The other half, and the end of the hold. */
static void end_hold(void)
{
    assert_int_equal(vcpu.unit.state, UNIT_OFFLINE);
    percpu_raise(0, WORK_SCHED);
    t.is_written = false;
    sched_release(&vcpu.unit);
}

static void test_a_vcpu_is_loaded_where_it_is_entered(void **state)
{
    assert_ptr_equal(leave(0), &vcpu);
}

static void test_a_hold_that_is_not_told_yet_keeps_it_out(void **state)
{
    t.in_call = begin_to_hold;
    t.in_idle = end_hold;
    assert_ptr_equal(leave(0), &vcpu);
    assert_null(t.in_idle);
}

static void begin_to_hold_for_a_moment(void)
{
    begin_to_hold();
    percpu_raise(0, WORK_CALL);
}

static void test_a_hold_that_is_over_before_anybody_is_chosen(void **state)
{
    t.in_call = begin_to_hold_for_a_moment;
    assert_ptr_equal(leave(0), &vcpu);
    assert_int_equal(t.nr_served, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_vcpu_is_loaded_where_it_is_entered),
        TEST(test_a_hold_that_is_not_told_yet_keeps_it_out),
        TEST(test_a_hold_that_is_over_before_anybody_is_chosen),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
