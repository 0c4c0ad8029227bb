// SPDX-License-Identifier: MIT
#include "build/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/tree.h"
#include "lib/message.h"

#define MAX_DEPTH 32

static const char *const taken[] = {"/passthrough", "/aliases"};

/* What libfdt's own check leaves: depth, and phandles that would hide the interrupt controller. */
static const char *check_nodes(const void *partial)
{
    int depth = 0;
    for (int node = fdt_next_node(partial, -1, &depth); node >= 0;
         node = fdt_next_node(partial, node, &depth)) {
        if (depth > MAX_DEPTH) {
            return "its nodes are nested too deep";
        }
        if (fdt_get_phandle(partial, node) == TREE_GIC_PHANDLE) {
            return "it defines phandle 65000, which is the interrupt controller's";
        }
    }
    return NULL;
}

const char *partial_check(const void *partial, size_t bytes)
{
    if (bytes < sizeof(struct fdt_header) || fdt_magic(partial) != FDT_MAGIC) {
        return "not a device tree blob";
    }
    /* In this order: libfdt believes the size that is told */
    if (fdt_totalsize(partial) > bytes || fdt_check_header(partial) != 0) {
        return "truncated or damaged: its header says more than there is";
    }
    if (fdt_check_full(partial, bytes) != 0) {
        return "damaged: its structure is not that of a device tree";
    }
    if (fdt_path_offset(partial, taken[0]) < 0) {
        return "it has no node /passthrough, and only that and /aliases are taken from it";
    }
    return check_nodes(partial);
}

static int read_whole(int fd, uint8_t *to, size_t bytes)
{
    size_t got = 0;
    while (got < bytes) {
        const ssize_t n = pread(fd, to + got, bytes - got, (off_t)got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? -errno : -EIO;
        }
        got += (size_t)n;
    }
    return 0;
}

static int open_file(void **partial, size_t *bytes, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0) {
        const int error = -errno;
        if (fd >= 0) {
            close(fd);
        }
        return error;
    }
    int error = S_ISDIR(status.st_mode) ? -EISDIR : 0;
    if (error == 0 && (uint64_t)status.st_size > TREE_MAX_BYTES) {
        error = -EFBIG;
    }
    *bytes = (size_t)status.st_size;
    void *content = error == 0 ? malloc(*bytes + 1) : NULL;
    if (error == 0) {
        error = content == NULL ? -ENOMEM : read_whole(fd, content, *bytes);
    }
    close(fd);
    if (error != 0) {
        free(content);
        return error;
    }
    *partial = content;
    return 0;
}

int partial_open(void **out, const char *path)
{
    void *partial = NULL;
    size_t bytes = 0;
    const int error = open_file(&partial, &bytes, path);
    if (error != 0) {
        message_error("%s: %s", path, strerror(-error));
        return error;
    }
    const char *problem = partial_check(partial, bytes);
    if (problem != NULL) {
        message_error("%s: %s", path, problem);
        free(partial);
        return -EINVAL;
    }
    *out = partial;
    return 0;
}

static int write_properties(const void *partial, int node, void *tree)
{
    int at = 0;
    fdt_for_each_property_offset(at, partial, node)
    {
        const char *name = NULL;
        int bytes = 0;
        const void *value = fdt_getprop_by_offset(partial, at, &name, &bytes);
        if (value == NULL) {
            return bytes;
        }
        const int error = fdt_property(tree, name, value, bytes);
        if (error != 0) {
            return error;
        }
    }
    return at == -FDT_ERR_NOTFOUND ? 0 : at;
}

/* A node and all below it: open_nodes counts the nodes that are begun and not ended. */
static int write_node(const void *partial, int node, void *tree)
{
    int depth = 0;
    int open_nodes = 0;
    int error = 0;
    for (; node >= 0 && depth >= 0 && error == 0; node = fdt_next_node(partial, node, &depth)) {
        if (depth == 0 && open_nodes > 0) {
            break; /* its neighbour */
        }
        for (; open_nodes > depth && error == 0; open_nodes--) {
            error = fdt_end_node(tree);
        }
        if (error == 0) {
            error = fdt_begin_node(tree, fdt_get_name(partial, node, NULL));
            open_nodes++;
        }
        if (error == 0) {
            error = write_properties(partial, node, tree);
        }
    }
    for (; open_nodes > 0 && error == 0; open_nodes--) {
        error = fdt_end_node(tree);
    }
    return error;
}

int partial_write(const void *partial, void *tree)
{
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        const int node = fdt_path_offset(partial, taken[i]);
        const int error = node >= 0 ? write_node(partial, node, tree) : 0;
        if (error != 0) {
            return error;
        }
    }
    return 0;
}
