/* SPDX-License-Identifier: MIT */
#include "call/fake_test.h"
#include "call/wallclock.h"
#include "time/time.h"

static u64 epoch_ns;
static u32 odd;

u64 clock_wall_at_boot_ns(void)
{
    return epoch_ns;
}

static struct xen_shared_info *info(void)
{
    return (struct xen_shared_info *)guest_memory;
}

static void reader(void)
{
    odd += info()->wc_version & 1;
}

static void seconds_and_nanoseconds(void **state)
{
    epoch_ns = 5000000000123456789;
    odd = 0;
    fake_page_write_hook = reader;
    wallclock_update(&fake_domain[1]);
    assert_true(info()->wc_sec == 5000000000 % (1ULL << 32));
    assert_int_equal(info()->wc_sec_hi, 1);
    assert_int_equal(info()->wc_nsec, 123456789);
    assert_int_equal(info()->wc_version, 2);
    assert_int_equal(odd, 4); /* all but the last write */
}

static void with_the_domains_offset(void **state)
{
    epoch_ns = 10 * 1000000000ULL;
    fake_domain[1].time_offset_seconds = (u64)-3;
    wallclock_update(&fake_domain[1]);
    assert_int_equal(info()->wc_sec, 7);
    assert_int_equal(info()->wc_sec_hi, 0);
}

static void whatever_the_guest_left_there(void **state)
{
    info()->wc_version = 0xffffffff;
    wallclock_update(&fake_domain[1]);
    assert_int_equal(info()->wc_version, 0);
    info()->wc_version = 7;
    wallclock_update(&fake_domain[1]);
    assert_int_equal(info()->wc_version, 8);
}

static void a_page_that_is_right_stays(void **state)
{
    epoch_ns = 10 * 1000000000ULL;
    wallclock_update(&fake_domain[1]);
    const u32 writes = fake_page_writes;
    wallclock_update(&fake_domain[1]);
    assert_int_equal(fake_page_writes, writes);
    info()->wc_version |= 1;
    wallclock_update(&fake_domain[1]);
    assert_int_equal(info()->wc_version & 1, 0);
    fake_domain[1].time_offset_seconds = 1ULL << 32;
    wallclock_update(&fake_domain[1]);
    assert_int_equal(info()->wc_sec_hi, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FAKE_TEST(seconds_and_nanoseconds),
        FAKE_TEST(with_the_domains_offset),
        FAKE_TEST(whatever_the_guest_left_there),
        FAKE_TEST(a_page_that_is_right_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
