/* SPDX-License-Identifier: MIT */
/* A reference count that never comes back from zero. */
#ifndef SYNC_REFCOUNT_H
#define SYNC_REFCOUNT_H

#include "base/panic.h"
#include "cpu/atomic.h"

struct refcount {
    u32 count;
};

/* Fails when the object is already going away or the count would wrap. */
[[nodiscard]] static inline bool ref_get(struct refcount *r)
{
    u32 old = load_relaxed(&r->count);
    do {
        if (old == 0 || old == ~0u) {
            return false;
        }
    } while (!atomic_cmpxchg(&r->count, &old, old + 1));
    return true;
}

/* True when this was the last one: the caller destroys. Full barrier: all uses are before. */
[[nodiscard]] static inline bool ref_put(struct refcount *r)
{
    u32 old = atomic_sub(&r->count, 1);
    check(old != 0);
    return old == 1;
}

#endif
