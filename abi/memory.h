/* SPDX-License-Identifier: MIT */
/*
 * memory_op(command, argument): which frames a domain owns and where they appear to it.
 *
 * A frame is 4 KiB whatever the guest's own page size; an extent is 2^order frames, aligned. Frames
 * in arrays are u64. A result may be a count: of extents done, or of pages.
 */
#ifndef ABI_MEMORY_H
#define ABI_MEMORY_H

#include "abi/types.h"

#define XENMEM_increase_reservation       0
#define XENMEM_decrease_reservation       1
#define XENMEM_maximum_ram_page           2
#define XENMEM_current_reservation        3
#define XENMEM_maximum_reservation        4
#define XENMEM_populate_physmap           6
#define XENMEM_add_to_physmap             7
#define XENMEM_maximum_gpfn               14
#define XENMEM_remove_from_physmap        15
#define XENMEM_get_sharing_freed_pages    18
#define XENMEM_get_sharing_shared_pages   19
#define XENMEM_access_op                  21
#define XENMEM_add_to_physmap_batch       23
#define XENMEM_claim_pages                24
#define XENMEM_get_vnumainfo              26
#define XENMEM_reserved_device_memory_map 27
#define XENMEM_acquire_resource           28

/* mem_flags: bits of address that the machine address may need at most, a node, ... */
#define XENMEMF_get_address_bits(x) ((x)&0xffu)
#define XENMEMF_get_node(x)         ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand  (1 << 16)
#define XENMEMF_exact_node_request  (1 << 17)
#define XENMEMF_vnode               (1 << 18)

/* increase, decrease, populate; claim_pages with extent_start null and order 0 */
struct xen_memory_reservation {
    guest_handle_t extent_start; /* first frame of each extent; populate writes them back */
    u64 nr_extents;
    u32 extent_order;
    u32 mem_flags; /* XENMEMF_* */
    u16 domid;
};
_Static_assert(sizeof(struct xen_memory_reservation) == 32);

/* current_reservation, maximum_reservation, maximum_gpfn */
struct xen_memory_domain {
    u16 domid;
};
_Static_assert(sizeof(struct xen_memory_domain) == 2);

#define XENMAPSPACE_shared_info  0
#define XENMAPSPACE_grant_table  1
#define XENMAPSPACE_gmfn         2 /* a frame of the domain itself */
#define XENMAPSPACE_gmfn_range   3
#define XENMAPSPACE_gmfn_foreign 4 /* a frame of another domain; batch only */
#define XENMAPSPACE_dev_mmio     5 /* a device's frame, Arm */

#define XENMAPIDX_grant_table_status 0x80000000U

struct xen_add_to_physmap {
    u16 domid;
    u16 size;  /* gmfn_range: frames */
    u32 space; /* XENMAPSPACE_* */
    u64 idx;
    u64 gpfn;
};
_Static_assert(sizeof(struct xen_add_to_physmap) == 24);

union xen_add_to_physmap_batch_extra {
    u16 foreign_domid; /* gmfn_foreign */
    u16 res0;          /* else 0 */
};
_Static_assert(sizeof(union xen_add_to_physmap_batch_extra) == 2);

struct xen_add_to_physmap_batch {
    u16 domid;
    u16 space; /* XENMAPSPACE_* */
    u16 size;  /* elements of each array */
    union xen_add_to_physmap_batch_extra u;
    guest_handle_t idxs;  /* u64 */
    guest_handle_t gpfns; /* u64 */
    guest_handle_t errs;  /* s32, out */
};
_Static_assert(sizeof(struct xen_add_to_physmap_batch) == 32);

struct xen_remove_from_physmap {
    u16 domid;
    u64 gpfn;
};
_Static_assert(sizeof(struct xen_remove_from_physmap) == 16);

#define XENMEM_resource_ioreq_server          0
#define XENMEM_resource_grant_table           1
#define XENMEM_resource_vmtrace_buf           2
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1

/* Maps frames that another domain's service owns; with frame_list null and 0 frames it only asks
 * how many there are. */
struct xen_mem_acquire_resource {
    u16 domid;
    u16 type;                  /* XENMEM_resource_* */
    u32 id;                    /* XENMEM_resource_grant_table_id_* */
    u32 nr_frames;             /* in and out */
    u32 pad;                   /* 0 */
    u64 frame;                 /* first one, index in the resource */
    guest_handle_t frame_list; /* u64: where to map them in the caller */
};
_Static_assert(sizeof(struct xen_mem_acquire_resource) == 32);

#endif
