// SPDX-License-Identifier: MIT
#include "xl/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/message.h"
#include "lib/nearest.h"
#include "lib/number.h"
#include "lib/table.h"
#include "lib/text.h"
#include "xl/domain.h"

#define MAX_OPTIONS 32

/* Every command has it. */
static const struct option_row help_row = {'h', "help", NULL, "Print this help"};

/* The option of a row by its letter or its name; an unambiguous beginning will do. */
static const struct option_row *by_letter(const struct command *command, char letter)
{
    for (const struct option_row *o = command->options; o != NULL && (o->letter || o->name); o++) {
        if (o->letter == letter) {
            return o;
        }
    }
    return letter == 'h' ? &help_row : NULL;
}

static const struct option_row *by_name(const struct command *command, const char *name,
                                        size_t length)
{
    const struct option_row *found = NULL;
    unsigned nr_found = 0;
    for (const struct option_row *o = command->options; o != NULL && (o->letter || o->name); o++) {
        if (o->name != NULL && strncmp(o->name, name, length) == 0) {
            if (o->name[length] == '\0') {
                return o;
            }
            found = o;
            nr_found++;
        }
    }
    if (length > 0 && strncmp("help", name, length) == 0 && nr_found == 0) {
        return &help_row;
    }
    return nr_found == 1 ? found : NULL;
}

/* "no such option", with the nearest one of the row. */
static int unknown(const struct command *command, const char *word)
{
    char spelled[MAX_OPTIONS][48];
    const char *candidates[MAX_OPTIONS];
    size_t nr = 0;
    for (const struct option_row *o = command->options;
         o != NULL && (o->letter || o->name) && nr < MAX_OPTIONS; o++) {
        if (o->name != NULL && o->help != NULL) {
            snprintf(spelled[nr], sizeof(spelled[nr]), "--%s", o->name);
            candidates[nr] = spelled[nr];
            nr++;
        }
    }
    const char *nearest = word[1] == '-' ? nearest_word(word, candidates, nr) : NULL;
    if (nearest != NULL) {
        message_error("%s: no option '%s'; did you mean '%s'?", command->name, word, nearest);
    } else {
        message_error("%s: no option '%s'; see xl help %s", command->name, word, command->name);
    }
    return XL_USAGE;
}

static int needs_value(const struct command *command, const struct option_row *row)
{
    if (row->name != NULL) {
        message_error("%s: option --%s needs a value, %s", command->name, row->name, row->argument);
    } else {
        message_error("%s: option -%c needs a value, %s", command->name, row->letter,
                      row->argument);
    }
    return XL_USAGE;
}

/* The words of a command line while they are taken apart. */
struct words {
    struct call *call;
    char **word;
    int nr, next;
};

static void give(struct call *call, const struct option_row *row, const char *value)
{
    call->given[call->nr_given++] = (struct given){row, value};
}

/* "--name", "--name=value" or "--name value" */
static int parse_long(struct words *w, const char *word)
{
    const char *name = word + 2;
    const size_t length = strcspn(name, "=");
    const struct command *command = w->call->command;
    const struct option_row *row = by_name(command, name, length);
    if (row == NULL) {
        return unknown(command, word);
    }
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    if (row->argument == NULL && value != NULL) {
        message_error("%s: option --%s takes no value", command->name, row->name);
        return XL_USAGE;
    }
    if (row->argument != NULL && value == NULL) {
        if (w->next == w->nr) {
            return needs_value(command, row);
        }
        value = w->word[w->next++];
    }
    give(w->call, row, value);
    return XL_OK;
}

/* "-abc", "-f value", "-fvalue" and, as xl's manual has it, "-f=value" */
static int parse_short(struct words *w, const char *word)
{
    const struct command *command = w->call->command;
    for (const char *s = word + 1; *s != '\0'; s++) {
        const struct option_row *row = by_letter(command, *s);
        if (row == NULL) {
            const char letter[] = {'-', *s, '\0'};
            return unknown(command, letter);
        }
        if (row->argument == NULL) {
            give(w->call, row, NULL);
            continue;
        }
        const char *value = s + 1;
        if (*value == '=') {
            value++;
        } else if (*value == '\0') {
            if (w->next == w->nr) {
                return needs_value(command, row);
            }
            value = w->word[w->next++];
        }
        give(w->call, row, value);
        return XL_OK;
    }
    return XL_OK;
}

/* A lone "-" is an operand, and so is what begins like a negative number. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0' && (word[1] < '0' || word[1] > '9');
}

static int count_args(const struct call *call)
{
    const struct command *c = call->command;
    if (call_has(call, 'h') || c->run == NULL) {
        return XL_OK;
    }
    if (call->nr_args < c->min_args) {
        return call_misused(call, "%d argument%s missing", c->min_args - call->nr_args,
                            c->min_args - call->nr_args == 1 ? "" : "s");
    }
    if (c->max_args >= 0 && call->nr_args > c->max_args) {
        return call_misused(call, "'%s' is too much", call->args[c->max_args]);
    }
    return XL_OK;
}

int call_parse(struct call *call, const struct command *command,
               const struct global_options *global, int argc, char **argv)
{
    *call = (struct call){.command = command, .global = global, .life.cancel_fd = -1};
    /* No word gives more than its length in options */
    size_t letters = 1;
    for (int i = 0; i < argc; i++) {
        letters += strlen(argv[i]);
    }
    call->given = calloc(letters, sizeof(*call->given));
    call->args = calloc((size_t)argc + 1, sizeof(*call->args));
    if (call->given == NULL || call->args == NULL) {
        message_error("out of memory");
        return XL_FAILURE;
    }
    struct words w = {.call = call, .word = argv, .nr = argc};
    bool options = command->run != NULL;
    while (w.next < w.nr) {
        char *word = argv[w.next++];
        int status = XL_OK;
        if (options && strcmp(word, "--") == 0) {
            options = false;
        } else if (options && is_option(word)) {
            status = word[1] == '-' ? parse_long(&w, word) : parse_short(&w, word);
        } else if (!options && command->run == NULL &&
                   (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)) {
            give(call, &help_row, NULL);
        } else {
            call->args[call->nr_args++] = word;
        }
        if (status != XL_OK) {
            return status;
        }
    }
    return count_args(call);
}

void call_fini(struct call *call)
{
    if (call->is_open) {
        life_close(&call->life);
    }
    free(call->given);
    free(call->args);
    *call = (struct call){0};
}

unsigned call_count(const struct call *call, char letter)
{
    unsigned n = 0;
    for (size_t i = 0; i < call->nr_given; i++) {
        const struct option_row *row = call->given[i].row;
        n += row != NULL && row->letter == letter;
    }
    return n;
}

bool call_has(const struct call *call, char letter)
{
    return call_count(call, letter) > 0;
}

const char *call_value(const struct call *call, char letter)
{
    const char *value = NULL;
    for (size_t i = 0; i < call->nr_given; i++) {
        const struct option_row *row = call->given[i].row;
        if (row != NULL && row->letter == letter) {
            value = call->given[i].value;
        }
    }
    return value;
}

int call_open(struct call *call)
{
    if (call->is_open) {
        return XL_OK;
    }
    if (life_open(&call->life) != 0) {
        return XL_FAILURE;
    }
    call->is_open = true;
    return XL_OK;
}

int call_find_domain(struct call *call, const char *word, uint32_t *domid)
{
    const int status = call_open(call);
    return status != XL_OK ? status : call_status(domain_find(&call->life, word, domid));
}

int call_first_domain(struct call *call, uint32_t *domid)
{
    return call_find_domain(call, call->args[0], domid);
}

int call_status(int err)
{
    return err == 0 ? XL_OK : XL_FAILURE;
}

int call_print_table(const struct table *t)
{
    const int err = t == NULL ? -ENOMEM : table_print(t);
    if (err == -ENOMEM) {
        message_error("out of memory");
    } else if (err != 0) {
        message_error("cannot write the output");
    }
    return err;
}

int call_misused(const struct call *call, const char *format, ...)
{
    struct text why = {0};
    va_list words;
    va_start(words, format);
    text_add_list(&why, format, words);
    va_end(words);
    message_error("%s: %s", call->command->name, text_string(&why));
    text_fini(&why);
    help_usage(call->command);
    return XL_USAGE;
}
