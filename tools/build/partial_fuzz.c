// SPDX-License-Identifier: MIT
/* Any bytes as a partial device tree, and as the inside of its /passthrough: checked, and if they
 * pass merged into a guest's tree. */
#include <libfdt.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "build/partial.h"
#include "build/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void check_and_merge(void *partial, size_t bytes)
{
    static const struct layout layout = {.bank = {{0x40000000, 1 << 24}}};
    static const uint8_t seed[TREE_SEED_BYTES];
    const struct tree_facts facts = {
        .nr_cpus = 1, .bits = 64, .seed = seed, .layout = &layout, .partial = partial};
    void *tree = NULL;
    size_t tree_bytes = 0;
    if (partial_check(partial, bytes) == NULL && tree_create(&facts, &tree, &tree_bytes) == 0 &&
        (fdt_check_full(tree, tree_bytes) != 0 || fdt_path_offset(tree, "/hypervisor") < 0)) {
        abort();
    }
    free(tree);
    free(partial);
}

static uint8_t *put(uint8_t *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes);
    return to + bytes;
}

/* A right header and right beginnings and ends around the bytes. */
static void wrap(const uint8_t *data, size_t bytes)
{
    static const char begin[] = "\0\0\0\1\0\0\0\0\0\0\0\1passthrough";
    static const char end[] = "\0\0\0\2\0\0\0\2\0\0\0\11";
    static const char strings[] = "reg\0phandle";
    const size_t structure = sizeof(begin) + bytes / 4 * 4 + sizeof(end) - 1;
    const size_t all = 56 + structure + sizeof(strings);
    uint8_t *partial = calloc(1, all);
    if (partial == NULL) {
        abort();
    }
    fdt_set_magic(partial, FDT_MAGIC);
    fdt_set_totalsize(partial, (uint32_t)all);
    fdt_set_off_mem_rsvmap(partial, 40);
    fdt_set_off_dt_struct(partial, 56);
    fdt_set_size_dt_struct(partial, (uint32_t)structure);
    fdt_set_off_dt_strings(partial, (uint32_t)(56 + structure));
    fdt_set_size_dt_strings(partial, sizeof(strings));
    fdt_set_version(partial, 17);
    fdt_set_last_comp_version(partial, 16);
    uint8_t *to = put(partial + 56, begin, sizeof(begin));
    to = put(to, data, bytes / 4 * 4);
    to = put(to, end, sizeof(end) - 1);
    put(to, strings, sizeof(strings));
    check_and_merge(partial, all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    void *partial = malloc(bytes + 1);
    if (partial == NULL) {
        abort();
    }
    memcpy(partial, data, bytes);
    check_and_merge(partial, bytes);
    wrap(data, bytes);
    return 0;
}
