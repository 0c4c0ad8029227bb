/* SPDX-License-Identifier: MIT */
#include "abi/vcpu.h"
#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "call/runstate.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "guestmem/guestmem.h"
#include "mem/slab.h"

#define AREA_BYTES ((u32)sizeof(struct xen_vcpu_runstate_info))

/* Bytes of an area at this offset that lie in its first page. */
static u32 bytes_in_first(u32 offset)
{
    return MIN((u32)PAGE_SIZE - offset, AREA_BYTES);
}

static void free_page(struct gpage *p)
{
    if (p) {
        gpage_put(p);
        heap_free(p, sizeof(*p));
    }
}

static enum err take_frame(struct domain *d, gfn_t gfn, struct gpage **out)
{
    struct gpage *p = heap_alloc(sizeof(*p));
    if (!p) {
        return E_NOMEM;
    }
    if (gpage_get(d, gfn, true, p) != OK) {
        heap_free(p, sizeof(*p));
        return E_FAULT;
    }
    *out = p;
    return OK;
}

/* The page of the domain's RAM under a virtual address of the current vCPU. */
static enum err take_page(struct domain *d, gva_t at, struct gpage **out)
{
    gaddr_t where;
    return guest_translate(at, true, &where) == OK ? take_frame(d, gaddr_to_gfn(where), out)
                                                   : E_FAULT;
}

/* Writes bytes at position at of the area, which may cross into its second page. */
static void write_area(struct vcpu *v, u32 at, const void *from, u32 bytes)
{
    const u32 first = bytes_in_first(v->runstate_offset);
    const u32 here = at < first ? MIN(bytes, first - at) : 0;
    if (here != 0) {
        gpage_write(v->runstate_page, v->runstate_offset + at, from, here);
    }
    if (here < bytes) {
        gpage_write(v->runstate_page2, at + here - first, (const u8 *)from + here, bytes - here);
    }
}

void runstate_write(struct vcpu *v, u32 state, u64 since_ns, const u64 time_ns[4])
{
    if (!v->runstate_page) {
        return;
    }
    const bool flagged = load_relaxed(&v->domain->assist) & BIT(VMASST_TYPE_runstate_update_flag);
    struct xen_vcpu_runstate_info info;
    memset(&info, 0, sizeof(info)); /* its padding goes to the guest too */
    info.state = (s32)state;
    info.state_entry_time = since_ns;
    memcpy(info.time, time_ns, sizeof(info.time));
    if (!flagged) {
        write_area(v, 0, &info, sizeof(info));
        return;
    }
    /* A reader on another CPU sees the flag, or nothing of what is between the two fences. */
    const u32 at = offsetof(struct xen_vcpu_runstate_info, state_entry_time);
    info.state_entry_time |= XEN_RUNSTATE_UPDATE;
    write_area(v, at, &info.state_entry_time, sizeof(info.state_entry_time));
    fence_full();
    write_area(v, 0, &info, sizeof(info));
    fence_full();
    info.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    write_area(v, at, &info.state_entry_time, sizeof(info.state_entry_time));
}

enum err runstate_register(struct vcpu *v, gva_t at)
{
    struct gpage *pages[2] = {NULL, NULL};
    const u32 offset = (u32)(at.v & PAGE_MASK);
    const u32 first = bytes_in_first(offset);
    enum err e = take_page(v->domain, at, &pages[0]);
    if (e == OK && first < AREA_BYTES) {
        e = take_page(v->domain, (gva_t){at.v + first}, &pages[1]);
    }
    if (e != OK) {
        free_page(pages[0]);
        return e;
    }

    /* While v is offline, or is us, nobody else writes its area; the lock keeps it from going
     * online. */
    spin_lock(&v->domain->lock);
    if (v != vcpu_current() && v->online) {
        e = E_INVAL;
    } else {
        struct gpage *const old[2] = {v->runstate_page, v->runstate_page2};
        v->runstate_page = pages[0];
        v->runstate_page2 = pages[1];
        v->runstate_offset = offset;
        const u32 state = v == vcpu_current() ? RUNSTATE_running : RUNSTATE_offline;
        runstate_write(v, state, v->unit.since_ns, v->unit.time_ns);
        pages[0] = old[0];
        pages[1] = old[1];
    }
    spin_unlock(&v->domain->lock);
    free_page(pages[0]);
    free_page(pages[1]);
    return e;
}

enum err runstate_restore(struct vcpu *v, const u32 gfn[2], u32 offset)
{
    const u32 none = ~0u;
    const bool first = gfn[0] != none;
    const bool second = first && bytes_in_first(offset) < AREA_BYTES;
    if (offset >= (first ? PAGE_SIZE : 1) || second != (gfn[1] != none)) {
        return E_INVAL;
    }
    struct gpage *pages[2] = {NULL, NULL};
    enum err e = OK;
    for (u32 i = 0; i < 2 && e == OK; i++) {
        e = gfn[i] != none ? take_frame(v->domain, (gfn_t){gfn[i]}, &pages[i]) : OK;
    }
    if (e != OK) {
        free_page(pages[0]);
        return e == E_FAULT ? E_INVAL : e;
    }
    runstate_release(v);
    v->runstate_offset = offset;
    v->runstate_page = pages[0];
    v->runstate_page2 = pages[1];
    return OK;
}

void runstate_release(struct vcpu *v)
{
    free_page(v->runstate_page);
    free_page(v->runstate_page2);
    v->runstate_page = NULL;
    v->runstate_page2 = NULL;
}
