/* SPDX-License-Identifier: MIT */
/*
 * The language of xl.cfg (also of xl.conf and xlcpupool.cfg): text to values with positions.
 *
 *     file       := { [ NAME ("=" | "+=") value ] (newline | ";") }      "#" to the end of line:
 * comment value      := STRING | NUMBER | "[" [ value { "," value } [ "," ] ] "]"     newlines
 * count for nothing inside brackets NAME       := letter { letter | digit | "_" | "." | "-" }
 *     STRING     := '...' or "..." on one line, with \a \b \f \n \r \t \v \\ \' \" \xHH \OOO
 *     NUMBER     := [ "-" ] decimal, 0x hexadecimal or 0 octal
 *
 * += appends to what the name has: string to string, list to list. A name that is said again has
 * its last value. In an argument of the command line a string needs no quotes if nothing else is
 * meant by its letters. Bounds: a text of 1 MiB, 4096 assignments, lists in lists 8 deep.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/guest.h"
#include "config/source.h"

enum config_type { CONFIG_NUMBER, CONFIG_STRING, CONFIG_LIST };

struct config_value {
    enum config_type type;
    struct config_place at; /* of its first character, i.e. the quote or bracket */
    bool exact;             /* character i of string stands at column at.column + indent + i */
    unsigned indent;        /* 1 behind a quote */
    char *string; /* NUL-terminated UTF-8 without NUL; of a number its digits; NULL: a list */
    struct config_value *item;
    size_t nr_items;
};

struct config_setting {
    char *name;
    struct config_place at; /* of the name that was said last */
    struct config_value value;
};

struct config_tree {
    struct config_setting *setting;
    size_t nr_settings;
};

/*
 * Adds what source `number` of the report says to the tree; what is wrong goes to the report, the
 * rest is there all the same. 0 or -ENOMEM.
 */
int config_parse(struct config_report *r, unsigned number, struct config_tree *tree);
void config_tree_fini(struct config_tree *tree);

/* The value of a name, NULL if it was not said. Borrowed. */
const struct config_value *config_find(const struct config_tree *tree, const char *name);

/* Where byte `offset` of the value's string stands, as well as is known. */
struct config_place config_place_within(const struct config_value *v, size_t offset);

/* A number as written, quoted or not; false: it is none or does not fit. */
bool config_value_number(const struct config_value *v, int64_t *number);
