/* SPDX-License-Identifier: MIT */
/*
 * destroydomain: a walk over domain_relinquish[], one bounded step a call. Nobody but the tools,
 * one at a time, comes here; the lock is for those who look at life.
 */
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "dom/find.h"

/* The cursor, until all vCPUs are off their CPUs. */
#define STOPPING (~0ULL)

/* Nothing of it, paused, runs any more, nor is loaded anywhere? No locks held. */
static bool is_stopped(struct domain *d)
{
    bool all = true;
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        all &= vcpu_sync_lazy(v);
    }
    return all;
}

enum err domain_kill(struct domain *d)
{
    if (d == domain_current()) {
        return E_INVAL;
    }
    if (load_relaxed(&d->life) == DOMAIN_DEAD) {
        return OK; /* who still refers to it has to let go */
    }
    if (load_relaxed(&d->life) == DOMAIN_ALIVE) {
        spin_lock(&d->lock);
        store_relaxed(&d->life, DOMAIN_DYING);
        spin_unlock(&d->lock);
        domain_pause(d);
        d->teardown_step = 0;
        d->teardown_cursor = STOPPING;
    }
    if (d->teardown_cursor == STOPPING) {
        if (is_stopped(d)) {
            d->teardown_cursor = 0;
        }
        return E_RESTART;
    }
    const struct relinquish *step = &domain_relinquish[d->teardown_step];
    if (step->fn) {
        enum err e = step->fn(d, &d->teardown_cursor);
        if (e == OK) {
            d->teardown_step++;
            d->teardown_cursor = 0;
        }
        return e == OK || e == E_RESTART ? E_RESTART : e;
    }
    spin_lock(&d->lock);
    store_relaxed(&d->life, DOMAIN_DEAD);
    spin_unlock(&d->lock);
    const domid_t id = d->id;
    domain_put(d);
    /* Daemons that still map its pages let go when they hear of it; when the last did, it is gone,
     * and they hear again. */
    find_tell_changed(id);
    return OK;
}
