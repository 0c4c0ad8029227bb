// SPDX-License-Identifier: MIT
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image/format.h"
#include "image/source.h"
#include "lib/message.h"

/* What was read to look at is kept, and is the first that image_read() gives. */
struct image_opened {
    struct source *source;
    uint64_t given, least_bytes;
    size_t head_bytes, head_given;
    uint8_t head[FORMAT_HEAD];
};

int image_open(struct image *image, const char *path)
{
    *image = (struct image){0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const int error = -errno;
        message_error("%s: %s", path, strerror(-error));
        return error;
    }
    return image_open_fd(image, fd, path);
}

static int check_file(int fd, const char *name, uint64_t *bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        const int error = -errno;
        message_error("%s: %s", name, strerror(-error));
        return error;
    }
    if (S_ISDIR(status.st_mode)) {
        message_error("%s: a directory, no kernel", name);
        return -EISDIR;
    }
    if (!S_ISREG(status.st_mode)) {
        message_error("%s: not a regular file", name);
        return -EINVAL;
    }
    if (status.st_size == 0) {
        message_error("%s: empty, no kernel", name);
        return -ENOEXEC;
    }
    *bytes = (uint64_t)status.st_size;
    return 0;
}

/* The first bytes of the file itself say how to read the rest. */
static int choose_source(struct image_opened *o, int fd, const char *name, struct image *image)
{
    uint64_t offset = 0;
    uint64_t bytes = image->file_bytes;
    ssize_t n;
    do {
        n = pread(fd, o->head, FORMAT_HEAD, 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        const int error = -errno;
        message_error("%s: %s", name, strerror(-error));
        close(fd);
        return error;
    }
    if (!format_find_payload(o->head, (size_t)n, image->file_bytes, &image->packing, &offset,
                             &bytes)) {
        image->packing = IMAGE_RAW;
        offset = 0;
        bytes = image->file_bytes;
    }
    const int error = source_create(&o->source, fd, name, image->packing, offset, bytes);
    if (error != 0) {
        message_error("%s: out of memory", name);
    }
    return error;
}

static int look(struct image_opened *o, const char *name, struct image *image)
{
    char why[128];
    const long n = source_read(o->source, o->head, FORMAT_HEAD);
    if (n < 0) {
        return (int)n;
    }
    o->head_bytes = (size_t)n;
    const uint64_t known = image->packing == IMAGE_RAW ? image->file_bytes : 0;
    const char *problem = format_decode(o->head, o->head_bytes, known, image, &o->least_bytes, why);
    if (problem != NULL) {
        message_error("%s: %s%s", name, known == 0 ? "unpacked, " : "", problem);
        return -ENOEXEC;
    }
    return 0;
}

int image_open_fd(struct image *image, int fd, const char *name)
{
    *image = (struct image){0};
    int error = check_file(fd, name, &image->file_bytes);
    struct image_opened *o = error == 0 ? calloc(1, sizeof(*o)) : NULL;
    if (o == NULL) {
        if (error == 0) {
            message_error("%s: out of memory", name);
            error = -ENOMEM;
        }
        close(fd);
        return error;
    }
    image->opened = o;
    error = choose_source(o, fd, name, image);
    if (error == 0) {
        error = look(o, name, image);
    }
    if (error != 0) {
        image_close(image);
    }
    return error;
}

long image_read(struct image *image, void *to, size_t bytes)
{
    struct image_opened *o = image->opened;
    if (image->bytes != 0 && bytes > image->bytes - o->given) {
        bytes = (size_t)(image->bytes - o->given);
    }
    size_t got = o->head_bytes - o->head_given < bytes ? o->head_bytes - o->head_given : bytes;
    memcpy(to, o->head + o->head_given, got);
    o->head_given += got;
    if (got < bytes) {
        const long n = source_read(o->source, (uint8_t *)to + got, bytes - got);
        if (n < 0) {
            return n;
        }
        got += (size_t)n;
    }
    o->given += got;
    if (got < bytes && o->given < o->least_bytes) {
        message_error("%s: truncated: unpacked it has %" PRIu64 " bytes of at least %" PRIu64,
                      source_name(o->source), o->given, o->least_bytes);
        return -EBADMSG;
    }
    return (long)got;
}

uint64_t image_progress(const struct image *image)
{
    return source_progress(image->opened->source);
}

void image_close(struct image *image)
{
    struct image_opened *o = image->opened;
    if (o != NULL) {
        source_destroy(o->source);
        free(o);
    }
    *image = (struct image){0};
}
