// SPDX-License-Identifier: MIT
#include "build/partial.h"

#include <errno.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/failing.h"
#include "lib/message.h"

static char said[256];
static uint64_t blob[512];
static const char path[] = "/tmp/kanso-partial.dtb";

void message_error(const char *format, ...)
{
    va_list words;
    va_start(words, format);
    vsnprintf(said, sizeof(said), format, words);
    va_end(words);
}

static int setup(void **state)
{
    said[0] = '\0';
    return 0;
}

/* A tree with one node of depth nested nodes below it, the innermost with a phandle. */
static size_t make(const char *name, unsigned depth, uint32_t phandle)
{
    memset(blob, 0, sizeof(blob));
    fdt_create(blob, sizeof(blob));
    fdt_finish_reservemap(blob);
    fdt_begin_node(blob, "");
    fdt_begin_node(blob, name);
    for (unsigned i = 0; i < depth; i++) {
        fdt_begin_node(blob, "n");
    }
    if (phandle != 0) {
        fdt_property_u32(blob, "phandle", phandle);
    }
    for (unsigned i = 0; i < depth + 2; i++) {
        fdt_end_node(blob);
    }
    assert_int_equal(fdt_finish(blob), 0);
    return fdt_totalsize(blob);
}

static int open_bytes(const void *content, size_t bytes)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(content, 1, bytes, f), bytes);
    fclose(f);
    void *partial = NULL;
    const int error = partial_open(&partial, path);
    assert_true((error == 0) == (partial != NULL));
    free(partial);
    unlink(path);
    return error;
}

static void refused(const void *content, size_t bytes, const char *why)
{
    char sentence[256];
    snprintf(sentence, sizeof(sentence), "%s: %s", path, why);
    assert_int_equal(open_bytes(content, bytes), -EINVAL);
    assert_string_equal(said, sentence);
}

static void right_and_wrong(void **state)
{
    size_t bytes = make("passthrough", 3, 7);
    assert_int_equal(open_bytes(blob, bytes), 0);
    assert_string_equal(said, "");
    refused(blob, bytes - 1, "truncated or damaged: its header says more than there is");
    refused(blob, 39, "not a device tree blob");
    static const uint8_t boasting[40] = {0xd0, 0x0d, 0xfe, 0xed, 0x00, 0xc0, 0, 0, 0,
                                         0,    0,    0x88, 0,    0,    0,    0, 0, 0x59};
    uint8_t *alone = malloc(sizeof(boasting)); /* a fuzzer's find: libfdt read behind it */
    assert_non_null(alone);
    memcpy(alone, boasting, sizeof(boasting));
    assert_non_null(partial_check(alone, sizeof(boasting)));
    free(alone);
    refused("", 0, "not a device tree blob");
    refused("/dts-v1/; / { passthrough {}; };        ", 40, "not a device tree blob");
    bytes = make("devices", 1, 0);
    refused(blob, bytes,
            "it has no node /passthrough, and only that and /aliases are taken from it");
    bytes = make("passthrough", 1, 65000);
    refused(blob, bytes, "it defines phandle 65000, which is the interrupt controller's");
    bytes = make("passthrough", 40, 0);
    refused(blob, bytes, "its nodes are nested too deep");
}

static void any_byte_may_be_wrong(void **state)
{
    const size_t bytes = make("passthrough", 3, 7);
    uint8_t *content = malloc(bytes); /* so that a read behind it is found */
    assert_non_null(content);
    unsigned nr_refused = 0;
    for (size_t i = 0; i < bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(content, blob, bytes);
            content[i] ^= (uint8_t)(1U << bit);
            nr_refused += partial_check(content, bytes) != NULL;
            if (partial_check(content, bytes) == NULL) {
                static uint64_t tree[1024];
                fdt_create(tree, sizeof(tree));
                fdt_finish_reservemap(tree);
                fdt_begin_node(tree, "");
                partial_write(content, tree);
            }
        }
    }
    free(content);
    assert_true(nr_refused > 8 * 20);
}

static void files(void **state)
{
    void *partial = NULL;
    assert_int_equal(partial_open(&partial, "/nonexistent"), -ENOENT);
    assert_string_equal(said, "/nonexistent: No such file or directory");
    assert_int_equal(partial_open(&partial, "/tmp"), -EISDIR);
    FILE *f = fopen(path, "w");
    assert_int_equal(ftruncate(fileno(f), 3 << 20), 0);
    fclose(f);
    assert_int_equal(partial_open(&partial, path), -EFBIG);
    unlink(path);
    const size_t bytes = make("passthrough", 1, 0);
    f = fopen(path, "w");
    assert_int_equal(fwrite(blob, 1, bytes, f), bytes);
    fclose(f);
    failing_arm(1);
    assert_int_equal(partial_open(&partial, path), -ENOMEM);
    assert_true(failing_disarm());
    unlink(path);
    assert_null(partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(right_and_wrong, setup),
        cmocka_unit_test_setup(any_byte_may_be_wrong, setup),
        cmocka_unit_test_setup(files, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
