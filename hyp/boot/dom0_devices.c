/* SPDX-License-Identifier: MIT */
/*
 * dom0's devices: what the nodes of the host's tree name is mapped 1:1 (reg; the windows of a PCI
 * host) or routed (every shared interrupt, also those of interrupt-map and of a GICv2m frame).
 * Ranges are gathered, merged, and mapped last, so that thirty devices in one page cost one leaf.
 */
#include "base/bits.h"
#include "base/string.h"
#include "boot/dom0.h"
#include "cpu/device.h"
#include "dom/domain.h"
#include "fw/tree.h"
#include "irq/irq.h"
#include "log/log.h"
#include "mem/hypmap.h"
#include "p2m/p2m.h"
#include "vgic/vgic.h"

#define GIC_CELLS_MIN 3u
#define GIC_SPI       0u
#define GIC_FIRST_SPI 32u
#define TRIGGER_EDGES 3u /* rising or falling, bits of the third cell */
#define V2M_TYPER \
    0x8u /* MSI_TYPER: first SPI in bits 25:16, their number in 9:0 (Arm BSA, GICv2m) */

/* What was noted; [true]: firmware's reserved RAM, mapped cacheable. */
static struct range noted[2][DOM0_MAX_RANGES];
static u32 nr_noted[2];
static u64 routed[1024 / 64]; /* a bit per host interrupt */

void dom0_devices_begin(void)
{
    memset(nr_noted, 0, sizeof(nr_noted));
    memset(routed, 0, sizeof(routed));
}

void dom0_bus_read(struct dom0_walk *walk, int node)
{
    const void *fdt = walk->fdt;
    struct dom0_bus *bus = &walk->bus[walk->depth];
    const struct dom0_bus *parent = walk->depth != 0 ? bus - 1 : NULL;
    bus->node = node;
    bus->address_cells = tree_u32(fdt, node, "#address-cells", 2);
    bus->size_cells = tree_u32(fdt, node, "#size-cells", 1);
    bus->ranges = tree_property(fdt, node, "ranges", &bus->ranges_bytes);
    bus->interrupt_parent =
        tree_u32(fdt, node, "interrupt-parent", parent ? parent->interrupt_parent : 0);
    bus->pci = tree_has_type(fdt, node, "pci");
    bus->available = (parent == NULL || parent->available) && tree_is_available(fdt, node);
}

/* An address in the space of bus[level]'s children, as the CPU sees it. False when it has no such
 * address. */
static bool translate(const struct dom0_walk *walk, u32 level, u64 *at)
{
    bool found = true;
    for (; found && level != 0; level--) {
        const struct dom0_bus *bus = &walk->bus[level];
        found = tree_translate(bus->ranges, bus->ranges_bytes, bus->address_cells,
                               bus[-1].address_cells, bus->size_cells, at);
    }
    return found;
}

static void note(u64 start, u64 end, bool memory)
{
    if (start < end && !range_add(noted[memory], &nr_noted[memory], DOM0_MAX_RANGES,
                                  (struct range){start, end - start})) {
        log_warn("dom0: too many device ranges: %#llx is left out", start);
    }
}

/* Notes a range less the part that the virtual GIC stands in for. */
static void note_around_gic(u64 start, u64 end, maddr_t gic_part, u64 gic_bytes)
{
    u64 cut_start = align_down(gic_part.m, PAGE_SIZE);
    u64 cut_end = align_up(gic_part.m + gic_bytes, PAGE_SIZE);
    if (gic_bytes == 0 || start >= cut_end || cut_start >= end) {
        note(start, end, false);
        return;
    }
    note(start, MIN(end, cut_start), false);
    note(MAX(start, cut_end), end, false);
}

static void add_mmio(u64 at, u64 bytes)
{
    u64 start = align_down(at, PAGE_SIZE);
    u64 end = MIN(align_up(at + bytes, PAGE_SIZE), P2M_GFN_END << PAGE_SHIFT);
    if (bytes == 0 || start >= end || at + bytes < at) {
        return;
    }
    const struct range r = {start, end - start};
    if (range_find_overlap(firmware.bank, firmware.nr_banks, &r)) {
        log_warn("dom0: a device's range %#llx-%#llx lies in RAM: left out", start, end);
        return;
    }
    note_around_gic(start, end, gic_info.dist, gic_info.dist_bytes);
}

/* Entry i of reg, as the CPU sees it. */
static bool read_reg(const struct dom0_walk *walk, u32 i, u64 *at, u64 *bytes)
{
    if (walk->depth == 0) {
        return false;
    }
    const struct dom0_bus *bus = &walk->bus[walk->depth];
    const struct dom0_bus *parent = bus - 1;
    int length;
    const u32 *reg = tree_property(walk->fdt, bus->node, "reg", &length);
    u32 row = parent->address_cells + parent->size_cells;
    if (reg == NULL || parent->pci || parent->address_cells > 2 || parent->size_cells - 1 > 1 ||
        (i + 1) * row * 4 > (u32)length) {
        return false;
    }
    *at = tree_cells(reg + i * row, parent->address_cells);
    *bytes = tree_cells(reg + i * row + parent->address_cells, parent->size_cells);
    return translate(walk, walk->depth - 1, at);
}

/* The windows of a PCI host, whatever their kind: I/O, memory below and above 4 GiB. */
static void add_pci_windows(const struct dom0_walk *walk)
{
    const struct dom0_bus *bus = &walk->bus[walk->depth];
    const struct dom0_bus *parent = bus - 1;
    if (bus->ranges_bytes <= 0 || parent->address_cells > 2 || bus->size_cells > 2) {
        return;
    }
    u32 row = bus->address_cells + parent->address_cells + bus->size_cells;
    for (u32 i = 0; (i + 1) * row * 4 <= (u32)bus->ranges_bytes; i++) {
        const u32 *cells = bus->ranges + i * row + bus->address_cells;
        u64 at = tree_cells(cells, parent->address_cells);
        if (translate(walk, walk->depth - 1, &at)) {
            add_mmio(at, tree_cells(cells + parent->address_cells, bus->size_cells));
        }
    }
}

static enum err route(struct dom0 *dom0, u32 irq, enum irq_trigger trigger)
{
    if (irq >= gic_info.nr_irqs || irq >= 1024 || bitmap_test(routed, irq)) {
        return OK;
    }
    bitmap_set(routed, irq);
    enum err e = vgic_route_irq(dom0->domain, (virq_t){irq}, (hwirq_t){irq}, trigger);
    if (e == E_BUSY) {
        log_info("dom0: interrupt %u is the hypervisor's", irq);
        return OK;
    }
    return e;
}

/* One interrupt as the GIC's node describes it: kind, number, trigger. Private ones are the virtual
 * GIC's own. */
static enum err add_gic_interrupt(struct dom0 *dom0, const u32 *cells)
{
    if (tree_cell(cells) != GIC_SPI) {
        return OK;
    }
    u32 flags = tree_cell(cells + 2);
    return route(dom0, tree_cell(cells + 1) + GIC_FIRST_SPI,
                 flags & TRIGGER_EDGES ? IRQ_EDGE_RISING : IRQ_LEVEL_HIGH);
}

static enum err add_interrupts(struct dom0_walk *walk)
{
    const struct dom0_bus *bus = &walk->bus[walk->depth];
    int bytes;
    const u32 *cells = tree_property(walk->fdt, bus->node, "interrupts", &bytes);
    if (cells == NULL || bus->interrupt_parent != gic_info.phandle) {
        return OK;
    }
    u32 stride = MAX(tree_u32(walk->fdt, tree_find_phandle(walk->fdt, gic_info.phandle),
                              "#interrupt-cells", GIC_CELLS_MIN),
                     GIC_CELLS_MIN);
    enum err e = OK;
    for (u32 i = 0; e == OK && i + stride <= (u32)bytes / 4; i += stride) {
        e = add_gic_interrupt(walk->dom0, cells + i);
    }
    return e;
}

/* interrupts-extended: each interrupt after the phandle of its controller. */
static enum err add_interrupts_extended(struct dom0_walk *walk)
{
    int bytes;
    const u32 *cells =
        tree_property(walk->fdt, walk->bus[walk->depth].node, "interrupts-extended", &bytes);
    enum err e = OK;
    for (u32 i = 0; cells != NULL && e == OK && i < (u32)bytes / 4;) {
        u32 phandle = tree_cell(cells + i);
        u32 stride =
            tree_u32(walk->fdt, tree_find_phandle(walk->fdt, phandle), "#interrupt-cells", 0);
        if (phandle == gic_info.phandle && stride >= GIC_CELLS_MIN &&
            i + 1 + stride <= (u32)bytes / 4) {
            e = add_gic_interrupt(walk->dom0, cells + i + 1);
        }
        i += 1 + stride;
    }
    return e;
}

/* interrupt-map of a PCI host: child's address and pin, controller, its address, the interrupt
 * there. */
static enum err add_interrupt_map(struct dom0_walk *walk)
{
    const struct dom0_bus *bus = &walk->bus[walk->depth];
    int bytes;
    const u32 *cells = tree_property(walk->fdt, bus->node, "interrupt-map", &bytes);
    if (cells == NULL) {
        return OK;
    }
    u32 child = bus->address_cells + tree_u32(walk->fdt, bus->node, "#interrupt-cells", 1);
    u32 last_phandle = 0;
    u32 address_cells = 0;
    u32 interrupt_cells = 0;
    enum err e = OK;
    for (u32 i = 0; e == OK && i + child < (u32)bytes / 4;) {
        u32 phandle = tree_cell(cells + i + child);
        if (phandle != last_phandle) {
            int controller = tree_find_phandle(walk->fdt, phandle);
            address_cells = tree_u32(walk->fdt, controller, "#address-cells", 0);
            interrupt_cells = tree_u32(walk->fdt, controller, "#interrupt-cells", 1);
            last_phandle = phandle;
        }
        u32 at = i + child + 1 + address_cells;
        if (phandle == gic_info.phandle && interrupt_cells >= GIC_CELLS_MIN &&
            at + interrupt_cells <= (u32)bytes / 4) {
            e = add_gic_interrupt(walk->dom0, cells + at);
        }
        i = at + interrupt_cells;
    }
    return e;
}

enum err dom0_device_add(struct dom0_walk *walk)
{
    const struct dom0_bus *bus = &walk->bus[walk->depth];
    if (!bus->available || walk->depth == 0) {
        return OK;
    }
    u64 at;
    u64 bytes;
    for (u32 i = 0; read_reg(walk, i, &at, &bytes); i++) {
        add_mmio(at, bytes);
    }
    if (bus->pci) {
        add_pci_windows(walk);
    }
    enum err e = add_interrupts(walk);
    if (e == OK) {
        e = add_interrupts_extended(walk);
    }
    return e == OK ? add_interrupt_map(walk) : e;
}

enum err dom0_device_add_v2m(struct dom0_walk *walk)
{
    u64 at;
    u64 bytes;
    if (!walk->bus[walk->depth].available || !read_reg(walk, 0, &at, &bytes)) {
        return OK;
    }
    add_mmio(at, bytes);
    const volatile u8 *frame = hypmap_device((maddr_t){at}, PAGE_SIZE);
    if (frame == NULL) {
        return E_NOMEM;
    }
    u32 typer = device_read32(frame, V2M_TYPER);
    int node = walk->bus[walk->depth].node;
    u32 first = tree_u32(walk->fdt, node, "arm,msi-base-spi", (u32)FIELD(typer, 25, 16));
    u32 nr = tree_u32(walk->fdt, node, "arm,msi-num-spis", (u32)FIELD(typer, 9, 0));
    enum err e = OK;
    for (u32 i = 0; e == OK && i < nr; i++) {
        e = route(walk->dom0, first + i, IRQ_EDGE_RISING);
    }
    log_info("dom0: GICv2m frame at %#llx, interrupts %u-%u", at, first, first + nr - 1);
    return e;
}

void dom0_device_add_reserved(struct dom0_walk *walk)
{
    u64 at;
    u64 bytes;
    for (u32 i = 0; walk->bus[walk->depth].available && read_reg(walk, i, &at, &bytes); i++) {
        note(align_down(at, PAGE_SIZE), align_up(at + bytes, PAGE_SIZE), true);
    }
}

static enum err map_range(struct p2m *p2m, const struct range *r, enum p2m_type type)
{
    u64 page = r->start >> PAGE_SHIFT;
    const u64 end = range_end(r) >> PAGE_SHIFT;
    enum err e = OK;
    while (e == OK && page < end) {
        const u32 order = dom0_block_order(page, end);
        e = p2m_map(p2m, (gfn_t){page}, (mfn_t){page}, order, type);
        page += 1ULL << order;
    }
    return e;
}

enum err dom0_devices_map(struct dom0 *dom0)
{
    enum err e = OK;
    for (u32 memory = 0; memory < 2; memory++) {
        for (u32 i = 0; e == OK && i < nr_noted[memory]; i++) {
            const struct range *r = &noted[memory][i];
            log_debug("dom0: device %#llx-%#llx%s", r->start, range_end(r),
                      memory ? " (memory)" : "");
            e = map_range(dom0->domain->p2m, r, memory ? P2M_DEVICE_CACHED : P2M_DEVICE);
        }
    }
    return e;
}
