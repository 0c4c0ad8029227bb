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

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>

#include "lib/terminal.h"

static void no_terminal(void **state)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    unsetenv("COLUMNS");
    assert_false(terminal_is(ends[1]));
    assert_false(terminal_has_colour(ends[1]));
    assert_int_equal(terminal_width(ends[1]), 80);
    setenv("COLUMNS", "100", 1);
    assert_int_equal(terminal_width(ends[1]), 100);
    setenv("COLUMNS", "nonsense", 1);
    assert_int_equal(terminal_width(ends[1]), 80);
    close(ends[0]);
    close(ends[1]);
}

static void a_terminal(void **state)
{
    int master;
    int slave;
    const struct winsize size = {.ws_row = 24, .ws_col = 133};
    assert_int_equal(openpty(&master, &slave, NULL, NULL, &size), 0);
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_true(terminal_is(slave));
    assert_int_equal(terminal_width(slave), 133);
    assert_true(terminal_has_colour(slave));
    setenv("NO_COLOR", "", 1);
    assert_true(terminal_has_colour(slave)); /* empty counts as not there */
    setenv("NO_COLOR", "1", 1);
    assert_false(terminal_has_colour(slave));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(terminal_has_colour(slave));
    close(slave);
    close(master);
}

static void sequences(void **state)
{
    assert_string_equal(terminal_colour(false, COLOUR_RED), "");
    assert_string_equal(terminal_colour(true, COLOUR_RED), "\033[31m");
    assert_string_equal(terminal_colour(true, COLOUR_NONE), "\033[0m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_terminal),
        cmocka_unit_test(a_terminal),
        cmocka_unit_test(sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
