/* SPDX-License-Identifier: MIT */
/* What the p2m asks of the machine: tlb_arm64.c, and tlb_host.c, which also checks
 * break-before-make. */
#ifndef P2M_TLB_H
#define P2M_TLB_H

#include "base/addr.h"

/* Bits of VMID that the CPUs have; panics on a machine whose sizes are below ours. */
u32 stage2_probe(void);
/* VTCR_EL2 on this CPU. */
void stage2_init_cpu(u32 vmid_bits);
/* VTTBR_EL2, with context synchronization. */
void stage2_load(maddr_t root, u16 vmid);

/* One table entry. The caller orders: pte_sync() before anybody relies on it. */
void pte_write(u64 *slot, u64 value);
/* Entries written are visible to all walkers (dsb ishst). */
void pte_sync(void);

/* All of these include the barriers before and after, and act on all CPUs (inner shareable). empty
 * is the address of a table without entries: while another VMID is named, nothing can be walked. */
void tlb_flush_vmid(maddr_t empty, u16 vmid);
void tlb_flush_ipa(maddr_t empty, u16 vmid, gfn_t gfn, u64 pages);
void tlb_flush_all_guests(void);
/* No TLB can hold anything of these tables, so nothing is done; the fake machine's bookkeeping
 * wants to know. */
void tlb_flush_none(void);

#endif
