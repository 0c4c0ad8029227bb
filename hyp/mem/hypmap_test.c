/* SPDX-License-Identifier: MIT */
#include "test/host/fake.h"

#include "base/bits.h"
#include "mem/hypmap.h"

#define PAGE_RO        BIT(7)
#define PAGE_XN        BIT(54)
#define ATTR(entry)    FIELD(entry, 4, 2)
#define ADDRESS(entry) ((entry)&BITS(47, 12))
#define MIB            (1ULL << 20)
#define GIB            (1ULL << 30)

static struct frame *root;

void frame_up_release(struct frame *f)
{
    fail();
}

static int start(void **state)
{
    fake_fail_never();
    assert_int_equal(frame_alloc_zeroed(0, &root), OK);
    hypmap_init(frame_to_maddr(root), (maddr_t){0}, 0);
    return 0;
}

/* The entry that maps va, and the size of its block; 0: nothing does. */
static u64 find(u64 va, u64 *block_bytes)
{
    const u64 *table = frame_map(root);
    for (u32 level = 0; level < 4; level++) {
        const u64 entry = table[va >> (39 - 9 * level) & 511];
        if (!(entry & BIT(0))) {
            break;
        }
        if (level == 3 || !(entry & BIT(1))) {
            *block_bytes = 1ULL << (39 - 9 * level);
            return entry;
        }
        table = fake_ram((maddr_t){ADDRESS(entry)});
    }
    *block_bytes = 0;
    return 0;
}

static void expect(u64 va, u64 at, u64 block)
{
    u64 bytes, entry = find(va, &bytes);
    assert_int_equal(bytes, block);
    if (block) {
        assert_int_equal(ADDRESS(entry), at);
    } else {
        assert_int_equal(entry, 0);
    }
}

static void test_blocks_are_as_large_as_they_can_be(void **state)
{
    u64 va = HYPMAP_LINEAR + 0x40000000;
    /* 4 KiB before a 2 MiB boundary, then up to 1 GiB, and a piece behind */
    u64 first = 0x80000000 - 2 * MIB - 4096;
    assert_int_equal(hypmap_map(HYPMAP_LINEAR + first, (maddr_t){first},
                                4096 + 2 * MIB + 2 * GIB + 4 * MIB + 8192, HYPMAP_DATA),
                     OK);
    expect(va, 0, 0);
    expect(HYPMAP_LINEAR + first - 4096, 0, 0);
    expect(HYPMAP_LINEAR + first, first, 4096);
    expect(HYPMAP_LINEAR + first + 4096, first + 4096, 2 * MIB);
    expect(HYPMAP_LINEAR + 0x80000000, 0x80000000, GIB);
    expect(HYPMAP_LINEAR + 0xc0000000, 0xc0000000, GIB);
    expect(HYPMAP_LINEAR + 0x100000000, 0x100000000, 2 * MIB);
    expect(HYPMAP_LINEAR + 0x100200000, 0x100200000, 2 * MIB);
    expect(HYPMAP_LINEAR + 0x100400000, 0x100400000, 4096);
    expect(HYPMAP_LINEAR + 0x100401000, 0x100401000, 4096);
    expect(HYPMAP_LINEAR + 0x100402000, 0, 0);
}

static void test_addresses_that_do_not_agree_take_pages(void **state)
{
    assert_int_equal(hypmap_map(HYPMAP_FRAMES, (maddr_t){0x40001000}, 4 * MIB, HYPMAP_DATA), OK);
    expect(HYPMAP_FRAMES, 0x40001000, 4096);
    expect(HYPMAP_FRAMES + 4 * MIB - 4096, 0x40000000 + 4 * MIB, 4096);
    expect(HYPMAP_FRAMES + 4 * MIB, 0, 0);
}

static void test_attributes(void **state)
{
    static const struct {
        enum hypmap_kind kind;
        bool read_only, no_execute;
        u32 attr;
    } rows[] = {
        {HYPMAP_TEXT, true, false, 1},
        {HYPMAP_RODATA, true, true, 1},
        {HYPMAP_DATA, false, true, 1},
        {HYPMAP_DEVICE, false, true, 0},
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        u64 va = HYPMAP_DYNAMIC + i * 4096, bytes;
        assert_int_equal(hypmap_map(va, (maddr_t){0x9000000}, 4096, rows[i].kind), OK);
        u64 entry = find(va, &bytes);
        assert_int_equal(!!(entry & PAGE_RO), rows[i].read_only);
        assert_int_equal(!!(entry & PAGE_XN), rows[i].no_execute);
        assert_int_equal(ATTR(entry), rows[i].attr);
        assert_int_equal(entry & 3, 3); /* a page */
        assert_true(entry & BIT(10));   /* accessed */
        assert_true(entry & BIT(6));    /* AP[1] */
        /* Never writable and executable at once. */
        assert_true((entry & PAGE_RO) || (entry & PAGE_XN));
    }
}

static void test_what_is_mapped_stays(void **state)
{
    assert_int_equal(hypmap_map(HYPMAP_LINEAR, (maddr_t){0}, 2 * MIB, HYPMAP_DATA), OK);
    assert_int_equal(hypmap_map(HYPMAP_LINEAR, (maddr_t){0}, 2 * MIB, HYPMAP_DATA), E_EXIST);
    assert_int_equal(hypmap_map(HYPMAP_LINEAR + 4096, (maddr_t){0x5000}, 4096, HYPMAP_DATA),
                     E_EXIST);
    expect(HYPMAP_LINEAR, 0, 2 * MIB);
}

static void test_devices(void **state)
{
    u8 *a = hypmap_device((maddr_t){0x9000123}, 0x10);
    assert_int_equal((u64)a & PAGE_MASK, 0x123);
    expect((u64)a - 0x123, 0x9000000, 4096);
    expect((u64)a - 0x123 + 4096, 0, 0);               /* an unmapped page behind */
    u8 *b = hypmap_device((maddr_t){0x8000ff0}, 0x20); /* crosses into a second page */
    assert_true(b > a);
    expect((u64)b - 0xff0, 0x8000000, 4096);
    expect((u64)b - 0xff0 + 4096, 0x8001000, 4096);
    expect((u64)b - 0xff0 + 8192, 0, 0);
}

static void test_stacks_have_guard_pages(void **state)
{
    u64 free_pages = frame_nr_free();
    u64 bytes;
    u8 *first = hypmap_stack(16384), *second = hypmap_stack(16384);
    for (u32 i = 0; i < 2; i++) {
        u64 va = (u64)(i ? second : first);
        for (u32 page = 0; page < 4; page++) {
            u64 entry = find(va + page * 4096, &bytes);
            assert_int_equal(bytes, 4096);
            assert_true(entry & PAGE_XN);
            assert_false(entry & PAGE_RO);
        }
    }
    expect((u64)second - 4096, 0, 0);
    expect((u64)first - 4096, 0, 0);
    assert_true(free_pages - frame_nr_free() >= 8);
    expect_panic(hypmap_stack(12288), "check failed");
}

static void test_the_pool_is_used_before_the_allocator(void **state)
{
    struct frame *pool;
    assert_int_equal(frame_alloc(1, &pool), OK);
    memset(frame_map(pool), 0xff, 8192); /* its contents are of no account */
    hypmap_give_pool(frame_to_maddr(pool), 8192);
    u64 before = frame_nr_free();
    assert_int_equal(hypmap_map(HYPMAP_LINEAR, (maddr_t){0}, 4096, HYPMAP_DATA),
                     OK); /* levels 1, 2 and 3 */
    assert_int_equal(before - frame_nr_free(), 1);
    expect(HYPMAP_LINEAR, 0, 4096);
    expect(HYPMAP_LINEAR + 4096, 0, 0);
}

static void test_without_memory(void **state)
{
    for (u32 i = 0; i < 3; i++) {
        fake_fail_after(i);
        assert_int_equal(hypmap_map(HYPMAP_LINEAR + i * GIB * 512, (maddr_t){0}, 4096, HYPMAP_DATA),
                         E_NOMEM);
    }
    fake_fail_after(0);
    assert_null(hypmap_device((maddr_t){0x9000000}, 4096));
    assert_null(hypmap_stack(16384));
    fake_fail_never();
    assert_non_null(hypmap_device((maddr_t){0x9000000}, 4096));
}

static void test_addresses_are_never_given_twice(void **state)
{
    u64 a = hypmap_take_addresses(1), b = hypmap_take_addresses(4097),
        c = hypmap_take_addresses(4096);
    assert_int_equal(a & PAGE_MASK, 0);
    assert_int_equal(a, HYPMAP_DYNAMIC + 4096);
    assert_int_equal(b - a, 2 * 4096);
    assert_int_equal(c - b, 3 * 4096);
}

static int all(void **state)
{
    fake_machine_init(64, 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_blocks_are_as_large_as_they_can_be, start),
        cmocka_unit_test_setup(test_addresses_that_do_not_agree_take_pages, start),
        cmocka_unit_test_setup(test_attributes, start),
        cmocka_unit_test_setup(test_what_is_mapped_stays, start),
        cmocka_unit_test_setup(test_devices, start),
        cmocka_unit_test_setup(test_stacks_have_guard_pages, start),
        cmocka_unit_test_setup(test_the_pool_is_used_before_the_allocator, start),
        cmocka_unit_test_setup(test_without_memory, start),
        cmocka_unit_test_setup(test_addresses_are_never_given_twice, start),
    };
    return cmocka_run_group_tests(tests, all, NULL);
}
