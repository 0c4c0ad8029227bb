// SPDX-License-Identifier: MIT
/* The rows of test/sys/bad.tsv that are commands: what is said, the exit status, and nothing done.
 */
#include "xl/machine_test.h"

/* "\n", "\t" and "\\" of a column, in place. */
static void unescape(char *s)
{
    char *to = s;
    for (; *s != '\0'; s++) {
        if (*s == '\\' && s[1] != '\0') {
            s++;
            *to++ = *s == 'n' ? '\n' : *s == 't' ? '\t' : *s;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static void run_row(const char *id, char *input, const char *message, int status)
{
    char *word[8] = {0};
    unsigned nr = 0;
    char *rest = input;
    for (char *w = strsep(&rest, " "); w != NULL; w = strsep(&rest, " ")) {
        assert_true(nr < 8);
        word[nr++] = w;
    }
    machine_start(NULL);
    const int found = machine_run(word[0], word[1], word[2], word[3], word[4], word[5], NULL);
    if (found != status || strstr(machine_err, message) == NULL) {
        fail_msg("%s: status %d, wanted %d; said '%s', wanted '%s'", id, found, status, machine_err,
                 message);
    }
    assert_string_equal(machine_done(), "");
}

static void rows(void **state)
{
    FILE *f = fopen("test/sys/bad.tsv", "re");
    assert_non_null(f);
    char line[4096];
    unsigned nr = 0;
    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "cmd-", 4) != 0) {
            continue;
        }
        line[strcspn(line, "\n")] = '\0';
        char *rest = line;
        const char *id = strsep(&rest, "\t");
        char *input = strsep(&rest, "\t");
        char *message = strsep(&rest, "\t");
        const char *status = strsep(&rest, "\t");
        assert_true(status != NULL && rest != NULL && strchr(rest, '\t') == NULL);
        unescape(input);
        unescape(message);
        run_row(id, input, message, atoi(status));
        nr++;
    }
    fclose(f);
    assert_true(nr >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
