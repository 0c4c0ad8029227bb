/* SPDX-License-Identifier: MIT */
/*
 * sysctl(argument): the tools look at and steer the machine as a whole.
 *
 * For the control domain only; the version word must be XEN_SYSCTL_INTERFACE_VERSION, that of Xen
 * 4.17. An operation that is not here answers -ENOSYS.
 */
#ifndef ABI_SYSCTL_H
#define ABI_SYSCTL_H

#include "abi/domctl.h"
#include "abi/types.h"
#include "abi/xen.h"

#define XEN_SYSCTL_INTERFACE_VERSION 0x00000015

#define XEN_SYSCTL_readconsole       1
#define XEN_SYSCTL_physinfo          3
#define XEN_SYSCTL_sched_id          4
#define XEN_SYSCTL_getdomaininfolist 6
#define XEN_SYSCTL_debug_keys        7
#define XEN_SYSCTL_getcpuinfo        8
#define XEN_SYSCTL_availheap         9
#define XEN_SYSCTL_cputopoinfo       16
#define XEN_SYSCTL_numainfo          17
#define XEN_SYSCTL_cpupool_op        18
#define XEN_SYSCTL_scheduler_op      19
#define XEN_SYSCTL_pcitopoinfo       22

/* Reads the log from index on (incremental) or from its oldest byte. */
struct xen_sysctl_readconsole {
    u8 clear;
    u8 incremental;
    u8 pad0;
    u8 pad1;
    u32 index; /* in and out */
    guest_handle_t buffer;
    u32 count; /* in and out, bytes */
};
_Static_assert(sizeof(struct xen_sysctl_readconsole) == 24);

#define XEN_SYSCTL_PHYSCAP_hvm                (1U << 0)
#define XEN_SYSCTL_PHYSCAP_pv                 (1U << 1)
#define XEN_SYSCTL_PHYSCAP_directio           (1U << 2)
#define XEN_SYSCTL_PHYSCAP_hap                (1U << 3)
#define XEN_SYSCTL_PHYSCAP_shadow             (1U << 4)
#define XEN_SYSCTL_PHYSCAP_iommu_hap_pt_share (1U << 5)
#define XEN_SYSCTL_PHYSCAP_vmtrace            (1U << 6)
#define XEN_SYSCTL_PHYSCAP_vpmu               (1U << 7)
#define XEN_SYSCTL_PHYSCAP_gnttab_v1          (1U << 8)
#define XEN_SYSCTL_PHYSCAP_gnttab_v2          (1U << 9)

struct xen_sysctl_physinfo {
    u32 threads_per_core;
    u32 cores_per_socket;
    u32 nr_cpus;
    u32 max_cpu_id;
    u32 nr_nodes;
    u32 max_node_id;
    u32 cpu_khz;
    u32 capabilities; /* XEN_SYSCTL_PHYSCAP_* */
    u32 arch_capabilities;
    u32 pad;
    u64 total_pages;
    u64 free_pages;
    u64 scrub_pages;
    u64 outstanding_pages;
    u64 max_mfn;
    u32 hw_cap[8];
};
_Static_assert(sizeof(struct xen_sysctl_physinfo) == 112);

struct xen_sysctl_sched_id {
    u32 sched_id; /* XEN_SCHEDULER_* */
};
_Static_assert(sizeof(struct xen_sysctl_sched_id) == 4);

struct xen_sysctl_getdomaininfolist {
    u16 first_domain;
    u32 max_domains;
    guest_handle_t buffer; /* struct xen_domctl_getdomaininfo */
    u32 num_domains;       /* out */
};
_Static_assert(sizeof(struct xen_sysctl_getdomaininfolist) == 24);

struct xen_sysctl_debug_keys {
    guest_handle_t keys;
    u32 nr_keys;
};
_Static_assert(sizeof(struct xen_sysctl_debug_keys) == 16);

struct xen_sysctl_cpuinfo {
    u64 idletime; /* ns */
};
_Static_assert(sizeof(struct xen_sysctl_cpuinfo) == 8);

struct xen_sysctl_getcpuinfo {
    u32 max_cpus;
    guest_handle_t info; /* struct xen_sysctl_cpuinfo */
    u32 nr_cpus;         /* out */
};
_Static_assert(sizeof(struct xen_sysctl_getcpuinfo) == 24);

struct xen_sysctl_availheap {
    u32 min_bitwidth;
    u32 max_bitwidth;
    s32 node;        /* -1: all */
    u64 avail_bytes; /* out */
};
_Static_assert(sizeof(struct xen_sysctl_availheap) == 24);

#define XEN_INVALID_CORE_ID   (~0U)
#define XEN_INVALID_SOCKET_ID (~0U)
#define XEN_INVALID_NODE_ID   (~0U)

struct xen_sysctl_cputopo {
    u32 core;
    u32 socket;
    u32 node;
};
_Static_assert(sizeof(struct xen_sysctl_cputopo) == 12);

/* A null array asks for the number. */
struct xen_sysctl_cputopoinfo {
    u32 num_cpus;           /* in and out */
    guest_handle_t cputopo; /* struct xen_sysctl_cputopo */
};
_Static_assert(sizeof(struct xen_sysctl_cputopoinfo) == 16);

#define XEN_INVALID_MEM_SZ    (~0U)
#define XEN_INVALID_NODE_DIST (~0U)

struct xen_sysctl_meminfo {
    u64 memsize; /* bytes */
    u64 memfree; /* bytes */
};
_Static_assert(sizeof(struct xen_sysctl_meminfo) == 16);

struct xen_sysctl_numainfo {
    u32 num_nodes;           /* in and out */
    guest_handle_t meminfo;  /* struct xen_sysctl_meminfo */
    guest_handle_t distance; /* u32, row by row */
};
_Static_assert(sizeof(struct xen_sysctl_numainfo) == 24);

#define XEN_SYSCTL_CPUPOOL_OP_CREATE     1
#define XEN_SYSCTL_CPUPOOL_OP_DESTROY    2
#define XEN_SYSCTL_CPUPOOL_OP_INFO       3
#define XEN_SYSCTL_CPUPOOL_OP_ADDCPU     4
#define XEN_SYSCTL_CPUPOOL_OP_RMCPU      5
#define XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN 6
#define XEN_SYSCTL_CPUPOOL_OP_FREEINFO   7
#define XEN_SYSCTL_CPUPOOL_PAR_ANY       0xffffffffU

struct xen_sysctl_cpupool_op {
    u32 op;                          /* XEN_SYSCTL_CPUPOOL_OP_* */
    u32 cpupool_id;                  /* INFO: the first that is not below; out: CREATE, INFO */
    u32 sched_id;                    /* in: CREATE; out: INFO */
    u32 domid;                       /* in: MOVEDOMAIN */
    u32 cpu;                         /* in: ADDCPU, RMCPU; may be PAR_ANY */
    u32 n_dom;                       /* out: INFO */
    struct xen_xenctl_bitmap cpumap; /* out: INFO, FREEINFO */
};
_Static_assert(sizeof(struct xen_sysctl_cpupool_op) == 40);

#define XEN_SYSCTL_SCHEDOP_putinfo       0
#define XEN_SYSCTL_SCHEDOP_getinfo       1
#define XEN_SYSCTL_SCHED_RATELIMIT_MAX   500000
#define XEN_SYSCTL_SCHED_RATELIMIT_MIN   100
#define XEN_SYSCTL_CSCHED_TSLICE_MAX     1000
#define XEN_SYSCTL_CSCHED_TSLICE_MIN     1
#define XEN_SYSCTL_CSCHED_MGR_DLY_MAX_US (100 * 1000)

struct xen_sysctl_credit_schedule {
    u32 tslice_ms;
    u32 ratelimit_us;
    u32 vcpu_migr_delay_us;
};
_Static_assert(sizeof(struct xen_sysctl_credit_schedule) == 12);

struct xen_sysctl_credit2_schedule {
    u32 ratelimit_us; /* a vCPU keeps the CPU at least so long */
};
_Static_assert(sizeof(struct xen_sysctl_credit2_schedule) == 4);

struct xen_sysctl_scheduler_op {
    u32 cpupool_id;
    u32 sched_id; /* XEN_SCHEDULER_* */
    u32 cmd;      /* XEN_SYSCTL_SCHEDOP_* */
    union {
        struct {
            guest_handle_t schedule;
        } sched_arinc653;
        struct xen_sysctl_credit_schedule sched_credit;
        struct xen_sysctl_credit2_schedule sched_credit2;
    } u;
};
_Static_assert(sizeof(struct xen_sysctl_scheduler_op) == 32);

struct xen_sysctl {
    u32 cmd;               /* XEN_SYSCTL_* */
    u32 interface_version; /* XEN_SYSCTL_INTERFACE_VERSION, else -EACCES */
    union {
        struct xen_sysctl_readconsole readconsole;
        struct xen_sysctl_physinfo physinfo;
        struct xen_sysctl_sched_id sched_id;
        struct xen_sysctl_getdomaininfolist getdomaininfolist;
        struct xen_sysctl_debug_keys debug_keys;
        struct xen_sysctl_getcpuinfo getcpuinfo;
        struct xen_sysctl_availheap availheap;
        struct xen_sysctl_cputopoinfo cputopoinfo;
        struct xen_sysctl_numainfo numainfo;
        struct xen_sysctl_cpupool_op cpupool_op;
        struct xen_sysctl_scheduler_op scheduler_op;
        u8 pad[128];
    } u;
};
_Static_assert(sizeof(struct xen_sysctl) == 136);
_Static_assert(offsetof(struct xen_sysctl, u) == 8);

#endif
