/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/format.h"
#include "base/panic.h"
#include "log/log_host.h"

void (*host_panic)(const char *text);

void panic(const char *fmt, ...)
{
    char text[200];
    va_list args;
    va_start(args, fmt);
    format_v(text, sizeof(text), fmt, args);
    va_end(args);
    if (host_panic) {
        host_panic(text);
    }
    fprintf(stderr, "panic: %s\n", text);
    abort();
}
