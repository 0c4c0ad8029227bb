/* SPDX-License-Identifier: MIT */
#include "vtimer/hw_host.h"

#include "vtimer/hw.h"

DEFINE_PER_CPU(struct fake_vtimer, fake_vtimer);

u32 vtimer_hw_irq(void)
{
    return 27;
}

u32 vtimer_hw_physical_irq(void)
{
    return 30;
}

void vtimer_hw_stop(u64 *ctl, u64 *cval)
{
    struct fake_vtimer *t = &this_cpu(fake_vtimer);
    *ctl = t->ctl | (fake_vtimer_line() ? TIMER_ISTATUS : 0);
    *cval = t->cval;
    t->ctl = 0;
}

void vtimer_hw_start(u64 offset, u64 ctl, u64 cval)
{
    this_cpu(fake_vtimer) = (struct fake_vtimer){.offset = offset, .ctl = ctl, .cval = cval};
}

bool fake_vtimer_line(void)
{
    struct fake_vtimer *t = &this_cpu(fake_vtimer);
    return (t->ctl & (TIMER_ENABLE | TIMER_IMASK)) == TIMER_ENABLE &&
           cpu_counter_ticks() - t->offset >= t->cval;
}
