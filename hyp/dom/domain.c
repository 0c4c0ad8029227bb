/* SPDX-License-Identifier: MIT */
#include "dom/domain.h"

#include "base/format.h"
#include "base/panic.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "dom/find.h"
#include "log/console.h"
#include "log/log.h"
#include "mem/frame.h"
#include "mem/slab.h"

#define SHUTDOWN_CODE_CRASH 3u /* the ABI's */
#define MAX_TOOLS_PAUSES    0xffu
/* vCPUs freed in one stay. */
#define FREE_VCPUS 8u

struct domain *domain_hardware;

void domain_init(void)
{
    static const struct debug_key key = {'q', "domains and vCPUs", domain_dump_all};
    vcpu_init();
    console_register_key(&key);
}

/* ---- life ---- */

static u32 last_vcpu_bytes(void)
{
    return percpu_nr_cpus * (u32)sizeof(u16);
}

/* A bounded step of the end; true: d is gone. */
static bool free_some(struct domain *d)
{
    for (u32 n = 0; d->vcpu && d->nr_freed_vcpus < d->max_vcpus; n++) {
        if (n == FREE_VCPUS) {
            return false;
        }
        struct vcpu *v = d->vcpu[d->nr_freed_vcpus++];
        if (v) {
            vcpu_destroy(v);
        }
    }
    if (dom_up_destroy(d) == E_RESTART) {
        return false;
    }
    sched_group_fini(&d->sched);
    if (d->vcpu) {
        heap_free(d->vcpu, d->max_vcpus * (u32)sizeof(*d->vcpu));
    }
    if (d->last_vcpu) {
        heap_free(d->last_vcpu, last_vcpu_bytes());
    }
    heap_free(d, sizeof(*d));
    return true;
}

/* UNCHECKED: nobody knows it yet. */
UNCHECKED static void fill(struct domain *d, const struct domain_config *c)
{
    d->refs.count = 1;
    spin_init(&d->lock, RANK_DOMAIN, "domain");
    spin_init(&d->page_lock, RANK_PAGES, "pages");
    d->privileged = c->privileged;
    d->direct_mapped = c->direct_mapped;
    d->life = DOMAIN_ALIVE;
    d->shutdown_code = NO_SHUTDOWN_CODE;
    d->paused_by_tools = 1;
    d->pauses = 1;
    d->create_flags = c->flags;
    d->ssidref = c->ssidref;
    memcpy(d->handle, c->handle, sizeof(d->handle));
    d->max_vcpus = c->max_vcpus;
    d->page_list = FRAME_NIL;
    list_init(&d->io_ranges);
    sched_group_init(&d->sched);
}

enum err domain_create(const struct domain_config *c, struct domain **out)
{
    if (c->max_vcpus == 0 || c->max_vcpus > DOMAIN_MAX_VCPUS) {
        return E_INVAL;
    }
    struct domain *d = heap_alloc(sizeof(*d));
    if (!d) {
        return E_NOMEM;
    }
    fill(d, c);
    d->vcpu = heap_alloc(d->max_vcpus * (u32)sizeof(*d->vcpu));
    d->last_vcpu = heap_alloc(last_vcpu_bytes());
    enum err e = d->vcpu && d->last_vcpu ? OK : E_NOMEM;
    /* The rooms want to know the id; guests, who need no lock of the tools', must not meet a domain
     * that lacks a room. */
    if (e == OK) {
        e = find_reserve(d, c->id);
    }
    if (e != OK) {
        d->nr_freed_vcpus = d->max_vcpus; /* none was made: one step frees all */
        check(free_some(d));
        return e;
    }
    e = dom_up_create(d, c);
    if (e != OK) {
        store_relaxed(&d->life, DOMAIN_DYING);
        domain_put(d);
        return e;
    }
    find_publish(d);
    *out = d;
    return OK;
}

enum err domain_create_vcpu(struct domain *d, u32 id)
{
    if (id >= d->max_vcpus) {
        return E_INVAL;
    }
    if (d->vcpu[id]) {
        return E_EXIST;
    }
    struct vcpu *v;
    enum err e = vcpu_create(d, id, &v);
    if (e != OK) {
        return e;
    }
    spin_lock(&d->lock);
    for (u32 i = 0; i < d->pauses; i++) {
        sched_hold(&v->unit);
    }
    store_release(&d->vcpu[id], v);
    spin_unlock(&d->lock);
    return OK;
}

bool domain_get(struct domain *d)
{
    return ref_get(&d->refs);
}

static void grace_period_passed(struct rcu_head *head)
{
    struct domain *d = container_of(head, struct domain, rcu);
    const domid_t id = d->id;
    if (free_some(d)) {
        find_tell_changed(id);
    } else {
        rcu_defer(&d->rcu, grace_period_passed);
    }
}

void domain_put(struct domain *d)
{
    if (ref_put(&d->refs)) {
        find_remove(d);
        rcu_defer(&d->rcu, grace_period_passed);
    }
}

/* ---- pausing: all vCPUs held once more, those that come later too ---- */

static void hold_all_locked(struct domain *d) REQUIRES(d->lock)
{
    d->pauses++;
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        sched_hold(&v->unit);
    }
}

static void release_all_locked(struct domain *d) REQUIRES(d->lock)
{
    check(d->pauses > 0);
    d->pauses--;
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        sched_release(&v->unit);
    }
}

static void wait_out_all(struct domain *d)
{
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        if (v != vcpu_current()) {
            (void)vcpu_wait_out(v); /* in no guest it is in any case */
        }
    }
}

void domain_pause_nowait(struct domain *d)
{
    spin_lock(&d->lock);
    hold_all_locked(d);
    spin_unlock(&d->lock);
}

void domain_pause(struct domain *d)
{
    domain_pause_nowait(d);
    wait_out_all(d);
}

void domain_unpause(struct domain *d)
{
    spin_lock(&d->lock);
    release_all_locked(d);
    spin_unlock(&d->lock);
}

enum err domain_pause_by_tools(struct domain *d)
{
    spin_lock(&d->lock);
    u32 before = d->paused_by_tools;
    if (before < MAX_TOOLS_PAUSES) {
        store_relaxed(&d->paused_by_tools, (u8)(before + 1));
    }
    if (before == 0) {
        hold_all_locked(d);
    }
    spin_unlock(&d->lock);
    if (before == 0) {
        wait_out_all(d);
    }
    return before < MAX_TOOLS_PAUSES ? OK : E_OVERFLOW;
}

enum err domain_unpause_by_tools(struct domain *d)
{
    spin_lock(&d->lock);
    u32 before = d->paused_by_tools;
    if (before != 0) {
        store_relaxed(&d->paused_by_tools, (u8)(before - 1));
    }
    if (before == 1) {
        store_relaxed(&d->has_run, true);
        release_all_locked(d);
    }
    spin_unlock(&d->lock);
    return before != 0 ? OK : E_INVAL;
}

/* ---- the end, as the guest sees it ---- */

void domain_shutdown(struct domain *d, u8 code)
{
    spin_lock(&d->lock);
    if (d->shutdown_code == NO_SHUTDOWN_CODE) {
        d->shutdown_code = code;
    }
    code = d->shutdown_code;
    bool first = !d->shut_down && d->life == DOMAIN_ALIVE;
    if (first && d != domain_hardware) {
        d->shut_down = true;
        hold_all_locked(d);
    }
    spin_unlock(&d->lock);
    if (d == domain_hardware) {
        dom_up_hardware_shutdown(code);
    }
    if (first) {
        find_tell_changed(d->id);
    }
}

enum err domain_resume(struct domain *d)
{
    spin_lock(&d->lock);
    bool was = d->shut_down && d->life == DOMAIN_ALIVE;
    if (was) {
        d->shut_down = false;
        d->shutdown_code = NO_SHUTDOWN_CODE;
        release_all_locked(d);
    }
    spin_unlock(&d->lock);
    return was ? OK : E_INVAL;
}

static void dump_vcpu(const struct vcpu *v)
{
    const struct cpu_regs *r = &v->regs;
    domid_t id = v->domain->id;
    log_guest(LOG_ERROR, id, "vcpu %u: pc %016llx pstate %08llx", v->id, r->pc, r->pstate);
    for (u32 i = 0; i < 28; i += 4) {
        log_guest(LOG_ERROR, id, "x%-2u %016llx %016llx %016llx %016llx", i, r->x[i], r->x[i + 1],
                  r->x[i + 2], r->x[i + 3]);
    }
    log_guest(LOG_ERROR, id, "x28 %016llx %016llx %016llx", r->x[28], r->x[29], r->x[30]);
}

/* The vCPU that is to see the crash: the current one, else the first that may ever run. */
static struct vcpu *find_witness(struct domain *d)
{
    if (domain_current() == d) {
        return vcpu_current();
    }
    struct vcpu *v = vcpu_next(d, 0);
    while (v && !load_relaxed(&v->online)) {
        v = vcpu_next(d, v->id + 1);
    }
    return v;
}

void domain_crash(struct domain *d, const char *why, ...)
{
    char text[128];
    va_list args;
    va_start(args, why);
    format_v(text, sizeof(text), why, args);
    va_end(args);
    log_guest(LOG_ERROR, d->id, "crashed: %s", text);

    struct vcpu *v = find_witness(d);
    if (!v) {
        return; /* nothing of it runs that could be stopped */
    }
    if (v == vcpu_current()) {
        dump_vcpu(v);
    }
    /* Whoever calls us may hold locks, and the shutdown takes the domain's: so it waits until v is
     * on its way into the guest, which it then does not enter. */
    vcpu_raise(v, VCPU_WORK_CRASH);
}
