/* SPDX-License-Identifier: MIT */
/* sysctl's operations on CPUs, memory and the scheduler: one node, one socket's worth of topology,
 * one pool. */
#include "base/bits.h"
#include "base/string.h"
#include "call/control.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "mem/frame.h"
#include "sched/sched.h"
#include "time/time.h"

#define NODE_DISTANCE 20u /* of a node to itself, as Xen's Arm build tells without NUMA */

enum err sysctl_physinfo(struct xen_sysctl *op)
{
    struct xen_sysctl_physinfo *p = &op->u.physinfo;
    memset(p, 0, sizeof(*p));
    p->threads_per_core = 1;
    p->cores_per_socket = 1;
    p->nr_cpus = percpu_nr_cpus;
    p->max_cpu_id = percpu_nr_cpus - 1;
    p->nr_nodes = 1;
    p->cpu_khz = clock_frequency_hz() / 1000;
    p->capabilities =
        XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1;
    p->total_pages = frame_nr_total();
    p->free_pages = frame_nr_free();
    p->max_mfn = frame_end().mfn - 1;
    return OK;
}

enum err sysctl_sched_id(struct xen_sysctl *op)
{
    op->u.sched_id.sched_id = sched_policy()->abi_id;
    return OK;
}

enum err sysctl_avail_heap(struct xen_sysctl *op)
{
    struct xen_sysctl_availheap *h = &op->u.availheap;
    h->avail_bytes = h->node <= 0 ? frame_nr_free() << PAGE_SHIFT : 0;
    return OK;
}

enum err sysctl_cpu_info(struct xen_sysctl *op)
{
    struct xen_sysctl_getcpuinfo *c = &op->u.getcpuinfo;
    u32 n = MIN(c->max_cpus, percpu_nr_cpus);
    for (u32 cpu = 0; cpu < n; cpu++) {
        const struct xen_sysctl_cpuinfo info = {.idletime = sched_idle_ns(cpu)};
        if (copy_out_nth((gva_t){c->info.p}, cpu, &info, sizeof(info)) != OK) {
            return E_FAULT;
        }
    }
    c->nr_cpus = n;
    return OK;
}

enum err sysctl_cpu_topology(struct xen_sysctl *op)
{
    struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
    if (t->cputopo.p == 0) {
        t->num_cpus = percpu_nr_cpus;
        return OK;
    }
    u32 n = MIN(t->num_cpus, percpu_nr_cpus);
    for (u32 cpu = 0; cpu < n; cpu++) {
        const struct xen_sysctl_cputopo topology = {.core = 0, .socket = 0, .node = 0};
        if (copy_out_nth((gva_t){t->cputopo.p}, cpu, &topology, sizeof(topology)) != OK) {
            return E_FAULT;
        }
    }
    t->num_cpus = n;
    return OK;
}

enum err sysctl_numa_info(struct xen_sysctl *op)
{
    struct xen_sysctl_numainfo *n = &op->u.numainfo;
    bool asked = n->meminfo.p != 0 || n->distance.p != 0;
    if (asked && n->num_nodes == 0) {
        return OK;
    }
    if (n->meminfo.p != 0) {
        const struct xen_sysctl_meminfo info = {frame_nr_total() << PAGE_SHIFT, frame_nr_free()
                                                                                    << PAGE_SHIFT};
        if (copy_out((gva_t){n->meminfo.p}, &info, sizeof(info)) != OK) {
            return E_FAULT;
        }
    }
    if (n->distance.p != 0) {
        const u32 distance = NODE_DISTANCE;
        if (copy_out((gva_t){n->distance.p}, &distance, sizeof(distance)) != OK) {
            return E_FAULT;
        }
    }
    n->num_nodes = 1;
    return OK;
}

/* ---- one pool, number 0, with all CPUs */

static u32 count_domains(void)
{
    u32 n = 0;
    for (struct domain *d = dom_next((domid_t){0}); d != NULL; d = dom_after(d)) {
        n++;
    }
    return n;
}

enum err sysctl_cpupool_op(struct xen_sysctl *op)
{
    struct xen_sysctl_cpupool_op *p = &op->u.cpupool_op;
    const struct cpumask online = cpumask_online();
    const struct cpumask none = {0};
    switch (p->op) {
    case XEN_SYSCTL_CPUPOOL_OP_INFO: /* the first pool that is not below the number asked for */
        if (p->cpupool_id != CONTROL_POOL) {
            return E_NOENT;
        }
        p->sched_id = sched_policy()->abi_id;
        p->n_dom = count_domains();
        return control_bitmap_out(&p->cpumap, online.bits, percpu_nr_cpus);
    case XEN_SYSCTL_CPUPOOL_OP_FREEINFO:
        return control_bitmap_out(&p->cpumap, none.bits, percpu_nr_cpus);
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        if (p->cpupool_id != CONTROL_POOL) {
            return E_NOENT;
        }
        return dom_find((domid_t){(u16)p->domid}) != NULL ? OK : E_SRCH;
    case XEN_SYSCTL_CPUPOOL_OP_CREATE:
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        return E_OPNOTSUPP;
    default:
        return E_NOSYS;
    }
}

enum err sysctl_scheduler_op(struct xen_sysctl *op)
{
    struct xen_sysctl_scheduler_op *s = &op->u.scheduler_op;
    u32 us = s->u.sched_credit2.ratelimit_us;
    if (s->cpupool_id != CONTROL_POOL) {
        return E_SRCH;
    }
    if (s->sched_id != sched_policy()->abi_id ||
        (s->cmd != XEN_SYSCTL_SCHEDOP_putinfo && s->cmd != XEN_SYSCTL_SCHEDOP_getinfo)) {
        return E_INVAL;
    }
    if (s->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
        if (us != 0 &&
            (us < XEN_SYSCTL_SCHED_RATELIMIT_MIN || us > XEN_SYSCTL_SCHED_RATELIMIT_MAX)) {
            return E_INVAL;
        }
        store_relaxed(&sched_ratelimit_ns, us * 1000ULL);
    }
    s->u.sched_credit2.ratelimit_us = (u32)(load_relaxed(&sched_ratelimit_ns) / 1000);
    return OK;
}
