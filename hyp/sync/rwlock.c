/* SPDX-License-Identifier: MIT */
#include "sync/rwlock.h"

#include "cpu/arch.h"
#include "cpu/atomic.h"

#define WRITER 0x80000000u

void rw_init(struct rwlock *l, enum lock_rank rank, const char *name)
{
    *l = (struct rwlock)RWLOCK_INIT(rank, name);
}

void read_lock(struct rwlock *l)
{
    lock_note_taken(l->rank, l->name, false);
    for (;;) {
        u32 state = load_relaxed(&l->state);
        /* A waiting writer goes first, or a stream of readers would starve it. */
        if (!(state & WRITER) && load_relaxed(&l->waiting_writers) == 0 &&
            __atomic_compare_exchange_n(&l->state, &state, state + 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return;
        }
        cpu_relax();
    }
}

void read_unlock(struct rwlock *l)
{
    lock_note_released(l->rank, l->name);
    __atomic_fetch_sub(&l->state, 1, __ATOMIC_RELEASE);
}

static bool try_write(struct rwlock *l)
{
    u32 state = 0;
    return __atomic_compare_exchange_n(&l->state, &state, WRITER, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

void write_lock(struct rwlock *l)
{
    lock_note_taken(l->rank, l->name, false);
    if (try_write(l)) {
        return;
    }
    atomic_add_relaxed(&l->waiting_writers, 1);
    while (!try_write(l)) {
        cpu_relax();
    }
    __atomic_fetch_sub(&l->waiting_writers, 1, __ATOMIC_RELAXED);
}

void write_unlock(struct rwlock *l)
{
    lock_note_released(l->rank, l->name);
    __atomic_fetch_and(&l->state, ~WRITER, __ATOMIC_RELEASE);
}
