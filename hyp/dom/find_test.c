/* SPDX-License-Identifier: MIT */
/* Ids and the walk over all domains. */
#include "dom/life_test.h"

/* ---- ids ---- */

static void test_ids_count_up_and_are_not_reused_at_once(void **state)
{
    struct domain *a = make(1), *b = make(1);
    assert_int_equal(b->id.id, a->id.id + 1);
    assert_ptr_equal(dom_find(a->id), a);
    assert_ptr_equal(dom_find(b->id), b);
    u16 gone = b->id.id;
    kill(b);
    assert_null(dom_find((domid_t){gone}));
    struct domain *c = make(1);
    assert_int_equal(c->id.id, gone + 1);
}

static void test_a_given_id_is_taken_or_refused(void **state)
{
    struct domain_config c = config(1);
    struct domain *d, *e;
    c.id = (domid_t){0};
    assert_int_equal(domain_create(&c, &d), OK);
    assert_int_equal(d->id.id, 0);
    assert_int_equal(domain_create(&c, &e), E_EXIST);
    c.id = DOMID_SELF;
    assert_int_equal(domain_create(&c, &e), E_INVAL);
    c.id = (domid_t){DOMID_FIRST_RESERVED - 1};
    assert_int_equal(domain_create(&c, &e), OK);
    assert_ptr_equal(dom_find(c.id), e);
    assert_ptr_equal(dom_find((domid_t){0}), d);
    assert_null(dom_find(DOMID_SELF));
}

static void test_ids_wrap_past_zero(void **state)
{
    struct domain_config c = config(1);
    struct domain *d, *e, *f;
    c.id = (domid_t){0};
    assert_int_equal(domain_create(&c, &d), OK);
    /* Counting goes on from the last id that was chosen: drive it to the end. */
    c.id = DOMID_INVALID;
    u32 rounds = 0;
    do {
        assert_int_equal(domain_create(&c, &e), OK);
        u16 id = e->id.id;
        kill(e);
        grace_period();
        if (id == DOMID_FIRST_RESERVED - 1) {
            break;
        }
        assert_true(++rounds < DOMID_FIRST_RESERVED);
    } while (true);
    assert_int_equal(domain_create(&c, &f), OK);
    assert_int_equal(f->id.id, 1);
    assert_ptr_equal(dom_find((domid_t){0}), d);
}

static void test_the_walk_goes_in_order_of_id(void **state)
{
    struct domain_config c = config(1);
    static const u16 ids[] = {700, 3, 63, 64, 0x7fef, 259}; /* 3 and 259 share a bucket */
    struct domain *d;
    for (u32 i = 0; i < ARRAY_LEN(ids); i++) {
        c.id = (domid_t){ids[i]};
        assert_int_equal(domain_create(&c, &d), OK);
    }
    static const u16 sorted[] = {3, 63, 64, 259, 700, 0x7fef};
    u16 from = 0;
    for (u32 i = 0; i < ARRAY_LEN(sorted); i++) {
        d = dom_next((domid_t){from});
        assert_non_null(d);
        assert_int_equal(d->id.id, sorted[i]);
        assert_ptr_equal(dom_next(d->id), d);
        from = (u16)(sorted[i] + 1);
    }
    assert_null(dom_next((domid_t){from}));
    kill(dom_find((domid_t){3}));
    assert_int_equal(dom_find((domid_t){259})->id.id, 259);
    assert_int_equal(dom_next((domid_t){0})->id.id, 63);
}

static void test_self_is_the_current_domain(void **state)
{
    struct domain *d = make_running(1);
    u32 cpu;
    assert_true(sched_is_running(&d->vcpu[0]->unit, &cpu));
    become(cpu);
    assert_ptr_equal(dom_find_or_self(DOMID_SELF), d);
    assert_ptr_equal(dom_find_or_self(d->id), d);
    assert_null(dom_find_or_self((domid_t){0x123}));
    become(0);
}

/* ---- whose state changed ---- */

static void forget_changes(void)
{
    domid_t id;
    while (dom_take_changed(&id)) {
    }
}

#define TOLD(d)                              \
    do {                                     \
        domid_t id_;                         \
        assert_true(dom_take_changed(&id_)); \
        assert_int_equal(id_.id, d);         \
    } while (0)

static void told_nothing(void)
{
    domid_t id;
    assert_false(dom_take_changed(&id));
}

static void test_each_change_of_a_life_is_told_once(void **state)
{
    forget_changes();
    struct domain *d = make_running(1);
    const u16 id = d->id.id;
    TOLD(id); /* it came */
    told_nothing();
    domain_shutdown(d, 0);
    domain_shutdown(d, 0);
    TOLD(id);
    told_nothing();
    assert_int_equal(domain_resume(d), OK);
    told_nothing();
    assert_true(domain_get(d)); /* somebody still maps a page */
    kill(d);
    TOLD(id);
    grace_period();
    told_nothing();
    domain_put(d);
    told_nothing(); /* it may still be looked at */
    grace_period();
    TOLD(id);
    told_nothing();
}

static void test_changes_are_told_lowest_id_first_and_none_is_lost(void **state)
{
    struct domain_config c = config(1);
    static const u16 ids[] = {0x7fef, 0x1000, 64, 63, 0xfff, 4096 + 64};
    static const u16 sorted[] = {63, 64, 0xfff, 0x1000, 4096 + 64, 0x7fef};
    struct domain *d;
    forget_changes();
    for (u32 i = 0; i < ARRAY_LEN(ids); i++) {
        c.id = (domid_t){ids[i]};
        assert_int_equal(domain_create(&c, &d), OK);
    }
    TOLD(63);
    domain_shutdown(dom_find((domid_t){63}), 1); /* again, behind the one that was told */
    for (u32 i = 0; i < ARRAY_LEN(sorted); i++) {
        TOLD(sorted[i]);
    }
    told_nothing();
    dom_mark_all_changed(); /* somebody new listens */
    kill(dom_find((domid_t){64}));
    for (u32 i = 0; i < ARRAY_LEN(sorted); i++) {
        TOLD(sorted[i]);
    }
    told_nothing();
}

static void test_an_id_that_comes_back_is_another_domains(void **state)
{
    struct domain_config c = config(1);
    struct domain *d;
    c.id = (domid_t){9};
    assert_int_equal(domain_create(&c, &d), OK);
    const u64 first = d->unique_id;
    kill(d);
    forget_changes();
    assert_int_equal(domain_create(&c, &d), OK); /* before the grace period of the first is over */
    assert_true(d->unique_id > first);
    grace_period();
    TOLD(9);
    told_nothing();
    assert_ptr_equal(dom_find((domid_t){9}), d);
}

/* Nobody could find it, but somebody may have listened to all while its id was taken. */
static void test_a_creation_that_fails_is_told_as_gone(void **state)
{
    struct domain_config c = config(1);
    struct domain *d;
    forget_changes();
    c.id = (domid_t){12};
    t.up_create_result = E_BUSY;
    assert_int_equal(domain_create(&c, &d), E_BUSY);
    t.up_create_result = OK;
    told_nothing();
    grace_period();
    TOLD(12);
    assert_null(dom_find((domid_t){12}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ids_count_up_and_are_not_reused_at_once),
        TEST(test_a_given_id_is_taken_or_refused),
        TEST(test_the_walk_goes_in_order_of_id),
        TEST(test_self_is_the_current_domain),
        TEST(test_ids_wrap_past_zero),
        TEST(test_each_change_of_a_life_is_told_once),
        TEST(test_changes_are_told_lowest_id_first_and_none_is_lost),
        TEST(test_an_id_that_comes_back_is_another_domains),
        TEST(test_a_creation_that_fails_is_told_as_gone),
    };
    return RUN_TESTS(tests);
}
