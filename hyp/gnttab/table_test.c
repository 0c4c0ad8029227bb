/* SPDX-License-Identifier: MIT */
#include "gnttab/fixture_test.h"

static void a_table_starts_with_one_frame(void **state)
{
    assert_int_equal(gnttab_nr_frames(dom(1)), 1);
    assert_int_equal(gnttab_max_frames(dom(1)), MAX_FRAMES);
    assert_int_equal(gnttab_nr_maptrack(dom(1)), 0);
    struct frame *f;
    assert_int_equal(gnttab_frame(dom(1), 0, &f), OK);
    assert_int_equal(f->state, FRAME_SHARED);
    assert_int_equal(f->owner, 1);
    const u8 *bytes = frame_map(f);
    for (u32 i = 0; i < PAGE_SIZE; i++) {
        assert_int_equal(bytes[i], 0);
    }
    assert_int_equal(gnttab_nr_frames(dom(1)), 1);
}

static void it_grows_to_its_limit(void **state)
{
    struct frame *f, *first;
    assert_int_equal(gnttab_frame(dom(1), 0, &first), OK);
    grant(1, 511, 0, 3, 0);
    assert_int_equal(gnttab_frame(dom(1), 2, &f), OK);
    assert_int_equal(gnttab_nr_frames(dom(1)), 3);
    /* Not all in one stay. */
    assert_int_equal(gnttab_frame(dom(1), 7, &f), E_RESTART);
    assert_int_equal(gnttab_nr_frames(dom(1)), 7);
    assert_int_equal(gnttab_frame(dom(1), 7, &f), OK);
    assert_int_equal(gnttab_nr_frames(dom(1)), 8);
    assert_int_equal(gnttab_frame(dom(1), 8, &f), E_INVAL);
    assert_int_equal(gnttab_frame(dom(1), ~0u, &f), E_INVAL);
    assert_int_equal(gnttab_grow(dom(1), 8), OK);
    assert_int_equal(gnttab_grow(dom(1), 9), E_INVAL);
    assert_int_equal(gnttab_grow(dom(1), 0), OK);
    assert_int_equal(gnttab_nr_frames(dom(1)), 8);
    /* The frames that were there stay. */
    struct frame *again;
    assert_int_equal(gnttab_frame(dom(1), 0, &again), OK);
    assert_ptr_equal(again, first);
    assert_int_equal(entry_of(1, 511)->frame, WORLD_RAM + 3);
    for (u32 i = 0; i < 8; i++) {
        for (u32 k = 0; k < i; k++) {
            struct frame *a, *b;
            assert_int_equal(gnttab_frame(dom(1), i, &a), OK);
            assert_int_equal(gnttab_frame(dom(1), k, &b), OK);
            assert_ptr_not_equal(a, b);
        }
    }
}

static void its_end_is_taken_in_steps(void **state)
{
    struct frame *f;
    for (u32 i = 0; i < MAX_FRAMES; i++) {
        while (gnttab_frame(dom(1), i, &f) == E_RESTART) {
        }
    }
    grant(1, 511, 0, 3, 0);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 511, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(gnttab_nr_kept_pages(dom(0)), 1); /* of handles */
    assert_int_equal(gnttab_nr_kept_pages(dom(1)), 1); /* of what is active */
    u64 cursor = 0;
    while (gnttab_relinquish(dom(0), &cursor) == E_RESTART) {
    }
    /* The mapper has a page of handles and a frame, the granter eight frames: more than one stay
     * takes. */
    assert_int_equal(gnttab_shrink(dom(0)), OK);
    assert_int_equal(gnttab_nr_kept_pages(dom(0)), 0);
    assert_int_equal(gnttab_shrink(dom(1)), E_RESTART);
    assert_int_equal(gnttab_shrink(dom(1)), OK);
    assert_int_equal(gnttab_nr_frames(dom(1)), 0);
}

static void a_pinned_entry_survives_growth(void **state)
{
    struct frame *f;
    grant(1, 8, 0, 3, 0);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(gnttab_grow(dom(1), 4), OK);
    assert_int_equal(gnttab_frame(dom(1), 3, &f), OK);
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
}

static void limits_are_kept_in_bounds(void **state)
{
    gnttab_destroy(dom(1));
    assert_int_equal(gnttab_create(dom(1), 0, 0), OK);
    assert_int_equal(gnttab_max_frames(dom(1)), 1);
    gnttab_destroy(dom(1));
    assert_int_equal(gnttab_create(dom(1), ~0u, ~0u), OK);
    assert_int_equal(gnttab_max_frames(dom(1)), 2048);
    assert_int_equal(dom(1)->gnttab->max_maptrack_pages, 8192);
    /* The last reference of all keeps within the 20 bits of a continued cache_flush. */
    assert_true(2048 * 512 <= 1 << 20);
}

static void without_memory(void **state)
{
    gnttab_destroy(dom(1));
    u32 failed = 0;
    for (u32 pages = 0; pages < 4; pages++) {
        world_fail_after(pages);
        enum err e = gnttab_create(dom(1), 4, 4);
        world_fail_after(~0u);
        if (e == OK) {
            gnttab_destroy(dom(1));
        } else {
            assert_int_equal(e, E_NOMEM);
            assert_null(dom(1)->gnttab);
            failed++;
        }
    }
    assert_int_equal(failed, 3); /* the table, its array, the frame */
    assert_int_equal(gnttab_create(dom(1), 4, 4), OK);
    world_fail_after(0);
    assert_int_equal(gnttab_grow(dom(1), 2), E_NOMEM);
    world_fail_after(1);
    assert_int_equal(gnttab_grow(dom(1), 2), E_NOMEM);
    world_fail_after(~0u);
    assert_int_equal(gnttab_nr_frames(dom(1)), 1);
    assert_int_equal(gnttab_grow(dom(1), 2), OK);
    gnttab_destroy(dom(1));
    gnttab_destroy(dom(1));
    assert_int_equal(gnttab_create(dom(1), MAX_FRAMES, MAX_MAPTRACK), OK);
}

static void arrays_double(void **state)
{
    void *array = NULL;
    u32 capacity = 0;
    assert_true(array_grow(&array, &capacity, 1, 10, 8));
    assert_int_equal(capacity, 1);
    ((u64 *)array)[0] = 42;
    assert_true(array_grow(&array, &capacity, 2, 10, 8));
    assert_int_equal(capacity, 2);
    assert_true(array_grow(&array, &capacity, 3, 10, 8));
    assert_int_equal(capacity, 4);
    void *same = array;
    assert_true(array_grow(&array, &capacity, 4, 10, 8));
    assert_ptr_equal(array, same);
    assert_true(array_grow(&array, &capacity, 9, 10, 8));
    assert_int_equal(capacity, 9);
    assert_true(array_grow(&array, &capacity, 10, 10, 8));
    assert_int_equal(capacity, 10);
    assert_true(((u64 *)array)[0] == 42);
    for (u32 i = 1; i < 10; i++) {
        assert_true(((u64 *)array)[i] == 0);
    }
    heap_free(array, 80);
}

static void entries_change_places(void **state)
{
    s16 status = 77;
    grant(1, 8, 0, 3, 0);
    grant(1, 600, 2, 4, GTF_readonly);
    gnttab_swap(dom(1), 8, 600, &status);
    assert_int_equal(status, GNTST_okay);
    assert_int_equal(entry_of(1, 8)->frame, WORLD_RAM + 4);
    assert_int_equal(entry_of(1, 8)->domid, 2);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(entry_of(1, 600)->frame, WORLD_RAM + 3);
    assert_int_equal(entry_of(1, 600)->domid, 0);
    assert_int_equal(entry_of(1, 600)->flags, GTF_permit_access);
    gnttab_swap(dom(1), 8, 8, &status);
    assert_int_equal(status, GNTST_okay);
    assert_int_equal(entry_of(1, 8)->frame, WORLD_RAM + 4);
    gnttab_swap(dom(1), 8, 1024, &status);
    assert_int_equal(status, GNTST_bad_gntref);
    gnttab_swap(dom(1), ~0u, 8, &status);
    assert_int_equal(status, GNTST_bad_gntref);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 600, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    gnttab_swap(dom(1), 8, 600, &status);
    assert_int_equal(status, GNTST_eagain);
    gnttab_swap(dom(1), 600, 8, &status);
    assert_int_equal(status, GNTST_eagain);
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
    gnttab_swap(dom(1), 600, 8, &status);
    assert_int_equal(status, GNTST_okay);
    assert_int_equal(entry_of(1, 8)->frame, WORLD_RAM + 3);
}

static void a_dump_lists_the_pins(void **state)
{
    grant(1, 8, 0, 3, 0);
    grant(1, 300, 0, 4, 0);
    assert_int_equal(gnttab_grow(dom(1), 2), OK);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 300, HOLE, HOST_RO);
    assert_int_equal(op.status, GNTST_okay);
    world_log_bytes = 0;
    gnttab_dump(dom(1));
    assert_true(world_said("d1: grant table of 2 frames (at most 8), 0 mappings made"));
    assert_true(world_said("  300: d0 reads 1 writes 0 mfn "));
    assert_false(world_said("  8:"));
    world_log_bytes = 0;
    gnttab_dump(dom(0));
    assert_true(world_said("d0: grant table of 1 frames (at most 8), 1 mappings made"));
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_table_starts_with_one_frame),
        TEST(it_grows_to_its_limit),
        TEST(its_end_is_taken_in_steps),
        TEST(a_pinned_entry_survives_growth),
        TEST(limits_are_kept_in_bounds),
        TEST(without_memory),
        TEST(arrays_double),
        TEST(entries_change_places),
        TEST(a_dump_lists_the_pins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
