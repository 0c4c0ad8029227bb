/* SPDX-License-Identifier: MIT */
/*
 * Words that people type, read strictly: the whole word or nothing, no blanks, no signs that the
 * type has not, no silent overflow. 0, -EINVAL (no such number) or -ERANGE (outside min..max); the
 * value is left alone on failure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal, or hexadecimal after 0x. */
int number_parse(const char *word, uint64_t min, uint64_t max, uint64_t *value);
int number_parse_int(const char *word, int64_t min, int64_t max, int64_t *value);

/*
 * A size in KiB: digits and one letter b, k, m, g or t of either case; without one the unit is
 * `unit`, one of these letters. Bytes are rounded down to KiB, as xl does.
 */
int number_parse_kib(const char *word, char unit, uint64_t *kib);

/* True if the word is decimal digits only, so that it means a number and no name. */
bool number_is_decimal(const char *word);

/*
 * CPUs (or nodes): "all", or ranges and numbers with commas, "^" takes away: 0-3,^2,8. Sets bit n %
 * 64 of word[n / 64] for n < nr. "" and sets without a member are -EINVAL, n >= nr is -ERANGE.
 */
int number_parse_set(const char *word, unsigned nr, uint64_t *words);
