/* SPDX-License-Identifier: MIT */
#include "abi/platform.h"
#include "call/fake_test.h"
#include "call/wallclock.h"
#include "time/time.h"

#define ARGUMENT (GUEST_BASE + 0x40)

static u64 wall_ns;
static u32 nr_set;
static u32 told[3];

void clock_set_wall(u64 epoch_ns_at_boot)
{
    wall_ns = epoch_ns_at_boot;
    nr_set++;
}

void wallclock_update(struct domain *d)
{
    told[d->id.id]++;
}

static s64 settime(u64 secs, u32 nsecs, u32 mbz, u64 system_time)
{
    *(struct xen_platform_op *)guest_at(ARGUMENT) = (struct xen_platform_op){
        .cmd = XENPF_settime64,
        .interface_version = XENPF_INTERFACE_VERSION,
        .u.settime64 = {.secs = secs, .nsecs = nsecs, .mbz = mbz, .system_time = system_time},
    };
    struct call_args args = {{ARGUMENT}};
    return call_platform_op(vcpu_current(), &args);
}

static int start(void **state)
{
    memset(told, 0, sizeof(told));
    nr_set = 0;
    fake_setup(state);
    fake_become(0, 0);
    return 0;
}

static void every_domain_is_told(void **state)
{
    assert_int_equal(settime(1700000000, 250, 0, 5000000000), 0);
    assert_true(wall_ns == 1699999995000000250);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(told[i], 1);
    }
    fake_domain[0].time_offset_seconds = 3600; /* dom0 lives an hour ahead: not the machine */
    assert_int_equal(settime(1700000000, 0, 0, 0), 0);
    assert_true(wall_ns == 1699996400000000000);
}

static void a_long_walk_comes_again(void **state)
{
    fake_restart = true;
    assert_int_equal(settime(1000, 0, 0, 0), E_RESTART);
    assert_int_equal(settime(1000, 0, 0, 0), E_RESTART);
    assert_int_equal(told[0] + told[1], 2);
    assert_int_equal(told[2], 0);
    /* Another time cuts in: everybody hears of that one. */
    fake_restart = false;
    assert_int_equal(settime(2000, 0, 0, 0), 0);
    assert_int_equal(nr_set, 2);
    assert_int_equal(told[0], 2);
    assert_int_equal(told[2], 1);
    /* A finished walk is not continued. */
    assert_int_equal(settime(2000, 0, 0, 0), 0);
    assert_int_equal(nr_set, 3);
    assert_int_equal(told[0], 3);
}

static void errors(void **state)
{
    assert_int_equal(settime(1, 0, 1, 0), -22);
    struct xen_platform_op *op = guest_at(ARGUMENT);
    struct call_args args = {{ARGUMENT}};
    op->cmd = XENPF_settime32;
    assert_int_equal(call_platform_op(vcpu_current(), &args), -38);
    op->interface_version++;
    assert_int_equal(call_platform_op(vcpu_current(), &args), -13);
    args.arg[0] = GUEST_NOWHERE;
    assert_int_equal(call_platform_op(vcpu_current(), &args), -14);
    fake_become(1, 0);
    assert_int_equal(settime(1, 0, 0, 0), -1);
    assert_int_equal(nr_set, 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_domain_is_told),
        TEST(a_long_walk_comes_again),
        TEST(errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
