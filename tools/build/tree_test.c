// SPDX-License-Identifier: MIT
/* Trees are read back by libfdt against the guest ABI, and by dtc, whose warnings are failures. */
#include "build/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "build/partial.h"
#include "lib/failing.h"

#define MIB (1024ULL * 1024)

static struct layout layout;
static struct tree_facts facts;
static const uint8_t seed[TREE_SEED_BYTES] = {1, 2, 3, [TREE_SEED_BYTES - 1] = 4};
static void *tree;

static int setup(void **state)
{
    layout = (struct layout){.bank = {{0x40000000, 256 * MIB}, {0x200000000, 0}},
                             .ramdisk = {0x48000000, 0x123456}};
    facts = (struct tree_facts){.nr_cpus = 2,
                                .bits = 64,
                                .is_gicv3 = true,
                                .xen_major = 4,
                                .xen_minor = 17,
                                .command_line = "console=hvc0 quiet",
                                .seed = seed,
                                .layout = &layout};
    return 0;
}

static int teardown(void **state)
{
    free(tree);
    tree = NULL;
    return 0;
}

/* dtc's one complaint is the ABI's: kernels look for a node named "hypervisor", without address. */
static void dtc_is_content(size_t bytes)
{
    static const char known[] = "/hypervisor: node has a reg or ranges property, but no unit name";
    char path[] = "/tmp/treeXXXXXX", command[128], line[256] = "";
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, tree, bytes), bytes);
    close(fd);
    snprintf(command, sizeof(command), "dtc -I dtb -O dts -o /dev/null %s 2>&1", path);
    FILE *dtc = popen(command, "r");
    assert_non_null(dtc);
    assert_non_null(fgets(line, sizeof(line), dtc));
    const bool says_more = strstr(line, known) == NULL || fgets(line, sizeof(line), dtc) != NULL;
    if (says_more) {
        print_message("%s", line);
    }
    assert_int_equal(pclose(dtc), 0);
    unlink(path);
    assert_false(says_more);
}

static void make(void)
{
    size_t bytes = 0;
    teardown(NULL);
    assert_int_equal(tree_create(&facts, &tree, &bytes), 0);
    assert_int_equal(fdt_totalsize(tree), bytes);
    assert_int_equal(fdt_check_full(tree, bytes), 0);
    dtc_is_content(bytes);
}

static int node(const char *path)
{
    const int at = fdt_path_offset(tree, path);
    if (at < 0) {
        print_message("no node %s\n", path);
    }
    assert_true(at >= 0);
    return at;
}

static void has_string(const char *path, const char *name, const char *value)
{
    assert_true(fdt_stringlist_search(tree, node(path), name, value) >= 0);
}

/* The property is exactly these cells. */
static void has_cells(const char *path, const char *name, unsigned nr, ...)
{
    int bytes = 0;
    const fdt32_t *cell = fdt_getprop(tree, node(path), name, &bytes);
    assert_int_equal(bytes, 4 * nr);
    va_list expected;
    va_start(expected, nr);
    for (unsigned i = 0; i < nr; i++) {
        assert_int_equal(fdt32_to_cpu(cell[i]), va_arg(expected, unsigned));
    }
    va_end(expected);
}

static void lacks(const char *path, const char *name)
{
    int bytes = 0;
    assert_null(fdt_getprop(tree, node(path), name, &bytes));
    assert_int_equal(bytes, -FDT_ERR_NOTFOUND);
}

static void the_guest_abi(void **state)
{
    facts.free_region[0] = (struct range){0x50000000, 0xb0000000};
    facts.free_region[1] = (struct range){0x200000000, 0xfe00000000};
    facts.nr_free_regions = 2;
    make();
    has_string("/", "compatible", "xen,xenvm-4.17");
    has_string("/", "compatible", "xen,xenvm");
    has_string("/", "model", "XENVM-4.17");
    has_cells("/", "interrupt-parent", 1, 65000);
    has_string("/chosen", "bootargs", "console=hvc0 quiet");
    has_cells("/chosen", "linux,initrd-start", 2, 0, 0x48000000);
    has_cells("/chosen", "linux,initrd-end", 2, 0, 0x48123456);
    int bytes = 0;
    const void *given = fdt_getprop(tree, node("/chosen"), "rng-seed", &bytes);
    assert_int_equal(bytes, sizeof(seed));
    assert_memory_equal(given, seed, sizeof(seed));
    has_string("/psci", "compatible", "arm,psci-1.0");
    has_string("/psci", "compatible", "arm,psci-0.2");
    has_string("/psci", "method", "hvc");
    has_cells("/memory@40000000", "reg", 4, 0, 0x40000000, 0, 0x10000000);
    has_string("/memory@40000000", "device_type", "memory");
    assert_int_equal(fdt_path_offset(tree, "/memory@200000000"), -FDT_ERR_NOTFOUND);
    has_string("/timer", "compatible", "arm,armv8-timer");
    has_cells("/timer", "interrupts", 9, 1, 13, 8, 1, 14, 8, 1, 11, 8);
    lacks("/timer", "clock-frequency");
    has_string("/hypervisor", "compatible", "xen,xen-4.17");
    has_string("/hypervisor", "compatible", "xen,xen");
    has_cells("/hypervisor", "interrupts", 3, 1, 15, 8);
    has_cells("/hypervisor", "reg", 12, 0, 0x38000000, 0, 0x01000000, 0, 0x50000000, 0, 0xb0000000,
              2, 0, 0xfe, 0);
    assert_int_equal(fdt_path_offset(tree, "/sbsa-pl011@22000000"), -FDT_ERR_NOTFOUND);
}

static void gicv3(void **state)
{
    make();
    const char *gic = "/interrupt-controller@3001000";
    has_string(gic, "compatible", "arm,gic-v3");
    has_cells(gic, "reg", 8, 0, 0x3001000, 0, 0x10000, 0, 0x3020000, 0, 0x1000000);
    has_cells(gic, "#interrupt-cells", 1, 3);
    has_cells(gic, "phandle", 1, 65000);
    has_cells(gic, "interrupt-controller", 0);
}

static void gicv2(void **state)
{
    facts.is_gicv3 = false;
    facts.nr_cpus = 3;
    facts.clock_hz = 62500000;
    make();
    const char *gic = "/interrupt-controller@3001000";
    has_string(gic, "compatible", "arm,cortex-a15-gic");
    has_cells(gic, "reg", 8, 0, 0x3001000, 0, 0x1000, 0, 0x3002000, 0, 0x2000);
    has_cells("/timer", "interrupts", 9, 1, 13, 0x708, 1, 14, 0x708, 1, 11, 0x708);
    has_cells("/timer", "clock-frequency", 1, 62500000);
    has_cells("/hypervisor", "interrupts", 3, 1, 15, 0x708);
}

static void cpus(void **state)
{
    facts.nr_cpus = 128;
    make();
    has_cells("/cpus", "#address-cells", 1, 1);
    for (unsigned i = 0; i < 128; i++) {
        char path[32];
        snprintf(path, sizeof(path), "/cpus/cpu@%x", (i / 16) << 8 | i % 16);
        has_cells(path, "reg", 1, (i / 16) << 8 | i % 16);
        has_string(path, "enable-method", "psci");
        has_string(path, "compatible", "arm,armv8");
    }
    assert_int_equal(fdt_path_offset(tree, "/cpus/cpu@800"), -FDT_ERR_NOTFOUND);
}

static void other_guests(void **state)
{
    facts.bits = 32;
    facts.has_vuart = true;
    facts.command_line = NULL;
    layout.ramdisk.bytes = 0;
    layout.bank[1].bytes = 0x40000000;
    make();
    has_string("/cpus/cpu@1", "compatible", "arm,cortex-a15");
    has_string("/timer", "compatible", "arm,armv7-timer");
    lacks("/chosen", "bootargs");
    lacks("/chosen", "linux,initrd-start");
    has_cells("/memory@200000000", "reg", 4, 2, 0, 0, 0x40000000);
    has_string("/sbsa-pl011@22000000", "compatible", "arm,sbsa-uart");
    has_cells("/sbsa-pl011@22000000", "interrupts", 3, 0, 0, 4);
    has_cells("/sbsa-pl011@22000000", "reg", 4, 0, 0x22000000, 0, 0x1000);
}

static void the_ramdisk_moves(void **state)
{
    make();
    const uint32_t bytes = fdt_totalsize(tree);
    const struct range place = {0x248000000, 0x1000};
    tree_place_ramdisk(tree, &place);
    assert_int_equal(fdt_totalsize(tree), bytes);
    has_cells("/chosen", "linux,initrd-start", 2, 2, 0x48000000);
    has_cells("/chosen", "linux,initrd-end", 2, 2, 0x48001000);
}

static void sizes(void **state)
{
    size_t bytes = 0;
    char *words = malloc(3 * MIB);
    assert_non_null(words);
    memset(words, 'x', 3 * MIB);
    words[100000] = '\0';
    facts.command_line = words;
    make();
    assert_true(fdt_totalsize(tree) > 100000);
    teardown(NULL);
    words[100000] = 'x';
    words[3 * MIB - 1] = '\0';
    assert_int_equal(tree_create(&facts, &tree, &bytes), -E2BIG);
    words[2 * MIB + 10] = '\0';
    assert_int_equal(tree_create(&facts, &tree, &bytes), -E2BIG);
    assert_null(tree);
    free(words);
    facts.command_line = NULL;
    failing_arm(1);
    assert_int_equal(tree_create(&facts, &tree, &bytes), -ENOMEM);
    assert_true(failing_disarm());
}

static void a_partial_tree(void **state)
{
    static uint64_t partial[512];
    fdt_create(partial, sizeof(partial));
    fdt_finish_reservemap(partial);
    fdt_begin_node(partial, "");
    fdt_begin_node(partial, "secret");
    fdt_property_string(partial, "not", "taken");
    fdt_end_node(partial);
    fdt_begin_node(partial, "passthrough");
    fdt_property_string(partial, "compatible", "simple-bus");
    fdt_property(partial, "ranges", NULL, 0);
    fdt_property_u32(partial, "#address-cells", 2);
    fdt_property_u32(partial, "#size-cells", 2);
    fdt_begin_node(partial, "serial@c0000000");
    fdt_property_u64(partial, "reg", 0xc0000000);
    fdt_begin_node(partial, "inner");
    fdt_end_node(partial);
    fdt_end_node(partial);
    fdt_begin_node(partial, "second");
    fdt_end_node(partial);
    fdt_end_node(partial);
    fdt_begin_node(partial, "aliases");
    fdt_property_string(partial, "net", "/passthrough/second");
    fdt_end_node(partial);
    fdt_end_node(partial);
    assert_int_equal(fdt_finish(partial), 0);
    assert_null(partial_check(partial, sizeof(partial)));
    facts.partial = partial;
    size_t bytes = 0;
    assert_int_equal(tree_create(&facts, &tree, &bytes), 0);
    assert_int_equal(fdt_check_full(tree, bytes), 0);
    has_string("/passthrough", "compatible", "simple-bus");
    has_cells("/passthrough/serial@c0000000", "reg", 2, 0, 0xc0000000);
    node("/passthrough/serial@c0000000/inner");
    node("/passthrough/second");
    has_string("/aliases", "net", "/passthrough/second");
    assert_int_equal(fdt_path_offset(tree, "/secret"), -FDT_ERR_NOTFOUND);
    node("/hypervisor");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_guest_abi, setup, teardown),
        cmocka_unit_test_setup_teardown(gicv3, setup, teardown),
        cmocka_unit_test_setup_teardown(gicv2, setup, teardown),
        cmocka_unit_test_setup_teardown(cpus, setup, teardown),
        cmocka_unit_test_setup_teardown(other_guests, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ramdisk_moves, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_partial_tree, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
