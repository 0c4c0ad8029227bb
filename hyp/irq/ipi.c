/* SPDX-License-Identifier: MIT */
/*
 * Calls between CPUs. A CPU at EL2 is not interrupted, so a caller that waits must serve the calls
 * meant for itself: two CPUs that call each other both make progress, and a callee is at most one
 * bounded stay away.
 *
 * A call's record lies on the stack of the caller, who waits; each CPU has a list of those that
 * others want of it: pushed with a compare-and-exchange, taken as a whole by its owner.
 */
#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "irq/gic.h"
#include "sync/rcu.h"

struct call {
    struct call *next;
    void (*fn)(void *);
    void *arg;
    bool done;
};
static DEFINE_PER_CPU(struct call *, calls);

void ipi_send(u32 cpu, enum ipi ipi)
{
    /* What the other CPU is to see is visible before the interrupt (GICv2: a device write; GICv3: a
     * system register, which no ordinary barrier orders: IHI 0069 12.1.4). */
    barrier_sync();
    gic->send_sgi(cpu, ipi);
}

void percpu_up_kick(u32 cpu)
{
    ipi_send(cpu, IPI_WORK);
}

void ipi_serve(void)
{
    /* The bit first: who pushes after our look raises it again. */
    atomic_and(&this_cpu(work), ~(u32)BIT(WORK_CALL));
    struct call *c = atomic_xchg(&this_cpu(calls), (struct call *)NULL);
    while (c) {
        /* Once it is done the caller's stack frame may be gone. */
        struct call *next = c->next;
        c->fn(c->arg);
        store_release(&c->done, true);
        c = next;
    }
}

void ipi_call_wait(u32 cpu, void (*fn)(void *), void *arg)
{
    if (cpu == cpu_current()) {
        fn(arg);
        return;
    }
    struct call c = {.fn = fn, .arg = arg};
    struct call *head = load_relaxed(&per_cpu(calls, cpu));
    do {
        c.next = head;
    } while (!atomic_cmpxchg(&per_cpu(calls, cpu), &head, &c));
    percpu_raise(cpu, WORK_CALL);
    while (!load_acquire(&c.done)) {
        ipi_serve();
        cpu_relax();
    }
}

void ipi_halt_others(void)
{
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        if (cpu != cpu_current()) {
            ipi_send(cpu, IPI_HALT);
        }
    }
}

void rcu_up_later(void)
{
    ipi_send(cpu_current(), IPI_RCU);
}

void ipi_receive(u32 sgi)
{
    /* IPI_WORK only had to make us leave the guest: what is to be done is in this_cpu(work). */
    if (sgi == IPI_CALL) {
        ipi_serve();
    } else if (sgi == IPI_RCU) {
        rcu_run();
    } else if (sgi == IPI_HALT) {
        cpu_halt();
    }
}
