/* SPDX-License-Identifier: MIT */
/*
 * A string that grows. Running out of memory sticks: the text stays as it was and `failed` is set,
 * so a caller adds as often as it likes and asks once at the end, e.g. by text_take().
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *s; /* ended by NUL; NULL while nothing was added */
    size_t length, capacity;
    bool failed;
};

/* Frees what it holds and leaves it empty, ready to be used again. An empty one is {0}. */
void text_fini(struct text *t);

/* Cut it to a length that it has had; 0 empties it and keeps the storage. */
void text_cut(struct text *t, size_t length);

void text_add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_add_list(struct text *t, const char *format, va_list words)
    __attribute__((format(printf, 2, 0)));
void text_add_bytes(struct text *t, const void *bytes, size_t length);
void text_add_char(struct text *t, char c);

/* n times the character c; a negative n adds nothing. */
void text_pad(struct text *t, char c, long n);

/* What it holds, "" if nothing; valid until the next change. */
const char *text_string(const struct text *t);

/* Hands the string over (the caller frees it) and leaves t empty; NULL if memory ran out. */
char *text_take(struct text *t);

/* All of a file of at most `limit` bytes into t. 0, -E2BIG, -EISDIR or what open() and read() say.
 */
int text_read_file(struct text *t, const char *path, size_t limit);
