/* SPDX-License-Identifier: MIT */
/*
 * The console's UART: found by the dtuart= option or /chosen's stdout-path, and driven by the first
 * driver in the table (drv/uart.c) that is compatible.
 */
#ifndef DRV_UART_H
#define DRV_UART_H

#include "base/err.h"
#include "log/console.h"

struct uart_driver {
    const char *const *compatibles; /* ends with NULL */
    /* Takes over the node; the UART keeps the speed that firmware gave it. */
    enum err (*probe)(int node, const struct uart_ops **ops);
};
extern const struct uart_driver uart_pl011;

/* Boot CPU, when devices can be mapped. E_NODEV: there is no console. */
enum err uart_init(void);
/* The device tree node of the console's UART, which dom0 must not get; -1 when there is none. */
int uart_node(void);
/* Input: claims the UART's interrupt; after irq_init(). */
enum err uart_init_input(void);

#endif
