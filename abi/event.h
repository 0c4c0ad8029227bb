/* SPDX-License-Identifier: MIT */
/*
 * event_channel_op(command, argument): channels between domains, and what else wakes a domain
 * through the same words. A port is an index into the caller's own table.
 *
 * Two ways to say "pending": the 2-level bitmaps of the shared info page (4096 ports), and FIFO
 * (131072 ports, 16 priorities): an event word a port in pages that the guest gives, linked into
 * queues whose heads lie in a control block a vCPU.
 */
#ifndef ABI_EVENT_H
#define ABI_EVENT_H

#include "abi/types.h"

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq        1
#define EVTCHNOP_bind_pirq        2
#define EVTCHNOP_close            3
#define EVTCHNOP_send             4
#define EVTCHNOP_status           5
#define EVTCHNOP_alloc_unbound    6
#define EVTCHNOP_bind_ipi         7
#define EVTCHNOP_bind_vcpu        8
#define EVTCHNOP_unmask           9
#define EVTCHNOP_reset            10
#define EVTCHNOP_init_control     11
#define EVTCHNOP_expand_array     12
#define EVTCHNOP_set_priority     13

/* A port of dom (SELF unless privileged) that remote_dom may bind to. */
struct xen_evtchn_alloc_unbound {
    u16 dom;
    u16 remote_dom;
    u32 port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_alloc_unbound) == 8);

/* Joins a new port of the caller to remote_port; the new port starts pending. */
struct xen_evtchn_bind_interdomain {
    u16 remote_dom;
    u32 remote_port;
    u32 local_port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_bind_interdomain) == 12);

struct xen_evtchn_bind_virq {
    u32 virq; /* VIRQ_*; a global one wants vcpu 0 */
    u32 vcpu;
    u32 port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_bind_virq) == 12);

struct xen_evtchn_bind_ipi {
    u32 vcpu;
    u32 port; /* out */
};
_Static_assert(sizeof(struct xen_evtchn_bind_ipi) == 8);

/* The peer of an interdomain channel becomes unbound again. */
struct xen_evtchn_close {
    u32 port;
};
_Static_assert(sizeof(struct xen_evtchn_close) == 4);

struct xen_evtchn_send {
    u32 port;
};
_Static_assert(sizeof(struct xen_evtchn_send) == 4);

#define EVTCHNSTAT_closed      0
#define EVTCHNSTAT_unbound     1
#define EVTCHNSTAT_interdomain 2
#define EVTCHNSTAT_pirq        3
#define EVTCHNSTAT_virq        4
#define EVTCHNSTAT_ipi         5

struct xen_evtchn_status {
    u16 dom;
    u32 port;
    u32 status; /* out, with all below: EVTCHNSTAT_* */
    u32 vcpu;
    union {
        struct {
            u16 dom; /* who may bind */
        } unbound;
        struct {
            u16 dom;
            u32 port;
        } interdomain;
        u32 pirq;
        u32 virq;
    } u;
};
_Static_assert(sizeof(struct xen_evtchn_status) == 24);

struct xen_evtchn_bind_vcpu {
    u32 port;
    u32 vcpu;
};
_Static_assert(sizeof(struct xen_evtchn_bind_vcpu) == 8);

struct xen_evtchn_unmask {
    u32 port;
};
_Static_assert(sizeof(struct xen_evtchn_unmask) == 4);

/* Closes every port of dom; from SELF also back to 2-level. */
struct xen_evtchn_reset {
    u16 dom;
};
_Static_assert(sizeof(struct xen_evtchn_reset) == 2);

/* FIFO: places the control block of vcpu. */
struct xen_evtchn_init_control {
    u64 control_gfn;
    u32 offset; /* bytes in that page */
    u32 vcpu;
    u8 link_bits; /* out */
    u8 _pad[7];
};
_Static_assert(sizeof(struct xen_evtchn_init_control) == 24);

/* FIFO: gives the next page of event words, 1024 ports. */
struct xen_evtchn_expand_array {
    u64 array_gfn;
};
_Static_assert(sizeof(struct xen_evtchn_expand_array) == 8);

struct xen_evtchn_set_priority {
    u32 port;
    u32 priority;
};
_Static_assert(sizeof(struct xen_evtchn_set_priority) == 8);

/* ---- 2-level */

#define EVTCHN_2L_NR_CHANNELS 4096

/* ---- FIFO: an event word is PENDING, MASKED, LINKED, BUSY and the port linked after it */

#define EVTCHN_FIFO_PRIORITY_MAX     0
#define EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define EVTCHN_FIFO_PRIORITY_MIN     15
#define EVTCHN_FIFO_MAX_QUEUES       (EVTCHN_FIFO_PRIORITY_MIN + 1)

#define EVTCHN_FIFO_PENDING 31
#define EVTCHN_FIFO_MASKED  30
#define EVTCHN_FIFO_LINKED  29
#define EVTCHN_FIFO_BUSY    28

#define EVTCHN_FIFO_LINK_BITS   17
#define EVTCHN_FIFO_LINK_MASK   ((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS (1 << EVTCHN_FIFO_LINK_BITS)

/* ready: bit q set while queue q is not empty; head: first port of each queue. */
struct xen_evtchn_fifo_control_block {
    u32 ready;
    u32 _rsvd;
    u32 head[EVTCHN_FIFO_MAX_QUEUES];
};
_Static_assert(sizeof(struct xen_evtchn_fifo_control_block) == 72);

#endif
