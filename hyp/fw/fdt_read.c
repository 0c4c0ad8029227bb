/* SPDX-License-Identifier: MIT */
/* Addresses and interrupts of a device tree node, as the machine sees them. */
#include "fw/firmware.h"
#include "fw/tree.h"

int fdt_find_compatible(const char *const *compatibles, u32 n)
{
    int node = -1;
    int depth = -1;
    while ((node = tree_next(firmware.fdt, node, &depth)) >= 0) {
        for (u32 i = 0; i < n; i++) {
            if (tree_is_compatible(firmware.fdt, node, compatibles[i]) &&
                tree_is_available(firmware.fdt, node)) {
                return node;
            }
        }
    }
    return -1;
}

enum err fdt_reg(int node, u32 i, struct range *out)
{
    const void *fdt = firmware.fdt;
    int bytes;
    int chain[TREE_MAX_DEPTH];
    u32 depth;
    const u32 *reg = tree_property(fdt, node, "reg", &bytes);
    if (!reg || !tree_chain(fdt, node, chain, &depth) || depth == 0) {
        return E_NOENT;
    }
    u32 address = tree_u32(fdt, chain[depth - 1], "#address-cells", 2);
    u32 size = tree_u32(fdt, chain[depth - 1], "#size-cells", 1);
    if (address < 1 || address > 2 || size > 2) {
        return E_INVAL;
    }
    u32 cells = address + size;
    if ((u64)(i + 1) * cells * 4 > (u32)bytes) {
        return E_NOENT;
    }
    reg += i * cells;
    *out = (struct range){tree_cells(reg, address), tree_cells(reg + address, size)};
    /* From bus to bus; at the root addresses are the machine's. */
    for (u32 level = depth - 1; level > 0; level--) {
        const int bus = chain[level];
        const u32 *ranges = tree_property(fdt, bus, "ranges", &bytes);
        if (!tree_translate(ranges, bytes, tree_u32(fdt, bus, "#address-cells", 2),
                            tree_u32(fdt, chain[level - 1], "#address-cells", 2),
                            tree_u32(fdt, bus, "#size-cells", 1), &out->start)) {
            return E_NOENT;
        }
    }
    return OK;
}

static bool is_gic(int node)
{
    static const char *const gics[] = {
        "arm,gic-v3",        "arm,gic-400",    "arm,cortex-a15-gic",  "arm,cortex-a7-gic",
        "arm,cortex-a9-gic", "qcom,msm-qgic2", "brcm,brahma-b15-gic", "arm,arm11mp-gic"};
    for (u32 i = 0; i < ARRAY_LEN(gics); i++) {
        if (tree_is_compatible(firmware.fdt, node, gics[i])) {
            return true;
        }
    }
    return false;
}

/* The interrupt-parent of node, inherited from above. */
static int interrupt_parent(int node)
{
    int chain[TREE_MAX_DEPTH];
    u32 depth;
    if (!tree_chain(firmware.fdt, node, chain, &depth)) {
        return -1;
    }
    for (u32 level = depth + 1; level > 0; level--) {
        u32 phandle = tree_u32(firmware.fdt, chain[level - 1], "interrupt-parent", 0);
        if (phandle != 0) {
            return tree_find_phandle(firmware.fdt, phandle);
        }
    }
    return -1;
}

/* The i-th specifier: its cells and its controller. */
static const u32 *interrupt_specifier(int node, u32 i, int *controller)
{
    const void *fdt = firmware.fdt;
    int bytes;
    const u32 *cell = tree_property(fdt, node, "interrupts-extended", &bytes);
    bool extended = cell != NULL;
    if (!extended) {
        cell = tree_property(fdt, node, "interrupts", &bytes);
        *controller = interrupt_parent(node);
    }
    for (u32 left = cell ? (u32)bytes / 4 : 0; left != 0; i--) {
        if (extended) {
            *controller = tree_find_phandle(fdt, tree_cell(cell));
            cell++;
            left--;
        }
        u32 count = tree_u32(fdt, *controller, "#interrupt-cells", 0);
        if (*controller < 0 || count > left) {
            return NULL;
        }
        if (i == 0) {
            return cell;
        }
        cell += count;
        left -= count;
        if (!extended && count == 0) {
            return NULL; /* we would not get any further */
        }
    }
    return NULL;
}

enum err fdt_irq(int node, u32 i, u32 *irq, u32 *trigger)
{
    int controller = -1;
    const u32 *cell = interrupt_specifier(node, i, &controller);
    if (!cell || !is_gic(controller) ||
        tree_u32(firmware.fdt, controller, "#interrupt-cells", 0) < 3) {
        return E_NOENT;
    }
    u32 type = tree_cell(cell);
    u32 number = tree_cell(cell + 1);
    if (type > 1 || number > (type ? 15 : 987)) {
        return E_INVAL;
    }
    *irq = number + (type ? 16 : 32);
    *trigger = tree_cell(cell + 2) & 0xf;
    return OK;
}

int fdt_timer(void)
{
    static const char *const names[] = {"arm,armv8-timer", "arm,armv7-timer"};
    return fdt_find_compatible(names, ARRAY_LEN(names));
}

u32 fdt_timer_ppi(u32 i, u32 otherwise)
{
    u32 irq;
    u32 trigger;
    const int node = fdt_timer();
    return node >= 0 && fdt_irq(node, i, &irq, &trigger) == OK ? irq : otherwise;
}
