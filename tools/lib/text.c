// SPDX-License-Identifier: MIT
#include "lib/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for `more` bytes and the NUL. */
static bool reserve(struct text *t, size_t more)
{
    if (t->failed || more >= SIZE_MAX / 2 - t->length) {
        t->failed = true;
        return false;
    }
    const size_t wanted = t->length + more + 1;
    if (wanted <= t->capacity) {
        return true;
    }
    size_t capacity = t->capacity == 0 ? 64 : t->capacity;
    while (capacity < wanted) {
        capacity *= 2;
    }
    char *s = realloc(t->s, capacity);
    if (s == NULL) {
        t->failed = true;
        return false;
    }
    t->s = s;
    t->capacity = capacity;
    return true;
}

void text_fini(struct text *t)
{
    free(t->s);
    *t = (struct text){0};
}

void text_cut(struct text *t, size_t length)
{
    if (length < t->length) {
        t->length = length;
        t->s[length] = '\0';
    }
}

void text_add_bytes(struct text *t, const void *bytes, size_t length)
{
    if (!reserve(t, length)) {
        return;
    }
    if (length > 0) {
        memcpy(t->s + t->length, bytes, length);
    }
    t->length += length;
    t->s[t->length] = '\0';
}

void text_add_char(struct text *t, char c)
{
    text_add_bytes(t, &c, 1);
}

void text_pad(struct text *t, char c, long n)
{
    for (; n > 0; n--) {
        text_add_char(t, c);
    }
}

void text_add_list(struct text *t, const char *format, va_list words)
{
    va_list again;
    va_copy(again, words);
    const int length = vsnprintf(NULL, 0, format, words);
    if (length < 0) {
        t->failed = true;
    } else if (reserve(t, (size_t)length)) {
        vsnprintf(t->s + t->length, (size_t)length + 1, format, again);
        t->length += (size_t)length;
    }
    va_end(again);
}

void text_add(struct text *t, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    text_add_list(t, format, words);
    va_end(words);
}

const char *text_string(const struct text *t)
{
    return t->s == NULL ? "" : t->s;
}

char *text_take(struct text *t)
{
    text_add_bytes(t, "", 0);
    char *s = t->s;
    if (t->failed) {
        free(s);
        s = NULL;
    }
    *t = (struct text){0};
    return s;
}

/* The rest of an open file. */
static int read_all(struct text *t, int fd, size_t limit)
{
    char part[16384];
    size_t total = 0;
    for (;;) {
        const ssize_t n = read(fd, part, sizeof(part));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : 0;
        }
        total += (size_t)n;
        if (total > limit) {
            return -E2BIG;
        }
        text_add_bytes(t, part, (size_t)n);
        if (t->failed) {
            return -ENOMEM;
        }
    }
}

int text_read_file(struct text *t, const char *path, size_t limit)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    const int err = read_all(t, fd, limit);
    close(fd);
    return err;
}
