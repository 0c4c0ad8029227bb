// SPDX-License-Identifier: MIT
#include "xenconsoled/tail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t read_all(struct console_tail *tail, char *to)
{
    size_t nr = 0;
    const char *bytes;
    for (size_t n; (n = console_tail_peek(tail, &bytes)) > 0; nr += n) {
        memcpy(to + nr, bytes, n);
        console_tail_drop(tail, n);
    }
    return nr;
}

static void what_goes_in_comes_out(void **state)
{
    struct console_tail tail;
    char got[CONSOLE_TAIL_MAX];
    console_tail_init(&tail, 1 << 20);
    assert_int_equal(console_tail_room(&tail), CONSOLE_TAIL_MAX);
    assert_int_equal(read_all(&tail, got), 0);
    assert_null(tail.at); /* an idle console costs nothing */
    console_tail_add(&tail, "one ", 4);
    console_tail_add(&tail, "two", 3);
    assert_int_equal(read_all(&tail, got), 7);
    assert_memory_equal(got, "one two", 7);
    assert_null(tail.at);
    console_tail_fini(&tail);
}

static void the_newest_lines_stay(void **state)
{
    struct console_tail tail;
    char got[CONSOLE_TAIL_MAX + 1];
    char last[32];
    console_tail_init(&tail, 5000); /* no power of two */
    for (int i = 0; i < 10000; i++) {
        char line[32];
        console_tail_add(&tail, line, (size_t)sprintf(line, "line %d\n", i));
        assert_true(tail.nr <= 5000);
    }
    const size_t nr = read_all(&tail, got);
    got[nr] = '\0';
    assert_in_range(nr, 4980, 5000);
    int first = 0;
    assert_int_equal(sscanf(got, "line %d\n", &first), 1);
    const char *p = got;
    for (int i = first; i < 10000; i++) { /* whole lines without a gap up to the last */
        const size_t n = (size_t)sprintf(last, "line %d\n", i);
        assert_memory_equal(p, last, n);
        p += n;
    }
    assert_int_equal(*p, '\0');
    console_tail_fini(&tail);
}

static void one_line_longer_than_all(void **state)
{
    struct console_tail tail;
    char got[CONSOLE_TAIL_MAX];
    char *text = malloc(10000);
    memset(text, 'x', 10000);
    text[9999] = 'y';
    console_tail_init(&tail, 0);
    console_tail_add(&tail, text, 10000);
    assert_int_equal(read_all(&tail, got), CONSOLE_TAIL_MIN);
    assert_int_equal(got[CONSOLE_TAIL_MIN - 1], 'y');
    free(text);
    console_tail_fini(&tail);
}

static void a_line_that_ends_with_the_tail_is_kept(void **state)
{
    struct console_tail tail;
    char got[CONSOLE_TAIL_MAX];
    char *text = malloc(3000);
    memset(text, 'x', 3000);
    text[2999] = '\n';
    console_tail_init(&tail, CONSOLE_TAIL_MIN);
    console_tail_add(&tail, text, 3000);
    assert_int_equal(read_all(&tail, got), CONSOLE_TAIL_MIN);
    free(text);
    console_tail_fini(&tail);
}

static void random_walk(void **state)
{
    struct console_tail tail;
    unsigned seed = 42;
    uint64_t in = 0;
    uint64_t out = 0;
    console_tail_init(&tail, CONSOLE_TAIL_MAX);
    for (int i = 0; i < 20000; i++) {
        char bytes[3000];
        const char *at;
        const size_t nr = (size_t)rand_r(&seed) % sizeof(bytes);
        if (nr <= console_tail_room(&tail)) { /* never beyond: so nothing may be lost */
            for (size_t k = 0; k < nr; k++) {
                bytes[k] = (char)((in + k) * 31 >> 3);
            }
            console_tail_add(&tail, bytes, nr);
            in += nr;
        }
        const size_t there = console_tail_peek(&tail, &at);
        const size_t read = there > 0 ? (size_t)rand_r(&seed) % (there + 1) : 0;
        for (size_t k = 0; k < read; k++) {
            assert_int_equal(at[k], (char)((out + k) * 31 >> 3));
        }
        if (there > 0) {
            console_tail_drop(&tail, read);
        }
        out += read;
        assert_int_equal(tail.nr, in - out);
    }
    console_tail_fini(&tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_in_comes_out),
        cmocka_unit_test(the_newest_lines_stay),
        cmocka_unit_test(one_line_longer_than_all),
        cmocka_unit_test(a_line_that_ends_with_the_tail_is_kept),
        cmocka_unit_test(random_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
