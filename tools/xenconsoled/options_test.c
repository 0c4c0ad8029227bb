// SPDX-License-Identifier: MIT
#include "xenconsoled/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct consoled_options o;

static int parse(const char *line)
{
    static char text[256];
    char *argv[16] = {"xenconsoled"};
    int argc = 1;
    strcpy(text, line);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    return consoled_options_parse(argc, argv, &o);
}

static void nothing_said(void **state)
{
    assert_int_equal(parse(""), 0);
    assert_string_equal(o.log_folder, "/var/log/xen/console");
    assert_string_equal(o.pid_file, "/run/xen/xenconsoled.pid");
    assert_false(o.logs_guests || o.logs_hypervisor || o.stamps_guests || o.stamps_hypervisor);
    assert_false(o.is_interactive || o.keeps || o.replaces_escape);
}

static void as_init_scripts_say_it(void **state)
{
    assert_int_equal(parse("--log=all --log-dir=/l --timestamp=all --pid-file /run/x.pid"), 0);
    assert_true(o.logs_guests && o.logs_hypervisor && o.stamps_guests && o.stamps_hypervisor);
    assert_string_equal(o.log_folder, "/l");
    assert_string_equal(o.pid_file, "/run/x.pid");
    assert_int_equal(parse("-i -v --log=guest -t hv -o keep --replace-escape"), 0);
    assert_true(o.is_interactive && o.is_verbose && o.keeps && o.replaces_escape);
    assert_true(o.logs_guests && !o.logs_hypervisor && !o.stamps_guests && o.stamps_hypervisor);
    assert_int_equal(parse("--log=hv --log=none -o discard"), 0);
    assert_false(o.logs_guests || o.logs_hypervisor || o.keeps);
}

static void what_is_wrong(void **state)
{
    static const char *const lines[] = {"--log=some", "-t now", "-o lose", "--nothing",
                                        "-z",         "word",   "--log"};
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(parse(lines[i]), -EINVAL);
    }
}

static void help_and_version(void **state)
{
    assert_int_equal(parse("--help"), 1);
    assert_int_equal(parse("-V"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said),
        cmocka_unit_test(as_init_scripts_say_it),
        cmocka_unit_test(what_is_wrong),
        cmocka_unit_test(help_and_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
