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

#include "lib/failing.h"
#include "lib/text.h"

static void grows(void **state)
{
    struct text t = {0};
    assert_string_equal(text_string(&t), "");
    for (int i = 0; i < 1000; i++) {
        text_add(&t, "%d,", i % 10);
    }
    assert_int_equal(t.length, 2000);
    assert_int_equal(strlen(text_string(&t)), 2000);
    text_cut(&t, 3);
    text_cut(&t, 10); /* longer than it is: nothing */
    text_pad(&t, '-', 3);
    text_pad(&t, '-', -3);
    text_add_char(&t, 'x');
    text_add_bytes(&t, "a\0b", 3);
    assert_int_equal(t.length, 10);
    assert_memory_equal(t.s, "0,1---xa\0b", 11);
    text_fini(&t);
    assert_int_equal(t.capacity, 0);
}

static void taken(void **state)
{
    struct text t = {0};
    char *s = text_take(&t);
    assert_string_equal(s, "");
    free(s);
    text_add(&t, "%s", "word");
    s = text_take(&t);
    assert_string_equal(s, "word");
    assert_null(t.s);
    free(s);
}

static void no_memory(void **state)
{
    struct text t = {0};
    text_add(&t, "kept");
    failing_arm(1);
    text_pad(&t, 'x', 1000);
    assert_true(failing_disarm());
    assert_true(t.failed);
    text_add(&t, "nothing more");
    assert_null(text_take(&t));
    assert_false(t.failed);
    text_add_bytes(&t, "x", SIZE_MAX); /* longer than memory: refused before it is read */
    assert_true(t.failed);
    text_fini(&t);
}

static void files(void **state)
{
    struct text t = {0};
    char path[] = "/tmp/text_test.XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    char block[1000];
    memset(block, 'z', sizeof(block));
    for (int i = 0; i < 40; i++) {
        assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
    }
    close(fd);
    assert_int_equal(text_read_file(&t, path, 40000), 0);
    assert_int_equal(t.length, 40000);
    text_cut(&t, 0);
    assert_int_equal(text_read_file(&t, path, 39999), -E2BIG);
    text_fini(&t);
    assert_int_equal(text_read_file(&t, "/tmp", 10), -EISDIR);
    unlink(path);
    assert_int_equal(text_read_file(&t, path, 10), -ENOENT);
    text_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows),
        cmocka_unit_test(taken),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
