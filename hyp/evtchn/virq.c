/* SPDX-License-Identifier: MIT */
/*
 * Events of the hypervisor's. A per-vCPU one is bound and raised on its vCPU; a global one is bound
 * on vCPU 0 and may then be moved. Anybody may bind any of them, as on Xen; a global one is raised
 * in the domain that it concerns only, which is dom0.
 */
#include "abi/xen.h"
#include "evtchn/port.h"

_Static_assert(ARRAY_LEN(((struct vcpu *)0)->virq_port) == NR_VIRQS, "a port for each");

bool virq_is_global(u32 virq)
{
    switch (virq) {
    case VIRQ_TIMER:
    case VIRQ_DEBUG:
    case VIRQ_XENOPROF:
    case VIRQ_XENPMU:
        return false;
    default:
        return true;
    }
}

enum err evtchn_bind_virq(struct domain *d, u32 virq, u32 vcpu, port_t *out)
{
    if (virq >= NR_VIRQS || (virq_is_global(virq) && vcpu != 0)) {
        return E_INVAL;
    }
    struct vcpu *v = vcpu_find(d, vcpu);
    if (v == NULL) {
        return E_NOENT;
    }
    port_t *slot = &v->virq_port[index_clamp(virq, NR_VIRQS)];
    struct evtchn *chn;
    spin_lock(&d->evtchn->lock);
    enum err e = slot->port != 0 ? E_EXIST : port_take(d, &out->port, &chn);
    if (e == OK) {
        port_bind(d, chn, PORT_VIRQ, vcpu, virq, d->id);
        store_release(&slot->port,
                      out->port); /* after the word: who finds the port finds it bound */
    }
    spin_unlock(&d->evtchn->lock);
    return e;
}

void virq_unbind(struct domain *d, u32 virq, u32 port)
{
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        if (v->virq_port[virq].port == port) {
            store_relaxed(&v->virq_port[virq].port, 0);
        }
    }
}

/* Without the lock, as evtchn_send(): a port that has been closed since is not a port of this VIRQ
 * any more. */
void evtchn_raise_virq(struct vcpu *v, u32 virq)
{
    struct domain *d = v->domain;
    u32 port = load_acquire(&v->virq_port[virq].port);
    if (port == 0) {
        return;
    }
    struct evtchn *chn = port_find(d->evtchn, port);
    u64 word = port_word(chn);
    if (word_state(word) == PORT_VIRQ && word_peer(word) == virq) {
        port_raise(d, chn, port, word);
    }
}

void evtchn_raise_global_virq(struct domain *d, u32 virq)
{
    struct vcpu *v = d != NULL ? vcpu_find(d, 0) : NULL;
    if (v != NULL) {
        evtchn_raise_virq(v, virq);
    }
}
