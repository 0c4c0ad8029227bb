/* SPDX-License-Identifier: MIT */
#include "cpu/atomic.h"
#include "mem/slab.h"
#include "vgic/state.h"

#define GICV2_MAX_VCPUS 8u

static struct slab_cache cpu_cache, spi_cache, vgic_cache;

enum err vgic_init(void)
{
    slab_init(&vgic_cache, "vgic", sizeof(struct vgic));
    slab_init(&cpu_cache, "vgic cpu", sizeof(struct vgic_cpu));
    slab_init(&spi_cache, "vgic spis", SPI_BLOCK * sizeof(struct vgic_irq));
    return irq_request(gic_info.maintenance, IRQ_LEVEL_HIGH, vgic_maintenance, NULL);
}

void vgic_init_cpu(void)
{
    irq_enable(gic_info.maintenance);
}

static void init_irq(struct vgic_irq *irq, u32 intid, struct vcpu *home)
{
    *irq = (struct vgic_irq){
        .intid = (u16)intid,
        .home = home,
        .target = home ? (u16)home->id : 0,
        .target_mask = 1,
        .lr = LR_NONE,
        .level = intid >= NR_SGIS,
        .enabled = intid < NR_SGIS,
    };
    list_init(&irq->node);
}

/* ---- domains ---- */

enum err vgic_create(struct domain *d, u32 version, u32 nr_spis)
{
    if (nr_spis > SPI_MAX || (version == 2 && d->max_vcpus > GICV2_MAX_VCPUS)) {
        return E_INVAL;
    }
    if (version != gic->version) {
        return E_NODEV;
    }
    struct vgic *g = slab_alloc(&vgic_cache);
    if (!g) {
        return E_NOMEM;
    }
    g->version = version;
    g->nr_spis = MIN((u32)align_up(nr_spis, SPI_BLOCK), SPI_MAX);
    d->vgic = g;
    for (u32 i = 0; i * SPI_BLOCK < g->nr_spis; i++) {
        g->spi[i] = slab_alloc(&spi_cache);
        if (!g->spi[i]) {
            vgic_destroy(d);
            return E_NOMEM;
        }
        for (u32 j = 0; j < SPI_BLOCK; j++) {
            init_irq(&g->spi[i][j], NR_PRIVATE + i * SPI_BLOCK + j, NULL);
        }
    }
    return OK;
}

void vgic_destroy(struct domain *d)
{
    struct vgic *g = d->vgic;
    for (u32 i = 0; i < ARRAY_LEN(g->spi); i++) {
        if (g->spi[i]) {
            slab_free(&spi_cache, g->spi[i]);
        }
    }
    slab_free(&vgic_cache, g);
    d->vgic = NULL;
    mmio_destroy(d);
}

/* ---- vCPUs ---- */

enum err vgic_create_vcpu(struct vcpu *v)
{
    struct vgic *g = v->domain->vgic;
    struct vgic_cpu *vc = slab_alloc(&cpu_cache);
    if (!vc) {
        return E_NOMEM;
    }
    spin_init(&vc->lock, RANK_VGIC, "vgic");
    list_init(&vc->queue);
    vc->loaded_on = NOT_LOADED;
    vc->forwards = g->enabled;
    for (u32 i = 0; i < NR_PRIVATE; i++) {
        init_irq(&vc->irq[i], i, v);
    }
    v->vgic = vc;
    /* SPIs are at home with vCPU 0 until the guest says otherwise; nobody touched them before it
     * was there. */
    for (u32 i = 0; v->id == 0 && i < g->nr_spis; i++) {
        store_release(&g->spi[i / SPI_BLOCK][i % SPI_BLOCK].home, v);
    }
    return OK;
}

void vgic_destroy_vcpu(struct vcpu *v)
{
    slab_free(&cpu_cache, v->vgic);
    v->vgic = NULL;
}

void vgic_reset_vcpu(struct vcpu *v)
{
    struct vgic_cpu *vc = v->vgic;
    spin_lock(&vc->lock);
    for (u32 i = 0; i < NR_PRIVATE; i++) {
        u16 hwirq = vc->irq[i].hwirq;
        bool line = vc->irq[i].line; /* the device's, not ours */
        list_del(&vc->irq[i].node);
        init_irq(&vc->irq[i], i, v);
        vc->irq[i].hwirq = hwirq;
        vc->irq[i].line = line;
    }
    vc->state = (struct gic_cpu_state){0};
    vc->asleep = false;
    spin_unlock(&vc->lock);
    /* The event interrupt is not sent again while the guest's pending flag stays set: it went with
     * the reset. */
    atomic_or(&v->work, (u32)BIT(VCPU_WORK_UPCALL));
}
