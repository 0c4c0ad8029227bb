/* SPDX-License-Identifier: MIT */
/* xen_version(command, argument): what the hypervisor is and can do. */
#ifndef ABI_VERSION_H
#define ABI_VERSION_H

#include "abi/types.h"

#define XENVER_version             0 /* the result is major << 16 | minor */
#define XENVER_extraversion        1
#define XENVER_compile_info        2
#define XENVER_capabilities        3
#define XENVER_changeset           4
#define XENVER_platform_parameters 5
#define XENVER_get_features        6
#define XENVER_pagesize            7 /* the result is the size in bytes */
#define XENVER_guest_handle        8
#define XENVER_commandline         9
#define XENVER_build_id            10

/* Sizes of the strings, the final 0 included. */
#define XEN_EXTRAVERSION_LEN      16
#define XEN_CAPABILITIES_INFO_LEN 1024
#define XEN_CHANGESET_INFO_LEN    64
#define XEN_COMMANDLINE_LEN       1024

struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
_Static_assert(sizeof(struct xen_compile_info) == 144);

struct xen_platform_parameters {
    u64 virt_start;
};
_Static_assert(sizeof(struct xen_platform_parameters) == 8);

struct xen_feature_info {
    u32 submap_idx; /* in: which 32 features */
    u32 submap;     /* out: XENFEAT_*, a bit each */
};
_Static_assert(sizeof(struct xen_feature_info) == 8);

/* The UUID that the tools gave the domain; a plain array of bytes. */
struct xen_guest_uuid {
    u8 handle[16];
};
_Static_assert(sizeof(struct xen_guest_uuid) == 16);

/* With a null argument the result is the length. */
struct xen_build_id {
    u32 len; /* in: of buf */
    u8 buf[];
};
_Static_assert(sizeof(struct xen_build_id) == 4);

#endif
