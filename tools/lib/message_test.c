// SPDX-License-Identifier: MIT
#include "lib/message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char said[256];

/* What f says on standard error. */
static void hear(void (*f)(void))
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const int kept = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    f();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    const ssize_t n = read(ends[0], said, sizeof(said) - 1);
    said[n < 0 ? 0 : n] = '\0';
    close(ends[0]);
}

static void words(void)
{
    errno = ENOENT;
    message_error("%s:%d: no such key", "a.cfg", 3);
    assert_int_equal(errno, ENOENT);
    message_warning("odd");
    message_detail(1, "not heard");
    message_set_level(1);
    message_detail(1, "heard");
    message_set_level(0);
}

static void in_a_pipe(void **state)
{
    message_program("xl");
    hear(words);
    assert_string_equal(said, "xl: error: a.cfg:3: no such key\nxl: warning: odd\nxl: heard\n");
}

static void one_word(void)
{
    message_error("x");
}

static void stamped(void **state)
{
    message_set_timestamps(true);
    hear(one_word);
    message_set_timestamps(false);
    int year;
    int pid;
    char rest[32];
    assert_int_equal(sscanf(said, "%d-%*d-%*d %*d:%*d:%*d UTC [%d] %31[^\n]", &year, &pid, rest),
                     3);
    assert_true(year >= 2024);
    assert_int_equal(pid, getpid());
    assert_string_equal(rest, "xl: error: x");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_a_pipe), cmocka_unit_test(stamped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
