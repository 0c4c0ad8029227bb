/* SPDX-License-Identifier: MIT */
#include "abi/vcpu.h"
#include "call/fake_test.h"
#include "call/runstate.h"

#define INSIDE (GUEST_BASE + 0x508)
#define ACROSS (GUEST_BASE + PAGE_SIZE - 20) /* 20 bytes in the first page, 28 in the second */

/* Grace periods pass at once, unless a test holds them back. */
static struct rcu_head *held_back;
static bool hold_back;

void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
    head->fn = fn;
    if (hold_back) {
        held_back = head;
    } else {
        fn(head);
    }
}

void sched_read_times(struct sched_unit *u, struct sched_times *out)
{
    *out = (struct sched_times){.state = u->state, .since_ns = u->since_ns};
    memcpy(out->time_ns, u->time_ns, sizeof(out->time_ns));
}

static const u64 times[4] = {10, 20, 30, 40};

static void expect_area(u64 at, s32 state, u64 since, const u64 time[4])
{
    struct xen_vcpu_runstate_info want;
    memset(&want, 0, sizeof(want)); /* padding included: nothing of ours may leak there */
    want.state = state;
    want.state_entry_time = since;
    memcpy(want.time, time, sizeof(want.time));
    assert_memory_equal(guest_at(at), &want, sizeof(want));
}

static void an_area_in_one_page(void **state)
{
    struct vcpu *v = vcpu_current();
    runstate_write(v, 1, 2, times); /* none: nothing */
    v->unit.since_ns = 77;
    memcpy(v->unit.time_ns, times, sizeof(times));
    memset(guest_at(INSIDE - 8), 0xee, 64);
    assert_int_equal(runstate_register(v, (gva_t){INSIDE}), 0);
    expect_area(INSIDE, RUNSTATE_running, 77, times);
    assert_int_equal(*(u8 *)guest_at(INSIDE - 1), 0xee);
    assert_int_equal(*(u8 *)guest_at(INSIDE + 48), 0xee);
    assert_int_equal(fake_pages_held, 1);
    runstate_write(v, RUNSTATE_blocked, 99, times);
    expect_area(INSIDE, RUNSTATE_blocked, 99, times);
    /* Elsewhere from now on: the first place is left alone. */
    assert_int_equal(runstate_register(v, (gva_t){INSIDE + 0x100}), 0);
    runstate_write(v, RUNSTATE_runnable, 111, times);
    expect_area(INSIDE, RUNSTATE_blocked, 99, times);
    expect_area(INSIDE + 0x100, RUNSTATE_runnable, 111, times);
    assert_int_equal(fake_pages_held, 1);
    runstate_release(v);
    runstate_write(v, RUNSTATE_offline, 1, times);
    expect_area(INSIDE + 0x100, RUNSTATE_runnable, 111, times);
}

static void an_area_across_two_pages(void **state)
{
    struct vcpu *v = vcpu_current();
    for (u64 at = ACROSS - 24; at <= ACROSS + 20; at++) {
        memset(guest_memory, 0xee, sizeof(guest_memory));
        assert_int_equal(runstate_register(v, (gva_t){at}), 0);
        runstate_write(v, RUNSTATE_runnable, 0x1122334455667788, times);
        expect_area(at, RUNSTATE_runnable, 0x1122334455667788, times);
        assert_int_equal(*(u8 *)guest_at(at - 1), 0xee);
        assert_int_equal(*(u8 *)guest_at(at + 48), 0xee);
        v->domain->assist = 1 << VMASST_TYPE_runstate_update_flag;
        runstate_write(v, RUNSTATE_blocked, 5, times);
        expect_area(at, RUNSTATE_blocked, 5, times);
        v->domain->assist = 0;
    }
    runstate_release(v);
}

static u32 seen_flag, seen_torn;

/* A guest's reader on another CPU, after each of our writes: without the flag it must see the old
 * or the new whole. */
static void reader(void)
{
    struct xen_vcpu_runstate_info now;
    memcpy(&now, guest_at(INSIDE), sizeof(now));
    if (now.state_entry_time & XEN_RUNSTATE_UPDATE) {
        seen_flag++;
        return;
    }
    const bool old = now.state == RUNSTATE_running && now.state_entry_time == 0 && now.time[3] == 0;
    const bool new =
        now.state == RUNSTATE_runnable &&now.state_entry_time == 500 && now.time[3] == 40;
    seen_torn += !old && !new;
}

static void the_update_flag_covers_the_write(void **state)
{
    struct vcpu *v = vcpu_current();
    assert_int_equal(runstate_register(v, (gva_t){INSIDE}), 0);
    v->domain->assist = 1 << VMASST_TYPE_runstate_update_flag;
    seen_flag = seen_torn = 0;
    fake_page_write_hook = reader;
    runstate_write(v, RUNSTATE_runnable, 500, times);
    assert_true(seen_flag >= 2);
    assert_int_equal(seen_torn, 0);
    expect_area(INSIDE, RUNSTATE_runnable, 500, times);
    runstate_release(v);
}

static void another_vcpu_only_while_offline(void **state)
{
    struct vcpu *other = &fake_vcpu[1][1];
    other->unit.since_ns = 3;
    assert_int_equal(runstate_register(other, (gva_t){INSIDE}), 0);
    expect_area(INSIDE, RUNSTATE_offline, 3, other->unit.time_ns);
    other->online = true;
    assert_int_equal(runstate_register(other, (gva_t){INSIDE + 0x100}), -22);
    assert_int_equal(fake_pages_held, 1);
    runstate_write(other, RUNSTATE_blocked, 4, times);
    expect_area(INSIDE, RUNSTATE_blocked, 4, times);
    runstate_release(other);
}

/* A CPU that is just taking a vCPU off writes to the area that it has read a moment ago. */
static void an_area_outlives_who_writes_to_it(void **state)
{
    struct vcpu *other = &fake_vcpu[1][1];
    other->online = false;
    assert_int_equal(runstate_register(other, (gva_t){INSIDE}), 0);
    hold_back = true;
    held_back = NULL;
    assert_int_equal(runstate_register(other, (gva_t){INSIDE + 0x100}), 0);
    assert_non_null(held_back);
    assert_int_equal(fake_pages_held, 2);
    hold_back = false;
    held_back->fn(held_back);
    assert_int_equal(fake_pages_held, 1);
    runstate_release(other);
}

static void nothing_is_kept_on_errors(void **state)
{
    struct vcpu *v = vcpu_current();
    assert_int_equal(runstate_register(v, (gva_t){GUEST_NOWHERE}), -14);
    assert_int_equal(runstate_register(v, (gva_t){GUEST_READONLY}), -14);
    assert_int_equal(runstate_register(v, (gva_t){GUEST_READONLY - 8}), -14); /* its second page */
    assert_int_equal(fake_pages_held, 0);
    fake_heap_empty = true;
    assert_int_equal(runstate_register(v, (gva_t){INSIDE}), -12);
    assert_null(v->runstate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(an_area_in_one_page),
        FAKE_TEST(an_area_across_two_pages),
        FAKE_TEST(the_update_flag_covers_the_write),
        FAKE_TEST(another_vcpu_only_while_offline),
        FAKE_TEST(an_area_outlives_who_writes_to_it),
        FAKE_TEST(nothing_is_kept_on_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
