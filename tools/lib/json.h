/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON into a text: four blanks a level, a key and its value on one line, as Xen's tools
 * print it. The writer keeps the commas; the caller keeps the pairs. Strings that are not UTF-8
 * come out with each wrong byte as U+FFFD, so that the result is JSON whatever a guest's name was.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "lib/text.h"

struct json {
    struct text *out;
    int depth;
    bool filled; /* something stands before, in this object or array */
};

void json_begin(struct json *j, struct text *out);

/* key: NULL in an array and at the top. */
void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);
void json_string(struct json *j, const char *key, const char *value);
void json_int(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
