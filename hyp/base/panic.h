/* SPDX-License-Identifier: MIT */
/*
 * The three answers to "this can't be": check() for the machine's state (always compiled, panics),
 * assert() for our own reasoning (debug builds; type-checked in release), and, for a guest's fault,
 * neither of them but domain_crash() of dom/domain.h. No guest can reach check().
 */
#ifndef BASE_PANIC_H
#define BASE_PANIC_H

#include "base/types.h"

/* Upcall, defined in log/panic.c: prints why and where, dumps, halts or resets the machine. */
__noreturn void panic(const char *fmt, ...) __printf(1, 2);

#define check(x)                                                      \
    do {                                                              \
        if (unlikely(!(x))) {                                         \
            panic("%s:%d: check failed: %s", __FILE__, __LINE__, #x); \
        }                                                             \
    } while (0)

#if DEBUG
#define assert(x) check(x)
#else
#define assert(x)      \
    do {               \
        if (0) {       \
            (void)(x); \
        }              \
    } while (0)
#endif

#endif
