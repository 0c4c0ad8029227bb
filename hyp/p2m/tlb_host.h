/* SPDX-License-Identifier: MIT */
/*
 * The fake TLB: counts flushes, holds what tests say a guest touched, and panics when an entry is
 * made valid again before its old value was flushed (break before make) or changed from one valid
 * value to another.
 */
#ifndef P2M_TLB_HOST_H
#define P2M_TLB_HOST_H

#include "p2m/p2m.h"

struct fake_tlb_counts {
    u64 vmid, ipa, all; /* flushes */
    u64 pages;          /* by ipa */
    u64 loads;          /* of VTTBR */
};
extern struct fake_tlb_counts fake_tlb;
/* Set where all that is mapped was allocated: a flush finds frames that were freed before it. */
extern bool fake_tlb_watches_frames;
extern u32 fake_vmid_bits; /* 8 unless a test says less, before p2m_init() */

void fake_tlb_reset(void);
/* A guest on the p2m touched gfn: its translation is cached now if there is one. */
void fake_tlb_touch(struct p2m *p2m, gfn_t gfn);
/* Is a translation of gfn cached under the p2m's VMID? */
bool fake_tlb_has(struct p2m *p2m, gfn_t gfn);
/* What VTTBR of this CPU names. */
maddr_t fake_vttbr_root(void);
u16 fake_vttbr_vmid(void);

#endif
