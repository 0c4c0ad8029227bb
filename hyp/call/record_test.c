/* SPDX-License-Identifier: MIT */
/* What belongs to a domain as a whole, and the runstate areas, written out and read elsewhere. */
#include "test/host/domains.h"

#include "abi/hvm.h"
#include "abi/vcpu.h"
#include "call/record.h"
#include "call/runstate.h"
#include "call/wallclock.h"
#include "test/host/records.h"
#include "time/time.h"

#define OLD dom(1)
#define NEW dom(2)

static u64 wall_at_boot_ns;
u64 clock_wall_at_boot_ns(void)
{
    return wall_at_boot_ns;
}

enum err guest_translate(gva_t va, bool write, gaddr_t *out)
{
    *out = (gaddr_t){va.v};
    return OK;
}

void sched_read_times(struct sched_unit *u, struct sched_times *out)
{
    *out = (struct sched_times){.state = u->state, .since_ns = u->since_ns};
    memcpy(out->time_ns, u->time_ns, sizeof(out->time_ns));
}

static const struct record_room rooms[] = {
    {"domain", RECORD_DOMAIN, 1, RECORD_ONE, false, sizeof(struct record_domain), domain_save,
     domain_load},
    {"shared info", RECORD_SHARED_INFO, 1, RECORD_ONE, false, sizeof(struct record_page),
     shared_info_save, shared_info_load},
    {"runstate", RECORD_RUNSTATE_VCPU, 1, RECORD_PER_VCPU, false, sizeof(struct record_runstate),
     runstate_save, runstate_load},
    {.type = 0},
};
static struct records first, second;

static struct domain *dom(u32 n)
{
    return &world_domain[n];
}

static int begin(void **state)
{
    world_start(state);
    wall_at_boot_ns = 1700000000123456789;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        spin_init(&dom(n)->lock, RANK_DOMAIN, "domain");
        list_init(&dom(n)->io_ranges);
        wallclock_update(dom(n));
    }
    return 0;
}

static int end(void **state)
{
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        for (u32 i = 0; i < WORLD_VCPUS; i++) {
            runstate_release(&world_vcpu[n][i]);
        }
    }
    return world_end(state);
}

static gva_t at(u32 page, u32 offset)
{
    return (gva_t){world_gfn(page).gfn << PAGE_SHIFT | offset};
}

static void fill(u64 seed)
{
    records_seed = seed;
    OLD->hvm_param[HVM_PARAM_STORE_PFN] = records_random(1 << 20);
    OLD->hvm_param[HVM_PARAM_CONSOLE_EVTCHN] = records_random(100);
    OLD->hvm_param[HVM_PARAM_MONITOR_RING_PFN] = records_random(100);
    OLD->assist = records_random(2) ? BIT(VMASST_TYPE_runstate_update_flag) : 0;
    for (u32 i = 0; i < 128; i++) { /* of the bitmaps and vcpu_info, not of the clock */
        ((u64 *)world_shared(1))[records_random(134)] = records_random(1u << 31);
    }
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        for (u32 i = 0; i < 4; i++) {
            world_vcpu[1][v].unit.time_ns[i] = records_random(1u << 31);
        }
    }
    world_become(1, 1);
    assert_int_equal(runstate_register(&world_vcpu[1][1], at(3, 0x40)), OK);
    world_become(1, 2);
    assert_int_equal(runstate_register(&world_vcpu[1][2], at(4, PAGE_SIZE - 16)), OK);
}

static void test_round_trip(void **state)
{
    for (u64 seed = 1; seed <= 5; seed++) {
        fill(seed);
        records_save(rooms, OLD, &first);
        assert_int_equal(first.nr, 2 + WORLD_VCPUS);
        records_load(NEW, &first);
        records_save(rooms, NEW, &second);
        records_assert_same(&first, &second);
        assert_memory_equal(world_shared(1), world_shared(2), PAGE_SIZE);
        for (u32 v = 0; v < WORLD_VCPUS; v++) { /* both write the same to the same place */
            const u64 times[4] = {1, 2, seed, 4};
            runstate_write(&world_vcpu[1][v], RUNSTATE_blocked, 77, times);
            runstate_write(&world_vcpu[2][v], RUNSTATE_blocked, 77, times);
        }
        for (u32 page = 3; page <= 5; page++) {
            assert_memory_equal(world_ram(1, page), world_ram(2, page), PAGE_SIZE);
        }
        end(state);
        begin(state);
    }
}

static void test_where_the_page_is_seen(void **state)
{
    assert_int_equal(p2m_map_shared(OLD->p2m, (gfn_t){0x800}, OLD->shared_info), OK);
    records_save(rooms, OLD, &first);
    records_load(NEW, &first);
    assert_int_equal(NEW->shared_info->gfn, 0x800);
    struct record_page *b = (struct record_page *)first.kept[1].body;
    b->gfn = 0x801;
    assert_int_equal(records_load_one(NEW, &first.kept[1]), E_EXIST);
    b->gfn = (u32)WORLD_RAM;
    assert_int_equal(records_load_one(dom(0), &first.kept[1]), E_EXIST);
    b->gfn = RECORD_NO_GFN - 1;
    assert_int_equal(records_load_one(dom(0), &first.kept[1]), E_INVAL);
    b->gfn = RECORD_NO_GFN;
    b->zero = 1;
    assert_int_equal(records_load_one(dom(0), &first.kept[1]), E_INVAL);
}

static void test_the_wall_is_this_host_s(void **state)
{
    records_save(rooms, OLD, &first);
    const u32 version = world_shared(1)->wc_version;
    wall_at_boot_ns += 5000000000;
    NEW->time_offset_seconds = 7;
    records_load(NEW, &first);
    assert_int_equal(world_shared(2)->wc_sec, 1700000000 + 5 + 7);
    assert_int_equal(world_shared(2)->wc_version, version + 2);
}

static void test_devices_stay(void **state)
{
    struct list range;
    list_init(&range);
    list_insert_before(&OLD->io_ranges, &range);
    assert_int_equal(records_try_save(rooms, OLD, &first), E_BUSY);
    list_del(&range);
}

static void test_wrong_fields(void **state)
{
    fill(3);
    records_save(rooms, OLD, &first);
    struct record_domain *d = (struct record_domain *)first.kept[0].body;
    NEW->is_32bit = true;
    assert_int_equal(records_load_one(NEW, &first.kept[0]), E_OPNOTSUPP);
    NEW->is_32bit = false;
    d->max_vcpus++;
    assert_int_equal(records_load_one(NEW, &first.kept[0]), E_OPNOTSUPP);
    d->max_vcpus--;
    d->assist = ~0ULL;
    assert_int_equal(records_load_one(NEW, &first.kept[0]), E_INVAL);
    d->assist = 0;
    d->hvm_param[HVM_PARAM_PAE_ENABLED] = 1;
    assert_int_equal(records_load_one(NEW, &first.kept[0]), E_INVAL);
    d->hvm_param[HVM_PARAM_PAE_ENABLED] = 0;
    d->hvm_param[63] = 1;
    assert_int_equal(records_load_one(NEW, &first.kept[0]), E_INVAL);
    assert_int_equal(NEW->hvm_param[HVM_PARAM_STORE_PFN], 0);

    struct kept *k = &first.kept[4]; /* vCPU 2's: it crosses */
    struct record_runstate *r = (struct record_runstate *)k->body;
    const struct record_runstate good = *r;
    r->zero = 1;
    assert_int_equal(records_load_one(NEW, k), E_INVAL);
    *r = good;
    r->offset = PAGE_SIZE;
    assert_int_equal(records_load_one(NEW, k), E_INVAL);
    r->offset = 0; /* does not */
    assert_int_equal(records_load_one(NEW, k), E_INVAL);
    *r = good;
    r->gfn[1] = RECORD_NO_GFN;
    assert_int_equal(records_load_one(NEW, k), E_INVAL);
    *r = good;
    r->gfn[1] = (u32)WORLD_NOWHERE;
    assert_int_equal(records_load_one(NEW, k), E_INVAL);
    r->gfn[0] = RECORD_NO_GFN; /* no area, and where */
    r->gfn[1] = RECORD_NO_GFN;
    assert_int_equal(records_load_one(NEW, k), E_INVAL);
    assert_null(world_vcpu[2][2].runstate);
    *r = good;
    k->instance = WORLD_VCPUS;
    assert_int_equal(records_load_one(NEW, k), E_NOENT);
}

static void test_hostile_records(void **state)
{
    fill(4);
    records_save(rooms, OLD, &first);
    for (u32 i = 0; i < 20; i++) {
        assert_true(records_attack(rooms, NEW, &first, 20) > 0);
    }
}

static void test_memory_runs_out(void **state)
{
    fill(5);
    records_save(rooms, OLD, &first);
    u32 failures = records_load_short_of_memory(NEW, &first, world_fail_after);
    assert_true(failures >= 2);
    records_save(rooms, NEW, &second);
    records_assert_same(&first, &second);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_where_the_page_is_seen),
        TEST(test_the_wall_is_this_host_s),
        TEST(test_devices_stay),
        TEST(test_wrong_fields),
        TEST(test_hostile_records),
        TEST(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
