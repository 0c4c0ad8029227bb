/* SPDX-License-Identifier: MIT */
#include "call/io_access.h"

#include "base/bits.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "mem/frame.h"
#include "mem/slab.h"

/* The lists are walked with the domain's lock held. */
#define MAX_RANGES 256u

struct io_range {
    struct list node; /* [dom->lock] */
    enum io_kind kind;
    u64 first, last;
};

/* What the control domain may pass on: shared interrupts that exist, frames that are no RAM. */
static bool control_may(enum io_kind kind, u64 first, u64 last)
{
    if (kind == IO_INTERRUPT) {
        return first >= IRQ_FIRST_SPI && last < gic_info.nr_irqs;
    }
    if (last - first >= 1ULL << 20) {
        return true; /* more than 4 GiB: not to be searched; each page is looked at again when it is
                        mapped */
    }
    for (u64 mfn = first; mfn <= last; mfn++) {
        if (mfn_to_frame((mfn_t){mfn}) != NULL) {
            return false;
        }
    }
    return true;
}

bool io_access_permitted(struct domain *d, enum io_kind kind, u64 first, u64 last)
{
    if (d->privileged) {
        return control_may(kind, first, last);
    }
    bool found = false;
    struct io_range *r;
    spin_lock(&d->lock);
    list_for_each(r, &d->io_ranges, node)
    {
        found |= r->kind == kind && r->first <= first && r->last >= last;
    }
    spin_unlock(&d->lock);
    return found;
}

static bool touches(const struct io_range *r, enum io_kind kind, u64 first, u64 last)
{
    return r->kind == kind && r->first <= last && r->last >= first;
}

static u32 count(const struct domain *d) REQUIRES(d->lock)
{
    u32 n = 0;
    const struct io_range *r;
    list_for_each(r, &d->io_ranges, node)
    {
        n++;
    }
    return n;
}

static void free_all(struct list *ranges)
{
    struct io_range *r;
    struct io_range *next;
    list_for_each_safe(r, next, ranges, node)
    {
        list_del(&r->node);
        heap_free(r, sizeof(*r));
    }
}

enum err io_access_permit(struct domain *d, enum io_kind kind, u64 first, u64 last)
{
    struct io_range *fresh = heap_alloc(sizeof(*fresh));
    if (fresh == NULL) {
        return E_NOMEM;
    }
    *fresh = (struct io_range){.kind = kind, .first = first, .last = last};
    struct list gone;
    list_init(&gone);
    spin_lock(&d->lock);
    struct io_range *r;
    struct io_range *next;
    /* Swallow what overlaps or adjoins. */
    list_for_each_safe(r, next, &d->io_ranges, node)
    {
        if (touches(r, kind, first == 0 ? 0 : first - 1, last == ~0ULL ? last : last + 1)) {
            fresh->first = MIN(fresh->first, r->first);
            fresh->last = MAX(fresh->last, r->last);
            list_del(&r->node);
            list_add_tail(&gone, &r->node);
        }
    }
    bool room = count(d) < MAX_RANGES;
    list_add_tail(room ? &d->io_ranges : &gone, &fresh->node);
    spin_unlock(&d->lock);
    free_all(&gone);
    return room ? OK : E_NOSPC;
}

enum err io_access_revoke(struct domain *d, enum io_kind kind, u64 first, u64 last)
{
    struct io_range *spare =
        heap_alloc(sizeof(*spare)); /* for the one range that may be cut in two */
    if (spare == NULL) {
        return E_NOMEM;
    }
    struct list gone;
    list_init(&gone);
    list_add_tail(&gone, &spare->node);
    spin_lock(&d->lock);
    struct io_range *r;
    struct io_range *next;
    list_for_each_safe(r, next, &d->io_ranges, node)
    {
        if (!touches(r, kind, first, last)) {
            continue;
        }
        if (r->first < first && r->last > last) {
            list_del(&spare->node);
            *spare = (struct io_range){.kind = kind, .first = last + 1, .last = r->last};
            list_add_head(&r->node, &spare->node);
            r->last = first - 1;
        } else if (r->first < first) {
            r->last = first - 1;
        } else if (r->last > last) {
            r->first = last + 1;
        } else {
            list_del(&r->node);
            list_add_tail(&gone, &r->node);
        }
    }
    spin_unlock(&d->lock);
    free_all(&gone);
    return OK;
}

/* UNCHECKED: nobody knows it any more. */
UNCHECKED void io_access_release(struct domain *d)
{
    free_all(&d->io_ranges);
}
