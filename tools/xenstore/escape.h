/* SPDX-License-Identifier: MIT */
/* Values as people read and type them: \n, \t, \r, \\, \001 and \xff for what cannot be printed. */
#pragma once
#include <stddef.h>

/* The text for bytes, to be freed. NULL: no memory. */
char *escape_value(const char *value, size_t bytes);
/* The bytes for a text; their count. In place. Any other escaped sign is the sign itself. */
size_t escape_undo(char *text);
