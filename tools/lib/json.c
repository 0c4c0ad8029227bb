// SPDX-License-Identifier: MIT
#include "lib/json.h"

#include <string.h>

void json_begin(struct json *j, struct text *out)
{
    *j = (struct json){.out = out};
}

/* Bytes of the valid UTF-8 character at s; 0 if there is none. */
static size_t utf8(const unsigned char *s)
{
    const unsigned c = s[0];
    const size_t n = c < 0x80                ? 1
                     : c >= 0xc2 && c < 0xe0 ? 2
                     : c >= 0xe0 && c < 0xf0 ? 3
                     : c >= 0xf0 && c < 0xf5 ? 4
                                             : 0;
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    /* Overlong forms, surrogates and what is beyond U+10FFFF */
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] >= 0xa0) || (c == 0xf0 && s[1] < 0x90) ||
        (c == 0xf4 && s[1] >= 0x90)) {
        return 0;
    }
    return n;
}

static void quoted(struct text *out, const char *value)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char letter[] = "\"\\bfnrt";
    text_add_char(out, '"');
    for (const unsigned char *s = (const unsigned char *)value; *s != '\0';) {
        const char *special = strchr(escaped, *s);
        const size_t n = utf8(s);
        if (special != NULL) {
            text_add(out, "\\%c", letter[special - escaped]);
        } else if (*s < 0x20 || *s == 0x7f) {
            text_add(out, "\\u%04X", *s);
        } else if (n == 0) {
            text_add(out, "\\uFFFD");
        } else {
            text_add_bytes(out, s, n);
        }
        s += n == 0 ? 1 : n;
    }
    text_add_char(out, '"');
}

/* The comma, the line, the indentation and the key of the next value. */
static void begin_value(struct json *j, const char *key)
{
    if (j->filled) {
        text_add_char(j->out, ',');
    }
    if (j->depth > 0) {
        text_add_char(j->out, '\n');
        text_pad(j->out, ' ', 4L * j->depth);
    }
    if (key != NULL) {
        quoted(j->out, key);
        text_add(j->out, ": ");
    }
    j->filled = true;
}

static void open_one(struct json *j, const char *key, char bracket)
{
    begin_value(j, key);
    text_add_char(j->out, bracket);
    j->depth++;
    j->filled = false;
}

/* An empty one has a line of its own too, as Xen's tools print it. */
static void close_one(struct json *j, char bracket)
{
    if (!j->filled) {
        text_add_char(j->out, '\n');
    }
    j->depth--;
    text_add_char(j->out, '\n');
    text_pad(j->out, ' ', 4L * j->depth);
    text_add_char(j->out, bracket);
    j->filled = true;
    if (j->depth == 0) {
        text_add_char(j->out, '\n');
    }
}

void json_open_object(struct json *j, const char *key)
{
    open_one(j, key, '{');
}

void json_close_object(struct json *j)
{
    close_one(j, '}');
}

void json_open_array(struct json *j, const char *key)
{
    open_one(j, key, '[');
}

void json_close_array(struct json *j)
{
    close_one(j, ']');
}

void json_string(struct json *j, const char *key, const char *value)
{
    begin_value(j, key);
    quoted(j->out, value);
}

void json_int(struct json *j, const char *key, int64_t value)
{
    begin_value(j, key);
    text_add(j->out, "%lld", (long long)value);
}

void json_bool(struct json *j, const char *key, bool value)
{
    begin_value(j, key);
    text_add(j->out, "%s", value ? "true" : "false");
}
