/* SPDX-License-Identifier: MIT */
#include "sync/rcu.h"

#include "cpu/atomic.h"
#include "sync/percpu.h"
#include "sync/spinlock.h"

static struct {
    struct spinlock lock;
    struct cpumask needed; /* CPUs that the running grace period waits for; empty: none runs */
    struct list next;      /* deferred since it began: wait for the one after */
    struct list waiting;   /* wait for the running one */
    struct list done;      /* may be called */
} rcu = {
    .lock = SPINLOCK_INIT(RANK_RCU, "rcu"),
    .next = LIST_INIT(rcu.next),
    .waiting = LIST_INIT(rcu.waiting),
    .done = LIST_INIT(rcu.done),
};

void rcu_init(void)
{
    rcu.needed = (struct cpumask){0};
    list_init(&rcu.next);
    list_init(&rcu.waiting);
    list_init(&rcu.done);
}

static void splice(struct list *from, struct list *to)
{
    if (list_is_empty(from)) {
        return;
    }
    struct list *first = from->next;
    struct list *last = from->prev;
    first->prev = to->prev;
    to->prev->next = first;
    last->next = to;
    to->prev = last;
    list_init(from);
}

/* Lock held: begins a grace period for what is in next, if there is anything and none runs. Returns
 * whom to raise. */
static struct cpumask begin(void)
{
    struct cpumask none = {0};
    if (!cpumask_is_empty(&rcu.needed) || list_is_empty(&rcu.next)) {
        return none;
    }
    splice(&rcu.next, &rcu.waiting);
    rcu.needed = cpumask_online();
    return rcu.needed;
}

static void raise_all(const struct cpumask *m)
{
    for (u32 cpu = cpumask_next(m, 0); cpu < CPU_MAX; cpu = cpumask_next(m, cpu + 1)) {
        percpu_raise(cpu, WORK_RCU);
    }
}

void rcu_defer(struct rcu_head *head, void (*fn)(struct rcu_head *))
{
    head->fn = fn;
    spin_lock(&rcu.lock);
    list_add_tail(&rcu.next, &head->node);
    struct cpumask raise = begin();
    spin_unlock(&rcu.lock);
    raise_all(&raise);
}

void rcu_quiescent(void)
{
    /* Cleared before the lists are looked at: whoever adds after our look raises again. */
    atomic_and(&this_cpu(work), ~(u32)BIT(WORK_RCU));

    struct cpumask raise = {0};
    spin_lock(&rcu.lock);
    if (cpumask_test(&rcu.needed, cpu_current())) {
        cpumask_clear(&rcu.needed, cpu_current());
        if (cpumask_is_empty(&rcu.needed)) {
            splice(&rcu.waiting, &rcu.done);
            raise = begin();
        }
    }
    bool due = !list_is_empty(&rcu.done);
    spin_unlock(&rcu.lock);

    raise_all(&raise);
    if (due) {
        rcu_up_later();
    }
}

void rcu_run(void)
{
    struct rcu_head *head = NULL;
    spin_lock(&rcu.lock);
    if (!list_is_empty(&rcu.done)) {
        head = list_first(&rcu.done, struct rcu_head, node);
        list_del(&head->node);
    }
    bool more = !list_is_empty(&rcu.done);
    spin_unlock(&rcu.lock);

    if (more) {
        rcu_up_later();
    }
    if (head) {
        head->fn(head);
    }
}

bool rcu_is_idle(void)
{
    spin_lock(&rcu.lock);
    const bool idle =
        list_is_empty(&rcu.next) && list_is_empty(&rcu.waiting) && list_is_empty(&rcu.done);
    spin_unlock(&rcu.lock);
    return idle;
}
