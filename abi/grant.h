/* SPDX-License-Identifier: MIT */
/*
 * grant_table_op(command, array, count): a domain lets another one read or write single pages.
 *
 * A grant table is an array of entries in pages shared with the hypervisor; its index is the grant
 * reference. Version 1 only: no sub-page, transitive or transferred grants. The granter writes
 * domid and frame, then a barrier, then flags; while the hypervisor shows reading or writing there,
 * the entry is in use, and only a compare-and-swap of flags to 0 takes it back.
 */
#ifndef ABI_GRANT_H
#define ABI_GRANT_H

#include "abi/types.h"

#define GNTTABOP_map_grant_ref     0
#define GNTTABOP_unmap_grant_ref   1
#define GNTTABOP_setup_table       2
#define GNTTABOP_dump_table        3
#define GNTTABOP_transfer          4
#define GNTTABOP_copy              5
#define GNTTABOP_query_size        6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version       8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version       10
#define GNTTABOP_swap_grant_ref    11
#define GNTTABOP_cache_flush       12

/* ---- the table */

struct xen_grant_entry_v1 {
    u16 flags; /* GTF_* */
    u16 domid; /* who may access */
    u32 frame; /* guest frame number of the page */
};
_Static_assert(sizeof(struct xen_grant_entry_v1) == 8);

#define GTF_invalid         0U
#define GTF_permit_access   1U
#define GTF_accept_transfer 2U
#define GTF_transitive      3U
#define GTF_type_mask       3U

#define _GTF_readonly 2
#define _GTF_reading  3
#define _GTF_writing  4
#define GTF_readonly  (1U << _GTF_readonly) /* set by the granter */
#define GTF_reading   (1U << _GTF_reading)  /* set by the hypervisor while mapped */
#define GTF_writing   (1U << _GTF_writing)  /* set by the hypervisor while mapped writable */
#define GTF_PWT       (1U << 5)
#define GTF_PCD       (1U << 6)
#define GTF_PAT       (1U << 7)
#define GTF_sub_page  (1U << 8)

/* The first references are kept for the tools, which fill two of them before the guest runs. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE    0
#define GNTTAB_RESERVED_XENSTORE   1

/* ---- commands; each element of the array has its own status, GNTST_* */

#define GNTMAP_device_map       (1 << 0) /* tell the machine address for DMA */
#define GNTMAP_host_map         (1 << 1) /* map at host_addr */
#define GNTMAP_readonly         (1 << 2)
#define GNTMAP_application_map  (1 << 3)
#define GNTMAP_contains_pte     (1 << 4)
#define _GNTMAP_guest_avail0    16
#define GNTMAP_guest_avail_mask ((u32)~0 << _GNTMAP_guest_avail0)

struct xen_gnttab_map_grant_ref {
    u64 host_addr; /* guest-physical, of a page */
    u32 flags;     /* GNTMAP_* */
    u32 ref;
    u16 dom;
    s16 status; /* out, with all below */
    u32 handle;
    u64 dev_bus_addr;
};
_Static_assert(sizeof(struct xen_gnttab_map_grant_ref) == 32);

struct xen_gnttab_unmap_grant_ref {
    u64 host_addr;    /* 0: not this mapping */
    u64 dev_bus_addr; /* 0: not this mapping */
    u32 handle;
    s16 status; /* out */
};
_Static_assert(sizeof(struct xen_gnttab_unmap_grant_ref) == 24);

struct xen_gnttab_setup_table {
    u16 dom;
    u32 nr_frames;
    s16 status;                /* out */
    guest_handle_t frame_list; /* u64 a frame */
};
_Static_assert(sizeof(struct xen_gnttab_setup_table) == 24);

struct xen_gnttab_dump_table {
    u16 dom;
    s16 status; /* out */
};
_Static_assert(sizeof(struct xen_gnttab_dump_table) == 4);

#define GNTCOPY_source_gref (1 << 0)
#define GNTCOPY_dest_gref   (1 << 1)

struct xen_gnttab_copy_ptr {
    union {
        u32 ref;
        u64 gmfn;
    } u;
    u16 domid;
    u16 offset;
};
_Static_assert(sizeof(struct xen_gnttab_copy_ptr) == 16);

struct xen_gnttab_copy {
    struct xen_gnttab_copy_ptr source;
    struct xen_gnttab_copy_ptr dest;
    u16 len;
    u16 flags;  /* GNTCOPY_* */
    s16 status; /* out */
};
_Static_assert(sizeof(struct xen_gnttab_copy) == 40);

struct xen_gnttab_query_size {
    u16 dom;
    u32 nr_frames; /* out, with all below */
    u32 max_nr_frames;
    s16 status;
};
_Static_assert(sizeof(struct xen_gnttab_query_size) == 16);

struct xen_gnttab_unmap_and_replace {
    u64 host_addr;
    u64 new_addr;
    u32 handle;
    s16 status; /* out */
};
_Static_assert(sizeof(struct xen_gnttab_unmap_and_replace) == 24);

struct xen_gnttab_set_version {
    u32 version; /* in: wanted; out: in force */
};
_Static_assert(sizeof(struct xen_gnttab_set_version) == 4);

struct xen_gnttab_get_status_frames {
    u32 nr_frames;
    u16 dom;
    s16 status; /* out */
    guest_handle_t frame_list;
};
_Static_assert(sizeof(struct xen_gnttab_get_status_frames) == 16);

struct xen_gnttab_get_version {
    u16 dom;
    u16 pad;
    u32 version; /* out */
};
_Static_assert(sizeof(struct xen_gnttab_get_version) == 8);

struct xen_gnttab_swap_grant_ref {
    u32 ref_a;
    u32 ref_b;
    s16 status; /* out */
};
_Static_assert(sizeof(struct xen_gnttab_swap_grant_ref) == 12);

#define GNTTAB_CACHE_CLEAN       (1U << 0)
#define GNTTAB_CACHE_INVAL       (1U << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1U << 31) /* a.ref counts, not a.dev_bus_addr */

struct xen_gnttab_cache_flush {
    union {
        u64 dev_bus_addr;
        u32 ref;
    } a;
    u16 offset; /* bytes in the page */
    u16 length; /* bytes */
    u32 op;     /* GNTTAB_CACHE_* */
};
_Static_assert(sizeof(struct xen_gnttab_cache_flush) == 16);

#define GNTST_okay              0
#define GNTST_general_error     (-1)
#define GNTST_bad_domain        (-2)
#define GNTST_bad_gntref        (-3)
#define GNTST_bad_handle        (-4)
#define GNTST_bad_virt_addr     (-5)
#define GNTST_bad_dev_addr      (-6)
#define GNTST_no_device_space   (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page          (-9)
#define GNTST_bad_copy_arg      (-10)
#define GNTST_address_too_big   (-11)
#define GNTST_eagain            (-12)
#define GNTST_no_space          (-13)

#endif
