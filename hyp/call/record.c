/* SPDX-License-Identifier: MIT */
/* Records of what belongs to a domain as a whole, and of the runstate areas. */
#include "call/record.h"

#include "abi/xen.h"
#include "base/bits.h"
#include "base/string.h"
#include "call/hvm.h"
#include "call/runstate.h"
#include "call/wallclock.h"
#include "cpu/atomic.h"
#include "guestmem/guestmem.h"

#define NR_PARAMS ((u32)ARRAY_LEN(((struct record_domain *)0)->hvm_param))
_Static_assert(NR_PARAMS == ARRAY_LEN(((struct domain *)0)->hvm_param));

static u32 width(const struct domain *d)
{
    return d->is_32bit ? 32 : 64;
}

enum err domain_save(struct domain *d, struct record *r)
{
    struct record_domain *b = r->body;
    if (!list_is_empty(&d->io_ranges)) {
        return E_BUSY; /* devices of the host's */
    }
    b->width = width(d);
    b->max_vcpus = d->max_vcpus;
    b->assist = d->assist;
    spin_lock(&d->lock); /* the tools may be setting one */
    memcpy(b->hvm_param, d->hvm_param, sizeof(b->hvm_param));
    spin_unlock(&d->lock);
    return OK;
}

enum err domain_load(struct domain *d, const struct record *r)
{
    const struct record_domain *b = r->body;
    if (b->width != width(d) || b->max_vcpus != d->max_vcpus) {
        return E_OPNOTSUPP; /* as it was created, so it stays */
    }
    bool good = (b->assist & ~BIT(VMASST_TYPE_runstate_update_flag)) == 0;
    for (u32 i = 0; i < NR_PARAMS; i++) {
        good = good && (b->hvm_param[i] == 0 || hvm_param_is_kept(i));
    }
    if (!good) {
        return E_INVAL;
    }
    spin_lock(&d->lock);
    store_relaxed(&d->assist, b->assist);
    memcpy(d->hvm_param, b->hvm_param, sizeof(d->hvm_param));
    spin_unlock(&d->lock);
    return OK;
}

enum err shared_info_save(struct domain *d, struct record *r)
{
    struct record_page *b = r->body;
    struct gpage page;
    gpage_from_frame(d, d->shared_info, &page);
    gpage_read(&page, 0, b->bytes, sizeof(b->bytes));
    b->gfn = load_relaxed(&d->shared_info->gfn); /* the tools may be moving it */
    return OK;
}

enum err shared_info_load(struct domain *d, const struct record *r)
{
    const struct record_page *b = r->body;
    if (b->zero != 0) {
        return E_INVAL;
    }
    enum err e = record_map_shared(d, d->shared_info, b->gfn);
    if (e != OK) {
        return e;
    }
    struct gpage page;
    gpage_from_frame(d, d->shared_info, &page);
    gpage_write(&page, 0, b->bytes, sizeof(b->bytes));
    wallclock_update(d);
    return OK;
}

enum err runstate_save(struct domain *d, struct record *r)
{
    struct record_runstate *b = r->body;
    struct vcpu *v = r->v;
    struct sched_times times;
    sched_read_times(&v->unit, &times);
    memcpy(b->time_ns, times.time_ns, sizeof(b->time_ns));
    runstate_place(v, b->gfn, &b->offset);
    return OK;
}

enum err runstate_load(struct domain *d, const struct record *r)
{
    const struct record_runstate *b = r->body;
    enum err e = b->zero == 0 ? runstate_restore(r->v, b->gfn, b->offset) : E_INVAL;
    if (e == OK) {
        sched_write_times(&r->v->unit, b->time_ns);
    }
    return e;
}
