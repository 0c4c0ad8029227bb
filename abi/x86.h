/* SPDX-License-Identifier: MIT */
/* The x86-64 part of the ABI, as far as the common structures embed it. */
#ifndef ABI_X86_H
#define ABI_X86_H

#include "abi/types.h"

/* vCPUs whose vcpu_info lies in the shared info page; the others register theirs. */
#define XEN_LEGACY_MAX_VCPUS 32

struct xen_arch_vcpu_info {
    u64 cr2;
    u64 pad;
};
_Static_assert(sizeof(struct xen_arch_vcpu_info) == 16);

/* Used by guests that keep their own table of machine frames; none is served. */
struct xen_arch_shared_info {
    u64 max_pfn;
    u64 pfn_to_mfn_frame_list_list;
    u64 nmi_reason;
    u64 p2m_cr3;
    u64 p2m_vaddr;
    u64 p2m_generation;
};
_Static_assert(sizeof(struct xen_arch_shared_info) == 48);

struct xen_arch_domainconfig {
    u32 emulation_flags;
    u32 misc_flags;
};
_Static_assert(sizeof(struct xen_arch_domainconfig) == 8);

#endif
