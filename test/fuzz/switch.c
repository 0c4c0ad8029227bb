/* SPDX-License-Identifier: MIT */
/*
 * The machine's part of the switch, as trap/switch_arm64.c: who owns what this CPU has loaded. The
 * EL1 registers are a record a CPU, so that state which is left behind is found by the guests, who
 * look whether theirs is still there.
 */
#include "base/panic.h"
#include "call/runstate.h"
#include "cpu/atomic.h"
#include "p2m/p2m.h"
#include "test/fuzz/switch.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

DEFINE_PER_CPU(struct el1_regs, machine_el1);

static void save_el1(struct vcpu *v)
{
    const u64 ctl = v->el1.cntv_ctl;
    const u64 cval = v->el1.cntv_cval;
    v->el1 = this_cpu(machine_el1);
    v->el1.cntv_ctl = ctl;
    v->el1.cntv_cval = cval;
    memset(&this_cpu(machine_el1), 0xee, sizeof(struct el1_regs));
}

void vcpu_up_reset_el1(struct vcpu *v, bool aarch32)
{
    memset(&v->el1, 0, sizeof(v->el1));
    v->el1.vmpidr = vcpu_mpidr(v->id);
    (void)aarch32;
}

void vcpu_up_unload(struct vcpu *v)
{
    check(this_cpu(loaded) == v);
    vgic_save(v);
    save_el1(v);
    vtimer_save(v);
    this_cpu(loaded) = NULL;
    if (this_cpu(current) == v) {
        this_cpu(current) = &vcpu_nobody;
    }
    store_release(&v->loaded_on, VCPU_NOT_LOADED);
}

static void load(struct vcpu *v)
{
    p2m_activate(v->domain->p2m);
    v->domain->last_vcpu[cpu_current()] = (u16)(v->id + 1);
    this_cpu(machine_el1) = v->el1;
    vtimer_restore(v);
    vgic_restore(v);
    this_cpu(loaded) = v;
    store_release(&v->loaded_on, cpu_current());
}

void sched_up_switch(struct sched_unit *next)
{
    struct vcpu *v = container_of(next, struct vcpu, unit);
    struct vcpu *old = this_cpu(loaded);
    if (old != v) {
        if (old) {
            vcpu_up_unload(old);
        }
        vcpu_sync_lazy(v);
        load(v);
    }
    this_cpu(current) = v;
    fence_full();
    if (load_relaxed(&v->work) != 0) {
        percpu_raise(cpu_current(), WORK_VCPU);
    }
}

void sched_up_state(struct sched_unit *u)
{
    struct vcpu *v = container_of(u, struct vcpu, unit);
    if (v->runstate_page) {
        runstate_write(v, u->state, u->since_ns, u->time_ns);
    }
}

bool vcpu_up_has_event(struct vcpu *v)
{
    return vgic_has_pending(v);
}
