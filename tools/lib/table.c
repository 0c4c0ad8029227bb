// SPDX-License-Identifier: MIT
#include "lib/table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct cell {
    char *s;
    enum colour colour;
};

struct table {
    const struct column *columns;
    size_t nr_columns;
    struct cell *cells; /* row after row */
    size_t nr_cells, capacity;
    bool failed;
};

struct table *table_create(const struct column *columns, size_t nr_columns)
{
    struct table *t = nr_columns == 0 ? NULL : calloc(1, sizeof(*t));
    if (t != NULL) {
        t->columns = columns;
        t->nr_columns = nr_columns;
    }
    return t;
}

void table_destroy(struct table *t)
{
    if (t == NULL) {
        return;
    }
    for (size_t i = 0; i < t->nr_cells; i++) {
        free(t->cells[i].s);
    }
    free(t->cells);
    free(t);
}

void table_cell(struct table *t, enum colour c, const char *format, ...)
{
    if (t->nr_cells == t->capacity) {
        const size_t capacity = t->capacity == 0 ? 64 : 2 * t->capacity;
        struct cell *cells = reallocarray(t->cells, capacity, sizeof(*cells));
        if (cells == NULL) {
            t->failed = true;
            return;
        }
        t->cells = cells;
        t->capacity = capacity;
    }
    struct text text = {0};
    va_list words;
    va_start(words, format);
    text_add_list(&text, format, words);
    va_end(words);
    char *s = text_take(&text);
    if (s == NULL) {
        t->failed = true;
        return;
    }
    t->cells[t->nr_cells++] = (struct cell){s, c};
}

void table_cell_text(struct table *t, enum colour c, const struct text *text)
{
    t->failed |= text->failed;
    table_cell(t, c, "%s", text_string(text));
}

/* Columns that a terminal shows for it: characters, not bytes of UTF-8. */
static int shown(const char *s)
{
    int n = 0;
    for (; *s != '\0'; s++) {
        n += ((unsigned char)*s & 0xc0) != 0x80;
    }
    return n;
}

static void render_plain(const struct table *t, struct text *out)
{
    for (size_t i = 0; i < t->nr_columns; i++) {
        text_add(out, "%s", t->columns[i].plain);
    }
    text_add_char(out, '\n');
    for (size_t i = 0; i < t->nr_cells; i++) {
        const struct column *c = &t->columns[i % t->nr_columns];
        text_pad(out, ' ', c->gap);
        text_add(out, "%*s", c->width, t->cells[i].s);
        if ((i + 1) % t->nr_columns == 0 || i + 1 == t->nr_cells) {
            text_add_char(out, '\n');
        }
    }
}

/* One cell for people; the last of a line has no blanks behind it. */
static void render_cell(const struct column *c, const char *s, int width, bool last,
                        const char *before, const char *after, struct text *out)
{
    const int blanks = width - shown(s);
    text_pad(out, ' ', c->width > 0 ? blanks : 0);
    text_add(out, "%s%s%s", before, s, after);
    if (!last) {
        text_pad(out, ' ', (c->width > 0 ? 0 : blanks) + 2);
    }
}

static void render_people(const struct table *t, const int *width, bool coloured, struct text *out)
{
    const char *off = terminal_colour(coloured, COLOUR_NONE);
    for (size_t i = 0; i < t->nr_columns; i++) {
        const bool last = i + 1 == t->nr_columns;
        render_cell(&t->columns[i], t->columns[i].title, width[i], last,
                    terminal_colour(coloured, COLOUR_BOLD), off, out);
    }
    text_add_char(out, '\n');
    for (size_t i = 0; i < t->nr_cells; i++) {
        const struct cell *cell = &t->cells[i];
        const size_t n = i % t->nr_columns;
        const bool last = n + 1 == t->nr_columns || i + 1 == t->nr_cells;
        const bool colour = coloured && cell->colour != COLOUR_NONE;
        render_cell(&t->columns[n], cell->s, width[n], last, terminal_colour(colour, cell->colour),
                    colour ? off : "", out);
        if (last) {
            text_add_char(out, '\n');
        }
    }
}

int table_render(const struct table *t, bool for_people, bool coloured, struct text *out)
{
    if (t->failed || t->nr_columns == 0) {
        return -ENOMEM;
    }
    if (!for_people) {
        render_plain(t, out);
        return out->failed ? -ENOMEM : 0;
    }
    int *width = calloc(t->nr_columns + 1, sizeof(*width));
    if (width == NULL) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < t->nr_columns; i++) {
        width[i] = shown(t->columns[i].title);
    }
    for (size_t i = 0; i < t->nr_cells; i++) {
        const int n = shown(t->cells[i].s);
        int *w = &width[i % t->nr_columns];
        *w = n > *w ? n : *w;
    }
    render_people(t, width, coloured, out);
    free(width);
    return out->failed ? -ENOMEM : 0;
}

int table_print(const struct table *t)
{
    struct text out = {0};
    int err = table_render(t, terminal_is(STDOUT_FILENO), terminal_has_colour(STDOUT_FILENO), &out);
    if (err == 0 && fputs(text_string(&out), stdout) == EOF) {
        err = -EIO;
    }
    text_fini(&out);
    return err;
}
