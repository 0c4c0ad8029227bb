/* SPDX-License-Identifier: MIT */
/* vcpu_op(command, vcpu, argument): where a vCPU's shared words lie. PSCI does the rest on Arm. */
#ifndef ABI_VCPU_H
#define ABI_VCPU_H

#include "abi/types.h"

#define VCPUOP_initialise                     0
#define VCPUOP_up                             1
#define VCPUOP_down                           2
#define VCPUOP_is_up                          3
#define VCPUOP_get_runstate_info              4
#define VCPUOP_register_runstate_memory_area  5
#define VCPUOP_set_periodic_timer             6
#define VCPUOP_stop_periodic_timer            7
#define VCPUOP_set_singleshot_timer           8
#define VCPUOP_stop_singleshot_timer          9
#define VCPUOP_register_vcpu_info             10
#define VCPUOP_send_nmi                       11
#define VCPUOP_get_physid                     12
#define VCPUOP_register_vcpu_time_memory_area 13

#define RUNSTATE_running  0
#define RUNSTATE_runnable 1
#define RUNSTATE_blocked  2
#define RUNSTATE_offline  3

/* In state_entry_time while an update runs, for guests that asked by vm_assist. */
#define XEN_RUNSTATE_UPDATE (1ULL << 63)

struct xen_vcpu_runstate_info {
    s32 state;            /* RUNSTATE_* */
    u64 state_entry_time; /* system time, ns */
    u64 time[4];          /* ns in each state */
};
_Static_assert(sizeof(struct xen_vcpu_runstate_info) == 48);

struct xen_vcpu_register_runstate_memory_area {
    union {
        guest_handle_t h;
        u64 p;
    } addr;
};
_Static_assert(sizeof(struct xen_vcpu_register_runstate_memory_area) == 8);

/* Once a vCPU. The vcpu_info must not cross the page. */
struct xen_vcpu_register_vcpu_info {
    u64 mfn; /* guest frame */
    u32 offset;
    u32 rsvd;
};
_Static_assert(sizeof(struct xen_vcpu_register_vcpu_info) == 16);

#endif
