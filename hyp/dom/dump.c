/* SPDX-License-Identifier: MIT */
/* Debug key 'q': every domain and vCPU in a line or two. */
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "log/log.h"

static const char *const lives[] = {"alive", "dying", "dead"};
static const char *const states[] = {"running", "runnable", "blocked", "offline"};

static void dump_vcpu(struct vcpu *v)
{
    struct sched_times times;
    sched_read_times(&v->unit, &times);
    log_info("  vcpu %u %p: %s%s on cpu %u, hold %u, work %x, ran %llu ms, pc %llx pstate %llx",
             v->id, (void *)&v->unit, v->online ? "" : "off, ", states[times.state & 3],
             load_relaxed(&v->unit.cpu), v->unit.hold, load_relaxed(&v->work),
             times.time_ns[UNIT_RUNNING] / 1000000, v->regs.pc, v->regs.pstate);
}

/* UNCHECKED: a dump of the moment. */
UNCHECKED static void dump_domain(struct domain *d)
{
    log_info("domain %u: %s%s%s, refs %u, pauses %u, pages %llu of %llu", d->id.id,
             lives[d->life % ARRAY_LEN(lives)], d->privileged ? ", privileged" : "",
             d->shut_down ? ", shut down" : "", d->refs.count, d->pauses, d->nr_pages,
             d->max_pages);
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        dump_vcpu(v);
    }
}

void domain_dump_all(void)
{
    for (struct domain *d = dom_next((domid_t){0}); d; d = dom_after(d)) {
        dump_domain(d);
    }
}
