/* SPDX-License-Identifier: MIT */
#include "sync/spinlock.h"

#include "base/panic.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "sync/percpu.h"

#define HELD_MAX 16u

struct held {
    u32 nr;
    u8 rank[HELD_MAX];
    const char *name[HELD_MAX];
};
static DEFINE_PER_CPU(struct held, held);

void lock_note(u8 rank, const char *name, bool same_rank_too)
{
    struct held *h = &this_cpu(held);
    for (u32 i = 0; i < h->nr; i++) {
        if (h->rank[i] > rank || (h->rank[i] == rank && !same_rank_too)) {
            panic("lock order: %s (%u) taken while holding %s (%u)", name, rank, h->name[i],
                  h->rank[i]);
        }
    }
    check(h->nr < HELD_MAX);
    h->rank[h->nr] = rank;
    h->name[h->nr] = name;
    h->nr++;
}

void lock_forget(u8 rank, const char *name)
{
    struct held *h = &this_cpu(held);
    u32 i = h->nr;
    do {
        if (i == 0) {
            panic("lock: %s (%u) released but not held", name, rank);
        }
        i--;
    } while (h->rank[i] != rank || h->name[i] != name);
    h->nr--;
    for (; i < h->nr; i++) {
        h->rank[i] = h->rank[i + 1];
        h->name[i] = h->name[i + 1];
    }
}

u32 lock_nr_held(void)
{
    return this_cpu(held).nr;
}

void spin_init(struct spinlock *l, enum lock_rank rank, const char *name)
{
    *l = (struct spinlock)SPINLOCK_INIT(rank, name);
}

static inline void lock_ticket(struct spinlock *l)
{
    /* Acquire: mostly it is our turn at once, by what this read. */
    u32 was = atomic_add_acquire(&l->both, 1U << 16);
    u16 mine = (u16)(was >> 16);
    if (likely((u16)was == mine)) {
        return;
    }
    while (load_acquire(&l->owner) != mine) {
        cpu_relax();
    }
}

void spin_lock(struct spinlock *l)
{
    /* Noted before waiting: an inversion must be told of, not hung in. */
    lock_note_taken(l->rank, l->name, false);
    lock_ticket(l);
}

void spin_unlock(struct spinlock *l)
{
    lock_note_released(l->rank, l->name);
    /* Atomic, as others add to both halves at once meanwhile. */
    store_release(&l->owner, (u16)(load_relaxed(&l->owner) + 1));
}

bool spin_is_locked(const struct spinlock *l)
{
    return load_relaxed(&l->owner) != load_relaxed(&l->next);
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    if (a == b) {
        spin_lock(a);
        return;
    }
    struct spinlock *first = a < b ? a : b;
    struct spinlock *second = a < b ? b : a;
    spin_lock(first);
    lock_note_taken(second->rank, second->name, true);
    lock_ticket(second);
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    spin_unlock(a);
    if (a != b) {
        spin_unlock(b);
    }
}
