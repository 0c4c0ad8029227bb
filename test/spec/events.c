/* SPDX-License-Identifier: MIT */
/*
 * Event channels. A port is one of
 *
 *   free | reserved (port 0) | unbound(for whom) | joined(domain, port) | virq(n) | ipi
 *
 * and joined is mutual: if (a, p) is joined with (b, q), then (b, q) with (a, p). A VIRQ has one
 * port a vCPU, or one a domain if it is global, and who looks for it by number finds that port.
 * Every port in use has a vCPU, which is there; only those that the tools open for a domain may
 * wait for its vCPU 0. FIFO: a queue remembers as its tail a port that is there. (It
 * remembers that queue as its last, unless the two came in records, which may be of two moments.)
 */
#include "dom/domain.h"
#include "evtchn/fifo.h"
#include "test/spec/spec.h"

static const struct domain *find(const struct spec_world *w, domid_t id)
{
    for (u32 i = 0; i < w->nr; i++) {
        if (domid_eq(w->domain[i]->id, id)) {
            return w->domain[i];
        }
    }
    return NULL;
}

static void check_joined(const struct spec_world *w, const struct domain *d, u32 port, u64 word)
{
    const struct domain *other = find(w, word_domid(word));
    spec_check(other != NULL && other->evtchn != NULL, "d%u port %u is joined to d%u, who is gone",
               d->id.id, port, word_domid(word).id);
    const struct evtchn *peer = port_find(other->evtchn, word_peer(word));
    const u64 back = peer != NULL ? port_word(peer) : 0;
    spec_check(word_state(back) == PORT_INTERDOMAIN && word_peer(back) == port &&
                   domid_eq(word_domid(back), d->id) && peer->peer == d,
               "d%u port %u is joined to d%u port %u, in state %u for d%u port %u", d->id.id, port,
               other->id.id, word_peer(word), word_state(back), word_domid(back).id,
               word_peer(back));
    spec_check(port_find(d->evtchn, port)->peer == other, "d%u port %u leads to another than d%u",
               d->id.id, port, other->id.id);
}

static void check_virq(const struct domain *d, u32 port, u64 word)
{
    const u32 virq = word_peer(word);
    spec_check(virq < ARRAY_LEN(d->vcpu[0]->virq_port), "d%u port %u: VIRQ %u", d->id.id, port,
               virq);
    const u32 vcpu = virq_is_global(virq) ? 0 : word_vcpu(word);
    spec_check(d->vcpu[vcpu]->virq_port[virq].port == port,
               "d%u port %u is VIRQ %u of vCPU %u, who knows port %u", d->id.id, port, virq, vcpu,
               d->vcpu[vcpu]->virq_port[virq].port);
}

static bool check_port(const struct spec_world *w, const struct domain *d, u32 port)
{
    const struct evtchn_table *t = d->evtchn;
    const u64 word = port_word(port_find(t, port));
    const enum port_state state = word_state(word);
    spec_check((state == PORT_RESERVED) == (port == 0) && state <= PORT_IPI,
               "d%u port %u in state %u", d->id.id, port, state);
    if (state <= PORT_RESERVED) {
        return false;
    }
    spec_check(port <= t->max_port && port < t->abi->nr_ports, "d%u port %u: it may not have it",
               d->id.id, port);
    const bool others = state == PORT_UNBOUND || state == PORT_INTERDOMAIN;
    spec_check(word_vcpu(word) < d->max_vcpus &&
                   (d->vcpu[word_vcpu(word)] != NULL || (others && word_vcpu(word) == 0)),
               "d%u port %u goes to vCPU %u", d->id.id, port, word_vcpu(word));
    if (state == PORT_INTERDOMAIN) {
        check_joined(w, d, port, word);
    } else if (state == PORT_VIRQ) {
        check_virq(d, port, word);
    }
    return true;
}

static void check_numbers(const struct domain *d, const struct vcpu *v)
{
    for (u32 virq = 0; virq < ARRAY_LEN(v->virq_port); virq++) {
        const u32 port = v->virq_port[virq].port;
        const struct evtchn *chn = port != 0 ? port_find(d->evtchn, port) : NULL;
        const u64 word = chn != NULL ? port_word(chn) : 0;
        spec_check(port == 0 || (word_state(word) == PORT_VIRQ && word_peer(word) == virq),
                   "d%u vCPU %u: VIRQ %u is port %u, which is in state %u", d->id.id, v->id, virq,
                   port, word_state(word));
    }
}

static void check_queues(const struct domain *d, const struct evtchn_fifo *f)
{
    for (u32 i = 0; i < f->nr_cpus; i++) {
        for (u32 q = 0; f->cpu[i] != NULL && q < NR_QUEUES; q++) {
            const u32 tail = f->cpu[i]->tail[q];
            const struct evtchn *chn = tail != 0 ? port_find(d->evtchn, tail) : NULL;
            spec_check(tail == 0 || chn != NULL,
                       "d%u: the tail of queue %u of vCPU %u is port %u, which is not there",
                       d->id.id, q, i, tail);
        }
    }
}

bool spec_events_check(const struct spec_world *w)
{
    for (u32 i = 0; i < w->nr; i++) {
        const struct domain *d = w->domain[i];
        if (d->evtchn == NULL) {
            continue;
        }
        u32 in_use = 0;
        for (u32 port = 0; port < d->evtchn->nr_ports; port++) {
            const bool used = check_port(w, d, port);
            in_use += used;
            spec_check(used || port == 0 || port >= d->evtchn->scan ||
                           port >= d->evtchn->scan_again,
                       "d%u port %u is free, and the search passes it by", d->id.id, port);
        }
        spec_check(d->evtchn->nr_active == in_use, "d%u: %u ports in use, counted %u", d->id.id,
                   in_use, d->evtchn->nr_active);
        for (u32 v = 0; v < d->max_vcpus; v++) {
            if (d->vcpu[v] != NULL) {
                check_numbers(d, d->vcpu[v]);
            }
        }
        if (d->evtchn->fifo != NULL) {
            check_queues(d, d->evtchn->fifo);
        }
    }
    return true;
}
