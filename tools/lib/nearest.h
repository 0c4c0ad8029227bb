/* SPDX-License-Identifier: MIT */
/* What was probably meant by a mistyped word. */
#pragma once
#include <stddef.h>

/*
 * How many letters to insert, delete, replace or swap with their neighbour to make b of a; case
 * counts a letter. Words longer than 63 letters are far from everything: SIZE_MAX.
 */
size_t nearest_distance(const char *a, const char *b);

/*
 * The candidate nearest to the word, if it is near enough to be worth asking: at most a third of
 * the word's letters off, at least one, or the only one that begins with the word. NULL if none.
 */
const char *nearest_word(const char *word, const char *const *candidates, size_t nr);
