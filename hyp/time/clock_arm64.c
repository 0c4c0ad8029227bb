/* SPDX-License-Identifier: MIT */
/* The EL2 physical timer, CNTHP (Arm ARM D12.2.4), whose PPI the device tree's timer node lists
 * fourth. */
#include "cpu/arch.h"
#include "fw/firmware.h"
#include "fw/tree.h"
#include "irq/irq.h"
#include "time/hw.h"

#define HYP_TIMER_INDEX \
    3 /* secure, non-secure, virtual, hypervisor (devicetree binding arm,arch_timer) */
#define HYP_TIMER_PPI \
    26 /* recommended by the Base System Architecture; used when the tree names none */

static hwirq_t timer_irq; /* [c] after boot */
static void (*expired)(void);

/* Firmware that forgets CNTFRQ_EL0 names the frequency in the device tree instead. */
u32 hw_counter_hz(void)
{
    return tree_u32(firmware.fdt, fdt_timer(), "clock-frequency", (u32)read_sysreg(cntfrq_el0));
}

static void interrupt(struct irq_desc *desc, void *arg)
{
    expired();
}

enum err hw_timer_init(void (*fn)(void))
{
    timer_irq.hw = fdt_timer_ppi(HYP_TIMER_INDEX, HYP_TIMER_PPI);
    expired = fn;
    return irq_request(timer_irq, IRQ_LEVEL_HIGH, interrupt, NULL);
}

void hw_timer_init_cpu(void)
{
    write_sysreg(0, cnthp_ctl_el2);
    irq_enable(timer_irq);
}

void hw_timer_arm(u64 ticks)
{
    if (ticks == ~0ULL) {
        write_sysreg(0, cnthp_ctl_el2);
    } else {
        write_sysreg(ticks, cnthp_cval_el2);
        write_sysreg(CNT_CTL_ENABLE, cnthp_ctl_el2);
    }
    barrier_context(); /* the level is right before the interrupt that led here is ended */
}
