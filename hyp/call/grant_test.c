/* SPDX-License-Identifier: MIT */
/* The batch loops: what is copied in and out, where a long one goes on, which answers Xen gives. */
#include "abi/grant.h"
#include "call/fake_test.h"
#include "gnttab/gnttab.h"

#define AT   (GUEST_BASE + 0x80)
#define LIST (GUEST_BASE + 0x1100)

static u32 elements; /* gnttab/ was asked for so far */
static u32 batches, flushes, most_in_batch;
static s16 answer_status;
static enum err answer;
static u32 grows, answer_cursor, asked_cursor;
static struct domain *asked_domain;
static struct xen_gnttab_unmap_grant_ref last_unmap;
static struct frame frames[4];

void gnttab_map(struct domain *mapper, struct xen_gnttab_map_grant_ref *op)
{
    asked_domain = mapper;
    op->status = op->ref == 13 ? GNTST_bad_gntref : GNTST_okay;
    op->handle = op->ref + 1000;
    op->dev_bus_addr = op->host_addr + 0x1000;
    elements++;
}

void gnttab_unmap_begin(struct gnttab_unmaps *batch, struct domain *mapper)
{
    asked_domain = mapper;
    batch->nr = 0;
    batches++;
}

void gnttab_unmap(struct gnttab_unmaps *batch, struct xen_gnttab_unmap_grant_ref *op)
{
    batch->nr++;
    most_in_batch = batch->nr > most_in_batch ? batch->nr : most_in_batch;
    assert_in_range(batch->nr, 1, GNTTAB_UNMAPS_MAX);
    last_unmap = *op;
    op->status = op->handle == 13 ? GNTST_bad_handle : answer_status;
    elements++;
}

void gnttab_unmap_end(struct gnttab_unmaps *batch)
{
    flushes++;
}

void gnttab_copy(struct domain *caller, struct xen_gnttab_copy *op)
{
    asked_domain = caller;
    op->status = (s16)-op->len;
    op->len = 9999; /* only the status goes back */
    elements++;
}

void gnttab_swap(struct domain *d, u32 a, u32 b, s16 *status)
{
    asked_domain = d;
    *status = (s16)(a * 100 + b);
    elements++;
}

enum err gnttab_cache_flush(struct domain *caller, const struct xen_gnttab_cache_flush *op,
                            u32 *cursor)
{
    asked_domain = caller;
    asked_cursor = *cursor;
    elements++;
    if (op->op == 99) {
        *cursor = answer_cursor;
        return answer;
    }
    *cursor = 5; /* left where it was found */
    return OK;
}

enum err gnttab_grow(struct domain *d, u32 nr)
{
    asked_domain = d;
    grows++;
    return answer;
}

enum err gnttab_frame(struct domain *d, u32 index, struct frame **out)
{
    if (index >= ARRAY_LEN(frames)) {
        return E_INVAL;
    }
    *out = &frames[index];
    return OK;
}

u32 gnttab_nr_frames(struct domain *d)
{
    return 2 + d->id.id;
}

u32 gnttab_max_frames(struct domain *d)
{
    return 64;
}

static struct call_args args;

static s64 call(u64 command, u64 at, u64 count)
{
    args = (struct call_args){{command, at, count}};
    return call_grant_table_op(vcpu_current(), &args);
}

static int begin(void **state)
{
    elements = batches = flushes = most_in_batch = grows = 0;
    answer = OK;
    answer_status = GNTST_okay;
    asked_domain = NULL;
    return fake_setup(state);
}

#define GRANT_TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, fake_teardown)

static void maps(void **state)
{
    struct xen_gnttab_map_grant_ref *op = guest_at(AT);
    for (u32 i = 0; i < 5; i++) {
        op[i] = (struct xen_gnttab_map_grant_ref){.host_addr = i << 12, .ref = 10 + i, .dom = 2};
    }
    assert_int_equal(call(GNTTABOP_map_grant_ref, AT, 5), 0);
    assert_ptr_equal(asked_domain, &fake_domain[1]);
    for (u32 i = 0; i < 5; i++) {
        assert_int_equal(op[i].status, i == 3 ? GNTST_bad_gntref : GNTST_okay);
        assert_int_equal(op[i].handle, 1010 + i);
        assert_int_equal(op[i].dev_bus_addr, (i << 12) + 0x1000);
    }
    assert_int_equal(elements, 5);
    assert_int_equal(call(GNTTABOP_map_grant_ref, GUEST_NOWHERE, 0), 0);
    assert_int_equal(call(GNTTABOP_map_grant_ref, GUEST_NOWHERE, 1), -14);
    assert_int_equal(elements, 5);
    /* The third lies beyond what may be written: the first two are done. */
    assert_int_equal(call(GNTTABOP_map_grant_ref, GUEST_READONLY - 64, 3), -14);
    assert_int_equal(elements, 8);
}

/* Each array op goes on where it stopped, with the arguments of a call for the rest. */
static void long_batches(void **state)
{
    static const struct {
        u32 command, bytes, each;
    } cases[] = {
        {GNTTABOP_map_grant_ref, 32, 1},     {GNTTABOP_unmap_grant_ref, 24, 32},
        {GNTTABOP_unmap_and_replace, 24, 1}, {GNTTABOP_copy, 40, 1},
        {GNTTABOP_swap_grant_ref, 12, 1},    {GNTTABOP_cache_flush, 16, 1},
    };
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
        fake_restart = true;
        fake_restart_after = 2;
        assert_int_equal(call(cases[i].command, AT, 0x80), E_RESTART);
        u32 done = 3 * cases[i].each;
        assert_int_equal(args.arg[0], cases[i].command);
        assert_int_equal(args.arg[1], AT + done * cases[i].bytes);
        assert_int_equal(args.arg[2], 0x80 - done);
        /* At least one is done in each stay. */
        fake_restart_after = 0;
        assert_int_equal(call(cases[i].command, AT, 0x80), E_RESTART);
        assert_int_equal(args.arg[2], 0x80 - cases[i].each);
        assert_int_equal(call(cases[i].command, AT, 1), 0);
        /* Upper halves of the registers do not matter. */
        assert_int_equal(call(cases[i].command | 7ULL << 32, AT, 0x80 | 7ULL << 32), E_RESTART);
        assert_int_equal(args.arg[2], 0x80 - cases[i].each);
    }
    assert_int_equal(most_in_batch, 32);
    assert_int_equal(batches, flushes);
}

static void unmaps(void **state)
{
    struct xen_gnttab_unmap_grant_ref *op = guest_at(AT);
    for (u32 i = 0; i < 70; i++) {
        op[i] = (struct xen_gnttab_unmap_grant_ref){.host_addr = i, .handle = i, .status = 5};
    }
    assert_int_equal(call(GNTTABOP_unmap_grant_ref, AT, 70), 0);
    assert_int_equal(elements, 70);
    assert_int_equal(batches, 3);
    assert_int_equal(flushes, 3);
    for (u32 i = 0; i < 70; i++) {
        assert_int_equal(op[i].status, i == 13 ? GNTST_bad_handle : GNTST_okay);
        assert_int_equal(op[i].handle, i);
    }
    /* What was unmapped before a fault is flushed all the same. */
    batches = flushes = elements = 0;
    assert_int_equal(call(GNTTABOP_unmap_grant_ref, GUEST_END - 24, 2), -14);
    assert_int_equal(elements, 1); /* its status cannot be written */
    assert_int_equal(batches, 1);
    assert_int_equal(flushes, 1);
    assert_int_equal(call(GNTTABOP_unmap_grant_ref, GUEST_NOWHERE, 1), -14);
    assert_int_equal(elements, 1);
    assert_int_equal(flushes, 2);
    assert_int_equal(call(GNTTABOP_unmap_grant_ref, GUEST_NOWHERE, 0), 0);
}

static void replacing_is_refused(void **state)
{
    struct xen_gnttab_unmap_and_replace *op = guest_at(AT);
    *op = (struct xen_gnttab_unmap_and_replace){
        .host_addr = 0x8000, .new_addr = 0x6000, .handle = 4, .status = 5};
    assert_int_equal(call(GNTTABOP_unmap_and_replace, AT, 1), 0);
    assert_int_equal(op->status, GNTST_general_error);
    assert_int_equal(last_unmap.host_addr, 0); /* nothing is unmapped */
    assert_int_equal(last_unmap.handle, 4);
    assert_int_equal(last_unmap.dev_bus_addr, 0);
    op->handle = 13;
    assert_int_equal(call(GNTTABOP_unmap_and_replace, AT, 1), 0);
    assert_int_equal(op->status, GNTST_bad_handle);
    op->handle = 4;
    op->host_addr = 0;
    assert_int_equal(call(GNTTABOP_unmap_and_replace, AT, 1), 0);
    assert_int_equal(op->status, GNTST_okay);
    op->host_addr = 0x8000;
    op->new_addr = 0;
    assert_int_equal(call(GNTTABOP_unmap_and_replace, AT, 1), 0);
    assert_int_equal(op->status, GNTST_okay);
    assert_int_equal(last_unmap.host_addr, 0x8000);
    assert_int_equal(call(GNTTABOP_unmap_and_replace, GUEST_NOWHERE, 1), -14);
    assert_int_equal(call(GNTTABOP_unmap_and_replace, GUEST_READONLY, 1), -14);
}

static void only_the_status_goes_back(void **state)
{
    struct xen_gnttab_copy *copy = guest_at(AT);
    copy[0] = (struct xen_gnttab_copy){.len = 3};
    copy[1] = (struct xen_gnttab_copy){.len = 4};
    assert_int_equal(call(GNTTABOP_copy, AT, 2), 0);
    assert_int_equal(copy[0].status, -3);
    assert_int_equal(copy[1].status, -4);
    assert_int_equal(copy[0].len, 3);
    assert_int_equal(call(GNTTABOP_copy, GUEST_NOWHERE, 1), -14);
    assert_int_equal(call(GNTTABOP_copy, GUEST_READONLY, 1), -14);

    struct xen_gnttab_swap_grant_ref *swap = guest_at(AT);
    swap[0] = (struct xen_gnttab_swap_grant_ref){.ref_a = 1, .ref_b = 2};
    swap[1] = (struct xen_gnttab_swap_grant_ref){.ref_a = 3, .ref_b = 4};
    assert_int_equal(call(GNTTABOP_swap_grant_ref, AT, 2), 0);
    assert_int_equal(swap[0].status, 102);
    assert_int_equal(swap[1].status, 304);
    assert_int_equal(call(GNTTABOP_swap_grant_ref, GUEST_NOWHERE, 1), -14);
    assert_int_equal(call(GNTTABOP_swap_grant_ref, GUEST_READONLY, 1), -14);
}

static void transfers_are_refused(void **state)
{
    u8 *op = guest_at(AT);
    memset(op, 0x77, 48);
    assert_int_equal(call(GNTTABOP_transfer, AT, 2), E_OPNOTSUPP);
    for (u32 i = 0; i < 48; i++) {
        assert_int_equal(op[i], 0x77);
    }
    assert_int_equal(call(GNTTABOP_transfer, GUEST_NOWHERE, 0), E_OPNOTSUPP);
}

static void cache_flushes(void **state)
{
    struct xen_gnttab_cache_flush *op = guest_at(AT);
    for (u32 i = 0; i < 4; i++) {
        op[i] = (struct xen_gnttab_cache_flush){.op = 1};
    }
    assert_int_equal(call(GNTTABOP_cache_flush, AT, 4), 0);
    assert_int_equal(elements, 4);
    assert_int_equal(asked_cursor, 0); /* each starts anew */
    /* The third searches long. */
    op[2].op = 99;
    answer = E_RESTART;
    answer_cursor = 0xfffff;
    assert_int_equal(call(GNTTABOP_cache_flush, AT, 4), E_RESTART);
    assert_int_equal(args.arg[0], GNTTABOP_cache_flush | 0xfffffu << 12);
    assert_int_equal(args.arg[1], AT + 32);
    assert_int_equal(args.arg[2], 2);
    u64 again = args.arg[0];
    answer = OK;
    answer_cursor = 0;
    elements = 0;
    assert_int_equal(call(again, AT + 32, 2), 0);
    assert_int_equal(elements, 2);
    assert_int_equal(asked_cursor, 0);
    assert_int_equal(call(again, AT + 32, 1), 0);
    assert_int_equal(asked_cursor, 0xfffff);
    /* An error ends it. */
    answer = E_PERM;
    elements = 0;
    assert_int_equal(call(GNTTABOP_cache_flush, AT, 4), -1);
    assert_int_equal(elements, 3);
    assert_int_equal(call(GNTTABOP_cache_flush, GUEST_NOWHERE, 1), -14);
    /* A stay that is long ends between elements without a cursor. */
    op[2].op = 1;
    fake_restart = true;
    assert_int_equal(call(again, AT, 4), E_RESTART);
    assert_int_equal(args.arg[0], GNTTABOP_cache_flush);
    assert_int_equal(args.arg[2], 3);
}

static void setup_table(void **state)
{
    struct xen_gnttab_setup_table *op = guest_at(AT);
    u64 *list = guest_at(LIST);
    *op = (struct xen_gnttab_setup_table){
        .dom = XEN_DOMID_SELF, .nr_frames = 3, .status = 5, .frame_list = {LIST}};
    frames[0].gfn = 0x38000;
    frames[1].gfn = FRAME_NO_GFN;
    frames[2].gfn = 0x38002;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_ptr_equal(asked_domain, &fake_domain[1]);
    assert_int_equal(op->status, GNTST_okay);
    assert_int_equal(list[0], 0x38000);
    assert_true(list[1] == ~0ULL);
    assert_int_equal(list[2], 0x38002);
    assert_int_equal(list[3], 0);
    answer = E_RESTART;
    op->status = 5;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), E_RESTART);
    assert_int_equal(args.arg[0], GNTTABOP_setup_table);
    assert_int_equal(args.arg[2], 1);
    assert_int_equal(op->status, 5);
    answer = E_INVAL;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_int_equal(op->status, GNTST_general_error);
    answer = OK;
    op->nr_frames = 5;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_int_equal(op->status, GNTST_general_error);
    op->nr_frames = 1;
    op->frame_list.p = GUEST_NOWHERE;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_int_equal(op->status, GNTST_bad_virt_addr);
    op->dom = 2;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_int_equal(op->status, GNTST_permission_denied);
    op->dom = 55;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_int_equal(op->status, GNTST_bad_domain);
    assert_int_equal(call(GNTTABOP_setup_table, AT, 0), -22);
    assert_int_equal(call(GNTTABOP_setup_table, AT, 2), -22);
    assert_int_equal(call(GNTTABOP_setup_table, GUEST_NOWHERE, 1), -14);
    fake_become(0, 0);
    op->dom = 2;
    op->frame_list.p = LIST;
    assert_int_equal(call(GNTTABOP_setup_table, AT, 1), 0);
    assert_ptr_equal(asked_domain, &fake_domain[2]);
    assert_int_equal(op->status, GNTST_okay);
}

static void query_size(void **state)
{
    struct xen_gnttab_query_size *op = guest_at(AT);
    *op = (struct xen_gnttab_query_size){.dom = XEN_DOMID_SELF, .status = 5};
    assert_int_equal(call(GNTTABOP_query_size, AT, 1), 0);
    assert_int_equal(op->status, GNTST_okay);
    assert_int_equal(op->nr_frames, 3);
    assert_int_equal(op->max_nr_frames, 64);
    op->dom = 2;
    assert_int_equal(call(GNTTABOP_query_size, AT, 1), 0);
    assert_int_equal(op->status, GNTST_permission_denied);
    op->dom = 55;
    assert_int_equal(call(GNTTABOP_query_size, AT, 1), 0);
    assert_int_equal(op->status, GNTST_bad_domain);
    assert_int_equal(call(GNTTABOP_query_size, AT, 2), -22);
    assert_int_equal(call(GNTTABOP_query_size, GUEST_NOWHERE, 1), -14);
}

static void versions(void **state)
{
    struct xen_gnttab_set_version *set = guest_at(AT);
    static const struct {
        u32 version;
        s64 result;
    } cases[] = {{1, 0}, {2, -38}, {0, -22}, {3, -22}};
    for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
        set->version = cases[i].version;
        assert_int_equal(call(GNTTABOP_set_version, AT, 1), cases[i].result);
        assert_int_equal(set->version, 1);
    }
    assert_int_equal(call(GNTTABOP_set_version, GUEST_NOWHERE, 1), -14);
    assert_int_equal(call(GNTTABOP_set_version, GUEST_READONLY, 1), -14);

    struct xen_gnttab_get_version *get = guest_at(AT);
    *get = (struct xen_gnttab_get_version){.dom = XEN_DOMID_SELF, .version = 9};
    assert_int_equal(call(GNTTABOP_get_version, AT, 1), 0);
    assert_int_equal(get->version, 1);
    get->dom = 2;
    assert_int_equal(call(GNTTABOP_get_version, AT, 1), -1);
    get->dom = 55;
    assert_int_equal(call(GNTTABOP_get_version, AT, 1), -3);
    assert_int_equal(call(GNTTABOP_get_version, GUEST_NOWHERE, 1), -14);

    struct xen_gnttab_get_status_frames *status = guest_at(AT);
    *status = (struct xen_gnttab_get_status_frames){.dom = XEN_DOMID_SELF, .status = 9};
    assert_int_equal(call(GNTTABOP_get_status_frames, AT, 1), 0);
    assert_int_equal(status->status, GNTST_general_error);
    status->dom = 55;
    assert_int_equal(call(GNTTABOP_get_status_frames, AT, 1), 0);
    assert_int_equal(status->status, GNTST_bad_domain);
    assert_int_equal(call(GNTTABOP_get_status_frames, AT, 2), -22);
    assert_int_equal(call(GNTTABOP_get_status_frames, GUEST_NOWHERE, 1), -14);
}

static void no_such_command(void **state)
{
    assert_int_equal(call(GNTTABOP_dump_table, AT, 1), -38);
    assert_int_equal(call(13, AT, 1), -38);
    assert_int_equal(call(0xfff, AT, 0), -38);
    /* A cursor belongs to cache_flush. */
    assert_int_equal(call(GNTTABOP_map_grant_ref | 1 << 12, AT, 1), -22);
    assert_int_equal(call(0xffffffff, AT, 0), -22);
    assert_int_equal(call(GNTTABOP_map_grant_ref, AT, 0x80000000), -22);
    assert_int_equal(call(13, AT, 0x80000000), -22);
    assert_int_equal(elements, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        GRANT_TEST(maps),
        GRANT_TEST(long_batches),
        GRANT_TEST(unmaps),
        GRANT_TEST(replacing_is_refused),
        GRANT_TEST(only_the_status_goes_back),
        GRANT_TEST(transfers_are_refused),
        GRANT_TEST(cache_flushes),
        GRANT_TEST(setup_table),
        GRANT_TEST(query_size),
        GRANT_TEST(versions),
        GRANT_TEST(no_such_command),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
