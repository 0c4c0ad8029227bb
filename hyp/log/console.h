/* SPDX-License-Identifier: MIT */
/*
 * The console: one UART, shared by the hypervisor and dom0. Ctrl-A three times moves input between
 * dom0 and the debug keys; while Kanso has it, a key runs its debug key ('h' lists them).
 */
#ifndef LOG_CONSOLE_H
#define LOG_CONSOLE_H

#include "base/err.h"
#include "base/types.h"

/* A UART driver (drv/). Polled output; input by interrupt. */
struct uart_ops {
    void (*put)(char c);
    bool (*try_get)(char *c);
    void (*enable_input)(void); /* unmask its receive interrupt */
    bool (*handle_irq)(void);   /* true if there was input; clears the cause */
};

void console_set_uart(const struct uart_ops *ops);
/* Raw bytes to the UART and, when asked, to the ring. Any context; takes the console lock. */
void console_write(const char *s, u32 bytes, bool to_ring);
/* The receive interrupt's handler (and polling): reads the UART, dispatches to dom0 or debug keys.
 */
void console_receive(void);
/* dom0's console_io read: takes at most n bytes of input meant for dom0; returns how many. */
u32 console_read(char *out, u32 n);
/* Inject input as if typed at the debug console: sysctl debug_keys. */
void console_debug_key(char key);

/* A debug key: registered by the room that knows; bounded output. */
struct debug_key {
    char key;
    const char *help;
    void (*run)(void);
};
void console_register_key(const struct debug_key *key); /* storage stays with the caller */

#endif
