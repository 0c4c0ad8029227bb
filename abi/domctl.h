/* SPDX-License-Identifier: MIT */
/*
 * domctl(argument): the tools make, look at, change and end domains.
 *
 * For the control domain only, and bound to one version of the tools: the version word must be
 * XEN_DOMCTL_INTERFACE_VERSION, that of Xen 4.17. The structure is written back where a comment
 * says out. An operation that is not here answers -ENOSYS.
 */
#ifndef ABI_DOMCTL_H
#define ABI_DOMCTL_H

#include "abi/arch.h"
#include "abi/types.h"
#include "abi/xen.h"

#define XEN_DOMCTL_INTERFACE_VERSION 0x00000015

#define XEN_DOMCTL_createdomain            1
#define XEN_DOMCTL_destroydomain           2
#define XEN_DOMCTL_pausedomain             3
#define XEN_DOMCTL_unpausedomain           4
#define XEN_DOMCTL_getdomaininfo           5
#define XEN_DOMCTL_setvcpuaffinity         9
#define XEN_DOMCTL_max_mem                 11
#define XEN_DOMCTL_setvcpucontext          12
#define XEN_DOMCTL_getvcpucontext          13
#define XEN_DOMCTL_getvcpuinfo             14
#define XEN_DOMCTL_max_vcpus               15
#define XEN_DOMCTL_scheduler_op            16
#define XEN_DOMCTL_setdomainhandle         17
#define XEN_DOMCTL_setdebugging            18
#define XEN_DOMCTL_irq_permission          19
#define XEN_DOMCTL_iomem_permission        20
#define XEN_DOMCTL_settimeoffset           24
#define XEN_DOMCTL_getvcpuaffinity         25
#define XEN_DOMCTL_resumedomain            27
#define XEN_DOMCTL_sendtrigger             28
#define XEN_DOMCTL_subscribe               29
#define XEN_DOMCTL_sethvmcontext           34
#define XEN_DOMCTL_set_address_size        35
#define XEN_DOMCTL_get_address_size        36
#define XEN_DOMCTL_assign_device           37
#define XEN_DOMCTL_bind_pt_irq             38
#define XEN_DOMCTL_memory_mapping          39
#define XEN_DOMCTL_test_assign_device      45
#define XEN_DOMCTL_set_target              46
#define XEN_DOMCTL_deassign_device         47
#define XEN_DOMCTL_unbind_pt_irq           48
#define XEN_DOMCTL_get_device_group        50
#define XEN_DOMCTL_gethvmcontext_partial   55
#define XEN_DOMCTL_vm_event_op             56
#define XEN_DOMCTL_set_access_required     64
#define XEN_DOMCTL_set_virq_handler        66
#define XEN_DOMCTL_setnodeaffinity         68
#define XEN_DOMCTL_getnodeaffinity         69
#define XEN_DOMCTL_cacheflush              71
#define XEN_DOMCTL_setvnumainfo            74
#define XEN_DOMCTL_monitor_op              77
#define XEN_DOMCTL_soft_reset              79
#define XEN_DOMCTL_vuart_op                81
#define XEN_DOMCTL_get_paging_mempool_size 85
#define XEN_DOMCTL_set_paging_mempool_size 86
#define XEN_DOMCTL_get_domain_state        89

/* ---- createdomain: domain in: the id wanted, 0 or out of range for any; out: the id given */

#define XEN_DOMCTL_CDF_hvm          (1U << 0)
#define XEN_DOMCTL_CDF_hap          (1U << 1) /* stage-2 tables; always on Arm */
#define XEN_DOMCTL_CDF_s3_integrity (1U << 2)
#define XEN_DOMCTL_CDF_oos_off      (1U << 3)
#define XEN_DOMCTL_CDF_xs_domain    (1U << 4) /* runs the store */
#define XEN_DOMCTL_CDF_iommu        (1U << 5)
#define XEN_DOMCTL_CDF_nested_virt  (1U << 6)
#define XEN_DOMCTL_CDF_vpmu         (1U << 7)
#define XEN_DOMCTL_CDF_MAX          XEN_DOMCTL_CDF_vpmu

#define XEN_DOMCTL_IOMMU_no_sharept (1U << 0)
#define XEN_DOMCTL_IOMMU_MAX        XEN_DOMCTL_IOMMU_no_sharept

#define XEN_DOMCTL_GRANT_version_mask 0xf

struct xen_domctl_createdomain {
    u32 ssidref;
    u8 handle[16]; /* UUID */
    u32 flags;     /* XEN_DOMCTL_CDF_* */
    u32 iommu_opts;
    u32 max_vcpus;
    u32 max_evtchn_port;
    s32 max_grant_frames;    /* negative: the default */
    s32 max_maptrack_frames; /* negative: the default */
    u32 grant_opts;          /* highest version in the low 4 bits */
    u32 vmtrace_size;
    u32 cpupool_id;
    struct xen_arch_domainconfig arch; /* in and out */
};
_Static_assert(offsetof(struct xen_domctl_createdomain, arch) == 56);

/* ---- getdomaininfo (domain: the first one that is not below), sysctl getdomaininfolist */

#define XEN_DOMINF_dying         (1U << 0)
#define XEN_DOMINF_hvm_guest     (1U << 1)
#define XEN_DOMINF_shutdown      (1U << 2)
#define XEN_DOMINF_paused        (1U << 3) /* by the tools */
#define XEN_DOMINF_blocked       (1U << 4)
#define XEN_DOMINF_running       (1U << 5)
#define XEN_DOMINF_debugged      (1U << 6)
#define XEN_DOMINF_xs_domain     (1U << 7)
#define XEN_DOMINF_hap           (1U << 8)
#define XEN_DOMINF_shutdownmask  255 /* SHUTDOWN_* in flags */
#define XEN_DOMINF_shutdownshift 16

#define XEN_INVALID_MAX_VCPU_ID (~0U)

struct xen_domctl_getdomaininfo {
    u16 domain;
    u16 pad1;
    u32 flags; /* XEN_DOMINF_* */
    u64 tot_pages;
    u64 max_pages;
    u64 outstanding_pages;
    u64 shr_pages;
    u64 paged_pages;
    u64 shared_info_frame; /* guest frame, all ones: not mapped */
    u64 cpu_time;          /* ns */
    u32 nr_online_vcpus;
    u32 max_vcpu_id;
    u32 ssidref;
    u8 handle[16];
    u32 cpupool;
    u8 gpaddr_bits;
    u8 pad2[7];
    struct xen_arch_domainconfig arch_config;
};
_Static_assert(offsetof(struct xen_domctl_getdomaininfo, arch_config) == 104);
_Static_assert(sizeof(struct xen_domctl_getdomaininfo) % 8 == 0);

/* ---- vCPUs */

struct xen_domctl_max_vcpus {
    u32 max;
};
_Static_assert(sizeof(struct xen_domctl_max_vcpus) == 4);

/* setvcpucontext (a null ctxt resets the vCPU), getvcpucontext */
struct xen_domctl_vcpucontext {
    u32 vcpu;
    guest_handle_t ctxt; /* struct xen_vcpu_guest_context */
};
_Static_assert(sizeof(struct xen_domctl_vcpucontext) == 16);

struct xen_domctl_getvcpuinfo {
    u32 vcpu;
    u8 online; /* out, with all below */
    u8 blocked;
    u8 running;
    u64 cpu_time; /* ns */
    u32 cpu;
};
_Static_assert(sizeof(struct xen_domctl_getvcpuinfo) == 24);

#define XEN_VCPUAFFINITY_HARD  (1U << 0)
#define XEN_VCPUAFFINITY_SOFT  (1U << 1)
#define XEN_VCPUAFFINITY_FORCE (1U << 2)

/* set returns in each map what it came to; get returns what was set. */
struct xen_domctl_vcpuaffinity {
    u32 vcpu;
    u32 flags; /* XEN_VCPUAFFINITY_* */
    struct xen_xenctl_bitmap cpumap_hard;
    struct xen_xenctl_bitmap cpumap_soft;
};
_Static_assert(sizeof(struct xen_domctl_vcpuaffinity) == 40);

struct xen_domctl_nodeaffinity {
    struct xen_xenctl_bitmap nodemap;
};
_Static_assert(sizeof(struct xen_domctl_nodeaffinity) == 16);

/* ---- a domain's state as records (dom/record_format.h): both are of x86 in Xen, with other
 * records
 */

/* sethvmcontext: whole records, one after the other */
struct xen_domctl_hvmcontext {
    u32 size; /* bytes */
    guest_handle_t buffer;
};
_Static_assert(sizeof(struct xen_domctl_hvmcontext) == 16);

/* gethvmcontext_partial: the first record at or after type and instance; out: where the next one
 * may be, and bufsz the bytes of this one. -ENOENT: none left. */
struct xen_domctl_hvmcontext_partial {
    u32 type;
    u32 instance;
    u64 bufsz;
    guest_handle_t buffer;
};
_Static_assert(sizeof(struct xen_domctl_hvmcontext_partial) == 24);

/* ---- scheduler_op */

#define XEN_SCHEDULER_CREDIT   5
#define XEN_SCHEDULER_CREDIT2  6
#define XEN_SCHEDULER_ARINC653 7
#define XEN_SCHEDULER_RTDS     8
#define XEN_SCHEDULER_NULL     9

#define XEN_DOMCTL_SCHEDOP_putinfo     0
#define XEN_DOMCTL_SCHEDOP_getinfo     1
#define XEN_DOMCTL_SCHEDOP_putvcpuinfo 2
#define XEN_DOMCTL_SCHEDOP_getvcpuinfo 3

struct xen_domctl_sched_credit {
    u16 weight;
    u16 cap;
};
_Static_assert(sizeof(struct xen_domctl_sched_credit) == 4);

struct xen_domctl_sched_credit2 {
    u16 weight;
    u16 cap; /* percent of one CPU, 0: none */
};
_Static_assert(sizeof(struct xen_domctl_sched_credit2) == 4);

struct xen_domctl_sched_rtds {
    u32 period; /* us */
    u32 budget; /* us */
    u32 flags;
};
_Static_assert(sizeof(struct xen_domctl_sched_rtds) == 12);

struct xen_domctl_scheduler_op {
    u32 sched_id; /* XEN_SCHEDULER_*, of the domain's pool or -EINVAL */
    u32 cmd;      /* XEN_DOMCTL_SCHEDOP_* */
    union {
        struct xen_domctl_sched_credit credit;
        struct xen_domctl_sched_credit2 credit2;
        struct xen_domctl_sched_rtds rtds;
        struct {
            guest_handle_t vcpus;
            u32 nr_vcpus;
            u32 padding;
        } v;
    } u;
};
_Static_assert(sizeof(struct xen_domctl_scheduler_op) == 24);

/* ---- memory */

struct xen_domctl_max_mem {
    u64 max_memkb;
};
_Static_assert(sizeof(struct xen_domctl_max_mem) == 8);

/* get and set: an upper bound on the domain's stage-2 table pages */
struct xen_domctl_paging_mempool {
    u64 size; /* bytes */
};
_Static_assert(sizeof(struct xen_domctl_paging_mempool) == 8);

/* Cleans and invalidates guest frames to the point of coherency. */
struct xen_domctl_cacheflush {
    u64 start_pfn;
    u64 nr_pfns;
};
_Static_assert(sizeof(struct xen_domctl_cacheflush) == 16);

/* set and get: 32 or 64 */
struct xen_domctl_address_size {
    u32 size;
};
_Static_assert(sizeof(struct xen_domctl_address_size) == 4);

/* ---- devices */

struct xen_domctl_irq_permission {
    u32 pirq;
    u8 allow_access;
    u8 pad[3];
};
_Static_assert(sizeof(struct xen_domctl_irq_permission) == 8);

struct xen_domctl_iomem_permission {
    u64 first_mfn;
    u64 nr_mfns;
    u8 allow_access;
};
_Static_assert(sizeof(struct xen_domctl_iomem_permission) == 24);

#define PT_IRQ_TYPE_SPI 4 /* the one kind of Arm */

/* bind_pt_irq, unbind_pt_irq: a shared interrupt of the host's becomes the domain's, same number */
struct xen_domctl_bind_pt_irq {
    u32 machine_irq;
    u32 irq_type; /* PT_IRQ_TYPE_* */
    union {
        struct {
            u16 spi;
        } spi;
        struct {
            u8 gvec;
            u32 gflags;
            u64 gtable;
        } msi; /* x86 */
    } u;
};
_Static_assert(sizeof(struct xen_domctl_bind_pt_irq) == 24);

#define DPCI_ADD_MAPPING    1
#define DPCI_REMOVE_MAPPING 0

/* The result may be the count done so far: the tools come again with the rest. */
struct xen_domctl_memory_mapping {
    u64 first_gfn;
    u64 first_mfn;
    u64 nr_mfns;
    u32 add_mapping; /* DPCI_* */
    u32 padding;
};
_Static_assert(sizeof(struct xen_domctl_memory_mapping) == 32);

#define XEN_DOMCTL_DEV_PCI 0
#define XEN_DOMCTL_DEV_DT  1

/* assign_device, test_assign_device, deassign_device */
struct xen_domctl_assign_device {
    u32 dev; /* XEN_DOMCTL_DEV_* */
    u32 flags;
    union {
        struct {
            u32 machine_sbdf;
        } pci;
        struct {
            u32 size;
            guest_handle_t path; /* of the device's node */
        } dt;
    } u;
};
_Static_assert(sizeof(struct xen_domctl_assign_device) == 24);

#define XEN_DOMCTL_VUART_OP_INIT     0
#define XEN_DOMCTL_VUART_TYPE_VPL011 0

struct xen_domctl_vuart_op {
    u32 cmd;           /* XEN_DOMCTL_VUART_OP_* */
    u32 type;          /* XEN_DOMCTL_VUART_TYPE_* */
    u64 gfn;           /* of the ring */
    u16 console_domid; /* who reads it */
    u8 pad[2];
    u32 evtchn; /* out: the guest's port, for that domain to bind to */
};
_Static_assert(sizeof(struct xen_domctl_vuart_op) == 24);

/* ---- the rest */

struct xen_domctl_setdomainhandle {
    u8 handle[16];
};
_Static_assert(sizeof(struct xen_domctl_setdomainhandle) == 16);

struct xen_domctl_setdebugging {
    u8 enable;
};
_Static_assert(sizeof(struct xen_domctl_setdebugging) == 1);

struct xen_domctl_settimeoffset {
    s64 time_offset_seconds;
};
_Static_assert(sizeof(struct xen_domctl_settimeoffset) == 8);

#define XEN_DOMCTL_SENDTRIGGER_NMI   0
#define XEN_DOMCTL_SENDTRIGGER_RESET 1
#define XEN_DOMCTL_SENDTRIGGER_INIT  2
#define XEN_DOMCTL_SENDTRIGGER_POWER 3
#define XEN_DOMCTL_SENDTRIGGER_SLEEP 4

struct xen_domctl_sendtrigger {
    u32 trigger; /* XEN_DOMCTL_SENDTRIGGER_* */
    u32 vcpu;
};
_Static_assert(sizeof(struct xen_domctl_sendtrigger) == 8);

struct xen_domctl_subscribe {
    u32 port; /* raised when the domain suspends */
};
_Static_assert(sizeof(struct xen_domctl_subscribe) == 4);

struct xen_domctl_set_target {
    u16 target;
};
_Static_assert(sizeof(struct xen_domctl_set_target) == 2);

struct xen_domctl_set_virq_handler {
    u32 virq;
};
_Static_assert(sizeof(struct xen_domctl_set_virq_handler) == 4);

struct xen_domctl_set_access_required {
    u8 access_required;
};
_Static_assert(sizeof(struct xen_domctl_set_access_required) == 1);

#define XEN_VM_EVENT_ENABLE            0
#define XEN_VM_EVENT_DISABLE           1
#define XEN_VM_EVENT_RESUME            2
#define XEN_VM_EVENT_GET_VERSION       3
#define XEN_DOMCTL_VM_EVENT_OP_PAGING  1
#define XEN_DOMCTL_VM_EVENT_OP_MONITOR 2
#define XEN_DOMCTL_VM_EVENT_OP_SHARING 3

struct xen_domctl_vm_event_op {
    u32 op;   /* XEN_VM_EVENT_* */
    u32 mode; /* XEN_DOMCTL_VM_EVENT_OP_* */
    union {
        struct {
            u32 port;
        } enable;
        u32 version;
    } u;
};
_Static_assert(sizeof(struct xen_domctl_vm_event_op) == 12);

/*
 * get_domain_state, of Xen 4.20 on. domain in: whose, or DOMID_INVALID for the next one whose state
 * changed since that was last told: it came, shut down, died or went; out: whose. -ENOENT: none. A
 * domain that is gone has no state bit. The one operation whose interface_version may be any.
 */
#define XEN_DOMCTL_GETDOMSTATE_STATE_EXIST    (1U << 0)
#define XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN (1U << 1)
#define XEN_DOMCTL_GETDOMSTATE_STATE_DYING    (1U << 2)
#define XEN_DOMCTL_GETDOMSTATE_STATE_DEAD     (1U << 3)

#define XEN_DOMCTL_GETDOMSTATE_CAP_CONTROL  (1U << 0)
#define XEN_DOMCTL_GETDOMSTATE_CAP_HARDWARE (1U << 1)
#define XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE (1U << 2)

struct xen_domctl_get_domain_state {
    u16 state;     /* XEN_DOMCTL_GETDOMSTATE_STATE_* */
    u16 caps;      /* XEN_DOMCTL_GETDOMSTATE_CAP_* */
    u32 pad0;      /* in: 0 */
    u64 unique_id; /* no other domain since the machine started has it, whatever its number */
};
_Static_assert(sizeof(struct xen_domctl_get_domain_state) == 16);

/* ---- the argument */

struct xen_domctl {
    u32 cmd;               /* XEN_DOMCTL_* */
    u32 interface_version; /* XEN_DOMCTL_INTERFACE_VERSION, else -EACCES */
    u16 domain;
    u16 _pad[3];
    union {
        struct xen_domctl_createdomain createdomain;
        struct xen_domctl_getdomaininfo getdomaininfo;
        struct xen_domctl_max_vcpus max_vcpus;
        struct xen_domctl_vcpucontext vcpucontext;
        struct xen_domctl_getvcpuinfo getvcpuinfo;
        struct xen_domctl_hvmcontext hvmcontext;
        struct xen_domctl_hvmcontext_partial hvmcontext_partial;
        struct xen_domctl_vcpuaffinity vcpuaffinity;
        struct xen_domctl_nodeaffinity nodeaffinity;
        struct xen_domctl_scheduler_op scheduler_op;
        struct xen_domctl_max_mem max_mem;
        struct xen_domctl_paging_mempool paging_mempool;
        struct xen_domctl_cacheflush cacheflush;
        struct xen_domctl_address_size address_size;
        struct xen_domctl_irq_permission irq_permission;
        struct xen_domctl_iomem_permission iomem_permission;
        struct xen_domctl_memory_mapping memory_mapping;
        struct xen_domctl_bind_pt_irq bind_pt_irq;
        struct xen_domctl_assign_device assign_device;
        struct xen_domctl_vuart_op vuart_op;
        struct xen_domctl_setdomainhandle setdomainhandle;
        struct xen_domctl_setdebugging setdebugging;
        struct xen_domctl_settimeoffset settimeoffset;
        struct xen_domctl_sendtrigger sendtrigger;
        struct xen_domctl_subscribe subscribe;
        struct xen_domctl_set_target set_target;
        struct xen_domctl_set_virq_handler set_virq_handler;
        struct xen_domctl_set_access_required access_required;
        struct xen_domctl_vm_event_op vm_event_op;
        struct xen_domctl_get_domain_state get_domain_state;
        u8 pad[128];
    } u;
};
_Static_assert(sizeof(struct xen_domctl) == 144);
_Static_assert(offsetof(struct xen_domctl, u) == 16);

#endif
