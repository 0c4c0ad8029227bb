/* SPDX-License-Identifier: MIT */
/*
 * The virtual interrupt controller: one core of interrupt state, two faces (GICv2 and GICv3
 * registers).
 *
 * Each interrupt has one struct vgic_irq; the private ones (0..31) belong to a vCPU, the SPIs to
 * the domain. An interrupt that is pending-and-enabled or active is on the list of one vCPU, sorted
 * by priority; list registers are a cache of the head of that list, filled on injection when one is
 * free and read back only when something needs them: a switch, a trapped access to interrupt state,
 * or a list that outgrew them (maintenance).
 */
#ifndef VGIC_VGIC_H
#define VGIC_VGIC_H

#include "base/addr.h"
#include "base/err.h"
#include "irq/irq.h"

struct domain;
struct vcpu;

#define VIRQ_VTIMER ((virq_t){27})
#define VIRQ_PTIMER ((virq_t){30})
#define VIRQ_EVENT  ((virq_t){31})

/* The maintenance interrupt; vtimer_init() and vtimer_init_cpu() call these. */
enum err vgic_init(void);
void vgic_init_cpu(void);

/* dom_up_create / _destroy and the same for a vCPU. E_INVAL: more SPIs or vCPUs than the version
 * has; E_NODEV: the host's GIC cannot stand in for that version. */
enum err vgic_create(struct domain *d, u32 version, u32 nr_spis);
void vgic_destroy(struct domain *d);
enum err vgic_create_vcpu(struct vcpu *v);
void vgic_destroy_vcpu(struct vcpu *v);
/* v is loaded nowhere. Its private interrupts and its CPU interface as after reset; events are
 * looked at again. */
void vgic_reset_vcpu(struct vcpu *v);

/* Where the faces are in guest-physical space; dom0: the host's own addresses. Registers MMIO
 * handlers. Once a domain. */
enum err vgic_map_guest(struct domain *d);
enum err vgic_map_hardware(struct domain *d);

/* Edge: makes it pending once. Any context, any CPU. v: the target of a private interrupt; any vCPU
 * for SPIs. */
void vgic_inject(struct domain *d, struct vcpu *v, virq_t irq);
/* Level: the line as the device drives it. */
void vgic_set_level(struct domain *d, struct vcpu *v, virq_t irq, bool high);

/* A device emulated here will drive this SPI, so that no host interrupt may. Before the domain
 * runs; twice is once. E_INVAL: no such interrupt; E_BUSY: a host interrupt does. */
enum err vgic_reserve_irq(struct domain *d, virq_t virq);

/* A host interrupt becomes this domain's: ties the hardware's active state to the guest's end of
 * interrupt. E_INVAL no such interrupt; E_BUSY either side is taken. No locks held. */
enum err vgic_route_irq(struct domain *d, virq_t virq, hwirq_t hwirq, enum irq_trigger trigger);
enum err vgic_unroute_irq(struct domain *d, virq_t virq);
/* A private hardware line (virtual timer) whose active state follows the guest's. */
void vgic_bind_private(struct vcpu *v, virq_t virq, hwirq_t hwirq);
/* Its interrupt was taken here, where v is loaded: hardware stays active until the guest ends it.
 */
void vgic_private_fired(struct vcpu *v, virq_t virq);
/* The same by a stand-in for the hardware while v is loaded nowhere; nothing if it is by now. */
void vgic_private_due(struct vcpu *v, virq_t virq);

/* The switch: list registers out and in; and the way in (VCPU_WORK_VGIC). */
void vgic_save(struct vcpu *v);
void vgic_restore(struct vcpu *v);
void vgic_work(struct vcpu *v);
void vgic_maintenance(struct irq_desc *desc, void *arg);
/* Is something pending, enabled and of a priority that passes the guest's mask? For WFI. Current or
 * not. */
bool vgic_has_pending(struct vcpu *v);
/* GICv3 guest writes ICC_SGI1R_EL1 (trapped): Arm IHI 0069 12.2. GICv2's GICD_SGIR comes by MMIO.
 */
void vgic_sgi1r_write(struct vcpu *v, u64 value);

/* dom/record.h: RECORD_VGIC, _VGIC_VCPU, _VGIC_SPIS. One that has a line of the host's is E_BUSY.
 */
struct record;
enum err vgic_save_dist(struct domain *d, struct record *r);
enum err vgic_load_dist(struct domain *d, const struct record *r);
enum err vgic_save_vcpu(struct domain *d, struct record *r);
enum err vgic_load_vcpu(struct domain *d, const struct record *r);
enum err vgic_save_spis(struct domain *d, struct record *r);
enum err vgic_load_spis(struct domain *d, const struct record *r);

/* Relinquish: unroutes everything. */
enum err vgic_relinquish(struct domain *d, u64 *cursor);

/* --- emulated MMIO: the table that trap/mmio.c searches; owned here because the vGIC is its first
 * user --- */
struct mmio_access {
    u64 offset; /* from the handler's base */
    u32 bytes;  /* 1, 2, 4, 8 */
    bool write;
    u64 value; /* in for writes, out for reads */
};
struct mmio_handler {
    gaddr_t base;
    u64 bytes;
    /* false: no such register or a width it does not take -> the guest gets a data abort */
    bool (*access)(struct vcpu *v, struct mmio_access *a, void *arg);
    void *arg;
};
/* Before the domain runs: nobody searches meanwhile. E_EXIST: overlaps another one. */
enum err mmio_register(struct domain *d, gaddr_t base, u64 bytes,
                       bool (*access)(struct vcpu *, struct mmio_access *, void *), void *arg);
const struct mmio_handler *mmio_find(struct domain *d, gaddr_t at);

#endif
