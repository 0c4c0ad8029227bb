// SPDX-License-Identifier: MIT
#include "build/fixture.h"

#include <libfdt.h>
#include <sys/random.h>
#include "lib/failing.h"

static void refused(int expected, const char *sentence)
{
    struct build *build = NULL;
    nr_said = 0;
    assert_int_equal(build_open(&build, &config), expected);
    assert_null(build);
    assert_int_equal(nr_said, 1);
    assert_string_equal(said, sentence);
}

static void all_is_planned(void **state)
{
    struct build *build = NULL;
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(nr_said, 0);
    assert_int_equal(build->layout.kernel.start, 0x40080000);
    assert_int_equal(build->ramdisk.bytes, 50000);
    assert_true(build->tree_bytes > 1000 && build->tree_bytes < 4096);
    assert_int_equal(build->layout.tree.bytes, 4096);
    assert_int_equal(build_count_pages(build), 4096 + 3);
    config.vuart = true;
    assert_int_equal(build_count_pages(build), 4096 + 4);
    build_close(build);
    build_close(NULL);
}

static void no_hypercall_is_made(void **state)
{
    struct build *build = NULL;
    xen_host_arm(0, 0);
    assert_int_equal(build_open(&build, &config), 0);
    assert_int_equal(xen_host.nr_calls, 0);
    build_close(build);
}

static void files(void **state)
{
    char sentence[256];
    config.kernel = "/nonexistent/Image";
    refused(-ENOENT, "/nonexistent/Image: No such file or directory");
    config.kernel = NULL;
    refused(-EINVAL, "no kernel: a guest needs kernel=");
    config.kernel = ramdisk_path;
    snprintf(sentence, sizeof(sentence), "%s: no kernel that is known here", ramdisk_path);
    refused(-ENOEXEC, sentence);
    config.kernel = kernel_path;
    config.ramdisk = "/nonexistent/initrd";
    refused(-ENOENT, "/nonexistent/initrd: No such file or directory");
    config.ramdisk = "/tmp";
    refused(-EISDIR, "/tmp: a directory, no ramdisk");
    config.ramdisk = "/dev/null";
    refused(-EINVAL, "/dev/null: not a regular file");
    assert_int_equal(truncate(ramdisk_path, 0), 0);
    config.ramdisk = ramdisk_path;
    snprintf(sentence, sizeof(sentence), "%s: empty, no ramdisk", ramdisk_path);
    refused(-ENOEXEC, sentence);
    config.ramdisk = NULL;
    config.device_tree = kernel_path;
    snprintf(sentence, sizeof(sentence), "%s: not a device tree blob", kernel_path);
    refused(-EINVAL, sentence);
}

static void numbers(void **state)
{
    config.maxvcpus = 129;
    refused(-EINVAL, "129 vCPUs: a guest has 1 to 128");
    config.maxvcpus = 0;
    refused(-EINVAL, "0 vCPUs: a guest has 1 to 128");
    config.maxvcpus = 9;
    config.gic_version = GIC_V2;
    refused(-EINVAL, "9 vCPUs: a guest with a GICv2 has 1 to 8");
    config.maxvcpus = 8;
    config.maxmem_kib = 1024;
    fixture_kernel(100000, 700000);
    refused(-ENOSPC, "kernel (683 KiB), ramdisk (48 KiB) and device tree do not fit into 1 MiB of "
                     "memory");
    config.maxmem_kib = UINT64_C(1) << 40;
    refused(-ENOSPC, "1073741824 MiB of memory are more than the 1043456 MiB a guest can have");
}

/* The kernel's random bytes; -1: there are none. */
static int drawn;

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    if (drawn < 0) {
        errno = ENOSYS;
        return -1;
    }
    memset(bytes, ++drawn, size);
    return (ssize_t)size;
}

static void has_seed(int byte)
{
    struct build *build = NULL;
    uint8_t seed[TREE_SEED_BYTES];
    int bytes = 0;
    assert_int_equal(build_open(&build, &config), 0);
    const void *given =
        fdt_getprop(build->tree, fdt_path_offset(build->tree, "/chosen"), "rng-seed", &bytes);
    assert_int_equal(bytes, sizeof(seed));
    memset(seed, byte, sizeof(seed));
    assert_memory_equal(given, seed, sizeof(seed));
    build_close(build);
}

/* Each guest has its own, each time it starts. */
static void seeds(void **state)
{
    drawn = 0;
    has_seed(1);
    has_seed(2);
    drawn = -1;
    refused(-ENOSYS, "can't draw a seed for the guest's random numbers: Function not implemented");
    drawn = 0;
}

static void every_allocation_may_fail(void **state)
{
    size_t k = 1;
    for (;; k++) {
        struct build *build = NULL;
        nr_said = 0;
        failing_arm(k);
        const int error = build_open(&build, &config);
        if (!failing_disarm()) {
            assert_int_equal(error, 0);
            build_close(build);
            break;
        }
        assert_int_equal(error, -ENOMEM);
        assert_null(build);
        assert_int_equal(nr_said, 1);
    }
    assert_true(k >= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_is_planned, setup, teardown),
        cmocka_unit_test_setup_teardown(no_hypercall_is_made, setup, teardown),
        cmocka_unit_test_setup_teardown(files, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(seeds, setup, teardown),
        cmocka_unit_test_setup_teardown(every_allocation_may_fail, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
