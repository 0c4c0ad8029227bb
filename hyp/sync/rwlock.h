/* SPDX-License-Identifier: MIT */
/* Reader-writer lock; writers are not starved (a waiting writer keeps new readers out). Ranks as
 * spinlocks. */
#ifndef SYNC_RWLOCK_H
#define SYNC_RWLOCK_H

#include "sync/spinlock.h"

struct IS_LOCK rwlock {
    u32 state; /* bit 31: writer inside, bits 30..0: readers inside */
    u32 waiting_writers;
    u8 rank;
    const char *name;
};

#define RWLOCK_INIT(lock_rank, lock_name)        \
    {                                            \
        .rank = (lock_rank), .name = (lock_name) \
    }

void rw_init(struct rwlock *l, enum lock_rank rank, const char *name);
void read_lock(struct rwlock *l) ACQUIRES_SHARED(l);
void read_unlock(struct rwlock *l) RELEASES_SHARED(l);
void write_lock(struct rwlock *l) ACQUIRES(l);
void write_unlock(struct rwlock *l) RELEASES(l);

#endif
