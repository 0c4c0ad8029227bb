// SPDX-License-Identifier: MIT
#include "abi/vcpu.h"
#include "hv/call.h"

int hv_get_vcpu(struct hv *hv, uint16_t domid, unsigned vcpu, struct xen_domctl_getvcpuinfo *info)
{
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_getvcpuinfo, domid);
    op->u.getvcpuinfo.vcpu = vcpu;
    const int error = hv_domctl(hv);
    if (error == 0) {
        *info = op->u.getvcpuinfo;
    }
    return error;
}

int hv_set_context(struct hv *hv, uint16_t domid, unsigned vcpu,
                   const struct xen_vcpu_guest_context *context)
{
    void *copy = memcpy(hv_small(hv, 0), context, sizeof(*context));
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_setvcpucontext, domid);
    op->u.vcpucontext.vcpu = vcpu;
    op->u.vcpucontext.ctxt = hv_handle(copy);
    return hv_domctl(hv);
}

int hv_get_context(struct hv *hv, uint16_t domid, unsigned vcpu,
                   struct xen_vcpu_guest_context *context)
{
    void *copy = memset(hv_small(hv, 0), 0, sizeof(*context));
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_getvcpucontext, domid);
    op->u.vcpucontext.vcpu = vcpu;
    op->u.vcpucontext.ctxt = hv_handle(copy);
    const int error = hv_domctl(hv);
    if (error == 0) {
        memcpy(context, copy, sizeof(*context));
    }
    return error;
}

static int affinity(struct hv *hv, uint32_t command, uint16_t domid, unsigned vcpu, uint64_t *hard,
                    uint64_t *soft, unsigned nr_cpus)
{
    if (nr_cpus > CALL_MAX_BITS) {
        return -E2BIG;
    }
    const bool is_set = command == XEN_DOMCTL_setvcpuaffinity;
    struct xen_domctl *op = hv_begin_domctl(hv, command, domid);
    op->u.vcpuaffinity.vcpu = vcpu;
    if (hard != NULL) {
        op->u.vcpuaffinity.flags |= XEN_VCPUAFFINITY_HARD;
        op->u.vcpuaffinity.cpumap_hard = hv_begin_set(hv, 0, is_set ? hard : NULL, nr_cpus);
    }
    if (soft != NULL) {
        op->u.vcpuaffinity.flags |= XEN_VCPUAFFINITY_SOFT;
        op->u.vcpuaffinity.cpumap_soft = hv_begin_set(hv, 1, is_set ? soft : NULL, nr_cpus);
    }
    const int error = hv_domctl(hv);
    if (error == 0 && hard != NULL) {
        hv_end_set(hv, 0, hard, nr_cpus);
    }
    if (error == 0 && soft != NULL) {
        hv_end_set(hv, 1, soft, nr_cpus);
    }
    return error;
}

int hv_set_affinity(struct hv *hv, uint16_t domid, unsigned vcpu, uint64_t *hard, uint64_t *soft,
                    unsigned nr_cpus)
{
    return affinity(hv, XEN_DOMCTL_setvcpuaffinity, domid, vcpu, hard, soft, nr_cpus);
}

int hv_get_affinity(struct hv *hv, uint16_t domid, unsigned vcpu, uint64_t *hard, uint64_t *soft,
                    unsigned nr_cpus)
{
    return affinity(hv, XEN_DOMCTL_getvcpuaffinity, domid, vcpu, hard, soft, nr_cpus);
}

int hv_set_node_affinity(struct hv *hv, uint16_t domid, const uint64_t *nodes, unsigned nr_nodes)
{
    if (nr_nodes > CALL_MAX_BITS) {
        return -E2BIG;
    }
    hv_begin_domctl(hv, XEN_DOMCTL_setnodeaffinity, domid)->u.nodeaffinity.nodemap =
        hv_begin_set(hv, 0, nodes, nr_nodes);
    return hv_domctl(hv);
}

int hv_get_node_affinity(struct hv *hv, uint16_t domid, uint64_t *nodes, unsigned nr_nodes)
{
    if (nr_nodes > CALL_MAX_BITS) {
        return -E2BIG;
    }
    hv_begin_domctl(hv, XEN_DOMCTL_getnodeaffinity, domid)->u.nodeaffinity.nodemap =
        hv_begin_set(hv, 0, NULL, nr_nodes);
    const int error = hv_domctl(hv);
    if (error == 0) {
        hv_end_set(hv, 0, nodes, nr_nodes);
    }
    return error;
}

int hv_sched_domain(struct hv *hv, uint16_t domid, struct xen_domctl_scheduler_op *parameters)
{
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_scheduler_op, domid);
    op->u.scheduler_op = *parameters;
    const int error = hv_domctl(hv);
    if (error == 0) {
        *parameters = op->u.scheduler_op;
    }
    return error;
}

int hv_sched_pool(struct hv *hv, struct xen_sysctl_scheduler_op *parameters)
{
    struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_scheduler_op);
    op->u.scheduler_op = *parameters;
    const int error = hv_sysctl(hv);
    if (error == 0) {
        *parameters = op->u.scheduler_op;
    }
    return error;
}

int hv_get_sched_id(struct hv *hv, uint32_t *sched_id)
{
    const struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_sched_id);
    const int error = hv_sysctl(hv);
    if (error == 0) {
        *sched_id = op->u.sched_id.sched_id;
    }
    return error;
}
