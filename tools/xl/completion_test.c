// SPDX-License-Identifier: MIT
/* completion.bash in a real bash, with an xl that is this program's own. */
#include "xl/machine_test.h"

/* What bash offers for a line, words sorted as they come; the last word may be empty. */
static const char *offered(const char *line)
{
    static char out[8192];
    char command[1024];
    snprintf(command, sizeof(command),
             "source tools/xl/completion.bash; xl() { \"$XL_TEST\" \"$@\"; }; COMP_WORDS=(%s); "
             "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _kanso_xl; echo \"${COMPREPLY[*]}\"",
             line);
    setenv("SCRIPT", command, 1);
    FILE *f = popen("bash -c \"$SCRIPT\" 2>&1", "r");
    assert_non_null(f);
    const size_t n = fread(out, 1, sizeof(out) - 1, f);
    out[n] = '\0';
    assert_int_equal(pclose(f), 0);
    out[strcspn(out, "\n")] = '\0';
    return out;
}

static void offers(void **state)
{
    static const struct {
        const char *line, *wanted;
    } rows[] = {
        {"xl unp", "unpause"},
        {"xl -v sys", "sysrq"},
        {"xl -", "-v -f -N -t -T --dry-run --help"},
        {"xl pause ''", "Domain-0 one two"},
        {"xl pause o", "one"},
        {"xl pause one ''", ""},
        {"xl shutdown -w one t", "two"},
        {"xl list --n", "--numa"},
        {"xl sched-credit2 -d tw", "two"},
        {"xl sched-credit2 -p ''", "Pool-0"},
        {"xl cpupool-migrate one ''", "Pool-0"},
        {"xl trigger one s", "sleep s3resume"},
        {"xl console -t v", "vuart"},
        {"xl create LICEN", "LICENSE"},
        {"xl dump-core one LICEN", "LICENSE"},
        {"xl help vcpu-", "vcpu-list vcpu-pin vcpu-set"},
        {"xl nosuch ''", ""},
        {"xl migr", ""}, /* what is not here is not offered */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *found = offered(rows[i].line);
        if (strcmp(found, rows[i].wanted) != 0) {
            fail_msg("%s: '%s', wanted '%s'", rows[i].line, found, rows[i].wanted);
        }
    }
}

/* As a program with words, this test is the xl of the scripts above. */
int main(int argc, char **argv)
{
    if (argc > 1) {
        machine_start(NULL);
        return xl_run(argc, argv);
    }
    char self[512];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n < 0 ? 0 : n] = '\0';
    setenv("XL_TEST", self, 1);
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(offers, machine_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
