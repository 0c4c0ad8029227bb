/* SPDX-License-Identifier: MIT */
#include "call/memory_fake_test.h"

/* --- populate --- */

static void test_populate_pages(void **state)
{
    const u64 gfn[3] = {GFN, GFN + 7, GFN + 1};
    assert_int_equal(populate(gfn, 3, 0), 3);
    assert_int_equal(stays, 1);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(mfn_to_frame((mfn_t){mfn_of(guest, gfn[i], P2M_RAM_RW, 0)})->refs,
                         FRAME_OWNED);
        expect_zeroed_and_clean(guest, gfn[i], 1);
    }
    assert_false(is_mapped(guest, GFN + 2));
    assert_int_equal(guest->nr_pages, 4);
    assert_true(cache_host_code_is_coherent());
}

static void test_populate_small_orders(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 8};
    assert_int_equal(populate(gfn, 2, 3), 2);
    u64 m = mfn_of(guest, GFN, P2M_RAM_RW, 0);
    assert_int_equal(mfn_of(guest, GFN + 7, P2M_RAM_RW, 0), m + 7);
    assert_true(is_mapped(guest, GFN + 15));
    expect_zeroed_and_clean(guest, GFN, 16);
    assert_int_equal(guest->nr_pages, 17);
}

static void test_populate_2_mib_in_stays(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 1024};
    assert_int_equal(populate(gfn, 2, 9), 2);
    assert_int_equal(stays, 16);
    assert_int_equal(mfn_of(guest, GFN, P2M_RAM_RW, 9) % 512, 0);
    (void)mfn_of(guest, GFN + 1024 + 511, P2M_RAM_RW, 9);
    assert_false(is_mapped(guest, GFN + 512));
    expect_zeroed_and_clean(guest, GFN, 512);
    expect_zeroed_and_clean(guest, GFN + 1024, 512);
    assert_int_equal(guest->nr_pages, 1025);
    assert_int_equal(frame_at(guest, GFN + 100)->refs, FRAME_OWNED);
}

/* The restart carries the extents that are done in the command, and nothing else changes. */
static void test_restart_encoding(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 512};
    put_list(LIST, gfn, 2);
    const struct xen_memory_reservation r = {
        .extent_start = {LIST}, .nr_extents = 2, .extent_order = 9, .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    struct call_args args = {{XENMEM_populate_physmap, ARG, 3, 4, 5}};
    assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[0], XENMEM_populate_physmap);
    assert_int_equal(args.arg[1], ARG);
    assert_int_equal(args.arg[4], 5);
    assert_int_equal(guest->populate_done_pages, 64);
    assert_false(is_mapped(guest, GFN));
    for (u32 i = 0; i < 6; i++) {
        assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
        assert_int_equal(args.arg[0], XENMEM_populate_physmap);
    }
    assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[0], XENMEM_populate_physmap | 1 << 6);
    assert_true(is_mapped(guest, GFN));
    assert_int_equal(call(args.arg[0], ARG), 2);
}

static void test_work_that_waits_ends_the_stay(void **state)
{
    const u64 gfn[4] = {GFN, GFN + 1, GFN + 2, GFN + 3};
    short_stays = true;
    assert_int_equal(populate(gfn, 4, 0), 4);
    assert_int_equal(stays, 4);
    assert_int_equal(arg0, XENMEM_populate_physmap | 3 << 6);
    assert_int_equal(decrease(gfn, 4, 0), 4);
    assert_int_equal(stays, 4);
    assert_int_equal(guest->nr_pages, 1);
}

/* Time that is up when an extent's tables are made: the extent waits for the next stay. There it is
 * the first and is done, whatever became of the tables. */
static void test_tables_end_a_stay(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 512};
    assert_int_equal(populate(gfn, 1, 0), 1);
    const u64 had = guest->p2m->nr_tables;
    put_list(LIST, gfn, 2);
    const struct xen_memory_reservation r = {
        .extent_start = {LIST}, .nr_extents = 2, .extent_order = 1, .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    struct call_args args = {{XENMEM_populate_physmap, ARG}};
    short_stays = true;
    patience = 3; /* at the start, of the first extent's block, at its end */
    nr_questions = 0;
    assert_int_equal(call_memory_op(vcpu_current(), &args), E_RESTART);
    assert_int_equal(nr_questions, 4);
    assert_int_equal(args.arg[0], XENMEM_populate_physmap | 1 << 6);
    assert_int_equal(guest->p2m->nr_tables, had + 1);
    assert_false(is_mapped(guest, GFN + 512));
    assert_int_equal(guest->nr_pages, 4);
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + 512}, (mfn_t){0x200}, 9, P2M_DEVICE), OK);
    assert_int_equal(guest->p2m->nr_tables, had);
    assert_int_equal(call_memory_op(vcpu_current(), &args), 2);
    assert_int_equal(guest->nr_pages, 6);
    assert_true(is_mapped(guest, GFN + 512));
}

/* However soon a stay must end, each does something: a slow machine is not one that hangs. */
static void test_the_shortest_stays_get_there(void **state)
{
    const u64 block[1] = {GFN};
    u64 page[64];
    for (u32 i = 0; i < 64; i++) {
        page[i] = GFN + 3 * i;
    }
    assert_int_equal(populate(page, 64, 0), 64);
    short_stays = true;
    assert_int_equal(populate(block, 1, 9), 1);
    assert_in_range(stays, 512 / 32, 100);
    (void)mfn_of(guest, GFN + 511, P2M_RAM_RW, 9);
    assert_int_equal(decrease(block, 1, 9), 1);
    assert_in_range(stays, 512 / 64, 100);
    assert_false(is_mapped(guest, GFN + 511));
}

static void test_many_pages_take_several_stays(void **state)
{
    u64 gfn[100];
    for (u32 i = 0; i < 100; i++) {
        gfn[i] = GFN + 2 * i;
    }
    assert_int_equal(populate(gfn, 100, 0), 100);
    assert_int_equal(stays, 9);
    assert_int_equal(guest->nr_pages, 101);
    assert_int_equal(decrease(gfn, 100, 0), 100);
    assert_in_range(stays, 3, 9);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_populate_stops_at(void **state)
{
    /* a frame beyond the address space, an unaligned one, a list that ends */
    const u64 far[3] = {GFN, P2M_GFN_END, GFN + 1};
    assert_int_equal(populate(far, 3, 0), 1);
    const u64 crooked[2] = {GFN + 2, GFN + 5};
    assert_int_equal(populate(crooked, 2, 1), 1);
    assert_int_equal(guest->nr_pages, 4);
    struct xen_memory_reservation r = {
        .extent_start = {ARG + PAGE_SIZE - 8}, .nr_extents = 2, .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    put(ARG + PAGE_SIZE - 8, far, 8);
    assert_int_equal(call(XENMEM_populate_physmap, ARG), 1);
    assert_int_equal(guest->nr_pages, 5); /* the page that was at GFN is owned and nowhere */
}

static void test_populate_over_its_own(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    u64 first = mfn_of(guest, GFN, P2M_RAM_RW, 0);
    assert_int_equal(populate(gfn, 1, 0), 1);
    assert_int_not_equal(mfn_of(guest, GFN, P2M_RAM_RW, 0), first);
    assert_int_equal(guest->nr_pages, 3);
    assert_int_equal(mfn_to_frame((mfn_t){first})->state, FRAME_GUEST);
    assert_int_equal(decrease(gfn, 1, 0), 1);
    assert_int_equal(guest->nr_pages, 2);
}

static void test_populate_limit(void **state)
{
    const u64 gfn[3] = {GFN, GFN + 1, GFN + 2};
    guest->max_pages = 3;
    assert_int_equal(populate(gfn, 3, 0), 2);
    assert_int_equal(guest->nr_pages, 3);
    assert_int_equal(populate(gfn, 1, 9), 0);
}

static void test_populate_without_memory(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 512};
    /* A page and two tables for the first, a page and a table for the second; tables that were had
     * stay, pages do not. */
    static const struct {
        s64 done;
        u64 pages;
    } row[5] = {{0, 1}, {0, 1}, {0, 1}, {1, 2}, {2, 4}};
    for (u32 n = 0; n < ARRAY_LEN(row); n++) {
        fake_fail_after(n);
        s64 done = populate(gfn, 2, 0);
        fake_fail_never();
        assert_int_equal(done, row[n].done);
        assert_int_equal(guest->nr_pages, row[n].pages);
    }
    u64 had = guest->nr_pages;
    fake_fail_after(0);
    const u64 big[1] = {GFN + 1024};
    assert_int_equal(populate(big, 1, 9), 0);
    fake_fail_never();
    assert_int_equal(guest->nr_pages, had);
}

static void test_populate_too_few_tables(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 1};
    u64 had = guest->nr_pages;
    assert_int_equal(p2m_set_max_tables(guest->p2m, guest->p2m->nr_tables), OK);
    assert_int_equal(populate(gfn, 2, 0), 0);
    assert_int_equal(guest->nr_pages, had);
    assert_int_equal(p2m_set_max_tables(guest->p2m, guest->p2m->nr_tables + 2), OK);
    assert_int_equal(populate(gfn, 2, 0), 2);
}

static void test_reservation_refuses(void **state)
{
    const u64 gfn[1] = {GFN};
    put_list(LIST, gfn, 1);
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 1, 10), 0); /* above a guest's order */
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 1, ~0u), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, 0, 1, 0), 0); /* somebody else's */
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 0), 0);
    assert_int_equal(other->nr_pages, 1);
    assert_int_equal(reservation(XENMEM_populate_physmap, 9, 1, 0), 0); /* nobody's */
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 0, 0), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, 1, 0x4000000, 0),
                     0); /* no continuation could say it */
    assert_int_equal(call(XENMEM_populate_physmap | 5 << 6, NOWHERE), 5);
    assert_int_equal(guest->nr_pages, 1);
    struct xen_memory_reservation r = {.extent_start = {LIST},
                                       .nr_extents = 1,
                                       .mem_flags = XENMEMF_populate_on_demand,
                                       .domid = XEN_DOMID_SELF};
    put(ARG, &r, sizeof(r));
    assert_int_equal(call(XENMEM_populate_physmap, ARG), 0);
    r.mem_flags = XENMEMF_exact_node_request | 1 << 8;
    put(ARG, &r, sizeof(r));
    assert_int_equal(call(XENMEM_populate_physmap, ARG), E_INVAL);
    r.mem_flags = 1 << 8;
    put(ARG, &r, sizeof(r));
    assert_int_equal(call(XENMEM_populate_physmap, ARG), 1);
    assert_int_equal(call(XENMEM_populate_physmap | 1 << 6, ARG), 1); /* all done before */
    assert_int_equal(guest->nr_pages, 2);
}

static void test_control_populates_for_a_guest(void **state)
{
    const u64 gfn[1] = {0x40000};
    become(control);
    put_list(LIST, gfn, 1);
    other->max_pages = 8192;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 12), 1);
    assert_int_equal(other->nr_pages, 4097);
    (void)mfn_of(other, 0x40000 + 4095, P2M_RAM_RW, 9);
    assert_false(is_mapped(control, 0x40000 + 4096));
}

/* A block of 1 GiB does not fit the fake machine: its mapping over many references is the p2m's
 * test. */

/* So many references go that the mapping takes several stays: the block is not lost between. */
static void test_populate_replaces_foreign_pages(void **state)
{
    struct frame *f = frame_at(other, ARGS);
    for (u32 i = 0; i < 512; i++) {
        assert_true(frame_get(f, other->id));
        assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN + i}, frame_to_mfn(f), 0, P2M_FOREIGN_RW),
                         OK);
    }
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 9), 1);
    assert_int_equal(stays, 31);
    (void)mfn_of(guest, GFN + 3, P2M_RAM_RW, 9);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(f->writable_maps, 0);
    assert_int_equal(guest->nr_pages, 513);
    assert_null(guest->populate_block);
}

static void test_populate_of_the_dying(void **state)
{
    const u64 gfn[1] = {GFN};
    become(control);
    put_list(LIST, gfn, 1);
    other->life = DOMAIN_DYING;
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 0), 0);
    assert_int_equal(reservation(XENMEM_populate_physmap, 2, 1, 9), 0);
    other->life = DOMAIN_ALIVE;
}

static void test_increase(void **state)
{
    assert_int_equal(reservation(XENMEM_increase_reservation, XEN_DOMID_SELF, 3, 1), 3);
    assert_int_equal(guest->nr_pages, 7);
    guest->max_pages = 8;
    assert_int_equal(reservation(XENMEM_increase_reservation, XEN_DOMID_SELF, 3, 0), 1);
    assert_int_equal(guest->nr_pages, 8);
}

/* --- decrease --- */

static void test_decrease_frees(void **state)
{
    const u64 gfn[3] = {GFN, GFN + 1, GFN + 2};
    assert_int_equal(populate(gfn, 3, 0), 3);
    u64 free = frame_nr_free();
    assert_int_equal(decrease(gfn, 3, 0), 3);
    assert_int_equal(frame_nr_free(), free + 3);
    assert_int_equal(guest->nr_pages, 1);
    assert_false(is_mapped(guest, GFN));
    assert_int_equal(decrease(gfn, 3, 0), 0);
    assert_int_equal(frame_nr_free(), free + 3);
}

static void test_decrease_out_of_a_block(void **state)
{
    const u64 block[1] = {GFN};
    assert_int_equal(populate(block, 1, 9), 1);
    u64 free = frame_nr_free(), mfn = mfn_of(guest, GFN, P2M_RAM_RW, 9);
    const u64 gfn[2] = {GFN + 8, GFN + 16};
    assert_int_equal(decrease(gfn, 2, 3), 2);
    assert_int_equal(frame_nr_free(), free + 16 - 1); /* a table was needed */
    assert_false(is_mapped(guest, GFN + 23));
    assert_int_equal(mfn_of(guest, GFN + 24, P2M_RAM_RW, 0), mfn + 24);
    assert_int_equal(decrease(gfn, 1, 2), 0);
    /* A hole inside: what is before it goes, and the extent does not count. */
    assert_int_equal(decrease(block, 1, 9), 0);
    assert_false(is_mapped(guest, GFN + 7));
    assert_true(is_mapped(guest, GFN + 24));
    assert_int_equal(guest->nr_pages, 513 - 16 - 8);
}

static void test_decrease_a_block_whole(void **state)
{
    const u64 block[2] = {GFN, GFN + 512};
    assert_int_equal(populate(block, 2, 9), 2);
    u64 free = frame_nr_free();
    assert_int_equal(decrease(block, 2, 9), 2);
    assert_int_equal(frame_nr_free(), free + 1024);
    assert_int_equal(stays, 9); /* the leaf goes at once, its pages in steps */
}

/* 256 single pages as one extent: two stays, and the place between them is not lost. */
static void test_decrease_keeps_its_place(void **state)
{
    u64 list[128];
    for (u32 half = 0; half < 2; half++) {
        for (u32 i = 0; i < 128; i++) {
            list[i] = GFN + 255 - (half * 128 + i);
        }
        assert_int_equal(populate(list, 128, 0), 128);
    }
    const u64 gfn[1] = {GFN};
    assert_int_equal(decrease(gfn, 1, 8), 1);
    assert_true(stays > 1);
    assert_int_equal(guest->nr_pages, 1);
    assert_false(is_mapped(guest, GFN + 255));
}

/* Splitting a block is long: time is asked for between two of them. */
static void test_decrease_out_of_two_blocks(void **state)
{
    const u64 block[2] = {GFN, GFN + 512};
    assert_int_equal(populate(block, 2, 9), 2);
    const u64 gfn[1] = {GFN + 504};
    short_stays = true;
    assert_int_equal(decrease(gfn, 1, 4), 1);
    assert_int_equal(stays, 2);
    assert_true(is_mapped(guest, GFN + 503));
    assert_false(is_mapped(guest, GFN + 504));
    assert_false(is_mapped(guest, GFN + 519));
    assert_true(is_mapped(guest, GFN + 520));
}

static void test_place_is_of_this_call_only(void **state)
{
    u64 list[16];
    for (u32 i = 0; i < 16; i++) {
        list[i] = GFN + i;
    }
    assert_int_equal(populate(list, 16, 0), 16);
    guest->vcpu[0]->restart[0] = 12345;
    guest->vcpu[0]->restart[1] = 8;
    const u64 gfn[1] = {GFN};
    assert_int_equal(decrease(gfn, 1, 4), 1);
    assert_int_equal(guest->nr_pages, 1);
}

static void test_decrease_leaves_others_alone(void **state)
{
    struct frame *f = frame_at(other, ARGS);
    assert_true(frame_get(f, other->id));
    assert_int_equal(p2m_map(guest->p2m, (gfn_t){GFN}, frame_to_mfn(f), 0, P2M_FOREIGN_RW), OK);
    assert_int_equal(p2m_map_shared(guest->p2m, (gfn_t){GFN + 1}, guest->shared_info), OK);
    const u64 gfn[2] = {GFN, GFN + 1};
    assert_int_equal(decrease(gfn, 1, 0), 0);
    assert_int_equal(decrease(&gfn[1], 1, 0), 0);
    assert_true(is_mapped(guest, GFN));
    assert_true(is_mapped(guest, GFN + 1));
}

static void test_decrease_of_a_borrowed_page(void **state)
{
    const u64 gfn[1] = {GFN};
    assert_int_equal(populate(gfn, 1, 0), 1);
    struct frame *f = frame_at(guest, GFN);
    assert_true(frame_get(f, guest->id));
    u64 free = frame_nr_free();
    assert_int_equal(decrease(gfn, 1, 0), 1);
    assert_int_equal(frame_nr_free(), free);
    assert_int_equal(guest->nr_pages, 2);
    frame_put(f);
    assert_int_equal(frame_nr_free(), free + 1);
    assert_int_equal(guest->nr_pages, 1);
}

/* --- 1:1 --- */

static void test_direct_mapped_keeps_its_frames(void **state)
{
    become(control);
    u64 base = control->hvm_param[0];
    const u64 gfn[2] = {base + 5, base + 9};
    u64 free = frame_nr_free();
    *(u64 *)fake_at(control, (gaddr_t){gfn[0] << PAGE_SHIFT}) = 4711;
    assert_int_equal(decrease(gfn, 2, 0), 2);
    assert_false(is_mapped(control, gfn[0]));
    assert_int_equal(control->nr_pages, 64);
    assert_int_equal(frame_nr_free(), free);
    assert_int_equal(decrease(gfn, 2, 0), 0);
    assert_int_equal(populate(gfn, 2, 0), 2);
    assert_int_equal(mfn_of(control, gfn[0], P2M_RAM_RW, 0), gfn[0]);
    assert_int_equal(*(u64 *)fake_at(control, (gaddr_t){gfn[0] << PAGE_SHIFT}), 4711);
    /* Again, while it is there. */
    assert_int_equal(populate(gfn, 2, 0), 2);
    assert_int_equal(control->nr_pages, 64);
    assert_int_equal(frame_at(control, gfn[0])->refs, FRAME_OWNED);
}

static void test_direct_mapped_gets_only_its_own(void **state)
{
    become(control);
    const u64 gfn[3] = {frame_to_mfn(frame_at(guest, ARGS)).mfn, FAKE_RAM / PAGE_SIZE - 1,
                        0x7000000};
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(populate(&gfn[i], 1, 0), 0);
        assert_false(is_mapped(control, gfn[i]));
    }
    struct frame *f;
    assert_int_equal(frame_alloc(0, &f), OK);
    u64 heap = frame_to_mfn(f).mfn;
    assert_int_equal(populate(&heap, 1, 0), 0);
    frame_free(f, 0);
    assert_int_equal(populate(&heap, 1, 0), 0);
}

static void test_direct_mapped_orders(void **state)
{
    become(control);
    u64 base = control->hvm_param[0];
    const u64 gfn[1] = {base + 32};
    assert_int_equal(decrease(gfn, 1, 5), 1);
    assert_false(is_mapped(control, base + 63));
    assert_int_equal(populate(gfn, 1, 5), 1);
    assert_int_equal(stays, 2);
    for (u32 i = 32; i < 64; i++) {
        assert_int_equal(mfn_of(control, base + i, P2M_RAM_RW, 0), base + i);
    }
}

static void test_direct_mapped_under_a_foreign_page(void **state)
{
    become(control);
    const u64 gfn[1] = {control->hvm_param[0] + 5};
    assert_int_equal(decrease(gfn, 1, 0), 1);
    struct frame *f = frame_at(guest, ARGS);
    assert_true(frame_get(f, guest->id));
    assert_int_equal(p2m_map(control->p2m, (gfn_t){gfn[0]}, frame_to_mfn(f), 0, P2M_FOREIGN_RW),
                     OK);
    assert_int_equal(populate(gfn, 1, 0), 1);
    assert_int_equal(f->refs, FRAME_OWNED);
    assert_int_equal(mfn_of(control, gfn[0], P2M_RAM_RW, 0), gfn[0]);
}

/* --- questions --- */

static s64 ask(u32 op, u16 domid)
{
    const struct xen_memory_domain a = {.domid = domid};
    put(ARG, &a, sizeof(a));
    return call(op, at(ARG));
}

static void test_questions(void **state)
{
    const u64 gfn[2] = {GFN, GFN + 9};
    assert_int_equal(populate(gfn, 2, 0), 2);
    assert_int_equal(ask(XENMEM_current_reservation, XEN_DOMID_SELF), 3);
    assert_int_equal(ask(XENMEM_maximum_reservation, 1), 4096);
    assert_int_equal(ask(XENMEM_maximum_gpfn, 1), GFN + 9);
    assert_int_equal(decrease(gfn, 2, 0), 2);
    assert_int_equal(ask(XENMEM_maximum_gpfn, 1), GFN + 9); /* the highest ever */
    assert_int_equal(ask(XENMEM_current_reservation, 1), 1);
    for (u32 i = 0; i < 3; i++) {
        const u32 op[3] = {XENMEM_current_reservation, XENMEM_maximum_reservation,
                           XENMEM_maximum_gpfn};
        assert_int_equal(ask(op[i], 2), E_PERM);
        assert_int_equal(ask(op[i], 9), E_SRCH);
        assert_int_equal(call(op[i], NOWHERE), E_FAULT);
        assert_int_equal(call(op[i] | 1 << 6, ARG), E_INVAL);
    }
    assert_int_equal(call(XENMEM_maximum_ram_page, 0), FAKE_RAM / PAGE_SIZE + (64 << 8));
    assert_int_equal(call(XENMEM_maximum_ram_page | 1 << 6, 0), E_INVAL);
    become(control);
    assert_int_equal(ask(XENMEM_current_reservation, 1), 1);
}

static void test_unknown_commands(void **state)
{
    const u32 unknown[] = {5, 8, 9, 10, 11, 12, 13, 16, 17, 20, 22, 25, 29, 30, 63};
    for (u32 i = 0; i < ARRAY_LEN(unknown); i++) {
        assert_int_equal(call(unknown[i], ARG), E_NOSYS);
        assert_int_equal(call(unknown[i], NOWHERE), E_NOSYS);
    }
    assert_int_equal(call(XENMEM_get_sharing_freed_pages, NOWHERE), 0);
    assert_int_equal(call(XENMEM_get_sharing_shared_pages, NOWHERE), 0);
}

static s64 claim(struct xen_memory_reservation r)
{
    put(ARG, &r, sizeof(r));
    return call(XENMEM_claim_pages, at(ARG));
}

static void test_claim(void **state)
{
    struct xen_memory_reservation r = {.domid = 2, .nr_extents = 100};
    assert_int_equal(claim(r), E_PERM);
    become(control);
    assert_int_equal(claim(r), OK);
    r.nr_extents = 0;
    assert_int_equal(claim(r), OK);
    r.nr_extents = 1; /* it has that many */
    assert_int_equal(claim(r), E_INVAL);
    r.nr_extents = 4097;
    assert_int_equal(claim(r), E_INVAL);
    other->max_pages = 1u << 20;
    r.nr_extents = frame_nr_free() + 1;
    assert_int_equal(claim(r), OK);
    r.nr_extents++;
    assert_int_equal(claim(r), E_NOMEM);
    r.nr_extents = 100;
    r.extent_order = 1;
    assert_int_equal(claim(r), E_INVAL);
    r.extent_order = 0;
    r.mem_flags = 1;
    assert_int_equal(claim(r), E_INVAL);
    r.mem_flags = 0;
    r.extent_start.p = 8;
    assert_int_equal(claim(r), E_INVAL);
    r.extent_start.p = 0;
    r.domid = XEN_DOMID_SELF;
    assert_int_equal(claim(r), E_INVAL);
    assert_int_equal(call(XENMEM_claim_pages, NOWHERE), E_FAULT);
    assert_int_equal(call(XENMEM_claim_pages | 1 << 6, at(ARG)), E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_populate_pages),
        TEST(test_populate_small_orders),
        TEST(test_populate_2_mib_in_stays),
        TEST(test_restart_encoding),
        TEST(test_work_that_waits_ends_the_stay),
        TEST(test_tables_end_a_stay),
        TEST(test_the_shortest_stays_get_there),
        TEST(test_many_pages_take_several_stays),
        TEST(test_populate_stops_at),
        TEST(test_populate_over_its_own),
        TEST(test_populate_limit),
        TEST(test_populate_without_memory),
        TEST(test_populate_too_few_tables),
        TEST(test_reservation_refuses),
        TEST(test_control_populates_for_a_guest),
        TEST(test_populate_replaces_foreign_pages),
        TEST(test_populate_of_the_dying),
        TEST(test_increase),
        TEST(test_decrease_frees),
        TEST(test_decrease_out_of_a_block),
        TEST(test_decrease_a_block_whole),
        TEST(test_decrease_keeps_its_place),
        TEST(test_decrease_out_of_two_blocks),
        TEST(test_place_is_of_this_call_only),
        TEST(test_decrease_leaves_others_alone),
        TEST(test_decrease_of_a_borrowed_page),
        TEST(test_direct_mapped_keeps_its_frames),
        TEST(test_direct_mapped_gets_only_its_own),
        TEST(test_direct_mapped_orders),
        TEST(test_direct_mapped_under_a_foreign_page),
        TEST(test_questions),
        TEST(test_unknown_commands),
        TEST(test_claim),
    };
    return cmocka_run_group_tests(tests, start_group, NULL);
}
