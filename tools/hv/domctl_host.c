// SPDX-License-Identifier: MIT
/* The fake machine's domctl: what the tools do to a domain. */
#include "hv/xen_host.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int xen_host_set_bits(struct xen_xenctl_bitmap *to, uint64_t bits)
{
    uint8_t *set = xen_host_buffer(to->bitmap, (to->nr_bits + 7) / 8);
    if (set == NULL) {
        return -EFAULT;
    }
    for (unsigned i = 0; i < (to->nr_bits + 7) / 8; i++) {
        set[i] = i < 8 ? (uint8_t)(bits >> (8 * i)) : 0;
    }
    return 0;
}

int xen_host_get_bits(const struct xen_xenctl_bitmap *from, uint64_t *bits)
{
    const uint8_t *set = xen_host_buffer(from->bitmap, (from->nr_bits + 7) / 8);
    if (set == NULL) {
        return -EFAULT;
    }
    *bits = 0;
    for (unsigned i = 0; i < (from->nr_bits + 7) / 8 && i < 8; i++) {
        *bits |= (uint64_t)set[i] << (8 * i);
    }
    *bits &= (1ULL << XEN_HOST_CPUS) - 1;
    return 0;
}

/* A bit a domain, as the hypervisor has it; the machine that starts forgets them. */
static bool changed[XEN_HOST_DOMAINS];
static uint64_t last_unique_id;

void xen_host_forget_changes(void)
{
    memset(changed, 0, sizeof(changed));
}

void xen_host_mark_changed(uint16_t domid)
{
    changed[domid] = true;
}

static long get_state(struct xen_domctl *op)
{
    struct xen_domctl_get_domain_state *state = &op->u.get_domain_state;
    uint16_t domid = op->domain;
    if (domid == XEN_DOMID_INVALID && !xen_host.has_no_states) {
        for (domid = 0; domid < XEN_HOST_DOMAINS && !changed[domid]; domid++) {
        }
        if (domid == XEN_HOST_DOMAINS) {
            return -ENOENT;
        }
        changed[domid] = false;
    } else if (xen_host_find(domid) == NULL) {
        return -ESRCH;
    }
    if (xen_host.has_no_states || state->pad0 != 0) {
        return xen_host.has_no_states ? -ENOSYS : -EINVAL;
    }
    const struct xen_host_domain *d = xen_host_find(domid);
    op->domain = domid;
    *state = (struct xen_domctl_get_domain_state){0};
    if (d != NULL) {
        state->state = (uint16_t)(XEN_DOMCTL_GETDOMSTATE_STATE_EXIST |
                                  (d->is_shut_down ? XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN : 0) |
                                  (d->is_dead ? XEN_DOMCTL_GETDOMSTATE_STATE_DEAD : 0));
        state->unique_id = d->unique_id;
    }
    return 0;
}

static long create(struct xen_domctl *op)
{
    const struct xen_domctl_createdomain *config = &op->u.createdomain;
    const uint8_t gic = config->arch.gic_version;
    if ((config->flags & ~(XEN_DOMCTL_CDF_MAX * 2 - 1)) != 0 ||
        (config->flags & XEN_DOMCTL_CDF_hvm) == 0 || config->max_vcpus == 0 ||
        config->max_vcpus > GUEST_MAX_VCPUS || config->grant_opts != 1 ||
        (gic == XEN_DOMCTL_CONFIG_GIC_V2 && !xen_host.has_gicv2) ||
        (gic == XEN_DOMCTL_CONFIG_GIC_V3 && !xen_host.has_gicv3)) {
        return -EINVAL;
    }
    uint16_t domid = op->domain;
    if (domid == 0 || domid >= XEN_DOMID_FIRST_RESERVED) {
        for (domid = 1; domid < XEN_HOST_DOMAINS && xen_host_slot(domid)->exists; domid++) {
        }
    }
    if (domid >= XEN_HOST_DOMAINS) {
        return -ENOMEM;
    }
    struct xen_host_domain *d = xen_host_slot(domid);
    if (d->exists) {
        return -EEXIST;
    }
    *d = (struct xen_host_domain){.exists = true,
                                  .domid = domid,
                                  .unique_id = ++last_unique_id,
                                  .paused = 1,
                                  .address_bits = 64,
                                  .config = *config,
                                  .dirty = mmap(NULL, XEN_HOST_DIRTY / 8, PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                                  .memory = memfd_create("guest", 0)};
    d->port[0].status = EVTCHNSTAT_virq;
    if (gic == XEN_DOMCTL_CONFIG_GIC_NATIVE) {
        d->config.arch.gic_version =
            xen_host.has_gicv3 ? XEN_DOMCTL_CONFIG_GIC_V3 : XEN_DOMCTL_CONFIG_GIC_V2;
    }
    op->u.createdomain = d->config;
    op->domain = domid;
    changed[domid] = true;
    return 0;
}

static long destroy(struct xen_host_domain *d)
{
    if (d->destroy_restarts > 0) {
        d->destroy_restarts--;
        return -EAGAIN;
    }
    xen_host.free_pages += d->pages;
    changed[d->domid] = true;
    xen_host_free(d);
    return 0;
}

void xen_host_fill_info(const struct xen_host_domain *d, struct xen_domctl_getdomaininfo *info)
{
    *info = (struct xen_domctl_getdomaininfo){
        .domain = d->domid,
        .flags =
            XEN_DOMINF_hvm_guest | XEN_DOMINF_hap | (d->is_dead ? XEN_DOMINF_dying : 0) |
            (d->paused > 0 ? XEN_DOMINF_paused : 0) |
            (d->is_shut_down ? XEN_DOMINF_shutdown | d->shutdown_reason << XEN_DOMINF_shutdownshift
                             : 0),
        .tot_pages = d->pages,
        .max_pages = d->max_mem_kib / 4,
        .shared_info_frame = ~0ULL,
        .nr_online_vcpus = d->max_vcpus,
        .max_vcpu_id = d->max_vcpus == 0 ? XEN_INVALID_MAX_VCPU_ID : d->max_vcpus - 1,
        .cpupool = d->config.cpupool_id,
        .gpaddr_bits = 40,
        .arch_config = d->config.arch,
    };
    memcpy(info->handle, d->config.handle, sizeof(info->handle));
}

static long get_info(struct xen_domctl *op)
{
    for (unsigned i = op->domain; i < XEN_HOST_DOMAINS; i++) {
        const struct xen_host_domain *d = xen_host_find((uint16_t)i);
        if (d != NULL) {
            xen_host_fill_info(d, &op->u.getdomaininfo);
            op->domain = d->domid;
            return 0;
        }
    }
    return -ESRCH;
}

static long vcpu_context(struct xen_host_domain *d, struct xen_domctl *op)
{
    const unsigned vcpu = op->u.vcpucontext.vcpu;
    void *context = xen_host_buffer(op->u.vcpucontext.ctxt, sizeof(d->context[0]));
    if (vcpu >= d->max_vcpus || vcpu >= XEN_HOST_VCPUS) {
        return -EINVAL;
    }
    if (context == NULL) {
        return -EFAULT;
    }
    if (op->cmd == XEN_DOMCTL_setvcpucontext) {
        memcpy(&d->context[vcpu], context, sizeof(d->context[0]));
    } else {
        memcpy(context, &d->context[vcpu], sizeof(d->context[0]));
    }
    return 0;
}

static long affinity(struct xen_host_domain *d, struct xen_domctl_vcpuaffinity *op, bool is_set)
{
    if (op->vcpu >= d->max_vcpus || op->vcpu >= XEN_HOST_VCPUS || op->flags == 0) {
        return -EINVAL;
    }
    uint64_t *to[2] = {&d->hard[op->vcpu], &d->soft[op->vcpu]};
    struct xen_xenctl_bitmap *set[2] = {&op->cpumap_hard, &op->cpumap_soft};
    for (unsigned i = 0; i < 2; i++) {
        if ((op->flags & (1U << i)) == 0) {
            continue;
        }
        uint64_t bits = *to[i];
        int error = is_set ? xen_host_get_bits(set[i], &bits) : 0;
        if (error == 0 && is_set && bits == 0) {
            error = -EINVAL;
        }
        if (error == 0) {
            *to[i] = bits;
            error = xen_host_set_bits(set[i], bits);
        }
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

static long sched(struct xen_host_domain *d, struct xen_domctl_scheduler_op *op)
{
    if (op->sched_id != XEN_SCHEDULER_CREDIT2) {
        return -EINVAL;
    }
    if (op->cmd == XEN_DOMCTL_SCHEDOP_putinfo) {
        d->sched = *op;
    } else {
        op->u = d->sched.u;
    }
    return 0;
}

static long vuart(struct xen_host_domain *d, struct xen_domctl_vuart_op *op)
{
    if (op->cmd != XEN_DOMCTL_VUART_OP_INIT || op->type != XEN_DOMCTL_VUART_TYPE_VPL011 ||
        d->config.arch.nr_spis < 1 || !xen_host_has_pages(d, op->gfn, 1)) {
        return -EINVAL;
    }
    d->vuart_gfn = op->gfn;
    op->evtchn = 77;
    return 0;
}

static long flush(struct xen_host_domain *d, const struct xen_domctl_cacheflush *op)
{
    const uint64_t end = op->start_pfn + op->nr_pfns;
    if (end < op->start_pfn || op->nr_pfns > 1U << 18) {
        return -EINVAL;
    }
    xen_host_set_dirty(d, op->start_pfn, op->nr_pfns, false);
    xen_host.nr_flushed_pages += (unsigned)op->nr_pfns;
    return 0;
}

static long set_max_vcpus(struct xen_host_domain *d, unsigned max)
{
    if (max == 0 || max > d->config.max_vcpus) {
        return -EINVAL;
    }
    d->max_vcpus = max;
    for (unsigned i = 0; i < XEN_HOST_VCPUS; i++) {
        d->hard[i] = d->soft[i] = (1U << XEN_HOST_CPUS) - 1;
    }
    return 0;
}

static long set_address_size(struct xen_host_domain *d, unsigned bits)
{
    if ((bits != 32 && bits != 64) || d->pages != 0) {
        return -EINVAL;
    }
    d->address_bits = bits;
    return 0;
}

/* What changes one number of a domain. */
static long set_number(struct xen_host_domain *d, struct xen_domctl *op)
{
    switch (op->cmd) {
    case XEN_DOMCTL_pausedomain:
        d->paused++;
        return 0;
    case XEN_DOMCTL_unpausedomain:
        d->paused -= d->paused > 0;
        return 0;
    case XEN_DOMCTL_resumedomain:
        d->is_shut_down = false;
        return 0;
    case XEN_DOMCTL_max_mem:
        d->max_mem_kib = op->u.max_mem.max_memkb;
        return 0;
    case XEN_DOMCTL_set_paging_mempool_size:
        d->paging_bytes = op->u.paging_mempool.size;
        return d->paging_bytes % 4096 == 0 ? 0 : -EINVAL;
    case XEN_DOMCTL_get_paging_mempool_size:
        op->u.paging_mempool.size = d->paging_bytes;
        return 0;
    case XEN_DOMCTL_setdomainhandle:
        memcpy(d->config.handle, op->u.setdomainhandle.handle, sizeof(d->config.handle));
        return 0;
    case XEN_DOMCTL_settimeoffset:
        d->time_offset = op->u.settimeoffset.time_offset_seconds;
        return 0;
    case XEN_DOMCTL_setnodeaffinity:
        return xen_host_get_bits(&op->u.nodeaffinity.nodemap, &d->nodes);
    case XEN_DOMCTL_getnodeaffinity:
        return xen_host_set_bits(&op->u.nodeaffinity.nodemap, d->nodes);
    default:
        return -ENOSYS;
    }
}

long xen_host_domctl(struct xen_domctl *op)
{
    if (!xen_host.is_control) {
        return -EPERM;
    }
    if (op->interface_version != xen_host.domctl_version) {
        return -EACCES;
    }
    if (op->cmd == XEN_DOMCTL_createdomain) {
        return create(op);
    }
    if (op->cmd == XEN_DOMCTL_getdomaininfo) {
        return get_info(op);
    }
    if (op->cmd == XEN_DOMCTL_get_domain_state) {
        return get_state(op);
    }
    struct xen_host_domain *d = xen_host_find(op->domain);
    if (d == NULL) {
        return -ESRCH;
    }
    switch (op->cmd) {
    case XEN_DOMCTL_destroydomain:
        return destroy(d);
    case XEN_DOMCTL_max_vcpus:
        return set_max_vcpus(d, op->u.max_vcpus.max);
    case XEN_DOMCTL_set_address_size:
        return set_address_size(d, op->u.address_size.size);
    case XEN_DOMCTL_setvcpucontext:
    case XEN_DOMCTL_getvcpucontext:
        return vcpu_context(d, op);
    case XEN_DOMCTL_getvcpuinfo:
        op->u.getvcpuinfo.online = 1;
        op->u.getvcpuinfo.cpu = op->u.getvcpuinfo.vcpu % XEN_HOST_CPUS;
        return op->u.getvcpuinfo.vcpu < d->max_vcpus ? 0 : -ESRCH;
    case XEN_DOMCTL_setvcpuaffinity:
    case XEN_DOMCTL_getvcpuaffinity:
        return affinity(d, &op->u.vcpuaffinity, op->cmd == XEN_DOMCTL_setvcpuaffinity);
    case XEN_DOMCTL_scheduler_op:
        return sched(d, &op->u.scheduler_op);
    case XEN_DOMCTL_vuart_op:
        return xen_host.has_no_vuart ? -ENOSYS : vuart(d, &op->u.vuart_op);
    case XEN_DOMCTL_cacheflush:
        return flush(d, &op->u.cacheflush);
    default:
        return set_number(d, op);
    }
}
