/* SPDX-License-Identifier: MIT */
/* What registers do to one interrupt, on the CPU that knows it: see state.h. */
#include "base/bits.h"
#include "cpu/atomic.h"
#include "vgic/state.h"

/* The vCPU is chased to another CPU at most so often; each time it left one and came to another. */
#define CHASES_MAX 8u

struct change {
    struct vgic_irq *irq;
    enum vgic_op op;
    u32 value, result;
    u32 cpu;     /* where it must be done */
    bool forced; /* chased in vain: what is known here has to do */
    bool done;
};

/* The host's interrupt that irq stands for will not be ended by the guest. Lock held. */
static void end_hardware(struct vgic_irq *irq)
{
    /* A private one is active only while its vCPU is loaded: vgic_save() took it off the CPU. */
    if (irq->intid >= NR_PRIVATE || vgic_is_here(irq->home->vgic)) {
        irq_deactivate((hwirq_t){irq->hwirq});
    }
}

static void clear_pending(struct vgic_irq *irq)
{
    irq->latch = false;
    if (irq->hw_pending) {
        end_hardware(irq);
        irq->hw_pending = false;
    }
}

static void clear_active(struct vgic_irq *irq)
{
    irq->active = false;
    if (irq->hw_active) {
        end_hardware(irq);
        irq->hw_active = false;
    }
}

static void enable(struct vgic_irq *irq, bool on)
{
    store_relaxed(&irq->enabled, on);
    if (irq->hwirq && irq->intid >= NR_PRIVATE) {
        if (on) {
            irq_enable((hwirq_t){irq->hwirq});
        } else {
            irq_disable((hwirq_t){irq->hwirq});
        }
    }
}

static void configure(struct vgic_irq *irq, bool level)
{
    store_relaxed(&irq->level, level);
    if (irq->hwirq && irq->intid >= NR_PRIVATE) {
        irq_set_trigger((hwirq_t){irq->hwirq}, level ? IRQ_LEVEL_HIGH : IRQ_EDGE_RISING);
    }
}

static void unroute(struct vgic_irq *irq)
{
    if (irq->hw_active) {
        end_hardware(irq);
        irq->hw_active = false;
    }
    clear_pending(irq);
    irq->hwirq = 0;
}

static bool is_question(enum vgic_op op)
{
    return op == OP_IS_PENDING || op == OP_IS_ACTIVE || op == OP_SOURCES;
}

/* Lock held; the fields are the truth. */
static u32 answer(const struct vgic_irq *irq, enum vgic_op op)
{
    if (op == OP_SOURCES) {
        return irq->sources;
    }
    return op == OP_IS_ACTIVE ? irq->active : vgic_is_pending(irq);
}

static void apply(struct vgic_irq *irq, enum vgic_op op, u32 value)
{
    switch (op) {
    case OP_ENABLE:
    case OP_DISABLE:
        enable(irq, op == OP_ENABLE);
        break;
    case OP_SET_PENDING:
        irq->latch = true;
        break;
    case OP_CLEAR_PENDING:
        clear_pending(irq);
        break;
    case OP_SET_ACTIVE:
        irq->active = true;
        break;
    case OP_CLEAR_ACTIVE:
        clear_active(irq);
        break;
    case OP_SET_PRIORITY:
        store_relaxed(&irq->priority, (u8)(value & PRIORITY_MASK));
        vgic_resort(irq);
        break;
    case OP_SET_LEVEL_CONFIG:
        configure(irq, value);
        break;
    case OP_SET_TARGET:
        irq->target = (u16)value;
        store_relaxed(&irq->target_mask, (u8)(value >> 16));
        break;
    case OP_SET_SOURCES:
        irq->sources |= (u8)value;
        break;
    case OP_CLEAR_SOURCES:
        irq->sources &= (u8)~value;
        break;
    case OP_UNROUTE:
        unroute(irq);
        break;
    default:
        break; /* a question */
    }
}

/* Its state lies in another CPU: in a list register, or as an active private line of that CPU's.
 * Lock held. */
static bool is_elsewhere(const struct vgic_irq *irq)
{
    const struct vgic_cpu *vc = irq->home->vgic;
    bool bound = irq->intid < NR_PRIVATE && irq->hwirq;
    return (irq->lr != LR_NONE || bound) && vc->loaded_on != NOT_LOADED && !vgic_is_here(vc);
}

/* Nothing of it is in hardware, and nothing is to come there, as with most while a guest's driver
 * sets them up. */
static bool rests(const struct vgic_irq *irq, enum vgic_op op)
{
    return irq->lr == LR_NONE && (is_question(op) || !vgic_is_queued(irq));
}

static void change_here(void *arg)
{
    struct change *c = arg;
    struct vcpu *home = vgic_lock(c->irq);
    if (is_elsewhere(c->irq) && !c->forced) {
        c->cpu = home->vgic->loaded_on;
        vgic_unlock(home, TELL_NOBODY);
        return;
    }
    c->done = true;
    home->vgic->must_refill |= c->forced;
    const bool rested = rests(c->irq, c->op);
    if (!rested) {
        vgic_recall(c->irq);
    }
    if (is_question(c->op)) {
        c->result = answer(c->irq, c->op);
    } else {
        apply(c->irq, c->op, c->value);
    }
    const bool is_settled = rested && (is_question(c->op) || !vgic_is_wanted(c->irq));
    vgic_unlock(home, is_settled ? TELL_NOBODY : vgic_settle(c->irq));
}

u32 vgic_change(struct vgic_irq *irq, enum vgic_op op, u32 value)
{
    struct change c = {.irq = irq, .op = op, .value = value};
    change_here(&c);
    for (u32 i = 0; !c.done && i < CHASES_MAX; i++) {
        ipi_call_wait(c.cpu, change_here, &c);
    }
    if (!c.done) {
        c.forced = true;
        change_here(&c);
    }
    if (op == OP_SET_TARGET) {
        vgic_unlock(vgic_lock(irq),
                    TELL_NOBODY); /* an idle one moves at once, and the host's line with it */
    }
    return c.result;
}

/* Most that are set up together rest in one home, whose lock is taken once for them. Returns those
 * that are left. As change_here(), less what does not concern these: with its questions and recalls
 * a guest's start took a quarter more instructions here. */
static u32 change_resting(struct vgic_irq *irq, u32 which, enum vgic_op op, const u8 *value)
{
    struct vcpu *home = load_acquire(&irq[bit_lowest(which)].home);
    enum tell tell = TELL_NOBODY;
    u32 left = which;
    spin_lock(&home->vgic->lock);
    for (; which; which &= which - 1) {
        const u32 i = bit_lowest(which);
        struct vgic_irq *one = &irq[i];
        if (load_relaxed(&one->home) != home || is_elsewhere(one) || !rests(one, op)) {
            continue;
        }
        apply(one, op, value ? value[i] : 0);
        if (vgic_is_wanted(one)) {
            tell = MAX(tell, vgic_settle(one));
        }
        left &= ~(1u << i);
    }
    vgic_unlock(home, tell);
    return left;
}

void vgic_change_many(struct vgic_irq *irq, u32 which, enum vgic_op op, const u8 *value)
{
    if (which) {
        which = change_resting(irq, which, op, value);
    }
    for (; which; which &= which - 1) {
        const u32 i = bit_lowest(which);
        vgic_change(&irq[i], op, value ? value[i] : 0);
    }
}
