// SPDX-License-Identifier: MIT
#include "lib/message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static const char *program = "kanso";
static int wanted_level;

void message_program(const char *name)
{
    program = name;
}

void message_set_level(int level)
{
    wanted_level = level;
}

/* One write a message, so that two programs' lines never mix. */
static void say(const char *colour, const char *kind, const char *format, va_list words)
{
    const int kept = errno;
    char text[4096];
    if (vsnprintf(text, sizeof(text), format, words) < 0) {
        text[0] = '\0';
    }
    const bool coloured = colour != NULL && isatty(STDERR_FILENO) == 1;
    fflush(stdout);
    fprintf(stderr, "%s: %s%s%s%s\n", program, coloured ? colour : "", kind,
            coloured ? "\033[0m" : "", text);
    errno = kept;
}

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    say("\033[31m", "error: ", format, words);
    va_end(words);
}

void message_warning(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    say("\033[33m", "warning: ", format, words);
    va_end(words);
}

void message_detail(int level, const char *format, ...)
{
    if (level > wanted_level) {
        return;
    }
    va_list words;
    va_start(words, format);
    say(NULL, "", format, words);
    va_end(words);
}
