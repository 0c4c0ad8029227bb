/* SPDX-License-Identifier: MIT */
/* platform_op(argument): what the control domain's kernel does to the machine. */
#ifndef ABI_PLATFORM_H
#define ABI_PLATFORM_H

#include "abi/types.h"

#define XENPF_INTERFACE_VERSION 0x03000001

#define XENPF_settime32 17
#define XENPF_settime64 62

/* It was secs.nsecs after 1970 when the system time was system_time (ns). */
struct xen_xenpf_settime64 {
    u64 secs;
    u32 nsecs;
    u32 mbz;
    u64 system_time;
};
_Static_assert(sizeof(struct xen_xenpf_settime64) == 24);

struct xen_platform_op {
    u32 cmd;               /* XENPF_* */
    u32 interface_version; /* XENPF_INTERFACE_VERSION, else -EACCES */
    union {
        struct xen_xenpf_settime64 settime64;
        u8 pad[128];
    } u;
};
_Static_assert(sizeof(struct xen_platform_op) == 136);

#endif
