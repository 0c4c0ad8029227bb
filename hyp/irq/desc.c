/* SPDX-License-Identifier: MIT */
#include "irq/irq.h"

#include "cpu/arch.h"
#include "cpu/atomic.h"
#include "cpu/speculation.h"
#include "irq/gic.h"
#include "log/log.h"
#include "mem/slab.h"

/* Interrupts taken in one stay at EL2: whatever still waits is taken right after the return to the
 * guest. */
#define HANDLE_MAX 16u
#define BLOCK      32u

struct gic_ops gic_table;
struct gic_info gic_info;
static struct irq_desc *block[(IRQ_END + BLOCK - 1) / BLOCK];

struct irq_desc *irq_find(hwirq_t irq)
{
    u32 n = gic_info.nr_irqs;
    if (irq.hw < IRQ_FIRST_PPI || irq.hw >= n) {
        return NULL;
    }
    u32 i = (u32)index_clamp(irq.hw, n);
    return &block[i / BLOCK][i % BLOCK];
}

static enum err create_descs(void)
{
    for (u32 i = 0; i * BLOCK < gic_info.nr_irqs; i++) {
        if (block[i]) {
            continue;
        }
        block[i] = heap_alloc(BLOCK * (u32)sizeof(struct irq_desc));
        if (!block[i]) {
            return E_NOMEM;
        }
        for (u32 j = 0; j < BLOCK; j++) {
            block[i][j].hwirq.hw = i * BLOCK + j;
            spin_init(&block[i][j].lock, RANK_IRQ, "irq");
        }
    }
    return OK;
}

enum err irq_init(void)
{
    enum err e = gic_probe();
    if (e != OK) {
        return e;
    }
    gic_info.nr_irqs = MIN(gic_info.nr_irqs, IRQ_END);
    return create_descs();
}

void irq_init_cpu(void)
{
    gic->init_cpu();
    for (u32 i = IRQ_FIRST_PPI; i < IRQ_FIRST_SPI; i++) {
        struct irq_desc *desc = irq_find((hwirq_t){i});
        if (desc && load_relaxed(&desc->enabled)) {
            gic->set_enabled(i, true);
        }
    }
}

static enum err claim(hwirq_t irq, irq_handler_fn *fn, void *arg, bool to_guest)
{
    struct irq_desc *desc = irq_find(irq);
    if (!desc) {
        return E_INVAL;
    }
    spin_lock(&desc->lock);
    enum err e = desc->handler ? E_BUSY : OK;
    if (e == OK) {
        desc->arg = arg;
        desc->to_guest = to_guest;
        /* irq_handle() reads without the lock: the handler is seen after what it needs. */
        store_release(&desc->handler, fn);
    }
    spin_unlock(&desc->lock);
    return e;
}

enum err irq_request(hwirq_t irq, enum irq_trigger trigger, irq_handler_fn *fn, void *arg)
{
    enum err e = claim(irq, fn, arg, false);
    if (e == OK) {
        irq_set_trigger(irq, trigger);
    }
    return e;
}

enum err irq_route_guest(hwirq_t irq, irq_handler_fn *fn, void *arg)
{
    return claim(irq, fn, arg, true);
}

static void turn(hwirq_t irq, bool on)
{
    struct irq_desc *desc = irq_find(irq);
    if (desc) {
        spin_lock(&desc->lock);
        desc->enabled = on;
        gic->set_enabled(irq.hw, on);
        spin_unlock(&desc->lock);
    }
}

void irq_enable(hwirq_t irq)
{
    turn(irq, true);
}

void irq_disable(hwirq_t irq)
{
    turn(irq, false);
}

void irq_release(hwirq_t irq)
{
    struct irq_desc *desc = irq_find(irq);
    if (desc) {
        irq_disable(irq);
        /* arg stays: a CPU that is in the handler's call reads it. It is overwritten by the next
         * claim, whose handler takes the same kind of arg (only interrupts routed to guests are
         * ever given back). */
        store_release(&desc->handler, (irq_handler_fn *)NULL);
    }
}

void irq_set_trigger(hwirq_t irq, enum irq_trigger trigger)
{
    struct irq_desc *desc = irq_find(irq);
    if (desc && irq.hw >= IRQ_FIRST_SPI) {
        spin_lock(&desc->lock);
        gic->set_trigger(irq.hw, trigger);
        spin_unlock(&desc->lock);
    }
}

void irq_set_target(hwirq_t irq, u32 cpu)
{
    struct irq_desc *desc = irq_find(irq);
    if (desc && irq.hw >= IRQ_FIRST_SPI) {
        spin_lock(&desc->lock);
        gic->set_target(irq.hw, cpu);
        spin_unlock(&desc->lock);
    }
}

void irq_deactivate(hwirq_t irq)
{
    gic->deactivate(irq.hw);
}

void irq_activate(hwirq_t irq)
{
    gic->activate_private(irq.hw);
}

static __force_inline void handle(struct irq_desc *desc, u32 raw)
{
    irq_handler_fn *fn = load_acquire(&desc->handler);
    if (likely(fn && load_relaxed(&desc->to_guest))) {
        gic->drop_priority(raw);
        fn(desc, desc->arg);
        return;
    }
    if (fn) {
        fn(desc, desc->arg);
    } else {
        log_warn("interrupt %u is nobody's: masked", desc->hwirq.hw);
        gic->set_enabled(desc->hwirq.hw, false);
    }
    /* After the handler: it made a level go away, which deactivation would else take again. */
    gic->drop_priority(raw);
    gic->deactivate(raw);
}

/* False: no more in this stay. A callback has the rest of it to itself: what else is there
 * interrupts again. */
static __force_inline bool handle_next(void)
{
    const u32 raw = gic->acknowledge();
    const u32 number = raw & 0x3ff;
    if (number >= IRQ_END) {
        return false;
    }
    if (number < IRQ_FIRST_PPI) {
        gic->drop_priority(raw);
        gic->deactivate(raw);
        ipi_receive(number);
        return number != IPI_RCU && cpu_may_interrupt();
    }
    /* Hardware's number: it is there. */
    handle(&block[number / BLOCK][number % BLOCK], raw);
    return cpu_may_interrupt();
}

static __noinline void handle_more(void)
{
    for (u32 i = 1; i < HANDLE_MAX && handle_next(); i++) {
    }
}

void irq_handle(void)
{
    if (unlikely(handle_next())) {
        handle_more();
    }
}
