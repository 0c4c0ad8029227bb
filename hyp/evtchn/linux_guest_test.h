/* SPDX-License-Identifier: MIT */
/*
 * A guest that takes FIFO events as Linux does: control blocks in page 0 of domain 1 (128 bytes a
 * vCPU), vcpu_info in page 1 (64 bytes a vCPU), event words from page 2 on. Every access is a
 * separate step, so that a test can let senders run in between; the steps are atomic operations on
 * the guest's memory, as its own are.
 */
#ifndef EVTCHN_LINUX_GUEST_TEST_H
#define EVTCHN_LINUX_GUEST_TEST_H

#include "evtchn/fixture_test.h"

#define WORD_PENDING (1u << EVTCHN_FIFO_PENDING)
#define WORD_MASKED  (1u << EVTCHN_FIFO_MASKED)
#define WORD_LINKED  (1u << EVTCHN_FIFO_LINKED)
#define WORD_BUSY    (1u << EVTCHN_FIFO_BUSY)
#define WORD_LINK    ((u32)EVTCHN_FIFO_LINK_MASK)

#define ARRAY_PAGE   2u
#define CONTROL_STEP 128u

static inline struct xen_evtchn_fifo_control_block *control_of(u32 vcpu)
{
    return (struct xen_evtchn_fifo_control_block *)(world_ram(1, 0) + vcpu * CONTROL_STEP);
}

static inline struct xen_vcpu_info *info_of(u32 vcpu)
{
    return (struct xen_vcpu_info *)(world_ram(1, 1) + vcpu * 64);
}

static inline u32 *word_at(u32 port)
{
    return (u32 *)world_ram(1, ARRAY_PAGE + port / 1024) + port % 1024;
}

/* All vCPUs registered and with a control block, pages of event words given. */
static inline void guest_boot(u32 vcpus, u32 pages)
{
    struct domain *d = dom(1);
    u8 link_bits = 0;
    for (u32 v = 0; v < vcpus; v++) {
        assert_int_equal(evtchn_register_vcpu_info(&world_vcpu[1][v], world_gfn(1), v * 64), OK);
        assert_int_equal(evtchn_init_control(d, v, world_gfn(0), v * CONTROL_STEP, &link_bits), OK);
        assert_int_equal(link_bits, 17);
        info_of(v)->evtchn_upcall_pending = 0;
        info_of(v)->evtchn_pending_sel = 0;
        world_injected[1][v] = 0;
    }
    for (u32 i = 0; i < pages; i++) {
        u32 cursor = 0;
        assert_int_equal(evtchn_expand_array(d, world_gfn(ARRAY_PAGE + i), &cursor), OK);
    }
}

enum taker_phase {
    TAKER_IDLE,
    TAKER_START,
    TAKER_LOOP,
    TAKER_HEAD,
    TAKER_LINK,
    TAKER_LOOK,
    TAKER_NEXT
};

/* The event handler of one vCPU. */
struct taker {
    u32 vcpu;
    enum taker_phase phase;
    u32 interrupts_seen;
    u32 ready;    /* local copy */
    u32 head[16]; /* local heads: 0 ask the control block */
    u32 queue, port, link;
    /* Tells that port came in queue; the pending bit is clear already. */
    void (*handle)(struct taker *t, u32 port);
};

/* One step. False: nothing to do until the next interrupt. */
static inline bool taker_step(struct taker *t)
{
    struct xen_evtchn_fifo_control_block *c = control_of(t->vcpu);
    switch (t->phase) {
    case TAKER_IDLE:
        if (load_acquire(&world_injected[1][t->vcpu]) == t->interrupts_seen) {
            return false;
        }
        t->interrupts_seen++;
        t->phase = TAKER_START;
        break;
    case TAKER_START:
        (void)atomic_xchg(&info_of(t->vcpu)->evtchn_upcall_pending, 0);
        t->phase = TAKER_LOOP;
        break;
    case TAKER_LOOP:
        t->ready |= atomic_xchg(&c->ready, 0);
        if (t->ready == 0) {
            t->phase =
                load_acquire(&info_of(t->vcpu)->evtchn_upcall_pending) ? TAKER_START : TAKER_IDLE;
            break;
        }
        t->queue = bit_lowest(t->ready);
        t->phase = TAKER_HEAD;
        break;
    case TAKER_HEAD:
        t->port = t->head[t->queue] != 0 ? t->head[t->queue] : load_acquire(&c->head[t->queue]);
        t->phase = TAKER_LINK;
        break;
    case TAKER_LINK: {
        u32 *word = word_at(t->port);
        u32 old = load_acquire(word);
        while (!atomic_cmpxchg(word, &old, old & ~(WORD_LINKED | WORD_LINK))) {
        }
        t->link = old & WORD_LINK;
        if (t->link == 0) {
            t->ready &= ~(1u << t->queue);
        }
        t->phase = TAKER_LOOK;
        break;
    }
    case TAKER_LOOK: {
        u32 *word = word_at(t->port);
        u32 now = load_acquire(word);
        if ((now & WORD_PENDING) != 0 && (now & WORD_MASKED) == 0) {
            (void)atomic_and(word, ~WORD_PENDING);
            t->handle(t, t->port);
        }
        t->phase = TAKER_NEXT;
        break;
    }
    case TAKER_NEXT:
        t->head[t->queue] = t->link;
        t->phase = TAKER_LOOP;
        break;
    }
    return true;
}

/* Clears MASKED unless PENDING; false: the hypervisor must be asked (EVTCHNOP_unmask). */
static inline bool guest_try_unmask(u32 port)
{
    u32 *word = word_at(port);
    u32 old = load_acquire(word);
    for (;;) {
        if ((old & WORD_MASKED) == 0) {
            return true;
        }
        if ((old & WORD_PENDING) != 0) {
            return false;
        }
        old &= ~WORD_BUSY; /* while the hypervisor is at it, try again */
        if (atomic_cmpxchg(word, &old, old & ~WORD_MASKED)) {
            return true;
        }
    }
}

#endif
