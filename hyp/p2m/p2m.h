/* SPDX-License-Identifier: MIT */
/*
 * A domain's guest-physical address space: stage-2 tables with 40-bit input, 4 KiB granule, two
 * concatenated root pages at level 1, leaves of 1 GiB, 2 MiB and 4 KiB.
 *
 *   gaddr  39      30 29      21 20      12 11       0
 *         | L1 (1024)| L2 (512) | L3 (512) |  offset  |
 *
 * Each leaf has a type (software bits 58..55), which decides the permission bits and what happens
 * to the page when the leaf goes: RAM      no reference of its own: the owner's allocation
 * (FRAME_OWNED) covers it. Who frees such a page takes the leaf away first (p2m_unmap_ram), then
 * drops the allocation. SHARED   none either: the hypervisor's own reference covers it; frame.gfn
 * says where it is mapped. FOREIGN, GRANT: one reference each 4 KiB page, given by the caller of
 * p2m_map; a writable one counts in frame.writable_maps too. DEVICE   no page behind it. A change
 * that must be seen is break-before-make; flushes are gathered and done once, before any reference
 * is dropped (docs/caches.md).
 */
#ifndef P2M_P2M_H
#define P2M_P2M_H

#include "base/addr.h"
#include "base/err.h"
#include "cpu/atomic.h"
#include "mem/frame.h"
#include "sync/percpu.h"
#include "sync/rwlock.h"

/* First frame number beyond the 40-bit address space. */
#define P2M_GFN_END (1ULL << 28)

enum p2m_type {
    P2M_NONE,
    P2M_RAM_RW,
    P2M_RAM_RO,
    P2M_SHARED_RW,     /* the hypervisor's page owned by this domain: shared info, grant frames */
    P2M_DEVICE,        /* MMIO, nGnRE */
    P2M_DEVICE_CACHED, /* MMIO mapped Normal by request (XENMEM dev mmio with cacheability) */
    P2M_FOREIGN_RW,
    P2M_FOREIGN_RO,
    P2M_GRANT_RW,
    P2M_GRANT_RO,
    P2M_NR_TYPES
};

static inline bool p2m_type_is_ram(enum p2m_type t)
{
    return t == P2M_RAM_RW || t == P2M_RAM_RO;
}

/* FOREIGN and GRANT: the leaf holds a reference. */
static inline bool p2m_type_is_borrowed(enum p2m_type t)
{
    return t >= P2M_FOREIGN_RW && t <= P2M_GRANT_RO;
}

static inline bool p2m_type_is_device(enum p2m_type t)
{
    return t == P2M_DEVICE || t == P2M_DEVICE_CACHED;
}

static inline bool p2m_type_is_writable(enum p2m_type t)
{
    return t != P2M_NONE && t != P2M_RAM_RO && t != P2M_FOREIGN_RO && t != P2M_GRANT_RO;
}

struct p2m {
    struct rwlock lock;              /* RANK_P2M: readers translate, writers change */
    u64 *root;                       /* [c] two pages */
    domid_t owner;                   /* [c] */
    u16 vmid;                        /* [vmid lock] valid while generation matches */
    u64 vmid_generation;             /* [a] */
    bool is_closed GUARDED_BY(lock); /* its teardown has begun: nothing is mapped any more */
    u64 nr_tables GUARDED_BY(lock);  /* stage-2 table pages, root included */
    /* Bound: paging mempool pages; beyond it E_NOMEM. ~0: none (dom0). */
    u64 max_tables GUARDED_BY(lock);
    u64 nr_leaves[P2M_NR_TYPES] GUARDED_BY(lock); /* 4 KiB pages by type */
    u64 max_gfn GUARDED_BY(lock); /* highest and lowest ever mapped, for maximum_gpfn */
    u64 min_gfn GUARDED_BY(lock);
    u64 reach GUARDED_BY(lock); /* no table and no leaf has ever been from here on, for teardown */
    /* Entries of these gfns were made invalid, and their flush is still owed. */
    u64 flush_first GUARDED_BY(lock);
    u64 flush_end GUARDED_BY(lock);
};

/* Without a bound (max_tables ~0). E_NOMEM. */
enum err p2m_create(domid_t owner, struct p2m **out);
/* Frees the tables; every leaf was removed by p2m_relinquish() before, and no CPU will enter a
 * guest on it any more. CPUs that still have it loaded lazily are told to let go: no locks held. */
void p2m_destroy(struct p2m *p2m);

/* Maps 2^order pages, gfn and mfn aligned to it; whatever was there is removed first (its
 * references dropped after the flush). For FOREIGN and GRANT the caller has taken the reference
 * that each new 4 KiB page's leaf will own, and keeps it on an error. Orders between those of
 * leaves become runs of the next smaller one. E_NOMEM leaves the old state. E_INVAL: beyond the
 * address space or unaligned. E_RESTART (order > 9 only): so much was there that it needs another
 * call with the same arguments. Takes the lock. */
enum err p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type);
/* Nothing is in the way of p2m_map() with this gfn and order: not a table either. */
bool p2m_is_empty(struct p2m *p2m, gfn_t gfn, u32 order);
/* Makes the tables that p2m_map() of the same gfn and order will need. E_NOMEM, E_INVAL. */
enum err p2m_reserve(struct p2m *p2m, gfn_t gfn, u32 order);
/* Maps a SHARED page at gfn; E_BUSY when it is mapped somewhere already (XENMEM_add_to_physmap of
 * the ABI). */
enum err p2m_map_shared(struct p2m *p2m, gfn_t gfn, struct frame *f);
/* Removes 2^order pages (order <= 9) with their flush, then drops their references; RAM pages stay
 * allocated. With expect != MFN_INVALID only if gfn maps to it, else E_INVAL. E_NOENT when nothing
 * was there. E_NOMEM: a block had to be split. */
enum err p2m_unmap(struct p2m *p2m, gfn_t gfn, mfn_t expect, u32 order);
/* A page that p2m_map() mapped as a foreign one. E_NOENT: there is none; nothing was done. */
enum err p2m_unmap_foreign(struct p2m *p2m, gfn_t gfn);

/* For batches (grant unmaps): what p2m_unmap_later() removed waits here for one flush. On the
 * caller's stack. */
#define P2M_GATHER_MAX 32u
struct p2m_gather {
    struct p2m *p2m;
    u64 removed; /* pages whose leaves went */
    u32 nr;
    u64 item[P2M_GATHER_MAX];
};
void p2m_gather_init(struct p2m_gather *g, struct p2m *p2m);
/* One 4 KiB page, as p2m_unmap; flushes by itself when g is full. */
enum err p2m_unmap_later(struct p2m_gather *g, gfn_t gfn, mfn_t expect);
/* Flushes and drops the references. Always called once, in the same exit. */
void p2m_gather_finish(struct p2m_gather *g);

/* Removes RAM leaves from gfn on, at most nr pages, stops at the first page that is no RAM or when
 * runs are used up. The pages are unmapped and flushed, still allocated; the caller drops them.
 * *done: pages removed (0 with E_NOENT: the first one is no RAM; or E_NOMEM). */
struct p2m_run {
    mfn_t first;
    u32 nr;
};
enum err p2m_unmap_ram(struct p2m *p2m, gfn_t gfn, u32 nr, struct p2m_run *runs, u32 max_runs,
                       u32 *nr_runs, u32 *done);

/* What a gfn maps to; *order is the leaf's, *mfn the frame of gfn itself. E_NOENT when nothing.
 * Takes the lock for reading. */
enum err p2m_lookup(struct p2m *p2m, gfn_t gfn, mfn_t *mfn, enum p2m_type *type, u32 *order);
enum err p2m_lookup_locked(struct p2m *p2m, gfn_t gfn, mfn_t *mfn, enum p2m_type *type, u32 *order);
/*
 * The first leaf at *gfn or after it, from *gfn on, which moves there. *looks, at leaves and holes,
 * goes down: E_RESTART when there are no more, *gfn says where to go on. E_NOENT: none left.
 */
struct p2m_leaf {
    mfn_t mfn;
    u64 nr_pages; /* from there to its end */
    enum p2m_type type;
};
enum err p2m_next(struct p2m *p2m, gfn_t *gfn, struct p2m_leaf *out, u32 *looks);
/* The same for RAM-like pages with a reference on the frame (frame_put when done). write: the leaf
 * allows it. E_NOENT nothing or no RAM, E_ACCES not writable. Foreign and grant leaves are given
 * too: *frame says the owner. */
enum err p2m_get_page(struct p2m *p2m, gfn_t gfn, bool write, struct frame **out);
/* A stage-2 fault: true when the tables allow the access by now (a block was being split, or
 * another vCPU mapped it): execute it again. */
bool p2m_allows(struct p2m *p2m, gaddr_t at, bool write, bool execute);

/*
 * A window in which this CPU may use a page right after the MMU translated its address, without a
 * lock: whoever takes a translation away waits, after the flush, for each CPU that was in a window
 * then. The number is odd inside.
 */
DECLARE_PER_CPU(u32, p2m_window);
static inline u32 *p2m_window_open(void)
{
    u32 *window = &this_cpu(p2m_window);
    store_relaxed(window, *window + 1);
    /* A dsb: the walk of the address translation is no access that a dmb orders. If the one who
     * takes away does not see the number odd, then his flush was before, and our walk finds
     * nothing. */
    barrier_sync_inner();
    return window;
}
static inline void p2m_window_close(u32 *window)
{
    store_release(window, *window + 1);
}

/* Removes leaves and tables from the cursor (a gfn, 0 at first) on; RAM pages stay allocated.
 * From the first call on nothing is mapped any more (E_NOMEM).
 * budget: two for each slot, nine for one with a leaf, 29 for a borrowed page; some 10
 * instructions each. E_RESTART until all are gone. No vCPU of the domain runs. */
enum err p2m_relinquish(struct p2m *p2m, u64 *cursor, u32 budget);
/* Cleans and invalidates data caches of the RAM in [*start, end), at most budget pages; moves
 * *start; E_RESTART. Ends with an instruction cache invalidation. */
enum err p2m_cache_flush(struct p2m *p2m, gfn_t *start, gfn_t end, u32 budget_pages);
/* Bound of table pages (set_paging_mempool_size), root included. E_BUSY when more are in use. */
enum err p2m_set_max_tables(struct p2m *p2m, u64 max);

/* Loads the tables on this CPU (VTTBR_EL2, with a VMID of the current generation). */
void p2m_activate(struct p2m *p2m);
/* Loads an empty table: this CPU lets go of whatever it had loaded lazily. */
void p2m_deactivate(void);
void p2m_init(void); /* boot CPU: checks the machine's sizes, VMID width; then as p2m_init_cpu */
void p2m_init_cpu(void);
u32 p2m_nr_vmids_in_use(void);

#endif
