/* SPDX-License-Identifier: MIT */
/* How records leave and come: rooms that write and read what a test says. */
#include "call/domctl_fake_test.h"

#define LIST (GUEST_BASE + 0x800)

/* Two records of the first type, at 3 and 5; one of the second, whose length varies. */
static u32 nr_loads, loaded[8], loaded_bytes[8];
static enum err save_answer, load_answer;

static enum err save_two(struct domain *d, struct record *r)
{
    if (save_answer != OK) {
        return save_answer;
    }
    r->instance = r->instance <= 3 ? 3 : r->instance <= 5 ? 5 : r->instance;
    r->next = r->instance + 1;
    ((u64 *)r->body)[1] = 0x1000 + r->instance;
    return r->instance <= 5 ? OK : E_NOENT;
}

static enum err save_short(struct domain *d, struct record *r)
{
    r->bytes = 8;
    ((u64 *)r->body)[0] = 0x77;
    return OK;
}

static enum err load(struct domain *d, const struct record *r)
{
    loaded[nr_loads] = r->instance;
    loaded_bytes[nr_loads++] = r->bytes;
    return load_answer;
}

const struct record_room record_rooms[] = {
    {"two", 4, 1, RECORD_OWN, false, 24, save_two, load},
    {"short", 7, 2, RECORD_ONE, true, 64, save_short, load},
    {.type = 0},
};

static s64 get(u32 type, u32 instance, u64 at, u64 bytes)
{
    domctl_at()->u.hvmcontext_partial = (struct xen_domctl_hvmcontext_partial){
        .type = type, .instance = instance, .bufsz = bytes, .buffer = {at}};
    return fake_domctl(XEN_DOMCTL_gethvmcontext_partial, 1);
}

/* As the guest's HVC does it: again and again, with the structure as it was left. */
static s64 set(u64 at, u32 bytes)
{
    domctl_at()->u.hvmcontext = (struct xen_domctl_hvmcontext){.size = bytes, .buffer = {at}};
    s64 e;
    u32 stays = 0;
    do {
        e = fake_domctl(XEN_DOMCTL_sethvmcontext, 1);
        assert_true(++stays < 8);
    } while (e == E_RESTART);
    return e;
}

static int begin(void **state)
{
    fake_control_setup(state);
    fake_domain[1].paused_by_tools = true;
    nr_loads = 0;
    save_answer = load_answer = OK;
    return 0;
}

/* All of them behind each other; how many bytes. */
static u32 collect(void)
{
    const struct xen_domctl_hvmcontext_partial *p = &domctl_at()->u.hvmcontext_partial;
    u32 at = 0;
    u32 type = 0;
    u32 instance = 0;
    while (get(type, instance, LIST + at, 1000) == OK) {
        type = p->type;
        instance = p->instance;
        at += (u32)p->bufsz;
    }
    return at;
}

static void out_and_in(void **state)
{
    const u32 bytes = collect();
    assert_int_equal(bytes, 3 * sizeof(struct record_header) + 24 + 24 + 8);
    const struct record_header *h = guest_at(LIST);
    assert_int_equal(h->type, 4);
    assert_int_equal(h->version, 1);
    assert_int_equal(h->instance, 3);
    assert_int_equal(h->bytes, 24);
    assert_true(h->sum == record_sum(h, h + 1));
    assert_int_equal(((const u64 *)(h + 1))[0], 0);
    assert_int_equal(((const u64 *)(h + 1))[1], 0x1003);
    assert_int_equal(set(LIST, bytes), OK);
    assert_int_equal(nr_loads, 3);
    const u32 instances[] = {3, 5, 0};
    assert_memory_equal(loaded, instances, sizeof(instances));
    const u32 lengths[] = {24, 24, 8};
    assert_memory_equal(loaded_bytes, lengths, sizeof(lengths));
    assert_non_null(strstr(fake_calls, "sync(1.0) sync(1.1)"));
}

static void only_one_that_stands_still(void **state)
{
    const u32 bytes = collect();
    fake_domain[1].paused_by_tools = false;
    assert_int_equal(get(0, 0, LIST, 1000), E_BUSY);
    assert_int_equal(set(LIST, bytes), E_BUSY);
    fake_domain[1].shut_down = true;
    assert_int_equal(get(0, 0, LIST, 1000), OK);
    fake_domain[1].life = DOMAIN_DYING;
    assert_int_equal(get(0, 0, LIST, 1000), E_BUSY);
    assert_int_equal(set(LIST, bytes), E_BUSY);
    fake_domain[1].life = DOMAIN_ALIVE;
    fake_stays = true; /* a vCPU in the middle of a call */
    assert_int_equal(get(0, 0, LIST, 1000), E_RESTART);
    fake_stays = false;
    fake_domain[1].privileged = true;
    assert_int_equal(get(0, 0, LIST, 1000), E_BUSY);
    assert_int_equal(set(LIST, bytes), E_BUSY);
    assert_int_equal(nr_loads, 0);
}

static void buffers(void **state)
{
    assert_int_equal(get(0, 0, 0, 0), E_INVAL);
    assert_int_equal(get(0, 0, LIST, sizeof(struct record_header) - 1), E_INVAL);
    assert_int_equal(get(0, 0, LIST, sizeof(struct record_header) + 23), E_NOBUFS);
    assert_int_equal(get(0, 0, LIST, sizeof(struct record_header) + 24), OK);
    assert_int_equal(get(0, 0, GUEST_NOWHERE, 1000), E_FAULT);
    assert_int_equal(get(8, 0, LIST, 1000), E_NOENT);
    assert_int_equal(get(5, 9, LIST, 1000), OK); /* the next type, from its beginning */
    assert_int_equal(((struct record_header *)guest_at(LIST))->type, 7);
    assert_int_equal(set(0, 0), E_INVAL);
    assert_int_equal(set(GUEST_NOWHERE, 100), E_FAULT);
    assert_int_equal(nr_loads, 0);
}

static void what_is_not_its_own(void **state)
{
    save_answer = E_BUSY;
    assert_int_equal(get(0, 0, LIST, 1000), E_BUSY);
    assert_non_null(strstr(fake_line, "not written out: its two"));
}

static void every_bit_counts(void **state)
{
    assert_int_equal(get(0, 0, LIST, 1000), OK);
    const u32 bytes = (u32)domctl_at()->u.hvmcontext_partial.bufsz;
    for (u32 bit = 0; bit < bytes * 8; bit++) {
        u8 *byte = guest_at(LIST + bit / 8);
        *byte ^= (u8)(1u << bit % 8);
        assert_int_not_equal(set(LIST, bytes), OK);
        assert_int_equal(nr_loads, 0);
        *byte ^= (u8)(1u << bit % 8);
    }
    for (u32 less = 1; less < bytes; less++) {
        assert_int_equal(set(LIST, less), E_INVAL);
    }
    assert_int_equal(nr_loads, 0);
    assert_int_equal(set(LIST, bytes), OK);
    assert_int_equal(nr_loads, 1);
}

static s64 with(struct record_header h)
{
    struct record_header *to = guest_at(LIST);
    *to = h;
    to->sum = record_sum(to, to + 1);
    return set(LIST, 400);
}

static void strangers_are_refused(void **state)
{
    struct record_header good = {.type = 4, .version = 1, .bytes = 24};
    struct record_header h = good;
    h.version = 2;
    assert_int_equal(with(h), E_OPNOTSUPP);
    assert_non_null(strstr(fake_line, "refused"));
    h.version = 0;
    assert_int_equal(with(h), E_OPNOTSUPP);
    h = good;
    h.type = 5;
    assert_int_equal(with(h), E_OPNOTSUPP);
    h.type = 0;
    assert_int_equal(with(h), E_OPNOTSUPP);
    h = good;
    h.zero = 1;
    assert_int_equal(with(h), E_INVAL);
    h = good;
    h.bytes = 32;
    assert_int_equal(with(h), E_INVAL);
    h = (struct record_header){.type = 7, .version = 2, .bytes = 72};
    assert_int_equal(with(h), E_INVAL);
    h.bytes = 12;
    assert_int_equal(with(h), E_INVAL);
    assert_int_equal(nr_loads, 0);
}

static void the_room_says_no(void **state)
{
    const u32 bytes = collect();
    load_answer = E_EXIST;
    assert_int_equal(set(LIST, bytes), E_EXIST);
    assert_int_equal(nr_loads, 1); /* and the rest is not looked at */
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(out_and_in),          TEST(only_one_that_stands_still), TEST(buffers),
        TEST(what_is_not_its_own), TEST(every_bit_counts),           TEST(strangers_are_refused),
        TEST(the_room_says_no),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
