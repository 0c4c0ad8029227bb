/* SPDX-License-Identifier: MIT */
#include "abi/xen.h"
#include "evtchn/port.h"

/*
 * The hot path: no lock, the port's word and the peer's word read once each (evtchn/port.h argues
 * it). device: WORD_DEVICE if an emulated device sends, 0 if the domain does.
 */
static inline enum err send(struct domain *d, port_t port, u64 device)
{
    struct evtchn *chn = port_find(d->evtchn, port.port);
    if (unlikely(chn == NULL)) {
        return E_INVAL;
    }
    u64 word = port_word(chn);
    if (unlikely((word & WORD_DEVICE) != device)) {
        return E_INVAL;
    }
    switch (word_state(word)) {
    case PORT_INTERDOMAIN: {
        struct domain *remote = load_relaxed(&chn->peer);
        if (unlikely(!domid_eq(remote->id, word_domid(word)))) {
            return OK; /* closed and opened anew since we read the word: as if closed a moment
                          before */
        }
        u32 peer_port = word_peer(word);
        struct evtchn *peer = port_find(remote->evtchn, peer_port);
        u64 w = port_word(peer);
        if (likely(word_state(w) == PORT_INTERDOMAIN && word_peer(w) == port.port &&
                   domid_eq(word_domid(w), d->id))) {
            if (unlikely(w & WORD_DEVICE)) {
                evtchn_up_device(remote, (port_t){peer_port});
            } else {
                port_raise(remote, peer, peer_port, w);
            }
        }
        return OK;
    }
    case PORT_IPI:
        port_raise(d, chn, port.port, word);
        return OK;
    case PORT_UNBOUND:
        return OK; /* nobody there: silently dropped */
    default:
        return E_INVAL;
    }
}

enum err evtchn_send(struct domain *d, port_t port)
{
    return send(d, port, 0);
}

void evtchn_send_device(struct domain *d, port_t port)
{
    err_ignore(send(d, port, WORD_DEVICE)); /* E_INVAL: closed, the domain is being torn down */
}

enum err evtchn_unmask(struct domain *d, port_t port)
{
    struct evtchn *chn = port_find(d->evtchn, port.port);
    if (unlikely(chn == NULL)) {
        return E_INVAL;
    }
    u64 word = port_word(chn);
    if (likely(word_state(word) > PORT_RESERVED)) {
        load_acquire(&d->evtchn->abi)->unmask(d, chn, port.port, word);
    }
    return OK;
}

bool evtchn_is_port_pending(struct domain *d, port_t port)
{
    struct evtchn *chn = port_find(d->evtchn, port.port);
    return chn != NULL && word_state(port_word(chn)) > PORT_RESERVED &&
           load_acquire(&d->evtchn->abi)->is_pending(d, chn, port.port);
}

/* --- sched_op poll --- */

enum poll_state { POLL_NONE, POLL_WAITING, POLL_DONE };

void evtchn_poll_begin(struct vcpu *v, u32 port)
{
    /* A sender that saw an earlier poll may be reading it: with the old one it misses us as if it
     * had come before, and with the new one it wakes us, for a port that is pending. */
    store_relaxed(&v->poll_port, port);
    store_release(&v->poll_state, POLL_WAITING);
    /*
     * Full barrier, as is the setting of a pending bit: either the sender sees us poll, or we,
     * looking at the ports after this, see what it sent.
     */
    atomic_add(&v->domain->evtchn->nr_polling, 1);
}

bool evtchn_poll_end(struct vcpu *v)
{
    u32 was = atomic_xchg(&v->poll_state, POLL_NONE);
    if (was != POLL_NONE) {
        atomic_sub(&v->domain->evtchn->nr_polling, 1);
    }
    return was == POLL_DONE;
}

void poll_wake(struct domain *d, u32 port)
{
    if (likely(load_relaxed(&d->evtchn->nr_polling) == 0)) {
        return;
    }
    for (u32 id = 0; id < d->max_vcpus; id++) {
        struct vcpu *v = load_acquire(&d->vcpu[id]);
        if (v == NULL || load_acquire(&v->poll_state) != POLL_WAITING) {
            continue;
        }
        u32 wants = load_relaxed(&v->poll_port);
        u32 expected = POLL_WAITING;
        if ((wants == 0 || wants == port) && atomic_cmpxchg(&v->poll_state, &expected, POLL_DONE)) {
            vcpu_raise(v, VCPU_WORK_POLL);
        }
    }
}
