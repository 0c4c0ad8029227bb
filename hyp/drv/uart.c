/* SPDX-License-Identifier: MIT */
#include "drv/uart.h"

#include "base/string.h"
#include "fw/firmware.h"
#include "fw/tree.h"
#include "irq/irq.h"

static const struct uart_driver *const drivers[] = {&uart_pl011};

static int node = -1;
static const struct uart_ops *ops;

int uart_node(void)
{
    return node;
}

/* "dtuart=/path" or an alias; without the option stdout-path; a ":115200n8" behind it is cut off.
 */
static int find_node(void)
{
    char path[sizeof(firmware.stdout_path)];
    if (!option_find("dtuart", path, sizeof(path)) || path[0] == '\0') {
        string_copy(path, firmware.stdout_path, sizeof(path));
    }
    return tree_find_path(firmware.fdt, path);
}

enum err uart_init(void)
{
    node = find_node();
    for (u32 i = 0; node >= 0 && i < ARRAY_LEN(drivers); i++) {
        for (const char *const *c = drivers[i]->compatibles; *c; c++) {
            if (!tree_is_compatible(firmware.fdt, node, *c)) {
                continue;
            }
            enum err e = drivers[i]->probe(node, &ops);
            if (e == OK) {
                console_set_uart(ops);
            }
            return e;
        }
    }
    node = -1;
    return E_NODEV;
}

static void interrupt(struct irq_desc *desc, void *arg)
{
    if (ops->handle_irq()) {
        console_receive();
    }
}

enum err uart_init_input(void)
{
    u32 irq;
    u32 trigger;
    if (ops == NULL) {
        return E_NODEV;
    }
    enum err e = fdt_irq(node, 0, &irq, &trigger);
    if (e == OK) {
        e = irq_request((hwirq_t){irq}, IRQ_LEVEL_HIGH, interrupt, NULL);
    }
    if (e == OK) {
        irq_enable((hwirq_t){irq});
        ops->enable_input();
    }
    return e;
}
