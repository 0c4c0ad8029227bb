/* SPDX-License-Identifier: MIT */
/*
 * Event channels: ports of a domain, 2-level (4096 ports) or FIFO (131071 ports, 16 priorities).
 *
 *   FREE -> UNBOUND(remote) -> INTERDOMAIN(peer) -> UNBOUND on the peer's close
 *   FREE -> VIRQ(n) | IPI ; each -> FREE by close
 *
 * A port is struct evtchn (evtchn/port.h) in a table that starts with one page and grows. Sending
 * takes no lock of the table's: all that a sender must know of a port is one word, read once.
 * Delivery is a table of functions (two_level.c, fifo.c). What a port and its peer are changes only
 * under RANK_EVTCHN of both domains.
 */
#ifndef EVTCHN_EVTCHN_H
#define EVTCHN_EVTCHN_H

#include "base/addr.h"
#include "base/err.h"

struct domain;
struct vcpu;

/*
 * dom_up_create and _destroy. d->shared_info and d->max_vcpus are there before create, and stay
 * until after destroy. max_port: highest port the domain may have (its configuration).
 */
enum err evtchn_create(struct domain *d, u32 max_port);
void evtchn_destroy(struct domain *d);
/* Before it, for a bounded end: a part of what is large; E_RESTART until the rest is small. Nobody
 * uses it any more. */
enum err evtchn_shrink(struct domain *d);
/* Teardown: closes all ports, gives back the guest's pages (vcpu_info, FIFO). E_RESTART; cursor
 * starts at 0. */
enum err evtchn_relinquish(struct domain *d, u64 *cursor);
void evtchn_destroy_vcpu(struct vcpu *v);

/*
 * All for the domain d, which the caller may act on; decoded arguments; results by the last
 * parameter. Errors are those of Xen 4.17. Those that give a port may also answer E_RESTART:
 * nothing was done but searching, come again.
 */
enum err evtchn_alloc_unbound(struct domain *d, domid_t remote, port_t *out);
enum err evtchn_bind_interdomain(struct domain *d, struct domain *remote, port_t remote_port,
                                 port_t *out);
enum err evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, port_t *out);
enum err evtchn_bind_ipi(struct domain *d, u32 vcpu, port_t *out);
enum err evtchn_close(struct domain *d, port_t port);
/* The hot path. */
enum err evtchn_send(struct domain *d, port_t port);
enum err evtchn_bind_vcpu(struct domain *d, port_t port, u32 vcpu);
enum err evtchn_unmask(struct domain *d, port_t port);
/* Closes every port and goes back to 2-level. again: continues one that answered E_RESTART; E_BUSY
 * if a second begins. */
enum err evtchn_reset(struct domain *d, bool again);
/* What one under way has not closed stays open; the next begins anew. */
void evtchn_reset_abandon(struct domain *d);
struct xen_evtchn_status;
enum err evtchn_status(struct domain *d, port_t port, struct xen_evtchn_status *out);
/* FIFO */
enum err evtchn_init_control(struct domain *d, u32 vcpu, gfn_t control, u32 offset, u8 *link_bits);
/* *cursor is 0 at first; on E_RESTART come again with what it holds (17 bits). */
enum err evtchn_expand_array(struct domain *d, gfn_t array, u32 *cursor);
enum err evtchn_set_priority(struct domain *d, port_t port, u32 priority);

/*
 * The hypervisor's own events. Raises VIRQ n: a per-vCPU one on v; a global one on whoever bound it
 * in d (NULL: nobody). Any CPU; no lock of rank RANK_EVTCHN_QUEUE or above is held.
 */
void evtchn_raise_virq(struct vcpu *v, u32 virq);
void evtchn_raise_global_virq(struct domain *d, u32 virq);

/*
 * A device that is emulated for d (vuart) as remote's peer. d can neither send by this port nor
 * close it; what the peer sends comes as the upcall, in the sender's context without a lock, also
 * after the close until a grace period has passed. Errors as evtchn_alloc_unbound().
 */
enum err evtchn_alloc_device(struct domain *d, domid_t remote, port_t *out);
void evtchn_send_device(struct domain *d, port_t port);
void evtchn_close_device(struct domain *d, port_t port);
void evtchn_up_device(struct domain *d, port_t port); /* vuart/ */

/* Is the upcall pending flag of v set (level of PPI 31)? */
bool evtchn_upcall_pending(struct vcpu *v);
/* VCPU_WORK_UPCALL, and after a reset of v's interrupts: injects PPI 31 if the flag is set. */
void evtchn_work(struct vcpu *v);

bool evtchn_is_port_pending(struct domain *d, port_t port);
/*
 * sched_op poll of the current vCPU: begin, then look at the ports, then block; an event from begin
 * on makes poll_state 2 and raises VCPU_WORK_POLL. port 0: any. end in every case (also on a
 * time-out); true: an event did it.
 */
void evtchn_poll_begin(struct vcpu *v, u32 port);
bool evtchn_poll_end(struct vcpu *v);

/* register_vcpu_info: moves what is pending. Once a vCPU: E_INVAL; E_NXIO beyond the page or not
 * 8-aligned. */
enum err evtchn_register_vcpu_info(struct vcpu *v, gfn_t gfn, u32 offset);

/* dom/record.h: RECORD_EVENTS first, then _EVENTS_VCPU and RECORD_PORTS, the lowest ports first. */
struct record;
enum err evtchn_save(struct domain *d, struct record *r);
enum err evtchn_load(struct domain *d, const struct record *r);
enum err evtchn_save_vcpu(struct domain *d, struct record *r);
enum err evtchn_load_vcpu(struct domain *d, const struct record *r);
enum err evtchn_save_ports(struct domain *d, struct record *r);
enum err evtchn_load_ports(struct domain *d, const struct record *r);

u32 evtchn_nr_ports_in_use(struct domain *d);
void evtchn_dump(struct domain *d);

#endif
