/* SPDX-License-Identifier: MIT */
/* ARM PrimeCell UART PL011 (DDI 0183) and the SBSA generic UART, which is its data path. */
#include "cpu/arch.h"
#include "cpu/device.h"
#include "drv/uart.h"
#include "fw/firmware.h"
#include "mem/hypmap.h"

enum { DR = 0x00, FR = 0x18, IMSC = 0x38, MIS = 0x40, ICR = 0x44 };
#define FR_RXFE (1u << 4) /* receive FIFO empty */
#define FR_TXFF (1u << 5) /* transmit FIFO full */
#define INT_RX  (1u << 4)
#define INT_RT  (1u << 6) /* receive timeout: some bytes, no more coming */

static volatile u8 *base;

static void put(char c)
{
    while (device_read32(base, FR) & FR_TXFF) {
        cpu_relax();
    }
    device_write32(base, DR, (u8)c);
}

static bool try_get(char *c)
{
    if (device_read32(base, FR) & FR_RXFE) {
        return false;
    }
    *c = (char)(device_read32(base, DR) & 0xff);
    return true;
}

static void enable_input(void)
{
    device_write32(base, ICR, INT_RX | INT_RT);
    device_write32(base, IMSC, INT_RX | INT_RT);
}

static bool handle_irq(void)
{
    u32 cause = device_read32(base, MIS);
    device_write32(base, ICR, cause);
    return (cause & (INT_RX | INT_RT)) != 0;
}

static const struct uart_ops pl011_ops = {
    .put = put,
    .try_get = try_get,
    .enable_input = enable_input,
    .handle_irq = handle_irq,
};

static enum err probe(int node, const struct uart_ops **ops)
{
    struct range reg;
    enum err e = fdt_reg(node, 0, &reg);
    if (e != OK) {
        return e;
    }
    base = hypmap_device((maddr_t){reg.start}, reg.bytes);
    if (base == NULL) {
        return E_NOMEM;
    }
    device_write32(base, IMSC, 0);
    *ops = &pl011_ops;
    return OK;
}

const struct uart_driver uart_pl011 = {
    .compatibles = (const char *const[]){"arm,pl011", "arm,sbsa-uart", NULL},
    .probe = probe,
};
