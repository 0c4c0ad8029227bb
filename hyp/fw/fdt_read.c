/* SPDX-License-Identifier: MIT */
/* Addresses and interrupts of a device tree node, as the machine sees them. */
#include "fw/fdt_read.h"
#include "fw/firmware.h"

#define MAX_DEPTH 16

int fdt_find_compatible(const char *const *compatibles, u32 n)
{
    for (u32 i = 0; i < n; i++) {
        int node = fdt_node_offset_by_compatible(firmware.fdt, -1, compatibles[i]);
        if (node >= 0) {
            return node;
        }
    }
    return -1;
}

/*
 * One step up: an address on bus (a node with ranges) becomes one on its parent's bus. An empty ranges property is the
 * identity; without one the bus has no memory mapping at all.
 */
static enum err translate(int bus, int parent, u64 *address)
{
    const void *fdt = firmware.fdt;
    int bytes;
    const fdt32_t *row = fdt_getprop(fdt, bus, "ranges", &bytes);
    if (row == NULL) {
        return E_NOENT;
    }
    u32 child = (u32)fdt_address_cells(fdt, bus), size = (u32)fdt_size_cells(fdt, bus);
    u32 above = (u32)fdt_address_cells(fdt, parent), cells = child + above + size;
    if (bytes == 0) {
        return OK;
    }
    if (child > 2 || above > 2 || size > 2) {
        return E_INVAL; /* PCI: its windows are read by who needs them */
    }
    for (u32 i = 0; (i + 1) * cells * 4 <= (u32)bytes; i++, row += cells) {
        struct range from = {fdt_cells(row, child), fdt_cells(row + child + above, size)};
        if (*address >= from.start && *address - from.start < from.bytes) {
            *address += fdt_cells(row + child, above) - from.start;
            return OK;
        }
    }
    return E_NOENT;
}

enum err fdt_reg(int node, u32 i, struct range *out)
{
    const void *fdt = firmware.fdt;
    int bytes, bus = fdt_parent_offset(fdt, node);
    const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &bytes);
    if (reg == NULL || bus < 0) {
        return E_NOENT;
    }
    int address = fdt_address_cells(fdt, bus), size = fdt_size_cells(fdt, bus);
    if (address < 1 || address > 2 || size < 0 || size > 2) {
        return E_INVAL;
    }
    u32 cells = (u32)(address + size);
    if ((i + 1) * cells * 4 > (u32)bytes) {
        return E_NOENT;
    }
    reg += i * cells;
    *out = (struct range){fdt_cells(reg, (u32)address), fdt_cells(reg + address, (u32)size)};
    for (u32 depth = 0; depth < MAX_DEPTH; depth++) {
        int parent = fdt_parent_offset(fdt, bus);
        if (parent < 0) {
            return OK; /* bus is the root: its addresses are the machine's */
        }
        enum err e = translate(bus, parent, &out->start);
        if (e != OK) {
            return e;
        }
        bus = parent;
    }
    return E_INVAL;
}

static bool is_gic(int node)
{
    static const char *const gics[] = {"arm,gic-v3",          "arm,gic-400",        "arm,cortex-a15-gic",
                                       "arm,cortex-a7-gic",   "arm,cortex-a9-gic",  "qcom,msm-qgic2",
                                       "brcm,brahma-b15-gic", "arm,arm11mp-gic"};
    for (u32 i = 0; i < ARRAY_LEN(gics); i++) {
        if (fdt_node_check_compatible(firmware.fdt, node, gics[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The interrupt-parent of node, inherited from above. */
static int interrupt_parent(int node)
{
    for (u32 depth = 0; node >= 0 && depth < MAX_DEPTH; depth++) {
        int bytes;
        const fdt32_t *phandle = fdt_getprop(firmware.fdt, node, "interrupt-parent", &bytes);
        if (phandle != NULL && bytes == sizeof(*phandle)) {
            return fdt_node_offset_by_phandle(firmware.fdt, fdt32_to_cpu(*phandle));
        }
        node = fdt_parent_offset(firmware.fdt, node);
    }
    return -1;
}

/* The i-th specifier: its cells and its controller. */
static const fdt32_t *interrupt_specifier(int node, u32 i, int *controller)
{
    const void *fdt = firmware.fdt;
    int bytes;
    const fdt32_t *cell = fdt_getprop(fdt, node, "interrupts-extended", &bytes);
    bool extended = cell != NULL;
    if (!extended) {
        cell = fdt_getprop(fdt, node, "interrupts", &bytes);
        *controller = interrupt_parent(node);
    }
    const fdt32_t *end = cell ? cell + bytes / 4 : NULL;
    for (; cell < end; i--) {
        if (extended) {
            *controller = fdt_node_offset_by_phandle(fdt, fdt32_to_cpu(*cell++));
        }
        int count_bytes;
        const fdt32_t *count =
            *controller < 0 ? NULL : fdt_getprop(fdt, *controller, "#interrupt-cells", &count_bytes);
        if (count == NULL || fdt32_to_cpu(*count) > (u32)(end - cell)) {
            return NULL;
        }
        if (i == 0) {
            return cell;
        }
        cell += fdt32_to_cpu(*count);
    }
    return NULL;
}

enum err fdt_irq(int node, u32 i, u32 *irq, u32 *trigger)
{
    int controller = -1;
    const fdt32_t *cell = interrupt_specifier(node, i, &controller);
    if (cell == NULL || !is_gic(controller)) {
        return E_NOENT;
    }
    u32 type = fdt32_to_cpu(cell[0]), number = fdt32_to_cpu(cell[1]);
    if (type > 1 || number > (type ? 15 : 987)) {
        return E_INVAL;
    }
    *irq = number + (type ? 16 : 32);
    *trigger = fdt32_to_cpu(cell[2]) & 0xf;
    return OK;
}
