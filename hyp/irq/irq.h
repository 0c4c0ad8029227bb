/* SPDX-License-Identifier: MIT */
/*
 * Physical interrupts. The GIC runs with split priority drop and deactivation (EOImode 1): the
 * hypervisor drops the priority of each interrupt it takes; an interrupt routed to a guest stays
 * active until the guest ends it (a list register with the hardware bit deactivates it).
 */
#ifndef IRQ_IRQ_H
#define IRQ_IRQ_H

#include "base/addr.h"
#include "base/err.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"

enum irq_trigger {
    IRQ_EDGE_RISING = 1,
    IRQ_LEVEL_HIGH = 4
}; /* as in device trees (bits of the third cell) */

#define IRQ_FIRST_PPI 16u
#define IRQ_FIRST_SPI 32u
#define IRQ_END       1020u /* 1020..1023 are the architecture's special numbers */

struct irq_desc;
typedef void irq_handler_fn(struct irq_desc *desc, void *arg);

struct irq_desc {
    irq_handler_fn *handler GUARDED_BY(lock); /* NULL: nobody's; a stray one is masked and logged */
    void *arg;
    hwirq_t hwirq;
    /* Not deactivated by us: the guest's end of interrupt does it. */
    bool to_guest GUARDED_BY(lock);
    bool enabled GUARDED_BY(lock);
    struct spinlock lock; /* RANK_IRQ */
    u64 reserved[2];      /* a size that is reached by a shift */
};

enum ipi { IPI_WORK, IPI_CALL, IPI_RCU, IPI_HALT, IPI_NR }; /* SGI 0.. */

/* NULL when the host has no such interrupt (SGIs are the hypervisor's own). PPIs share one
 * descriptor for all CPUs. */
struct irq_desc *irq_find(hwirq_t irq);
/* Claims it for the hypervisor. E_BUSY if somebody has it. */
enum err irq_request(hwirq_t irq, enum irq_trigger trigger, irq_handler_fn *fn, void *arg);
/* Claims it for a guest: fn runs at EL2 with the priority dropped, and injects; see vgic. */
enum err irq_route_guest(hwirq_t irq, irq_handler_fn *fn, void *arg);
/* Masks it and gives it back. The handler may be running on another CPU until that one's exit ends
 * (RCU). */
void irq_release(hwirq_t irq);
void irq_enable(hwirq_t irq); /* SPI anywhere; PPI on this CPU, and on those that come up later */
void irq_disable(hwirq_t irq);
void irq_set_trigger(hwirq_t irq, enum irq_trigger trigger); /* SPIs; while masked */
void irq_set_target(hwirq_t irq, u32 cpu);                   /* SPIs */
/* Deactivate an interrupt that was handed to a guest that will never end it. PPI: on this CPU. */
void irq_deactivate(hwirq_t irq);
/* Makes a PPI active on this CPU: the guest that comes in has not ended it yet. */
void irq_activate(hwirq_t irq);

/* The trap path: acknowledges and handles until none is pending, at most 16. No locks held. */
void irq_handle(void);
void ipi_send(u32 cpu, enum ipi ipi);

/* Runs fn(arg) on cpu, on its way out of its guest or idle; waits for it, serving calls meant for
 * us. No locks held. fn must be short. cpu may be this one. */
void ipi_call_wait(u32 cpu, void (*fn)(void *), void *arg);
/* WORK_CALL: runs what other CPUs want of this one. No locks held. Whoever waits for another CPU
 * calls it in its loop. */
void ipi_serve(void);
/* Stops all other CPUs for good (panic, power off); does not wait. */
void ipi_halt_others(void);

/* --- the GIC behind: one table a version (gicv2_arm64.c, gicv3_arm64.c, gic_host.c) --- */
#define GIC_MAX_LRS 16u

struct gic_lr { /* a list register, decoded */
    u32 virq;
    u32 hwirq; /* when hw; else the SGI's source CPU on GICv2 */
    u8 priority;
    bool pending, active, hw, eoi_maintenance, group1;
};

struct gic_cpu_state { /* what a vCPU owns of the virtual CPU interface, but for list registers:
                          vgic/ folds them */
    u32 vmcr;
    u32 apr[4], apr0[4];
};

struct gic_ops {
    u32 version; /* 2 or 3 */
    void (*init_cpu)(void);
    u32 (*acknowledge)(void); /* raw: the number is in bits 9..0 */
    void (*drop_priority)(u32 raw);
    void (*deactivate)(u32 raw);
    void (*activate_private)(u32 irq); /* on this CPU */
    void (*set_enabled)(u32 irq, bool on);
    void (*set_trigger)(u32 irq, enum irq_trigger t);
    void (*set_target)(u32 irq, u32 cpu);
    void (*send_sgi)(u32 cpu, u32 sgi);
    /* virtual CPU interface of this CPU */
    u64 (*lr_read)(u32 n); /* raw */
    void (*lr_write)(u32 n, u64 raw);
    u64 lr_pending, lr_active; /* their bits */
    /*
     * What the list register holds becomes pending there once more, in one read and one write. hw:
     * the host's, which is active; source: of an SGI of GICv2, else 0. False: nothing was done,
     * because hardware cannot show both what is there and this.
     */
    bool (*lr_renew)(u32 n, bool hw, u32 source);
    u64 (*lr_encode)(const struct gic_lr *lr);
    struct gic_lr (*lr_decode)(u64 raw);
    u64 (*lr_empty)(void);      /* ELRSR: a bit per free list register */
    void (*hcr_write)(u32 hcr); /* GICH_HCR / ICH_HCR_EL2: bits EN, UIE, NPIE.. are common */
    u32 (*hcr_read)(void);
    u32 (*vmcr_read)(void);
    void (*save)(struct gic_cpu_state *s);
    void (*restore)(const struct gic_cpu_state *s);
};
#define GICH_HCR_EN      0x1u
#define GICH_HCR_UIE     0x2u
#define GICH_HCR_LRENPIE 0x4u
#define GICH_HCR_NPIE    0x8u
/* Ends of interrupts that were in no list register. */
#define GICH_HCR_EOICOUNT(hcr) ((hcr) >> 27)

extern struct gic_ops gic_table; /* [c] after boot: a copy, so that a call is one load away */
static const struct gic_ops *const gic = &gic_table;
struct gic_info { /* [c] after boot */
    u32 nr_irqs;  /* including SGIs and PPIs */
    u32 nr_lrs;
    maddr_t dist, cpu, vcpu; /* GICv2: GICD, GICC, GICV; GICv3: GICD */
    u64 dist_bytes, cpu_bytes, vcpu_bytes;
    maddr_t hyp; /* GICv2: GICH */
    u64 hyp_bytes;
    bool aliased_64k; /* GICv2: GICC and GICV repeat within 64 KiB; their second page is at 0x10000
                       */
    u32 nr_redist_regions;
    struct {
        maddr_t base;
        u64 bytes;
    } redist[16];
    u32 redist_stride; /* 0: standard */
    hwirq_t maintenance;
    u32 phandle;
};
extern struct gic_info gic_info;

enum err irq_init(void); /* boot CPU, after devicetree: finds the GIC, or E_NODEV */
void irq_init_cpu(void); /* each CPU */

#endif
