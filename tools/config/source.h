/* SPDX-License-Identifier: MIT */
/*
 * Texts that are being read, and what is wrong with them. Findings are collected and said together,
 * in the order of the text, with the line and a caret: a user mends a file once, not once an error.
 * Collecting allocates nothing, so that even "out of memory" can be said.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/guest.h"

struct config_source {
    const char *name; /* of the file; NULL: an argument of the command line */
    const char *data; /* NULL is fine if there is none */
    size_t size;
};

enum { CONFIG_MAX_FINDINGS = 20, CONFIG_MAX_BYTES = 1 << 20 };

struct config_finding {
    struct config_place at;
    bool is_error;
    char text[320];
};

struct config_report {
    const struct config_source *source;
    size_t nr_sources;
    struct config_finding finding[2 * CONFIG_MAX_FINDINGS]; /* errors and warnings, so many each */
    size_t nr_findings, nr_errors, nr_warnings;             /* the last two count on beyond */
    bool no_memory;
};

/* An error and a warning, printf's words; at.line 0: about the whole. Longer words are cut. */
void config_wrong(struct config_report *r, struct config_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_odd(struct config_report *r, struct config_place at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Memory ran out: answers -ENOMEM, and config_say() will. */
int config_no_memory(struct config_report *r);

/*
 * Says all by message_error() and message_warning(). 0 if nothing is wrong (odd at most), -ENOMEM
 * or -EINVAL.
 */
int config_say(struct config_report *r);

/* "file.cfg:3:7: ", "command line:5: " or ""; at most size bytes. */
void config_place_words(const struct config_source *source, size_t nr_sources,
                        struct config_place at, char *words, size_t size);
