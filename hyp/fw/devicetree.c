/* SPDX-License-Identifier: MIT */
/*
 * Reads the flattened device tree (Devicetree Specification 0.4) once, into struct firmware. What is missing or wrong
 * is said as one sentence for the console.
 */
#include <libfdt.h>

#include "base/bits.h"
#include "base/string.h"
#include "fw/fdt_read.h"
#include "fw/firmware.h"

struct firmware firmware;

static const struct {
    const char *compatible;
    enum boot_module_kind kind;
} modules[] = {
    {"multiboot,kernel", MODULE_KERNEL},
    {"xen,linux-zimage", MODULE_KERNEL},
    {"multiboot,ramdisk", MODULE_RAMDISK},
    {"xen,linux-initrd", MODULE_RAMDISK},
    {"multiboot,device-tree", MODULE_DEVICETREE},
    {"xen,xsm-policy", MODULE_XSM},
};

static const char *read_memory(const void *fdt)
{
    int node = -1;
    while ((node = fdt_node_offset_by_prop_value(fdt, node, "device_type", "memory", 7)) >= 0) {
        struct range bank;
        for (u32 i = 0; fdt_reg(node, i, &bank) == OK; i++) {
            if (bank.bytes != 0 && !range_add(firmware.bank, &firmware.nr_banks, FW_MAX_BANKS, bank)) {
                return "too many memory banks in the device tree";
            }
        }
    }
    return firmware.nr_banks ? NULL : "no memory node in the device tree";
}

static const char *reserve(u64 start, u64 bytes)
{
    if (bytes == 0 || range_add(firmware.reserved, &firmware.nr_reserved, FW_MAX_BANKS, (struct range){start, bytes})) {
        return NULL;
    }
    return "too many reserved ranges in the device tree";
}

static const char *read_reserved(const void *fdt)
{
    for (int i = 0; i < fdt_num_mem_rsv(fdt); i++) {
        u64 start = 0, bytes = 0;
        const char *why = fdt_get_mem_rsv(fdt, i, (uint64_t *)&start, (uint64_t *)&bytes) == 0 ? reserve(start, bytes)
                                                                                                : NULL;
        if (why) {
            return why;
        }
    }
    int parent = fdt_path_offset(fdt, "/reserved-memory"), node;
    if (parent < 0) {
        return NULL;
    }
    fdt_for_each_subnode(node, fdt, parent) {
        struct range r;
        for (u32 i = 0; fdt_reg(node, i, &r) == OK; i++) {
            const char *why = reserve(r.start, r.bytes);
            if (why) {
                return why;
            }
        }
    }
    return NULL;
}

/* Copies a string property; true when it exists. A longer one is cut. */
static bool read_string(const void *fdt, int node, const char *name, char *out, u32 size)
{
    int bytes;
    const char *text = fdt_getprop(fdt, node, name, &bytes);
    if (text == NULL || bytes <= 0 || text[bytes - 1] != '\0') {
        return false;
    }
    string_copy(out, text, size);
    return true;
}

static const char *read_module(const void *fdt, int node, bool *has_args)
{
    for (u32 i = 0; i < ARRAY_LEN(modules); i++) {
        if (fdt_node_check_compatible(fdt, node, modules[i].compatible) != 0) {
            continue;
        }
        struct range *module = &firmware.module[modules[i].kind];
        if (module->bytes != 0) {
            return "two boot modules of one kind in /chosen";
        }
        if (fdt_reg(node, 0, module) != OK || module->bytes == 0) {
            return "a boot module in /chosen has no reg";
        }
        if (modules[i].kind == MODULE_KERNEL) {
            *has_args = read_string(fdt, node, "bootargs", firmware.dom0_bootargs, sizeof(firmware.dom0_bootargs));
        }
        return NULL;
    }
    return NULL;
}

/*
 * Whose are the bootargs of /chosen? The hypervisor's own come from xen,xen-bootargs. Without that, if dom0's are given
 * elsewhere (xen,dom0-bootargs or the kernel module's bootargs), they are the hypervisor's; else they are dom0's.
 */
static void read_bootargs(const void *fdt, int chosen, bool dom0_has_args)
{
    char *xen = firmware.xen_bootargs, *dom0 = firmware.dom0_bootargs;
    bool named = read_string(fdt, chosen, "xen,xen-bootargs", xen, sizeof(firmware.xen_bootargs));
    dom0_has_args |= read_string(fdt, chosen, "xen,dom0-bootargs", dom0, sizeof(firmware.dom0_bootargs));
    if (!named && dom0_has_args) {
        read_string(fdt, chosen, "bootargs", xen, sizeof(firmware.xen_bootargs));
    } else if (!dom0_has_args) {
        read_string(fdt, chosen, "bootargs", dom0, sizeof(firmware.dom0_bootargs));
    }
}

static const char *read_chosen(const void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen"), node;
    if (chosen < 0) {
        return "no /chosen in the device tree: no boot modules";
    }
    bool dom0_has_args = false;
    read_string(fdt, chosen, "stdout-path", firmware.stdout_path, sizeof(firmware.stdout_path));
    fdt_for_each_subnode(node, fdt, chosen) {
        const char *why = read_module(fdt, node, &dom0_has_args);
        if (why) {
            return why;
        }
    }
    read_bootargs(fdt, chosen, dom0_has_args);
    return NULL;
}

static const char *check_modules(void)
{
    const struct range fdt = {firmware.fdt_at.m, firmware.fdt_bytes};
    for (u32 i = 0; i < MODULE_NR; i++) {
        if (range_overlaps(&firmware.module[i], &fdt)) {
            return "a boot module overlaps the device tree";
        }
        for (u32 j = 0; j < i; j++) {
            if (range_overlaps(&firmware.module[i], &firmware.module[j])) {
                return "two boot modules overlap";
            }
        }
    }
    return NULL;
}

/* CPU 0 is the one that boots: boot/ puts its MPIDR first. */
static const char *read_cpus(const void *fdt)
{
    int cpus = fdt_path_offset(fdt, "/cpus"), node;
    if (cpus < 0) {
        return "no /cpus in the device tree";
    }
    fdt_for_each_subnode(node, fdt, cpus) {
        int bytes;
        const char *type = fdt_getprop(fdt, node, "device_type", &bytes);
        const char *status = fdt_getprop(fdt, node, "status", NULL);
        if (type == NULL || bytes != 4 || memcmp(type, "cpu", 4) != 0 || (status && strcmp(status, "okay") != 0)) {
            continue;
        }
        const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &bytes);
        int cells = fdt_address_cells(fdt, cpus);
        if (reg == NULL || cells < 1 || cells > 2 || bytes < cells * 4) {
            return "a cpu node without reg";
        }
        if (firmware.nr_cpus < FW_MAX_CPUS) {
            firmware.cpu_mpidr[firmware.nr_cpus++] = fdt_cells(reg, (u32)cells);
        }
    }
    return firmware.nr_cpus ? NULL : "no cpu node in the device tree";
}

static void read_psci(const void *fdt)
{
    static const char *const versions[] = {"arm,psci", "arm,psci-0.2", "arm,psci-1.0"};
    int node = fdt_find_compatible(versions, ARRAY_LEN(versions));
    char method[8];
    if (node >= 0 && read_string(fdt, node, "method", method, sizeof(method))) {
        firmware.psci_smc = strcmp(method, "smc") == 0;
        firmware.psci_version = fdt_node_check_compatible(fdt, node, "arm,psci") == 0 ? 1 : 2;
    }
}

enum err firmware_read(const void *fdt, maddr_t at, const char **why)
{
    if (fdt_check_header(fdt) != 0) {
        *why = "no device tree where x0 pointed at boot";
        return E_INVAL;
    }
    firmware = (struct firmware){.fdt = fdt, .fdt_at = at, .fdt_bytes = fdt_totalsize(fdt)};
    static const char *(*const readers[])(const void *) = {read_memory, read_reserved, read_chosen, read_cpus};
    for (u32 i = 0; i < ARRAY_LEN(readers); i++) {
        *why = readers[i](fdt);
        if (*why) {
            return E_INVAL;
        }
    }
    read_psci(fdt);
    *why = check_modules();
    return *why ? E_INVAL : OK;
}
