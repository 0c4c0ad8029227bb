/* SPDX-License-Identifier: MIT */
#include "vtimer/hw.h"

#include "cpu/arch.h"
#include "fw/firmware.h"

/* Entries of interrupts in the timer's node: secure physical, non-secure physical, virtual,
 * hypervisor. */
#define ENTRY_PHYSICAL 1u
#define ENTRY_VIRTUAL  2u
#define PPI_PHYSICAL   30u
#define PPI_VIRTUAL    27u

u32 vtimer_hw_irq(void)
{
    return fdt_timer_ppi(ENTRY_VIRTUAL, PPI_VIRTUAL);
}

u32 vtimer_hw_physical_irq(void)
{
    return fdt_timer_ppi(ENTRY_PHYSICAL, PPI_PHYSICAL);
}

void vtimer_hw_stop(u64 *ctl, u64 *cval)
{
    *ctl = read_sysreg(cntv_ctl_el0);
    *cval = read_sysreg(cntv_cval_el0);
    write_sysreg(0, cntv_ctl_el0);
    barrier_context();
}

void vtimer_hw_start(u64 offset, u64 ctl, u64 cval)
{
    write_sysreg(offset, cntvoff_el2);
    write_sysreg(cval, cntv_cval_el0);
    /* The comparison is with the new value before it counts. */
    barrier_context();
    write_sysreg(ctl, cntv_ctl_el0);
}
