/* SPDX-License-Identifier: MIT */
/* The reader against libfdt on one tree, and the check against every single byte of it changed. */
#include "test/host/fake.h"

#include <libfdt.h>

#include "fw/tree.h"

static char tree[4096], good[4096];

static void property(const char *name, const void *value, int bytes)
{
    assert_int_equal(fdt_property(tree, name, value, bytes), 0);
}

static int write_tree(void **state)
{
    fdt_create(tree, sizeof(tree));
    fdt_finish_reservemap(tree);
    fdt_begin_node(tree, "");
    fdt_property_u32(tree, "#address-cells", 2);
    fdt_property_string(tree, "model", "m");
    fdt_begin_node(tree, "aliases");
    fdt_property_string(tree, "serial0", "/soc/uart@9000");
    fdt_property_string(tree, "bus", "/soc");
    fdt_property_string(tree, "loop", "nowhere");
    fdt_end_node(tree);
    fdt_begin_node(tree, "soc");
    property("empty", NULL, 0);
    property("odd", "abcde", 5);
    fdt_begin_node(tree, "uart@8000");
    property("compatible", "acme,uart\0arm,pl011", 20);
    fdt_property_string(tree, "status", "disabled");
    fdt_end_node(tree);
    fdt_begin_node(tree, "uart@9000");
    property("compatible", "arm,pl011\0arm,primecell", 24);
    fdt_property_u32(tree, "phandle", 7);
    fdt_property_string(tree, "status", "okay");
    fdt_property_u64(tree, "wide", 0x123456789abcdef0ULL);
    property("unterminated", "arm", 3);
    fdt_end_node(tree);
    fdt_begin_node(tree, "bus");
    fdt_begin_node(tree, "uart@9000");
    property("compatible", "arm", 3); /* no NUL */
    fdt_property_u32(tree, "linux,phandle", 9);
    fdt_end_node(tree);
    fdt_end_node(tree);
    fdt_end_node(tree);
    fdt_begin_node(tree, "uart");
    fdt_end_node(tree);
    fdt_end_node(tree);
    assert_int_equal(fdt_finish(tree), 0);
    memcpy(good, tree, sizeof(tree));
    assert_true(tree_check(tree));
    return 0;
}

static void test_walk_and_properties_agree_with_libfdt(void **state)
{
    static const char *const names[] = {"#address-cells", "model",  "empty",   "odd",  "compatible",
                                        "phandle",        "status", "serial0", "wide", "nothing"};
    int ours = -1, our_depth = -1, theirs = -1, their_depth = -1;
    u32 nr = 0;
    do {
        ours = tree_next(tree, ours, &our_depth);
        theirs = fdt_next_node(tree, theirs, &their_depth);
        assert_int_equal(ours, their_depth < 0 ? -1 : theirs);
        if (ours < 0) {
            break;
        }
        nr++;
        assert_int_equal(our_depth, their_depth);
        assert_string_equal(tree_name(tree, ours), fdt_get_name(tree, theirs, NULL));
        for (u32 i = 0; i < ARRAY_LEN(names); i++) {
            int our_bytes, their_bytes;
            const void *a = tree_property(tree, ours, names[i], &our_bytes);
            const void *b = fdt_getprop(tree, theirs, names[i], &their_bytes);
            assert_ptr_equal(a, b);
            assert_true(a ? our_bytes == their_bytes : our_bytes < 0);
            assert_ptr_equal(tree_property(tree, ours, names[i], NULL), b);
        }
    } while (true);
    assert_int_equal(nr, 8);
}

static int path(const char *p)
{
    return fdt_path_offset(good, p);
}

static void test_values(void **state)
{
    int uart = path("/soc/uart@9000"), soc = path("/soc"), bytes;
    assert_int_equal(tree_u32(tree, uart, "phandle", 1), 7);
    assert_int_equal(tree_u32(tree, uart, "wide", 1), 1);
    assert_int_equal(tree_u32(tree, uart, "nothing", 5), 5);
    assert_int_equal(tree_u32(tree, -1, "phandle", 5), 5);
    assert_string_equal(tree_string(tree, uart, "status"), "okay");
    assert_null(tree_string(tree, uart, "unterminated"));
    assert_null(tree_string(tree, uart, "nothing"));
    assert_null(tree_string(tree, soc, "empty"));
    assert_null(tree_property(tree, -1, "status", &bytes));
    assert_true(bytes < 0);
    const u32 *wide = tree_property(tree, uart, "wide", &bytes);
    assert_int_equal(tree_cells(wide, 2), 0x123456789abcdef0ULL);
    assert_int_equal(tree_cells(wide, 1), 0x12345678);
    assert_int_equal(tree_cells(wide, 0), 0);
    assert_true(tree_is_available(tree, uart));
    assert_true(tree_is_available(tree, soc));
    assert_false(tree_is_available(tree, path("/soc/uart@8000")));
    assert_true(tree_is_compatible(tree, uart, "arm,pl011"));
    assert_true(tree_is_compatible(tree, uart, "arm,primecell"));
    assert_false(tree_is_compatible(tree, uart, "arm,prime"));
    assert_false(tree_is_compatible(tree, uart, "pl011"));
    assert_false(tree_is_compatible(tree, soc, "arm,pl011"));
    assert_false(tree_is_compatible(tree, path("/soc/bus/uart@9000"), "arm"));
}

static void test_finding(void **state)
{
    assert_int_equal(tree_find_phandle(tree, 7), path("/soc/uart@9000"));
    assert_int_equal(tree_find_phandle(tree, 7), path("/soc/uart@9000"));
    assert_int_equal(tree_find_phandle(tree, 9), path("/soc/bus/uart@9000"));
    assert_int_equal(tree_find_phandle(tree, 8), -1);
    assert_int_equal(tree_find_phandle(tree, 0), -1);
    int first = tree_find_compatible(tree, -1, "arm,pl011");
    assert_int_equal(first, path("/soc/uart@8000"));
    assert_int_equal(tree_find_compatible(tree, first, "arm,pl011"), path("/soc/uart@9000"));
    assert_int_equal(tree_find_compatible(tree, path("/soc/uart@9000"), "arm,pl011"), -1);
    assert_int_equal(tree_find_compatible(tree, -1, "nobody"), -1);

    int chain[TREE_MAX_DEPTH];
    u32 depth;
    assert_true(tree_chain(tree, path("/soc/bus/uart@9000"), chain, &depth));
    assert_int_equal(depth, 3);
    assert_int_equal(chain[0], 0);
    assert_int_equal(chain[1], path("/soc"));
    assert_int_equal(chain[2], path("/soc/bus"));
    assert_int_equal(chain[3], path("/soc/bus/uart@9000"));
    assert_true(tree_chain(tree, 0, chain, &depth));
    assert_int_equal(depth, 0);
    assert_false(tree_chain(tree, -1, chain, &depth));
    assert_false(tree_chain(tree, 4, chain, &depth)); /* no node's offset */
}

static void test_paths(void **state)
{
    static const struct {
        const char *ask, *is;
    } rows[] = {
        {"/", "/"},
        {"/soc", "/soc"},
        {"/soc/", "/soc"},
        {"//soc//bus", "/soc/bus"},
        {"/soc/uart@9000", "/soc/uart@9000"},
        {"/soc/uart@9000:115200n8", "/soc/uart@9000"},
        {"/soc/uart", "/soc/uart@8000"},
        {"/uart", "/uart"},
        {"/soc/bus/uart@9000", "/soc/bus/uart@9000"},
        {"serial0", "/soc/uart@9000"},
        {"serial0:115200", "/soc/uart@9000"},
        {"bus/uart@8000", "/soc/uart@8000"},
        {"bus/bus", "/soc/bus"},
    };
    for (u32 i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(tree_find_path(tree, rows[i].ask), path(rows[i].is));
    }
    static const char *const none[] = {"",
                                       ":",
                                       "/nothing",
                                       "/soc/nothing",
                                       "/uart@9000",
                                       "/so",
                                       "/soc/uart@",
                                       "serial",
                                       "serial00",
                                       "loop",
                                       "/soc/uart/bus",
                                       "/soc/uart@9000/x",
                                       "an-alias-that-is-longer-than-any-alias-may-be"};
    for (u32 i = 0; i < ARRAY_LEN(none); i++) {
        assert_int_equal(tree_find_path(tree, none[i]), -1);
    }
}

/* Walks all that the check let pass: the sanitizer sees a step outside of the copy, which has no
 * byte to spare. */
static void use(const void *fdt)
{
    int node = -1, depth = -1;
    while ((node = tree_next(fdt, node, &depth)) >= 0) {
        assert_true(strlen(tree_name(fdt, node)) < 4096);
        tree_property(fdt, node, "none", NULL);
        tree_is_compatible(fdt, node, "none");
        tree_is_available(fdt, node);
    }
    tree_find_phandle(fdt, 0x55);
    tree_find_path(fdt, "serial0");
}

static void test_a_damaged_tree_is_refused_or_harmless(void **state)
{
    u32 total = fdt_totalsize(good), refused = 0;
    char *copy = malloc(total);
    static const u8 values[] = {0, 1, 2, 3, 4, 9, 0x7f, 0x80, 0xff};
    for (u32 at = 0; at < total; at++) {
        for (u32 v = 0; v < ARRAY_LEN(values); v++) {
            memcpy(copy, good, total);
            copy[at] = (char)values[v];
            /* Who maps the tree trusts its size, so that one stays. */
            if (fdt_totalsize(copy) > total) {
                continue;
            }
            if (tree_check(copy)) {
                use(copy);
            } else {
                refused++;
            }
        }
    }
    free(copy);
    assert_true(refused > 500);
}

static void test_what_the_check_refuses(void **state)
{
    u32 *h = (u32 *)tree;
    assert_true(tree_check(tree));
    h[0] = 0;
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
    h[5] = cpu_to_fdt32(16); /* a version without the size of the structure block */
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
    h[6] = cpu_to_fdt32(18); /* compatible with the future only */
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
    u32 *structure = (u32 *)(tree + fdt_off_dt_struct(tree));
    structure[0] = cpu_to_fdt32(FDT_NOP);
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
    structure[0] = cpu_to_fdt32(FDT_END);
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
    h[9] = cpu_to_fdt32(fdt_size_dt_struct(tree) - 8); /* its end cut off */
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
    tree[fdt_off_dt_strings(tree) + fdt_size_dt_strings(tree) - 1] = 'x';
    assert_false(tree_check(tree));
    memcpy(tree, good, sizeof(tree));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_and_properties_agree_with_libfdt),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_finding),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_a_damaged_tree_is_refused_or_harmless),
        cmocka_unit_test(test_what_the_check_refuses),
    };
    return cmocka_run_group_tests(tests, write_tree, NULL);
}
