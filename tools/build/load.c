// SPDX-License-Identifier: MIT
/*
 * Files go into the guest through a window of its frames mapped here: read() straight into it is
 * the one copy there is, an unpacker writes there too. One map call a window.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "build/state.h"
#include "lib/message.h"

#define WINDOW_BYTES (4ULL * 1024 * 1024)

/* The next bytes of a file, fewer only at its end; a negative errno that has had its sentence. */
typedef long read_fn(struct build *build, uint64_t done, void *to, size_t bytes);

static void tell_progress(struct build *build, uint64_t file_bytes)
{
    if (build->progress != NULL) {
        build->progress(build->progress_context, build->done_bytes + file_bytes,
                        build->image.file_bytes + build->ramdisk_bytes);
    }
}

/* Reads until the end of the file, but no more than room; *loaded is how much it was. */
static int load_file(struct build *build, read_fn *read, uint64_t start, uint64_t room,
                     uint64_t *loaded)
{
    *loaded = 0;
    while (*loaded < room) {
        const uint64_t bytes = room - *loaded < WINDOW_BYTES ? room - *loaded : WINDOW_BYTES;
        const size_t nr = (size_t)((bytes + BUILD_PAGE - 1) / BUILD_PAGE);
        struct hv_mapping window;
        const int error = hv_map_range(build->hv, build->domid, (start + *loaded) / BUILD_PAGE, nr,
                                       true, &window);
        if (error != 0) {
            return build_fail(error, "map the guest's memory at 0x%" PRIx64, start + *loaded);
        }
        const long n = read(build, *loaded, window.at, bytes);
        hv_unmap(build->hv, &window);
        if (n < 0) {
            return (int)n;
        }
        *loaded += (uint64_t)n;
        if ((uint64_t)n < bytes) {
            break;
        }
    }
    return 0;
}

/* The guest starts with its caches off: what it is to see must have left ours. */
static int flush(struct build *build, uint64_t start, uint64_t bytes)
{
    const int error = hv_flush_cache(build->hv, build->domid, start / BUILD_PAGE,
                                     (bytes + BUILD_PAGE - 1) / BUILD_PAGE);
    return error == 0 ? 0 : build_fail(error, "clean the caches of the guest's memory");
}

static long read_kernel(struct build *build, uint64_t done, void *to, size_t bytes)
{
    const long n = image_read(&build->image, to, bytes);
    tell_progress(build, image_progress(&build->image));
    return n;
}

static int load_kernel(struct build *build)
{
    const struct image *image = &build->image;
    const struct range *place = &build->layout.kernel;
    /* Packed, it may be shorter than what it takes with its bss: no need to map further */
    const uint64_t room = image->bytes != 0          ? image->bytes
                          : image->memory_bytes != 0 ? image->memory_bytes
                                                     : place->bytes;
    uint64_t loaded = 0;
    int error = load_file(build, read_kernel, place->start, room, &loaded);
    if (error != 0) {
        return error;
    }
    uint8_t more;
    const long n = loaded == room && image->bytes == 0 ? image_read(&build->image, &more, 1) : 0;
    if (n != 0) {
        if (n > 0) {
            message_error("%s: unpacked it is larger than the %" PRIu64 " KiB there are for it",
                          build->config->kernel, room / 1024);
        }
        return n > 0 ? -EFBIG : (int)n;
    }
    build->done_bytes += image->file_bytes;
    return flush(build, place->start, loaded);
}

static long read_ramdisk(struct build *build, uint64_t done, void *to, size_t bytes)
{
    size_t got = 0;
    while (got < bytes) {
        const ssize_t n =
            pread(build->ramdisk, (uint8_t *)to + got, bytes - got, (off_t)(done + got));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            const int error = n < 0 ? -errno : -EIO;
            message_error("%s: %s", build->config->ramdisk,
                          n < 0 ? strerror(-error) : "it has become shorter");
            return error;
        }
        got += (size_t)n;
    }
    tell_progress(build, done + got);
    return (long)got;
}

static int load_ramdisk(struct build *build)
{
    const struct range *place = &build->layout.ramdisk;
    uint64_t loaded = 0;
    const int error = load_file(build, read_ramdisk, place->start, place->bytes, &loaded);
    return error == 0 ? flush(build, place->start, loaded) : error;
}

static long read_tree(struct build *build, uint64_t done, void *to, size_t bytes)
{
    memcpy(to, (uint8_t *)build->tree + done, bytes);
    return (long)bytes;
}

int build_load(struct build *build)
{
    int error = load_kernel(build);
    if (error == 0 && build->ramdisk_bytes > 0) {
        error = load_ramdisk(build);
    }
    uint64_t loaded = 0;
    if (error == 0) {
        error = load_file(build, read_tree, build->layout.tree.start, build->tree_bytes, &loaded);
    }
    return error == 0 ? flush(build, build->layout.tree.start, loaded) : error;
}
