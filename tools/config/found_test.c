// SPDX-License-Identifier: MIT
#include "config/hear_test.h"

#include <errno.h>

#include "config/found.h"

static struct found f;

static int read_bytes(const char *bytes, size_t n)
{
    heard_nothing();
    return found_read(bytes, n, "pygrub", &f);
}
#define READ(bytes) read_bytes(bytes, sizeof(bytes) - 1)

static void of_pygrub(void **state)
{
    assert_int_equal(READ("kernel /d/k\0ramdisk /d/r\0args root=/dev/xvda1 ro\0"), 0);
    assert_string_equal(f.kernel, "/d/k");
    assert_string_equal(f.ramdisk, "/d/r");
    assert_string_equal(f.args, "root=/dev/xvda1 ro");
    found_fini(&f);
    /* Without the last zero, and with a line break that belongs to the arguments */
    assert_int_equal(READ("kernel /d/k\0args a\nb"), 0);
    assert_string_equal(f.args, "a\nb");
    assert_null(f.ramdisk);
    found_fini(&f);
}

static void of_a_script(void **state)
{
    assert_int_equal(READ("kernel \t /d/k with blanks\n\nargs   \nramdisk /d/r"), 0);
    assert_string_equal(f.kernel, "/d/k with blanks");
    assert_string_equal(f.ramdisk, "/d/r");
    assert_null(f.args);
    found_fini(&f);
}

static void other_words(void **state)
{
    assert_int_equal(READ("kernel /a\nkernels /b\nkernel\nkernel /c\n"), 0);
    assert_string_equal(f.kernel, "/c");
    assert_heard("warning: bootloader pygrub: \"kernels /b\" is no word about a kernel");
    assert_heard("warning: bootloader pygrub: \"kernel\" is no word about a kernel");
    found_fini(&f);
}

static void no_kernel(void **state)
{
    assert_int_equal(READ(""), -EINVAL);
    assert_heard("bootloader pygrub: it found no kernel");
    assert_int_equal(READ("ramdisk /r\nargs x\nkernel  \n"), -EINVAL);
    assert_null(f.ramdisk);
    assert_null(f.args);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_pygrub),
        cmocka_unit_test(of_a_script),
        cmocka_unit_test(other_words),
        cmocka_unit_test(no_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
