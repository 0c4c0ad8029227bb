/* SPDX-License-Identifier: MIT */
/*
 * Where a vCPU's half of the event mechanism lies: the first vCPU's in the shared info page, until
 * the guest registers a place of its own, once; the others have none before. An event for a vCPU
 * without one is remembered in the port alone: registering marks all as pending, so that nothing is
 * lost.
 */
#include "abi/xen.h"
#include "evtchn/port.h"
#include "mem/slab.h"
#include "vgic/vgic.h"

#define UPCALL offsetof(struct xen_vcpu_info, evtchn_upcall_pending)
#define SELECT offsetof(struct xen_vcpu_info, evtchn_pending_sel)

struct info_record {
    struct gpage page; /* first: v->info_page points at it */
    struct rcu_head rcu;
};

bool vcpuinfo_offset_is_valid(u32 offset)
{
    return offset <= PAGE_SIZE - sizeof(struct xen_vcpu_info) && is_aligned(offset, 8);
}

static struct gpage *info_find(struct vcpu *v, u32 *offset)
{
    struct gpage *page = load_acquire(&v->info_page);
    if (page != NULL) {
        *offset = v->info_offset;
        return page;
    }
    if (v->id < XEN_LEGACY_MAX_VCPUS) {
        *offset = v->id * (u32)sizeof(struct xen_vcpu_info);
        return &v->domain->evtchn->shared;
    }
    return NULL;
}

void upcall_raise(struct vcpu *v)
{
    u32 offset;
    struct gpage *page = info_find(v, &offset);
    /* Bit 0 of the byte: the guest writes 0 there before it looks for events, so 0 -> 1 is the
     * news. */
    if (page != NULL && !gpage_test_and_set_bit(page, offset + UPCALL, 0)) {
        vgic_inject(v->domain, v, VIRQ_EVENT);
    }
}

bool upcall_select(struct vcpu *v, u32 n)
{
    u32 offset;
    struct gpage *page = info_find(v, &offset);
    return page != NULL && !gpage_test_and_set_bit(page, offset + SELECT, n);
}

bool evtchn_upcall_pending(struct vcpu *v)
{
    u32 offset;
    struct gpage *page = info_find(v, &offset);
    return page != NULL && gpage_read8(page, offset + UPCALL) != 0;
}

void evtchn_work(struct vcpu *v)
{
    if (evtchn_upcall_pending(v)) {
        vgic_inject(v->domain, v, VIRQ_EVENT);
    }
}

/* A new place, not yet in force. */
static enum err take_place(struct vcpu *v, gfn_t gfn, struct info_record **out)
{
    if (v->info_page != NULL) {
        return E_INVAL;
    }
    struct info_record *r = heap_alloc(sizeof(*r));
    if (r == NULL) {
        return E_NOMEM;
    }
    if (gpage_get(v->domain, gfn, true, &r->page) != OK) {
        heap_free(r, sizeof(*r));
        return E_INVAL;
    }
    *out = r;
    return OK;
}

enum err vcpuinfo_restore(struct vcpu *v, gfn_t gfn, u32 offset)
{
    struct info_record *r;
    enum err e = take_place(v, gfn, &r);
    if (e == OK) {
        v->info_offset = offset;
        store_release(&v->info_page, &r->page);
    }
    return e;
}

/* Copies what is there (nothing for a vCPU that had no place) and lets new events go to the new
 * place. */
static enum err register_locked(struct vcpu *v, gfn_t gfn, u32 offset)
{
    struct info_record *r;
    enum err e = take_place(v, gfn, &r);
    if (e != OK) {
        return e;
    }
    struct xen_vcpu_info info = {0};
    u32 old_offset;
    struct gpage *old = info_find(v, &old_offset);
    if (old != NULL) {
        gpage_read(old, old_offset, &info, sizeof(info));
    }
    gpage_write(&r->page, offset, &info, sizeof(info));
    v->info_offset = offset;
    store_release(&v->info_page, &r->page);
    fence_full(); /* a sender that still wrote to the old place did so before what follows */
    gpage_write64(&r->page, offset + SELECT, ~0ULL);
    upcall_raise(v);
    return OK;
}

enum err evtchn_register_vcpu_info(struct vcpu *v, gfn_t gfn, u32 offset)
{
    if (!vcpuinfo_offset_is_valid(offset)) {
        return E_NXIO;
    }
    struct spinlock *lock = &v->domain->evtchn->lock;
    spin_lock(lock);
    enum err e = register_locked(v, gfn, offset);
    spin_unlock(lock);
    return e;
}

static void info_free(struct rcu_head *rcu)
{
    struct info_record *r = container_of(rcu, struct info_record, rcu);
    gpage_put(&r->page);
    heap_free(r, sizeof(*r));
}

void vcpuinfo_release(struct vcpu *v)
{
    struct gpage *page = v->info_page;
    if (page == NULL) {
        return;
    }
    store_release(&v->info_page, NULL);
    /* Senders on other CPUs may be in it until they leave EL2. */
    rcu_defer(&container_of(page, struct info_record, page)->rcu, info_free);
}
