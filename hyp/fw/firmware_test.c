/* SPDX-License-Identifier: MIT */
/* Trees are written with libfdt's sequential functions, a property or a node a line. */
#include "test/host/fake.h"

#include <libfdt.h>

#include "base/range.h"
#include "fw/firmware.h"
#include "log/console.h"
#include "log/log.h"

#define TREE_AT ((maddr_t){0x48000000})

static char tree[16384];
static const char *why;

/* --- the writer --- */

static void node(const char *name)
{
    assert_int_equal(fdt_begin_node(tree, name), 0);
}

static void end(void)
{
    assert_int_equal(fdt_end_node(tree), 0);
}

static void text(const char *name, const char *value)
{
    assert_int_equal(fdt_property_string(tree, name, value), 0);
}

static void bytes(const char *name, const void *value, u32 n)
{
    assert_int_equal(fdt_property(tree, name, value, (int)n), 0);
}

static void cells(const char *name, u32 n, const u32 *value)
{
    fdt32_t out[32];
    for (u32 i = 0; i < n; i++) {
        out[i] = cpu_to_fdt32(value[i]);
    }
    bytes(name, out, n * 4);
}
#define cells(name, ...) cells(name, sizeof((u32[]){__VA_ARGS__}) / 4, (u32[]){__VA_ARGS__})

static void begin(void)
{
    assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
    assert_int_equal(fdt_finish_reservemap(tree), 0);
    node("");
    cells("#address-cells", 2);
    cells("#size-cells", 2);
    cells("interrupt-parent", 1);
}

static void memory(u64 start, u64 size)
{
    char name[32];
    snprintf(name, sizeof(name), "memory@%llx", start);
    node(name);
    text("device_type", "memory");
    cells("reg", (u32)(start >> 32), (u32)start, (u32)(size >> 32), (u32)size);
    end();
}

static void cpu(u32 mpidr, const char *status)
{
    char name[32];
    snprintf(name, sizeof(name), "cpu@%x", mpidr);
    node(name);
    text("device_type", "cpu");
    cells("reg", mpidr);
    if (status) {
        text("status", status);
    }
    end();
}

static void cpus(void)
{
    node("cpus");
    cells("#address-cells", 1);
    cells("#size-cells", 0);
    cpu(0, NULL);
    cpu(0x100, "okay");
    cpu(0x101, "disabled");
    node("cpu-map");
    end();
    node("cache@5"); /* no cpu */
    cells("reg", 5);
    end();
    end();
}

static void chosen_begin(void)
{
    node("chosen");
    cells("#address-cells", 2);
    cells("#size-cells", 2);
}

static void module(const char *name, const char *compatible, u32 start, u32 size)
{
    node(name);
    if (compatible) {
        text("compatible", compatible);
    }
    cells("reg", 0, start, 0, size);
}

static enum err finish(void)
{
    end();
    assert_int_equal(fdt_finish(tree), 0);
    why = NULL;
    return firmware_read(tree, TREE_AT, &why);
}

static void refused(const char *sentence)
{
    assert_int_equal(finish(), E_INVAL);
    assert_string_equal(why, sentence);
}

static void board(void)
{
    begin();
    memory(0x40000000, 0x40000000);
    cpus();
}

static void expect_range(const struct range *r, u64 start, u64 size)
{
    assert_int_equal(r->start, start);
    assert_int_equal(r->bytes, size);
}

/* --- what is read --- */

static void test_the_usual_board(void **state)
{
    board();
    node("psci");
    bytes("compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
    text("method", "smc");
    end();
    chosen_begin();
    text("bootargs", "dom0_mem=1G loglvl=all");
    text("stdout-path", "/pl011@9000000");
    node("module@50000000");
    bytes("compatible", "multiboot,module\0multiboot,kernel", 34);
    cells("reg", 0, 0x50000000, 0, 0x2000000);
    text("bootargs", "console=hvc0");
    end();
    module("module@58000000", "multiboot,ramdisk", 0x58000000, 0x1000);
    end();
    end();
    assert_int_equal(finish(), OK);

    assert_ptr_equal(firmware.fdt, tree);
    assert_int_equal(firmware.fdt_at.m, TREE_AT.m);
    assert_int_equal(firmware.fdt_bytes, fdt_totalsize(tree));
    assert_int_equal(firmware.nr_banks, 1);
    expect_range(&firmware.bank[0], 0x40000000, 0x40000000);
    assert_int_equal(firmware.nr_cpus, 2);
    assert_int_equal(firmware.cpu_mpidr[0], 0);
    assert_int_equal(firmware.cpu_mpidr[1], 0x100);
    assert_true(firmware.psci_smc);
    assert_true(firmware.psci_version >= 2);
    assert_string_equal(firmware.stdout_path, "/pl011@9000000");
    expect_range(&firmware.module[MODULE_KERNEL], 0x50000000, 0x2000000);
    expect_range(&firmware.module[MODULE_RAMDISK], 0x58000000, 0x1000);
    assert_int_equal(firmware.module[MODULE_XSM].bytes, 0);
    assert_int_equal(firmware.module[MODULE_DEVICETREE].bytes, 0);
    assert_string_equal(firmware.xen_bootargs, "dom0_mem=1G loglvl=all");
    assert_string_equal(firmware.dom0_bootargs, "console=hvc0");
}

static void test_banks_are_sorted_and_merged(void **state)
{
    begin();
    memory(0x880000000, 0x80000000);
    memory(0x80000000, 0x40000000);
    node("memory@40000000");
    text("device_type", "memory");
    cells("reg", 0, 0x40000000, 0, 0x40000000, 0, 0x20000000, 0, 0x1000);
    end();
    node("memory@0");
    text("device_type", "memory");
    text("status", "disabled");
    cells("reg", 0, 0, 0, 0x1000000);
    end();
    cpus();
    assert_int_equal(finish(), OK);
    assert_int_equal(firmware.nr_banks, 3);
    expect_range(&firmware.bank[0], 0x20000000, 0x1000);
    expect_range(&firmware.bank[1], 0x40000000, 0x80000000);
    expect_range(&firmware.bank[2], 0x880000000, 0x80000000);
}

static void test_reserved_memory(void **state)
{
    assert_int_equal(fdt_create(tree, sizeof(tree)), 0);
    assert_int_equal(fdt_add_reservemap_entry(tree, 0x44000000, 0x3000), 0);
    assert_int_equal(fdt_finish_reservemap(tree), 0);
    node("");
    cells("#address-cells", 2);
    cells("#size-cells", 2);
    memory(0x40000000, 0x10000000);
    cpus();
    node("reserved-memory");
    cells("#address-cells", 2);
    cells("#size-cells", 2);
    bytes("ranges", NULL, 0);
    node("dma@41000000");
    cells("reg", 0, 0x41000000, 0, 0x100000);
    end();
    node("secure@48000000");
    cells("reg", 0, 0x48000800, 0, 0x1000);
    bytes("no-map", NULL, 0);
    end();
    node("pool"); /* anywhere: not ours to place */
    cells("size", 0, 0x100000);
    end();
    end();
    assert_int_equal(finish(), OK);
    assert_int_equal(firmware.nr_reserved, 2);
    expect_range(&firmware.reserved[0], 0x41000000, 0x100000);
    expect_range(&firmware.reserved[1], 0x44000000, 0x3000);
    assert_int_equal(firmware.nr_banks, 2); /* what must not be mapped is no RAM, in whole pages */
    expect_range(&firmware.bank[0], 0x40000000, 0x8000000);
    expect_range(&firmware.bank[1], 0x48002000, 0x10000000 - 0x8002000);
}

static void arguments(const char *chosen, const char *xen, const char *dom0, const char *kernel,
                      const char *want_xen, const char *want_dom0)
{
    board();
    chosen_begin();
    if (chosen) {
        text("bootargs", chosen);
    }
    if (xen) {
        text("xen,xen-bootargs", xen);
    }
    if (dom0) {
        text("xen,dom0-bootargs", dom0);
    }
    module("kernel", "xen,linux-zimage", 0x50000000, 0x1000);
    if (kernel) {
        text("bootargs", kernel);
    }
    end();
    module("initrd", "xen,linux-initrd", 0x51000000, 0x1000);
    end();
    end();
    assert_int_equal(finish(), OK);
    assert_string_equal(firmware.xen_bootargs, want_xen);
    assert_string_equal(firmware.dom0_bootargs, want_dom0);
    expect_range(&firmware.module[MODULE_KERNEL], 0x50000000, 0x1000);
    expect_range(&firmware.module[MODULE_RAMDISK], 0x51000000, 0x1000);
}

static void test_whose_arguments_are_whose(void **state)
{
    arguments(NULL, NULL, NULL, NULL, "", "");
    arguments("a", NULL, NULL, NULL, "", "a"); /* one line, and a kernel: the kernel's */
    arguments("a", "x", NULL, NULL, "x", "a");
    arguments("a", NULL, "d", NULL, "a", "d");
    arguments("a", NULL, NULL, "k", "a", "k");
    arguments("a", NULL, NULL, "", "", "a");
    arguments("a", "x", "d", "k", "x", "d");
    arguments("a", "x", NULL, "k", "x", "k");
    arguments(NULL, NULL, "d", NULL, "", "d");
}

static void test_modules_without_a_kind_come_in_order(void **state)
{
    board();
    chosen_begin();
    node("modules");
    cells("#address-cells", 1);
    cells("#size-cells", 1);
    node("module@0");
    text("compatible", "multiboot,module");
    cells("reg", 0x50000000, 0x1000);
    end();
    node("module@1");
    text("compatible", "xen,multiboot-module");
    cells("reg", 0x51000000, 0x2000);
    end();
    node("module@2");
    text("compatible", "multiboot,module");
    cells("reg", 0x52000000, 0x2000);
    end();
    end();
    module("policy", "xen,xsm-policy", 0x53000000, 0x10);
    end();
    module("dtb", "multiboot,device-tree", 0x54000000, 0x20);
    end();
    end();
    assert_int_equal(finish(), OK);
    expect_range(&firmware.module[MODULE_KERNEL], 0x50000000, 0x1000);
    expect_range(&firmware.module[MODULE_RAMDISK], 0x51000000, 0x2000);
    expect_range(&firmware.module[MODULE_XSM], 0x53000000, 0x10);
    expect_range(&firmware.module[MODULE_DEVICETREE], 0x54000000, 0x20);
}

static void psci(const char *compatible, const char *method)
{
    board();
    node("firmware");
    node("psci");
    text("compatible", compatible);
    text("method", method);
    cells("cpu_on", 0x84000077);
    end();
    end();
    assert_int_equal(finish(), OK);
}

static void test_psci(void **state)
{
    board();
    assert_int_equal(finish(), OK);
    assert_int_equal(firmware.psci_version, 0);
    psci("arm,psci-0.2", "hvc");
    assert_int_equal(firmware.psci_version, 2);
    assert_int_equal(firmware.psci_cpu_on_id, 0);
    assert_false(firmware.psci_smc);
    psci("arm,psci", "smc");
    assert_int_equal(firmware.psci_version, 1);
    assert_int_equal(firmware.psci_cpu_on_id, 0x84000077);
    assert_true(firmware.psci_smc);
}

/* --- what is refused --- */

static void test_no_tree(void **state)
{
    memset(tree, 0, sizeof(tree));
    assert_int_equal(firmware_read(tree, TREE_AT, &why), E_INVAL);
    assert_string_equal(why, "no device tree at 0x48000000");
}

static void test_missing_things(void **state)
{
    begin();
    cpus();
    refused("device tree at 0x48000000: no memory node");
    begin();
    memory(0x40000000, 0x1000000);
    refused("device tree at 0x48000000: no CPU under /cpus");
}

static void bad_module(const char *compatible, u32 start, u32 size, const char *sentence)
{
    board();
    chosen_begin();
    module("k", "multiboot,kernel", 0x50000000, 0x100000);
    end();
    module("m", compatible, start, size);
    end();
    end();
    refused(sentence);
}

static void test_bad_modules(void **state)
{
    bad_module("multiboot,ramdisk", 0x500fffff, 0x1000,
               "module ramdisk at 0x500fffff, 0x1000 bytes: overlaps the kernel at 0x50000000");
    bad_module("multiboot,kernel", 0x60000000, 0x1000,
               "module /chosen/m at 0x60000000: a second kernel, the first is at 0x50000000");
    bad_module("multiboot,ramdisk", 0x10000000, 0x1000,
               "module ramdisk at 0x10000000, 0x1000 bytes: not in RAM");
    bad_module("multiboot,ramdisk", 0x7ffff000, 0x2000,
               "module ramdisk at 0x7ffff000, 0x2000 bytes: not in RAM");
    bad_module(
        "multiboot,ramdisk", 0x47fff000, 0x2000,
        "module ramdisk at 0x47fff000, 0x2000 bytes: overlaps the device tree at 0x48000000");
    bad_module("multiboot,ramdisk", 0x50000000, 0,
               "module /chosen/m: its reg property names no memory");
    board();
    chosen_begin();
    node("m");
    text("compatible", "multiboot,kernel");
    end();
    end();
    refused("module /chosen/m: its reg property names no memory");
}

static void test_cells_beyond_reason(void **state)
{
    board();
    node("bus");
    cells("#address-cells", 7);
    end();
    refused("node bus: #address-cells or #size-cells above 4");
}

static void test_too_many_banks(void **state)
{
    begin();
    for (u64 i = 0; i < FW_MAX_BANKS + 1; i++) {
        memory(0x40000000 + i * 0x200000, 0x100000);
    }
    cpus();
    refused("memory at 0x44000000: more than 32 banks, or it wraps");
}

/* --- addresses and interrupts of devices --- */

static int device_node(const char *path)
{
    int at = fdt_path_offset(tree, path);
    assert_true(at >= 0);
    return at;
}

static void test_addresses_through_buses(void **state)
{
    board();
    node("gic");
    text("compatible", "arm,gic-v3");
    cells("phandle", 1);
    cells("#interrupt-cells", 3);
    end();
    node("flat@1000");
    cells("reg", 0, 0x1000, 0, 0x10, 1, 0x2000, 0, 0x20);
    cells("interrupts", 0, 5, 4, 1, 10, 8, 0, 988, 1, 3, 1, 1);
    end();
    node("soc");
    cells("#address-cells", 1);
    cells("#size-cells", 1);
    cells("ranges", 0x1000, 0, 0x9000000, 0x1000, 0x8000, 1, 0, 0x8000);
    node("uart@8100");
    text("compatible", "arm,pl011");
    cells("reg", 0x8100, 0x100, 0x1f00, 0x100, 0x5000, 0x100);
    cells("interrupts-extended", 1, 0, 9, 1, 7, 1, 0, 3, 4);
    end();
    node("same");
    cells("#address-cells", 1);
    cells("#size-cells", 1);
    bytes("ranges", NULL, 0);
    node("deep@1000");
    cells("reg", 0x1000, 0x10);
    end();
    end();
    node("closed");
    cells("#address-cells", 1);
    cells("#size-cells", 0);
    node("i2c@5");
    cells("reg", 5);
    end();
    end();
    end();
    assert_int_equal(finish(), OK);

    struct range r;
    u32 irq, trigger;
    int flat = device_node("/flat@1000"), uart = device_node("/soc/uart@8100");
    assert_int_equal(fdt_reg(flat, 0, &r), OK);
    expect_range(&r, 0x1000, 0x10);
    assert_int_equal(fdt_reg(flat, 1, &r), OK);
    expect_range(&r, 0x100002000, 0x20);
    assert_int_equal(fdt_reg(flat, 2, &r), E_NOENT);
    assert_int_equal(fdt_reg(uart, 0, &r), OK);
    expect_range(&r, 0x100000100, 0x100);
    assert_int_equal(fdt_reg(uart, 1, &r), OK);
    expect_range(&r, 0x9000f00, 0x100);
    assert_int_equal(fdt_reg(uart, 2, &r), E_NOENT); /* in no window */
    assert_int_equal(fdt_reg(device_node("/soc/same/deep@1000"), 0, &r), OK);
    expect_range(&r, 0x9000000, 0x10);
    assert_int_equal(fdt_reg(device_node("/soc/closed/i2c@5"), 0, &r), E_NOENT);

    assert_int_equal(fdt_irq(flat, 0, &irq, &trigger), OK);
    assert_int_equal(irq, 37);
    assert_int_equal(trigger, 4);
    assert_int_equal(fdt_irq(flat, 1, &irq, &trigger), OK);
    assert_int_equal(irq, 26);
    assert_int_equal(trigger, 8);
    assert_int_not_equal(fdt_irq(flat, 2, &irq, &trigger), OK);
    assert_int_not_equal(fdt_irq(flat, 3, &irq, &trigger), OK);
    assert_int_equal(fdt_irq(flat, 4, &irq, &trigger), E_NOENT);
    assert_int_equal(fdt_irq(uart, 0, &irq, &trigger), OK);
    assert_int_equal(irq, 41);
    assert_int_equal(fdt_irq(uart, 2, &irq, &trigger), E_NOENT);

    static const char *const names[] = {"nobody", "arm,pl011"};
    assert_int_equal(fdt_find_compatible(names, 2), uart);
    assert_int_equal(fdt_find_compatible(names, 1), -1);
}

/* --- options --- */

static void options(const char *line)
{
    firmware = (struct firmware){0};
    string_copy(firmware.xen_bootargs, line, sizeof(firmware.xen_bootargs));
}

static void test_options(void **state)
{
    char out[16];
    options("  dom0_mem=512M noreboot sched= loglvl=a loglvl=b  ");
    assert_true(option_find("dom0_mem", out, sizeof(out)));
    assert_string_equal(out, "512M");
    assert_true(option_find("noreboot", out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(option_find("sched", out, sizeof(out)));
    assert_string_equal(out, "");
    assert_true(option_find("loglvl", out, sizeof(out)));
    assert_string_equal(out, "b");
    assert_true(option_find("dom0_mem", out, 3)); /* cut */
    assert_string_equal(out, "51");
    assert_false(option_find("dom0", out, sizeof(out)));
    assert_false(option_find("mem", out, sizeof(out)));
    assert_false(option_find("dom0_memory", out, sizeof(out)));
}

static void test_switches_and_numbers(void **state)
{
    options("noreboot a=0 b=off c=yes no-d e=5 f=0x10 g=x h=");
    assert_true(option_is_on("noreboot", false));
    assert_false(option_is_on("a", true));
    assert_false(option_is_on("b", true));
    assert_true(option_is_on("c", false));
    assert_false(option_is_on("d", true));
    assert_true(option_is_on("absent", true));
    assert_false(option_is_on("absent", false));
    assert_int_equal(option_number("e", 7), 5);
    assert_int_equal(option_number("f", 7), 16);
    assert_int_equal(option_number("g", 7), 7);
    assert_int_equal(option_number("h", 7), 7);
    assert_int_equal(option_number("absent", 7), 7);
}

static void test_unknown_options_are_named(void **state)
{
    static char said[4096];
    u64 pos = log_ring_end();
    options("dom0_mem=1G no-watchdog foo=bar frob noreboot");
    option_warn_unknown();
    said[log_ring_read(&pos, said, sizeof(said) - 1)] = '\0';
    assert_true(fake_contains(said, "foo=bar"));
    assert_true(fake_contains(said, "frob"));
    assert_false(fake_contains(said, "dom0_mem"));
    assert_false(fake_contains(said, "watchdog"));
    assert_false(fake_contains(said, "noreboot"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_usual_board),
        cmocka_unit_test(test_banks_are_sorted_and_merged),
        cmocka_unit_test(test_reserved_memory),
        cmocka_unit_test(test_whose_arguments_are_whose),
        cmocka_unit_test(test_modules_without_a_kind_come_in_order),
        cmocka_unit_test(test_psci),
        cmocka_unit_test(test_no_tree),
        cmocka_unit_test(test_missing_things),
        cmocka_unit_test(test_bad_modules),
        cmocka_unit_test(test_cells_beyond_reason),
        cmocka_unit_test(test_too_many_banks),
        cmocka_unit_test(test_addresses_through_buses),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_switches_and_numbers),
        cmocka_unit_test(test_unknown_options_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
