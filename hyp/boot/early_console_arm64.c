/* SPDX-License-Identifier: MIT */
/*
 * One line when nothing else works: no tree, a wrong tree, EL1. Neither locks nor per-CPU data nor
 * the log are touched (at EL1 TPIDR_EL2 does not exist).
 */
#include "base/string.h"
#include "boot/main.h"
#include "boot/start_arm64.h"
#include "cpu/arch.h"
#include "cpu/device.h"
#include "fw/firmware.h"
#include "fw/tree.h"
#include "mem/hypmap.h"

/* QEMU's virt board: without a tree nothing can be known, and this is the board that is started by
 * hand. */
#define VIRT_UART       0x09000000ULL
#define UARTDR          0x00
#define UARTFR          0x18
#define UARTFR_TXFF     (1u << 5)
#define UART_PERIPH_ID0 0xfe0
#define PL011_ID0       0x11u

static maddr_t find_uart(void)
{
    if (!firmware.fdt) {
        return (maddr_t){VIRT_UART};
    }
    char path[sizeof(firmware.stdout_path)];
    string_copy(path, firmware.stdout_path, sizeof(path));
    /* A tree that was refused may not have been read that far. */
    if (path[0] == '\0') {
        const char *p =
            tree_string(firmware.fdt, tree_find_path(firmware.fdt, "/chosen"), "stdout-path");
        string_copy(path, p ? p : "", sizeof(path));
    }
    struct range reg;
    int node = tree_find_path(firmware.fdt, path);
    if (node < 0 || !tree_is_compatible(firmware.fdt, node, "arm,pl011") ||
        fdt_reg(node, 0, &reg) != OK) {
        return (maddr_t){0};
    }
    return (maddr_t){reg.start};
}

static void put(volatile u8 *uart, char c)
{
    while (device_read32(uart, UARTFR) & UARTFR_TXFF) {
    }
    device_write32(uart, UARTDR, (u8)c);
}

static void put_text(volatile u8 *uart, const char *text)
{
    for (; *text; text++) {
        put(uart, *text);
    }
}

void boot_say(const char *text)
{
    maddr_t at = find_uart();
    u64 va = hypmap_take_addresses(PAGE_SIZE);
    if (at.m == 0 || (at.m & PAGE_MASK) || hypmap_map(va, at, PAGE_SIZE, HYPMAP_DEVICE) != OK) {
        return;
    }
    volatile u8 *uart = (volatile u8 *)va;
    if ((device_read32(uart, UART_PERIPH_ID0) & 0xff) != PL011_ID0) {
        return;
    }
    put_text(uart, "kanso: error: ");
    put_text(uart, text);
    put_text(uart, ": halted\r\n");
}

void boot_main_el1(maddr_t fdt_at, maddr_t image)
{
    boot_adopt_tables(image);
    const void *fdt = boot_map_fdt(fdt_at);
    const char *why;
    if (fdt) {
        err_ignore(firmware_read(fdt, fdt_at, &why)); /* stdout-path is all that matters here */
    }
    boot_say("started at EL1, needs EL2 (QEMU: -M virt,virtualization=on)");
    cpu_halt();
}
