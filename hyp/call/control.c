/* SPDX-License-Identifier: MIT */
#include "call/control.h"

#include "base/bits.h"
#include "base/string.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "mem/frame.h"
#include "time/time.h"

/* Bits of ours that a bitmap can have: CPUs. */
#define MAX_BITS           CPU_MAX
#define GUEST_ADDRESS_BITS 40

/*
 * A flag, not a lock: pausing a domain waits for other CPUs, which must not be waiting for us, and
 * the debug build forbids to wait with a lock held. Whoever finds it taken leaves EL2 and comes
 * again.
 */
static u32 busy;

bool control_try_begin(void)
{
    return atomic_xchg(&busy, 1u) == 0;
}

void control_end(void)
{
    store_release(&busy, 0u); /* what the operation changed is seen by the next */
}

enum err control_bitmap_out(const struct xen_xenctl_bitmap *to, const u64 *bits, u32 nr_bits)
{
    u8 bytes[MAX_BITS / 8] = {0};
    u32 room = (u32)div_up(to->nr_bits, 8);
    u32 ours = MIN(room, (u32)div_up(nr_bits, 8));
    for (u32 i = 0; i < nr_bits && i / 8 < ours; i++) {
        bytes[i / 8] |= (u8)(bitmap_test(bits, i) << i % 8);
    }
    if (to->nr_bits % 8 != 0 && ours == room && ours != 0) {
        bytes[ours - 1] &= (u8) ~(0xff << to->nr_bits % 8);
    }
    enum err e = ours != 0 ? copy_out((gva_t){to->bitmap.p}, bytes, ours) : OK;
    /* The caller may count more CPUs than there can be: zeros, but no more than a page of them. */
    if (e == OK && room > ours) {
        e = room - ours <= PAGE_SIZE ? copy_out_zero((gva_t){to->bitmap.p + ours}, room - ours)
                                     : E_INVAL;
    }
    return e;
}

enum err control_bitmap_in(const struct xen_xenctl_bitmap *from, u64 *bits, u32 nr_bits)
{
    u8 bytes[MAX_BITS / 8] = {0};
    u32 have = MIN(from->nr_bits, nr_bits);
    enum err e = have != 0 ? copy_in(bytes, (gva_t){from->bitmap.p}, (u32)div_up(have, 8)) : OK;
    memset(bits, 0, div_up(nr_bits, 64) * sizeof(u64));
    for (u32 i = 0; e == OK && i < have; i++) {
        if (bytes[i / 8] >> i % 8 & 1) {
            bitmap_set(bits, i);
        }
    }
    return e;
}

static u32 life_flags(struct domain *d)
{
    /* Code and flag of one moment: who sees the end acts on its reason. */
    spin_lock(&d->lock);
    /* The code of a domain that is not shut down is all ones, as Xen has it; the tools mask it. */
    const u32 code = d->shutdown_code == NO_SHUTDOWN_CODE ? ~0u : d->shutdown_code;
    const bool shut_down = d->shut_down;
    spin_unlock(&d->lock);
    return (load_relaxed(&d->life) == DOMAIN_DEAD ? XEN_DOMINF_dying : 0) |
           (shut_down ? XEN_DOMINF_shutdown : 0) |
           (load_relaxed(&d->paused_by_tools) ? XEN_DOMINF_paused : 0) |
           (load_relaxed(&d->debug_preempt) ? XEN_DOMINF_debugged : 0) |
           (d->create_flags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMINF_xs_domain : 0) |
           (d->create_flags & XEN_DOMCTL_CDF_hvm ? XEN_DOMINF_hvm_guest : 0) | XEN_DOMINF_hap |
           code << XEN_DOMINF_shutdownshift;
}

/* Blocked until a vCPU is found that is not; running if one is on a CPU. Offline ones do not count.
 */
static u32 vcpu_flags(struct domain *d, struct xen_domctl_getdomaininfo *out)
{
    u32 flags = XEN_DOMINF_blocked;
    u64 now = clock_ns();
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        struct sched_times times;
        sched_read_times(&v->unit, &times);
        out->cpu_time += times.time_ns[UNIT_RUNNING];
        if (times.state == UNIT_RUNNING && now > times.since_ns) {
            out->cpu_time += now - times.since_ns;
        }
        out->max_vcpu_id = v->id;
        if (load_relaxed(&v->online)) {
            out->nr_online_vcpus++;
            flags &= load_relaxed(&v->unit.wanted) ? ~XEN_DOMINF_blocked : ~0u;
            flags |= times.state == UNIT_RUNNING ? XEN_DOMINF_running : 0;
        }
    }
    return out->nr_online_vcpus != 0 ? flags : 0;
}

void control_domain_info(struct domain *d, struct xen_domctl_getdomaininfo *out)
{
    memset(out, 0, sizeof(*out)); /* its padding goes to the tools too */
    out->domain = d->id.id;
    out->max_vcpu_id = XEN_INVALID_MAX_VCPU_ID;
    out->flags = vcpu_flags(d, out) | life_flags(d);
    out->tot_pages = load_relaxed(&d->nr_pages);
    out->max_pages = load_relaxed(&d->max_pages);
    u32 gfn = d->shared_info != NULL ? load_relaxed(&d->shared_info->gfn) : FRAME_NO_GFN;
    out->shared_info_frame = gfn == FRAME_NO_GFN ? ~0ULL : gfn;
    out->ssidref = d->ssidref;
    spin_lock(&d->lock);
    memcpy(out->handle, d->handle, sizeof(out->handle));
    spin_unlock(&d->lock);
    out->cpupool = CONTROL_POOL;
    out->gpaddr_bits = GUEST_ADDRESS_BITS;
}

void control_domain_state(struct domain *d, struct xen_domctl_get_domain_state *out)
{
    spin_lock(&d->lock);
    const u8 life = d->life;
    out->state = XEN_DOMCTL_GETDOMSTATE_STATE_EXIST |
                 (d->shut_down ? XEN_DOMCTL_GETDOMSTATE_STATE_SHUTDOWN : 0) |
                 (life == DOMAIN_DYING ? XEN_DOMCTL_GETDOMSTATE_STATE_DYING : 0) |
                 (life == DOMAIN_DEAD ? XEN_DOMCTL_GETDOMSTATE_STATE_DEAD : 0);
    spin_unlock(&d->lock);
    out->caps =
        (d->privileged ? XEN_DOMCTL_GETDOMSTATE_CAP_CONTROL : 0) |
        (d == domain_hardware ? XEN_DOMCTL_GETDOMSTATE_CAP_HARDWARE : 0) |
        (d->create_flags & XEN_DOMCTL_CDF_xs_domain ? XEN_DOMCTL_GETDOMSTATE_CAP_XENSTORE : 0);
    out->unique_id = d->unique_id;
}
