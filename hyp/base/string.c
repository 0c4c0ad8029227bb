/* SPDX-License-Identifier: MIT */
#include "base/string.h"

#include "base/string_c.h"

int string_memcmp(const void *a, const void *b, size_t n)
{
    const u8 *x = a;
    const u8 *y = b;
    for (; n != 0; n--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

void *string_memchr(const void *s, int c, size_t n)
{
    for (const u8 *p = s; n != 0; n--, p++) {
        if (*p == (u8)c) {
            return (void *)p;
        }
    }
    return NULL;
}

size_t string_strnlen(const char *s, size_t n)
{
    size_t len = 0;
    while (len < n && s[len]) {
        len++;
    }
    return len;
}

size_t string_strlen(const char *s)
{
    return string_strnlen(s, ~(size_t)0);
}

int string_strncmp(const char *a, const char *b, size_t n)
{
    for (; n != 0; n--, a++, b++) {
        if (*a != *b || *a == '\0') {
            return (u8)*a - (u8)*b;
        }
    }
    return 0;
}

int string_strcmp(const char *a, const char *b)
{
    return string_strncmp(a, b, ~(size_t)0);
}

char *string_strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c) {
            return (char *)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}

char *string_strrchr(const char *s, int c)
{
    char *last = NULL;
    for (;; s++) {
        if (*s == (char)c) {
            last = (char *)s;
        }
        if (*s == '\0') {
            return last;
        }
    }
}

size_t string_copy(char *dst, const char *src, size_t size)
{
    size_t len = string_strlen(src);
    if (size != 0) {
        size_t n = len < size ? len : size - 1;
        memcpy(dst, src, n);
        dst[n] = '\0';
    }
    return len;
}
