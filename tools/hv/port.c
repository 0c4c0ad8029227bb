// SPDX-License-Identifier: MIT
/* Event channels by hypercall: those of other domains. This process' own are in event.c. */
#include "abi/event.h"
#include "hv/call.h"

int hv_alloc_unbound(struct hv *hv, uint16_t domid, uint16_t remote, uint32_t *port)
{
    struct xen_evtchn_alloc_unbound *op = hv_begin(hv);
    op->dom = domid;
    op->remote_dom = remote;
    const long result = hv_call2(hv, __HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound);
    if (result == 0) {
        *port = op->port;
    }
    return (int)result;
}

int hv_get_port(struct hv *hv, uint16_t domid, uint32_t port, struct xen_evtchn_status *status)
{
    struct xen_evtchn_status *op = hv_begin(hv);
    op->dom = domid;
    op->port = port;
    const long result = hv_call2(hv, __HYPERVISOR_event_channel_op, EVTCHNOP_status);
    if (result == 0) {
        *status = *op;
    }
    return (int)result;
}
