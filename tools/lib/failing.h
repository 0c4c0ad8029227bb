/* SPDX-License-Identifier: MIT */
/*
 * Allocations that fail, for unit tests on the host: the linker sends malloc, calloc, realloc,
 * reallocarray, strdup, strndup, asprintf and vasprintf of the tools here (not calls inside shared
 * libraries). Not for programs.
 *
 *     for (size_t k = 1; failing_arm(k), r = f(), failing_disarm(); k++) {
 *         assert_int_equal(r, -ENOMEM);
 *     }
 *     assert_int_equal(r, 0);
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The k-th allocation from now on fails, and only that one; k counts from 1. */
void failing_arm(size_t k);

/* No more failures; says whether one happened since failing_arm(). */
bool failing_disarm(void);
