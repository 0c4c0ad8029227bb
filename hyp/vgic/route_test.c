/* SPDX-License-Identifier: MIT */
/* The host's interrupts in guests; where a domain's controller lies. */
#include "test/host/vgic_world.h"

#include "abi/arm.h"
#include "vgic/state.h"

#define D         (&world_domain)
#define V(n)      (&world_vcpu[n])
#define IRQ(v, n) vgic_find(D, V(v), n)
#define HOST(n)   ((hwirq_t){n})
#define NOTHING   FAKE_SPURIOUS

static void begin(u32 version, u32 nr_vcpus)
{
    world_start(version, 4, nr_vcpus, 64);
    vgic_forward(D, true);
    for (u32 i = 0; i < nr_vcpus && i < WORLD_CPUS; i++) {
        world_load(i, i);
        fake_guest_enable(0xf8);
        V(i)->work = 0;
    }
    world_run(0);
}

static int end(void **state)
{
    world_end();
    return 0;
}

static void route(u32 virq, u32 hwirq, enum irq_trigger trigger)
{
    assert_int_equal(vgic_route_irq(D, (virq_t){virq}, HOST(hwirq), trigger), OK);
}

static void set(u32 virq, enum vgic_op op, u32 value)
{
    vgic_change(IRQ(0, virq), op, value);
}

static void test_a_level_comes_again_when_the_guest_ends_it(void **state)
{
    begin(2, 1);
    route(40, 72, IRQ_LEVEL_HIGH);
    assert_false(fake_gic_is_edge(72));
    assert_true(IRQ(0, 40)->level);
    fake_gic_line(0, 72, true);
    assert_false(fake_gic_signals()); /* masked until the guest enables it */
    set(40, OP_ENABLE, 0);
    assert_true(fake_gic_is_enabled(0, 72));
    assert_true(fake_gic_signals());
    world_settle();
    assert_true(fake_gic_is_active(0, 72));
    assert_false(fake_gic_signals());
    assert_int_equal(fake_guest_acknowledge(), 40);
    world_settle();
    assert_true(fake_gic_is_active(0, 72));
    fake_guest_end(40); /* deactivates the host's, without us */
    assert_false(fake_gic_is_active(0, 72));
    assert_true(fake_gic_signals());
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_gic_line(0, 72, false);
    fake_guest_end(40);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_false(fake_gic_is_active(0, 72));
    set(40, OP_DISABLE, 0);
    assert_false(fake_gic_is_enabled(0, 72));
}

static void test_an_edge_is_not_lost_while_active(void **state)
{
    begin(3, 1);
    route(41, 73, IRQ_EDGE_RISING);
    assert_true(fake_gic_is_edge(73));
    assert_false(IRQ(0, 41)->level);
    set(41, OP_ENABLE, 0);
    fake_gic_pulse(0, 73);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 41);
    fake_gic_pulse(0, 73);
    world_settle();
    fake_guest_end(41);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 41);
    fake_guest_end(41);
    assert_false(fake_gic_is_active(0, 73));
}

static void test_triggering_goes_through(void **state)
{
    begin(3, 1);
    world_load(0, 2);
    route(32, 73, IRQ_LEVEL_HIGH);
    assert_int_equal(fake_gic_target(73), 2); /* where its vCPU is */
    set(32, OP_SET_LEVEL_CONFIG, 0);
    assert_true(fake_gic_is_edge(73));
    set(32, OP_SET_LEVEL_CONFIG, 1);
    assert_false(fake_gic_is_edge(73));
    set(42, OP_SET_LEVEL_CONFIG, 0); /* not the host's */
    assert_false(IRQ(0, 42)->level);
}

static void test_disabled_while_pending(void **state)
{
    begin(3, 1);
    route(40, 72, IRQ_EDGE_RISING);
    set(40, OP_ENABLE, 0);
    fake_gic_pulse(0, 72);
    world_settle();
    set(40, OP_DISABLE, 0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_true(fake_gic_is_active(0, 72));
    assert_int_equal(vgic_change(IRQ(0, 40), OP_IS_PENDING, 0), 1);
    set(40, OP_ENABLE, 0);
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_guest_end(40);
    assert_false(fake_gic_is_active(0, 72));
}

static void test_cleared_by_the_guest(void **state)
{
    begin(3, 1);
    route(40, 72, IRQ_EDGE_RISING);
    set(40, OP_ENABLE, 0);
    fake_gic_pulse(0, 72);
    world_settle();
    set(40, OP_CLEAR_PENDING, 0);
    assert_false(fake_gic_is_active(0, 72)); /* nobody would end it */
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    fake_gic_pulse(0, 72);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 40);
    set(40, OP_CLEAR_ACTIVE, 0);
    assert_false(fake_gic_is_active(0, 72));
    assert_false(IRQ(0, 40)->active);
    fake_gic_pulse(0, 72);
    world_settle();
    world_unload(0);
    world_load(0, 0);
    /* By software beside the host's: the host's is ended, the guest gets both. */
    fake_guest_end(40);
    assert_int_equal(fake_guest_acknowledge(), 40);
    set(40, OP_SET_PENDING, 0);
    assert_false(fake_gic_is_active(0, 72));
    fake_gic_pulse(0, 72);
    world_settle();
    assert_true(fake_gic_is_active(0, 72));
    fake_guest_end(40);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 40);
    assert_true(fake_gic_is_active(0, 72));
    fake_guest_end(40);
    world_settle();
    assert_false(fake_gic_is_active(0, 72));
}

static void test_software_pending_is_no_hardware(void **state)
{
    begin(3, 1);
    route(40, 72, IRQ_EDGE_RISING);
    set(40, OP_ENABLE, 0);
    set(40, OP_SET_PENDING, 0);
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_gic_pulse(0, 72); /* the host's first, while software's is active */
    world_settle();
    assert_true(fake_gic_is_active(0, 72));
    fake_guest_end(40);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_guest_end(40);
    assert_false(fake_gic_is_active(0, 72));
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_the_line_follows_its_vcpu(void **state)
{
    begin(3, 2);
    route(40, 72, IRQ_EDGE_RISING);
    assert_int_equal(fake_gic_target(72), 0);
    set(40, OP_ENABLE, 0);
    set(40, OP_SET_TARGET, 1);
    assert_int_equal(fake_gic_target(72), 1);
    world_load(1, 3);
    fake_gic_pulse(0, 72);
    world_settle(); /* comes to CPU 1, where the vCPU was; the next one goes where it is */
    assert_int_equal(fake_gic_target(72), 3);
    world_run(1);
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_guest_end(40);
    world_unload(1);
    fake_gic_pulse(0, 72);
    world_settle();
    assert_int_equal(fake_gic_target(72), 3);
    assert_int_equal(world_woken[1], 1);
    world_load(1, 2);
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_guest_end(40);
    world_settle();
}

static void test_routing_refuses(void **state)
{
    begin(3, 1);
    assert_int_equal(vgic_route_irq(D, (virq_t){31}, HOST(72), IRQ_LEVEL_HIGH), E_INVAL);
    assert_int_equal(vgic_route_irq(D, (virq_t){96}, HOST(72), IRQ_LEVEL_HIGH), E_INVAL);
    assert_int_equal(vgic_route_irq(D, (virq_t){40}, HOST(31), IRQ_LEVEL_HIGH), E_INVAL);
    assert_int_equal(vgic_route_irq(D, (virq_t){40}, HOST(1020), IRQ_LEVEL_HIGH), E_INVAL);
    assert_int_equal(vgic_route_irq(D, (virq_t){40}, HOST(128), IRQ_LEVEL_HIGH),
                     E_INVAL); /* the host has 128 */
    assert_int_equal(vgic_unroute_irq(D, (virq_t){40}), E_NOENT);
    assert_int_equal(vgic_unroute_irq(D, (virq_t){31}), E_INVAL);
    assert_int_equal(vgic_unroute_irq(D, (virq_t){96}), E_INVAL);
    route(40, 72, IRQ_LEVEL_HIGH);
    assert_int_equal(vgic_route_irq(D, (virq_t){40}, HOST(73), IRQ_LEVEL_HIGH), E_BUSY);
    assert_int_equal(vgic_route_irq(D, (virq_t){41}, HOST(72), IRQ_LEVEL_HIGH), E_BUSY);
    assert_int_equal(IRQ(0, 41)->hwirq, 0);
}

static void test_unrouting_ends_what_the_guest_would_not(void **state)
{
    begin(3, 2);
    route(40, 72, IRQ_EDGE_RISING);
    route(41, 73, IRQ_EDGE_RISING);
    set(40, OP_ENABLE, 0);
    set(41, OP_ENABLE, 0);
    fake_gic_pulse(0, 72);
    fake_gic_pulse(0, 73);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 40);
    world_run(1); /* another CPU's list registers */
    assert_int_equal(vgic_unroute_irq(D, (virq_t){40}), OK);
    assert_int_equal(vgic_unroute_irq(D, (virq_t){41}), OK);
    assert_false(fake_gic_is_active(0, 72));
    assert_false(fake_gic_is_active(0, 73));
    assert_false(fake_gic_is_enabled(0, 72));
    assert_true(IRQ(0, 40)->active); /* the guest's own state stays */
    world_run(0);
    fake_guest_end(40);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    route(40, 72, IRQ_EDGE_RISING); /* the guest had it enabled */
    assert_true(fake_gic_is_enabled(0, 72));
    /* One that is taken after it was given back. */
    struct irq_desc gone = {.hwirq = {75}};
    world_settle();
    fake_gic_pulse(0, 75);
    irq_enable(HOST(75));
    assert_int_equal(gic->acknowledge(), 75);
    gic->drop_priority(75);
    vgic_arrived(IRQ(0, 40), &gone);
    assert_false(fake_gic_is_active(0, 75));
    assert_int_equal(vgic_change(IRQ(0, 40), OP_IS_PENDING, 0), 0);
    irq_disable(HOST(75));
}

static void test_before_there_are_vcpus(void **state)
{
    begin(3, 1);
    struct domain other = {.max_vcpus = 1};
    assert_int_equal(vgic_create(&other, 3, 32), OK);
    assert_int_equal(vgic_route_irq(&other, (virq_t){40}, HOST(74), IRQ_LEVEL_HIGH), OK);
    assert_int_equal(vgic_unroute_irq(&other, (virq_t){40}), OK);
    assert_int_equal(vgic_route_irq(&other, (virq_t){41}, HOST(74), IRQ_LEVEL_HIGH), OK);
    u64 cursor = 0;
    assert_int_equal(vgic_relinquish(&other, &cursor), OK);
    assert_int_equal(cursor, 32);
    route(40, 74, IRQ_LEVEL_HIGH);
    vgic_destroy(&other);
    struct domain none = {0};
    cursor = 0;
    assert_int_equal(vgic_relinquish(&none, &cursor), OK);
    assert_int_equal(cursor, 0);
}

static void test_relinquish_goes_in_steps(void **state)
{
    begin(3, 1);
    struct domain other = {.max_vcpus = 1};
    assert_int_equal(vgic_create(&other, 3, 100), OK);
    for (u32 i = 0; i < 96; i++) {
        assert_int_equal(vgic_route_irq(&other, (virq_t){32 + i}, HOST(32 + i), IRQ_LEVEL_HIGH),
                         OK);
    }
    u64 cursor = 0;
    assert_int_equal(vgic_relinquish(&other, &cursor), E_RESTART);
    assert_int_equal(cursor, 64);
    assert_int_equal(vgic_find(&other, NULL, 95)->hwirq, 0);
    assert_int_equal(vgic_find(&other, NULL, 96)->hwirq, 96);
    assert_int_equal(vgic_relinquish(&other, &cursor), E_RESTART);
    assert_int_equal(vgic_relinquish(&other, &cursor), OK);
    for (u32 i = 0; i < 96; i++) {
        assert_int_equal(vgic_find(&other, NULL, 32 + i)->hwirq, 0);
    }
    vgic_destroy(&other);
}

/* ---- private lines ---- */

static void test_a_private_line_moves_with_its_vcpu(void **state)
{
    begin(3, 2);
    assert_int_equal(irq_route_guest(HOST(27), NULL, NULL), OK);
    for (u32 i = 0; i < 2; i++) {
        vgic_bind_private(V(i), VIRQ_VTIMER, HOST(27));
        set(27, OP_ENABLE, 0);
    }
    gic->activate_private(27); /* taken */
    vgic_private_fired(V(0), VIRQ_VTIMER);
    assert_int_equal(fake_guest_acknowledge(), 27);
    world_unload(0);
    assert_false(fake_gic_is_active(0, 27));
    world_load(0, 2);
    assert_true(fake_gic_is_active(2, 27)); /* the guest has not ended it */
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    fake_guest_end(27);
    assert_false(fake_gic_is_active(2, 27));
    world_unload(0);
    assert_false(fake_gic_is_active(2, 27));
    /* The stand-in, while it is nowhere: once. */
    world_woken[0] = 0;
    vgic_private_due(V(0), VIRQ_VTIMER);
    vgic_private_due(V(0), VIRQ_VTIMER);
    assert_int_equal(world_woken[0], 1);
    world_load(0, 1);
    assert_true(fake_gic_is_active(1, 27));
    vgic_private_due(V(0), VIRQ_VTIMER); /* too late: hardware does it */
    assert_int_equal(fake_guest_acknowledge(), 27);
    fake_guest_end(27);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_a_private_line_that_is_masked(void **state)
{
    begin(3, 2);
    vgic_bind_private(V(0), VIRQ_VTIMER, HOST(27));
    gic->activate_private(27);
    vgic_private_fired(V(0), VIRQ_VTIMER);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    world_unload(0);
    assert_false(fake_gic_is_active(0, 27));
    world_load(0, 2);
    assert_true(fake_gic_is_active(2, 27)); /* pending still */
    world_run(1);
    set(27, OP_CLEAR_PENDING, 0); /* from another CPU: done where the line is */
    assert_false(fake_gic_is_active(2, 27));
    world_unload(0);
    vgic_private_due(V(0), VIRQ_VTIMER);
    set(27, OP_CLEAR_PENDING, 0); /* nowhere: no line to end */
    world_load(0, 3);
    assert_false(fake_gic_is_active(3, 27));
    set(27, OP_ENABLE, 0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    /* Two lines at once. */
    vgic_bind_private(V(0), (virq_t){28}, HOST(28));
    set(28, OP_ENABLE, 0);
    gic->activate_private(27);
    gic->activate_private(28);
    vgic_private_fired(V(0), VIRQ_VTIMER);
    vgic_private_fired(V(0), (virq_t){28});
    world_unload(0);
    assert_false(fake_gic_is_active(3, 27) || fake_gic_is_active(3, 28));
    world_load(0, 2);
    assert_true(fake_gic_is_active(2, 27) && fake_gic_is_active(2, 28));
    fake_guest_end(fake_guest_acknowledge());
    fake_guest_end(fake_guest_acknowledge());
    assert_false(fake_gic_is_active(2, 27) || fake_gic_is_active(2, 28));
}

/* ---- where it is ---- */

static void test_guests_find_gicv2_at_the_abi_s_address(void **state)
{
    begin(2, 2);
    assert_int_equal(vgic_map_guest(D), OK);
    assert_int_equal(D->nr_mmio, 1);
    assert_null(mmio_find(D, (gaddr_t){GUEST_GICD_BASE - 1}));
    assert_int_equal(mmio_find(D, (gaddr_t){GUEST_GICD_BASE})->base.g, GUEST_GICD_BASE);
    assert_non_null(mmio_find(D, (gaddr_t){GUEST_GICD_BASE + 0xfff}));
    assert_null(mmio_find(D, (gaddr_t){GUEST_GICC_BASE}));
    assert_int_equal(world_nr_pages, 2);
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(world_pages[i].gfn, (GUEST_GICC_BASE >> 12) + i);
        assert_int_equal(world_pages[i].mfn, (FAKE_GICV >> 12) + i);
        assert_int_equal(world_pages[i].type, P2M_DEVICE);
    }
}

static void test_gicv_repeated_through_64k(void **state)
{
    begin(2, 2);
    gic_info.aliased_64k = true;
    gic_info.cpu_bytes = gic_info.vcpu_bytes = 0x20000;
    assert_int_equal(vgic_map_guest(D), OK);
    assert_int_equal(world_pages[0].mfn, (FAKE_GICV + 0xf000) >> 12);
    assert_int_equal(world_pages[1].mfn, (FAKE_GICV + 0x10000) >> 12);
    world_nr_pages = 0;
    assert_int_equal(vgic_map_hardware(D), OK);
    assert_int_equal(world_nr_pages, 32);
    assert_int_equal(world_pages[31].gfn, (FAKE_GICC >> 12) + 31);
    assert_int_equal(world_pages[31].mfn, (FAKE_GICV >> 12) + 31);
}

static void test_dom0_finds_gicv2_where_the_host_has_it(void **state)
{
    begin(2, 2);
    assert_int_equal(vgic_map_hardware(D), OK);
    assert_int_equal(mmio_find(D, (gaddr_t){FAKE_GICD + 0x1000})->base.g, FAKE_GICD);
    assert_int_equal(world_read(0, FAKE_GICD + 8, 4), 0x43b);
    assert_false(world_takes(0, FAKE_GICD + 0x1000, 4, false));
    assert_int_equal(world_nr_pages, 2);
    assert_int_equal(world_pages[1].gfn, (FAKE_GICC >> 12) + 1);
    assert_int_equal(world_pages[1].mfn, (FAKE_GICV >> 12) + 1);
}

static void test_mapping_can_fail(void **state)
{
    begin(2, 2);
    world_p2m_answer = E_NOMEM;
    assert_int_equal(vgic_map_guest(D), E_NOMEM);
    world_end();
    begin(2, 1);
    fake_fail_after(0);
    assert_int_equal(vgic_map_hardware(D), E_NOMEM);
    fake_fail_never();
    world_end();
    begin(3, 1);
    fake_fail_after(1);
    assert_int_equal(vgic_map_guest(D), E_NOMEM);
    fake_fail_never();
}

static void test_dom0_finds_gicv3_where_the_host_has_it(void **state)
{
    begin(3, 4);
    gic_info.nr_redist_regions = 3;
    gic_info.redist[0].bytes = 0x40000; /* two */
    gic_info.redist[1].base.m = FAKE_GICR + 0x1000000;
    gic_info.redist[1].bytes = 0x20000;
    gic_info.redist[2].base.m = FAKE_GICR + 0x2000000;
    gic_info.redist[2].bytes = 0x80000;
    assert_int_equal(vgic_map_hardware(D), OK);
    static const u64 at[] = {FAKE_GICR, FAKE_GICR + 0x20000, FAKE_GICR + 0x1000000,
                             FAKE_GICR + 0x2000000};
    for (u32 i = 0; i < 4; i++) {
        bool last = i > 0; /* of its region, and of all */
        assert_int_equal(world_read(0, at[i] + 8, 8), (u64)i << 32 | i << 8 | (last ? 0x10 : 0));
    }
    assert_null(mmio_find(D, (gaddr_t){FAKE_GICR + 0x40000}));
    assert_null(mmio_find(D, (gaddr_t){FAKE_GICR + 0x2020000}));
    assert_int_equal(world_read(3, FAKE_GICD + 0xffe8, 4), 0x3b);
}

static void test_dom0_s_redistributors_may_be_too_few_or_wide(void **state)
{
    begin(3, 4);
    gic_info.redist[0].bytes = 3 * 0x20000;
    assert_int_equal(vgic_map_hardware(D), E_NOSPC);
    world_end();
    begin(3, 2);
    gic_info.redist_stride = 0x40000;
    assert_int_equal(vgic_map_hardware(D), OK);
    assert_int_equal(world_read(0, FAKE_GICR + 0x40000 + 8, 4), 0x110);
    assert_int_equal(world_read(0, FAKE_GICR + 0x50000 + 0x100, 4), 0xffff);
    assert_false(world_takes(0, FAKE_GICR + 0x60000, 4, false));
    assert_false(world_takes(0, FAKE_GICR + 0x20000, 4, false));
    world_end();
    begin(3, 2);
    gic_info.nr_redist_regions = 2;
    gic_info.redist[1] = gic_info.redist[0];
    gic_info.redist[0].base.m -= 0x100000;
    gic_info.redist[0].bytes = 0x10000; /* too small for any */
    assert_int_equal(vgic_map_hardware(D), OK);
    assert_int_equal(world_read(0, FAKE_GICR + 8, 4), 0);
}

/* ---- the table of emulated registers ---- */

static bool nothing(struct vcpu *v, struct mmio_access *a, void *arg)
{
    return true;
}

static void test_the_mmio_table_is_sorted_and_does_not_overlap(void **state)
{
    begin(3, 1);
    static const u64 order[] = {5, 1, 3, 9, 7};
    for (u32 i = 0; i < ARRAY_LEN(order); i++) {
        assert_int_equal(
            mmio_register(D, (gaddr_t){order[i] << 12}, 0x1000, nothing, (void *)(order + i)), OK);
    }
    for (u32 i = 0; i < ARRAY_LEN(order); i++) {
        assert_int_equal(D->mmio[i].base.g, (2 * i + 1) << 12);
        const struct mmio_handler *h = mmio_find(D, (gaddr_t){(order[i] << 12) + 0xfff});
        assert_ptr_equal(h->arg, order + i);
        assert_ptr_equal(h->access, nothing);
        assert_null(mmio_find(D, (gaddr_t){(order[i] << 12) + 0x1000}));
    }
    assert_null(mmio_find(D, (gaddr_t){0}));
    assert_int_equal(mmio_register(D, (gaddr_t){0x1000}, 0x1000, nothing, NULL), E_EXIST);
    assert_int_equal(mmio_register(D, (gaddr_t){0x1fff}, 2, nothing, NULL), E_EXIST);
    assert_int_equal(mmio_register(D, (gaddr_t){0x2000}, 0x1001, nothing, NULL), E_EXIST);
    assert_int_equal(mmio_register(D, (gaddr_t){0x9800}, 8, nothing, NULL), E_EXIST);
    assert_int_equal(mmio_register(D, (gaddr_t){0x2000}, 0x1000, nothing, NULL), OK);
    assert_int_equal(D->nr_mmio, 6);
}

static void test_a_reserved_interrupt_is_not_routed(void **state)
{
    begin(3, 1);
    assert_int_equal(vgic_reserve_irq(D, (virq_t){31}), E_INVAL);
    assert_int_equal(vgic_reserve_irq(D, (virq_t){32 + D->vgic->nr_spis}), E_INVAL);
    assert_int_equal(vgic_reserve_irq(D, (virq_t){32}), OK);
    assert_int_equal(vgic_reserve_irq(D, (virq_t){32}), OK);
    assert_int_equal(vgic_route_irq(D, (virq_t){32}, (hwirq_t){40}, IRQ_LEVEL_HIGH), E_BUSY);
    assert_int_equal(vgic_route_irq(D, (virq_t){33}, (hwirq_t){40}, IRQ_LEVEL_HIGH), OK);
    assert_int_equal(vgic_reserve_irq(D, (virq_t){33}), E_BUSY);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, end)
    const struct CMUnitTest tests[] = {
        T(test_a_level_comes_again_when_the_guest_ends_it),
        T(test_an_edge_is_not_lost_while_active),
        T(test_triggering_goes_through),
        T(test_disabled_while_pending),
        T(test_cleared_by_the_guest),
        T(test_software_pending_is_no_hardware),
        T(test_the_line_follows_its_vcpu),
        T(test_routing_refuses),
        T(test_a_reserved_interrupt_is_not_routed),
        T(test_unrouting_ends_what_the_guest_would_not),
        T(test_before_there_are_vcpus),
        T(test_relinquish_goes_in_steps),
        T(test_a_private_line_moves_with_its_vcpu),
        T(test_a_private_line_that_is_masked),
        T(test_guests_find_gicv2_at_the_abi_s_address),
        T(test_gicv_repeated_through_64k),
        T(test_dom0_finds_gicv2_where_the_host_has_it),
        T(test_mapping_can_fail),
        T(test_dom0_finds_gicv3_where_the_host_has_it),
        T(test_dom0_s_redistributors_may_be_too_few_or_wide),
        T(test_the_mmio_table_is_sorted_and_does_not_overlap),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
