/* SPDX-License-Identifier: MIT */
/*
 * The registers that hold a field for each interrupt: the same at the same offsets in a distributor
 * (IHI 0048 4.3, IHI 0069 12.8) and, for the private ones, in the second frame of a redistributor
 * (IHI 0069 12.10).
 */
#include "cpu/atomic.h"
#include "vgic/state.h"

/* One bit an interrupt: how it reads, what writing 1 does. */
struct bank {
    u32 (*read)(struct vgic_irq *irq);
    void (*set)(struct vgic_irq *irq);
};

static u32 read_group(struct vgic_irq *irq)
{
    /* One security state and one group: 0 on GICv2, 1 on GICv3. */
    return gic->version == 3;
}

static u32 read_enabled(struct vgic_irq *irq)
{
    return load_relaxed(&irq->enabled);
}

static void set_enabled(struct vgic_irq *irq)
{
    vgic_change(irq, OP_ENABLE, 0);
}

static void clear_enabled(struct vgic_irq *irq)
{
    vgic_change(irq, OP_DISABLE, 0);
}

static u32 read_pending(struct vgic_irq *irq)
{
    return vgic_change(irq, OP_IS_PENDING, 0);
}

/* On GICv2 an SGI is made pending by GICD_SPENDSGIR, which says from whom; here it is read-only
 * (IHI 0048 4.3.7). */
static void set_pending(struct vgic_irq *irq)
{
    if (!vgic_is_sgi_with_source(irq)) {
        vgic_change(irq, OP_SET_PENDING, 0);
    }
}

static void clear_pending(struct vgic_irq *irq)
{
    if (!vgic_is_sgi_with_source(irq)) {
        vgic_change(irq, OP_CLEAR_PENDING, 0);
    }
}

static u32 read_active(struct vgic_irq *irq)
{
    return vgic_change(irq, OP_IS_ACTIVE, 0);
}

static void set_active(struct vgic_irq *irq)
{
    vgic_change(irq, OP_SET_ACTIVE, 0);
}

static void clear_active(struct vgic_irq *irq)
{
    vgic_change(irq, OP_CLEAR_ACTIVE, 0);
}

static void ignore(struct vgic_irq *irq)
{
    (void)irq;
}

static const struct bank banks[8] = {
    [1] = {read_group, ignore},          /* GICD_IGROUPR */
    [2] = {read_enabled, set_enabled},   /* GICD_ISENABLER */
    [3] = {read_enabled, clear_enabled}, /* GICD_ICENABLER */
    [4] = {read_pending, set_pending},   /* GICD_ISPENDR */
    [5] = {read_pending, clear_pending}, /* GICD_ICPENDR */
    [6] = {read_active, set_active},     /* GICD_ISACTIVER */
    [7] = {read_active, clear_active},   /* GICD_ICACTIVER */
};

/* The interrupt whose field this is; NULL: none, reads as zero. */
static struct vgic_irq *find(struct vcpu *v, u32 first, u32 end, u32 intid)
{
    return intid >= first && intid < end ? vgic_find(v->domain, v, intid) : NULL;
}

static bool access_bits(struct vcpu *v, u32 first, u32 end, struct mmio_access *a)
{
    if (a->bytes != 4) {
        return false;
    }
    const struct bank *bank = &banks[a->offset / 0x80];
    u32 intid = (u32)(a->offset % 0x80) * 8;
    u64 value = 0;
    for (u64 bits = a->write ? a->value : 0xffffffff; bits; bits &= bits - 1) {
        u32 bit = bit_lowest(bits);
        struct vgic_irq *irq = find(v, first, end, intid + bit);
        if (irq && irq->home && a->write) {
            bank->set(irq);
        } else if (irq && irq->home) {
            value |= (u64)bank->read(irq) << bit;
        }
    }
    a->value = value;
    return true;
}

static void access_priority(struct vgic_irq *irq, bool write, u8 *byte)
{
    if (write) {
        vgic_change(irq, OP_SET_PRIORITY, *byte);
    } else {
        *byte = load_relaxed(&irq->priority);
    }
}

/* GICv2: a mask of CPU interfaces. Of several targets the first is the one. */
static void access_targets(struct vcpu *v, struct vgic_irq *irq, bool write, u8 *byte)
{
    if (irq->intid < NR_PRIVATE) {
        *byte = (u8)(1u << v->id);
        return;
    }
    if (!write) {
        *byte = load_relaxed(&irq->target_mask);
        return;
    }
    u32 mask = 0;
    for (u32 i = 0; i < v->domain->max_vcpus; i++) {
        mask |= (*byte >> i & 1) && load_acquire(&v->domain->vcpu[i]) ? 1u << i : 0;
    }
    vgic_change(irq, OP_SET_TARGET, mask << 16 | (mask ? bit_lowest(mask) : TARGET_NOBODY));
}

/* A byte an interrupt: GICD_IPRIORITYR (0x400), GICD_ITARGETSR (0x800, GICv2 only). */
static bool access_bytes(struct vcpu *v, u32 first, u32 end, struct mmio_access *a)
{
    if (a->bytes != 1 && a->bytes != 4) {
        return false;
    }
    bool targets = a->offset >= 0x800;
    u64 value = 0;
    for (u32 i = 0; i < a->bytes; i++) {
        struct vgic_irq *irq = find(v, first, end, (u32)(a->offset % 0x400) + i);
        if (!irq || !irq->home || (targets && gic->version == 3)) {
            continue;
        }
        u8 byte = (u8)(a->value >> i * 8);
        if (targets) {
            access_targets(v, irq, a->write, &byte);
        } else {
            access_priority(irq, a->write, &byte);
        }
        value |= (u64)byte << i * 8;
    }
    a->value = value;
    return true;
}

/* Two bits an interrupt: GICD_ICFGR. The upper one says edge; SGIs are edges for ever. */
static bool access_config(struct vcpu *v, u32 first, u32 end, struct mmio_access *a)
{
    if (a->bytes != 4) {
        return false;
    }
    u64 value = 0;
    for (u32 i = 0; i < 16; i++) {
        struct vgic_irq *irq = find(v, first, end, (u32)(a->offset % 0x100) * 4 + i);
        if (!irq || !irq->home) {
            continue;
        }
        bool level = !(a->value >> i * 2 & 2);
        if (a->write && irq->intid >= NR_SGIS && load_relaxed(&irq->level) != level) {
            vgic_change(irq, OP_SET_LEVEL_CONFIG, level);
        }
        value |= load_relaxed(&irq->level) ? 0 : 2ULL << i * 2;
    }
    a->value = value;
    return true;
}

bool vgic_access_bank(struct vcpu *v, u32 first, u32 end, struct mmio_access *a)
{
    if (a->offset >= 0x80 && a->offset < 0x400) {
        return access_bits(v, first, end, a);
    }
    if (a->offset >= 0x400 && a->offset < 0xc00) {
        return access_bytes(v, first, end, a);
    }
    if (a->offset >= 0xc00 && a->offset < 0xd00) {
        return access_config(v, first, end, a);
    }
    return a->bytes == 4 && vgic_access_nothing(a);
}

void vgic_forward(struct domain *d, bool enabled)
{
    if (d->vgic->enabled == enabled) {
        return;
    }
    store_relaxed(&d->vgic->enabled, enabled);
    for (struct vcpu *v = vcpu_next(d, 0); v; v = vcpu_next(d, v->id + 1)) {
        spin_lock(&v->vgic->lock);
        v->vgic->forwards = enabled;
        vgic_unlock(v, TELL_WORK); /* each refills its list registers on its way in */
    }
}

/* PIDR and CIDR as in Arm's own controllers: part 0x390 or 0x490 of JEP 106 code 0x43b, here 0. */
u32 vgic_read_id(u64 offset, u32 revision)
{
    switch (offset & 0xfff) {
    case 0xfe8: /* PIDR2: architecture revision, JEDEC */
        return revision << 4 | 0xb;
    case 0xfd0: /* PIDR4 */
        return 0x44;
    case 0xfe4: /* PIDR1 */
        return 0xb4;
    case 0xff0:
        return 0x0d;
    case 0xff4:
        return 0xf0;
    case 0xff8:
        return 0x05;
    case 0xffc:
        return 0xb1;
    default:
        return 0;
    }
}
