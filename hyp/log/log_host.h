/* SPDX-License-Identifier: MIT */
/* The fake machine's end of log/: hooks that a test sets. */
#ifndef LOG_LOG_HOST_H
#define LOG_LOG_HOST_H

#include "base/types.h"

/* Called where a real machine would call log_up_input() and log_up_ring(). */
extern void (*host_log_input)(void);
extern void (*host_log_ring)(void);
/* Called by panic() with its text; must not return (longjmp). Without it panic() prints and aborts.
 */
extern void (*host_panic)(const char *text);

#endif
