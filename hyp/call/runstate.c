/* SPDX-License-Identifier: MIT */
#include "abi/vcpu.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "call/runstate.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "dom/record_format.h"
#include "guestmem/guestmem.h"
#include "mem/slab.h"
#include "sync/rcu.h"

#define AREA_BYTES ((u32)sizeof(struct xen_vcpu_runstate_info))

/* Bytes of an area at this offset that lie in its first page. */
static u32 bytes_in_first(u32 offset)
{
    return MIN((u32)PAGE_SIZE - offset, AREA_BYTES);
}

/* Writes bytes at position at of the area, which may cross into its second page. */
static void write_area(struct runstate_area *area, u32 at, const void *from, u32 bytes)
{
    const u32 first = bytes_in_first(area->offset);
    const u32 here = at < first ? MIN(bytes, first - at) : 0;
    if (here != 0) {
        gpage_write(&area->page[0], area->offset + at, from, here);
    }
    if (here < bytes) {
        gpage_write(&area->page[1], at + here - first, (const u8 *)from + here, bytes - here);
    }
}

void runstate_write(struct vcpu *v, u32 state, u64 since_ns, const u64 time_ns[4])
{
    struct runstate_area *area = load_acquire(&v->runstate);
    if (!area) {
        return;
    }
    const bool flagged = load_relaxed(&v->domain->assist) & BIT(VMASST_TYPE_runstate_update_flag);
    struct xen_vcpu_runstate_info info;
    memset(&info, 0, sizeof(info)); /* its padding goes to the guest too */
    info.state = (s32)state;
    info.state_entry_time = since_ns;
    memcpy(info.time, time_ns, sizeof(info.time));
    if (!flagged) {
        write_area(area, 0, &info, sizeof(info));
        return;
    }
    /* A reader on another CPU sees the flag, or nothing of what is between the two fences. */
    const u32 at = offsetof(struct xen_vcpu_runstate_info, state_entry_time);
    info.state_entry_time |= XEN_RUNSTATE_UPDATE;
    write_area(area, at, &info.state_entry_time, sizeof(info.state_entry_time));
    fence_full();
    write_area(area, 0, &info, sizeof(info));
    fence_full();
    info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    write_area(area, at, &info.state_entry_time, sizeof(info.state_entry_time));
}

/* ---- registering */

static void free_area(struct runstate_area *area)
{
    for (u32 i = 0; i < area->nr_pages; i++) {
        gpage_put(&area->page[i]);
    }
    heap_free(area, sizeof(*area));
}

static void grace_period_passed(struct rcu_head *head)
{
    free_area(container_of(head, struct runstate_area, rcu));
}

/* The CPU that v leaves may still be writing there, under its run queue's lock and no other. */
static void let_go(struct runstate_area *area)
{
    if (area) {
        rcu_defer(&area->rcu, grace_period_passed);
    }
}

/* An area at these frames of the domain's RAM, the second RECORD_NO_GFN if there is none: takes
 * both, or none. E_FAULT, E_NOMEM. */
static enum err make_area(struct domain *d, const u32 gfn[2], u32 offset,
                          struct runstate_area **out)
{
    struct runstate_area *area = heap_alloc(sizeof(*area));
    if (!area) {
        return E_NOMEM;
    }
    area->offset = offset;
    for (u32 i = 0; i < 2 && gfn[i] != RECORD_NO_GFN; i++) {
        if (gpage_get(d, (gfn_t){gfn[i]}, true, &area->page[i]) != OK) {
            free_area(area);
            return E_FAULT;
        }
        area->nr_pages++;
    }
    *out = area;
    return OK;
}

/* The frames under an area at this address of the current vCPU. */
static enum err find_frames(gva_t at, u32 gfn[2])
{
    const u32 first = bytes_in_first((u32)(at.v & PAGE_MASK));
    gaddr_t where[2] = {{0}, {0}};
    enum err e = guest_translate(at, true, &where[0]);
    if (e == OK && first < AREA_BYTES) {
        e = guest_translate((gva_t){at.v + first}, true, &where[1]);
    }
    gfn[0] = (u32)gaddr_to_gfn(where[0]).gfn;
    gfn[1] = first < AREA_BYTES ? (u32)gaddr_to_gfn(where[1]).gfn : RECORD_NO_GFN;
    return e;
}

enum err runstate_register(struct vcpu *v, gva_t at)
{
    struct runstate_area *area;
    u32 gfn[2];
    enum err e = find_frames(at, gfn);
    if (e == OK) {
        e = make_area(v->domain, gfn, (u32)(at.v & PAGE_MASK), &area);
    }
    if (e != OK) {
        return e;
    }
    /* The lock keeps v from going online; one that has just gone offline may still be on its way
     * off its CPU. */
    spin_lock(&v->domain->lock);
    if (v != vcpu_current() && v->online) {
        e = E_INVAL;
    } else {
        area = atomic_xchg(&v->runstate, area);
        const u32 state = v == vcpu_current() ? RUNSTATE_running : RUNSTATE_offline;
        struct sched_times times;
        sched_read_times(&v->unit, &times);
        runstate_write(v, state, times.since_ns, times.time_ns);
    }
    spin_unlock(&v->domain->lock);
    let_go(area);
    return e;
}

void runstate_place(const struct vcpu *v, u32 gfn[2], u32 *offset)
{
    const struct runstate_area *area = v->runstate;
    for (u32 i = 0; i < 2; i++) {
        gfn[i] = area && i < area->nr_pages ? (u32)area->page[i].gfn.gfn : RECORD_NO_GFN;
    }
    *offset = area ? area->offset : 0;
}

enum err runstate_restore(struct vcpu *v, const u32 gfn[2], u32 offset)
{
    const bool first = gfn[0] != RECORD_NO_GFN;
    const bool second = first && bytes_in_first(offset) < AREA_BYTES;
    if (offset >= (first ? PAGE_SIZE : 1) || second != (gfn[1] != RECORD_NO_GFN)) {
        return E_INVAL;
    }
    struct runstate_area *area = NULL;
    enum err e = first ? make_area(v->domain, gfn, offset, &area) : OK;
    if (e == OK) {
        let_go(atomic_xchg(&v->runstate, area));
    }
    return e == E_FAULT ? E_INVAL : e;
}

void runstate_release(struct vcpu *v)
{
    let_go(atomic_xchg(&v->runstate, (struct runstate_area *)NULL));
}
