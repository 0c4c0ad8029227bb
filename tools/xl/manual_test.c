// SPDX-License-Identifier: MIT
/* xl(1) and the table say the same: each command is in the page with its options, and the reverse.
 */
#include "xl/machine_test.h"

static struct text page;

static int read_page(void **state)
{
    return text_read_file(&page, "docs/man/xl.1", 1 << 20);
}

static int forget_page(void **state)
{
    text_fini(&page);
    return 0;
}

/* The page's part about a command: from its ".It Cm NAME" to the next one. NULL: there is none. */
static char *part_of(const char *name)
{
    for (const char *s = text_string(&page); (s = strstr(s, "\n.It Cm ")) != NULL; s++) {
        const char *line = s + strlen("\n.It Cm ");
        const size_t length = strcspn(line, "\n");
        const size_t word = strlen(name);
        for (const char *w = line; w < line + length;
             w += strcspn(w, " ,\n"), w += strspn(w, " ,")) {
            if (strncmp(w, name, word) == 0 && strchr(" ,\n", w[word]) != NULL) {
                const char *end = strstr(line, "\n.It Cm ");
                return strndup(line, end == NULL ? strlen(line) : (size_t)(end - line));
            }
            if (strncmp(w, "Op", 2) == 0 || strncmp(w, "Oo", 2) == 0 || strncmp(w, "Ar", 2) == 0) {
                break;
            }
        }
    }
    return NULL;
}

static bool has_option(const char *part, const struct option_row *o)
{
    char word[64];
    if (o->letter != 0) {
        snprintf(word, sizeof(word), ".It Fl %c", o->letter);
        const char *found = strstr(part, word);
        if (found == NULL || strchr(" \n", found[strlen(word)]) == NULL) {
            return false;
        }
    }
    if (o->name != NULL) {
        snprintf(word, sizeof(word), "Fl -%s", o->name);
        const char *found = strstr(part, word);
        if (found == NULL || strchr(" \n", found[strlen(word)]) == NULL) {
            return false;
        }
    }
    return true;
}

static void each_command(void **state)
{
    for (size_t i = 0; i < nr_commands; i++) {
        char *part = part_of(commands[i].name);
        if (part == NULL) {
            fail_msg("xl.1 has no %s", commands[i].name);
        }
        for (const struct option_row *o = commands[i].options; o != NULL && (o->letter || o->name);
             o++) {
            if (o->help != NULL && !has_option(part, o)) {
                fail_msg("xl.1: %s has no -%c", commands[i].name, o->letter);
            }
        }
        free(part);
    }
}

static void each_word(void **state)
{
    unsigned nr = 0;
    for (const char *s = text_string(&page); (s = strstr(s, "\n.It Cm ")) != NULL;) {
        s += strlen("\n.It Cm ");
        char line[512];
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(s, "\n"), s);
        char *rest = line;
        for (char *w = strsep(&rest, " "); w != NULL; w = strsep(&rest, " ")) {
            if (strcmp(w, "Oo") == 0 || strcmp(w, "Ar") == 0 || strcmp(w, "Fl") == 0) {
                break;
            }
            if (strcmp(w, ",") == 0) {
                continue;
            }
            const struct command *c = command_find(w);
            if (c == NULL || strcmp(c->name, w) != 0) {
                fail_msg("xl.1 has '%s', which is no command", w);
            }
            nr++;
        }
    }
    assert_int_equal(nr, nr_commands);
}

/* The statuses are documented. */
static void statuses(void **state)
{
    const char *section = strstr(text_string(&page), "\n.Sh EXIT STATUS\n");
    assert_non_null(section);
    for (int status = XL_OK; status <= XL_ABSENT; status++) {
        char word[32];
        snprintf(word, sizeof(word), "\n.It %d\n", status);
        assert_non_null(strstr(section, word));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_command, read_page, forget_page),
        cmocka_unit_test_setup_teardown(each_word, read_page, forget_page),
        cmocka_unit_test_setup_teardown(statuses, read_page, forget_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
