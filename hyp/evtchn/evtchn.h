/* SPDX-License-Identifier: MIT */
/*
 * Event channels: ports of a domain, 2-level (4096 ports) or FIFO (131071 ports, 16 priorities).
 *
 *   FREE -> UNBOUND(remote) -> INTERDOMAIN(peer) -> UNBOUND on the peer's close
 *   FREE -> VIRQ(n) | IPI | PIRQ ; each -> FREE by close
 *
 * A port is struct evtchn in pages of a table that starts with one page and grows. Sending takes no lock: state
 * and peer are read under the port's sequence, and a close waits (RCU) before the slot is reused. Delivery is an
 * ABI table: two-level and FIFO each implement set_pending, clear, unmask, is_pending, is_masked.
 */
#ifndef EVTCHN_EVTCHN_H
#define EVTCHN_EVTCHN_H

#include "base/addr.h"
#include "base/err.h"

struct domain;
struct vcpu;

/* dom_up_create and _destroy. */
enum err evtchn_create(struct domain *d, u32 max_port);
void evtchn_destroy(struct domain *d);
enum err evtchn_relinquish(struct domain *d, u64 *cursor);
void evtchn_destroy_vcpu(struct vcpu *v);

/* All for the domain d, which the caller may act on; decoded arguments; results by the last parameter. */
enum err evtchn_alloc_unbound(struct domain *d, domid_t remote, port_t *out);
enum err evtchn_bind_interdomain(struct domain *d, struct domain *remote, port_t remote_port, port_t *out);
enum err evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, port_t *out);
enum err evtchn_bind_ipi(struct domain *d, u32 vcpu, port_t *out);
enum err evtchn_close(struct domain *d, port_t port);
enum err evtchn_send(struct domain *d, port_t port);
enum err evtchn_bind_vcpu(struct domain *d, port_t port, u32 vcpu);
enum err evtchn_unmask(struct domain *d, port_t port);
enum err evtchn_reset(struct domain *d, u64 *cursor);      /* E_RESTART */
struct xen_evtchn_status;
enum err evtchn_status(struct domain *d, port_t port, struct xen_evtchn_status *out);
/* FIFO */
enum err evtchn_init_control(struct domain *d, u32 vcpu, gfn_t control, u32 offset, u8 *link_bits);
enum err evtchn_expand_array(struct domain *d, gfn_t array);
enum err evtchn_set_priority(struct domain *d, port_t port, u32 priority);

/* The hypervisor's own events. Raises VIRQ n: a per-vCPU one on v; a global one on whoever bound it in d. */
void evtchn_raise_virq(struct vcpu *v, u32 virq);
void evtchn_raise_global_virq(struct domain *d, u32 virq);

/* Is the upcall pending flag of v set and unmasked (level of PPI 31)? */
bool evtchn_upcall_pending(struct vcpu *v);
bool evtchn_is_port_pending(struct domain *d, port_t port); /* for sched_op poll */
/* register_vcpu_info: moves what is pending. E_INVAL, E_EXIST. */
enum err evtchn_register_vcpu_info(struct vcpu *v, gfn_t gfn, u32 offset);
/* Where vcpu_info and shared_info fields lie, for vtimer-like writers: offset into the page. */
u32 evtchn_nr_ports_in_use(struct domain *d);
void evtchn_dump(struct domain *d);

#endif
