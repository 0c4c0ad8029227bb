/* SPDX-License-Identifier: MIT */
/* The words of xl.cfg, one after the other; private to the parser. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "config/source.h"
#include "lib/text.h"

struct config_lexer {
    struct config_report *report;
    const char *p, *end;
    struct config_place at; /* of p */
    bool is_argument;       /* of the command line: strings may go without quotes */
};

void config_lexer_init(struct config_lexer *l, struct config_report *r, unsigned number);

/* The character at p, '\n' at the end of the text; a NUL byte is '\1'. */
char config_peek(const struct config_lexer *l);
void config_skip_char(struct config_lexer *l);

/* Blanks and comments; with newlines too inside brackets. */
void config_skip_blanks(struct config_lexer *l, bool newlines);

/* The rest of the line, not its end. */
void config_skip_line(struct config_lexer *l);

/* NAME at p into text; false: none begins here. */
bool config_lex_name(struct config_lexer *l, struct text *name);

/*
 * A quoted string at p, without quotes, escapes undone. exact: no escape was in it. False: said
 * what is wrong; p stands behind it or at the end of the line.
 */
bool config_lex_string(struct config_lexer *l, struct text *string, bool *exact);

/* Letters up to a blank or one of , ; # [ ] = and quotes; an argument's at the top (depth 0): all
 * of it. */
void config_lex_word(struct config_lexer *l, unsigned depth, struct text *word);

/* Whether s is well-formed UTF-8 without NUL. */
bool config_is_utf8(const char *s, size_t length);
