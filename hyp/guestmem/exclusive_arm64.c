/* SPDX-License-Identifier: MIT */
/* The weak builtin is one load-exclusive and one store-exclusive, without a loop around them. */
#include "guestmem/exclusive.h"

#include "cpu/atomic.h"

#define EXCLUSIVE(bits)                                                                        \
    bool exclusive_try##bits(u##bits *word, u##bits *expected, u##bits value)                  \
    {                                                                                          \
        bool done = __atomic_compare_exchange_n(word, expected, value, true, __ATOMIC_ACQ_REL, \
                                                __ATOMIC_RELAXED);                             \
        /* Acquire and release alone let a later load pass the store. */                       \
        fence_full();                                                                          \
        return done;                                                                           \
    }

EXCLUSIVE(16)
EXCLUSIVE(32)
EXCLUSIVE(64)
