/* SPDX-License-Identifier: MIT */
/* Inside vtimer/: the hardware's virtual timer (Arm ARM D12.2), in hw_arm64.c and hw_host.c. */
#ifndef VTIMER_HW_H
#define VTIMER_HW_H

#include "base/types.h"

#define TIMER_ENABLE  1ULL
#define TIMER_IMASK   2ULL
#define TIMER_ISTATUS 4ULL

/* The PPIs of the virtual and of EL1's physical timer, as the device tree names them. */
u32 vtimer_hw_irq(void);
u32 vtimer_hw_physical_irq(void);
/* CNTV_CTL_EL0, CNTV_CVAL_EL0 of this CPU; then off. */
void vtimer_hw_stop(u64 *ctl, u64 *cval);
/* CNTVOFF_EL2 and both. */
void vtimer_hw_start(u64 offset, u64 ctl, u64 cval);

#endif
