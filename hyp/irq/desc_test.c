/* SPDX-License-Identifier: MIT */
#include "log/log.h"
#include "test/host/fake.h"

#include "irq/gic.h"
#include "irq/gic_host.h"
#include "sync/rcu.h"

#define CPUS   3u
#define SPI(n) ((hwirq_t){n})

static struct {
    u32 nr_calls, warnings;
    u32 irq[64];
    void *arg[64];
    bool was_active[64];
} seen;

void log_at(enum log_level level, const char *fmt, ...)
{
    seen.warnings += level == LOG_WARN;
}

static void handler(struct irq_desc *desc, void *arg)
{
    if (desc->hwirq.hw == 40 && arg) {
        fake_gic_line(0, 40, false); /* the driver calms its device */
    }
    seen.was_active[seen.nr_calls] = fake_gic_is_active(cpu_current(), desc->hwirq.hw);
    seen.arg[seen.nr_calls] = arg;
    seen.irq[seen.nr_calls++] = desc->hwirq.hw;
}

static void relax(void)
{
    u64 here = cpu_percpu_offset();
    for (u32 cpu = 0; cpu < CPUS; cpu++) {
        fake_cpu(cpu);
        irq_handle();
        if (this_cpu(work) & BIT(WORK_CALL)) {
            ipi_serve();
        }
    }
    cpu_set_percpu_offset(here);
}

static int machine(void **state)
{
    fake_machine_init(4, CPUS);
    host_relax_hook = relax;
    return 0;
}

static int setup(void **state)
{
    fake_gic_setup(3, 96, 4);
    memset(&seen, 0, sizeof(seen));
    fake_cpu(0);
    assert_int_equal(irq_init(), OK);
    for (u32 cpu = 0; cpu < CPUS; cpu++) {
        fake_cpu(cpu);
        this_cpu(work) = 0;
        irq_init_cpu();
    }
    fake_cpu(0);
    return 0;
}

static int teardown(void **state)
{
    fake_cpu(0);
    for (u32 i = IRQ_FIRST_PPI; i < 96; i++) {
        irq_release(SPI(i));
    }
    return 0;
}

static void test_which_interrupts_there_are(void **state)
{
    assert_null(irq_find(SPI(0)));
    assert_null(irq_find(SPI(15)));
    assert_int_equal(irq_find(SPI(16))->hwirq.hw, 16);
    assert_int_equal(irq_find(SPI(95))->hwirq.hw, 95);
    assert_null(irq_find(SPI(96)));
    assert_null(irq_find(SPI(~0u)));
    gic_info.nr_irqs = 1024;
    assert_int_equal(irq_init(), OK);
    assert_int_equal(irq_find(SPI(1019))->hwirq.hw, 1019);
    assert_null(irq_find(SPI(1020)));
}

static void test_no_controller(void **state)
{
    fake_gic_setup(3, 96, 0);
    assert_int_equal(irq_init(), E_NODEV);
    fake_gic_setup(3, 96, 4);
    assert_int_equal(irq_init(), OK);
}

static void test_one_owner(void **state)
{
    assert_int_equal(irq_request(SPI(5), IRQ_LEVEL_HIGH, handler, NULL), E_INVAL);
    assert_int_equal(irq_request(SPI(96), IRQ_LEVEL_HIGH, handler, NULL), E_INVAL);
    assert_int_equal(irq_route_guest(SPI(96), handler, NULL), E_INVAL);
    assert_int_equal(irq_request(SPI(40), IRQ_EDGE_RISING, handler, NULL), OK);
    assert_true(fake_gic_is_edge(40));
    assert_int_equal(irq_request(SPI(40), IRQ_LEVEL_HIGH, handler, NULL), E_BUSY);
    assert_true(fake_gic_is_edge(40)); /* untouched */
    assert_int_equal(irq_route_guest(SPI(40), handler, NULL), E_BUSY);
    irq_release(SPI(40));
    assert_int_equal(irq_route_guest(SPI(40), handler, NULL), OK);
    irq_set_trigger(SPI(40), IRQ_LEVEL_HIGH);
    assert_false(fake_gic_is_edge(40));
}

static void test_ours_is_handled_and_ended(void **state)
{
    int mark;
    assert_int_equal(irq_request(SPI(40), IRQ_LEVEL_HIGH, handler, &mark), OK);
    fake_gic_line(0, 40, true);
    irq_handle();
    assert_int_equal(seen.nr_calls, 0); /* masked */
    irq_enable(SPI(40));
    irq_handle();
    assert_int_equal(seen.nr_calls, 1); /* once: the handler made it quiet before it was ended */
    assert_int_equal(seen.irq[0], 40);
    assert_ptr_equal(seen.arg[0], &mark);
    assert_true(seen.was_active[0]);
    assert_false(fake_gic_is_active(0, 40));
    fake_gic_line(0, 40, true);
    irq_disable(SPI(40));
    irq_handle();
    assert_int_equal(seen.nr_calls, 1);
    fake_gic_line(0, 40, false);
}

static void test_a_guest_s_stays_active(void **state)
{
    assert_int_equal(irq_route_guest(SPI(41), handler, NULL), OK);
    irq_enable(SPI(41));
    fake_gic_line(0, 41, true);
    irq_handle();
    assert_int_equal(seen.nr_calls, 1);
    assert_true(fake_gic_is_active(0, 41));
    irq_handle();
    assert_int_equal(seen.nr_calls, 1);
    irq_deactivate(SPI(41));
    irq_handle();
    assert_int_equal(seen.nr_calls, 2);
    fake_gic_line(0, 41, false);
    irq_deactivate(SPI(41));
}

static void test_a_stray_one_is_masked(void **state)
{
    irq_enable(SPI(42));
    fake_gic_line(0, 42, true);
    irq_handle();
    assert_int_equal(seen.warnings, 1);
    assert_false(fake_gic_is_enabled(0, 42));
    assert_false(fake_gic_is_active(0, 42));
    irq_handle();
    assert_int_equal(seen.warnings, 1);
    irq_enable(SPI(43));
    assert_int_equal(irq_request(SPI(43), IRQ_EDGE_RISING, handler, NULL), OK);
    irq_release(SPI(43));
    assert_false(fake_gic_is_enabled(0, 43));
}

static void test_private_ones_are_each_cpu_s(void **state)
{
    assert_int_equal(irq_request(SPI(26), IRQ_LEVEL_HIGH, handler, NULL), OK);
    irq_enable(SPI(26));
    assert_true(fake_gic_is_enabled(0, 26));
    assert_false(fake_gic_is_enabled(1, 26));
    fake_cpu(1);
    irq_init_cpu(); /* one that comes up later */
    assert_true(fake_gic_is_enabled(1, 26));
    assert_false(fake_gic_is_enabled(1, 27));
    fake_gic_pulse(1, 26);
    fake_cpu(0);
    irq_handle();
    assert_int_equal(seen.nr_calls, 0);
    fake_cpu(1);
    irq_handle();
    assert_int_equal(seen.nr_calls, 1);
    irq_activate(SPI(27));
    assert_true(fake_gic_is_active(1, 27));
    assert_false(fake_gic_is_active(0, 27));
    irq_deactivate(SPI(27));
    irq_set_target(SPI(26), 1); /* shared ones only */
    assert_int_equal(fake_gic_target(26), 0);
    irq_set_target(SPI(40), 2);
    assert_int_equal(fake_gic_target(40), 2);
}

static void test_a_stay_is_bounded(void **state)
{
    for (u32 i = 0; i < 20; i++) {
        assert_int_equal(irq_request(SPI(50 + i), IRQ_EDGE_RISING, handler, NULL), OK);
        irq_enable(SPI(50 + i));
        fake_gic_pulse(0, 50 + i);
    }
    irq_handle();
    assert_int_equal(seen.nr_calls, 16);
    irq_handle();
    assert_int_equal(seen.nr_calls, 20);
}

/* ---- between CPUs ---- */

static u32 called[CPUS];

static void count(void *arg)
{
    called[cpu_current()] += (u32)(uintptr_t)arg;
}

static void call_back(void *arg)
{
    called[cpu_current()]++;
    ipi_call_wait(0, count, (void *)100); /* the caller waits, and serves us */
}

static void test_calls(void **state)
{
    memset(called, 0, sizeof(called));
    ipi_call_wait(0, count, (void *)1);
    ipi_call_wait(2, count, (void *)2);
    assert_int_equal(called[0], 1);
    assert_int_equal(called[1], 0);
    assert_int_equal(called[2], 2);
    ipi_call_wait(1, call_back, NULL);
    assert_int_equal(called[1], 1);
    assert_int_equal(called[0], 101);
    for (u32 cpu = 0; cpu < CPUS; cpu++) {
        assert_int_equal(per_cpu(work, cpu) & BIT(WORK_CALL), 0);
    }
}

static struct rcu_head deferred[3];
static u32 nr_freed;

static void free_one(struct rcu_head *head)
{
    nr_freed++;
}

/* Each callback of RCU is called in a stay of its own: its interrupt is the last that one takes. */
static void test_callbacks_by_interrupt(void **state)
{
    rcu_init();
    for (u32 i = 0; i < ARRAY_LEN(deferred); i++) {
        rcu_defer(&deferred[i], free_one);
    }
    /* The first began a grace period, the others wait for the next. */
    for (u32 period = 0; period < 2; period++) {
        for (u32 i = 0; i < CPUS; i++) {
            fake_cpu((i + 1) % CPUS);
            rcu_quiescent();
        }
    }
    assert_int_equal(cpu_current(), 0);
    for (u32 i = 1; i <= ARRAY_LEN(deferred); i++) {
        assert_int_equal(nr_freed, i - 1);
        assert_true(fake_gic_signals());
        irq_handle();
        assert_int_equal(nr_freed, i);
    }
    assert_false(fake_gic_signals());
    for (u32 i = 0; i < CPUS; i++) {
        per_cpu(work, i) = 0;
    }
}

static void test_kicks_and_calls_by_interrupt(void **state)
{
    percpu_raise(1, WORK_SCHED);
    fake_cpu(1);
    assert_true(fake_gic_signals());
    irq_handle();
    assert_false(fake_gic_signals());
    assert_int_equal(this_cpu(work), BIT(WORK_SCHED)); /* left for the way out */
    this_cpu(work) = BIT(WORK_CALL);
    fake_cpu(0);
    ipi_send(1, IPI_CALL);
    fake_cpu(1);
    irq_handle();
    assert_int_equal(this_cpu(work), 0);
    fake_cpu(1);
    ipi_halt_others();
    assert_false(fake_gic_signals());
    for (u32 cpu = 0; cpu < CPUS; cpu += 2) {
        fake_cpu(cpu);
        assert_true(fake_gic_signals());
        assert_int_equal(gic->acknowledge(), IPI_HALT);
        gic->drop_priority(IPI_HALT);
        gic->deactivate(IPI_HALT);
    }
}

/* ---- list registers ---- */

static void test_list_registers_of_gicv2(void **state)
{
    struct gic_lr lr = {.virq = 0x3ff,
                        .hwirq = 0x155,
                        .priority = 0xf8,
                        .pending = true,
                        .hw = true,
                        .group1 = true};
    assert_int_equal(gicv2_lr_encode(&lr), 0xdf8557ff);
    lr = (struct gic_lr){
        .virq = 5, .hwirq = 7, .priority = 0x80, .active = true, .eoi_maintenance = true};
    assert_int_equal(gicv2_lr_encode(&lr), 0x28081c05);
    lr.hw = true; /* no notice of the end then */
    assert_int_equal(gicv2_lr_encode(&lr), 0xa8001c05);
}

static void test_list_registers_of_gicv3(void **state)
{
    struct gic_lr lr = {.virq = 0x12345,
                        .hwirq = 0x1fff,
                        .priority = 0xa8,
                        .pending = true,
                        .hw = true,
                        .group1 = true};
    assert_int_equal(gicv3_lr_encode(&lr), 0x70a81fff00012345);
    lr = (struct gic_lr){.virq = 5, .priority = 0xff, .active = true, .eoi_maintenance = true};
    assert_int_equal(gicv3_lr_encode(&lr), 0x80ff020000000005);
    lr.hw = true;
    assert_int_equal(gicv3_lr_encode(&lr), 0xa0ff000000000005);
}

static void test_list_registers_read_back(void **state)
{
    for (u32 bits = 0; bits < 64; bits++) {
        struct gic_lr lr = {
            .virq = 40 + bits,
            .priority = (u8)(bits * 8),
            .pending = bits & 1,
            .active = bits & 2,
            .hw = bits & 4,
            .group1 = bits & 8,
            .eoi_maintenance = (bits & 0x14) == 0x10,
        };
        lr.hwirq = lr.hw ? 100 + bits : 0;
        struct gic_lr v2 = gicv2_lr_decode(gicv2_lr_encode(&lr));
        struct gic_lr v3 = gicv3_lr_decode(gicv3_lr_encode(&lr));
        assert_memory_equal(&v2, &lr, sizeof(lr));
        assert_memory_equal(&v3, &lr, sizeof(lr));
    }
    assert_int_equal(gicv2_lr_decode(0x1c00).hwirq, 7); /* the source of an SGI */
    assert_int_equal(gicv3_lr_decode(BIT(61) | 0x1fffULL << 32).hwirq, 0x1fff);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_which_interrupts_there_are),
        T(test_no_controller),
        T(test_one_owner),
        T(test_ours_is_handled_and_ended),
        T(test_a_guest_s_stays_active),
        T(test_a_stray_one_is_masked),
        T(test_private_ones_are_each_cpu_s),
        T(test_a_stay_is_bounded),
        T(test_calls),
        T(test_kicks_and_calls_by_interrupt),
        T(test_callbacks_by_interrupt),
        T(test_list_registers_of_gicv2),
        T(test_list_registers_of_gicv3),
        T(test_list_registers_read_back),
    };
    return cmocka_run_group_tests(tests, machine, NULL);
}
