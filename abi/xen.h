/* SPDX-License-Identifier: MIT */
/*
 * What every part of the ABI shares: call numbers, error numbers, domain ids, virtual interrupts,
 * the shared info page and the multicall.
 */
#ifndef ABI_XEN_H
#define ABI_XEN_H

#include "abi/arch.h"
#include "abi/types.h"

/* ---- call numbers; a number that is not here answers -ENOSYS */

#define __HYPERVISOR_platform_op      7
#define __HYPERVISOR_memory_op        12
#define __HYPERVISOR_multicall        13
#define __HYPERVISOR_xen_version      17
#define __HYPERVISOR_console_io       18
#define __HYPERVISOR_grant_table_op   20
#define __HYPERVISOR_vm_assist        21
#define __HYPERVISOR_vcpu_op          24
#define __HYPERVISOR_xsm_op           27
#define __HYPERVISOR_sched_op         29
#define __HYPERVISOR_event_channel_op 32
#define __HYPERVISOR_physdev_op       33
#define __HYPERVISOR_hvm_op           34
#define __HYPERVISOR_sysctl           35
#define __HYPERVISOR_domctl           36
#define __HYPERVISOR_argo_op          39
#define __HYPERVISOR_dm_op            41
#define __HYPERVISOR_hypfs_op         42

/* ---- error numbers; a call that fails returns the negative */

#define XEN_EPERM         1
#define XEN_ENOENT        2
#define XEN_ESRCH         3
#define XEN_EINTR         4
#define XEN_EIO           5
#define XEN_ENXIO         6
#define XEN_E2BIG         7
#define XEN_ENOEXEC       8
#define XEN_EBADF         9
#define XEN_ECHILD        10
#define XEN_EAGAIN        11
#define XEN_ENOMEM        12
#define XEN_EACCES        13
#define XEN_EFAULT        14
#define XEN_EBUSY         16
#define XEN_EEXIST        17
#define XEN_EXDEV         18
#define XEN_ENODEV        19
#define XEN_EINVAL        22
#define XEN_ENOSPC        28
#define XEN_ERANGE        34
#define XEN_EDEADLK       35
#define XEN_ENOSYS        38
#define XEN_ENODATA       61
#define XEN_ETIME         62
#define XEN_EOVERFLOW     75
#define XEN_ERESTART      85 /* never leaves the hypervisor */
#define XEN_EOPNOTSUPP    95
#define XEN_EADDRINUSE    98
#define XEN_EADDRNOTAVAIL 99
#define XEN_ENOBUFS       105
#define XEN_EISCONN       106
#define XEN_ENOTCONN      107
#define XEN_ETIMEDOUT     110

/* ---- domain ids: a domain below FIRST_RESERVED, else a meaning (XEN_DOMID_* here, DOMID_* in Xen)
 */

#define XEN_DOMID_FIRST_RESERVED 0x7ff0U
#define XEN_DOMID_SELF           0x7ff0U
#define XEN_DOMID_IO             0x7ff1U
#define XEN_DOMID_XEN            0x7ff2U
#define XEN_DOMID_COW            0x7ff3U
#define XEN_DOMID_INVALID        0x7ff4U
#define XEN_DOMID_IDLE           0x7fffU
#define XEN_DOMID_MASK           0x7fffU

/* ---- virtual interrupts: per vCPU, or global and then bound to vCPU 0 first */

#define VIRQ_TIMER      0  /* per vCPU */
#define VIRQ_DEBUG      1  /* per vCPU: dump what you know of yourself */
#define VIRQ_CONSOLE    2  /* global, dom0: bytes for it on the console */
#define VIRQ_DOM_EXC    3  /* global, dom0 or the store's domain: a domain changed state */
#define VIRQ_TBUF       4  /* global, dom0: trace records */
#define VIRQ_DEBUGGER   6  /* global, dom0: a domain stopped for its debugger */
#define VIRQ_XENOPROF   7  /* per vCPU */
#define VIRQ_CON_RING   8  /* global, dom0: new text in the hypervisor's log */
#define VIRQ_PCPU_STATE 9  /* global, dom0: a physical CPU came or went */
#define VIRQ_MEM_EVENT  10 /* global, dom0 */
#define VIRQ_ARGO       11 /* global */
#define VIRQ_ENOMEM     12 /* global, dom0: the heap runs low */
#define VIRQ_XENPMU     13 /* per vCPU */
#define VIRQ_ARCH_0     16
#define NR_VIRQS        24

/* ---- console_io(command, count, buffer) and vm_assist(command, type) */

#define CONSOLEIO_write 0
#define CONSOLEIO_read  1

#define VMASST_CMD_enable                0
#define VMASST_CMD_disable               1
#define VMASST_TYPE_runstate_update_flag 5

/* ---- multicall(entries, nr_calls) */

struct xen_multicall_entry {
    u64 op;
    u64 result;
    u64 args[6];
};
_Static_assert(sizeof(struct xen_multicall_entry) == 64);

/* ---- the shared info page, which a guest maps with XENMEM_add_to_physmap */

/* version is odd while an update runs, as in a seqlock. On Arm the guest reads its own counter. */
struct xen_vcpu_time_info {
    u32 version;
    u32 pad0;
    u64 tsc_timestamp;
    u64 system_time; /* ns since boot */
    u32 tsc_to_system_mul;
    s8 tsc_shift;
    u8 flags;
    u8 pad1[2];
};
_Static_assert(sizeof(struct xen_vcpu_time_info) == 32);

/*
 * A vCPU's half of the event mechanism, in the shared info page or where it was registered. The
 * hypervisor sets evtchn_upcall_pending and a bit of evtchn_pending_sel for each word of
 * evtchn_pending (or FIFO queue) with news; the guest clears them before it looks.
 */
struct xen_vcpu_info {
    u8 evtchn_upcall_pending;
    u8 evtchn_upcall_mask; /* read by PV guests of x86 only; a mere pad on Arm */
    u64 evtchn_pending_sel;
    struct xen_arch_vcpu_info arch;
    struct xen_vcpu_time_info time;
};
_Static_assert(sizeof(struct xen_vcpu_info) == 48 + sizeof(struct xen_arch_vcpu_info));
_Static_assert(offsetof(struct xen_vcpu_info, evtchn_pending_sel) == 8);

/* wc_*: the wall clock, seconds and ns since 1970 at system time 0; wc_version as in time info. */
struct xen_shared_info {
    struct xen_vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    u64 evtchn_pending[64];
    u64 evtchn_mask[64];
    u32 wc_version;
    u32 wc_sec;
    u32 wc_nsec;
    u32 wc_sec_hi;
    struct xen_arch_shared_info arch;
};
_Static_assert(sizeof(struct xen_shared_info) ==
               XEN_LEGACY_MAX_VCPUS * sizeof(struct xen_vcpu_info) + 1040 +
                   sizeof(struct xen_arch_shared_info));

/* ---- control interfaces: a set of CPUs or nodes, bit n in byte n / 8 */

struct xen_xenctl_bitmap {
    guest_handle_t bitmap;
    u32 nr_bits;
};
_Static_assert(sizeof(struct xen_xenctl_bitmap) == 16);

#endif
