/* SPDX-License-Identifier: MIT */
/*
 * printf formatting: %d %i %u %x %X %o %c %s %p %% with flags - 0 + # space, width, precision (also
 * *), and the lengths hh h l ll z j t. Nothing that is not in that list; no floating point.
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>

#include "base/types.h"

/* Writes at most size bytes with the NUL; returns the length that the whole text has. */
int format_v(char *buf, size_t size, const char *fmt, va_list args);
int format(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* Parses an unsigned number in base 10, or 16 with 0x; *end is the first character not eaten. */
u64 parse_u64(const char *s, const char **end);
/* The same with a size suffix K, M, G, T (default unit: shift given, 20 = MiB). Result in bytes. */
u64 parse_size_bytes(const char *s, u32 default_shift, const char **end);

#endif
