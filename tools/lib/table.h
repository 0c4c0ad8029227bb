/* SPDX-License-Identifier: MIT */
/*
 * A table for people and for scripts from one description. Plain, each column has the width, the
 * gap and the header that Xen's tools print, to the byte. For people, columns are as wide as their
 * widest cell, two blanks apart, under a bold header, with coloured cells.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "lib/terminal.h"
#include "lib/text.h"

struct column {
    const char *title; /* for people */
    const char *plain; /* the header's piece with its gap, as scripts know it */
    int width;         /* of a plain cell; negative: aligned left; 0: as long as it is */
    int gap;           /* blanks before a plain cell */
};

struct table;

/* At least one column; they are kept by pointer. NULL if memory is short. */
struct table *table_create(const struct column *columns, size_t nr_columns);
void table_destroy(struct table *t);

/* The next cell; after a row's last column the next row begins. */
void table_cell(struct table *t, enum colour c, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a text; one that ran out of memory makes the table fail, too. */
void table_cell_text(struct table *t, enum colour c, const struct text *text);

/* All of it into `out`; rows that are not full end where they end. 0 or -ENOMEM. */
int table_render(const struct table *t, bool for_people, bool coloured, struct text *out);

/* On standard output: for people if that is a terminal. 0, -ENOMEM or -EIO. */
int table_print(const struct table *t);
