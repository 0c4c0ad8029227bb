/* SPDX-License-Identifier: MIT */
/*
 * Which lock guards what, for clang's thread-safety analysis (`make lint CHECKS=guards`); nothing
 * for other compilers, and for a clang that does not know members in C (before 20).
 *
 *     struct spinlock lock;
 *     u32 nr GUARDED_BY(lock);                   read and written under it
 *     void grow_locked(struct t *t) REQUIRES(t->lock);
 *
 * A plain access needs the lock. What is also read without it is read by load_relaxed() and kin:
 * they take its address, and are not asked. The analysis follows names, not values: it knows that
 * some lock of that name is held, not whose, and what it cannot follow is UNCHECKED, with a reason.
 * A function that answers what it has locked says so by its own name:
 * struct queue *lock_of(u) ACQUIRES(lock_of(u)->lock).
 */
#ifndef SYNC_GUARDED_H
#define SYNC_GUARDED_H

#if defined(__clang__) && __clang_major__ >= 20
#define GUARD(...) __attribute__((__VA_ARGS__))
#else
#define GUARD(...)
#endif

#define IS_LOCK              GUARD(capability("lock"))
#define GUARDED_BY(...)      GUARD(guarded_by(&__VA_ARGS__))
#define REQUIRES(...)        GUARD(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) GUARD(requires_shared_capability(__VA_ARGS__))
#define ACQUIRES(...)        GUARD(acquire_capability(__VA_ARGS__))
#define ACQUIRES_SHARED(...) GUARD(acquire_shared_capability(__VA_ARGS__))
#define RELEASES(...)        GUARD(release_capability(__VA_ARGS__))
#define RELEASES_SHARED(...) GUARD(release_shared_capability(__VA_ARGS__))
#define ASSUMES(...)         GUARD(assert_capability(__VA_ARGS__))
#define UNCHECKED            GUARD(no_thread_safety_analysis)

#endif
