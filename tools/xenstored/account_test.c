// SPDX-License-Identifier: MIT
#include "xenstored/account.h"
#include "lib/failing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void come_and_go(void **state)
{
    struct account_table table = {0};
    assert_null(account_find(&table, 5));
    struct account *five = account_open(&table, 5, 77);
    assert_int_equal(five->since, 77);
    assert_ptr_equal(account_open(&table, 5, 99), five);
    assert_int_equal(five->since, 77);
    assert_non_null(account_open(&table, ACCOUNT_MAX - 1, 1));
    assert_null(account_open(&table, ACCOUNT_MAX, 1));
    assert_null(account_find(&table, UINT32_MAX));
    assert_int_equal(table.nr, 2);
    account_close(&table, 5);
    account_close(&table, 5);
    assert_int_equal(table.nr, 1);
    account_fini(&table);
    for (size_t k = 1; k <= 2; k++) {
        failing_arm(k);
        assert_null(account_open(&table, 5, 1));
        assert_true(failing_disarm());
    }
    account_fini(&table);
}

static void charges(void **state)
{
    struct account_table table = {0};
    struct account *five = account_open(&table, 5, 1);
    account_charge(&table, 5, 3, 300);
    account_charge(&table, 5, -1, -100);
    assert_int_equal(five->nodes, 2);
    assert_int_equal(five->memory, 200);
    account_charge(&table, 5, -9, -900);
    assert_int_equal(five->nodes, 0);
    assert_int_equal(five->memory, 0);
    account_charge(&table, 6, 1, 1);
    account_fini(&table);
}

static void targets(void **state)
{
    struct account_table table = {0};
    struct account *five = account_open(&table, 5, 10);
    account_open(&table, 6, 20);
    assert_int_equal(account_subject(&table, five).target, PERMISSION_NOBODY);
    five->target = 6;
    assert_int_equal(account_subject(&table, five).target, 6);
    assert_int_equal(account_subject(&table, five).target_since, 20);
    account_close(&table, 6);
    assert_int_equal(account_subject(&table, five).target, PERMISSION_NOBODY);
    account_fini(&table);
}

static void tallies(void **state)
{
    struct tally tally = {0};
    assert_null(tally_find(&tally, 1));
    for (uint16_t domid = 0; domid < 10; domid++) {
        assert_int_equal(tally_reserve(&tally), 0);
        tally_add(&tally, domid, domid, -domid);
        tally_add(&tally, domid, 1, 0);
    }
    assert_int_equal(tally.nr, 10);
    assert_int_equal(tally_find(&tally, 7)->nodes, 8);
    assert_int_equal(tally_find(&tally, 7)->bytes, -7);
    tally_fini(&tally);
    failing_arm(1);
    assert_int_equal(tally_reserve(&tally), -ENOMEM);
    assert_true(failing_disarm());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(come_and_go),
        cmocka_unit_test(charges),
        cmocka_unit_test(targets),
        cmocka_unit_test(tallies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
