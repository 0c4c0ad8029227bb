/* SPDX-License-Identifier: MIT */
/* Debug key 'r': who runs, and who waits, on each CPU. A unit is named by its address: the
 * scheduler knows no domains ('q' names both). */
#include "cpu/atomic.h"
#include "log/console.h"
#include "log/log.h"
#include "sched/queue.h"

/* Lines of one CPU: a dump is bounded. */
#define DUMP_MAX 32u

static void dump_unit(const char *what, const struct sched_unit *u)
{
    log_info("  %s %p weight %llu vruntime %llu us", what, (const void *)u, u->weight,
             u->vruntime / 1000);
}

static void dump_queue(struct sched_queue *q)
{
    spin_lock(&q->lock);
    log_info("cpu %u: %s, %u wait, idle for %llu ms of all its life, virtual time %llu us", q->cpu,
             q->running ? "busy" : "idle", q->nr_waiting, q->idle_ns / 1000000,
             q->min_vruntime / 1000);
    if (q->running) {
        dump_unit("runs ", q->running);
    }
    u32 nr = 0;
    for (struct rb_node *n = q->tree.first; n && nr < DUMP_MAX; n = rb_next(n)) {
        dump_unit("waits", container_of(n, struct sched_unit, node));
        nr++;
    }
    spin_unlock(&q->lock);
}

void sched_dump(void)
{
    log_info("sched: policy %s, %llu ns since boot", sched_policy()->name, clock_ns());
    for (u32 cpu = 0; cpu < percpu_nr_cpus; cpu++) {
        dump_queue(&per_cpu(sched_queue, cpu));
    }
}

static const struct debug_key key = {'r', "run queues", sched_dump};

void sched_register_key(void)
{
    console_register_key(&key);
}
