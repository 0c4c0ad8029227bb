/* SPDX-License-Identifier: MIT */
/* The EL2 physical timer, CNTHP (Arm ARM D12.2.4), whose PPI the device tree's timer node lists
 * fourth. */
#include <libfdt.h>

#include "cpu/arch.h"
#include "fw/firmware.h"
#include "irq/irq.h"
#include "time/hw.h"

#define HYP_TIMER_INDEX \
    3 /* secure, non-secure, virtual, hypervisor (devicetree binding arm,arch_timer) */
#define HYP_TIMER_PPI \
    26 /* recommended by the Base System Architecture; used when the tree names none */

static hwirq_t timer_irq = {HYP_TIMER_PPI};
static void (*expired)(void);

static int timer_node(void)
{
    static const char *const compatibles[] = {"arm,armv8-timer", "arm,armv7-timer"};
    return fdt_find_compatible(compatibles, ARRAY_LEN(compatibles));
}

/* Firmware that forgets CNTFRQ_EL0 names the frequency in the device tree instead. */
u32 hw_counter_hz(void)
{
    int node = timer_node();
    int bytes = 0;
    if (node >= 0) {
        const fdt32_t *hz = fdt_getprop(firmware.fdt, node, "clock-frequency", &bytes);
        if (hz != NULL && bytes == sizeof(*hz)) {
            return fdt32_to_cpu(*hz);
        }
    }
    return (u32)read_sysreg(cntfrq_el0);
}

static void interrupt(struct irq_desc *desc, void *arg)
{
    expired();
}

enum err hw_timer_init(void (*fn)(void))
{
    u32 trigger;
    int node = timer_node();
    if (node >= 0) {
        err_ignore(fdt_irq(node, HYP_TIMER_INDEX, &timer_irq.hw, &trigger)); /* keeps the default */
    }
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
