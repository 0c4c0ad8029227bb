/* SPDX-License-Identifier: MIT */
/* For the room's fuzzers: nothing is printed, but each word of each message is made. */
#pragma once
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/message.h"

#define must(x) ((x) ? (void)0 : abort())

static unsigned said_errors;

static void make(const char *format, va_list words)
{
    char text[4096];
    must(vsnprintf(text, sizeof(text), format, words) >= 0);
}

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    make(format, words);
    va_end(words);
    said_errors++;
}

void message_warning(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    make(format, words);
    va_end(words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
