// SPDX-License-Identifier: MIT
#include "config/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/lex.h"

#define MAX_DEPTH       8
#define MAX_ASSIGNMENTS 4096

struct parser {
    struct config_lexer lexer;
    struct config_tree *tree;
    bool in_list; /* an error now leaves the rest of a list behind */
};

/* Whether "NAME =" or "NAME +=" begins at p. */
static bool is_assignment(const struct config_lexer *here)
{
    struct config_lexer l = *here;
    if (!isalpha((unsigned char)config_peek(&l))) {
        return false;
    }
    while (isalnum((unsigned char)config_peek(&l)) || strchr("_.-", config_peek(&l)) != NULL) {
        config_skip_char(&l);
    }
    config_skip_blanks(&l, false);
    if (config_peek(&l) == '+') {
        config_skip_char(&l);
    }
    return config_peek(&l) == '=';
}

static void value_fini(struct config_value *v)
{
    for (size_t i = 0; i < v->nr_items; i++) {
        value_fini(&v->item[i]);
    }
    free(v->item);
    free(v->string);
    *v = (struct config_value){0};
}

void config_tree_fini(struct config_tree *tree)
{
    for (size_t i = 0; i < tree->nr_settings; i++) {
        free(tree->setting[i].name);
        value_fini(&tree->setting[i].value);
    }
    free(tree->setting);
    *tree = (struct config_tree){0};
}

static struct config_setting *find_setting(const struct config_tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->nr_settings; i++) {
        if (strcmp(tree->setting[i].name, name) == 0) {
            return &tree->setting[i];
        }
    }
    return NULL;
}

const struct config_value *config_find(const struct config_tree *tree, const char *name)
{
    const struct config_setting *s = find_setting(tree, name);
    return s == NULL ? NULL : &s->value;
}

struct config_place config_place_within(const struct config_value *v, size_t offset)
{
    struct config_place at = v->at;
    if (v->exact && v->string != NULL) {
        at.column += v->indent;
        for (size_t i = 0; i < offset && v->string[i] != '\0'; i++) {
            at.column += ((unsigned char)v->string[i] & 0xc0) != 0x80;
        }
    }
    return at;
}

static bool to_number(const char *s, int64_t *number)
{
    if (!isdigit((unsigned char)s[s[0] == '-'])) {
        return false;
    }
    char *end;
    errno = 0;
    const long long n = strtoll(s, &end, 0);
    if (errno != 0 || *end != '\0') {
        return false;
    }
    *number = n;
    return true;
}

bool config_value_number(const struct config_value *v, int64_t *number)
{
    return v->string != NULL && to_number(v->string, number);
}

/* 0, -EINVAL (said) or -ENOMEM (noted), as all that follow. */
static int parse_string(struct parser *p, struct config_value *v)
{
    struct text s = {0};
    const bool good = config_lex_string(&p->lexer, &s, &v->exact);
    v->type = CONFIG_STRING;
    v->indent = 1;
    v->string = text_take(&s);
    return v->string == NULL ? config_no_memory(p->lexer.report) : good ? 0 : -EINVAL;
}

static int parse_word(struct parser *p, unsigned depth, struct config_value *v)
{
    struct text s = {0};
    config_lex_word(&p->lexer, depth, &s);
    const size_t length = s.length;
    v->exact = true;
    v->string = text_take(&s);
    if (v->string == NULL) {
        return config_no_memory(p->lexer.report);
    }
    struct config_report *r = p->lexer.report;
    int64_t number;
    if (to_number(v->string, &number)) {
        v->type = CONFIG_NUMBER;
        return 0;
    }
    v->type = CONFIG_STRING;
    if (length == 0) {
        config_wrong(r, v->at, "a value is missing: a number, a string in quotes or a list in []");
        return -EINVAL;
    }
    if (p->lexer.is_argument) {
        if (!config_is_utf8(v->string, length)) {
            config_wrong(r, v->at, "the string is not UTF-8");
            return -EINVAL;
        }
        return 0;
    }
    if (isdigit((unsigned char)v->string[0]) || v->string[0] == '-') {
        config_wrong(r, v->at, "\"%s\" is no number; a string needs quotes", v->string);
    } else {
        config_wrong(r, v->at, "a string needs quotes: \"%s\"", v->string);
    }
    return -EINVAL;
}

static int parse_value(struct parser *p, unsigned depth, struct config_value *v);

static int append_item(struct parser *p, struct config_value *list, struct config_value *item)
{
    struct config_value *grown = reallocarray(list->item, list->nr_items + 1, sizeof(*list->item));
    if (grown == NULL) {
        value_fini(item);
        return config_no_memory(p->lexer.report);
    }
    list->item = grown;
    list->item[list->nr_items++] = *item;
    return 0;
}

static int parse_list(struct parser *p, unsigned depth, struct config_value *v)
{
    struct config_lexer *l = &p->lexer;
    v->type = CONFIG_LIST;
    if (depth >= MAX_DEPTH) {
        config_wrong(l->report, l->at, "lists in lists, more than %d deep", MAX_DEPTH);
        return -EINVAL;
    }
    config_skip_char(l);
    p->in_list = true;
    for (bool comma = true;; comma = false) {
        config_skip_blanks(l, true);
        if (!comma && config_peek(l) == ',') {
            config_skip_char(l);
            config_skip_blanks(l, true);
            comma = true;
        }
        if (config_peek(l) == ']') {
            config_skip_char(l);
            p->in_list = depth > 0;
            return 0;
        }
        if (l->p >= l->end || is_assignment(l)) {
            config_wrong(l->report, v->at, "the list has no closing ]");
            return -EINVAL;
        }
        if (!comma) {
            config_wrong(l->report, l->at, "a comma or ] is missing here");
            return -EINVAL;
        }
        struct config_value item = {0};
        int err = parse_value(p, depth + 1, &item);
        if (err != 0) {
            value_fini(&item);
            return err;
        }
        err = append_item(p, v, &item);
        if (err != 0) {
            return err;
        }
    }
}

static int parse_value(struct parser *p, unsigned depth, struct config_value *v)
{
    v->at = p->lexer.at;
    switch (config_peek(&p->lexer)) {
    case '[':
        return parse_list(p, depth, v);
    case '\'':
    case '"':
        return parse_string(p, v);
    default:
        return parse_word(p, depth, v);
    }
}

static const char *type_name(const struct config_value *v)
{
    return v->type == CONFIG_LIST ? "a list" : v->type == CONFIG_STRING ? "a string" : "a number";
}

/* `old += v`; takes v over. */
static int append(struct parser *p, const char *name, struct config_value *old,
                  struct config_value *v)
{
    struct config_report *r = p->lexer.report;
    if (old->type != v->type || v->type == CONFIG_NUMBER) {
        config_wrong(r, v->at, "%s += cannot add %s to %s", name, type_name(v), type_name(old));
        value_fini(v);
        return -EINVAL;
    }
    if (v->type == CONFIG_LIST) {
        for (size_t i = 0; i < v->nr_items; i++) {
            if (append_item(p, old, &v->item[i]) != 0) {
                v->item[i] = (struct config_value){0};
                value_fini(v);
                return -ENOMEM;
            }
            v->item[i] = (struct config_value){0};
        }
        value_fini(v);
        return 0;
    }
    struct text s = {0};
    text_add(&s, "%s%s", old->string, v->string);
    value_fini(v);
    char *both = text_take(&s);
    if (both == NULL) {
        return config_no_memory(r);
    }
    free(old->string);
    old->string = both;
    old->exact = false;
    return 0;
}

/* Takes name and v over. */
static int assign(struct parser *p, char *name, struct config_place at, bool is_append,
                  struct config_value *v)
{
    struct config_setting *s = find_setting(p->tree, name);
    if (s != NULL && is_append) {
        const int err = append(p, name, &s->value, v);
        free(name);
        return err;
    }
    if (s != NULL) {
        if (s->at.source == at.source) {
            config_odd(p->lexer.report, at, "%s was said before, in line %u; this one counts", name,
                       s->at.line);
        }
        free(name);
        value_fini(&s->value);
        s->value = *v;
        s->at = at;
        return 0;
    }
    struct config_tree *t = p->tree;
    struct config_setting *grown = reallocarray(t->setting, t->nr_settings + 1, sizeof(*grown));
    if (grown == NULL) {
        free(name);
        value_fini(v);
        return config_no_memory(p->lexer.report);
    }
    t->setting = grown;
    t->setting[t->nr_settings++] = (struct config_setting){.name = name, .at = at, .value = *v};
    return 0;
}

/* "=", "+=", else said. */
static int parse_operator(struct parser *p, const char *name, bool *is_append)
{
    struct config_lexer *l = &p->lexer;
    const struct config_place at = l->at;
    *is_append = config_peek(l) == '+';
    if (*is_append) {
        config_skip_char(l);
    }
    if (config_peek(l) != '=') {
        config_wrong(l->report, at, "= is missing after \"%s\"", name);
        return -EINVAL;
    }
    config_skip_char(l);
    config_skip_blanks(l, false);
    return 0;
}

/* What follows a value on its line: nothing, or ";". */
static int parse_end(struct parser *p)
{
    struct config_lexer *l = &p->lexer;
    config_skip_blanks(l, false);
    if (config_peek(l) != '\n' && config_peek(l) != ';') {
        config_wrong(l->report, l->at, "the value ends before this: a new line or ; is missing");
        return -EINVAL;
    }
    return 0;
}

static int parse_named(struct parser *p, const char *name, bool *is_append, struct config_value *v)
{
    config_skip_blanks(&p->lexer, false);
    int err = parse_operator(p, name, is_append);
    if (err == 0) {
        err = parse_value(p, 0, v);
    }
    return err == 0 ? parse_end(p) : err;
}

static int parse_assignment(struct parser *p)
{
    struct config_lexer *l = &p->lexer;
    const struct config_place at = l->at;
    struct text s = {0};
    if (!config_lex_name(l, &s)) {
        config_wrong(l->report, at, "the name of a key is expected here");
        return -EINVAL;
    }
    char *name = text_take(&s);
    if (name == NULL) {
        return config_no_memory(l->report);
    }
    struct config_value v = {0};
    bool is_append;
    const int err = parse_named(p, name, &is_append, &v);
    if (err != 0) {
        free(name);
        value_fini(&v);
        return err;
    }
    return assign(p, name, at, is_append, &v);
}

/*
 * After an error: on to the next line, or if the error was in a list that goes on, to the next line
 * that looks like an assignment.
 */
static void recover(struct parser *p, unsigned first_line)
{
    struct config_lexer *l = &p->lexer;
    if (l->at.line != first_line && is_assignment(l)) {
        return;
    }
    do {
        config_skip_line(l);
        config_skip_char(l);
        config_skip_blanks(l, false);
    } while (p->in_list && l->p < l->end && !is_assignment(l));
}

int config_parse(struct config_report *r, unsigned number, struct config_tree *tree)
{
    const struct config_place start = {.source = number, .line = 1, .column = 1};
    if (r->source[number].size > CONFIG_MAX_BYTES) {
        config_wrong(r, start, "a configuration has at most %d bytes", CONFIG_MAX_BYTES);
        return 0;
    }
    struct parser p = {.tree = tree};
    config_lexer_init(&p.lexer, r, number);
    for (size_t n = 0;;) {
        config_skip_blanks(&p.lexer, true);
        if (config_peek(&p.lexer) == ';') {
            config_skip_char(&p.lexer);
            continue;
        }
        if (p.lexer.p >= p.lexer.end) {
            return 0;
        }
        if (n++ >= MAX_ASSIGNMENTS) {
            config_wrong(r, p.lexer.at, "more than %d assignments", MAX_ASSIGNMENTS);
            return 0;
        }
        const unsigned line = p.lexer.at.line;
        p.in_list = false;
        const int err = parse_assignment(&p);
        if (err == -ENOMEM) {
            return err;
        }
        if (err != 0) {
            recover(&p, line);
        }
    }
}
