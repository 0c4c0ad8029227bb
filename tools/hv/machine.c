// SPDX-License-Identifier: MIT
#include "abi/version.h"
#include "hv/call.h"

#include <stdio.h>

_Static_assert(XEN_CAPABILITIES_INFO_LEN <= CALL_SMALL && XEN_COMMANDLINE_LEN <= CALL_SMALL);

/* How often a CPU's move between pools is tried again while the hypervisor is at it. */
#define POOL_TRIES 1000

/* ---- versions */

static long version_call(struct hv *hv, uint64_t command)
{
    return hv_call2(hv, __HYPERVISOR_xen_version, command);
}

/* A string of the hypervisor's into one of the same size, which ends whatever it holds. */
static int get_string(struct hv *hv, uint64_t command, char *to, size_t bytes)
{
    const char *from = hv_begin(hv);
    const long result = version_call(hv, command);
    if (result < 0) {
        return (int)result;
    }
    memcpy(to, from, bytes);
    to[bytes - 1] = '\0';
    return 0;
}

static int get_compile_info(struct hv *hv, struct hv_version *version)
{
    const struct xen_compile_info *from = hv_begin(hv);
    const long result = version_call(hv, XENVER_compile_info);
    if (result < 0) {
        return (int)result;
    }
    snprintf(version->compiler, sizeof(version->compiler), "%.63s", from->compiler);
    snprintf(version->compile_by, sizeof(version->compile_by), "%.15s", from->compile_by);
    snprintf(version->compile_domain, sizeof(version->compile_domain), "%.31s",
             from->compile_domain);
    snprintf(version->compile_date, sizeof(version->compile_date), "%.31s", from->compile_date);
    return 0;
}

/* A hypervisor without one has nothing to tell: no error. */
static void get_build_id(struct hv *hv, struct hv_version *version)
{
    struct xen_build_id *id = hv_begin(hv);
    id->len = (sizeof(version->build_id) - 1) / 2;
    const long bytes = version_call(hv, XENVER_build_id);
    for (long i = 0; i < bytes && (size_t)i < (sizeof(version->build_id) - 1) / 2; i++) {
        snprintf(version->build_id + 2 * i, 3, "%02x", id->buf[i]);
    }
}

int hv_get_version(struct hv *hv, struct hv_version *version)
{
    *version = (struct hv_version){0};
    hv_begin(hv);
    const long number = version_call(hv, XENVER_version);
    if (number < 0) {
        return (int)number;
    }
    version->major = (unsigned)number >> 16;
    version->minor = (unsigned)number & 0xffff;
    const struct {
        uint64_t command;
        char *to;
        size_t bytes;
    } string[] = {
        {XENVER_extraversion, version->extra, sizeof(version->extra)},
        {XENVER_capabilities, version->capabilities, sizeof(version->capabilities)},
        {XENVER_changeset, version->changeset, sizeof(version->changeset)},
        {XENVER_commandline, version->command_line, sizeof(version->command_line)},
    };
    for (size_t i = 0; i < sizeof(string) / sizeof(string[0]); i++) {
        const int error = get_string(hv, string[i].command, string[i].to, string[i].bytes);
        if (error != 0) {
            return error;
        }
    }
    const int error = get_compile_info(hv, version);
    if (error != 0) {
        return error;
    }
    get_build_id(hv, version);
    const struct xen_platform_parameters *parameters = hv_begin(hv);
    const long result = version_call(hv, XENVER_platform_parameters);
    version->virt_start = result < 0 ? 0 : parameters->virt_start;
    hv_begin(hv);
    const long page = version_call(hv, XENVER_pagesize);
    version->page_bytes = page < 0 ? 4096 : (unsigned)page;
    return 0;
}

/* ---- CPUs, nodes, memory */

int hv_get_physinfo(struct hv *hv, struct xen_sysctl_physinfo *info)
{
    const struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_physinfo);
    const int error = hv_sysctl(hv);
    if (error == 0) {
        *info = op->u.physinfo;
    }
    return error;
}

/* The answer to a question for the number only has no place to go. */
static void copy_some(void *to, const void *from, size_t bytes)
{
    if (bytes > 0) {
        memcpy(to, from, bytes);
    }
}

int hv_get_cpu_topology(struct hv *hv, struct xen_sysctl_cputopo *cpu, unsigned *nr)
{
    const unsigned room = *nr;
    const void *list = hv_list(hv, room * sizeof(*cpu) + 1);
    if (list == NULL) {
        return -ENOMEM;
    }
    struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_cputopoinfo);
    op->u.cputopoinfo.num_cpus = room;
    op->u.cputopoinfo.cputopo = hv_handle(room == 0 ? NULL : list);
    const int error = hv_sysctl(hv);
    if (error == 0) {
        *nr = op->u.cputopoinfo.num_cpus;
        copy_some(cpu, list, (*nr < room ? *nr : room) * sizeof(*cpu));
    }
    return error;
}

int hv_get_numa(struct hv *hv, struct xen_sysctl_meminfo *node, uint32_t *distance, unsigned *nr)
{
    const unsigned room = *nr;
    if (room > 64) {
        return -E2BIG; /* the hypervisor knows no more */
    }
    const size_t bytes = room * sizeof(*node);
    const size_t distance_bytes = (size_t)room * room * sizeof(*distance);
    uint8_t *list = hv_list(hv, bytes + distance_bytes + 1);
    if (list == NULL) {
        return -ENOMEM;
    }
    struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_numainfo);
    op->u.numainfo.num_nodes = room;
    op->u.numainfo.meminfo = hv_handle(room == 0 ? NULL : list);
    op->u.numainfo.distance = hv_handle(room == 0 ? NULL : list + bytes);
    const int error = hv_sysctl(hv);
    if (error == 0) {
        *nr = op->u.numainfo.num_nodes;
        const size_t told = *nr < room ? *nr : room;
        copy_some(node, list, told * sizeof(*node));
        copy_some(distance, list + bytes, told * told * sizeof(*distance));
    }
    return error;
}

int hv_get_idle_times(struct hv *hv, uint64_t *idle_ns, unsigned *nr)
{
    const unsigned room = *nr;
    const void *list = hv_list(hv, room * sizeof(*idle_ns) + 1);
    if (list == NULL) {
        return -ENOMEM;
    }
    struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_getcpuinfo);
    op->u.getcpuinfo.max_cpus = room;
    op->u.getcpuinfo.info = hv_handle(list);
    const int error = hv_sysctl(hv);
    if (error == 0) {
        *nr = op->u.getcpuinfo.nr_cpus;
        copy_some(idle_ns, list, (*nr < room ? *nr : room) * sizeof(*idle_ns));
    }
    return error;
}

/* ---- log and keys */

int hv_read_console(struct hv *hv, char *buffer, size_t bytes, bool clear, bool incremental,
                    uint32_t *index)
{
    if (bytes > INT32_MAX) {
        return -E2BIG;
    }
    const void *list = hv_list(hv, bytes);
    if (list == NULL) {
        return -ENOMEM;
    }
    struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_readconsole);
    op->u.readconsole.clear = clear;
    op->u.readconsole.incremental = incremental;
    op->u.readconsole.index = *index;
    op->u.readconsole.buffer = hv_handle(list);
    op->u.readconsole.count = (uint32_t)bytes;
    const int error = hv_sysctl(hv);
    if (error < 0) {
        return error;
    }
    const uint32_t count = op->u.readconsole.count;
    if (count > bytes) {
        return -EPROTO;
    }
    memcpy(buffer, list, count);
    *index = op->u.readconsole.index;
    return (int)count;
}

int hv_send_debug_keys(struct hv *hv, const char *keys)
{
    const size_t bytes = strlen(keys);
    if (bytes > CALL_SMALL_BYTES) {
        return -E2BIG;
    }
    const void *copy = memcpy(hv_small(hv, 0), keys, bytes);
    struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_debug_keys);
    op->u.debug_keys.keys = hv_handle(copy);
    op->u.debug_keys.nr_keys = (uint32_t)bytes;
    return hv_sysctl(hv);
}

/* ---- pools of CPUs */

static struct xen_sysctl_cpupool_op *begin_pool(struct hv *hv, uint32_t command, uint32_t pool)
{
    struct xen_sysctl_cpupool_op *op = &hv_begin_sysctl(hv, XEN_SYSCTL_cpupool_op)->u.cpupool_op;
    op->op = command;
    op->cpupool_id = pool;
    return op;
}

/* -EAGAIN: a vCPU must leave the CPU first. The hypervisor is at it; not for ever. */
static int end_pool(struct hv *hv)
{
    int error = hv_sysctl(hv);
    for (unsigned i = 0; i < POOL_TRIES && error == -EAGAIN; i++) {
        error = hv_sysctl(hv);
    }
    return error;
}

int hv_get_pool(struct hv *hv, uint32_t first, struct xen_sysctl_cpupool_op *info, uint64_t *cpus,
                unsigned nr_cpus)
{
    if (nr_cpus > CALL_MAX_BITS) {
        return -E2BIG;
    }
    struct xen_sysctl_cpupool_op *op = begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_INFO, first);
    op->cpumap = hv_begin_set(hv, 0, NULL, nr_cpus);
    const int error = end_pool(hv);
    if (error == 0) {
        *info = *op;
        hv_end_set(hv, 0, cpus, nr_cpus);
    }
    return error;
}

int hv_create_pool(struct hv *hv, uint32_t sched_id, uint32_t *pool)
{
    struct xen_sysctl_cpupool_op *op = begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_CREATE, *pool);
    op->sched_id = sched_id;
    const int error = end_pool(hv);
    if (error == 0) {
        *pool = op->cpupool_id;
    }
    return error;
}

int hv_destroy_pool(struct hv *hv, uint32_t pool)
{
    begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_DESTROY, pool);
    return end_pool(hv);
}

int hv_add_pool_cpu(struct hv *hv, uint32_t pool, uint32_t cpu)
{
    begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_ADDCPU, pool)->cpu = cpu;
    return end_pool(hv);
}

int hv_remove_pool_cpu(struct hv *hv, uint32_t pool, uint32_t cpu)
{
    begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_RMCPU, pool)->cpu = cpu;
    return end_pool(hv);
}

int hv_move_domain(struct hv *hv, uint32_t pool, uint16_t domid)
{
    begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_MOVEDOMAIN, pool)->domid = domid;
    return end_pool(hv);
}

int hv_get_free_cpus(struct hv *hv, uint64_t *cpus, unsigned nr_cpus)
{
    if (nr_cpus > CALL_MAX_BITS) {
        return -E2BIG;
    }
    begin_pool(hv, XEN_SYSCTL_CPUPOOL_OP_FREEINFO, 0)->cpumap = hv_begin_set(hv, 0, NULL, nr_cpus);
    const int error = end_pool(hv);
    if (error == 0) {
        hv_end_set(hv, 0, cpus, nr_cpus);
    }
    return error;
}
