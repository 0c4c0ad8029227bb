/* SPDX-License-Identifier: MIT */
/* Mapping, unmapping, pins and handles. */
#include "gnttab/fixture_test.h"

static void a_page_is_mapped_and_unmapped(void **state)
{
    u64 mfn = 0;
    grant(1, 8, 0, 3, 0);
    struct frame *f = world_frame(1, 3);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(op.handle, 0);
    assert_true(op.dev_bus_addr == world_ram_mfn[1][3].mfn << PAGE_SHIFT);
    assert_int_equal(seen_at(0, HOLE, &mfn), P2M_GRANT_RW);
    assert_int_equal(mfn, world_ram_mfn[1][3].mfn);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(entry_of(1, 8)->domid, 0);
    assert_int_equal(f->refs, FRAME_OWNED + 2); /* the pin's and the leaf's */
    assert_int_equal(dom(1)->refs.count, 2);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 1);
    assert_int_equal(gnttab_nr_maptrack(dom(1)), 0);

    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
    assert_int_equal(seen_at(0, HOLE, &mfn), P2M_NONE);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(dom(1)->refs.count, 1);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_bad_handle);
}

static void readonly_mappings(void **state)
{
    u64 mfn;
    grant(1, 8, 0, 3, GTF_readonly);
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_general_error);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_readonly);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE, HOST_RO);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(seen_at(0, HOLE, &mfn), P2M_GRANT_RO);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(map(0, 1, 8, HOLE + 1, HOST).status, GNTST_general_error);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_readonly | GTF_reading);
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_readonly);
    /* A page that the granter itself may only read. */
    assert_int_equal(p2m_map(dom(1)->p2m, world_gfn(4), world_ram_mfn[1][4], 0, P2M_RAM_RO), OK);
    grant(1, 9, 0, 4, 0);
    assert_int_equal(map(0, 1, 9, HOLE, HOST).status, GNTST_bad_page);
    assert_int_equal(entry_of(1, 9)->flags, GTF_permit_access);
    op = map(0, 1, 9, HOLE, HOST_RO);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
}

/* The flags follow the pins: writing goes with the last writer, reading with the last of all. */
static void pins_of_both_kinds(void **state)
{
    const u16 idle = GTF_permit_access, reading = idle | GTF_reading, both = reading | GTF_writing;
    grant(1, 8, 0, 3, 0);
    u32 r1 = map(0, 1, 8, HOLE, HOST_RO).handle;
    assert_int_equal(entry_of(1, 8)->flags, reading);
    u32 w1 = map(0, 1, 8, HOLE + 1, HOST).handle;
    assert_int_equal(entry_of(1, 8)->flags, both);
    u32 w2 = map(0, 1, 8, HOLE + 2, HOST).handle;
    u32 r2 = map(0, 1, 8, HOLE + 3, HOST_RO).handle;
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED + 1 + 4);
    assert_int_equal(r1, 0);
    assert_int_equal(r2, 3);
    assert_int_equal(unmap(0, HOLE + 1, w1), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, both);
    assert_int_equal(unmap(0, HOLE + 2, w2), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, reading);
    assert_int_equal(unmap(0, HOLE, r1), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, reading);
    /* A writer again, and it goes last. */
    w1 = map(0, 1, 8, HOLE + 1, HOST).handle;
    assert_int_equal(entry_of(1, 8)->flags, both);
    assert_int_equal(unmap(0, HOLE + 3, r2), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, both);
    assert_int_equal(unmap(0, HOLE + 1, w1), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, idle);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
}

static void the_page_is_the_one_that_was_pinned(void **state)
{
    u64 mfn;
    grant(1, 8, 0, 3, 0);
    u32 a = map(0, 1, 8, HOLE, HOST).handle;
    /* The granter writes another frame into an entry in use: the page stays. */
    entry_of(1, 8)->frame = (u32)(WORLD_RAM + 4);
    struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE + 1, HOST);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(seen_at(0, HOLE + 1, &mfn), P2M_GRANT_RW);
    assert_int_equal(mfn, world_ram_mfn[1][3].mfn);
    /* It takes the entry back by force: those who are in may stay in, and more, as long as one is.
     */
    entry_of(1, 8)->flags = 0;
    assert_int_equal(map(0, 1, 8, HOLE + 2, HOST_RO).status, GNTST_okay);
    assert_int_equal(unmap(0, HOLE, a), GNTST_okay);
    assert_int_equal(unmap(0, HOLE + 1, op.handle), GNTST_okay);
    assert_int_equal(unmap(0, HOLE + 2, 2), GNTST_okay);
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_general_error);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(world_frame(1, 4)->refs, FRAME_OWNED);
}

static void flags_that_arm_has_not(void **state)
{
    grant(1, 8, 0, 3, 0);
    static const struct {
        u32 flags;
        s16 status;
    } cases[] = {
        {0, GNTST_bad_gntref},
        {GNTMAP_readonly, GNTST_bad_gntref},
        {GNTMAP_application_map, GNTST_bad_gntref},
        {GNTMAP_device_map, GNTST_general_error},
        {GNTMAP_device_map | GNTMAP_host_map, GNTST_general_error},
        {GNTMAP_host_map | GNTMAP_application_map, GNTST_general_error},
        {GNTMAP_host_map | GNTMAP_contains_pte, GNTST_general_error},
        {GNTMAP_host_map | 1u << 5, GNTST_general_error},
        {GNTMAP_host_map | 1u << 16, GNTST_general_error},
    };
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
        struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE, cases[i].flags);
        assert_int_equal(op.status, cases[i].status);
        assert_int_equal(op.handle, 0xdead);
        assert_int_equal(op.dev_bus_addr, 0xdead);
    }
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
    assert_int_equal(dom(1)->refs.count, 1);
}

static void a_guess_costs_the_granter_nothing(void **state)
{
    grant(1, 8, 2, 3, 0); /* somebody else's */
    for (u32 ref = 0; ref < 512; ref += 8) {
        assert_int_equal(map(0, 1, ref, HOLE, HOST).status, GNTST_general_error);
    }
    assert_int_equal(gnttab_nr_kept_pages(dom(1)), 0);
    grant(1, 300, 0, 3, 0);
    assert_int_equal(unmap(0, HOLE, map(0, 1, 300, HOLE, HOST).handle), GNTST_okay);
    assert_int_equal(gnttab_nr_kept_pages(dom(1)), 1);
}

static void entries_that_do_not_permit(void **state)
{
    static const u16 refused[] = {
        GTF_invalid,
        GTF_accept_transfer,
        GTF_transitive,
        GTF_permit_access | GTF_sub_page,
        GTF_permit_access | GTF_PWT,
        GTF_permit_access | GTF_PCD,
        GTF_permit_access | GTF_PAT,
    };
    for (u32 i = 0; i < ARRAY_LEN(refused); i++) {
        grant(1, 8, 0, 3, 0);
        entry_of(1, 8)->flags = refused[i];
        assert_int_equal(map(0, 1, 8, HOLE, HOST_RO).status, GNTST_general_error);
        assert_int_equal(entry_of(1, 8)->flags, refused[i]);
    }
    grant(1, 8, 2, 3, 0); /* somebody else's */
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_general_error);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(map(0, 1, 512, HOLE, HOST).status, GNTST_bad_gntref);
    assert_int_equal(map(0, 1, ~0u, HOLE, HOST).status, GNTST_bad_gntref);
    grant(1, 511, 0, 3, 0);
    u32 handle = map(0, 1, 511, HOLE, HOST).handle;
    assert_int_equal(unmap(0, HOLE, handle), GNTST_okay);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
    assert_int_equal(dom(1)->refs.count, 1);
}

static void pages_that_are_not_its_own(void **state)
{
    struct frame *table;
    u64 mfn;
    grant(1, 8, 0, 0, 0);
    entry_of(1, 8)->frame = WORLD_NOWHERE;
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_bad_page);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    /* A page that it maps by somebody's grant cannot be granted on. */
    grant(0, 9, 1, 5, 0);
    world_become(1, 0);
    struct xen_gnttab_map_grant_ref op = map(1, 0, 9, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    entry_of(1, 8)->frame = HOLE;
    world_become(0, 0);
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_bad_page);
    world_become(1, 0);
    assert_int_equal(unmap(1, HOLE, op.handle), GNTST_okay);
    /* Nor the hypervisor's pages that it sees. */
    world_become(0, 0);
    assert_int_equal(gnttab_frame(dom(1), 0, &table), OK);
    assert_int_equal(p2m_map_shared(dom(1)->p2m, (gfn_t){HOLE}, table), OK);
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_bad_page);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(seen_at(0, HOLE, &mfn), P2M_NONE);
    assert_int_equal(p2m_unmap(dom(1)->p2m, (gfn_t){HOLE}, MFN_INVALID, 0), OK);
    assert_int_equal(dom(1)->refs.count, 1);
}

static void who_may(void **state)
{
    grant(1, 8, 2, 3, 0);
    assert_int_equal(map(0, 77, 8, HOLE, HOST).status, GNTST_bad_domain);
    assert_int_equal(map(0, 0x7ff0, 8, HOLE, HOST).status, GNTST_bad_domain); /* no SELF here */
    world_become(2, 0);
    assert_int_equal(map(2, 1, 8, HOLE, HOST).status, GNTST_permission_denied);
    assert_int_equal(gnttab_nr_maptrack(dom(2)), 0);
    domain_policy_open = true;
    struct xen_gnttab_map_grant_ref op = map(2, 1, 8, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    /* One that is pinned for domain 2 is not for domain 0, whatever the entry says now. */
    entry_of(1, 8)->domid = 0;
    world_become(0, 0);
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_general_error);
    assert_int_equal(unmap(2, HOLE, op.handle), GNTST_okay);
    op = map(0, 1, 8, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(unmap(0, HOLE, op.handle), GNTST_okay);
    /* A domain on its way out has no reference to give. */
    dom(1)->refs.count = 0;
    assert_int_equal(map(0, 1, 8, HOLE, HOST).status, GNTST_bad_domain);
    dom(1)->refs.count = 1;
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
}

static void to_oneself(void **state)
{
    u64 mfn;
    grant(1, 8, 1, 3, 0);
    world_become(1, 0);
    struct xen_gnttab_map_grant_ref op = map(1, 1, 8, HOLE, HOST);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(seen_at(1, HOLE, &mfn), P2M_GRANT_RW);
    assert_int_equal(mfn, world_ram_mfn[1][3].mfn);
    assert_int_equal(unmap(1, HOLE, op.handle), GNTST_okay);
}

static void where_it_may_be_mapped(void **state)
{
    u64 mfn;
    grant(1, 8, 0, 3, 0);
    /* Beyond 40 bits, also far beyond. */
    assert_int_equal(map(0, 1, 8, 1ULL << 28, HOST).status, GNTST_general_error);
    assert_int_equal(map(0, 1, 8, (1ULL << 52) - 1, HOST).status, GNTST_general_error);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    u32 handle = map(0, 1, 8, (1ULL << 28) - 1, HOST).handle;
    assert_int_equal(seen_at(0, (1ULL << 28) - 1, &mfn), P2M_GRANT_RW);
    assert_int_equal(unmap(0, (1ULL << 28) - 1, handle), GNTST_okay);
    /* Over RAM of its own: that page is not lost, only not seen. An offset in the page does not
     * matter. */
    struct xen_gnttab_map_grant_ref op = {
        .host_addr = (world_gfn(7).gfn << PAGE_SHIFT) + 0x123,
        .flags = HOST,
        .ref = 8,
        .dom = 1,
    };
    gnttab_map(dom(0), &op);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(seen_at(0, world_gfn(7).gfn, &mfn), P2M_GRANT_RW);
    assert_int_equal(world_frame(0, 7)->refs, FRAME_OWNED);
    assert_int_equal(unmap(0, world_gfn(7).gfn, op.handle), GNTST_okay);
    assert_int_equal(seen_at(0, world_gfn(7).gfn, &mfn), P2M_NONE);
}

static void without_tables_nothing_stays(void **state)
{
    grant(1, 8, 0, 3, 0);
    u32 handle = map(0, 1, 8, HOLE, HOST).handle; /* all that grows has grown */
    assert_int_equal(unmap(0, HOLE, handle), GNTST_okay);
    world_fail_after(0);
    assert_int_equal(map(0, 1, 8, 0x800000, HOST).status, GNTST_general_error);
    world_fail_after(~0u);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
    assert_int_equal(dom(1)->refs.count, 1);
    /* No page of active entries; no maptrack. */
    grant(1, 300, 0, 3, 0);
    world_fail_after(0);
    assert_int_equal(map(0, 1, 300, HOLE, HOST).status, GNTST_no_space);
    world_fail_after(~0u);
    grant(0, 9, 1, 3, 0);
    world_become(1, 0);
    for (u32 pages = 0; pages < 2; pages++) {
        world_fail_after(pages);
        assert_int_equal(map(1, 0, 9, HOLE, HOST).status, GNTST_no_space);
    }
    world_fail_after(~0u);
    assert_int_equal(dom(0)->refs.count, 1);
    assert_int_equal(gnttab_nr_maptrack(dom(1)), 0);
}

static void too_many_pins(void **state)
{
    grant(1, 8, 0, 3, 0);
    for (u32 i = 0; i < 128; i++) {
        struct xen_gnttab_map_grant_ref op = map(0, 1, 8, HOLE + i, HOST_RO);
        assert_int_equal(op.status, GNTST_okay);
        assert_int_equal(op.handle, i);
    }
    assert_int_equal(map(0, 1, 8, HOLE + 128, HOST_RO).status, GNTST_general_error);
    assert_int_equal(map(0, 1, 8, HOLE + 128, HOST).status, GNTST_general_error);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 128);
    for (u32 i = 0; i < 128; i++) {
        assert_int_equal(unmap(0, HOLE + i, i), GNTST_okay);
    }
    for (u32 i = 0; i < 128; i++) {
        assert_int_equal(map(0, 1, 8, HOLE + i, HOST).status, GNTST_okay);
    }
    assert_int_equal(map(0, 1, 8, HOLE + 128, HOST).status, GNTST_general_error);
}

static void handles_are_given_again(void **state)
{
    grant(1, 8, 0, 3, 0);
    for (u32 i = 0; i < 5; i++) {
        assert_int_equal(map(0, 1, 8, HOLE + i, HOST).handle, i);
    }
    assert_int_equal(unmap(0, HOLE + 1, 1), GNTST_okay);
    assert_int_equal(unmap(0, HOLE + 3, 3), GNTST_okay);
    assert_int_equal(map(0, 1, 8, HOLE + 7, HOST).handle, 3);
    assert_int_equal(map(0, 1, 8, HOLE + 8, HOST).handle, 1);
    assert_int_equal(map(0, 1, 8, HOLE + 9, HOST).handle, 5);
}

static void handles_run_out(void **state)
{
    /* 4 pages of 256; each reference takes 128 writers. */
    for (u32 i = 0; i < 1024; i++) {
        grant(1, 8 + i / 128, 0, 3, 0);
        struct xen_gnttab_map_grant_ref op = map(0, 1, 8 + i / 128, HOLE + i, HOST);
        assert_int_equal(op.status, GNTST_okay);
        assert_int_equal(op.handle, i);
        entry_of(1, 8 + i / 128)->flags |= GTF_reading | GTF_writing;
    }
    grant(1, 20, 0, 3, 0);
    assert_int_equal(map(0, 1, 20, HOLE + 1024, HOST).status, GNTST_no_space);
    assert_int_equal(entry_of(1, 20)->flags, GTF_permit_access);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 1024);
    assert_int_equal(dom(1)->refs.count, 1025);
    assert_int_equal(unmap(0, HOLE + 700, 700), GNTST_okay);
    assert_int_equal(map(0, 1, 20, HOLE + 1024, HOST).handle, 700);
    /* All goes with the mapper, in steps. */
    u64 cursor = 0;
    u32 steps = 0;
    while (gnttab_relinquish(dom(0), &cursor) == E_RESTART) {
        steps++;
        assert_int_equal(cursor, steps * 64);
        assert_int_equal(gnttab_nr_maptrack(dom(0)), 1024 - steps * 64);
    }
    assert_int_equal(steps, 15);
    assert_int_equal(dom(1)->refs.count, 1);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(entry_of(1, 20)->flags, GTF_permit_access);
    /* The leaves keep the page until the mapper's stage 2 goes. */
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED + 1024);
}

static void unmapping_is_refused(void **state)
{
    u64 mfn;
    grant(1, 8, 0, 3, 0);
    grant(1, 9, 0, 4, 0);
    assert_int_equal(unmap(0, HOLE, 0), GNTST_bad_handle); /* no page of handles yet */
    u32 a = map(0, 1, 8, HOLE, HOST).handle;
    assert_int_equal(unmap(0, HOLE, a + 1), GNTST_bad_handle);
    assert_int_equal(unmap(0, HOLE, 256), GNTST_bad_handle);
    assert_int_equal(unmap(0, HOLE, ~0u), GNTST_bad_handle);
    world_become(1, 0);
    assert_int_equal(unmap(1, HOLE, a), GNTST_bad_handle); /* not this domain's */
    world_become(0, 0);
    assert_int_equal(unmap(0, HOLE + 1, a), GNTST_general_error);
    assert_int_equal(unmap(0, HOLE + (1ULL << 28), a), GNTST_general_error);
    assert_int_equal(unmap(0, 0, a), GNTST_okay); /* nothing asked for, nothing done */
    assert_int_equal(seen_at(0, HOLE, &mfn), P2M_GRANT_RW);
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 1);

    /* Another page has taken its place: its leaf is not ours to remove. */
    u32 b = map(0, 1, 9, HOLE, HOST).handle;
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED + 1);
    assert_int_equal(unmap(0, HOLE, a), GNTST_general_error);
    assert_int_equal(seen_at(0, HOLE, &mfn), P2M_GRANT_RW);
    assert_int_equal(mfn, world_ram_mfn[1][4].mfn);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    assert_int_equal(unmap(0, HOLE, b), GNTST_okay);
    /* Now there is nothing: the pin goes. */
    assert_int_equal(unmap(0, HOLE, a), GNTST_okay);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(world_frame(1, 4)->refs, FRAME_OWNED);
}

/* A batch: every leaf is gone and flushed before the first pin goes; a handle twice is one. */
static void a_batch_of_unmaps(void **state)
{
    struct gnttab_unmaps batch;
    u32 handle[GNTTAB_UNMAPS_MAX];
    u64 mfn;
    for (u32 i = 0; i < GNTTAB_UNMAPS_MAX; i++) {
        grant(1, 8 + i, 0, i, 0);
        handle[i] = map(0, 1, 8 + i, HOLE + i, HOST).handle;
    }
    p2m_activate(dom(0)->p2m);
    for (u32 i = 0; i < GNTTAB_UNMAPS_MAX; i++) {
        fake_tlb_touch(dom(0)->p2m, (gfn_t){HOLE + i});
    }
    gnttab_unmap_begin(&batch, dom(0));
    for (u32 i = 0; i < GNTTAB_UNMAPS_MAX; i++) {
        struct xen_gnttab_unmap_grant_ref op = {
            .host_addr = (HOLE + i) << PAGE_SHIFT, .handle = handle[i], .status = 77};
        gnttab_unmap(&batch, &op);
        assert_int_equal(op.status, GNTST_okay);
        op.status = 77;
        gnttab_unmap(&batch, &op);
        assert_int_equal(op.status, GNTST_bad_handle);
        assert_int_equal(entry_of(1, 8 + i)->flags, GTF_permit_access | GTF_reading | GTF_writing);
    }
    gnttab_unmap_end(&batch);
    for (u32 i = 0; i < GNTTAB_UNMAPS_MAX; i++) {
        assert_false(fake_tlb_has(dom(0)->p2m, (gfn_t){HOLE + i}));
        assert_int_equal(seen_at(0, HOLE + i, &mfn), P2M_NONE);
        assert_int_equal(entry_of(1, 8 + i)->flags, GTF_permit_access);
        assert_int_equal(world_frame(1, i)->refs, FRAME_OWNED);
    }
    assert_int_equal(gnttab_nr_maptrack(dom(0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_is_mapped_and_unmapped),
        TEST(readonly_mappings),
        TEST(pins_of_both_kinds),
        TEST(the_page_is_the_one_that_was_pinned),
        TEST(flags_that_arm_has_not),
        TEST(a_guess_costs_the_granter_nothing),
        TEST(entries_that_do_not_permit),
        TEST(pages_that_are_not_its_own),
        TEST(who_may),
        TEST(to_oneself),
        TEST(where_it_may_be_mapped),
        TEST(without_tables_nothing_stays),
        TEST(too_many_pins),
        TEST(handles_are_given_again),
        TEST(handles_run_out),
        TEST(unmapping_is_refused),
        TEST(a_batch_of_unmaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
