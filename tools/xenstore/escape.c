// SPDX-License-Identifier: MIT
#include "xenstore/escape.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char letters[] = "tnr\\";
static const char meant[] = "\t\n\r\\";

char *escape_value(const char *value, size_t bytes)
{
    char *text = malloc(4 * bytes + 1);
    char *at = text;
    if (text == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < bytes; i++) {
        const unsigned char c = (unsigned char)value[i];
        const char *known = c == '\0' ? NULL : strchr(meant, c);
        if (known != NULL) {
            *at++ = '\\';
            *at++ = letters[known - meant];
        } else if (c >= ' ' && c <= '~') {
            *at++ = (char)c;
        } else {
            at += sprintf(at, c < 8 ? "\\%03o" : "\\x%02x", c);
        }
    }
    *at = '\0';
    return text;
}

static unsigned digit_of(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)(tolower(c) - 'a' + 10);
}

/* Up to max digits of a base; moves *from behind them. */
static char take_number(const char **from, unsigned base, unsigned max)
{
    unsigned value = 0;
    for (; max > 0 && isxdigit((unsigned char)**from) && digit_of(**from) < base; max--) {
        value = value * base + digit_of(*(*from)++);
    }
    return (char)value;
}

size_t escape_undo(char *text)
{
    const char *from = text;
    char *to = text;
    while (*from != '\0') {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        from++;
        const char *known = *from == '\0' ? NULL : strchr(letters, *from);
        if (known != NULL) {
            *to++ = meant[known - letters];
            from++;
        } else if (*from == 'x' && isxdigit((unsigned char)from[1])) {
            from++;
            *to++ = take_number(&from, 16, 2);
        } else if (*from >= '0' && *from <= '7') {
            *to++ = take_number(&from, 8, 3);
        } else if (*from != '\0') {
            *to++ = *from++;
        } else {
            *to++ = '\\';
        }
    }
    *to = '\0';
    return (size_t)(to - text);
}
