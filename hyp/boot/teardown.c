/* SPDX-License-Identifier: MIT */
/*
 * Which rooms hang something on a domain and on a vCPU, and in which order it comes and goes. dom/
 * knows none of them. Destroying tolerates what was never made: creation that failed half-way comes
 * here, too.
 */
#include "call/io_access.h"
#include "call/runstate.h"
#include "call/sched_op.h"
#include "call/wallclock.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "gnttab/gnttab.h"
#include "mem/frame.h"
#include "p2m/p2m.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"
#include "vuart/vuart.h"

/* Of one step of the stage-2 teardown, some 10 instructions each (p2m_relinquish()). */
#define STAGE2_BUDGET 1000u

static enum err create_shared_info(struct domain *d)
{
    struct frame *f;
    enum err e = frame_alloc_zeroed(0, &f);
    if (e == OK) {
        frame_share(f, d->id);
        d->shared_info = f;
    }
    return e;
}

enum err dom_up_create(struct domain *d, const struct domain_config *c)
{
    enum err e = create_shared_info(d);
    if (e == OK) {
        e = p2m_create(d->id, &d->p2m);
    }
    if (e == OK) {
        e = evtchn_create(d, c->max_evtchn_port);
    }
    if (e == OK) {
        e = gnttab_create(d, c->max_grant_frames, c->max_maptrack_frames);
    }
    if (e == OK) {
        e = vgic_create(d, c->gic_version, c->nr_spis);
    }
    if (e == OK) {
        e = d->direct_mapped ? vgic_map_hardware(d) : vgic_map_guest(d);
    }
    if (e == OK) {
        vtimer_create(d);
        wallclock_update(d);
    }
    return e;
}

/* What may be large. Of stage 2 nothing is left, unless creation failed: then very little. */
static enum err shrink(struct domain *d)
{
    enum err e = d->p2m ? p2m_relinquish(d->p2m, &d->teardown_cursor, STAGE2_BUDGET) : OK;
    if (e == OK && d->gnttab) {
        e = gnttab_shrink(d);
    }
    if (e == OK && d->evtchn) {
        e = evtchn_shrink(d);
    }
    return e;
}

enum err dom_up_destroy(struct domain *d)
{
    if (shrink(d) == E_RESTART) {
        return E_RESTART;
    }
    io_access_release(d);
    vuart_destroy(d);
    if (d->vgic) {
        vgic_destroy(d);
    }
    if (d->gnttab) {
        gnttab_destroy(d);
    }
    if (d->evtchn) {
        evtchn_destroy(d);
    }
    if (d->p2m) {
        p2m_destroy(d->p2m);
    }
    if (d->shared_info) {
        frame_unshare(d->shared_info);
    }
    return OK;
}

enum err dom_up_vcpu_create(struct vcpu *v)
{
    enum err e = vgic_create_vcpu(v);
    return e == OK ? vtimer_create_vcpu(v) : e;
}

void dom_up_vcpu_destroy(struct vcpu *v)
{
    sched_op_destroy_vcpu(v);
    runstate_release(v);
    vtimer_destroy_vcpu(v);
    if (v->domain->evtchn) {
        evtchn_destroy_vcpu(v);
    }
    if (v->vgic) {
        vgic_destroy_vcpu(v);
    }
}

void dom_up_vcpu_reset(struct vcpu *v)
{
    vtimer_reset_vcpu(v);
    vgic_reset_vcpu(v);
    /* An upcall flag that its memory still says is set would never interrupt again: only 0 -> 1 is
     * news. */
    vcpu_raise(v, VCPU_WORK_UPCALL);
}

/* ---- the steps of destroydomain; nothing of the domain runs or is loaded anywhere ---- */

/* One vCPU a step. Timers end here, a grace period before the vCPU is freed: a handler may be
 * running elsewhere. */
static enum err relinquish_vcpus(struct domain *d, u64 *cursor)
{
    if (*cursor >= d->max_vcpus) {
        return OK;
    }
    struct vcpu *v = d->vcpu[*cursor];
    if (v) {
        sched_op_poll_end(v);
        vtimer_stop_vcpu(v);
        runstate_release(v);
    }
    ++*cursor;
    return E_RESTART;
}

static enum err relinquish_stage2(struct domain *d, u64 *cursor)
{
    return p2m_relinquish(d->p2m, cursor, STAGE2_BUDGET);
}

const struct relinquish domain_relinquish[] = {
    {"vcpus", relinquish_vcpus},        {"events", evtchn_relinquish},
    {"uart", vuart_relinquish},         {"interrupts", vgic_relinquish},
    {"grants", gnttab_relinquish},      {"stage 2", relinquish_stage2},
    {"pages", domain_pages_relinquish}, {NULL, NULL},
};
