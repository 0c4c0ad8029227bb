/* SPDX-License-Identifier: MIT */
/* For the room's tests: message_error() and message_warning() are heard instead of printed. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sanitizer/lsan_interface.h>

#include "lib/message.h"

/* All that was said since heard_nothing(): a line begins with "error: " or "warning: ". */
static char heard[32768];

static void heard_nothing(void)
{
    heard[0] = '\0';
}

static void hear(const char *kind, const char *format, va_list words)
{
    const size_t n = strlen(heard);
    const int more = snprintf(heard + n, sizeof(heard) - n, "%s: ", kind);
    vsnprintf(heard + n + more, sizeof(heard) - n - (size_t)more, format, words);
    const size_t end = strlen(heard);
    snprintf(heard + end, sizeof(heard) - end, "\n");
}

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    hear("error", format, words);
    va_end(words);
}

void message_warning(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    hear("warning", format, words);
    va_end(words);
}

/* The words were said, among others. */
static void assert_heard(const char *words)
{
    if (strstr(heard, words) == NULL) {
        fail_msg("expected to hear: %s\nheard: %s", words, heard);
    }
}

static inline void assert_no_leak(void)
{
    assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
}
