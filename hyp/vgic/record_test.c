/* SPDX-License-Identifier: MIT */
/* A domain's interrupts written out and read into a fresh one, whose guest then sees the same. */
#include "test/host/vgic_world.h"

#include "test/host/records.h"
#include "vgic/state.h"

#define D         (&world_domain)
#define V(n)      (&world_vcpu[n])
#define VCPUS     3u
#define SPIS      64u
#define TIMER     27u
#define DEPTH_MAX 16u

static const struct record_room rooms[] = {
    {"vgic", RECORD_VGIC, 1, RECORD_ONE, false, sizeof(struct record_vgic), vgic_save_dist,
     vgic_load_dist},
    {"vgic vcpu", RECORD_VGIC_VCPU, 1, RECORD_PER_VCPU, false, sizeof(struct record_vgic_vcpu),
     vgic_save_vcpu, vgic_load_vcpu},
    {"vgic spis", RECORD_VGIC_SPIS, 1, RECORD_OWN, false, sizeof(struct record_vgic_spis),
     vgic_save_spis, vgic_load_spis},
    {.type = 0},
};
static struct records first, second;

/* In the order of urgency: no two of a vCPU's have one priority, as their order is not kept. */
static const u32 intids[] = {TIMER, 33, 1, 40, 34, 30, 31, 7, 35, 64, 65, 15, 36, 66, 37, 95};

/* What a guest must remember itself: what it has acknowledged and not ended. */
static struct guest {
    u32 depth[VCPUS], stack[VCPUS][DEPTH_MAX];
} guest;
static u64 trace;

static void note(u64 value)
{
    trace = trace * 31 + value + 1;
}

static struct vgic_irq *irq_of(u32 vcpu, u32 intid)
{
    return vgic_find(D, V(vcpu), intid);
}

static void begin(u32 version)
{
    world_start(version, 4, VCPUS, SPIS);
    for (u32 v = 0; v < VCPUS; v++) {
        vgic_bind_private(V(v), (virq_t){TIMER}, (hwirq_t){TIMER});
    }
}

static void reset_guest(void)
{
    memset(&guest, 0, sizeof(guest));
    vgic_forward(D, true);
    for (u32 v = 0; v < VCPUS; v++) {
        for (u32 i = 0; i < ARRAY_LEN(intids); i++) {
            vgic_change(irq_of(v, intids[i]), OP_SET_PRIORITY, i * 8);
            vgic_change(irq_of(v, intids[i]), OP_ENABLE, 0);
        }
        world_load(v, v);
        fake_guest_enable(0xf8);
    }
}

static void acknowledge(u32 v)
{
    u32 raw = fake_guest_acknowledge();
    note(raw);
    if (raw != FAKE_SPURIOUS) {
        assert_true(guest.depth[v] < DEPTH_MAX);
        guest.stack[v][guest.depth[v]++] = raw;
    }
}

static void end_one(u32 v)
{
    if (guest.depth[v] > 0) {
        fake_guest_end(guest.stack[v][--guest.depth[v]]);
    }
}

static void step(void)
{
    u32 v = records_random(VCPUS);
    u32 intid = intids[records_random(ARRAY_LEN(intids))];
    u32 value = records_random(VCPUS);
    if (world_cpu_of(v) == VCPU_NOT_LOADED) {
        if (records_random(2)) {
            vgic_private_due(V(v), (virq_t){TIMER});
        }
        world_load(v, v);
    }
    world_run(v);
    switch (records_random(10)) {
    case 0:
        if (intid >= NR_SGIS && intid != TIMER) {
            vgic_inject(D, V(v), (virq_t){intid});
        }
        break;
    case 1:
        if (intid >= 16 && intid != TIMER) {
            vgic_set_level(D, V(v), (virq_t){intid}, value);
        }
        break;
    case 2:
        vgic_send_sgi(V(value), intids[value == 0 ? 2 : 7], v);
        break;
    case 3:
        vgic_change(irq_of(v, intid), records_random(4) ? OP_ENABLE : OP_DISABLE, 0);
        break;
    case 4:
        if (intid >= 32) {
            vgic_change(irq_of(v, intid), OP_SET_TARGET,
                        gic->version == 2 ? value | 1u << value << 16 : value);
        }
        break;
    case 5:
        if (intid >= 32) {
            vgic_change(irq_of(v, intid), OP_SET_LEVEL_CONFIG, value & 1);
        }
        break;
    case 6:
        world_unload(v);
        break;
    case 7:
        end_one(v);
        break;
    default:
        acknowledge(v);
        break;
    }
    world_settle();
}

static void steps(u32 nr)
{
    for (u32 i = 0; i < nr; i++) {
        step();
    }
}

static void rest(void)
{
    world_settle();
    for (u32 v = 0; v < VCPUS; v++) {
        world_unload(v);
    }
    fake_cpu(0);
}

static u64 behaviour(u64 seed)
{
    trace = 0;
    records_seed = seed;
    steps(1500);
    rest();
    return trace;
}

static void round_trip(u32 version, u64 seed)
{
    begin(version);
    reset_guest();
    records_seed = seed;
    steps(400);
    rest();
    records_save(rooms, D, &first);
    const struct guest was = guest;
    u64 before = behaviour(seed + 7);
    static struct records after;
    records_save(rooms, D, &after);
    world_end();

    begin(version);
    records_load(D, &first);
    records_save(rooms, D, &second);
    records_assert_same(&first, &second);
    guest = was;
    assert_true(behaviour(seed + 7) == before);
    records_save(rooms, D, &second);
    records_assert_same(&after, &second);
    world_end();
}

static void test_both_faces(void **state)
{
    for (u64 seed = 1; seed <= 8; seed++) {
        round_trip(2, seed);
        round_trip(3, seed);
    }
}

static void test_the_partial_block(void **state)
{
    world_start(3, 4, 1, SPI_MAX);
    vgic_change(irq_of(0, 1019), OP_SET_PRIORITY, 0x40);
    records_save(rooms, D, &first);
    assert_int_equal(first.nr, 1 + 1 + 31);
    world_end();
    world_start(3, 4, 1, SPI_MAX);
    records_load(D, &first);
    assert_int_equal(irq_of(0, 1019)->priority, 0x40);
    records_save(rooms, D, &second);
    records_assert_same(&first, &second);
    first.kept[first.nr - 1].instance = 31;
    assert_int_equal(records_load_one(D, &first.kept[first.nr - 1]), E_NOENT);
    world_end();
}

static void test_no_vcpu_no_home(void **state)
{
    world_start(3, 4, 1, 32);
    world_vcpus[0] = NULL;
    records_save(rooms, D, &first);
    assert_int_equal(first.nr, 1);
    world_vcpus[0] = V(0);
    world_end();
}

static void test_a_line_of_the_host_s(void **state)
{
    world_start(3, 4, 1, 32);
    assert_int_equal(vgic_route_irq(D, (virq_t){33}, (hwirq_t){64}, IRQ_LEVEL_HIGH), OK);
    assert_int_equal(records_try_save(rooms, D, &first), E_BUSY);
    world_end();
}

static void test_another_machine(void **state)
{
    world_start(3, 4, 1, 32);
    records_save(rooms, D, &first);
    struct record_vgic *b = (struct record_vgic *)first.kept[0].body;
    b->version = 2;
    assert_int_equal(records_load_one(D, &first.kept[0]), E_OPNOTSUPP);
    b->version = 3;
    b->nr_spis = 64;
    assert_int_equal(records_load_one(D, &first.kept[0]), E_OPNOTSUPP);
    b->nr_spis = 32;
    b->enabled = 2;
    assert_int_equal(records_load_one(D, &first.kept[0]), E_INVAL);
    first.kept[1].instance = 1;
    assert_int_equal(records_load_one(D, &first.kept[1]), E_NOENT);
    world_end();
}

static void try_irq(u32 record, u32 n, struct record_irq in)
{
    struct kept *k = &first.kept[record];
    struct record_irq *irq = record == 1 ? ((struct record_vgic_vcpu *)k->body)->irq
                                         : ((struct record_vgic_spis *)k->body)->irq;
    struct record_irq was = irq[n];
    irq[n] = in;
    assert_int_equal(records_load_one(D, k), E_INVAL);
    irq[n] = was;
}

static void test_wrong_fields(void **state)
{
    for (u32 version = 2; version <= 3; version++) {
        world_start(version, 4, 2, 32);
        vgic_bind_private(V(0), (virq_t){TIMER}, (hwirq_t){TIMER});
        records_save(rooms, D, &first);
        const u16 mask = version == 2;
        try_irq(1, 0, (struct record_irq){.flags = RECORD_IRQ_LEVEL});
        try_irq(1, 0, (struct record_irq){.flags = RECORD_IRQ_LINE});
        try_irq(1, 0, (struct record_irq){.flags = 128});
        try_irq(1, 0, (struct record_irq){.zero = 1});
        try_irq(1, 0, (struct record_irq){.priority = 4});
        try_irq(1, 0, (struct record_irq){.home = 1});
        try_irq(1, 0, (struct record_irq){.target = 1});
        try_irq(1, 0, (struct record_irq){.sources = 4});
        try_irq(1, 0, (struct record_irq){.active_source = 2});
        try_irq(1, 20, (struct record_irq){.sources = 1});
        try_irq(1, 20, (struct record_irq){.flags = RECORD_IRQ_HW_PENDING | RECORD_IRQ_LATCH});
        try_irq(1, TIMER, (struct record_irq){.flags = RECORD_IRQ_HW_PENDING});
        try_irq(1, TIMER, (struct record_irq){.flags = RECORD_IRQ_HW_ACTIVE});
        try_irq(3, 3, (struct record_irq){.home = 2, .target_mask = (u8)mask});
        try_irq(3, 3, (struct record_irq){.target = 2, .target_mask = 4});
        try_irq(3, 3, (struct record_irq){.target = 1, .target_mask = 1});
        try_irq(3, 3, (struct record_irq){.target = TARGET_NOBODY, .target_mask = 1});
        try_irq(3, 3,
                (struct record_irq){.flags = RECORD_IRQ_HW_ACTIVE | RECORD_IRQ_ACTIVE,
                                    .target_mask = (u8)mask});
        struct record_vgic_vcpu *b = (struct record_vgic_vcpu *)first.kept[1].body;
        b->vmcr = BIT(10);
        assert_int_equal(records_load_one(D, &first.kept[1]), E_INVAL);
        b->vmcr = 0;
        b->asleep = 2;
        assert_int_equal(records_load_one(D, &first.kept[1]), E_INVAL);
        world_end();
    }
}

/* What an enemy makes of records is refused, or is something that a guest may be. */
static void test_hostile_records(void **state)
{
    u32 refused = 0;
    for (u64 seed = 1; seed <= 20; seed++) {
        begin(2 + seed % 2);
        reset_guest();
        records_seed = seed;
        steps(300);
        rest();
        records_save(rooms, D, &first);
        world_end();
        begin(2 + seed % 2);
        refused += records_attack(rooms, D, &first, 40);
        for (u32 v = 0; v < VCPUS; v++) {
            world_load(v, v);
            vgic_work(V(v));
        }
        world_settle();
        rest();
        world_end();
    }
    assert_true(refused > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_faces),      cmocka_unit_test(test_the_partial_block),
        cmocka_unit_test(test_no_vcpu_no_home), cmocka_unit_test(test_a_line_of_the_host_s),
        cmocka_unit_test(test_another_machine), cmocka_unit_test(test_wrong_fields),
        cmocka_unit_test(test_hostile_records),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
