/* SPDX-License-Identifier: MIT */
/*
 * Events, grants and pages of three domains under a seeded random driver; after each operation the
 * specification (test/spec) is asked. And it is shown to see: each thing that it speaks of is
 * broken once.
 */
#include "test/host/domains.h"

#include "abi/event.h"
#include "dom/policy.h"
#include "evtchn/fifo.h"
#include "gnttab/grant.h"
#include "test/spec/spec.h"

#define STEPS 600u
#define HOLE  0x400ULL
#define PORTS 60u
#define REFS  40u
#define PAGES 24u /* of its RAM that a domain uses */
#define WORDS 100u

static struct domain *const all[WORLD_DOMAINS] = {&world_domain[0], &world_domain[1],
                                                  &world_domain[2]};
static const struct spec_world w = {all, WORLD_DOMAINS};
static u64 seed;
static jmp_buf seen; /* what is wrong is expected, and comes here */
static bool expected;
static char said[256];

void spec_fail(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(said, sizeof(said), fmt, args);
    va_end(args);
    if (expected) {
        longjmp(seen, 1);
    }
    fail_msg("seed %llu: %s", seed, said);
    abort();
}

static void check_all(void)
{
    spec_pages_check(&w);
    spec_events_check(&w);
    spec_grants_check(&w);
}

static u32 rnd(u32 n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (u32)(seed >> 33) % n;
}

static int begin(void **state)
{
    world_start(state);
    expected = false;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        struct domain *d = all[n];
        spin_init(&d->page_lock, RANK_PAGES, "pages");
        d->max_pages = 2 * WORLD_PAGES;
        assert_int_equal(evtchn_create(d, 200000), OK);
        assert_int_equal(gnttab_create(d, 8, 4), OK);
    }
    return 0;
}

static int end(void **state)
{
    domain_policy_open = false;
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        all[n]->life = DOMAIN_DYING;
        u64 cursor = 0;
        while (evtchn_relinquish(all[n], &cursor) == E_RESTART) {
            check_all();
        }
        world_rcu();
        check_all();
        cursor = 0;
        while (gnttab_relinquish(all[n], &cursor) == E_RESTART) {
        }
    }
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        u64 cursor = 0;
        while (p2m_relinquish(all[n]->p2m, &cursor, 512) == E_RESTART) {
        }
    }
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        u64 cursor = 0;
        while (domain_pages_relinquish(all[n], &cursor) == E_RESTART) {
        }
        assert_int_equal(all[n]->nr_pages, 0);
    }
    for (u32 n = 0; n < WORLD_DOMAINS; n++) {
        gnttab_destroy(all[n]);
        evtchn_destroy(all[n]);
    }
    return world_end(state);
}

/* ---- what may happen; errors are as good as success ---- */

static void open_port(struct domain *d)
{
    port_t p;
    struct domain *other = all[rnd(WORLD_DOMAINS)];
    switch (rnd(5)) {
    case 0:
        err_ignore(evtchn_bind_ipi(d, rnd(WORLD_VCPUS), &p));
        break;
    case 1:
        err_ignore(evtchn_bind_virq(d, rnd(25), rnd(WORLD_VCPUS + 1), &p));
        break;
    case 2:
        err_ignore(evtchn_alloc_unbound(d, other->id, &p));
        break;
    default:
        err_ignore(evtchn_bind_interdomain(d, other, (port_t){rnd(PORTS)}, &p));
        break;
    }
}

static void place(struct domain *d)
{
    u8 bits;
    u32 cursor = 0;
    gfn_t gfn = {WORLD_RAM + rnd(PAGES)};
    switch (rnd(3)) {
    case 0:
        err_ignore(evtchn_register_vcpu_info(d->vcpu[rnd(WORLD_VCPUS)], gfn, rnd(60) * 64));
        break;
    case 1:
        err_ignore(evtchn_init_control(d, rnd(WORLD_VCPUS), gfn, rnd(8) * 128, &bits));
        break;
    default:
        while (evtchn_expand_array(d, (gfn_t){WORLD_RAM + WORDS + d->id.id}, &cursor) ==
               E_RESTART) {
        }
        break;
    }
}

static void event(struct domain *d)
{
    port_t p = {rnd(PORTS)};
    switch (rnd(8)) {
    case 0:
    case 1:
    case 2:
        open_port(d);
        break;
    case 3:
        err_ignore(evtchn_close(d, p));
        break;
    case 4:
        err_ignore(evtchn_bind_vcpu(d, p, rnd(WORLD_VCPUS + 1)));
        break;
    case 5:
        err_ignore(evtchn_set_priority(d, p, rnd(17)));
        break;
    case 6:
        if (rnd(20) == 0) {
            err_ignore(evtchn_reset(d, false));
            world_rcu();
        } else {
            place(d);
        }
        break;
    default:
        err_ignore(evtchn_send(d, p));
        break;
    }
}

static void grant_something(struct domain *d)
{
    struct frame *f;
    u32 ref = rnd(REFS);
    assert_int_equal(gnttab_frame(d, 0, &f), OK);
    struct xen_grant_entry_v1 *entry = (struct xen_grant_entry_v1 *)frame_map(f) + ref;
    *entry = (struct xen_grant_entry_v1){
        .flags = (u16)(GTF_permit_access | (rnd(3) ? 0 : GTF_readonly)),
        .domid = (u16)rnd(WORLD_DOMAINS),
        .frame = (u32)(WORLD_RAM + rnd(PAGES)),
    };
}

static void unmap_grant(struct domain *d)
{
    struct gnttab_unmaps batch;
    struct xen_gnttab_unmap_grant_ref op = {.host_addr = (HOLE + rnd(12)) << PAGE_SHIFT,
                                            .handle = rnd(12)};
    gnttab_unmap_begin(&batch, d);
    gnttab_unmap(&batch, &op);
    gnttab_unmap_end(&batch);
}

static void grant(struct domain *d)
{
    if (rnd(3) == 0) {
        grant_something(d);
    } else if (rnd(2)) {
        unmap_grant(d);
    } else {
        struct xen_gnttab_map_grant_ref op = {.host_addr = (HOLE + rnd(12)) << PAGE_SHIFT,
                                              .flags =
                                                  GNTMAP_host_map | (rnd(2) ? GNTMAP_readonly : 0),
                                              .ref = rnd(REFS),
                                              .dom = (u16)rnd(WORLD_DOMAINS)};
        gnttab_map(d, &op);
    }
}

static void page(struct domain *d)
{
    gfn_t gfn = {WORLD_RAM + rnd(PAGES)};
    struct p2m_run run;
    u32 nr_runs;
    u32 done;
    if (rnd(2)) { /* decrease_reservation */
        if (p2m_unmap_ram(d->p2m, gfn, 1, &run, 1, &nr_runs, &done) == OK) {
            check_all(); /* owned and nowhere mapped */
            domain_drop_run(d, mfn_to_frame(run.first), run.nr);
        }
        return;
    }
    struct frame *f;
    assert_int_equal(frame_alloc_zeroed(0, &f), OK);
    mfn_t there;
    enum p2m_type type;
    u32 order;
    bool free = p2m_lookup(d->p2m, gfn, &there, &type, &order) != OK;
    if (!free || domain_add_pages(d, f, 0) != OK) {
        frame_free(f, 0);
        return;
    }
    assert_int_equal(p2m_map(d->p2m, gfn, frame_to_mfn(f), 0, P2M_RAM_RW), OK);
}

static void step(void)
{
    u32 n = rnd(WORLD_DOMAINS);
    world_become(n, rnd(WORLD_VCPUS));
    switch (rnd(5)) {
    case 0:
    case 1:
        event(all[n]);
        break;
    case 2:
    case 3:
        grant(all[n]);
        break;
    default:
        page(all[n]);
        break;
    }
}

static void steps(u64 with, u32 nr)
{
    seed = with;
    domain_policy_open = with % 2;
    for (u32 i = 0; i < nr; i++) {
        step();
        check_all();
    }
}

static void test_under_a_random_driver(void **state)
{
    for (u64 i = 1; i <= 4; i++) {
        steps(i, STEPS);
        end(state);
        begin(state);
    }
}

static void test_while_memory_runs_out(void **state)
{
    steps(5, 200);
    seed = 77;
    for (u32 i = 0; i < 400; i++) {
        u32 n = rnd(WORLD_DOMAINS);
        world_become(n, 0);
        world_fail_after(rnd(3));
        if (rnd(2)) {
            event(all[n]);
        } else {
            grant(all[n]);
        }
        world_fail_after(~0u);
        check_all();
    }
}

/* ---- that it sees ---- */

/* Breaks *what, which must be noticed, and mends it. */
#define must_see(what, wrong, words)                    \
    do {                                                \
        __typeof__(what) was_ = (what);                 \
        (what) = (wrong);                               \
        expected = true;                                \
        if (setjmp(seen) == 0) {                        \
            check_all();                                \
            fail_msg("nobody saw: %s", #what);          \
        }                                               \
        expected = false;                               \
        (what) = was_;                                  \
        assert_non_null(__builtin_strstr(said, words)); \
        check_all();                                    \
    } while (0)

static void test_a_page_that_is_counted_wrong(void **state)
{
    struct frame *f = world_frame(1, 3);
    must_see(f->refs, f->refs + 1, "references");
    must_see(f->refs, f->refs & ~FRAME_OWNED, "references");
    must_see(f->writable_maps, 1, "may write");
    must_see(f->owner, 2, "of d2");
    must_see(f->state, FRAME_SHARED, "state");
    must_see(f->prev, 5, "comes after");
    must_see(all[1]->nr_pages, all[1]->nr_pages + 1, "account");
    must_see(all[1]->p2m->nr_leaves[P2M_RAM_RW], 3, "leaves");
    struct frame *free;
    assert_int_equal(frame_alloc_zeroed(0, &free), OK);
    assert_int_equal(p2m_map(all[2]->p2m, (gfn_t){HOLE}, frame_to_mfn(free), 0, P2M_RAM_RW), OK);
    expected = true;
    if (setjmp(seen) == 0) {
        check_all();
        fail();
    }
    expected = false;
    assert_int_equal(p2m_unmap(all[2]->p2m, (gfn_t){HOLE}, MFN_INVALID, 0), OK);
    frame_free(free, 0);
}

static void test_a_port_that_is_joined_badly(void **state)
{
    port_t here, there, virq;
    world_become(0, 0);
    assert_int_equal(evtchn_alloc_unbound(all[1], all[0]->id, &there), OK);
    assert_int_equal(evtchn_bind_interdomain(all[0], all[1], there, &here), OK);
    assert_int_equal(evtchn_bind_virq(all[1], VIRQ_DEBUG, 2, &virq), OK);
    check_all();
    struct evtchn *a = port_find(all[0]->evtchn, here.port);
    must_see(a->word, word_make(PORT_INTERDOMAIN, 7, 0, there.port + 1, all[1]->id), "joined");
    must_see(a->word, word_make(PORT_INTERDOMAIN, 7, 0, there.port, all[2]->id), "joined");
    must_see(a->word, word_make(PORT_INTERDOMAIN, 7, 9, there.port, all[1]->id), "vCPU 9");
    must_see(a->word, word_make(PORT_UNBOUND, 7, 0, 0, all[1]->id), "joined");
    must_see(a->peer, all[2], "leads");
    must_see(all[1]->vcpu[2]->virq_port[VIRQ_DEBUG].port, 0, "knows port");
    must_see(all[1]->vcpu[1]->virq_port[3].port, virq.port, "VIRQ 3");
    must_see(all[1]->evtchn->nr_active, 5, "counted");
    must_see(all[1]->evtchn->scan, 20, "passes it by");
}

static void test_a_grant_that_is_counted_wrong(void **state)
{
    world_become(0, 0);
    struct frame *f;
    assert_int_equal(gnttab_frame(all[1], 0, &f), OK);
    *((struct xen_grant_entry_v1 *)frame_map(f) + 5) =
        (struct xen_grant_entry_v1){GTF_permit_access, 0, (u32)WORLD_RAM + 2};
    struct xen_gnttab_map_grant_ref op = {
        .host_addr = HOLE << PAGE_SHIFT, .flags = GNTMAP_host_map, .ref = 5, .dom = 1};
    gnttab_map(all[0], &op);
    assert_int_equal(op.status, GNTST_okay);
    check_all();
    struct active *a = &all[1]->gnttab->frames[0].active[0][5];
    must_see(a->writers, 2, "counted");
    must_see(a->readers, 1, "counted");
    must_see(a->domid, 2, "in use by");
    must_see(all[0]->gnttab->nr_mappings, 2, "counted");
    must_see(all[0]->gnttab->free_handle, HANDLE_NONE, "lost");
    struct mapping *m = &all[0]->gnttab->maptrack[0][op.handle];
    must_see(m->granter, all[2], "nobody's");
    must_see(world_frame(1, 2)->refs, FRAME_OWNED | 1, "references");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_under_a_random_driver),         TEST(test_while_memory_runs_out),
        TEST(test_a_page_that_is_counted_wrong),  TEST(test_a_port_that_is_joined_badly),
        TEST(test_a_grant_that_is_counted_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
