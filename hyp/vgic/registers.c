/* SPDX-License-Identifier: MIT */
/*
 * The registers that hold a field for each interrupt: the same at the same offsets in a distributor
 * (IHI 0048 4.3, IHI 0069 12.8) and, for the private ones, in the second frame of a redistributor
 * (IHI 0069 12.10).
 */
#include "cpu/atomic.h"
#include "cpu/speculation.h"
#include "vgic/state.h"

/* One bit an interrupt: by offset / 0x80. */
enum bank {
    GROUP = 1,
    SET_ENABLE,
    CLEAR_ENABLE,
    SET_PENDING,
    CLEAR_PENDING,
    SET_ACTIVE,
    CLEAR_ACTIVE
};

static u32 read_bit(struct vgic_irq *irq, enum bank bank)
{
    switch (bank) {
    case GROUP:
        /* One security state and one group: 0 on GICv2, 1 on GICv3. */
        return gic->version == 3;
    case SET_ENABLE:
    case CLEAR_ENABLE:
        return load_relaxed(&irq->enabled);
    case SET_PENDING:
    case CLEAR_PENDING:
        return vgic_change(irq, OP_IS_PENDING, 0);
    default:
        return vgic_change(irq, OP_IS_ACTIVE, 0);
    }
}

/* What writing 1 does; which: bits of a word whose first interrupt this is. */
static void write_bits(struct vgic_irq *irq, enum bank bank, u32 which)
{
    static const enum vgic_op ops[] = {
        [SET_ENABLE] = OP_ENABLE,       [CLEAR_ENABLE] = OP_DISABLE,
        [SET_PENDING] = OP_SET_PENDING, [CLEAR_PENDING] = OP_CLEAR_PENDING,
        [SET_ACTIVE] = OP_SET_ACTIVE,   [CLEAR_ACTIVE] = OP_CLEAR_ACTIVE,
    };
    /* On GICv2 an SGI is made pending by GICD_SPENDSGIR, which says from whom; here it is read-only
     * (IHI 0048 4.3.7). */
    const bool pending = bank == SET_PENDING || bank == CLEAR_PENDING;
    if (pending && vgic_is_sgi_with_source(irq)) {
        which &= ~((1u << NR_SGIS) - 1);
    }
    if (bank != GROUP) {
        vgic_change_many(irq, which, ops[bank], NULL);
    }
}

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
    const enum bank bank = (enum bank)(a->offset / 0x80);
    const u32 intid = (u32)(a->offset % 0x80) * 8;
    struct vgic_irq *irq = find(v, first, end, intid);
    u32 which = 0;
    if (irq && irq->home) {
        which = end - intid < 32 ? (1u << (end - intid)) - 1 : ~0u;
    }
    u64 value = 0;
    if (a->write && which) {
        write_bits(irq, bank, which & (u32)a->value);
    } else {
        for (; which; which &= which - 1) {
            const u32 bit = bit_lowest(which);
            value |= (u64)read_bit(&irq[bit], bank) << bit;
        }
    }
    a->value = value;
    return true;
}

/* Those of a->bytes interrupts, of which this is the first; the same below. */
static void access_priorities(struct vgic_irq *irq, struct mmio_access *a)
{
    u8 byte[4];
    u64 value = 0;
    for (u32 i = 0; i < a->bytes; i++) {
        byte[i] = (u8)(a->value >> i * 8);
        value |= (u64)load_relaxed(&irq[i].priority) << i * 8;
    }
    if (a->write) {
        vgic_change_many(irq, (1u << a->bytes) - 1, OP_SET_PRIORITY, byte);
    }
    a->value = value;
}

/* The targets that a guest wrote and that there are; of several the first is the one. */
static u32 target_of(const struct domain *d, u8 byte)
{
    u32 mask = 0;
    for (u32 i = 0; i < d->max_vcpus; i++) {
        mask |= (byte >> i & 1) && load_acquire(&d->vcpu[i]) ? 1u << i : 0;
    }
    return mask << 16 | (mask ? bit_lowest(mask) : TARGET_NOBODY);
}

/* GICv2: masks of CPU interfaces. */
static void access_targets(struct vcpu *v, struct vgic_irq *irq, struct mmio_access *a)
{
    const bool is_private = irq->intid < NR_PRIVATE;
    u64 value = 0;
    for (u32 i = 0; i < a->bytes; i++) {
        if (a->write && !is_private) {
            vgic_change(&irq[i], OP_SET_TARGET, target_of(v->domain, (u8)(a->value >> i * 8)));
        }
        u32 mask = is_private ? 1u << v->id : load_relaxed(&irq[i].target_mask);
        value |= (u64)mask << i * 8;
    }
    a->value = value;
}

/* A byte an interrupt: GICD_IPRIORITYR (0x400), GICD_ITARGETSR (0x800, GICv2 only). */
static bool access_bytes(struct vcpu *v, u32 first, u32 end, struct mmio_access *a)
{
    if (a->bytes != 1 && a->bytes != 4) {
        return false;
    }
    struct vgic_irq *irq = find(v, first, end, (u32)(a->offset % 0x400));
    const bool targets = a->offset >= 0x800;
    if (!irq || !irq->home || (targets && gic->version == 3)) {
        a->value = 0;
    } else if (targets) {
        access_targets(v, irq, a);
    } else {
        access_priorities(irq, a);
    }
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
        v->vgic->must_refill = true;
        vgic_unlock(v, TELL_WORK); /* each refills its list registers on its way in */
    }
}

/* PIDR and CIDR as in Arm's own controllers: part 0x390 or 0x490 of JEP 106 code 0x43b, here 0. */
u32 vgic_read_id(u64 offset, u32 revision)
{
    static const u8 id[] = {0x44, 0, 0, 0, 0, 0xb4, 0x0b, 0, 0x0d, 0xf0, 0x05, 0xb1};
    const u32 word = (u32)((offset & 0xfff) - 0xfd0) / 4; /* PIDR4..7, PIDR0..3, CIDR0..3 */
    if (offset % 4 != 0 || word >= ARRAY_LEN(id)) {
        return 0;
    }
    /* PIDR2 has the architecture's revision. */
    return id[index_clamp(word, ARRAY_LEN(id))] | (word == 6 ? revision << 4 : 0);
}
