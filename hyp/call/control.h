/* SPDX-License-Identifier: MIT */
/*
 * The control interfaces inside: what domctl*.c and sysctl*.c share. An operation is a function of
 * the decoded structure; it answers an error, and the structure goes back to the tools where the
 * table says so. E_RESTART always sends it back: the operation has moved its own fields on, and
 * executes anew with them.
 */
#ifndef CALL_CONTROL_H
#define CALL_CONTROL_H

#include "abi/domctl.h"
#include "abi/sysctl.h"
#include "base/err.h"
#include "base/types.h"

struct domain;
struct vcpu;

typedef enum err domctl_fn(struct domain *d, struct xen_domctl *op);
typedef enum err sysctl_fn(struct xen_sysctl *op);

/* domctl_vcpu.c */
domctl_fn domctl_max_vcpus, domctl_get_context, domctl_set_context, domctl_get_vcpu_info,
    domctl_get_affinity, domctl_set_affinity, domctl_get_nodes, domctl_set_nodes,
    domctl_scheduler_op;
/* domctl_memory.c */
domctl_fn domctl_max_mem, domctl_get_mempool, domctl_set_mempool, domctl_cache_flush,
    domctl_irq_permission, domctl_iomem_permission, domctl_memory_mapping, domctl_bind_irq,
    domctl_unbind_irq;
/* domctl_record.c */
domctl_fn domctl_get_records, domctl_set_records;
/* domctl_create.c */
domctl_fn domctl_create, domctl_destroy, domctl_vuart;

/* sysctl_info.c */
sysctl_fn sysctl_physinfo, sysctl_cpu_info, sysctl_cpu_topology, sysctl_numa_info,
    sysctl_avail_heap, sysctl_cpupool_op, sysctl_scheduler_op, sysctl_sched_id;

/* What getdomaininfo and getdomaininfolist tell of a domain. */
void control_domain_info(struct domain *d, struct xen_domctl_getdomaininfo *out);

/* What get_domain_state tells of one that is there. */
void control_domain_state(struct domain *d, struct xen_domctl_get_domain_state *out);

/* Bitmaps of CPUs or nodes. out: the caller's nr_bits, zero beyond ours; in: what is beyond ours is
 * dropped. */
enum err control_bitmap_out(const struct xen_xenctl_bitmap *to, const u64 *bits, u32 nr_bits);
enum err control_bitmap_in(const struct xen_xenctl_bitmap *from, u64 *bits, u32 nr_bits);

/* One operation that changes domains at a time. Never waited for: E_RESTART instead. */
[[nodiscard]] bool control_try_begin(void);
void control_end(void);

/* One scheduler, one pool. */
#define CONTROL_POOL 0u

#endif
