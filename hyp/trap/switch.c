/* SPDX-License-Identifier: MIT */
/*
 * Whose state this CPU has loaded. this_cpu(loaded) owns the EL1 registers, the timer, VTTBR and
 * the list registers; it changes on a real switch only, so a vCPU that idles in place finds
 * everything there. The registers themselves are the machine's part (switch_arm64.c).
 */
#include "base/panic.h"
#include "call/runstate.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "p2m/p2m.h"
#include "trap/leave.h"
#include "trap/trap.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

void vcpu_up_unload(struct vcpu *v)
{
    check(this_cpu(loaded) == v);
    vgic_save(v);
    switch_save(v);
    vtimer_save(v);
    switch_close(v);
    this_cpu(loaded) = NULL;
    if (this_cpu(current) == v) {
        this_cpu(current) = &vcpu_nobody;
    }
    store_release(&v->loaded_on, VCPU_NOT_LOADED);
}

static void load(struct vcpu *v)
{
    p2m_activate(v->domain->p2m);
    switch_restore(v);
    vtimer_restore(v);
    vgic_restore(v);
    v->regs.stack = this_cpu(trap_stack);
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
        /* It may have idled in place elsewhere; nobody unloads ours meanwhile: there is nothing. */
        if (load_acquire(&v->loaded_on) != VCPU_NOT_LOADED) {
            (void)vcpu_sync_lazy(v);
        }
        /*
         * While we waited for that, we served others. One of them may have held v and found it
         * loaded nowhere: its registers are his now (vcpu_sync_lazy() told him so), not to be taken
         * half-written. WORK_SCHED makes trap_leave_slow() choose, and ask again, before anybody is
         * entered. His own raise may be yet to come: the hold is seen before.
         */
        if (unlikely(sched_is_held(next))) {
            this_cpu(current) = &vcpu_nobody;
            percpu_raise_here(WORK_SCHED);
            return;
        }
        load(v);
    }
    this_cpu(current) = v;
    /* vcpu_raise(): the bit first, then it looks whether v runs. We: v runs since long, now the
     * bits. */
    fence_full();
    if (load_relaxed(&v->work) != 0) {
        percpu_raise_here(WORK_VCPU);
    }
}

void sched_up_state(struct sched_unit *u)
{
    struct vcpu *v = container_of(u, struct vcpu, unit);
    if (load_relaxed(&v->runstate)) {
        runstate_write(v, u->state, u->since_ns, u->time_ns);
    }
}

bool vcpu_up_has_event(struct vcpu *v)
{
    return switch_has_serror(v) || vgic_has_pending(v);
}
