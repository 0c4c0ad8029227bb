// SPDX-License-Identifier: MIT
#include "lib/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Digits at *word, which is moved behind them. */
static int digits(const char **word, unsigned base, uint64_t *value)
{
    const char *s = *word;
    uint64_t v = 0;
    for (; isxdigit((unsigned char)*s); s++) {
        const unsigned c = (unsigned char)tolower((unsigned char)*s);
        const unsigned digit = c <= '9' ? c - '0' : c - 'a' + 10;
        if (digit >= base) {
            break;
        }
        if (__builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, digit, &v)) {
            return -ERANGE;
        }
    }
    if (s == *word) {
        return -EINVAL;
    }
    *word = s;
    *value = v;
    return 0;
}

/* One number that is the whole word. */
static int whole(const char *word, uint64_t *value)
{
    const bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    word += hex ? 2 : 0;
    const int err = digits(&word, hex ? 16 : 10, value);
    return err != 0 ? err : *word != '\0' ? -EINVAL : 0;
}

int number_parse(const char *word, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t v;
    const int err = whole(word, &v);
    if (err != 0) {
        return err;
    }
    if (v < min || v > max) {
        return -ERANGE;
    }
    *value = v;
    return 0;
}

int number_parse_int(const char *word, int64_t min, int64_t max, int64_t *value)
{
    const bool negative = *word == '-';
    uint64_t v;
    const int err = whole(word + negative, &v);
    if (err != 0) {
        return err;
    }
    if (v > INT64_MAX) {
        return -ERANGE;
    }
    const int64_t found = negative ? -(int64_t)v : (int64_t)v;
    if (found < min || found > max) {
        return -ERANGE;
    }
    *value = found;
    return 0;
}

int number_parse_kib(const char *word, char unit, uint64_t *kib)
{
    uint64_t v;
    const int err = digits(&word, 10, &v);
    if (err != 0) {
        return err;
    }
    if (*word != '\0' && word[1] != '\0') {
        return -EINVAL;
    }
    static const char letters[] = "kmgt";
    const char letter = (char)tolower((unsigned char)(*word == '\0' ? unit : *word));
    if (letter == 'b') {
        *kib = v >> 10;
        return 0;
    }
    const char *found = letter == '\0' ? NULL : strchr(letters, letter);
    if (found == NULL) {
        return -EINVAL;
    }
    const unsigned shift = 10 * (unsigned)(found - letters);
    if (v > UINT64_MAX >> shift) {
        return -ERANGE;
    }
    *kib = v << shift;
    return 0;
}

bool number_is_decimal(const char *word)
{
    return *word != '\0' && word[strspn(word, "0123456789")] == '\0';
}

/* One part of a set, "[^]A[-B]", up to a comma or the end. */
static int set_part(const char **word, unsigned nr, uint64_t *words)
{
    const bool away = **word == '^';
    *word += away;
    uint64_t first = 0;
    int err = digits(word, 10, &first);
    uint64_t last = first;
    if (err == 0 && **word == '-') {
        (*word)++;
        err = digits(word, 10, &last);
    }
    if (err != 0) {
        return err;
    }
    if (last < first || (**word != ',' && **word != '\0')) {
        return -EINVAL;
    }
    if (last >= nr) {
        return -ERANGE;
    }
    for (uint64_t n = first; n <= last; n++) {
        const uint64_t bit = UINT64_C(1) << n % 64;
        words[n / 64] = away ? words[n / 64] & ~bit : words[n / 64] | bit;
    }
    return 0;
}

int number_parse_set(const char *word, unsigned nr, uint64_t *words)
{
    const size_t nr_words = ((size_t)nr + 63) / 64;
    uint64_t *set = calloc(nr_words + 1, sizeof(*set));
    if (set == NULL) {
        return -ENOMEM;
    }
    int err = 0;
    if (strcmp(word, "all") == 0) {
        for (unsigned n = 0; n < nr; n++) {
            set[n / 64] |= UINT64_C(1) << n % 64;
        }
    } else {
        err = set_part(&word, nr, set);
        while (err == 0 && *word == ',') {
            word++;
            err = set_part(&word, nr, set);
        }
    }
    uint64_t any = 0;
    for (size_t i = 0; i < nr_words; i++) {
        any |= set[i];
    }
    if (err == 0 && any == 0) {
        err = -EINVAL;
    }
    if (err == 0) {
        memcpy(words, set, nr_words * sizeof(*set));
    }
    free(set);
    return err;
}
