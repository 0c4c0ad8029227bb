// SPDX-License-Identifier: MIT
#include "xenconsoled/pty.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

static struct loop loop;
static struct console_readers readers;
static int nr_reads;
static int nr_writes;
static char typed[64];

static void can_read(struct console_pty *pty)
{
    nr_reads++;
    typed[console_pty_read(pty, typed, sizeof(typed) - 1)] = '\0';
}

static void can_write(struct console_pty *pty)
{
    nr_writes++;
    console_pty_want(pty, true, false);
}

static void turn_until_quiet(void)
{
    int calls = 0;
    while (loop_turn(&loop, 0) > 0) {
        assert_true(++calls < 20); /* a source that is always ready would be an idle cost */
    }
}

static int init(void **state)
{
    static struct console_pty pty;
    pty = (struct console_pty){
        .source.fd = -1, .can_read = can_read, .can_write = can_write, .wants_read = true};
    *state = &pty;
    nr_reads = nr_writes = 0;
    if (loop_init(&loop) < 0 || console_readers_init(&readers, &loop) < 0) {
        return -1;
    }
    return console_pty_open(&pty, &readers);
}

static int fini(void **state)
{
    console_pty_close(*state);
    console_pty_close(*state);
    console_readers_fini(&readers);
    loop_fini(&loop);
    return 0;
}

static int person_opens(const struct console_pty *pty)
{
    const int fd = open(pty->path, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    return fd;
}

static void a_reader_comes_and_goes(void **state)
{
    struct console_pty *pty = *state;
    char got[16] = "";
    assert_int_equal(loop_turn(&loop, 0), 0); /* nobody is there: nothing wakes */
    console_pty_want(pty, true, true);
    assert_int_equal(loop_turn(&loop, 0), 0);
    const int fd = person_opens(pty);
    turn_until_quiet();
    assert_true(pty->is_open_elsewhere);
    assert_int_equal(nr_writes, 1);
    assert_int_equal(console_pty_write(pty, "hi\n", 3), 3);
    assert_int_equal(read(fd, got, sizeof(got)), 3); /* raw: no \r comes in between */
    assert_string_equal(got, "hi\n");
    close(fd);
    turn_until_quiet();
    assert_false(pty->is_open_elsewhere);
    const int again = person_opens(pty);
    turn_until_quiet();
    assert_true(pty->is_open_elsewhere);
    struct termios words;
    assert_int_equal(tcgetattr(again, &words), 0);
    assert_int_equal(words.c_lflag & (ECHO | ICANON), 0); /* still raw */
    close(again);
    turn_until_quiet();
}

/* echo text >$tty: open, write, close before the daemon has looked once. */
static void a_script_types_and_leaves(void **state)
{
    struct console_pty *pty = *state;
    const int fd = person_opens(pty);
    assert_int_equal(write(fd, "ls\n", 3), 3);
    close(fd);
    turn_until_quiet();
    assert_int_equal(nr_reads, 1);
    assert_string_equal(typed, "ls\n");
    assert_false(pty->is_open_elsewhere);
}

/* The guest takes no input: what was typed stays in the kernel and costs no wake. */
static void typed_but_not_wanted(void **state)
{
    struct console_pty *pty = *state;
    console_pty_want(pty, false, false);
    int fd = person_opens(pty);
    assert_int_equal(write(fd, "abc", 3), 3);
    turn_until_quiet();
    close(fd);
    turn_until_quiet();
    assert_int_equal(nr_reads, 0);
    assert_int_equal(console_pty_read(pty, typed, sizeof(typed)), 3);
    assert_memory_equal(typed, "abc", 3);
    assert_int_equal(console_pty_read(pty, typed, sizeof(typed)), 0);
}

static void two_readers_one_leaves(void **state)
{
    struct console_pty *pty = *state;
    const int a = person_opens(pty);
    const int b = person_opens(pty);
    turn_until_quiet();
    close(a);
    turn_until_quiet();
    assert_true(pty->is_open_elsewhere);
    close(b);
    turn_until_quiet();
    assert_false(pty->is_open_elsewhere);
}

static void what_a_reader_left_the_next_one_gets(void **state)
{
    struct console_pty *pty = *state;
    char got[16];
    const int a = person_opens(pty);
    turn_until_quiet();
    assert_int_equal(console_pty_write(pty, "unread", 6), 6);
    close(a);
    turn_until_quiet();
    const int b = person_opens(pty);
    turn_until_quiet();
    assert_int_equal(read(b, got, sizeof(got)), 6);
    close(b);
    turn_until_quiet();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reader_comes_and_goes, init, fini),
        cmocka_unit_test_setup_teardown(a_script_types_and_leaves, init, fini),
        cmocka_unit_test_setup_teardown(typed_but_not_wanted, init, fini),
        cmocka_unit_test_setup_teardown(two_readers_one_leaves, init, fini),
        cmocka_unit_test_setup_teardown(what_a_reader_left_the_next_one_gets, init, fini),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
