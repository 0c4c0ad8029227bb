// SPDX-License-Identifier: MIT
#include "config/words.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/nearest.h"

static void trim(struct config_word_span *w)
{
    while (w->length > 0 && isspace((unsigned char)w->s[0])) {
        w->s++;
        w->offset++;
        w->length--;
    }
    while (w->length > 0 && isspace((unsigned char)w->s[w->length - 1])) {
        w->length--;
    }
}

bool config_next_word(struct config_words *w, struct config_word_span *word)
{
    const char *s = w->value->string + w->next;
    if (*s == '\0') {
        return false;
    }
    const size_t length = strcspn(s, ",");
    *word = (struct config_word_span){.s = s, .length = length, .offset = w->next};
    trim(word);
    w->next += length + (s[length] == ',');
    return true;
}

void config_rest(struct config_words *w, size_t offset, struct config_word_span *word)
{
    const char *s = w->value->string + offset;
    *word = (struct config_word_span){.s = s, .length = strlen(s), .offset = offset};
    w->next = offset + word->length;
}

bool config_split(const struct config_word_span *word, char sign, struct config_word_span *key,
                  struct config_word_span *value)
{
    const char *found = memchr(word->s, sign, word->length);
    if (found == NULL) {
        return false;
    }
    const size_t n = (size_t)(found - word->s);
    const struct config_word_span whole = *word;
    *key = (struct config_word_span){.s = whole.s, .length = n, .offset = whole.offset};
    *value = (struct config_word_span){
        .s = found + 1, .length = whole.length - n - 1, .offset = whole.offset + n + 1};
    trim(key);
    trim(value);
    return true;
}

bool config_is(const struct config_word_span *word, const char *text)
{
    return strlen(text) == word->length && memcmp(word->s, text, word->length) == 0;
}

static void report_at(struct config_words *w, const struct config_word_span *word, bool is_error,
                      const char *format, va_list words)
{
    char text[300];
    if (vsnprintf(text, sizeof(text), format, words) < 0) {
        text[0] = '\0';
    }
    const struct config_place at = config_place_within(w->value, word->offset);
    (is_error ? config_wrong : config_odd)(w->report, at, "%s: %s", w->key, text);
}

int config_wrong_word(struct config_words *w, const struct config_word_span *word,
                      const char *format, ...)
{
    va_list words;
    va_start(words, format);
    report_at(w, word, true, format, words);
    va_end(words);
    return -EINVAL;
}

void config_odd_word(struct config_words *w, const struct config_word_span *word,
                     const char *format, ...)
{
    va_list words;
    va_start(words, format);
    report_at(w, word, false, format, words);
    va_end(words);
}

int config_unknown_word(struct config_words *w, const struct config_word_span *key,
                        const char *const *names, size_t nr)
{
    char word[32];
    const size_t length = key->length < sizeof(word) ? key->length : sizeof(word) - 1;
    memcpy(word, key->s, length);
    word[length] = '\0';
    const char *near = nearest_word(word, names, nr);
    return config_wrong_word(w, key, "unknown word \"%.*s=\"%s%s%s", WORD_ARGS(key),
                             near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                             near == NULL ? "" : "?");
}

int config_copy(struct config_words *w, const struct config_word_span *word, const char *name,
                char **s)
{
    if (*s != NULL) {
        return config_wrong_word(w, word, "%s is said twice", name);
    }
    if (word->length == 0) {
        return 0;
    }
    *s = strndup(word->s, word->length);
    return *s == NULL ? config_no_memory(w->report) : 0;
}
