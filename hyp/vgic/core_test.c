/* SPDX-License-Identifier: MIT */
#include "test/host/vgic_world.h"

#include "vgic/state.h"

#define D         (&world_domain)
#define V(n)      (&world_vcpu[n])
#define SPI(n)    ((virq_t){32 + (n)})
#define IRQ(v, n) vgic_find(D, V(v), n)
#define NOTHING   FAKE_SPURIOUS

static void enable(u32 vcpu, u32 intid)
{
    vgic_change(IRQ(vcpu, intid), OP_ENABLE, 0);
}

/* Domain that forwards, vCPU n on CPU n, unmasked. */
static void begin(u32 version, u32 nr_lrs, u32 nr_vcpus)
{
    world_start(version, nr_lrs, nr_vcpus, 64);
    vgic_forward(D, true);
    for (u32 i = 0; i < nr_vcpus && i < WORLD_CPUS; i++) {
        world_load(i, i);
        fake_guest_enable(0xf0);
        V(i)->work = 0;
    }
    world_run(0);
    memset(world_raised, 0, sizeof(world_raised));
}

static int end(void **state)
{
    world_end();
    return 0;
}

static void each_version(void (*test)(u32 version))
{
    test(2);
    world_end();
    test(3);
}

/* ---- delivery ---- */

static void deliver(u32 version)
{
    begin(version, 4, 2);
    u32 writes = fake_guest_lr_writes();
    vgic_inject(D, V(0), VIRQ_EVENT);
    assert_int_equal(fake_guest_acknowledge(), NOTHING); /* not enabled */
    assert_int_equal(fake_guest_lr_writes(), writes);
    assert_false(vgic_has_pending(V(0)));
    enable(0, 31);
    assert_true(vgic_has_pending(V(0)));
    assert_int_equal(fake_guest_lr_writes(), writes + 1);
    assert_int_equal(fake_guest_acknowledge(), 31);
    assert_false(vgic_has_pending(V(0)));
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    fake_guest_end(31);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_int_equal(fake_guest_lr_writes(),
                     writes + 1); /* nothing is read back or cleared for its own sake */

    writes = fake_guest_lr_writes();
    world_woken[0] = 0;
    vgic_inject(D, V(0), VIRQ_EVENT);
    assert_int_equal(fake_guest_lr_writes(), writes + 1);
    assert_int_equal(world_woken[0], 1);
    assert_int_equal(world_raised[0], 0);
    assert_int_equal(fake_guest_acknowledge(), 31);
    /* Again while it is active: once more after its end, not before, and only once. */
    vgic_inject(D, V(0), VIRQ_EVENT);
    vgic_inject(D, V(0), VIRQ_EVENT);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_false(vgic_has_pending(V(0)));
    fake_guest_end(31);
    assert_true(vgic_has_pending(V(0)));
    assert_int_equal(fake_guest_acknowledge(), 31);
    fake_guest_end(31);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void lockless(u32 version)
{
    begin(version, 4, 1);
    enable(0, 31);
    vgic_inject(D, V(0), VIRQ_EVENT);
    vgic_send_sgi(V(0), 2, 0);
    for (u32 i = 0; i < 2; i++) {
        fake_guest_end(fake_guest_acknowledge());
    }
    /* Both were ended and are in list registers still: from here on nobody needs the lock. */
    spin_lock(&V(0)->vgic->lock);
    for (u32 i = 0; i < 2; i++) {
        vgic_inject(D, V(0), VIRQ_EVENT);
        assert_int_equal(fake_guest_acknowledge(), 31);
        vgic_inject(D, V(0), VIRQ_EVENT);
        fake_guest_end(31);
        assert_int_equal(fake_guest_acknowledge(), 31);
        fake_guest_end(31);
        vgic_send_sgi(V(0), 2, 0);
        vgic_send_sgi(V(0), 2, 0);
        assert_int_equal(fake_guest_acknowledge(), 2);
        fake_guest_end(2);
        assert_int_equal(fake_guest_acknowledge(), NOTHING);
    }
    spin_unlock(&V(0)->vgic->lock);
}

static void test_the_everyday_injection_takes_no_lock(void **state)
{
    each_version(lockless);
}

static void test_an_event_is_delivered_with_one_write(void **state)
{
    each_version(deliver);
}

static void forwarding(u32 version)
{
    begin(version, 4, 1);
    enable(0, 31);
    vgic_forward(D, false);
    assert_int_equal(world_raised[0], 1);
    vgic_forward(D, false);
    assert_int_equal(world_raised[0], 1); /* nothing new */
    vgic_inject(D, V(0), VIRQ_EVENT);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_false(vgic_has_pending(V(0)));
    vgic_forward(D, true);
    world_settle();
    assert_true(vgic_has_pending(V(0)));
    vgic_forward(D, false); /* taken out of the list register again */
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    vgic_forward(D, true);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 31);
    fake_guest_end(31);
}

static void test_the_distributor_forwards_or_not(void **state)
{
    each_version(forwarding);
}

static void test_masks_hold_back_but_do_not_lose(void **state)
{
    begin(3, 4, 1);
    enable(0, 31);
    vgic_change(IRQ(0, 31), OP_SET_PRIORITY, 0xa7);
    assert_int_equal(IRQ(0, 31)->priority, 0xa0); /* 32 levels */
    fake_guest_enable(0xa0);
    vgic_inject(D, V(0), VIRQ_EVENT);
    assert_false(vgic_has_pending(V(0)));
    fake_guest_enable(0xa8);
    assert_true(vgic_has_pending(V(0)));
    world_unload(0); /* the mask is saved with it */
    assert_true(vgic_has_pending(V(0)));
    world_load(0, 1);
    fake_guest_enable(0xa0);
    world_unload(0);
    assert_false(vgic_has_pending(V(0)));
    V(0)->vgic->state.vmcr = 0xf0000002;
    assert_true(vgic_has_pending(V(0)));
    V(0)->vgic->state.vmcr = 0xf0000001; /* the group is off */
    assert_false(vgic_has_pending(V(0)));
}

static void waiting_v2(void)
{
    begin(2, 4, 1);
    enable(0, 31);
    vgic_change(IRQ(0, 31), OP_SET_PRIORITY, 0x80);
    vgic_inject(D, V(0), VIRQ_EVENT);
    fake_guest_enable(0x80);
    assert_false(vgic_has_pending(V(0)));
    fake_guest_enable(0x88);
    assert_true(vgic_has_pending(V(0)));
    world_unload(0);
    IRQ(0, 31)->active = true; /* waits for its end */
    assert_false(vgic_has_pending(V(0)));
    IRQ(0, 31)->active = false;
    V(0)->vgic->state.vmcr &= ~1u; /* the group is off */
    assert_false(vgic_has_pending(V(0)));
    V(0)->vgic->state.vmcr |= 3u;
    assert_true(vgic_has_pending(V(0)));
}

static void test_a_vcpu_without_vgic_has_nothing(void **state)
{
    waiting_v2();
    struct vcpu none = {.domain = D};
    assert_false(vgic_has_pending(&none));
    vgic_inject(D, NULL, VIRQ_EVENT);
    vgic_inject(D, V(0), (virq_t){32 + 64});
    vgic_set_level(D, V(0), (virq_t){1020}, true);
    assert_null(vgic_find(D, V(0), 32 + 64));
    assert_non_null(vgic_find(D, V(0), 32 + 63));
    assert_int_equal(vgic_find(D, V(0), 32 + 63)->intid, 32 + 63);
}

/* ---- levels ---- */

static void level(u32 version)
{
    begin(version, 4, 1);
    enable(0, 30);
    vgic_set_level(D, V(0), VIRQ_PTIMER, true);
    assert_int_equal(fake_guest_acknowledge(), 30);
    fake_guest_end(30);
    world_settle(); /* still high: the end was told, and it is pending again */
    assert_int_equal(fake_guest_acknowledge(), 30);
    vgic_set_level(D, V(0), VIRQ_PTIMER, false);
    fake_guest_end(30);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    /* High and low again before it is taken: nothing was there. */
    vgic_set_level(D, V(0), VIRQ_PTIMER, true);
    assert_int_equal(world_raised[0], 0); /* all done here */
    assert_true(vgic_has_pending(V(0)));
    vgic_set_level(D, V(0), VIRQ_PTIMER, false);
    assert_false(vgic_has_pending(V(0)));
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    /* Low and high again while active: once more. */
    vgic_set_level(D, V(0), VIRQ_PTIMER, true);
    assert_int_equal(fake_guest_acknowledge(), 30);
    vgic_set_level(D, V(0), VIRQ_PTIMER, false);
    vgic_set_level(D, V(0), VIRQ_PTIMER, true);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    fake_guest_end(30);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 30);
    vgic_set_level(D, V(0), VIRQ_PTIMER, false);
    fake_guest_end(30);
}

static void test_a_level_is_pending_as_long_as_it_is_high(void **state)
{
    each_version(level);
}

static void test_a_line_of_edges_counts_its_rise(void **state)
{
    begin(3, 4, 1);
    enable(0, 40);
    vgic_change(IRQ(0, 40), OP_SET_LEVEL_CONFIG, 0);
    vgic_set_level(D, NULL, (virq_t){40}, true);
    vgic_set_level(D, NULL, (virq_t){40}, false);
    assert_int_equal(fake_guest_acknowledge(), 40);
    vgic_set_level(D, NULL, (virq_t){40}, true);
    vgic_set_level(D, NULL, (virq_t){40}, true);
    fake_guest_end(40);
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_guest_end(40);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_a_level_elsewhere_falls_there(void **state)
{
    begin(3, 4, 2);
    world_run(1);
    enable(1, 30);
    vgic_set_level(D, V(1), VIRQ_PTIMER, true);
    world_run(0);
    world_raised[1] = 0;
    vgic_set_level(D, V(1), VIRQ_PTIMER, false);
    assert_int_equal(world_raised[1], 1);
    world_settle();
    world_run(1);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

/* ---- SGIs ---- */

static void test_sgis_of_gicv2_name_each_source(void **state)
{
    begin(2, 4, 4);
    for (u32 i = 1; i < 4; i++) {
        world_run(i);
        vgic_send_sgi(V(0), 5, i);
    }
    assert_int_equal(world_raised[0], 1);
    world_settle();
    world_run(0);
    assert_int_equal(fake_guest_acknowledge(), 5 | 1 << 10);
    assert_int_equal(fake_guest_acknowledge(), NOTHING); /* one at a time: the number is active */
    vgic_send_sgi(V(0), 5, 1);                           /* the same source again */
    fake_guest_end(5 | 1 << 10);
    world_settle();
    u32 seen = 0;
    for (u32 i = 0; i < 3; i++) {
        u32 raw = fake_guest_acknowledge();
        assert_int_equal(raw & 0x3ff, 5);
        assert_false(seen & 1u << (raw >> 10));
        seen |= 1u << (raw >> 10);
        fake_guest_end(raw);
        world_settle();
    }
    assert_int_equal(seen, 0xe);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_an_sgi_to_oneself(void **state)
{
    begin(2, 4, 1);
    vgic_send_sgi(V(0), 0, 0);
    assert_int_equal(fake_guest_acknowledge(), 0);
    vgic_send_sgi(V(0), 0, 0);
    assert_int_equal(world_raised[0], 0);
    fake_guest_end(0);
    assert_int_equal(fake_guest_acknowledge(), 0); /* without the hypervisor between */
    fake_guest_end(0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

/* ---- more than list registers ---- */

static void overflow(u32 version)
{
    for (u32 nr_lrs = 1; nr_lrs <= 4; nr_lrs++) {
        begin(version, nr_lrs, 1);
        for (u32 i = 0; i < 12; i++) {
            enable(0, 40 + i);
            vgic_change(IRQ(0, 40 + i), OP_SET_PRIORITY, 0x80 - 8 * i);
            vgic_inject(D, NULL, (virq_t){40 + i});
            world_settle();
        }
        for (u32 i = 12; i-- > 0;) {
            assert_int_equal(fake_guest_acknowledge(), 40 + i); /* the most urgent first */
            world_settle();
            fake_guest_end(40 + i);
            world_settle();
        }
        assert_int_equal(fake_guest_acknowledge(), NOTHING);
        assert_true(list_is_empty(&V(0)->vgic->queue) || V(0)->vgic->lr_used != 0);
        if (nr_lrs < 4) {
            world_end();
        }
    }
}

static void test_more_pending_than_list_registers(void **state)
{
    each_version(overflow);
}

static void nesting(u32 version)
{
    for (u32 nr_lrs = 1; nr_lrs <= 4; nr_lrs++) {
        begin(version, nr_lrs, 1);
        /* Each preempts the one before: more are active than there are list registers. */
        for (u32 i = 0; i < 10; i++) {
            enable(0, 40 + i);
            vgic_change(IRQ(0, 40 + i), OP_SET_PRIORITY, 0x80 - 8 * i);
            vgic_inject(D, NULL, (virq_t){40 + i});
            world_settle();
            assert_int_equal(fake_guest_acknowledge(), 40 + i);
            world_settle();
            assert_true(vgic_change(IRQ(0, 40 + i), OP_IS_ACTIVE, 0));
            world_settle();
        }
        for (u32 i = 10; i-- > 0;) {
            fake_guest_end(40 + i);
            world_settle();
            assert_false(vgic_change(IRQ(0, 40 + i), OP_IS_ACTIVE, 0));
            for (u32 j = 0; j < i; j++) {
                assert_true(vgic_change(IRQ(0, 40 + j), OP_IS_ACTIVE, 0));
            }
            world_settle();
        }
        assert_int_equal(V(0)->vgic->hcr & ~GICH_HCR_EN, 0);
        if (nr_lrs < 4) {
            world_end();
        }
    }
}

static void test_more_active_than_list_registers(void **state)
{
    each_version(nesting);
}

static void test_ended_ones_make_room(void **state)
{
    begin(3, 4, 1);
    for (u32 i = 0; i < 16; i++) {
        enable(0, 40 + i);
        vgic_inject(D, NULL, (virq_t){40 + i});
        world_settle();
        assert_int_equal(fake_guest_acknowledge(), 40 + i);
        fake_guest_end(40 + i);
        world_settle();
    }
    assert_int_equal(V(0)->vgic->hcr, GICH_HCR_EN);
}

/* ---- going and coming ---- */

static void migrate(u32 version)
{
    begin(version, 2, 2);
    for (u32 i = 0; i < 4; i++) {
        enable(0, 40 + i);
        vgic_change(IRQ(0, 40 + i), OP_SET_PRIORITY, 0x40 + 8 * i);
    }
    vgic_inject(D, NULL, (virq_t){41});
    assert_int_equal(fake_guest_acknowledge(), 41);
    vgic_inject(D, NULL, (virq_t){42});
    vgic_inject(D, NULL, (virq_t){43});
    world_unload(0);
    fake_cpu(0);
    assert_int_equal(gic->lr_read(0) | gic->lr_read(1), 0); /* nothing stays behind */
    assert_int_equal(gic->hcr_read(), 0);
    world_raised[0] = world_woken[0] = 0;
    vgic_inject(D, NULL, (virq_t){40}); /* while it is nowhere */
    assert_int_equal(world_raised[0], 0);
    assert_int_equal(world_woken[0], 1);
    world_load(0, 3);
    assert_int_equal(fake_guest_acknowledge(), 40); /* preempts 41 */
    world_settle();
    fake_guest_end(40);
    world_settle();
    fake_guest_end(41);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 42);
    fake_guest_end(42);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 43);
    fake_guest_end(43);
}

static void test_a_vcpu_moves_with_what_it_has(void **state)
{
    each_version(migrate);
}

static void test_injecting_into_a_vcpu_elsewhere(void **state)
{
    begin(3, 4, 2);
    world_run(1);
    enable(1, 31);
    world_run(0);
    u32 writes = fake_guest_lr_writes();
    vgic_inject(D, V(1), VIRQ_EVENT);
    assert_int_equal(fake_guest_lr_writes(), writes); /* not our list registers */
    assert_int_equal(world_raised[1], 1);
    assert_true(vgic_has_pending(V(1)));
    world_settle();
    world_run(1);
    assert_int_equal(fake_guest_acknowledge(), 31);
    fake_guest_end(31);
    /* Known to be in its list register: told again, and it finds it ended. */
    world_run(0);
    vgic_inject(D, V(1), VIRQ_EVENT);
    assert_int_equal(world_raised[1], 2);
    assert_true(vgic_has_pending(V(1))); /* cannot be read from here: it may be */
    world_settle();
    world_run(1);
    assert_int_equal(fake_guest_acknowledge(), 31);
}

/* What comes from elsewhere is one write here, for each that came; only what cannot be shown beside
 * what is there makes all be read. */
static void news(u32 version)
{
    begin(version, 4, 2);
    world_run(1);
    enable(1, 31);
    vgic_inject(D, V(1), VIRQ_EVENT);
    world_run(0);
    for (u32 i = 0; i < 3; i++) {
        u32 writes = fake_guest_lr_writes();
        vgic_send_sgi(V(1), 2, 0); /* its first finds a free one */
        if (i == 2) {
            vgic_inject(D, V(1), VIRQ_EVENT); /* which has ended, and is there still */
        }
        world_settle();
        assert_int_equal(fake_guest_lr_writes(), writes + (i == 2 ? 2 : 1));
        world_run(1);
        u32 nr = i == 1 ? 1 : 2;
        for (u32 n = 0; n < nr; n++) {
            fake_guest_end(fake_guest_acknowledge());
        }
        assert_int_equal(fake_guest_acknowledge(), NOTHING);
        world_run(0);
    }
    u32 writes = fake_guest_lr_writes();
    vgic_send_sgi(V(1), 2, 0);
    world_settle();
    vgic_send_sgi(V(1), 2, version == 2 ? 1 : 0); /* another's, which is not there */
    world_settle();
    if (version == 2) {
        assert_true(fake_guest_lr_writes() > writes + 2);
    } else {
        assert_int_equal(fake_guest_lr_writes(), writes + 2);
    }
    world_run(1);
    for (u32 n = 0; n < (version == 2 ? 2 : 1); n++) {
        fake_guest_end(fake_guest_acknowledge());
        world_settle();
    }
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

static void test_what_comes_from_elsewhere_is_taken_in(void **state)
{
    each_version(news);
}

static void test_reset_forgets(void **state)
{
    begin(2, 4, 2);
    enable(0, 31);
    vgic_change(IRQ(0, 31), OP_SET_PRIORITY, 0xf0);
    vgic_inject(D, V(0), VIRQ_EVENT);
    vgic_send_sgi(V(0), 3, 0);
    vgic_set_level(D, V(0), VIRQ_PTIMER, true);
    assert_int_equal(fake_guest_acknowledge(), 3);
    V(0)->vgic->asleep = true;
    world_unload(0);
    V(0)->work = 0;
    vgic_reset_vcpu(V(0));
    assert_int_equal(V(0)->work, BIT(VCPU_WORK_UPCALL));
    assert_true(list_is_empty(&V(0)->vgic->queue));
    assert_false(V(0)->vgic->asleep);
    assert_int_equal(V(0)->vgic->state.vmcr, 0);
    assert_int_equal(V(0)->vgic->state.apr[0], 0);
    for (u32 i = 0; i < 32; i++) {
        struct vgic_irq *irq = IRQ(0, i);
        assert_int_equal(irq->intid, i);
        assert_int_equal(irq->enabled, i < 16);
        assert_int_equal(irq->level, i >= 16);
        assert_int_equal(irq->priority, 0);
        assert_false(irq->active || irq->latch || irq->sources);
        assert_int_equal(irq->line, i == 30);
    }
    world_load(0, 0);
    fake_guest_enable(0xf0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
}

/* ---- SPIs and their home ---- */

static void test_an_spi_goes_to_its_target(void **state)
{
    begin(3, 4, 3);
    enable(0, 40);
    vgic_inject(D, NULL, (virq_t){40});
    /* Pending in a list register of CPU 0: taken back and given to vCPU 1. */
    world_run(2);
    vgic_change(IRQ(0, 40), OP_SET_TARGET, 1);
    world_settle();
    world_run(0);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    world_run(1);
    assert_int_equal(fake_guest_acknowledge(), 40);
    assert_ptr_equal(IRQ(0, 40)->home, V(1));
    /* Active: stays until it ends, what comes meanwhile goes. */
    vgic_change(IRQ(0, 40), OP_SET_TARGET, 2);
    world_settle();
    vgic_inject(D, NULL, (virq_t){40});
    world_settle();
    world_run(2);
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    world_run(1);
    assert_false(vgic_has_pending(V(1)));
    fake_guest_end(40);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    world_run(2);
    assert_int_equal(fake_guest_acknowledge(), 40);
    fake_guest_end(40);
    assert_ptr_equal(IRQ(0, 40)->home, V(2));
    /* Nobody: pending, until somebody is named. */
    vgic_change(IRQ(0, 40), OP_SET_TARGET, TARGET_NOBODY);
    vgic_inject(D, NULL, (virq_t){40});
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), NOTHING);
    assert_true(vgic_change(IRQ(0, 40), OP_IS_PENDING, 0));
    vgic_change(IRQ(0, 40), OP_SET_TARGET, 0);
    world_settle();
    world_run(0);
    assert_int_equal(fake_guest_acknowledge(), 40);
}

static void test_several_leave_at_once(void **state)
{
    begin(3, 4, 2);
    for (u32 i = 0; i < 4; i++) {
        enable(0, 40 + i);
        vgic_inject(D, NULL, (virq_t){40 + i});
    }
    world_unload(0);
    for (u32 i = 0; i < 4; i++) {
        IRQ(0, 40 + i)->target = 1; /* as if written while they were in list registers */
    }
    world_load(0, 0);
    vgic_work(V(0));
    V(0)->vgic->strays = true;
    vgic_work(V(0));
    world_settle();
    assert_true(list_is_empty(&V(0)->vgic->queue));
    world_run(1);
    for (u32 i = 0; i < 4; i++) {
        u32 irq = fake_guest_acknowledge();
        assert_in_range(irq, 40, 43);
        fake_guest_end(irq);
    }
}

/* ---- creation ---- */

static void test_creation_refuses(void **state)
{
    begin(2, 4, 1);
    struct domain other = {.max_vcpus = 9};
    assert_int_equal(vgic_create(&other, 2, 0), E_INVAL);
    other.max_vcpus = 8;
    assert_int_equal(vgic_create(&other, 2, 989), E_INVAL);
    assert_int_equal(vgic_create(&other, 3, 32), E_NODEV);
    struct fake_account before = fake_account();
    for (u32 n = 0; n < 3; n++) {
        fake_fail_after(n);
        assert_int_equal(vgic_create(&other, 2, 64), E_NOMEM);
        fake_fail_never();
        assert_null(other.vgic);
        assert_no_leak(before);
    }
    assert_int_equal(vgic_create(&other, 2, 988), OK);
    assert_int_equal(other.vgic->nr_spis, 988);
    assert_non_null(vgic_find(&other, NULL, 1019));
    assert_null(vgic_find(&other, NULL, 1020));
    struct vcpu v = {.domain = &other};
    fake_fail_after(0);
    assert_int_equal(vgic_create_vcpu(&v), E_NOMEM);
    fake_fail_never();
    vgic_inject(&other, NULL, (virq_t){40}); /* no vCPU yet: nothing */
    vgic_set_level(&other, NULL, (virq_t){40}, true);
    vgic_destroy(&other);
    assert_no_leak(before);
    assert_int_equal(vgic_create(&other, 2, 1), OK);
    assert_int_equal(other.vgic->nr_spis, 32);
    vgic_destroy(&other);
}

static void test_maintenance_with_nothing_loaded(void **state)
{
    begin(3, 4, 1);
    fake_cpu(3);
    vgic_maintenance(NULL, NULL);
    vgic_work(V(0)); /* loaded elsewhere: that CPU's to do */
    assert_int_equal(V(0)->vgic->loaded_on, 0);
    world_run(0);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, end)
    const struct CMUnitTest tests[] = {
        T(test_an_event_is_delivered_with_one_write),
        T(test_the_everyday_injection_takes_no_lock),
        T(test_the_distributor_forwards_or_not),
        T(test_masks_hold_back_but_do_not_lose),
        T(test_a_vcpu_without_vgic_has_nothing),
        T(test_a_level_is_pending_as_long_as_it_is_high),
        T(test_a_line_of_edges_counts_its_rise),
        T(test_a_level_elsewhere_falls_there),
        T(test_sgis_of_gicv2_name_each_source),
        T(test_an_sgi_to_oneself),
        T(test_more_pending_than_list_registers),
        T(test_more_active_than_list_registers),
        T(test_ended_ones_make_room),
        T(test_a_vcpu_moves_with_what_it_has),
        T(test_injecting_into_a_vcpu_elsewhere),
        T(test_what_comes_from_elsewhere_is_taken_in),
        T(test_reset_forgets),
        T(test_an_spi_goes_to_its_target),
        T(test_several_leave_at_once),
        T(test_creation_refuses),
        T(test_maintenance_with_nothing_loaded),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
