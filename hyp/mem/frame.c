/* SPDX-License-Identifier: MIT */
#include "mem/frame.h"

#include "base/bits.h"
#include "base/panic.h"
#include "cpu/atomic.h"
#include "cpu/cache.h"
#include "sync/spinlock.h"

#define NR_ORDERS (FRAME_MAX_ORDER + 1)
/* So much of RAM is kept zeroed, in pieces of 32 KiB: some 1,700 instructions under the lock. */
#define POOL_PART  8u
#define ZERO_ORDER 3u

/* Frame indices are 32 bits: 16 TiB of machine addresses, less the index that means none. */
#define INDEX_END 0xffffffffULL

struct frame_bank frame_bank[FRAME_BANKS_MAX];
static u32 nr_banks;

static struct spinlock frame_lock = SPINLOCK_INIT(RANK_FRAME, "frame");
/* Free blocks by whether they are zeroed (frame.private) and order; a bit for each that has any. */
static u32 free_head[2][NR_ORDERS] GUARDED_BY(frame_lock) = {
    [0 ... 1] = {[0 ... NR_ORDERS - 1] = FRAME_NIL}};
static u32 free_orders[2] GUARDED_BY(frame_lock);
static u64 nr_free GUARDED_BY(frame_lock);   /* read without it as a hint */
static u64 nr_zeroed GUARDED_BY(frame_lock); /* of these; likewise */
static u64 nr_total;                         /* [c] after boot */

bool (*mem_fail_hook)(void);

static struct frame *at(u64 index)
{
    return &frame_table[index];
}

static u32 index_of(const struct frame *f)
{
    return (u32)frame_to_mfn(f).mfn;
}

bool frame_is_ram_elsewhere(u64 index)
{
    for (u32 i = 1; i < nr_banks; i++) {
        if (index - frame_bank[i].first < frame_bank[i].nr) {
            return true;
        }
    }
    return false;
}

/*
 * --- free lists; frame_lock held ---
 *
 * A record in state FREE belongs to the lock, any other to the owner of its block. Who holds the
 * lock looks at those of others, too: at the state, to which the owner may be writing, but FREE it
 * becomes, and ceases to be, under the lock only; and at the order, which changes under the lock
 * only. A record within a block is not looked at before it is the first of a block, and of that its
 * state says no more than HEAP before its owner goes on.
 */

/* Becomes the head of its list, whose next is still to be written. */
static inline struct frame *write_free(u32 index, u32 order, bool is_zeroed) REQUIRES(frame_lock)
{
    struct frame *f = at(index);
    store_relaxed(&f->refs, 0);
    frame_set_state(f, FRAME_FREE, FRAME_NO_OWNER);
    f->order = (u8)order;
    f->private = is_zeroed;
    f->prev = FRAME_NIL;
    free_head[is_zeroed][order] = index;
    return f;
}

static void push(u32 index, u32 order, bool is_zeroed) REQUIRES(frame_lock)
{
    const u32 next = free_head[is_zeroed][order];
    write_free(index, order, is_zeroed)->next = next;
    if (next != FRAME_NIL) {
        at(next)->prev = index;
    }
    free_orders[is_zeroed] |= 1u << order;
}

static void unlink(struct frame *f) REQUIRES(frame_lock)
{
    if (f->next != FRAME_NIL) {
        at(f->next)->prev = f->prev;
    }
    if (f->prev != FRAME_NIL) {
        at(f->prev)->next = f->next;
    } else {
        free_head[f->private][f->order] = f->next;
        free_orders[f->private] ^= (u32)(f->next == FRAME_NIL) << f->order;
    }
}

/* The first of a list that is not empty. */
static __force_inline u32 pop(u32 order, bool is_zeroed) REQUIRES(frame_lock)
{
    const u32 index = free_head[is_zeroed][order];
    const u32 next = at(index)->next;
    free_head[is_zeroed][order] = next;
    if (next != FRAME_NIL) {
        at(next)->prev = FRAME_NIL;
    } else {
        free_orders[is_zeroed] ^= 1u << order;
    }
    return index;
}

/* That much more, or less, is free, of one kind. */
static void count(s64 nr, bool is_zeroed) REQUIRES(frame_lock)
{
    store_relaxed(&nr_free, nr_free + (u64)nr);
    store_relaxed(&nr_zeroed, nr_zeroed + (is_zeroed ? (u64)nr : 0));
}

/* Gives all but the first 2^to of an unlinked block back to its list. No smaller one was free: each
 * piece is alone on its list. */
static void cut(u32 index, u32 order, u32 to, bool is_zeroed) REQUIRES(frame_lock)
{
    while (order > to) {
        order--;
        free_orders[is_zeroed] |= 1u << order;
        write_free(index + (1u << order), order, is_zeroed)->next = FRAME_NIL;
    }
}

/* The head of a block in any state but FREE; the record may be new. */
static __force_inline void write_head(u32 index, u32 order, enum frame_state state)
{
    struct frame *f = at(index);
    store_relaxed(&f->refs, 0); /* a number that a guest chose may lead to this page: frame_get() */
    f->order = (u8)order;
    f->next = FRAME_NIL;
    f->prev = FRAME_NIL;
    f->gfn = FRAME_NO_GFN;
    f->writable_maps = 0;
    f->private = 0;
    frame_set_state(f, state, FRAME_NO_OWNER);
}

/* What is dirty makes the rest of its 2 MiB dirty, rather than to leave them in pieces; what is
 * zeroed waits for its neighbours. */
static void join(u32 index, u32 order, bool is_zeroed) REQUIRES(frame_lock)
{
    while (order < FRAME_MAX_ORDER) {
        u32 buddy = index ^ (1u << order);
        /* In RAM the buddy's first record is the first of some block (see frame.h), so it was
         * written. */
        if (!frame_is_ram(buddy) || load_relaxed(&at(buddy)->state) != FRAME_FREE ||
            at(buddy)->order != order ||
            (at(buddy)->private != is_zeroed && (is_zeroed || order >= ORDER_2M))) {
            break;
        }
        if (at(buddy)->private != is_zeroed) {
            store_relaxed(&nr_zeroed, nr_zeroed - (1ULL << order));
        }
        unlink(at(buddy));
        index &= ~(1u << order);
        order++;
    }
    push(index, order, is_zeroed);
}

static void free_block(u32 index, u32 order) REQUIRES(frame_lock)
{
    count(1LL << order, false);
    join(index, order, false);
}

/* The largest block that starts at index, is aligned, and ends at or before end. */
static u32 fitting_order(u64 index, u64 end)
{
    u32 order = index == 0 ? FRAME_MAX_ORDER : MIN(bit_lowest(index), FRAME_MAX_ORDER);
    return MIN(order, bit_highest(end - index));
}

/*
 * The block that holds index, by its first record: from the largest order down, the aligned index
 * is the first of some block as long as the block found one order above was smaller than that
 * order, and RAM that starts in the middle starts a block too. So each record read here was
 * written.
 */
static u32 find_block(u32 index)
{
    for (u32 order = FRAME_MAX_ORDER;; order--) {
        u32 head = index & ~((1u << order) - 1);
        if (frame_is_ram(head) && at(head)->order >= order) {
            return head;
        }
        check(order > 0);
    }
}

/* Cuts the block of 2^order at index out of the larger one of that state which holds it; its head
 * is left as HEAP. False when there is none. */
static bool carve(u32 index, u32 order, enum frame_state state) REQUIRES(frame_lock)
{
    u32 head = find_block(index);
    u32 have = at(head)->order;
    const bool is_zeroed = at(head)->private != 0;
    if (load_relaxed(&at(head)->state) != state || have < order) {
        return false;
    }
    if (state == FRAME_FREE) {
        unlink(at(head));
        count(-(1LL << order), is_zeroed);
    }
    while (have > order) {
        have--;
        u32 upper = head + (1u << have);
        u32 other = index >= upper ? head : upper;
        if (state == FRAME_FREE) {
            push(other, have, is_zeroed);
        } else {
            write_head(other, have, state);
        }
        head = index >= upper ? upper : head;
    }
    write_head(head, order, FRAME_HEAP);
    return true;
}

/* --- boot --- */

enum err frame_add_ram(maddr_t start, u64 bytes)
{
    u64 first = align_up(start.m, PAGE_SIZE) >> PAGE_SHIFT;
    u64 end = MIN((start.m + bytes) >> PAGE_SHIFT, INDEX_END);
    if (first >= end) {
        return OK;
    }
    if (nr_banks == FRAME_BANKS_MAX) {
        return E_NOSPC;
    }
    spin_lock(&frame_lock);
    frame_bank[nr_banks++] = (struct frame_bank){first, end - first};
    nr_total += end - first;
    while (first < end) {
        u32 order = fitting_order(first, end);
        free_block((u32)first, order);
        first += 1ULL << order;
    }
    spin_unlock(&frame_lock);
    return OK;
}

/* Moves what of [first, end) is in state from to state to, in blocks as large as they go. */
static void change_range(u64 first, u64 end, enum frame_state from, enum frame_state to)
    REQUIRES(frame_lock)
{
    while (first < end) {
        u32 order = fitting_order(first, end);
        bool carved = carve((u32)first, order, from);
        while (!carved && order > 0) {
            order--;
            carved = carve((u32)first, order, from);
        }
        if (carved && to == FRAME_FREE) {
            free_block((u32)first, order);
        } else if (carved) {
            write_head((u32)first, order, to);
        }
        first += 1ULL << order;
    }
}

static void change_ram(maddr_t start, u64 bytes, enum frame_state from, enum frame_state to)
{
    u64 first = start.m >> PAGE_SHIFT;
    u64 end = align_up(start.m + bytes, PAGE_SIZE) >> PAGE_SHIFT;
    spin_lock(&frame_lock);
    for (u32 i = 0; i < nr_banks; i++) {
        u64 bank_end = frame_bank[i].first + frame_bank[i].nr;
        change_range(MAX(first, frame_bank[i].first), MIN(end, bank_end), from, to);
    }
    spin_unlock(&frame_lock);
}

void frame_reserve(maddr_t start, u64 bytes)
{
    change_ram(start, bytes, FRAME_FREE, FRAME_RESERVED);
}

void frame_unreserve(maddr_t start, u64 bytes)
{
    change_ram(start, bytes, FRAME_RESERVED, FRAME_FREE);
}

enum err frame_take(mfn_t first, u32 order, struct frame **out)
{
    if (order > FRAME_MAX_ORDER || !is_aligned(first.mfn, 1ULL << order) ||
        !frame_is_ram(first.mfn)) {
        return E_INVAL;
    }
    spin_lock(&frame_lock);
    bool taken = carve((u32)first.mfn, order, FRAME_FREE);
    spin_unlock(&frame_lock);
    if (!taken) {
        return E_BUSY;
    }
    *out = at(first.mfn);
    return OK;
}

/* --- blocks --- */

enum err frame_alloc_either(u32 order, bool *is_zeroed, struct frame **out)
{
    if (order > FRAME_MAX_ORDER) {
        return E_INVAL;
    }
    if (mem_fail_hook && mem_fail_hook()) {
        return E_NOMEM;
    }
    spin_lock(&frame_lock);
    bool zeroed = *is_zeroed;
    if (free_orders[zeroed] >> order == 0) {
        zeroed = !zeroed;
    }
    const u32 orders = free_orders[zeroed] >> order << order;
    if (orders == 0) {
        spin_unlock(&frame_lock);
        return E_NOMEM;
    }
    const u32 have = bit_lowest(orders);
    const u32 index = pop(have, zeroed);
    count(-(1LL << order), zeroed);
    cut(index, have, order, zeroed);
    write_head(index, order, FRAME_HEAP);
    spin_unlock(&frame_lock);
    *is_zeroed = zeroed;
    *out = at(index);
    return OK;
}

enum err frame_alloc(u32 order, struct frame **out)
{
    bool is_zeroed = false;
    return frame_alloc_either(order, &is_zeroed, out);
}

enum err frame_alloc_zeroed(u32 order, struct frame **out)
{
    check(order <= 4);
    bool is_zeroed = false;
    enum err e = frame_alloc_either(order, &is_zeroed, out);
    for (u32 i = 0; e == OK && !is_zeroed && i < 1u << order; i++) {
        cache_zero_page(frame_map(*out + i));
    }
    return e;
}

void frame_free(struct frame *f, u32 order)
{
    check(f->state == FRAME_HEAP && f->order == order && load_relaxed(&f->refs) == 0);
    spin_lock(&frame_lock);
    free_block(index_of(f), order);
    spin_unlock(&frame_lock);
}

void frame_free_range(struct frame *first, u64 nr)
{
    u64 index = index_of(first);
    u64 end = index + nr;
    spin_lock(&frame_lock);
    while (index < end) {
        u32 order = fitting_order(index, end);
        free_block((u32)index, order);
        index += 1ULL << order;
    }
    spin_unlock(&frame_lock);
}

void frame_split(struct frame *f, u32 order, u32 to)
{
    check(f->state == FRAME_HEAP && f->order == order && to <= order);
    u32 index = index_of(f);
    spin_lock(&frame_lock);
    for (u32 i = 0; i < 1u << (order - to); i++) {
        write_head(index + (i << to), to, FRAME_HEAP);
    }
    spin_unlock(&frame_lock);
}

/* --- what is zeroed before anybody asks --- */

bool frame_wants_zeroing(void)
{
    return load_relaxed(&nr_zeroed) < MIN(nr_total / POOL_PART, load_relaxed(&nr_free));
}

/* Not inlined: test/sys/31_stay.py knows by its name that the interrupts were looked at before. */
__cold void frame_zero_some(void)
{
    spin_lock(&frame_lock);
    if (free_orders[false] != 0) {
        /* The smallest: so it goes on where it was. */
        u32 order = bit_lowest(free_orders[false]);
        const u32 index = pop(order, false);
        cut(index, order, ZERO_ORDER, false);
        order = MIN(order, ZERO_ORDER);
        cache_zero_and_clean(frame_map(at(index)), PAGE_SIZE << order);
        store_relaxed(&nr_zeroed, nr_zeroed + (1ULL << order)); /* free it is all the while */
        join(index, order, true);
    }
    spin_unlock(&frame_lock);
}

/* --- owners --- */

/* By words: dom0's RAM comes this way at boot. Both links go up by one addition. */
static __force_inline void assign_run(struct frame *first, u32 nr, domid_t d)
{
    _Static_assert(offsetof(struct frame, owner) == 4 && offsetof(struct frame, state) == 6 &&
                   offsetof(struct frame, next) == 8 && offsetof(struct frame, prev) == 12 &&
                   offsetof(struct frame, gfn) == 16);
    const u32 index = index_of(first);
    const u64 state = FRAME_OWNED | (u64)d.id << 32 | (u64)FRAME_GUEST << 48;
    u64 links = (index + 1u) | (u64)(index - 1u) << 32;
    u64 *to = (u64 *)first;
#pragma GCC unroll 8
    for (u32 i = 0; i < nr; i++, to += 4) {
        store_relaxed(&to[0], state);
        to[1] = links;
        to[2] = FRAME_NO_GFN; /* and no writable mapping */
        links += 1 | BIT(32);
    }
}

void frame_assign_run(struct frame *first, u32 nr, domid_t d)
{
    if (nr == 1) { /* which is a block already */
        assign_run(first, 1, d);
    } else {
        spin_lock(&frame_lock);
        assign_run(first, nr, d);
        spin_unlock(&frame_lock);
    }
    first[0].prev = FRAME_NIL;
    first[nr - 1].next = FRAME_NIL;
}

bool frame_find_owner(mfn_t n, domid_t *owner)
{
    if (!frame_is_ram(n.mfn)) {
        return false;
    }
    spin_lock(&frame_lock);
    /* Only a page that is a block of its own has a record that says something of it. */
    bool guests = find_block((u32)n.mfn) == n.mfn && load_relaxed(&at(n.mfn)->state) == FRAME_GUEST;
    if (guests) {
        owner->id = load_relaxed(&at(n.mfn)->owner);
    }
    spin_unlock(&frame_lock);
    return guests;
}

bool frame_is_owned(mfn_t n, domid_t d)
{
    domid_t owner;
    return frame_find_owner(n, &owner) && domid_eq(owner, d) &&
           (load_relaxed(&at(n.mfn)->refs) & FRAME_OWNED);
}

u64 frame_nr_free(void)
{
    return load_relaxed(&nr_free);
}

mfn_t frame_end(void)
{
    u64 end = 0;
    for (u32 i = 0; i < nr_banks; i++) {
        end = MAX(end, frame_bank[i].first + frame_bank[i].nr);
    }
    return (mfn_t){end};
}

u64 frame_nr_total(void)
{
    return nr_total;
}

/* UNCHECKED: nobody else runs. */
UNCHECKED void frame_reset(void)
{
    nr_banks = 0;
    frame_bank[0] = (struct frame_bank){0};
    nr_free = 0;
    nr_zeroed = 0;
    nr_total = 0;
    for (u32 i = 0; i < NR_ORDERS; i++) {
        free_head[false][i] = free_head[true][i] = FRAME_NIL;
    }
    free_orders[false] = free_orders[true] = 0;
}
