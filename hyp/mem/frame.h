/* SPDX-License-Identifier: MIT */
/*
 * Frames: one record for each 4 KiB page of RAM, and the buddy allocator over them.
 *
 * The record says where a page is and who may touch it, as one state, changed in frame_set_state() only:
 *
 *            alloc                 assign(owner)                  last put, after its TLB flush
 *   FREE ------------> HEAP ------------------------> GUEST -----------------------------> FREE
 *    ^                  |  share(owner)                                                     ^
 *    |                  +------------> SHARED (the hypervisor's page that guests map) ------+
 *    +--- free ---------+
 *   RESERVED: the image, firmware's reserved ranges, modules: never allocated.
 *
 * The table is virtually indexed by mfn and touched lazily: blocks of free memory have only their first
 * record written. Splitting a block writes the head record of both halves, so the buddy of any block that
 * exists has a valid head (induction over splits): no record is read before it was written.
 */
#ifndef MEM_FRAME_H
#define MEM_FRAME_H

#include "base/addr.h"
#include "base/err.h"

enum frame_state { FRAME_RESERVED, FRAME_FREE, FRAME_HEAP, FRAME_GUEST, FRAME_SHARED };

struct frame {
    u32 refs;         /* [a] 0: free or heap. GUEST/SHARED: 1 for the owner + 1 a mapping or borrower */
    u16 owner;        /* domid; [frame_set_state] */
    u8 state;         /* enum frame_state */
    u8 order;         /* of the free block or heap allocation, in its first record */
    u32 next, prev;   /* frame indices (mfn): free list; GUEST: the owner's list of pages, [RANK_PAGES] */
    u32 gfn;          /* where the owner maps it, or FRAME_NO_GFN */
    u32 writable_maps;/* [a] writable foreign and grant mappings: dirty while not 0 */
    u64 private;      /* of the owning room in this state (a cursor, a back pointer) */
};
_Static_assert(sizeof(struct frame) == 32, "two records a cache line");

#define FRAME_NO_GFN ~0u
#define FRAME_NO_OWNER ((domid_t){0x7fff})
#define FRAME_NIL ~0u
#define FRAME_MAX_ORDER 18u

/* Boot: gives a range of RAM to the allocator (frame table already mapped for it), or marks it reserved. */
void frame_add_ram(maddr_t start, u64 bytes);
void frame_reserve(maddr_t start, u64 bytes);
/* Boot: takes an exact range out of the free pool (dom0's 1:1 RAM). E_BUSY if any part is not free. */
enum err frame_take(mfn_t first, u32 order, struct frame **out);

/* 2^order contiguous, naturally aligned pages in state HEAP; contents undefined. Any context; E_NOMEM. */
enum err frame_alloc(u32 order, struct frame **out);
/* The same, zeroed; order <= 4 so that the stay is bounded. */
enum err frame_alloc_zeroed(u32 order, struct frame **out);
/* Gives a HEAP block back (same order as allocated; or each page of it with order 0 after frame_split). */
void frame_free(struct frame *f, u32 order);
/* Makes a HEAP block of 2^order into single pages: fills every record. Bounded: order <= 9. */
void frame_split(struct frame *f, u32 order);

/* HEAP -> GUEST with one reference (the owner's), owner d, gfn unknown. Single page (after frame_split). */
void frame_assign(struct frame *f, domid_t d);
/* HEAP -> SHARED, same rule: a hypervisor page (shared info, grant frames) that the owner may map. */
void frame_share(struct frame *f, domid_t d);

/* A reference on a GUEST or SHARED page of that owner; fails if it is not his (any more) or wraps. */
[[nodiscard]] bool frame_get(struct frame *f, domid_t owner);
/* Drops one. On the last the page leaves: GUEST through the upcall, then FREE. The page's mappings were
 * flushed from every TLB before their references were dropped. */
void frame_put(struct frame *f);
/* Upcall (defined in dom/pages.c): f lost its last reference; unlink it from its owner's list and count. */
void frame_up_release(struct frame *f);

/* NULL when the address is no RAM that the table covers. */
struct frame *mfn_to_frame(mfn_t n);
mfn_t frame_to_mfn(const struct frame *f);
static inline maddr_t frame_to_maddr(const struct frame *f)
{
    return mfn_to_maddr(frame_to_mfn(f));
}

/* The hypervisor's view of a page (whole blocks are contiguous); unmap in reverse order. Free on 64 bit. */
void *frame_map(const struct frame *f);
void frame_unmap(const void *va);
/* The frame behind a pointer that frame_map() gave, until unmapped. */
struct frame *frame_of(const void *va);

u64 frame_nr_free(void);
u64 frame_nr_total(void); /* RAM under the allocator, reserved ranges included */

#endif
