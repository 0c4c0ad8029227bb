// SPDX-License-Identifier: MIT
/* Golden outputs: what Debian's xl 4.17 printed of the same machine. */
#include <time.h>

#include "xl/machine_test.h"

static char begun[3][32];

/* A guest of so many seconds; a second more may have passed when it is printed. */
static void is_old(unsigned i, const char *vm, const char *start, long seconds)
{
    snprintf(begun[i], sizeof(begun[i]), "%ld.73", (long)time(NULL) - seconds);
    machine.node[machine.nr_nodes++] = (struct machine_node){vm, start};
    static char path[3][64];
    snprintf(path[i], sizeof(path[i]), "%s/start_time", start);
    machine.node[machine.nr_nodes++] = (struct machine_node){path[i], begun[i]};
}

static void table(void **state)
{
    is_old(0, "/local/domain/1/vm", "/vm/1", 8);
    is_old(1, "/local/domain/2/vm", "/vm/2", 2 * 86400 + 3 * 3600 + 4 * 60 + 5);
    assert_int_equal(machine_run("uptime", "one", "two", NULL), XL_OK);
    assert_memory_equal(machine_out,
                        "Name                                ID Uptime\n"
                        "one                                  1  0:00:0",
                        92);
    assert_non_null(strstr(machine_out, "two                                  2 2 days,  3:04:0"));
    is_old(2, "/x", "/y", 0);
    begun[0][0] = 'x'; /* what is no number is no time */
    assert_int_equal(machine_run("uptime", "one", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "1  0:00:00\n"));
    assert_int_equal(machine_run("uptime", "nobody", NULL), XL_FAILURE);
}

static void brief(void **state)
{
    is_old(0, "/local/domain/1/vm", "/vm/1", 86400 + 61);
    assert_int_equal(machine_run("uptime", "-s", "one", NULL), XL_OK);
    unsigned hours;
    unsigned minutes;
    unsigned seconds;
    char rest[64];
    assert_int_equal(sscanf(machine_out, " %u:%u:%u up %63[^\n]", &hours, &minutes, &seconds, rest),
                     4);
    assert_string_equal(rest, "1 day,  0:01, one (1)");
}

static void control_domain(void **state)
{
    assert_int_equal(machine_run("uptime", "0", NULL), XL_OK);
    assert_non_null(strstr(machine_out, "Domain-0                             0 "));
    assert_null(strstr(machine_out, "0  0:00:00\n"));
}

static void names(void **state)
{
    assert_int_equal(machine_run("domid", "one", NULL), XL_OK);
    assert_string_equal(machine_out, "1\n");
    assert_int_equal(machine_run("domid", "1", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: no domain has the name '1'\n");
    assert_int_equal(machine_run("domid", "zz", NULL), XL_FAILURE);
    assert_string_equal(machine_err, "xl: error: no such domain 'zz'\n");
    assert_int_equal(machine_run("domname", "1", NULL), XL_OK);
    assert_string_equal(machine_out, "one\n");
    assert_int_equal(machine_run("domname", "99", NULL), XL_FAILURE);
    assert_int_equal(machine_run("domname", "one", NULL), XL_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(table, machine_start),
        cmocka_unit_test_setup(brief, machine_start),
        cmocka_unit_test_setup(control_domain, machine_start),
        cmocka_unit_test_setup(names, machine_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
