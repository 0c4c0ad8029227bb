/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations are single tries of compare-and-exchange in counted loops. An exclusive store
 * fails when another CPU writes the granule, so a guest that keeps writing could keep us here
 * (XSA-295). After TRIES the domain's other vCPUs are held: within an IPI's time nobody of the
 * guest's is left to disturb. If that does not help either, someone it shares the page with is at
 * it, and the domain is crashed: the operation is not done.
 */
#include "base/bits.h"
#include "base/panic.h"
#include "base/string.h"
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/exclusive.h"
#include "guestmem/guestmem.h"
#include "p2m/p2m.h"

#define TRIES      64u
#define TRIES_HELD 2048u

void (*guest_dirty_hook)(struct frame *f);

static void map(struct gpage *p, struct domain *d, struct frame *f, gfn_t gfn, bool writable)
{
    *p = (struct gpage){.frame = f,
                        .va = (void __force __guest *)frame_map(f),
                        .domain = d,
                        .gfn = gfn,
                        .writable = writable};
}

enum err gpage_get(struct domain *d, gfn_t gfn, bool writable, struct gpage *out)
{
    struct frame *f;
    if (p2m_get_page(d->p2m, gfn, writable, &f) != OK) {
        return E_INVAL;
    }
    if (f->state != FRAME_GUEST || f->owner != d->id.id) {
        frame_put(f);
        return E_INVAL;
    }
    map(out, d, f, gfn, writable);
    return OK;
}

void gpage_from_frame(struct domain *d, struct frame *f, struct gpage *out)
{
    map(out, d, f, GFN_INVALID, true);
}

static char *page_of(const struct gpage *p)
{
    return (char __force *)p->va;
}

void gpage_put(struct gpage *p)
{
    if (!p->frame) {
        return;
    }
    frame_unmap(page_of(p));
    if (p->frame->state == FRAME_GUEST) {
        frame_put(p->frame);
    }
    p->frame = NULL;
    p->va = NULL;
}

/* offset comes masked and checked by its room; a wrong one must not leave the page whatever
 * happens. */
static void *at(const struct gpage *p, u32 offset, u32 bytes)
{
    assert(offset <= PAGE_SIZE - bytes && offset % bytes == 0);
    return page_of(p) + (offset & PAGE_MASK & ~(u64)(bytes - 1));
}

static void wrote(struct gpage *p)
{
    assert(p->writable);
    guest_mark_dirty(p->frame);
}

u8 gpage_read8(const struct gpage *p, u32 offset)
{
    return load_relaxed((u8 *)at(p, offset, 1));
}

u32 gpage_read32(const struct gpage *p, u32 offset)
{
    return load_relaxed((u32 *)at(p, offset, 4));
}

u64 gpage_read64(const struct gpage *p, u32 offset)
{
    return load_relaxed((u64 *)at(p, offset, 8));
}

void gpage_read(const struct gpage *p, u32 offset, void *to, u32 bytes)
{
    check(bytes <= PAGE_SIZE && offset <= PAGE_SIZE - bytes);
    memcpy(to, page_of(p) + offset, bytes);
}

void gpage_write8(struct gpage *p, u32 offset, u8 value)
{
    store_relaxed((u8 *)at(p, offset, 1), value);
    wrote(p);
}

void gpage_write32(struct gpage *p, u32 offset, u32 value)
{
    store_relaxed((u32 *)at(p, offset, 4), value);
    wrote(p);
}

void gpage_write64(struct gpage *p, u32 offset, u64 value)
{
    store_relaxed((u64 *)at(p, offset, 8), value);
    wrote(p);
}

void gpage_write(struct gpage *p, u32 offset, const void *from, u32 bytes)
{
    check(bytes <= PAGE_SIZE && offset <= PAGE_SIZE - bytes);
    memcpy(page_of(p) + offset, from, bytes);
    wrote(p);
}

void gpage_copy(struct gpage *to, u32 to_offset, const struct gpage *from, u32 from_offset,
                u32 bytes)
{
    check(bytes <= PAGE_SIZE && to_offset <= PAGE_SIZE - bytes && from_offset <= PAGE_SIZE - bytes);
    memmove(page_of(to) + to_offset, page_of(from) + from_offset, bytes);
    wrote(to);
}

/* --- bounded atomics --- */

struct attempt {
    struct gpage *page;
    u32 tries;
    bool held;
};

static void hold_others(struct domain *d, bool hold)
{
    for (u32 i = 0; i < d->max_vcpus; i++) {
        struct vcpu *v = load_acquire(&d->vcpu[i]);
        if (v && v != vcpu_current()) {
            if (hold) {
                vcpu_pause_nowait(v);
            } else {
                vcpu_unpause(v);
            }
        }
    }
}

/* Another try after one failed by itself? Locks may be held: nothing here waits. */
static bool again(struct attempt *a)
{
    a->tries++;
    if (a->tries == TRIES) {
        hold_others(a->page->domain, true);
        a->held = true;
    }
    if (a->tries < TRIES + TRIES_HELD) {
        cpu_relax();
        return true;
    }
    domain_crash(a->page->domain,
                 "its page %llx is written without pause: an atomic operation of ours starved",
                 frame_to_mfn(a->page->frame).mfn);
    return false;
}

static void done(struct attempt *a, bool changed)
{
    if (a->held) {
        hold_others(a->page->domain, false);
    }
    if (changed) {
        wrote(a->page);
    }
}

#define CMPXCHG(bits)                                                                       \
    bool gpage_cmpxchg##bits(struct gpage *p, u32 offset, u##bits *expected, u##bits value) \
    {                                                                                       \
        u##bits *word = at(p, offset, bits / 8);                                            \
        u##bits found = *expected;                                                          \
        struct attempt a = {.page = p};                                                     \
        bool changed;                                                                       \
        do {                                                                                \
            changed = exclusive_try##bits(word, &found, value);                             \
            /* Failed though what we want is there: the exclusive was lost. */              \
        } while (!changed && found == *expected && again(&a));                              \
        *expected = found;                                                                  \
        done(&a, changed);                                                                  \
        return changed;                                                                     \
    }

CMPXCHG(16)
CMPXCHG(32)
CMPXCHG(64)

static __cold u64 change_bits_again(struct gpage *p, u64 *word, u64 found, u64 set, u64 clear)
{
    struct attempt a = {.page = p};
    bool changed = false;
    while (!changed && again(&a)) {
        changed = exclusive_try64(word, &found, (found | set) & ~clear);
    }
    done(&a, changed);
    return found;
}

/* word |= set, &= ~clear; returns what was there. The first try mostly does. */
static inline u64 change_bits(struct gpage *p, u32 offset, u64 set, u64 clear)
{
    u64 *word = at(p, offset, 8);
    u64 found = load_relaxed(word);
    if (unlikely(!exclusive_try64(word, &found, (found | set) & ~clear))) {
        return change_bits_again(p, word, found, set, clear);
    }
    wrote(p);
    return found;
}

bool gpage_test_and_set_bit(struct gpage *p, u32 offset, u32 bit)
{
    return (change_bits(p, offset + bit / 64 * 8, BIT(bit % 64), 0) >> (bit % 64)) & 1;
}

void gpage_clear_bits(struct gpage *p, u32 offset, u64 bits)
{
    (void)change_bits(p, offset, 0, bits);
}

bool gpage_test_and_clear_bit(struct gpage *p, u32 offset, u32 bit)
{
    return (change_bits(p, offset + bit / 64 * 8, 0, BIT(bit % 64)) >> (bit % 64)) & 1;
}
