/* SPDX-License-Identifier: MIT */
/* The slow way out: something is to be done before this CPU enters a guest, perhaps another one. */
#include "base/bits.h"
#include "base/panic.h"
#include "call/console.h"
#include "call/sched_op.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "evtchn/evtchn.h"
#include "irq/irq.h"
#include "sync/rcu.h"
#include "trap/leave.h"
#include "trap/trap.h"
#include "vgic/vgic.h"

#define SHUTDOWN_CODE_CRASH 3u

/* Work that any CPU does, whatever it runs or not. */
static void common_work(u32 work)
{
    if (work & BIT(WORK_CALL)) {
        ipi_serve();
    }
    if (work & BIT(WORK_CONSOLE)) {
        call_console_work();
    }
    if (work & BIT(WORK_RCU)) {
        rcu_quiescent();
    }
}

#define COMMON_WORK ((u32)(BIT(WORK_CALL) | BIT(WORK_CONSOLE) | BIT(WORK_RCU)))

/* What is due for v, which runs here. Events first: they end as interrupts in the list registers.
 */
static void vcpu_work(struct vcpu *v)
{
    u32 work = atomic_xchg(&v->work, 0);
    if (work & BIT(VCPU_WORK_CRASH)) {
        domain_shutdown(v->domain, SHUTDOWN_CODE_CRASH);
    }
    if (work & BIT(VCPU_WORK_POLL)) {
        sched_op_poll_end(v);
    }
    if (work & BIT(VCPU_WORK_UPCALL)) {
        evtchn_work(v);
    }
    if (work & BIT(VCPU_WORK_VGIC)) {
        vgic_work(v);
    }
}

/* Returns the vCPU to enter: current, loaded, nothing due. */
struct vcpu *trap_leave_slow(void)
{
    u32 *mine = &this_cpu(work);
    for (;;) {
        u32 work = atomic_and(mine, ~(COMMON_WORK | (u32)BIT(WORK_VCPU)));
        if (work & COMMON_WORK) {
            common_work(work);
        }
        /* Not when it was just taken from this CPU: then its new one looks. */
        if ((work & BIT(WORK_VCPU)) && sched_current() == &vcpu_current()->unit) {
            vcpu_work(vcpu_current());
        }
        if (load_relaxed(mine) & BIT(WORK_SCHED)) {
            sched_run(); /* clears the bit; may come back with another vCPU, and after a long sleep
                          */
            if (unlikely(vcpu_current() == &vcpu_nobody)) {
                sched_up_switch(sched_current()); /* it was held while it came in: is it still? */
            }
        }
        if (load_relaxed(mine) == 0) {
            break;
        }
    }
    assert(lock_nr_held() == 0);
    assert(this_cpu(loaded) == vcpu_current() && sched_current() == &vcpu_current()->unit);
    return vcpu_current();
}

void sched_up_idle_interrupt(void)
{
    irq_handle();
    u32 work = atomic_and(&this_cpu(work), ~COMMON_WORK);
    common_work(work);
}

__noreturn void trap_start(void)
{
    switch_start_cpu();
    percpu_raise_here(WORK_SCHED);
    trap_start_leave();
}
