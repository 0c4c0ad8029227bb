/* SPDX-License-Identifier: MIT */
/*
 * Atomic access to the hypervisor's own memory, over the compiler's builtins (C17 memory model).
 * For memory that a guest can write use guestmem/gpage only: these loops are unbounded there
 * (XSA-295). Each use says why its order suffices on Arm, where only what an acquire or release
 * says is ordered.
 */
#ifndef CPU_ATOMIC_H
#define CPU_ATOMIC_H

#include "base/types.h"

#define load_relaxed(p)     __atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p)     __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_relaxed(p, v) __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
/* Read-modify-writes are sequentially consistent unless named relaxed. They return the old value.
 */
#define atomic_add(p, v)         __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_sub(p, v)         __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define atomic_or(p, v)          __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_and(p, v)         __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST)
#define atomic_xchg(p, v)        __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_add_relaxed(p, v) __atomic_fetch_add(p, v, __ATOMIC_RELAXED)
#define atomic_add_acquire(p, v) __atomic_fetch_add(p, v, __ATOMIC_ACQUIRE)
/* On failure *expected holds what was there. */
#define atomic_cmpxchg(p, expected, v) \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
/* Full barrier between CPUs (dmb ish). */
#define fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif
