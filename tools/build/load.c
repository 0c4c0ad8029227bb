// SPDX-License-Identifier: MIT
/*
 * Files go into the guest as they lie in the page cache: mapped here, copied there by the
 * hypervisor, the one copy there is. What is packed is unpacked into a buffer first.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "build/state.h"
#include "lib/message.h"

static void tell_progress(struct build *build, const struct image *file)
{
    if (build->progress != NULL) {
        build->progress(build->progress_context, build->done_bytes + image_progress(file),
                        build->image.file_bytes + build->ramdisk.file_bytes);
    }
}

/* The guest starts with its caches off: what it is to see must have left ours. */
static int flush(struct build *build, uint64_t start, uint64_t bytes)
{
    const int error = hv_flush_cache(build->hv, build->domid, start / BUILD_PAGE,
                                     (bytes + BUILD_PAGE - 1) / BUILD_PAGE);
    return error == 0 ? 0 : build_fail(error, "clean the caches of the guest's memory");
}

static int copy(struct build *build, const struct hv_mapping *grants, uint64_t to, const void *from,
                size_t bytes, const char *name)
{
    const int error = hv_copy(build->hv, build->domid, grants, to / BUILD_PAGE, from, bytes);
    if (error == -EFAULT) {
        message_error("%s: it has become shorter", name);
        return error;
    }
    return error == 0 ? 0 : build_fail(error, "copy %s to the guest's memory", name);
}

/* All of a file, no more than room. */
static int load_file(struct build *build, const struct hv_mapping *grants, struct image *file,
                     const char *name, uint64_t start, uint64_t room)
{
    uint64_t loaded = 0;
    const void *from = NULL;
    long n;
    while ((n = image_next(file, &from, HV_COPY_BYTES)) > 0) {
        if ((uint64_t)n > room - loaded) {
            message_error("%s: unpacked it is larger than the %" PRIu64 " KiB there are for it",
                          name, room / 1024);
            return -EFBIG;
        }
        const int error = copy(build, grants, start + loaded, from, (size_t)n, name);
        if (error != 0) {
            return error;
        }
        loaded += (uint64_t)n;
        tell_progress(build, file);
    }
    build->done_bytes += file->file_bytes;
    return n < 0 ? (int)n : flush(build, start, loaded);
}

int build_load(struct build *build, const struct hv_mapping *grants)
{
    const struct layout *layout = &build->layout;
    const struct image *kernel = &build->image;
    int error = load_file(build, grants, &build->image, build->config->kernel, layout->kernel.start,
                          kernel->memory_bytes != 0 ? kernel->memory_bytes : layout->kernel.bytes);
    if (error == 0 && build->ramdisk.bytes > 0) {
        error = load_file(build, grants, &build->ramdisk, build->config->ramdisk,
                          layout->ramdisk.start, layout->ramdisk.bytes);
    }
    if (error == 0) {
        error = copy(build, grants, layout->tree.start, build->tree, build->tree_bytes,
                     "the device tree");
    }
    return error == 0 ? flush(build, layout->tree.start, build->tree_bytes) : error;
}
