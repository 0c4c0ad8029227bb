// SPDX-License-Identifier: MIT
#include "xenconsoled/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/kanso-log-XXXXXX";
static char path[64];
static char moved[64];

static int make_folder(void **state)
{
    setenv("TZ", "UTC", 1);
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/guest-a.log", folder);
    snprintf(moved, sizeof(moved), "%s/guest-a.log.1", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(path);
    unlink(moved);
    return rmdir(folder);
}

static const char *content(const char *file)
{
    static char text[65536];
    const int fd = open(file, O_RDONLY);
    assert_true(fd >= 0);
    const ssize_t nr = read(fd, text, sizeof(text) - 1);
    assert_true(nr >= 0);
    close(fd);
    text[nr] = '\0';
    return text;
}

static int clean(void **state)
{
    unlink(path);
    unlink(moved);
    return 0;
}

static void bytes_as_they_came(void **state)
{
    struct console_log log = CONSOLE_LOG_CLOSED;
    console_log_write(&log, "before it is open\n", 18, 0);
    assert_int_equal(console_log_open(&log, path, 0), 0);
    console_log_write(&log, "a\033[1mb\n", 7, 0);
    console_log_write(&log, "half", 4, 0);
    assert_string_equal(content(path), "a\033[1mb\nhalf");
    console_log_close(&log);
    console_log_close(&log);
}

static void stamps_stand_at_the_starts_of_lines(void **state)
{
    struct console_log log = {.fd = -1, .has_stamps = true};
    assert_int_equal(console_log_open(&log, path, 0), 0);
    console_log_write(&log, "one\ntw", 6, 86399);
    console_log_write(&log, "o\n\nthree", 8, 86400);
    assert_string_equal(content(path), "[1970-01-01 00:00:00] Logfile Opened\n"
                                       "[1970-01-01 23:59:59] one\n"
                                       "[1970-01-01 23:59:59] two\n"
                                       "[1970-01-02 00:00:00] \n"
                                       "[1970-01-02 00:00:00] three");
    console_log_close(&log);
}

static void escapes_become_dots(void **state)
{
    struct console_log log = {.fd = -1, .replaces_escape = true};
    assert_int_equal(console_log_open(&log, path, 0), 0);
    console_log_write(&log, "\033[1ma\033\033", 7, 0);
    assert_string_equal(content(path), ".[1ma..");
    console_log_close(&log);
}

static void rotation(void **state)
{
    struct console_log log = CONSOLE_LOG_CLOSED;
    assert_int_equal(console_log_open(&log, path, 0), 0);
    console_log_write(&log, "old\n", 4, 0);
    assert_int_equal(rename(path, moved), 0);
    console_log_write(&log, "still old\n", 10, 0);
    assert_int_equal(console_log_reopen(&log, NULL, 0), 0);
    console_log_write(&log, "new\n", 4, 0);
    assert_string_equal(content(moved), "old\nstill old\n");
    assert_string_equal(content(path), "new\n");
    assert_int_equal(console_log_reopen(&log, NULL, 0), 0); /* appends, never truncates */
    console_log_write(&log, "newer\n", 6, 0);
    assert_string_equal(content(path), "new\nnewer\n");
    assert_int_equal(console_log_reopen(&log, moved, 0), 0); /* a guest that was renamed */
    console_log_write(&log, "!", 1, 0);
    assert_string_equal(content(moved), "old\nstill old\n!");
    console_log_close(&log);
    assert_int_equal(console_log_reopen(&log, NULL, 0), -ENOENT);
}

static void larger_than_the_buffer(void **state)
{
    struct console_log log = {.fd = -1, .has_stamps = true};
    static char lines[20000];
    for (size_t i = 0; i < sizeof(lines); i++) {
        lines[i] = i % 100 == 99 ? '\n' : 'x';
    }
    assert_int_equal(console_log_open(&log, path, 0), 0);
    console_log_write(&log, lines, sizeof(lines), 0);
    assert_int_equal(strlen(content(path)), sizeof(lines) + 200 * 22 + 22 + 15);
    console_log_close(&log);
}

static void a_log_that_fails_is_no_log(void **state)
{
    struct console_log log = CONSOLE_LOG_CLOSED;
    assert_int_equal(console_log_open(&log, "/nowhere/at/all", 0), -ENOENT);
    assert_int_equal(log.fd, -1);
    assert_null(log.path);
    assert_int_equal(console_log_open(&log, "/dev/full", 0), 0);
    console_log_write(&log, "lost", 4, 0);
    assert_true(log.has_complained);
    console_log_write(&log, "lost", 4, 0);
    console_log_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(bytes_as_they_came, clean),
        cmocka_unit_test_teardown(stamps_stand_at_the_starts_of_lines, clean),
        cmocka_unit_test_teardown(escapes_become_dots, clean),
        cmocka_unit_test_teardown(rotation, clean),
        cmocka_unit_test_teardown(larger_than_the_buffer, clean),
        cmocka_unit_test(a_log_that_fails_is_no_log),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
