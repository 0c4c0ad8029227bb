/* SPDX-License-Identifier: MIT */
#include "irq/gic_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "irq/gic.h"

#define LEVELS           32u /* of priority, 8 apart */
#define V3_GROUP1_ENABLE 2u
#define V2_GROUP0_ENABLE 1u

struct fake_irq {
    bool enabled, pending, line, edge, active;
    u32 target;
};
static struct fake_irq private_irq[CPU_MAX][IRQ_FIRST_SPI], shared_irq[IRQ_END];

struct fake_cpu {
    u64 lr[GIC_MAX_LRS];
    u32 hcr, vmcr, apr; /* apr: a bit for each level of priority that runs */
    bool taken;         /* acknowledged, priority not dropped yet */
};
static struct fake_cpu fake_cpus[CPU_MAX];
static u32 lr_writes;
static struct gic_ops ops;

/* CPUs may be threads: the distributor and every CPU's pending state are under one lock; list
 * registers are their CPU's own. */
static bool gic_busy;

static void enter(void)
{
    host_hw_enter(&gic_busy);
}

static void leave(void)
{
    host_hw_leave(&gic_busy);
}

static void require(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fake GIC: error: %s\n", what);
        abort();
    }
}

static struct fake_irq *irq_of(u32 cpu, u32 irq)
{
    require(irq < gic_info.nr_irqs, "no such interrupt");
    return irq < IRQ_FIRST_SPI ? &private_irq[cpu][irq] : &shared_irq[irq];
}

static struct fake_cpu *here(void)
{
    return &fake_cpus[cpu_current()];
}

static bool is_valid(u64 raw)
{
    struct gic_lr lr = ops.lr_decode(raw);
    return lr.pending || lr.active;
}

/* ---- distributor and the hypervisor's interface ---- */

static u32 misr(const struct fake_cpu *c)
{
    u32 nr_valid = 0, nr_pending = 0, ended = 0;
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        struct gic_lr lr = ops.lr_decode(c->lr[i]);
        nr_valid += lr.pending || lr.active;
        nr_pending += lr.pending;
        ended += !lr.pending && !lr.active && lr.eoi_maintenance;
    }
    if (!(c->hcr & GICH_HCR_EN)) {
        return 0;
    }
    return (ended != 0) | ((c->hcr & GICH_HCR_UIE) && nr_valid <= 1 ? 2 : 0) |
           ((c->hcr & GICH_HCR_LRENPIE) && GICH_HCR_EOICOUNT(c->hcr) ? 4 : 0) |
           ((c->hcr & GICH_HCR_NPIE) && nr_pending == 0 ? 8 : 0);
}

static bool is_pending(u32 cpu, u32 irq)
{
    const struct fake_irq *i = irq_of(cpu, irq);
    bool level = irq == gic_info.maintenance.hw ? misr(&fake_cpus[cpu]) != 0 : i->line && !i->edge;
    return i->enabled && !i->active && (i->pending || level) &&
           (irq < IRQ_FIRST_SPI || i->target == cpu);
}

static u32 first_pending_locked(u32 cpu)
{
    for (u32 irq = 0; irq < gic_info.nr_irqs; irq++) {
        if (is_pending(cpu, irq)) {
            return irq;
        }
    }
    return FAKE_SPURIOUS;
}

bool fake_gic_signals(void)
{
    enter();
    u32 irq = first_pending_locked(cpu_current());
    leave();
    return irq != FAKE_SPURIOUS;
}

static u32 acknowledge(void)
{
    enter();
    u32 irq = first_pending_locked(cpu_current());
    if (irq != FAKE_SPURIOUS) {
        require(!here()->taken, "an interrupt within another");
        here()->taken = true;
        irq_of(cpu_current(), irq)->pending = false;
        irq_of(cpu_current(), irq)->active = true;
    }
    leave();
    return irq;
}

static void drop_priority(u32 raw)
{
    require(here()->taken, "priority dropped twice");
    here()->taken = false;
}

static void deactivate(u32 raw)
{
    struct fake_irq *irq = irq_of(cpu_current(), raw & 0x3ff);
    enter();
    require(irq->active, "deactivated what is not active");
    irq->active = false;
    leave();
}

static void activate_private(u32 irq)
{
    enter();
    require(!private_irq[cpu_current()][irq].active, "made active what is active");
    private_irq[cpu_current()][irq].active = true;
    leave();
}

static void set_enabled(u32 irq, bool on)
{
    enter();
    irq_of(cpu_current(), irq)->enabled = on;
    leave();
}

static void set_trigger(u32 irq, enum irq_trigger trigger)
{
    enter();
    irq_of(0, irq)->edge = trigger == IRQ_EDGE_RISING;
    leave();
}

static void set_target(u32 irq, u32 cpu)
{
    enter();
    irq_of(0, irq)->target = cpu;
    leave();
}

static void send_sgi(u32 cpu, u32 sgi)
{
    enter();
    private_irq[cpu][sgi].pending = true;
    leave();
}

static void init_cpu(void)
{
    for (u32 i = 0; i < IRQ_FIRST_PPI; i++) {
        private_irq[cpu_current()][i].enabled = true;
    }
}

/* ---- list registers, as the hypervisor sees them ---- */

static u64 lr_read(u32 n)
{
    require(n < gic_info.nr_lrs, "no such list register");
    return here()->lr[n];
}

static void lr_write(u32 n, u64 raw)
{
    require(n < gic_info.nr_lrs, "no such list register");
    here()->lr[n] = raw;
    __atomic_fetch_add(&lr_writes, 1, __ATOMIC_RELAXED);
    struct gic_lr lr = ops.lr_decode(raw);
    if (!lr.pending && !lr.active) {
        return;
    }
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        require(i == n || !is_valid(here()->lr[i]) || ops.lr_decode(here()->lr[i]).virq != lr.virq,
                "two list registers for one interrupt");
    }
    require(lr.hw || lr.virq < IRQ_FIRST_PPI || lr.hwirq == 0, "a source, but no SGI");
    if (lr.hw) {
        require(!(lr.pending && lr.active), "the host's interrupt pending and active");
        require(irq_of(cpu_current(), lr.hwirq)->active,
                "a hardware bit, but the host's interrupt is not active");
    }
}

static bool lr_renew(u32 n, bool hw, u32 source)
{
    u64 raw = lr_read(n);
    if (!(ops.version == 2 ? gicv2_can_renew(raw, hw, source) : gicv3_can_renew(raw, hw))) {
        return false;
    }
    lr_write(n, ops.version == 2 ? gicv2_renewed(raw, source) : raw | GICV3_LR_PENDING);
    return true;
}

static u64 lr_empty(void)
{
    u64 empty = 0;
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        empty |=
            is_valid(here()->lr[i]) || ops.lr_decode(here()->lr[i]).eoi_maintenance ? 0 : BIT(i);
    }
    return empty;
}

static void hcr_write(u32 hcr)
{
    here()->hcr = hcr;
}

static u32 hcr_read(void)
{
    return here()->hcr;
}

static u32 vmcr_read(void)
{
    return here()->vmcr;
}

static void save(struct gic_cpu_state *s)
{
    s->vmcr = here()->vmcr;
    s->apr[0] = here()->apr;
}

static void restore(const struct gic_cpu_state *s)
{
    here()->vmcr = s->vmcr;
    here()->apr = s->apr[0];
}

static struct gic_ops ops = {
    .init_cpu = init_cpu,
    .acknowledge = acknowledge,
    .drop_priority = drop_priority,
    .deactivate = deactivate,
    .activate_private = activate_private,
    .set_enabled = set_enabled,
    .set_trigger = set_trigger,
    .set_target = set_target,
    .send_sgi = send_sgi,
    .lr_read = lr_read,
    .lr_write = lr_write,
    .lr_renew = lr_renew,
    .lr_empty = lr_empty,
    .hcr_write = hcr_write,
    .hcr_read = hcr_read,
    .vmcr_read = vmcr_read,
    .save = save,
    .restore = restore,
};

/* ---- the guest's side ---- */

static u32 guest_mask(const struct fake_cpu *c)
{
    if (!(c->hcr & GICH_HCR_EN) ||
        !(c->vmcr & (ops.version == 2 ? V2_GROUP0_ENABLE : V3_GROUP1_ENABLE))) {
        return 0;
    }
    u32 mask = ops.version == 2 ? c->vmcr >> 27 << 3 : c->vmcr >> 24;
    u32 running = c->apr ? bit_lowest(c->apr) * 8 : 0x100;
    return MIN(mask, running);
}

void fake_guest_enable(u32 priority_mask)
{
    here()->vmcr = ops.version == 2 ? V2_GROUP0_ENABLE | priority_mask >> 3 << 27
                                    : V3_GROUP1_ENABLE | priority_mask << 24;
}

static u32 best_lr(void)
{
    u32 best = GIC_MAX_LRS, priority = guest_mask(here());
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        struct gic_lr lr = ops.lr_decode(here()->lr[i]);
        require(!lr.pending || lr.group1 == (ops.version == 3), "an interrupt of the wrong group");
        if (lr.pending && !lr.active && lr.priority < priority) {
            best = i;
            priority = lr.priority;
        }
    }
    return best;
}

bool fake_guest_signals(void)
{
    return best_lr() != GIC_MAX_LRS;
}

u32 fake_guest_acknowledge(void)
{
    u32 n = best_lr();
    if (n == GIC_MAX_LRS) {
        return FAKE_SPURIOUS;
    }
    struct gic_lr lr = ops.lr_decode(here()->lr[n]);
    lr.pending = false;
    lr.active = true;
    here()->lr[n] = ops.lr_encode(&lr);
    here()->apr |= 1u << lr.priority / 8;
    return ops.version == 2 && lr.virq < IRQ_FIRST_PPI ? lr.virq | lr.hwirq << 10 : lr.virq;
}

void fake_guest_end(u32 raw)
{
    struct fake_cpu *c = here();
    require(c->apr != 0, "the guest ended what it did not begin");
    c->apr &= c->apr - 1;
    for (u32 i = 0; i < gic_info.nr_lrs; i++) {
        struct gic_lr lr = ops.lr_decode(c->lr[i]);
        if (!lr.active || lr.virq != (raw & 0x3ff)) {
            continue;
        }
        require(ops.version == 3 || lr.virq >= IRQ_FIRST_PPI || lr.hwirq == raw >> 10,
                "an SGI of another source");
        lr.active = false;
        if (lr.hw) {
            deactivate(lr.hwirq);
        }
        c->lr[i] = ops.lr_encode(&lr);
        return;
    }
    c->hcr += 1u << 27;
}

u32 fake_guest_lr_writes(void)
{
    return lr_writes;
}

/* ---- devices and setting up ---- */

void fake_gic_pulse(u32 cpu, u32 irq)
{
    enter();
    irq_of(cpu, irq)->pending = true;
    leave();
}

void fake_gic_line(u32 cpu, u32 irq, bool high)
{
    struct fake_irq *i = irq_of(cpu, irq);
    enter();
    i->pending |= high && !i->line && i->edge;
    i->line = high;
    leave();
}

bool fake_gic_is_active(u32 cpu, u32 irq)
{
    return irq_of(cpu, irq)->active;
}

bool fake_gic_is_enabled(u32 cpu, u32 irq)
{
    return irq_of(cpu, irq)->enabled;
}

bool fake_gic_is_edge(u32 irq)
{
    return irq_of(0, irq)->edge;
}

u32 fake_gic_target(u32 irq)
{
    return irq_of(0, irq)->target;
}

void fake_gic_setup(u32 version, u32 nr_irqs, u32 nr_lrs)
{
    memset(private_irq, 0, sizeof(private_irq));
    memset(shared_irq, 0, sizeof(shared_irq));
    memset(fake_cpus, 0, sizeof(fake_cpus));
    gic_info = (struct gic_info){
        .nr_irqs = nr_irqs,
        .nr_lrs = nr_lrs,
        .dist = {FAKE_GICD},
        .dist_bytes = 0x10000,
        .maintenance = {FAKE_MAINTENANCE},
    };
    if (version == 2) {
        gic_info.cpu.m = FAKE_GICC;
        gic_info.cpu_bytes = 0x10000;
        gic_info.vcpu.m = FAKE_GICV;
        gic_info.vcpu_bytes = 0x10000;
    } else {
        gic_info.nr_redist_regions = 1;
        gic_info.redist[0].base.m = FAKE_GICR;
        gic_info.redist[0].bytes = 8 * 0x20000;
    }
    ops.version = version;
    ops.lr_pending = version == 2 ? GICV2_LR_PENDING : GICV3_LR_PENDING;
    ops.lr_active = version == 2 ? GICV2_LR_ACTIVE : GICV3_LR_ACTIVE;
    ops.lr_encode = version == 2 ? gicv2_lr_encode : gicv3_lr_encode;
    ops.lr_decode = version == 2 ? gicv2_lr_decode : gicv3_lr_decode;
    gic_table = (struct gic_ops){0};
}

enum err gic_probe(void)
{
    if (gic_info.nr_lrs == 0) {
        return E_NODEV;
    }
    gic_table = ops;
    return OK;
}
