/* SPDX-License-Identifier: MIT */
/* The words inside a string of disk=, vif= or channel=: separated by commas, blanks around.
 * Private. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "config/parse.h"

struct config_word_span {
    const char *s; /* not ended by NUL */
    size_t length;
    size_t offset; /* in the string */
};

/* A string that is being taken apart: value, and which key it is of. */
struct config_words {
    struct config_report *report;
    const struct config_value *value;
    const char *key;
    size_t next; /* offset */
};

/* The next word, without blanks around it; false: there is none. "" and "a," end after no and one
 * word. */
bool config_next_word(struct config_words *w, struct config_word_span *word);

/* The rest of the string without blanks before it; then there is no next word. */
void config_rest(struct config_words *w, size_t offset, struct config_word_span *word);

/* "KEY=VALUE" to its halves, blanks around them gone; false: there is no "=". */
bool config_split(const struct config_word_span *word, char sign, struct config_word_span *key,
                  struct config_word_span *value);

bool config_is(const struct config_word_span *word, const char *text);

/* A copy into *s that was NULL; said twice or out of memory: reported. An empty word is not said.
 */
int config_copy(struct config_words *w, const struct config_word_span *word, const char *name,
                char **s);

/* Reports "KEY: ..." at the word; answers -EINVAL. */
int config_wrong_word(struct config_words *w, const struct config_word_span *word,
                      const char *format, ...) __attribute__((format(printf, 3, 4)));
void config_odd_word(struct config_words *w, const struct config_word_span *word,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Reports that there is no such KEY=, and the one of these names that was probably meant. */
int config_unknown_word(struct config_words *w, const struct config_word_span *key,
                        const char *const *names, size_t nr);

/* For messages: the word as printf's "%.*s" wants it, cut to what fits. */
#define WORD_ARGS(w) (int)((w)->length < 80 ? (w)->length : 80), (w)->s
