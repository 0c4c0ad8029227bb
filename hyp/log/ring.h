/* SPDX-License-Identifier: MIT */
/* Private to log/: the ring's writer, and the lock that ring and UART share. */
#ifndef LOG_RING_H
#define LOG_RING_H

#include "base/types.h"

#define RING_BYTES 0x10000u

/* Both are no-ops for the CPU that panics: it must get its words out whoever held the lock. */
void console_lock(void);
void console_unlock(void);
/* The console lock held. */
void ring_write(const char *s, u32 bytes);
/* The UART, the console lock held: LF becomes CR LF, unless a CR stood before it. */
void uart_write(const char *s, u32 bytes);
/* A line of the hypervisor's own to the UART: on a line of its own. The console lock held. */
void uart_write_line(const char *s, u32 bytes);
/* Tells rooms above (log_up.h; in the host build a test's hook, log_host.h). */
void log_notify_input(void);
void log_notify_ring(void);
/* From now on this CPU alone writes. */
void console_take_for_panic(void);

#endif
