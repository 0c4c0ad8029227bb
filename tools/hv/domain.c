// SPDX-License-Identifier: MIT
#include "abi/hvm.h"
#include "abi/sched.h"
#include "hv/call.h"

#include <stdlib.h>

/* The most that one call lists: the buffer for it is 72 KiB, and it holds a lock in Xen. */
#define LIST_BATCH 512U

/* Xen cleans no more than 1 GiB a call. */
#define FLUSH_BATCH (1U << 18)

static int simple(struct hv *hv, uint32_t command, uint16_t domid)
{
    hv_begin_domctl(hv, command, domid);
    return hv_domctl(hv);
}

int hv_create_domain(struct hv *hv, struct xen_domctl_createdomain *config, uint16_t *domid)
{
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_createdomain, *domid);
    op->u.createdomain = *config;
    const int error = hv_domctl(hv);
    if (error == 0) {
        *config = op->u.createdomain;
        *domid = op->domain;
    }
    return error;
}

int hv_destroy_domain(struct hv *hv, uint16_t domid)
{
    int error;
    do {
        error = simple(hv, XEN_DOMCTL_destroydomain, domid);
    } while (error == -EAGAIN); /* each time it has come further */
    return error;
}

int hv_pause_domain(struct hv *hv, uint16_t domid)
{
    return simple(hv, XEN_DOMCTL_pausedomain, domid);
}

int hv_unpause_domain(struct hv *hv, uint16_t domid)
{
    return simple(hv, XEN_DOMCTL_unpausedomain, domid);
}

int hv_resume_domain(struct hv *hv, uint16_t domid)
{
    return simple(hv, XEN_DOMCTL_resumedomain, domid);
}

int hv_shutdown_domain(struct hv *hv, uint16_t domid, uint32_t reason)
{
    struct xen_sched_remote_shutdown *op = hv_begin(hv);
    op->domain_id = domid;
    op->reason = reason;
    return (int)hv_call2(hv, __HYPERVISOR_sched_op, SCHEDOP_remote_shutdown);
}

int hv_get_domain(struct hv *hv, uint16_t domid, struct xen_domctl_getdomaininfo *info)
{
    const struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_getdomaininfo, domid);
    const int error = hv_domctl(hv);
    if (error != 0) {
        return error;
    }
    if (op->u.getdomaininfo.domain != domid) {
        return -ESRCH; /* that is the next one after it */
    }
    *info = op->u.getdomaininfo;
    return 0;
}

static int ask_state(struct hv *hv, uint16_t domid, uint16_t *whose, struct hv_domain_state *out)
{
    const struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_get_domain_state, domid);
    const int error = hv_domctl(hv);
    if (error == 0) {
        const unsigned state = op->u.get_domain_state.state;
        *out = (struct hv_domain_state){
            .exists = (state & XEN_DOMCTL_GETDOMSTATE_STATE_EXIST) != 0,
            .is_shut_down = (state & XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN) != 0,
            .is_dead = (state & XEN_DOMCTL_GETDOMSTATE_STATE_DEAD) != 0,
            .unique_id = op->u.get_domain_state.unique_id,
        };
        *whose = op->domain;
    }
    return error;
}

int hv_get_state(struct hv *hv, uint16_t domid, struct hv_domain_state *state)
{
    struct xen_domctl_getdomaininfo info;
    uint16_t whose;
    *state = (struct hv_domain_state){};
    int error = ask_state(hv, domid, &whose, state);
    if (error == -ENOSYS) {
        error = hv_get_domain(hv, domid, &info);
        if (error == 0) {
            state->exists = true;
            state->is_shut_down = (info.flags & XEN_DOMINF_shutdown) != 0;
            state->is_dead = (info.flags & XEN_DOMINF_dying) != 0;
        }
    }
    return error == -ESRCH ? 0 : error;
}

/* A hypervisor that does not have the operation looks for the domain first, and finds none. */
int hv_next_changed(struct hv *hv, uint16_t *domid, struct hv_domain_state *state)
{
    const int error = ask_state(hv, XEN_DOMID_INVALID, domid, state);
    return error == -ESRCH ? -ENOSYS : error;
}

int hv_list_domains(struct hv *hv, uint16_t first, struct xen_domctl_getdomaininfo *info,
                    unsigned max)
{
    const unsigned batch = max < LIST_BATCH ? max : LIST_BATCH;
    unsigned nr = 0;
    while (nr < max) {
        const unsigned room = max - nr < batch ? max - nr : batch;
        const void *list = hv_list(hv, (size_t)batch * sizeof(*info));
        if (list == NULL) {
            return -ENOMEM;
        }
        struct xen_sysctl *op = hv_begin_sysctl(hv, XEN_SYSCTL_getdomaininfolist);
        op->u.getdomaininfolist.first_domain = first;
        op->u.getdomaininfolist.max_domains = room;
        op->u.getdomaininfolist.buffer = hv_handle(list);
        const int error = hv_sysctl(hv);
        if (error < 0) {
            return error;
        }
        const unsigned got = op->u.getdomaininfolist.num_domains;
        if (got > room) {
            return -EPROTO;
        }
        memcpy(info + nr, list, got * sizeof(*info));
        nr += got;
        if (got < room) {
            break;
        }
        first = info[nr - 1].domain + 1;
    }
    return (int)nr;
}

int hv_list_all_domains(struct hv *hv, struct xen_domctl_getdomaininfo **out, unsigned *out_nr)
{
    struct xen_domctl_getdomaininfo *info = NULL;
    unsigned nr = 0;
    for (unsigned room = 32;; room *= 2) {
        struct xen_domctl_getdomaininfo *larger = realloc(info, room * sizeof(*info));
        if (larger == NULL) {
            free(info);
            return -ENOMEM;
        }
        info = larger;
        const uint16_t first = nr == 0 ? 0 : info[nr - 1].domain + 1;
        const int got = hv_list_domains(hv, first, info + nr, room - nr);
        if (got < 0) {
            free(info);
            return got;
        }
        nr += (unsigned)got;
        if (nr < room) {
            *out = info;
            *out_nr = nr;
            return 0;
        }
    }
}

int hv_set_max_vcpus(struct hv *hv, uint16_t domid, unsigned nr)
{
    hv_begin_domctl(hv, XEN_DOMCTL_max_vcpus, domid)->u.max_vcpus.max = nr;
    return hv_domctl(hv);
}

int hv_set_max_mem(struct hv *hv, uint16_t domid, uint64_t kib)
{
    hv_begin_domctl(hv, XEN_DOMCTL_max_mem, domid)->u.max_mem.max_memkb = kib;
    return hv_domctl(hv);
}

int hv_set_paging_pool(struct hv *hv, uint16_t domid, uint64_t bytes)
{
    int error;
    do {
        hv_begin_domctl(hv, XEN_DOMCTL_set_paging_mempool_size, domid)->u.paging_mempool.size =
            bytes;
        error = hv_domctl(hv);
    } while (error == -EAGAIN);
    return error;
}

int hv_get_paging_pool(struct hv *hv, uint16_t domid, uint64_t *bytes)
{
    const struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_get_paging_mempool_size, domid);
    const int error = hv_domctl(hv);
    if (error == 0) {
        *bytes = op->u.paging_mempool.size;
    }
    return error;
}

int hv_set_address_size(struct hv *hv, uint16_t domid, unsigned bits)
{
    hv_begin_domctl(hv, XEN_DOMCTL_set_address_size, domid)->u.address_size.size = bits;
    return hv_domctl(hv);
}

int hv_set_domain_handle(struct hv *hv, uint16_t domid, const uint8_t uuid[16])
{
    memcpy(hv_begin_domctl(hv, XEN_DOMCTL_setdomainhandle, domid)->u.setdomainhandle.handle, uuid,
           16);
    return hv_domctl(hv);
}

int hv_set_time_offset(struct hv *hv, uint16_t domid, int64_t seconds)
{
    hv_begin_domctl(hv, XEN_DOMCTL_settimeoffset, domid)->u.settimeoffset.time_offset_seconds =
        seconds;
    return hv_domctl(hv);
}

int hv_set_param(struct hv *hv, uint16_t domid, uint32_t index, uint64_t value)
{
    struct xen_hvm_param *op = hv_begin(hv);
    op->domid = domid;
    op->index = index;
    op->value = value;
    return (int)hv_call2(hv, __HYPERVISOR_hvm_op, HVMOP_set_param);
}

int hv_get_param(struct hv *hv, uint16_t domid, uint32_t index, uint64_t *value)
{
    struct xen_hvm_param *op = hv_begin(hv);
    op->domid = domid;
    op->index = index;
    const int error = (int)hv_call2(hv, __HYPERVISOR_hvm_op, HVMOP_get_param);
    if (error == 0) {
        *value = op->value;
    }
    return error;
}

int hv_flush_cache(struct hv *hv, uint16_t domid, uint64_t gfn, uint64_t nr)
{
    int error = 0;
    while (nr > 0 && error == 0) {
        const uint64_t batch = nr < FLUSH_BATCH ? nr : FLUSH_BATCH;
        struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_cacheflush, domid);
        op->u.cacheflush.start_pfn = gfn;
        op->u.cacheflush.nr_pfns = batch;
        error = hv_domctl(hv);
        gfn += batch;
        nr -= batch;
    }
    return error;
}

int hv_create_vuart(struct hv *hv, uint16_t domid, uint16_t console_domid, uint64_t gfn,
                    uint32_t *port)
{
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_vuart_op, domid);
    op->u.vuart_op.cmd = XEN_DOMCTL_VUART_OP_INIT;
    op->u.vuart_op.type = XEN_DOMCTL_VUART_TYPE_VPL011;
    op->u.vuart_op.gfn = gfn;
    op->u.vuart_op.console_domid = console_domid;
    const int error = hv_domctl(hv);
    if (error == 0) {
        *port = op->u.vuart_op.evtchn;
    }
    return error;
}

int hv_send_trigger(struct hv *hv, uint16_t domid, uint32_t trigger, uint32_t vcpu)
{
    struct xen_domctl *op = hv_begin_domctl(hv, XEN_DOMCTL_sendtrigger, domid);
    op->u.sendtrigger.trigger = trigger;
    op->u.sendtrigger.vcpu = vcpu;
    return hv_domctl(hv);
}
