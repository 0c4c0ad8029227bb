/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU. What a physical CPU keeps loaded of a vCPU that left (EL1 registers, VTTBR, list registers,
 * FP) has one owner record per CPU (struct vcpu *loaded); vcpu_sync_lazy() writes it back.
 */
#ifndef DOM_VCPU_H
#define DOM_VCPU_H

#include "base/addr.h"
#include "base/err.h"
#include "cpu/context.h"
#include "sched/sched.h"

struct domain;
struct vgic_cpu;

/* vcpu->work: looked at on the way out when WORK_VCPU is set for this CPU. */
enum vcpu_work {
    VCPU_WORK_UPCALL,   /* evtchn: (re)raise or lower the event interrupt */
    VCPU_WORK_VGIC,     /* vgic: list registers must be filled or folded */
    VCPU_WORK_TIMER,    /* vtimer */
    VCPU_WORK_POLL,     /* sched_op poll finished or timed out */
};

struct vcpu {
    struct cpu_regs regs;       /* first: entry_arm64.S; belongs to the CPU that runs it */
    struct el1_regs el1;        /* valid unless loaded on a CPU */
    struct fp_regs *fp;         /* [c] */
    bool fp_used;               /* since creation or reset: there is something to restore */

    struct domain *domain;      /* [c] */
    u32 id;                     /* [c] */
    bool online;                /* [dom->lock] PSCI / VCPUOP_up */
    bool initialised;           /* [dom->lock] setvcpucontext or CPU_ON gave it registers */
    bool powering;              /* [dom->lock] CPU_ON under way */
    u32 work;                   /* [a] 1 << enum vcpu_work */
    u32 loaded_on;              /* [a] CPU whose owner record names us, or ~0 */

    struct sched_unit unit;
    u32 pauses;                 /* [a] domain and vcpu pauses together */

    struct vgic_cpu *vgic;      /* vgic/ */
    u64 vtimer_offset_ticks;    /* CNTVOFF of the domain */
    struct timer *vtimer_timer; /* vtimer/: fires while the vCPU is not running */
    struct timer *ptimer_timer; /* vtimer/: emulated physical timer */
    u64 ptimer_ctl, ptimer_cval;
    bool vtimer_masked;         /* the physical PPI is masked until the guest's end of interrupt */

    /* evtchn/: where this vCPU's info lives, and FIFO control; through gpage only */
    struct gpage *info_page;    /* NULL: in shared info */
    u32 info_offset;
    struct gpage *fifo_control;
    u32 fifo_offset;
    struct gpage *runstate_page; /* registered runstate area, may cross into the second */
    struct gpage *runstate_page2;
    u32 runstate_offset;
    port_t virq_port[24];       /* [evtchn lock] 0: unbound */

    struct timer *poll_timer;   /* sched_op poll */
    u32 poll_state;             /* 0 not polling, 1 polling any port set, 2 done */
    u32 poll_port;

    u64 restart[6];             /* a continued hypercall's private cursor, see call/call.h */
    u64 singleshot_timer_ns;
};

/* The vCPU whose guest this CPU left or will enter. Never NULL once dom0 runs; while idle: the last one. */
DECLARE_PER_CPU(struct vcpu *, current);
static inline struct vcpu *vcpu_current(void)
{
    return this_cpu(current);
}

/* Wakes (if blocked) and makes it look at bit on its way in. Any context. */
void vcpu_raise(struct vcpu *v, enum vcpu_work bit);
void vcpu_kick(struct vcpu *v);         /* it is in a guest on another CPU: make it leave */
void vcpu_wake(struct vcpu *v);
void vcpu_block(struct vcpu *v);        /* current: unless an interrupt is deliverable; re-checked after (no lost wake) */
void vcpu_pause(struct vcpu *v);        /* counts, waits until it is in no guest (not for the current one) */
void vcpu_pause_nowait(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
/* Lazy state of v, which must not be running, is in struct vcpu when this returns. */
void vcpu_sync_lazy(struct vcpu *v);
/* Upcall (vgic or vtimer say): does v have something to take, masks in PSTATE ignored? */
bool vcpu_up_has_event(struct vcpu *v);
/* Upcall (trap/switch_arm.c): write the loaded state of v, owned by this CPU, back. */
void vcpu_up_unload(struct vcpu *v);

enum err vcpu_create(struct domain *d, u32 id, struct vcpu **out);
void vcpu_destroy(struct vcpu *v);
/* Registers of a fresh boot: used by PSCI CPU_ON and the builder. pc, x0 given; EL1h, DAIF masked, MMU off. */
void vcpu_reset(struct vcpu *v, u64 pc, u64 x0, bool aarch32);
void vcpu_set_online(struct vcpu *v, bool online); /* releases or holds the unit */

#endif
