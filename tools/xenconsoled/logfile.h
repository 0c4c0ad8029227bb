/* SPDX-License-Identifier: MIT */
/*
 * A console's log: what came, appended to a file; with --timestamp the time before each line. A log
 * that can't be written (a full disk) loses bytes, is complained about once until it works again,
 * and holds up nobody's console.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct console_log {
    int fd; /* -1: not open, writing is nothing */
    char *path;
    bool has_stamps, replaces_escape; /* the escape character becomes a dot */
    bool is_in_line, has_complained;
};
#define CONSOLE_LOG_CLOSED ((struct console_log){.fd = -1})

/* Opens or creates path for appending, mode 0644. 0, or negative errno, said. Options are set
 * before. now: seconds of the wall clock, for the stamp of "Logfile Opened". */
int console_log_open(struct console_log *log, const char *path, time_t now);
/* After the file was moved away. path NULL: the same. */
int console_log_reopen(struct console_log *log, const char *path, time_t now);
void console_log_close(struct console_log *log);

void console_log_write(struct console_log *log, const char *bytes, size_t nr, time_t now);
