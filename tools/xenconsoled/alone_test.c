// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/message.h"
#include "xenconsoled/alone.h"

static char said[512];
static char path[64];

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(said, sizeof(said), format, words);
    va_end(words);
}

/* A process that does this and holds what it locked until *stop is closed. */
static pid_t other(int (*take)(const char *), int *stop)
{
    int ready[2];
    int end[2];
    char byte = 0;
    assert_int_equal(pipe(ready) | pipe(end), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        close(end[1]);
        byte = take(path) == 0 ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    close(end[0]);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(ready[0]);
    *stop = end[1];
    return pid;
}

/* As Xen's daemon does it. */
static int take_as_xen(const char *name)
{
    const int fd = open(name, O_RDWR | O_CREAT, 0600);
    return lockf(fd, F_TLOCK, 0);
}

static void end(pid_t pid, int stop)
{
    close(stop);
    waitpid(pid, NULL, 0);
}

static int setup(void **state)
{
    snprintf(path, sizeof(path), "/tmp/kanso-alone-%d", (int)getpid());
    unlink(path);
    said[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    return unlink(path);
}

static void a_second_one(void **state)
{
    char words[200];
    int stop;
    const pid_t pid = other(alone_take, &stop);
    assert_int_equal(alone_take(path), -EBUSY);
    snprintf(words, sizeof(words),
             "another xenconsoled runs already, process %d (it has locked %s)", (int)pid, path);
    assert_string_equal(said, words);
    end(pid, stop);
    assert_int_equal(alone_take(path), 0); /* what it wrote is no lock */
}

static void one_of_xen(void **state)
{
    char words[200];
    int stop;
    const pid_t pid = other(take_as_xen, &stop);
    assert_int_equal(alone_take(path), -EBUSY);
    snprintf(words, sizeof(words), "another xenconsoled runs already (it has locked %s)", path);
    assert_string_equal(said, words);
    end(pid, stop);
    const pid_t ours = other(alone_take, &stop);
    assert_int_equal(take_as_xen(path), -1);
    end(ours, stop);
}

static void no_place(void **state)
{
    assert_int_equal(alone_take("/nonexistent/file"), -ENOENT);
    assert_string_equal(said, "/nonexistent/file: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_second_one, setup, teardown),
        cmocka_unit_test_setup_teardown(one_of_xen, setup, teardown),
        cmocka_unit_test(no_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
