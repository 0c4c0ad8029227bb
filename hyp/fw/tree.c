/* SPDX-License-Identifier: MIT */
/*
 * What drivers ask of the tree: addresses through the buses above a node, and its interrupts. A flattened tree has
 * no way up, so each question walks from the root and keeps the chain of parents (a few thousand instructions).
 */
#include <libfdt.h>

#include "base/bits.h"
#include "base/string.h"
#include "fw/firmware.h"
#include "fw/tree.h"

/* --- cells --- */

u64 fdt_cells(const u32 *p, u32 n)
{
    u64 value = 0;
    for (u32 i = 0; i < n; i++) {
        value = value << 32 | fdt32_to_cpu(p[i]);
    }
    return value;
}

u32 fdt_cell_property(const void *fdt, int node, const char *name, u32 fallback)
{
    int bytes;
    const u32 *p = fdt_getprop(fdt, node, name, &bytes);
    return p && bytes == 4 ? fdt32_to_cpu(*p) : fallback;
}

u32 fdt_u32(int node, const char *name, u32 fallback)
{
    return fdt_cell_property(firmware.fdt, node, name, fallback);
}

bool fdt_is_available(const void *fdt, int node)
{
    int bytes;
    const char *status = fdt_getprop(fdt, node, "status", &bytes);
    return !status || strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0;
}

bool fdt_is_compatible(int node, const char *const *compatibles, u32 n)
{
    int bytes;
    const char *list = fdt_getprop(firmware.fdt, node, "compatible", &bytes);
    for (u32 i = 0; list && i < n; i++) {
        if (fdt_stringlist_contains(list, bytes, compatibles[i])) {
            return true;
        }
    }
    return false;
}

int fdt_find_compatible(const char *const *compatibles, u32 n)
{
    int node = -1, depth = 0;
    while ((node = fdt_next_node(firmware.fdt, node, &depth)) >= 0 && depth >= 0) {
        if (fdt_is_compatible(node, compatibles, n) && fdt_is_available(firmware.fdt, node)) {
            return node;
        }
    }
    return -1;
}

/* --- the chain of parents --- */

struct chain {
    u32 depth; /* node[depth] is the one asked for, node[0] the root */
    int node[FDT_MAX_DEPTH];
};

static bool find_chain(int wanted, struct chain *c)
{
    int node = -1, depth = 0;
    while ((node = fdt_next_node(firmware.fdt, node, &depth)) >= 0 && depth >= 0 && node <= wanted) {
        if ((u32)depth >= FDT_MAX_DEPTH) {
            continue;
        }
        c->node[depth] = node;
        if (node == wanted) {
            c->depth = (u32)depth;
            return true;
        }
    }
    return false;
}

/* An address on the bus of chain->node[level] as seen from the bus above. Defaults: device tree specification 2.3.5. */
static enum err translate(const struct chain *c, u32 level, u64 bytes, u64 *address)
{
    int bus = c->node[level], length;
    const u32 *p = fdt_getprop(firmware.fdt, bus, "ranges", &length);
    if (!p) {
        return E_NOENT; /* the bus is not mapped */
    }
    if (length == 0) {
        return OK;
    }
    u32 child_cells = fdt_u32(bus, "#address-cells", 2);
    u32 size_cells = fdt_u32(bus, "#size-cells", 1);
    u32 parent_cells = fdt_u32(c->node[level - 1], "#address-cells", 2);
    u32 row = child_cells + parent_cells + size_cells;
    for (u32 left = (u32)length / 4; row != 0 && left >= row; left -= row, p += row) {
        u64 child = fdt_cells(p, child_cells);
        u64 parent = fdt_cells(p + child_cells, parent_cells);
        u64 size = fdt_cells(p + child_cells + parent_cells, size_cells);
        if (*address >= child && *address - child < size && bytes <= size - (*address - child)) {
            *address = parent + (*address - child);
            return OK;
        }
    }
    return E_NOENT;
}

enum err fdt_reg(int node, u32 i, struct range *out)
{
    struct chain c;
    int length;
    const u32 *reg = fdt_getprop(firmware.fdt, node, "reg", &length);
    if (!reg || !find_chain(node, &c) || c.depth == 0) {
        return E_NOENT;
    }
    u32 address_cells = fdt_u32(c.node[c.depth - 1], "#address-cells", 2);
    u32 size_cells = fdt_u32(c.node[c.depth - 1], "#size-cells", 1);
    u32 row = address_cells + size_cells;
    if (row == 0 || (u64)(i + 1) * row > (u32)length / 4) {
        return E_NOENT;
    }
    u64 address = fdt_cells(reg + i * row, address_cells);
    u64 bytes = fdt_cells(reg + i * row + address_cells, size_cells);
    for (u32 level = c.depth - 1; level > 0; level--) {
        enum err e = translate(&c, level, bytes, &address);
        if (e != OK) {
            return e;
        }
    }
    if (address + bytes < address) {
        return E_INVAL;
    }
    *out = (struct range){address, bytes};
    return OK;
}

/* --- interrupts --- */

static const char *const gic_compatibles[] = {
    "arm,gic-v3", "arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic", "arm,cortex-a9-gic", "qcom,msm-qgic2",
};

/* Decodes one specifier of the GIC's (devicetree binding arm,gic): type, number, flags. */
static enum err decode(const u32 *cells, u32 *irq, u32 *trigger)
{
    u32 type = fdt32_to_cpu(cells[0]), number = fdt32_to_cpu(cells[1]);
    if (type > 1 || number >= (type == 0 ? 988u : 16u)) {
        return E_NOENT; /* extended ranges are not supported */
    }
    *irq = number + (type == 0 ? 32 : 16);
    *trigger = fdt32_to_cpu(cells[2]) & 0xf;
    return OK;
}

static bool is_gic(int node, u32 *cells)
{
    *cells = node < 0 ? 0 : fdt_u32(node, "#interrupt-cells", 0);
    return *cells >= 3 && fdt_is_compatible(node, gic_compatibles, ARRAY_LEN(gic_compatibles));
}

static enum err irq_extended(const u32 *p, u32 left, u32 i, u32 *irq, u32 *trigger)
{
    for (;; i--) {
        if (left == 0) {
            return E_NOENT;
        }
        int parent = fdt_node_offset_by_phandle(firmware.fdt, fdt32_to_cpu(p[0]));
        u32 cells = parent < 0 ? 0 : fdt_u32(parent, "#interrupt-cells", 0);
        if (parent < 0 || left < 1 + cells) {
            return E_NOENT;
        }
        if (i == 0) {
            return is_gic(parent, &cells) ? decode(p + 1, irq, trigger) : E_NOENT;
        }
        p += 1 + cells;
        left -= 1 + cells;
    }
}

enum err fdt_irq(int node, u32 i, u32 *irq, u32 *trigger)
{
    int length;
    const u32 *p = fdt_getprop(firmware.fdt, node, "interrupts-extended", &length);
    if (p) {
        return irq_extended(p, (u32)length / 4, i, irq, trigger);
    }
    p = fdt_getprop(firmware.fdt, node, "interrupts", &length);
    struct chain c;
    if (!p || !find_chain(node, &c)) {
        return E_NOENT;
    }
    /* The nearest interrupt-parent on the way up counts for us. */
    u32 phandle = 0;
    for (u32 level = c.depth + 1; level > 0 && phandle == 0; level--) {
        phandle = fdt_u32(c.node[level - 1], "interrupt-parent", 0);
    }
    u32 cells;
    int parent = phandle == 0 ? -1 : fdt_node_offset_by_phandle(firmware.fdt, phandle);
    if (!is_gic(parent, &cells) || (u64)(i + 1) * cells > (u32)length / 4) {
        return E_NOENT;
    }
    return decode(p + i * cells, irq, trigger);
}

/* --- the console --- */

int fdt_find_console(void)
{
    char path[sizeof(firmware.stdout_path)];
    if (!option_find("dtuart", path, sizeof(path)) || path[0] == '\0') {
        string_copy(path, firmware.stdout_path, sizeof(path));
    }
    /* Behind a colon stand the line's settings, which the firmware has made. */
    char *colon = strchr(path, ':');
    if (colon) {
        *colon = '\0';
    }
    int node = path[0] ? fdt_path_offset(firmware.fdt, path) : -1;
    return node >= 0 ? node : -1;
}
