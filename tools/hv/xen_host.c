// SPDX-License-Identifier: MIT
#include "hv/xen_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xencall.h>

#include "abi/event.h"
#include "abi/sched.h"
#include "abi/sysctl.h"

#define BUFFERS 16
#define COUNTED 256

struct xen_host xen_host;
static struct xen_host_domain domain[XEN_HOST_DOMAINS];
static struct {
    uint8_t *at;
    size_t bytes;
} buffer[BUFFERS];
static struct {
    unsigned call;
    uint64_t command;
    unsigned nr;
} counted[COUNTED];
static unsigned steps_left, nr_handles;
static int step_error;
static bool has_failed;
static char handle_of_call;

/* ---- what tests ask for */

void xen_host_start(void)
{
    for (unsigned i = 0; i < XEN_HOST_DOMAINS; i++) {
        if (domain[i].exists) {
            xen_host_free(&domain[i]);
        }
    }
    memset(domain, 0, sizeof(domain));
    memset(counted, 0, sizeof(counted));
    steps_left = 0;
    has_failed = false;
    xen_host = (struct xen_host){
        .domctl_version = XEN_DOMCTL_INTERFACE_VERSION,
        .sysctl_version = XEN_SYSCTL_INTERFACE_VERSION,
        .is_control = true,
        .free_pages = 262144,
        .max_order = 18,
        .has_claim = true,
        .has_gicv2 = true,
        .has_gicv3 = true,
        .log = "(KANSO) a line\n",
    };
    xen_host_reset_machine();
    xen_host_forget_changes();
    domain[0] = (struct xen_host_domain){
        .exists = true, .max_vcpus = 2, .pages = 65536, .memory = memfd_create("dom0", 0)};
}

struct xen_host_domain *xen_host_slot(uint16_t domid)
{
    return &domain[domid];
}

struct xen_host_domain *xen_host_find(uint16_t domid)
{
    return domid < XEN_HOST_DOMAINS && domain[domid].exists ? &domain[domid] : NULL;
}

void xen_host_arm(unsigned k, int error)
{
    steps_left = k;
    step_error = error;
    has_failed = false;
    xen_host.nr_calls = 0;
}

bool xen_host_disarm(void)
{
    steps_left = 0;
    return has_failed;
}

int xen_host_step(void)
{
    xen_host.nr_calls++;
    if (steps_left == 0 || --steps_left > 0) {
        return 0;
    }
    has_failed = true;
    return -step_error;
}

static void count(unsigned call, uint64_t command)
{
    for (unsigned i = 0; i < COUNTED; i++) {
        if (counted[i].nr == 0 || (counted[i].call == call && counted[i].command == command)) {
            counted[i].call = call;
            counted[i].command = command;
            counted[i].nr++;
            return;
        }
    }
    abort();
}

unsigned xen_host_count(unsigned call, uint64_t command)
{
    for (unsigned i = 0; i < COUNTED; i++) {
        if (counted[i].nr > 0 && counted[i].call == call && counted[i].command == command) {
            return counted[i].nr;
        }
    }
    return 0;
}

bool xen_host_is_clean(void)
{
    return xen_host.nr_mapped == 0 && xen_host.nr_buffers == 0 && nr_handles == 0;
}

void xen_host_handles(int change)
{
    nr_handles += (unsigned)change;
}

/* ---- libxencall */

xencall_handle *xencall_open(struct xentoollog_logger *logger, unsigned flags)
{
    const int error = xen_host.open_error != 0 ? xen_host.open_error : -xen_host_step();
    if (error != 0) {
        errno = error;
        return NULL;
    }
    nr_handles++;
    return (xencall_handle *)(void *)&handle_of_call;
}

int xencall_close(xencall_handle *call)
{
    nr_handles--;
    return 0;
}

void *xencall_alloc_buffer(xencall_handle *call, size_t bytes)
{
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (buffer[i].at == NULL) {
            buffer[i].at = xen_host_step() == 0 ? calloc(1, bytes) : NULL;
            buffer[i].bytes = bytes;
            xen_host.nr_buffers += buffer[i].at != NULL;
            return buffer[i].at;
        }
    }
    abort();
}

void xencall_free_buffer(xencall_handle *call, void *p)
{
    for (unsigned i = 0; i < BUFFERS; i++) {
        if (p != NULL && buffer[i].at == p) {
            free(p);
            buffer[i].at = NULL;
            xen_host.nr_buffers--;
            return;
        }
    }
    abort();
}

void *xen_host_buffer(guest_handle_t handle, size_t bytes)
{
    for (unsigned i = 0; i < BUFFERS; i++) {
        const uintptr_t start = (uintptr_t)buffer[i].at;
        if (start != 0 && handle.p >= start && handle.p - start <= buffer[i].bytes &&
            bytes <= buffer[i].bytes - (handle.p - start)) {
            return buffer[i].at + (handle.p - start);
        }
    }
    return NULL;
}

/* ---- the other calls */

static long hvm_op(uint64_t command, struct xen_hvm_param *op)
{
    struct xen_host_domain *d = xen_host_find(op->domid);
    if (d == NULL) {
        return -ESRCH;
    }
    if (op->index >= HVM_NR_PARAMS) {
        return -EINVAL;
    }
    if (command == HVMOP_set_param) {
        d->param[op->index] = op->value;
    } else {
        op->value = d->param[op->index];
    }
    return 0;
}

static long sched_op(uint64_t command, const struct xen_sched_remote_shutdown *op)
{
    struct xen_host_domain *d = xen_host_find(op->domain_id);
    if (command != SCHEDOP_remote_shutdown) {
        return -ENOSYS;
    }
    if (d == NULL) {
        return -ESRCH;
    }
    d->is_shut_down = true;
    xen_host_mark_changed(d->domid);
    d->shutdown_reason = op->reason;
    return 0;
}

static long event_op(uint64_t command, void *argument)
{
    struct xen_evtchn_status *status = argument;
    struct xen_evtchn_alloc_unbound *alloc = argument;
    struct xen_host_domain *d =
        xen_host_find(command == EVTCHNOP_status ? status->dom : alloc->dom);
    if (d == NULL) {
        return -ESRCH;
    }
    if (command == EVTCHNOP_status) {
        if (status->port >= XEN_HOST_PORTS) {
            return -EINVAL;
        }
        *status = d->port[status->port];
        return 0;
    }
    for (unsigned i = 1; command == EVTCHNOP_alloc_unbound && i < XEN_HOST_PORTS; i++) {
        if (d->port[i].status == EVTCHNSTAT_closed) {
            d->port[i].dom = d->domid;
            d->port[i].port = i;
            d->port[i].status = EVTCHNSTAT_unbound;
            d->port[i].u.unbound.dom = alloc->remote_dom;
            alloc->port = i;
            return 0;
        }
    }
    return command == EVTCHNOP_alloc_unbound ? -ENOSPC : -ENOSYS;
}

static long answer(long result)
{
    if (result < 0) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

int xencall1(xencall_handle *call, unsigned op, uint64_t argument)
{
    const long error = xen_host_step();
    const size_t bytes =
        op == __HYPERVISOR_domctl ? sizeof(struct xen_domctl) : sizeof(struct xen_sysctl);
    void *structure = xen_host_buffer((guest_handle_t){argument}, bytes);
    if (error != 0 || structure == NULL) {
        return (int)answer(error != 0 ? error : -EFAULT);
    }
    count(op, *(const uint32_t *)structure);
    switch (op) {
    case __HYPERVISOR_domctl:
        return (int)answer(xen_host_domctl(structure));
    case __HYPERVISOR_sysctl:
        return (int)answer(xen_host_sysctl(structure));
    default:
        return (int)answer(-ENOSYS);
    }
}

long xencall2L(xencall_handle *call, unsigned op, uint64_t command, uint64_t argument)
{
    const long error = xen_host_step();
    void *structure = xen_host_buffer((guest_handle_t){argument}, 64);
    if (error != 0 || structure == NULL) {
        return answer(error != 0 ? error : -EFAULT);
    }
    count(op, command);
    switch (op) {
    case __HYPERVISOR_memory_op:
        return answer(xen_host_memory_op(command, structure));
    case __HYPERVISOR_hvm_op:
        return answer(hvm_op(command, structure));
    case __HYPERVISOR_sched_op:
        return answer(sched_op(command, structure));
    case __HYPERVISOR_event_channel_op:
        return answer(event_op(command, structure));
    case __HYPERVISOR_xen_version:
        return answer(xen_host_version(command, structure));
    default:
        return answer(-ENOSYS);
    }
}
