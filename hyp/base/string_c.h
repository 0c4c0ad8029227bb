/* SPDX-License-Identifier: MIT */
/*
 * The bodies behind base/string.h, under names of our own: the host build has a C library under the
 * usual names, and the tests compare the two. cpu/string_arm64.S gives them the usual names in the
 * hypervisor's image.
 */
#ifndef BASE_STRING_C_H
#define BASE_STRING_C_H

#include "base/types.h"

int string_memcmp(const void *a, const void *b, size_t n);
void *string_memchr(const void *s, int c, size_t n);
size_t string_strlen(const char *s);
size_t string_strnlen(const char *s, size_t n);
int string_strcmp(const char *a, const char *b);
int string_strncmp(const char *a, const char *b, size_t n);
char *string_strchr(const char *s, int c);
char *string_strrchr(const char *s, int c);

#endif
