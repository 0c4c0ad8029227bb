// SPDX-License-Identifier: MIT
#include "image/image.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
    void *window; /* of image_next(); NULL: none */
    size_t window_bytes;
    uint8_t head[FORMAT_HEAD];
};

static int open_path(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        const int error = -errno;
        message_error("%s: %s", path, strerror(-error));
        return error;
    }
    return fd;
}

int image_open(struct image *image, const char *path)
{
    *image = (struct image){0};
    const int fd = open_path(path);
    return fd < 0 ? fd : image_open_fd(image, fd, path);
}

static int check_file(int fd, const char *name, const char *what, uint64_t *bytes)
{
    struct stat status;
    if (fstat(fd, &status) != 0) {
        const int error = -errno;
        message_error("%s: %s", name, strerror(-error));
        return error;
    }
    if (S_ISDIR(status.st_mode)) {
        message_error("%s: a directory, no %s", name, what);
        return -EISDIR;
    }
    if (!S_ISREG(status.st_mode)) {
        message_error("%s: not a regular file", name);
        return -EINVAL;
    }
    if (status.st_size == 0) {
        message_error("%s: empty, no %s", name, what);
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

/* Checks the file and makes what belongs to an open image; on failure fd is closed. */
static int begin(struct image *image, int fd, const char *name, const char *what)
{
    *image = (struct image){0};
    int error = check_file(fd, name, what, &image->file_bytes);
    if (error == 0) {
        image->opened = calloc(1, sizeof(*image->opened));
        if (image->opened == NULL) {
            message_error("%s: out of memory", name);
            error = -ENOMEM;
        }
    }
    if (error != 0) {
        close(fd);
    }
    return error;
}

int image_open_fd(struct image *image, int fd, const char *name)
{
    int error = begin(image, fd, name, "kernel");
    if (error != 0) {
        return error;
    }
    error = choose_source(image->opened, fd, name, image);
    if (error == 0) {
        error = look(image->opened, name, image);
    }
    if (error != 0) {
        image_close(image);
    }
    return error;
}

int image_open_data(struct image *image, const char *path, const char *what)
{
    *image = (struct image){0};
    const int fd = open_path(path);
    if (fd < 0) {
        return fd;
    }
    int error = begin(image, fd, path, what);
    if (error != 0) {
        return error;
    }
    image->kind = IMAGE_DATA;
    image->bytes = image->file_bytes;
    error = source_create(&image->opened->source, fd, path, IMAGE_RAW, 0, image->bytes);
    if (error != 0) {
        message_error("%s: out of memory", path);
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

/* Every page at once, so that the kernel does not fault them in one by one. */
static long map_next(struct image *image, size_t bytes)
{
    struct image_opened *o = image->opened;
    if (o->window != NULL) {
        munmap(o->window, o->window_bytes);
        o->window = NULL;
    }
    const uint64_t left = image->bytes - o->given;
    o->window_bytes = left < bytes ? (size_t)left : bytes;
    if (left == 0) {
        return 0;
    }
    void *window = source_map(o->source, o->given, o->window_bytes);
    if (window == NULL) {
        return -errno;
    }
    o->window = window;
    o->given += o->window_bytes;
    return (long)o->window_bytes;
}

long image_next(struct image *image, const void **at, size_t bytes)
{
    struct image_opened *o = image->opened;
    long n;
    if (image->packing == IMAGE_RAW) {
        n = map_next(image, bytes);
        if (n < 0) {
            message_error("%s: %s", source_name(o->source), strerror((int)-n));
        }
    } else {
        if (o->window == NULL) {
            void *buffer = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
            if (buffer == MAP_FAILED) {
                message_error("%s: out of memory", source_name(o->source));
                return -ENOMEM;
            }
            o->window = buffer;
            o->window_bytes = bytes;
        }
        n = image_read(image, o->window, bytes);
    }
    *at = o->window;
    return n;
}

uint64_t image_progress(const struct image *image)
{
    const struct image_opened *o = image->opened;
    return image->packing == IMAGE_RAW ? o->given : source_progress(o->source);
}

void image_close(struct image *image)
{
    struct image_opened *o = image->opened;
    if (o != NULL) {
        if (o->window != NULL) {
            munmap(o->window, o->window_bytes);
        }
        source_destroy(o->source);
        free(o);
    }
    *image = (struct image){0};
}
