/* SPDX-License-Identifier: MIT */
/* What log/ declares and rooms above define; hyp/LAYERS lists them. */
#ifndef LOG_LOG_UP_H
#define LOG_LOG_UP_H

#include "base/types.h"

/* call/console.c; called with the console lock held, or by a panicking CPU: they only note and
 * raise. */
void log_up_input(void); /* input for dom0 is waiting: raise VIRQ_CONSOLE */
void log_up_ring(void);  /* the ring grew: raise VIRQ_CON_RING */

/* boot/end.c: the other CPUs stop where they are (IPI_HALT); does not wait. May be called when
 * nothing works. */
void panic_up_stop_others(void);
/* boot/end.c: the end after a panic: reset, or stay with noreboot. */
__noreturn void panic_up_end(void);

#endif
