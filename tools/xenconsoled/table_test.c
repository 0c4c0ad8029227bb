// SPDX-License-Identifier: MIT
#include "xenconsoled/table.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void empty(void **state)
{
    struct console_table table = {0};
    assert_null(console_table_find(&table, 0));
    console_table_remove(&table, 0);
    console_table_fini(&table);
}

static void against_an_array(void **state)
{
    enum { NR = 5000 };
    static char values[NR];
    static char *model[NR];
    struct console_table table = {0};
    unsigned seed = 7;
    size_t nr = 0;
    for (int i = 0; i < 200000; i++) {
        const uint32_t key = (uint32_t)rand_r(&seed) % NR;
        if (rand_r(&seed) % 2 == 0) {
            const int wanted = model[key] != NULL ? -EEXIST : 0;
            assert_int_equal(console_table_add(&table, key, &values[key]), wanted);
            nr += model[key] == NULL;
            model[key] = &values[key];
        } else {
            console_table_remove(&table, key);
            nr -= model[key] != NULL;
            model[key] = NULL;
        }
        const uint32_t other = (uint32_t)rand_r(&seed) % NR;
        assert_ptr_equal(console_table_find(&table, other), model[other]);
        assert_int_equal(table.nr, nr);
    }
    for (uint32_t key = 0; key < NR; key++) {
        assert_ptr_equal(console_table_find(&table, key), model[key]);
    }
    console_table_fini(&table);
}

/* Ports come as runs, watches with gaps of any kind: no search may become long. */
static void searches_stay_short(void **state)
{
    static const uint32_t strides[] = {1, 2, 16, 4096, 65536, 0x01000193};
    char value;
    for (size_t s = 0; s < sizeof(strides) / sizeof(strides[0]); s++) {
        struct console_table table = {0};
        for (uint32_t i = 0; i < 4096; i++) {
            assert_int_equal(console_table_add(&table, i * strides[s], &value), 0);
        }
        size_t longest = 0;
        size_t run = 0;
        for (size_t i = 0; i < table.room; i++) {
            run = table.slot[i].value != NULL ? run + 1 : 0;
            longest = run > longest ? run : longest;
        }
        assert_true(longest <= 64);
        console_table_fini(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(against_an_array),
        cmocka_unit_test(searches_stay_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
