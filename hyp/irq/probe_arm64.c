/* SPDX-License-Identifier: MIT */
/* Finds the interrupt controller in the device tree (bindings arm,gic and arm,gic-v3). */
#include "fw/firmware.h"
#include "fw/tree.h"
#include "irq/gicd_arm64.h"
#include "log/log.h"
#include "mem/hypmap.h"

#define PPI_MAINTENANCE 25u         /* Base System Architecture; used when the tree names none */
#define PRIORITY_X4     0xa0a0a0a0u /* four interrupts' */
#define GICC_BYTES_MIN  0x2000u

static const char *const v2_names[] = {"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic",
                                       "qcom,msm-qgic2"};
static const char *const v3_names[] = {"arm,gic-v3"};

volatile u8 *gicd;

void gicd_set_trigger(u32 irq, enum irq_trigger trigger)
{
    u32 offset = GICD_ICFGR + irq / 16 * 4;
    u32 bit = 2u << irq % 16 * 2;
    u32 value = device_read32(gicd, offset);
    device_write32(gicd, offset, trigger == IRQ_EDGE_RISING ? value | bit : value & ~bit);
}

void gicd_set_priorities(volatile u8 *frame, u32 first, u32 end)
{
    for (u32 i = first; i < end; i += 4) {
        device_write32(frame, GICD_IPRIORITYR + i, PRIORITY_X4);
    }
}

static u64 number(int node, const char *name, u64 otherwise)
{
    int bytes;
    const u32 *cells = tree_property(firmware.fdt, node, name, &bytes);
    return cells && bytes >= 4 ? tree_cells(cells, MIN((u32)bytes / 4, 2u)) : otherwise;
}

static enum err part(int node, u32 i, const char *what, maddr_t *at, u64 *bytes)
{
    struct range r;
    if (fdt_reg(node, i, &r) != OK || r.bytes == 0) {
        log_error("interrupt controller: entry %u of reg, %s, is missing in the device tree", i,
                  what);
        return E_NODEV;
    }
    at->m = r.start;
    *bytes = r.bytes;
    return OK;
}

static enum err probe_dist(int node)
{
    enum err e = part(node, 0, "GICD", &gic_info.dist, &gic_info.dist_bytes);
    if (e != OK) {
        return e;
    }
    gicd = hypmap_device(gic_info.dist, gic_info.dist_bytes);
    if (!gicd) {
        return E_NOMEM;
    }
    gic_info.nr_irqs = MIN(32 * ((device_read32(gicd, GICD_TYPER) & 0x1f) + 1), IRQ_END);
    return OK;
}

static enum err probe_v2(int node)
{
    enum err e = part(node, 1, "GICC", &gic_info.cpu, &gic_info.cpu_bytes);
    if (e == OK) {
        e = part(node, 2, "GICH", &gic_info.hyp, &gic_info.hyp_bytes);
    }
    if (e == OK) {
        e = part(node, 3, "GICV", &gic_info.vcpu, &gic_info.vcpu_bytes);
    }
    if (e == OK && gic_info.cpu_bytes < GICC_BYTES_MIN) {
        /* Trees older than GICC_DIR say 4 KiB or less; the second page is there in each GIC that
         * has a GICH. */
        gic_info.cpu_bytes = GICC_BYTES_MIN;
    }
    return e == OK ? gicv2_init() : e;
}

static enum err probe_v3(int node)
{
    u32 nr = (u32)number(node, "#redistributor-regions", 1);
    if (nr == 0 || nr > ARRAY_LEN(gic_info.redist)) {
        log_error("interrupt controller: %u redistributor regions", nr);
        return E_NODEV;
    }
    enum err e = OK;
    for (u32 i = 0; e == OK && i < nr; i++) {
        e = part(node, 1 + i, "GICR", &gic_info.redist[i].base, &gic_info.redist[i].bytes);
    }
    gic_info.nr_redist_regions = nr;
    gic_info.redist_stride = (u32)number(node, "redistributor-stride", 0);
    return e == OK ? gicv3_init() : e;
}

enum err gic_probe(void)
{
    const int v3 = fdt_find_compatible(v3_names, ARRAY_LEN(v3_names));
    const int node = v3 >= 0 ? v3 : fdt_find_compatible(v2_names, ARRAY_LEN(v2_names));
    if (node < 0) {
        log_error("no interrupt controller that can serve guests (GICv2 with GICH, GICv3) in the "
                  "device tree");
        return E_NODEV;
    }
    gic_info.phandle = tree_phandle(firmware.fdt, node);
    u32 trigger;
    gic_info.maintenance.hw = PPI_MAINTENANCE;
    err_ignore(fdt_irq(node, 0, &gic_info.maintenance.hw, &trigger)); /* keeps the default */
    enum err e = probe_dist(node);
    if (e == OK) {
        e = v3 >= 0 ? probe_v3(node) : probe_v2(node);
    }
    if (e == OK) {
        log_info("GICv%u: %u interrupts, %u list registers", gic->version, gic_info.nr_irqs,
                 gic_info.nr_lrs);
    }
    return e;
}
