/* SPDX-License-Identifier: MIT */
/*
 * A domain's time as records. Its virtual counter stands while it is written down and goes on from
 * there; its wall clock is the host's, with the same distance. The physical counter is the host's:
 * of a comparison with it the distance is kept.
 */
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "dom/record.h"
#include "time/time.h"
#include "vtimer/hw.h"
#include "vtimer/vtimer.h"

#define CTL (TIMER_ENABLE | TIMER_IMASK)

/* The wall clock's offset as creation would have it: seconds from boot to virtual time 0. */
static s64 natural_seconds(u64 offset_ticks)
{
    return (s64)(offset_ticks - clock_boot_ticks()) / (s64)clock_frequency_hz();
}

enum err vtimer_save_time(struct domain *d, struct record *r)
{
    struct record_time *b = r->body;
    b->virtual_ticks = cpu_counter_ticks() - d->vtimer_offset_ticks;
    b->frequency_hz = clock_frequency_hz();
    b->wall_seconds = (s64)d->time_offset_seconds - natural_seconds(d->vtimer_offset_ticks);
    return OK;
}

enum err vtimer_load_time(struct domain *d, const struct record *r)
{
    const struct record_time *b = r->body;
    if (b->frequency_hz != clock_frequency_hz()) {
        return E_OPNOTSUPP;
    }
    d->vtimer_offset_ticks = cpu_counter_ticks() - b->virtual_ticks;
    store_relaxed(&d->time_offset_seconds,
                  (u64)(natural_seconds(d->vtimer_offset_ticks) + b->wall_seconds));
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        store_relaxed(&v->vtimer_offset_ticks, d->vtimer_offset_ticks);
        vtimer_stand_in(v); /* its timer was read before */
    }
    return OK;
}

enum err vtimer_save_timers(struct domain *d, struct record *r)
{
    struct record_timers *b = r->body;
    const struct vcpu *v = r->v;
    const u64 now = cpu_counter_ticks();
    b->virtual_ctl = v->vtimer_ctl;
    b->virtual_cval = v->vtimer_cval;
    b->physical_ctl = v->ptimer_ctl;
    b->physical_past = now >= v->ptimer_cval;
    b->physical_ticks = b->physical_past ? now - v->ptimer_cval : v->ptimer_cval - now;
    return OK;
}

/* Neither before the beginning nor beyond the end, which means never. */
static u64 physical_cval(const struct record_timers *b)
{
    const u64 now = cpu_counter_ticks();
    if (b->physical_past) {
        return now > b->physical_ticks ? now - b->physical_ticks : 0;
    }
    return now + b->physical_ticks >= now ? now + b->physical_ticks : ~0ULL;
}

enum err vtimer_load_timers(struct domain *d, const struct record *r)
{
    const struct record_timers *b = r->body;
    struct vcpu *v = r->v;
    if (((b->virtual_ctl | b->physical_ctl) & ~CTL) || b->physical_past > 1) {
        return E_INVAL;
    }
    store_relaxed(&v->vtimer_ctl, b->virtual_ctl);
    store_relaxed(&v->vtimer_cval, b->virtual_cval);
    vtimer_physical_write(v, VTIMER_CVAL, physical_cval(b));
    vtimer_physical_write(v, VTIMER_CTL, b->physical_ctl);
    return OK;
}
