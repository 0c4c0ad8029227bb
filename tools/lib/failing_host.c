// SPDX-License-Identifier: MIT
#include "lib/failing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

/* 0: unarmed; else the allocations to go until one fails. */
static size_t left;
static bool failed;

static bool fails(void)
{
    if (left == 0 || --left > 0) {
        return false;
    }
    failed = true;
    errno = ENOMEM;
    return true;
}

void failing_arm(size_t k)
{
    left = k;
    failed = false;
}

bool failing_disarm(void)
{
    left = 0;
    return failed;
}

/* The linker (--wrap) sends each call of X to __wrap_X; __real_X is the C library's. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t nr, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
int __real_vasprintf(char **s, const char *format, va_list words);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t nr, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_vasprintf(char **s, const char *format, va_list words);
int __wrap_asprintf(char **s, const char *format, ...);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t nr, size_t size)
{
    return fails() ? NULL : __real_calloc(nr, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t nr, size_t size)
{
    return fails() ? NULL : __real_reallocarray(old, nr, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
    return fails() ? NULL : __real_strndup(s, n);
}

int __wrap_vasprintf(char **s, const char *format, va_list words)
{
    return fails() ? -1 : __real_vasprintf(s, format, words);
}

int __wrap_asprintf(char **s, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    const int length = __wrap_vasprintf(s, format, words);
    va_end(words);
    return length;
}
