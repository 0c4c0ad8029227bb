/* SPDX-License-Identifier: MIT */
/*
 * The word that was meant: for mistyped keys, subcommands, options. Distance is the number of
 * letters added, left out, changed or swapped with their neighbour; case does not count.
 */
#pragma once
#include <stddef.h>

/*
 * The word nearest to `word` among nr, or NULL if none is near enough (more than a third of the
 * letters wrong). `first` is the address of the first `const char *`, the next lies `stride` bytes
 * on: so a plain array of strings and the name column of a table are searched alike. Of two equally
 * near ones the earlier wins. Borrowed from the list.
 */
const char *nearest_word(const char *word, const void *first, size_t nr, size_t stride);
