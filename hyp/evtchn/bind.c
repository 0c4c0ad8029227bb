/* SPDX-License-Identifier: MIT */
/* Making, changing and closing ports: event_channel_op as abi/event.h has it, with the results of
 * Xen 4.17. */
#include "abi/event.h"
#include "dom/policy.h"
#include "evtchn/port.h"

/* device: WORD_DEVICE or 0. */
static enum err alloc(struct domain *d, domid_t remote, u64 device, port_t *out)
{
    if (!domain_policy_open) { /* open, the remote need not even be there yet */
        struct domain *r = dom_find_or_self(remote);
        if (r == NULL) {
            return E_SRCH;
        }
        if (!domain_may_share(d, r)) {
            return E_PERM;
        }
    }
    domid_t id = domid_eq(remote, DOMID_SELF) ? vcpu_current()->domain->id : remote;
    struct evtchn *chn;
    spin_lock(&d->evtchn->lock);
    enum err e = port_take(d, &out->port, &chn);
    if (e == OK) {
        port_bind(d, chn, PORT_UNBOUND, 0, 0, id);
        port_set_word(chn, chn->word | device);
        d->evtchn->nr_devices += device != 0;
    }
    spin_unlock(&d->evtchn->lock);
    return e;
}

enum err evtchn_alloc_unbound(struct domain *d, domid_t remote, port_t *out)
{
    return alloc(d, remote, 0, out);
}

enum err evtchn_alloc_device(struct domain *d, domid_t remote, port_t *out)
{
    return alloc(d, remote, WORD_DEVICE, out);
}

static enum err bind_interdomain_locked(struct domain *d, struct domain *remote, u32 remote_port,
                                        port_t *out) REQUIRES(d->evtchn->lock)
{
    struct evtchn *local;
    enum err e = port_take(d, &out->port, &local);
    if (e != OK) {
        return e;
    }
    struct evtchn *peer = port_find(remote->evtchn, remote_port);
    u64 word = peer == NULL ? 0 : peer->word;
    if (word_state(word) != PORT_UNBOUND || !domid_eq(word_domid(word), d->id)) {
        return E_INVAL;
    }
    if (!domain_may_share(d, remote)) {
        return E_PERM;
    }
    store_relaxed(&local->peer, remote); /* before the words, which release them */
    store_relaxed(&peer->peer, d);
    port_bind(d, local, PORT_INTERDOMAIN, 0, remote_port, remote->id);
    port_set_word(peer, word_join(word, PORT_INTERDOMAIN, out->port, d->id));
    /* What was sent to the unbound port is lost: the new port starts with an event, to be safe. */
    port_raise(d, local, out->port, local->word);
    return OK;
}

enum err evtchn_bind_interdomain(struct domain *d, struct domain *remote, port_t remote_port,
                                 port_t *out)
{
    spin_lock_pair(&d->evtchn->lock, &remote->evtchn->lock);
    enum err e = bind_interdomain_locked(d, remote, remote_port.port, out);
    spin_unlock_pair(&d->evtchn->lock, &remote->evtchn->lock);
    return e;
}

enum err evtchn_bind_ipi(struct domain *d, u32 vcpu, port_t *out)
{
    if (vcpu_find(d, vcpu) == NULL) {
        return E_NOENT;
    }
    struct evtchn *chn;
    spin_lock(&d->evtchn->lock);
    enum err e = port_take(d, &out->port, &chn);
    if (e == OK) {
        port_bind(d, chn, PORT_IPI, vcpu, 0, d->id);
    }
    spin_unlock(&d->evtchn->lock);
    return e;
}

/* Both tables are locked when the port is INTERDOMAIN (remote is its peer), else at least d's. */
static void close_locked(struct domain *d, struct evtchn *chn, u32 port, struct domain *remote)
    REQUIRES(d->evtchn->lock)
{
    u64 word = chn->word;
    if (word_state(word) == PORT_VIRQ) {
        virq_unbind(d, word_peer(word), port);
    }
    if (word_state(word) == PORT_INTERDOMAIN) {
        struct evtchn *peer = port_find(remote->evtchn, word_peer(word));
        assert(peer != NULL);
        port_set_word(peer, word_join(peer->word, PORT_UNBOUND, 0, d->id));
    }
    d->evtchn->nr_devices -= (word & WORD_DEVICE) != 0;
    port_free(d, chn, port);
}

/* The port was joined to remote when we last held d's lock. */
static enum err close_joined(struct domain *d, struct evtchn *chn, u32 port, struct domain *remote)
{
    enum err e = OK;
    spin_lock_pair(&d->evtchn->lock, &remote->evtchn->lock);
    enum port_state state = word_state(chn->word);
    if (state <= PORT_RESERVED || (state == PORT_INTERDOMAIN && chn->peer != remote)) {
        e = E_INVAL; /* somebody closed it meanwhile (and opened it anew): our close came second */
    } else {
        close_locked(d, chn, port, remote);
    }
    spin_unlock_pair(&d->evtchn->lock, &remote->evtchn->lock);
    return e;
}

enum err port_close(struct domain *d, port_t port, u64 devices)
{
    struct evtchn *chn = port_find(d->evtchn, port.port);
    if (chn == NULL) {
        return E_INVAL;
    }
    spin_lock(&d->evtchn->lock);
    bool kept = chn->word & WORD_DEVICE & ~devices;
    enum port_state state = kept ? PORT_RESERVED : word_state(chn->word);
    struct domain *remote = chn->peer;
    if (state > PORT_RESERVED && state != PORT_INTERDOMAIN) {
        close_locked(d, chn, port.port, NULL);
    }
    spin_unlock(&d->evtchn->lock);
    if (state == PORT_INTERDOMAIN) {
        /* Two locks want their order. The peer's domain is borrowed: it stays until this exit ends.
         */
        return close_joined(d, chn, port.port, remote);
    }
    return state <= PORT_RESERVED ? E_INVAL : OK;
}

enum err evtchn_close(struct domain *d, port_t port)
{
    return port_close(d, port, 0);
}

void evtchn_close_device(struct domain *d, port_t port)
{
    err_ignore(port_close(d, port, WORD_DEVICE)); /* E_INVAL: the teardown was here before */
}

static enum err bind_vcpu_locked(struct evtchn *chn, u32 vcpu)
{
    u64 word = chn->word;
    if (word & WORD_DEVICE) {
        return E_INVAL;
    }
    switch (word_state(word)) {
    case PORT_VIRQ:
        if (!virq_is_global(word_peer(word))) {
            return E_INVAL;
        }
        break;
    case PORT_UNBOUND:
    case PORT_INTERDOMAIN:
        break;
    default:
        return E_INVAL;
    }
    port_set_word(chn, word_make(word_state(word), word_priority(word), vcpu, word_peer(word),
                                 word_domid(word)));
    return OK;
}

enum err evtchn_bind_vcpu(struct domain *d, port_t port, u32 vcpu)
{
    if (vcpu_find(d, vcpu) == NULL) {
        return E_NOENT;
    }
    struct evtchn *chn = port_find(d->evtchn, port.port);
    if (chn == NULL) {
        return E_INVAL;
    }
    spin_lock(&d->evtchn->lock);
    enum err e = bind_vcpu_locked(chn, vcpu);
    spin_unlock(&d->evtchn->lock);
    return e;
}

enum err evtchn_status(struct domain *d, port_t port, struct xen_evtchn_status *out)
{
    struct evtchn *chn = port_find(d->evtchn, port.port);
    if (chn == NULL) {
        return E_INVAL;
    }
    u64 word = port_word(chn);
    if (word & WORD_DEVICE) {
        return E_ACCES;
    }
    switch (word_state(word)) {
    case PORT_UNBOUND:
        out->status = EVTCHNSTAT_unbound;
        out->u.unbound.dom = word_domid(word).id;
        break;
    case PORT_INTERDOMAIN:
        out->status = EVTCHNSTAT_interdomain;
        out->u.interdomain.dom = word_domid(word).id;
        out->u.interdomain.port = word_peer(word);
        break;
    case PORT_VIRQ:
        out->status = EVTCHNSTAT_virq;
        out->u.virq = word_peer(word);
        break;
    case PORT_IPI:
        out->status = EVTCHNSTAT_ipi;
        break;
    default:
        out->status = EVTCHNSTAT_closed;
        break;
    }
    out->vcpu = word_vcpu(word);
    return OK;
}
