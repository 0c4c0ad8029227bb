/* SPDX-License-Identifier: MIT */
/*
 * A domain's guest-physical address space: stage-2 tables with 40-bit input, 4 KiB granule, two concatenated
 * root pages at level 1, leaves of 1 GiB, 2 MiB and 4 KiB.
 *
 *   gaddr  39      30 29      21 20      12 11       0
 *         | L1 (1024)| L2 (512) | L3 (512) |  offset  |
 *
 * Each leaf has a type (software bits 58..55), which decides the permission bits and what happens to the page
 * when the leaf goes. The p2m holds one reference of its own on each GUEST, foreign or grant page it maps
 * (the owner's allocation reference is separate). A change that must be seen is break-before-make; flushes are
 * gathered and done once, before any reference is dropped (docs/caches.md).
 */
#ifndef P2M_P2M_H
#define P2M_P2M_H

#include "base/addr.h"
#include "base/err.h"
#include "mem/frame.h"
#include "sync/rwlock.h"

enum p2m_type {
    P2M_NONE,
    P2M_RAM_RW,
    P2M_RAM_RO,
    P2M_SHARED_RW,    /* the hypervisor's page owned by this domain: shared info, grant frames */
    P2M_DEVICE,       /* MMIO, nGnRE */
    P2M_DEVICE_CACHED,/* MMIO mapped Normal by request (XENMEM dev mmio with cacheability) */
    P2M_FOREIGN_RW,
    P2M_FOREIGN_RO,
    P2M_GRANT_RW,
    P2M_GRANT_RO,
    P2M_DIRECT_HOLE,  /* dom0, 1:1: ballooned out, frame kept owned; faults */
};

struct p2m {
    struct rwlock lock;         /* RANK_P2M: readers translate, writers change */
    struct frame *root;         /* two pages */
    domid_t owner;              /* [c] */
    u16 vmid;                   /* [vmid lock] valid while generation matches */
    u64 vmid_generation;
    u64 nr_tables;              /* [L] stage-2 table pages, root included */
    u64 max_tables;             /* [L] bound: paging mempool pages; beyond it E_NOMEM. ~0: none (dom0) */
    u64 nr_leaves[12];          /* [L] 4 KiB pages by type */
    u64 max_gfn, min_gfn;       /* [L] highest/lowest ever mapped, for maximum_gpfn and teardown */
    bool flush_needed;          /* [L] */
};

enum err p2m_create(domid_t owner, struct p2m **out);
/* Frees the tables; every leaf was removed by p2m_relinquish() before. */
void p2m_destroy(struct p2m *p2m);

/* Maps 2^order pages, gfn and mfn aligned to it; whatever was there is removed first (its references dropped
 * after the flush). The caller has taken the reference that the new leaf will own (RAM, FOREIGN, GRANT, SHARED: one
 * each 4 KiB page). E_NOMEM leaves the old state. Takes the lock. */
enum err p2m_map(struct p2m *p2m, gfn_t gfn, mfn_t mfn, u32 order, enum p2m_type type);
/* Removes 2^order pages; with expect != MFN_INVALID only if gfn maps to it, else E_INVAL. Splits blocks as needed. */
enum err p2m_unmap(struct p2m *p2m, gfn_t gfn, mfn_t expect, u32 order);

/* What a gfn maps to; *order is the leaf's. E_NOENT when nothing. Takes the lock for reading. */
enum err p2m_lookup(struct p2m *p2m, gfn_t gfn, mfn_t *mfn, enum p2m_type *type, u32 *order);
/* The same for RAM-like pages with a reference on the frame (frame_put when done). write: the leaf allows it.
 * E_NOENT nothing or no RAM, E_ACCES not writable. Foreign and grant leaves are given too: *frame says the owner. */
enum err p2m_get_page(struct p2m *p2m, gfn_t gfn, bool write, struct frame **out);

/* Removes leaves from the cursor (a gfn) on, at most budget pages; E_RESTART until all are gone. */
enum err p2m_relinquish(struct p2m *p2m, u64 *cursor, u32 budget_pages);
/* Cleans and invalidates data caches of the RAM in [*start, end), at most budget pages; moves *start; E_RESTART. */
enum err p2m_cache_flush(struct p2m *p2m, gfn_t *start, gfn_t end, u32 budget_pages);

/* Loads the tables on this CPU (VTTBR_EL2, with a VMID of the current generation). */
void p2m_activate(struct p2m *p2m);
/* Loads none: VTTBR of an empty table, for lazily kept state. */
void p2m_init(void);            /* boot: VTCR, VMID width */
void p2m_init_cpu(void);
u32 p2m_nr_vmids_in_use(void);

/* --- below: tlb_arm64.c / tlb_host.c --- */
void tlb_flush_vmid(struct p2m *p2m);                      /* all of this VMID, inner shareable */
void tlb_flush_ipa(struct p2m *p2m, gfn_t gfn, u64 pages); /* IPAS2E1IS + VMALLE1IS, or the whole VMID if many */
void tlb_flush_all_guests(void);                           /* VMID rollover: ALLE1IS + IC IALLUIS */

#endif
