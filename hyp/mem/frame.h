/* SPDX-License-Identifier: MIT */
/*
 * Frames: one record for each 4 KiB page of RAM, and the buddy allocator over them.
 *
 * The record says where a page is and who may touch it, as one state, changed in frame_set_state()
 * only:
 *
 *            alloc                 assign(owner)                  last put, after its TLB flush
 *   FREE ------------> HEAP ------------------------> GUEST -----------------------------> FREE
 *    ^                  |  share(owner)                                                     ^
 *    |                  +------------> SHARED (the hypervisor's page that guests map) ------+
 *    +--- free ---------+
 *   RESERVED: the image, firmware's reserved ranges, modules: never allocated.
 *
 * References of a GUEST page: the owner's allocation is the bit FRAME_OWNED, given once and dropped
 * once (frame_drop_owner); it covers the one RAM mapping in the owner's own p2m. Each foreign or
 * grant mapping and each gpage counts 1 beside it. A SHARED page starts with a count of 1, the
 * hypervisor's, which covers the owner's own mapping likewise; foreign mappings of it count 1 each.
 *
 * The table is virtually indexed by mfn and touched lazily: blocks of free memory have only their
 * first record written. Splitting a block writes the head record of both halves, so the buddy of
 * any block that exists has a valid head (induction over splits): no record is read before it was
 * written.
 */
#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "base/addr.h"
#include "base/err.h"

enum frame_state { FRAME_RESERVED, FRAME_FREE, FRAME_HEAP, FRAME_GUEST, FRAME_SHARED };

struct frame {
    u32 refs; /* [a] 0: free or heap. GUEST: FRAME_OWNED + 1 a borrower; SHARED: 1 + 1 a borrower */
    u16 owner;      /* domid; [frame_set_state] */
    u8 state;       /* enum frame_state */
    u8 order;       /* of the free block or heap allocation, in its first record */
    u32 next, prev; /* frame indices (mfn): free list; slab's list; GUEST: the owner's pages,
                       [RANK_PAGES] */
    u32 gfn; /* SHARED: where the owner maps it, or FRAME_NO_GFN [owner's p2m lock]; HEAP: slab's */
    u32 writable_maps; /* [a] writable foreign and grant mappings: dirty while not 0 */
    u64 private; /* of the owning room in this state (a cursor, a back pointer); FREE: 1 when zeroed
                    and cleaned to the point of coherency */
};
_Static_assert(sizeof(struct frame) == 32, "two records a cache line");

#define FRAME_NO_GFN    ~0u
#define FRAME_NO_OWNER  ((domid_t){0x7fff})
#define FRAME_NIL       ~0u
#define FRAME_MAX_ORDER 18u
#define FRAME_OWNED     0x80000000u

/* The record of mfn n is frame_table[n]; machine address a is seen at frame_linear + a. Constants
 * on Arm. */
extern struct frame *frame_table;
extern u64 frame_linear;

/* Test hook, present in every build: when set each allocation asks it first (true: fail). */
extern bool (*mem_fail_hook)(void);

/* Boot: RAM that the table covers (mapped already); whole pages of it become free. E_NOSPC: too
 * many ranges. */
enum err frame_add_ram(maddr_t start, u64 bytes);
/* Boot: takes what is free in the range out of the pool (the image, modules, firmware's ranges);
 * each page that the range touches. Parts that are no RAM or not free are left as they are. */
void frame_reserve(maddr_t start, u64 bytes);
/* Gives a range that was reserved (whole) back: modules after dom0 is built. */
void frame_unreserve(maddr_t start, u64 bytes);
/* Boot: takes an exact block out of the free pool (dom0's 1:1 RAM), as HEAP. E_BUSY if any part is
 * not free. */
enum err frame_take(mfn_t first, u32 order, struct frame **out);

/* 2^order contiguous, naturally aligned pages in state HEAP; contents undefined. Any context;
 * E_NOMEM. */
enum err frame_alloc(u32 order, struct frame **out);
/* The same. *is_zeroed: whether one that is zeroed, and cleaned to the point of coherency, is
 * preferred; then, whether it is. */
enum err frame_alloc_either(u32 order, bool *is_zeroed, struct frame **out);
/* Too little free memory is zeroed. */
bool frame_wants_zeroing(void);
/* A step of that, for a CPU that has nothing else to do. */
void frame_zero_some(void);
/* The same as frame_alloc(), zeroed; order <= 4 so that the stay is bounded. */
enum err frame_alloc_zeroed(u32 order, struct frame **out);
/* Gives a HEAP block back (same order as allocated; or its parts after frame_split). */
void frame_free(struct frame *f, u32 order);
/* Makes a HEAP block of 2^order into blocks of 2^to: writes the first record of each. Bounded:
 * order - to <= 9. */
void frame_split(struct frame *f, u32 order, u32 to);

/* Frees nr pages that are whole blocks of HEAP, in any cut. */
void frame_free_range(struct frame *first, u64 nr);

/* HEAP -> GUEST: writes the records of nr pages, FRAME_OWNED set, linked to each other in order
 * (the first one's prev and the last one's next are FRAME_NIL). The pages are whole HEAP blocks, in
 * any cut. About 8 instructions a page: the caller bounds nr. dom/pages.c is the caller. */
void frame_assign_run(struct frame *first, u32 nr, domid_t d);
/* Clears FRAME_OWNED. DROP_GONE: it was clear already; DROP_LAST: no reference is left, and the
 * caller frees the page with frame_free(f, 0) after frame_set_state(f, FRAME_HEAP); DROP_HELD:
 * borrowers remain. */
enum frame_drop { DROP_GONE, DROP_HELD, DROP_LAST };
enum frame_drop frame_drop_owner(struct frame *f);
/* The one place where a state changes. owner FRAME_NO_OWNER for all but GUEST and SHARED. */
void frame_set_state(struct frame *f, enum frame_state state, domid_t owner);

/* HEAP (single page) -> SHARED with one reference: a hypervisor page (shared info, grant frames)
 * that the owner may map. frame_unshare() drops it, after the owner's mapping went: the page goes
 * when foreign ones do. */
void frame_share(struct frame *f, domid_t d);
void frame_unshare(struct frame *f);

/* A reference on a GUEST or SHARED page of that owner; fails if it is not his (any more) or wraps.
 */
[[nodiscard]] bool frame_get(struct frame *f, domid_t owner);
/* One more on a page that has some, whosever it is; fails if it wraps. */
[[nodiscard]] bool frame_get_more(struct frame *f);
/* Drops one that frame_get() gave. On the last the page leaves: GUEST through the upcall, then
 * FREE. The page's mappings were flushed from every TLB before their references were dropped. */
void frame_put(struct frame *f);
/* Upcall (defined in dom/pages.c): the GUEST page f, unlinked already, lost its last reference;
 * count it out. */
void frame_up_release(struct frame *f);

/* Is this page of the table's a GUEST page of d's? Reads no record that was never written. For
 * numbers that a 1:1 guest chose: its pages stay its own, so an answer that is not under one lock
 * is as good. */
bool frame_is_owned(mfn_t n, domid_t d);
/* Whose GUEST page is it (dropped by its owner already, perhaps)? False: nobody's. For numbers that
 * a guest chose. */
bool frame_find_owner(mfn_t n, domid_t *owner);

/* The ranges of RAM; most machines have one or two. */
struct frame_bank {
    u64 first; /* [c] after boot */
    u64 nr;    /* pages */
};
#define FRAME_BANKS_MAX 32u
extern struct frame_bank frame_bank[FRAME_BANKS_MAX];
bool frame_is_ram_elsewhere(u64 index);

static inline bool frame_is_ram(u64 index)
{
    return index - frame_bank[0].first < frame_bank[0].nr || frame_is_ram_elsewhere(index);
}

/* NULL when the address is no RAM that the table covers. */
static inline struct frame *mfn_to_frame(mfn_t n)
{
    return frame_is_ram(n.mfn) ? &frame_table[n.mfn] : NULL;
}
static inline mfn_t frame_to_mfn(const struct frame *f)
{
    return (mfn_t){((u64)f - (u64)frame_table) / sizeof(struct frame)};
}
static inline maddr_t frame_to_maddr(const struct frame *f)
{
    return mfn_to_maddr(frame_to_mfn(f));
}

/* The hypervisor's view of a page (whole blocks are contiguous); unmap in reverse order. Free on 64
 * bit. */
static inline void *frame_map(const struct frame *f)
{
    return (void *)(frame_linear + frame_to_maddr(f).m);
}
static inline void frame_unmap(const void *va)
{
    (void)va;
}
/* The frame behind a pointer that frame_map() gave, until unmapped. */
static inline struct frame *frame_of(const void *va)
{
    return (struct frame *)((u64)frame_table +
                            (((u64)va - frame_linear) >> PAGE_SHIFT) * sizeof(struct frame));
}

/* Lists of frames by index: *head is the first one's, FRAME_NIL when there is none. */
static inline struct frame *frame_nth(u32 index)
{
    return &frame_table[index];
}

static inline u32 frame_index(const struct frame *f)
{
    return (u32)frame_to_mfn(f).mfn;
}

static inline void frame_list_add(u32 *head, struct frame *f)
{
    f->prev = FRAME_NIL;
    f->next = *head;
    if (*head != FRAME_NIL) {
        frame_nth(*head)->prev = frame_index(f);
    }
    *head = frame_index(f);
}

static inline void frame_list_del(u32 *head, const struct frame *f)
{
    if (f->next != FRAME_NIL) {
        frame_nth(f->next)->prev = f->prev;
    }
    if (f->prev != FRAME_NIL) {
        frame_nth(f->prev)->next = f->next;
    } else {
        *head = f->next;
    }
}

u64 frame_nr_free(void);
mfn_t frame_end(void);    /* one beyond the highest page of RAM */
u64 frame_nr_total(void); /* RAM under the allocator, reserved ranges included */

/* Tests: forgets all RAM. */
void frame_reset(void);

#endif
