/* SPDX-License-Identifier: MIT */
#include "call/memory_fake_test.h"

/* --- add_to_physmap --- */

static s64 add(u16 domid, u32 space, u64 idx, u64 gfn)
{
    const struct xen_add_to_physmap a = {.domid = domid, .space = space, .idx = idx, .gpfn = gfn};
    put(ARG, &a, sizeof(a));
    return call(XENMEM_add_to_physmap, at(ARG));
}

static s64 remove_page(u16 domid, u64 gfn)
{
    const struct xen_remove_from_physmap a = {.domid = domid, .gpfn = gfn};
    put(ARG, &a, sizeof(a));
    return call(XENMEM_remove_from_physmap, at(ARG));
}

static void test_add_shared_info(void **state)
{
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 1, GFN), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN), OK);
    assert_int_equal(mfn_of(guest, GFN, P2M_SHARED_RW, 0), frame_to_mfn(guest->shared_info).mfn);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN + 1), E_BUSY);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN + 1), OK);
    assert_int_equal(guest->shared_info->refs, 1);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_add_grant_frames(void **state)
{
    grant_restarts = 2;
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN), OK);
    assert_int_equal(stays, 3);
    assert_int_equal(mfn_of(guest, GFN, P2M_SHARED_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN), OK);
    /* It moves. */
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN + 1), OK);
    assert_false(is_mapped(guest, GFN));
    assert_int_equal(mfn_of(guest, GFN + 1, P2M_SHARED_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(grant[2]->refs, 1);
    /* No memory for the tables of the new place: it stays at the old one. */
    fake_fail_after(0);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 2, GFN + (1 << 18)), E_NOMEM);
    fake_fail_never();
    assert_int_equal(mfn_of(guest, GFN + 1, P2M_SHARED_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 3, GFN), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 1ULL << 32, GFN), E_INVAL);
    assert_int_equal(
        add(XEN_DOMID_SELF, XENMAPSPACE_grant_table, XENMAPIDX_grant_table_status, GFN), E_INVAL);
}

static void test_add_over_ram_keeps_the_page_owned(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, GFN), OK);
    assert_int_equal(guest->nr_pages, 2);
    assert_int_equal(decrease(gfn, 1, 0), 0);
}

static void test_add_refuses(void **state)
{
    assert_int_equal(add(0, XENMAPSPACE_shared_info, 0, GFN), E_PERM);
    assert_int_equal(add(9, XENMAPSPACE_shared_info, 0, GFN), E_SRCH);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_gmfn, ARGS, GFN), E_NOSYS);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, ARGS, GFN), E_NOSYS);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_gmfn_range, ARGS, GFN), OK);
    assert_int_equal(add(XEN_DOMID_SELF, 99, 0, GFN), E_NOSYS);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_shared_info, 0, P2M_GFN_END), E_INVAL);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9000, GFN), E_ACCES);
    assert_int_equal(call(XENMEM_add_to_physmap, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_add_to_physmap | 0x10000ULL << 6, ARG), E_DOM);
    const struct xen_add_to_physmap a = {.domid = XEN_DOMID_SELF,
                                         .space = XENMAPSPACE_gmfn_range,
                                         .size = 2,
                                         .idx = ARGS,
                                         .gpfn = GFN};
    put(ARG, &a, sizeof(a));
    assert_int_equal(call(XENMEM_add_to_physmap, ARG), E_NOSYS);
    assert_int_equal(call(XENMEM_add_to_physmap | 3 << 6, ARG), E_ILSEQ);
    assert_int_equal(call(XENMEM_add_to_physmap | 2 << 6, ARG), OK);
    assert_false(is_mapped(guest, GFN));
}

static void test_add_device_page(void **state)
{
    become(control);
    assert_int_equal(p2m_map(control->p2m, (gfn_t){0x9000}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9000, GFN), OK);
    assert_int_equal(mfn_of(control, GFN, P2M_DEVICE_CACHED, 0), 0x9000);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9001, GFN + 1), OK);
    assert_false(is_mapped(control, GFN + 1));
    /* Neither RAM nor what is there already. */
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, control->hvm_param[0], GFN + 1), OK);
    assert_false(is_mapped(control, GFN + 1));
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0x9000, 0x9000), OK);
    assert_int_equal(mfn_of(control, 0x9000, P2M_DEVICE, 0), 0x9000);
    assert_int_equal(add(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, GFN, GFN + 1), OK);
    assert_false(is_mapped(control, GFN + 1));
    assert_int_equal(add(1, XENMAPSPACE_dev_mmio, 0x9000, GFN), E_ACCES);
    assert_int_equal(add(1, XENMAPSPACE_shared_info, 0, GFN), OK); /* for a guest it may act on */
}

/* --- batches --- */

static s64 batch(u16 domid, u32 space, u16 foreign, u32 n, const u64 *idx, const u64 *gfn)
{
    const struct xen_add_to_physmap_batch b = {
        .domid = domid,
        .space = (u16)space,
        .size = (u16)n,
        .u = {.foreign_domid = foreign},
        .idxs = {at(LIST)},
        .gpfns = {at(LIST2)},
        .errs = {at(ERRS)},
    };
    s32 none[8] = {77, 77, 77, 77, 77, 77, 77, 77};
    put(ARG, &b, sizeof(b));
    put(ERRS, none, sizeof(none));
    put_list(LIST, idx, n);
    put_list(LIST2, gfn, n);
    return call(XENMEM_add_to_physmap_batch, at(ARG));
}

static s32 err_of(u32 i)
{
    return ((s32 *)fake_at(caller, (gaddr_t){at(ERRS)}))[i];
}

static void test_foreign_map_and_unmap(void **state)
{
    become(control);
    struct frame *f = frame_at(guest, ARGS);
    const u64 idx[3] = {ARGS, ARGS + 1, ARGS}, gfn[3] = {GFN, GFN + 1, P2M_GFN_END};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 3, idx, gfn), OK);
    assert_int_equal(err_of(0), OK);
    assert_int_equal(err_of(1), E_INVAL);
    assert_int_equal(err_of(2), E_INVAL);
    assert_int_equal(mfn_of(control, GFN, P2M_FOREIGN_RW, 0), frame_to_mfn(f).mfn);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
    assert_int_equal(f->writable_maps, 1);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_NOENT);
}

static void test_foreign_map_of_shared_and_borrowed(void **state)
{
    become(control);
    assert_int_equal(p2m_map_shared(guest->p2m, (gfn_t){GFN}, guest->shared_info), OK);
    struct frame *f = frame_at(other, ARGS);
    assert_true(frame_get(f, other->id));
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + 1}, frame_to_mfn(f), 0, P2M_GRANT_RW), OK);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + 2}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    const u64 idx[3] = {GFN, GFN + 1, GFN + 2}, gfn[3] = {GFN, GFN + 1, GFN + 2};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 3, idx, gfn), OK);
    assert_int_equal(err_of(0), OK);
    assert_int_equal(guest->shared_info->refs, 2);
    assert_int_equal(err_of(1), E_INVAL);
    assert_int_equal(err_of(2), E_INVAL);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
}

static void test_foreign_map_read_only(void **state)
{
    become(control);
    struct frame *f = frame_at(guest, ARGS);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){ARGS}, frame_to_mfn(f), 0, P2M_RAM_RO), OK);
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    (void)mfn_of(control, GFN, P2M_FOREIGN_RO, 0);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(f->refs, FRAME_OWNED + 1);
}

static void test_foreign_map_permissions(void **state)
{
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 2, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_PERM);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 0, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_PERM);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_INVAL);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, XEN_DOMID_SELF, 1, idx, gfn),
                     OK);
    assert_int_equal(err_of(0), E_INVAL);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 9, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_SRCH);
    assert_int_equal(batch(2, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), E_PERM);
    assert_int_equal(err_of(0), 77);
    /* The control domain cannot give one guest another's page either. */
    become(control);
    assert_int_equal(batch(2, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_PERM);
    assert_false(is_mapped(other, GFN));
}

static void test_foreign_page_outlives_its_domain(void **state)
{
    become(control);
    struct frame *f = frame_at(other, ARGS);
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 2, 1, idx, gfn), OK);
    fake_kill(other);
    assert_non_null(dom_find((domid_t){2}));
    assert_int_equal(f->state, FRAME_GUEST);
    assert_int_equal(f->refs, 1);
    become(control);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(f->state, FRAME_FREE);
    fake_rcu();
    assert_null(dom_find((domid_t){2}));
    other = fake_domain(2, false, false, 16);
}

static void test_foreign_map_without_memory(void **state)
{
    become(control);
    struct frame *f = frame_at(guest, ARGS);
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    fake_fail_after(0);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 1, idx, gfn), OK);
    fake_fail_never();
    assert_int_equal(err_of(0), E_NOMEM);
    assert_int_equal(f->refs, FRAME_OWNED);
}

static void test_batch_restarts(void **state)
{
    become(control);
    const u64 idx[3] = {ARGS, ARGS, ARGS}, gfn[3] = {GFN, GFN + 1, GFN + 2};
    short_stays = true;
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 3, idx, gfn), OK);
    assert_int_equal(stays, 3);
    assert_int_equal(arg0, XENMEM_add_to_physmap_batch | 2 << 6);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(err_of(i), OK);
    }
    assert_int_equal(frame_at(guest, ARGS)->refs, FRAME_OWNED + 3);
    short_stays = false;
    become(guest);
    grant_restarts = 1;
    const u64 one[2] = {0, 1};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_grant_table, 0, 2, one, gfn), OK);
    assert_int_equal(stays, 2);
    assert_int_equal(mfn_of(guest, GFN + 1, P2M_SHARED_RW, 0), frame_to_mfn(grant[1]).mfn);
}

static void test_batch_refuses(void **state)
{
    const u64 idx[1] = {ARGS}, gfn[1] = {GFN};
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_range, 0, 1, idx, gfn), E_OPNOTSUPP);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 5, 1, idx, gfn), E_ACCES);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_dev_mmio, 0, 1, idx, gfn), E_ACCES);
    assert_int_equal(batch(9, XENMAPSPACE_gmfn_foreign, 2, 1, idx, gfn), E_SRCH);
    assert_int_equal(batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn, 0, 1, idx, gfn), OK);
    assert_int_equal(err_of(0), E_NOSYS);
    assert_int_equal(call(XENMEM_add_to_physmap_batch, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_add_to_physmap_batch | 0x10000ULL << 6, ARG), E_DOM);
    assert_int_equal(call(XENMEM_add_to_physmap_batch | 2 << 6, ARG), E_ILSEQ);
    assert_int_equal(call(XENMEM_add_to_physmap_batch | 1 << 6, ARG), OK);
    struct xen_add_to_physmap_batch b = {.domid = XEN_DOMID_SELF,
                                         .space = XENMAPSPACE_gmfn,
                                         .size = 1,
                                         .idxs = {LIST},
                                         .gpfns = {LIST2}};
    guest_handle_t *handle[3] = {&b.idxs, &b.gpfns, &b.errs};
    for (u32 i = 0; i < 3; i++) {
        b.idxs.p = LIST;
        b.gpfns.p = LIST2;
        b.errs.p = ERRS;
        handle[i]->p = NOWHERE;
        put(ARG, &b, sizeof(b));
        assert_int_equal(call(XENMEM_add_to_physmap_batch, ARG), E_FAULT);
    }
}

/* --- remove --- */

static void test_remove_own_ram_keeps_it_owned(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    struct frame *f = frame_at(guest, GFN);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_false(is_mapped(guest, GFN));
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(guest->nr_pages, 2);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_NOENT);
    assert_int_equal(decrease(gfn, 1, 0), 0);
}

static void test_remove_refuses(void **state)
{
    assert_int_equal(remove_page(0, 5), E_PERM);
    assert_int_equal(remove_page(9, 5), E_SRCH);
    assert_int_equal(remove_page(XEN_DOMID_SELF, ~0ULL), E_NOENT);
    assert_int_equal(call(XENMEM_remove_from_physmap, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_remove_from_physmap | 1 << 6, ARG), E_INVAL);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN}, (mfn_t){0x9000}, 0, P2M_DEVICE), OK);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_NOENT);
    struct frame *f = frame_at(other, ARGS);
    for (enum p2m_type t = P2M_GRANT_RW; t <= P2M_GRANT_RO; t++) {
        assert_true(frame_get(f, other->id));
        assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN}, frame_to_mfn(f), 0, t), OK);
        assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), E_INVAL);
        assert_true(is_mapped(guest, GFN));
    }
}

/* --- acquire_resource --- */

static s64 acquire(struct xen_mem_acquire_resource a)
{
    put(ARG, &a, sizeof(a));
    return call(XENMEM_acquire_resource, at(ARG));
}

static void test_acquire(void **state)
{
    become(control);
    const u64 gfn[2] = {GFN, GFN + 5};
    put_list(LIST, gfn, 2);
    struct xen_mem_acquire_resource a = {.domid = 1,
                                         .type = XENMEM_resource_grant_table,
                                         .nr_frames = 2,
                                         .frame = 1,
                                         .frame_list = {at(LIST)}};
    grant_restarts = 1;
    short_stays = true;
    assert_int_equal(acquire(a), OK);
    assert_int_equal(stays, 3);
    assert_int_equal(mfn_of(control, GFN, P2M_FOREIGN_RW, 0), frame_to_mfn(grant[1]).mfn);
    assert_int_equal(mfn_of(control, GFN + 5, P2M_FOREIGN_RW, 0), frame_to_mfn(grant[2]).mfn);
    assert_int_equal(grant[1]->refs, 2);
    assert_int_equal(remove_page(XEN_DOMID_SELF, GFN), OK);
    assert_int_equal(grant[1]->refs, 1);
    a.frame_list.p = 0;
    a.nr_frames = 0;
    assert_int_equal(acquire(a), OK);
    assert_int_equal(
        ((struct xen_mem_acquire_resource *)fake_at(control, (gaddr_t){at(ARG)}))->nr_frames, 3);
}

static void test_acquire_refuses(void **state)
{
    const u64 gfn[2] = {GFN, P2M_GFN_END};
    const struct xen_mem_acquire_resource good = {
        .domid = 1, .type = XENMEM_resource_grant_table, .nr_frames = 1, .frame_list = {LIST}};
    put_list(LIST, gfn, 2);
    assert_int_equal(acquire(good), E_PERM);
    struct xen_mem_acquire_resource a = good;
    a.domid = 0;
    assert_int_equal(acquire(a), E_PERM);

    become(control);
    put_list(LIST, gfn, 2);
#define REFUSED(change, error)               \
    do {                                     \
        a = good;                            \
        a.frame_list.p = at(LIST);           \
        change;                              \
        assert_int_equal(acquire(a), error); \
    } while (0)
    REFUSED(a.domid = 9, E_SRCH);
    REFUSED(a.domid = 0, E_PERM);
    REFUSED(a.domid = XEN_DOMID_SELF, E_SRCH);
    REFUSED(a.domid = 2, E_INVAL);
    REFUSED(a.pad = 1, E_INVAL);
    REFUSED(a.frame = 1ULL << 32, E_INVAL);
    REFUSED((a.frame = 0xffffffff, a.nr_frames = 1), E_INVAL);
    REFUSED(a.frame = 3, E_INVAL);
    REFUSED(a.nr_frames = 4, E_INVAL);
    REFUSED(a.type = XENMEM_resource_ioreq_server, E_INVAL);
    REFUSED(a.id = XENMEM_resource_grant_table_id_status, E_INVAL);
    REFUSED(a.frame_list.p = 0, E_INVAL);
    REFUSED(a.frame_list.p = NOWHERE, E_FAULT);
    REFUSED(a.frame_list.p = at(LIST) + 8, E_INVAL);
    REFUSED(a.nr_frames = 2, E_IO);
    assert_int_equal(grant[0]->refs, 2);
    assert_int_equal(grant[1]->refs, 1);
    assert_int_equal(call(XENMEM_acquire_resource, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_acquire_resource | 3 << 6, at(ARG)), E_INVAL);
    assert_int_equal(call(XENMEM_acquire_resource | 2 << 6, at(ARG)), OK); /* all done before */
}

/* Each allocation of a mixed sequence fails once; afterwards nothing is lost (end() counts). */
static void test_each_allocation_fails_once(void **state)
{
    const u64 page[2] = {GFN, GFN + 0x40000}, block[1] = {GFN + 512};
    for (u32 n = 0; n < 12; n++) {
        become(guest);
        fake_fail_after(n);
        (void)populate(page, 2, 0);
        (void)populate(block, 1, 9);
        (void)decrease(block, 1, 0);
        become(control);
        (void)batch(XEN_DOMID_SELF, XENMAPSPACE_gmfn_foreign, 1, 2, page, page);
        fake_fail_never();
        (void)remove_page(XEN_DOMID_SELF, page[0]);
        (void)remove_page(XEN_DOMID_SELF, page[1]);
        become(guest);
        (void)decrease(page, 2, 0);
        (void)decrease(&page[1], 1, 0);
        (void)decrease(block, 1, 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_add_shared_info),
        TEST(test_add_grant_frames),
        TEST(test_add_over_ram_keeps_the_page_owned),
        TEST(test_add_refuses),
        TEST(test_add_device_page),
        TEST(test_foreign_map_and_unmap),
        TEST(test_foreign_map_of_shared_and_borrowed),
        TEST(test_foreign_map_read_only),
        TEST(test_foreign_map_permissions),
        TEST(test_foreign_page_outlives_its_domain),
        TEST(test_foreign_map_without_memory),
        TEST(test_batch_restarts),
        TEST(test_batch_refuses),
        TEST(test_remove_own_ram_keeps_it_owned),
        TEST(test_remove_refuses),
        TEST(test_acquire),
        TEST(test_acquire_refuses),
        TEST(test_each_allocation_fails_once),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
