/* SPDX-License-Identifier: MIT */
#include "test/host/vgic_world.h"

#include "time/clock_host.h"
#include "time/time.h"
#include "vgic/state.h"
#include "vtimer/hw.h"
#include "vtimer/hw_host.h"
#include "vtimer/vtimer.h"

#define D        (&world_domain)
#define V(n)     (&world_vcpu[n])
#define NOTHING  FAKE_SPURIOUS
#define MS       1000000ULL
#define TICKS_MS 62500ULL

static void load_timer(struct vcpu *v)
{
    vtimer_restore(v);
}

static void unload_timer(struct vcpu *v)
{
    vtimer_save(v);
}

static void init_all(void)
{
    assert_int_equal(time_init(), OK);
    assert_int_equal(vtimer_init(), OK);
}

static void init_cpu(void)
{
    time_init_cpu();
    this_cpu(fake_vtimer).ctl = TIMER_ENABLE; /* as firmware may leave it */
    vtimer_init_cpu();
    assert_int_equal(this_cpu(fake_vtimer).ctl, 0);
}

static void unmask(u32 vcpu, u32 irq)
{
    vgic_change(vgic_find(D, V(vcpu), irq), OP_ENABLE, 0);
}

static void begin(u32 nr_vcpus)
{
    world_init_hook = init_all;
    world_init_cpu_hook = init_cpu;
    world_load_hook = load_timer;
    world_unload_hook = unload_timer;
    host_counter_ticks = 1000;
    world_start(3, 4, nr_vcpus, 32);
    host_time_advance_ns(2500 * MS);
    vtimer_create(D);
    vgic_forward(D, true);
    for (u32 i = 0; i < nr_vcpus; i++) {
        assert_int_equal(vtimer_create_vcpu(V(i)), OK);
        unmask(i, 27);
        unmask(i, 30);
        world_load(i, i);
        fake_guest_enable(0xf8);
    }
    world_run(0);
}

static int end(void **state)
{
    for (u32 i = 0; i < D->max_vcpus; i++) {
        world_unload(i);
        vtimer_destroy_vcpu(V(i));
        vtimer_destroy_vcpu(V(i)); /* harmless */
        assert_null(V(i)->vtimer_timer);
    }
    world_unload_hook = NULL;
    world_end();
    irq_release((hwirq_t){27});
    return 0;
}

/* Time goes on: hypervisor timers run, hardware's lines follow, interrupts are taken. */
static void pass_ms(u64 ms)
{
    host_time_advance_ns(ms * MS);
    u64 here = cpu_percpu_offset();
    for (u32 cpu = 0; cpu < WORLD_CPUS; cpu++) {
        fake_cpu(cpu);
        fake_gic_line(cpu, 27, fake_vtimer_line());
    }
    cpu_set_percpu_offset(here);
    world_settle();
}

/* The guest on this CPU writes its virtual timer: in ms from now, or off. */
static void guest_sets(u64 ms)
{
    struct fake_vtimer *t = &this_cpu(fake_vtimer);
    t->cval = cpu_counter_ticks() - t->offset + ms * TICKS_MS;
    t->ctl = TIMER_ENABLE;
    fake_gic_line(cpu_current(), 27, fake_vtimer_line());
}

static void guest_stops(void)
{
    this_cpu(fake_vtimer).ctl = 0;
    fake_gic_line(cpu_current(), 27, false);
}

static void test_a_domain_s_time_begins_with_it(void **state)
{
    begin(2);
    assert_int_equal(D->vtimer_offset_ticks, host_counter_ticks);
    assert_true(host_counter_ticks >= 1000 + 2500 * TICKS_MS);
    assert_int_equal(D->time_offset_seconds, 2);
    assert_int_equal(V(0)->vtimer_offset_ticks, D->vtimer_offset_ticks);
    assert_int_equal(V(1)->vtimer_offset_ticks, D->vtimer_offset_ticks);
    assert_int_equal(this_cpu(fake_vtimer).offset, D->vtimer_offset_ticks);
}

static void test_hardware_s_interrupt_is_the_guest_s(void **state)
{
    begin(1);
    guest_sets(10);
    pass_ms(9);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    pass_ms(1);
    assert_true(fake_gic_is_active(0, 27)); /* and so not taken again */
    assert_int_equal(fake_guest_acknowledge(), 27);
    guest_sets(5);
    fake_guest_end(27);
    assert_false(fake_gic_is_active(0, 27));
    pass_ms(4);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    pass_ms(1);
    assert_int_equal(fake_guest_acknowledge(), 27);
    fake_guest_end(27); /* not written: it is still due */
    pass_ms(0);
    assert_int_equal(fake_guest_acknowledge(), 27);
    guest_stops();
    fake_guest_end(27);
    pass_ms(1);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_a_stand_in_wakes_who_runs_nowhere(void **state)
{
    begin(1);
    guest_sets(10);
    world_unload(0);
    assert_false(fake_vtimer_line());
    assert_true(timer_is_set(V(0)->vtimer_timer));
    world_woken[0] = 0;
    pass_ms(9);
    assert_int_equal(world_woken[0], 0);
    pass_ms(1);
    assert_int_equal(world_woken[0], 1);
    world_load(0, 2);
    assert_true(fake_gic_is_active(2, 27));
    pass_ms(0);
    assert_int_equal(fake_guest_acknowledge(), 27);
    guest_stops();
    fake_guest_end(27);
    pass_ms(1);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_back_before_it_is_due(void **state)
{
    begin(1);
    guest_sets(10);
    world_unload(0);
    pass_ms(5);
    world_load(0, 1);
    assert_false(timer_is_set(V(0)->vtimer_timer));
    assert_int_equal(this_cpu(fake_vtimer).ctl, TIMER_ENABLE);
    pass_ms(4);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    pass_ms(1);
    assert_int_equal(fake_guest_acknowledge(), 27);
}

static void test_due_when_it_leaves(void **state)
{
    begin(1);
    guest_sets(10);
    host_time_advance_ns(20 * MS); /* expired, but the interrupt was not taken before the switch */
    world_woken[0] = 0;
    world_unload(0);
    assert_int_equal(V(0)->vtimer_ctl, TIMER_ENABLE); /* the status bit is hardware's */
    assert_int_equal(world_woken[0], 1);
    assert_false(timer_is_set(V(0)->vtimer_timer));
    world_load(0, 1);
    assert_int_equal(fake_guest_acknowledge(), 27);
    world_unload(0); /* in its handler */
    world_load(0, 0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    guest_stops();
    fake_guest_end(27);
    pass_ms(1);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_off_or_masked_arms_nothing(void **state)
{
    begin(1);
    guest_sets(10);
    this_cpu(fake_vtimer).ctl = TIMER_ENABLE | TIMER_IMASK;
    world_unload(0);
    assert_int_equal(V(0)->vtimer_ctl, TIMER_ENABLE | TIMER_IMASK);
    assert_false(timer_is_set(V(0)->vtimer_timer));
    world_load(0, 0);
    this_cpu(fake_vtimer).ctl = 0;
    world_unload(0);
    assert_false(timer_is_set(V(0)->vtimer_timer));
}

static void test_never_is_far_away(void **state)
{
    begin(1);
    guest_sets(0);
    this_cpu(fake_vtimer).cval = ~0ULL;
    world_unload(0);
    assert_true(timer_is_set(V(0)->vtimer_timer));
    assert_true(V(0)->vtimer_timer->deadline_ns > clock_ns() + (1ULL << 56));
    u64 before = V(0)->vtimer_timer->deadline_ns;
    host_time_advance_ns(before - clock_ns());
    assert_true(V(0)->vtimer_timer->deadline_ns > before); /* looked again: not yet */
    world_load(0, 0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_taken_with_nothing_loaded(void **state)
{
    begin(1);
    fake_cpu(3);
    fake_gic_pulse(3, 27);
    irq_handle();
    assert_false(fake_gic_is_active(3, 27));
}

/* ---- the physical timer ---- */

static void write(u32 reg, u64 value)
{
    vtimer_physical_write(V(0), reg, value);
}

static u64 read(u32 reg)
{
    return vtimer_physical_read(V(0), reg);
}

static void test_physical_registers(void **state)
{
    begin(1);
    assert_int_equal(read(0), 0);
    write(1, 0x123456789abcULL);
    assert_int_equal(read(1), 0x123456789abcULL);
    write(0, 0xff);
    assert_int_equal(read(0), 3);
    write(1, host_counter_ticks);
    assert_int_equal(read(0), 7); /* expired: at the value, not after it */
    write(1, host_counter_ticks + 1);
    assert_int_equal(read(0), 3);
    write(0, 2);
    write(1, 0);
    assert_int_equal(read(0), 2);
    write(2, 1000);
    assert_int_equal(read(1), host_counter_ticks + 1000);
    assert_int_equal(read(2), 1000);
    write(2, 0xfffffff0); /* signed */
    assert_int_equal(read(1), host_counter_ticks - 16);
    assert_int_equal(read(2), 0xfffffff0);
}

static void test_physical_expires(void **state)
{
    begin(1);
    write(2, 10 * TICKS_MS);
    assert_false(timer_is_set(V(0)->ptimer_timer));
    write(0, TIMER_ENABLE);
    assert_true(timer_is_set(V(0)->ptimer_timer));
    pass_ms(9);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    pass_ms(1);
    assert_int_equal(fake_guest_acknowledge(), 30);
    fake_guest_end(30);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 30); /* a level */
    write(0, TIMER_ENABLE | TIMER_IMASK);
    fake_guest_end(30);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_false(timer_is_set(V(0)->ptimer_timer));
    write(0, TIMER_ENABLE);
    assert_int_equal(fake_guest_acknowledge(), 30);
    write(2, 5 * TICKS_MS);
    fake_guest_end(30);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    write(0, 0);
    assert_false(timer_is_set(V(0)->ptimer_timer));
    pass_ms(10);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_physical_expires_while_it_runs_nowhere(void **state)
{
    begin(1);
    write(2, 10 * TICKS_MS);
    write(0, TIMER_ENABLE);
    world_unload(0);
    world_woken[0] = 0;
    pass_ms(10);
    assert_int_equal(world_woken[0], 1);
    world_load(0, 1);
    assert_int_equal(fake_guest_acknowledge(), 30);
}

static void test_reset_stops_both(void **state)
{
    begin(1);
    guest_sets(10);
    write(2, 10 * TICKS_MS);
    write(0, TIMER_ENABLE);
    pass_ms(20);
    write(2, 10 * TICKS_MS);
    world_unload(0);
    guest_sets(0);
    V(0)->vtimer_cval += 1000 * TICKS_MS;
    vtimer_reset_vcpu(V(0));
    assert_false(timer_is_set(V(0)->vtimer_timer));
    assert_false(timer_is_set(V(0)->ptimer_timer));
    assert_int_equal(V(0)->vtimer_ctl, 0);
    assert_int_equal(V(0)->vtimer_cval, 0);
    assert_int_equal(read(0), 0);
    assert_int_equal(read(1), 0);
    assert_false(vgic_find(D, V(0), 30)->line);
    guest_stops();
}

/* A handler that runs elsewhere while its vCPU ends has looked before, and arms after. */
static void test_who_is_ended_is_armed_no_more(void **state)
{
    begin(1);
    guest_sets(10);
    world_unload(0);
    assert_true(timer_is_set(V(0)->vtimer_timer));
    vtimer_stop_vcpu(V(0));
    assert_false(timer_is_set(V(0)->vtimer_timer));
    V(0)->vtimer_timer->fn(V(0)->vtimer_timer->arg);
    assert_false(timer_is_set(V(0)->vtimer_timer));
}

static void test_dom0_has_the_host_s_numbers(void **state)
{
    begin(1);
    D->direct_mapped = true; /* the fake host's are the usual ones, too */
    write(0, TIMER_ENABLE);
    assert_int_equal(fake_guest_acknowledge(), 30);
    write(0, 0);
    fake_guest_end(30);
}

static void test_creation_without_memory(void **state)
{
    begin(1);
    struct vcpu v = {.domain = D, .id = 1};
    fake_fail_after(0);
    assert_int_equal(vtimer_create_vcpu(&v), E_NOMEM);
    fake_fail_never();
    assert_null(v.vtimer_timer);
    vtimer_destroy_vcpu(&v);
}

static void test_an_interrupt_that_is_taken(void **state)
{
    fake_gic_setup(3, 96, 4);
    assert_int_equal(irq_init(), OK);
    for (u32 i = 25; i <= 27; i += 2) { /* maintenance, virtual timer */
        assert_int_equal(irq_route_guest((hwirq_t){i}, vgic_maintenance, NULL), OK);
        assert_int_equal(vtimer_init(), E_BUSY);
        irq_release((hwirq_t){25});
        irq_release((hwirq_t){27});
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, end)
    const struct CMUnitTest tests[] = {
        T(test_a_domain_s_time_begins_with_it),
        T(test_hardware_s_interrupt_is_the_guest_s),
        T(test_a_stand_in_wakes_who_runs_nowhere),
        T(test_back_before_it_is_due),
        T(test_due_when_it_leaves),
        T(test_off_or_masked_arms_nothing),
        T(test_never_is_far_away),
        T(test_taken_with_nothing_loaded),
        T(test_physical_registers),
        T(test_physical_expires),
        T(test_physical_expires_while_it_runs_nowhere),
        T(test_reset_stops_both),
        T(test_who_is_ended_is_armed_no_more),
        T(test_dom0_has_the_host_s_numbers),
        T(test_creation_without_memory),
        cmocka_unit_test(test_an_interrupt_that_is_taken),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
