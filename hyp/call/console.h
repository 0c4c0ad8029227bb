/* SPDX-License-Identifier: MIT */
/* The console's events for dom0, which log/ notes in any context and the way out delivers. */
#ifndef CALL_CONSOLE_H
#define CALL_CONSOLE_H

/* The way out, with WORK_CONSOLE set, no locks held: raises VIRQ_CONSOLE and VIRQ_CON_RING if they
 * were noted. */
void call_console_work(void);

#endif
