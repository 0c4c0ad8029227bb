// SPDX-License-Identifier: MIT
#include "build/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define KIB 1024ULL
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define RAM 0x40000000ULL

static char why[160];

static struct image kernel(uint64_t text_offset, uint64_t memory_bytes)
{
    return (struct image){
        .kind = IMAGE_ARM64, .bits = 64, .text_offset = text_offset, .memory_bytes = memory_bytes};
}

static struct layout fits(uint64_t memory, const struct image *image, uint64_t ramdisk,
                          uint64_t tree)
{
    struct layout l;
    const char *problem = layout_plan(&l, memory, image, ramdisk, tree, why);
    assert_null(problem);
    /* What holds for any plan */
    const uint64_t end = l.bank[0].start + l.bank[0].bytes;
    assert_int_equal(l.bank[0].bytes + l.bank[1].bytes, (memory + 4095) / 4096 * 4096);
    assert_int_equal(l.kernel.start + l.kernel.bytes, l.ramdisk.start);
    assert_true(l.kernel.bytes >= image->memory_bytes && l.kernel.bytes >= image->bytes);
    assert_true(l.tree.start >= l.ramdisk.start + l.ramdisk.bytes);
    assert_true(l.tree.start + l.tree.bytes <= end);
    assert_true(l.tree.bytes >= tree);
    assert_int_equal(l.tree.start % 4096 + l.ramdisk.start % 4096 + l.kernel.start % 4096, 0);
    return l;
}

static void small_guests_use_the_end(void **state)
{
    const struct image image = kernel(0, 24 * KIB);
    const struct layout l = fits(4 * MIB, &image, 0, 3000);
    assert_int_equal(l.kernel.start, RAM);
    assert_int_equal(l.tree.start, RAM + 4 * MIB - 4096);
    assert_int_equal(l.ramdisk.bytes, 0);
    assert_int_equal(l.bank[1].bytes, 0);
    const struct layout with = fits(8 * MIB, &image, MIB + 1, 5000);
    assert_int_equal(with.ramdisk.start, RAM + 8 * MIB - MIB - 4096 - 8192);
}

static void larger_guests_use_128_mib(void **state)
{
    const struct image image = kernel(0x80000, 35 * MIB);
    const struct layout l = fits(256 * MIB, &image, 2 * MIB, 4000);
    assert_int_equal(l.kernel.start, RAM + 0x80000);
    assert_int_equal(l.ramdisk.start, RAM + 128 * MIB);
    assert_int_equal(l.tree.start, RAM + 130 * MIB);
    const struct image large = kernel(0, 150 * MIB + 1);
    const struct layout above = fits(512 * MIB, &large, 2 * MIB, 4000);
    assert_int_equal(above.ramdisk.start, RAM + 152 * MIB);
}

static void more_than_one_bank(void **state)
{
    const struct image image = kernel(0, 35 * MIB);
    struct layout l = fits(3 * GIB, &image, MIB, 4000);
    assert_int_equal(l.bank[0].bytes, 3 * GIB);
    assert_int_equal(l.bank[1].bytes, 0);
    l = fits(5 * GIB, &image, MIB, 4000);
    assert_int_equal(l.bank[0].bytes, 3 * GIB);
    assert_int_equal(l.bank[1].start, 8 * GIB);
    assert_int_equal(l.bank[1].bytes, 2 * GIB);
    assert_non_null(layout_plan(&l, 1020 * GIB, &image, 0, 4000, why));
    assert_string_equal(why,
                        "1044480 MiB of memory are more than the 1043456 MiB a guest can have");
}

static void kernels_of_32_bits(void **state)
{
    const struct image image = {.kind = IMAGE_ARM32, .bits = 32, .bytes = 8 * MIB};
    assert_int_equal(fits(256 * MIB, &image, MIB, 4000).kernel.start, RAM + 32 * MIB);
    assert_int_equal(fits(64 * MIB, &image, MIB, 4000).kernel.start, RAM + 32 * MIB);
    assert_int_equal(fits(32 * MIB, &image, MIB, 4000).kernel.start, RAM + 0x8000);
}

static void what_does_not_fit(void **state)
{
    struct layout l;
    const struct image image = kernel(0, 35 * MIB);
    assert_non_null(layout_plan(&l, 32 * MIB, &image, 0, 4000, why));
    assert_string_equal(why, "kernel (35840 KiB), ramdisk (0 KiB) and device tree do not fit into "
                             "32 MiB of memory");
    assert_null(layout_plan(&l, 35 * MIB + 4096, &image, 0, 4000, why));
    assert_non_null(layout_plan(&l, 35 * MIB + 4096, &image, 0, 4097, why));
    assert_non_null(layout_plan(&l, 40 * MIB, &image, 5 * MIB, 4000, why));
    assert_non_null(layout_plan(&l, 1 * GIB, &image, UINT64_MAX, 4000, why));
    const struct image hostile = kernel(0x1ff000, UINT64_MAX - 5);
    assert_non_null(layout_plan(&l, 1 * GIB, &hostile, 0, 4000, why));
    const struct image wraps = kernel(0x1ff000, UINT64_MAX - RAM - 0x1ff000 + 4096);
    assert_non_null(layout_plan(&l, 1 * GIB, &wraps, 0, 4000, why));
}

/* Whatever the sizes, nothing overlaps: fits() looks. */
static void any_sizes(void **state)
{
    for (uint64_t memory = MIB; memory < 600 * MIB; memory += 13 * MIB + 4096) {
        for (uint64_t size = 4096; size < memory; size = size * 3 + 4096) {
            for (uint64_t ramdisk = 0; ramdisk < memory; ramdisk = ramdisk * 5 + 77777) {
                const struct image image = kernel(0x1000, size);
                struct layout l;
                if (layout_plan(&l, memory, &image, ramdisk, 9000, why) == NULL) {
                    fits(memory, &image, ramdisk, 9000);
                } else {
                    assert_true(size + ramdisk + 0x1000 + 5 * 4096 > memory);
                }
            }
        }
    }
}

static void free_regions(void **state)
{
    const struct image image = kernel(0, 35 * MIB);
    struct range region[2];
    struct layout l = fits(5 * MIB * 100 + 4096, &image, 0, 4000);
    assert_int_equal(layout_find_free(&l, 40, region), 2);
    assert_int_equal(region[0].start, RAM + 502 * MIB);
    assert_int_equal(region[0].start + region[0].bytes, RAM + 3 * GIB);
    assert_int_equal(region[1].start, 8 * GIB);
    assert_int_equal(region[1].bytes, 1016 * GIB);
    assert_int_equal(layout_find_free(&l, 36, region), 2);
    assert_int_equal(region[1].start + region[1].bytes, 64 * GIB);
    assert_int_equal(layout_find_free(&l, 32, region), 1);
    l = fits(3 * GIB, &image, 0, 4000);
    assert_int_equal(layout_find_free(&l, 40, region), 1);
    assert_int_equal(region[0].start, 8 * GIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_guests_use_the_end),
        cmocka_unit_test(larger_guests_use_128_mib),
        cmocka_unit_test(more_than_one_bank),
        cmocka_unit_test(kernels_of_32_bits),
        cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(any_sizes),
        cmocka_unit_test(free_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
