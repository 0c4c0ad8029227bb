/* SPDX-License-Identifier: MIT */
/*
 * Private to vgic/: what is known of each interrupt, and how it is touched.
 *
 * Every interrupt is at home with one vCPU, whose lock guards all of it (private ones for ever; an
 * SPI moves when it is neither active nor in a list register, with both locks held). The pending
 * state has three parts: `latch` (an edge, or a software write), `line` (a device emulated here)
 * and, for SGIs of GICv2, `sources`.
 *
 * A list register takes the latch along: while irq->lr says one, hardware knows pending and active,
 * and the fields here are what has come since. Folding reads it back. So any change is
 *
 *     home = vgic_lock(irq);       now nobody else changes it
 *     vgic_recall(irq);            if in a list register of this CPU, fold it
 *     ...                          change the fields
 *     vgic_unlock(home, vgic_settle(irq));   queue, list register, and who must be told
 *
 * One that rests, in no list register and on no queue, needs neither recall nor settle unless the
 * change puts it there (change.c).
 *
 * When the list register is another CPU's, settle makes that one take in what is new, or fold and
 * fill (VCPU_WORK_VGIC): enough for what only adds. vgic_change() runs the whole change there and
 * waits for it: for what takes away or reads.
 */
#ifndef VGIC_STATE_H
#define VGIC_STATE_H

#include "base/list.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "vgic/vgic.h"

#define NR_SGIS       16u
#define NR_PRIVATE    32u
#define SPI_BLOCK     32u
#define SPI_MAX       (IRQ_END - NR_PRIVATE)
#define LR_NONE       0xffu
#define TARGET_NOBODY 0xffffu
#define NOT_LOADED    ~0u
#define PRIORITY_MASK 0xf8u /* 32 levels: what the list registers of GICv2 have */

struct vgic_irq {
    struct list node;  /* on its home's queue; to itself when not */
    struct vcpu *home; /* [a] NULL only before vCPU 0 exists */
    u16 intid;         /* [c] */
    u16 hwirq;         /* 0: none */
    u16 target;        /* vCPU that should be home; TARGET_NOBODY */
    u8 target_mask;    /* GICD_ITARGETSR as written */
    u8 priority;
    u8 lr;            /* list register of its home's CPU, or LR_NONE */
    u8 sources;       /* GICv2 SGI: vCPUs that sent it */
    u8 active_source; /* GICv2 SGI: whose is active */
    bool enabled;     /* [a] as are priority, target_mask and level: read without the lock */
    bool level;       /* GICD_ICFGR */
    bool latch : 1;
    bool line : 1;
    bool active : 1;
    bool hw_pending : 1; /* the latch stands for the host's interrupt, which is active until the
                          * guest ends it */
    bool hw_active : 1;  /* the same of the active state */
    bool reserved : 1;   /* [c] of a device emulated here */
    /* Bytes of their own: the list register's CPU writes them without the lock (vgic_renew()). */
    bool lr_latch;  /* its register's pending state took the latch (or a source) along */
    bool renewable; /* in a list register, and all there is to tell of it is there */
};
_Static_assert(sizeof(struct vgic_irq) == 40, "32 to a block of 1280 bytes");

struct vgic_cpu {
    struct spinlock lock;       /* RANK_VGIC: all below and all interrupts at home here */
    u32 loaded_on;              /* [a] CPU whose list registers are ours, or NOT_LOADED */
    u32 hcr;                    /* what was last written there */
    u32 lr_used;                /* list registers that hold something of ours */
    u32 lr_stale;               /* no longer used, but hardware's content has not been cleared */
    u32 bound;                  /* private interrupts with a hardware line */
    bool must_refill;           /* more than pending states has changed since */
    bool forwards;              /* the domain's distributor does */
    bool strays;                /* something on the queue has another target and could go */
    bool asleep;                /* GICR_WAKER.ProcessorSleep */
    struct gic_cpu_state state; /* while not loaded */
    struct list queue;          /* active, or enabled and pending: by priority, then first come */
    struct vgic_irq *lr[GIC_MAX_LRS];
    struct vgic_irq irq[NR_PRIVATE];
};

/* A range of redistributors: vCPU first + n is at n strides. */
struct vgic_redist {
    u32 first, end, stride;
};

struct vgic {
    u32 version;  /* [c] 2 or 3 */
    u32 nr_spis;  /* [c] a multiple of 32, or SPI_MAX */
    bool enabled; /* [a] GICD_CTLR: forwards pending interrupts */
    struct vgic_irq *spi[(SPI_MAX + SPI_BLOCK - 1) / SPI_BLOCK];
    struct vgic_redist redist[ARRAY_LEN(gic_info.redist)]; /* [c] */
};

/* Who must hear of a change, once no lock is held; a later one is as good as those before it. */
enum tell { TELL_NOBODY, TELL_WAKE, TELL_WORK };

/* --- core.c --- */
/* NULL when the domain has no such interrupt. v: whose, if it is private. */
struct vgic_irq *vgic_find(struct domain *d, struct vcpu *v, u32 intid);
/* Takes the lock of its home (moving it to its target first if that can be) and returns the home.
 */
struct vcpu *vgic_lock(struct vgic_irq *irq) ACQUIRES(vgic_lock(irq)->vgic->lock);
enum tell vgic_settle(struct vgic_irq *irq);
void vgic_unlock(struct vcpu *home, enum tell tell) RELEASES(home->vgic->lock);
/* On the queue, at the place of its priority; it is on none. */
void vgic_enqueue(struct vgic_irq *irq);
/* After a fold: on or off the queue. */
void vgic_requeue(struct vgic_irq *irq);
/* On the queue at a place that follows a new priority. */
void vgic_resort(struct vgic_irq *irq);
void vgic_send_sgi(struct vcpu *to, u32 sgi, u32 source);
/* The host's interrupt that is now active stands for irq. */
void vgic_arrived(struct vgic_irq *irq, struct irq_desc *desc);

static inline bool vgic_is_sgi_with_source(const struct vgic_irq *irq)
{
    return irq->intid < NR_SGIS && gic->version == 2; /* the guest's version is the host's */
}

static inline bool vgic_is_pending(const struct vgic_irq *irq)
{
    return irq->latch || irq->sources != 0 || (irq->level && irq->line);
}

/* To be delivered: what a list register's pending state should say. */
static inline bool vgic_is_due(const struct vgic_irq *irq)
{
    return irq->enabled && vgic_is_pending(irq) && irq->target != TARGET_NOBODY &&
           irq->home->vgic->forwards;
}

/* Belongs on the queue. */
static inline bool vgic_is_wanted(const struct vgic_irq *irq)
{
    return irq->active || irq->lr != LR_NONE || (irq->enabled && vgic_is_pending(irq));
}

static inline bool vgic_is_queued(const struct vgic_irq *irq)
{
    return !list_is_empty(&irq->node);
}

/* Its target is elsewhere and nothing keeps it here. */
static inline bool vgic_is_stray(const struct vgic_irq *irq)
{
    return irq->target != irq->home->id && irq->target != TARGET_NOBODY && !irq->active &&
           irq->lr == LR_NONE;
}

static inline bool vgic_is_here(const struct vgic_cpu *vc)
{
    return load_relaxed(&vc->loaded_on) == cpu_current();
}

/* --- lr.c: lock held, list registers are this CPU's --- */
/* Brings irq's fields up to date, if they are not in another CPU's list registers. */
void vgic_recall(struct vgic_irq *irq);
/*
 * The everyday case, one read, one write and no lock: an interrupt that is in a list register here,
 * with nothing left to tell of what was before, becomes pending there once more. hw: the host's,
 * which is active; source: of an SGI of GICv2. False: nothing was done, go the long way.
 */
bool vgic_renew(struct vgic_irq *irq, bool hw, u32 source);
/* The same of one that is vc's for ever, and vc is here: the register it names is ours. */
static __force_inline bool vgic_renew_private(const struct vgic_cpu *vc, struct vgic_irq *irq,
                                              bool hw, u32 source)
{
    const u32 n = load_relaxed(&irq->lr);
    if (n == LR_NONE || vc->hcr != GICH_HCR_EN || !load_relaxed(&irq->renewable) ||
        !gic->lr_renew(n, hw, source)) {
        return false;
    }
    store_relaxed(&irq->lr_latch, true);
    return true;
}
/* The first time after a switch, its home's lock held: the same for one that is in no list register
 * and on no queue, when there is one to spare. */
bool vgic_begin(struct vgic_irq *irq, bool hw, u32 source);
/* Brings hardware up to date after a recall. irq: due or active and needs a list register; NULL:
 * none does. False: not all fit, so all are to be folded and chosen anew before the guest runs. */
[[nodiscard]] bool vgic_place(struct vgic_cpu *vc, struct vgic_irq *irq);
/* Folds all, chooses anew. */
void vgic_refill(struct vgic_cpu *vc);

/* --- change.c: changes and questions that need the list registers' truth. No locks held --- */
enum vgic_op {
    OP_ENABLE,
    OP_DISABLE,
    OP_IS_PENDING,
    OP_SET_PENDING,
    OP_CLEAR_PENDING,
    OP_IS_ACTIVE,
    OP_SET_ACTIVE,
    OP_CLEAR_ACTIVE,
    OP_SET_PRIORITY,     /* value: priority */
    OP_SET_LEVEL_CONFIG, /* value: 1 level-sensitive, 0 edge-triggered */
    OP_SET_TARGET,       /* value: vCPU | target mask << 16 */
    OP_SOURCES,          /* GICv2 SGI: mask of sources that are pending */
    OP_SET_SOURCES,      /* value: mask */
    OP_CLEAR_SOURCES,    /* value: mask */
    OP_UNROUTE,          /* the host's interrupt leaves it */
};
u32 vgic_change(struct vgic_irq *irq, enum vgic_op op, u32 value);
/* The same change of several, no question: bits of which, from irq on, that follow each other in
 * memory. value: of each, by its bit; NULL: 0. */
void vgic_change_many(struct vgic_irq *irq, u32 which, enum vgic_op op, const u8 *value);

/* --- registers.c: the banks of a distributor or redistributor, one field an interrupt --- */
/* An access at the distributor's offset 0x80..0xeff to interrupts first..end-1 (others read as
 * zero). */
bool vgic_access_bank(struct vcpu *v, u32 first, u32 end, struct mmio_access *a);
/* GICD_CTLR was written. */
void vgic_forward(struct domain *d, bool enabled);
/* Identification registers of the last 4 KiB; offset & 0xfff >= 0xfd0. */
u32 vgic_read_id(u64 offset, u32 revision);
/* Reserved: reads as zero, ignores writes. */
static inline bool vgic_access_nothing(struct mmio_access *a)
{
    a->value = 0;
    return true;
}

/* --- face_v2.c, face_v3.c: where they are is in map.c --- */
bool vgic_v2_access_dist(struct vcpu *v, struct mmio_access *a, void *arg);
bool vgic_v3_access_dist(struct vcpu *v, struct mmio_access *a, void *arg);
bool vgic_v3_access_redist(struct vcpu *v, struct mmio_access *a,
                           void *arg); /* arg: struct vgic_redist */

/* mmio.c */
void mmio_destroy(struct domain *d);

#endif
