/* SPDX-License-Identifier: MIT */
/* The world of test/host/domains.h with grant tables; once in each test of this room. */
#ifndef GNTTAB_FIXTURE_TEST_H
#define GNTTAB_FIXTURE_TEST_H

#include "test/host/domains.h"

#include "dom/policy.h"
#include "gnttab/grant.h"
#include "p2m/tlb_host.h"

#define MAX_FRAMES   8u
#define MAX_MAPTRACK 4u

static int start(void **state)
{
    world_start(state);
    domain_policy_open = false;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        assert_int_equal(gnttab_create(&world_domain[n], MAX_FRAMES, MAX_MAPTRACK), OK);
    }
    world_become(0, 0);
    return 0;
}

static int end(void **state)
{
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        u64 cursor = 0;
        while (gnttab_relinquish(&world_domain[n], &cursor) == E_RESTART) {
        }
        assert_int_equal(gnttab_nr_maptrack(&world_domain[n]), 0);
    }
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        gnttab_destroy(&world_domain[n]);
        assert_null(world_domain[n].gnttab);
    }
    return world_end(state);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, end)

static inline struct domain *dom(u32 n)
{
    return &world_domain[n];
}

static inline struct xen_grant_entry_v1 *entry_of(u32 domain, u32 ref)
{
    struct frame *f;
    assert_int_equal(gnttab_frame(dom(domain), ref / 512, &f), OK);
    return (struct xen_grant_entry_v1 *)frame_map(f) + ref % 512;
}

/* domain lets to use its page. */
static inline void grant(u32 domain, u32 ref, u32 to, u32 page, u32 flags)
{
    *entry_of(domain, ref) = (struct xen_grant_entry_v1){
        .flags = (u16)(GTF_permit_access | flags),
        .domid = (u16)to,
        .frame = (u32)(WORLD_RAM + page),
    };
}

static inline struct xen_gnttab_map_grant_ref map(u32 mapper, u32 granter, u32 ref, u64 gfn,
                                                  u32 flags)
{
    struct xen_gnttab_map_grant_ref op = {
        .host_addr = gfn << PAGE_SHIFT,
        .flags = flags,
        .ref = ref,
        .dom = (u16)granter,
        .handle = 0xdead,
        .dev_bus_addr = 0xdead,
        .status = 77,
    };
    gnttab_map(dom(mapper), &op);
    return op;
}

static inline s16 unmap(u32 mapper, u64 gfn, u32 handle)
{
    struct gnttab_unmaps batch;
    struct xen_gnttab_unmap_grant_ref op = {
        .host_addr = gfn << PAGE_SHIFT, .handle = handle, .status = 77};
    gnttab_unmap_begin(&batch, dom(mapper));
    gnttab_unmap(&batch, &op);
    gnttab_unmap_end(&batch);
    return op.status;
}

/* What domain sees at gfn: the type, P2M_NONE for nothing; *mfn the page. */
static inline enum p2m_type seen_at(u32 domain, u64 gfn, u64 *mfn)
{
    mfn_t m;
    enum p2m_type type;
    u32 order;
    if (p2m_lookup(dom(domain)->p2m, (gfn_t){gfn}, &m, &type, &order) != OK) {
        return P2M_NONE;
    }
    *mfn = m.mfn;
    return type;
}

#define HOST    ((u32)GNTMAP_host_map)
#define HOST_RO ((u32)(GNTMAP_host_map | GNTMAP_readonly))
#define HOLE    0x400ULL /* guest frames where nothing is */

#endif
