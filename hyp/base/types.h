/* SPDX-License-Identifier: MIT */
/*
 * The fixed-width integers of the ABI, bool, size_t and the attributes everybody needs.
 */
#ifndef BASE_TYPES_H
#define BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/types.h"

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define __noreturn          __attribute__((noreturn))
#define __printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define __cold              __attribute__((cold, noinline))
#define __noinline          __attribute__((noinline))
#define __force_inline      __attribute__((always_inline)) inline
#define likely(x)           __builtin_expect(!!(x), 1)
#define unlikely(x)         __builtin_expect(!!(x), 0)

#endif
