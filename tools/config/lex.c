// SPDX-License-Identifier: MIT
#include "config/lex.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

void config_lexer_init(struct config_lexer *l, struct config_report *r, unsigned number)
{
    const struct config_source *s = &r->source[number];
    const char *data = s->size == 0 ? "" : s->data;
    *l = (struct config_lexer){
        .report = r,
        .p = data,
        .end = data + s->size,
        .at = {.source = number, .line = 1, .column = 1},
        .is_argument = number > 0,
    };
    static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'};
    if (s->size >= sizeof(byte_order_mark) &&
        memcmp(s->data, byte_order_mark, sizeof(byte_order_mark)) == 0) {
        l->p += sizeof(byte_order_mark);
    }
}

char config_peek(const struct config_lexer *l)
{
    if (l->p >= l->end) {
        return '\n';
    }
    return *l->p == '\0' ? '\1' : *l->p;
}

/* A column is a character: bytes that continue one do not count. */
void config_skip_char(struct config_lexer *l)
{
    if (l->p >= l->end) {
        return;
    }
    const char c = *l->p++;
    if (c == '\n') {
        l->at.line++;
        l->at.column = 1;
    } else if (l->p >= l->end || ((unsigned char)*l->p & 0xc0) != 0x80) {
        l->at.column++;
    }
}

void config_skip_line(struct config_lexer *l)
{
    while (config_peek(l) != '\n') {
        config_skip_char(l);
    }
}

void config_skip_blanks(struct config_lexer *l, bool newlines)
{
    for (;;) {
        const char c = config_peek(l);
        if (c == '#') {
            config_skip_line(l);
        } else if (c == ' ' || c == '\t' || c == '\r' || (newlines && c == '\n' && l->p < l->end)) {
            config_skip_char(l);
        } else {
            return;
        }
    }
}

bool config_lex_name(struct config_lexer *l, struct text *name)
{
    if (!isalpha((unsigned char)config_peek(l))) {
        return false;
    }
    for (char c = config_peek(l); isalnum((unsigned char)c) || strchr("_.-", c) != NULL;
         c = config_peek(l)) {
        text_add_char(name, c);
        config_skip_char(l);
    }
    return true;
}

static int digit_value(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : 16;
}

/* Up to `most` digits of a base at p. False: there is none, or together they are no byte or NUL. */
static bool lex_code(struct config_lexer *l, int base, int most, struct text *string)
{
    int code = 0;
    int n = 0;
    for (; n < most && digit_value(config_peek(l)) < base; n++) {
        code = code * base + digit_value(config_peek(l));
        config_skip_char(l);
    }
    if (n == 0 || code == 0 || code > 255) {
        return false;
    }
    text_add_char(string, (char)code);
    return true;
}

/* What follows a backslash. */
static bool lex_escape(struct config_lexer *l, struct text *string)
{
    static const char letters[] = "abfnrtv\\'\"";
    static const char meant[] = "\a\b\f\n\r\t\v\\'\"";
    const char c = config_peek(l);
    const char *found = strchr(letters, c);
    if (found != NULL) {
        text_add_char(string, meant[found - letters]);
        config_skip_char(l);
        return true;
    }
    if (c == 'x') {
        config_skip_char(l);
        return lex_code(l, 16, 2, string);
    }
    return lex_code(l, 8, 3, string);
}

bool config_lex_string(struct config_lexer *l, struct text *string, bool *exact)
{
    const struct config_place start = l->at;
    const char quote = config_peek(l);
    config_skip_char(l);
    bool good = true;
    *exact = true;
    while (config_peek(l) != quote) {
        const struct config_place at = l->at;
        const char c = config_peek(l);
        if (c == '\n') {
            config_wrong(l->report, start, "the string has no closing %c on its line", quote);
            return false;
        }
        config_skip_char(l);
        if (c == '\1' && l->p[-1] == '\0') {
            config_wrong(l->report, at, "a NUL byte in a string");
            good = false;
        } else if (c != '\\') {
            text_add_char(string, c);
        } else {
            *exact = false;
            if (!lex_escape(l, string)) {
                config_wrong(l->report, at,
                             "after \\ comes one of a b f n r t v \\ ' \", xHH or three octal "
                             "digits (a \\ itself is \\\\), and no NUL");
                good = false;
            }
        }
    }
    config_skip_char(l);
    if (good && !string->failed && !config_is_utf8(text_string(string), string->length)) {
        config_wrong(l->report, start, "the string is not UTF-8");
        good = false;
    }
    return good;
}

void config_lex_word(struct config_lexer *l, unsigned depth, struct text *word)
{
    const char *ends = l->is_argument && depth == 0 ? ";\n\1" : " \t\r\n,;#[]='\"\1";
    for (char c = config_peek(l); strchr(ends, c) == NULL; c = config_peek(l)) {
        text_add_char(word, c);
        config_skip_char(l);
    }
    while (word->length > 0 && strchr(" \t\r", word->s[word->length - 1]) != NULL) {
        text_cut(word, word->length - 1);
    }
}

bool config_is_utf8(const char *s, size_t length)
{
    for (size_t i = 0; i < length;) {
        const unsigned char c = (unsigned char)s[i];
        const size_t n = c < 0x80   ? 1
                         : c < 0xc2 ? 0
                         : c < 0xe0 ? 2
                         : c < 0xf0 ? 3
                         : c < 0xf5 ? 4
                                    : 0;
        if (c == 0 || n == 0 || i + n > length) {
            return false;
        }
        uint32_t code = n == 1 ? c : c & (0x7fU >> n);
        for (size_t k = 1; k < n; k++) {
            const unsigned char next = (unsigned char)s[i + k];
            if ((next & 0xc0) != 0x80) {
                return false;
            }
            code = code << 6 | (next & 0x3f);
        }
        if ((n == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) ||
            (n == 4 && (code < 0x10000 || code > 0x10ffff))) {
            return false;
        }
        i += n;
    }
    return true;
}
