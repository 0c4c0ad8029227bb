/* SPDX-License-Identifier: MIT */
/* Both faces, as guests reach them: every register, width and place that is none. */
#include "test/host/vgic_world.h"

#include "abi/arm.h"
#include "vgic/state.h"

#define D         (&world_domain)
#define IRQ(v, n) vgic_find(D, &world_vcpu[v], n)
#define GICD2     GUEST_GICD_BASE
#define GICD3     GUEST_GICV3_GICD_BASE
#define GICR(n)   (GUEST_GICV3_GICR0_BASE + (n)*0x20000ULL)
#define SGI(n)    (GICR(n) + 0x10000)

static void begin(u32 version, u32 nr_vcpus)
{
    world_start(version, 4, nr_vcpus, 64);
    assert_int_equal(vgic_map_guest(D), OK);
    for (u32 i = 0; i < nr_vcpus && i < WORLD_CPUS; i++) {
        world_load(i, i);
        fake_guest_enable(0xf8);
    }
    world_run(0);
}

static int end(void **state)
{
    world_end();
    return 0;
}

/* ---- GICv2 ---- */

static void test_v2_identifies_itself(void **state)
{
    begin(2, 3);
    assert_int_equal(world_read(0, GICD2 + 4, 4), 2 | 2 << 5); /* 96 interrupts, 3 CPUs */
    assert_int_equal(world_read(0, GICD2 + 8, 4), 0x43b);
    assert_int_equal(world_read(0, GICD2 + 0xfe8, 4), 0x2b);
    assert_int_equal(world_read(0, GICD2 + 0xfd0, 4), 0x44);
    assert_int_equal(world_read(0, GICD2 + 0xfe4, 4), 0xb4);
    assert_int_equal(world_read(0, GICD2 + 0xff0, 4), 0x0d);
    assert_int_equal(world_read(0, GICD2 + 0xff4, 4), 0xf0);
    assert_int_equal(world_read(0, GICD2 + 0xff8, 4), 0x05);
    assert_int_equal(world_read(0, GICD2 + 0xffc, 4), 0xb1);
    assert_int_equal(world_read(0, GICD2 + 0x0c, 4), 0);
    assert_int_equal(world_read(0, GICD2 + 0xd00, 4), 0);
    assert_int_equal(world_read(0, GICD2 + 0xf00, 4), 0); /* SGIR is write-only */
    world_write(0, GICD2 + 4, 4, ~0u);
    assert_int_equal(world_read(0, GICD2 + 4, 4), 2 | 2 << 5);
}

/* More than list registers hold: 32 changes by one access, and all are chosen anew once. */
static void test_v2_a_word_of_many(void **state)
{
    begin(2, 1);
    world_write(0, GICD2, 4, 1);
    world_write(0, GICD2 + 0x104, 4, ~0u);
    world_write(0, GICD2 + 0x204, 4, ~0u);
    for (u32 offset = 0x304; offset <= 0x384; offset += 0x80) { /* active, and no more */
        u32 before = fake_guest_lr_writes();
        world_write(0, GICD2 + offset, 4, ~0u);
        world_settle();
        assert_in_range(fake_guest_lr_writes() - before, 1, 8);
        assert_int_equal(world_read(0, GICD2 + offset, 4), offset == 0x304 ? ~0u : 0);
        world_settle();
    }
}

static void test_v2_control(void **state)
{
    begin(2, 1);
    assert_int_equal(world_read(0, GICD2, 4), 0);
    world_write(0, GICD2, 4, 3);
    assert_int_equal(world_read(0, GICD2, 4), 1);
    assert_true(D->vgic->enabled);
    world_write(0, GICD2, 4, 2);
    assert_int_equal(world_read(0, GICD2, 4), 0);
    assert_false(D->vgic->enabled);
}

static void test_v2_refuses_odd_widths(void **state)
{
    begin(2, 1);
    for (u32 write = 0; write < 2; write++) {
        static const u64 words[] = {0,     4,     0x80,  0x100, 0x180, 0x200, 0x280,
                                    0x300, 0x380, 0xc00, 0xd00, 0xf00, 0xfe8};
        for (u32 i = 0; i < ARRAY_LEN(words); i++) {
            assert_true(world_takes(0, GICD2 + words[i], 4, write));
            assert_false(world_takes(0, GICD2 + words[i], 1, write));
            assert_false(world_takes(0, GICD2 + words[i], 2, write));
            assert_false(world_takes(0, GICD2 + words[i], 8, write));
        }
        static const u64 bytes[] = {0x400, 0x800, 0xf10, 0xf20};
        for (u32 i = 0; i < ARRAY_LEN(bytes); i++) {
            assert_true(world_takes(0, GICD2 + bytes[i], 4, write));
            assert_true(world_takes(0, GICD2 + bytes[i] + 3, 1, write));
            assert_false(world_takes(0, GICD2 + bytes[i], 2, write));
            assert_false(world_takes(0, GICD2 + bytes[i], 8, write));
        }
    }
}

static void test_v2_enable_bits(void **state)
{
    begin(2, 2);
    assert_int_equal(world_read(0, GICD2 + 0x100, 4), 0xffff); /* SGIs */
    assert_int_equal(world_read(0, GICD2 + 0x180, 4), 0xffff);
    world_write(0, GICD2 + 0x100, 4, BIT(27) | BIT(31));
    assert_int_equal(world_read(0, GICD2 + 0x100, 4), 0xffff | BIT(27) | BIT(31));
    assert_int_equal(world_read(1, GICD2 + 0x100, 4), 0xffff); /* banked */
    world_write(0, GICD2 + 0x180, 4, BIT(27) | 1);
    assert_int_equal(world_read(0, GICD2 + 0x180, 4), 0xfffe | BIT(31));
    world_write(0, GICD2 + 0x108, 4, 0x80000001);
    assert_int_equal(world_read(1, GICD2 + 0x108, 4), 0x80000001);
    assert_true(IRQ(0, 64)->enabled && IRQ(0, 95)->enabled && !IRQ(0, 65)->enabled);
    world_write(0, GICD2 + 0x10c, 4, ~0u); /* no such interrupts */
    assert_int_equal(world_read(0, GICD2 + 0x10c, 4), 0);
    assert_int_equal(world_read(0, GICD2 + 0x17c, 4), 0); /* 992 and on */
    assert_int_equal(world_read(0, GICD2 + 0x80, 4), 0);  /* group 0 */
    world_write(0, GICD2 + 0x80, 4, ~0u);
    assert_int_equal(world_read(0, GICD2 + 0x80, 4), 0);
}

static void test_v2_pending_and_active_bits(void **state)
{
    begin(2, 2);
    world_write(0, GICD2 + 0x204, 4, 0x101);
    assert_int_equal(world_read(1, GICD2 + 0x204, 4), 0x101);
    assert_int_equal(world_read(0, GICD2 + 0x284, 4), 0x101);
    world_write(1, GICD2 + 0x284, 4, 0x100);
    assert_int_equal(world_read(0, GICD2 + 0x204, 4), 1);
    world_write(0, GICD2 + 0x200, 4, BIT(30) | 0xffff); /* SGIs: by SPENDSGIR only */
    assert_int_equal(world_read(0, GICD2 + 0x200, 4), BIT(30));
    assert_int_equal(world_read(1, GICD2 + 0x200, 4), 0);
    world_write(0, GICD2 + 0x304, 4, 6);
    assert_int_equal(world_read(0, GICD2 + 0x304, 4), 6);
    assert_int_equal(world_read(0, GICD2 + 0x384, 4), 6);
    world_write(0, GICD2 + 0x384, 4, 2);
    assert_int_equal(world_read(0, GICD2 + 0x304, 4), 4);
    /* Active by software: not delivered until it is not. */
    world_write(0, GICD2, 4, 1);
    world_write(0, GICD2 + 0x104, 4, 5);
    world_write(0, GICD2 + 0x204, 4, 4);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 32);
    fake_guest_end(32);
    assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    world_write(1, GICD2 + 0x384, 4,
                4); /* another vCPU does it, the state is in our list register */
    assert_int_equal(fake_guest_acknowledge(), 34);
    world_run(1);
    assert_int_equal(world_read(1, GICD2 + 0x304, 4), 4);
    assert_int_equal(world_read(1, GICD2 + 0x204, 4), 0);
    world_run(0);
    fake_guest_end(34);
    world_run(1);
    assert_int_equal(world_read(1, GICD2 + 0x304, 4), 0);
    world_run(0);
}

static void test_v2_priorities(void **state)
{
    begin(2, 2);
    world_write(0, GICD2 + 0x41c, 4, 0xff804107);
    assert_int_equal(world_read(0, GICD2 + 0x41c, 4), 0xf8804000);
    assert_int_equal(world_read(1, GICD2 + 0x41c, 4), 0);
    assert_int_equal(world_read(0, GICD2 + 0x41f, 1), 0xf8);
    world_write(0, GICD2 + 0x45e, 1, 0xa8);
    assert_int_equal(world_read(1, GICD2 + 0x45c, 4), 0x00a80000);
    assert_int_equal(IRQ(0, 94)->priority, 0xa8);
    world_write(0, GICD2 + 0x400, 4, 0x10203040);
    assert_int_equal(world_read(0, GICD2 + 0x400, 4), 0x10203040);
    assert_int_equal(IRQ(0, 0)->priority, 0x40);
    assert_int_equal(IRQ(0, 3)->priority, 0x10);
    world_write(0, GICD2 + 0x460, 4, ~0u); /* 96: none */
    assert_int_equal(world_read(0, GICD2 + 0x460, 4), 0);
    /* A new priority counts for what is pending. */
    world_write(0, GICD2, 4, 1);
    world_write(0, GICD2 + 0x104, 4, 3);
    world_write(0, GICD2 + 0x420, 4, 0x4030);
    world_write(0, GICD2 + 0x204, 4, 3);
    world_write(0, GICD2 + 0x421, 1, 0x20);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 33);
    fake_guest_end(33);
    assert_int_equal(fake_guest_acknowledge(), 32);
    fake_guest_end(32);
}

static void test_v2_targets(void **state)
{
    begin(2, 3);
    assert_int_equal(world_read(0, GICD2 + 0x800, 4), 0x01010101);
    assert_int_equal(world_read(2, GICD2 + 0x81c, 4), 0x04040404);
    assert_int_equal(world_read(2, GICD2 + 0x81e, 1), 0x04);
    world_write(2, GICD2 + 0x800, 4, 0); /* read-only */
    assert_int_equal(world_read(2, GICD2 + 0x800, 4), 0x04040404);
    assert_int_equal(world_read(0, GICD2 + 0x820, 4), 0x01010101);
    world_write(0, GICD2 + 0x820, 4, 0xf8060402);
    assert_int_equal(world_read(0, GICD2 + 0x820, 4), 0x00060402); /* CPUs that are there */
    assert_int_equal(IRQ(0, 32)->target, 1);
    assert_int_equal(IRQ(0, 33)->target, 2);
    assert_int_equal(IRQ(0, 34)->target, 1); /* the first */
    assert_int_equal(IRQ(0, 35)->target, TARGET_NOBODY);
    world_write(0, GICD2 + 0x823, 1, 1);
    assert_int_equal(world_read(0, GICD2 + 0x823, 1), 1);
    assert_int_equal(IRQ(0, 35)->target, 0);
    world_write(0, GICD2 + 0x823, 1, 4);
    assert_int_equal(world_read(0, GICD2 + 0x823, 1), 4);
    assert_int_equal(IRQ(0, 35)->target, 2);
}

/* Interrupts of two vCPUs, some of them with something to deliver, changed by one access. */
static void test_v2_two_homes_in_a_word(void **state)
{
    begin(2, 2);
    world_write(0, GICD2, 4, 1);
    world_write(0, GICD2 + 0x820, 4, 0x01020102);
    assert_ptr_equal(IRQ(0, 32)->home, IRQ(1, 0)->home);
    world_write(0, GICD2 + 0x104, 4, 0xf);
    world_write(0, GICD2 + 0x204, 4, 0xf);
    assert_int_equal(world_read(0, GICD2 + 0x104, 4), 0xf);
    assert_int_equal(world_read(0, GICD2 + 0x204, 4), 0xf);
    world_write(0, GICD2 + 0x420, 4, 0x40302010);
    assert_int_equal(world_read(0, GICD2 + 0x420, 4), 0x40302010);
    world_write(0, GICD2 + 0x284, 4, 3);
    world_settle();
    assert_int_equal(fake_guest_acknowledge(), 35);
    assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    fake_guest_end(35);
    world_run(1);
    assert_int_equal(fake_guest_acknowledge(), 34);
    assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    fake_guest_end(34);
    world_run(0);
}

static void test_v2_config(void **state)
{
    begin(2, 2);
    assert_int_equal(world_read(0, GICD2 + 0xc00, 4), 0xaaaaaaaa);
    world_write(0, GICD2 + 0xc00, 4, 0);
    assert_int_equal(world_read(0, GICD2 + 0xc00, 4), 0xaaaaaaaa);
    assert_int_equal(world_read(0, GICD2 + 0xc04, 4), 0);
    world_write(0, GICD2 + 0xc04, 4, 0xc0000001); /* only the upper bit of each counts */
    assert_int_equal(world_read(0, GICD2 + 0xc04, 4), 0x80000000);
    assert_int_equal(world_read(1, GICD2 + 0xc04, 4), 0);
    world_write(0, GICD2 + 0xc04, 4, 2);
    assert_int_equal(world_read(0, GICD2 + 0xc04, 4), 2);
    world_write(0, GICD2 + 0xc08, 4, 0x22222222);
    assert_int_equal(world_read(1, GICD2 + 0xc08, 4), 0x22222222);
    assert_false(IRQ(0, 32)->level);
    assert_true(IRQ(0, 33)->level);
    assert_false(IRQ(0, 34)->level);
    assert_int_equal(world_read(0, GICD2 + 0xc18, 4), 0); /* 96: none */
}

static void test_v2_sends_sgis(void **state)
{
    begin(2, 3);
    world_write(0, GICD2, 4, 1);
    world_settle();
    world_write(1, GICD2 + 0xf00, 4, 0x00ff0003); /* list: all that are there */
    world_write(1, GICD2 + 0xf00, 4, 0x01000004); /* all but self */
    world_write(1, GICD2 + 0xf00, 4, 0x02ff0005); /* self */
    world_write(1, GICD2 + 0xf00, 4, 0x03ff0006); /* reserved */
    world_write(1, GICD2 + 0xf00, 4, 0x00040007); /* the third */
    world_settle();
    for (u32 v = 0; v < 3; v++) {
        world_run(v);
        assert_int_equal(fake_guest_acknowledge(), 3 | 1 << 10);
        fake_guest_end(3 | 1 << 10);
        u32 raw = fake_guest_acknowledge();
        assert_int_equal(raw, (v == 1 ? 5 : 4) | 1 << 10);
        fake_guest_end(raw);
        if (v == 2) {
            assert_int_equal(fake_guest_acknowledge(), 7 | 1 << 10);
            fake_guest_end(7 | 1 << 10);
        }
        assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    }
}

static void test_v2_sgi_sources(void **state)
{
    begin(2, 3);
    world_write(0, GICD2 + 0xf24, 4, 0x05000701); /* SGIs 4, 5 and 7 */
    assert_int_equal(world_read(0, GICD2 + 0xf24, 4), 0x05000701);
    assert_int_equal(world_read(0, GICD2 + 0xf14, 4), 0x05000701);
    assert_int_equal(world_read(1, GICD2 + 0xf24, 4), 0);
    assert_int_equal(world_read(0, GICD2 + 0x200, 4), BIT(4) | BIT(5) | BIT(7));
    world_write(0, GICD2 + 0xf15, 1, 2);
    assert_int_equal(world_read(0, GICD2 + 0xf25, 1), 5);
    world_write(0, GICD2 + 0xf25, 1, 0xf8); /* nobody there */
    assert_int_equal(world_read(0, GICD2 + 0xf25, 1), 5);
    world_write(0, GICD2 + 0x280, 4, BIT(4)); /* read-only for SGIs */
    assert_int_equal(world_read(0, GICD2 + 0xf24, 1), 1);
    world_write(0, GICD2 + 0xf14, 4, 0xffffffff);
    assert_int_equal(world_read(0, GICD2 + 0x200, 4), 0);
}

/* ---- GICv3 ---- */

static void test_v3_identifies_itself(void **state)
{
    begin(3, 3);
    assert_int_equal(world_read(0, GICD3, 4), 0x50);
    assert_int_equal(world_read(0, GICD3 + 4, 4), 2 | 9 << 19 | 1 << 25);
    assert_int_equal(world_read(0, GICD3 + 8, 4), 0x43b);
    assert_int_equal(world_read(0, GICD3 + 0xffe8, 4), 0x3b);
    assert_int_equal(world_read(0, GICD3 + 0x10, 4), 0);
    assert_int_equal(world_read(0, GICD3 + 0xc000, 4), 0);
    world_write(0, GICD3, 4, 0x12);
    assert_int_equal(world_read(0, GICD3, 4), 0x52);
    assert_true(D->vgic->enabled);
    world_write(0, GICD3 + 8, 4, 0);
    assert_true(D->vgic->enabled);
    world_write(0, GICD3, 4, 0x11);
    assert_int_equal(world_read(0, GICD3, 4), 0x50);
    assert_false(D->vgic->enabled);
    for (u32 write = 0; write < 2; write++) {
        assert_false(world_takes(0, GICD3, 8, write));
        assert_false(world_takes(0, GICD3, 1, write));
        assert_false(world_takes(0, GICD3 + 0xffe8, 2, write));
    }
}

static void test_v3_distributor_has_no_private_ones(void **state)
{
    begin(3, 2);
    world_write(0, GICD3 + 0x100, 4, ~0u);
    assert_int_equal(world_read(0, GICD3 + 0x100, 4), 0);
    assert_false(IRQ(0, 27)->enabled);
    assert_int_equal(world_read(0, GICD3 + 0x80, 4), 0);
    assert_int_equal(world_read(0, GICD3 + 0x84, 4), ~0u);
    world_write(0, GICD3 + 0x104, 4, 0x10);
    assert_int_equal(world_read(0, GICD3 + 0x184, 4), 0x10);
    world_write(0, GICD3 + 0x400, 4, ~0u);
    assert_int_equal(IRQ(0, 0)->priority, 0);
    assert_int_equal(world_read(0, GICD3 + 0x820, 4), 0); /* no ITARGETSR */
    world_write(0, GICD3 + 0x820, 4, ~0u);
    assert_int_equal(IRQ(0, 32)->target, 0);
    assert_int_equal(world_read(0, GICD3 + 0xf00, 4), 0);
    world_write(0, GICD3 + 0xf00, 4, 0x02000001); /* no GICD_SGIR */
    assert_int_equal(vgic_change(IRQ(0, 1), OP_IS_PENDING, 0), 0);
}

static void test_v3_routing(void **state)
{
    begin(3, 3);
    u64 router = GICD3 + 0x6000 + 40 * 8;
    assert_int_equal(world_read(0, router, 8), 0);
    world_write(0, router, 8, 2);
    assert_int_equal(world_read(0, router, 8), 2);
    assert_int_equal(world_read(0, router, 4), 2);
    assert_int_equal(world_read(0, router + 4, 4), 0);
    assert_int_equal(IRQ(0, 40)->target, 2);
    world_write(0, router, 4, 1);
    assert_int_equal(IRQ(0, 40)->target, 1);
    world_write(0, router + 4, 4, 0);
    assert_int_equal(IRQ(0, 40)->target, 1);
    static const u64 nobody[] = {3, 16, 0x10000, 0x100000000, 0x100};
    for (u32 i = 0; i < ARRAY_LEN(nobody); i++) {
        world_write(0, router, 8, 1);
        world_write(0, router, 8, nobody[i]);
        assert_int_equal(IRQ(0, 40)->target, TARGET_NOBODY);
    }
    world_write(0, router, 8, 1);
    world_write(0, router + 4, 4, 1);
    assert_int_equal(IRQ(0, 40)->target, TARGET_NOBODY);
    world_write(0, router, 8, 0x80000002); /* any CPU: TYPER says there is no such thing */
    assert_int_equal(IRQ(0, 40)->target, 2);
    assert_int_equal(world_read(0, GICD3 + 0x6000, 8), 0);
    world_write(0, GICD3 + 0x6000, 8, 1);
    assert_int_equal(IRQ(0, 0)->target, 0);
    assert_int_equal(world_read(0, GICD3 + 0x6000 + 96 * 8, 8), 0);
    assert_false(world_takes(0, router, 1, false));
    struct mmio_access beyond = {.offset = 0x10000, .bytes = 4};
    assert_false(vgic_v3_access_dist(&world_vcpu[0], &beyond, NULL));
    assert_false(world_takes(0, router, 2, true));
    assert_false(world_takes(0, GICD3 + 0x7fe0, 8, false)); /* beyond the last one */
    assert_true(world_takes(0, GICD3 + 0x7fe0, 4, false));
}

static void test_v3_redistributors(void **state)
{
    begin(3, 3);
    for (u32 i = 0; i < 3; i++) {
        u64 typer = (u64)i << 32 | i << 8 | (i == 2 ? 0x10 : 0);
        assert_int_equal(world_read(0, GICR(i) + 8, 8), typer);
        assert_int_equal(world_read(0, GICR(i) + 8, 4), (u32)typer);
        assert_int_equal(world_read(0, GICR(i) + 12, 4), typer >> 32);
        assert_int_equal(world_read(2, GICR(i) + 4, 4), 0x43b);
        assert_int_equal(world_read(2, GICR(i) + 0xffe8, 4), 0x3b);
        assert_int_equal(world_read(2, GICR(i), 4), 0);
    }
    assert_null(mmio_find(D, (gaddr_t){GICR(3)}));
    assert_int_equal(world_read(0, GICR(1) + 0x14, 4), 0);
    world_write(0, GICR(1) + 0x14, 4, 2);
    assert_int_equal(world_read(0, GICR(1) + 0x14, 4), 6);
    assert_int_equal(world_read(0, GICR(0) + 0x14, 4), 0);
    world_write(0, GICR(1) + 0x18, 4, 0);
    assert_int_equal(world_read(0, GICR(1) + 0x14, 4), 6);
    world_write(0, GICR(1) + 0x14, 4, 0xd);
    assert_int_equal(world_read(0, GICR(1) + 0x14, 4), 0);
    /* The 64-bit registers of LPIs are nothing; other widths are nowhere. */
    assert_int_equal(world_read(0, GICR(0) + 0x70, 8), 0);
    assert_int_equal(world_read(0, GICR(0) + 0x70, 4), 0);
    for (u32 write = 0; write < 2; write++) {
        assert_true(world_takes(0, GICR(0) + 0x78, 8, write));
        assert_false(world_takes(0, GICR(0) + 0x14, 8, write));
        assert_false(world_takes(0, GICR(0) + 0x200, 8, write));
        assert_false(world_takes(0, GICR(0) + 0x8, 2, write));
        assert_false(world_takes(0, GICR(0), 1, write));
        assert_false(world_takes(0, SGI(0), 8, write));
        assert_true(world_takes(0, SGI(0), 4, write));
        assert_false(world_takes(0, SGI(0) + 0x2000, 1, write));
    }
    struct mmio_access beyond = {.offset = 3 * 0x20000 + 8, .bytes = 8};
    world_domain.max_vcpus = 4; /* more than the range has room for */
    world_vcpus[3] = &world_vcpu[0];
    assert_false(vgic_v3_access_redist(&world_vcpu[0], &beyond, &D->vgic->redist[0]));
    world_domain.max_vcpus = 3;
    world_vcpus[3] = NULL;
    world_vcpus[1] = NULL; /* not made yet */
    assert_false(world_takes(0, GICR(1) + 8, 8, false));
    world_vcpus[1] = &world_vcpu[1];
}

static void test_v3_private_banks(void **state)
{
    begin(3, 2);
    world_write(0, SGI(1) + 0x100, 4, BIT(27));
    assert_int_equal(world_read(0, SGI(1) + 0x100, 4), 0xffff | BIT(27));
    assert_int_equal(world_read(0, SGI(0) + 0x100, 4), 0xffff);
    assert_int_equal(world_read(0, SGI(0) + 0x80, 4), ~0u);
    assert_int_equal(world_read(0, SGI(0) + 0x84, 4), 0);
    world_write(0, SGI(0) + 0x104, 4, 1); /* SPIs are the distributor's */
    assert_false(IRQ(0, 32)->enabled);
    world_write(0, SGI(1) + 0x41b, 1, 0x90);
    assert_int_equal(IRQ(1, 27)->priority, 0x90);
    assert_int_equal(IRQ(0, 27)->priority, 0);
    world_write(0, SGI(1) + 0xc04, 4, 2u << 22);
    assert_int_equal(world_read(1, SGI(1) + 0xc04, 4), 2u << 22);
    world_write(0, SGI(1) + 0x200, 4, 0x8);
    assert_int_equal(world_read(1, SGI(1) + 0x200, 4), 8); /* SGIs too */
    world_write(0, SGI(1) + 0x280, 4, 0x8);
    assert_int_equal(world_read(1, SGI(1) + 0x200, 4), 0);
    assert_int_equal(world_read(1, SGI(1) + 0xd00, 4), 0);
}

static void test_v3_sends_sgis(void **state)
{
    begin(3, 3);
    world_write(0, GICD3, 4, 2);
    world_settle();
    vgic_sgi1r_write(&world_vcpu[0], 0x7 | 3 << 24);
    vgic_sgi1r_write(&world_vcpu[0], BIT(40) | 4 << 24 | 1);
    vgic_sgi1r_write(&world_vcpu[0], 0xfff8 | 5 << 24);      /* nobody */
    vgic_sgi1r_write(&world_vcpu[0], 7 | 5 << 24 | BIT(16)); /* Aff1 */
    vgic_sgi1r_write(&world_vcpu[0], 7 | 5 << 24 | BIT(32)); /* Aff2 */
    vgic_sgi1r_write(&world_vcpu[0], 7 | 5 << 24 | BIT(48)); /* Aff3 */
    vgic_sgi1r_write(&world_vcpu[0], 7 | 5 << 24 | BIT(44)); /* range */
    world_settle();
    for (u32 v = 0; v < 3; v++) {
        world_run(v);
        assert_int_equal(fake_guest_acknowledge(), 3);
        fake_guest_end(3);
        if (v != 0) {
            assert_int_equal(fake_guest_acknowledge(), 4);
            fake_guest_end(4);
        }
        assert_int_equal(fake_guest_acknowledge(), FAKE_SPURIOUS);
    }
}

static void test_v3_second_cluster(void **state)
{
    static struct vcpu *many[18];
    begin(3, 2);
    /* vCPU 17 is Aff1 1, Aff0 1. */
    many[0] = &world_vcpu[0];
    many[17] = &world_vcpu[1];
    D->vcpu = many;
    D->max_vcpus = 18;
    vgic_sgi1r_write(&world_vcpu[0], 2 | 9 << 24 | BIT(16));
    assert_int_equal(vgic_change(IRQ(1, 9), OP_IS_PENDING, 0), 1);
    world_write(0, GICD3 + 0x6000 + 40 * 8, 8, 0x101);
    assert_int_equal(IRQ(0, 40)->target, 17);
    assert_int_equal(world_read(0, GICD3 + 0x6000 + 40 * 8, 8), 0x101);
    world_write(0, GICD3 + 0x6000 + 40 * 8, 8, 0x100);
    assert_int_equal(IRQ(0, 40)->target, TARGET_NOBODY);
    D->vcpu = world_vcpus;
    D->max_vcpus = 2;
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, end)
    const struct CMUnitTest tests[] = {
        T(test_v2_identifies_itself),
        T(test_v2_a_word_of_many),
        T(test_v2_control),
        T(test_v2_refuses_odd_widths),
        T(test_v2_enable_bits),
        T(test_v2_pending_and_active_bits),
        T(test_v2_priorities),
        T(test_v2_targets),
        T(test_v2_two_homes_in_a_word),
        T(test_v2_config),
        T(test_v2_sends_sgis),
        T(test_v2_sgi_sources),
        T(test_v3_identifies_itself),
        T(test_v3_distributor_has_no_private_ones),
        T(test_v3_routing),
        T(test_v3_redistributors),
        T(test_v3_private_banks),
        T(test_v3_sends_sgis),
        T(test_v3_second_cluster),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
