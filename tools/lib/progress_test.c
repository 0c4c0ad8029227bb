// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/progress.h"

#define SECOND UINT64_C(1000000000)

static struct progress begun(uint64_t total)
{
    struct progress p;
    progress_begin(&p, "Copying", total);
    p.begin_ns = 5 * SECOND;
    return p;
}

static void patient(void **state)
{
    struct progress p = begun(100);
    struct text out = {0};
    progress_render(&p, 50, 7 * SECOND - 1, 60, &out);
    assert_int_equal(out.length, 0);
    progress_render(&p, 50, 7 * SECOND, 60, &out);
    assert_string_equal(text_string(&out),
                        "\rCopying [#################                  ]  50%  2 s\033[K");
    text_cut(&out, 0);
    progress_render(&p, 60, 7 * SECOND + 1, 60, &out); /* a tenth of a second between two */
    assert_int_equal(out.length, 0);
    progress_render(&p, 200, 8 * SECOND, 60, &out); /* never beyond the end */
    assert_string_equal(text_string(&out),
                        "\rCopying [###################################] 100%  3 s\033[K");
    text_fini(&out);
}

static void narrow_and_unknown(void **state)
{
    struct text out = {0};
    struct progress p = begun(100);
    progress_render(&p, 7, 9 * SECOND, 20, &out);
    assert_string_equal(text_string(&out), "\rCopying   7%  4 s\033[K");
    text_cut(&out, 0);
    p = begun(0);
    progress_render(&p, 7, 9 * SECOND, 60, &out);
    assert_string_equal(text_string(&out), "\rCopying  4 s\033[K");
    text_fini(&out);
}

/* What update and end write to standard error. */
static size_t heard(char *out, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    struct progress p;
    progress_begin(&p, "Copying", 10);
    progress_update(&p, 1); /* too early */
    p.begin_ns -= 3 * SECOND;
    progress_update(&p, 5);
    progress_end(&p);
    progress_end(&p); /* is gone already */
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    const ssize_t n = read(ends[0], out, size - 1);
    close(ends[0]);
    out[n < 0 ? 0 : n] = '\0';
    return n < 0 ? 0 : (size_t)n;
}

static void not_in_a_pipe(void **state)
{
    char out[256];
    setenv("COLUMNS", "40", 1);
    assert_int_equal(heard(out, sizeof(out)), 0);
    progress_force();
    assert_int_not_equal(heard(out, sizeof(out)), 0);
    assert_string_equal(out, "\rCopying [#######        ]  50%  3 s\033[K\r\033[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patient),
        cmocka_unit_test(narrow_and_unknown),
        cmocka_unit_test(not_in_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
