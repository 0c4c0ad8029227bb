/* SPDX-License-Identifier: MIT */
/*
 * 2-level: a bitmap of pending ports and one of masked ports in the shared info page, and in each
 * vCPU's vcpu_info a selector word with a bit for each 64-bit word of the bitmap that has news.
 */
#include "abi/event.h"
#include "abi/xen.h"
#include "evtchn/port.h"

#define PENDING offsetof(struct xen_shared_info, evtchn_pending)
#define MASK    offsetof(struct xen_shared_info, evtchn_mask)

static bool test_bit(const struct gpage *page, u32 offset, u32 bit)
{
    return (gpage_read64(page, offset + bit / 64 * 8) >> (bit % 64)) & 1;
}

static void select_and_raise(struct domain *d, u32 port, u64 word)
{
    struct vcpu *v = port_vcpu(d, word);
    if (v != NULL && upcall_select(v, port / 64)) {
        upcall_raise(v);
    }
}

/* It was not a moment ago. Apart, so that a look needs no stack. */
static __noinline void set(struct domain *d, u32 port, u64 word)
{
    struct gpage *page = &d->evtchn->shared;
    if (gpage_test_and_set_bit(page, PENDING, port)) {
        return;
    }
    if (!test_bit(page, MASK, port)) {
        select_and_raise(d, port, word);
    }
    poll_wake(d, port);
}

static void set_pending(struct domain *d, struct evtchn *chn, u32 port, u64 word)
{
    /*
     * What the sender wrote for the receiver, before the bit is looked at: seen set here, it is
     * cleared later, and what the receiver reads after that is new. A look is cheaper than a set.
     */
    fence_full();
    if (!test_bit(&d->evtchn->shared, PENDING, port)) {
        set(d, port, word);
    }
}

static void clear_pending(struct domain *d, struct evtchn *chn, u32 port)
{
    (void)gpage_test_and_clear_bit(&d->evtchn->shared, PENDING, port);
}

static void unmask(struct domain *d, struct evtchn *chn, u32 port, u64 word)
{
    struct gpage *page = &d->evtchn->shared;
    /* The clear is a full barrier: a sender that still saw the mask has set the bit that we look at
     * next. */
    if (gpage_test_and_clear_bit(page, MASK, port) && test_bit(page, PENDING, port)) {
        select_and_raise(d, port, word);
    }
}

static bool is_pending(struct domain *d, struct evtchn *chn, u32 port)
{
    return test_bit(&d->evtchn->shared, PENDING, port);
}

static bool is_masked(struct domain *d, u32 port)
{
    return test_bit(&d->evtchn->shared, MASK, port);
}

static bool is_busy(struct domain *d, u32 port)
{
    return false;
}

const struct evtchn_abi evtchn_two_level = {
    .nr_ports = EVTCHN_2L_NR_CHANNELS,
    .set_pending = set_pending,
    .clear_pending = clear_pending,
    .unmask = unmask,
    .is_pending = is_pending,
    .is_masked = is_masked,
    .is_busy = is_busy,
};
