// SPDX-License-Identifier: MIT
/* Each allocation of each command fails in turn: a sentence and a status, or the whole output. */
#include "lib/failing.h"
#include "xl/machine_test.h"

static const char *const commands_to_try[][6] = {
    {"list"},
    {"list", "-vcn", "one"},
    {"list", "-l"},
    {"vm-list"},
    {"claims"},
    {"sharing", "one"},
    {"uptime", "one"},
    {"vcpu-list", "one", "two"},
    {"vcpu-pin", "two", "all", "0,node:0"},
    {"info", "-n"},
    {"sched-credit2"},
    {"sched-credit2", "-d", "one"},
    {"sched-credit2", "-s"},
    {"cpupool-list"},
    {"cpupool-list", "-c"},
    {"cpupool-create", "-n", "name='p1'", "cpus=[0,'1']"},
    {"cpupool-migrate", "one", "Pool-0"},
    {"pause", "nobody"},
    {"shutdown", "one", "two"},
    {"reboot", "-a"},
    {"domid", "one"},
    {"top", "-i", "1"},
    {"help", "create"},
};
#define NR_TRIED (sizeof(commands_to_try) / sizeof(commands_to_try[0]))

static int run(const char *const *words)
{
    return machine_run(words[0], words[1], words[2], words[3], words[4], NULL);
}

static void each(void **state)
{
    static char whole[sizeof(machine_out)];
    for (size_t i = 0; i < NR_TRIED; i++) {
        machine_start(state);
        machine.free_cpus = 3;
        const int wanted = run(commands_to_try[i]);
        strcpy(whole, machine_out);
        unsigned k = 1;
        for (;; k++) {
            failing_arm(k);
            const int status = run(commands_to_try[i]);
            if (!failing_disarm()) {
                assert_int_equal(status, wanted);
                break;
            }
            if (status != XL_FAILURE) {
                assert_int_equal(status, wanted);
                assert_string_equal(machine_out, whole);
            } else {
                if (machine_err[0] == '\0') {
                    fail_msg("xl %s: nothing is said when allocation %u fails",
                             commands_to_try[i][0], k);
                }
            }
        }
        assert_true(k > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
