/* SPDX-License-Identifier: MIT */
/* A domain's time written out, and read where other time has passed. */
#include "test/host/vgic_world.h"

#include "test/host/records.h"
#include "time/clock_host.h"
#include "time/time.h"
#include "vgic/state.h"
#include "vtimer/hw.h"
#include "vtimer/hw_host.h"
#include "vtimer/vtimer.h"

#define D     (&world_domain)
#define V(n)  (&world_vcpu[n])
#define VCPUS 3u
#define MS    1000000ULL

static const struct record_room rooms[] = {
    {"vgic vcpu", RECORD_VGIC_VCPU, 1, RECORD_PER_VCPU, false, sizeof(struct record_vgic_vcpu),
     vgic_save_vcpu, vgic_load_vcpu},
    {"timers", RECORD_TIMERS_VCPU, 1, RECORD_PER_VCPU, false, sizeof(struct record_timers),
     vtimer_save_timers, vtimer_load_timers},
    {"time", RECORD_TIME, 1, RECORD_ONE, false, sizeof(struct record_time), vtimer_save_time,
     vtimer_load_time},
    {.type = 0},
};
static struct records first, second;
static u64 trace;

static void note(u64 value)
{
    trace = trace * 31 + value + 1;
}

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
    vtimer_init_cpu();
}

static void begin(u64 age_ms)
{
    world_init_hook = init_all;
    world_init_cpu_hook = init_cpu;
    world_load_hook = load_timer;
    world_unload_hook = unload_timer;
    host_counter_ticks = 1000;
    world_start(3, 4, VCPUS, 32);
    host_time_advance_ns(age_ms * MS);
    vtimer_create(D);
    vgic_forward(D, true);
    for (u32 i = 0; i < VCPUS; i++) {
        assert_int_equal(vtimer_create_vcpu(V(i)), OK);
    }
}

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

static void rest(void)
{
    world_settle();
    for (u32 i = 0; i < VCPUS; i++) {
        world_unload(i);
    }
    pass_ms(0); /* the lines follow the hardware that was stopped */
    fake_cpu(0);
}

static void finish(void)
{
    rest();
    for (u32 i = 0; i < VCPUS; i++) {
        vtimer_destroy_vcpu(V(i));
    }
    world_unload_hook = NULL;
    world_end();
    irq_release((hwirq_t){27});
}

static void enable_all(void)
{
    for (u32 i = 0; i < VCPUS; i++) {
        vgic_change(vgic_find(D, V(i), 27), OP_ENABLE, 0);
        vgic_change(vgic_find(D, V(i), 30), OP_ENABLE, 0);
        vgic_change(vgic_find(D, V(i), 30), OP_SET_PRIORITY, 8);
        world_load(i, i);
        fake_guest_enable(0xf8);
    }
}

/* Sets its timers, takes an interrupt and ends it, leaves its CPU, lets time pass. */
static void step(void)
{
    u32 v = records_random(VCPUS);
    u64 ms = records_random(30);
    world_load(v, v);
    struct fake_vtimer *t = &this_cpu(fake_vtimer);
    u32 raw;
    switch (records_random(6)) {
    case 0:
        t->cval = cpu_counter_ticks() - t->offset + ns_to_ticks(ms * MS);
        t->ctl = records_random(8) ? TIMER_ENABLE : TIMER_ENABLE | TIMER_IMASK;
        break;
    case 1:
        vtimer_physical_write(V(v), VTIMER_TVAL, ns_to_ticks(ms * MS));
        vtimer_physical_write(V(v), VTIMER_CTL, records_random(4));
        break;
    case 2:
    case 3:
        raw = fake_guest_acknowledge();
        note(raw);
        if (raw == 27) {
            t->ctl = 0;
            fake_gic_line(v, 27, false);
        } else if (raw == 30) {
            vtimer_physical_write(V(v), VTIMER_CTL, 0);
        }
        if (raw != FAKE_SPURIOUS) {
            fake_guest_end(raw);
        }
        break;
    case 4:
        world_unload(v);
        break;
    default:
        break;
    }
    note(cpu_counter_ticks() - D->vtimer_offset_ticks);
    note(vtimer_physical_read(V(v), VTIMER_TVAL));
    pass_ms(records_random(6));
}

static u64 behaviour(u64 seed)
{
    trace = 0;
    records_seed = seed;
    for (u32 i = 0; i < 400; i++) {
        step();
    }
    rest();
    return trace;
}

static void test_time_goes_on_where_it_stood(void **state)
{
    for (u64 seed = 1; seed <= 10; seed++) {
        begin(2500);
        enable_all();
        (void)behaviour(seed);
        records_save(rooms, D, &first);
        u64 before = behaviour(seed + 50);
        finish();

        begin(6000 + 100 * seed * seed);
        records_load(D, &first);
        records_save(rooms, D, &second);
        records_assert_same(&first, &second);
        assert_int_equal(V(1)->vtimer_offset_ticks, D->vtimer_offset_ticks);
        assert_true(behaviour(seed + 50) == before);
        finish();
    }
}

static void test_never_and_long_ago(void **state)
{
    begin(100);
    vtimer_physical_write(V(0), VTIMER_CVAL, ~0ULL);
    vtimer_physical_write(V(0), VTIMER_CTL, TIMER_ENABLE);
    vtimer_physical_write(V(1), VTIMER_CVAL, 0);
    vtimer_physical_write(V(1), VTIMER_CTL, TIMER_ENABLE);
    records_save(rooms, D, &first);
    finish();
    for (u32 age = 0; age < 2; age++) {
        begin(age * 500);
        records_load(D, &first);
        assert_int_equal(vtimer_physical_read(V(0), VTIMER_CTL), TIMER_ENABLE);
        assert_true(V(0)->ptimer_cval > ~0ULL - 1000000000);
        assert_int_equal(vtimer_physical_read(V(1), VTIMER_CTL), TIMER_ENABLE | TIMER_ISTATUS);
        finish();
    }
}

static void test_the_wall_keeps_its_distance(void **state)
{
    begin(5000);
    assert_int_equal(D->time_offset_seconds, 5);
    D->time_offset_seconds += 3600; /* settimeoffset */
    host_time_advance_ns(60000 * MS);
    records_save(rooms, D, &first);
    finish();
    begin(20000); /* 60 s of its time began before this host did */
    records_load(D, &first);
    assert_true((s64)D->time_offset_seconds == 3600 - 40);
    finish();
}

/* Time does not stand still between two records: what fires meanwhile is not early elsewhere. */
static void test_a_timer_that_fires_between_records(void **state)
{
    begin(100);
    enable_all();
    fake_cpu(0);
    struct fake_vtimer *t = &this_cpu(fake_vtimer);
    t->cval = cpu_counter_ticks() - t->offset + ns_to_ticks(10 * MS);
    t->ctl = TIMER_ENABLE;
    vtimer_physical_write(V(0), VTIMER_TVAL, ns_to_ticks(10 * MS));
    vtimer_physical_write(V(0), VTIMER_CTL, TIMER_ENABLE);
    rest();
    memset(&first, 0, sizeof(first));
    for (u32 i = 0; i < 3; i++) {
        struct kept *k = &first.kept[first.nr++];
        struct record r = {.bytes = rooms[i].bytes, .body = k->body};
        k->room = &rooms[i];
        assert_int_equal(record_save(&rooms[i], D, &r), OK);
        k->bytes = r.bytes;
        pass_ms(8);
    }
    finish();
    begin(900);
    records_load(D, &first);
    world_load(0, 0);
    pass_ms(0);
    const u64 now = cpu_counter_ticks() - D->vtimer_offset_ticks;
    bool due = now >= this_cpu(fake_vtimer).cval;
    assert_true(due == (vgic_change(vgic_find(D, V(0), 27), OP_IS_PENDING, 0) != 0));
    due = vtimer_physical_read(V(0), VTIMER_CTL) & TIMER_ISTATUS;
    assert_true(due == (vgic_change(vgic_find(D, V(0), 30), OP_IS_PENDING, 0) != 0));
    finish();
}

static void test_wrong_fields(void **state)
{
    begin(1);
    records_save(rooms, D, &first);
    struct record_time *time = (struct record_time *)first.kept[2 * VCPUS].body;
    time->frequency_hz++;
    assert_int_equal(records_load_one(D, &first.kept[2 * VCPUS]), E_OPNOTSUPP);
    first.kept[2 * VCPUS].instance = 1;
    assert_int_equal(records_load_one(D, &first.kept[2 * VCPUS]), E_NOENT);
    struct record_timers *timers = (struct record_timers *)first.kept[VCPUS].body;
    timers->virtual_ctl = 4;
    assert_int_equal(records_load_one(D, &first.kept[VCPUS]), E_INVAL);
    timers->virtual_ctl = 0;
    timers->physical_ctl = 8;
    assert_int_equal(records_load_one(D, &first.kept[VCPUS]), E_INVAL);
    timers->physical_ctl = 0;
    timers->physical_past = 2;
    assert_int_equal(records_load_one(D, &first.kept[VCPUS]), E_INVAL);
    timers->physical_past = 0;
    first.kept[VCPUS].instance = VCPUS;
    assert_int_equal(records_load_one(D, &first.kept[VCPUS]), E_NOENT);
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_goes_on_where_it_stood),
        cmocka_unit_test(test_never_and_long_ago),
        cmocka_unit_test(test_the_wall_keeps_its_distance),
        cmocka_unit_test(test_a_timer_that_fires_between_records),
        cmocka_unit_test(test_wrong_fields),
    };
    return cmocka_run_group_tests(tests, world_machine, NULL);
}
