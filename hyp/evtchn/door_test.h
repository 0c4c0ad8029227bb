/* SPDX-License-Identifier: MIT */
/*
 * Guest memory with a door of the test's own, which lets the guest, and other senders, run between
 * any two accesses of the hypervisor's; and locks that are only noted, for there is one thread.
 */
#ifndef EVTCHN_DOOR_TEST_H
#define EVTCHN_DOOR_TEST_H

#include "evtchn/linux_guest_test.h"

/* --- locks: one thread, so that they are only noted --- */

static u32 locks_held;
static void (*before_lock)(void); /* somebody else is first */

void spin_init(struct spinlock *l, enum lock_rank rank, const char *name)
{
    *l = (struct spinlock){.rank = (u8)rank, .name = name};
}

void spin_lock(struct spinlock *l)
{
    assert_int_equal(l->owner, 0);
    l->owner = 1;
    locks_held++;
}

void spin_unlock(struct spinlock *l)
{
    assert_int_equal(l->owner, 1);
    l->owner = 0;
    locks_held--;
}

bool spin_is_locked(const struct spinlock *l)
{
    return l->owner != 0;
}

void spin_lock_pair(struct spinlock *a, struct spinlock *b)
{
    if (before_lock != NULL) {
        before_lock();
    }
    spin_lock(a);
    if (a != b) {
        spin_lock(b);
    }
}

void spin_unlock_pair(struct spinlock *a, struct spinlock *b)
{
    spin_unlock(a);
    if (a != b) {
        spin_unlock(b);
    }
}

void lock_note(u8 rank, const char *name, bool same_rank_too)
{
}

void lock_forget(u8 rank, const char *name)
{
}

u32 lock_nr_held(void)
{
    return locks_held;
}

/* --- the door --- */

static void (*between)(void);
static void (*on_pending)(u32 port); /* at the very moment that its PENDING is set */
static u32 accesses;

static void *reach(const struct gpage *p, u32 offset, u32 bytes)
{
    assert_true(offset <= PAGE_SIZE - bytes && offset % bytes == 0);
    accesses++;
    if (between != NULL) {
        between();
    }
    return (u8 *)p->va + offset;
}

enum err gpage_get(struct domain *d, gfn_t gfn, bool writable, struct gpage *out)
{
    struct frame *f;
    if (p2m_get_page(d->p2m, gfn, writable, &f) != OK) {
        return E_INVAL;
    }
    assert_true(writable);
    *out = (struct gpage){.frame = f, .va = frame_map(f), .domain = d, .writable = true};
    return OK;
}

void gpage_from_frame(struct domain *d, struct frame *f, struct gpage *out)
{
    *out = (struct gpage){.frame = f, .va = frame_map(f), .domain = d, .writable = true};
}

void gpage_put(struct gpage *p)
{
    frame_put(p->frame);
}

u8 gpage_read8(const struct gpage *p, u32 offset)
{
    return *(u8 *)reach(p, offset, 1);
}

u32 gpage_read32(const struct gpage *p, u32 offset)
{
    return *(u32 *)reach(p, offset, 4);
}

u64 gpage_read64(const struct gpage *p, u32 offset)
{
    return *(u64 *)reach(p, offset, 8);
}

void gpage_read(const struct gpage *p, u32 offset, void *to, u32 bytes)
{
    memcpy(to, (u8 *)p->va + offset, bytes);
}

void gpage_write32(struct gpage *p, u32 offset, u32 value)
{
    *(u32 *)reach(p, offset, 4) = value;
}

void gpage_write64(struct gpage *p, u32 offset, u64 value)
{
    *(u64 *)reach(p, offset, 8) = value;
}

void gpage_write(struct gpage *p, u32 offset, const void *from, u32 bytes)
{
    memcpy((u8 *)p->va + offset, from, bytes);
}

bool gpage_test_and_set_bit(struct gpage *p, u32 offset, u32 bit)
{
    u64 *word = reach(p, offset + bit / 64 * 8, 8);
    bool was = bitmap_test(word, bit % 64);
    bitmap_set(word, bit % 64);
    if (on_pending != NULL && p->va == world_ram(1, ARRAY_PAGE) && bit % 32 == 31) {
        on_pending(offset / 4 + bit / 32);
    }
    return was;
}

bool gpage_test_and_clear_bit(struct gpage *p, u32 offset, u32 bit)
{
    u64 *word = reach(p, offset + bit / 64 * 8, 8);
    bool was = bitmap_test(word, bit % 64);
    bitmap_clear(word, bit % 64);
    return was;
}

bool gpage_cmpxchg32(struct gpage *p, u32 offset, u32 *expected, u32 value)
{
    u32 *word = reach(p, offset, 4);
    if (*word != *expected) {
        *expected = *word;
        return false;
    }
    *word = value;
    return true;
}

/* --- the guest --- */

static struct taker taker[WORLD_VCPUS];
static u32 order[64]; /* ports as they came */
static u32 nr_order;

static void note(struct taker *t, u32 port)
{
    if (nr_order < ARRAY_LEN(order)) {
        order[nr_order++] = port;
    }
}

static int begin(void **state)
{
    between = NULL;
    before_lock = NULL;
    on_pending = NULL;
    locks_held = accesses = nr_order = 0;
    start(state);
    for (u32 v = 0; v < WORLD_VCPUS; v++) {
        taker[v] = (struct taker){.vcpu = v, .handle = note};
    }
    return 0;
}

static int finish(void **state)
{
    between = NULL;
    before_lock = NULL;
    assert_int_equal(locks_held, 0);
    return end(state);
}

#define FIFO_TEST(fn) cmocka_unit_test_setup_teardown(fn, begin, finish)

static inline void take_all(u32 vcpu)
{
    while (taker_step(&taker[vcpu])) {
    }
}

static inline void send(u32 port)
{
    assert_int_equal(evtchn_send(dom(1), (port_t){port}), OK);
}

static inline void set_priority(u32 port, u32 priority)
{
    assert_int_equal(evtchn_set_priority(dom(1), (port_t){port}, priority), OK);
}

/* A port on vcpu that may be moved: one end of a channel to itself; sending on it raises port. */
static inline u32 new_movable(u32 vcpu, u32 *sender)
{
    u32 port = new_unbound(dom(1), 1);
    *sender = new_joined(dom(1), dom(1), port);
    *word_at(*sender) |= WORD_MASKED;
    assert_int_equal(evtchn_bind_vcpu(dom(1), (port_t){port}, vcpu), OK);
    return port;
}

#endif
