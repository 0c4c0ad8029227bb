/* SPDX-License-Identifier: MIT */
#include "vtimer/vtimer.h"

#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "mem/slab.h"
#include "time/time.h"
#include "vgic/vgic.h"
#include "vtimer/hw.h"

/* Farthest that a timer is armed, in ticks (years); it looks again then. Guests write ~0 to mean
 * never. */
#define AHEAD_MAX BIT(54)
/* A guest that writes its timer on one CPU while it expires on another settles within two rounds.
 */
#define ROUNDS_MAX 4u

/* Both of a vCPU's timers; struct vcpu points to each. */
struct timers {
    struct timer virtual, physical;
};
static struct slab_cache timers_cache;
/* [c] By whether the domain is direct-mapped: the ABI's numbers, and the host's, whose tree it has.
 */
static virq_t virtual_ppi[2] = {VIRQ_VTIMER}, physical_ppi[2] = {VIRQ_PTIMER};

static virq_t virtual_irq(const struct domain *d)
{
    return virtual_ppi[d->direct_mapped];
}

static hwirq_t host_irq(void)
{
    return (hwirq_t){virtual_ppi[true].virq};
}

static virq_t physical_irq(const struct domain *d)
{
    return physical_ppi[d->direct_mapped];
}

static void arm(struct timer *t, u64 ahead_ticks)
{
    timer_set(t, clock_ns() + ticks_to_ns(MIN(ahead_ticks, AHEAD_MAX)));
}

/* ---- the virtual timer ---- */

/* The PPI, taken at EL2: it stays active until the guest ends it, so it does not come again before.
 */
static void fired(struct irq_desc *desc, void *arg)
{
    (void)arg;
    struct vcpu *v = this_cpu(loaded);
    if (v) {
        vgic_private_fired(v, virtual_irq(v->domain));
    } else {
        irq_deactivate(desc->hwirq); /* taken while its vCPU was leaving; vtimer_save() has seen
                                        that it is due */
    }
}

/* v is loaded nowhere. */
static void set_virtual(struct vcpu *v, u64 ctl, u64 cval)
{
    store_relaxed(&v->vtimer_ctl, ctl);
    store_relaxed(&v->vtimer_cval, cval);
}

struct virtual_timer {
    u64 ctl, cval, offset;
};

static struct virtual_timer virtual_timer(const struct vcpu *v)
{
    return (struct virtual_timer){load_relaxed(&v->vtimer_ctl), load_relaxed(&v->vtimer_cval),
                                  load_relaxed(&v->vtimer_offset_ticks)};
}

static void stand_in(struct vcpu *v, struct virtual_timer t)
{
    if ((t.ctl & (TIMER_ENABLE | TIMER_IMASK)) != TIMER_ENABLE) {
        return;
    }
    u64 now = cpu_counter_ticks() - t.offset;
    if (now >= t.cval) {
        vgic_private_due(v, virtual_irq(v->domain));
    } else {
        arm(v->vtimer_timer, t.cval - now);
    }
}

void vtimer_stand_in(struct vcpu *v)
{
    stand_in(v, virtual_timer(v));
}

/*
 * vtimer_restore() may have come too late to cancel us, so v may be anywhere by now. Loaded:
 * hardware does it, and the vgic knows. Unloaded again, reset or read in: what we read may be old,
 * in part. Whoever writes arms after it, under the timer's lock: either his is last, or we see
 * after ours that something has changed, and do it again. An interrupt that was due when we looked
 * is one that came just before it was turned off. A vCPU that ends is armed no more
 * (timer_stop()).
 */
static void stand_in_expired(void *arg)
{
    struct vcpu *v = arg;
    for (u32 i = 0; i < ROUNDS_MAX; i++) {
        struct virtual_timer t = virtual_timer(v);
        stand_in(v, t);
        struct virtual_timer after = virtual_timer(v);
        if (t.ctl == after.ctl && t.cval == after.cval && t.offset == after.offset) {
            return;
        }
    }
}

void vtimer_save(struct vcpu *v)
{
    u64 ctl;
    u64 cval;
    vtimer_hw_stop(&ctl, &cval);
    set_virtual(v, ctl & (TIMER_ENABLE | TIMER_IMASK), cval);
    vtimer_stand_in(v);
}

void vtimer_restore(struct vcpu *v)
{
    timer_cancel(v->vtimer_timer);
    vtimer_hw_start(v->vtimer_offset_ticks, v->vtimer_ctl, v->vtimer_cval);
}

/* ---- the physical timer, emulated: CVAL counts the host's ticks ---- */

static bool is_expired(const struct vcpu *v)
{
    return (load_relaxed(&v->ptimer_ctl) & TIMER_ENABLE) &&
           cpu_counter_ticks() >= load_relaxed(&v->ptimer_cval);
}

static bool is_asserted(const struct vcpu *v)
{
    return is_expired(v) && !(load_relaxed(&v->ptimer_ctl) & TIMER_IMASK);
}

/* Its own CPU after a write, or the timer's handler on another one: whoever is last looks again. */
static void physical_update(struct vcpu *v)
{
    for (u32 i = 0; i < ROUNDS_MAX; i++) {
        bool high = is_asserted(v);
        vgic_set_level(v->domain, v, physical_irq(v->domain), high);
        fence_full();
        if (is_asserted(v) == high) {
            return;
        }
    }
}

static void physical_arm(struct vcpu *v)
{
    u64 now = cpu_counter_ticks();
    u64 cval = load_relaxed(&v->ptimer_cval);
    if ((load_relaxed(&v->ptimer_ctl) & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE &&
        now < cval) {
        arm(v->ptimer_timer, cval - now);
    } else {
        timer_cancel(v->ptimer_timer);
    }
}

static void physical_expired(void *arg)
{
    physical_update(arg);
}

u64 vtimer_physical_read(struct vcpu *v, u32 reg)
{
    switch (reg) {
    case VTIMER_CTL:
        return v->ptimer_ctl | (is_expired(v) ? TIMER_ISTATUS : 0);
    case VTIMER_CVAL:
        return v->ptimer_cval;
    default:
        return (u32)(v->ptimer_cval - cpu_counter_ticks());
    }
}

void vtimer_physical_write(struct vcpu *v, u32 reg, u64 value)
{
    switch (reg) {
    case VTIMER_CTL:
        store_relaxed(&v->ptimer_ctl, value & (TIMER_ENABLE | TIMER_IMASK));
        break;
    case VTIMER_CVAL:
        store_relaxed(&v->ptimer_cval, value);
        break;
    default:
        store_relaxed(&v->ptimer_cval, cpu_counter_ticks() + (u64)(s64)(s32)value);
        break;
    }
    physical_update(v);
    physical_arm(v);
}

/* ---- life ---- */

enum err vtimer_init(void)
{
    slab_init(&timers_cache, "vtimer", sizeof(struct timers));
    virtual_ppi[true].virq = vtimer_hw_irq();
    physical_ppi[true].virq = vtimer_hw_physical_irq();
    enum err e = vgic_init();
    return e == OK ? irq_route_guest(host_irq(), fired, NULL) : e;
}

void vtimer_init_cpu(void)
{
    u64 ctl;
    u64 cval;
    vtimer_hw_stop(&ctl, &cval);
    irq_enable(host_irq());
    vgic_init_cpu();
}

void vtimer_create(struct domain *d)
{
    d->vtimer_offset_ticks = cpu_counter_ticks();
    d->time_offset_seconds = ticks_to_ns(d->vtimer_offset_ticks - clock_boot_ticks()) / NS_PER_S;
}

enum err vtimer_create_vcpu(struct vcpu *v)
{
    struct timers *t = slab_alloc(&timers_cache);
    if (!t) {
        return E_NOMEM;
    }
    timer_init(&t->virtual, stand_in_expired, v);
    timer_init(&t->physical, physical_expired, v);
    v->vtimer_timer = &t->virtual;
    v->ptimer_timer = &t->physical;
    v->vtimer_offset_ticks = v->domain->vtimer_offset_ticks;
    vgic_bind_private(v, virtual_irq(v->domain), host_irq());
    return OK;
}

void vtimer_stop_vcpu(struct vcpu *v)
{
    timer_stop(v->vtimer_timer);
    timer_stop(v->ptimer_timer);
}

void vtimer_destroy_vcpu(struct vcpu *v)
{
    if (v->vtimer_timer) {
        vtimer_stop_vcpu(v);
        slab_free(&timers_cache, container_of(v->vtimer_timer, struct timers, virtual));
        v->vtimer_timer = NULL;
        v->ptimer_timer = NULL;
    }
}

void vtimer_reset_vcpu(struct vcpu *v)
{
    set_virtual(v, 0, 0);
    store_relaxed(&v->ptimer_ctl, 0);
    store_relaxed(&v->ptimer_cval, 0);
    timer_cancel(v->vtimer_timer);
    timer_cancel(v->ptimer_timer);
    physical_update(v);
}
