// SPDX-License-Identifier: MIT
#include "config/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/message.h"

/* Characters of the quoted line that are shown on each side of the caret. */
#define SHOWN 70

static void find(struct config_report *r, struct config_place at, bool is_error, const char *format,
                 va_list words)
{
    size_t *count = is_error ? &r->nr_errors : &r->nr_warnings;
    if ((*count)++ >= CONFIG_MAX_FINDINGS) {
        return;
    }
    struct config_finding *f = &r->finding[r->nr_findings++];
    *f = (struct config_finding){.at = at, .is_error = is_error};
    if (vsnprintf(f->text, sizeof(f->text), format, words) < 0) {
        f->text[0] = '\0';
    }
    /* Bytes of the text that would steer a terminal */
    for (char *s = f->text; *s != '\0'; s++) {
        if ((unsigned char)*s < ' ' || *s == 0x7f) {
            *s = '?';
        }
    }
}

void config_wrong(struct config_report *r, struct config_place at, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    find(r, at, true, format, words);
    va_end(words);
}

void config_odd(struct config_report *r, struct config_place at, const char *format, ...)
{
    va_list words;
    va_start(words, format);
    find(r, at, false, format, words);
    va_end(words);
}

int config_no_memory(struct config_report *r)
{
    r->no_memory = true;
    return -ENOMEM;
}

void config_place_words(const struct config_source *source, size_t nr_sources,
                        struct config_place at, char *words, size_t size)
{
    const char *name = at.source < nr_sources ? source[at.source].name : NULL;
    words[0] = '\0';
    if (at.source > 0) {
        snprintf(words, size, "command line:%u: ", at.column);
    } else if (name != NULL && at.line > 0) {
        snprintf(words, size, "%s:%u:%u: ", name, at.line, at.column);
    } else if (name != NULL) {
        snprintf(words, size, "%s: ", name);
    }
}

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* The line that `at` names: where it begins and how long it is. */
static const char *find_line(const struct config_source *s, unsigned line, size_t *length)
{
    const char *p = s->size == 0 ? "" : s->data;
    const char *end = p + s->size;
    for (; line > 1 && p < end; line--) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        p = newline == NULL ? end : newline + 1;
    }
    const char *newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
    *length = (size_t)((newline == NULL ? end : newline) - p);
    return p;
}

/*
 * "\n    the line\n        ^". Of a long line only the surroundings of the caret; tabs become
 * single blanks, so that the caret stands right.
 */
static void quote(const struct config_report *r, struct config_place at, char *out, size_t size)
{
    out[0] = '\0';
    if (at.line == 0 || at.source >= r->nr_sources) {
        return;
    }
    size_t length;
    const char *line = find_line(&r->source[at.source], at.line, &length);
    const unsigned column = at.column == 0 ? 0 : at.column - 1;
    const unsigned first = column > SHOWN ? column - SHOWN : 0;
    char shown[8 * SHOWN + 8]; /* a character has four bytes at most; malformed ones are cut */
    size_t n = 0;
    unsigned character = 0;
    for (size_t i = 0; i < length && n + 1 < sizeof(shown); i++) {
        const unsigned char c = (unsigned char)line[i];
        character += i > 0 && !continues(line[i]);
        if (character > first + 2 * SHOWN) {
            break;
        }
        if (character >= first) {
            shown[n++] = (char)(c == '\t' || c == '\r' ? ' ' : c < ' ' || c == 0x7f ? '?' : c);
        }
    }
    while (n > 0 && shown[n - 1] == ' ') {
        n--;
    }
    shown[n] = '\0';
    snprintf(out, size, "\n    %s\n    %*s^", shown, (int)(column - first), "");
}

static bool is_before(struct config_place a, struct config_place b)
{
    if (a.source != b.source) {
        return a.source < b.source;
    }
    /* What is about the whole comes last */
    const unsigned line_a = a.line - 1U;
    const unsigned line_b = b.line - 1U;
    return line_a != line_b ? line_a < line_b : a.column < b.column;
}

/* In the order of the text; what stands at one place stays in the order of finding. */
static void sort(struct config_report *r)
{
    for (size_t i = 1; i < r->nr_findings; i++) {
        const struct config_finding f = r->finding[i];
        size_t j = i;
        for (; j > 0 && is_before(f.at, r->finding[j - 1].at); j--) {
            r->finding[j] = r->finding[j - 1];
        }
        r->finding[j] = f;
    }
}

int config_say(struct config_report *r)
{
    sort(r);
    for (size_t i = 0; i < r->nr_findings; i++) {
        const struct config_finding *f = &r->finding[i];
        char place[512];
        char line[2048];
        config_place_words(r->source, r->nr_sources, f->at, place, sizeof(place));
        quote(r, f->at, line, sizeof(line));
        (f->is_error ? message_error : message_warning)("%s%s%s", place, f->text, line);
    }
    if (r->nr_errors > CONFIG_MAX_FINDINGS) {
        message_error("%zu more errors are not shown", r->nr_errors - CONFIG_MAX_FINDINGS);
    }
    if (r->nr_warnings > CONFIG_MAX_FINDINGS) {
        message_warning("%zu more warnings are not shown", r->nr_warnings - CONFIG_MAX_FINDINGS);
    }
    if (r->no_memory) {
        message_error("out of memory");
        return -ENOMEM;
    }
    return r->nr_errors > 0 ? -EINVAL : 0;
}
