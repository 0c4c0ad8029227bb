/* SPDX-License-Identifier: MIT */
#include "gnttab/fixture_test.h"

#define SELF 0x7ff0

static s16 copy(u32 caller, struct xen_gnttab_copy op)
{
    op.status = 77;
    world_become(caller, 0);
    gnttab_copy(dom(caller), &op);
    return op.status;
}

static void fill(u32 domain, u32 page, u32 seed)
{
    for (u32 i = 0; i < PAGE_SIZE; i++) {
        world_ram(domain, page)[i] = (u8)(i * 7 + i / 256 + seed);
    }
}

/* Bytes [to, to + n) of d's page are those of s's from on; all others are 0. */
static void expect(u32 d, u32 d_page, u32 to, u32 n, u32 s, u32 s_page, u32 from)
{
    for (u32 i = 0; i < PAGE_SIZE; i++) {
        u8 byte = i >= to && i < to + n ? world_ram(s, s_page)[from + i - to] : 0;
        assert_int_equal(world_ram(d, d_page)[i], byte);
    }
}

static struct frame *dirtied;

static void note_dirty(struct frame *f)
{
    dirtied = f;
}

static void from_a_grant_to_ones_own(void **state)
{
    grant(1, 8, 0, 3, GTF_readonly);
    fill(1, 3, 1);
    guest_dirty_hook = NULL;
    struct xen_gnttab_copy op = {
        .source = {.u.ref = 8, .domid = 1, .offset = 100},
        .dest = {.u.gmfn = world_gfn(5).gfn, .domid = SELF, .offset = 2000},
        .len = 1500,
        .flags = GNTCOPY_source_gref,
    };
    guest_dirty_hook = note_dirty;
    assert_int_equal(copy(0, op), GNTST_okay);
    guest_dirty_hook = NULL;
    expect(0, 5, 2000, 1500, 1, 3, 100);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(world_frame(0, 5)->refs, FRAME_OWNED);
}

static void from_ones_own_to_a_grant(void **state)
{
    grant(1, 8, 0, 3, 0);
    fill(0, 5, 2);
    struct xen_gnttab_copy op = {
        .source = {.u.gmfn = world_gfn(5).gfn, .domid = SELF, .offset = 0},
        .dest = {.u.ref = 8, .domid = 1, .offset = 0},
        .len = 4096,
        .flags = GNTCOPY_dest_gref,
    };
    dirtied = NULL;
    assert_int_equal(copy(0, op), GNTST_okay);
    expect(1, 3, 0, 4096, 0, 5, 0);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(world_frame(0, 5)->refs, FRAME_OWNED);
    /* What may only be read is not written. */
    grant(1, 8, 0, 3, GTF_readonly);
    assert_int_equal(copy(0, op), GNTST_general_error);
    assert_int_equal(world_frame(0, 5)->refs, FRAME_OWNED);
}

static void between_two_grants(void **state)
{
    grant(1, 8, 0, 3, GTF_readonly);
    grant(2, 9, 0, 4, 0);
    fill(1, 3, 3);
    struct xen_gnttab_copy op = {
        .source = {.u.ref = 8, .domid = 1, .offset = 4095},
        .dest = {.u.ref = 9, .domid = 2, .offset = 4095},
        .len = 1,
        .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref,
    };
    assert_int_equal(copy(0, op), GNTST_okay); /* dom0 brings two guests together */
    expect(2, 4, 4095, 1, 1, 3, 4095);
    /* A guest by its own grant, to itself. */
    grant(1, 10, 1, 6, 0);
    op.source.domid = SELF;
    op.source.u.ref = 10;
    op.dest.domid = SELF;
    op.dest.u.ref = 10;
    op.dest.offset = 17;
    world_ram(1, 6)[4095] = 0x5a;
    assert_int_equal(copy(1, op), GNTST_okay);
    assert_int_equal(world_ram(1, 6)[17], 0x5a);
    assert_int_equal(entry_of(1, 10)->flags, GTF_permit_access);
}

static void within_one_page(void **state)
{
    fill(0, 5, 4);
    u8 before[PAGE_SIZE];
    memcpy(before, world_ram(0, 5), PAGE_SIZE);
    struct xen_gnttab_copy op = {
        .source = {.u.gmfn = world_gfn(5).gfn, .domid = SELF, .offset = 10},
        .dest = {.u.gmfn = world_gfn(5).gfn, .domid = SELF, .offset = 11},
        .len = 1000,
    };
    assert_int_equal(copy(0, op), GNTST_okay);
    assert_memory_equal(world_ram(0, 5) + 11, before + 10, 1000);
    assert_memory_equal(world_ram(0, 5) + 1011, before + 1011, PAGE_SIZE - 1011);
    op.len = 0;
    assert_int_equal(copy(0, op), GNTST_okay);
}

static void beyond_a_page(void **state)
{
    grant(1, 8, 0, 3, 0);
    struct xen_gnttab_copy good = {
        .source = {.u.gmfn = world_gfn(5).gfn, .domid = SELF, .offset = 1},
        .dest = {.u.ref = 8, .domid = 1, .offset = 1},
        .len = 4095,
        .flags = GNTCOPY_dest_gref,
    };
    assert_int_equal(copy(0, good), GNTST_okay);
    struct xen_gnttab_copy op = good;
    op.source.offset = 2;
    assert_int_equal(copy(0, op), GNTST_bad_copy_arg);
    op = good;
    op.dest.offset = 2;
    assert_int_equal(copy(0, op), GNTST_bad_copy_arg);
    op = good;
    op.len = 65535;
    assert_int_equal(copy(0, op), GNTST_bad_copy_arg);
    op = good;
    op.source.offset = 65535;
    assert_int_equal(copy(0, op), GNTST_bad_copy_arg);
    assert_int_equal(entry_of(1, 8)->flags, GTF_permit_access);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    assert_int_equal(world_frame(0, 5)->refs, FRAME_OWNED);
}

static void who_may(void **state)
{
    grant(1, 8, 0, 3, 0);
    grant(1, 9, 2, 3, 0);
    struct xen_gnttab_copy good = {
        .source = {.u.gmfn = world_gfn(5).gfn, .domid = SELF},
        .dest = {.u.ref = 8, .domid = 1},
        .len = 16,
        .flags = GNTCOPY_dest_gref,
    };
    struct xen_gnttab_copy op = good;
    op.source.domid = 1; /* by frame only one's own, and by that name */
    assert_int_equal(copy(0, op), GNTST_permission_denied);
    op.source.domid = 0;
    assert_int_equal(copy(0, op), GNTST_permission_denied);
    op = good;
    op.flags = 0;
    assert_int_equal(copy(0, op), GNTST_permission_denied);
    op.dest.domid = 77; /* who is not there comes before what is not allowed */
    assert_int_equal(copy(0, op), GNTST_bad_domain);
    op = good;
    op.dest.domid = 77;
    assert_int_equal(copy(0, op), GNTST_bad_domain);
    op = good;
    op.dest.u.ref = 512;
    assert_int_equal(copy(0, op), GNTST_bad_gntref);
    op = good;
    op.source.u.gmfn = WORLD_NOWHERE;
    assert_int_equal(copy(0, op), GNTST_bad_page);
    op = good;
    op.source.u.gmfn = ~0ULL;
    assert_int_equal(copy(0, op), GNTST_bad_page);
    /* Granted to somebody else. */
    op = good;
    op.dest.u.ref = 9;
    assert_int_equal(copy(0, op), GNTST_general_error);
    /* Guests among each other. */
    assert_int_equal(copy(2, op), GNTST_permission_denied);
    domain_policy_open = true;
    assert_int_equal(copy(2, op), GNTST_okay);
    assert_int_equal(entry_of(1, 9)->flags, GTF_permit_access);
}

static void pages_that_one_cannot_copy_from(void **state)
{
    /* A mapped grant is not one's own page. */
    grant(1, 8, 0, 3, 0);
    world_become(0, 0);
    struct xen_gnttab_map_grant_ref m = map(0, 1, 8, HOLE, HOST);
    assert_int_equal(m.status, GNTST_okay);
    struct xen_gnttab_copy op = {
        .source = {.u.gmfn = HOLE, .domid = SELF},
        .dest = {.u.gmfn = world_gfn(5).gfn, .domid = SELF},
        .len = 16,
    };
    assert_int_equal(copy(0, op), GNTST_bad_page);
    assert_int_equal(unmap(0, HOLE, m.handle), GNTST_okay);
    /* Nor one to write to that may only be read. */
    assert_int_equal(p2m_map(dom(0)->p2m, world_gfn(6), world_ram_mfn[0][6], 0, P2M_RAM_RO), OK);
    op.source.u.gmfn = world_gfn(6).gfn;
    assert_int_equal(copy(0, op), GNTST_okay);
    op.source.u.gmfn = world_gfn(5).gfn;
    op.dest.u.gmfn = world_gfn(6).gfn;
    assert_int_equal(copy(0, op), GNTST_bad_page);
    /* A sub-page grant is a matter of version 2, but its type is one of access. */
    grant(1, 9, 0, 3, GTF_sub_page);
    op.dest = (struct xen_gnttab_copy_ptr){.u.ref = 9, .domid = 1};
    op.flags = GNTCOPY_dest_gref;
    assert_int_equal(copy(0, op), GNTST_okay);
    /* Cache attributes matter to mappings only. */
    grant(1, 9, 0, 3, GTF_PAT);
    assert_int_equal(copy(0, op), GNTST_okay);
}

static void a_copy_dirties_its_target(void **state)
{
    grant(1, 8, 0, 3, 0);
    struct xen_gnttab_copy op = {
        .source = {.u.gmfn = world_gfn(5).gfn, .domid = SELF},
        .dest = {.u.ref = 8, .domid = 1},
        .len = 16,
        .flags = GNTCOPY_dest_gref,
    };
    /* The last write of the call is the entry's flags: look at the page's own. */
    struct gpage from, to;
    gpage_from_frame(dom(0), world_frame(0, 5), &from);
    gpage_from_frame(dom(1), world_frame(1, 3), &to);
    guest_dirty_hook = note_dirty;
    gpage_copy(&to, 0, &from, 0, 16);
    assert_ptr_equal(dirtied, world_frame(1, 3));
    guest_dirty_hook = NULL;
    assert_int_equal(copy(0, op), GNTST_okay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(from_a_grant_to_ones_own),
        TEST(from_ones_own_to_a_grant),
        TEST(between_two_grants),
        TEST(within_one_page),
        TEST(beyond_a_page),
        TEST(who_may),
        TEST(pages_that_one_cannot_copy_from),
        TEST(a_copy_dirties_its_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
