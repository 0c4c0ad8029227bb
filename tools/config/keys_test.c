// SPDX-License-Identifier: MIT
/* The table of keys and the manual page say the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/keys.h"
#include "lib/text.h"

#define PAGE "docs/man/xl.cfg.5"

static struct text page;

static int read_page(void **state)
{
    return text_read_file(&page, PAGE, 1 << 20);
}

static int free_page(void **state)
{
    text_fini(&page);
    return 0;
}

/* Where the item of a key begins, ".It Va KEY Ns = ", behind its line; NULL: there is none. */
static const char *find_item(const char *key)
{
    char line[80];
    snprintf(line, sizeof(line), "\n.It Va %s Ns = Ns Ar ", key);
    const char *item = strstr(page.s, line);
    if (item != NULL && strstr(item + 1, line) != NULL) {
        fail_msg(PAGE ": %s is there twice", key);
    }
    return item == NULL ? NULL : item + strlen(line);
}

/* What an item says: its text up to the next item or list's end, new lines as blanks. */
static void text_of_item(const char *item, struct text *t)
{
    text_cut(t, 0);
    const char *end = strstr(item, "\n.It ");
    const char *list_end = strstr(item, "\n.El");
    end = end == NULL || (list_end != NULL && list_end < end) ? list_end : end;
    assert_non_null(end);
    text_add_bytes(t, item, (size_t)(end - item));
    for (char *s = t->s; *s != '\0'; s++) {
        *s = *s == '\n' ? ' ' : *s;
    }
}

static void each_key_is_in_the_page(void **state)
{
    size_t nr;
    const struct config_key *keys = config_keys(&nr);
    const char *const refused = strstr(page.s, "\n.Sh KEYS NOT SUPPORTED YET\n");
    const char *const ignored = strstr(page.s, "\n.Sh KEYS WITHOUT EFFECT\n");
    assert_non_null(refused);
    assert_true(ignored > refused);
    struct text t = {0};
    for (size_t i = 0; i < nr; i++) {
        const struct config_key *k = &keys[i];
        const char *item = find_item(k->name);
        if (item == NULL) {
            fail_msg(PAGE ": %s is missing", k->name);
        }
        const enum config_fate fate = item < refused   ? KEY_TAKEN
                                      : item < ignored ? KEY_REFUSED
                                                       : KEY_IGNORED;
        if (fate != k->fate) {
            fail_msg(PAGE ": %s stands in the wrong section", k->name);
        }
        text_of_item(item, &t);
        if (fate != KEY_TAKEN && strstr(t.s, k->why) == NULL) {
            fail_msg(PAGE ": %s: \"%s\" is not said but: %s", k->name, k->why, t.s);
        }
        if (k->wanted == WANT_BOOL && strncmp(t.s, "BOOLEAN", 7) != 0) {
            fail_msg(PAGE ": %s is a BOOLEAN", k->name);
        }
        if (k->wanted == WANT_LIST && strncmp(t.s, "LIST", 4) != 0) {
            fail_msg(PAGE ": %s is a LIST", k->name);
        }
    }
    text_fini(&t);
}

/* Ranges and words of the table stand in the page. */
static void ranges_and_words(void **state)
{
    size_t nr;
    const struct config_key *keys = config_keys(&nr);
    struct text t = {0};
    for (size_t i = 0; i < nr; i++) {
        const struct config_key *k = &keys[i];
        text_of_item(find_item(k->name), &t);
        for (const struct config_word *w = k->words; w != NULL && w->word != NULL; w++) {
            char word[40];
            snprintf(word, sizeof(word),
                     w->word == config_actions[w - k->words].word ? "\n.It Cm %s\n" : "Ql %s ",
                     w->word);
            if (strstr(k->words == config_actions ? page.s : t.s, word) == NULL) {
                fail_msg(PAGE ": %s: the word %s is missing", k->name, w->word);
            }
        }
        char range[64];
        snprintf(range, sizeof(range), "from %lld to %lld", (long long)k->low, (long long)k->high);
        if (k->fate == KEY_TAKEN && k->wanted == WANT_NUMBER && strstr(t.s, " from ") != NULL &&
            strstr(t.s, range) == NULL) {
            fail_msg(PAGE ": %s is %s, not: %s", k->name, range, t.s);
        }
    }
    text_fini(&t);
}

static void each_item_is_a_key(void **state)
{
    static const char begin[] = "\n.It Va ";
    size_t nr = 0;
    for (const char *s = strstr(page.s, begin); s != NULL; s = strstr(s + 1, begin)) {
        char name[64];
        const char *word = s + strlen(begin);
        const size_t length = strcspn(word, " \n");
        assert_in_range(length, 1, sizeof(name) - 1);
        memcpy(name, word, length);
        name[length] = '\0';
        if (config_find_key(name, NULL) == NULL) {
            fail_msg(PAGE ": %s is no key", name);
        }
        nr++;
    }
    size_t nr_keys;
    config_keys(&nr_keys);
    assert_int_equal(nr, nr_keys);
}

/* The first literal text behind `section` of a page, to be freed by text_fini(). */
static void read_example(const char *path, const char *section, struct text *example)
{
    struct text t = {0};
    assert_int_equal(text_read_file(&t, path, 1 << 20), 0);
    const char *s = strstr(t.s, section);
    assert_non_null(s);
    s = strstr(s, "\n.Bd -literal");
    assert_non_null(s);
    s = strchr(s + 1, '\n') + 1;
    const char *end = strstr(s, ".Ed");
    assert_non_null(end);
    text_add_bytes(example, s, (size_t)(end - s));
    text_fini(&t);
}

/* Whoever copies an example from a manual page has a good configuration. */
static void examples_are_right(void **state)
{
    static const struct {
        const char *path, *section, *before;
    } rows[] = {
        {PAGE, "\n.Sh DESCRIPTION", ""},
        {PAGE, "\n.Sh EXAMPLES", ""},
        {"docs/man/xl-disk-configuration.5", "\n.Sh EXAMPLES", "name='g';kernel='/k';"},
        {"docs/man/xl-network-configuration.5", "\n.Sh EXAMPLES", "name='g';kernel='/k';"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct text t = {0};
        text_add(&t, "%s", rows[i].before);
        read_example(rows[i].path, rows[i].section, &t);
        struct guest_config c;
        assert_int_equal(config_read_text(rows[i].path, t.s, t.length, NULL, 0, &c), 0);
        assert_true(c.nr_disks + c.nr_vifs > 1);
        assert_true(i != 2 || (c.nr_disks == 4 && strncmp(c.disk[3].target, "iqn=", 4) == 0));
        assert_true(i != 3 || (c.nr_vifs == 6 && c.vif[3].rate_bytes == 20000));
        guest_config_fini(&c);
        text_fini(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_in_the_page),
        cmocka_unit_test(ranges_and_words),
        cmocka_unit_test(each_item_is_a_key),
        cmocka_unit_test(examples_are_right),
    };
    return cmocka_run_group_tests(tests, read_page, free_page);
}
