/* SPDX-License-Identifier: MIT */
/* A domain's emulated ranges: a sorted array, a handful of entries. */
#include "mem/slab.h"
#include "vgic/state.h"

static u32 table_bytes(u32 nr)
{
    return nr * (u32)sizeof(struct mmio_handler);
}

enum err mmio_register(struct domain *d, gaddr_t base, u64 bytes,
                       bool (*access)(struct vcpu *, struct mmio_access *, void *), void *arg)
{
    struct mmio_handler *old = d->mmio;
    u32 at = 0;
    while (at < d->nr_mmio && old[at].base.g < base.g) {
        at++;
    }
    if ((at > 0 && old[at - 1].base.g + old[at - 1].bytes > base.g) ||
        (at < d->nr_mmio && base.g + bytes > old[at].base.g)) {
        return E_EXIST;
    }
    struct mmio_handler *table = heap_alloc(table_bytes(d->nr_mmio + 1));
    if (!table) {
        return E_NOMEM;
    }
    for (u32 i = 0; i < d->nr_mmio; i++) {
        table[i < at ? i : i + 1] = old[i];
    }
    table[at] = (struct mmio_handler){.base = base, .bytes = bytes, .access = access, .arg = arg};
    d->mmio = table;
    d->nr_mmio++;
    if (old) {
        heap_free(old, table_bytes(d->nr_mmio - 1));
    }
    return OK;
}

const struct mmio_handler *mmio_find(struct domain *d, gaddr_t at)
{
    for (u32 i = 0; i < d->nr_mmio; i++) {
        const struct mmio_handler *h = &d->mmio[i];
        if (at.g - h->base.g < h->bytes) {
            return h;
        }
    }
    return NULL;
}

void mmio_destroy(struct domain *d)
{
    if (d->mmio) {
        heap_free(d->mmio, table_bytes(d->nr_mmio));
        d->mmio = NULL;
        d->nr_mmio = 0;
    }
}
