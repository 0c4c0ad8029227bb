// SPDX-License-Identifier: MIT
#include "build/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/arm.h"
#include "build/partial.h"

#define FIRST_BYTES  8192U
#define BYTES_A_CPU  160U
#define IRQ_PPI      1U
#define IRQ_SPI      0U
#define IRQ_HIGH     4U /* level */
#define IRQ_LOW      8U
#define CELLS_OF_IRQ 3

/* The tree being written; the first error stays and makes all that follows nothing. */
struct writer {
    void *tree;
    int error;
};

static void begin(struct writer *w, const char *name)
{
    if (w->error == 0) {
        w->error = fdt_begin_node(w->tree, name);
    }
}

static void begin_at(struct writer *w, const char *name, uint64_t address)
{
    char full[64];
    snprintf(full, sizeof(full), "%s@%" PRIx64, name, address);
    begin(w, full);
}

static void end(struct writer *w)
{
    if (w->error == 0) {
        w->error = fdt_end_node(w->tree);
    }
}

static void put(struct writer *w, const char *name, const void *value, size_t bytes)
{
    if (w->error == 0) {
        w->error = fdt_property(w->tree, name, value, (int)bytes);
    }
}

static void put_string(struct writer *w, const char *name, const char *value)
{
    put(w, name, value, strlen(value) + 1);
}

static void put_cell(struct writer *w, const char *name, uint32_t value)
{
    const fdt32_t cell = cpu_to_fdt32(value);
    put(w, name, &cell, sizeof(cell));
}

static void put_u64(struct writer *w, const char *name, uint64_t value)
{
    const fdt64_t cells = cpu_to_fdt64(value);
    put(w, name, &cells, sizeof(cells));
}

static void put_ranges(struct writer *w, const struct range *range, unsigned nr)
{
    fdt64_t cells[2 * 4];
    for (unsigned i = 0; i < nr; i++) {
        cells[2 * i] = cpu_to_fdt64(range[i].start);
        cells[2 * i + 1] = cpu_to_fdt64(range[i].bytes);
    }
    put(w, "reg", cells, nr * 2 * sizeof(cells[0]));
}

/* A private interrupt's third cell names, with GICv2, the CPUs that have it. */
static void set_irq(const struct tree_facts *facts, fdt32_t *cells, unsigned irq, uint32_t level)
{
    const unsigned nr = facts->nr_cpus < 8 ? facts->nr_cpus : 8;
    const bool is_private = irq < 32;
    const uint32_t cpus = is_private && !facts->is_gicv3 ? ((1U << nr) - 1) << 8 : 0;
    cells[0] = cpu_to_fdt32(is_private ? IRQ_PPI : IRQ_SPI);
    cells[1] = cpu_to_fdt32(is_private ? irq - 16 : irq - 32);
    cells[2] = cpu_to_fdt32(cpus | level);
}

static void put_irq(struct writer *w, const struct tree_facts *facts, unsigned irq, uint32_t level)
{
    fdt32_t cells[CELLS_OF_IRQ];
    set_irq(facts, cells, irq, level);
    put(w, "interrupts", cells, sizeof(cells));
}

/* ---- nodes, in the order of the drawing */

static void write_root(struct writer *w, const struct tree_facts *facts)
{
    char text[64];
    snprintf(text, sizeof(text), "XENVM-%u.%u", facts->xen_major, facts->xen_minor);
    put_string(w, "model", text);
    const int n = snprintf(text, sizeof(text), "xen,xenvm-%u.%u%cxen,xenvm", facts->xen_major,
                           facts->xen_minor, 0);
    put(w, "compatible", text, (size_t)n + 1);
    put_cell(w, "interrupt-parent", TREE_GIC_PHANDLE);
    put_cell(w, "#address-cells", 2);
    put_cell(w, "#size-cells", 2);
}

static void write_chosen(struct writer *w, const struct tree_facts *facts)
{
    begin(w, "chosen");
    if (facts->command_line != NULL) {
        put_string(w, "bootargs", facts->command_line);
    }
    const struct range *ramdisk = &facts->layout->ramdisk;
    if (ramdisk->bytes > 0) {
        put_u64(w, "linux,initrd-start", ramdisk->start);
        put_u64(w, "linux,initrd-end", ramdisk->start + ramdisk->bytes);
    }
    put(w, "rng-seed", facts->seed, TREE_SEED_BYTES);
    end(w);
}

static void write_cpus(struct writer *w, const struct tree_facts *facts)
{
    begin(w, "cpus");
    put_cell(w, "#address-cells", 1);
    put_cell(w, "#size-cells", 0);
    for (unsigned i = 0; i < facts->nr_cpus; i++) {
        begin_at(w, "cpu", tree_mpidr(i));
        put_string(w, "device_type", "cpu");
        put_string(w, "compatible", facts->bits == 64 ? "arm,armv8" : "arm,cortex-a15");
        put_string(w, "enable-method", "psci");
        put_cell(w, "reg", tree_mpidr(i));
        end(w);
    }
    end(w);
}

static void write_psci(struct writer *w)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
    begin(w, "psci");
    put(w, "compatible", compatible, sizeof(compatible));
    put_string(w, "method", "hvc");
    put_cell(w, "cpu_off", PSCI_cpu_off);
    put_cell(w, "cpu_on", PSCI_cpu_on);
    end(w);
}

static void write_memory(struct writer *w, const struct tree_facts *facts)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct range *bank = &facts->layout->bank[i];
        if (bank->bytes > 0) {
            begin_at(w, "memory", bank->start);
            put_string(w, "device_type", "memory");
            put_ranges(w, bank, 1);
            end(w);
        }
    }
}

static void write_gic(struct writer *w, const struct tree_facts *facts)
{
    static const char gicv2[] = "arm,cortex-a15-gic\0arm,cortex-a9-gic";
    const struct range v2[2] = {{GUEST_GICD_BASE, GUEST_GICD_SIZE},
                                {GUEST_GICC_BASE, GUEST_GICC_SIZE}};
    const struct range v3[2] = {{GUEST_GICV3_GICD_BASE, GUEST_GICV3_GICD_SIZE},
                                {GUEST_GICV3_GICR0_BASE, GUEST_GICV3_GICR0_SIZE}};
    begin_at(w, "interrupt-controller", v2[0].start);
    if (facts->is_gicv3) {
        put_string(w, "compatible", "arm,gic-v3");
        put_cell(w, "#redistributor-regions", GUEST_GICV3_RDIST_REGIONS);
    } else {
        put(w, "compatible", gicv2, sizeof(gicv2));
    }
    put_cell(w, "#interrupt-cells", CELLS_OF_IRQ);
    put_cell(w, "#address-cells", 0);
    put(w, "interrupt-controller", NULL, 0);
    put_ranges(w, facts->is_gicv3 ? v3 : v2, 2);
    put_cell(w, "linux,phandle", TREE_GIC_PHANDLE);
    put_cell(w, "phandle", TREE_GIC_PHANDLE);
    end(w);
}

static void write_timer(struct writer *w, const struct tree_facts *facts)
{
    fdt32_t irq[3 * CELLS_OF_IRQ];
    set_irq(facts, irq, GUEST_TIMER_PHYS_S_PPI, IRQ_LOW);
    set_irq(facts, irq + CELLS_OF_IRQ, GUEST_TIMER_PHYS_NS_PPI, IRQ_LOW);
    set_irq(facts, irq + 2 * CELLS_OF_IRQ, GUEST_TIMER_VIRT_PPI, IRQ_LOW);
    begin(w, "timer");
    put_string(w, "compatible", facts->bits == 64 ? "arm,armv8-timer" : "arm,armv7-timer");
    put(w, "interrupts", irq, sizeof(irq));
    if (facts->clock_hz != 0) {
        put_cell(w, "clock-frequency", facts->clock_hz);
    }
    end(w);
}

static void write_hypervisor(struct writer *w, const struct tree_facts *facts)
{
    char compatible[64];
    const int n = snprintf(compatible, sizeof(compatible), "xen,xen-%u.%u%cxen,xen",
                           facts->xen_major, facts->xen_minor, 0);
    struct range region[3] = {{GUEST_GNTTAB_BASE, GUEST_GNTTAB_SIZE}};
    memcpy(region + 1, facts->free_region, facts->nr_free_regions * sizeof(region[0]));
    begin(w, "hypervisor");
    put(w, "compatible", compatible, (size_t)n + 1);
    put_ranges(w, region, 1 + facts->nr_free_regions);
    put_irq(w, facts, GUEST_EVTCHN_PPI, IRQ_LOW);
    end(w);
}

static void write_vuart(struct writer *w, const struct tree_facts *facts)
{
    const struct range registers = {GUEST_PL011_BASE, GUEST_PL011_SIZE};
    begin_at(w, "sbsa-pl011", GUEST_PL011_BASE);
    put_string(w, "compatible", "arm,sbsa-uart");
    put_ranges(w, &registers, 1);
    put_irq(w, facts, GUEST_VPL011_SPI, IRQ_HIGH);
    put_cell(w, "current-speed", 115200);
    end(w);
}

static int write_all(const struct tree_facts *facts, void *tree, size_t room)
{
    struct writer w = {.tree = tree, .error = fdt_create(tree, (int)room)};
    if (w.error == 0) {
        w.error = fdt_finish_reservemap(tree);
    }
    begin(&w, "");
    write_root(&w, facts);
    write_chosen(&w, facts);
    write_cpus(&w, facts);
    write_psci(&w);
    write_memory(&w, facts);
    write_gic(&w, facts);
    write_timer(&w, facts);
    write_hypervisor(&w, facts);
    if (facts->has_vuart) {
        write_vuart(&w, facts);
    }
    if (w.error == 0 && facts->partial != NULL) {
        w.error = partial_write(facts->partial, tree);
    }
    end(&w);
    return w.error == 0 ? fdt_finish(tree) : w.error;
}

int tree_create(const struct tree_facts *facts, void **out, size_t *bytes)
{
    const size_t partial = facts->partial != NULL ? fdt_totalsize(facts->partial) : 0;
    const size_t words = facts->command_line != NULL ? strlen(facts->command_line) : 0;
    size_t room = FIRST_BYTES + facts->nr_cpus * BYTES_A_CPU + words + partial;
    for (; room <= 2 * TREE_MAX_BYTES; room *= 2) {
        void *tree = malloc(room);
        if (tree == NULL) {
            return -ENOMEM;
        }
        const int error = write_all(facts, tree, room);
        if (error == 0 && fdt_totalsize(tree) <= TREE_MAX_BYTES) {
            *out = tree;
            *bytes = fdt_totalsize(tree);
            return 0;
        }
        free(tree);
        if (error != -FDT_ERR_NOSPACE) {
            return error == 0 ? -E2BIG : -EINVAL;
        }
    }
    return -E2BIG;
}

void tree_place_ramdisk(void *tree, const struct range *ramdisk)
{
    const int chosen = fdt_path_offset(tree, "/chosen");
    fdt_setprop_inplace_u64(tree, chosen, "linux,initrd-start", ramdisk->start);
    fdt_setprop_inplace_u64(tree, chosen, "linux,initrd-end", ramdisk->start + ramdisk->bytes);
}
