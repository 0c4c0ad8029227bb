/* SPDX-License-Identifier: MIT */
/* sched_op(command, argument): a domain gives up the CPU, waits, or ends. */
#ifndef ABI_SCHED_H
#define ABI_SCHED_H

#include "abi/types.h"

#define SCHEDOP_yield           0
#define SCHEDOP_block           1
#define SCHEDOP_shutdown        2
#define SCHEDOP_poll            3
#define SCHEDOP_remote_shutdown 4
#define SCHEDOP_shutdown_code   5
#define SCHEDOP_watchdog        6
#define SCHEDOP_pin_override    7

/* Reasons; the tools act on them, see on_poweroff and its kin in a guest's configuration. */
#define SHUTDOWN_poweroff   0
#define SHUTDOWN_reboot     1
#define SHUTDOWN_suspend    2
#define SHUTDOWN_crash      3
#define SHUTDOWN_watchdog   4
#define SHUTDOWN_soft_reset 5
#define SHUTDOWN_MAX        5

struct xen_sched_shutdown {
    u32 reason; /* SHUTDOWN_* */
};
_Static_assert(sizeof(struct xen_sched_shutdown) == 4);

/* Sleeps until one of the ports is pending or the time has come. */
struct xen_sched_poll {
    guest_handle_t ports; /* u32 */
    u32 nr_ports;
    u64 timeout; /* system time, ns; 0: none */
};
_Static_assert(sizeof(struct xen_sched_poll) == 24);

struct xen_sched_remote_shutdown {
    u16 domain_id;
    u32 reason; /* SHUTDOWN_* */
};
_Static_assert(sizeof(struct xen_sched_remote_shutdown) == 8);

/* id 0: a new watchdog, its id is the result; timeout in seconds, 0 ends it. */
struct xen_sched_watchdog {
    u32 id;
    u32 timeout;
};
_Static_assert(sizeof(struct xen_sched_watchdog) == 8);

struct xen_sched_pin_override {
    s32 pcpu; /* negative: undo */
};
_Static_assert(sizeof(struct xen_sched_pin_override) == 4);

#endif
