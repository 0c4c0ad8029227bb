/* SPDX-License-Identifier: MIT */
#include "dom/vcpu.h"

#include "base/panic.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "mem/slab.h"

/* How often a waiter asks the CPU of a vCPU that is held and still not off it. Each time it was at
 * EL2 in between; only a CPU that itself waits for others is found there twice. */
#define WAIT_OUT_MAX 64u

/* SPSR_EL2.M (Arm ARM C5.2.19) */
#define MODE_MASK 0x1fu
#define MODE_EL0T 0x0u
#define MODE_EL1T 0x4u
#define MODE_EL1H 0x5u
#define PSTATE_IL (1u << 20)
#define PSTATE_SS (1u << 21)

DEFINE_PER_CPU(struct vcpu *, current);
DEFINE_PER_CPU(struct vcpu *, loaded);

struct domain domain_nobody = {.id = {0x7fff}, .life = DOMAIN_DEAD};
struct vcpu vcpu_nobody = {.domain = &domain_nobody, .loaded_on = VCPU_NOT_LOADED, .fp_on = ~0u};

static struct slab_cache vcpu_cache, fp_cache;

u64 vcpu_mpidr(u32 id)
{
    return BIT(31) | (id & 0xf) | (u64)(id >> 4) << 8;
}

/* ---- waking and blocking ---- */

void vcpu_kick(struct vcpu *v)
{
    u32 cpu;
    if (sched_is_running(&v->unit, &cpu)) {
        percpu_raise(cpu, WORK_VCPU);
    }
}

/*
 * The work bit is written before the unit is looked at, by read-modify-writes with full barriers; a
 * CPU that makes v RUNNING looks at v->work after it said so. So either we see it RUNNING and kick,
 * or it sees the bit. If v moves on between, its old CPU looks once for nothing.
 */
void vcpu_raise(struct vcpu *v, enum vcpu_work bit)
{
    atomic_or(&v->work, (u32)BIT(bit));
    if (!sched_wake(&v->unit)) {
        vcpu_kick(v);
    }
}

void vcpu_wake(struct vcpu *v)
{
    sched_wake(&v->unit);
}

/* sched/sched.h argues why no wake-up is lost: first "not wanted", with a full barrier, then the
 * reasons. */
void vcpu_block(struct vcpu *v)
{
    sched_block(&v->unit);
    if (load_relaxed(&v->work) != 0 || vcpu_up_has_event(v)) {
        sched_wake(&v->unit);
    }
}

/* ---- pausing ---- */

static void nothing(void *arg)
{
    (void)arg;
}

bool vcpu_wait_out(struct vcpu *v)
{
    u32 cpu;
    for (u32 i = 0; i < WAIT_OUT_MAX; i++) {
        if (!sched_is_running(&v->unit, &cpu) || cpu == cpu_current()) {
            return true;
        }
        /* Served at EL2, after the hold: before that CPU enters a guest again it comes to
         * sched_run(). */
        ipi_call_wait(cpu, nothing, NULL);
    }
    return false;
}

void vcpu_pause_nowait(struct vcpu *v)
{
    atomic_add(&v->pauses, 1);
    sched_hold(&v->unit);
}

void vcpu_pause(struct vcpu *v)
{
    vcpu_pause_nowait(v);
    (void)vcpu_wait_out(v); /* in no guest it is in any case */
}

void vcpu_unpause(struct vcpu *v)
{
    u32 old = atomic_sub(&v->pauses, 1);
    check(old != 0);
    sched_release(&v->unit);
}

static void unload_here(void *arg)
{
    struct vcpu *v = arg;
    /* Still running here when vcpu_wait_out() gave up: its CPU unloads it when it leaves. */
    if (this_cpu(loaded) == v && sched_current() != &v->unit) {
        vcpu_up_unload(v);
    }
}

bool vcpu_sync_lazy(struct vcpu *v)
{
    const bool is_out = vcpu_wait_out(v);
    u32 cpu = load_acquire(&v->loaded_on);
    if (cpu == cpu_current()) {
        unload_here(v);
    } else if (cpu != VCPU_NOT_LOADED) {
        ipi_call_wait(cpu, unload_here, v);
    }
    return is_out;
}

/* ---- life ---- */

void vcpu_init(void)
{
    slab_init(&vcpu_cache, "vcpu", sizeof(struct vcpu));
    slab_init(&fp_cache, "fp", sizeof(struct fp_regs));
}

enum err vcpu_create(struct domain *d, u32 id, struct vcpu **out)
{
    struct vcpu *v = slab_alloc(&vcpu_cache);
    if (!v) {
        return E_NOMEM;
    }
    v->fp = slab_alloc(&fp_cache);
    if (!v->fp) {
        slab_free(&vcpu_cache, v);
        return E_NOMEM;
    }
    v->domain = d;
    v->id = id;
    v->loaded_on = VCPU_NOT_LOADED;
    v->fp_on = ~0u;
    sched_unit_init(&v->unit, &d->sched, id % percpu_nr_cpus); /* held once: offline */
    vcpu_up_reset_el1(v, false);
    enum err e = dom_up_vcpu_create(v);
    if (e != OK) {
        vcpu_destroy(v);
        return e;
    }
    *out = v;
    return OK;
}

void vcpu_destroy(struct vcpu *v)
{
    (void)vcpu_sync_lazy(v); /* out: nobody has it any more (domain_kill(), RCU) */
    dom_up_vcpu_destroy(v);
    sched_unit_fini(&v->unit);
    slab_free(&fp_cache, v->fp);
    slab_free(&vcpu_cache, v);
}

void vcpu_reset(struct vcpu *v, u64 pc, u64 x0, bool aarch32)
{
    /* Out: what its CPU does after it was offline, or before it ever ran, waits for nobody. */
    (void)vcpu_sync_lazy(v);
    spin_lock(&v->domain->lock); /* tools may be reading what was there */
    memset(&v->regs, 0, sizeof(v->regs));
    memset(v->fp, 0, sizeof(*v->fp));
    v->fp_used = false;
    v->fp_on = ~0u;
    v->regs.pc = pc;
    v->regs.x[0] = x0;
    v->regs.pstate = aarch32 ? PSTATE_RESET32 : PSTATE_DAIF | PSTATE_EL1H;
    if (aarch32 && (pc & 1)) { /* PSCI: bit 0 of the entry asks for T32 */
        v->regs.pc &= ~1ULL;
        v->regs.pstate |= PSTATE_T32;
    }
    vcpu_up_reset_el1(v, aarch32);
    v->initialised = true;
    spin_unlock(&v->domain->lock);
    dom_up_vcpu_reset(v);
}

void vcpu_set_online(struct vcpu *v, bool online)
{
    if (v->online == online) {
        return;
    }
    store_relaxed(&v->online, online);
    if (online) {
        sched_wake(&v->unit); /* it may have gone offline blocked */
        sched_release(&v->unit);
    } else {
        sched_hold(&v->unit);
    }
}

bool vcpu_pstate_is_valid(const struct vcpu *v, u64 pstate)
{
    if (pstate >> 32 || (pstate & (PSTATE_IL | PSTATE_SS))) {
        return false;
    }
    u32 mode = pstate & MODE_MASK;
    if (!v->domain->is_32bit) {
        return mode == MODE_EL0T || mode == MODE_EL1T || mode == MODE_EL1H;
    }
    /* usr fiq irq svc abt und sys: not mon (6), hyp (a) or the unallocated ones */
    return (mode & PSTATE_AARCH32) && (0x888fu >> (mode & 0xf) & 1);
}
