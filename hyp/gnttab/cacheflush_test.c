/* SPDX-License-Identifier: MIT */
#include "gnttab/fixture_test.h"

#include "cpu/cache_host.h"

static u32 cursor;

static enum err flush(u32 caller, mfn_t mfn, u32 offset, u32 length, u32 op)
{
    struct xen_gnttab_cache_flush f = {
        .a.dev_bus_addr = mfn.mfn << PAGE_SHIFT,
        .offset = (u16)offset,
        .length = (u16)length,
        .op = op,
    };
    world_become(caller, 0);
    return gnttab_cache_flush(dom(caller), &f, &cursor);
}

static void its_own_page(void **state)
{
    cursor = 0;
    u8 *page = world_ram(1, 3);
    cache_host_reset();
    cache_host_dirty(page, PAGE_SIZE);
    assert_int_equal(flush(1, world_ram_mfn[1][3], 128, 256, GNTTAB_CACHE_CLEAN), OK);
    assert_true(cache_host_is_clean(page + 128, 256));
    assert_false(cache_host_is_clean(page + 64, 64));
    assert_false(cache_host_is_clean(page + 384, 64));
    assert_int_equal(flush(1, world_ram_mfn[1][3], 0, 64, GNTTAB_CACHE_INVAL), OK);
    assert_true(cache_host_is_clean(page, 64));
    assert_int_equal(
        flush(1, world_ram_mfn[1][3], 0, 4096, GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL), OK);
    assert_true(cache_host_is_clean(page, PAGE_SIZE));
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    cache_host_reset();
}

static void arguments(void **state)
{
    mfn_t own = world_ram_mfn[1][3];
    cursor = 0;
    assert_int_equal(flush(1, own, 4096, 0, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(flush(1, own, 0, 4097, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(flush(1, own, 4095, 2, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(flush(1, own, 65535, 65535, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(flush(1, own, 4095, 1, GNTTAB_CACHE_CLEAN), OK);
    assert_int_equal(flush(1, own, 0, 4096, GNTTAB_CACHE_CLEAN), OK);
    assert_int_equal(flush(1, own, 0, 16, GNTTAB_CACHE_SOURCE_GREF | GNTTAB_CACHE_CLEAN),
                     E_OPNOTSUPP);
    assert_int_equal(flush(1, own, 0, 16, 4), E_INVAL);
    assert_int_equal(flush(1, own, 0, 16, GNTTAB_CACHE_CLEAN | 4), E_INVAL);
    /* Nothing to do is done, whatever else is wrong. */
    assert_int_equal(flush(1, (mfn_t){1}, 0, 0, GNTTAB_CACHE_CLEAN), OK);
    assert_int_equal(flush(1, (mfn_t){1}, 0, 16, 0), OK);
    assert_int_equal(flush(1, (mfn_t){1}, 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(flush(1, (mfn_t){~0ULL >> 12}, 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
}

static void pages_of_nobody(void **state)
{
    struct frame *heap;
    cursor = 0;
    assert_int_equal(frame_alloc(0, &heap), OK);
    assert_int_equal(flush(0, frame_to_mfn(heap), 0, 16, GNTTAB_CACHE_CLEAN), E_PERM);
    frame_free(heap, 0);
    assert_int_equal(flush(0, frame_to_mfn(heap), 0, 16, GNTTAB_CACHE_CLEAN), E_PERM);
    /* the hypervisor's, shared */
    assert_int_equal(flush(1, frame_to_mfn(dom(1)->shared_info), 0, 16, GNTTAB_CACHE_CLEAN),
                     E_PERM);
    /* a page whose record was never written */
    mfn_t last = {(FAKE_RAM + WORLD_BYTES) / PAGE_SIZE - 3};
    assert_int_equal(flush(0, last, 0, 16, GNTTAB_CACHE_CLEAN), E_PERM);
}

static void another_domains_page(void **state)
{
    cursor = 0;
    /* dom0 may: it can map any page. */
    assert_int_equal(flush(0, world_ram_mfn[1][3], 0, 16, GNTTAB_CACHE_INVAL), OK);
    /* A guest only what it has pinned. */
    assert_int_equal(flush(2, world_ram_mfn[1][3], 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    domain_policy_open = true;
    grant(1, 300, 2, 3, 0);
    world_become(2, 0);
    struct xen_gnttab_map_grant_ref m = map(2, 1, 300, HOLE, HOST_RO);
    assert_int_equal(m.status, GNTST_okay);
    assert_int_equal(flush(2, world_ram_mfn[1][3], 0, 16, GNTTAB_CACHE_CLEAN), OK);
    assert_int_equal(flush(2, world_ram_mfn[1][4], 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(unmap(2, HOLE, m.handle), GNTST_okay);
    assert_int_equal(flush(2, world_ram_mfn[1][3], 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    /* pinned by dom0 is not pinned by 2 */
    grant(1, 301, 0, 3, 0);
    world_become(0, 0);
    m = map(0, 1, 301, HOLE, HOST_RO);
    assert_int_equal(flush(2, world_ram_mfn[1][3], 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    assert_int_equal(unmap(0, HOLE, m.handle), GNTST_okay);
    assert_int_equal(world_frame(1, 3)->refs, FRAME_OWNED);
    /* An owner that nobody finds any more. */
    dom(1)->life = DOMAIN_DEAD;
    assert_int_equal(flush(2, world_ram_mfn[1][3], 0, 16, GNTTAB_CACHE_CLEAN), E_PERM);
    dom(1)->life = DOMAIN_ALIVE;
}

/* Many grants in use: the search is continued. */
static void a_long_search(void **state)
{
    domain_policy_open = true;
    assert_int_equal(gnttab_grow(dom(1), 5), OK);
    assert_int_equal(gnttab_grow(dom(1), 8), OK);
    u32 handle[16];
    for (u32 i = 0; i < 16; i++) { /* a page of active entries each */
        grant(1, i * 256 + 255, 2, 10 + i, 0);
        world_become(2, 0);
        struct xen_gnttab_map_grant_ref m = map(2, 1, i * 256 + 255, HOLE + i, HOST);
        assert_int_equal(m.status, GNTST_okay);
        handle[i] = m.handle;
    }
    cursor = 0;
    assert_int_equal(flush(2, world_ram_mfn[1][10], 0, 16, GNTTAB_CACHE_CLEAN), OK);
    assert_int_equal(cursor, 0);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(flush(2, world_ram_mfn[1][25], 0, 16, GNTTAB_CACHE_CLEAN), E_RESTART);
        assert_int_equal(cursor, (i + 1) * 1024);
    }
    assert_int_equal(flush(2, world_ram_mfn[1][25], 0, 16, GNTTAB_CACHE_CLEAN), OK);
    cursor = 3 * 1024;
    assert_int_equal(flush(2, world_ram_mfn[1][10], 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    cursor = ~0u; /* a guest's own idea of a cursor */
    assert_int_equal(flush(2, world_ram_mfn[1][10], 0, 16, GNTTAB_CACHE_CLEAN), E_INVAL);
    for (u32 i = 0; i < 16; i++) {
        assert_int_equal(unmap(2, HOLE + i, handle[i]), GNTST_okay);
    }
}

/* References that were never in use cost nothing. */
static void a_sparse_table(void **state)
{
    domain_policy_open = true;
    assert_int_equal(gnttab_grow(dom(1), 5), OK);
    assert_int_equal(gnttab_grow(dom(1), 8), OK);
    grant(1, 8 * 512 - 256, 2, 10, 0);
    world_become(2, 0);
    struct xen_gnttab_map_grant_ref m = map(2, 1, 8 * 512 - 256, HOLE, HOST);
    assert_int_equal(m.status, GNTST_okay);
    cursor = 0;
    assert_int_equal(flush(2, world_ram_mfn[1][10], 0, 16, GNTTAB_CACHE_CLEAN), OK);
    assert_int_equal(unmap(2, HOLE, m.handle), GNTST_okay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_own_page),         TEST(arguments),     TEST(pages_of_nobody),
        TEST(another_domains_page), TEST(a_long_search), TEST(a_sparse_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
