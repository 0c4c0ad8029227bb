// SPDX-License-Identifier: MIT
/* The fake machine as a whole: sysctl and xen_version. */
#include "hv/xen_host.h"

#include <errno.h>
#include <string.h>

#include "abi/sysctl.h"
#include "abi/version.h"

static struct {
    bool exists;
    uint64_t cpus;
} pool[4];
static uint32_t ratelimit_us;

void xen_host_reset_machine(void)
{
    memset(pool, 0, sizeof(pool));
    pool[0].exists = true;
    pool[0].cpus = (1U << XEN_HOST_CPUS) - 1;
    ratelimit_us = 1000;
}

static unsigned minimum(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static long list_domains(struct xen_sysctl_getdomaininfolist *op)
{
    struct xen_domctl_getdomaininfo *to =
        xen_host_buffer(op->buffer, op->max_domains * sizeof(*to));
    if (to == NULL) {
        return -EFAULT;
    }
    op->num_domains = 0;
    for (unsigned i = op->first_domain; i < XEN_HOST_DOMAINS && op->num_domains < op->max_domains;
         i++) {
        const struct xen_host_domain *d = xen_host_find((uint16_t)i);
        if (d != NULL) {
            xen_host_fill_info(d, &to[op->num_domains++]);
        }
    }
    return 0;
}

static long get_physinfo(struct xen_sysctl_physinfo *op)
{
    *op = (struct xen_sysctl_physinfo){
        .threads_per_core = 1,
        .cores_per_socket = 1,
        .nr_cpus = XEN_HOST_CPUS,
        .max_cpu_id = XEN_HOST_CPUS - 1,
        .nr_nodes = 1,
        .cpu_khz = 62500,
        .capabilities =
            XEN_SYSCTL_PHYSCAP_hvm | XEN_SYSCTL_PHYSCAP_hap | XEN_SYSCTL_PHYSCAP_gnttab_v1,
        .total_pages = 262144,
        .free_pages = xen_host.free_pages,
    };
    return 0;
}

static long get_topology(struct xen_sysctl_cputopoinfo *op)
{
    const unsigned told = op->cputopo.p != 0 ? minimum(op->num_cpus, XEN_HOST_CPUS) : 0;
    struct xen_sysctl_cputopo *to = xen_host_buffer(op->cputopo, told * sizeof(*to));
    if (told > 0 && to == NULL) {
        return -EFAULT;
    }
    for (unsigned i = 0; i < told; i++) {
        to[i] = (struct xen_sysctl_cputopo){.core = i, .socket = 0, .node = 0};
    }
    op->num_cpus = XEN_HOST_CPUS;
    return 0;
}

static long get_numa(struct xen_sysctl_numainfo *op)
{
    if (op->num_nodes > 0 && op->meminfo.p != 0) {
        struct xen_sysctl_meminfo *node = xen_host_buffer(op->meminfo, sizeof(*node));
        uint32_t *distance = xen_host_buffer(op->distance, sizeof(*distance));
        if (node == NULL || distance == NULL) {
            return -EFAULT;
        }
        *node = (struct xen_sysctl_meminfo){.memsize = 1ULL << 30,
                                            .memfree = xen_host.free_pages * 4096};
        *distance = 10;
    }
    op->num_nodes = 1;
    return 0;
}

static long get_idle(struct xen_sysctl_getcpuinfo *op)
{
    const unsigned told = minimum(op->max_cpus, XEN_HOST_CPUS);
    uint64_t *to = xen_host_buffer(op->info, told * sizeof(*to));
    if (to == NULL) {
        return -EFAULT;
    }
    for (unsigned i = 0; i < told; i++) {
        to[i] = 1000000ULL * (i + 1);
    }
    op->nr_cpus = told;
    return 0;
}

static long read_console(struct xen_sysctl_readconsole *op)
{
    const unsigned length = (unsigned)strlen(xen_host.log);
    const unsigned from = op->incremental ? minimum(op->index, length) : 0;
    const unsigned count = minimum(op->count, length - from);
    char *to = xen_host_buffer(op->buffer, count);
    if (to == NULL) {
        return -EFAULT;
    }
    memcpy(to, xen_host.log + from, count);
    op->count = count;
    op->index = from + count;
    if (op->clear) {
        xen_host.log[0] = '\0';
    }
    return 0;
}

static long take_keys(const struct xen_sysctl_debug_keys *op)
{
    const char *keys = xen_host_buffer(op->keys, op->nr_keys);
    if (keys == NULL) {
        return -EFAULT;
    }
    strncat(xen_host.keys, keys, minimum(op->nr_keys, 32));
    return 0;
}

static long pool_of(struct xen_sysctl_cpupool_op *op, unsigned i)
{
    op->cpupool_id = i;
    op->sched_id = XEN_SCHEDULER_CREDIT2;
    op->n_dom = 0;
    for (unsigned n = 0; n < XEN_HOST_DOMAINS; n++) {
        const struct xen_host_domain *d = xen_host_find((uint16_t)n);
        op->n_dom += d != NULL && d->config.cpupool_id == i;
    }
    return xen_host_set_bits(&op->cpumap, pool[i].cpus);
}

static long change_pool(struct xen_sysctl_cpupool_op *op)
{
    if (op->op == XEN_SYSCTL_CPUPOOL_OP_CREATE) {
        for (unsigned i = 0; i < 4; i++) {
            if (!pool[i].exists &&
                (op->cpupool_id == i || op->cpupool_id == XEN_SYSCTL_CPUPOOL_PAR_ANY)) {
                pool[i].exists = true;
                op->cpupool_id = i;
                return 0;
            }
        }
        return -EEXIST;
    }
    if (op->cpupool_id >= 4 || !pool[op->cpupool_id].exists) {
        return -ENOENT;
    }
    uint64_t *cpus = &pool[op->cpupool_id].cpus;
    struct xen_host_domain *d = xen_host_find((uint16_t)op->domid);
    switch (op->op) {
    case XEN_SYSCTL_CPUPOOL_OP_DESTROY:
        if (*cpus != 0 || op->cpupool_id == 0) {
            return -EBUSY;
        }
        pool[op->cpupool_id].exists = false;
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_ADDCPU:
        *cpus |= 1ULL << (op->cpu % 64);
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_RMCPU:
        *cpus &= ~(1ULL << (op->cpu % 64));
        return 0;
    case XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN:
        if (d == NULL) {
            return -ESRCH;
        }
        d->config.cpupool_id = op->cpupool_id;
        return 0;
    default:
        return -ENOSYS;
    }
}

static long pool_op(struct xen_sysctl_cpupool_op *op)
{
    if (op->op == XEN_SYSCTL_CPUPOOL_OP_INFO) {
        for (unsigned i = op->cpupool_id; i < 4; i++) {
            if (pool[i].exists) {
                return pool_of(op, i);
            }
        }
        return -ENOENT;
    }
    if (op->op == XEN_SYSCTL_CPUPOOL_OP_FREEINFO) {
        uint64_t free_cpus = (1U << XEN_HOST_CPUS) - 1;
        for (unsigned i = 0; i < 4; i++) {
            free_cpus &= pool[i].exists ? ~pool[i].cpus : ~0ULL;
        }
        return xen_host_set_bits(&op->cpumap, free_cpus);
    }
    return change_pool(op);
}

long xen_host_sysctl(struct xen_sysctl *op)
{
    if (!xen_host.is_control) {
        return -EPERM;
    }
    if (op->interface_version != xen_host.sysctl_version) {
        return -EACCES;
    }
    switch (op->cmd) {
    case XEN_SYSCTL_sched_id:
        op->u.sched_id.sched_id = XEN_SCHEDULER_CREDIT2;
        return 0;
    case XEN_SYSCTL_getdomaininfolist:
        return list_domains(&op->u.getdomaininfolist);
    case XEN_SYSCTL_physinfo:
        return get_physinfo(&op->u.physinfo);
    case XEN_SYSCTL_cputopoinfo:
        return get_topology(&op->u.cputopoinfo);
    case XEN_SYSCTL_numainfo:
        return get_numa(&op->u.numainfo);
    case XEN_SYSCTL_getcpuinfo:
        return get_idle(&op->u.getcpuinfo);
    case XEN_SYSCTL_readconsole:
        return read_console(&op->u.readconsole);
    case XEN_SYSCTL_debug_keys:
        return take_keys(&op->u.debug_keys);
    case XEN_SYSCTL_cpupool_op:
        return pool_op(&op->u.cpupool_op);
    case XEN_SYSCTL_scheduler_op:
        if (op->u.scheduler_op.sched_id != XEN_SCHEDULER_CREDIT2) {
            return -EINVAL;
        }
        if (op->u.scheduler_op.cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
            ratelimit_us = op->u.scheduler_op.u.sched_credit2.ratelimit_us;
        }
        op->u.scheduler_op.u.sched_credit2.ratelimit_us = ratelimit_us;
        return 0;
    default:
        return -ENOSYS;
    }
}

long xen_host_version(uint64_t command, void *argument)
{
    struct xen_build_id *id = argument;
    struct xen_compile_info *compile = argument;
    switch (command) {
    case XENVER_version:
        return 4 << 16 | 17;
    case XENVER_extraversion:
        memcpy(argument, ".0-kanso", 9);
        return 0;
    case XENVER_compile_info:
        memset(compile, 'c', sizeof(*compile)); /* no final 0 anywhere */
        return 0;
    case XENVER_capabilities:
        memcpy(argument, "xen-3.0-aarch64 ", 17);
        return 0;
    case XENVER_changeset:
        memcpy(argument, "0123abcd", 9);
        return 0;
    case XENVER_commandline:
        memcpy(argument, "console=dtuart", 15);
        return 0;
    case XENVER_platform_parameters:
        ((struct xen_platform_parameters *)argument)->virt_start = 0x200000;
        return 0;
    case XENVER_pagesize:
        return 4096;
    case XENVER_build_id:
        if (id->len < 4) {
            return -ENOBUFS;
        }
        memcpy(id->buf, (const uint8_t[]){0xde, 0xad, 0x00, 0x0f}, 4);
        return 4;
    default:
        return -ENOSYS;
    }
}
