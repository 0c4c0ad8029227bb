/* SPDX-License-Identifier: MIT */
/* Private to call/: how long the current call has been here, for call_should_restart(). */
#ifndef CALL_RESTART_H
#define CALL_RESTART_H

/* A call begins on this CPU. */
void restart_begin(void);

#endif
