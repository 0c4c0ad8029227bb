/* SPDX-License-Identifier: MIT */
/*
 * What the tools say to people. One sentence a failure, on standard error, after the program's
 * name: the function that knows the cause says it, its callers only unwind. On a terminal the word
 * "error" is red.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>

/* The name before each message, e.g. "xl"; kept by pointer. Call it once, first thing in main(). */
void message_program(const char *name);

/* "xl: error: ..." and "xl: warning: ...": printf's words, no newline at the end. Keep errno. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Only with -v, once for each level up to the one that was set. */
void message_detail(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void message_set_level(int level);

/* Date, time and process before each message (xl -T). */
void message_set_timestamps(bool on);
