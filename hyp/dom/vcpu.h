/* SPDX-License-Identifier: MIT */
/*
 * A virtual CPU. What a physical CPU keeps loaded of a vCPU that left (EL1 registers, VTTBR, list
 * registers, FP: it idles in place) has one owner record per CPU (this_cpu(loaded));
 * vcpu_sync_lazy() writes it back.
 */
#ifndef DOM_VCPU_H
#define DOM_VCPU_H

#include "base/addr.h"
#include "base/err.h"
#include "cpu/context.h"
#include "sched/sched.h"

struct domain;
struct vgic_cpu;
struct runstate_area;

/* vcpu->work: looked at on the way out when WORK_VCPU is set for this CPU. */
enum vcpu_work {
    VCPU_WORK_UPCALL, /* evtchn: (re)raise or lower the event interrupt */
    VCPU_WORK_VGIC,   /* vgic: list registers must be filled or folded */
    VCPU_WORK_POLL,   /* sched_op poll finished or timed out */
    VCPU_WORK_CRASH,  /* domain_crash() was called in the midst of something */
};

#define VCPU_NOT_LOADED ~0u

struct vcpu {
    struct cpu_regs regs; /* first: entry_arm64.S; belongs to the CPU that runs it */
    struct el1_regs el1;  /* valid unless loaded on a CPU */
    struct fp_regs *fp;   /* [c] */
    bool fp_used;         /* since creation or reset: there is something to restore */
    u32 fp_on; /* CPU whose FP registers are a copy of *fp, if that CPU says so too; ~0 none */

    struct domain *domain; /* [c] */
    u32 id;                /* [c] */
    bool online;           /* [dom->lock] PSCI / VCPUOP_up */
    bool initialised;      /* [dom->lock] setvcpucontext or CPU_ON gave it registers */
    bool powering;         /* [dom->lock] CPU_ON under way */
    u32 work;              /* [a] 1 << enum vcpu_work */
    u32 loaded_on;         /* [a] CPU whose owner record names us, or VCPU_NOT_LOADED */

    struct sched_unit unit;
    u32 pauses; /* [a] vcpu_pause() and kin; the domain's are its own */

    struct vgic_cpu *vgic;       /* vgic/ */
    u64 vtimer_offset_ticks;     /* [a] CNTVOFF of the domain */
    u64 vtimer_ctl, vtimer_cval; /* [a] valid unless loaded on a CPU */
    struct timer *vtimer_timer;  /* vtimer/: fires while the vCPU is not running */
    struct timer *ptimer_timer;  /* vtimer/: emulated physical timer */
    u64 ptimer_ctl, ptimer_cval; /* [a] */

    /* evtchn/: where this vCPU's info lives; through gpage only */
    struct gpage *info_page; /* NULL: in shared info */
    u32 info_offset;
    struct runstate_area *runstate; /* [R] call/runstate.c; NULL: none is registered */
    port_t virq_port[24];           /* [evtchn lock] 0: unbound */

    struct timer *poll_timer; /* sched_op poll */
    u32 poll_state;           /* 0 not polling, 1 polling any port set, 2 done */
    u32 poll_port;

    u64 restart[6];  /* a continued hypercall's private cursor, see call/call.h */
    u64 set_way_gfn; /* trap/: cursor of cache maintenance by set and way */
};

/*
 * The vCPU whose guest this CPU left or will enter; while idle in place, the last one. Never NULL:
 * with nothing loaded (before dom0 runs, or when the last one was taken away) it is vcpu_nobody, of
 * a domain with no id.
 */
DECLARE_PER_CPU(struct vcpu *, current);
/* Whose EL1 registers, VTTBR and list registers are in this CPU; NULL: nobody's. */
DECLARE_PER_CPU(struct vcpu *, loaded);
extern struct vcpu vcpu_nobody;
static inline struct vcpu *vcpu_current(void)
{
    return this_cpu(current);
}

/* Makes it look at bit on its way in: wakes it if blocked, makes it leave its guest if it is in
 * one. Any context. */
void vcpu_raise(struct vcpu *v, enum vcpu_work bit);
void vcpu_kick(struct vcpu *v); /* it is in a guest on another CPU: make it leave */
void vcpu_wake(struct vcpu *v);
/* The same of one that is loaded here: this CPU made it block, if any did. */
static inline void vcpu_wake_loaded(struct vcpu *v)
{
    if (unlikely(!load_relaxed(&v->unit.wanted))) {
        vcpu_wake(v);
    }
}
/* current: unless it has work or an event; re-checked after (no lost wake) */
void vcpu_block(struct vcpu *v);
/* Counts; waits until it is in no guest (not for the current one). No locks held. */
void vcpu_pause(struct vcpu *v);
void vcpu_pause_nowait(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);
/* Of a paused or offline vCPU: it is in no guest now, and its state is in struct vcpu. False, as
 * below: not all of it; who needs it comes again (E_RESTART). No locks held. */
bool vcpu_sync_lazy(struct vcpu *v);
/* Waits until v, paused or held, is in no guest. False: its CPU is still at EL2 on its behalf, in a
 * call that waits for other CPUs, perhaps for this one. No locks held. */
bool vcpu_wait_out(struct vcpu *v);

void vcpu_init(void); /* domain_init() */
enum err vcpu_create(struct domain *d, u32 id, struct vcpu **out);
void vcpu_destroy(struct vcpu *v);
/* Registers of a fresh boot: used by PSCI CPU_ON and the builder, for an offline vCPU (no locks
 * held). pc, x0 given; EL1h (or AArch32 SVC), interrupts masked, MMU off. Sets initialised. */
void vcpu_reset(struct vcpu *v, u64 pc, u64 x0, bool aarch32);
void vcpu_set_online(struct vcpu *v, bool online); /* releases or holds the unit; dom->lock held */
/* Would EL1 or EL0 run with this? Not EL2's modes, nor AArch32 for an AArch64 domain. For what the
 * tools set. */
bool vcpu_pstate_is_valid(const struct vcpu *v, u64 pstate);
/* MPIDR_EL1 of vCPU id as the guest sees it and its device tree names it: 16 to a cluster. */
u64 vcpu_mpidr(u32 id);

/* Upcall (trap/): does v have an interrupt or event to take, masks in PSTATE ignored? */
bool vcpu_up_has_event(struct vcpu *v);
/* Upcall (trap/switch.c): writes the loaded state of v, in this CPU's owner record, back. */
void vcpu_up_unload(struct vcpu *v);
/* Upcall (trap/switch_arm64.c): what el1 holds after reset, on this machine. */
void vcpu_up_reset_el1(struct vcpu *v, bool aarch32);

#endif
