/* SPDX-License-Identifier: MIT */
/* A page's state and references (mem/frame.h): without the allocator's lock. */
#include "base/panic.h"
#include "cpu/atomic.h"
#include "mem/frame.h"

void frame_set_state(struct frame *f, enum frame_state state, domid_t owner)
{
    /* Whoever looks without being the owner sees either state, neither of which is FREE. */
    store_relaxed(&f->owner, owner.id);
    store_relaxed(&f->state, (u8)state);
}

enum frame_drop frame_drop_owner(struct frame *f)
{
    /* Sequentially consistent: the owner's uses are before, and whoever sees the count end sees
     * them done. */
    u32 old = atomic_and(&f->refs, ~FRAME_OWNED);
    if (!(old & FRAME_OWNED)) {
        return DROP_GONE;
    }
    return old == FRAME_OWNED ? DROP_LAST : DROP_HELD;
}

void frame_share(struct frame *f, domid_t d)
{
    check(f->state == FRAME_HEAP && f->order == 0 && f->refs == 0);
    f->gfn = FRAME_NO_GFN;
    f->writable_maps = 0;
    f->private = 0;
    frame_set_state(f, FRAME_SHARED, d);
    store_release(&f->refs, 1u);
}

void frame_unshare(struct frame *f)
{
    check(f->state == FRAME_SHARED);
    /* Who borrowed it may keep it longer than its owner's number is the owner's. */
    store_relaxed(&f->owner, FRAME_NO_OWNER.id);
    frame_put(f);
}

bool frame_get_more(struct frame *f)
{
    u32 old = load_relaxed(&f->refs);
    do {
        if (old == 0 || (old & ~FRAME_OWNED) == ~FRAME_OWNED) {
            return false;
        }
    } while (!atomic_cmpxchg(&f->refs, &old, old + 1));
    return true;
}

bool frame_get(struct frame *f, domid_t owner)
{
    if (!frame_get_more(f)) {
        return false;
    }
    /* While we hold one the page cannot change hands, so this is final; but a SHARED one may lose
     * its owner. */
    const u8 state = load_relaxed(&f->state);
    if (load_relaxed(&f->owner) == owner.id && (state == FRAME_GUEST || state == FRAME_SHARED)) {
        return true;
    }
    frame_put(f);
    return false;
}

void frame_put(struct frame *f)
{
    u32 old = atomic_sub(&f->refs, 1);
    check((old & ~FRAME_OWNED) != 0);
    if (old != 1) {
        return;
    }
    if (f->state == FRAME_GUEST) {
        frame_up_release(f);
    }
    frame_set_state(f, FRAME_HEAP, FRAME_NO_OWNER);
    frame_free(f, 0);
}
