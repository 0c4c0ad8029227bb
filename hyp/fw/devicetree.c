/* SPDX-License-Identifier: MIT */
/*
 * The flattened device tree, read once from front to back (Devicetree Specification 0.4; modules
 * and command lines as Xen's docs/misc/arm/device-tree/booting.txt names them). What is wrong with
 * it is said in one sentence (*why).
 */
#include <libfdt.h>

#include "base/bits.h"
#include "base/format.h"
#include "base/string.h"
#include "fw/firmware.h"
#include "fw/tree.h"

struct firmware firmware;

static char sentence[160];

#define REFUSE(...) (format(sentence, sizeof(sentence), __VA_ARGS__), E_INVAL)

/* The walk: what the nodes above the one at hand are. */
struct walk {
    const void *fdt;
    int node;
    u32 depth; /* 0: the root */
    u32 address_cells[TREE_MAX_DEPTH],
        size_cells[TREE_MAX_DEPTH]; /* for the children of the node at that depth */
    const char *top;                /* name of the node at depth 1 */
    struct range no_map[FW_MAX_RESERVED];
    u32 nr_no_map;
    const char *chosen_args, *xen_args, *dom0_args, *kernel_args;
};

static const char *string_property(const struct walk *w, const char *name)
{
    return tree_string(w->fdt, w->node, name);
}

static bool is_compatible(const struct walk *w, const char *name)
{
    return tree_is_compatible(w->fdt, w->node, name);
}

/* Entry i of reg, in the cells of the parent. False at the end. */
static bool read_reg(const struct walk *w, u32 i, struct range *out)
{
    int bytes;
    const u32 *p = tree_property(w->fdt, w->node, "reg", &bytes);
    u32 a = w->address_cells[w->depth - 1];
    u32 s = w->size_cells[w->depth - 1];
    if (!p || a + s == 0 || (u64)(i + 1) * (a + s) > (u32)bytes / 4) {
        return false;
    }
    p += i * (a + s);
    *out = (struct range){tree_cells(p, a), tree_cells(p + a, s)};
    return true;
}

static enum err read_memory(const struct walk *w)
{
    struct range r;
    for (u32 i = 0; read_reg(w, i, &r); i++) {
        if (!range_add(firmware.bank, &firmware.nr_banks, FW_MAX_BANKS, r)) {
            return REFUSE("memory at %#llx: more than %u banks, or it wraps", r.start,
                          FW_MAX_BANKS);
        }
    }
    return OK;
}

/* Adds to one of the two lists of FW_MAX_RESERVED. */
static enum err reserve(struct range *list, u32 *nr, struct range r)
{
    if (r.bytes != 0 && !range_insert(list, nr, FW_MAX_RESERVED, r)) {
        return REFUSE("reserved memory at %#llx: more than %u ranges, or it wraps", r.start,
                      FW_MAX_RESERVED);
    }
    return OK;
}

/* A child of /reserved-memory. One without reg asks for memory anywhere: that is dom0's to give. */
static enum err read_reserved(struct walk *w)
{
    struct range r;
    bool no_map = tree_property(w->fdt, w->node, "no-map", NULL) != NULL;
    for (u32 i = 0; read_reg(w, i, &r); i++) {
        enum err e = no_map ? reserve(w->no_map, &w->nr_no_map, r)
                            : reserve(firmware.reserved, &firmware.nr_reserved, r);
        if (e != OK) {
            return e;
        }
    }
    return OK;
}

static void read_cpu(const struct walk *w)
{
    struct range r;
    if (!tree_has_type(w->fdt, w->node, "cpu") || !tree_is_available(w->fdt, w->node) ||
        !read_reg(w, 0, &r) || firmware.nr_cpus == FW_MAX_CPUS) {
        return;
    }
    firmware.cpu_mpidr[firmware.nr_cpus++] = r.start;
}

static void read_psci(const struct walk *w)
{
    const char *method = string_property(w, "method");
    firmware.psci_smc = method && strcmp(method, "smc") == 0;
    if (is_compatible(w, "arm,psci-1.0") || is_compatible(w, "arm,psci-1.1")) {
        firmware.psci_version = 0x10000;
    } else if (is_compatible(w, "arm,psci-0.2")) {
        firmware.psci_version = 0x2;
    } else {
        firmware.psci_version = 0x1;
        firmware.psci_cpu_on_id = tree_u32(w->fdt, w->node, "cpu_on", 0);
    }
}

/* --- modules --- */

const char *firmware_module_name(enum boot_module_kind kind)
{
    static const char *const name[] = {"kernel", "ramdisk", "device tree", "policy"};
    return kind < MODULE_NR ? name[kind] : "?";
}

/* What kind of module the node is; MODULE_NR: none. */
static enum boot_module_kind module_kind(const struct walk *w)
{
    static const struct {
        const char *compatible;
        enum boot_module_kind kind;
    } kinds[] = {
        {"multiboot,kernel", MODULE_KERNEL},          {"xen,linux-zimage", MODULE_KERNEL},
        {"multiboot,ramdisk", MODULE_RAMDISK},        {"xen,linux-initrd", MODULE_RAMDISK},
        {"multiboot,device-tree", MODULE_DEVICETREE}, {"xen,xsm-policy", MODULE_XSM},
    };
    for (u32 i = 0; i < ARRAY_LEN(kinds); i++) {
        if (is_compatible(w, kinds[i].compatible)) {
            return kinds[i].kind;
        }
    }
    if (is_compatible(w, "multiboot,module") || is_compatible(w, "xen,multiboot-module")) {
        /* Without a kind the order tells, as loaders have it: the kernel, then its ramdisk. */
        return firmware.module[MODULE_KERNEL].bytes == 0    ? MODULE_KERNEL
               : firmware.module[MODULE_RAMDISK].bytes == 0 ? MODULE_RAMDISK
                                                            : MODULE_NR;
    }
    return MODULE_NR;
}

static enum err read_module(struct walk *w)
{
    enum boot_module_kind kind = module_kind(w);
    if (kind == MODULE_NR) {
        return OK;
    }
    const char *name = tree_name(w->fdt, w->node);
    struct range r;
    if (!read_reg(w, 0, &r) || r.bytes == 0 || r.start + r.bytes < r.start) {
        return REFUSE("module /chosen/%s: its reg property names no memory", name);
    }
    if (firmware.module[kind].bytes != 0) {
        return REFUSE("module /chosen/%s at %#llx: a second %s, the first is at %#llx", name,
                      r.start, firmware_module_name(kind), firmware.module[kind].start);
    }
    firmware.module[kind] = r;
    if (kind == MODULE_KERNEL) {
        w->kernel_args = string_property(w, "bootargs");
    }
    return OK;
}

static void read_chosen(struct walk *w)
{
    w->chosen_args = string_property(w, "bootargs");
    w->xen_args = string_property(w, "xen,xen-bootargs");
    w->dom0_args = string_property(w, "xen,dom0-bootargs");
    const char *path = string_property(w, "stdout-path");
    path = path ? path : string_property(w, "linux,stdout-path");
    if (path) {
        string_copy(firmware.stdout_path, path, sizeof(firmware.stdout_path));
    }
}

/* --- the walk --- */

static enum err read_node(struct walk *w)
{
    const char *name = tree_name(w->fdt, w->node);
    if (w->depth == 0) {
        return OK;
    }
    if (w->depth == 1) {
        w->top = name;
        if (strcmp(name, "chosen") == 0) {
            read_chosen(w);
            return OK;
        }
        if (tree_has_type(w->fdt, w->node, "memory") && tree_is_available(w->fdt, w->node)) {
            return read_memory(w);
        }
    }
    if (is_compatible(w, "arm,psci-0.2") || is_compatible(w, "arm,psci-1.0") ||
        is_compatible(w, "arm,psci")) {
        read_psci(w);
    }
    if (w->depth >= 2 && strcmp(w->top, "chosen") == 0) {
        return read_module(w);
    }
    if (w->depth == 2 && strcmp(w->top, "cpus") == 0) {
        read_cpu(w);
    } else if (w->depth == 2 && strcmp(w->top, "reserved-memory") == 0 &&
               tree_is_available(w->fdt, w->node)) {
        return read_reserved(w);
    }
    return OK;
}

static enum err read_nodes(struct walk *w)
{
    int depth = -1; /* the root comes as 0 */
    for (w->node = tree_next(w->fdt, -1, &depth); w->node >= 0 && depth >= 0;
         w->node = tree_next(w->fdt, w->node, &depth)) {
        if ((u32)depth >= TREE_MAX_DEPTH) {
            continue;
        }
        w->depth = (u32)depth;
        /* Inherited where absent: loaders that write /chosen's modules count on it. */
        w->address_cells[depth] = tree_u32(w->fdt, w->node, "#address-cells",
                                           depth > 0 ? w->address_cells[depth - 1] : 2);
        w->size_cells[depth] =
            tree_u32(w->fdt, w->node, "#size-cells", depth > 0 ? w->size_cells[depth - 1] : 1);
        if (w->address_cells[depth] > 4 || w->size_cells[depth] > 4) {
            return REFUSE("node %s: #address-cells or #size-cells above 4",
                          tree_name(w->fdt, w->node));
        }
        enum err e = read_node(w);
        if (e != OK) {
            return e;
        }
    }
    return OK;
}

/* --- afterwards --- */

/* Whose options are whose: see Xen's booting.txt. The hypervisor's are in "bootargs" only when the
 * kernel's are told apart from them. */
static void choose_arguments(const struct walk *w)
{
    bool apart = w->dom0_args || (w->kernel_args && w->kernel_args[0]);
    const char *xen = w->xen_args ? w->xen_args : apart ? w->chosen_args : NULL;
    const char *dom0 = w->dom0_args                          ? w->dom0_args
                       : w->kernel_args && w->kernel_args[0] ? w->kernel_args
                                                             : w->chosen_args;
    string_copy(firmware.xen_bootargs, xen ? xen : "", sizeof(firmware.xen_bootargs));
    string_copy(firmware.dom0_bootargs, dom0 ? dom0 : "", sizeof(firmware.dom0_bootargs));
}

/* Cuts what must not be mapped out of the banks: to us that is no RAM. */
static enum err cut_no_map(struct walk *w)
{
    struct range old[FW_MAX_BANKS];
    u32 nr_old = firmware.nr_banks;
    memcpy(old, firmware.bank, sizeof(old));
    range_merge(w->no_map, &w->nr_no_map);
    firmware.nr_banks = 0;
    for (u32 i = 0; i < nr_old; i++) {
        struct range rest = old[i];
        struct range gap;
        while (range_take_gap(w->no_map, w->nr_no_map, &rest, &gap)) {
            /* Whole pages only, so that nobody maps a page that is half RAM. */
            u64 start = align_up(gap.start, PAGE_SIZE);
            u64 end = align_down(range_end(&gap), PAGE_SIZE);
            if (end > start && !range_insert(firmware.bank, &firmware.nr_banks, FW_MAX_BANKS,
                                             (struct range){start, end - start})) {
                return REFUSE("memory at %#llx: more than %u pieces between reserved ranges", start,
                              FW_MAX_BANKS);
            }
        }
    }
    return OK;
}

static bool is_ram(const struct range *r)
{
    for (u32 i = 0; i < firmware.nr_banks; i++) {
        if (range_contains(&firmware.bank[i], r)) {
            return true;
        }
    }
    return false;
}

static enum err check_modules(void)
{
    const struct range fdt = {firmware.fdt_at.m, firmware.fdt_bytes};
    for (u32 i = 0; i < MODULE_NR; i++) {
        const struct range *a = &firmware.module[i];
        const char *name = firmware_module_name(i);
        if (a->bytes == 0) {
            continue;
        }
        if (!is_ram(a)) {
            return REFUSE("module %s at %#llx, %#llx bytes: not in RAM", name, a->start, a->bytes);
        }
        if (range_overlaps(a, &fdt)) {
            return REFUSE("module %s at %#llx, %#llx bytes: overlaps the device tree at %#llx",
                          name, a->start, a->bytes, fdt.start);
        }
        for (u32 j = 0; j < i; j++) {
            const struct range *b = &firmware.module[j];
            if (range_overlaps(a, b)) {
                return REFUSE("module %s at %#llx, %#llx bytes: overlaps the %s at %#llx", name,
                              a->start, a->bytes, firmware_module_name(j), b->start);
            }
        }
    }
    return OK;
}

enum err firmware_read(const void *fdt, maddr_t at, const char **why)
{
    *why = sentence;
    firmware = (struct firmware){.fdt = fdt, .fdt_at = at};
    if (fdt_check_header(fdt) != 0 || !tree_check(fdt)) {
        firmware.fdt = NULL; /* nobody may walk it */
        return REFUSE("no device tree at %#llx", at.m);
    }
    firmware.fdt_bytes = fdt_totalsize(fdt);

    static struct walk w;
    w = (struct walk){.fdt = fdt, .top = ""};
    for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
        uint64_t start;
        uint64_t bytes;
        if (fdt_get_mem_rsv(fdt, i, &start, &bytes) == 0) {
            enum err e =
                reserve(firmware.reserved, &firmware.nr_reserved, (struct range){start, bytes});
            if (e != OK) {
                return e;
            }
        }
    }
    enum err e = read_nodes(&w);
    if (e == OK) {
        e = cut_no_map(&w);
    }
    if (e != OK) {
        return e;
    }
    choose_arguments(&w);
    if (firmware.nr_banks == 0) {
        return REFUSE("device tree at %#llx: no memory node", at.m);
    }
    if (firmware.nr_cpus == 0) {
        return REFUSE("device tree at %#llx: no CPU under /cpus", at.m);
    }
    return check_modules();
}
