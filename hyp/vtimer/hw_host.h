/* SPDX-License-Identifier: MIT */
/* The fake machine's virtual timer: registers a CPU, read and written by tests as the guest would.
 */
#ifndef VTIMER_HW_HOST_H
#define VTIMER_HW_HOST_H

#include "sync/percpu.h"

struct fake_vtimer {
    u64 offset, ctl, cval;
};
DECLARE_PER_CPU(struct fake_vtimer, fake_vtimer);
/* Does this CPU's timer assert its line? */
bool fake_vtimer_line(void);

#endif
