/* SPDX-License-Identifier: MIT */
/* sysctl(op): the machine as a whole, for the tools; the table, and what reads or steers the log
 * and the list. */
#include "abi/sysctl.h"

#include "abi/xen.h"
#include "base/bits.h"
#include "call/call.h"
#include "call/control.h"
#include "cpu/speculation.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "log/console.h"
#include "log/log.h"

#define LOG_CHUNK_BYTES   512u
#define LOG_BYTES_AT_ONCE 16384u
/* Set in cmd while getdomaininfolist is under way: first_domain, max_domains, buffer have moved on.
 * Ours alone: no operation has so high a number, and who sets it himself only reads less of the
 * list. */
#define UNDER_WAY (1u << 31)

/*
 * The log from index on, or from its oldest byte. May stop early: the tools come again with the
 * index until they get nothing. Positions are 64 bits here and 32 in the ABI: the difference to the
 * oldest byte is what counts.
 */
static enum err read_console(struct xen_sysctl *op)
{
    struct xen_sysctl_readconsole *r = &op->u.readconsole;
    u64 at = log_ring_start();
    u64 end = log_ring_end();
    if (r->incremental) {
        u32 ahead = r->index - (u32)at;
        at += ahead <= end - at ? ahead : 0;
    }
    u32 done = 0;
    const u32 room = MIN(r->count, LOG_BYTES_AT_ONCE);
    while (done < room) {
        char text[LOG_CHUNK_BYTES];
        u32 got = log_ring_read(&at, text, MIN(room - done, LOG_CHUNK_BYTES));
        if (got == 0) {
            break;
        }
        if (copy_out((gva_t){r->buffer.p + done}, text, got) != OK) {
            return E_FAULT;
        }
        done += got;
    }
    if (r->clear) {
        log_ring_clear();
    }
    r->count = done;
    r->index = (u32)at;
    return OK;
}

static enum err debug_keys(struct xen_sysctl *op)
{
    const struct xen_sysctl_debug_keys *k = &op->u.debug_keys;
    for (u32 i = 0; i < k->nr_keys; i++) {
        char key;
        if (copy_in_nth(&key, (gva_t){k->keys.p}, i, 1) != OK) {
            return E_FAULT;
        }
        console_debug_key(key); /* dumps are exempt from the bound */
    }
    return OK;
}

static enum err list_domains(struct xen_sysctl *op)
{
    struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
    if (!(op->cmd & UNDER_WAY)) {
        l->num_domains = 0;
    }
    op->cmd &= ~UNDER_WAY;
    for (u32 n = 0; l->max_domains != 0; n++) {
        struct domain *d = dom_next((domid_t){l->first_domain});
        if (d == NULL) {
            break;
        }
        if (n != 0 && call_should_restart()) {
            op->cmd |= UNDER_WAY;
            return E_RESTART;
        }
        struct xen_domctl_getdomaininfo info;
        control_domain_info(d, &info);
        if (copy_out((gva_t){l->buffer.p}, &info, sizeof(info)) != OK) {
            return E_FAULT;
        }
        l->buffer.p += sizeof(info);
        l->max_domains--;
        l->num_domains++;
        l->first_domain = (u16)(d->id.id + 1);
    }
    return OK;
}

/* [c] By number; an empty row answers -ENOSYS. */
static sysctl_fn *const ops[32] = {
    [XEN_SYSCTL_readconsole] = read_console,
    [XEN_SYSCTL_physinfo] = sysctl_physinfo,
    [XEN_SYSCTL_sched_id] = sysctl_sched_id,
    [XEN_SYSCTL_getdomaininfolist] = list_domains,
    [XEN_SYSCTL_debug_keys] = debug_keys,
    [XEN_SYSCTL_getcpuinfo] = sysctl_cpu_info,
    [XEN_SYSCTL_availheap] = sysctl_avail_heap,
    [XEN_SYSCTL_cputopoinfo] = sysctl_cpu_topology,
    [XEN_SYSCTL_numainfo] = sysctl_numa_info,
    [XEN_SYSCTL_cpupool_op] = sysctl_cpupool_op,
    [XEN_SYSCTL_scheduler_op] = sysctl_scheduler_op,
};

s64 call_sysctl(struct vcpu *v, struct call_args *args)
{
    const gva_t argument = {args->arg[0]};
    struct xen_sysctl op;
    if (copy_in(&op, argument, sizeof(op)) != OK) {
        return E_FAULT;
    }
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION) {
        return E_ACCES;
    }
    const u32 cmd = op.cmd & ~UNDER_WAY;
    enum err e = permission_check(v->domain, NULL, __HYPERVISOR_sysctl, cmd);
    if (e != OK) {
        return e;
    }
    if (cmd >= ARRAY_LEN(ops) || ops[index_clamp(cmd, ARRAY_LEN(ops))] == NULL) {
        return E_NOSYS;
    }
    e = ops[index_clamp(cmd, ARRAY_LEN(ops))](&op);
    bool back = e == OK || e == E_RESTART;
    return back && copy_out(argument, &op, sizeof(op)) != OK ? E_FAULT : e;
}
