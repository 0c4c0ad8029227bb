/* SPDX-License-Identifier: MIT */
#include "guestmem/exclusive.h"

#include "guestmem/exclusive_host.h"

bool (*fake_exclusive_lost)(void *word);

#define EXCLUSIVE(bits)                                                                    \
    bool exclusive_try##bits(u##bits *word, u##bits *expected, u##bits value)              \
    {                                                                                      \
        if (fake_exclusive_lost && fake_exclusive_lost(word)) {                            \
            *expected = __atomic_load_n(word, __ATOMIC_RELAXED);                           \
            return false;                                                                  \
        }                                                                                  \
        return __atomic_compare_exchange_n(word, expected, value, false, __ATOMIC_SEQ_CST, \
                                           __ATOMIC_RELAXED);                              \
    }

EXCLUSIVE(16)
EXCLUSIVE(32)
EXCLUSIVE(64)
