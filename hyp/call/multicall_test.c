/* SPDX-License-Identifier: MIT */
#include "call/fake_test.h"
#include "call/table.h"

#define LIST (GUEST_BASE + 0x100)

/* Calls: 100 answers args[0] + args[1]; 101 needs three goes, counting args[2] up; the rest is not
 * there. */
static u32 runs;

s64 call_run(struct vcpu *v, u64 number, struct call_args *args)
{
    runs++;
    switch (number) {
    case 100:
        return (s64)(args->arg[0] + args->arg[1]);
    case 101:
        return args->arg[2] < 2 ? args->arg[2]++, (s64)E_RESTART : (s64)OK;
    default:
        return E_NOSYS;
    }
}

u32 call_nr_args(u64 number)
{
    return number == 100 ? 2 : number == 101 ? 3 : 0;
}

static struct xen_multicall_entry *entry(u32 n)
{
    return (struct xen_multicall_entry *)guest_at(LIST) + n;
}

static s64 call(u64 list, u64 nr)
{
    struct call_args args = {{list, nr, 3, 4, 5}};
    runs = 0;
    return call_multicall(vcpu_current(), &args);
}

static void results_stand_in_the_entries(void **state)
{
    *entry(0) = (struct xen_multicall_entry){.op = 100, .args = {40, 2}};
    *entry(1) = (struct xen_multicall_entry){.op = 99, .args = {7}, .result = 1};
    *entry(2) = (struct xen_multicall_entry){.op = 13, .args = {LIST, 3}};
    *entry(3) = (struct xen_multicall_entry){.op = 0x100000064};
    *entry(4) = (struct xen_multicall_entry){.op = 100, .result = 55};
    assert_int_equal(call(LIST, 4), 0);
    assert_int_equal(entry(0)->result, 42);
    assert_int_equal((s64)entry(1)->result, -38);
    assert_int_equal((s64)entry(2)->result, -22); /* no multicall inside */
    assert_int_equal((s64)entry(3)->result, -38); /* not 100 */
    assert_int_equal(entry(4)->result, 55);
    assert_int_equal(entry(1)->args[0], 7);
    assert_int_equal(call(LIST, 0), 0);
    assert_int_equal(runs, 0);
    assert_int_equal(call(LIST, 0x700000000), 0); /* the count is of 32 bits */
}

static void becomes_a_multicall(u64 va)
{
    ((struct xen_multicall_entry *)guest_at(va))->op = 13;
}

/* An entry is fetched once: what it becomes afterwards is not run. */
static void an_entry_that_changes(void **state)
{
    *entry(0) = (struct xen_multicall_entry){.op = 100, .args = {40, 2}};
    fake_fetched_hook = becomes_a_multicall;
    assert_int_equal(call(LIST, 1), 0);
    fake_fetched_hook = NULL;
    assert_int_equal(entry(0)->result, 42);
    assert_int_equal(runs, 1);
}

static void a_call_inside_comes_again(void **state)
{
    *entry(0) = (struct xen_multicall_entry){.op = 100, .args = {1, 1}};
    *entry(1) = (struct xen_multicall_entry){.op = 101, .args = {8, 9, 0, 7, 6, 5}, .result = 1234};
    *entry(2) = (struct xen_multicall_entry){.op = 100, .args = {2, 2}};
    struct call_args args = {{LIST, 3}};
    assert_int_equal(call_multicall(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[0], LIST + 64);
    assert_int_equal(args.arg[1], 2);
    assert_int_equal(entry(0)->result, 2);
    assert_int_equal(entry(1)->args[2], 1);
    assert_int_equal(entry(1)->args[4], 6);
    assert_int_equal(entry(1)->args[5], 5);
    assert_int_equal(entry(1)->op, 101);
    assert_int_equal(call_multicall(vcpu_current(), &args), E_RESTART);
    assert_int_equal(args.arg[0], LIST + 64);
    assert_int_equal(call_multicall(vcpu_current(), &args), 0);
    assert_int_equal(entry(1)->result, 0);
    assert_int_equal(entry(1)->args[2], 2); /* the last go left its result only */
    assert_int_equal(entry(2)->result, 4);
}

static void it_leaves_between_calls_when_work_waits(void **state)
{
    for (u32 i = 0; i < 5; i++) {
        *entry(i) = (struct xen_multicall_entry){.op = 100, .args = {i, i}};
    }
    fake_restart = true; /* always: still one call each time is done */
    struct call_args args = {{LIST, 5}};
    u32 trips = 0;
    while (call_multicall(vcpu_current(), &args) == E_RESTART) {
        trips++;
        assert_int_equal(args.arg[0], LIST + trips * 64);
        assert_int_equal(args.arg[1], 5 - trips);
    }
    assert_int_equal(trips, 4);
    for (u32 i = 0; i < 5; i++) {
        assert_int_equal(entry(i)->result, 2 * i);
    }
}

static void a_bad_list_is_a_fault(void **state)
{
    assert_int_equal(call(GUEST_NOWHERE, 1), -14);
    assert_int_equal(runs, 0);
    /* The second entry is not there: the first one is done. */
    const u64 last = GUEST_END - 64;
    ((struct xen_multicall_entry *)guest_at(last))->op = 100;
    assert_int_equal(call(last, 2), -14); /* read-only: its result can't be told */
    assert_int_equal(runs, 1);
    ((struct xen_multicall_entry *)guest_at(last))->op = 101;
    assert_int_equal(call(last, 1), -14); /* nor that it must come again */
    const u64 edge = GUEST_READONLY - 64;
    *(struct xen_multicall_entry *)guest_at(edge) = (struct xen_multicall_entry){.op = 100};
    assert_int_equal(call(edge, 2), -14);
    assert_int_equal(runs, 2);
}

/* What would come behind the last address is not at the first. */
static void a_list_does_not_wrap(void **state)
{
    const u64 last = 0 - sizeof(struct xen_multicall_entry);
    fake_has_ends = true;
    *(struct xen_multicall_entry *)guest_at(last) = (struct xen_multicall_entry){.op = 100};
    *(struct xen_multicall_entry *)guest_at(0) = (struct xen_multicall_entry){.op = 100};
    assert_int_equal(call(last, 2), -14);
    assert_int_equal(runs, 1);
    assert_int_equal(call(last, 1), 0);
    assert_int_equal(runs, 1);
    assert_int_equal(call(0, 1), 0);
    assert_int_equal(runs, 1);
    fake_has_ends = false;
}

static void a_32_bit_guest_keeps_upper_halves_clear(void **state)
{
    vcpu_current()->domain->is_32bit = true;
    *entry(0) =
        (struct xen_multicall_entry){.op = 100, .args = {1, 2, 1ULL << 40}}; /* beyond its two */
    assert_int_equal(call(LIST, 1), 0);
    assert_int_equal(entry(0)->result, 3);
    assert_string_equal(fake_crash, "");
    entry(0)->args[1] = 1ULL << 32;
    assert_int_equal(call(LIST, 1), 0);
    assert_int_equal(runs, 0);
    assert_true(strstr(fake_crash, "32 bits") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(results_stand_in_the_entries),
        FAKE_TEST(an_entry_that_changes),
        FAKE_TEST(a_call_inside_comes_again),
        FAKE_TEST(it_leaves_between_calls_when_work_waits),
        FAKE_TEST(a_list_does_not_wrap),
        FAKE_TEST(a_bad_list_is_a_fault),
        FAKE_TEST(a_32_bit_guest_keeps_upper_halves_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
