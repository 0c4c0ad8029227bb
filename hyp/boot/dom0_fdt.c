/* SPDX-License-Identifier: MIT */
/*
 * dom0's device tree: the host's, token by token, less what the hypervisor keeps (its console's
 * UART, the modules, the PMU, an ITS) and with what it replaces (memory, cpus, psci, the GIC's
 * virtualization half) written anew. Strings are appended without a search for doubles: a few
 * hundred bytes buy a million instructions of boot time.
 */
#include <libfdt.h>

#include "abi/arm.h"
#include "base/bits.h"
#include "base/format.h"
#include "base/string.h"
#include "boot/dom0.h"
#include "cpu/cache.h"
#include "dom/vcpu.h"
#include "drv/uart.h"
#include "fw/tree.h"
#include "irq/irq.h"
#include "log/log.h"

enum node_kind { NODE_COPY, NODE_DROP, NODE_CHOSEN, NODE_GIC, NODE_V2M, NODE_RESERVED };

struct tree {
    void *out;
    int error; /* the first of libfdt's */
    struct dom0 *dom0;
    int console; /* the UART's node, or < 0 */
    u32 its[8];  /* phandles of ITSs: whoever names one loses that property */
    u32 nr_its;
    u32 gic_cells;
    bool has_chosen;
};
static struct dom0_walk walk; /* 800 bytes: not for the stack */

static void done(struct tree *t, int error)
{
    if (t->error == 0) {
        t->error = error;
    }
}

static void put_string(struct tree *t, const char *name, const char *value)
{
    done(t, fdt_property(t->out, name, value, (int)strlen(value) + 1));
}

static void put_u32(struct tree *t, const char *name, u32 value)
{
    fdt32_t cell = cpu_to_fdt32(value);
    done(t, fdt_property(t->out, name, &cell, sizeof(cell)));
}

static void put_u64(struct tree *t, const char *name, u64 value)
{
    fdt64_t cells = cpu_to_fdt64(value);
    done(t, fdt_property(t->out, name, &cells, sizeof(cells)));
}

static void begin_node(struct tree *t, const char *name)
{
    done(t, fdt_begin_node(t->out, name));
}

static void end_node(struct tree *t)
{
    done(t, fdt_end_node(t->out));
}

/* reg of a child of the root: address and size in the root's own number of cells. */
static void put_reg(struct tree *t, const struct range *ranges, u32 n)
{
    fdt32_t cells[DOM0_MAX_BANKS * 4];
    u32 at = 0;
    for (u32 i = 0; i < n; i++) {
        if (walk.bus[0].address_cells == 2) {
            cells[at++] = cpu_to_fdt32((u32)(ranges[i].start >> 32));
        }
        cells[at++] = cpu_to_fdt32((u32)ranges[i].start);
        if (walk.bus[0].size_cells == 2) {
            cells[at++] = cpu_to_fdt32((u32)(ranges[i].bytes >> 32));
        }
        cells[at++] = cpu_to_fdt32((u32)ranges[i].bytes);
    }
    done(t, fdt_property(t->out, "reg", cells, (int)(at * 4)));
}

/* ---- what happens to a node */

static const struct {
    const char *compatible;
    enum node_kind kind;
} kinds[] = {
    {"arm,psci", NODE_DROP},         {"arm,psci-0.2", NODE_DROP},
    {"arm,psci-1.0", NODE_DROP},     {"arm,armv7-timer-mem", NODE_DROP},
    {"arm,gic-v3-its", NODE_DROP},   {"arm,gic-v2m-frame", NODE_V2M},
    {"arm,armv8-pmuv3", NODE_DROP},  {"xen,multiboot-module", NODE_DROP},
    {"xen,linux-zimage", NODE_DROP}, {"xen,linux-initrd", NODE_DROP},
    {"xen,domain", NODE_DROP},       {"xen,xen", NODE_DROP},
};

static enum node_kind kind_of_compatible(const char *name)
{
    u64 length = strlen(name);
    if ((length > 4 && strcmp(name + length - 4, "-pmu") == 0) ||
        strncmp(name, "multiboot,", 10) == 0) {
        return NODE_DROP;
    }
    for (u32 i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(name, kinds[i].compatible) == 0) {
            return kinds[i].kind;
        }
    }
    return NODE_COPY;
}

/* Children of the root that are known by name or type rather than by what they are compatible with.
 */
static enum node_kind kind_of_name(int node, const char *name)
{
    if (tree_has_type(walk.fdt, node, "memory") || strcmp(name, "cpus") == 0 ||
        strcmp(name, "psci") == 0 || strcmp(name, "hypervisor") == 0) {
        return NODE_DROP;
    }
    return strcmp(name, "chosen") == 0 ? NODE_CHOSEN : NODE_COPY;
}

static bool is_below_reserved_memory(void)
{
    return walk.depth == 2 && strcmp(tree_name(walk.fdt, walk.bus[1].node), "reserved-memory") == 0;
}

static enum node_kind kind_of_node(const struct tree *t, int node)
{
    if (walk.depth == 0) {
        return NODE_COPY;
    }
    if (node == t->console) {
        return NODE_DROP;
    }
    if (walk.depth == 1) {
        enum node_kind kind = kind_of_name(node, tree_name(walk.fdt, node));
        if (kind != NODE_COPY) {
            return kind;
        }
    }
    if (gic_info.phandle != 0 && tree_phandle(walk.fdt, node) == gic_info.phandle) {
        return NODE_GIC;
    }
    int bytes;
    const char *names = tree_property(walk.fdt, node, "compatible", &bytes);
    for (int at = 0; names != NULL && at < bytes;
         at += (int)strnlen(names + at, (size_t)(bytes - at)) + 1) {
        enum node_kind kind = kind_of_compatible(names + at);
        if (kind != NODE_COPY) {
            return kind;
        }
    }
    return is_below_reserved_memory() ? NODE_RESERVED : NODE_COPY;
}

/* ---- what happens to a property */

static bool names_an_its(const struct tree *t, const fdt32_t *cells, int bytes, u32 at)
{
    for (u32 i = 0; at * 4 + 4 <= (u32)bytes && i < t->nr_its; i++) {
        if (fdt32_to_cpu(cells[at]) == t->its[i]) {
            return true;
        }
    }
    return false;
}

static bool chosen_keeps(const char *name)
{
    return strcmp(name, "bootargs") != 0 && strcmp(name, "stdout-path") != 0 &&
           strncmp(name, "xen,", 4) != 0 && strncmp(name, "linux,", 6) != 0;
}

/* Writes what of the GIC's node the virtual one has: its distributor, and redistributors or CPU
 * interface. */
static void copy_gic_property(struct tree *t, const char *name, const void *value, int bytes)
{
    static const char *const dropped[] = {"interrupts", "interrupts-extended", "msi-controller",
                                          "#msi-cells", "mbi-ranges",          "mbi-alias"};
    for (u32 i = 0; i < ARRAY_LEN(dropped); i++) {
        if (strcmp(name, dropped[i]) == 0) {
            return;
        }
    }
    if (strcmp(name, "reg") == 0) {
        const struct dom0_bus *parent = &walk.bus[walk.depth - 1];
        u32 rows = gic->version == 2 ? 2 : 1 + gic_info.nr_redist_regions;
        bytes = MIN(bytes, (int)(rows * (parent->address_cells + parent->size_cells) * 4));
    }
    done(t, fdt_property(t->out, name, value, bytes));
}

static void copy_property(struct tree *t, enum node_kind kind, int at)
{
    const char *name;
    int bytes;
    const void *value = fdt_getprop_by_offset(walk.fdt, at, &name, &bytes);
    if (value == NULL) {
        done(t, bytes);
        return;
    }
    if (kind == NODE_GIC) {
        copy_gic_property(t, name, value, bytes);
        return;
    }
    bool keep = kind != NODE_CHOSEN || chosen_keeps(name);
    if (strcmp(name, "msi-parent") == 0) {
        keep = !names_an_its(t, value, bytes, 0);
    } else if (strcmp(name, "msi-map") == 0) {
        keep = !names_an_its(t, value, bytes, 1);
    }
    if (keep) {
        done(t, fdt_property(t->out, name, value, bytes));
    }
}

/* ---- what is written anew */

static void put_chosen(struct tree *t)
{
    t->has_chosen = true;
    if (firmware.dom0_bootargs[0] != '\0') {
        put_string(t, "bootargs", firmware.dom0_bootargs);
    }
    if (t->dom0->ramdisk.bytes != 0) {
        put_u64(t, "linux,initrd-start", t->dom0->ramdisk.start);
        put_u64(t, "linux,initrd-end", range_end(&t->dom0->ramdisk));
    }
}

static void put_memory(struct tree *t)
{
    char name[32];
    format(name, sizeof(name), "memory@%llx", t->dom0->bank[0].start);
    begin_node(t, name);
    put_string(t, "device_type", "memory");
    put_reg(t, t->dom0->bank, t->dom0->nr_banks);
    end_node(t);
}

/* The first cpu node of the host: every vCPU is compatible with what that one is. */
static int host_cpu(void)
{
    int cpus = tree_find_path(walk.fdt, "/cpus");
    int node;
    if (cpus < 0) {
        return cpus;
    }
    fdt_for_each_subnode(node, walk.fdt, cpus)
    {
        if (tree_has_type(walk.fdt, node, "cpu")) {
            return node;
        }
    }
    return node;
}

static void put_cpus(struct tree *t)
{
    int bytes = 0;
    int cpu = host_cpu();
    const char *compatible = cpu >= 0 ? tree_property(walk.fdt, cpu, "compatible", &bytes) : NULL;
    begin_node(t, "cpus");
    put_u32(t, "#address-cells", 1);
    put_u32(t, "#size-cells", 0);
    for (u32 i = 0; i < t->dom0->nr_vcpus; i++) {
        char name[16];
        u32 affinity = (u32)vcpu_mpidr(i) & 0xffffff;
        format(name, sizeof(name), "cpu@%x", affinity);
        begin_node(t, name);
        if (compatible != NULL) {
            done(t, fdt_property(t->out, "compatible", compatible, bytes));
        }
        put_string(t, "device_type", "cpu");
        put_string(t, "enable-method", "psci");
        put_u32(t, "reg", affinity);
        end_node(t);
    }
    end_node(t);
}

static void put_psci(struct tree *t)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2\0arm,psci";
    begin_node(t, "psci");
    done(t, fdt_property(t->out, "compatible", compatible, sizeof(compatible)));
    put_string(t, "method", "hvc");
    /* For those that know only version 0.1, which has no fixed numbers. */
    put_u32(t, "cpu_off", 0x84000002);
    put_u32(t, "cpu_on", 0xc4000003);
    end_node(t);
}

/* Linux' Documentation/devicetree/bindings/arm/xen.txt: where a grant table may go, and the event
 * interrupt. */
static void put_hypervisor(struct tree *t)
{
    static const char compatible[] = "xen,xen-4.17\0xen,xen";
    /* A private interrupt, for all CPUs (GICv2's mask), level low as Xen has it. */
    const fdt32_t interrupt[4] = {cpu_to_fdt32(1), cpu_to_fdt32(GUEST_EVTCHN_PPI - 16),
                                  cpu_to_fdt32(0xf08), 0};
    begin_node(t, "hypervisor");
    done(t, fdt_property(t->out, "compatible", compatible, sizeof(compatible)));
    put_reg(t, &t->dom0->grant, 1);
    done(t, fdt_property(t->out, "interrupts", interrupt, (int)(t->gic_cells * 4)));
    put_u32(t, "interrupt-parent", gic_info.phandle);
    end_node(t);
}

/* ---- the walk */

/* The offset behind the whole node at at. */
static int skip_node(int at)
{
    int depth = 0;
    int next = at;
    do {
        at = next;
        switch (fdt_next_tag(walk.fdt, at, &next)) {
        case FDT_BEGIN_NODE:
            depth++;
            break;
        case FDT_END_NODE:
            depth--;
            break;
        case FDT_END:
            return at;
        default:
            break;
        }
    } while (depth != 0 && next >= 0);
    return next;
}

static enum err enter_node(struct tree *t, enum node_kind kind, int node)
{
    begin_node(t, tree_name(walk.fdt, node));
    switch (kind) {
    case NODE_CHOSEN:
        put_chosen(t);
        return OK;
    case NODE_GIC:
        return OK;
    case NODE_V2M:
        return dom0_device_add_v2m(&walk);
    case NODE_RESERVED:
        dom0_device_add_reserved(&walk);
        return OK;
    default:
        return dom0_device_add(&walk);
    }
}

static void leave_node(struct tree *t)
{
    if (walk.depth == 0) {
        if (!t->has_chosen) {
            begin_node(t, "chosen");
            put_chosen(t);
            end_node(t);
        }
        put_memory(t);
        put_cpus(t);
        put_psci(t);
        put_hypervisor(t);
    }
    end_node(t);
}

static enum err copy_tree(struct tree *t)
{
    static enum node_kind kind[DOM0_MAX_DEPTH];
    u32 open = 0; /* nodes begun and not ended */
    int at = 0;
    int next = 0;
    for (; t->error == 0; at = next) {
        u32 tag = fdt_next_tag(walk.fdt, at, &next);
        if (tag == FDT_BEGIN_NODE) {
            walk.depth = open;
            if (open == DOM0_MAX_DEPTH) {
                return E_NOSPC;
            }
            kind[open] = kind_of_node(t, at);
            if (kind[open] == NODE_DROP) {
                next = skip_node(at);
                continue;
            }
            dom0_bus_read(&walk, at);
            enum err e = enter_node(t, kind[open], at);
            if (e != OK) {
                log_error("dom0: no memory for the device %s", tree_name(walk.fdt, at));
                return e;
            }
            open++;
        } else if (tag == FDT_PROP && open != 0) {
            walk.depth = open - 1;
            copy_property(t, kind[open - 1], at);
        } else if (tag == FDT_END_NODE && open != 0) {
            walk.depth = --open;
            leave_node(t);
        } else if (tag == FDT_END) {
            break;
        }
    }
    return OK;
}

static void find_its(struct tree *t)
{
    int node = gic->version == 2 ? -FDT_ERR_NOTFOUND
                                 : tree_find_compatible(walk.fdt, -1, "arm,gic-v3-its");
    while (node >= 0 && t->nr_its < ARRAY_LEN(t->its)) {
        t->its[t->nr_its++] = tree_phandle(walk.fdt, node);
        node = tree_find_compatible(walk.fdt, node, "arm,gic-v3-its");
    }
}

enum err dom0_fdt_write(struct dom0 *dom0)
{
    struct tree t = {.out = dom0_ram(dom0->fdt.start), .dom0 = dom0};
    dom0_devices_begin();
    walk.dom0 = dom0;
    walk.fdt = firmware.fdt;
    t.console = uart_node();
    find_its(&t);
    const int gic_node = tree_find_phandle(walk.fdt, gic_info.phandle);
    t.gic_cells = tree_u32(walk.fdt, gic_node, "#interrupt-cells", 3) == 4 ? 4 : 3;
    done(&t, fdt_create_with_flags(t.out, (int)dom0->fdt.bytes, FDT_CREATE_FLAG_NO_NAME_DEDUP));
    done(&t, fdt_finish_reservemap(t.out));
    enum err e = copy_tree(&t);
    if (e != OK) {
        return e;
    }
    done(&t, fdt_finish(t.out));
    if (t.error != 0) {
        log_error("dom0: its device tree can't be written: %s", fdt_strerror(t.error));
        return E_INVAL;
    }
    dom0->fdt.bytes = fdt_totalsize(t.out);
    cache_clean(t.out, dom0->fdt.bytes); /* read with caches off by whoever is no Linux */
    return OK;
}
