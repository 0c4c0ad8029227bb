// SPDX-License-Identifier: MIT
#include "lib/nearest.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The optimal string alignment distance, with three rows of its matrix kept. */
size_t nearest_distance(const char *a, const char *b)
{
    const size_t rows = strlen(a);
    const size_t columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST) {
        return SIZE_MAX;
    }
    size_t row[3][LONGEST + 1] = {0};
    for (size_t j = 0; j <= columns; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; i <= rows; i++) {
        size_t *here = row[i % 3];
        const size_t *above = row[(i + 2) % 3];
        const size_t *above2 = row[(i + 1) % 3];
        here[0] = i;
        for (size_t j = 1; j <= columns; j++) {
            here[j] = least(above[j], here[j - 1]) + 1;
            here[j] = least(here[j], above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                here[j] = least(here[j], above2[j - 2] + 1);
            }
        }
    }
    return row[rows % 3][columns];
}

const char *nearest_word(const char *word, const char *const *candidates, size_t nr)
{
    const size_t length = strlen(word);
    const char *best = NULL;
    const char *begun = NULL;
    size_t nr_begun = 0;
    size_t limit = length < 3 ? 1 : length / 3;
    for (size_t i = 0; i < nr; i++) {
        const size_t distance = nearest_distance(word, candidates[i]);
        if (distance < limit || (distance == limit && best == NULL)) {
            limit = distance;
            best = candidates[i];
        }
        if (length > 0 && strncmp(candidates[i], word, length) == 0) {
            begun = candidates[i];
            nr_begun++;
        }
    }
    return best != NULL ? best : nr_begun == 1 ? begun : NULL;
}
