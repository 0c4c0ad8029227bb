/* SPDX-License-Identifier: MIT */
/*
 * destroydomain: a walk over domain_relinquish[], one bounded step a call. Nobody but the tools,
 * one at a time, comes here; the lock is for those who look at life.
 */
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "dom/find.h"

/* Nothing of it runs any more, nor is loaded anywhere, when this returns; no locks held. */
static void stop(struct domain *d)
{
    domain_pause(d);
    for (u32 i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i]) {
            vcpu_sync_lazy(d->vcpu[i]);
        }
    }
}

enum err domain_kill(struct domain *d)
{
    if (d == domain_current()) {
        return E_INVAL;
    }
    if (d->life == DOMAIN_DEAD) {
        return OK; /* who still refers to it has to let go */
    }
    if (d->life == DOMAIN_ALIVE) {
        spin_lock(&d->lock);
        store_relaxed(&d->life, DOMAIN_DYING);
        spin_unlock(&d->lock);
        stop(d);
        d->teardown_step = 0;
        d->teardown_cursor = 0;
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
    domain_put(d);
    /* Daemons that still map its pages let go when they hear of it; when the last did, it is gone,
     * and they hear again. */
    find_tell_changed(d->id);
    return OK;
}
