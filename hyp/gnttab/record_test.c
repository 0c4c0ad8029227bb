/* SPDX-License-Identifier: MIT */
/* A grant table written out and read into another domain, which grants the same. */
#include "gnttab/fixture_test.h"
#include "test/host/records.h"

#define OLD   1u
#define NEW   2u
#define PAGES 32u /* of RAM that are granted */

static const struct record_room rooms[] = {
    {"grants", RECORD_GRANTS, 1, RECORD_OWN, false, sizeof(struct record_page), gnttab_save,
     gnttab_load},
    {.type = 0},
};
static struct records first, second;
static u64 trace;

static void note(u64 value)
{
    trace = trace * 31 + value + 1;
}

static void fill(u32 frames)
{
    for (u32 i = 0; i < 400; i++) {
        grant(OLD, records_random(frames * 512), records_random(3), records_random(PAGES),
              records_random(3) ? 0 : GTF_readonly);
    }
}

/* dom0 maps, unmaps and copies: what a backend may do of n's grants, and what n's table then says.
 */
static u64 behaviour_of(u32 n, u64 seed)
{
    trace = 0;
    records_seed = seed;
    world_become(0, 0);
    for (u32 i = 0; i < 600; i++) {
        u32 ref = records_random(3 * 512);
        u64 gfn = HOLE + records_random(3);
        struct xen_gnttab_map_grant_ref m = map(0, n, ref, gfn, records_random(2) ? HOST : HOST_RO);
        note((u64)m.status);
        note(entry_of(n, ref)->flags);
        if (m.status == GNTST_okay) {
            u64 mfn;
            note(seen_at(0, gfn, &mfn));
            note((u64)unmap(0, gfn, m.handle));
        }
        note(entry_of(n, ref)->flags);
    }
    s16 status;
    gnttab_swap(dom(n), 3, 700, &status);
    note((u64)status);
    return trace;
}

static void test_round_trip(void **state)
{
    for (u64 seed = 1; seed <= 5; seed++) {
        records_seed = seed;
        fill(3);
        struct frame *f;
        assert_int_equal(gnttab_frame(dom(OLD), 1, &f), OK);
        assert_int_equal(p2m_map_shared(dom(OLD)->p2m, (gfn_t){HOLE + 8}, f), OK);
        records_save(rooms, dom(OLD), &first);
        assert_int_equal(first.nr, 3);
        records_load(dom(NEW), &first);
        records_save(rooms, dom(NEW), &second);
        records_assert_same(&first, &second);
        u64 mfn;
        assert_int_equal(seen_at(NEW, HOLE + 8, &mfn), P2M_SHARED_RW);
        assert_int_equal(gnttab_frame(dom(NEW), 1, &f), OK);
        assert_int_equal(mfn, frame_to_mfn(f).mfn);
        assert_true(behaviour_of(OLD, seed) == behaviour_of(NEW, seed));
        end(state);
        start(state);
    }
}

static void test_who_maps_stays_here(void **state)
{
    grant(OLD, 5, 0, 1, 0);
    struct xen_gnttab_map_grant_ref m = map(0, OLD, 5, HOLE, HOST);
    assert_int_equal(m.status, GNTST_okay);
    records_save(rooms, dom(OLD), &first);
    records_load(dom(NEW), &first);
    assert_int_equal(entry_of(OLD, 5)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(entry_of(NEW, 5)->flags, GTF_permit_access);
    assert_int_equal(unmap(0, HOLE, m.handle), GNTST_okay);
}

static void test_what_it_maps_is_not_its_own(void **state)
{
    grant(0, 5, OLD, 1, 0);
    world_become(OLD, 0);
    struct xen_gnttab_map_grant_ref m = map(OLD, 0, 5, HOLE, HOST);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(records_try_save(rooms, dom(OLD), &first), E_BUSY);
    assert_int_equal(unmap(OLD, HOLE, m.handle), GNTST_okay);
    assert_int_equal(records_try_save(rooms, dom(OLD), &first), OK);
}

static void test_wrong_fields(void **state)
{
    records_save(rooms, dom(OLD), &first);
    struct kept *k = &first.kept[0];
    struct record_page *b = (struct record_page *)k->body;
    b->zero = 1;
    assert_int_equal(records_load_one(dom(NEW), k), E_INVAL);
    b->zero = 0;
    b->gfn = (u32)P2M_GFN_END;
    assert_int_equal(records_load_one(dom(NEW), k), E_INVAL);
    b->gfn = (u32)WORLD_RAM;
    assert_int_equal(records_load_one(dom(NEW), k), E_EXIST);
    b->gfn = (u32)HOLE;
    k->instance = 2;
    assert_int_equal(records_load_one(dom(NEW), k), E_NOENT); /* 1 comes before it */
    k->instance = MAX_FRAMES;
    assert_int_equal(records_load_one(dom(NEW), k), E_NOENT);
    k->instance = 0;
    assert_int_equal(records_load_one(dom(NEW), k), OK);
    assert_int_equal(records_load_one(dom(NEW), k), OK);
    b->gfn = (u32)HOLE + 1;
    assert_int_equal(records_load_one(dom(NEW), k), E_EXIST); /* it is somewhere else */
}

static void test_no_more_than_it_may_have(void **state)
{
    static struct kept k;
    k.room = &rooms[0];
    ((struct record_page *)k.body)->gfn = RECORD_NO_GFN;
    for (; k.instance < MAX_FRAMES; k.instance++) {
        assert_int_equal(records_load_one(dom(NEW), &k), OK);
    }
    assert_int_equal(records_load_one(dom(NEW), &k), E_INVAL);
    assert_int_equal(gnttab_nr_frames(dom(NEW)), MAX_FRAMES);
}

static void test_memory_runs_out(void **state)
{
    fill(2);
    records_save(rooms, dom(OLD), &first);
    ((struct record_page *)first.kept[1].body)->gfn = 0x500000; /* wants tables */
    u32 failures = records_load_short_of_memory(dom(NEW), &first, world_fail_after);
    assert_true(failures >= 3);
    records_save(rooms, dom(NEW), &second);
    records_assert_same(&first, &second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_who_maps_stays_here),
        TEST(test_wrong_fields),
        TEST(test_what_it_maps_is_not_its_own),
        TEST(test_no_more_than_it_may_have),
        TEST(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
