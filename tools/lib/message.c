// SPDX-License-Identifier: MIT
#include "lib/message.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/terminal.h"

static const char *program = "kanso";
static int wanted_level;
static bool with_timestamps;

void message_program(const char *name)
{
    program = name;
}

void message_set_level(int level)
{
    wanted_level = level;
}

void message_set_timestamps(bool on)
{
    with_timestamps = on;
}

/* "2026-11-21 03:40:25 UTC [1234] " */
static void stamp(char *out, size_t size)
{
    out[0] = '\0';
    const time_t now = time(NULL);
    struct tm parts;
    if (with_timestamps && gmtime_r(&now, &parts) != NULL) {
        const size_t n = strftime(out, size, "%Y-%m-%d %H:%M:%S UTC ", &parts);
        snprintf(out + n, size - n, "[%d] ", (int)getpid());
    }
}

/* One write a message, so that two programs' lines never mix. */
static void say(const char *colour, const char *kind, const char *format, va_list words)
{
    const int kept = errno;
    char text[4096];
    if (vsnprintf(text, sizeof(text), format, words) < 0) {
        text[0] = '\0';
    }
    const bool coloured = colour != NULL && terminal_has_colour(STDERR_FILENO);
    char when[64];
    stamp(when, sizeof(when));
    fflush(stdout);
    fprintf(stderr, "%s%s: %s%s%s%s\n", when, program, coloured ? colour : "", kind,
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
