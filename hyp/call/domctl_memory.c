/* SPDX-License-Identifier: MIT */
/* domctl's operations on memory and on the machine's devices. */
#include "base/bits.h"
#include "call/call.h"
#include "call/control.h"
#include "call/io_access.h"
#include "cpu/atomic.h"
#include "dom/domain.h"
#include "irq/irq.h"
#include "p2m/p2m.h"
#include "vgic/vgic.h"

#define KIB_PER_PAGE_SHIFT  (PAGE_SHIFT - 10)
#define MAX_PAGES           0xffffffffULL /* what the ABI's 32-bit counters of pages hold */
#define FLUSH_MAX_PAGES     (1ULL << 18)
#define FLUSH_PAGES_AT_ONCE 32u /* 64 lines each: some 10,500 instructions */
#define MAP_MAX_PAGES       64u
#define FIRST_SPI           32u
#define MFN_END             (1ULL << 36) /* 48 bits of machine address */

enum err domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
    u64 pages = op->u.max_mem.max_memkb >> KIB_PER_PAGE_SHIFT;
    spin_lock(&d->page_lock);
    /* May be below what it has: then it gets no more. */
    store_relaxed(&d->max_pages, MIN(pages, MAX_PAGES));
    spin_unlock(&d->page_lock);
    return OK;
}

/* ---- the pool of stage-2 tables: a bound, not pages set aside */

enum err domctl_get_mempool(struct domain *d, struct xen_domctl *op)
{
    u64 tables = load_relaxed(&d->p2m->max_tables);
    op->u.paging_mempool.size = tables == ~0ULL ? 0 : tables << PAGE_SHIFT;
    return OK;
}

enum err domctl_set_mempool(struct domain *d, struct xen_domctl *op)
{
    u64 size = op->u.paging_mempool.size;
    if (!is_aligned(size, PAGE_SIZE) || load_relaxed(&d->life) != DOMAIN_ALIVE || d->privileged) {
        return E_INVAL;
    }
    enum err e = p2m_set_max_tables(d->p2m, size >> PAGE_SHIFT);
    return e == E_BUSY ? E_NOMEM : e; /* what is in use can't be given back */
}

enum err domctl_cache_flush(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_cacheflush *f = &op->u.cacheflush;
    u64 end = f->start_pfn + f->nr_pfns;
    if (f->nr_pfns > FLUSH_MAX_PAGES || end < f->start_pfn) {
        return E_INVAL;
    }
    gfn_t at = {f->start_pfn};
    enum err e = p2m_cache_flush(d->p2m, &at, (gfn_t){end}, FLUSH_PAGES_AT_ONCE);
    if (e == E_RESTART) {
        f->start_pfn = at.gfn;
        f->nr_pfns = end - at.gfn;
    }
    return e;
}

/* ---- devices */

static enum err permission(struct domain *d, enum io_kind kind, u64 first, u64 nr, bool allow)
{
    u64 last = first + nr - 1;
    if (nr == 0 || last < first) {
        return E_INVAL;
    }
    if (!io_access_permitted(domain_current(), kind, first, last)) {
        return E_PERM;
    }
    return allow ? io_access_permit(d, kind, first, last) : io_access_revoke(d, kind, first, last);
}

enum err domctl_irq_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_irq_permission *p = &op->u.irq_permission;
    return p->pirq < gic_info.nr_irqs ? permission(d, IO_INTERRUPT, p->pirq, 1, p->allow_access)
                                      : E_INVAL;
}

enum err domctl_iomem_permission(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_iomem_permission *p = &op->u.iomem_permission;
    return permission(d, IO_MEMORY, p->first_mfn, p->nr_mfns, p->allow_access);
}

/* One page; what is not mapped so stays. */
static enum err unmap_page(struct p2m *p2m, gfn_t gfn, mfn_t mfn)
{
    enum err e = p2m_unmap(p2m, gfn, mfn, ORDER_4K);
    return e == E_NOENT || e == E_INVAL ? OK : e;
}

static enum err check_mapping(struct domain *d, const struct xen_domctl_memory_mapping *m)
{
    u64 last = m->first_mfn + m->nr_mfns - 1;
    if (m->nr_mfns == 0 || last < m->first_mfn || last >= MFN_END ||
        m->first_gfn + m->nr_mfns - 1 < m->first_gfn) {
        return E_INVAL;
    }
    if (m->nr_mfns > MAP_MAX_PAGES) {
        return E_2BIG; /* libxc then halves the range and comes again */
    }
    return io_access_permitted(domain_current(), IO_MEMORY, m->first_mfn, last) &&
                   io_access_permitted(d, IO_MEMORY, m->first_mfn, last)
               ? OK
               : E_PERM;
}

enum err domctl_memory_mapping(struct domain *d, struct xen_domctl *op)
{
    struct xen_domctl_memory_mapping *m = &op->u.memory_mapping;
    enum err e = check_mapping(d, m);
    while (e == OK) {
        const gfn_t gfn = {m->first_gfn};
        const mfn_t mfn = {m->first_mfn};
        e = m->add_mapping == DPCI_ADD_MAPPING ? p2m_map(d->p2m, gfn, mfn, ORDER_4K, P2M_DEVICE)
                                               : unmap_page(d->p2m, gfn, mfn);
        if (e != OK || m->nr_mfns == 1) {
            break;
        }
        m->first_gfn++;
        m->first_mfn++;
        m->nr_mfns--;
        if (call_should_restart()) {
            e = E_RESTART;
        }
    }
    return e;
}

static enum err check_bind(struct domain *d, const struct xen_domctl_bind_pt_irq *b)
{
    if (b->irq_type != PT_IRQ_TYPE_SPI) {
        return E_OPNOTSUPP;
    }
    if (b->machine_irq != b->u.spi.spi || b->machine_irq < FIRST_SPI ||
        b->machine_irq >= gic_info.nr_irqs) {
        return E_INVAL; /* one to one only */
    }
    return io_access_permitted(d, IO_INTERRUPT, b->machine_irq, b->machine_irq) ? OK : E_PERM;
}

enum err domctl_bind_irq(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_bind_pt_irq *b = &op->u.bind_pt_irq;
    enum err e = check_bind(d, b);
    if (e == OK && load_relaxed(&d->life) != DOMAIN_ALIVE) {
        e = E_INVAL; /* its teardown may be past the interrupts, and would leave this one behind */
    }
    /* The tools do not say the trigger: the guest's driver sets it in its distributor. */
    return e == OK ? vgic_route_irq(d, (virq_t){b->machine_irq}, (hwirq_t){b->machine_irq},
                                    IRQ_LEVEL_HIGH)
                   : e;
}

enum err domctl_unbind_irq(struct domain *d, struct xen_domctl *op)
{
    const struct xen_domctl_bind_pt_irq *b = &op->u.bind_pt_irq;
    enum err e = check_bind(d, b);
    return e == OK ? vgic_unroute_irq(d, (virq_t){b->machine_irq}) : e;
}
