// SPDX-License-Identifier: MIT
#include "xl/machine_test.h"

static void one_word(void **state)
{
    static const struct {
        const char *command, *argument, *done;
    } rows[] = {
        {"pause", NULL, "pause 1; "},
        {"unpause", NULL, "unpause 1; "},
        {"destroy", NULL, "destroy 1; "},
        {"shutdown", NULL, "shutdown 1; "},
        {"reboot", NULL, "reboot 1; "},
        {"rename", "three", "rename 1 three; "},
        {"sysrq", "h", "sysrq 1 h; "},
        {"mem-set", "512m", "memory 1 524288; "},
        {"mem-set", "8", "memory 1 8192; "},
        {"mem-max", "1g", "max 1 1048576; "},
        {"dump-core", "/tmp/x", "dump 1 /tmp/x; "},
        {"trigger", "nmi", "trigger 1 0 0; "},
        {"trigger", "s3resume", "trigger 1 5 0; "},
        {"button-press", "sleep", "trigger 1 4 0; "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        machine.error = 0;
        assert_int_equal(machine_run(rows[i].command, "one", rows[i].argument, NULL), XL_OK);
        assert_string_equal(machine_done(), rows[i].done);
        assert_string_equal(machine_out, "");
        assert_int_equal(machine_run(rows[i].command, "1", rows[i].argument, NULL), XL_OK);
        assert_string_equal(machine_done(), rows[i].done);
        machine.error = -EIO;
        assert_int_equal(machine_run(rows[i].command, "one", rows[i].argument, NULL), XL_FAILURE);
        assert_int_equal(machine_run(rows[i].command, "oone", rows[i].argument, NULL), XL_FAILURE);
        assert_string_equal(machine_done(), "");
        assert_non_null(strstr(machine_err, "no such domain 'oone'; did you mean 'one'?"));
        assert_int_equal(machine_run(rows[i].command, NULL), XL_USAGE);
    }
}

static void many(void **state)
{
    assert_int_equal(machine_run("shutdown", "-w", "one", "two", NULL), XL_OK);
    assert_string_equal(machine_done(), "shutdown+wait 1; shutdown+wait 2; ");
    assert_string_equal(machine_err, "Shutting down domain 1\nShutting down domain 2\n");
    assert_int_equal(machine_run("reboot", "-a", NULL), XL_OK);
    assert_string_equal(machine_done(), "reboot 1; reboot 2; ");
    assert_int_equal(machine_run("shutdown", NULL), XL_USAGE);
    assert_int_equal(machine_run("shutdown", "-a", "one", NULL), XL_USAGE);
    assert_int_equal(machine_run("shutdown", "one", "nobody", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), ""); /* not half of it */
    machine.nr_domains = 1;
    assert_int_equal(machine_run("shutdown", "-a", NULL), XL_OK);
    assert_string_equal(machine_done(), "");
}

static void refused(void **state)
{
    static const char *const rows[][3] = {
        {"sysrq", "one", "hh"},         {"sysrq", "one", ""},     {"trigger", "one", "foo"},
        {"button-press", "one", "nmi"}, {"mem-set", "one", "zz"}, {"mem-set", "one", "0"},
        {"mem-max", "one", "1mb"},      {"pause", "one", "two"},  {"rename", "one", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(machine_run(rows[i][0], rows[i][1], rows[i][2], NULL), XL_USAGE);
        assert_string_equal(machine_done(), "");
        assert_non_null(strstr(machine_err, "\nUsage: xl [-vtT"));
    }
    assert_int_equal(machine_run("destroy", "-f", "0", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: the control domain cannot destroy itself\n");
    assert_int_equal(machine_run("trigger", "one", "nmi", "x", NULL), XL_USAGE);
    machine.error = -ENOSYS;
    assert_int_equal(machine_run("trigger", "one", "power", "1", NULL), XL_FAILURE);
    assert_string_equal(machine_done(), "trigger 1 3 1; ");
    assert_non_null(strstr(machine_err, "have no trigger 'power'"));
}

static void supervisor(void **state)
{
    assert_int_equal(machine_run("supervise", NULL), XL_OK);
    assert_string_equal(machine_done(), "supervise; ");
    assert_int_equal(machine_run("supervise", "-F", NULL), XL_OK);
    assert_string_equal(machine_done(), "supervise here; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_word, machine_start),
        cmocka_unit_test_setup(many, machine_start),
        cmocka_unit_test_setup(refused, machine_start),
        cmocka_unit_test_setup(supervisor, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
