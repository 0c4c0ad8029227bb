/* SPDX-License-Identifier: MIT */
/* Finds the interrupt controller in the device tree (bindings arm,gic and arm,gic-v3). */
#include <libfdt.h>

#include "fw/firmware.h"
#include "irq/gic.h"
#include "log/log.h"

#define PPI_MAINTENANCE 25u /* Base System Architecture; used when the tree names none */
#define GICC_BYTES_MIN  0x2000u

static const char *const v2_names[] = {"arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a7-gic",
                                       "qcom,msm-qgic2"};
static const char *const v3_names[] = {"arm,gic-v3"};

static u64 number(int node, const char *name, u64 otherwise)
{
    int bytes;
    const fdt32_t *cell = fdt_getprop(firmware.fdt, node, name, &bytes);
    if (!cell || bytes < 4) {
        return otherwise;
    }
    u64 value = fdt32_to_cpu(cell[0]);
    return bytes < 8 ? value : value << 32 | fdt32_to_cpu(cell[1]);
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

static enum err probe_v2(int node)
{
    enum err e = part(node, 0, "GICD", &gic_info.dist, &gic_info.dist_bytes);
    if (e == OK) {
        e = part(node, 1, "GICC", &gic_info.cpu, &gic_info.cpu_bytes);
    }
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
    enum err e = part(node, 0, "GICD", &gic_info.dist, &gic_info.dist_bytes);
    u32 nr = (u32)number(node, "#redistributor-regions", 1);
    if (nr == 0 || nr > ARRAY_LEN(gic_info.redist)) {
        log_error("interrupt controller: %u redistributor regions", nr);
        return E_NODEV;
    }
    for (u32 i = 0; e == OK && i < nr; i++) {
        e = part(node, 1 + i, "GICR", &gic_info.redist[i].base, &gic_info.redist[i].bytes);
    }
    gic_info.nr_redist_regions = nr;
    gic_info.redist_stride = (u32)number(node, "redistributor-stride", 0);
    return e == OK ? gicv3_init() : e;
}

enum err gic_probe(void)
{
    bool is_v3 = true;
    int node = fdt_find_compatible(v3_names, ARRAY_LEN(v3_names));
    if (node < 0) {
        is_v3 = false;
        node = fdt_find_compatible(v2_names, ARRAY_LEN(v2_names));
    }
    if (node < 0) {
        log_error("no interrupt controller that can serve guests (GICv2 with GICH, GICv3) in the "
                  "device tree");
        return E_NODEV;
    }
    gic_info.phandle = fdt_get_phandle(firmware.fdt, node);
    u32 trigger;
    gic_info.maintenance.hw = PPI_MAINTENANCE;
    err_ignore(fdt_irq(node, 0, &gic_info.maintenance.hw, &trigger)); /* keeps the default */
    enum err e = is_v3 ? probe_v3(node) : probe_v2(node);
    if (e == OK) {
        log_info("GICv%u: %u interrupts, %u list registers", gic->version, gic_info.nr_irqs,
                 gic_info.nr_lrs);
    }
    return e;
}
