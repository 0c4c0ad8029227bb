/* SPDX-License-Identifier: MIT */
/* domctl's operations on vCPUs: making them, their registers, where and how much they run. */
#include "abi/arm.h"
#include "base/string.h"
#include "call/call.h"
#include "call/control.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "sched/sched.h"
#include "time/time.h"

/* vCPU id of d: E_INVAL beyond what d can have, E_SRCH when it is not made yet. */
static enum err find_vcpu(struct domain *d, u32 id, struct vcpu **out)
{
    *out = vcpu_find(d, id);
    return *out != NULL ? OK : id >= d->max_vcpus ? E_INVAL : E_SRCH;
}

enum err domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
    if (d == domain_current() || op->u.max_vcpus.max != d->max_vcpus) {
        return E_INVAL;
    }
    bool made = false;
    for (u32 i = 0; i < d->max_vcpus; i++) {
        if (d->vcpu[i] != NULL) {
            continue;
        }
        if (made && call_should_restart()) {
            return E_RESTART; /* those that are there are the cursor */
        }
        enum err e = domain_create_vcpu(d, i);
        if (e != OK) {
            return e;
        }
        made = true;
    }
    return OK;
}

/* ---- registers */

static void regs_out(const struct vcpu *v, struct xen_vcpu_guest_core_regs *out)
{
    memcpy(&out->x0, v->regs.x, sizeof(v->regs.x));
    out->pc64 = v->regs.pc;
    out->cpsr = v->regs.pstate;
    out->spsr_el1 = v->el1.spsr;
    if (v->domain->is_32bit) {
        out->spsr_fiq = (u32)v->el1.spsr_fiq;
        out->spsr_irq = (u32)v->el1.spsr_irq;
        out->spsr_und = (u32)v->el1.spsr_und;
        out->spsr_abt = (u32)v->el1.spsr_abt;
    } else {
        out->sp_el0 = v->regs.sp_el0;
        out->sp_el1 = v->el1.sp_el1;
        out->elr_el1 = v->el1.elr;
    }
}

static void regs_in(struct vcpu *v, const struct xen_vcpu_guest_core_regs *in)
{
    memcpy(v->regs.x, &in->x0, sizeof(v->regs.x));
    v->regs.pc = in->pc64;
    v->regs.pstate = in->cpsr;
    v->el1.spsr = in->spsr_el1;
    if (v->domain->is_32bit) {
        v->el1.spsr_fiq = in->spsr_fiq;
        v->el1.spsr_irq = in->spsr_irq;
        v->el1.spsr_und = in->spsr_und;
        v->el1.spsr_abt = in->spsr_abt;
    } else {
        v->regs.sp_el0 = in->sp_el0;
        v->el1.sp_el1 = in->sp_el1;
        v->el1.elr = in->elr_el1;
    }
}

enum err domctl_get_context(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    if (find_vcpu(d, op->u.vcpucontext.vcpu, &v) != OK || v == vcpu_current()) {
        return E_INVAL;
    }
    struct xen_vcpu_guest_context context;
    memset(&context, 0, sizeof(context)); /* its padding goes to the tools too */
    vcpu_pause(v);
    const bool is_out = vcpu_sync_lazy(v);
    spin_lock(&d->lock); /* against a vCPU that turns it on */
    const bool is_initialised = v->initialised;
    regs_out(v, &context.user_regs);
    context.sctlr = v->el1.sctlr;
    context.ttbr0 = v->el1.ttbr0;
    context.ttbr1 = v->el1.ttbr1;
    context.ttbcr = v->el1.tcr;
    context.flags = load_relaxed(&v->online) ? VGCF_online : 0;
    spin_unlock(&d->lock);
    vcpu_unpause(v);
    if (!is_initialised) {
        return E_NODATA;
    }
    return is_out ? copy_out((gva_t){op->u.vcpucontext.ctxt.p}, &context, sizeof(context))
                  : E_RESTART; /* in the middle of a call */
}

/* Offline and without registers, as one that was just made. */
static void forget_context(struct domain *d, struct vcpu *v)
{
    vcpu_pause(v);
    spin_lock(&d->lock);
    vcpu_set_online(v, false);
    v->initialised = false;
    spin_unlock(&d->lock);
    vcpu_unpause(v);
}

enum err domctl_set_context(struct domain *d, struct xen_domctl *op)
{
    struct vcpu *v;
    if (d == domain_current()) {
        return E_INVAL;
    }
    enum err e = find_vcpu(d, op->u.vcpucontext.vcpu, &v);
    if (e != OK) {
        return e;
    }
    if (op->u.vcpucontext.ctxt.p == 0) {
        forget_context(d, v);
        return OK;
    }
    struct xen_vcpu_guest_context context;
    if (copy_in(&context, (gva_t){op->u.vcpucontext.ctxt.p}, sizeof(context)) != OK) {
        return E_FAULT;
    }
    if (!vcpu_pstate_is_valid(v, context.user_regs.cpsr)) {
        return E_INVAL;
    }
    domain_pause(d);
    if (!vcpu_sync_lazy(v)) {
        domain_unpause(d);
        return E_RESTART; /* its call's result would come on top */
    }
    if (!v->initialised) {
        vcpu_reset(v, context.user_regs.pc64, 0,
                   d->is_32bit); /* what the structure does not name */
    }
    spin_lock(&d->lock);
    regs_in(v, &context.user_regs);
    v->el1.sctlr = context.sctlr;
    v->el1.ttbr0 = context.ttbr0;
    v->el1.ttbr1 = context.ttbr1;
    v->el1.tcr = context.ttbcr;
    v->initialised = true;
    vcpu_set_online(v, context.flags & VGCF_online);
    spin_unlock(&d->lock);
    domain_unpause(d);
    return OK;
}

enum err domctl_get_vcpu_info(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_getvcpuinfo *out = &op->u.getvcpuinfo;
    struct vcpu *v;
    enum err e = find_vcpu(d, out->vcpu, &v);
    if (e != OK) {
        return e;
    }
    struct sched_times times;
    sched_read_times(&v->unit, &times);
    u64 now = clock_ns();
    out->online = load_relaxed(&v->online);
    out->blocked = !load_relaxed(&v->unit.wanted);
    out->running = times.state == UNIT_RUNNING;
    out->cpu_time = times.time_ns[UNIT_RUNNING];
    if (out->running && now > times.since_ns) {
        out->cpu_time += now - times.since_ns;
    }
    out->cpu = load_relaxed(&v->unit.cpu);
    return OK;
}

/* ---- affinity */

static bool wants(const struct xen_domctl_vcpuaffinity *a, u32 which)
{
    return a->flags & which;
}

static enum err find_affinity(struct domain *d, const struct xen_domctl_vcpuaffinity *a,
                              struct vcpu **out)
{
    enum err e = find_vcpu(d, a->vcpu, out);
    if (e != OK) {
        return e;
    }
    bool neither = !wants(a, XEN_VCPUAFFINITY_HARD) && !wants(a, XEN_VCPUAFFINITY_SOFT);
    return neither || (wants(a, XEN_VCPUAFFINITY_HARD) && a->cpumap_hard.bitmap.p == 0) ||
                   (wants(a, XEN_VCPUAFFINITY_SOFT) && a->cpumap_soft.bitmap.p == 0)
               ? E_INVAL
               : OK;
}

static enum err put_affinity(const struct xen_domctl_vcpuaffinity *a, const struct cpumask *hard,
                             const struct cpumask *soft)
{
    enum err e = OK;
    if (wants(a, XEN_VCPUAFFINITY_HARD)) {
        e = control_bitmap_out(&a->cpumap_hard, hard->bits, percpu_nr_cpus);
    }
    if (e == OK && wants(a, XEN_VCPUAFFINITY_SOFT)) {
        e = control_bitmap_out(&a->cpumap_soft, soft->bits, percpu_nr_cpus);
    }
    return e;
}

enum err domctl_get_affinity(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    struct vcpu *v;
    struct cpumask hard;
    struct cpumask soft;
    enum err e = find_affinity(d, a, &v);
    if (e != OK) {
        return e;
    }
    sched_get_affinity(&v->unit, &hard, &soft);
    return put_affinity(a, &hard, &soft);
}

/* The maps go back as what they came to: hard within the CPUs that are online, soft within hard. */
enum err domctl_set_affinity(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_vcpuaffinity *a = &op->u.vcpuaffinity;
    const struct cpumask online = cpumask_online();
    struct vcpu *v;
    struct cpumask hard = {0};
    struct cpumask soft = {0};
    enum err e = find_affinity(d, a, &v);
    if (e == OK && wants(a, XEN_VCPUAFFINITY_HARD)) {
        e = control_bitmap_in(&a->cpumap_hard, hard.bits, CPU_MAX);
    }
    if (e == OK && wants(a, XEN_VCPUAFFINITY_SOFT)) {
        e = control_bitmap_in(&a->cpumap_soft, soft.bits, CPU_MAX);
    }
    if (e != OK) {
        return e;
    }
    e = sched_set_affinity(&v->unit, wants(a, XEN_VCPUAFFINITY_HARD) ? &hard : NULL,
                           wants(a, XEN_VCPUAFFINITY_SOFT) ? &soft : NULL);
    sched_get_affinity(&v->unit, &hard, &soft);
    hard = cpumask_and(hard, online);
    soft = cpumask_and(soft, hard);
    return e == OK ? put_affinity(a, &hard, &soft) : e;
}

/* One node, to which everything belongs. */
enum err domctl_get_nodes(struct domain *d, struct xen_domctl *op)
{
    const u64 node0 = 1;
    return control_bitmap_out(&op->u.nodeaffinity.nodemap, &node0, 1);
}

enum err domctl_set_nodes(struct domain *d, struct xen_domctl *op)
{
    u64 nodes = 0;
    enum err e = control_bitmap_in(&op->u.nodeaffinity.nodemap, &nodes, 1);
    return e == OK && nodes == 0 ? E_INVAL : e;
}

/* ---- weights and caps. The policy speaks credit2's structure; a domain's weight is that of each
 * of its vCPUs, its cap that of all together. The tools' lock makes us the only one. */

static enum err put_weight(struct domain *d, const struct xen_domctl_sched_credit2 *in)
{
    /* 0: keep, as Xen has it. */
    enum err e = sched_group_set(
        &d->sched, in->weight != 0 ? in->weight : load_relaxed(&d->sched.weight), in->cap);
    for (struct vcpu *v = vcpu_next(d, 0); e == OK && v; v = vcpu_next(d, v->id + 1)) {
        sched_unit_update(&v->unit);
    }
    return e;
}

enum err domctl_scheduler_op(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_scheduler_op *s = &op->u.scheduler_op;
    if (s->sched_id != sched_policy()->abi_id) {
        return E_INVAL;
    }
    switch (s->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return put_weight(d, &s->u.credit2);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        s->u.credit2.weight = (u16)load_relaxed(&d->sched.weight);
        s->u.credit2.cap = (u16)load_relaxed(&d->sched.cap_percent);
        return OK;
    default:
        return E_INVAL; /* credit2 has nothing for a single vCPU */
    }
}
